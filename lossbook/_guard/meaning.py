"""Rules for what the values mean that a loss is given: scores or probabilities, labels, counts; and for the result."""

import math

import torch
from torch import nn

from lossbook._guard.call import error, marked, note, numbers, rule, shaped, warning
from lossbook._guard.evidence import (
    can_be_normalised,
    extremes,
    last_operation,
    log_rounding,
    log_sums,
    rounding,
    single,
    squashed,
)
from lossbook._guard.form import BINARY, PLUS_MINUS, TRIPLET, class_dim

# --- Scores or probabilities as inputs --------------------------------------------------------------------------------


@rule("cross-entropy/probabilities", "classification/cross_entropy", nn.CrossEntropyLoss)
def _probabilities_for_scores(call, input, target):
    """Scores have passed no softmax, sigmoid or tanh (¹); a log-softmax is harmless, and a note says so."""
    activation, evidence = squashed(input, class_dim(call, input))
    if not activation:
        return
    classes, smoothing = input.shape[class_dim(call, input)], call.criterion.label_smoothing
    seen = f"{shaped('input', input)} {evidence}"
    if activation == "log-softmax":
        harm = "harmless: the log-softmax of a log-softmax is itself, so the loss is the same; it only takes time"
        same = call.loss(input, target), call.loss(input.log_softmax(class_dim(call, input)), target)
        yield note(seen, harm + numbers(" ({:.4g} with it, {:.4g} with one more)", *same), "drop it, or use NLLLoss")
        return
    width, undo = {
        "softmax": (1, lambda p: p.clamp_min(torch.finfo(p.dtype).tiny).log()),
        "sigmoid": (1, lambda p: p.logit(1e-6)),
        "tanh": (2, lambda p: p.clamp(1e-6 - 1, 1 - 1e-6).atanh()),
    }[activation]
    total = math.exp(width) + classes - 1
    harm = f"no class can get a probability above {math.exp(width) / total:.4g}"
    unweighted = call.criterion.weight is None or (call.reduction == "mean" and not smoothing)
    if not target.is_floating_point() and smoothing < 0.5 and unweighted:
        floor = math.log(total) - width * (1 - smoothing + smoothing / classes)
        each = "" if call.reduction == "mean" else " of an example"
        harm = f"the loss{each} cannot fall below {floor:.4g} for {classes} classes, since {harm}"
    losses = call.loss(input, target), call.loss(undo(single(input)), target)
    harm += numbers(f"; here it is {{:.4g}}, on the scores before the {activation} {{:.4g}}", *losses)
    yield warning(seen, harm, f"give the scores (logits) before the {activation}: the loss has a softmax of its own")


@rule("nll/log-probabilities", "classification/negative_log_likelihood", nn.NLLLoss, nn.CTCLoss)
def _log_probabilities(call, input, target, *lengths):
    """Log-probabilities: they are not probabilities (¹), and exponentials over the classes sum to at most 1."""
    if input.numel() == 0 or input.ndim == 0:
        return
    dim = class_dim(call, input)
    highest = extremes(log_sums(input, dim))[1]
    if squashed(input, dim)[0] in ("softmax", "sigmoid"):
        seen = f"{shaped(call.first, input)} holds probabilities"
        harm = "a probability p is read as if it were log p, so that a confident mistake costs hardly more than a doubt"
        meant = single(input).clamp_min(torch.finfo(torch.float32).tiny).log()
    elif highest > log_rounding(input):
        seen = f"{shaped(call.first, input)} holds no log-probabilities: exponentials over the classes sum to up to "
        seen += f"{math.exp(min(highest, 700)):.4g}"
        harm = "scores that are not normalised lower the loss without end by growing"
        meant = single(input).log_softmax(dim)
    else:
        return
    losses = call.loss(input, target, *lengths), call.loss(meant, target, *lengths)
    harm += numbers("; here the loss is {:.4g}, on log-probabilities {:.4g}", *losses)
    yield warning(seen, harm, f"give log_softmax(scores, {dim})" + ("" if lengths else ", or use CrossEntropyLoss"))


@rule("binary/target-range", "classification/binary_cross_entropy", *BINARY)
def _binary_target_range(call, input, target):
    """Targets lie in [0, 1]; BCEWithLogitsLoss only warns as long as they lie between −1 and 2, as noisy labels do."""
    low, high = extremes(target)
    refused = isinstance(call.criterion, nn.BCELoss)
    tolerance = 0 if refused else rounding(target)
    if low < -tolerance or high > 1 + tolerance:
        harm = "the loss has no minimum: the gradient by the score, sigmoid(score) − target, stays away from 0 "
        harm += f"by {max(-low, high - 1):.4g} or more"
        fix = "give 0 and 1, or probabilities"
        fix += {(-1, 1): ": (target + 1) / 2", (0, 255): ": target / 255", (1, 2): ": target - 1"}.get((low, high), "")
        certain = refused or low <= -1 or high >= 2
        yield (error if certain else warning)(f"`target` runs from {low:.4g} to {high:.4g}", harm, fix)


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


