"""`guard`: every rule finds the mistake it is for, with the right number, and is silent on what only looks like it."""

import copy
import inspect
import linecache
import pickle
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from book import ROOT, TOPICS
from lossbook import ContractError, ContractWarning, contracts, guard
from lossbook._guard import LOSSES, RULES, evidence, meaning


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def labels(n, classes, seed=1):
    return torch.randint(classes, (n,), generator=torch.Generator().manual_seed(seed))


def coin(*shape, seed=2):
    return (normal(*shape, seed=seed) > 0).float()


def report(criterion, *arguments, **options):
    """Return what a guarded call reports: the class of it and the message, or None and nothing."""
    guarded = guard(criterion, **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")  # PyTorch's own warnings
        warnings.simplefilter("always", ContractWarning)
        try:
            guarded(*arguments)
        except ContractError as error:
            return ContractError, str(error)
    assert len(caught) <= 1
    return (ContractWarning, str(caught[0].message)) if caught else (None, "")


def four(number):
    """Write a number as the messages do."""
    return f"{float(number):.4g}"


def as_bare(criterion, *arguments):
    """Return the loss of an unguarded call, written as the messages do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return four(criterion(*arguments).mean())


# --- What each rule is about ------------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """A call that a rule has to find, how severe that is, and what the message has to say."""

    severity: str
    criterion: nn.Module
    arguments: tuple
    says: tuple


class LookAlike(NamedTuple):
    """A call that resembles a mistake and is none."""

    criterion: nn.Module
    arguments: tuple


ERROR, WARNING, NOTE = "error", "warning", "note"

Y9, Z9 = labels(32, 9), normal(32, 9)
LOG9, P9 = Z9.log_softmax(1), Z9.softmax(1)
ONE_HOT = F.one_hot(Y9, 9)
A, B = normal(32), normal(32, seed=3)
T = coin(32)
SIGNS = 2 * T - 1
X1, X2, X3 = normal(32, 8), normal(32, 8, seed=4), normal(32, 8, seed=5)
NAN, INF = float("nan"), float("inf")
CTC = (normal(12, 3, 5).log_softmax(2), torch.tensor([[1, 2, 2], [3, 1, 0], [4, 0, 0]]))
CTC_LENGTHS = (torch.tensor([12, 10, 8]), torch.tensor([3, 2, 1]))


def with_value(tensor, value, at=0):
    tensor = tensor.clone()
    tensor.view(-1)[at] = value
    return tensor


def weighted(weight, **options):
    return nn.CrossEntropyLoss(torch.as_tensor(weight), **options)


def logits_loss(pos_weight=None, weight=None, **options):
    given = {"pos_weight": pos_weight, "weight": weight}
    given = {name: torch.as_tensor(value) for name, value in given.items() if value is not None}
    return nn.BCEWithLogitsLoss(**given, **options)


def from_graph(function, *shape):
    """Return the output of a function with the graph that autograd records."""
    return function(normal(*shape).requires_grad_())


def lowest_smoothed(smoothing, width):
    """Return the smallest cross-entropy of two scores that are at most `width` apart, by trying many."""
    scores = torch.linspace(0, width, 20001)
    scores = torch.stack([scores, 0 * scores], 1)
    target = torch.zeros(len(scores), dtype=torch.int64)
    return nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")(scores, target).min()


def lowest(criterion, target):
    """Return the smallest mean loss of scores from 0 to 1, by trying many."""
    grid = torch.linspace(0, 1, 2001)[:, None].expand(2001, len(target))
    return criterion(grid, target.expand_as(grid)).min(0).values.mean()


class Embedding(nn.Module):
    """A distance that has a state, and draws random numbers while it trains."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, a, b):
        return (F.dropout(self.norm(a), 0.5, self.training) - self.norm(b)).norm(dim=1)


MISTAKES = {
    "any/tensors": [
        Mistake(ERROR, nn.MSELoss(), (A, [1.0] * 32), ("`target` has type list", "torch.as_tensor(target)")),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, Y9.numpy()), ("`target` has type ndarray",)),
        Mistake(ERROR, nn.GaussianNLLLoss(), (A, B, 1), ("`var` has type int", "give a float, or one")),
        Mistake(ERROR, nn.L1Loss(), (A, None), ("`target` has type NoneType",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], CTC[1].tolist(), *CTC_LENGTHS), ("`targets` has type list",)),
    ],
    "any/devices": [
        Mistake(
            ERROR,
            weighted(torch.ones(9, device="meta")),
            (Z9, Y9),
            ("`input` on cpu, `target` on cpu, `weight` on meta", "2 devices", "criterion.to(device)"),
        ),
        Mistake(
            ERROR, logits_loss(torch.tensor(2.0, device="meta")), (A, T), ("`target` on cpu, `pos_weight` on meta",)
        ),
        Mistake(
            ERROR,
            logits_loss(2.0, weight=torch.ones(32, device="meta")),
            (A, T),
            ("`target` on cpu, `weight` on meta\n",),
        ),
    ],
    "any/integers": [
        Mistake(ERROR, nn.CrossEntropyLoss(), (Y9, Z9), ("`input` (32,) has dtype torch.int64", "look swapped")),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (T.long(), T.long()), ("convert it with input.float()",)),
        Mistake(ERROR, nn.L1Loss(reduction="sum"), (T.byte(), T.byte()), ("1 − 2 is 255",)),
        Mistake(ERROR, nn.HuberLoss(), (Y9, Y9), ("PyTorch refuses integers",)),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (T.byte(), T.byte()), ("PyTorch refuses integers",)),
    ],
    "any/empty": [
        Mistake(ERROR, nn.MSELoss(), (torch.ones(0, 3), torch.ones(0, 3)), ("`input` (0, 3) is empty", "0/0 = NaN")),
        Mistake(ERROR, nn.KLDivLoss(reduction="batchmean"), (LOG9[:0], P9[:0]), ("is empty",)),
        Mistake(ERROR, nn.MultiMarginLoss(), (Z9[:0], Y9[:0]), ("is empty", "whatever stood in memory")),
        Mistake(ERROR, nn.MultiMarginLoss(reduction="sum"), (Z9[:0], Y9[:0]), ("is empty", "has not written")),
        Mistake(ERROR, nn.MultiLabelMarginLoss(reduction="sum"), (Z9[:0], ONE_HOT[:0]), ("has not written",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9[:0], Y9[:0]), ("is empty",)),
        Mistake(ERROR, nn.KLDivLoss(), (LOG9[:0], P9[:0]), ("is empty",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (torch.zeros(32, 0), 0 * Y9), ("`input` (32, 0) is empty",)),
        Mistake(ERROR, nn.KLDivLoss(), (LOG9[0, :0], P9[0, :0]), ("is empty",)),
        Mistake(ERROR, nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (Z9[:0], Y9[:0]), ("leave out empty batches",)),
    ],
    "shape/broadcast": [
        Mistake(
            ERROR,
            nn.MSELoss(),
            (A, A[:, None]),
            (
                "`input` (32,) and `target` (32, 1)",
                "1024 pairs instead of 32, 32 times as many",
                f"the loss is {as_bare(nn.MSELoss(), A, A[:, None])} instead of 0",
                "target.reshape(input.shape)",
            ),
        ),
        Mistake(
            ERROR,
            nn.SmoothL1Loss(reduction="sum"),
            (A[:, None], B),
            (
                f"the loss is {as_bare(nn.SmoothL1Loss(reduction='sum'), A[:, None], B)} instead of "
                f"{as_bare(nn.SmoothL1Loss(reduction='sum'), A, B)}",
                "(32, 32)",
            ),
        ),
        Mistake(ERROR, nn.GaussianNLLLoss(), (A[:, None], B, torch.ones(32, 1)), ("1024 pairs instead of 32",)),
        Mistake(ERROR, nn.PoissonNLLLoss(), (A, T[:, None]), ("1024 pairs", "`log_input` (32,)")),
        Mistake(ERROR, nn.HingeEmbeddingLoss(), (A.abs(), SIGNS[:, None]), ("1024 pairs",)),
        Mistake(ERROR, nn.MultiLabelSoftMarginLoss(), (A[:, None], T), ("1024 pairs",)),
        Mistake(ERROR, nn.SoftMarginLoss(), (A, SIGNS[:, None]), ("1024 pairs",)),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (A[:, None], T), ("input.squeeze(-1)",)),
        Mistake(ERROR, nn.BCELoss(), (A.sigmoid()[None], T), ("PyTorch refuses to pair 32 predictions with 32",)),
        Mistake(
            ERROR,
            nn.BCEWithLogitsLoss(),
            (A, torch.tensor(1.0)),
            ("refuses to pair 32 predictions with 1", "target.expand_as(input)"),
        ),
        Mistake(
            ERROR, nn.MSELoss(), (Z9, Y9.float()), ("288 predictions cannot be paired with 32", "CrossEntropyLoss")
        ),
        Mistake(ERROR, nn.MarginRankingLoss(), (A[:, None], B[:, None], SIGNS), ("1024 pairs",)),
        Mistake(WARNING, nn.L1Loss(), (Z9, Z9[0]), ("repeated 32 times, to make 288 pairs",)),
        Mistake(WARNING, nn.L1Loss(), (A[:1], A), ("repeated 32 times, to make 32 pairs",)),
        Mistake(WARNING, nn.MSELoss(), (A[:1], A[:1, None]), ("the 1 values still meet one to one",)),
        # Here all pairs may be meant: for the distance of two distributions, or of all quantiles
        Mistake(WARNING, nn.L1Loss(), (A[:, None], B[None]), ("1024 pairs instead of 32",)),
        Mistake(WARNING, nn.HuberLoss(reduction="none"), (A, B[:, None]), ("1024 pairs instead of 32",)),
        Mistake(WARNING, nn.MSELoss(), (A, B[:7, None]), ("224 pairs instead of 32, 7 times",)),
        Mistake(ERROR, nn.MarginRankingLoss(), (X1, X2, SIGNS), ("256 predictions cannot be paired with 32",)),
        Mistake(ERROR, nn.SoftMarginLoss(), (torch.tensor(1.0), torch.ones(1)), ("refuses to pair 1 predictions",)),
        Mistake(WARNING, nn.L1Loss(), (normal(16, 2), normal(2)), ("repeated 16 times",)),
        Mistake(
            ERROR,
            nn.MarginRankingLoss(),
            (A[:, None], B[:, None], torch.ones(1)),
            ("pair 32 predictions with 1 targets", "target.expand_as(input1)"),
        ),
    ],
    "target/dtype": [
        Mistake(
            ERROR, nn.BCELoss(), (A.sigmoid(), T.double()), ("dtype torch.float64", "32 targets with torch.float32")
        ),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (A, T.long()), ("dtype torch.int64", "target.to(torch.float32)")),
        Mistake(ERROR, nn.KLDivLoss(reduction="batchmean"), (LOG9, ONE_HOT), ("dtype torch.int64",)),
        Mistake(ERROR, nn.L1Loss(), (A, T.bool()), ("dtype torch.bool",)),
        Mistake(ERROR, nn.HuberLoss(), (A.clone().requires_grad_(), T.double()), ("in the backward pass",)),
        Mistake(ERROR, nn.GaussianNLLLoss(), (A, T.bool(), 1.0), ("dtype torch.bool",)),
        Mistake(ERROR, nn.PoissonNLLLoss(), (A, T.bool()), ("dtype torch.bool",)),
    ],
    "target/gradient": [
        Mistake(
            WARNING,
            nn.BCELoss(),
            (T, from_graph(torch.sigmoid, 32)),
            (
                "`target` has a gradient, `input` has none",
                f"here the loss is {as_bare(nn.BCELoss(), T, A.sigmoid())}, the other way round "
                f"{as_bare(nn.BCELoss(), A.sigmoid(), T)}",
            ),
        ),
        Mistake(WARNING, nn.PoissonNLLLoss(), (T, from_graph(torch.exp, 32)), ("`target` has a gradient",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, from_graph(lambda z: z.softmax(1), 32, 9)), ("other way round",)),
    ],
    "shape/embeddings": [
        Mistake(ERROR, nn.TripletMarginLoss(), (X1, X2, X3[:, :5]), ("the 32 rows", "(N, D)")),
        Mistake(ERROR, nn.TripletMarginWithDistanceLoss(), (X1, X2[0], X3), ("`positive` (8,)",)),
        Mistake(ERROR, nn.CosineEmbeddingLoss(), (X1, X2, SIGNS[:, None]), ("one label for each of 32 pairs",)),
        Mistake(
            WARNING, nn.TripletMarginLoss(), (X1[:, None], X2[None], X3[:, None]), ("1024 comparisons instead of 32",)
        ),
        Mistake(
            ERROR, nn.CosineEmbeddingLoss(), (normal(2, 3, 8),) * 2 + (SIGNS[:6].view(2, 3),), ("each of 6 pairs",)
        ),
    ],
    "classes/target-shape": [
        Mistake(
            ERROR, nn.CrossEntropyLoss(), (Z9, Y9[:, None]), ("`target` (32, 1)", "shape (32,)", "target.squeeze(1)")
        ),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, ONE_HOT), ("`target` (32, 9)", "argmax(1), or target.float()")),
        Mistake(ERROR, nn.NLLLoss(), (LOG9, ONE_HOT), ("32 class indices", "argmax(1)")),
        Mistake(ERROR, nn.CrossEntropyLoss(), (normal(4, 7, 9), labels(28, 9).view(4, 7)), ("movedim(-1, 1)",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, Y9[:31]), ("`target` (31,) for `input` (32, 9)",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (A, T.long()), ("one example with 32 classes", "BCEWithLogitsLoss")),
        Mistake(ERROR, nn.NLLLoss(), (LOG9[0], Y9[:1]), ("target.reshape(())",)),
        Mistake(ERROR, nn.MultiMarginLoss(), (Z9, Y9[:, None]), ("target.squeeze(1)",)),
        Mistake(
            ERROR, nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (Z9, Y9[:, None]), ("`input_` (32, 9) and 20 classes",)
        ),
        Mistake(ERROR, nn.LinearCrossEntropyLoss(9, 20), (Z9, Y9[:5]), ("`target` (5,)",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (normal(4, 7, 9), labels(12, 9).view(4, 3)), ("give one class index",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (A[0], Y9[0]), ("`input` () has no dimension", "give scores (C,)")),
        Mistake(ERROR, nn.NLLLoss(), (A[0], Y9[0]), ("`input` () has no dimension",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (A, Y9.view(4, 8)), ("give one class index",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9.T, Y9), ("give input.T",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9.argmax(1).float(), Y9), ("before the argmax",)),
        Mistake(ERROR, nn.MultiMarginLoss(), (Z9[0], Y9[:2]), ("one example with 9 classes",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, P9[:, :5]), ("`target` (32, 5)",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (normal(2, 3, 4), labels(8, 3).view(2, 1, 4)), ("target.squeeze(1)",)),
        Mistake(
            ERROR,
            nn.LinearCrossEntropyLoss(9, 20, out_features=(4,)),
            (Z9[:2], Y9[:2]),
            ("give one class index for each",),
        ),
    ],
    "classes/target-dtype": [
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, Y9.float()), ("dtype torch.float32", "target.long()", "these 32")),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, Y9.int()), ("dtype torch.int32",)),
        Mistake(ERROR, nn.NLLLoss(), (LOG9, A), ("no whole numbers", "MSELoss")),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, ONE_HOT.bool()), ("target.float()",)),
        Mistake(ERROR, nn.MultiMarginLoss(), (Z9, Y9.byte()), ("dtype torch.uint8",)),
        Mistake(ERROR, nn.LinearCrossEntropyLoss(9, 20), (Z9, Y9.int()), ("dtype torch.int32",)),
        Mistake(
            ERROR, nn.CrossEntropyLoss(), (normal(2, 3, 4), labels(8, 3).view(2, 4).byte()), ("dtype torch.uint8",)
        ),
        Mistake(ERROR, nn.NLLLoss(), (normal(2, 3, 4).log_softmax(1), labels(8, 3).view(2, 4).byte()), ("uint8",)),
    ],
    "classes/index-range": [
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, Y9 + 1), ("from 1 to 9 for 9 classes", "count from 1")),
        Mistake(ERROR, nn.NLLLoss(), (LOG9, with_value(Y9, -1)), ("1 of 32 are out of range", "set ignore_index=-1")),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, with_value(Y9, 255)), ("from 0 to 255", "ignore_index=255")),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, with_value(Y9, 9)), ("from 0 to 8, or a score for each of 10",)),
        Mistake(ERROR, nn.MultiMarginLoss(), (Z9, with_value(Y9, -100)), ("from -100 to 8",)),
        Mistake(ERROR, nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (Z9, Y9 + 12), ("from 12 to 20 for 20 classes",)),
        Mistake(ERROR, nn.LinearCrossEntropyLoss(9, 20), (Z9, Y9 + 12), ("from 12 to 20 for 20 classes",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9, with_value(Y9.clamp(min=1), 255)), ("set ignore_index=255",)),
    ],
    "classes/single-class": [
        Mistake(
            WARNING, nn.CrossEntropyLoss(), (Z9, 0 * Y9 + 4), ("all 32 targets are class 4", "1e-30", "shuffle=True")
        ),
        Mistake(WARNING, nn.NLLLoss(), (normal(21, 2).log_softmax(1), labels(21, 1)), ("1e-6",)),
        Mistake(WARNING, nn.MultiMarginLoss(), (Z9[:16], 0 * Y9[:16]), ("all 16 targets",)),
        Mistake(
            WARNING,
            weighted([1.0, 1.0, 2.0]),
            (normal(20, 3), torch.zeros(20).long()),
            ("with 3 classes as frequent as 1/weight the chance of that is 1e-8",),
        ),
        Mistake(WARNING, weighted([1.0, 0.0]), (normal(32, 2), torch.zeros(32).long()), ("2 equally frequent", "1e-9")),
    ],
    "classes/all-ignored": [
        Mistake(
            ERROR, nn.CrossEntropyLoss(), (Z9, 0 * Y9 - 100), ("all 32 targets equal ignore_index=-100", "0/0 = NaN")
        ),
        Mistake(ERROR, nn.NLLLoss(ignore_index=0), (LOG9, 0 * Y9), ("ignore_index=0",)),
        Mistake(ERROR, nn.LinearCrossEntropyLoss(9, 20), (Z9, 0 * Y9 - 100), ("all 32 targets",)),
    ],
    "cross-entropy/one-class": [
        Mistake(
            ERROR, nn.CrossEntropyLoss(), (Z9[:, :1], 0 * Y9), ("makes 1 class", "the loss is 0", "BCEWithLogitsLoss")
        ),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9[:, :1], T[:, None]), ("makes 1 class",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9[:1, :1], Y9[:1] * 0), ("makes 1 class",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (Z9[:2, :1], 0 * Y9[:2]), ("makes 1 class",)),
    ],
    "cross-entropy/target-probabilities": [
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, ONE_HOT * 3.0), ("run from 0 to 3", "up to 3 examples")),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, Z9), ("from -", "no minimum")),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, (Z9 > 0).float()), ("BCEWithLogitsLoss", "sums run from")),
        Mistake(ERROR, nn.CrossEntropyLoss(ignore_index=0), (Z9, P9), ("ignore_index=0 with class probabilities",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, 1.012 * P9), ("to 1.012",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, 1.1 * ONE_HOT - 0.1), ("from -0.1 to 1",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9[0], 3 * P9[0]), ("sums run from 3 to 3",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9[:1, :1], torch.full((1, 1), 3.0)), ("run from 3 to 3",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, 1.5 * ONE_HOT), ("run from 0 to 1.5",)),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9, 0.5 * P9), ("sums run from 0.5 to 0.5",)),
    ],
    "weights/shape": [
        Mistake(ERROR, weighted(torch.ones(8)), (Z9, Y9), ("`weight` (8,)", "9 classes need 9 weights, got 8")),
        Mistake(ERROR, nn.NLLLoss(torch.ones(9, 1)), (LOG9, Y9), ("`weight` (9, 1)",)),
        Mistake(ERROR, weighted(np.ones(9)), (Z9, Y9), ("torch.float64 weights for torch.float32", "weight.to")),
        Mistake(ERROR, nn.MultiMarginLoss(weight=torch.ones(3)), (Z9, Y9), ("9 weights, got 3",)),
        Mistake(
            ERROR, logits_loss(weight=torch.ones(32)), (A[:, None], T[:, None]), ("32 weights cannot be repeated",)
        ),
        Mistake(ERROR, nn.BCELoss(torch.ones(5)), (A.sigmoid(), T), ("`weight` (5,) for `input` (32,)",)),
        Mistake(ERROR, logits_loss(torch.ones(3)), (normal(2, 3, 4, 5), coin(2, 3, 4, 5)), ("(C, 1, 1) for images",)),
        Mistake(WARNING, logits_loss(torch.ones(32)), (A, T), ("32 positions of the last dimension",)),
        Mistake(WARNING, logits_loss(torch.ones(2)), (A[:2], T[:2]), ("2 positions of the last dimension",)),
        Mistake(WARNING, logits_loss(torch.ones(4)), (normal(2, 4, 3, 4), coin(2, 4, 3, 4)), ("(C, 1, 1)",)),
        Mistake(ERROR, logits_loss(weight=torch.ones(3)), (A[0], T[0]), ("for instance (1,)",)),
    ],
    "weights/mean": [
        Mistake(
            WARNING,
            logits_loss(50.0),
            (A, T),
            (
                f"are {four((1 + 49 * T).mean())} on average",
                f"here it is {as_bare(logits_loss(50.0), A, T)}",
                f"without weights {as_bare(nn.BCEWithLogitsLoss(), A, T)}",
            ),
        ),
        Mistake(
            WARNING,
            nn.BCELoss(torch.tensor(0.01)),
            (A.sigmoid(), T),
            ("are 0.01 on average", f"without weights {as_bare(nn.BCELoss(), A.sigmoid(), T)}"),
        ),
        Mistake(WARNING, logits_loss(50.0), (A[:11], torch.ones(11)), ("are 50 on average",)),
        Mistake(WARNING, weighted(torch.full((9,), 30.0)), (Z9, P9), ("are 30 on average", "without weights")),
        Mistake(ERROR, weighted([0.0] + [1.0] * 8), (Z9[:5], 0 * Y9[:5]), ("all 5 targets have weight 0", "0/0 = NaN")),
        Mistake(WARNING, weighted([-1.0] + [1.0] * 8), (Z9, Y9), ("smallest value of `weight` is -1", "no minimum")),
        Mistake(
            WARNING,
            weighted([1000.0] + [1.0] * 8),
            (Z9, (Y9 % 8 + 1) * (torch.arange(32) > 0)),
            (f"carries {1000 / 1031:.0%}", f"plain mean of {1031**2 / (1000**2 + 31):.3g} targets"),
        ),
        Mistake(
            WARNING, weighted([1000.0] + [1.0] * 8), (Z9[:11], with_value(Y9[:11] % 8 + 1, 0)), ("plain mean of 1.02",)
        ),
        Mistake(WARNING, weighted([900.0] + [0.0] * 8), (Z9, P9), (f"are {four(900 * P9[:, 0].mean())} on average",)),
        Mistake(WARNING, nn.BCELoss(torch.tensor(10.5)), (A.sigmoid(), T), ("are 10.5 on average",)),
        Mistake(WARNING, weighted([1.0, 99.0]), (normal(11, 2), (torch.arange(11) < 1).long()), ("carries 91%",)),
        Mistake(WARNING, logits_loss(50.0), (A, 1.2 * T), (f"are {four((1 + 49 * 1.2 * T).mean())} on average",)),
        Mistake(WARNING, weighted([900.0] + [0.0] * 8), (Z9, P9.double()), (f"are {four(900 * P9[:, 0].mean())} on",)),
        Mistake(WARNING, weighted([30.0] * 3), (normal(4, 3, 4), normal(4, 3, 4).softmax(1)), ("are 30 on average",)),
        Mistake(WARNING, logits_loss(-1.0), (A, T), ("smallest value of `pos_weight` is -1",)),
    ],
    "weights/pos-weight": [
        Mistake(
            WARNING,
            logits_loss(0.1),
            (normal(100), (torch.arange(100) < 10).float()),
            (f"{0.1 * 0.1 / (0.1 * 0.1 + 0.9):.2%} of the weight instead of 10.00%", "here 9,"),
        ),
        Mistake(WARNING, logits_loss(0.49), (normal(32), (torch.arange(32) < 6).float()), ("18.75%",)),
        Mistake(WARNING, logits_loss(0.0), (normal(100), (torch.arange(100) < 10).float()), ("0.00% of the weight",)),
    ],
    "weights/class-counts": [
        Mistake(
            WARNING,
            weighted([90.0, 10.0]),
            (normal(100, 2), (torch.arange(100) < 10).long()),
            (
                "class 0 has weight 90, the others 10 on average",
                f"it has {8100 / 8200:.2%} of the weight instead of 90.00%",
                "N / (C · count of the class)",
            ),
        ),
        Mistake(
            WARNING,
            nn.NLLLoss(torch.tensor([1.0, 2.0, 6.0])),
            (normal(32, 3).log_softmax(1), torch.tensor([0] * 2 + [1] * 4 + [2] * 26)),
            (f"class 2 has weight 6, the others {four(10 / 6)} on average", f"{156 / 166:.2%} of the weight"),
        ),
        Mistake(
            WARNING,
            weighted([2.5, 1.0, 1.0]),
            (normal(100, 3), (torch.arange(100) < 10).long()),
            ("class 0 has weight 2.5, the others 1 on average",),
        ),
    ],
    "cross-entropy/probabilities": [
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (P9, Y9),
            (
                "looks like the output of a softmax",
                f"cannot fall below {as_bare(nn.CrossEntropyLoss(), ONE_HOT.float(), Y9)} for 9 classes",
                "cannot fall below 1.372 for 9 classes",
                f"above {four(torch.eye(9)[0].softmax(0)[0])}",
                f"here it is {as_bare(nn.CrossEntropyLoss(), P9, Y9)}, on the scores before the softmax "
                f"{as_bare(nn.CrossEntropyLoss(), Z9, Y9)}",
            ),
        ),
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (Z9.sigmoid(), Y9),
            (
                "looks like the output of a sigmoid: all 288 values",
                "1.372 for 9 classes",
                f"before the sigmoid {as_bare(nn.CrossEntropyLoss(), Z9, Y9)}",
            ),
        ),
        Mistake(WARNING, nn.CrossEntropyLoss(), (Z9.softmax(0), Y9), ("all sums along dimension 0 are 1", "1.372")),
        Mistake(WARNING, nn.CrossEntropyLoss(), (P9, P9), ("no class can get a probability above 0.2536",)),
        Mistake(WARNING, nn.CrossEntropyLoss(reduction="sum"), (P9, Y9), ("of an example cannot fall below 1.372",)),
        Mistake(
            WARNING, nn.CrossEntropyLoss(), (normal(2, 3, 4, 4).softmax(1), labels(32, 3).view(2, 4, 4)), ("0.5514",)
        ),
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(label_smoothing=0.1),
            (P9, Y9),
            (as_bare(nn.CrossEntropyLoss(label_smoothing=0.1), ONE_HOT.float(), Y9) + " for 9 classes",),
        ),
        Mistake(WARNING, nn.CrossEntropyLoss(), (from_graph(torch.sigmoid, 2, 9), Y9[:2]), ("as autograd recorded",)),
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (from_graph(torch.tanh, 2, 9), Y9[:2]),
            (as_bare(nn.CrossEntropyLoss(), 2.0 * ONE_HOT - 1, Y9) + " for 9 classes",),
        ),
        Mistake(
            NOTE,
            nn.CrossEntropyLoss(),
            (LOG9, Y9),
            ("harmless", f"({as_bare(nn.CrossEntropyLoss(), Z9, Y9)} with it", "NLLLoss"),
        ),
        # With much smoothing the best score is not the highest that a tanh can give
        *(
            Mistake(
                WARNING,
                nn.CrossEntropyLoss(label_smoothing=smoothing),
                (from_graph(torch.tanh, 8, 2), Y9[:8] % 2),
                (f"{four(lowest_smoothed(smoothing, 2))} for 2 classes",),
            )
            for smoothing in (0.1, 0.4, 0.9)
        ),
        Mistake(
            WARNING, nn.CrossEntropyLoss(label_smoothing=1.0), (P9, Y9), (f"cannot fall below {four(np.log(9))} for",)
        ),
        Mistake(WARNING, weighted(torch.ones(9), label_smoothing=0.1), (P9, Y9), ("harm: no class can get",)),
        Mistake(WARNING, weighted(torch.ones(9)), (P9, Y9), ("1.372",)),
        Mistake(WARNING, weighted(torch.ones(9), reduction="sum"), (P9, Y9), ("harm: no class can get",)),
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (Z9.log_softmax(0), Y9),
            (
                "the exponentials sum to 1 along dimension 0",
                f"along dimension 1 its exponentials sum to {four(Z9.softmax(0).sum(1).min())} up to "
                f"{four(Z9.softmax(0).sum(1).max())}",
            ),
        ),
        Mistake(
            WARNING, nn.CrossEntropyLoss(), (from_graph(torch.sigmoid, 2, 9)[torch.tensor([0])], Y9[:1]), ("1.372",)
        ),
        # Certain to the last digit, so that the scores before it can only be told within bounds
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (from_graph(lambda z: (100 * z).tanh(), 32, 9), Y9),
            (
                "before the tanh "
                f"{as_bare(nn.CrossEntropyLoss(), (100 * Z9).tanh().clamp(1e-6 - 1, 1 - 1e-6).atanh(), Y9)}",
            ),
        ),
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (from_graph(lambda z: (200 * z).sigmoid(), 32, 9), Y9),
            (f"before the sigmoid {as_bare(nn.CrossEntropyLoss(), (200 * Z9).sigmoid().logit(1e-6), Y9)}",),
        ),
    ],
    "nll/log-probabilities": [
        Mistake(
            WARNING,
            nn.NLLLoss(),
            (P9, Y9),
            (
                "holds probabilities",
                f"{as_bare(nn.NLLLoss(), P9, Y9)}, on log-probabilities {as_bare(nn.NLLLoss(), LOG9, Y9)}",
            ),
        ),
        Mistake(
            WARNING,
            nn.NLLLoss(),
            (Z9, Y9),
            (
                f"sum to up to {four(Z9.exp().sum(1).max())}",
                f"{as_bare(nn.NLLLoss(), Z9, Y9)}, on log-probabilities {as_bare(nn.NLLLoss(), LOG9, Y9)}",
                "CrossEntropyLoss",
            ),
        ),
        Mistake(
            WARNING,
            nn.CTCLoss(),
            (CTC[0].exp(), CTC[1], *CTC_LENGTHS),
            ("holds probabilities", "log_softmax(scores, -1)"),
        ),
        Mistake(WARNING, nn.CTCLoss(), (3 + CTC[0], CTC[1], *CTC_LENGTHS), (f"sum to up to {four(np.exp(3))}",)),
        Mistake(
            WARNING,
            nn.NLLLoss(),
            (Z9.log_softmax(0), Y9),
            (
                "is normalised along dimension 0, not over the classes",
                f"on log-probabilities {as_bare(nn.CrossEntropyLoss(), Z9.log_softmax(0), Y9)}",
            ),
        ),
        Mistake(WARNING, nn.CTCLoss(), (normal(12, 3, 5).log_softmax(0), CTC[1], *CTC_LENGTHS), ("along dimension 0",)),
        Mistake(WARNING, nn.NLLLoss(), (F.logsigmoid(Z9), Y9), ("nothing holds the other scores down",)),
        Mistake(WARNING, nn.NLLLoss(), (P9[0], Y9[0]), ("`input` (9,) holds probabilities",)),
        Mistake(WARNING, nn.NLLLoss(), (torch.full((1, 1), 3.0), 0 * Y9[:1]), (f"sum to up to {four(np.exp(3))}",)),
        Mistake(WARNING, nn.NLLLoss(), (Z9.sigmoid(), Y9), ("holds probabilities",)),
        Mistake(WARNING, nn.NLLLoss(), (1e4 * Z9, Y9), (f"sum to up to {four(np.exp(700))}",)),
    ],
    "binary/target-range": [
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (A, SIGNS), ("from -1 to 1", "by 1 or more", "(target + 1) / 2")),
        Mistake(ERROR, nn.BCELoss(), (A.sigmoid(), 1.1 * T), ("from 0 to 1.1", "by 0.1 or more")),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (A, 255 * T), ("target / 255",)),
        Mistake(ERROR, nn.MultiLabelSoftMarginLoss(), (Z9, 2 * (Z9 > 0).float() - 1), ("(target + 1) / 2",)),
        Mistake(WARNING, nn.BCEWithLogitsLoss(), (A, 1.2 * T), ("from 0 to 1.2", "by 0.2 or more")),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (A, T + 1), ("from 1 to 2", "target - 1")),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (A, 2 * T), ("from 0 to 2", "by 1 or more")),
        Mistake(WARNING, nn.BCEWithLogitsLoss(), (A, T - 0.5), ("from -0.5 to 0.5", "by 0.5 or more")),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (T, 3 * A), ("the arguments look swapped",)),
        Mistake(WARNING, nn.BCEWithLogitsLoss(reduction="none"), (A, SIGNS), ("from -1 to 1",)),
        Mistake(ERROR, nn.BCELoss(coin(32), reduction="none"), (A.sigmoid(), SIGNS), ("from -1 to 1",)),
        Mistake(ERROR, logits_loss(weight=1 - T), (A, SIGNS), ("from -1 to 0",)),
        Mistake(ERROR, nn.BCELoss(), (A.sigmoid(), 1.00005 * T), ("from 0 to 1", "by 4.995e-05")),
    ],
    "binary/decisions": [
        Mistake(
            WARNING,
            nn.BCELoss(),
            ((A > 0).float(), T),
            ("the 32 values of `input` are all 0 or 1", f"{int(((A > 0) != T).sum())} of them are wrong", "threshold"),
        ),
        Mistake(WARNING, nn.BCEWithLogitsLoss(), (T[:16], 1 - T[:16]), ("16 of them are wrong",)),
        Mistake(
            WARNING,
            nn.BCELoss(),
            (T, A.sigmoid()),
            (
                "look swapped",
                f"here the loss is {as_bare(nn.BCELoss(), T, A.sigmoid())}, the other way round "
                f"{as_bare(nn.BCELoss(), A.sigmoid(), T)}",
            ),
        ),
    ],
    "bce/probabilities": [
        Mistake(
            ERROR,
            nn.BCELoss(),
            (A, T),
            (
                f"from {four(A.min())} to {four(A.max())}",
                f"{int(((A < 0) | (A > 1)).sum())} of 32 values are no probabilities",
                f"on the sigmoid of the values the loss is {as_bare(nn.BCEWithLogitsLoss(), A, T)}",
            ),
        ),
        Mistake(ERROR, nn.BCELoss(), (torch.tensor([0.0, 1.0, 1.5, -1.0]), T[:4]), ("so 2 of 4 values",)),
        Mistake(ERROR, nn.BCELoss(), (torch.tensor([0.5, 1.5]), T[:2]), ("from 0.5 to 1.5, so 1 of 2",)),
        Mistake(ERROR, nn.BCELoss(), (torch.tensor([-0.5, 0.5]), T[:2]), ("from -0.5 to 0.5, so 1 of 2",)),
    ],
    "bce-with-logits/probabilities": [
        Mistake(
            WARNING,
            nn.BCEWithLogitsLoss(),
            (A.sigmoid(), T),
            (
                "only probabilities from 0.5 to 0.7311",
                f"cannot fall below {as_bare(nn.BCEWithLogitsLoss(), T, T)}, here it is "
                f"{as_bare(nn.BCEWithLogitsLoss(), A.sigmoid(), T)}",
            ),
        ),
        Mistake(
            WARNING,
            logits_loss(3.0),
            (A.sigmoid(), T),
            (f"cannot fall below {as_bare(logits_loss(3.0), T, T)}",),
        ),
        Mistake(WARNING, nn.MultiLabelSoftMarginLoss(), (Z9.sigmoid(), (Z9 > 0).float()), ("looks like", "0.7311")),
        Mistake(WARNING, nn.BCEWithLogitsLoss(), (from_graph(torch.tanh, 3), T[:3]), ("from 0.2689 to 0.7311",)),
        Mistake(WARNING, nn.BCEWithLogitsLoss(), (P9, (Z9 > 0).float()), ("output of a softmax",)),
        Mistake(
            WARNING,
            logits_loss(3.0),
            (A.sigmoid(), 0.2 + 0.3 * T),
            (f"cannot fall below {four(lowest(logits_loss(3.0, reduction='none'), 0.2 + 0.3 * T))}",),
        ),
        Mistake(WARNING, nn.MultiLabelSoftMarginLoss(), (Z9.sigmoid(), (Z9 > 0).long()), ("cannot fall below",)),
        Mistake(
            WARNING,
            nn.BCEWithLogitsLoss(),
            (from_graph(F.relu, 32), T),
            (
                "from 0.5 to 1",
                f"below {four((1 - T).mean() * np.log(2))}, here it is {as_bare(nn.BCEWithLogitsLoss(), A.relu(), T)}",
                "before the ReLU",
            ),
        ),
        Mistake(
            WARNING,
            nn.BCEWithLogitsLoss(),
            (from_graph(F.logsigmoid, 32), T),
            ("output of a log-sigmoid", "from 0 to 0.5", f"below {four(T.mean() * np.log(2))}"),
        ),
        Mistake(WARNING, nn.BCEWithLogitsLoss(), (LOG9, (Z9 > 0).float()), ("a log-softmax", "from 0 to 0.5")),
        Mistake(
            WARNING,
            nn.SoftMarginLoss(),
            (A.sigmoid(), SIGNS),
            (
                f"below {as_bare(nn.SoftMarginLoss(), T, SIGNS)}, here it is "
                f"{as_bare(nn.SoftMarginLoss(), A.sigmoid(), SIGNS)}",
            ),
        ),
        Mistake(
            WARNING,
            nn.BCEWithLogitsLoss(),
            (torch.tensor([[[0.3, 0.7], [0.7, 0.3]]]), torch.eye(2)[None]),
            ("all sums along dimension 2 are 1",),
        ),
        Mistake(
            WARNING,
            logits_loss(weight=T),
            (A.sigmoid(), T),
            (f"cannot fall below {as_bare(logits_loss(weight=T), T, T)}",),
        ),
    ],
    "hinge-embedding/distances": [
        Mistake(
            WARNING,
            nn.HingeEmbeddingLoss(),
            (A, SIGNS),
            (
                f"from {four(A.min())} to {four(A.max())}",
                f"the loss of this call is {as_bare(nn.HingeEmbeddingLoss(), A, SIGNS)}",
                "SoftMarginLoss",
            ),
        ),
        Mistake(WARNING, nn.HingeEmbeddingLoss(), (torch.tensor([-0.02]), -torch.ones(1)), ("from -0.02 to -0.02",)),
        Mistake(WARNING, nn.HingeEmbeddingLoss(), (torch.tensor([-0.3, 20.0]), torch.ones(2)), ("from -0.3 to 20",)),
    ],
    "labels/plus-minus-one": [
        Mistake(
            ERROR,
            nn.HingeEmbeddingLoss(),
            (A.abs(), T),
            (
                f"{int((T == 0).sum())} of 32 values",
                f"{as_bare(nn.HingeEmbeddingLoss(), A.abs(), T)}, with −1 for 0 "
                f"{as_bare(nn.HingeEmbeddingLoss(), A.abs(), SIGNS)}",
                "2 * target - 1",
            ),
        ),
        Mistake(
            ERROR,
            nn.CosineEmbeddingLoss(),
            (X1, X2, T),
            ("costs 0", f"with −1 for 0 {as_bare(nn.CosineEmbeddingLoss(), X1, X2, SIGNS)}"),
        ),
        Mistake(ERROR, nn.MarginRankingLoss(margin=1.0), (A, B, T), ("costs the margin and teaches nothing",)),
        Mistake(ERROR, nn.SoftMarginLoss(), (A, T), ("log 2 = 0.6931", as_bare(nn.SoftMarginLoss(), A, SIGNS))),
        Mistake(ERROR, nn.HingeEmbeddingLoss(), (A.abs(), with_value(SIGNS, 0)), ("1 of 32 values, first at [0]",)),
        # Here zeros may leave pairs out, and other values weigh them
        Mistake(WARNING, nn.CosineEmbeddingLoss(), (X1, X2, with_value(SIGNS, 0)), ("1 of 32 values",)),
        Mistake(WARNING, nn.SoftMarginLoss(), (A, 0.9 * SIGNS), ("from -0.9 to 0.9",)),
        Mistake(WARNING, nn.MarginRankingLoss(), (A, B, T + 1), ("from 1 to 2",)),
        Mistake(ERROR, nn.MarginRankingLoss(), (A, B, 2 * T), ("32 of 32 values",)),
        # Without a reduction they may be left out afterwards
        Mistake(WARNING, nn.MarginRankingLoss(reduction="none"), (A, B, T), ("from 0 to 1",)),
        Mistake(WARNING, nn.HingeEmbeddingLoss(reduction="none"), (A.abs(), with_value(SIGNS, 0)), ("1 of 32 values",)),
    ],
    "labels/class-lists": [
        Mistake(
            ERROR, nn.MultiLabelMarginLoss(), (Z9, (Z9 > 0).long()), ("more than once, in 32 rows", "zeros and ones")
        ),
        Mistake(ERROR, nn.MultiLabelMarginLoss(), (Z9, (Z9 > 0).float()), ("torch.float32", "288 class indices")),
        Mistake(ERROR, nn.MultiLabelMarginLoss(), (Z9, Y9), ("`target` (32,)",)),
        Mistake(ERROR, nn.MultiLabelMarginLoss(), (Z9[:1], torch.arange(9)[None] + 1), ("from 1 to 9 for 9 classes",)),
        Mistake(
            WARNING, nn.MultiLabelMarginLoss(), (Z9[:2, :3], torch.tensor([[2, 2, -1], [0, 2, 0]])), ("2 entries",)
        ),
        Mistake(ERROR, nn.MultiLabelMarginLoss(), (Z9[:1], torch.arange(9)[None] - 2), ("from -2 to 6 for 9 classes",)),
        Mistake(
            WARNING, nn.MultiLabelMarginLoss(), (Z9[:2, :3], torch.tensor([[1, 1, -1], [0, 1, -1]])), ("1 entries",)
        ),
        Mistake(ERROR, nn.MultiLabelMarginLoss(), (Z9[:1, :3], torch.tensor([[0, 1, 0]])), ("zeros and ones",)),
        Mistake(ERROR, nn.MultiLabelMarginLoss(), (A[0], torch.tensor(1)), ("from 1 to 1 for 1 classes",)),
        Mistake(WARNING, nn.MultiLabelMarginLoss(), (Z9[0, :3], torch.tensor([1, 1, -1])), ("1 entries", "in 1 rows")),
        Mistake(WARNING, nn.MultiLabelMarginLoss(), (Z9[:2, :2], torch.tensor([[0, 1], [1, 1]])), ("in 1 rows",)),
    ],
    "kl/order": [
        Mistake(
            ERROR,
            nn.KLDivLoss(reduction="batchmean"),
            (P9, normal(32, 9, seed=6).log_softmax(1)),
            (
                "288 of 288 terms are NaN",
                as_bare(nn.KLDivLoss(reduction="batchmean"), normal(32, 9, seed=6).log_softmax(1), P9),
                "loss(log_p, q)",
            ),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (LOG9, from_graph(lambda z: z.softmax(1), 32, 9) * 0.999),
            ("`target` has a gradient, `input` has none", "this way"),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean", log_target=True),
            (LOG9, from_graph(lambda z: z.log_softmax(1), 32, 9)),
            ("the two orders differ",),
        ),
        Mistake(ERROR, nn.KLDivLoss(reduction="batchmean"), (ONE_HOT.float(), LOG9), ("288 of 288 terms",)),
        Mistake(
            ERROR,
            nn.KLDivLoss(reduction="batchmean"),
            (torch.tensor([[0.3, 0.7]]), torch.tensor([[0.0, -30.0]])),
            ("1 of 2 terms are NaN",),
        ),
    ],
    "kl/input": [
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (P9, P9.flip(1)),
            (
                "holds probabilities",
                f"here it is {as_bare(nn.KLDivLoss(reduction='batchmean'), P9, P9.flip(1))}, with log p "
                f"{as_bare(nn.KLDivLoss(reduction='batchmean'), LOG9, P9.flip(1))}",
            ),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="sum"),
            (Z9, P9.flip(1)),
            ("not normalised", as_bare(nn.KLDivLoss(reduction="sum"), LOG9, P9.flip(1))),
        ),
        Mistake(WARNING, nn.KLDivLoss(reduction="batchmean"), (Z9 - 1, P9), ("not normalised",)),
        Mistake(WARNING, nn.KLDivLoss(reduction="batchmean", log_target=True), (P9, LOG9), ("holds probabilities",)),
        Mistake(WARNING, nn.KLDivLoss(reduction="batchmean"), (P9, 0 * P9), ("holds probabilities",)),
        Mistake(WARNING, nn.KLDivLoss(reduction="batchmean"), (Z9.sigmoid(), P9), ("holds probabilities",)),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (normal(2, 3, 4), normal(2, 3, 4, seed=1).softmax(1)),
            (
                "not normalised",
                as_bare(
                    nn.KLDivLoss(reduction="batchmean"),
                    normal(2, 3, 4).log_softmax(1),
                    normal(2, 3, 4, seed=1).softmax(1),
                ),
            ),
        ),
        Mistake(WARNING, nn.KLDivLoss(reduction="sum"), (Z9[0], P9[1]), ("`input` (9,) holds scores",)),
    ],
    "kl/dimension": [
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (Z9.log_softmax(0), P9),
            ("`input` is normalised along dimension 0, `target` along dimension 1", "the 288 terms"),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean", log_target=True),
            (normal(4, 5, 6).log_softmax(2), normal(4, 5, 6).log_softmax(1)),
            ("`input` is normalised along dimension 2, `target` along dimension 1",),
        ),
    ],
    "kl/target": [
        Mistake(
            ERROR, nn.KLDivLoss(reduction="batchmean"), (LOG9, LOG9), ("288 of 288 terms are NaN", "log_target=True")
        ),
        Mistake(ERROR, nn.KLDivLoss(reduction="batchmean"), (LOG9, Z9), (f"{int((Z9 < 0).sum())} of 288 terms",)),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean", log_target=True),
            (LOG9, P9.flip(1)),
            (
                f"count as {four(P9.min().exp())} or more",
                f"with log_target=False {as_bare(nn.KLDivLoss(reduction='batchmean'), LOG9, P9.flip(1))}",
            ),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (LOG9, 3 * P9),
            (f"a sum over dimension 1 is 3, so its loss is least at {four(3 * np.log(3))}",),
        ),
        Mistake(WARNING, nn.KLDivLoss(reduction="sum"), (LOG9[0], 3 * P9[0]), (f"least at {four(3 * np.log(3))}",)),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (normal(2, 3, 4).log_softmax(2), 3 * normal(2, 3, 4).softmax(2)),
            ("a sum over dimension 2 is 3,",),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (LOG9, torch.cat([0.3 * P9[:16], 0.6 * P9[16:]])),
            ("a sum over dimension 1 is 0.3,", f"is {four((0.3 * np.log(0.3) + 0.6 * np.log(0.6)) / 2)}, but no"),
        ),
        Mistake(
            ERROR, nn.KLDivLoss(reduction="sum"), (torch.tensor(-0.5), torch.tensor(-0.1)), ("1 of 1 terms are NaN",)
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="none"),
            (LOG9, with_value(with_value(P9, -1), 0, 1)),
            ("from -1 to", "1 of 288 terms"),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean", log_target=True),
            (LOG9, Z9),
            ("holds no log-probabilities", f"run up to {four(Z9.max().exp())}"),
        ),
        Mistake(ERROR, nn.KLDivLoss(reduction="batchmean"), (Z9, LOG9), ("288 of 288 terms are NaN",)),
        Mistake(WARNING, nn.KLDivLoss(reduction="batchmean"), (P9, 3 * P9), ("a sum over dimension 1 is 3,",)),
        Mistake(WARNING, nn.KLDivLoss(reduction="batchmean"), (LOG9, 1.5 * P9), ("a sum over dimension 1 is 1.5,",)),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (normal(2, 3, 4), 3 * normal(2, 3, 4).softmax(1)),
            ("a sum over dimension 1 is 3,",),
        ),
        Mistake(WARNING, nn.KLDivLoss(reduction="sum"), (Z9[0], 3 * P9[0]), ("a sum over dimension 0 is 3,",)),
        *(
            Mistake(WARNING, nn.KLDivLoss(reduction="batchmean", log_target=True), (LOG9.double(), target), (says,))
            for target, says in (
                (ONE_HOT.double(), "no value in `target` is negative"),
                (200 + P9.double(), f"probabilities count as {four(np.exp(99))} or more"),
                (with_value(200 + P9.double(), -1), f"probabilities run up to {four(np.exp(99))}"),
                (torch.full((32, 9), -0.1).double(), "holds no log-probabilities"),
            )
        ),
    ],
    "kl/mean": [
        Mistake(
            WARNING,
            nn.KLDivLoss(),
            (LOG9, P9.flip(1)),
            (
                "divides by 288, not by the number of distributions, 32: 9 times too small",
                f"here it is {as_bare(nn.KLDivLoss(), LOG9, P9.flip(1))}, the divergence "
                f"{as_bare(nn.KLDivLoss(reduction='batchmean'), LOG9, P9.flip(1))}",
                "use reduction='batchmean'",
            ),
        ),
        Mistake(
            WARNING,
            nn.KLDivLoss(reduction="batchmean"),
            (LOG9[0], P9[1]),
            ("divides by 9", as_bare(nn.KLDivLoss(reduction="sum"), LOG9[0], P9[1]), "use reduction='sum'"),
        ),
        Mistake(WARNING, nn.KLDivLoss(), (LOG9, LOG9.exp()), ("here it is", "the divergence")),
    ],
    "ctc/layout": [
        Mistake(ERROR, nn.CTCLoss(), (CTC[0].transpose(0, 1), CTC[1], *CTC_LENGTHS), ("log_probs.transpose(0, 1)",)),
        Mistake(ERROR, nn.CTCLoss(), (*CTC, CTC_LENGTHS[0] + 1, CTC_LENGTHS[1]), ("input lengths up to 13",)),
        Mistake(ERROR, nn.CTCLoss(), (*CTC, CTC_LENGTHS[0], CTC_LENGTHS[1] + 1), ("target lengths up to 4",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], CTC[1].view(-1), *CTC_LENGTHS), ("`targets` (9,)",)),
        Mistake(ERROR, nn.CTCLoss(), (*CTC, CTC_LENGTHS[0].float(), CTC_LENGTHS[1]), ("N integers each",)),
        Mistake(
            ERROR, nn.CTCLoss(), (*CTC, CTC_LENGTHS[0], CTC_LENGTHS[1][:2]), ("3 input lengths", "2 target lengths")
        ),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0][None], CTC[1], *CTC_LENGTHS), ("`log_probs` (1, 12, 3, 5)",)),
        Mistake(
            ERROR,
            nn.CTCLoss(),
            (*CTC, CTC_LENGTHS[0], (3, 2, 1)),
            ("`input_lengths` has type Tensor and `target_lengths` has type tuple", "the lengths of 3 sequences"),
        ),
        Mistake(ERROR, nn.CTCLoss(), (*CTC, [12, 10, 8], CTC_LENGTHS[1]), ("`input_lengths` has type list and",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], CTC[1][None], *CTC_LENGTHS), ("`targets` (1, 3, 3)",)),
        Mistake(ERROR, nn.CTCLoss(), (*CTC, CTC_LENGTHS[0], CTC_LENGTHS[1] - 2), ("target lengths up to 1",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], torch.tensor([[[1, 2, 2], [3, 1, 4]]]), *CTC_LENGTHS), ("(1, 2, 3)",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0][:, :1, None], CTC[1][:1], (12,), (3,)), ("`log_probs` (12, 1, 1, 5)",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], torch.tensor([1, 2, 2, 3, 1, 4]), (13, 9, 9), (3, 2, 1)), ("up to 13",)),
        Mistake(
            ERROR,
            nn.CTCLoss(),
            (CTC[0][:, :0], CTC[1][:0], (), ()),
            ("0 input lengths up to 0, 0 target lengths up to 0",),
        ),
        Mistake(
            ERROR, nn.CTCLoss(), (CTC[0][:3], CTC[1], (12, 10, 8), (3, 2, 1)), ("give N input lengths of at most T",)
        ),
    ],
    "ctc/labels": [
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], CTC[1] + 1, *CTC_LENGTHS), ("from 2 to 5 for 5 classes", "0 to 4")),
        Mistake(ERROR, nn.CTCLoss(), (*CTC, (12, 10, 8), (3, 3, 3)), ("3 of 9 labels are the blank, 0",)),
        Mistake(ERROR, nn.CTCLoss(blank=4), (*CTC, *CTC_LENGTHS), ("1 of 6 labels are the blank, 4",)),
        Mistake(ERROR, nn.CTCLoss(), (CTC[0], torch.tensor([1, 2, 2, 3, 1, 7]), *CTC_LENGTHS), ("from 1 to 7",)),
    ],
    "ctc/lengths": [
        Mistake(
            ERROR,
            nn.CTCLoss(),
            (*CTC, torch.tensor([3, 1, 8]), CTC_LENGTHS[1]),
            (
                "sequence 0 has 3 steps for 3 labels, 1 of them as the one before; 2 of 3 sequences",
                "would need 4: the loss is infinite",
            ),
        ),
        Mistake(WARNING, nn.CTCLoss(zero_infinity=True), (*CTC, (3, 8, 8), (3, 2, 1)), ("would need 4", "1 of 3")),
        Mistake(WARNING, nn.CTCLoss(reduction="none"), (*CTC, (3, 8, 8), (3, 2, 1)), ("the loss is infinite",)),
        Mistake(
            ERROR,
            nn.CTCLoss(),
            (CTC[0], torch.tensor([1, 2, 3, 3, 3, 4]), (12, 2, 8), (3, 2, 1)),
            ("sequence 1 has 2 steps",),
        ),
    ],
    "poisson/counts": [
        Mistake(ERROR, nn.PoissonNLLLoss(), (A, with_value(T, -2)), ("smallest target is -2", "by 2 for each unit")),
        Mistake(WARNING, nn.PoissonNLLLoss(reduction="none"), (A, with_value(T, -1)), ("smallest target is -1",)),
    ],
    "poisson/rates": [
        Mistake(
            ERROR,
            nn.PoissonNLLLoss(log_input=False),
            (A, T),
            (f"the smallest rate is {four(A.min())}", f"log-rates the loss is {as_bare(nn.PoissonNLLLoss(), A, T)}"),
        ),
        Mistake(
            WARNING,
            nn.PoissonNLLLoss(),
            (from_graph(F.softplus, 32), T),
            ("output of softplus", f"with log_input=False {as_bare(nn.PoissonNLLLoss(False), F.softplus(A), T)}"),
        ),
        Mistake(WARNING, nn.PoissonNLLLoss(False, reduction="none"), (A, T), ("the smallest rate is",)),
        Mistake(WARNING, nn.PoissonNLLLoss(), (from_graph(F.relu, 32), T), ("output of relu", "below 1")),
        Mistake(WARNING, nn.PoissonNLLLoss(), (from_graph(torch.exp, 32), T), ("output of exp",)),
    ],
    "gaussian/variance": [
        Mistake(
            ERROR,
            nn.GaussianNLLLoss(),
            (A, B, A),
            (f"the smallest variance is {four(A.min())}", f"loss is {as_bare(nn.GaussianNLLLoss(), A, B, A.exp())}"),
        ),
        Mistake(ERROR, nn.GaussianNLLLoss(), (A, B, -1.0), ("the smallest variance is -1",)),
        Mistake(ERROR, nn.GaussianNLLLoss(), (Z9, Z9, torch.ones(9)), ("9 variances with 288 predictions",)),
        Mistake(WARNING, nn.GaussianNLLLoss(), (A, B, torch.zeros(32)), ("below eps=1e-06", "multiplied by 5e+05")),
        Mistake(ERROR, nn.GaussianNLLLoss(), (normal(2, 3, 4), normal(2, 3, 4), torch.ones(2, 1, 1)), ("2 variances",)),
        Mistake(ERROR, nn.GaussianNLLLoss(), (normal(2, 3, 4), normal(2, 3, 4), torch.ones(3, 4)), ("12 variances",)),
        Mistake(ERROR, nn.GaussianNLLLoss(), (normal(2, 3, 4), normal(2, 3, 4), torch.ones(2)), ("2 variances",)),
    ],
    "triplet/collapsed": [
        Mistake(WARNING, nn.TripletMarginLoss(margin=0.7), (X1, X2, X2), ("the loss is the margin, 0.7",)),
        Mistake(
            WARNING,
            nn.TripletMarginLoss(margin=9.0),
            (X1, X1, X2),
            (f"the loss, {as_bare(nn.TripletMarginLoss(margin=9.0), X1, X1, X2)}, only pushes",),
        ),
        Mistake(
            WARNING, nn.TripletMarginLoss(swap=True), (X1, X2, X2), ("with swap=True", "is the margin, 1, or more")
        ),
        Mistake(WARNING, nn.TripletMarginLoss(), (X1, X2, X2 * (1 + 1e-7)), ("`positive` and `negative`",)),
        Mistake(
            WARNING,
            nn.TripletMarginLoss(margin=0.7),
            (X1, X2, X1),
            ("the margin, 0.7,", f"{as_bare(nn.TripletMarginLoss(margin=0.7), X1, X2, X1)} together"),
        ),
        Mistake(WARNING, nn.TripletMarginLoss(), (0 * X1, 0 * X1, 0 * X1), ("`positive` and `negative`",)),
        Mistake(
            WARNING, nn.TripletMarginLoss(), (A[:1, None], B[:1, None], B[:1, None]), ("`positive` and `negative`",)
        ),
    ],
    "embeddings/cosine-margin": [
        Mistake(WARNING, nn.CosineEmbeddingLoss(margin=1.0), (X1, X2, SIGNS), ("the margin is 1", "cost 0")),
        Mistake(
            WARNING,
            nn.CosineEmbeddingLoss(margin=-1.5),
            (X1, X2, SIGNS),
            ("no cosine is below −1", "label −1 cannot fall below 0.5"),
        ),
    ],
    "embeddings/margin": [
        Mistake(
            WARNING,
            nn.TripletMarginLoss(margin=2.5),
            tuple(F.normalize(x) for x in (X1, X2, X3)),
            ("length 1, and the margin is 2.5", "cannot fall below 0.5"),
        ),
        Mistake(
            WARNING,
            nn.TripletMarginLoss(margin=0.2, p=1),
            (100 * X1, 100 * X2, 100 * X3),
            (
                f"anchor and negative are {four((100 * (X1 - X3)).abs().sum(1).mean())} apart on average",
                f"the margin is {0.2 / float((100 * (X1 - X3)).abs().sum(1).mean()):.2g} of that",
            ),
        ),
        Mistake(
            WARNING,
            nn.TripletMarginLoss(margin=2.5),
            tuple(F.normalize(x[0], dim=0) for x in (X1, X2, X3)),
            ("below 0.5",),
        ),
        Mistake(
            WARNING,
            nn.TripletMarginLoss(),
            (A[:1, None], B[:1, None], A[:1, None] + 1000.5),
            ("are 1000 apart on average, the margin is 1",),
        ),
    ],
    "triplet/distance": [
        Mistake(
            WARNING,
            nn.TripletMarginWithDistanceLoss(distance_function=nn.CosineSimilarity()),
            (X1, X2, X3),
            (f"itself give 1, anchor and negative {four(F.cosine_similarity(X1, X3).mean())}", "1 − s"),
        ),
        Mistake(
            WARNING,
            nn.TripletMarginWithDistanceLoss(distance_function=torch.cdist),
            (X1, X2, X3),
            ("1024 distances for 32 rows",),
        ),
    ],
    "any/nan": [
        Mistake(ERROR, nn.MSELoss(), (with_value(A, NAN, 5), B), ("`input` holds NaN: 1 of 32 values, first at [5]",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (with_value(Z9, NAN), Y9), ("first at [0, 0]",)),
        Mistake(ERROR, nn.L1Loss(), (A, with_value(B, NAN)), ("`target` holds NaN",)),
        Mistake(ERROR, weighted([NAN] + [1.0] * 8), (Z9, Y9), ("`weight` holds NaN: 1 of 9",)),
        Mistake(ERROR, nn.TripletMarginLoss(), (X1, with_value(X2, NAN), X3), ("`positive` holds NaN",)),
        Mistake(WARNING, nn.MSELoss(reduction="none"), (A, with_value(B, NAN)), ("its gradient can be NaN",)),
        Mistake(
            WARNING,
            nn.CrossEntropyLoss(),
            (with_value(Z9, NAN), with_value(Y9, -100)),
            ("the loss hides it, here with",),
        ),
        Mistake(ERROR, nn.MSELoss(), (torch.tensor(NAN), torch.tensor(0.0)), ("1 of 1 values",)),
        Mistake(ERROR, nn.L1Loss(), (torch.tensor([complex(NAN, 0)]), torch.tensor([1j])), ("first at [0]",)),
        Mistake(ERROR, nn.KLDivLoss(reduction="batchmean"), (LOG9, with_value(P9, NAN)), ("`target` holds NaN",)),
    ],
    "any/overflow": [
        Mistake(
            ERROR,
            nn.MSELoss(),
            (torch.tensor([300.0, 1.0]).half(), torch.zeros(2).half()),
            ("inf in torch.float16, which ends at 65504", "in torch.float32 it is 4.5e+04"),
        ),
        Mistake(
            ERROR,
            nn.PoissonNLLLoss(),
            (torch.tensor([100.0, 0.0]), T[:2]),
            (f"in torch.float64 it is {as_bare(nn.PoissonNLLLoss(), torch.tensor([100.0, 0.0]).double(), T[:2])}",),
        ),
        Mistake(
            ERROR,
            nn.PoissonNLLLoss(),
            (torch.tensor([100, 0]), T[:2]),
            ("inf in torch.float32", as_bare(nn.PoissonNLLLoss(), torch.tensor([100.0, 0.0]).double(), T[:2])),
        ),
        Mistake(ERROR, nn.L1Loss(reduction="sum"), (torch.full((9,), 3e4).half(), torch.zeros(9).half()), ("2.7e+05",)),
        Mistake(ERROR, nn.MSELoss(), (with_value(A, INF), B), ("`input` holds infinity: 1 of 32 values",)),
        Mistake(ERROR, nn.CrossEntropyLoss(), (torch.tensor([[-INF, 1, 2]]), Y9[:1] * 0), ("-1e4", "is inf")),
        Mistake(ERROR, nn.BCEWithLogitsLoss(), (with_value(A, -INF), T), ("holds infinity", "is nan")),
        Mistake(WARNING, nn.MSELoss(reduction="none"), (with_value(A, INF), B), ("holds infinity",)),
        Mistake(
            ERROR,
            nn.GaussianNLLLoss(),
            (torch.tensor([300.0]).half(), torch.zeros(1).half(), 0.5),
            (f"in torch.float32 it is {as_bare(nn.GaussianNLLLoss(), torch.tensor([300.0]), torch.zeros(1), 0.5)}",),
        ),
        Mistake(
            ERROR,
            nn.SoftMarginLoss(),
            (100 * A, SIGNS),
            (f"in torch.float64 it is {as_bare(nn.SoftMarginLoss(), 100 * A.double(), SIGNS)}", "BCEWithLogitsLoss"),
        ),
        Mistake(
            WARNING,
            nn.PoissonNLLLoss(False, reduction="none"),
            (torch.tensor([-1.0, 1.0]), T[:2] + 1),
            ("the loss is nan in torch.float32\n", "log(0)"),
        ),
        Mistake(
            ERROR,
            weighted(torch.ones(2).half()),
            (torch.tensor([[6e4, -6e4]]).half(), torch.tensor([1])),
            ("in torch.float32 it is 1.2e+05",),
        ),
        Mistake(
            ERROR,
            nn.CosineEmbeddingLoss(),
            (1e4 * X1.half(), 1e4 * X2.half(), SIGNS.half()),
            (f"it is {as_bare(nn.CosineEmbeddingLoss(), 1e4 * X1.half().float(), 1e4 * X2.half().float(), SIGNS)}",),
        ),
        Mistake(
            ERROR, nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (with_value(Z9, INF), Y9), ("`input_` holds infinity",)
        ),
        Mistake(
            ERROR,
            nn.MSELoss(),
            (with_value(A, INF), with_value(B, INF, 1)),
            ("first at [0]; `target` holds infinity: 1 of 32 values, first at [1]",),
        ),
    ],
}


