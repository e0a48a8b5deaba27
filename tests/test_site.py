"""Every page of the built book in headless Chromium: it renders all its maths, fits a phone and complains of nothing.

A check is a function that takes what the browser saw on a page and returns a list of problems. Each is run on each page
of `_build/html`, and shown to fail on a small page made wrong on purpose. Without a browser or a built book the tests
are skipped; under continuous integration (where `CI` is set) they fail instead.
"""

import functools
import gzip
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from book import report, toc_files
from browser import DESKTOP, PHONE, SITE, WAIT, WAIT_FOR_FIGURES, do_without, find_browser

# What moves without a reader's doing, from the first moment on
WATCH = """
window.shifts = [];
new PerformanceObserver(list => list.getEntries().filter(entry => !entry.hadRecentInput).forEach(entry =>
    shifts.push({value: entry.value, moved: entry.sources.map(source => source.node?.textContent?.trim().slice(0, 40))})
)).observe({type: "layout-shift", buffered: true});
"""

SCROLL = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (let y = 0; y < document.scrollingElement.scrollHeight; y += innerHeight) {
        scrollTo({top: y, behavior: "instant"});
        await frame();
    }
    scrollTo({top: 0, behavior: "instant"});
    await frame();
    await frame();
    return shifts;
}"""

# Tables that a reader sees while the rest of the page is on its way: do their columns wait for the rows to come?
COLUMNS = """() => {
    const lefts = table => [...table.rows[0].cells].map(cell => cell.getBoundingClientRect().left).join();
    const seen = table => table.getBoundingClientRect().top < innerHeight;
    return [...document.querySelectorAll("table")].filter(seen).filter(table => {
        const later = [...table.rows].slice(2), complete = lefts(table);
        later.forEach(row => { row.hidden = true; });
        const begun = lefts(table);
        later.forEach(row => { row.hidden = false; });
        return begun !== complete;
    }).map(table => table.rows[0].textContent.trim());
}"""

# What is laid out when it is near the screen: does it then have the height that it said before?
LATER = """async () => {
    await document.fonts.ready;
    const closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach(details => { details.open = true; });
    const waits = element => getComputedStyle(element).contentVisibility === "auto";
    const later = [...document.querySelectorAll("body *")].filter(waits);
    const heights = visibility => {
        later.forEach(element => element.style.setProperty("content-visibility", visibility, "important"));
        return later.map(element => element.getBoundingClientRect().height);
    };
    const [said, real] = [heights("hidden"), heights("visible")];
    heights("auto");
    closed.forEach(details => { details.open = false; });
    return later.map((e, i) => [said[i], real[i], e.textContent.slice(0, 40)]).filter(([s, r]) => Math.abs(s - r) > 1);
}"""

# Formulas that would move while they arrive, because a part of one is shown before its last element is there
PARTS = """() => [...document.querySelectorAll("div.math")].filter(box => {
    const seen = () => getComputedStyle(box.firstElementChild).visibility === "visible";
    const whole = seen(), last = box.lastElementChild;
    last.remove();
    const begun = box.firstElementChild && seen();
    box.append(last);
    return begun || !whole;
}).map(box => box.textContent.slice(0, 40))"""

# Formulas that are too wide: do they scroll from beginning to end, within reach of the keyboard? Is one cut off?
WIDE = """() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const scrolls = box => ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
    const clips = box => ["hidden", "clip"].includes(getComputedStyle(box).overflowX);
    const name = formula => (formula.querySelector("annotation") ?? formula).textContent;
    const right = box => box.getBoundingClientRect().right;
    const cut_off = formula => {
        const drawn = formula.querySelector(".katex-html");
        if (!drawn) return false;
        for (let box = formula; box !== document.body; box = box.parentElement) {
            if (scrolls(box)) return drawn.getBoundingClientRect().left < box.getBoundingClientRect().left - 1;
            if (clips(box) && right(drawn) > right(box) + 1) return true;
        }
        return false;
    };
    return {
        stuck: all("div.math").filter(box => box.scrollWidth > box.clientWidth + 1 && !scrolls(box)).map(name),
        out_of_reach: all("div.math").filter(b => b.scrollWidth > b.clientWidth && b.tabIndex !== 0).map(name),
        cut_off: all(".math").filter(cut_off).map(name),
    };
}"""

LOOK = """() => {
    const outside = "script, style, noscript, template, code, pre, textarea, .math, .katex, .sig";
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest(outside)) texts.push(walker.currentNode.data);
    const all = selector => [...document.querySelectorAll(selector)];
    return {
        text: texts.join("\\n"),
        maths_errors: all(".katex-error, merror").map(e => e.textContent),
        unset_maths: all(".math").filter(e => !e.querySelector(".katex-html") || !e.querySelector("math"))
            .map(e => e.textContent),
        links: all("article a[href]").map(a => a.getAttribute("href")),
    };
}"""

IMAGES = """() => [...document.images].map(
    image => ({source: image.getAttribute("src"), alt: image.alt, width: image.naturalWidth})
)"""

OVERFLOW = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


# --- Looking at a page ------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What the browser saw on a page."""

    text: str = ""  # outside of code and formulas
    maths_errors: list[str] = field(default_factory=list)
    unset_maths: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images: list[dict] = field(default_factory=list)
    overflow: int = 0  # pixels by which a phone would have to scroll sideways
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    shifts: list[dict] = field(default_factory=list)  # on a phone and on a desktop, the page scrolled through
    unsteady: list[str] = field(default_factory=list)  # tables whose columns depend on later rows, on either
    in_parts: list[str] = field(default_factory=list)  # formulas of which a part is shown, or which are never shown
    grown: list[list] = field(default_factory=list)  # what is not as high as it said: the heights, and its text
    stuck: list[str] = field(default_factory=list)  # formulas too wide for a phone that do not scroll,
    out_of_reach: list[str] = field(default_factory=list)  # that the keyboard cannot reach,
    cut_off: list[str] = field(default_factory=list)  # or of which a part cannot be seen
    weights: dict[str, int] = field(default_factory=dict)  # the compressed bytes of all that the page asks for


