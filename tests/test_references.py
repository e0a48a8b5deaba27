"""Every source that a chapter or a docstring links to by DOI or arXiv number stands in references.bib."""

import re

import nbformat

from book import ROOT

LINK = re.compile(r"https?://(?:dx\.)?(?:doi\.org/|arxiv\.org/(?:abs|pdf)/)([^\s()<>\[\]\"'\\]*[^\s()<>\[\]\"'\\.,;:])")


def linked(text):
    """Return the DOIs and arXiv numbers that a text links to, in lower case, as DOIs do not tell case."""
    return {identifier.lower() for identifier in LINK.findall(text)}


def listed(bibliography):
    """Return the DOIs and arXiv numbers of a BibTeX file."""
    return {identifier.lower() for identifier in re.findall(r"(?:doi|eprint) = \{([^}]+)\}", bibliography)}


def sources():
    """Yield the name and the text of each chapter and each module."""
    for path in sorted(ROOT.glob("chapters/*/*.ipynb")):
        yield path.name, "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    for path in sorted(ROOT.glob("lossbook/**/*.py")):
        yield path.name, path.read_text(encoding="utf-8")


def test_every_linked_source_is_listed():
    known = listed((ROOT / "references.bib").read_text(encoding="utf-8"))
    found = [(name, identifier) for name, text in sources() for identifier in linked(text)]
    assert found
    assert [(name, identifier) for name, identifier in found if identifier not in known] == []


def test_links_are_read():
    text = "<https://doi.org/10.1000/B1>, [b](https://arxiv.org/abs/1234.56789), https://doi.org/10.1000/c_2."
    assert linked(text) == {"10.1000/b1", "1234.56789", "10.1000/c_2"}
    assert listed("doi = {10.1000/B1},\n  eprint = {1234.56789},") == {"10.1000/b1", "1234.56789"}
