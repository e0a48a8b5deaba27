"""What makes the built book comfortable to read: finding, copying, opening, printing and sharing.

As in `test_site.py` a check takes what the browser saw and returns a list of problems. Each is run on each page, and
shown to fail on a small page made wrong on purpose.
"""

import functools
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page

from _ext.public_address import pages_address
from book import ROOT, anchors, chapters, pages, parse, plain, report, title, toc_files
from browser import ADDRESS, DESKTOP, PHONE, SITE, WAIT, WAIT_FOR_FIGURES
from test_site import CHECKS, PAGE, complaint_problems, look
from tools.anchors import addresses, listed

CHAPTERS = {str(Path(chapter.page).with_suffix(".html")): chapter for chapter in chapters().values()}
PATHS = {str(Path(file).with_suffix(".html")): file for file in toc_files()}

A4 = {"width": 673, "height": 970}  # what the margins leave of it, in CSS pixels
SHARED = {"width": 1200, "height": 630}  # the least that large previews want

LOOK = r"""() => {
    const all = (selector, root = document) => [...root.querySelectorAll(selector)];
    const words = element => element ? element.textContent.trim().replace(/\s+/g, " ") : "";
    const copies = [];
    document.addEventListener("copy", event => copies.push(event.target.value));
    all(".copybtn").forEach(button => button.click());
    return {
        title: document.title,
        meta: Object.fromEntries(all("meta[content]").map(m => [m.getAttribute("property") || m.name, m.content])),
        canonical: document.querySelector("link[rel=canonical]")?.href ?? "",
        headings: all("article :is(h2, h3)").map(h => h.closest("section")?.id ?? ""),
        ids: all("[id]").map(e => e.id),
        contents: all(".bd-sidebar-secondary .page-toc a").map(a => decodeURIComponent(a.hash.slice(1))),
        neighbours: all(".prev-next-area a").map(a => words(a.querySelector(".prev-next-title"))),
        reading: all("article p").map(words).filter(text => text.startsWith("Read first:")),
        copies,
        copied_outputs: all(".output .copybtn").length,
        open: all("article details[open]").length,
        solutions: all(".tag_hide-cell > details > summary").map(s => s.innerText.trim()),
    };
}"""

PRINTED = r"""() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const shown = element => element.getClientRects().length > 0;
    const light = element => {  // less than 4.5 to 1 on white
        const [red, green, blue] = getComputedStyle(element).color.match(/[\d.]+/g).slice(0, 3).map(
            channel => ((channel / 255 + 0.055) / 1.055) ** 2.4
        );
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 1.05 / 4.5 - 0.05;
    };
    const scrolls = element => element.matches("pre, table") && element.scrollWidth > element.clientWidth + 1;
    const screen = ".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, .bd-footer, .prev-next-area"
        + ", .copybtn, .headerlink, #pst-back-to-top, .btn";
    return {
        furniture: all(screen).filter(shown).map(e => e.className),
        cut: all("article :is(pre, img, table, .math, .katex-html > .base)").filter(shown).filter(
            e => e.getBoundingClientRect().right > innerWidth + 1 || scrolls(e)
        ).map(e => e.textContent.trim().slice(0, 60) || e.alt),
        pale: all("article :is(p, li, pre, pre span)").filter(shown).filter(light).length,
        closed: all("article details:not([open])").filter(shown).length,
    };
}"""


# --- Looking at a page ------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What the browser saw on a page, on the screen and as it would be printed."""

    title: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    canonical: str = ""
    headings: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    neighbours: list[str] = field(default_factory=list)
    reading: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    copied_outputs: int = 0
    open: int = 0
    solutions: list[str] = field(default_factory=list)
    furniture: list[str] = field(default_factory=list)  # what is of no use on paper
    cut: list[str] = field(default_factory=list)
    pale: int = 0
    closed: int = 0


