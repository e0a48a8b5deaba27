"""A Sphinx extension that gives each heading the anchor by which links in the notebooks, on GitHub and here name it.

docutils makes anchors of its own. They differ where a heading holds more than plain letters, `pos_weight` becoming
`pos-weight`, and some only count ("id3"): those change when another heading is added.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform


class UseSlugs(SphinxTransform):
    """Put MyST's slugs in the place of docutils' anchors."""

    default_priority = 840  # before anything looks at the anchors

    def apply(self):
        slugs = getattr(self.document, "myst_slugs", {})
        own = {anchor: slug for slug, (_, anchor, _) in slugs.items()}
        for section in self.document.findall(nodes.section):
            section["ids"] = [own.get(anchor, anchor) for anchor in section["ids"]]
        slugs.update({slug: (line, slug, text) for slug, (line, _, text) in slugs.items()})


def setup(app):
    app.add_transform(UseSlugs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