def of_means(a, b):
    return (a.mean(1) - b.mean(1)).abs()


DISTANCE = nn.TripletMarginWithDistanceLoss(distance_function=Embedding())

LOOK_ALIKES = {
    "any/tensors": [
        LookAlike(nn.GaussianNLLLoss(), (A, B, 0.5)),
        LookAlike(nn.CTCLoss(), (*CTC, (12, 10, 8), [3, 2, 1])),
        LookAlike(nn.MSELoss(), (nn.Parameter(A), B)),
    ],
    "any/devices": [
        LookAlike(nn.L1Loss(), (A, torch.tensor(1.0))),
        LookAlike(weighted(torch.ones(9)), (Z9, Y9)),
    ],
    "any/integers": [
        LookAlike(nn.L1Loss(reduction="sum"), (Y9, Y9.flip(0))),
        LookAlike(nn.MSELoss(), (Y9, A)),
        LookAlike(nn.PoissonNLLLoss(), (T.long(), T)),
        LookAlike(nn.GaussianNLLLoss(), (Y9, A, torch.ones(32))),
        LookAlike(nn.CosineEmbeddingLoss(), ((Z9 > 0).byte(), (Z9 < 1).byte(), SIGNS)),
    ],
    "any/empty": [
        LookAlike(nn.MSELoss(reduction="sum"), (A[:0], B[:0])),
        LookAlike(nn.CrossEntropyLoss(reduction="none"), (Z9[:0], Y9[:0])),
        LookAlike(nn.CrossEntropyLoss(reduction="sum"), (Z9[:0], P9[:0])),
        LookAlike(nn.MultiMarginLoss(reduction="none"), (Z9[:0], Y9[:0])),
    ],
    "shape/broadcast": [
        LookAlike(nn.MSELoss(), (A[:, None], torch.tensor(1.0))),
        LookAlike(nn.MSELoss(), (A[:, None], torch.ones(1))),
        LookAlike(nn.MSELoss(), (torch.tensor(1.0), torch.tensor(2.0))),
        LookAlike(nn.MarginRankingLoss(), (A, B, torch.ones(1))),
        LookAlike(nn.MarginRankingLoss(), (A, torch.zeros(1), SIGNS)),
        LookAlike(nn.GaussianNLLLoss(), (Z9, Z9, torch.ones(32, 1))),
    ],
    "target/dtype": [
        LookAlike(nn.MSELoss(), (A, T.double())),
        LookAlike(nn.MSELoss(), (A, T.long())),
        LookAlike(nn.BCEWithLogitsLoss(), (A, T.double())),
        LookAlike(nn.HuberLoss(), (A, T.double())),
        LookAlike(nn.PoissonNLLLoss(), (A, T.long())),
        LookAlike(nn.HingeEmbeddingLoss(), (A.abs(), SIGNS.int())),
        LookAlike(nn.SoftMarginLoss(), (A, SIGNS.long())),
    ],
    "target/gradient": [
        LookAlike(nn.BCELoss(), (from_graph(torch.sigmoid, 32), T)),
        LookAlike(nn.BCELoss(), (from_graph(torch.sigmoid, 32), from_graph(torch.sigmoid, 32))),
        LookAlike(nn.MSELoss(), (A, from_graph(torch.exp, 32))),  # squares and absolute values have no order
        LookAlike(nn.GaussianNLLLoss(), (A, from_graph(torch.exp, 32), 1.0)),
    ],
    "shape/embeddings": [
        LookAlike(nn.TripletMarginLoss(), (X1[:1], X2, X3)),
        LookAlike(nn.TripletMarginLoss(), (X1[0], X2[0], X3[0])),
        LookAlike(nn.CosineEmbeddingLoss(), (X1, X2[:1], SIGNS)),
        LookAlike(nn.CosineEmbeddingLoss(), (X1[0], X2[0], SIGNS[0])),
        LookAlike(nn.TripletMarginLoss(), (normal(2, 3, 8), normal(2, 3, 8, seed=1), normal(2, 3, 8, seed=2))),
    ],
    "classes/target-shape": [
        LookAlike(nn.CrossEntropyLoss(), (Z9[0], Y9[0])),
        LookAlike(nn.CrossEntropyLoss(), (Z9[..., None], Y9[:, None])),
        LookAlike(nn.CrossEntropyLoss(), (Z9, ONE_HOT.float())),
        LookAlike(nn.MultiMarginLoss(), (Z9[0], Y9[:1])),
        LookAlike(nn.LinearCrossEntropyLoss(9, 20, out_features=(4,)), (Z9[:2], labels(8, 9).view(2, 4))),
        LookAlike(nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (Z9[0], Y9[0])),
        LookAlike(nn.LinearCrossEntropyLoss(9, 20), (Z9[0], Y9[0])),
    ],
    "classes/target-dtype": [
        LookAlike(nn.CrossEntropyLoss(), (Z9, Y9.byte())),
        LookAlike(nn.CrossEntropyLoss(), (Z9, P9.double())),
        LookAlike(nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (Z9, Y9.int())),
    ],
    "classes/index-range": [
        LookAlike(nn.CrossEntropyLoss(ignore_index=255), (Z9, with_value(Y9, 255))),
        LookAlike(nn.NLLLoss(), (LOG9, with_value(Y9, -100))),
        LookAlike(nn.CrossEntropyLoss(ignore_index=0), (Z9, Y9)),
        LookAlike(nn.CrossEntropyLoss(), (normal(2, 200), torch.tensor([156, 156], dtype=torch.uint8))),
    ],
    "classes/single-class": [
        LookAlike(nn.CrossEntropyLoss(), (Z9[:4], 0 * Y9[:4])),
        LookAlike(nn.CrossEntropyLoss(), (normal(16, 2), labels(16, 1))),
        LookAlike(nn.CrossEntropyLoss(), (normal(2, 3, 8, 8), torch.zeros(2, 8, 8, dtype=torch.int64))),
        LookAlike(nn.CrossEntropyLoss(), (Z9, with_value(0 * Y9, 1))),
        LookAlike(weighted([1.0, 49.0]), (normal(32, 2), torch.zeros(32).long())),  # a rare class, weighted
    ],
    "classes/all-ignored": [
        LookAlike(nn.CrossEntropyLoss(reduction="sum"), (Z9, 0 * Y9 - 100)),
        LookAlike(nn.CrossEntropyLoss(), (Z9, with_value(0 * Y9 - 100, 3))),
    ],
    "cross-entropy/one-class": [
        LookAlike(nn.BCEWithLogitsLoss(), (Z9[:, :1], T[:, None])),
        LookAlike(nn.CrossEntropyLoss(), (normal(8, 2, 1), labels(8, 2)[:, None])),
        LookAlike(nn.NLLLoss(), (torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64))),
    ],
    "cross-entropy/target-probabilities": [
        LookAlike(nn.CrossEntropyLoss(), (Z9, P9)),
        LookAlike(nn.CrossEntropyLoss(), (Z9, ONE_HOT * 0.9 + 0.1 / 9)),
        LookAlike(nn.CrossEntropyLoss(), (Z9, ONE_HOT * coin(32)[:, None])),  # rows of zeros leave examples out
        LookAlike(nn.CrossEntropyLoss(), (Z9.half(), P9.half())),
        LookAlike(weighted(torch.ones(9)), (Z9, P9.half())),
        LookAlike(nn.CrossEntropyLoss(), (normal(2, 3, 4), normal(2, 3, 4).softmax(1))),
        LookAlike(nn.LinearCrossEntropyLoss(9, 9), (Z9, P9)),
    ],
    "weights/shape": [
        LookAlike(weighted(torch.ones(9)), (Z9, Y9)),
        LookAlike(nn.BCELoss(torch.rand(32, 1)), (Z9.sigmoid(), (Z9 > 0).float())),
        LookAlike(logits_loss(torch.ones(9)), (Z9, (Z9 > 0).float())),
        LookAlike(logits_loss(torch.ones(3, 1, 1)), (normal(2, 3, 4, 5), coin(2, 3, 4, 5))),
        LookAlike(logits_loss(2.0), (A, T)),
        LookAlike(nn.MultiLabelSoftMarginLoss(torch.ones(9)), (Z9, (Z9 > 0).float())),
        LookAlike(weighted(torch.ones(3)), (normal(2, 3, 4, 5), labels(40, 3).view(2, 4, 5))),
        LookAlike(logits_loss(weight=np.ones(32)), (A, T)),
        LookAlike(logits_loss(2.0), (A[0], T[0])),
        LookAlike(logits_loss(torch.ones(1)), (A, T)),
        LookAlike(logits_loss(torch.ones(7)), (normal(4, 5, 7), coin(4, 5, 7))),  # (N, T, C)
        LookAlike(logits_loss(torch.ones(1)), (A[:1], T[:1])),
    ],
    "weights/mean": [
        LookAlike(logits_loss(19.0), (normal(100), (torch.arange(100) < 5).float())),
        LookAlike(weighted(torch.full((9,), 30.0)), (Z9, Y9)),
        LookAlike(weighted([0.0] + [1.0] * 8), (Z9, Y9)),
        LookAlike(logits_loss(weight=coin(32)), (A, T)),
        LookAlike(weighted(torch.full((9,), 30.0), reduction="sum"), (Z9, P9)),
        LookAlike(weighted([1000.0] + [1.0] * 8), (Z9[:5], with_value(Y9[:5] % 8 + 1, 0))),
        LookAlike(nn.BCELoss(torch.tensor(0.12)), (A.sigmoid(), T)),
        LookAlike(weighted([30.0] + [1.0] * 8), (Z9, (Y9 % 8 + 1) * (torch.arange(32) > 0))),
        LookAlike(weighted([1000.0] + [1.0] * 8), (Z9[:9], with_value(Y9[:9] % 8 + 1, 0))),
        # Rare classes, with weights in proportion
        LookAlike(weighted([1.0, 49.0]), (normal(32, 2), (torch.arange(32) < 1).long())),
        LookAlike(logits_loss(999.0), (normal(2000), (torch.arange(2000) < 2).float())),
        LookAlike(weighted([1.0, 1000.0]), (normal(2000, 2), (torch.arange(2000) < 2).long())),
        LookAlike(nn.BCELoss(torch.tensor(10.0)), (A.sigmoid(), T)),
        LookAlike(logits_loss(50.0), (A[:1], torch.ones(1))),
        LookAlike(logits_loss(50.0), (A[:10], torch.ones(10))),
        LookAlike(weighted([1000.0] + [1.0] * 8), (Z9[:10], with_value(Y9[:10] % 8 + 1, 0))),
    ],
    "weights/pos-weight": [
        LookAlike(logits_loss(9.0), (normal(100), (torch.arange(100) < 10).float())),
        LookAlike(logits_loss(0.2), (normal(100), (torch.arange(100) < 80).float())),
        LookAlike(logits_loss(0.1), (normal(10), (torch.arange(10) < 1).float())),
        LookAlike(logits_loss(0.4), (normal(31), (torch.arange(31) < 3).float())),
        LookAlike(logits_loss(0.4), (normal(40), (torch.arange(40) < 8.4).float())),
        LookAlike(logits_loss(0.6), (normal(100), (torch.arange(100) < 10).float())),
        LookAlike(logits_loss(0.5), (normal(100), (torch.arange(100) < 10).float())),
        LookAlike(logits_loss(0.4), (normal(40), (torch.arange(40) < 8).double())),
        LookAlike(logits_loss(0.2), (A, 0 * T)),
    ],
    "weights/class-counts": [
        LookAlike(weighted([10.0, 90.0]), (normal(100, 2), (torch.arange(100) < 10).long())),
        LookAlike(weighted([90.0, 10.0]), (normal(31, 2), (torch.arange(31) < 3).long())),
        LookAlike(weighted([90.0, 10.0]), (normal(100, 2), (torch.arange(100) < 20).long())),
        LookAlike(weighted([2.0, 1.0]), (normal(100, 2), (torch.arange(100) < 10).long())),
        LookAlike(weighted([9.0, 0.0]), (normal(100, 2), (torch.arange(100) < 10).long())),  # a class left out
        LookAlike(weighted([9.0, 1.0]), (normal(10, 2), torch.zeros(10).long())),
        LookAlike(weighted([9.0, 1.0]), (normal(100, 2), normal(100, 2).softmax(1))),
    ],
    "cross-entropy/probabilities": [
        LookAlike(nn.CrossEntropyLoss(), (torch.zeros(32, 9), Y9)),
        LookAlike(nn.CrossEntropyLoss(), (torch.full((32, 9), 1 / 9), Y9)),
        LookAlike(nn.CrossEntropyLoss(), (torch.eye(9)[Y9], Y9)),  # scores made by hand
        LookAlike(nn.CrossEntropyLoss(), (torch.tensor([[0.3, 0.7]]), Y9[:1] * 0)),
        LookAlike(nn.CrossEntropyLoss(), (torch.tensor([[0.1, 0.9, 0.3], [0.6, 0.4, 0.2]]), Y9[:2] * 0)),
        LookAlike(nn.CrossEntropyLoss(), (Z9.sigmoid() * 0.4, Y9)),
        LookAlike(nn.CrossEntropyLoss(), (Z9.relu(), Y9)),
        LookAlike(nn.CrossEntropyLoss(), (Z9.softmax(1) * 20, Y9)),  # with a temperature
        LookAlike(nn.CrossEntropyLoss(), (F.linear(P9, nn.Parameter(torch.eye(9))), Y9)),  # scores of a linear layer
        LookAlike(nn.CrossEntropyLoss(), (F.linear(Z9.sigmoid(), nn.Parameter(torch.eye(9))), Y9)),
        LookAlike(nn.CrossEntropyLoss(), (Z9 - 5, Y9)),
        LookAlike(nn.CrossEntropyLoss(), (1.9 * Z9.sigmoid(), Y9)),
        LookAlike(nn.CrossEntropyLoss(), (from_graph(lambda z: z.log_softmax(1), 32, 9)[:, :5], Y9 % 5)),
        LookAlike(nn.CrossEntropyLoss(), (from_graph(F.relu, 32, 9), Y9)),
        LookAlike(nn.CrossEntropyLoss(), (from_graph(F.logsigmoid, 32, 9), Y9)),
    ],
    "nll/log-probabilities": [
        LookAlike(nn.NLLLoss(), (LOG9, Y9)),
        LookAlike(nn.NLLLoss(), ((P9 + 1e-8).log(), Y9)),
        LookAlike(nn.NLLLoss(), (LOG9[:, :5], Y9 % 5)),  # part of the classes
        LookAlike(nn.NLLLoss(), (LOG9.bfloat16(), Y9)),
        LookAlike(nn.NLLLoss(), (normal(2, 3, 4, 4).log_softmax(1), labels(32, 3).view(2, 4, 4))),
        LookAlike(nn.NLLLoss(), (torch.tensor([[0.0, -INF], [-INF, 0.0]]), torch.tensor([0, 1]))),
        LookAlike(nn.CTCLoss(), (CTC[0], CTC[1], *CTC_LENGTHS)),
        LookAlike(nn.NLLLoss(reduction="sum"), (LOG9[:0], Y9[:0])),
    ],
    "binary/target-range": [
        LookAlike(nn.BCEWithLogitsLoss(), (A, T * 0.9 + 0.05)),
        LookAlike(nn.BCEWithLogitsLoss(), (A, T * (1 + 1e-6))),
        LookAlike(nn.MultiLabelSoftMarginLoss(), (Z9, (Z9 > 0).long())),
        LookAlike(logits_loss(weight=T), (A, SIGNS)),  # what has no weight is left out
    ],
    "binary/decisions": [
        LookAlike(nn.BCELoss(), (T, T)),
        LookAlike(nn.BCELoss(), (T[:15], 1 - T[:15])),
        LookAlike(nn.BCELoss(), (T.clone().requires_grad_(), 1 - T)),  # a sigmoid that is certain
        LookAlike(nn.BCEWithLogitsLoss(), (torch.zeros(32), T)),
        LookAlike(nn.BCEWithLogitsLoss(), (torch.ones(32), T)),
        LookAlike(nn.BCEWithLogitsLoss(), (with_value(T, 2), T)),
        LookAlike(nn.BCEWithLogitsLoss(), (T / 2, T)),
    ],
    "bce/probabilities": [
        LookAlike(nn.BCELoss(), (T, T)),
        LookAlike(nn.BCELoss(), (A.relu().clamp(max=1), T)),
    ],
    "bce-with-logits/probabilities": [
        LookAlike(nn.BCEWithLogitsLoss(), (torch.tensor([0.3, 0.6, 0.9]), T[:3])),
        LookAlike(nn.BCEWithLogitsLoss(), (torch.tensor(0.3), T[0])),
        LookAlike(nn.BCEWithLogitsLoss(), (0.1 + 0.03 * A, T)),  # an untrained model with a bias
        LookAlike(nn.BCEWithLogitsLoss(), (torch.full((32,), 0.5), T)),
        LookAlike(nn.BCEWithLogitsLoss(), (torch.tensor([0.5, 0.5]), T[:2])),
        LookAlike(nn.BCEWithLogitsLoss(), (A.sigmoid().logit(), T)),
        LookAlike(nn.BCEWithLogitsLoss(), (torch.zeros(32, 1), T[:, None])),
    ],
    "hinge-embedding/distances": [
        LookAlike(nn.HingeEmbeddingLoss(), (torch.zeros(32), SIGNS)),
        LookAlike(nn.HingeEmbeddingLoss(), (1 - F.cosine_similarity(X1, X1) - 0.009, torch.ones(32))),
        LookAlike(nn.HingeEmbeddingLoss(), (torch.tensor([-0.1, 20.0]), torch.ones(2))),
        LookAlike(nn.HingeEmbeddingLoss(), (torch.tensor([-0.01], dtype=torch.float64), torch.ones(1))),
    ],
    "labels/plus-minus-one": [
        LookAlike(nn.HingeEmbeddingLoss(), (A.abs(), SIGNS.long())),
        LookAlike(nn.SoftMarginLoss(), (A, torch.ones(32))),
        LookAlike(nn.CosineEmbeddingLoss(), (X1, X2, -torch.ones(32))),
        LookAlike(nn.MarginRankingLoss(), (A, B, SIGNS.char())),
    ],
    "labels/class-lists": [
        LookAlike(nn.MultiLabelMarginLoss(), (Z9[:2, :4], torch.tensor([[3, 0, -1, 1], [-1, 0, 0, 0]]))),
        LookAlike(nn.MultiLabelMarginLoss(), (Z9[:1, :2], torch.tensor([[0, 1]]))),
        LookAlike(nn.MultiLabelMarginLoss(), (Z9[0, :3], torch.tensor([1, 0, -1]))),
        LookAlike(nn.MultiLabelMarginLoss(), (A[0], torch.tensor(0))),
    ],
    "kl/order": [
        LookAlike(nn.KLDivLoss(reduction="batchmean", log_target=True), (LOG9, LOG9.flip(1))),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9.clone().requires_grad_(), P9)),
        LookAlike(
            nn.KLDivLoss(reduction="batchmean"),
            (LOG9.clone().requires_grad_(), P9.flip(1).clone().requires_grad_()),
        ),
    ],
    "kl/input": [
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9, P9)),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (Z9.log_softmax(0), P9 * 0.9)),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9.view(32, 3, 3), P9.view(32, 3, 3))),
        LookAlike(nn.KLDivLoss(reduction="sum"), (LOG9.half(), P9.half())),
        LookAlike(nn.KLDivLoss(reduction="sum"), (torch.tensor(-0.5), torch.tensor(0.5))),
    ],
    "kl/dimension": [
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (Z9.log_softmax(0), P9 / P9.sum(0))),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (torch.full((9, 9), np.log(1 / 9)).float(), P9[:9])),
        LookAlike(nn.KLDivLoss(reduction="sum"), (normal(6, 6).view(-1).log_softmax(0).view(6, 6), P9[:6, :6] / 9)),
    ],
    "kl/target": [
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9, ONE_HOT.float())),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9, P9.view(32, 9) * (P9 > 0.1))),
        LookAlike(nn.KLDivLoss(reduction="batchmean", log_target=True), (LOG9, torch.log(P9))),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (normal(2, 3, 4).log_softmax(1), normal(2, 3, 4).softmax(1))),
        LookAlike(nn.KLDivLoss(reduction="batchmean", log_target=True), (torch.zeros(4, 1), torch.zeros(4, 1))),
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9, 0.9995 * P9)),
    ],
    "kl/mean": [
        LookAlike(nn.KLDivLoss(reduction="batchmean"), (LOG9, P9)),
        LookAlike(nn.KLDivLoss(reduction="sum"), (LOG9[0], P9[0])),
        LookAlike(nn.KLDivLoss(reduction="none"), (LOG9, P9)),
    ],
    "ctc/layout": [
        LookAlike(nn.CTCLoss(), (CTC[0], torch.tensor([1, 2, 2, 3, 1, 4]), *CTC_LENGTHS)),
        LookAlike(nn.CTCLoss(), (CTC[0][:, 0], CTC[1][0], torch.tensor(12), torch.tensor(3))),
        LookAlike(nn.CTCLoss(), (CTC[0][:, :1], CTC[1][:1], torch.tensor([12]), torch.tensor([3]))),
    ],
    "ctc/labels": [
        LookAlike(nn.CTCLoss(), (CTC[0], torch.tensor([[1, 2, 2], [3, 1, 0], [4, -1, 99]]), *CTC_LENGTHS)),
        LookAlike(nn.CTCLoss(), (*CTC, CTC_LENGTHS[0], torch.tensor([3, 0, 0]))),
        LookAlike(nn.CTCLoss(blank=4), (CTC[0], CTC[1].clamp(max=3), CTC_LENGTHS[0], torch.tensor([3, 3, 3]))),
    ],
    "ctc/lengths": [
        LookAlike(nn.CTCLoss(), (*CTC, torch.tensor([4, 2, 1]), CTC_LENGTHS[1])),
        LookAlike(
            nn.CTCLoss(),
            (CTC[0], torch.tensor([[1, 2, 1], [3, 1, 0], [4, 0, 0]]), torch.tensor([3, 2, 1]), CTC_LENGTHS[1]),
        ),
        LookAlike(nn.CTCLoss(zero_infinity=True), (*CTC, *CTC_LENGTHS)),
    ],
    "poisson/counts": [
        LookAlike(nn.PoissonNLLLoss(), (A, 0.5 * T)),
        LookAlike(nn.PoissonNLLLoss(full=True), (A, 0 * T)),
    ],
    "poisson/rates": [
        LookAlike(nn.PoissonNLLLoss(log_input=False), (A.abs(), T)),
        LookAlike(nn.PoissonNLLLoss(), (A.abs(), T)),
        LookAlike(nn.PoissonNLLLoss(log_input=False), (from_graph(F.softplus, 32), T)),
        LookAlike(nn.PoissonNLLLoss(log_input=False), (A.relu(), T)),
    ],
    "gaussian/variance": [
        LookAlike(nn.GaussianNLLLoss(), (A, B, with_value(A.abs(), 0))),
        LookAlike(nn.GaussianNLLLoss(), (Z9, Z9, torch.ones(32))),
        LookAlike(nn.GaussianNLLLoss(), (normal(2, 3, 4), normal(2, 3, 4), torch.ones(2, 1, 4))),
        LookAlike(nn.GaussianNLLLoss(), (A, B, 1.0)),
        LookAlike(nn.GaussianNLLLoss(eps=0.5), (A, B, torch.full((32,), 0.5))),
    ],
    "triplet/collapsed": [
        LookAlike(nn.TripletMarginLoss(), (X1, X2, torch.cat([X2[:1], X3[1:]]))),
        LookAlike(nn.TripletMarginLoss(), (X1, torch.cat([X1[:1], X2[1:]]), X3)),
        LookAlike(nn.TripletMarginLoss(), (X1, X2, X2.flip(0))),
        LookAlike(nn.TripletMarginLoss(), (X1, X2, X2 * (1 + 1e-4))),
        LookAlike(nn.TripletMarginLoss(), (X1 / 1000, X2 / 1000, X2 / 999)),
    ],
    "embeddings/cosine-margin": [
        LookAlike(nn.CosineEmbeddingLoss(margin=0.99), (X1, X2, SIGNS)),
        LookAlike(nn.CosineEmbeddingLoss(margin=-1.0), (X1, X2, SIGNS)),
    ],
    "embeddings/margin": [
        LookAlike(nn.TripletMarginLoss(margin=2.0), tuple(F.normalize(x) for x in (X1, X2, X3))),
        LookAlike(nn.TripletMarginLoss(margin=2.5, p=1), tuple(F.normalize(x) for x in (X1, X2, X3))),
        LookAlike(nn.TripletMarginLoss(margin=2.5), (X1, *(F.normalize(x) for x in (X2, X3)))),
        LookAlike(nn.TripletMarginLoss(margin=0.2), (40 * X1, 40 * X2, 40 * X3)),
        LookAlike(nn.TripletMarginLoss(reduction="sum"), (X1[:0], X2[:0], X3[:0])),
        LookAlike(nn.TripletMarginLoss(margin=5.0, reduction="sum"), (X1[:0], X2[:0], X3[:0])),
        LookAlike(nn.TripletMarginLoss(margin=2.5), tuple(1.5 * F.normalize(x) for x in (X1, X2, X3))),
        LookAlike(nn.TripletMarginLoss(), (torch.zeros(1, 1), B[:1, None], torch.full((1, 1), 1000.0))),
    ],
    "triplet/distance": [
        LookAlike(nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance(p=1)), (X1, X2, X3)),
        LookAlike(
            nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: 1 - F.cosine_similarity(a, b)), (X1, X2, X3)
        ),
        LookAlike(DISTANCE, (X1, X2, X3)),
        LookAlike(DISTANCE, (X1[:1].expand(8, 8), X2[:8], X3[:8])),
        LookAlike(nn.TripletMarginWithDistanceLoss(reduction="sum"), (X1[:0], X2[:0], X3[:0])),
        LookAlike(nn.TripletMarginWithDistanceLoss(), (X1[0], X2[0], X3[0])),
        LookAlike(nn.TripletMarginWithDistanceLoss(), (X1[:1], X2[:1], X3)),
        LookAlike(nn.TripletMarginWithDistanceLoss(distance_function=of_means), (X1, X2[:, :5], X3)),
        LookAlike(nn.TripletMarginWithDistanceLoss(distance_function=of_means), (X1, X2[:, :5], X3[:, :4])),
        LookAlike(nn.TripletMarginWithDistanceLoss(), tuple(normal(2, 3, 8, seed=seed) for seed in range(3))),
        LookAlike(nn.TripletMarginWithDistanceLoss(distance_function=of_means), (X1.round(), X2, X1.round().flip(1))),
    ],
    "any/nan": [
        LookAlike(nn.CrossEntropyLoss(), (torch.tensor([[1.0, -INF, 2.0]]), torch.tensor([2]))),
        LookAlike(nn.MSELoss(), (A.half(), B.half())),
        LookAlike(nn.L1Loss(), (torch.view_as_complex(X1.view(32, 4, 2)), torch.view_as_complex(X2.view(32, 4, 2)))),
    ],
    "any/overflow": [
        LookAlike(nn.MSELoss(), (torch.tensor([200.0]).half(), torch.zeros(1).half())),
        LookAlike(nn.HingeEmbeddingLoss(), (with_value(A.abs(), INF), with_value(SIGNS, -1))),
        LookAlike(nn.CrossEntropyLoss(), (1e4 * Z9, Y9)),
        LookAlike(
            nn.CTCLoss(),
            (torch.cat([CTC[0][..., :4], torch.full((12, 3, 1), -INF)], 2), CTC[1].clamp(max=3), *CTC_LENGTHS),
        ),
    ],
}


