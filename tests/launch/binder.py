"""Binder, simulated: the environment that repo2docker makes of this repository, and a chapter in its JupyterLab.

mybinder.org builds its images with repo2docker. That says here which Python, which server and which commands an image
of this repository gets; they go into a virtual environment instead. JupyterLab is started in it, and Chromium opens a
chapter at the path in its launch button, reads it, runs it, and looks again.
"""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page

from book import ROOT, chapters, config, has_figure, printed, report
from browser import DESKTOP
from machine import packages, pip_install, run, variables
from test_launch import binder_opens, button_links
from test_site import Seen, markup_problems, maths_problems

CHAPTER = chapters()["regression/squared_error"]

# Of the server that repo2docker puts into every image, what can be told from the notebook, in the versions it pins
SERVER = "ipykernel ipython ipywidgets jupyter_server jupyterlab matplotlib-inline notebook pip traitlets".split()

LARGEST = 1500  # MB that this repository may add to an image

# All cells of a notebook are in the page, not only those in view; and nothing is asked of other servers.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

LOOK = """() => {
    const all = selector => [...document.querySelectorAll(".jp-NotebookPanel " + selector)];
    const outside = "code, pre, mjx-container", words = [];
    for (const cell of all(".jp-MarkdownOutput")) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (texts.nextNode())
            if (!texts.currentNode.parentElement.closest(outside)) words.push(texts.currentNode.data);
    }
    return {
        text: words.join("\\n"),
        errors: all("mjx-merror, [data-mml-node=merror]").map(e => e.textContent),
        maths: all("mjx-container").length,
        rendered: all(".jp-MarkdownCell.jp-mod-rendered").length,
        collapsed: all(".jp-CodeCell .jp-InputPlaceholder").length,
        figures: all(".jp-OutputArea-output :is(svg, img)").filter(e => e.getBoundingClientRect().width > 99).length,
    };
}"""

IDLE = """() => document.querySelector(".jp-Notebook-ExecutionIndicator")?.dataset.status === "idle" """

HAS_RUN = """() => {
    const prompts = [...document.querySelectorAll(".jp-NotebookPanel .jp-InputPrompt")].map(e => e.textContent);
    return prompts.some(p => /\\d/.test(p)) && !prompts.some(p => p.includes("*"));
}"""


# --- The image --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Image:
    """What stands for an image."""

    environment: Path
    home: Path  # the repository in it
    variables: dict[str, str]
    python: str  # the version of Python that it should have
    server_size: float  # MB
    size: float  # MB

    @property
    def packages(self) -> dict[str, str]:
        """The version of each package."""
        found = importlib.metadata.distributions(path=[str(packages(self.environment))])
        return {package.name.lower().replace("_", "-"): package.version for package in found}


def read_by_repo2docker(home: Path) -> tuple[str, list[str], list[str]]:
    """Return the version of Python, the pinned packages of the server, and the commands that repo2docker will run."""
    from repo2docker import Repo2Docker, buildpacks  # installed by `make test-launch` alone

    app, before = Repo2Docker(), Path.cwd()
    os.chdir(home)  # as repo2docker does
    try:
        pack = next(pack for pack in (BuildPack(base_image="") for BuildPack in app.buildpacks) if pack.detect())
        pack.platform = "linux/amd64"
        (lock,) = [file for file in pack.get_build_script_files() if str(file).endswith(".lock")]
        locked = Path(buildpacks.__file__).parent.joinpath(lock).read_text(encoding="utf-8")
        pinned = dict(re.findall(r"/([\w-]+)-([^-/]+)-[^-/]+\.conda", locked))
        assert not pack.separate_kernel_env
        scripts = [*pack.get_preassemble_scripts(), *pack.get_assemble_scripts()]
        return pack.python_version, [f"{name}=={pinned[name]}" for name in SERVER], [script for _, script in scripts]
    finally:
        os.chdir(before)


def interpreter(version: str) -> str:
    """Return a Python of this version; where there is none, the one that runs this."""
    named = shutil.which(f"python{version}")
    for path in (sys.executable, named) if named else (sys.executable,):
        told = subprocess.run([path, "--version"], capture_output=True, text=True)
        if told.stdout.startswith(f"Python {version}."):
            return path
    return sys.executable


def size(folder: Path) -> float:
    """Return the size of a folder in MB."""
    return sum(path.stat(follow_symlinks=False).st_size for path in folder.rglob("*")) / 1e6


@pytest.fixture(scope="module")
def image(scratch, repository, cpu_index):
    """Do what repo2docker would do."""
    home, environment = scratch / "jovyan", scratch / "binder"
    shutil.copytree(repository, home)
    version, server, commands = read_by_repo2docker(home)
    option, reachable = cpu_index
    if not reachable:  # then pip's own index must have builds for CPUs, which a test sees to
        requirements = home / ".binder/requirements.txt"
        requirements.write_text(requirements.read_text(encoding="utf-8").replace(option, ""), encoding="utf-8")
    run(interpreter(version), "-m", "venv", environment)
    pip_install(environment, *server)
    server_size = size(environment)
    for command in commands:
        # An image keeps no downloads; here they serve once more.
        command = command.replace(" --no-cache-dir", " --quiet")
        run("bash", "-ec", command, cwd=home, env=variables(scratch) | {"KERNEL_PYTHON_PREFIX": str(environment)})
    return Image(environment, home, variables(scratch), version, server_size, size(environment))


def test_python(image, record_property):
    """The image has the Python of .binder/runtime.txt, which the package supports."""
    assert (ROOT / ".binder/runtime.txt").read_text().strip() == f"python-{image.python}"
    here = run(image.environment / "bin/python", "--version").split()[1]
    record_property("Binder", f"an image with Python {image.python}; tested with {here}")


