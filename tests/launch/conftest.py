"""The repository as a reader's machine fetches it, and PyTorch's index of builds for CPUs."""

import shutil
import tempfile
import urllib.request
from pathlib import Path

import pytest

from book import ROOT, config, tracked_files
from machine import run


@pytest.fixture(scope="session")
def scratch():
    """Return a folder outside the project, which the end of the session removes."""
    with tempfile.TemporaryDirectory(prefix="lossbook-") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="session")
def repository(scratch):
    """Return a repository with the tracked files as they are now, committed on the branch that _config.yml states."""
    folder = scratch / "repository"
    for file in tracked_files():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    author = ["-c", "user.name=lossbook", "-c", "user.email=lossbook@example.org", "-c", "commit.gpgsign=false"]
    run("git", "init", "--quiet", f"--initial-branch={config()['repository']['branch']}", cwd=folder)
    run("git", "add", "--all", "--force", cwd=folder)
    run("git", *author, "commit", "--quiet", "--no-verify", "--message=As it is now", cwd=folder)
    return folder


@pytest.fixture(scope="session")
def cpu_index():
    """Return pip's option for PyTorch's index of builds for CPUs, as .binder has it, and whether it can be reached."""
    lines = (ROOT / ".binder/requirements.txt").read_text(encoding="utf-8").splitlines()
    (option,) = [line for line in lines if line.startswith("--extra-index-url")]
    try:
        urllib.request.urlopen(option.split()[1] + "/torch/", timeout=20).close()
    except OSError:
        return option, False
    return option, True


def pytest_terminal_summary(terminalreporter):
    """Print what the tests measured."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{name}: {value}")
