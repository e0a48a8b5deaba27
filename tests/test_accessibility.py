"""Every page of the built book in headless Chromium, as those need it who do not see well, or do not use a mouse.

axe-core looks at each page on a desktop and on a phone, in light and in dark. What it cannot see, tests below do as a
reader would, with the keys. Each check is shown to fail on a small page made wrong on purpose.
"""

import functools
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import Page

from book import report, toc_files
from browser import DESKTOP, FLAGS, PHONE, WAIT, find_browser
from lossbook.teaching import plotting

PAGES = [str(Path(file).with_suffix(".html")) for file in toc_files()] + ["404.html", "genindex.html", "search.html"]
VIEWS = {
    f"{size} {theme}": (viewport, theme)
    for size, viewport in {"desktop": DESKTOP, "phone": PHONE}.items()
    for theme in ("light", "dark")
}

# WCAG 2.2, A and AA, and good practice; and what Lighthouse asks for of the rules that axe-core leaves out by default.
OPTIONS = {
    "preload": False,  # no page has a video, and no rule below reads style sheets
    "resultTypes": ["violations", "incomplete"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {
        "label-content-name-mismatch": {"enabled": True},
        "table-fake-caption": {"enabled": True},
        "target-size": {"enabled": True},
        "td-has-header": {"enabled": True},
        # The name of the book stands in the sidebar, above the navigation and outside of it.
        "region": {"enabled": False},
    },
}

NARROW = {"width": 320, "height": 600}  # a desktop of 1280 pixels at 400 %
OVERFLOW = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"

# Show all there is, at once.
OPEN = """() => {
    const still = "<style>*, ::before, ::after { transition: none !important; animation: none !important }</style>";
    document.head.insertAdjacentHTML("beforeend", still);
    document.querySelectorAll("details").forEach(details => { details.open = true; });
}"""

# A page holds thousands of words of code in a dozen colours, and formulas in hundreds of parts, all in the colour of
# the text. One word of each colour will do, and one part.
THIN = """() => {
    const seen = new Set();
    const again = [...document.querySelectorAll("pre span")].filter(span => {
        const {color, backgroundColor, fontWeight} = getComputedStyle(span);
        const behind = getComputedStyle(span.closest("pre")).backgroundColor;
        const kind = [span.className, color, backgroundColor, fontWeight, behind].join();
        return seen.has(kind) || !seen.add(kind);
    });
    again.forEach(span => span.replaceWith(...span.childNodes));
    document.querySelectorAll(".katex").forEach(formula => {
        const part = document.createElement("span");
        part.textContent = "xx";
        part.style = `display: inline-block; min-width: ${formula.getBoundingClientRect().width}px`;
        formula.replaceWith(part);
    });
    // axe-core cannot judge what lies under a button, or is scrolled out of a sidebar.
    document.querySelectorAll(".copybtn").forEach(button => { button.style.position = "static"; });
    document.querySelectorAll(".bd-sidebar").forEach(sidebar => { sidebar.scrollTop = 0; });
}"""

# Text of one colour and size on one background has the same contrast wherever it stands: mark what has been before.
MARK = """() => {
    const seen = new Set(), behind = new Map([[null, ""]]);
    for (const element of document.querySelectorAll("body, body *")) {
        const style = getComputedStyle(element);
        const {backgroundColor, backgroundImage, opacity, filter, mixBlendMode, position, textShadow} = style;
        const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode, position, textShadow].join();
        const plain = "rgba(0, 0, 0, 0),none,1,none,normal,static,none";
        const before = behind.get(element.parentElement) ?? "";
        behind.set(element, own === plain ? before : `${before} ${own}`);
        const kind = [behind.get(element), style.color, style.fontSize, style.fontWeight].join();
        const text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim().length > 1);
        if (element.checkVisibility({visibilityProperty: true}) && text)
            element.toggleAttribute("data-again", seen.has(kind) || !seen.add(kind));
    }
    axe.configure({rules: [{id: "color-contrast", selector: "*:not([data-again])"}]});
}"""


# --- axe-core ---------------------------------------------------------------------------------------------------------


def show(page: Page, viewport: dict, theme: str) -> None:
    """Give a page the size of a screen, and the colours of a theme."""
    page.set_viewport_size(viewport)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def violations(page: Page) -> list[str]:
    """Return what axe-core finds on a page, and where it cannot judge the contrast; the rule first."""
    page.evaluate(MARK)
    result = page.evaluate("options => axe.run(options)", OPTIONS)
    unsure = [rule for rule in result["incomplete"] if rule["id"] == "color-contrast"]
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in result["violations"] + unsure
        for node in rule["nodes"]
    ]


