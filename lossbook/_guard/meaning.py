"""Rules for what the values mean that a loss is given: scores or probabilities, labels, counts; and for the result."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from lossbook._guard.call import SWAPPED, error, marked, note, numbers, rule, shaped, warning
from lossbook._guard.evidence import (
    can_be_normalised,
    decided,
    extremes,
    last_operation,
    log_rounding,
    log_sums,
    normalised,
    rounding,
    single,
    squashed,
)
from lossbook._guard.form import BINARY, PLUS_MINUS, TRIPLET, class_dim

LOGITS = (nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss, nn.SoftMarginLoss)

# --- Scores or probabilities as inputs --------------------------------------------------------------------------------


@rule("cross-entropy/probabilities", "classification/cross_entropy", nn.CrossEntropyLoss)
def _probabilities_for_scores(call, input, target):
    """Scores have passed no softmax, sigmoid or tanh (¹); a log-softmax over classes is harmless, as a note says."""
    dim = class_dim(call, input)
    activation, evidence = squashed(input, dim)
    if activation not in ("softmax", "sigmoid", "tanh", "log-softmax"):
        return
    classes, smoothing = input.shape[dim], call.criterion.label_smoothing
    seen = f"{shaped('input', input)} {evidence}"
    if activation == "log-softmax":
        dims = normalised(input, log=True)
        if dim in dims:
            harm = "harmless: the log-softmax of a log-softmax is itself, so the loss is the same; it only takes time"
            same = call.loss(input, target), call.loss(input.log_softmax(dim), target)
            harm += numbers(" ({:.4g} with it, {:.4g} with one more)", *same)
            yield note(seen, harm, "drop it, or use NLLLoss")
        elif dims:
            sums = [math.exp(extreme) for extreme in extremes(log_sums(input, dim))]
            harm = "it is not taken over the classes: along dimension {} its exponentials sum to {:.4g} up to {:.4g}, "
            harm += "and each score depends on those of other predictions"
            yield warning(seen, harm.format(dim, *sums), "give the scores before it")
        return
    width, undo = {
        "softmax": (1, lambda p: p.clamp_min(torch.finfo(p.dtype).tiny).log()),
        "sigmoid": (1, lambda p: p.logit(1e-6)),
        "tanh": (2, lambda p: p.clamp(1e-6 - 1, 1 - 1e-6).atanh()),
    }[activation]
    total = math.exp(width) + classes - 1
    harm = f"no class can get a probability above {math.exp(width) / total:.4g}"
    unweighted = call.criterion.weight is None or (call.reduction == "mean" and not smoothing)
    if not target.is_floating_point() and unweighted:
        right, wrong = 1 - smoothing + smoothing / classes, smoothing / classes
        best = min(width, math.log(right / wrong)) if smoothing else width  # by how much the right score is larger
        floor = math.log(math.exp(best) + classes - 1) - best * right
        each = "" if call.reduction == "mean" else " of an example"
        harm = f"the loss{each} cannot fall below {floor:.4g} for {classes} classes, since {harm}"
    losses = call.loss(input, target), call.loss(undo(single(input)), target)
    harm += numbers(f"; here it is {{:.4g}}, on the scores before the {activation} {{:.4g}}", *losses)
    yield warning(seen, harm, f"give the scores (logits) before the {activation}: the loss has a softmax of its own")


@rule("nll/log-probabilities", "classification/negative_log_likelihood", nn.NLLLoss, nn.CTCLoss)
def _log_probabilities(call, input, target, *lengths):
    """Log-probabilities over the classes: not probabilities (¹), and the exponentials sum to at most 1."""
    if input.numel() == 0 or input.ndim == 0:
        return
    dim, dims = class_dim(call, input), normalised(input, log=True)
    highest = extremes(log_sums(input, dim))[1]
    if squashed(input, dim)[0] in ("softmax", "sigmoid"):
        seen = f"{shaped(call.first, input)} holds probabilities"
        harm = "a probability p is read as if it were log p, so that a confident mistake costs hardly more than a doubt"
        meant = single(input).clamp_min(torch.finfo(torch.float32).tiny).log()
    elif highest > log_rounding(input):
        seen = f"{shaped(call.first, input)} holds no log-probabilities: exponentials over the classes sum to up to "
        seen += f"{math.exp(min(highest, 700)):.4g}"
        harm = "the loss falls with the score of the true class alone, and nothing holds the other scores down"
        meant = single(input).log_softmax(dim)
    elif dims and dim % input.ndim not in dims:
        seen = f"{shaped(call.first, input)} is normalised along dimension {dims[0]}, not over the classes"
        harm = "the log-softmax compares a prediction with the others, not a class with the others"
        meant = single(input).log_softmax(dim)
    else:
        return
    losses = call.loss(input, target, *lengths), call.loss(meant, target, *lengths)
    harm += numbers("; here the loss is {:.4g}, on log-probabilities {:.4g}", *losses)
    yield warning(seen, harm, f"give log_softmax(scores, {dim})" + ("" if lengths else ", or use CrossEntropyLoss"))


@rule("binary/target-range", "classification/binary_cross_entropy", *BINARY)
def _binary_target_range(call, input, target):
    """Targets of weight other than 0 lie in [0, 1]; BCEWithLogitsLoss only warns between −1 and 2, for noisy labels."""
    refused = isinstance(call.criterion, nn.BCELoss)
    if "weight" in call.tensors and not (refused or call.broken):
        target = torch.where(call.tensors["weight"] == 0, 0, target)
    low, high = extremes(target)
    tolerance = 0 if refused else rounding(target)
    if low < -tolerance or high > 1 + tolerance:
        harm = "the loss has no minimum: the gradient by the score, sigmoid(score) − target, stays away from 0 "
        harm += f"by {max(-low, high - 1):.4g} or more"
        fix = "give 0 and 1, or probabilities"
        fix += {(-1, 1): ": (target + 1) / 2", (0, 255): ": target / 255", (1, 2): ": target - 1"}.get((low, high), "")
        if decided(input):
            fix = SWAPPED
        severity = error if refused else call.value_error if low <= -1 or high >= 2 else warning
        yield severity(f"`target` runs from {low:.4g} to {high:.4g}", harm, fix)


@rule("binary/decisions", "classification/binary_cross_entropy", *BINARY)
def _decisions(call, input, target):
    """The input is not only zeros and ones (16 or more), unless something has a gradient, or they are the targets."""
    if call.broken or input.requires_grad or target.requires_grad or input.numel() < 16 or not decided(input):
        return
    if bool((input == target).all()):
        return
    if decided(target):
        harm = f"{int((input != target).sum())} of them are wrong, but a decision has no gradient"
        fix = "give what was compared with a threshold"
    else:
        harm = "labels have no gradient, so nothing is learnt" + call.both_ways(input, target)
        fix = SWAPPED
    yield warning(f"the {input.numel()} values of `input` are all 0 or 1", harm, fix)


@rule("bce/probabilities", "classification/binary_cross_entropy", nn.BCELoss)
def _scores_for_probabilities(call, input, target):
    """Inputs lie in [0, 1]."""
    low, high = extremes(input)
    if low < 0 or high > 1:
        outside = int(((input < 0) | (input > 1)).sum())
        harm = "their logarithms mean nothing: PyTorch refuses, and on a GPU the whole process is lost"
        harm += numbers("; on the sigmoid of the values the loss is {:.4g}", call.loss(input.sigmoid(), target))
        fix = "use BCEWithLogitsLoss, which takes scores and cannot overflow"
        seen = f"`input` runs from {low:.4g} to {high:.4g}, so {outside} of {input.numel()} values are no probabilities"
        yield error(seen, harm, fix)


@rule("bce-with-logits/probabilities", "classification/binary_cross_entropy", *LOGITS)
def _probabilities_for_logits(call, input, target):
    """Scores have passed no sigmoid, softmax, tanh, log-softmax, log-sigmoid or ReLU (¹)."""
    activation, evidence = squashed(input, -1)
    if not activation:
        return
    highest = 0 if activation.startswith("log-") else math.inf if activation == "ReLU" else 1
    lowest = {"tanh": -1, "log-softmax": -math.inf, "log-sigmoid": -math.inf}.get(activation, 0)
    possible = 1 / (1 + math.exp(-lowest)), 1 / (1 + math.exp(-highest))
    harm = "the loss has a sigmoid of its own, so it sees only probabilities from {:.4g} to {:.4g}".format(*possible)
    best = single((target + 1) / 2 if isinstance(call.criterion, nn.SoftMarginLoss) else target).logit()
    if "pos_weight" in call.tensors and not call.broken:
        best = best + call.tensors["pos_weight"].log()
    floor = call.loss(best.clamp(max(lowest, -40), min(highest, 40)), target)
    if any(extremes(weight)[0] < 0 for name, weight in call.tensors.items() if name.endswith("weight")):
        floor = None
    losses = floor, call.loss(input, target)
    harm += numbers("; for these targets it cannot fall below {:.4g}, here it is {:.4g}", *losses)
    seen = f"{shaped('input', input)} {evidence}"
    yield warning(seen, harm, f"give the scores (logits) before the {activation}, or use BCELoss after a sigmoid")


@rule("hinge-embedding/distances", "embeddings/contrastive", nn.HingeEmbeddingLoss)
def _distances(call, input, target):
    """The input is distances, 0 or more up to rounding."""
    low, high = extremes(input)
    if low < -0.01 * max(1, high):
        harm = "for label 1 the loss is the input itself, so it falls without end"
        harm += numbers("; the loss of this call is {:.4g}", call.loss(input, target))
        fix = "give distances, such as F.pairwise_distance(x1, x2); for scores of a classifier use SoftMarginLoss"
        yield warning(f"`input` runs from {low:.4g} to {high:.4g}, but no distance is negative", harm, fix)


# --- Labels −1 and 1 --------------------------------------------------------------------------------------------------


@rule("labels/plus-minus-one", "practice/contracts", *PLUS_MINUS)
def _plus_minus_one(call, *values):
    """Labels are −1 or 1. Zeros in place of −1 are an error, as is any other value for HingeEmbeddingLoss."""
    *inputs, target = values
    wrong = (target != 1) & (target != -1) & (target == target)
    if not bool(wrong.any()):
        return
    low, high = extremes(target)
    harm = {
        nn.HingeEmbeddingLoss: "any other label adds both branches: the distance, and the margin less the distance",
        nn.CosineEmbeddingLoss: "a pair with any other label costs 0 and teaches nothing, but counts in the mean",
        nn.MarginRankingLoss: "any other label rescales the difference; 0 costs the margin and teaches nothing",
        nn.SoftMarginLoss: "any other label rescales the score; 0 costs log 2 = 0.6931 and teaches nothing",
    }[next(loss for loss in PLUS_MINUS if isinstance(call.criterion, loss))]
    fix = "give −1 and 1"
    if bool((target[wrong] == 0).all()) and low == 0:
        fix += ": 2 * target - 1"
        losses = call.loss(*values), call.loss(*inputs, torch.where(target == 1, 1.0, -1.0))
        harm += numbers("; here the loss is {:.4g}, with −1 for 0 {:.4g}", *losses)
    certain = low == 0 or isinstance(call.criterion, nn.HingeEmbeddingLoss)
    seen = f"labels from {low:.4g} to {high:.4g}: {marked(wrong)}, are neither −1 nor 1"
    yield (call.value_error if certain else warning)(seen, harm, fix)


@rule("labels/class-lists", "practice/contracts", nn.MultiLabelMarginLoss)
def _class_lists(call, input, target):
    """Targets have the shape of the input and list, in int64, distinct classes from 0 to C − 1, then −1 as the end.

    Zeros and ones, which can only be meant as marks, are an error; a class that stands in a row twice only warns.
    """
    classes = input.shape[-1] if input.ndim else 1
    fix = "list the true classes of each row, then −1, for instance [0, 2, -1] for the classes 0 and 2 of 3"
    if target.dtype != torch.int64 or tuple(target.shape) != tuple(input.shape):
        seen = f"`target` {tuple(target.shape)} of {target.dtype} for {shaped(call.first, input)}"
        yield error(seen, f"PyTorch wants {input.numel()} class indices in int64", f"{fix}, as int64")
        return
    low, high = extremes(target)
    if low < -1 or high >= classes:
        yield error(f"class indices from {low} to {high} for {classes} classes", "there is no such score", fix)
        return
    if target.ndim == 0:
        return
    before_end = (target >= 0).long().cumprod(-1).bool()
    listed = torch.where(before_end, target, -1).sort(-1).values
    again = (listed[..., 1:] == listed[..., :-1]) & (listed[..., 1:] >= 0)
    if bool(again.any()):
        multi_hot = low == 0 and high == 1 and classes > 2
        harm = f"{int(again.sum())} entries count a class again" + (
            ": zeros and ones are the classes 0 and 1" * multi_hot
        )
        seen = f"a class stands in a row more than once, in {int(again.any(-1).sum())} rows"
        yield (error if multi_hot else warning)(seen, harm, fix)


# --- Divergences ------------------------------------------------------------------------------------------------------


def looks_swapped(call, input, target):
    """Say whether the input is probabilities, and the target logarithms of some."""
    return not call.criterion.log_target and extremes(input)[0] >= 0 and extremes(target)[0] < 0 >= extremes(target)[1]


@rule("kl/order", "classification/divergences", nn.KLDivLoss)
def _order(call, input, target):
    """First log p, the model's, then q; only the target having a gradient looks like the other order."""
    if looks_swapped(call, input, target):
        harm = f"the logarithm of a negative number: {int((target < 0).sum())} of {target.numel()} terms are NaN"
        harm += numbers("; the other way round the loss is {:.4g}", call.loss(target, input))
        yield error("`input` holds probabilities and `target` log-probabilities", harm, "swap them: loss(log_p, q)")
    elif target.requires_grad and not input.requires_grad:
        harm = "this is KL(target ‖ input), which trains the target, and the two orders differ"
        if not call.criterion.log_target:
            losses = call.loss(input, target), call.loss(single(target).clamp_min(1e-30).log(), input.exp())
            harm += numbers(": {:.4g} this way, {:.4g} the other", *losses)
        fix = "give the model's log-probabilities first; if KL(model ‖ fixed) is what you want, all is well"
        yield warning("`target` has a gradient, `input` has none", harm, fix)