@rule("bce-with-logits/probabilities", "classification/binary_cross_entropy", *(set(BINARY) - {nn.BCELoss}))
def _probabilities_for_logits(call, input, target):
    """Scores have passed no sigmoid, softmax or tanh (¹)."""
    activation, evidence = squashed(input, -1)
    lowest = {"sigmoid": 0, "softmax": 0, "tanh": -1}.get(activation)
    if lowest is None:
        return
    possible = 1 / (1 + math.exp(-lowest)), 1 / (1 + math.exp(-1))
    harm = "the loss has a sigmoid of its own, so it sees only probabilities from {:.4g} to {:.4g}".format(*possible)
    best = single(target).logit()
    if "pos_weight" in call.tensors and not call.broken:
        best = best + call.tensors["pos_weight"].log()
    floor = call.loss(best.clamp(lowest, 1), target)
    if any(extremes(weight)[0] < 0 for name, weight in call.tensors.items() if name.endswith("weight")):
        floor = None
    losses = floor, call.loss(input, target)
    harm += numbers("; for these targets it cannot fall below {:.4g}, here it is {:.4g}", *losses)
    seen = f"{shaped('input', input)} {evidence}"
    yield warning(seen, harm, f"give the scores (logits) before the {activation}, or use BCELoss after a sigmoid")


# --- Labels −1 and 1 --------------------------------------------------------------------------------------------------


@rule("labels/plus-minus-one", "classification/hinge", *PLUS_MINUS)
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
        meant = torch.where(target == 1, 1.0, -1.0).to(inputs[0].dtype)
        losses = call.loss(*values), call.loss(*inputs, meant)
        harm += numbers("; here the loss is {:.4g}, with −1 for 0 {:.4g}", *losses)
    certain = low == 0 or isinstance(call.criterion, nn.HingeEmbeddingLoss)
    seen = f"labels from {low:.4g} to {high:.4g}: {marked(wrong)}, are neither −1 nor 1"
    yield (error if certain else warning)(seen, harm, fix)


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
    """First log q, the model's, then p; only the target having a gradient looks like the other order."""
    if looks_swapped(call, input, target):
        harm = f"the logarithm of a negative number: {int((target < 0).sum())} of {target.numel()} terms are NaN"
        harm += numbers("; the other way round the loss is {:.4g}", call.loss(target, input))
        yield error("`input` holds probabilities and `target` log-probabilities", harm, "swap them: loss(log_q, p)")
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
    if math.isnan(extremes(input)[0]) or input.ndim == 0 or looks_swapped(call, input, target):
        return
    dim = min(1, input.ndim - 1)
    if squashed(input, dim)[0] in ("softmax", "sigmoid"):
        seen, meant = "probabilities", single(input).clamp_min(torch.finfo(torch.float32).tiny).log()
    elif not can_be_normalised(input, log=True):
        seen, meant = "scores, which are not normalised", single(input).log_softmax(dim)
    else:
        return
    harm = "it is read as log q, so the result is no divergence and can be negative"
    harm += numbers("; here it is {:.4g}, with log q {:.4g}", call.loss(input, target), call.loss(meant, target))
    yield warning(f"{shaped('input', input)} holds {seen}", harm, "give log_softmax(scores, dim)")


@rule("kl/target", "classification/divergences", nn.KLDivLoss)
def _kl_target(call, input, target):
    """The target is probabilities that sum to at most 1 along some dimension, or with `log_target` their logarithms."""
    low, high = extremes(target)
    if math.isnan(low) or target.ndim == 0 or not target.is_floating_point() or looks_swapped(call, input, target):
        return
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
        yield error(f"`target` runs from {low:.4g} to {high:.4g}, but log_target=False", harm, fix)
    elif not can_be_normalised(target):
        rows = target.shape[0] if target.ndim > 1 else 1
        total = extremes(single(target).reshape(rows, -1).sum(1))[1]
        harm = f"a row sums to up to {total:.4g}, so its loss is least at {total * math.log(total):.4g}, not at 0"
        yield warning("`target` holds no probabilities", harm, "normalise it: target / target.sum(dim, keepdim=True)")


