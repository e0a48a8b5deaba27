"""A Sphinx extension that says at the head of a chapter how long it takes to read, behind what to read first.

The front page tells readers how it is counted. What is collapsed is not.
"""

from docutils import nodes

WORDS_A_MINUTE = 200
LINES_OF_CODE_A_MINUTE = 20  # what a cell prints included
PICTURES_A_MINUTE = 3  # figures, and formulas on lines of their own
ROUNDED_TO = 5  # minutes

LOOKED_UP = {"chapters/practice/contracts"}  # pages of which a reader needs one section

COLLAPSED = {"all": ("cell_input", "cell_output"), "input": ("cell_input",), "output": ("cell_output",)}


def visible(node):
    """Yield the nodes below a node that a reader sees without opening anything."""
    hidden, in_details = COLLAPSED.get(node.get("hide_mode"), ()), 0
    for child in node.children:
        if isinstance(child, nodes.raw):
            in_details += child.astext().count("<details>") - child.astext().count("</details>")
        elif isinstance(child, nodes.Element) and not in_details and not set(hidden) & set(child["classes"]):
            yield child
            yield from visible(child)


def minutes(document):
    """Return how many minutes it takes to read a page."""
    words = lines = pictures = 0
    for node in visible(document):
        if isinstance(node, nodes.literal_block):
            lines += len(node.astext().splitlines())
        elif isinstance(node, nodes.math_block | nodes.image):
            pictures += 1
        elif isinstance(node, nodes.math):
            words += 1
        elif isinstance(node, nodes.TextElement):
            words += sum(len(child.split()) for child in node.children if isinstance(child, nodes.Text))
    return words / WORDS_A_MINUTE + lines / LINES_OF_CODE_A_MINUTE + pictures / PICTURES_A_MINUTE


def add_reading_time(app, doctree, docname):
    for strong in doctree.findall(nodes.strong):
        if strong.astext() == "Read first:":
            rounded = max(1, round(minutes(doctree) / ROUNDED_TO)) * ROUNDED_TO
            time = f" about {rounded} minutes"
            time += " for all of it, one for what you look up" if docname in LOOKED_UP else ""
            strong.parent += [nodes.Text(" · "), nodes.strong("", "Time:"), nodes.Text(time)]
            return


def setup(app):
    app.connect("doctree-resolved", add_reading_time)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