def cases(table):
    return [pytest.param(name, case, id=f"{name}-{i}") for name in table for i, case in enumerate(table[name])]


@pytest.mark.parametrize(("name", "mistake"), cases(MISTAKES))
def test_mistake_is_found(name, mistake):
    kind, message = report(mistake.criterion, *mistake.arguments)
    assert f"\n{mistake.severity} [{name}]\n" in message
    assert kind is (ContractError if mistake.severity == ERROR else ContractWarning)
    finding = message.partition(f"{mistake.severity} [{name}]\n")[2].partition("\n  read: ")[0]
    for text in mistake.says:
        assert text in finding


@pytest.mark.parametrize(
    ("criterion", "arguments", "found", "unsaid"),
    [
        # A negative loss whose target is a distribution, but along the other dimension
        (
            nn.KLDivLoss(reduction="batchmean"),
            (normal(2, 9).log_softmax(0), normal(2, 9).softmax(1)),
            ["kl/dimension"],
            "holds no probabilities",
        ),
        # More pairs than are worth computing
        (nn.MSELoss(), (torch.ones(5000), torch.ones(5000, 1)), ["shape/broadcast"], "the loss is"),
        # With a negative weight there is no lowest loss
        (
            logits_loss(weight=2 * T - 1),
            (A.sigmoid(), T),
            ["weights/mean", "bce-with-logits/probabilities"],
            "cannot fall below",
        ),
    ],
)
def test_nothing_else_is_found(criterion, arguments, found, unsaid):
    message = report(criterion, *arguments)[1]
    assert re.findall(r"\[(.*/.*)\]\n", message) == found
    assert unsaid not in message


