"""The ledger of what the two articles say: in order, examined throughout, and at one with the chapters.

Each check returns a list of problems; each is shown to find what it is there to find.
"""

import ast
import re
from collections import Counter

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from book import (
    TOPICS,
    Chapter,
    chapters,
    headings,
    inlines,
    inside,
    is_assertion,
    markdown_outputs,
    plain,
    report,
    slugify,
    tree,
    under,
    words,
)
from lossbook.teaching import ledger
from sample import sample

KINDS = {"sentence", "heading", "code"}
FAULTS = set(ledger.FAULTS)
VERDICTS = {"unexamined", "right", "no claim"} | FAULTS
ID = re.compile(r"\bA\d+-S\d+\b")
LONGEST_BEGINNING = 6
LONGEST_QUOTE = 40
SHORTEST_QUOTE = 6  # letters and digits, below which two quotations may agree by chance

# The keys that every entry needs, then those that a verdict adds; a note is always welcome.
KEYS = {"id", "kind", "begins", "says", "topic", "verdict"}
NEEDED = {"right": {"chapter"}} | dict.fromkeys(FAULTS, {"chapter", "demonstration", "correction", "quote"})
ALLOWED = {verdict: needed | {"demonstration", "open"} for verdict, needed in NEEDED.items()}


def ledger_problems(entries: list[dict]) -> list[str]:
    """Ids run without gaps, and each verdict comes with what it needs and nothing else."""
    ids = [entry["id"] for entry in entries]
    counts = Counter()
    problems = []
    for name in ids:
        article = name.partition("-")[0]
        counts[article] += 1
        if name != f"{article}-S{counts[article]:02d}":
            problems.append(f"{name} stands where {article}-S{counts[article]:02d} should")
    for entry in entries:
        problems += [f"{entry['id']}: {problem}" for problem in entry_problems(entry)]
    return problems


def entry_problems(entry: dict) -> list[str]:
    """Return what is wrong with one entry of the ledger, looked at by itself."""
    verdict, problems = entry.get("verdict"), []
    if missing := (KEYS | NEEDED.get(verdict, set())) - {key for key, value in entry.items() if value}:
        problems.append(f"{verdict}, but without {sorted(missing)}")
    if extra := entry.keys() - KEYS - {"note"} - ALLOWED.get(verdict, set()):
        problems.append(f"{verdict}, so there should be no {sorted(extra)}")
    if entry.get("kind") not in KINDS or verdict not in VERDICTS:
        problems.append(f"unknown kind or verdict: {entry.get('kind')}, {verdict}")
    if entry.get("topic") not in TOPICS:
        problems.append(f"no chapter of the book's plan: {entry.get('topic')}")
    if words(str(entry.get("begins", ""))) > LONGEST_BEGINNING:
        problems.append(f"`begins` is longer than {LONGEST_BEGINNING} words")
    if words(str(entry.get("quote", ""))) > LONGEST_QUOTE:
        problems.append(f"the quote is longer than {LONGEST_QUOTE} words")
    return problems


def unexamined_problems(entries: list[dict]) -> list[str]:
    """Every statement has its verdict."""
    return [f"{entry['id']}: nobody has examined it yet" for entry in entries if entry["verdict"] == "unexamined"]


def blockquotes(chapter: Chapter) -> list[str]:
    """Return the words of each blockquote of a chapter."""
    return [" ".join(plain(inline) for inline in inlines(quote)) for quote in inside(chapter.tokens, "blockquote")]


def corrected_ids(chapter: Chapter) -> list[str]:
    """Return the ledger's ids that a chapter corrects: those after `> **Correction`, up to the full stop."""
    heads = [re.match(r"Correction [^.]*\.", box) for box in blockquotes(chapter)]
    return [name for head in heads if head for name in ID.findall(head[0])]


def quotations(words: str) -> list[str]:
    """Return what stands between double quotation marks."""
    return [a or b for a, b in re.findall(r'"([^"]*)"|“([^”]*)”', words)]


def letters(words: str) -> str:
    """Return letters and digits only, in lower case, to compare quotations by."""
    return re.sub(r"[\W_]+", "", words.lower())


def same_words(quotation: str, quote: str) -> bool:
    """Tell whether one of two quotations is a part of the other."""
    a, b = letters(quotation), letters(quote)
    return min(len(a), len(b)) >= SHORTEST_QUOTE and (a in b or b in a)


