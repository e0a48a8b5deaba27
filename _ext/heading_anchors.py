"""A Sphinx extension that gives each heading an anchor that stays.

It is the one by which links in the notebooks, on GitHub and here name the heading. docutils makes anchors of its own,
which differ where a heading holds more than plain letters (`pos_weight` becomes `pos-weight`) and which sometimes only
count ("id3"), so that they change when another heading is added.

`anchors.txt` beside this file lists all addresses that ever were, one a line. A heading that is renamed keeps its old
anchor too: write the new one behind the old, as in `chapters/regression/huber.html#old-name = new-name`.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

LIST = Path(__file__).with_name("anchors.txt")


def renamed():
    """Return the old anchors of each heading that was renamed, by page and new anchor."""
    found = {}
    for page, old, new in re.findall(r"(?m)^(\S+)\.html#(\S+) = (\S+)$", LIST.read_text(encoding="utf-8")):
        found.setdefault((page, new), []).append(old)
    return found


class LastingAnchors(SphinxTransform):
    """Put MyST's slugs in the place of docutils' anchors, and old ones beside them."""

    default_priority = 840  # before anything looks at the anchors

    def apply(self):
        slugs, old = getattr(self.document, "myst_slugs", {}), renamed()
        own = {anchor: slug for slug, (_, anchor, _) in slugs.items()}
        for section in self.document.findall(nodes.section):
            ids = [own.get(anchor, anchor) for anchor in section["ids"]]
            section["ids"] = ids + [anchor for new in ids for anchor in old.get((self.env.docname, new), [])]
        slugs.update({slug: (line, slug, text) for slug, (line, _, text) in slugs.items()})


def setup(app):
    app.add_transform(LastingAnchors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