@pytest.mark.parametrize(("name", "look_alike"), cases(LOOK_ALIKES))
def test_look_alike_is_silent(name, look_alike):
    assert report(look_alike.criterion, *look_alike.arguments, strict=True) == (None, "")


def test_every_rule_has_a_mistake_and_two_look_alikes():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(MISTAKES) == set(LOOK_ALIKES) == set(names)
    assert all(MISTAKES.values())
    assert all(len(look_alikes) >= 2 for look_alikes in LOOK_ALIKES.values())


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in RULES])
def test_rule_is_complete(rule):
    assert rule.chapter in TOPICS
    assert set(rule.losses) <= LOSSES | {nn.Module}
    assert rule.function.__doc__.partition("\n")[0].endswith((".", '."""'))


@pytest.mark.parametrize(("name", "mistake"), [case for case in cases(MISTAKES) if case.values[1].severity != ERROR])
def test_what_pytorch_refuses_is_an_error(name, mistake):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mistake.criterion(*mistake.arguments)


APPROVED = ROOT / "tests" / "contracts_messages.txt"


def messages():
    """Return the messages about all mistakes, with # for each number; numbers are tested above."""
    texts = [
        f"## {case.id}\n{report(case.values[1].criterion, *case.values[1].arguments)[1]}\n" for case in cases(MISTAKES)
    ]
    tiny = re.sub(r"-?\d+(\.\d+)?e-\d+", "#", "\n".join(texts))  # what is 0 up to rounding may have either sign
    return re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", tiny)


