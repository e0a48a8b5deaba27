"""A Sphinx extension that mends what a screen reader would trip over in the pages.

- Where the header row of a table begins with an empty cell, this cell is no header, but the first cell of each row is.
- A collapsed cell is called by its title. MyST-NB would call each "Toggle hidden content".
- A source in a list is an item of the list. The role that docutils gives it has been given up.
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


def replaced(visit, old, new):
    """Return a visitor that writes as this one does, but `new` for `old`."""

    def visit_instead(translator, node):
        start = len(translator.body)
        visit(translator, node)
        translator.body[start:] = [part.replace(old, new) for part in translator.body[start:]]

    return visit_instead


visit_collapsed = replaced(visit_HideCellInput, ' aria-label="Toggle hidden content"', "")
visit_citation = replaced(HTML5Translator.visit_citation, 'role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    app.setup_extension("myst_nb")  # its own nodes first, to be replaced here
    app.add_node(HideCodeCellNode, override=True, html=(visit_collapsed, depart_HideCellInput))
    app.add_node(nodes.citation, override=True, html=(visit_citation, HTML5Translator.depart_citation))
    app.add_node(nodes.entry, override=True, html=(visit_entry, HTML5Translator.depart_entry))
    app.connect("doctree-resolved", mark_row_headers)
    app.connect("config-inited", lambda app, config: config.templates_path.append(str(TEMPLATES)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
