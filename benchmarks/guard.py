"""What `lossbook.guard` costs: the time of a guarded loss after its checks, as a ratio to that of the bare loss.

usage: python benchmarks/guard.py [--quick]

Both are called by turns, in an order that changes, on a batch so small that the call is most of the time: nothing that
`guard` might add could hide. A round times many calls; of the rounds, the fastest counts, because other programs only
ever add time. The bare loss stands in for the guarded one too ("bare again"): that ratio is the noise.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn

from lossbook import guard

THREADS = 1
N, C = 32, 10


def cases():
    """Return losses with arguments that break no rule."""
    x, y, scores = torch.randn(N), torch.randn(N), torch.randn(N, C)
    classes, labels = torch.randint(C, (N,)), torch.randint(2, (N,)).float()
    return [
        (nn.MSELoss(), (x, y)),
        (nn.CrossEntropyLoss(), (scores, classes)),
        (nn.CrossEntropyLoss(torch.ones(C)), (scores, classes)),
        (nn.BCEWithLogitsLoss(), (x, labels)),
        (nn.KLDivLoss(reduction="batchmean"), (scores.log_softmax(1), torch.randn(N, C).softmax(1))),
        (nn.TripletMarginLoss(), (scores, torch.randn(N, C), torch.randn(N, C))),
    ]


def seconds(function: Callable, arguments: tuple, calls: int) -> float:
    """Return the time of one call, taken over many."""
    start = time.perf_counter()
    for _ in range(calls):
        function(*arguments)
    return (time.perf_counter() - start) / calls


def compare(criterion: nn.Module, arguments: tuple, rounds: int, calls: int) -> str:
    """Return a line of the table for one loss."""
    guarded = guard(criterion)
    guarded(*arguments)
    runs = {"bare": criterion, "again": criterion, "guarded": guarded}
    fastest = dict.fromkeys(runs, float("inf"))
    for i in range(rounds):
        names = list(runs)
        for name in names[i % 3 :] + names[: i % 3]:
            fastest[name] = min(fastest[name], seconds(runs[name], arguments, calls))
    checked = min(seconds(guard(criterion, 10), arguments, 10) for _ in range(rounds))
    ratios = [fastest["guarded"], fastest["again"], checked]
    weight = " with weight" if getattr(criterion, "weight", None) is not None else ""
    line = "{:9.3f}  {:10.3f}  {:12.0f}".format(*(time / fastest["bare"] for time in ratios))
    return f"{type(criterion).__name__ + weight:28} {line}  {1e3 * checked:5.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, more noise")
    rounds, calls = (20, 100) if parser.parse_args().quick else (200, 200)
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    print(f"PyTorch {torch.__version__}, {THREADS} thread, forward pass of {N} examples; ratios to the bare loss")
    print(f"{'loss':28} {'guarded':>9}  {'bare again':>10}  {'checked call':>12}  in ms")
    for criterion, arguments in cases():
        print(compare(criterion, arguments, rounds, calls))


if __name__ == "__main__":
    main()