def citation_problems(entries: list[dict], chapters: dict[str, Chapter]) -> list[str]:
    """Ledger and chapters tell the same story: what is corrected where, in which words, and where it is shown."""
    problems = []
    known = {entry["id"]: entry for entry in entries}
    for name, chapter in chapters.items():
        mentioned = {cited for inline in inlines(chapter.tokens) for cited in ID.findall(inline.content)}
        problems += [f"{name} mentions {cited}, which is not in the ledger" for cited in sorted(mentioned - set(known))]
        corrected = corrected_ids(chapter)
        for cited in corrected:
            home, verdict = (known.get(cited, {}).get(key, "missing") for key in ("chapter", "verdict"))
            if home != name:
                problems.append(f"{name} corrects {cited}, whose chapter in the ledger is {home}")
            if verdict not in FAULTS:
                problems.append(f"{name} corrects {cited}, whose verdict in the ledger is {verdict}")
        problems += [f"{name} corrects {cited} {n} times" for cited, n in Counter(corrected).items() if n > 1]
        begun = [inline for inline in inlines(chapter.tokens) if plain(inline).startswith("Correction A")]
        if len(begun) > sum(box.startswith("Correction A") for box in blockquotes(chapter)):
            problems.append(f"{name} has a correction that does not begin a blockquote of its own")
        long = [q for box in blockquotes(chapter) for q in quotations(box) if words(q) > LONGEST_QUOTE]
        problems += [f"{name} quotes more than {LONGEST_QUOTE} words: {q[:60]}" for q in long]
    for entry in entries:
        if "chapter" in entry:
            problems += demonstration_problems(entry, chapters.get(entry["chapter"]))
    return problems


def demonstrates(cell: NotebookNode) -> bool:
    """Tell whether a code cell shows or asserts something."""
    return bool(cell.outputs) or any(is_assertion(node) for node in ast.walk(tree(cell)))


def demonstration_problems(entry: dict, chapter: Chapter | None) -> list[str]:
    """Return what is wrong with the place where an entry's demonstration should stand."""
    name, heading = entry["id"], entry.get("demonstration")
    if chapter is None:
        return [f"{name}: there is no chapter {entry['chapter']}"]
    problems = []
    if heading and heading not in [words for _, words in headings(chapter.tokens)]:
        problems.append(f"{name}: {chapter.name} has no heading {heading!r}")
    elif heading and not any(map(demonstrates, under(chapter.items, slugify(heading)).cells)):
        problems.append(f"{name}: under {heading!r}, {chapter.name} demonstrates nothing")
    if entry["verdict"] in FAULTS and name not in corrected_ids(chapter):
        problems.append(f"{name}: {chapter.name} does not correct it in a blockquote")
    elif entry["verdict"] in FAULTS:
        boxes = [box for box in blockquotes(chapter) if name in ID.findall(box)]
        if not any(same_words(quotation, entry["quote"]) for box in boxes for quotation in quotations(box)):
            problems.append(f"{name}: {chapter.name} does not quote the words {entry['quote']!r}")
    return problems


def page_problems(entries: list[dict], page: Chapter) -> list[str]:
    """The errata page shows every statement once, as the ledger has it, and no other."""
    shown = "\n\n".join(text for cell in page.code for text in markdown_outputs(cell))
    problems = []
    for entry in entries:
        text = ledger.correction(entry) if ledger.is_fault(entry) else ledger.line(entry)
        if (times := shown.count(f"{text}\n")) != 1:
            problems.append(f"{entry['id']} stands on {page.name} {times} times as it is in the ledger")
    unknown = set(ID.findall(shown)) - {entry["id"] for entry in entries}
    return problems + [f"{page.name} shows {name}, which is not in the ledger" for name in sorted(unknown)]


def test_ledger_is_in_order():
    report(ledger_problems(ledger.read()["statements"]))


def test_every_statement_has_been_examined():
    report(unexamined_problems(ledger.read()["statements"]))


def test_ledger_covers_the_articles_it_names():
    named = [article["id"] for article in ledger.read()["articles"]]
    assert named == list(dict.fromkeys(entry["id"].partition("-")[0] for entry in ledger.read()["statements"]))


def test_ledger_and_chapters_agree():
    report(citation_problems(ledger.read()["statements"], chapters()))


def test_errata_page_shows_the_ledger():
    report(page_problems(ledger.read()["statements"], chapters()["practice/errata"]))


# --- The checks themselves --------------------------------------------------------------------------------------------

OPEN = {
    "id": "A1-S02",
    "kind": "sentence",
    "begins": "A loss is",
    "says": "What a loss is.",
    "topic": "foundations/what_is_a_loss",
    "verdict": "unexamined",
}
WRONG = OPEN | {
    "id": "A1-S01",
    "verdict": "wrong",
    "correction": "It is not.",
    "quote": "The loss is 99.",
    "chapter": "regression/sample",
    "demonstration": "The loss, computed",
}
RIGHT = OPEN | {"id": "A2-S01", "verdict": "right", "note": "Nearly.", "chapter": "regression/sample"}