def test_packages(image):
    """The image has what the notebooks need, in the versions with which they were tested, and the package itself."""
    pins = re.findall(r"^([\w.-]+)==([^;\s]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    pinned = {name.lower().replace("_", "-"): version for name, version in pins}
    wanted = ("array-api-compat", "matplotlib", "numpy", "scikit-learn", "scipy", "torch", "tqdm")
    there = {name: image.packages.get(name, "missing").partition("+")[0] for name in wanted}
    assert there == {name: pinned[name] for name in wanted}
    where = run(image.environment / "bin/python", "-c", "import lossbook; print(lossbook.__file__)", cwd="/")
    assert where.startswith(str(packages(image.environment)))


def test_pytorch_is_the_build_for_cpus(image, cpu_index, record_property):
    option, reachable = cpu_index
    if not reachable:
        record_property("Binder", f"{option.split()[1]} cannot be reached; PyTorch is from pip's own index")
    assert run(image.environment / "bin/python", "-c", "import torch; print(torch.version.cuda)").strip() == "None"
    assert not [name for name in image.packages if name.startswith(("nvidia", "triton"))]


def test_size(image, record_property):
    added = image.size - image.server_size
    record_property("Binder", f"the image grows by {added:.0f} MB, beside {image.server_size:.0f} MB of its server")
    assert added < LARGEST


# --- A chapter in JupyterLab ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(image, scratch):
    """Start JupyterLab where the image would, and return its address and its token."""
    settings = scratch / "settings"
    for name, values in SETTINGS.items():
        file = settings / f"@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    command = [image.environment / "bin/jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    with (scratch / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=image.home,
            env=image.variables | {"JUPYTERLAB_SETTINGS_DIR": str(settings)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            known = Path(image.variables["JUPYTER_RUNTIME_DIR"], f"jpserver-{server.pid}.json")
            give_up = time.monotonic() + 300
            while not known.is_file():
                assert server.poll() is None and time.monotonic() < give_up, (scratch / "lab.log").read_text()
                time.sleep(0.2)
            info = json.loads(known.read_text(encoding="utf-8"))
            yield info["url"], info["token"]
        finally:
            server.terminate()
            server.wait(120)


@pytest.fixture(scope="module")
def page(browser):
    """A window of Chromium."""
    page = browser.new_page(viewport=DESKTOP)
    page.set_default_timeout(600_000)  # ms
    yield page
    page.close()


def choose(page: Page, menu: str, item: str) -> None:
    """Choose an item of a menu."""
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}$")).click()


def cells(notebook: NotebookNode, kind: str) -> list[NotebookNode]:
    """Return the cells of a kind: "code" or "markdown"."""
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def lab_problems(page: Page, lab: tuple[str, str], home: Path, file: str) -> list[str]:
    """Open a notebook in JupyterLab, run all cells, save it, and return what is not as it should be."""
    stored = nbformat.read(home / file, as_version=4)
    code = cells(stored, "code")
    url, token = lab
    page.goto(f"{url}lab/tree/{file}?token={token}&reset")
    page.wait_for_function(IDLE)
    page.wait_for_function(f"() => ({LOOK})().rendered >= {len(cells(stored, 'markdown'))}")
    page.wait_for_function("() => document.querySelector('.jp-NotebookPanel mjx-container')")
    choose(page, "Edit", "Clear Outputs of All Cells")
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(HAS_RUN)
    page.wait_for_function(IDLE)
    after = page.evaluate(LOOK)
    choose(page, "File", "Save Notebook")
    page.wait_for_function("() => !document.querySelector('.jp-NotebookPanel-toolbar.jp-mod-dirty, .jp-mod-dirty')")
    saved = nbformat.read(home / file, as_version=4)

    seen = Seen(text=after["text"], maths_errors=after["errors"])
    problems = markup_problems(seen) + maths_problems(seen)
    expected = {
        "rendered": len(cells(stored, "markdown")),
        "collapsed": sum(cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in code),
        "figures": sum(map(has_figure, code)),
    }
    problems += [f"{after[what]} {what}, not {number}" for what, number in expected.items() if after[what] != number]
    for number, (was, now) in enumerate(zip(code, cells(saved, "code"), strict=True), 1):
        if now.execution_count != number:
            problems.append(f"cell {number} has not run in its turn")
        if (printed(was), has_figure(was)) != (printed(now), has_figure(now)):
            problems.append(f"cell {number} put out {printed(now)!r}, not {printed(was)!r}")
    return problems


def test_chapter_in_jupyterlab(page, lab, image):
    binder, _ = button_links(CHAPTER.page, config())
    _, _, file = binder_opens(binder)
    report(lab_problems(page, lab, image.home, file))


def test_faults_are_found(page, lab, image):
    bad = new_notebook(
        metadata=CHAPTER.notebook.metadata,
        cells=[
            new_markdown_cell("# Bad\n\nA formula: $x$."),
            new_markdown_cell(":::{note}\nA directive, and $\\left( x$.\n:::\n"),
            new_code_cell("1 / 0", execution_count=1, outputs=[new_output("display_data", {"image/png": ""})]),
            new_code_cell("print(2)", execution_count=2),
        ],
    )
    nbformat.write(bad, image.home / "bad.ipynb")
    found = "\n".join(lab_problems(page, lab, image.home, "bad.ipynb"))
    messages = ("a raw directive", "error in a formula", "0 figures, not 1", "ZeroDivisionError", "cell 2 has not run")
    report([f"not found: {message}" for message in messages if message not in found])