def test_messages_are_those_that_were_approved():
    new = messages()
    assert new == APPROVED.read_text(encoding="utf-8"), f"read the new ones, then run {Path(__file__).name} as a script"


# --- Evidence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrange",
    [
        lambda p: p,
        lambda p: p.T.contiguous(),
        lambda p: p[1:, None].squeeze(1).expand(2, 3, 4),
        lambda p: p.half().clone().reshape(-1),
        lambda p: p[0].view(2, 2).permute(1, 0),
    ],
)
def test_activation_is_recognised_through_what_only_arranges(arrange):
    z = normal(4, 4).requires_grad_()
    for function, name in ((torch.softmax, "softmax"), (torch.log_softmax, "log-softmax")):
        assert evidence.squashed(arrange(function(z, 1)), -1)[0] == name
    assert evidence.squashed(arrange(z.sigmoid()), -1)[0] == "sigmoid"
    assert evidence.squashed(arrange(F.linear(z.sigmoid(), torch.eye(4))), -1)[0] == ""
    assert evidence.last_operation(arrange(z.exp())) == "Exp"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(3,), (7,), (8, 2), (32, 1000), (2, 3, 4, 5)], ids=str)
def test_activation_is_recognised_by_its_values(shape, dtype):
    z = 3 * normal(*shape)
    dim = min(1, len(shape) - 1)
    assert evidence.squashed(z.softmax(dim).to(dtype), dim)[0] == "softmax"
    assert evidence.squashed(z.log_softmax(dim).to(dtype), dim)[0] == "log-softmax"
    assert evidence.squashed(z.sigmoid().to(dtype), dim)[0] == ("sigmoid" if z.numel() >= 16 else "")
    for scores in (z, z - 3, z + 9, z.abs(), z.relu(), 0.05 * z + 0.3, torch.zeros_like(z)):
        assert evidence.squashed(scores.to(dtype), dim)[0] == ""


