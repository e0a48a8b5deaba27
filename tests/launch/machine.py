"""What a reader's machine has: an environment of its own, and nothing of this one."""

import os
import subprocess
import sysconfig
from pathlib import Path

from book import ROOT

# Of variables that begin like this, those set here would carry over what readers do not have.
OURS = ("PYTEST", "PYTHON", "JUPYTER", "IPYTHON", "VIRTUAL_ENV", "MPL")


def variables(scratch: Path) -> dict[str, str]:
    """Return environment variables for a program that is to find nothing of this project or its user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    folders = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")
    return kept | {name: str(scratch / "home" / name.lower()) for name in folders}


def run(*command: str | Path, **options) -> str:
    """Run a command and return what it printed; fail with all of that unless it succeeds."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **options
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def packages(environment: Path) -> Path:
    """Return the folder of an environment's packages."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))


def pip_install(environment: Path, *arguments: str | Path, **options) -> None:
    """Install packages into an environment."""
    run(environment / "bin/python", "-m", "pip", "install", "--quiet", *arguments, cwd=ROOT, **options)
