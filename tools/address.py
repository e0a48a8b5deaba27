"""Write the book's public address wherever it is needed.

The address is one setting, `repository` in _config.yml. Every copy of it in the project's text files is replaced; the
rest of each file keeps every byte.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
HIDDEN_BUT_OURS = {".binder", ".ci", ".github"}
NOT_OURS = {"_build", "__pycache__"}


def read_address(root):
    """Return the address and the branch that _config.yml states."""
    repository = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]
    return repository["url"], repository["branch"]


def text_files(root):
    """Yield each text file of the project with its text; nothing built, cached or installed."""
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in sorted(folders)
            if name in HIDDEN_BUT_OURS or not (name.startswith(".") or name in NOT_OURS or name.endswith(".egg-info"))
        ]
        for name in sorted(names):
            path = Path(folder, name)
            try:
                yield path, path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                continue


def check_address(url, branch):
    """Raise ValueError unless this is the address of a repository and the name of a branch."""
    if not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", url) or url.endswith(".git"):
        raise ValueError(f"not the address of a repository: {url!r}; it looks like https://github.com/OWNER/REPOSITORY")
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", branch):
        raise ValueError(f"not the name of a branch: {branch!r}")


def replace_address(text, old, new):
    """Return the text with the old address, and the branch where one follows it, replaced by the new."""
    (old_url, old_branch), (new_url, new_branch) = old, new
    copy = re.compile(rf"{re.escape(old_url)}(?![\w-])(?:(@|/blob/|/tree/){re.escape(old_branch)}(?![\w-]))?")
    return copy.sub(lambda match: new_url + (match[1] + new_branch if match[1] else ""), text)


def write_address(root, url, branch):
    """Replace the address in every text file, and print which files changed."""
    old, new = read_address(root), (url, branch)
    for path, text in text_files(root):
        replaced = replace_address(text, old, new)
        if path == root / "_config.yml":
            replaced = re.sub(r"(?m)^(  branch: ).*$", rf"\g<1>{branch}", replaced)
        if replaced != text:
            path.write_bytes(replaced.encode("utf-8"))
            print("rewritten:", path.relative_to(root).as_posix())
    print(f"The book's address is {url}, branch {branch}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="https://HOST/OWNER/REPOSITORY")
    parser.add_argument("branch", nargs="?", default=read_address(ROOT)[1], help="by default the one in _config.yml")
    arguments = parser.parse_args()
    try:
        check_address(arguments.url, arguments.branch)
    except ValueError as error:
        sys.exit(str(error))
    write_address(ROOT, arguments.url, arguments.branch)


if __name__ == "__main__":
    main()