def test_a_saturated_sigmoid_is_recognised():
    assert evidence.squashed(torch.cat([A.sigmoid(), torch.ones(1)]), 0)[0] == "sigmoid"
    assert evidence.squashed(torch.cat([A.sigmoid(), torch.zeros(1)]), 0)[0] == ""
    assert evidence.squashed(torch.tensor([[0.0, -INF], [-INF, 0.0]]), 1)[0] == "log-softmax"


@pytest.mark.parametrize("dim", [0, 1])
def test_the_dimension_of_the_classes_is_named_first(dim):
    both = torch.tensor([[0.3, 0.7], [0.7, 0.3]])
    assert evidence.squashed(both, dim)[1].endswith(f"along dimension {dim} are 1")
    assert evidence.squashed(both.log(), dim)[1].endswith(f"sum to 1 along dimension {dim}")


def test_nothing_has_no_extremes_and_no_nan():
    for tensor in (torch.ones(0), torch.ones(0, 3), torch.ones(2, dtype=torch.complex64)):
        assert np.isnan(evidence.extremes(tensor)).all()
        assert not meaning.holds_nan(tensor)


def test_what_is_not_recognised_is_not_described():
    one_sided = torch.linspace(0.5, 0.9, 16), torch.linspace(0.1, 0.5, 16)
    for scores in (torch.tensor(0.3), from_graph(lambda z: F.linear(z.sigmoid(), torch.eye(4)), 4, 4), *one_sided):
        assert evidence.squashed(scores, 0) == ("", "")