@rule("kl/input", "classification/divergences", nn.KLDivLoss)
def _kl_input(call, input, target):
    """The input is log-probabilities: no probabilities (¹), and exponentials sum to at most 1 along some dimension."""
    if call.broken or math.isnan(extremes(input)[0]) or input.ndim == 0:
        return
    dim = min(1, input.ndim - 1)
    if squashed(input, dim)[0] in ("softmax", "sigmoid"):
        seen, meant = "probabilities", single(input).clamp_min(torch.finfo(torch.float32).tiny).log()
    elif not can_be_normalised(input, log=True):
        seen, meant = "scores, which are not normalised", single(input).log_softmax(dim)
    else:
        return
    harm = "it is read as log p, so the result is no divergence and can be negative"
    harm += numbers("; here it is {:.4g}, with log p {:.4g}", call.loss(input, target), call.loss(meant, target))
    yield warning(f"{shaped('input', input)} holds {seen}", harm, "give log_softmax(scores, dim)")


@rule("kl/dimension", "classification/divergences", nn.KLDivLoss)
def _kl_dimension(call, input, target):
    """Where all sums of both are 1 along some dimension, it is the same."""
    if input.shape != target.shape:
        return
    dims, others = normalised(input, log=True), normalised(target, log=call.criterion.log_target)
    if dims and others and not set(dims) & set(others):
        seen = f"`input` is normalised along dimension {dims[0]}, `target` along dimension {others[0]}"
        harm = f"the {input.numel()} terms pair other distributions with each other, so the loss is no divergence"
        yield warning(seen, harm, "take both over the classes, for instance with dim=-1")