def examine(page: Page, address: str) -> Seen:
    """Return what the browser saw at an address, on a desktop and as it would be printed."""
    page.set_viewport_size(DESKTOP)
    page.emulate_media(media="screen")
    page.goto(address, wait_until="load")
    page.evaluate(WAIT)
    seen = page.evaluate(LOOK)
    page.set_viewport_size(A4)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    return Seen(**seen, **page.evaluate(PRINTED))


@pytest.fixture(scope="module")
def tab(browser) -> Iterator[Page]:
    """One tab for all addresses; dark, because that is what must not be printed."""
    context = browser.new_context(color_scheme="dark", permissions=["clipboard-write"])
    yield context.new_page()
    context.close()


# --- The checks -------------------------------------------------------------------------------------------------------


def page_title(path: str) -> str:
    """Return the title of a page, as its source has it."""
    tokens = pages()[PATHS[path]]
    return next(plain(tokens[i + 1]) for i, token in enumerate(tokens) if token.type == "heading_open")


def head_problems(path: str, seen: Seen) -> list[str]:
    """The window says page and book; a chapter says what to read first and how long it takes."""
    name, problems = page_title(path), []
    if seen.title != (f"{name} — lossbook" if path != "index.html" else "lossbook"):
        problems.append(f"the window's title is {seen.title!r}")
    time = re.compile(r" · Time: about \d+ minutes(?: for all of it, one for what you look up)?$")
    if path in CHAPTERS and not any(map(time.search, seen.reading)):
        problems.append(f"nothing on what to read first and how long it takes: {seen.reading}")
    return problems


def neighbour_problems(path: str, seen: Seen) -> list[str]:
    """The pages before and after are linked by their titles."""
    order = list(PATHS)
    at = order.index(path)
    expected = [page_title(other) for other in order[max(at - 1, 0) : at] + order[at + 1 : at + 2]]
    return [] if seen.neighbours == expected else [f"the neighbours are {seen.neighbours}, not {expected}"]


def contents_problems(path: str, seen: Seen) -> list[str]:
    """The page's list of contents leads to all of its headings, in their order."""
    return [] if seen.contents == seen.headings else [f"contents {seen.contents}, but headings {seen.headings}"]


def anchor_problems(path: str, seen: Seen) -> list[str]:
    """Every heading has the anchor by which links name it, and every address that was ever listed still leads there."""
    source = anchors(pages()[PATHS[path]])
    problems = [f"#{anchor} is no anchor here" for anchor in sorted(source - set(seen.ids))]
    problems += [f"#{anchor}: no link can name this heading" for anchor in seen.headings if anchor not in source]
    known = [address for address in listed() if address.startswith(f"{path}#")]
    gone = [address for address in known if address.partition("#")[2] not in seen.ids]
    return problems + [f"{address} is gone, and links to it break: see _ext/heading_anchors.py" for address in gone]


def copy_problems(path: str, seen: Seen) -> list[str]:
    """What a button copies is code, all of a cell and nothing else; outputs have no button."""
    problems = ["an output has a button to copy it"] * bool(seen.copied_outputs)
    problems += [f"a prompt is copied: {text!r}" for text in seen.copies if re.search(r"^(>>>|\.\.\.) ", text, re.M)]
    if path in CHAPTERS:
        chapter = CHAPTERS[path]
        code = [cell.source for cell in chapter.code] + [t.content for t in chapter.tokens if t.type == "fence"]
        missing = Counter(map(str.strip, code)) - Counter(map(str.strip, seen.copies))
        problems += [f"no button copies {text[:60]!r}" for text in missing]
        problems += [f"{len(seen.copies)} buttons for {len(code)} pieces of code"] * (len(seen.copies) != len(code))
    return problems


def solution_problems(path: str, seen: Seen) -> list[str]:
    """Solutions and hints are closed when the page opens, and a solution says that it is one."""
    problems = [f"{seen.open} closed things are open"] * bool(seen.open)
    return problems + [f"a solution is called {name!r}" for name in seen.solutions if name != "Solution"]


