"""A Sphinx extension that makes the pages light, and quick to stand still: once written, each gets only what it needs.

- The style sheets become one, `book.css`, which has only the rules that occur (`lean_styles.py`). The scripts become
  one, `book.js`, which runs when the page is there.
- The fonts become a script, `fonts.js`, with only the characters that occur. A font that comes from a style sheet comes
  after the text, which then moves; a script's is there at once. Without scripts, `fonts.css` has them.
- What nobody uses goes: the theme's icons as a script of 1.5 MB, besides the fonts; the code of tabs and of toggled
  blocks, unless a page has them; sphinx-thebe, whose script Jupyter Book puts on every page twice, an error.
- Images have their size, so that nothing moves when they come, and all but the first wait until they are near.
- The browser is not made to lay out the whole page at once. Code says how large it is, so that it can wait until it is
  near; its words that look like plain text are plain text.
- Light or dark is settled before anything is shown, and buttons that scripts would write stand in the page.
"""

import functools
import hashlib
import html
import json
import re
from pathlib import Path

import lean_styles

STYLE = re.compile(r'<link\b(?=[^>]*rel="stylesheet")[^>]*href="([^"]*_static/)([^"?]*)[^>]*>\s*')
SCRIPT = re.compile(r'<script\b[^>]*src="([^"]*_static/)([^"?]*)[^>]*></script>\s*')
TOKEN = re.compile(r'<span(?: class="([^"]*)")?[^>]*>|</span>|[^<]+')
IMAGE = re.compile(r'<img\b([^>]*\bsrc="([^"]*)"[^>]*?) ?/?>')

# The search page loads these by itself.
SEARCH = ["searchtools.js", "language_data.js"]

# Scripts, and what a page must have for them to be of use.
NEEDS = {
    "all.min.js": r"(?!)",
    "design-tabs.js": r'class="[^"]*\bsd-tab-',
    "togglebutton.js": r'class="(?:[^"]* )?(?:toggle[ "]|admonition [^"]*dropdown)',
}

# The theme asks whether each piece of code is too wide, for which the browser has to lay out the whole page at once.
# `_static/keyboard.js` does it when a piece is laid out.
FORCES_LAYOUT = "e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1"

CODE = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)
GAP = re.compile(r"\S {2,}\S")  # what is printed in columns has such

# The theme loads in advance what is no longer there, and tells scripts what no script asks for.
SUPERFLUOUS = re.compile(
    r'(?:<link rel="preload"[^>]*>'
    r"|<script>DOCUMENTATION_OPTIONS\.pagename = [^<]*</script>)\s*"
)
TOGGLE_SETTING = re.compile(r"<script>(?:let toggle\w+|var togglebuttonSelector) = [^<]*</script>\s*")


# The theme would show a page before it knows, then restyle it.
THEME = re.compile(r'<script data-cfasync="false">.*?</script>', re.DOTALL)
SETTLED = """<script>
    {
      const { dataset } = document.documentElement;
      dataset.mode = localStorage.getItem("mode") || "auto";
      const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      dataset.theme = dataset.mode === "auto" ? preferred : dataset.mode;
    }
  </script>"""

WRITTEN = re.compile(r"<script>\s*document\.write\(`(.*?)`\);?\s*</script>", re.DOTALL)

SHEET = '<link rel="stylesheet" href="{0}book.css" />\n'
SCRIPTS = """<script src="{0}fonts.js"></script>
    <script defer src="{0}book.js"></script>
    <noscript>
    <link rel="stylesheet" href="{0}fonts.css" />
    <style>.theme-switch-button, .search-button {{ display: none }}</style>
    </noscript>
    """
OURS = re.compile(r"(?<=_static/)((?:book|fonts)\.(?:css|js))(\?v=\w+)?")

FONTS = """\
for (const [family, weight, style, data] of %s) {
  const characters = atob(data);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  document.fonts.add(new FontFace(family, bytes, { weight, style }));
}
"""
FONT_FACE = """\
@font-face {{font-family:"{}";font-weight:{};font-style:{};src:url(data:font/woff2;base64,{});font-display:block}}
"""


def settle(app, config):
    """Show the whole contents of a page beside it; the theme unfolds and folds them while a reader scrolls."""
    config.html_theme_options["show_toc_level"] = 2


def drop_thebe(app, config):
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if getattr(listener.handler, "__name__", "") in ("init_thebe_core", "update_thebe_context"):
                app.disconnect(listener.id)


