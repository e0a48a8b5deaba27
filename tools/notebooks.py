"""Execute notebooks in place, as many at once as there are cores, and print a line for each.

usage: python tools/notebooks.py [NOTEBOOK ...]      without a name: every notebook in chapters/
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path):
    """Execute one notebook and store its outputs, but nothing that differs between machines or runs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        resources={"metadata": {"path": path.parent}},
    ).execute()
    notebook.metadata = METADATA
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path)
    notebooks = parser.parse_args().notebooks or sorted(ROOT.glob("chapters/*/*.ipynb"))
    for path in notebooks:
        if not path.is_file():
            parser.error(f"no such notebook: {path}")

    start, failed = time.monotonic(), 0
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = {pool.submit(execute, path.resolve()): path for path in notebooks}
        for done, job in enumerate(as_completed(jobs), start=1):
            try:
                job.result()
                outcome = "executed"
            except (CellExecutionError, DeadKernelError) as error:
                failed += 1
                outcome = f"FAILED, left as it was\n{error}\n"
            name = os.path.relpath(jobs[job].resolve(), ROOT)
            print(f"[{done}/{len(jobs)}] {time.monotonic() - start:4.0f} s  {name}  {outcome}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
