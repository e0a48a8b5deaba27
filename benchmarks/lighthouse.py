#!/usr/bin/env python3
"""Lighthouse scores of the built book: the front page and the three heaviest chapters, on a phone and on a desktop.

Serves `_build/html` compressed and with cache headers, and prints for `benchmarks/site.md` the compressed weight of
every chapter, and the median of five runs of Lighthouse in headless Chromium on each of those pages.
"""

import argparse
import functools
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

SITE = Path(__file__).resolve().parents[1] / "_build/html"
LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
AUDITS = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
DEVICES = {"phone": [], "desktop": ["--preset=desktop"]}
COMPRESSED = {".css", ".html", ".js", ".json", ".svg", ".txt", ".xml"}


@functools.cache
def compressed(file):
    """Return what a server sends of a file."""
    data = file.read_bytes()
    return gzip.compress(data, 6) if file.suffix in COMPRESSED else data


class Server(SimpleHTTPRequestHandler):
    """Serves the site as a host of static pages does: compressed, to be kept for ten minutes, on open connections."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Send a file."""
        file = Path(self.translate_path(urlsplit(self.path).path))
        if file.is_dir():
            file /= "index.html"
        if not file.is_file():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)) + ("; charset=utf-8" * (file.suffix != ".png")))
        self.send_header("Content-Length", str(len(compressed(file))))
        self.send_header("Cache-Control", "max-age=600")
        if file.suffix in COMPRESSED:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(compressed(file))

    def log_message(self, *_):
        """Say nothing."""


def weight(page):
    """Return the compressed bytes of a page and of all that it shows, and of how many files they are."""
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r'<(?:img|script)\b[^>]*\bsrc="([^"?]+)|<link rel="(?:stylesheet|icon)" href="([^"?]+)', text)
    files = {page} | {(page.parent / (image or link)).resolve() for image, link in shown}
    files = {
        file for file in files if file.is_file() and file.name != "fonts.css"
    }  # which is for pages without scripts
    return sum(len(compressed(file)) for file in files), len(files)


def lighthouse(address, options, npx, chromium):
    """Return Lighthouse's report on a page."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [npx, "--yes", LIGHTHOUSE, address, "--quiet", "--output=json", f"--output-path={report}"]
            + ["--chrome-flags=--headless=new --no-sandbox --disable-gpu", f"--only-categories={','.join(CATEGORIES)}"]
            + options,
            check=True,
            env={**os.environ, "CHROME_PATH": chromium, "PATH": f"{Path(npx).parent}:{os.environ['PATH']}"},
        )
        return json.loads(report.read_text(encoding="utf-8"))


def row(name, device, reports):
    """Return a line of the table, and print to the terminal what keeps a page from a full score."""
    scores = {c: [report["categories"][c]["score"] or 0 for report in reports] for c in CATEGORIES}
    first, largest, blocking, shift = (median(r["audits"][a]["numericValue"] for r in reports) for a in AUDITS)
    sent = reports[0]["audits"]["network-requests"]["details"]["items"]
    for category in CATEGORIES[1:]:
        for reference in reports[0]["categories"][category]["auditRefs"]:
            audit = reports[0]["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"{name}, {device}: {audit['id']}: {audit['title']}", file=sys.stderr)
    performance = scores["performance"]
    return (
        f"| {name} | {device} | {median(performance):.2f} ({min(performance):.2f} to {max(performance):.2f}) "
        + "".join(f"| {median(scores[category]):.2f} " for category in CATEGORIES[1:])
        + f"| {first / 1000:.1f} s | {largest / 1000:.1f} s | {blocking:.0f} ms | {shift:.3f} "
        + f"| {sum(item['transferSize'] for item in sent) / 1000:.0f} KB | {len(sent)} |"
    )


def main():
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", help="pages below _build/html; by default those named above")
    parser.add_argument("--runs", type=int, default=5, help="how often each page is measured")
    options = parser.parse_args()
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    chromium = next((path for path in map(shutil.which, filter(None, names)) if path), None)
    npx = shutil.which("npx", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if not (SITE / "index.html").is_file() or chromium is None or npx is None:
        sys.exit("Needed: the built book (make book), npx, and a Chromium on the path or in $CHROMIUM.")

    front, chapters = SITE / "index.html", sorted(SITE.glob("chapters/*/*.html"))
    weights = {page: weight(page) for page in [front, *chapters]}
    heaviest = sorted(chapters, key=lambda page: weights[page][0], reverse=True)
    print("| Page | compressed | files |\n|:---|---:|---:|")
    for page in [front, *heaviest]:
        size, files = weights[page]
        print(f"| {page.relative_to(SITE).with_suffix('')} | {size / 1000:.0f} KB | {files} |")

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("\n| Page | Device | Performance | Accessibility | Best practices | SEO ", end="")
    print("| first paint | largest paint | blocked | shift | sent | requests |")
    print("|:---|:---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    speeds = []
    for page in options.pages or [str(p.relative_to(SITE)) for p in [front, *heaviest[:3]]]:
        for device, flags in DEVICES.items():
            address = f"http://127.0.0.1:{server.server_port}/{page}"
            reports = [lighthouse(address, flags, npx, chromium) for _ in range(options.runs)]
            speeds += [report["environment"]["benchmarkIndex"] for report in reports]
            print(row(page.removesuffix(".html"), device, reports), flush=True)
    version = subprocess.run([chromium, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    print(f"\n{LIGHTHOUSE}, {version}; speed of the machine by Lighthouse's index: {median(speeds):.0f}")
    print(f"({min(speeds):.0f} to {max(speeds):.0f}).")


if __name__ == "__main__":
    main()
