"""The public address is one setting in _config.yml, and all its copies agree with it."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from book import ROOT
from tools.address import check_address, read_address, replace_address, text_files

# In two pieces, so that the copy of this file which the tests rewrite does not change
NEW = ("https://git.example.org/some-owner" + "/another-book", "trunk")
MUST_STATE_IT = ("CITATION.cff", "README.md", "_config.yml", "index.md", "pyproject.toml")


def disagreements(root):
    """Return what differs from the address and the branch that _config.yml states."""
    url, branch = read_address(root)
    owner_and_name = url.split("/", 3)[3]
    names = {"lossbook", url.rsplit("/", 1)[1]}
    repository = re.compile(rf"https?://[\w.-]+/[\w.-]+/(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    ref = re.compile(rf"{re.escape(url)}(?:@|/blob/|/tree/)([\w.-]+)")
    problems = []
    for path, text in text_files(root):
        name = path.relative_to(root).as_posix()
        problems += [f"{name}: {other}" for other in repository.findall(text) if other != url]
        problems += [f"{name}: branch {other}" for other in ref.findall(text) if other != branch]
        if text.count(owner_and_name) != text.count(url):
            problems.append(f"{name}: {owner_and_name} without its host, which `make address` does not find")
        if name in MUST_STATE_IT and url not in text:
            problems.append(f"{name}: does not state {url}")
    for path in sorted(root.glob("chapters/*/*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        first = next((cell.source for cell in cells if cell.cell_type == "code"), "")
        if f'"lossbook @ git+{url}@{branch}"' not in first:
            name = path.relative_to(root).as_posix()
            problems.append(f"{name}: its first code cell does not install from {url}@{branch}")
    return problems


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the project, without what is built, cached or installed."""
    for path, _ in text_files(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return tmp_path


def write_address(root, *arguments):
    return subprocess.run([sys.executable, root / "tools/address.py", *arguments], capture_output=True, text=True)


def test_all_copies_agree():
    assert disagreements(ROOT) == []


def test_make_address_writes_every_copy(copy):
    old = read_address(copy)
    before = dict(text_files(copy))
    run = write_address(copy, *NEW)
    assert run.returncode == 0, run.stderr
    assert read_address(copy) == NEW
    assert disagreements(copy) == []
    owner = old[0].split("/")[3]
    for path, text in text_files(copy):
        assert old[0] not in text, path
        # No account is named with two hyphens: this is the placeholder, and nothing of it may stay.
        assert "--" not in owner or owner not in text, path
        if path.name != "_config.yml":
            assert text == replace_address(before[path], old, NEW), path


def test_make_address_there_and_back_changes_nothing(copy):
    old, before = read_address(copy), dict(text_files(copy))
    assert write_address(copy, *NEW).returncode == 0
    assert write_address(copy, *old).returncode == 0
    assert dict(text_files(copy)) == before


def test_the_branch_stays_if_none_is_given(copy):
    branch = read_address(copy)[1]
    assert write_address(copy, NEW[0]).returncode == 0
    assert read_address(copy) == (NEW[0], branch)


@pytest.mark.parametrize("name", [*MUST_STATE_IT[:2], "index.md", "pyproject.toml"])
def test_a_copy_that_differs_is_found(copy, name):
    url = read_address(copy)[0]
    text = (copy / name).read_text(encoding="utf-8")
    (copy / name).write_text(text.replace(url, url.replace("//", "//not-"), 1), encoding="utf-8")
    assert any(problem.startswith(name) for problem in disagreements(copy))


@pytest.mark.parametrize("part", ["url", "branch"])
def test_an_install_cell_that_differs_is_found(copy, part):
    url, branch = read_address(copy)
    wrong = f"{url}@not-{branch}" if part == "branch" else f"{url}-not@{branch}"
    notebooks = sorted(copy.glob("chapters/*/*.ipynb"))
    assert notebooks
    for path in notebooks:
        path.write_text(path.read_text(encoding="utf-8").replace(f"{url}@{branch}", wrong), encoding="utf-8")
    problems = disagreements(copy)
    for path in notebooks:
        name = path.relative_to(copy).as_posix()
        assert any(problem.startswith(name) for problem in problems)


def test_an_address_without_its_host_is_found(copy):
    owner_and_name = read_address(copy)[0].split("/", 3)[3]
    (copy / "new.md").write_text(f"https://example.org/v2/gh/{owner_and_name}/main", encoding="utf-8")
    assert any(problem.startswith("new.md") for problem in disagreements(copy))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "github.com/owner/name",
        "http://github.com/owner/name",
        "https://github.com/owner",
        "https://github.com/owner/name/",
        "https://github.com/owner/name.git",
        "https://github.com/owner/name/tree/main",
        "https://github.com/owner/na me",
        "https://github.com/owner/name\n",
    ],
)
def test_what_is_no_address_is_refused(copy, url):
    before = dict(text_files(copy))
    run = write_address(copy, url)
    assert run.returncode != 0 and "not the address of a repository" in run.stderr
    assert dict(text_files(copy)) == before


@pytest.mark.parametrize("branch", ["a branch", "/main", "main/", "-main"])
def test_what_is_no_branch_is_refused(branch):
    with pytest.raises(ValueError, match="not the name of a branch"):
        check_address(NEW[0], branch)
