"""A Sphinx extension that gives each heading the anchor by which links in the notebooks, on GitHub and here name it.

docutils makes anchors of its own. They differ where a heading holds more than plain letters, `pos_weight` becoming
`pos-weight`, and some only count ("id3"): those change when another heading is added.
"""

from docutils import nodes


def use_slugs(app, doctree):
    slugs = app.env.metadata[app.env.docname].get("myst_slugs", {})
    own = {anchor: slug for slug, (_, anchor, _) in slugs.items()}
    for section in doctree.findall(nodes.section):
        section["ids"] = [own.get(anchor, anchor) for anchor in section["ids"]]
    for reference in doctree.findall(nodes.reference):
        if reference.get("refid") in own:
            reference["refid"] = own[reference["refid"]]
    slugs.update({slug: (line, slug, text) for slug, (line, _, text) in slugs.items()})


def setup(app):
    app.connect("doctree-read", use_slugs, priority=50)  # before Sphinx collects the table of contents
    return {"parallel_read_safe": True, "parallel_write_safe": True}