def listen(page: Page, origin: str, seen: Seen) -> None:
    """Note what goes wrong while a page loads, and what it asks of other servers."""

    def asked(request):
        if not request.url.startswith((f"{origin}/", "data:", "blob:")):
            seen.foreign.append(request.url)

    def answered(response):
        if response.status >= 400:
            seen.complaints.append(f"{response.status}: {response.url}")

    page.on("request", asked)
    page.on("response", answered)
    page.on("requestfailed", lambda request: seen.complaints.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: seen.complaints.append(f"uncaught: {error}"))
    page.on("console", lambda message: message.type == "error" and seen.complaints.append(f"console: {message.text}"))


def look(browser: Browser, origin: str, path: str) -> Seen:
    """Open a page on a phone and on a desktop, scroll through it, and return what the browser saw."""
    seen = Seen()
    for viewport in (PHONE, DESKTOP):
        page = browser.new_page(viewport=viewport)
        try:
            responses = {}
            listen(page, origin, seen)
            page.on("response", lambda response, responses=responses: responses.setdefault(response.url, response))
            page.add_init_script(WATCH)
            page.goto(f"{origin}/{path}", wait_until="load")
            seen.shifts += page.evaluate(SCROLL)
            seen.unsteady += page.evaluate(COLUMNS)
            if viewport is PHONE:
                seen.grown = page.evaluate(LATER)
                seen.in_parts = page.evaluate(PARTS)
            page.evaluate(WAIT)
            if viewport is PHONE:
                page.evaluate(WAIT_FOR_FIGURES)
                seen.images = page.evaluate(IMAGES)
                seen.overflow = page.evaluate(OVERFLOW)
                found = page.evaluate(WIDE)
                for url, response in responses.items():
                    if response.ok:
                        seen.weights[url.removeprefix(f"{origin}/")] = len(gzip.compress(response.body(), 6))
            else:
                found = page.evaluate(LOOK)
            for name, value in found.items():
                setattr(seen, name, value)
        finally:
            page.close()
    return seen


