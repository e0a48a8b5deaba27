"""A Sphinx extension that names a collapsed cell by its title, as Colab does: "Solution", not "Show code cell content".

The title is what follows `#@title` in the cell's first line.
"""

import re

from docutils import nodes


def show_titles(app, doctree):
    for cell in doctree.findall(nodes.container):
        if cell.get("hide_mode") and (title := re.match("#@title (.*)", cell.astext())):
            cell["prompt_show"] = cell["prompt_hide"] = title[1]


def setup(app):
    app.connect("doctree-read", show_titles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
