"""Processes that talk to each other: on one machine, what happens among the many of a cluster."""

import datetime
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cloudpickle
import torch.distributed as dist

MOST_SECONDS = 180  # that processes may run
WAIT = datetime.timedelta(seconds=60)  # for each other


def run(work, processes):
    """Call ``work(rank)`` in new processes that `torch.distributed` has joined, with the backend gloo.

    Parameters
    ----------
    work : callable
        A function of the rank, 0 for the first process. What a notebook defines travels with it.
    processes : int
        How many there are.

    Returns
    -------
    list
        What each process returned, in the order of their ranks; None for one that died in silence.

    Raises
    ------
    RuntimeError
        If a process failed, with what it wrote to stderr: in most cases a traceback.
    TimeoutError
        If a process was still running after three minutes. None runs on.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").write_bytes(pickle.dumps((sys.path, cloudpickle.dumps(work))))
        errors = [open(folder / f"{rank}.err", "w+", encoding="utf-8") for rank in range(processes)]
        running = []
        try:
            for rank, stderr in enumerate(errors):
                command = [sys.executable, "-m", __name__, name, str(rank), str(processes)]
                running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr))
            deadline = time.monotonic() + MOST_SECONDS
            for process in running:
                process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"a process was still running after {MOST_SECONDS} seconds, and was ended") from None
        finally:
            for process in running:
                process.kill()
                process.wait()
            for stderr in errors:
                stderr.close()
        return [_result(folder, rank) for rank in range(processes)]


def _result(folder, rank):
    if (folder / str(rank)).exists():
        return pickle.loads((folder / str(rank)).read_bytes())
    said = (folder / f"{rank}.err").read_text(encoding="utf-8")
    if said:
        raise RuntimeError(f"process {rank} failed:\n{said}")
    return None


def _join(name, rank, processes):
    folder = Path(name)
    # The loopback device: nothing leaves the machine, and no host name needs to be known.
    os.environ["GLOO_SOCKET_IFNAME"] = "lo" if sys.platform == "linux" else "lo0"
    sys.path[:], work = pickle.loads((folder / "work").read_bytes())
    store = dist.FileStore(str(folder / "rendezvous"), processes)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=processes, timeout=WAIT)
    # All have joined before one begins: it might die while another still connects to it.
    store.set(f"joined/{rank}", "")
    store.wait([f"joined/{other}" for other in range(processes)], WAIT)
    result = pickle.loads(work)(rank)
    # Whole or not at all: the file appears under its name when it is complete.
    (folder / f"{rank}.part").write_bytes(cloudpickle.dumps(result))
    (folder / f"{rank}.part").rename(folder / str(rank))
    dist.destroy_process_group()


if __name__ == "__main__":
    _join(sys.argv[1], *map(int, sys.argv[2:]))