def print_problems(path: str, seen: Seen) -> list[str]:
    """On paper everything is there, dark on white and whole, and nothing that is only of use on a screen."""
    problems = [f"is printed: {name}" for name in seen.furniture]
    problems += [f"is cut off: {text!r}" for text in seen.cut]
    problems += [f"{seen.pale} pieces of text are too pale"] * bool(seen.pale)
    return problems + [f"{seen.closed} things stay closed"] * bool(seen.closed)


def share_problems(path: str, seen: Seen) -> list[str]:
    """A shared link shows title, words and picture, and addresses are the public ones."""
    meta, address, problems = seen.meta, ADDRESS + path, []
    expected = {
        "og:title": page_title(path),
        "og:site_name": "lossbook",
        "og:url": address,
        "twitter:card": "summary_large_image",
        "og:description": meta.get("description"),
    }
    wrong = {key: value for key, value in expected.items() if not value or meta.get(key) != value}
    problems += [f"{key} is {meta.get(key)!r}, not {value!r}" for key, value in wrong.items()]
    problems += [f"the canonical address is {seen.canonical!r}"] * (seen.canonical != address)
    words = meta.get("description") or ""
    if not 50 <= len(words) <= 300 or re.search(r"[$\\`*]|\]\(", words):
        problems.append(f"a description must have 50 to 300 characters and no markup: {words!r}")
    if not meta.get("og:image:alt"):
        problems.append("the picture has no words")
    return problems + picture_problems(meta.get("og:image", ""))


def picture_problems(address: str) -> list[str]:
    """The picture is a PNG of the site, large enough and not too heavy."""
    file = SITE / address.removeprefix(ADDRESS)
    if not address.startswith(ADDRESS) or not file.is_file():
        return [f"no picture of the site: {address!r}"]
    data = file.read_bytes()
    signature, width, height = struct.unpack(">8s8x2I", data[:24])
    if signature != b"\x89PNG\r\n\x1a\n" or width < SHARED["width"] or height < SHARED["height"]:
        return [f"no PNG of {SHARED}: {address!r}"]
    return [f"{len(data)} bytes: {address}"] * (len(data) > 300_000)


EVERY_PAGE = [
    head_problems,
    neighbour_problems,
    contents_problems,
    anchor_problems,
    copy_problems,
    solution_problems,
    print_problems,
    share_problems,
]


# --- The book as it is ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def see(tab, site) -> Callable[[str], Seen]:
    """Return a function that looks at a page of the built book, once."""
    return functools.cache(lambda path: examine(tab, f"{site}/{path}"))


@pytest.mark.parametrize("check", EVERY_PAGE)
@pytest.mark.parametrize("path", PATHS)
def test_page(path, check, see):
    report(check(path, see(path)))


def test_every_description_is_another(see):
    words = Counter(see(path).meta.get("description") for path in PATHS)
    report([f"{count} pages say {text!r}" for text, count in words.items() if count > 1])


def test_every_address_is_listed():
    new = sorted(set(addresses()) - set(listed()))
    report([f"{address} is not listed: run `make anchors`, so that it stays" for address in new])


def test_no_page_is_gone():
    report([f"{address} is gone" for address in listed() if "#" not in address and address not in PATHS])


# --- Search -----------------------------------------------------------------------------------------------------------