def test_good_ledger_passes():
    report(ledger_problems([WRONG, OPEN, RIGHT]))
    report(citation_problems([WRONG, OPEN, RIGHT], {"regression/sample": sample(setup="")}))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([OPEN], "A1-S02 stands where A1-S01"),
        ([WRONG, WRONG], "A1-S01 stands where A1-S02"),
        ([WRONG | {"quote": ""}], "without ['quote']"),
        ([WRONG | {"correction": None}], "without ['correction']"),
        ([{key: WRONG[key] for key in WRONG if key != "demonstration"}], "without ['demonstration']"),
        ([RIGHT | {"id": "A1-S01", "chapter": ""}], "without ['chapter']"),
        ([WRONG | {"verdict": "unexamined"}], "no ['chapter', 'correction', 'demonstration', 'quote']"),
        ([WRONG | {"remark": "x"}], "no ['remark']"),
        ([WRONG | {"kind": "caption"}], "caption"),
        ([WRONG | {"verdict": "false"}], "verdict: sentence, false"),
        ([WRONG | {"topic": "regression/hubert"}], "regression/hubert"),
        ([WRONG | {"begins": "one two three four five six seven"}], "longer than 6"),
        ([WRONG | {"quote": "word " * 41}], "longer than 40"),
        ([OPEN | {"id": "A1-S01", "open": "Perhaps."}], "no ['open']"),
    ],
)
def test_fault_in_an_entry_is_found(entries, message):
    assert message in "\n".join(ledger_problems(entries))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "A1-S01, whose chapter in the ledger is missing"),
        ([WRONG | {"chapter": "regression/huber"}], "there is no chapter regression/huber"),
        ([WRONG | {"chapter": "regression/huber"}], "whose chapter in the ledger is regression/huber"),
        ([WRONG | {"demonstration": "Elsewhere"}], "no heading 'Elsewhere'"),
        ([WRONG | {"demonstration": "Summary"}], "demonstrates nothing"),
        ([WRONG, WRONG | {"id": "A1-S02"}], "A1-S02: regression/sample does not correct it"),
        ([RIGHT | {"id": "A1-S01"}], "corrects A1-S01, whose verdict in the ledger is right"),
        ([WRONG | {"quote": "The loss is 98."}], "does not quote the words 'The loss is 98.'"),
        ([WRONG | {"quote": "It is 0.25."}], "does not quote the words"),  # there, but not as a quotation
        ([WRONG | {"quote": "is"}], "does not quote the words"),
    ],
)
def test_disagreement_of_ledger_and_chapter_is_found(entries, message):
    assert message in "\n".join(citation_problems(entries, {"regression/sample": sample(setup="")}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("The loss is 99.", "word " * 41, "more than 40 words"),
        ("It is 0.25.", "It is 0.25. See A1-S03.", "mentions A1-S03, which is not in the ledger"),
        ("> **Correction", "**Correction", "not begin a blockquote"),
        ("> **Correction", "> As said.\n>\n> **Correction", "not begin a blockquote"),
        ("> **Correction", '> **Correction A1-S01.** "The loss is 99."\n\n> **Correction', "corrects A1-S01 2 times"),
        ("**Correction A1-S01.**", "**Correction.** A1-S01:", "A1-S01: regression/sample does not correct it"),
    ],
)
def test_fault_in_a_correction_is_found(old, new, message):
    chapter = sample(setup="")
    cell = next(cell for cell in chapter.markdown if old in cell.source)
    cell.source = cell.source.replace(old, new)
    assert message in "\n".join(citation_problems([WRONG], {"regression/sample": chapter}))


def test_unexamined_statement_is_found():
    assert unexamined_problems([WRONG, OPEN, RIGHT]) == ["A1-S02: nobody has examined it yet"]


def page(*shown: str) -> Chapter:
    """Make a page whose cells put out these pieces of Markdown."""
    outputs = [new_output("execute_result", {"text/markdown": text}) for text in shown]
    return Chapter("practice/errata", new_notebook(cells=[new_code_cell("", outputs=[output]) for output in outputs]))


def test_page_with_all_statements_passes():
    report(page_problems([WRONG, RIGHT], page(ledger.correction(WRONG) + "\n", ledger.line(RIGHT) + "\n")))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([WRONG, RIGHT, RIGHT | {"id": "A2-S02"}], "A2-S02 stands on practice/errata 0 times"),
        ([WRONG | {"correction": "It is."}, RIGHT], "A1-S01 stands on practice/errata 0 times"),
        ([WRONG | {"verdict": "misleading"}, RIGHT], "A1-S01 stands on practice/errata 0 times"),
        ([WRONG | {"demonstration": "Elsewhere"}, RIGHT], "A1-S01 stands on practice/errata 0 times"),
        ([WRONG, RIGHT | {"note": None}], "A2-S01 stands on practice/errata 0 times"),
        ([WRONG | {"id": "A1-S03"}, RIGHT], "shows A1-S01, which is not in the ledger"),
    ],
)
def test_page_that_differs_from_the_ledger_is_found(entries, message):
    shown = page(ledger.correction(WRONG) + "\n", ledger.line(RIGHT) + "\n")
    assert message in "\n".join(page_problems(entries, shown))


def test_statement_that_is_shown_twice_is_found():
    twice = page(*[ledger.line(RIGHT) + "\n"] * 2)
    assert page_problems([RIGHT], twice) == ["A2-S01 stands on practice/errata 2 times as it is in the ledger"]


def test_anchors_are_those_of_the_site():
    for entry in ledger.read()["statements"]:
        if "demonstration" in entry:
            assert ledger.slug(entry["demonstration"]) == slugify(entry["demonstration"])