def test_only_some_rows_of_a_large_tensor_are_read():
    for shape, dim, rows in (
        ((3, 2**20), 1, 1),
        ((1, 4), 1, 1),
        ((5, 2**19), 1, 2),
        ((10, 4), 1, 10),
        ((2**20 + 1, 2), 0, 2),
    ):
        assert evidence.log_sums(torch.zeros(shape), dim).shape == (rows,)
    assert evidence.log_sums(torch.zeros(2**21), -1).item() == pytest.approx(21 * np.log(2))


def test_rounding_allowed():
    assert evidence.rounding(Y9) == 1e-4
    assert evidence.rounding(A) == pytest.approx(1e-4 + 2**-23)
    assert evidence.rounding(A.bfloat16()) == pytest.approx(1e-4 + 2**-7)
    assert evidence.log_rounding(A.half()) == pytest.approx(0.01 + 10 * 2**-10)


def test_half_precision_is_summed_in_single_precision():
    for dtype in (torch.float16, torch.bfloat16):
        assert evidence.single(A.to(dtype)).dtype == torch.float32
    assert evidence.single(A) is A
    assert evidence.single(Y9.int()).dtype == torch.int32
    assert evidence.single(A.double()).dtype == torch.float64


# --- Every loss of torch.nn -------------------------------------------------------------------------------------------

LEGITIMATE = {
    nn.L1Loss: (nn.L1Loss(), (A, B)),
    nn.MSELoss: (nn.MSELoss(), (A, B)),
    nn.SmoothL1Loss: (nn.SmoothL1Loss(), (A, B)),
    nn.HuberLoss: (nn.HuberLoss(), (A, B)),
    nn.GaussianNLLLoss: (nn.GaussianNLLLoss(), (A, B, A.abs())),
    nn.PoissonNLLLoss: (nn.PoissonNLLLoss(), (A, T)),
    nn.BCELoss: (nn.BCELoss(), (A.sigmoid(), T)),
    nn.BCEWithLogitsLoss: (nn.BCEWithLogitsLoss(), (A, T)),
    nn.MultiLabelSoftMarginLoss: (nn.MultiLabelSoftMarginLoss(), (Z9, (Z9 > 0).float())),
    nn.MultiLabelMarginLoss: (nn.MultiLabelMarginLoss(), (Z9[:, :3], torch.tensor([[2, 0, -1]]).expand(32, 3))),
    nn.CrossEntropyLoss: (nn.CrossEntropyLoss(), (Z9, Y9)),
    nn.LinearCrossEntropyLoss: (nn.LinearCrossEntropyLoss(9, 20), (Z9, Y9)),
    nn.AdaptiveLogSoftmaxWithLoss: (nn.AdaptiveLogSoftmaxWithLoss(9, 20, [5]), (Z9, Y9)),
    nn.NLLLoss: (nn.NLLLoss(), (LOG9, Y9)),
    nn.KLDivLoss: (nn.KLDivLoss(reduction="batchmean"), (LOG9, P9)),
    nn.CTCLoss: (nn.CTCLoss(), (*CTC, *CTC_LENGTHS)),
    nn.HingeEmbeddingLoss: (nn.HingeEmbeddingLoss(), (A.abs(), SIGNS)),
    nn.SoftMarginLoss: (nn.SoftMarginLoss(), (A, SIGNS)),
    nn.MultiMarginLoss: (nn.MultiMarginLoss(), (Z9, Y9)),
    nn.MarginRankingLoss: (nn.MarginRankingLoss(), (A, B, SIGNS)),
    nn.CosineEmbeddingLoss: (nn.CosineEmbeddingLoss(), (X1, X2, SIGNS)),
    nn.TripletMarginLoss: (nn.TripletMarginLoss(), (X1, X2, X3)),
    nn.TripletMarginWithDistanceLoss: (nn.TripletMarginWithDistanceLoss(), (X1, X2, X3)),
}
EVERY = [pytest.param(*call, id=loss.__name__) for loss, call in LEGITIMATE.items()]


def test_every_loss_of_torch_nn_is_known():
    found = {cls for name, cls in vars(nn).items() if re.search("Loss$", name) and inspect.isclass(cls)}
    assert set(LEGITIMATE) == LOSSES == found


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("criterion", "arguments"), EVERY)
def test_legitimate_call_is_silent_and_gives_what_the_loss_gives(criterion, arguments, strict, reduction):
    criterion = copy.deepcopy(criterion)
    if reduction != "mean" and hasattr(criterion, "reduction"):
        criterion.reduction = reduction
    assert report(criterion, *arguments, strict=strict) == (None, "")
    leaf, *others = arguments
    gradients = []
    for loss in (criterion, guard(criterion)):
        x = leaf.clone().requires_grad_()
        result = loss(x, *others)
        gradients.append(torch.autograd.grad(getattr(result, "loss", result).sum(), x)[0])
    assert torch.equal(*gradients)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("criterion", "arguments"), EVERY)