# What people call the losses, and where they are.
ALSO_CALLED = {
    "regression/squared_error": "L2, L2 loss, MSE, MSE loss, RMSE, mean squared error, quadratic loss, MSELoss",
    "regression/absolute_error": "L1, MAE, L1 loss, MAE loss, mean absolute error, least absolute deviations, L1Loss",
    "regression/bias_error": "MBE, mean error, mean bias error",
    "regression/huber": "smooth L1, smooth L1 loss, SmoothL1Loss, Huber",
    "regression/quantile": "pinball, pinball loss, check loss, quantile regression, tilted",
    "regression/distributional": "log-cosh, log-cosh loss, Poisson loss, Gaussian NLL, Poisson regression",
    "activations/softmax": "softmax, softargmax",
    "activations/sigmoid": "logistic function, expit, logit",
    "classification/negative_log_likelihood": "NLL, NLL loss, NLLLoss, log loss",
    "classification/cross_entropy": "softmax loss, categorical cross-entropy, CrossEntropyLoss, log loss",
    "classification/binary_cross_entropy": "log loss, logistic loss, BCE, BCE loss, BCEWithLogitsLoss",
    "classification/hinge": "SVM, SVM loss, max-margin, margin loss",
    "classification/focal": "RetinaNet, focal",
    "classification/divergences": "KL divergence, relative entropy, Kullback-Leibler, Jensen-Shannon, KLDivLoss",
    "detection/box_iou": "IoU, IoU loss, GIoU, DIoU, CIoU, Jaccard, intersection over union",
    "detection/mask_overlap": "Dice, Dice loss, F1 loss, Jaccard, Jaccard loss, soft IoU",
    "embeddings/contrastive": "contrastive loss, CosineEmbeddingLoss",
    "embeddings/triplet": "FaceNet, triplet margin loss, TripletMarginLoss",
    "embeddings/info_nce": "NT-Xent, NT-Xent loss, SimCLR, CLIP",
    "generative/gan": "minimax, minimax loss, adversarial loss, non-saturating",
    "generative/gan_variants": "WGAN, WGAN-GP, LSGAN, Wasserstein, hinge GAN",
}

RANK = """name => Search._performSearch(...Search._parseQuery(name)).reverse().slice(0, 3).map(result => result[0])"""


def bold(chapter) -> list[str]:
    """Return what the summary card says in bold before its table, but for its headwords."""
    names = []
    for inline in parse(chapter.notebook.cells[0].source.partition("\n|")[0]):
        inside = False
        for child in inline.children or []:
            inside = (inside or child.type == "strong_open") and child.type != "strong_close"
            if child.type == "strong_open":
                names.append("")
            elif inside:
                names[-1] += child.content or " "
    return [name for name in names if not re.match(r"(Use|Avoid|Read first)\b", name)]


def search_problems(name: str, chapter: str, found: list[str]) -> list[str]:
    """The chapter is among the first three results."""
    return [] if f"chapters/{chapter}" in found[:3] else [f"{name!r} leads to {found}, not to {chapter}"]


@pytest.fixture(scope="module")
def search(browser, site) -> Callable[[str], list[str]]:
    """Return a function that returns the first results for some words, as the search page ranks them."""
    page = browser.new_page()
    page.goto(f"{site}/search.html?q=loss")
    page.wait_for_selector("#search-results li")
    yield lambda words: page.evaluate(RANK, words)
    page.close()


@pytest.mark.parametrize("name", chapters())
def test_every_name_leads_to_the_chapter(name, search):
    chapter = chapters()[name]
    names = [title(chapter), *bold(chapter), *ALSO_CALLED.get(name, "").split(", ")]
    report([problem for words in filter(None, names) for problem in search_problems(words, name, search(words))])


def test_every_chapter_of_a_loss_has_other_names():
    freer = ("foundations", "practice", "activations")
    assert {name for name, chapter in chapters().items() if chapter.part not in freer} <= set(ALSO_CALLED)


@pytest.mark.parametrize(
    ("name", "chapter"), [("L2", "regression/squared_error"), ("svm loss", "classification/hinge")]
)
def test_typed_name_leads_to_the_chapter(name, chapter, browser, published):
    page = browser.new_page(viewport=DESKTOP)
    try:
        page.goto(f"{published}chapters/embeddings/triplet.html")
        page.keyboard.press("Control+k")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li a")
        links = page.locator("#search-results li > a").evaluate_all("links => links.map(a => a.pathname)")
        names = [link.partition("chapters/")[2].removesuffix(".html") for link in links]
        assert chapter in names[:3]
        page.locator("#search-results li > a").first.click()
        page.wait_for_selector("article h1")
        assert names[0] in page.url
    finally:
        page.close()


