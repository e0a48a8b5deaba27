"""A Sphinx extension by which a chapter is found under every name of its loss.

The names of a chapter are its title, what its summary card says in bold before the table, and what the table's row
"PyTorch" calls it. They become entries of the general index, and of the search, where the word "loss" or "error" at the
end of a name may be there or not.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

NO_NAME = re.compile(r"(Use|Avoid|Read first)\b")
PYTORCH_NAME = re.compile(r"(nn|F|torch|torchvision\.ops)\.\w+")
TYPED = str.maketrans("–’", "-'")  # what is on a keyboard


def words(node):
    return " ".join(node.astext().split()).translate(TYPED)


def names_of(section):
    """Return the names of the chapter that is this section, the one in its title first."""
    names = [words(section[0]).partition(":")[0]]
    for node in section[1:]:
        if isinstance(node, nodes.table):
            row = next((row for row in node.findall(nodes.row) if words(row[0]) == "PyTorch"), nodes.row())
            names += [words(code) for code in row.findall(nodes.literal) if PYTORCH_NAME.fullmatch(words(code))]
            break
        names += [words(bold) for bold in node.findall(nodes.strong) if not NO_NAME.match(words(bold))]
    return list(dict.fromkeys(names))


def spellings(name):
    """Return what somebody who looks for a name may type: "L2" for "L2 loss", and "MSE loss" for "MSE"."""
    if PYTORCH_NAME.fullmatch(name):
        return [name]
    shorter = re.sub(r" (loss|error)$", "", name)
    return list(dict.fromkeys([name, shorter, f"{shorter} loss"]))


class AddToIndex(SphinxTransform):
    """Enter the names before Sphinx collects the entries of a page for the general index."""

    default_priority = 845

    def apply(self):
        section = next(self.document.findall(nodes.section), None)
        if section is not None and self.env.docname.startswith("chapters/"):
            entries = [("single", name, section["ids"][0], "main", None) for name in names_of(section)]
            section.insert(1, addnodes.index(entries=entries))


def add_to_search(app, doctree, docname):
    """Add the spellings when the general index has its entries: Sphinx fills the search from the resolved page.

    Without an anchor, so that the search lists the chapter once and not also as a place in the chapter.
    """
    if docname.startswith("chapters/"):
        for index in doctree.findall(addnodes.index):
            names = [name for _, name, *_ in index["entries"]]
            index["entries"] = [("single", typed, "", "main", None) for name in names for typed in spellings(name)]


def setup(app):
    app.add_transform(AddToIndex)
    app.connect("doctree-resolved", add_to_search)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
