"""Time and memory of every loss, as ratios to a reference in the same run: below 1 is better than the reference.

usage: python benchmarks/losses.py [--quick] [NAME ...]        e.g. python benchmarks/losses.py mse_loss cross_entropy

The reference is PyTorch's own function, eager; where PyTorch has none, kornia's or pytorch-metric-learning's; where
they have none either, the formula as one writes it down with PyTorch, without a check or a thought for rounding. Time
is that of forward and backward together, the fastest of interleaved runs, because other programs only ever add time.
Memory is the peak of what PyTorch's allocator holds during both.
"""

import argparse
import json
import math
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["KINETO_LOG_LEVEL"] = "99"  # the profiler reports its start and stop otherwise

import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

import lossbook

THREADS = 2


@dataclass(frozen=True)
class Case:
    """One loss, what it is compared with, and the arguments of both; the first argument is differentiated."""

    ours: Callable
    reference: Callable
    whose: str
    arguments: tuple


def elementwise(reference, *, target=torch.randn, **options):
    """A case of a million independent elements."""
    name = reference.__name__
    ours = getattr(lossbook, name)
    arguments = (torch.randn(1_000_000), target(1_000_000))
    return Case(lambda x, y: ours(x, y, **options), lambda x, y: reference(x, y, **options), "PyTorch", arguments)


def labels(n):
    return torch.randint(2, (n,)).float()


def boxes(n):
    corner = torch.rand(n, 2)
    return torch.cat([corner, corner + 0.1 + torch.rand(n, 2)], dim=1)


def cases():
    """Make each case when it is asked for, so that only one is held in memory."""
    scores, classes = torch.randn(8192, 1000), torch.randint(1000, (8192,))
    a, b, c = torch.randn(3, 16384, 128)
    signs = 2 * labels(16384) - 1
    yield "mse_loss", elementwise(F.mse_loss)
    yield "l1_loss", elementwise(F.l1_loss)
    yield "huber_loss", elementwise(F.huber_loss)
    yield "smooth_l1_loss", elementwise(F.smooth_l1_loss)
    yield "poisson_nll_loss", elementwise(F.poisson_nll_loss, target=torch.rand)
    yield "binary_cross_entropy_with_logits", elementwise(F.binary_cross_entropy_with_logits, target=labels)
    probabilities = torch.rand(1_000_000), labels(1_000_000)
    yield "binary_cross_entropy", Case(lossbook.binary_cross_entropy, F.binary_cross_entropy, "PyTorch", probabilities)
    variance = torch.randn(1_000_000), torch.randn(1_000_000), torch.rand(1_000_000)
    yield "gaussian_nll_loss", Case(lossbook.gaussian_nll_loss, F.gaussian_nll_loss, "PyTorch", variance)
    yield "cross_entropy", Case(lossbook.cross_entropy, F.cross_entropy, "PyTorch", (scores, classes))
    yield "nll_loss", Case(lossbook.nll_loss, F.nll_loss, "PyTorch", (scores, classes))
    yield "multi_margin_loss", Case(lossbook.multi_margin_loss, F.multi_margin_loss, "PyTorch", (scores, classes))
    distributions = scores.log_softmax(1), torch.randn(8192, 1000).softmax(1)
    yield (
        "kl_div",
        Case(
            lambda x, y: lossbook.kl_div(x, y, reduction="batchmean"),
            lambda x, y: F.kl_div(x, y, reduction="batchmean"),
            "PyTorch",
            distributions,
        ),
    )
    yield (
        "softmax",
        Case(
            lambda x: lossbook.softmax(x, 1).square().sum(),
            lambda x: F.softmax(x, 1).square().sum(),
            "PyTorch",
            (scores,),
        ),
    )
    yield "triplet_margin_loss", Case(lossbook.triplet_margin_loss, F.triplet_margin_loss, "PyTorch", (a, b, c))
    yield (
        "cosine_embedding_loss",
        Case(lossbook.cosine_embedding_loss, F.cosine_embedding_loss, "PyTorch", (a, b, signs)),
    )
    yield from cases_beyond_pytorch()


