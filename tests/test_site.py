"""Every page of the built book in headless Chromium: it renders all its maths, fits a phone and complains of nothing.

A check is a function that takes what the browser saw on a page and returns a list of problems. Each is run on each page
of `_build/html`, and shown to fail on a small page made wrong on purpose. Without a browser or a built book the tests
are skipped; under continuous integration (where `CI` is set) they fail instead.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from book import report, toc_files
from browser import DESKTOP, PHONE, SITE, WAIT, do_without, find_browser

LOOK = """() => {
    const outside = "script, style, noscript, template, code, pre, textarea, .math, mjx-container, .katex, .sig";
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest(outside)) texts.push(walker.currentNode.data);
    const all = selector => [...document.querySelectorAll(selector)];
    return {
        text: texts.join("\\n"),
        maths_errors: all("mjx-merror, [data-mml-node=merror], .MathJax_Error, .katex-error").map(e => e.textContent),
        unset_maths: all(".math").filter(e => !e.querySelector("mjx-container, .katex")).map(e => e.textContent),
        links: all("article a[href]").map(a => a.getAttribute("href")),
        images: all("img").map(i => ({source: i.getAttribute("src"), alt: i.alt, width: i.naturalWidth})),
    };
}"""

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
    """Open a page, wait until it is all there, and return what the browser saw."""
    page = browser.new_page(viewport=DESKTOP)
    try:
        seen = Seen()
        listen(page, origin, seen)
        page.goto(f"{origin}/{path}", wait_until="load")
        page.evaluate(WAIT)
        for name, value in page.evaluate(LOOK).items():
            setattr(seen, name, value)
        page.set_viewport_size(PHONE)
        seen.overflow = page.evaluate(OVERFLOW)
        return seen
    finally:
        page.close()


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


# --- The checks themselves --------------------------------------------------------------------------------------------

PIXEL = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
PAGE = """<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>
<body>%s</body>
</html>
"""
GOOD = """
<p>Words, a <code>`$x$` **code** {cite}</code>, and <span class="math"><mjx-container>x</mjx-container></span>.</p>
<img src="pixel.svg" alt="An empty square">
<article><a href="huber.html#in-code">Huber</a>, <a href="https://example.org/x.ipynb">elsewhere</a></article>
<div style="overflow-x: auto"><div style="width: 900px">wide</div></div>
"""

PLANTED = [
    (maths_problems, "an error in a formula", "<mjx-container><mjx-merror>Undefined</mjx-merror></mjx-container>"),
    (maths_problems, "an error in a formula", '<span class="katex-error">x</span>'),
    (maths_problems, "not rendered", r'<span class="math">\(x\)</span>'),
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


def test_maths_is_awaited(see_page):
    slow = """<span class="math">x</span><script>
        const render = () => { document.querySelector(".math").innerHTML = "<mjx-container>x</mjx-container>" };
        MathJax = {startup: {promise: new Promise(done => setTimeout(() => { render(); done() }, 300))}};
    </script>"""
    report(maths_problems(see_page(slow)))


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_browser_skips_but_fails_under_ci(ci, outcome, monkeypatch):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("CHROMIUM", "")
    monkeypatch.setenv("PATH", "")
    assert find_browser() is None
    with pytest.raises(outcome, match="no Chromium"):
        do_without("no Chromium")