@rule("kl/target", "classification/divergences", nn.KLDivLoss)
def _kl_target(call, input, target):
    """The target is probabilities that sum to at most 1 along some dimension, or with `log_target` their logarithms.

    It is not so much less than 1 that the loss is negative.
    """
    low, high = extremes(target)
    if call.broken or math.isnan(low):
        return
    dims = normalised(input, log=True)
    dim = dims[0] if dims else min(1, target.ndim - 1)
    if call.criterion.log_target:
        if low >= 0 and high > 0:
            losses = call.loss(input, target), call.loss(input, target, log_target=False)
            harm = f"exp of it is taken, so probabilities count as {math.exp(min(low, 99)):.4g} or more"
            harm += numbers("; here the loss is {:.4g}, with log_target=False {:.4g}", *losses)
            yield warning(
                "no value in `target` is negative, but log_target=True", harm, "give log p, or log_target=False"
            )
        elif not can_be_normalised(target, log=True):
            harm = (
                f"exp of it is taken, so probabilities run up to {math.exp(min(high, 99)):.4g} and sum to more than 1"
            )
            yield warning("`target` holds no log-probabilities", harm, "give log_softmax(scores, dim)")
    elif low < 0:
        harm = f"the logarithm of a negative number: {int((target < 0).sum())} of {target.numel()} terms are NaN"
        fix = "set log_target=True if it holds log-probabilities, give softmax(scores) if it holds scores"
        yield call.value_error(f"`target` runs from {low:.4g} to {high:.4g}, but log_target=False", harm, fix)
    elif target.ndim and not can_be_normalised(target):
        total = extremes(single(target).sum(dim))[1]
        least = total * math.log(total)
        harm = f"a sum over dimension {dim} is {total:.4g}, so its loss is least at {least:.4g}, not at 0"
        yield warning("`target` holds no probabilities", harm, "normalise it: target / target.sum(dim, keepdim=True)")
    elif dims and not normalised(target):
        loss, total = call.loss(input, target, reduction="sum"), float(single(target).sum())
        if loss is not None and loss < -0.001 * total:
            smallest = extremes(single(target).sum(dim))[0]
            harm = f"a sum over dimension {dim} is {smallest:.4g}, so that the loss is {call.loss(input, target):.4g}, "
            harm += "but no divergence is negative"
            fix = "normalise it: target / target.sum(dim, keepdim=True)"
            yield warning("`target` holds no probabilities", harm, fix)


