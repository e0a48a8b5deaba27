r"""The index of symbols, notation.md, has every symbol of the chapters' formulas, and none that is not used.

A symbol is a letter, a sign or an upright name, with its accent, style and primes: `x`, `\hat y`, `\mathcal L`, `x'`,
`\mathrm{KL}`. An index that counts is no part of it, so `p_{nm}` is `p`; any other index is, so `p_t` and `\ell_G` are
symbols of their own. What everybody has met at school, such as `\sum`, needs no entry.
"""

import re
from collections import defaultdict

import pytest
from markdown_it.token import Token

from book import chapters, inlines, links, pages, parse, report
from test_links import link_target

NOTATION = "notation.md"

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S")
STYLES = {rf"\{word}" for word in "hat bar mathcal mathbb mathbf".split()}
NAMES = {rf"\{word}" for word in "mathrm operatorname text".split()}
LAYOUT = {rf"\{word}" for word in "begin end tag text".split()}  # what stands in their braces is no formula
FAMILIAR = {
    rf"\{word}"
    for word in (
        "left right big bigl bigr Big Bigl Bigr quad qquad underbrace rvert rVert rceil frac tfrac dfrac sqrt cdot "
        "times dots le ge ne approx to infty pm sum prod int max min arg exp cos sin cosh tanh arctan Longrightarrow"
    ).split()
}
COUNTERS = set("cijkmnyKN0123456789,=+-'_{}^*")
UNINDEXED = {r"\mathbb E", r"\nabla"}  # their index says over what, or by what


def group(tokens: list[str], start: int) -> tuple[list[str], int]:
    """Return what a command or an index takes, without its braces, and where it ends."""
    if start == len(tokens):
        return [], start
    if tokens[start] in STYLES | NAMES:
        inner, end = group(tokens, start + 1)
        return [tokens[start], "{", *inner, "}"], end
    if tokens[start] != "{":
        return [tokens[start]], start + 1
    depth, end = 1, start + 1
    while depth:
        depth += (tokens[end] == "{") - (tokens[end] == "}")
        end += 1
    return tokens[start + 1 : end - 1], end


def label(tokens: list[str]) -> str:
    """Return what an index has besides counters."""
    found, position = "", 0
    while position < len(tokens):
        if tokens[position] in NAMES:
            name, position = group(tokens, position + 1)
            found += "".join(name)
        else:
            found += tokens[position] if tokens[position] not in COUNTERS else ""
            position += 1
    return found


def symbols(formula: str | list[str]) -> set[str]:
    """Return the symbols of a formula."""
    tokens = TOKEN.findall(formula) if isinstance(formula, str) else formula
    found, position = set(), 0
    while position < len(tokens):
        token, position = tokens[position], position + 1
        if token in FAMILIAR or not re.fullmatch(r"\\?[A-Za-z]+", token):
            continue
        if token in LAYOUT | NAMES | STYLES:
            taken, position = group(tokens, position)
            if token in LAYOUT:
                continue
            token = "".join(taken) if token in NAMES else f"{token} {''.join(taken)}"
        while tokens[position : position + 1] == ["'"]:
            token, position = token + "'", position + 1
        if tokens[position : position + 1] == ["_"]:
            index, position = group(tokens, position + 1)
            named = "" if token in UNINDEXED else label(index)
            token += f"_{named}" if named else ""
            found |= set() if named else symbols(index)
        found.add(token)
    return found


def used(tokens: list[Token]) -> set[str]:
    """Return the symbols of all formulas."""
    parts = [*tokens, *(child for inline in inlines(tokens) for child in inline.children)]
    return set().union(*(symbols(part.content) for part in parts if part.type.startswith("math_")))


def index(notation: list[Token]) -> tuple[list[tuple[set, list]], dict[str, set]]:
    """Return the shared symbols, row by row with the chapters that the row names, and each chapter's own symbols."""
    shared, own, chapter = [], defaultdict(set), None
    for position, token in enumerate(notation):
        if token.type == "heading_open":
            linked = links([notation[position + 1]])
            chapter = link_target(NOTATION, linked[0])[0] if linked else None
        if token.type == "tr_open":
            kinds = [later.type for later in notation[position:]]
            cells = inlines(notation[position : position + kinds.index("tr_close")])
            if chapter:
                own[chapter] |= used(cells[:1])
            elif symbols_of_row := used(cells[:1]):
                shared.append((symbols_of_row, [link_target(NOTATION, link)[0] for link in links(cells)]))
    return shared, own


