"""The ledger of the two articles that the book corrects: read, counted and set as Markdown."""

import html
import re
from pathlib import Path

import yaml

# Of the names of chapters, the words that are not written as they are spelt in a file's name
WRITTEN_OTHERWISE = {"gan": "GAN", "iou": "IoU", "nce": "NCE"}

FAULTS = ("wrong", "misleading", "contradictory", "does not run")

HERE = Path(__file__).parent
INSTALLED = HERE / "errata/errata.yml"  # put there by pyproject.toml
WRITTEN = HERE.parents[1] / "chapters/practice/errata.yml"


def read():
    """Return the ledger as it is written in ``chapters/practice/errata.yml``.

    An installed package has a copy of the file, so that a notebook can read it where there is no repository.

    Returns
    -------
    dict
        ``"articles"``, a list of dicts with ``id``, ``title`` and ``address``, and ``"statements"``, a list of dicts,
        whose keys are explained at the head of the file.

    Examples
    --------
    >>> [article["id"] for article in read()["articles"]]
    ['A1', 'A2']
    >>> read()["statements"][4]["verdict"]
    'contradictory'
    """
    path = INSTALLED if INSTALLED.is_file() else WRITTEN
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def is_fault(entry):
    """Tell whether the verdict on a statement is one of the four that need a correction.

    Examples
    --------
    >>> is_fault({"verdict": "does not run"}), is_fault({"verdict": "no claim"})
    (True, False)
    """
    return entry["verdict"] in FAULTS


def slug(heading):
    """Return the anchor that a heading has on the site and on GitHub.

    Examples
    --------
    >>> slug("The logarithm of 0: NaN for a perfect prediction")
    'the-logarithm-of-0-nan-for-a-perfect-prediction'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace(" ", "-"))


def title(chapter):
    """Return the name of a chapter in words.

    Examples
    --------
    >>> title("detection/box_iou")
    'box IoU'
    """
    return " ".join(WRITTEN_OTHERWISE.get(word, word) for word in chapter.rpartition("/")[2].split("_"))


def link(entry):
    """Return a Markdown link to where a statement is settled, for a page in ``chapters/practice``.

    Examples
    --------
    >>> link({"chapter": "regression/huber"})
    '[huber](../regression/huber.ipynb)'
    >>> link({"chapter": "detection/box_iou", "demonstration": "In code"})
    '[box IoU, under “In code”](../detection/box_iou.ipynb#in-code)'
    """
    name, page = title(entry["chapter"]), f"../{entry['chapter']}.ipynb"
    if "demonstration" not in entry:
        return f"[{name}]({page})"
    return f"[{name}, under “{entry['demonstration']}”]({page}#{slug(entry['demonstration'])})"


def quoted(entry):
    """Return the words of a fault as HTML: a sentence between quotation marks, a line of code as code.

    Examples
    --------
    >>> quoted({"kind": "sentence", "quote": "It can “see”."}), quoted({"kind": "code", "quote": "l < 0"})
    ('“It can ‘see’.”', '<code>l &lt; 0</code>')
    """
    words = html.escape(entry["quote"], quote=False)
    if entry["kind"] == "code":
        return f"<code>{words}</code>"
    return f"“{words.translate(str.maketrans('“”', '‘’'))}”"


def correction(entry):
    """Return a fault as Markdown: a closed box with the quotation, and in it all that the ledger says of it.

    Examples
    --------
    >>> print(correction({"id": "A1-S01", "kind": "sentence", "verdict": "wrong", "quote": "1 < 0",
    ...                   "correction": "No.", "chapter": "regression/huber"}))
    <details>
    <summary>A1-S01, wrong: “1 &lt; 0”</summary>
    <BLANKLINE>
    No.
    <BLANKLINE>
    Shown in [huber](../regression/huber.ipynb).
    <BLANKLINE>
    </details>
    """
    said = [entry["correction"], entry.get("note"), entry.get("open") and f"*Open to argument.* {entry['open']}"]
    return closed(
        f"{entry['id']}, {entry['verdict']}: {quoted(entry)}", [*filter(None, said), f"Shown in {link(entry)}."]
    )


def closed(title, paragraphs):
    r"""Return Markdown paragraphs in a box that a reader opens by its title, which is HTML.

    Examples
    --------
    >>> closed("Why", ["Because."])
    '<details>\n<summary>Why</summary>\n\nBecause.\n\n</details>'
    """
    return "\n\n".join([f"<details>\n<summary>{title}</summary>", *paragraphs, "</details>"])


def line(entry):
    """Return a statement that is no fault as one item of a Markdown list, with its first words to find it by.

    Examples
    --------
    >>> print(line({"id": "A1-S61", "kind": "sentence", "begins": "NLL stands for", "says": "NLL abbreviates it."}))
    - **A1-S61** “NLL stands for …” NLL abbreviates it.
    >>> print(line({"id": "A2-S89", "kind": "code", "begins": "l = 0", "says": "Starts the sum.", "note": "At 0."}))
    - **A2-S89** `l = 0` Starts the sum. (At 0.)
    """
    begins = f"`{entry['begins']}`" if entry["kind"] == "code" else f"“{entry['begins']} …”"
    remarks = [entry.get("note"), entry.get("open") and f"Open to argument: {entry['open']}"]
    return " ".join([f"- **{entry['id']}** {begins} {entry['says']}", *(f"({r})" for r in remarks if r)])