@rule("kl/mean", "practice/reductions", nn.KLDivLoss)
def _kl_mean(call, input, target):
    """The reduction is 'batchmean', or 'sum' for a single distribution (1-D), or 'none'."""
    rows = input.shape[0] if input.ndim > 1 else 1
    if input.numel() == 0 or call.reduction not in ("mean", "batchmean"):
        return
    divisor = input.numel() if call.reduction == "mean" else input.shape[0]
    if divisor == rows:
        return
    harm = f"it divides by {divisor}, not by the number of distributions, {rows}: {divisor / rows:.4g} times too small"
    total = call.loss(input, target, reduction="sum")
    if total is not None:
        harm += numbers("; here it is {:.4g}, the divergence {:.4g}", total / divisor, total / rows)
    seen = f"reduction={call.reduction!r} for {shaped('input', input)}"
    yield warning(seen, harm, f"use reduction={'sum' if input.ndim < 2 else 'batchmean'!r}")


# --- Sequences --------------------------------------------------------------------------------------------------------


LENGTHS = "`input_lengths`", "`target_lengths`"


def lengths_of(lengths):
    """Return the lengths as a list of integers."""
    return torch.as_tensor(lengths).reshape(-1).tolist()


def has_layout(log_probs, targets, input_lengths, target_lengths):
    """Say whether the shapes are (T, N, C) or (T, C), (N, S) or (sum of lengths,), and N lengths each."""
    if log_probs.ndim not in (2, 3) or targets.ndim not in (1, 2):
        return False
    n = log_probs.shape[1] if log_probs.ndim == 3 else 1
    inputs, outputs = lengths_of(input_lengths), lengths_of(target_lengths)
    whole = len(inputs) == len(outputs) == n > 0 and max(inputs) <= log_probs.shape[0] and min(inputs + outputs) >= 0
    if targets.ndim == 2:
        return whole and targets.shape[0] == n and max(outputs) <= targets.shape[1]
    return whole and sum(outputs) == targets.numel()


