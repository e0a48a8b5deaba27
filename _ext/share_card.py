"""A Sphinx extension that gives each page its words and its picture for where a link to it is shown.

The words are the first paragraph of the page, as far as whole sentences fit; they are also the description that search
engines show. The picture has the title, these words, and the figure under "What it looks like", or else the first.
sphinxext-opengraph writes the tags.
"""

import hashlib
import re
from html import escape
from pathlib import Path

import matplotlib
import resvg_py
from docutils import nodes
from PIL import ImageFont

WIDTH, HEIGHT = 1200, 630
LONGEST = 300  # characters of a description
FONTS = Path(matplotlib.get_data_path(), "fonts/ttf")
REGULAR, BOLD = (str(FONTS / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"))

CARD = """\
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}">
<style>text {{font-family: "DejaVu Sans"}}</style>
<rect width="100%" height="100%" fill="#ffffff"/>
<rect width="100%" height="14" fill="#0072b2"/>
{text}
{picture}
</svg>
"""


def description(doctree):
    """Return the first paragraph of a page without formulas, cut to whole sentences."""
    paragraph = next((p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section)), None)
    if paragraph is None:
        return ""
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z\d])", " ".join(paragraph.astext().split()))
    formulas = [formula.astext() for formula in paragraph.findall(nodes.math)]
    kept = ""
    for sentence in sentences:
        if any(formula in sentence for formula in formulas) or len(kept) + len(sentence) >= LONGEST:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or sentences[0][: LONGEST - 1].rsplit(" ", 1)[0] + " …"


def figure(doctree):
    """Return the image that stands for a page, or None."""
    places = [s for s in doctree.findall(nodes.section) if s[0].astext() == "What it looks like"]
    return next((image for place in [*places, doctree] for image in place.findall(nodes.image)), None)


def wrap(text, font, width):
    """Break a text into lines of at most this width in pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if font.getlength(longer) <= width else [*lines, word]
    return lines


def place(svg, x, y, width, height):
    """Return an SVG file's drawing, fitted into a box of a larger one."""
    tag, drawing = re.search(r"<svg\b([^>]*)>(.*)</svg>", svg, re.DOTALL).groups()
    tag = re.sub(r'\b(x|y|width|height)="[^"]*"', "", tag)
    return f'<svg {tag} x="{x}" y="{y}" width="{width}" height="{height}">{drawing}</svg>'


def column(paragraphs, left, top, width, bottom):
    """Return SVG for paragraphs below each other, each a text, a font, a size and a colour; what has no room is cut."""
    rows = []
    for text, font, size, colour in paragraphs:
        weight, step = "bold" if font == BOLD else "normal", round(1.3 * size)
        lines, room = wrap(text, ImageFont.truetype(font, size), width), (bottom - top) // step
        if len(lines) > room:
            lines = [*lines[: room - 1], lines[room - 1].rpartition(" ")[0] + " …"]
        for line in lines:
            top += step
            rows.append(
                f'<text x="{left}" y="{top}" font-size="{size}" font-weight="{weight}" fill="{colour}">'
                f"{escape(line)}</text>"
            )
        top += 20
    return "\n".join(rows)


def card(title, words, above, picture, icon):
    """Return a card as SVG; `picture` is a figure, or None, and `icon` the sign of the book."""
    paragraphs = [(title, BOLD, 52, "#111111"), (words, REGULAR, 25, "#333333")]
    text = place(icon, 60, 62, 40, 40) + column([(above, REGULAR, 28, "#555555")], 116, 56, 480, 110)
    text += column(paragraphs, 60, 125, 560 if picture else 700, 600)
    picture = place(picture, 650, 60, 500, 520) if picture else place(icon, 840, 190, 280, 280)
    return CARD.format(width=WIDTH, height=HEIGHT, text=text, picture=picture)


def add_card(app, doctree, docname):
    """Draw the card of a page, unless it lies there already, and tell sphinxext-opengraph about it."""
    if app.builder.format != "html":
        return
    source, title = Path(app.srcdir), next(doctree.findall(nodes.title)).astext()
    image, words = figure(doctree), description(doctree)
    part = {"chapters": docname.split("/")[1:2], "reference": ["reference"]}.get(docname.split("/")[0], [])
    svg = card(
        title,
        words,
        " · ".join([app.config.html_title, *part]),
        Path(source, image["uri"]).read_text(encoding="utf-8") if image else None,
        Path(source, app.config.html_favicon).read_text(encoding="utf-8"),
    )
    name = f"_images/card-{docname.replace('/', '-')}-{hashlib.sha256(svg.encode()).hexdigest()[:12]}.png"
    file = Path(app.outdir, name)
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        png = resvg_py.svg_to_bytes(svg_string=svg, font_files=[REGULAR, BOLD], skip_system_fonts=True)
        file.write_bytes(bytes(png))
    app.env.metadata[docname] |= {
        "og:description": escape(words),
        "og:image": name,
        "og:image:alt": escape(f"{title}. {image['alt'] if image else words}"),
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
    }


def add_description(app, pagename, templatename, context, doctree):
    if doctree is not None:
        words = app.env.metadata[pagename]["og:description"]
        context["metatags"] += f'<meta name="description" content="{words}">\n'
    if pagename == app.config.root_doc:
        # The window says the book's name once; over the list of chapters it stays.
        context |= {"docstitle": "", "theme_logo": {**context["theme_logo"], "text": app.config.html_title}}


def setup(app):
    app.connect("doctree-resolved", add_card)
    app.connect("html-page-context", add_description, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