@rule("kl/mean", "practice/reductions", nn.KLDivLoss)
def _kl_mean(call, input, target):
    """The reduction is 'batchmean', or 'sum' for a single distribution (1-D), or 'none'."""
    rows = input.shape[0] if input.ndim > 1 else 1
    divisor = input.numel() if call.reduction == "mean" else input.shape[0] if input.ndim == 1 else rows
    if input.numel() == 0 or call.reduction not in ("mean", "batchmean") or divisor == rows:
        return
    harm = f"it divides by {divisor}, not by the number of distributions, {rows}: {divisor / rows:.4g} times too small"
    total = call.loss(input, target, reduction="sum")
    if total is not None:
        harm += numbers("; here it is {:.4g}, the divergence {:.4g}", total / divisor, total / rows)
    seen = f"reduction={call.reduction!r} for {shaped('input', input)}"
    yield warning(seen, harm, f"use reduction={'sum' if input.ndim < 2 else 'batchmean'!r}")


# --- Sequences --------------------------------------------------------------------------------------------------------


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
    """Time first, (T, N, C) or (T, C); N lengths of at most T and S; targets (N, S) or one after another."""
    integers = all(not torch.as_tensor(x).is_floating_point() for x in (input_lengths, target_lengths))
    if has_layout(log_probs, targets, input_lengths, target_lengths) and integers:
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
        yield error(seen, f"it would need {needed[n]}: the loss is infinite, its gradient NaN", fix)


# --- Counts, variances, triplets --------------------------------------------------------------------------------------


@rule("poisson/counts", "regression/distributional", nn.PoissonNLLLoss)
def _poisson_counts(call, input, target):
    """Targets are 0 or more."""
    low = extremes(target)[0]
    if low < 0:
        harm = f"no count is below 0: the loss falls without end, by {-low:.4g} for each unit that the log-rate falls"
        fix = "give counts; for numbers of either sign use GaussianNLLLoss"
        yield error(f"the smallest target is {low:.4g}", harm, fix)


@rule("poisson/rates", "regression/distributional", nn.PoissonNLLLoss)
def _poisson_rates(call, input, target):
    """With `log_input`, the input has passed no exp or softplus; without it, the input is 0 or more."""
    low, operation = extremes(input)[0], last_operation(input)
    if not call.criterion.log_input and low < 0:
        harm = "the logarithm of a negative rate is NaN"
        harm += numbers("; read as log-rates the loss is {:.4g}", call.loss(input, target, log_input=True))
        fix = "set log_input=True, or give exp(input)"
        yield error(f"the smallest rate is {low:.4g}, with log_input=False", harm, fix)
    elif call.criterion.log_input and operation in ("Exp", "Softplus"):
        harm = "a rate is read as its logarithm, so exp is taken twice"
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


@rule("triplet/collapsed", "embeddings/triplet", *TRIPLET)
def _collapsed(call, anchor, positive, negative):
    """Neither are positive and negative the same vectors, nor anchor and positive."""
    if call.broken or anchor.numel() == 0:
        return
    margin = call.criterion.margin
    if positive.shape == negative.shape and bool((positive == negative).all()):
        harm = f"both distances are equal, so the loss is the margin, {margin:g}, whatever the model does"
        fix = "check how triplets are drawn; if all embeddings are one vector, the model has collapsed"
        yield warning("`positive` and `negative` are the same vectors", harm, fix)
    elif anchor.shape == positive.shape and bool((anchor == positive).all()):
        harm = "their distance is 0 already, so nothing pulls examples of one class together"
        harm += numbers("; the loss, {:.4g}, only pushes negatives away", call.loss(anchor, positive, negative))
        yield warning("`anchor` and `positive` are the same vectors", harm, "draw two different examples of a class")


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
            survives = call.reduction == "none" or (loss is not None and math.isfinite(loss))
            harm = "one NaN makes the loss NaN and enters the gradient, and with one step every parameter"
            if call.reduction == "none":
                harm = "its loss is NaN, and even if you leave that out, its gradient is NaN and enters every parameter"
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
        seen = f"the inputs are finite, but the loss is {loss} in {dtype}, which ends at {torch.finfo(dtype).max:g}"
        wider = torch.float32 if dtype.itemsize < 4 else torch.float64
        harm += numbers(f"; in {wider} it is {{:.4g}}", call.loss(*values, dtype=wider))
        fix = f"compute the loss in {wider}: criterion(input.to({wider}), ...); or keep the inputs small"
    yield (warning if call.reduction == "none" else error)(seen, harm, fix)