def labels_of(targets, target_lengths):
    """Return the labels of each sequence, without padding."""
    lengths = lengths_of(target_lengths)
    if targets.ndim == 2:
        return [row[:length] for row, length in zip(targets.cpu(), lengths, strict=True)]
    return list(targets.cpu()[: sum(lengths)].split(lengths))


@rule("ctc/layout", "practice/contracts", nn.CTCLoss, stops=True)
def _ctc_layout(call, log_probs, targets, input_lengths, target_lengths):
    """Time first, (T, N, C) or (T, C); N lengths of at most T and S; targets (N, S) or one after another.

    Both lengths are tensors of integers, or both are lists or tuples.
    """
    lengths = input_lengths, target_lengths
    integers = all(not torch.as_tensor(x).is_floating_point() for x in lengths)
    if isinstance(input_lengths, torch.Tensor) != isinstance(target_lengths, torch.Tensor):
        seen = " and ".join(f"{name} has type {type(x).__name__}" for name, x in zip(LENGTHS, lengths, strict=True))
        harm = f"PyTorch takes the lengths of {len(lengths_of(input_lengths))} sequences in one way only"
        yield error(seen, harm, "give both as tensors, with torch.as_tensor(...), or both as tuples")
        return
    if has_layout(log_probs, targets, *lengths) and integers:
        return
    inputs, outputs = lengths_of(input_lengths), lengths_of(target_lengths)
    seen = f"{shaped('log_probs', log_probs)}, {shaped('targets', targets)}, {len(inputs)} input lengths up to "
    seen += f"{max(inputs, default=0)}, {len(outputs)} target lengths up to {max(outputs, default=0)}"
    harm = "these do not fit together as (T, N, C), targets (N, S) or (sum of target lengths,), and N integers each"
    fix = "give N input lengths of at most T, N target lengths of at most S, and targets as said"
    if log_probs.ndim == 3 and len(inputs) == log_probs.shape[0] != log_probs.shape[1]:
        fix = "time comes first: give log_probs.transpose(0, 1)"
    yield error(seen, harm, fix)