def test_other_results_are_found_out():
    assert search_problems("L2", "regression/squared_error", ["chapters/regression/huber"])
    assert search_problems("L2", "d", [f"chapters/{name}" for name in "abcd"])


# --- By hand ----------------------------------------------------------------------------------------------------------

HUBER = "chapters/regression/huber.html"


def test_contents_are_beside_the_page_or_one_touch_away(browser, site):
    page = browser.new_page(viewport=DESKTOP)
    try:
        page.goto(f"{site}/{HUBER}")
        link = page.locator(".bd-sidebar-secondary .page-toc a", has_text="Derivation").first
        assert link.is_visible()
        page.set_viewport_size(PHONE)
        assert not link.is_visible() or link.bounding_box()["x"] >= PHONE["width"]
        page.locator("button.secondary-toggle").click()
        link.click()
        assert urlsplit(page.url).fragment == "derivation"
    finally:
        page.close()


def test_button_copies_the_cell(browser, site):
    context = browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    try:
        page = context.new_page()
        page.goto(f"{site}/{HUBER}")
        cell = page.locator(".cell:not(.tag_hide-input) .cell_input").first
        cell.hover()
        cell.locator(".copybtn").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() in [cell.source for cell in CHAPTERS[HUBER].code]
        page.goto(f"{site}/reference/regression.html")
        example = page.locator(".doctest").first
        example.hover()
        example.locator(".copybtn").click()
        lines = page.evaluate("navigator.clipboard.readText()").strip().splitlines()
        prompted = [line[4:] for line in example.inner_text().splitlines() if line.startswith((">>> ", "... "))]
        assert lines == prompted
        assert len(lines) < len(example.inner_text().splitlines())  # what it printed stays
    finally:
        context.close()


def test_solution_opens_by_mouse_and_by_key(browser, site):
    page = browser.new_page(viewport=PHONE)
    try:
        page.goto(f"{site}/{HUBER}")
        solution = page.locator(".tag_hide-cell > details").first
        code = solution.locator(".cell_input pre").first
        assert not code.is_visible()
        solution.locator("summary").click()
        assert code.is_visible()
        solution.locator("summary").press("Enter")
        assert not code.is_visible()
        solution.locator("summary").press("Space")
        assert code.is_visible()
    finally:
        page.close()


def test_chapter_prints_on_some_pages(browser, site):
    context = browser.new_context(viewport=DESKTOP, color_scheme="dark")
    try:
        page = context.new_page()
        page.goto(f"{site}/{HUBER}")
        page.evaluate(WAIT)
        page.evaluate(WAIT_FOR_FIGURES)
        before = page.evaluate("[document.documentElement.dataset.theme, document.querySelectorAll('[open]').length]")
        sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True)))
        assert 10 <= sheets <= 30
        after = page.evaluate("[document.documentElement.dataset.theme, document.querySelectorAll('[open]').length]")
        assert after == before == ["dark", 0]
    finally:
        context.close()


# --- Addresses --------------------------------------------------------------------------------------------------------


def test_missing_page_helps(browser, published):
    path = "chapters/nowhere/at/all.html"
    seen = look(browser, published.rstrip("/"), path)
    seen.complaints = [text for text in seen.complaints if not text.startswith("console:") and path not in text]
    report([problem for check in CHECKS for problem in check(seen)])
    assert "There is no such page" in seen.text
    page = browser.new_page()
    try:
        assert page.goto(published + path).status == 404
        page.locator("article input[name=q]").fill("pinball")
        page.locator("article button").click()
        page.wait_for_selector("#search-results li a")
        assert "quantile" in page.locator("#search-results li > a").first.get_attribute("href")
        page.goto(published + path)
        page.locator("article a", has_text="front page").click()
        assert page.url == f"{published}index.html"
    finally:
        page.close()