# --- The checks -------------------------------------------------------------------------------------------------------

RAW = {
    r"\$": "a raw $",
    r"\\[([]|\\(?:begin|end|frac|tag|text|mathbb)\b": "raw LaTeX",
    r"\*\*": "raw emphasis",
    r"`": "a raw backtick",
    r"\]\([\w./#]": "a raw link",
    r"\{[a-z][\w:-]*\}": "a raw role or directive",
    r":::": "a raw directive",
    r"</?(?:a|b|br|details|div|em|p|span|summary)\b": "raw HTML",
}


LARGEST_SHIFT = 0.01  # browsers call up to 0.1 good
HEAVIEST = 400_000  # compressed bytes
MOST_FILES = 9  # besides figures: the page, a style sheet, two scripts, the icon, two logos; the search has three more


def maths_problems(seen: Seen) -> list[str]:
    """All maths is rendered, without an error."""
    wrong = [f"an error in a formula: {error}" for error in seen.maths_errors]
    return wrong + [f"a formula is not rendered: {formula}" for formula in seen.unset_maths]


def markup_problems(seen: Seen) -> list[str]:
    """No markup stands raw among the words."""
    return [
        f"{what}: {seen.text[max(0, match.start() - 30) : match.end() + 30]!r}"
        for pattern, what in RAW.items()
        for match in re.finditer(pattern, seen.text)
    ]


def width_problems(seen: Seen) -> list[str]:
    """A phone need not scroll sideways."""
    return [f"{seen.overflow} pixels too wide for a phone"] if seen.overflow > 0 else []


def formula_problems(seen: Seen) -> list[str]:
    """A formula too wide for a phone scrolls in its own box, by key too, and can all be seen."""
    wrong = [f"a wide formula does not scroll: {formula}" for formula in seen.stuck]
    wrong += [f"a wide formula is out of reach of the keyboard: {formula}" for formula in seen.out_of_reach]
    return wrong + [f"a formula is cut off: {formula}" for formula in seen.cut_off]


def shift_problems(seen: Seen) -> list[str]:
    """Nothing moves by itself, neither while the page loads nor while it is scrolled through."""
    problems = [f"said to be {said} pixels high, is {real}: {text}" for said, real, text in seen.grown]
    problems += [f"the columns of a table change while it loads: {text}" for text in seen.unsteady]
    problems += [f"a formula is shown in parts, or not at all: {text}" for text in seen.in_parts]
    total = sum(shift["value"] for shift in seen.shifts)
    if total > LARGEST_SHIFT:
        problems.append(f"moves by {total:.3f}: {[shift['moved'] for shift in seen.shifts]}")
    return problems


def weight_problems(seen: Seen) -> list[str]:
    """A page with all its pictures is light, and asks for little besides them."""
    total, others = sum(seen.weights.values()), [url for url in seen.weights if not url.startswith("_images/")]
    problems = []
    if total > HEAVIEST:
        problems.append(f"weighs {total} bytes: {seen.weights}")
    if len(others) > MOST_FILES:
        problems.append(f"asks for {len(others)} files besides pictures: {others}")
    return problems


def complaint_problems(seen: Seen) -> list[str]:
    """Nothing is missing and no script fails."""
    return seen.complaints


def foreign_problems(seen: Seen) -> list[str]:
    """Nothing is asked of another server."""
    return [f"leaves the site: {url}" for url in seen.foreign]


def image_problems(seen: Seen) -> list[str]:
    """Every image is there, and has words for those who do not see it."""
    problems = []
    for image in seen.images:
        name = Path(image["source"] or "").name
        if not image["width"]:
            problems.append(f"an image does not load: {image['source']}")
        if not image["alt"].strip() or name in image["alt"]:  # Sphinx puts the file's name where no words are
            problems.append(f"an image without alternative text: {image['source']}")
    return problems


