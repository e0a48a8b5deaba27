"""What the tests of the built site share: where it is, a browser to look at it, and how to wait for a page."""

import os
import shutil
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from _ext.public_address import pages_address
from book import ROOT
from tools.address import read_address

SITE = ROOT / "_build/html"
ADDRESS = pages_address(read_address(ROOT)[0])  # where it will be, with a slash at the end
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

# Nothing but the site itself can be reached, so that a page that leans on another server shows it, and at once.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

# All is laid out, as if all of it were near the screen,
WAIT = """async () => {
    await document.fonts.ready;
    document.head.insertAdjacentHTML("beforeend", "<style>* { content-visibility: visible !important }</style>");
}"""

# and all figures are there.
WAIT_FOR_FIGURES = """async () => {
    await Promise.all([...document.images].map(image => {
        image.loading = "eager";
        return image.decode().catch(() => {});
    }));
}"""


def do_without(what: str) -> None:
    """Skip a test for want of something; under continuous integration, fail it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)


def find_browser() -> str | None:
    """Return the path of a Chromium."""
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    return next((path for path in map(shutil.which, filter(None, names)) if path), None)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and does not talk about it; for what is not there, the site's page for that, as GitHub does."""

    def log_message(self, *_):
        """Say nothing."""

    def send_error(self, code, *explanation):
        """Send the site's own page instead of an error, if it has one."""
        site = "" if Path(self.directory, "404.html").is_file() else self.path.split("/")[1]
        page = Path(self.directory, site, "404.html")
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            return super().send_error(code, *explanation)
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.read_bytes())