def cases_beyond_pytorch():
    """Losses that PyTorch has not; each reference is checked to compute the same value."""
    import kornia.losses
    from pytorch_metric_learning.losses import SupConLoss

    images, masks = torch.randn(16, 1, 256, 256), torch.randint(2, (16, 1, 256, 256)).float()
    yield (
        "sigmoid_focal_loss",
        Case(
            lambda x, y: lossbook.sigmoid_focal_loss(x, y, 0.25, 2.0),
            lambda x, y: kornia.losses.binary_focal_loss_with_logits(x, y, 0.25, 2.0, reduction="mean"),
            "kornia",
            (images, masks),
        ),
    )
    # With one positive key for each query, the supervised contrastive loss is InfoNCE.
    queries, keys = torch.randn(2, 1024, 128)
    contrast, identity = SupConLoss(temperature=0.07), torch.arange(1024)
    yield (
        "info_nce_loss",
        Case(
            lambda x, y: lossbook.info_nce_loss(x, y, temperature=0.07),
            lambda x, y: contrast(x, identity, ref_emb=y, ref_labels=identity.clone()),
            "metric-learning",
            (queries, keys),
        ),
    )
    yield from cases_of_formulas(images.sigmoid(), masks)


def cases_of_formulas(probabilities, masks):
    """Losses that none of the libraries has, compared with their formulas."""
    pair = tuple(torch.randn(2, 1_000_000))
    quantile = Case(
        lambda x, y: lossbook.quantile_loss(x, y, quantile=0.9),
        lambda x, y: torch.maximum(0.1 * (x - y), 0.9 * (y - x)).mean(),
        "formula",
        pair,
    )
    yield "quantile_loss", quantile
    yield "log_cosh_loss", Case(lossbook.log_cosh_loss, log_cosh, "formula", pair)
    signs = pair[0], 2 * labels(1_000_000) - 1
    yield "hinge_loss", Case(lossbook.hinge_loss, lambda z, y: (1 - y * z).clamp(min=0).mean(), "formula", signs)
    for name, formula, arguments in (
        ("mean_bias_error", lambda x, y: (x - y).mean(), pair),
        ("squared_hinge_loss", lambda z, y: ((1 - y * z).clamp(min=0) ** 2).mean(), signs),
        ("least_squares_discriminator_loss", lambda r, f: (((r - 1) ** 2).mean() + (f**2).mean()) / 2, pair),
        ("wasserstein_critic_loss", lambda r, f: f.mean() - r.mean(), pair),
        ("hinge_discriminator_loss", lambda r, f: (1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean(), pair),
    ):
        yield name, Case(getattr(lossbook, name), formula, "formula", arguments)
    yield "dice_loss", Case(lossbook.dice_loss, dice, "formula", (probabilities, masks))
    pairs = boxes(100_000), boxes(100_000)
    yield "iou_loss", Case(lossbook.iou_loss, lambda a, b: (1 - overlap(a, b)[0]).mean(), "formula", pairs)
    yield "generalized_box_iou_loss", Case(lossbook.generalized_box_iou_loss, generalized, "formula", pairs)
    yield "distance_box_iou_loss", Case(lossbook.distance_box_iou_loss, distance, "formula", pairs)
    yield "complete_box_iou_loss", Case(lossbook.complete_box_iou_loss, complete, "formula", pairs)
    p, q = torch.randn(2, 8192, 1000).softmax(2)
    yield "js_div", Case(lambda p, q: lossbook.js_div(p, q), jensen_shannon, "formula", (p, q))
    a, b = torch.randn(2, 16384, 128)
    yield (
        "contrastive_loss",
        Case(
            lambda x, y, similar: lossbook.contrastive_loss(x, y, similar, margin=16.0),
            lambda x, y, similar: contrastive(x, y, similar, margin=16.0),
            "formula",
            (a, b, labels(16384)),
        ),
    )
    scores = torch.randn(2, 1_000_000)
    triplets = tuple(scores[:, :, None])  # one positive and one negative for each anchor
    likelihood = Case(lossbook.triplet_likelihood_loss, lambda p, n: F.softplus(n - p).mean(), "formula", triplets)
    yield "triplet_likelihood_loss", likelihood
    yield "discriminator_loss", Case(lossbook.discriminator_loss, discriminator, "formula", tuple(scores))
    yield "generator_loss", Case(lossbook.generator_loss, lambda z: F.softplus(-z).mean(), "formula", (scores[0],))


def log_cosh(x, y):
    e = (x - y).abs()
    return (e + F.softplus(-2 * e) - math.log(2)).mean()


def jensen_shannon(p, q):
    m = (p + q) / 2
    return (p * (p / m).log() + q * (q / m).log()).sum(1).mean() / 2


def dice(p, t):
    common, total = (p * t).sum((1, 2, 3)), p.sum((1, 2, 3)) + t.sum((1, 2, 3))
    return (1 - 2 * common / total).mean()


def area(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def overlap(a, b):
    """Return the intersection over union of pairs of boxes, and the union."""
    sides = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    intersection = sides[:, 0] * sides[:, 1]
    union = area(a) + area(b) - intersection
    return intersection / union, union


def enclosing(a, b):
    """Return the sides of the smallest boxes that enclose the pairs."""
    return torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])


