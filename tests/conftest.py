"""A browser, and a server for what it shall look at."""

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser import ADDRESS, FLAGS, SITE, Quiet, do_without, find_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all pages."""
    path = find_browser()
    if path is None:
        do_without("no Chromium on PATH, and $CHROMIUM names none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Path], str]]:
    """Return a function that serves a folder and returns its address."""
    servers = []

    def start(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def site(serve) -> str:
    """Return where the built book is served, without a slash at the end."""
    if not (SITE / "index.html").is_file():
        do_without("the book is not built: run `make book`")
    return serve(SITE)


@pytest.fixture(scope="module")
def published(serve, site, tmp_path_factory) -> str:
    """Return where the built book is served below a path, as GitHub does it, with a slash at the end."""
    path = urlsplit(ADDRESS).path
    if path == "/":
        return f"{site}/"
    folder = tmp_path_factory.mktemp("host")
    (folder / path.strip("/")).symlink_to(SITE)
    return serve(folder) + path
