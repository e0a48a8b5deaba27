"""Enter the addresses of all pages and headings in _ext/anchors.txt, so that a test can keep them.

What is listed already stays listed: _ext/heading_anchors.py says what to do about a heading that is renamed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "_ext/anchors.txt"
sys.path.insert(0, str(ROOT / "tests"))

from book import anchors, pages  # noqa: E402


def addresses():
    """Return the address of each page and of each of its headings, in the order of the book."""
    found = []
    for file, tokens in pages().items():
        page = str(Path(file).with_suffix(".html"))
        found += [page, *(f"{page}#{anchor}" for anchor in anchors(tokens))]
    return found


def listed():
    """Return the listed addresses."""
    lines = LIST.read_text(encoding="utf-8").splitlines() if LIST.is_file() else []
    return [line.partition(" = ")[0] for line in lines]


def main():
    known, now = listed(), addresses()
    new = [address for address in now if address not in known]
    lines = LIST.read_text(encoding="utf-8").splitlines() if known else []
    LIST.write_text("".join(f"{line}\n" for line in sorted([*lines, *new])), encoding="utf-8")
    print(f"{len(new)} addresses entered, {len(known) + len(new)} listed.")


if __name__ == "__main__":
    main()
