"""Colab, simulated: each chapter by itself, on a machine that has what Colab has, and not this package.

Colab opens one notebook of the repository, in an environment with PyTorch, NumPy, SciPy, Matplotlib, scikit-learn and
more; its first cell fetches the rest from the public address. Here git is told to take that address from a copy of the
repository, and may use nothing else. Each notebook lies in a folder of its own and installs into a layer of its own
over the environment, so that none profits from another. nbval compares all outputs with the stored ones.

The versions are those of requirements.txt, with which the outputs were stored. Colab's own change every few weeks.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from book import ROOT, chapters, config, report
from machine import packages, pip_install, run, variables

# Of what Colab lists at https://github.com/googlecolab/backend-info, what the chapters use
COLAB_HAS = ("cloudpickle", "ipykernel", "matplotlib", "numpy", "PyYAML", "scikit-learn", "scipy", "torch", "tqdm")
INSTALLED = ["array-api-compat", "lossbook"]  # all that the first cell may install

# Colab's kernel imports google.colab as it starts.
LAUNCHER = """import google.colab
from ipykernel.kernelapp import launch_new_instance

if __name__ == "__main__":
    launch_new_instance()
"""


@dataclass(frozen=True)
class Colab:
    """The environment, and the variables of what runs in it."""

    environment: Path
    variables: dict[str, str]
    commit: str  # what the public address leads to

    def layer(self, folder: Path) -> Path:
        """Make an environment that has all packages of this one, and installs into itself; return its Python."""
        run(self.environment / "bin/python", "-m", "venv", "--without-pip", folder)
        (packages(folder) / "colab.pth").write_text(f"{packages(self.environment)}\n", encoding="utf-8")
        return folder / "bin/python"

    def problems(self, notebook: nbformat.NotebookNode, folder: Path) -> list[str]:
        """Run a notebook in an empty folder, and return what it did other than what is stored."""
        alone, layer, kernel = folder / "content", folder / "layer", folder / "jupyter/kernels/colab"
        alone.mkdir(parents=True)
        nbformat.write(ignoring_first_output(notebook), alone / "chapter.ipynb")
        argv = [str(self.layer(layer)), "-m", "colab_kernel_launcher", "-f", "{connection_file}"]
        kernel.mkdir(parents=True)
        kernel_spec = {"argv": argv, "display_name": "Colab", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(kernel_spec), encoding="utf-8")
        nbval = ["--nbval", "--nbval-kernel-name=colab", "--nbval-kernel-startup-timeout=300"]
        nbval.append(f"--nbval-sanitize-with={ROOT}/tests/nbval_sanitize.cfg")
        apart = ["-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull, f"--rootdir={alone}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--quiet", "--color=no", *nbval, *apart, "chapter.ipynb"],
            cwd=alone,
            env=self.variables | {"JUPYTER_PATH": str(folder / "jupyter")},
            capture_output=True,
            text=True,
            timeout=900,
        )
        problems = [done.stdout + done.stderr] if done.returncode else []
        installed = {package.name: package for package in importlib.metadata.distributions(path=[str(packages(layer))])}
        if sorted(installed) != INSTALLED:
            problems.append(f"it installed {sorted(installed)}, not {INSTALLED}")
        if "lossbook" in installed:
            origin = json.loads(installed["lossbook"].read_text("direct_url.json"))
            commit = origin.get("vcs_info", {}).get("commit_id")
            if (origin["url"], commit) != (config()["repository"]["url"], self.commit):
                problems.append(f"it installed the package from {origin}")
        left = sorted(path.name for path in alone.iterdir())
        if left != ["chapter.ipynb"]:
            problems.append(f"it left behind {left}")
        return problems


def ignoring_first_output(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a copy in which the output of the first code cell, in which pip may speak, is not compared."""
    copy = nbformat.from_dict(notebook)
    first = next(cell for cell in copy.cells if cell.cell_type == "code")
    first.metadata.setdefault("tags", []).append("nbval-ignore-output")
    return copy


@pytest.fixture(scope="module")
def colab(scratch, repository, cpu_index):
    """Make the environment, once."""
    environment = scratch / "colab"
    option, reachable = cpu_index
    run(sys.executable, "-m", "venv", environment)
    pip_install(environment, "--constraint", "requirements.txt", *option.split() * reachable, *COLAB_HAS)
    (packages(environment) / "google/colab").mkdir(parents=True)
    (packages(environment) / "google/colab/__init__.py").touch()
    (packages(environment) / "colab_kernel_launcher.py").write_text(LAUNCHER, encoding="utf-8")
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": config()["repository"]["url"],
        "GIT_ALLOW_PROTOCOL": "file",  # nothing but that copy
    }
    found = Colab(environment, variables(scratch) | git, run("git", "rev-parse", "HEAD", cwd=repository).strip())
    # Matplotlib looks for fonts once on every machine, and says so if that takes long.
    run(environment / "bin/python", "-c", "import matplotlib.pyplot", env=found.variables)
    return found


@pytest.fixture(scope="module")
def runs(colab, scratch, request):
    """Start the chapters that are to be tested, two at a time, and return what will be their problems."""
    chosen = {item.callspec.params["name"] for item in request.session.items if "runs" in item.fixturenames}
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(colab.problems, chapter.notebook, scratch / "runs" / name)
            for name, chapter in chapters().items()
            if name in chosen
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", chapters())
def test_chapter_runs_on_colab(name, runs):
    report(runs[name].result())


# --- The simulation itself --------------------------------------------------------------------------------------------


def test_colab_lacks_what_the_first_cell_installs(colab):
    there = {package.name for package in importlib.metadata.distributions(path=[str(packages(colab.environment))])}
    assert there.issuperset(COLAB_HAS)
    assert there.isdisjoint(INSTALLED)


def notebook(first: str, *sources: str) -> nbformat.NotebookNode:
    """Return a notebook whose last cell is stored to have printed 2."""
    cells = [new_code_cell(source, execution_count=n) for n, source in enumerate((first, *sources), 1)]
    cells[-1].outputs = [new_output("stream", text="2\n")]
    return new_notebook(cells=cells)


def test_faults_are_found(colab, tmp_path):
    faults = {
        "open('errata.yml')": "No such file or directory: 'errata.yml'",
        "import shapely": "No module named 'shapely'",
        "%pip install --quiet --no-deps --force-reinstall tqdm": f"it installed {[*INSTALLED, 'tqdm']}",
        "open('new.txt', 'w').close()": "it left behind ['chapter.ipynb', 'new.txt']",
        "print(1)": "mismatch",
    }
    first = next(iter(chapters().values())).code[0].source
    found = "\n".join(colab.problems(notebook(first, *faults), tmp_path))
    report([f"not found: {fault}" for fault, message in faults.items() if message not in found])


def test_missing_package_is_found(colab, tmp_path):
    found = "\n".join(colab.problems(notebook("import numpy", "import lossbook", "print(2)"), tmp_path))
    assert "No module named 'lossbook'" in found and "it installed [], not" in found


def test_package_from_elsewhere_is_found(colab, repository, tmp_path):
    elsewhere = f"%pip install --quiet --no-deps array-api-compat git+{repository.as_uri()}"
    (problem,) = colab.problems(notebook(elsewhere, "print(2)"), tmp_path)
    assert problem.startswith("it installed the package from")
