"""The guide of practice/choosing: its tables have the leaves of its picture, which are drawn from one literal."""

import ast

import pytest

from book import Chapter, chapters, inlines, inside, links, plain, report, tree
from sample import sample


def guide(chapter: Chapter) -> dict[str, list[tuple]]:
    """Return the guide as the chapter's code has it: for each family its wishes, functions and links."""
    assigned = [node for cell in chapter.code for node in tree(cell).body if isinstance(node, ast.Assign)]
    return next(ast.literal_eval(node.value) for node in assigned if ast.unparse(node.targets[0]) == "GUIDE")


def tables(chapter: Chapter) -> dict[str, list[tuple]]:
    """Return the same as the tables under the guide's headings have it."""
    found = {}
    for family in chapter.section("The guide").split(3)[1:]:
        for table in inside(family.items, "table"):
            rows = [inlines(row) for row in inside(table, "tr")][1:]
            found[family.heading] = [(plain(wish), plain(loss), *links([loss])) for wish, loss in rows]
    return found


def guide_problems(chapter: Chapter) -> list[str]:
    """Each family of the guide has a table with the same leaves, in the same order."""
    shown = tables(chapter)
    return [
        f"{family}: the guide has {leaves}, its table {shown.get(family)}"
        for family, leaves in guide(chapter).items()
        if leaves != shown.get(family)
    ]


def test_tables_have_the_leaves_of_the_picture():
    report(guide_problems(chapters()["practice/choosing"]))


TABLE = "## The guide\n\n### A number\n\n| You want | Loss |\n|---|---|\n| its mean | [`mse_loss`](a.ipynb) |\n"


def with_guide(text: str) -> Chapter:
    """Return the sample chapter with a guide of one leaf, and this text as its table."""
    chapter = sample(setup='GUIDE = {"A number": [("its mean", "mse_loss", "a.ipynb")]}')
    chapter.markdown[-1].source = text
    return chapter


def test_guide_that_agrees_passes():
    report(guide_problems(with_guide(TABLE)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("its mean", "its median"),
        ("mse_loss", "l1_loss"),
        ("a.ipynb", "b.ipynb"),
        ("A number", "Classes"),
        ("| its mean", "| its median | [`l1_loss`](b.ipynb) |\n| its mean"),
    ],
)
def test_guide_that_disagrees_is_found(old, new):
    assert guide_problems(with_guide(TABLE.replace(old, new)))
