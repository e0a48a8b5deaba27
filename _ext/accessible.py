"""A Sphinx extension that mends what a screen reader would trip over in the pages.

- Where the header row of a table begins with an empty cell, this cell is no header, but the first cell of each row is.
- A collapsed cell is called by its title. MyST-NB would call each "Toggle hidden content".
- The search button is called by what stands on it, its keys included (`templates/search-button-field.html`).
"""

from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from sphinx.writers.html5 import HTML5Translator

TEMPLATES = Path(__file__).parent / "templates"


def mark_row_headers(app, doctree, docname):
    for table in doctree.findall(nodes.tgroup):
        head = next(table.findall(nodes.thead), None)
        corner = next(head.findall(nodes.entry)) if head else None
        if corner is not None and not corner.astext().strip() and not corner.next_node(nodes.image):
            corner["empty"] = True
            next(table.findall(nodes.colspec))["stub"] = 1


def visit_entry(translator, node):
    HTML5Translator.visit_entry(translator, node)
    if node.get("empty"):
        translator.body[-1] = translator.body[-1].replace("<th", "<td", 1)
        translator.context[-1] = "</td>\n"


def visit_collapsed(translator, node):
    start = len(translator.body)
    visit_HideCellInput(translator, node)
    own = translator.body[start:]
    translator.body[start:] = [part.replace(' aria-label="Toggle hidden content"', "") for part in own]


def setup(app):
    app.setup_extension("myst_nb")  # its own nodes first, to be replaced here
    app.add_node(HideCodeCellNode, override=True, html=(visit_collapsed, depart_HideCellInput))
    app.add_node(nodes.entry, override=True, html=(visit_entry, HTML5Translator.depart_entry))
    app.connect("doctree-resolved", mark_row_headers)
    app.connect("config-inited", lambda app, config: config.templates_path.append(str(TEMPLATES)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