@rule("ctc/labels", "practice/contracts", nn.CTCLoss)
def _ctc_labels(call, log_probs, targets, input_lengths, target_lengths):
    """Labels within their lengths are classes from 0 to C − 1 and not the blank; what pads them can be anything."""
    labels, classes, blank = torch.cat(labels_of(targets, target_lengths)), log_probs.shape[-1], call.criterion.blank
    low, high = extremes(labels)
    if low < 0 or high >= classes:
        harm = f"PyTorch does not check: it reads beyond the {classes} scores and returns some number"
        fix = f"give labels from 0 to {classes - 1}, without the blank"
        yield error(f"labels from {low:g} to {high:g} for {classes} classes", harm, fix)
    elif bool((labels == blank).any()):
        seen = f"{int((labels == blank).sum())} of {labels.numel()} labels are the blank, {blank}"
        harm = "the blank marks silence between labels, so no alignment can say it as a label"
        fix = "count labels from 1 if blank=0; if these are padding, shorten the target lengths"
        yield error(seen, harm, fix)


@rule("ctc/lengths", "practice/contracts", nn.CTCLoss)
def _ctc_lengths(call, log_probs, targets, input_lengths, target_lengths):
    """Each input is as long as its labels and the blanks between equal neighbours."""
    labels = labels_of(targets, target_lengths)
    needed = [len(row) + int((row[1:] == row[:-1]).sum()) for row in labels]
    lengths = lengths_of(input_lengths)
    short = [n for n, (has, needs) in enumerate(zip(lengths, needed, strict=True)) if has < needs]
    if not short:
        return
    n = short[0]
    again = needed[n] - len(labels[n])
    seen = f"sequence {n} has {lengths[n]} steps for {len(labels[n])} labels, {again} of them as the one before; "
    seen += f"{len(short)} of {len(labels)} sequences are too short"
    fix = "give more steps (less pooling), or leave such sequences out"
    if call.criterion.zero_infinity:
        yield warning(
            seen, f"it would need {needed[n]}; with zero_infinity=True such sequences teach nothing, unseen", fix
        )
    else:
        yield call.value_error(seen, f"it would need {needed[n]}: the loss is infinite, its gradient NaN", fix)


# --- Counts, variances, triplets --------------------------------------------------------------------------------------


@rule("poisson/counts", "regression/distributional", nn.PoissonNLLLoss)
def _poisson_counts(call, input, target):
    """Targets are 0 or more."""
    low = extremes(target)[0]
    if low < 0:
        harm = f"no count is below 0: the loss falls without end, by {-low:.4g} for each unit that the log-rate falls"
        fix = "give counts; for numbers of either sign use GaussianNLLLoss"
        yield call.value_error(f"the smallest target is {low:.4g}", harm, fix)


@rule("poisson/rates", "regression/distributional", nn.PoissonNLLLoss)
def _poisson_rates(call, input, target):
    """With `log_input`, the input has passed no exp, softplus or ReLU; without it, the input is 0 or more."""
    low, operation = extremes(input)[0], last_operation(input)
    if not call.criterion.log_input and low < 0:
        harm = "the logarithm of a negative rate is NaN"
        harm += numbers("; read as log-rates the loss is {:.4g}", call.loss(input, target, log_input=True))
        fix = "set log_input=True, or give exp(input)"
        yield call.value_error(f"the smallest rate is {low:.4g}, with log_input=False", harm, fix)
    elif call.criterion.log_input and operation in ("Exp", "Softplus", "Relu"):
        harm = "a rate is read as its logarithm, so no rate can be below 1"
        losses = call.loss(input, target), call.loss(input, target, log_input=False)
        harm += numbers("; here the loss is {:.4g}, with log_input=False {:.4g}", *losses)
        seen = f"the input is the output of {operation.lower()}, as autograd recorded, with log_input=True"
        yield warning(seen, harm, "set log_input=False")