def lean(app, exception):
    """Rewrite the pages, and write what they share."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    files = [file for file in sorted(site.rglob("*.html")) if not file.is_relative_to(site / "_static")]
    pages = {file: file.read_text(encoding="utf-8") for file in files}
    whole = "\n".join(pages.values())

    sheets = linked(STYLE, whole, ["book.css", "fonts.css"])
    if not sheets:
        return  # no page is new
    scripts = linked(SCRIPT, whole, ["book.js", "fonts.js", *SEARCH])
    useless = [script for script in scripts if not re.search(NEEDS.get(Path(script).name, ""), whole)]
    script = code(site, [script for script in scripts if script not in useless])
    plain = plain_words((site / "_static/pygments.css").read_text(encoding="utf-8"))
    for file, text in pages.items():
        if not OURS.search(text):
            pages[file] = with_sizes(lean_page(text, useless, plain), file)
    whole = "\n".join(pages.values())
    words = words_of(whole, script + code(site, SEARCH))
    style, fonts = lean_styles.merge([site / "_static" / sheet for sheet in sheets], words, formulas_of(whole))

    texts = {
        "book.css": style,
        "book.js": script,
        "fonts.css": "".join(FONT_FACE.format(*font) for font in fonts),
        "fonts.js": FONTS % json.dumps(fonts),
    }
    stamped = {}
    for name, text in texts.items():
        (site / "_static" / name).write_text(text, encoding="utf-8")
        stamped[name] = f"{name}?v={hashlib.sha256(text.encode()).hexdigest()[:8]}"
    for file, text in pages.items():
        file.write_text(OURS.sub(lambda ours: stamped[ours[1]], text), encoding="utf-8")


def lean_page(text, useless, plain):
    if "togglebutton.js" in useless:
        text = TOGGLE_SETTING.sub("", text)
    text = CODE.sub(lambda code: lean_code(code[1], plain), SUPERFLUOUS.sub("", text))
    text = THEME.sub(SETTLED, text.replace('data-theme="auto"', 'data-theme="light"', 1), 1)
    text = WRITTEN.sub(r"\1", text).replace("<script src=", "<script defer src=")
    return instead(SCRIPT, SCRIPTS, instead(STYLE, SHEET, text), but=SEARCH)


def plain_words(style):
    """Return a pattern of the words of code that a style sheet gives the colour of plain text, in light and in dark."""
    plain = []
    for theme in ("light", "dark"):
        (own,) = re.findall(rf'"{theme}"\] \.highlight {{[^}}]*[ ;]color: (\S+)', style)
        plain.append(set(re.findall(rf'"{theme}"\] \.highlight \.(\w+) {{ color: {own} }}', style)))
    return re.compile(rf'<span class="(?:{"|".join(sorted(set.intersection(*plain)))})">([^<]*)</span>')


def lean_code(code, plain):
    code = plain.sub(r"\1", code)
    lines = html.unescape(re.sub("<[^>]*>", "", code)).splitlines()
    size = f"--lines: {len(lines)}; --columns: {max(map(len, lines), default=0)}"
    aligned = " aligned" if sum(bool(GAP.search(line)) for line in lines) > 1 else ""
    return f'<pre><span class="code{aligned}" style="{size}">{code}</span></pre>'


def linked(pattern, whole, but):
    """Return the files below `_static` that the pages load, in their order."""
    return [name for name in dict.fromkeys(name for _, name in pattern.findall(whole)) if name not in but]


def code(site, scripts):
    """Return the text of scripts as that of one, without the addresses of their sources."""
    texts = {script: (site / "_static" / script).read_text(encoding="utf-8") for script in scripts}
    theme = "scripts/pydata-sphinx-theme.js"
    if theme in texts:
        before, after = texts[theme].split(FORCES_LAYOUT)
        texts[theme] = before + after
    text = "".join(f"{text}\n;\n" for text in texts.values())
    return re.sub(r"^//# sourceMappingURL=.*\n", "", text, flags=re.MULTILINE)


def words_of(whole, script):
    """Return the classes and ids that occur in pages, and whatever their scripts may make one of."""
    values = set(re.findall(r'\b(?:class|id)="([^"]*)"', whole))
    return {word for value in values for word in value.split()} | set(re.findall(r"[\w-]+", script))


def formulas_of(whole):
    """Return the characters in what KaTeX draws, which is spans in spans, for each set of classes around them."""
    characters = {}
    for formula in re.finditer('<span class="katex-html"', whole):
        classes = []
        for token in TOKEN.finditer(whole, formula.start()):
            if token[0].startswith("<span"):
                classes.append((classes[-1] if classes else frozenset()) | set((token[1] or "").split()))
            elif token[0] == "</span>":
                classes.pop()
                if not classes:
                    break
            else:
                characters.setdefault(classes[-1], set()).update(html.unescape(token[0]))
    return characters


def instead(pattern, new, text, but=()):
    """Put one element in the place of the first that matches, and nothing in that of the others."""
    news = iter([new])
    return pattern.sub(lambda old: old[0] if old[2] in but else next(news, "").format(old[1]), text)


def with_sizes(text, page):
    """Give images their size; let all but the first of the page load when they are near."""
    first = True

    def complete(image):
        nonlocal first
        attributes, source = image.groups()
        if "loading=" in attributes:
            return image[0]
        file = page.parent / source
        if file.suffix == ".svg" and file.is_file() and "width=" not in attributes:
            attributes += ' width="{}" height="{}"'.format(*size(file))
        if "_images/" in source and first:
            first = False
        else:
            attributes += ' loading="lazy"'
        return f"<img{attributes} />"

    return IMAGE.sub(complete, text)


@functools.cache
def size(svg):
    """Return the width and height of a drawing, in pixels of CSS."""
    (attributes,) = re.findall(r"<svg\b([^>]*)>", svg.read_text(encoding="utf-8"))
    sides = re.findall(r'\s(?:width|height)="([\d.]+)(pt|px|)"', attributes)
    if len(sides) < 2:
        (box,) = re.findall(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', attributes)
        sides = [(side, "px") for side in box]
    return [round(float(number) * (4 / 3 if unit == "pt" else 1)) for number, unit in sides]


def setup(app):
    app.connect("config-inited", settle)
    app.connect("config-inited", drop_thebe)
    app.connect("build-finished", lean, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
