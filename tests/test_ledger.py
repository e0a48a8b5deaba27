"""The ledger of what the two articles say: in order, complete, and at one with the chapters.

Each check returns a list of problems; each is shown to find what it is there to find.
"""

import ast
import re
from collections import Counter

import pytest
import yaml
from nbformat import NotebookNode

from book import (
    ROOT,
    TOPICS,
    Chapter,
    chapters,
    headings,
    inlines,
    inside,
    is_assertion,
    plain,
    report,
    slugify,
    tree,
    under,
    words,
)
from sample import sample

KINDS = {"sentence", "heading", "code"}
FAULTS = {"wrong", "misleading", "contradictory", "does not run"}
VERDICTS = {"unexamined", "right", "no claim"} | FAULTS
ID = re.compile(r"\bA\d+-S\d+\b")
LONGEST_BEGINNING = 6
LONGEST_QUOTE = 40

# The keys that every entry needs, then those that a verdict adds; a note is always welcome.
KEYS = {"id", "kind", "begins", "says", "topic", "verdict"}
NEEDED = {"right": {"chapter"}} | dict.fromkeys(FAULTS, {"chapter", "demonstration", "correction", "quote"})
ALLOWED = NEEDED | {"right": {"chapter", "demonstration"}}


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


def cited_ids(chapter: Chapter) -> set[str]:
    """Return the ledger's ids in a chapter's blockquotes."""
    quotes = inside(chapter.tokens, "blockquote")
    return {name for quote in quotes for inline in inlines(quote) for name in ID.findall(inline.content)}


def citation_problems(entries: list[dict], chapters: dict[str, Chapter]) -> list[str]:
    """Ledger and chapters tell the same story: what is corrected where, and under which heading it is demonstrated."""
    problems = []
    home = {entry["id"]: entry.get("chapter") for entry in entries}
    for name, chapter in chapters.items():
        for cited in sorted(cited_ids(chapter)):
            if home.get(cited) != name:
                problems.append(f"{name} cites {cited}, whose chapter in the ledger is {home.get(cited, 'missing')}")
        for quote in inside(chapter.tokens, "blockquote"):
            said = " ".join(plain(inline) for inline in inlines(quote))
            long = [q for q in re.findall(r'"[^"]*"|“[^”]*”', said) if words(q) > LONGEST_QUOTE]
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
    if entry["verdict"] in FAULTS and name not in cited_ids(chapter):
        problems.append(f"{name}: {chapter.name} does not correct it in a blockquote")
    return problems


def ledger() -> dict:
    """Return the ledger: its articles and its statements."""
    return yaml.safe_load((ROOT / "chapters/practice/errata.yml").read_text(encoding="utf-8"))


def test_ledger_is_in_order():
    report(ledger_problems(ledger()["statements"]))


def test_ledger_covers_the_articles_it_names():
    named = [article["id"] for article in ledger()["articles"]]
    assert named == list(dict.fromkeys(entry["id"].partition("-")[0] for entry in ledger()["statements"]))


def test_ledger_and_chapters_agree():
    report(citation_problems(ledger()["statements"], chapters()))


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
    ],
)
def test_disagreement_of_ledger_and_chapter_is_found(entries, message):
    assert message in "\n".join(citation_problems(entries, {"regression/sample": sample(setup="")}))


def test_long_quotation_is_found():
    chapter = sample(setup="")
    cell = next(cell for cell in chapter.markdown if "The loss is 99." in cell.source)
    cell.source = cell.source.replace("The loss is 99.", "word " * 41)
    assert "more than 40 words" in "\n".join(citation_problems([WRONG], {"regression/sample": chapter}))
