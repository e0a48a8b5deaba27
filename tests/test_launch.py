"""Each chapter's page offers to open that chapter on Binder and on Colab, and no other page offers anything.

What happens then is simulated by `make test-launch`.
"""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from book import ROOT, config, report, toc_files, tracked_files
from browser import SITE, do_without

CHAPTER = "chapters/regression/huber.ipynb"


def buttons(page: str, settings: dict) -> list[str]:
    """Return the links of a page to Binder and to Colab, in its order."""
    hosts = tuple(settings["launch_buttons"][host] for host in ("binderhub_url", "colab_url"))
    links = map(html.unescape, re.findall(r'<a\s[^>]*?href="([^"]*)"', page))
    return [link for link in links if link.startswith(hosts)]


def binder_opens(link: str) -> tuple[str, str, str]:
    """Return repository, branch and file, as BinderHub and JupyterLab read them: a branch may contain slashes."""
    _, version, host, owner, name, branch = urlsplit(link).path.split("/", 5)
    assert (version, host) == ("v2", "gh")
    (opened,) = parse_qs(urlsplit(link).query)["urlpath"]
    interface, file = opened.split("/tree/", 1)
    assert interface == "lab"
    return f"https://github.com/{owner}/{name}", branch, file


def button_links(file: str, settings: dict) -> list[str]:
    """Return the links that open a notebook of the repository on Binder, in JupyterLab, and on Colab."""
    repository, hosts = settings["repository"], settings["launch_buttons"]
    owner_and_name, branch = repository["url"].removeprefix("https://github.com/"), repository["branch"]
    return [
        f"{hosts['binderhub_url']}/v2/gh/{owner_and_name}/{branch}?urlpath=lab/tree/{file}",
        f"{hosts['colab_url']}/github/{owner_and_name}/blob/{branch}/{file}",
    ]


def button_problems(file: str, page: str, settings: dict, tracked: list[str]) -> list[str]:
    """A notebook has one button for Binder and one for Colab, which open that file; other pages have none."""
    found = buttons(page, settings)
    expected = button_links(file, settings) if file.endswith(".ipynb") else []
    problems = [] if file in tracked else [f"{file} is not in the repository"]
    return problems + ([] if found == expected else [f"{file} has the buttons {found}, not {expected}"])


@pytest.mark.parametrize("file", toc_files())
def test_buttons_open_the_chapter(file):
    page = SITE / Path(file).with_suffix(".html")
    if not page.is_file():
        do_without("the book is not built: run `make book`")
    report(button_problems(file, page.read_text(encoding="utf-8"), config(), tracked_files()))


def test_branch_with_slashes(tmp_path):
    settings = config()
    settings["repository"]["branch"] = "release/2/draft"
    for name in ("_ext", "_static"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("references.bib", "notation.md", CHAPTER):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    toc = {"format": "jb-book", "root": CHAPTER.removesuffix(".ipynb"), "chapters": [{"file": "notation"}]}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    run = subprocess.run([jupyter_book, "build", tmp_path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "_build/html" / Path(CHAPTER).with_suffix(".html")).read_text(encoding="utf-8")
    report(button_problems(CHAPTER, page, settings, [CHAPTER]))
    binder, _ = buttons(page, settings)
    assert binder_opens(binder) == (settings["repository"]["url"], "release/2/draft", CHAPTER)


# --- The check itself -------------------------------------------------------------------------------------------------


def page_with_buttons() -> str:
    """Return a page as it should be, with a link that is no button."""
    binder, colab = button_links(CHAPTER, config())
    return f'<a href="https://example.org">x</a><a class="btn" href="{binder}">Binder</a><a href="{colab}">Colab</a>'


def test_good_page_passes():
    assert len(buttons(page_with_buttons(), config())) == 2
    report(button_problems(CHAPTER, page_with_buttons(), config(), [CHAPTER]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/v2/gh/", "/v2/gl/"),
        ("/blob/", "/blob/another-"),
        ("?urlpath", "/more?urlpath"),
        ("lab/tree/", "tree/"),
        ("/regression/", "/practice/"),
        ("huber.ipynb", "huber.md"),
        ("/github/", "/github/someone/"),
        (config()["repository"]["url"].rsplit("/", 1)[1], "another"),
        ("Binder</a>", '</a><a href="https://mybinder.org/v2/gh/a/b/c">Binder</a>'),
        (config()["launch_buttons"]["colab_url"], "https://example.org"),
    ],
)
def test_wrong_button_is_found(old, new):
    page = page_with_buttons()
    assert old in page
    assert button_problems(CHAPTER, page.replace(old, new), config(), [CHAPTER])


def test_file_outside_the_repository_is_found():
    assert button_problems(CHAPTER, page_with_buttons(), config(), []) == [f"{CHAPTER} is not in the repository"]


def test_button_of_another_page_is_found():
    report(button_problems("index.md", "<p>No button</p>", config(), ["index.md"]))
    assert button_problems("index.md", page_with_buttons(), config(), ["index.md"])