def test_legitimate_call_is_silent_in_every_dtype(criterion, arguments, dtype):
    criterion = copy.deepcopy(criterion).to(dtype)
    arguments = [a.to(dtype) if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in arguments]
    try:
        criterion(*arguments)
    except NotImplementedError as refused:
        pytest.skip(str(refused))
    assert report(criterion, *arguments, strict=True) == (None, "")


@pytest.mark.filterwarnings("ignore:.*NLLLoss2d.*deprecated:FutureWarning")
def test_a_loss_that_only_renames_another_has_its_contract():
    class Renamed(nn.CrossEntropyLoss):
        pass

    assert "1.372" in report(Renamed(), P9, Y9)[1]
    assert "holds probabilities" in report(nn.NLLLoss2d(), P9, Y9)[1]


@pytest.mark.parametrize(("criterion", "arguments"), EVERY)
def test_arguments_by_name_are_checked(criterion, arguments):
    names = list(inspect.signature(criterion.forward).parameters)
    by_name = dict(reversed(list(zip(names, arguments, strict=True))))
    guard(criterion, strict=True)(**by_name)
    with pytest.raises(ContractError, match="any/nan"):
        guard(criterion, strict=True)(**by_name | {names[0]: with_value(arguments[0], NAN)})


# --- The wrapper ------------------------------------------------------------------------------------------------------


@pytest.fixture
def checks(monkeypatch):
    """Count the calls that are checked."""
    counted = []
    check = contracts._check

    def counting(*arguments):
        counted.append(check(*arguments))
        return counted[-1]

    monkeypatch.setattr(contracts, "_check", counting)
    return counted


@pytest.mark.parametrize("batches", [1, 3])
def test_after_the_checked_batches_it_is_the_bare_loss(checks, batches):
    criterion = nn.CrossEntropyLoss(torch.ones(9), reduction="sum")
    guarded = guard(criterion, batches)
    for _ in range(batches):
        assert type(guarded) is not nn.CrossEntropyLoss
        guarded(Z9, Y9)
    for _ in range(5):
        guarded(Z9, Y9)
        guarded(P9, Y9)  # now unchecked
    assert checks == [True] * batches
    assert type(guarded) is nn.CrossEntropyLoss
    assert vars(guarded) == vars(criterion)
    assert repr(guarded) == repr(criterion)


def test_a_call_that_raises_does_not_count(checks):
    guarded = guard(nn.MSELoss())
    for _ in range(3):
        with pytest.raises(ContractError):
            guarded(A, A[:, None])
    guarded(A, B)
    assert checks == [True]
    assert type(guarded) is nn.MSELoss


def test_a_missing_argument_is_pytorchs_to_report(checks):
    guarded = guard(nn.MSELoss())
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'target'"):
        guarded(A)
    assert checks == [False]


def test_a_rule_that_cannot_be_tested_is_left_out():
    def unlike(a, b):
        raise AssertionError("no distance today")

    with pytest.raises(AssertionError, match="no distance today"):
        guard(nn.TripletMarginWithDistanceLoss(distance_function=unlike))(X1, X2, X3)


def test_everything_found_is_reported_together():
    kind, message = report(nn.CrossEntropyLoss(torch.ones(8)), P9, Y9[:, None])
    assert kind is ContractError
    assert issubclass(kind, ValueError)
    heading, *lines = message.splitlines()
    assert heading == "CrossEntropyLoss breaks its contract."
    found = [line for line in lines if not line.startswith("  ")]
    assert found == ["error [classes/target-shape]", "error [weights/shape]", "warning [cross-entropy/probabilities]"]
    assert [line[:8] for line in lines] == [
        x[:8] for f in found for x in (f, "  seen: ", "  harm: ", "  fix:  ", "  read: ")
    ]
    assert "cannot fall below 1.372 for 9 classes" in message


def test_strict_raises_what_looks_wrong_but_not_what_is_harmless():
    assert report(nn.CrossEntropyLoss(), P9, Y9)[0] is ContractWarning
    assert report(nn.CrossEntropyLoss(), P9, Y9, strict=True)[0] is ContractError
    kind, message = report(nn.CrossEntropyLoss(), LOG9, Y9, strict=True)
    assert kind is ContractWarning
    assert message.startswith("CrossEntropyLoss is given something that is harmless but needless.\nnote [")
    assert report(nn.CrossEntropyLoss(), P9, Y9)[1].startswith("CrossEntropyLoss is given something that looks wrong.")


def test_a_warning_points_at_the_line_that_calls_the_loss():
    with pytest.warns(ContractWarning) as caught:
        guard(nn.CrossEntropyLoss())(P9, Y9)
    assert caught[0].filename == __file__
    assert "guard(nn.CrossEntropyLoss())(P9, Y9)" in linecache.getline(__file__, caught[0].lineno)
    assert issubclass(ContractWarning, UserWarning)


def test_it_behaves_like_the_loss():
    criterion = nn.CrossEntropyLoss(torch.ones(9), ignore_index=3, label_smoothing=0.1)
    guarded = guard(criterion)
    assert isinstance(guarded, nn.CrossEntropyLoss)
    assert type(criterion) is nn.CrossEntropyLoss
    assert "batches_to_check" not in vars(criterion)
    assert repr(guarded) == "GuardedCrossEntropyLoss()"
    assert (guarded.reduction, guarded.ignore_index, guarded.label_smoothing) == ("mean", 3, 0.1)
    assert guarded.weight is criterion.weight
    assert list(guarded.state_dict()) == ["weight"]
    guarded.load_state_dict({"weight": torch.arange(9.0)})
    assert criterion.weight.tolist() == list(range(9))
    assert guarded.double() is guarded
    assert guarded.weight.dtype == criterion.weight.dtype == torch.float64


def test_parameters_are_those_of_the_loss():
    model = nn.Module()
    model.loss = guard(nn.LinearCrossEntropyLoss(9, 20))
    assert [name for name, _ in model.named_parameters()] == ["loss.linear.weight"]
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = model.loss.linear.weight.clone()
    model.loss(Z9, Y9).backward()
    optimizer.step()
    assert not torch.equal(before, model.loss.linear.weight)


def test_hooks_run_once():
    criterion, seen = nn.MSELoss(), []
    criterion.register_forward_hook(lambda *_: seen.append("forward"))
    criterion.register_forward_pre_hook(lambda *_: seen.append("before"))
    guarded = guard(criterion)
    guarded(A, B)
    guarded(A, B)
    assert seen == ["before", "forward"] * 2


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda loss: pickle.loads(pickle.dumps(loss))])
def test_copies_check_as_well(duplicate, checks):
    guarded = guard(nn.CrossEntropyLoss(torch.ones(9)), 2, strict=True)
    guarded(Z9, Y9)
    other = duplicate(guarded)
    guarded(Z9, Y9)
    assert (type(other).__name__, other.batches_to_check, other.strict) == ("GuardedCrossEntropyLoss", 1, True)
    with pytest.raises(ContractError):
        other(P9, Y9)
    other(Z9, Y9)
    assert type(duplicate(other)) is nn.CrossEntropyLoss


def test_guarding_again_starts_again(checks):
    guarded = guard(guard(nn.MSELoss(), strict=True), 2)
    assert (guarded.batches_to_check, guarded.strict) == (2, False)
    guarded(A, B)
    guarded(A, B)
    assert type(guarded) is nn.MSELoss


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (nn.MSELoss, r"is the class MSELoss, expected a loss of torch.nn .*; make a loss of it: MSELoss\(...\)"),
        (
            F.mse_loss,
            r"is the function mse_loss, expected a loss of torch.nn such as nn.CrossEntropyLoss\(\); use the class "
            r"that stands for it, such as nn.MSELoss\(\) for mse_loss$",
        ),
        (nn.Linear, "is the class Linear, expected .* guard the loss of torch.nn that it calls"),
        (nn.Linear(2, 2), "is Linear, expected .* guard the loss of torch.nn that it calls"),
        (None, "is NoneType"),
    ],
)
def test_only_losses_of_torch_nn_can_be_guarded(criterion, message):
    with pytest.raises(TypeError, match=message):
        guard(criterion)


def test_a_loss_with_a_forward_of_its_own_has_no_known_contract():
    class Squeezed(nn.MSELoss):
        def forward(self, input, target):
            return super().forward(input.squeeze(-1), target)

    with pytest.raises(TypeError, match="is Squeezed, expected .* guard the loss of torch.nn that it calls"):
        guard(Squeezed())
    replaced = nn.MSELoss()
    replaced.forward = lambda input, target: input.sum()
    with pytest.raises(TypeError, match="is MSELoss"):
        guard(replaced)


@pytest.mark.parametrize("batches", [0, -1])
def test_at_least_one_batch_is_checked(batches):
    with pytest.raises(ValueError, match=f"batches is {batches}, expected 1 or more"):
        guard(nn.MSELoss(), batches)


@pytest.mark.parametrize("batches", [1.0, "1", None, True])
def test_batches_is_a_number(batches):
    with pytest.raises(TypeError, match="expected an integer: the number of calls to check"):
        guard(nn.MSELoss(), batches)


@pytest.mark.parametrize("strict", [None, "yes", 1])
def test_strict_is_true_or_false(strict):
    with pytest.raises(TypeError, match=f"strict is {strict!r}, expected True or False"):
        guard(nn.MSELoss(), strict=strict)


def test_strict_is_by_name_only():
    with pytest.raises(TypeError, match="positional"):
        guard(nn.MSELoss(), 1, True)
    assert list(inspect.signature(guard).parameters) == ["criterion", "batches", "strict"]


# --- Free of side effects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "case"), cases(MISTAKES) + cases(LOOK_ALIKES))
def test_a_check_changes_nothing(name, case):
    criterion = copy.deepcopy(case.criterion)
    if name == "any/devices":
        pytest.skip("a weight without values cannot be compared")
    tensors = {i: a for i, a in enumerate(case.arguments) if isinstance(a, torch.Tensor)}
    before = {i: (t.detach().clone(), t._version, t.requires_grad) for i, t in tensors.items()}
    state, random = copy.deepcopy(criterion.state_dict()), torch.get_rng_state()
    guarded = guard(criterion)
    plain = contracts._with_class(guarded, guarded.unguarded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert contracts._check(guarded, case.arguments, {})
        except ContractError:
            pass
    assert type(guarded).__name__.startswith("Guarded")
    assert torch.equal(torch.get_rng_state(), random)
    for i, tensor in tensors.items():
        copied, version, requires_grad = before[i]
        assert (tensor._version, tensor.requires_grad) == (version, requires_grad)
        assert not tensor.is_leaf or tensor.grad is None
        assert torch.equal(torch.nan_to_num(tensor.detach()), torch.nan_to_num(copied))
    assert str(plain.state_dict()) == str(state)


def test_a_distance_stays_in_training():
    assert report(DISTANCE, X1, X2, X3) == (None, "")
    assert DISTANCE.training
    assert DISTANCE.distance_function.training


def test_checks_record_no_gradient():
    z = Z9.clone().requires_grad_()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor.shape), lambda _: None):
        assert contracts._check(guard(nn.CrossEntropyLoss()), (z, Y9), {})
    assert saved == []


def test_warning_filters_and_gradient_mode_are_left_alone():
    filters = list(warnings.filters)
    guard(nn.KLDivLoss(reduction="batchmean"))(LOG9, P9)
    assert torch.is_grad_enabled()
    assert warnings.filters == filters


# --- While nothing may be looked at -----------------------------------------------------------------------------------


def test_it_is_not_checked_while_it_is_compiled(checks):
    guarded = guard(nn.MSELoss())
    compiled = torch.compile(lambda x, y: guarded(2 * x, y), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(A, B), F.mse_loss(2 * A, B))
    torch.testing.assert_close(torch.compile(guarded, fullgraph=True, backend="eager")(A, B), F.mse_loss(A, B))
    assert checks == []
    guarded(A, B)
    assert checks == [True]


def test_it_is_not_checked_under_torch_func(checks):
    guarded = guard(nn.MSELoss())
    torch.testing.assert_close(torch.func.vmap(guarded)(X1, X2), (X1 - X2).square().mean(1))
    torch.testing.assert_close(torch.func.grad(guarded)(A, B), (A - B) / 16)
    assert checks == [False, False]


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_it_is_not_checked_while_it_is_traced(checks):
    guarded = guard(nn.MSELoss())
    traced = torch.jit.trace(lambda x, y: guarded(x, y), (A, B), check_trace=False)
    assert checks == [False]
    torch.testing.assert_close(traced(A, A), torch.tensor(0.0))


@pytest.mark.parametrize(
    "convert", [lambda x: x.to("meta"), torch.Tensor.to_sparse, lambda x: torch.nested.nested_tensor([x])]
)
@pytest.mark.filterwarnings("ignore:.*nested:UserWarning")
def test_tensors_without_plain_values_are_not_checked(convert):
    assert not contracts._check(guard(nn.MSELoss()), (convert(A), convert(B)), {})


def test_it_works_in_inference_mode_and_under_autocast():
    with torch.inference_mode():
        assert report(nn.MSELoss(), A + 0, B + 0) == (None, "")
    big, zero = torch.tensor([300.0]).half(), torch.zeros(1).half()
    assert "any/overflow" in report(nn.MSELoss(), big, zero)[1]
    with torch.autocast("cpu", torch.bfloat16):  # computes this loss, and that one, in float32
        assert report(nn.MSELoss(), big, zero, strict=True) == (None, "")
        assert report(weighted(torch.ones(9)), Z9.bfloat16(), Y9, strict=True) == (None, "")
        assert report(nn.BCELoss(), A.sigmoid().bfloat16(), T, strict=True) == (None, "")


# --- The reference ----------------------------------------------------------------------------------------------------


def losses_of(rule):
    """Name the losses of a rule as the reference does."""
    names, missing = (
        ", ".join(sorted(loss.__name__ for loss in losses)) for losses in (rule.losses, LOSSES - set(rule.losses))
    )
    return "all losses" if nn.Module in rule.losses else f"all but {missing}" if len(missing) < len(names) else names


def test_the_reference_quotes_what_is_said():
    page = (ROOT / "reference" / "contracts.md").read_text(encoding="utf-8")
    quoted = [line.removeprefix("> ").removesuffix("\\") for line in page.splitlines() if line.startswith("> ")]
    said = report(nn.CrossEntropyLoss(), P9, Y9)[1]
    assert " ".join(" ".join(quoted).split()) == " ".join(said.split())


def test_the_reference_lists_every_rule():
    lines = [
        f"- `{rule.name}` ({losses_of(rule)}; {rule.chapter}): {' '.join(rule.function.__doc__.split())}"
        for rule in RULES
    ]
    page = (ROOT / "reference" / "contracts.md").read_text(encoding="utf-8")
    listed = page.partition("## Rules\n")[2].partition("\n\n- ")[2]
    assert ("- " + listed).splitlines() == lines, "write this list:\n" + "\n".join(lines)


if __name__ == "__main__":
    APPROVED.write_text(messages(), encoding="utf-8")