@rule("gaussian/variance", "regression/distributional", nn.GaussianNLLLoss)
def _variance(call, input, target, var):
    """Variances are 0 or more, at least `eps` somewhere, and of a shape that PyTorch can pair with the input."""
    eps, (low, high) = call.criterion.eps, (var, var)
    if isinstance(var, torch.Tensor):
        low, high = extremes(var)
        differing = [v for v, i in zip(var.shape, input.shape, strict=False) if v != i]
        alike = var.ndim == input.ndim and (not differing or differing == [1])
        if not alike and var.shape != input.shape[:-1]:
            harm = f"PyTorch refuses to pair {var.numel()} variances with {input.numel()} predictions this way"
            fix = "give one for each prediction, or one for each row"
            yield error(f"{shaped('var', var)} for {shaped('input', input)}", harm, fix)
    if low < 0:
        harm = "no variance is negative, and PyTorch refuses"
        if isinstance(var, torch.Tensor):
            harm += numbers("; of exp(var) the loss is {:.4g}", call.loss(input, target, var.exp()))
        yield error(f"the smallest variance is {low:.4g}", harm, "if the model predicts log-variances, give var.exp()")
    elif high < eps:
        harm = f"all are raised to eps, so each squared error is multiplied by {0.5 / eps:.4g}"
        yield warning(f"all variances are below eps={eps:g}", harm, "give softplus(x) + 1e-3, for instance")


def alike(a, b):
    """Say whether two tensors are equal up to rounding."""
    return a.shape == b.shape and bool((a - b).abs().max() <= 1e-5 * a.abs().max())


@rule("triplet/collapsed", "embeddings/triplet", *TRIPLET)
def _collapsed(call, anchor, positive, negative):
    """No two of anchor, positive and negative are the same vectors, up to rounding."""
    if call.broken or anchor.numel() == 0:
        return
    margin = call.criterion.margin
    if alike(positive, negative):
        harm = f"both distances are equal, so the loss is the margin, {margin:g}, whatever the model does"
        if call.criterion.swap:
            harm = f"with swap=True their own distance counts, 0, so the loss is the margin, {margin:g}, or more"
        fix = "check how triplets are drawn; if all embeddings are one vector, the model has collapsed"
        yield warning("`positive` and `negative` are the same vectors", harm, fix)
    elif alike(anchor, negative):
        harm = f"their distance is 0, so the loss is the margin, {margin:g}, and the distance of the positive"
        harm += numbers(", {:.4g} together", call.loss(anchor, positive, negative))
        yield warning("`anchor` and `negative` are the same vectors", harm, "check how triplets are drawn")
    elif alike(anchor, positive):
        harm = "their distance is 0 already, so nothing pulls examples of one class together"
        harm += numbers("; the loss, {:.4g}, only pushes negatives away", call.loss(anchor, positive, negative))
        yield warning("`anchor` and `positive` are the same vectors", harm, "draw two different examples of a class")


@rule("embeddings/cosine-margin", "embeddings/contrastive", nn.CosineEmbeddingLoss)
def _cosine_margin(call, first, second, target):
    """The margin is a cosine below 1, and not below −1."""
    margin = call.criterion.margin
    if -1 <= margin < 1:
        return
    harm = f"no cosine is above {margin:g}, so pairs of label −1 cost 0 and teach nothing"
    if margin < -1:
        harm = f"no cosine is below −1, so the loss of a pair of label −1 cannot fall below {-1 - margin:.4g}"
    yield warning(f"the margin is {margin:g}", harm, "give a margin from 0 to 0.5")


@rule("embeddings/margin", "embeddings/triplet", nn.TripletMarginLoss)
def _margin(call, first, second, third):
    """The margin can be reached: at most 2 for unit vectors, at least 1/1000 of the distances."""
    margin = call.criterion.margin
    if first.numel() == 0:
        return
    unit = all(bool(((v.float().norm(dim=-1) - 1).abs() < 0.01).all()) for v in (first, second, third))
    distance = float(F.pairwise_distance(first.float(), third.float(), call.criterion.p).mean())
    if call.criterion.p == 2 and margin > 2 and unit:
        harm = f"no two of them are further apart than 2, so the loss cannot fall below {margin - 2:.4g}"
        seen = f"the embeddings have length 1, and the margin is {margin:g}"
        yield warning(seen, harm, "give a margin from 0.1 to 1")
    elif distance > 1000 * margin:
        harm = f"the margin is {margin / distance:.2g} of that, so it asks for next to nothing"
        fix = "normalise the embeddings, F.normalize(x, dim=-1), and their inputs; or give a margin of their size"
        yield warning(f"anchor and negative are {distance:.4g} apart on average, the margin is {margin:g}", harm, fix)