def link_problems(seen: Seen) -> list[str]:
    """No link within the book was left as it stands in the source, where it names a notebook and not a page."""
    own = [link for link in seen.links if not re.match(r"[a-z]+:", link)]
    return [f"leads to a source, not to a page: {link}" for link in own if re.search(r"\.(ipynb|md)(#|$)", link)]


CHECKS = [
    maths_problems,
    markup_problems,
    width_problems,
    formula_problems,
    shift_problems,
    weight_problems,
    complaint_problems,
    foreign_problems,
    link_problems,
    image_problems,
]


# --- The book as it is ------------------------------------------------------------------------------------------------

PAGES = [str(Path(file).with_suffix(".html")) for file in toc_files()] + ["genindex.html", "search.html"]


@pytest.fixture(scope="module")
def see(browser, serve) -> Callable[[str], Seen]:
    """Return a function that looks at a page of the built book, once."""
    if not (SITE / "index.html").is_file():
        do_without("the book is not built: run `make book`")
    return functools.cache(functools.partial(look, browser, serve(SITE)))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("path", PAGES)
def test_page(path, check, see):
    report(check(see(path)))


# Load the page again, and stop in the middle of its first formula, as on a slow connection.
ARRIVE = """async () => {
    const page = document.documentElement.outerHTML;
    const middle = page.indexOf("</span>", page.indexOf('class="katex-html"', page.indexOf("katex-display")));
    const seen = () => getComputedStyle(document.querySelector(".katex-display")).visibility;
    document.open();
    document.write(page.slice(0, middle));
    const style = document.querySelector("link[rel=stylesheet]");
    if (!style.sheet) await new Promise(done => { style.onload = done; });
    const begun = seen();
    document.write(page.slice(middle));
    document.close();
    return [begun, seen()];
}"""


def test_formula_is_shown_when_it_has_arrived(browser, site):
    page = browser.new_page(viewport=PHONE)
    try:
        page.goto(f"{site}/reference/embeddings.html")
        assert page.evaluate(ARRIVE) == ["hidden", "visible"]
    finally:
        page.close()


# --- The checks themselves --------------------------------------------------------------------------------------------

PIXEL = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
PAGE = """<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>
<body>%s</body>
</html>
"""
GOOD = """
<p>Words, a <code>`$x$` **code** {cite}</code>, and
<span class="math"><math><mi>x</mi></math><span class="katex-html">x</span></span>.</p>
<img src="pixel.svg" alt="An empty square">
<article><a href="huber.html#in-code">Huber</a>, <a href="https://example.org/x.ipynb">elsewhere</a></article>
<div style="overflow-x: auto"><div style="width: 900px">wide</div></div>
<table style="table-layout: fixed; width: 300px"><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>
<tr><td>a longer one, of which the width is given</td><td>3</td></tr></table>
<style>.formula:not(:has(+ *)) { visibility: hidden }</style>
<div class="math" style="overflow-x: auto" tabindex="0">
<div class="formula"><math><mi>x</mi></math><div class="katex-html" style="width: 900px">x</div></div><b></b>
</div>
"""
RANDOM = "".join(random.Random(0).choices("0123456789abcdef", k=900_000))

