"""The glossary: terms in order, defined, and used where they are said to be explained; each chapter leads to it.

Each check returns a list of problems; each is shown to find what it is there to find.
"""

import re

import pytest
from markdown_it.token import Token
from mdit_py_plugins.anchors.index import slugify

from book import Chapter, Section, chapters, inlines, inside, links, pages, parse, plain, report, under, words
from sample import sample
from test_links import link_target

GLOSSARY = "glossary.md"
SHORTEST_DEFINITION = 5
LONGEST_DEFINITION = 75
FEWEST_LINKS, MOST_LINKS = 2, 6


def bold(tokens: list[Token]) -> list[str]:
    """Return what is set in bold."""
    found = []
    for inline in inlines(tokens):
        kinds = [child.type for child in inline.children]
        starts = [i for i, kind in enumerate(kinds) if kind == "strong_open"]
        ends = [i for i, kind in enumerate(kinds) if kind == "strong_close"]
        spans = [inline.children[a:b] for a, b in zip(starts, ends, strict=True)]
        found += ["".join(" " if c.type == "softbreak" else c.content for c in span) for span in spans]
    return found


def text(tokens: list) -> str:
    """Return the words of a page or of a part of it, without capitals and hyphens."""
    return " ".join(plain(inline) for inline in inlines(tokens)).casefold().replace("-", " ")


def stem(name: str) -> str:
    """Return a name as `text` has it, a long one without its end, which grammar changes."""
    name = name.casefold().replace("-", " ")
    return name[:-3] if len(name) > 7 else name


def order_problems(glossary: list[Token]) -> list[str]:
    """The terms of a letter begin with it, in alphabetical order; its other names lead to the terms that have them."""
    problems, expected, listed = [], set(), set()
    for letter in Section("", glossary).split(2)[1:]:
        other_names, *terms = letter.split(3)
        headings = [term.heading.casefold() for term in terms]
        if headings != sorted(headings) or any(not h.startswith(letter.heading.casefold()) for h in headings):
            problems.append(f"under {letter.heading}, and in alphabetical order? {headings}")
        for inline in inlines(other_names.items):
            shown = [c.content.casefold() for c in inline.children if c.type == "text"]
            names = shown[1::2]  # "Other names: ", a name, ", ", a name, ...
            listed |= {(letter.heading, name, link) for name, link in zip(names, links([inline]), strict=True)}
        for term in terms:
            for name in map(str.casefold, bold(term.items)):
                place = name[0].upper() if name[0].isalpha() else "Digits"
                expected.add((place, name, f"#{slugify(term.heading)}"))
    return problems + [f"other names, listed or in bold but not both: {entry}" for entry in sorted(expected ^ listed)]


def term_problems(term: Section, pages: dict[str, list]) -> list[str]:
    """A term is defined in a few words, and leads to parts of chapters of which one uses it."""
    definition = " ".join(plain(inline) for inline in inlines(term.items)).partition(" See ")[0]
    if not SHORTEST_DEFINITION <= words(definition) <= LONGEST_DEFINITION:
        return [f"{term.heading}: a definition of {words(definition)} words"]
    targets = [link_target(GLOSSARY, link) for link in links(term.items) if link.startswith("chapters/")]
    if not targets:
        return [f"{term.heading}: no link to a chapter that explains it"]
    found = [(pages.get(file, []), anchor) for file, anchor in targets]
    read = " ".join(text(under(page, anchor).items if anchor else page) for page, anchor in found)
    used = any(stem(name) in read for name in (term.heading, *bold(term.items)))
    return [] if used else [f"{term.heading}: not used where the links lead"]


def use_problems(page: str, tokens: list) -> list[str]:
    """A chapter leads to the glossary's terms, not too often and to each once, and not from a heading."""
    targets = filter(None, (link_target(page, link) for link in links(tokens)))
    terms = [anchor for file, anchor in targets if file == GLOSSARY and anchor]
    problems = [f"{page}: {len(terms)} links to the glossary"] * (not FEWEST_LINKS <= len(terms) <= MOST_LINKS)
    problems += [f"{page}: leads to {term} more than once" for term in set(terms) if terms.count(term) > 1]
    titles = [token for before, token in zip(tokens, tokens[1:], strict=False) if before.type == "heading_open"]
    return problems + [f"{page}: a link to the glossary in a heading"] * any(GLOSSARY in link for link in links(titles))