@rule("triplet/distance", "embeddings/triplet", nn.TripletMarginWithDistanceLoss)
def _distance_function(call, anchor, positive, negative):
    """The distance function gives one number for each row, and less for equal vectors than for others."""
    if anchor.shape != negative.shape:
        return
    distance = call.criterion.distance_function
    itself, other = distance(anchor, anchor), distance(anchor, negative)
    rows = math.prod(anchor.shape[:-1])
    if other.numel() > rows:
        harm = f"{other.numel()} distances for {rows} rows: anchors meet the negatives of others"
        yield warning(f"the distance function returns the shape {tuple(other.shape)}", harm, "return one for each row")
    elif float(single(itself).mean()) > float(single(other).mean()):
        harm = f"a vector and itself give {float(itself.mean()):.4g}, anchor and negative {float(other.mean()):.4g}: "
        harm += "the loss pushes positives away and pulls negatives near"
        yield warning("the distance function is larger for equal vectors", harm, "for a similarity s give 1 − s")


# --- Values that are no numbers, and results that are none ------------------------------------------------------------


def holds_nan(tensor):
    """Say whether there is a NaN; without a mask as large as the tensor where that can be avoided."""
    if tensor.is_complex():
        return bool(tensor.isnan().any())
    return tensor.numel() > 0 and math.isnan(extremes(tensor)[0])


@rule("any/nan", "practice/numerics", nn.Module)
def _nan(call, *values):
    """No argument and no weight holds a NaN; it only warns where the loss is a number all the same, or not reduced."""
    for name, tensor in call.tensors.items():
        if holds_nan(tensor):
            loss = call.loss(*values)
            survives = loss is not None and (call.reduction == "none" or math.isfinite(loss))
            harm = "one NaN makes the loss NaN, and where its gradient is NaN, one step makes every parameter NaN"
            if survives and call.reduction == "none":
                harm = "its loss is NaN; even if you leave that out, its gradient can be NaN, and enter every parameter"
            elif survives:
                harm = f"the loss hides it, here with {loss:.4g}, but what made it may turn every gradient into NaN"
            fix = "look where it comes from, with torch.autograd.detect_anomaly(); leave out rows without a target"
            yield (warning if survives else error)(f"`{name}` holds NaN: {marked(tensor.isnan())}", harm, fix)


@rule("any/overflow", "practice/numerics", nn.Module)
def _overflow(call, *values):
    """The loss of this call is a finite number."""
    if any(holds_nan(tensor) for tensor in call.tensors.values()):
        return
    loss, dtype = call.loss(*values), torch.result_type(values[0], 1.0)
    if loss is None or math.isfinite(loss) or values[0].numel() == 0:
        return
    infinite = {name: t.isinf() for name, t in call.tensors.items() if bool(t.isinf().any())}
    seen = "; ".join(f"`{name}` holds infinity: {marked(mask)}" for name, mask in infinite.items())
    fix = "look where it comes from: log(0), a division by 0, an overflow"
    if isinstance(call.criterion, nn.CrossEntropyLoss | nn.NLLLoss):
        fix += "; if it is a mask, use -1e4 for -inf, and mask no target"
    harm = f"the loss of this call is {loss}, and so is every average that it enters"
    if not infinite:
        seen = f"the inputs are finite, but the loss is {loss} in {dtype}"
        seen += f", which ends at {torch.finfo(dtype).max:g}" if math.isinf(loss) else ""
        wider = torch.float32 if dtype.itemsize < 4 else torch.float64
        meant = numbers(f"; in {wider} it is {{:.4g}}", call.loss(*values, dtype=wider))
        harm += meant
        if meant:
            fix = f"compute the loss in {wider}: criterion(input.to({wider}), ...); or keep the inputs small"
        if isinstance(call.criterion, nn.SoftMarginLoss):
            fix = "use BCEWithLogitsLoss with targets 0 and 1: it is the same loss, and cannot overflow"
    yield call.value_error(seen, harm, fix)