def examine(page: Page, address: str) -> dict[str, list[str]]:
    """Return what axe-core finds at an address in each view, and whether a narrow screen would scroll sideways."""
    page.set_viewport_size(DESKTOP)
    page.goto(address, wait_until="load")
    page.evaluate(WAIT)
    page.evaluate(OPEN)
    show(page, NARROW, "light")
    overflow = page.evaluate(OVERFLOW)
    found = {"narrow": [f"{overflow} pixels too wide"] if overflow > 0 else []}
    page.evaluate(THIN)
    page.evaluate(AXE_SCRIPT)
    for name, view in VIEWS.items():
        show(page, *view)
        found[name] = violations(page)
    return found


@pytest.fixture(scope="module")
def tab(browser) -> Iterator[Page]:
    """One tab for all addresses, because a new one for each takes its time."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def found(tab, published) -> Callable[[str], dict[str, list[str]]]:
    """Return a function that examines a page of the built book, once."""
    return functools.cache(lambda path: examine(tab, f"{published}{path}"))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(path, view, found):
    report(found(path)[view])


@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_page_does_not_scroll_sideways(path, found):
    report(found(path)["narrow"])


# --- Figures ----------------------------------------------------------------------------------------------------------

# A figure of one colour in the place of the first one; what it looks like is then seen on the screen.
FILL = """fill => {
    const figure = document.querySelector(".cell_output img");
    const all = 'width="20" height="20"';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${all}><rect ${all} fill="${fill}"/></svg>`;
    figure.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
    figure.style = "width: 20px; height: 20px; margin: 20px; padding: 0";
    return figure.decode();
}"""


def luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast of two colours, as WCAG defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def figure_contrast(page: Page, colour: str) -> float:
    """Return the contrast that a colour of a figure has on the screen with what the figure stands on."""
    page.evaluate(FILL, colour)
    figure = page.locator(".cell_output img").first
    figure.scroll_into_view_if_needed()
    box = figure.bounding_box()
    clip = {"x": box["x"] - 10, "y": box["y"], "width": 20, "height": 20}
    picture = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    return contrast(picture.getpixel((2, 10)), picture.getpixel((17, 10)))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_figures_can_be_read_as_text(theme, chapter):
    show(chapter, DESKTOP, theme)
    contrasts = {colour: figure_contrast(chapter, colour) for colour in (*plotting.COLOURS, plotting.GREY)}
    assert min(contrasts.values()) >= 4.5, contrasts
    assert figure_contrast(chapter, {"light": "#D8D8D8", "dark": "#303030"}[theme]) < 4.5


# --- Keys -------------------------------------------------------------------------------------------------------------

CHAPTER = "chapters/regression/huber.html"

# Note where the focus is, and the ring around it: on the element, what is drawn before or after it, or what is in it.
NOTE = """() => {
    const element = document.activeElement;
    const drawn = parts => parts.map(([part, pseudo]) => {
        const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(part, pseudo);
        return [outlineStyle === "none" || outlineWidth === "0px" ? "" : outlineWidth, boxShadow].join(" ");
    }).join();
    window.stops ??= [];
    if (element === document.body || window.stops.some(stop => stop.element === element)) return false;
    const parts = [[element], [element, "::before"], [element, "::after"], ...[...element.children].map(c => [c])];
    window.stops.push({element, focused: drawn(parts), drawn: () => drawn(parts)});
    return true;
}"""

JUDGE = """() => {
    document.activeElement.blur();
    const name = element => element.outerHTML.replace(/\\s+/g, " ").slice(0, 120);
    const reached = new Set(window.stops.map(stop => stop.element));
    const controls = "a[href], button, input, select, summary, textarea, [tabindex='0']";
    const shown = [...document.querySelectorAll(controls)].filter(
        e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length);
    return [
        ...shown.filter(e => !reached.has(e) && !e.disabled).map(e => `cannot be reached: ${name(e)}`),
        ...window.stops.filter(s => s.focused === s.drawn()).map(s => `does not show the focus: ${name(s.element)}`),
    ];
}"""


def key_problems(page: Page) -> list[str]:
    """Go through a page with the Tab key, from its beginning; each control is reached, and shows it."""
    for _ in range(1000):
        page.keyboard.press("Tab")
        if not page.evaluate(NOTE):
            return page.evaluate(JUDGE)
    raise AssertionError("the Tab key never comes to the end")


def focused(page: Page, selector: str) -> bool:
    """Tell whether the focus is on, or in, what the selector names."""
    return page.evaluate("selector => !!document.activeElement.closest(selector)", selector)


@pytest.fixture
def chapter(browser, published):
    """A chapter, on a desktop."""
    page = browser.new_page(viewport=DESKTOP, reduced_motion="reduce")
    page.goto(f"{published}{CHAPTER}", wait_until="load")
    page.evaluate(WAIT)
    page.wait_for_selector(".copybtn", state="attached")
    yield page
    page.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_control_is_reached_by_tab_and_shows_it(viewport, chapter):
    chapter.set_viewport_size(viewport)
    report(key_problems(chapter))


def test_first_stop_skips_to_the_text(chapter):
    chapter.keyboard.press("Tab")
    assert focused(chapter, ".skip-link")
    chapter.keyboard.press("Enter")
    chapter.keyboard.press("Tab")
    assert focused(chapter, "main")


def test_theme_is_switched_by_key(chapter):
    chapter.locator(".theme-switch-button").first.focus()
    modes = []
    for _ in range(3):
        chapter.keyboard.press("Enter")
        modes.append(chapter.evaluate("document.documentElement.dataset.mode"))
    assert sorted(modes) == ["auto", "dark", "light"]


def test_search_is_opened_and_closed_by_key(chapter):
    chapter.keyboard.press("Control+k")
    chapter.wait_for_function("document.activeElement.matches('input[type=search]')")
    chapter.keyboard.press("Escape")
    chapter.wait_for_function("!document.querySelector('.search-button__wrapper').matches('.show')")
    chapter.keyboard.press("Control+k")
    chapter.keyboard.type("quantile")
    chapter.keyboard.press("Enter")
    chapter.wait_for_url("**/search.html?q=quantile*")
    chapter.wait_for_selector("#search-results a[href*='quantile.html']")


def test_menu_is_opened_and_closed_by_key(chapter):
    button = chapter.locator(".dropdown-launch-buttons > button")
    button.focus()
    chapter.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    chapter.keyboard.press("ArrowDown")
    assert focused(chapter, ".dropdown-launch-buttons .dropdown-menu a")
    chapter.keyboard.press("Escape")
    assert button.get_attribute("aria-expanded") == "false"
    assert focused(chapter, ".dropdown-launch-buttons > button")


@pytest.mark.parametrize("kind", [".cell > details", "details:not([class])"])
def test_what_is_collapsed_is_opened_by_key(kind, chapter):
    details = chapter.locator(f".bd-article {kind}").first
    details.locator("summary").focus()
    for key, is_open in [("Enter", True), ("Space", False), ("Space", True)]:
        chapter.keyboard.press(key)
        assert details.evaluate("details => details.open") is is_open


def test_code_is_copied_by_key(chapter):
    chapter.locator(".copybtn:visible").first.focus()
    chapter.keyboard.press("Enter")
    chapter.wait_for_selector(".copybtn[data-tooltip='Copied!']:focus")


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_sidebar_of_a_phone_is_opened_and_closed_by_key(side, chapter):
    chapter.set_viewport_size(PHONE)
    sidebar = chapter.locator(f".bd-sidebar-{side}")
    sidebar.wait_for(state="hidden")
    chapter.locator(f".{side}-toggle").first.focus()
    chapter.keyboard.press("Enter")
    chapter.wait_for_function("side => document.activeElement.closest(`.bd-sidebar-${side}`)", arg=side)
    chapter.keyboard.press("Escape")
    chapter.wait_for_function("side => document.activeElement.matches(`.${side}-toggle`)", arg=side)
    sidebar.wait_for(state="hidden")


def test_wide_boxes_are_stops_and_narrow_ones_are_not(chapter):
    chapter.set_viewport_size(PHONE)
    chapter.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    chapter.wait_for_timeout(500)
    boxes = chapter.evaluate("""[...document.querySelectorAll(".bd-article :is(pre, div.math)")]
        .map(box => [box.scrollWidth > box.clientWidth, box.tabIndex === 0, !!box.ariaLabel])""")
    assert {tuple(box) for box in boxes} == {(True, True, True), (False, False, False)}


# --- Screen readers ---------------------------------------------------------------------------------------------------


def read_out(page: Page) -> tuple[int, str]:
    """Return how many formulas there are for a screen reader, and all text."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    shown = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    formulas = [role for role, _ in shown if role == "MathMLMath"]
    return len(formulas), " ".join(name for role, name in shown if role == "StaticText")


def test_what_is_laid_out_later_is_read_out(browser, published):
    """Formulas and code far from the screen are in the tree that a browser has of a page for screen readers."""
    flags = [*FLAGS, "--force-renderer-accessibility"]
    listened_to = browser.browser_type.launch(executable_path=find_browser(), args=flags)
    try:
        page = listened_to.new_page(viewport=DESKTOP)
        page.goto(f"{published}{CHAPTER}", wait_until="load")
        page.wait_for_selector(".copybtn", state="attached")
        shown = "selector => [...document.querySelectorAll(selector)].filter(e => !e.closest('details'))"
        formulas = page.evaluate(f"({shown})('math').length")
        words = set(re.findall(r"\w+", page.evaluate(f"({shown})('.code').map(e => e.textContent).join()")))
        read, text = read_out(page)
        assert read >= formulas > 100
        assert not [word for word in words if word not in text]

        page.add_style_tag(content=".katex-mathml, .code { content-visibility: hidden !important }")
        read, text = read_out(page)
        assert read == 0
        assert [word for word in words if word not in text]
    finally:
        listened_to.close()


# --- The checks themselves --------------------------------------------------------------------------------------------

GOOD = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A page</title></head>
<body><main><h1>A page</h1><p>Words and <a href="#x">a link</a> <button>A button</button>
<span class="katex">x</span></p><pre><span class="k">def</span> f <span class="k">def</span></pre>%s</main></body>
</html>
"""

# The rule, the views in which it must speak, and what to put into the good page, or what to take from it.
EVERYWHERE = set(VIEWS)
DARK = {"desktop dark", "phone dark"}
PHONES = {"phone light", "phone dark"}
PALE = "color: #999"
PLANTED = [
    ("color-contrast", EVERYWHERE, f'<p style="{PALE}">pale</p>'),
    ("color-contrast", EVERYWHERE, f'<p style="{PALE}"><span class="katex">x</span></p>'),
    ("color-contrast", EVERYWHERE, f'<pre><span class="k" style="{PALE}">def</span></pre>'),
    ("color-contrast", EVERYWHERE, f'<details><summary>More</summary><p style="{PALE}">pale</p></details>'),
    ("color-contrast", DARK, "<style>[data-theme=dark] p {color: #999}</style>"),
    ("color-contrast", PHONES, "<style>@media (max-width: 600px) {p {color: #999}}</style>"),
    (
        "link-in-text-block",
        EVERYWHERE,
        '<p>Many words, and <a href="#" style="text-decoration: none; color: #333">a link</a></p>',
    ),
    ("image-alt", EVERYWHERE, '<img src="data:,">'),
    ("button-name", EVERYWHERE, '<button style="width: 30px; height: 30px"></button>'),
    ("link-name", EVERYWHERE, '<a href="#"></a>'),
    ("label", EVERYWHERE, "<input>"),
    ("label-content-name-mismatch", EVERYWHERE, '<button aria-label="Toggle">Solution</button>'),
    ("empty-table-header", EVERYWHERE, "<table><tr><th></th><th>a</th></tr><tr><td>b</td><td>1</td></tr></table>"),
    ("heading-order", EVERYWHERE, "<h3>Too deep</h3>"),
    ("landmark-no-duplicate-main", EVERYWHERE, "</main><main>"),
    ("target-size", EVERYWHERE, '<button style="all: unset">a</button><button style="all: unset">b</button>'),
    ("list", EVERYWHERE, "<ul><p>No item</p></ul>"),
    ("scrollable-region-focusable", PHONES, f'<div style="overflow: auto; white-space: pre">{"wide " * 20}</div>'),
]
REMOVED = [
    ("html-has-lang", ' lang="en"'),
    ("document-title", "<title>A page</title>"),
    ("page-has-heading-one", "<h1>A page</h1>"),
]


@pytest.fixture
def examine_page(tab, serve, tmp_path) -> Callable[[str], dict[str, list[str]]]:
    """Return a function that examines a page."""

    def examine_page(html):
        (tmp_path / "page.html").write_text(html)
        return examine(tab, f"{serve(tmp_path)}/page.html")

    return examine_page


def views_of(rule: str, found: dict[str, list[str]]) -> set[str]:
    """Return the views in which a rule found something."""
    return {view for view, problems in found.items() if any(p.startswith(f"{rule}:") for p in problems)}


def test_good_page_passes(examine_page):
    report([problem for problems in examine_page(GOOD % "").values() for problem in problems])


@pytest.mark.parametrize(("rule", "views", "body"), PLANTED)
def test_planted_fault_is_found(rule, views, body, examine_page):
    assert views_of(rule, examine_page(GOOD % body)) == views


@pytest.mark.parametrize(("rule", "part"), REMOVED)
def test_missing_part_is_found(rule, part, examine_page):
    assert views_of(rule, examine_page((GOOD % "").replace(part, ""))) == EVERYWHERE


def test_wide_page_is_found(examine_page):
    assert examine_page(GOOD % '<div style="width: 313px">wide</div>')["narrow"] == ["1 pixels too wide"]


@pytest.mark.parametrize(
    ("problem", "body"),
    [
        ("cannot be reached", '<button tabindex="-1">Out of reach</button>'),
        ("does not show the focus", "<style>button:focus-visible {outline: none}</style>"),
        ("does not show the focus", "<style>button, button:focus-visible {outline: 2px solid}</style>"),
        ("cannot be reached", "<button onfocus='this.blur()'>Gives the focus away</button>"),
    ],
)
def test_fault_for_the_keys_is_found(problem, body, browser):
    page = browser.new_page()
    page.set_content(GOOD % body)
    assert problem in "\n".join(key_problems(page))
    page.close()


def test_keys_pass_a_good_page(browser):
    page = browser.new_page()
    page.set_content(GOOD % "")
    report(key_problems(page))
    page.close()
