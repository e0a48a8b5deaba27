"""The table of contents lists every page, and every link within the book leads somewhere.

Each check returns a list of problems; each is shown to find what it is there to find.
"""

import posixpath
import re
from collections import Counter
from urllib.parse import unquote

import pytest
from nbformat.v4 import new_output

from book import (
    FREER_PARTS,
    ROOT,
    TOPICS,
    Chapter,
    anchors,
    card_rows,
    chapters,
    links,
    pages,
    parse,
    plain,
    report,
    toc_files,
    under,
)
from sample import sample


def link_target(page: str, link: str) -> tuple[str, str] | None:
    """Return file and anchor that a link on a page leads to; None for a link out of the book."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return None
    path, _, anchor = unquote(link).partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page, anchor


def link_problems(page: str, pages: dict[str, list]) -> list[str]:
    """Every link within the book leads to a page that _toc.yml lists, and to a heading of that page."""
    problems = []
    for link in links(pages[page]):
        target = link_target(page, link)
        if target is None:
            continue
        file, anchor = target
        if file not in pages and (file.endswith((".md", ".ipynb")) or not (ROOT / file).is_file()):
            problems.append(f"{page}: {link} leads to no page of the book")
        elif anchor and anchor not in anchors(pages.get(file, [])):
            problems.append(f"{page}: {link} leads to no heading of {file}")
    return problems


def reference_problems(chapter: Chapter, pages: dict[str, list]) -> list[str]:
    """The summary card links to the package's reference, and what it links to links back."""
    if chapter.part in FREER_PARTS:
        return []  # they have no module of their own
    rows = [row for row in card_rows(chapter) if plain(row[0]) == "lossbook"]
    targets = [link_target(chapter.page, link) for row in rows for link in links(row)]
    reference = f"reference/{chapter.part}.md"
    anchored = [target for target in targets if target and target[0] == reference and target[1]]
    if not anchored:
        return [f"the card's row lossbook links to no function in {reference}"]
    return [
        f"{file}#{anchor} does not link back to {chapter.page}"
        for file, anchor in anchored
        if all(
            (link_target(file, link) or ("",))[0] != chapter.page
            for link in links(under(pages.get(file, []), anchor).items)
        )
    ]


def toc_problems(listed: list[str], on_disk: list[str]) -> list[str]:
    """The table of contents lists each page of the book once, and nothing else."""
    problems = [f"listed twice in _toc.yml: {file}" for file, count in Counter(listed).items() if count > 1]
    problems += [f"in _toc.yml, but there is no such file: {file}" for file in sorted(set(listed) - set(on_disk))]
    problems += [f"not in _toc.yml: {file}" for file in sorted(set(on_disk) - set(listed))]
    names = [file.removeprefix("chapters/").removesuffix(".ipynb") for file in on_disk if file.endswith(".ipynb")]
    return problems + [f"no chapter of the plan: {name}" for name in names if name not in TOPICS]


def pages_on_disk() -> list[str]:
    """Return the files that are pages of the book."""
    found = [*ROOT.glob("chapters/**/*.ipynb"), *ROOT.glob("chapters/**/*.md"), *ROOT.glob("reference/*.md")]
    found += [ROOT / name for name in ("index.md", "glossary.md", "notation.md", "references.md")]
    return [path.relative_to(ROOT).as_posix() for path in found if ".ipynb_checkpoints" not in path.parts]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    report(link_problems(page, pages()))


@pytest.mark.parametrize("name", chapters())
def test_card_and_reference_link_to_each_other(name):
    report(reference_problems(chapters()[name], pages()))


def test_table_of_contents_is_complete():
    report(toc_problems(toc_files(), pages_on_disk()))


# --- The checks themselves --------------------------------------------------------------------------------------------

PAGE = "chapters/regression/sample.ipynb"
REFERENCE = "reference/regression.md"
LINKED_BACK = "# Regression\n\n## mse_loss\n\n[Sample](../chapters/regression/sample.ipynb)\n\n## l1_loss\n"


@pytest.mark.parametrize(
    "link",
    ["#its-own", "../../reference/regression.md#mse_loss", "../../pyproject.toml", "https://example.org/none.md"],
)
def test_good_link_passes(link):
    report(link_problems(PAGE, {PAGE: parse(f"## It's own\n\n[x]({link})"), REFERENCE: parse(LINKED_BACK)}))


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("#nowhere", "no heading"),
        ("../../reference/regression.md#huber_loss", "no heading"),
        ("../../reference/regression.html", "no page"),
        ("../../reference/embeddings.md", "no page"),
        ("../../CHANGELOG.md", "no page"),  # it is there, but not in the book
        ("/reference/regression.md", "no page"),
        ("none.txt", "no page"),
    ],
)
def test_bad_link_is_found(link, message):
    (problem,) = link_problems(PAGE, {PAGE: parse(f"[x]({link})"), REFERENCE: parse(LINKED_BACK)})
    assert message in problem


def test_link_in_an_output_is_read():
    chapter = sample(setup="")
    chapter.code[2].outputs = [new_output("execute_result", {"text/markdown": "[x](../huber.ipynb#y)"})]
    assert links(chapter.shown) == ["../huber.ipynb#y"]


def test_card_and_reference_that_link_to_each_other_pass():
    report(reference_problems(sample(setup=""), {REFERENCE: parse(LINKED_BACK)}))


def test_missing_links_between_card_and_reference_are_found():
    elsewhere = parse(LINKED_BACK.replace("## mse_loss\n", "").replace("## l1_loss", "## mse_loss"))
    assert "does not link back" in reference_problems(sample(setup=""), {REFERENCE: elsewhere})[0]
    chapter = sample(setup="")
    card = chapter.notebook.cells[0]
    card.source = card.source.replace("regression.md#mse_loss", "regression.md")
    assert "no function" in reference_problems(chapter, {REFERENCE: parse(LINKED_BACK)})[0]


@pytest.mark.parametrize(
    ("listed", "on_disk", "message"),
    [
        (["index.md", "index.md"], ["index.md"], "twice"),
        (["index.md", "notation"], ["index.md"], "no such file"),
        (["index.md"], ["index.md", "notation.md"], "not in _toc.yml"),
        (["chapters/regression/hubert.ipynb"], ["chapters/regression/hubert.ipynb"], "plan"),
    ],
)
def test_bad_table_of_contents_is_found(listed, on_disk, message):
    (problem,) = toc_problems(listed, on_disk)
    assert message in problem


def test_good_table_of_contents_passes():
    files = ["index.md", "chapters/regression/huber.ipynb"]
    report(toc_problems(files, files))
