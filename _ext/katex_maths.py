"""A Sphinx extension that sets all maths while the book is built, with KaTeX.

A page then shows its formulas at once, without a script, and nothing moves while it loads. Each formula is there
twice: drawn, for the eye, and as MathML, for a screen reader. A formula that KaTeX cannot set is a warning that names
its place, and so fails the build. A formula on its own line says how high it is, so that it can be laid out later;
and an empty element after it says that all of it has arrived.

KaTeX runs inside this process, on the interpreter QuickJS. It lies in `katex/`, unchanged: from the npm package `katex`
0.19.1, its `LICENSE` and, of `dist/`, the minified script and style and the WOFF2 fonts. Another version replaces all.
"""

import functools
import json
import re
from pathlib import Path

import quickjs
from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)
KATEX = Path(__file__).parent / "katex"

ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}.*\\end\{\1\}", re.DOTALL)

STRUT = re.compile(r'<span class="katex-strut" style="height:([\d.]+)em;(?:vertical-align:(-?[\d.]+)em;)?"')

# As JSON, because the wrapper of the interpreter cannot return a string that was put together of many.
RENDER = """
(formula, displayMode) => JSON.stringify(katex.renderToString(formula, {displayMode, strict: "error"}))
"""


@functools.cache
def renderer():
    context = quickjs.Context()
    context.eval((KATEX / "katex.min.js").read_text(encoding="utf-8"))
    return context.eval(RENDER)


@functools.cache
def render(formula, display):
    return json.loads(renderer()(formula, display))


def equations(node):
    r"""Return the formula of a block; as Sphinx has it, a blank line separates equations, and ``\\`` lines."""
    if node["nowrap"]:
        return node.astext()
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    parts = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in ENVIRONMENT.sub("", part) else part for part in parts]
    return parts[0] if len(parts) == 1 else r"\begin{gathered}" + r"\\".join(parts) + r"\end{gathered}"


def height(drawn):
    """Return the height of a line on which a formula stands: each part of it has a strut, and each line has one too."""
    struts = [(1.2, -0.34), *STRUT.findall(drawn)]
    depth = max(-float(below or 0) for _, below in struts)
    return depth + max(float(whole) + float(below or 0) for whole, below in struts)


def rendered(node, formula, display):
    try:
        return render(formula, display)
    except quickjs.JSException as error:
        reason = str(error).partition("ParseError: ")[2].splitlines()[0]
        logger.warning("a formula cannot be set: %s", reason, location=node, type="katex")
        return ""


def visit_inline(translator, node):
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    translator.body.append(rendered(node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_block(translator, node):
    formula = equations(node)
    drawn = rendered(node, formula, display=True)
    classes = "math notranslate nohighlight" + (" tagged" if r"\tag" in formula else "")
    style = f"--height: {height(drawn):.3f}em"
    translator.body.append(translator.starttag(node, "div", "", CLASS=classes, STYLE=style) + drawn)
    if node["number"]:
        translator.body.append(f'<span class="eqno">({node["number"]})</span>')
    translator.body.append("<span hidden></span></div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", lambda app: app.config.html_static_path.append(str(KATEX / "style")))
    app.add_css_file("katex.min.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