PLANTED = [
    (maths_problems, "an error in a formula", '<span class="katex-error">x</span>'),
    (maths_problems, "not rendered", r'<span class="math">\(x\)</span>'),
    (
        maths_problems,
        "not rendered",
        '<span class="math"><span class="katex-html">not for a screen reader</span></span>',
    ),
    (formula_problems, "does not scroll", '<div class="math"><div style="width: 500px">x</div></div>'),
    (
        formula_problems,
        "out of reach",
        '<div class="math" style="overflow-x: auto"><div style="width: 500px">x</div></div>',
    ),
    (
        formula_problems,
        "is cut off",
        '<p style="overflow: hidden; width: 99px"><span class="math"><b class="katex-html">\
<b style="display: inline-block; width: 150px">x</b></b></span></p>',
    ),
    (
        shift_problems,
        "moves by",
        '<div></div><p style="height: 3000px">Words</p><style>html { overflow-anchor: none }</style>'
        "<script>onscroll = () => { document.querySelector('div').style.height = '300px' }</script>",
    ),
    (
        shift_problems,
        "columns of a table change",
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>"
        "<tr><td>a longer one</td><td>3</td></tr></table>",
    ),
    (shift_problems, "in parts", '<div class="math"><b>x</b><b></b></div>'),
    (shift_problems, "or not at all", '<div class="math"><b style="visibility: hidden">x</b><b></b></div>'),
    (shift_problems, "is 30", '<p style="content-visibility: auto; height: auto; line-height: 30px">Words</p>'),
    (weight_problems, "weighs", f"<!-- {RANDOM} -->"),
    (weight_problems, "besides pictures", "".join(f'<img src="pixel.svg?{i}">' for i in range(9))),
    (markup_problems, "a raw $", "<p>It is $x$.</p>"),
    (markup_problems, "raw LaTeX", r"<p>It is \(x\).</p>"),
    (markup_problems, "raw LaTeX", r"<p>\begin{align}</p>"),
    (markup_problems, "raw emphasis", "<p>It is **so**.</p>"),
    (markup_problems, "a raw backtick", "<p>It is `x`.</p>"),
    (markup_problems, "a raw link", "<p>See [this](#that).</p>"),
    (markup_problems, "a raw role", "<p>{cite}</p>"),
    (markup_problems, "a raw directive", "<p>::: note</p>"),
    (markup_problems, "raw HTML", "<p>&lt;details&gt;</p>"),
    (markup_problems, "a raw $", "<details><summary>Closed</summary>It is $x$.</details>"),
    (width_problems, "too wide", '<div style="width: 391px">wide</div>'),
    (complaint_problems, "console", "<script>console.error('no')</script>"),
    (complaint_problems, "uncaught", "<script>throw new Error('no')</script>"),
    (complaint_problems, "404", '<script src="missing.js"></script>'),
    (complaint_problems, "failed", '<script src="http://127.0.0.1:1/x.js"></script>'),
    (foreign_problems, "https://example.org/x.css", '<link rel="stylesheet" href="https://example.org/x.css">'),
    (foreign_problems, "https://example.org/x", "<script>fetch('https://example.org/x').catch(() => {})</script>"),
    (link_problems, "leads to a source", '<article><a href="../huber.ipynb#in-code">Huber</a></article>'),
    (link_problems, "leads to a source", '<article><a href="notation.md">Notation</a></article>'),
    (image_problems, "does not load", '<img src="missing.svg" alt="A curve">'),
    (image_problems, "does not load", '<img src="missing.svg" alt="Below" loading="lazy" style="margin-top: 9999px">'),
    (image_problems, "without alternative text", '<img src="pixel.svg">'),
    (image_problems, "without alternative text", '<img src="pixel.svg" alt="../pixel.svg">'),
]


@pytest.fixture
def see_page(browser, serve, tmp_path) -> Callable[[str], Seen]:
    """Return a function that shows the browser a page with this body."""

    def see_page(body):
        (tmp_path / "pixel.svg").write_text(PIXEL)
        (tmp_path / "page.html").write_text(PAGE % body)
        return look(browser, serve(tmp_path), "page.html")

    return see_page


def test_good_page_passes(see_page):
    seen = see_page(GOOD)
    report([problem for check in CHECKS for problem in check(seen)])


@pytest.mark.parametrize(("check", "message", "body"), PLANTED)
def test_planted_fault_is_found(check, message, body, see_page):
    assert message in "\n".join(check(see_page(body)))


def test_every_check_has_a_planted_fault():
    assert {check for check, *_ in PLANTED} == set(CHECKS)


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_browser_skips_but_fails_under_ci(ci, outcome, monkeypatch):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("CHROMIUM", "")
    monkeypatch.setenv("PATH", "")
    assert find_browser() is None
    with pytest.raises(outcome, match="no Chromium"):
        do_without("no Chromium")