def shared_problems(shared: list[tuple[set, list]], chapters: dict[str, set]) -> list[str]:
    """Each symbol of a row of the shared ones is used in a chapter that the row names."""
    problems = []
    for row, named in shared:
        missing = row - set().union(*(chapters.get(chapter, set()) for chapter in named))
        problems += [f"{symbol} is not used in {named}" for symbol in sorted(missing)]
    return problems


def chapter_problems(chapter: str, used: set[str], shared: set[str], own: set[str]) -> list[str]:
    """Each symbol of a chapter is in the index, and each that the index gives the chapter is used in it."""
    problems = [f"{chapter}: {symbol} is not in {NOTATION}" for symbol in sorted(used - shared - own)]
    return problems + [f"{NOTATION}: {chapter} does not use {symbol}" for symbol in sorted(own - used)]


def test_shared_symbols_are_used_where_the_index_says():
    shared, _ = index(pages()[NOTATION])
    report(shared_problems(shared, {chapter.page: used(chapter.tokens) for chapter in chapters().values()}))


@pytest.mark.parametrize("name", chapters())
def test_symbols_of_a_chapter_are_in_the_index(name):
    shared, own = index(pages()[NOTATION])
    chapter = chapters()[name]
    everywhere = set().union(*(row for row, _ in shared))
    report(chapter_problems(chapter.page, used(chapter.tokens), everywhere, own[chapter.page]))


def test_index_names_only_chapters():
    _, own = index(pages()[NOTATION])
    report(sorted(set(own) - {chapter.page for chapter in chapters().values()}))


# --- The checks themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\hat y_n - y_{n} \tag{1}", [r"\hat y", "n", "y"]),
        (r"\frac12 \sum_{k \ne o} p_k", ["k", "o", "p"]),
        (r"p_t + p_\text{data} + v_{p,i} + \ell_{\mathrm{WW}}", ["p_t", "p_data", "v_p", r"\ell_WW"]),
        (r"\mathrm{KL}(q' \,\Vert\, p^T)", ["KL", r"\Vert", "T", "p", "q'"]),
        (r"\mathbb E_{x \sim p} \log \hat\theta", [r"\mathbb E", "x", r"\sim", "p", r"\log", r"\hat \theta"]),
        (r"\begin{cases} \text{loss before} \\ \operatorname{clip}(e) \end{cases}", ["clip", "e"]),
    ],
)
def test_symbols_are_read(formula, expected):
    assert symbols(formula) == set(expected)


SAMPLE = """\
## Letters

| Symbol | Meaning | Chapter |
|---|---|---|
| $x$, `x`; $y_n$ | input, unlike $q$; target | [A](chapters/a.ipynb) |

### [B](chapters/b.ipynb)

| Symbol | Meaning |
|---|---|
| $z$ | score |
"""


def test_index_is_taken_apart():
    shared, own = index(parse(SAMPLE))
    assert shared == [({"x", "y", "n"}, ["chapters/a.ipynb"])]
    assert own == {"chapters/b.ipynb": {"z"}}


def test_symbol_used_elsewhere_only_is_found():
    shared, _ = index(parse(SAMPLE))
    report(shared_problems(shared, {"chapters/a.ipynb": {"x", "y", "n", "z"}}))
    (problem,) = shared_problems(shared, {"chapters/a.ipynb": {"x", "n"}, "chapters/b.ipynb": {"y"}})
    assert problem.startswith("y is not used")


def test_symbol_without_entry_and_entry_without_symbol_are_found():
    report(chapter_problems("b", {"x", "z"}, {"x", "y"}, {"z"}))
    missing, unused = chapter_problems("b", {"x", "w"}, {"x", "y"}, {"z"})
    assert "w is not in" in missing and "does not use z" in unused