def name_problems(chapter: Chapter, known: set[str]) -> list[str]:
    """The names in bold above the card of a chapter stand in the glossary."""
    paragraphs = [token for part in inside(parse(chapter.notebook.cells[0].source), "paragraph") for token in part]
    names = [name for name in bold(paragraphs) if not re.match("use|avoid|read first", name, re.IGNORECASE)]
    return [f"{chapter.page}: {name!r} is not in the glossary" for name in names if name.casefold() not in known]


def all_terms() -> list[Section]:
    """Return the glossary's terms."""
    return [term for letter in Section("", pages()[GLOSSARY]).split(2)[1:] for term in letter.split(3)[1:]]


def test_glossary_is_in_order():
    report(order_problems(pages()[GLOSSARY]))


def test_terms_are_defined_and_used():
    report([problem for term in all_terms() for problem in term_problems(term, pages())])


@pytest.mark.parametrize("name", chapters())
def test_chapter_leads_to_the_glossary(name):
    chapter = chapters()[name]
    report(use_problems(chapter.page, chapter.tokens))


@pytest.mark.parametrize("name", chapters())
def test_names_of_a_chapter_are_in_the_glossary(name):
    known = {name.casefold() for term in all_terms() for name in (term.heading, *bold(term.items))}
    report(name_problems(chapters()[name], known))


# --- The checks themselves --------------------------------------------------------------------------------------------

CHAPTER = "chapters/regression/sample.ipynb"
PAGES = {CHAPTER: parse("# Sample\n\n## Margin\n\nA margin.\n\n## Other\n\nNothing.")}
GOOD = f"""\
## L

Other names: [lead](#margin).

## M

### Margin

By how much a decision is right, its **lead**. See [Sample]({CHAPTER}#margin).

### Mean

### Median
"""


def planted(old: str, new: str) -> list[Token]:
    """Return the good glossary with other words in it."""
    assert old in GOOD
    return parse(GOOD.replace(old, new))


def margin(glossary: list[Token]) -> Section:
    """Return the first term."""
    return Section("", glossary).split(3)[1]


def test_good_glossary_passes():
    report(order_problems(parse(GOOD)) + term_problems(margin(parse(GOOD)), PAGES))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("### Mean\n\n### Median", "### Median\n\n### Mean", "alphabetical"),
        ("### Mean", "### Leverage", "alphabetical"),
        ("[lead](#margin)", "[lead](#mean)", "not both"),
        ("**lead**", "lead", "not both"),
        ("**lead**", "**lead** or **distance**", "not both"),
    ],
)
def test_disorder_is_found(old, new, message):
    assert message in order_problems(planted(old, new))[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("By how much a decision is right, its", "The", "of 2 words"),
        ("right,", f"right,{' more' * LONGEST_DEFINITION}", "words"),
        (f"({CHAPTER}#margin)", "(#mean)", "no link"),
        (f"{CHAPTER}#margin", f"{CHAPTER}#other", "not used"),
        ("sample.ipynb", "none.ipynb", "not used"),
    ],
)
def test_term_without_definition_or_use_is_found(old, new, message):
    (problem,) = term_problems(margin(planted(old, new)), PAGES)
    assert message in problem


@pytest.mark.parametrize(
    ("linked", "message"),
    [
        ("[a](../../glossary.md#a)", "1 links"),
        ("[a](../../glossary.md) [b](glossary.md#b)", "0 links"),
        (" ".join(f"[a](../../glossary.md#a{n})" for n in range(7)), "7 links"),
        ("[a](../../glossary.md#a) [a](../../glossary.md#a)", "more than once"),
        ("[a](../../glossary.md#a)\n\n## [b](../../glossary.md#b)", "in a heading"),
    ],
)
def test_bad_use_is_found(linked, message):
    (problem,) = use_problems(CHAPTER, parse(linked))
    assert message in problem


def test_good_use_passes():
    report(use_problems(CHAPTER, parse("[a](../../glossary.md#a) [b](../../glossary.md#b)")))


def test_name_that_is_not_in_the_glossary_is_found():
    chapter = sample(setup="")
    card = chapter.notebook.cells[0]
    card.source = card.source.replace("Use it when", "**Use it when**").replace("Avoid it", "Also **lead**. Avoid it")
    report(name_problems(chapter, {"lead"}))
    (problem,) = name_problems(chapter, {"margin"})
    assert "'lead'" in problem
