"""The terms in which the rules of `guard` are written: findings, the list of rules, and the call that they look at.

A rule is one small function with an id, the chapter that explains it, and the losses it holds for; its docstring states
what is tested. It yields a finding where it is broken: what was seen, why that hurts, with a number computed for this
very call, and how to mend it. An *error* can only be wrong, a *warning* looks wrong, a *note* is harmless and says so.
"""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import nn


class Finding(NamedTuple):
    """What is wrong with one call."""

    severity: str
    seen: str
    harm: str
    fix: str


error = partial(Finding, "error")
warning = partial(Finding, "warning")
note = partial(Finding, "note")


# A fix that several rules advise
SWAPPED = "the arguments look swapped: the prediction comes first, the target second"


class Rule(NamedTuple):
    """One rule: its id, the chapter that explains it, the losses it holds for, and the function that tests it."""

    name: str
    chapter: str
    losses: tuple
    function: Callable
    stops: bool  # where it is broken, the other rules have nothing to go by


RULES = []


def rule(name, chapter, *losses, stops=False):
    """Register a rule. Rules are tested in the order in which they stand here."""

    def register(function):
        RULES.append(Rule(name, chapter, losses, function, stops))
        return function

    return register


class Call:
    """One call of a loss: its arguments by name, and what has been found so far."""

    def __init__(self, criterion, arguments):
        # The distance function may be a module that draws random numbers or keeps statistics.
        private = isinstance(criterion, nn.TripletMarginWithDistanceLoss)
        self.criterion = copy.deepcopy(criterion).eval() if private else criterion
        self.arguments = arguments
        self.broken = False  # is there an error among the findings?

    @property
    def first(self):
        """The name of the first argument, the prediction."""
        return next(iter(self.arguments))

    @property
    def reduction(self):
        """The reduction of the loss; a loss without the option takes the mean."""
        return getattr(self.criterion, "reduction", "mean")

    @property
    def tensors(self):
        """Arguments and weights that are tensors, by name."""
        weights = {name: getattr(self.criterion, name, None) for name in ("weight", "pos_weight")}
        return {name: t for name, t in (self.arguments | weights).items() if isinstance(t, torch.Tensor)}

    def value_error(self, seen, harm, fix):
        """Return an error; without a reduction a warning, since single losses can be left out afterwards."""
        return (warning if self.reduction == "none" else error)(seen, harm, fix)

    def loss(self, *values, dtype=None, **options):
        """Return the loss of `values`, its mean if it is not reduced; None if PyTorch refuses, or after an error."""
        if self.broken:
            return None  # an index out of range, for one, would stop a GPU for good
        criterion = object.__new__(type(self.criterion))
        criterion.__dict__.update(self.criterion.__dict__ | options)
        try:
            if dtype is not None:
                criterion = copy.deepcopy(criterion).to(dtype)
                input, *others = values
                others = [v.to(dtype) if isinstance(v, torch.Tensor) and v.is_floating_point() else v for v in others]
                values = [input.to(dtype), *others]
            loss = criterion.forward(*values)
            return float((1.0 * getattr(loss, "loss", loss)).mean())
        except (IndexError, RuntimeError, TypeError, ValueError):
            return None  # PyTorch says why in the call itself

    def both_ways(self, first, second):
        """Return the loss of two arguments in this order and in the other, for the end of a sentence."""
        losses = self.loss(first, second), self.loss(second, first)
        return numbers("; here the loss is {:.4g}, the other way round {:.4g}", *losses)


def numbers(text, *values):
    """Return the text with its numbers, or nothing if one of them is missing or not finite."""
    return text.format(*values) if all(v is not None and math.isfinite(v) for v in values) else ""


def shaped(name, tensor):
    """Return the name of a tensor with its shape."""
    return f"`{name}` {tuple(tensor.shape)}"


def marked(mask):
    """Return how many entries are marked, and where the first one is."""
    first = mask.nonzero()[0].tolist()
    return f"{int(mask.sum())} of {mask.numel()} values" + (f", first at {first}" if first else "")
