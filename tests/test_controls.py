"""The buttons of a page do what they say, by mouse and by keyboard, on a phone and on a desktop.

Each check is shown to fail on the same page without its script.
"""

import pytest
from playwright.sync_api import Error, Page, expect

from browser import DESKTOP, PHONE

CHAPTER = "chapters/regression/huber.html"
PATIENCE = 5000  # milliseconds

THEME = "document.documentElement.dataset.theme"


def press(page: Page, selector: str, by: str) -> None:
    """Press a button that can be seen."""
    button = page.locator(selector).locator("visible=true").first
    if by == "mouse":
        button.click(timeout=PATIENCE)
    else:
        button.focus(timeout=PATIENCE)
        page.keyboard.press("Enter")


def theme_is_switched_and_kept(page: Page, by: str) -> None:
    """From the reader's own choice, here light, over light and dark back to the reader's."""
    themes = []
    for _ in range(3):
        press(page, ".theme-switch-button", by)
        themes.append((page.evaluate("document.documentElement.dataset.mode"), page.evaluate(THEME)))
    assert sorted(themes) == [("auto", "light"), ("dark", "dark"), ("light", "light")]
    while page.evaluate(THEME) != "dark":
        press(page, ".theme-switch-button", by)
    page.reload()
    assert page.evaluate(THEME) == "dark"


def launch_menu_opens(page: Page, by: str) -> None:
    """It opens and leads to the notebook; Escape closes it."""
    press(page, ".dropdown-launch-buttons > button", by)
    colab = page.locator('.dropdown-launch-buttons a[href*="colab"]')
    expect(colab).to_be_visible(timeout=PATIENCE)
    assert colab.get_attribute("href").endswith("/chapters/regression/huber.ipynb")
    page.mouse.move(0, 0)  # the theme shows the menu to the mouse that is on it
    page.keyboard.press("Escape")
    expect(colab).to_be_hidden(timeout=PATIENCE)


def search_opens(page: Page, by: str) -> None:
    """It takes what is typed to the page with the results."""
    press(page, ".search-button__button", by)
    field = page.locator("#search-input").locator("visible=true")
    expect(field).to_be_focused(timeout=PATIENCE)
    page.keyboard.type("pinball")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=pinball", timeout=PATIENCE)
    expect(page.locator("#search-results li").first).to_be_visible(timeout=PATIENCE)


def sidebar_is_toggled(page: Page, by: str) -> None:
    """The list of chapters comes and goes."""
    link = page.locator(".bd-sidebar-primary a.reference").first
    before = link.is_visible()
    press(page, ".primary-toggle", by)
    page.wait_for_timeout(500)
    assert in_view(link) != before


def in_view(link) -> bool:
    """Return whether an element is visible, and not beside the page."""
    box = link.bounding_box()
    return link.is_visible() and box is not None and box["x"] >= 0


CONTROLS = [theme_is_switched_and_kept, launch_menu_opens, search_opens, sidebar_is_toggled]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("control", CONTROLS)
def test_control_works(control, viewport, by, browser, site):
    page = browser.new_page(viewport=viewport, color_scheme="light")
    try:
        page.goto(f"{site}/{CHAPTER}")
        control(page, by)
    finally:
        page.close()


@pytest.mark.parametrize("control", CONTROLS)
def test_control_without_its_script_is_found_out(control, browser, site, monkeypatch):
    monkeypatch.setattr(f"{__name__}.PATIENCE", 500)
    page = browser.new_page(viewport=DESKTOP, color_scheme="light")
    try:
        page.route("**/book.js*", lambda route: route.abort())
        page.goto(f"{site}/{CHAPTER}")
        with pytest.raises((AssertionError, Error)):
            control(page, "keyboard")  # the theme shows the launch menu to a mouse without a script
    finally:
        page.close()