def generalized(a, b):
    (iou, union), sides = overlap(a, b), enclosing(a, b)
    hull = sides[:, 0] * sides[:, 1]
    return (1 - iou + (hull - union) / hull).mean()


def distance(a, b):
    centres = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    return (1 - overlap(a, b)[0] + (centres**2).sum(1) / (enclosing(a, b) ** 2).sum(1)).mean()


def complete(a, b):
    angle_a, angle_b = (torch.atan((c[:, 2] - c[:, 0]) / (c[:, 3] - c[:, 1])) for c in (a, b))
    v = 4 / math.pi**2 * (angle_a - angle_b) ** 2
    with torch.no_grad():
        alpha = v / (1 - overlap(a, b)[0] + v)
    return distance(a, b) + (alpha * v).mean()


def contrastive(x1, x2, similar, margin):
    d = (x1 - x2).norm(dim=1)
    return (similar * d**2 + (1 - similar) * (margin - d).clamp(min=0) ** 2).mean() / 2


def discriminator(real_logits, fake_logits):
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def run(function, arguments):
    """Forward and backward, once; return the value."""
    x = arguments[0].detach().requires_grad_()
    value = function(x, *arguments[1:])
    value.backward()
    return value.detach()


def seconds(functions, arguments, budget):
    """Return the shortest time of each function, all of them run in turns until the budget is used up."""
    times = {name: [] for name in functions}
    for function in functions.values():
        run(function, arguments)
    start = time.perf_counter()
    while time.perf_counter() - start < budget or len(times[next(iter(times))]) < 5:
        for name, function in functions.items():
            began = time.perf_counter()
            run(function, arguments)
            times[name].append(time.perf_counter() - began)
    return {name: min(values) for name, values in times.items()}


def peak_bytes(function, arguments):
    """Return the largest amount of memory held at once during forward and backward, above what was held before."""
    run(function, arguments)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run(function, arguments)
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    changes = sorted((e["ts"], e["args"]["Bytes"]) for e in events if e.get("name") == "[memory]")
    held = peak = 0
    for _, change in changes:
        held += change
        peak = max(peak, held)
    return peak


def measure(case, budget):
    """Return the ratios of a case: time, then memory; ours eager, ours compiled, and the reference compiled."""
    functions = {
        "reference": case.reference,
        "eager": case.ours,
        "compiled": torch.compile(case.ours, fullgraph=True),
        "reference compiled": torch.compile(case.reference),
    }
    values = [run(function, case.arguments) for function in functions.values()]
    for value in values[1:]:
        torch.testing.assert_close(value, values[0], rtol=1e-3, atol=1e-5)
    time_of = seconds(functions, case.arguments, budget)
    peak_of = {name: peak_bytes(function, case.arguments) for name, function in functions.items()}
    return [of[name] / of["reference"] for of in (time_of, peak_of) for name in list(functions)[1:]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="losses to measure; all of them by default")
    parser.add_argument("--quick", action="store_true", help="spend less time on each")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", message=".*script.* is deprecated", category=DeprecationWarning)

    print(f"PyTorch {torch.__version__}, {THREADS} threads; ratios to the reference, below 1 is better\n")
    kinds = "eager | compiled | reference compiled"
    print(f"| loss | reference | time, {kinds} | memory, {kinds} |")
    print("|:---|:---|---:|---:|---:|---:|---:|---:|")
    for name, case in cases():
        if options.names and name not in options.names:
            continue
        ratios = measure(case, budget=0.5 if options.quick else 3.0)
        print(f"| {name} | {case.whose} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |", flush=True)


if __name__ == "__main__":
    main()