def test_missing_page_without_absolute_links_is_found_out(browser, serve, tmp_path):
    (tmp_path / "404.html").write_text(PAGE % "<script src='_static/x.js'></script>")
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/x.js").write_text("")
    assert not any("x.js" in text for text in complaint_problems(look(browser, serve(tmp_path), "nowhere.html")))
    assert any("x.js" in text for text in complaint_problems(look(browser, serve(tmp_path), "deep/nowhere.html")))


def sitemap_problems(xml: bytes) -> list[str]:
    """The sitemap lists the pages of the book at their public addresses, and nothing else."""
    found = [element.text for element in ElementTree.fromstring(xml).iter() if element.tag.endswith("}loc")]
    expected = {ADDRESS + path for path in PATHS}
    problems = [f"not in the sitemap: {address}" for address in sorted(expected - set(found))]
    return problems + [f"in the sitemap: {address}" for address in found if address not in expected]


def test_sitemap_and_robots(site):
    report(sitemap_problems((SITE / "sitemap.xml").read_bytes()))
    robots = (SITE / "robots.txt").read_text(encoding="utf-8")
    assert f"Sitemap: {ADDRESS}sitemap.xml" in robots.splitlines() and "Disallow" not in robots


def test_wrong_sitemap_is_found_out(site):
    xml = (SITE / "sitemap.xml").read_bytes()
    for old, new in ((b"huber.html", b"hubert.html"), (ADDRESS.encode(), b"https://example.org/")):
        assert "not in the sitemap" in sitemap_problems(xml.replace(old, new))[0]


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/Some-Owner/a-book", "https://some-owner.github.io/a-book/"),
        ("https://github.com/owner/Owner.github.io", "https://owner.github.io/"),
    ],
)
def test_public_address(repository, address):
    assert pages_address(repository) == address


def test_public_address_elsewhere_is_asked_for():
    with pytest.raises(Exception, match="baseurl"):
        pages_address("https://git.example.org/owner/book")


def test_reading_times_are_explained():
    text = (ROOT / "index.md").read_text(encoding="utf-8")
    constants = dict(re.findall(r"(?m)^([A-Z_]+) = (\d+)", (ROOT / "_ext/reading_time.py").read_text(encoding="utf-8")))
    assert f"{constants['WORDS_A_MINUTE']} words or {constants['LINES_OF_CODE_A_MINUTE']} lines of code" in text


# --- The checks themselves --------------------------------------------------------------------------------------------

GOOD = """
<style>@media print { .prev-next-area, .copybtn, .bd-sidebar-secondary { display: none } }</style>
<script>
const copy = button => {
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = button.previousElementSibling.textContent;
    area.select();
    document.execCommand("copy");
    area.remove();
};
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => { d.open = true }));
</script>
<div class="bd-sidebar-secondary"><nav class="page-toc"><a href="#one">One</a></nav></div>
<article>
<section id="notation"><h1>Notation</h1><p>Words</p>
<section id="one"><h2>One</h2><pre>1 + 1</pre><button class="copybtn" onclick="copy(this)">Copy</button>
<details class="x"><summary>Hint</summary><p>It is 2.</p></details>
<div class="cell tag_hide-cell"><details><summary>Solution</summary><p>2</p></details></div></section>
</section>
</article>
<div class="prev-next-area"><a><p class="prev-next-title">One</p></a></div>
"""
COPIED_OUTPUT = '<div class="output"><pre>2</pre><button class="copybtn"></button></div>'
CLOSED = "<script>addEventListener('beforeprint', () => { document.querySelector('details').open = false })</script>"

