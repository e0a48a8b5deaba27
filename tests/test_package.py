"""The package as a whole: what importing it does, what it exports, how it is documented, what is installed."""

import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
import torch.nn.functional as F
import yaml

import lossbook

ROOT = Path(__file__).resolve().parents[1]
# `guard` and its exceptions are no losses: see test_contracts.py
GUARD = {"ContractError", "ContractWarning", "guard"}
PUBLIC = [pytest.param(getattr(lossbook, name), id=name) for name in lossbook.__all__ if name not in GUARD]


# --- Import -----------------------------------------------------------------------------------------------------------


def run(code, cwd=ROOT):
    """Run Python code in a process of its own, every warning an error, and return what it printed."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_import_has_no_side_effects():
    printed = run("""
import locale, logging, os, random, sys, warnings
import numpy as np

def state():
    return (list(warnings.filters), np.geterr(), np.get_printoptions(), dict(os.environ), logging.root.handlers[:],
            locale.setlocale(locale.LC_ALL), random.getstate(), str(np.random.get_state()))

before = state()
import lossbook
assert state() == before
assert lossbook.mse_loss(np.ones(3), np.zeros(3)) == 1
assert lossbook.cross_entropy(np.zeros((2, 3)), np.zeros(2, dtype=int)) > 1
assert state() == before
heavy = {"torch", "matplotlib", "sklearn", "scipy", "IPython", "tqdm", "lossbook.teaching"}
print(sorted(heavy & set(sys.modules)))
""")
    assert printed == "[]\n"


def test_torch_may_be_imported_later():
    assert run("import lossbook, torch; print(lossbook.l1_loss(torch.ones(2), torch.zeros(2)).item())") == "1.0\n"


# --- What is public ---------------------------------------------------------------------------------------------------


def test_all_names_every_public_function_of_every_part():
    parts = [m.name for m in pkgutil.iter_modules(lossbook.__path__) if not (m.ispkg or m.name.startswith("_"))]
    public = {
        name: function
        for part in parts
        for name, function in vars(import_module(f"lossbook.{part}")).items()
        if inspect.isroutine(function) or inspect.isclass(function)
        if function.__module__ == f"lossbook.{part}" and not name.startswith("_")
    }
    assert lossbook.__all__ == sorted(public)
    assert all(getattr(lossbook, name) is function for name, function in public.items())


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    source = tmp_path / "source"  # a copy, because building leaves files behind
    shutil.copytree(ROOT / "lossbook", source / "lossbook", ignore=shutil.ignore_patterns("__pycache__"))
    for file in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(file, source)
    ledger = Path("chapters/practice/errata.yml")
    (source / ledger.parent).mkdir(parents=True)
    for file in filter(Path.is_file, (ROOT / ledger.parent).iterdir()):
        shutil.copy(file, source / ledger.parent)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--disable-pip-version-check", "--wheel-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
        archive.extractall(tmp_path / "installed")
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lossbook").rglob("*.py")}
    assert installed == modules | {"lossbook/py.typed", "lossbook/teaching/errata/errata.yml"}
    assert f"\nVersion: {lossbook.__version__}\n" in metadata
    code = "from lossbook.teaching import ledger; print(ledger.__file__); print(len(ledger.read()['statements']))"
    where, statements = run(code, cwd=tmp_path / "installed").splitlines()
    assert Path(where).is_relative_to(tmp_path / "installed")
    assert int(statements) == len(yaml.safe_load((ROOT / ledger).read_text(encoding="utf-8"))["statements"])


# --- Docstrings -------------------------------------------------------------------------------------------------------


def sections(docstring):
    """Return the sections of a numpydoc docstring by name; what stands before the first one is under ''."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def entries(section):
    """Return the entries 'name : type' of a section, each with its description."""
    parts = re.split(r"^(\S.*)\n", section, flags=re.MULTILINE)
    return {head: " ".join(text.split()) for head, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("function", PUBLIC)
def test_docstring_has_all_sections_in_order(function):
    found = sections(function.__doc__)
    assert list(found) == ["", "Parameters", "Returns", "Raises", "Notes", "Examples"]
    summary, _, formula = found[""].partition("\n\n")
    assert re.fullmatch(r"[A-Z][^\n]*\.", summary)
    assert ".. math::" in formula


@pytest.mark.parametrize("function", PUBLIC)
def test_docstring_describes_every_parameter(function):
    described = entries(sections(function.__doc__)["Parameters"])
    parameters = inspect.signature(function).parameters
    assert [head.partition(" : ")[0] for head in described] == list(parameters)
    assert all(re.match(r"\w+ : \S", head) and text.endswith(".") for head, text in described.items())
    for head, text in described.items():
        if "array or tensor" in head:
            assert "shape" in text
        if head.startswith(("weight", "dtype")):
            assert head.endswith(", optional")


@pytest.mark.parametrize("function", PUBLIC)
def test_docstring_says_what_is_returned_and_raised(function):
    found = sections(function.__doc__)
    (returned,) = entries(found["Returns"]).values()
    assert re.search(r"between (0|−1) and 1|0 or (more|less)|any real number", returned)  # the range
    assert entries(found["Raises"]).keys() <= {"ValueError", "TypeError", "RuntimeError"}
    assert "TypeError" in entries(found["Raises"])


@pytest.mark.parametrize("function", PUBLIC)
def test_docstring_names_pytorchs_function_and_shows_an_example(function):
    found = sections(function.__doc__)
    if hasattr(F, function.__name__):
        assert f"`torch.nn.functional.{function.__name__}`" in found["Notes"]
    assert f">>> from lossbook import {function.__name__}\n" in found["Examples"]
    assert re.search(rf"^>>> .*\b{function.__name__}\(.*\n[^>\s]", found["Examples"], re.MULTILINE)  # with its result