PLANTED = [
    (contents_problems, "but headings", 'href="#one"', 'href="#two"'),
    (contents_problems, "but headings", "</article>", "<section id='two'><h3>Two</h3></section></article>"),
    (copy_problems, "a prompt", "1 + 1", "&gt;&gt;&gt; 1 + 1"),
    (copy_problems, "an output", "<p>Words</p>", COPIED_OUTPUT),
    (solution_problems, "are open", '<details class="x">', '<details class="x" open>'),
    (solution_problems, "is called", "<summary>Solution", "<summary>Show"),
    (print_problems, "is printed: btn", "<p>Words</p>", '<a class="btn">Launch</a>'),
    (print_problems, "is printed: copybtn", ".copybtn, ", ""),
    (print_problems, "is cut off", "<pre>1", f"<pre style='width: 100px; overflow: auto'>{'x' * 99}"),
    (print_problems, "is cut off", "<p>Words</p>", "<div class='math' style='width: 900px'>x</div>"),
    (print_problems, "too pale", "<p>", "<p style='color: #ccc'>"),
    (print_problems, "stay closed", "<article>", f"{CLOSED}<article>"),
]
# What on a page of the book would be wrong.
WRONG = [
    (head_problems, "window's title", {"title": "Huber loss"}),
    (head_problems, "how long", {"reading": ["Read first: nothing"]}),
    (neighbour_problems, "neighbours", {"neighbours": ["previous", "next"]}),
    (anchor_problems, "#derivation is no anchor here", {"ids": []}),
    (anchor_problems, "huber.html#derivation is gone", {"ids": []}),
    (anchor_problems, "no link can name", {"headings": ["id3"]}),
    (copy_problems, "no button copies", {"copies": []}),
    (copy_problems, "buttons for", {"copies": ["more"]}),
    (share_problems, "og:title", {"meta": {"og:title": ""}}),
    (share_problems, "og:url", {"meta": {"og:url": "huber.html"}}),
    (share_problems, "twitter:card", {"meta": {"twitter:card": "summary"}}),
    (
        share_problems,
        "og:description",
        {"meta": {"description": "Other words than those that are shared, and enough."}},
    ),
    (share_problems, "canonical", {"canonical": "https://example.org/"}),
    (share_problems, "no markup", {"meta": {"description": "It is $x$."}}),
    (share_problems, "no words", {"meta": {"og:image:alt": ""}}),
    (share_problems, "no picture", {"meta": {"og:image": f"{ADDRESS}none.png"}}),
    (share_problems, "no picture", {"meta": {"og:image": "_static/favicon.svg"}}),
    (share_problems, "no PNG", {"meta": {"og:image": f"{ADDRESS}_static/favicon.svg"}}),
]


@pytest.fixture
def see_page(tab, serve, tmp_path) -> Callable[[str], Seen]:
    """Return a function that shows the browser a page with this body."""

    def see_page(body):
        (tmp_path / "page.html").write_text(PAGE % body)
        return examine(tab, f"{serve(tmp_path)}/page.html")

    return see_page


def test_good_page_passes(see_page):
    seen = see_page(GOOD)
    for check in (contents_problems, copy_problems, solution_problems, print_problems):
        report(check("notation.html", seen))


@pytest.mark.parametrize(("check", "message", "old", "new"), PLANTED)
def test_planted_fault_is_found(check, message, old, new, see_page):
    assert old in GOOD
    assert message in "\n".join(check("notation.html", see_page(GOOD.replace(old, new))))


@pytest.mark.parametrize(("check", "message", "change"), WRONG)
def test_wrong_fact_is_found(check, message, change, see):
    seen = see(HUBER)
    report(check(HUBER, seen))
    facts = vars(seen) | change | {"meta": seen.meta | change.get("meta", {})}
    assert message in "\n".join(check(HUBER, Seen(**facts)))


def test_every_check_has_a_planted_fault():
    assert {check for check, *_ in PLANTED + WRONG} == set(EVERY_PAGE)
