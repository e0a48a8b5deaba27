"""Rules for the form of what a loss is given: types, devices, shapes, class indices, weights."""

import math

import torch
from torch import nn

from lossbook._guard.call import SWAPPED, error, numbers, rule, shaped, warning
from lossbook._guard.evidence import extremes, rounding, single

LOSSES = {cls for name, cls in vars(nn).items() if name.endswith("Loss") and issubclass(cls, nn.Module)}
ELEMENTWISE = (
    *(nn.L1Loss, nn.MSELoss, nn.SmoothL1Loss, nn.HuberLoss, nn.GaussianNLLLoss, nn.PoissonNLLLoss, nn.KLDivLoss),
    *(nn.BCELoss, nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss, nn.SoftMarginLoss, nn.HingeEmbeddingLoss),
    nn.MarginRankingLoss,
)
BINARY = (nn.BCELoss, nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss)
SOFTMAX = (nn.CrossEntropyLoss, nn.LinearCrossEntropyLoss)
CLASSES = (*SOFTMAX, nn.NLLLoss, nn.MultiMarginLoss, nn.AdaptiveLogSoftmaxWithLoss)
PLUS_MINUS = (nn.HingeEmbeddingLoss, nn.CosineEmbeddingLoss, nn.MarginRankingLoss, nn.SoftMarginLoss)
TRIPLET = (nn.TripletMarginLoss, nn.TripletMarginWithDistanceLoss)
ASYMMETRIC = (*BINARY, nn.CrossEntropyLoss, nn.PoissonNLLLoss, nn.SoftMarginLoss, nn.HingeEmbeddingLoss)


# --- All losses -------------------------------------------------------------------------------------------------------


@rule("any/tensors", "practice/contracts", nn.Module, stops=True)
def _tensors(call, *values):
    """Every argument is a tensor; only `var` may be a float, and lengths of CTCLoss lists or tuples."""
    for name, value in call.arguments.items():
        lengths = name.endswith("_lengths") and isinstance(value, list | tuple)
        if not isinstance(value, torch.Tensor) and not lengths and not (name == "var" and isinstance(value, float)):
            harm = "the loss computes with tensors, so it cannot be computed at all"
            fix = "give a float, or one for each prediction" if name == "var" else f"give torch.as_tensor({name})"
            yield error(f"`{name}` has type {type(value).__name__}", harm, fix)


@rule("any/devices", "practice/contracts", *(LOSSES - {nn.CTCLoss}), stops=True)
def _devices(call, *values):
    """Arguments and weights lie on one device; a number (dimension 0) may lie on the CPU."""
    devices = {name: str(t.device) for name, t in call.tensors.items() if t.ndim or t.device.type != "cpu"}
    if len(set(devices.values())) > 1:
        seen = ", ".join(f"`{name}` on {device}" for name, device in devices.items())
        harm = f"PyTorch cannot compute on {len(set(devices.values()))} devices at once"
        yield error(seen, harm, "move arguments with .to(device), the weights of the loss with criterion.to(device)")


@rule("any/integers", "practice/contracts", nn.Module, stops=True)
def _integers(call, input, *others):
    """Predictions are floating point, where PyTorch refuses integers, or unsigned ones would wrap around."""
    if input.is_floating_point() or input.is_complex():
        return
    other, harm = others[0], "PyTorch refuses integers here: they have no gradient"
    differences = isinstance(call.criterion, nn.L1Loss | nn.MarginRankingLoss | nn.TripletMarginLoss)
    if differences and input.dtype == other.dtype == torch.uint8:
        harm = f"unsigned integers wrap around: 1 − 2 is {int(torch.tensor(1, dtype=torch.uint8) - 2)}"
    elif call.loss(input, *others) is not None:
        return
    fix = f"convert it with {call.first}.float()"
    if other.is_floating_point():
        fix = SWAPPED
    yield error(f"`{call.first}` {tuple(input.shape)} has dtype {input.dtype}", harm, fix)


@rule("any/empty", "practice/reductions", nn.Module)
def _empty(call, input, *others):
    """There is something to average, unless the reduction is 'sum' or 'none'.

    MultiMarginLoss and MultiLabelMarginLoss need something to add up, too.
    """
    if input.numel() > 0 or call.reduction == "none":
        return
    seen, fix = f"{shaped(call.first, input)} is empty", "leave out empty batches"
    hinge = isinstance(call.criterion, nn.MultiMarginLoss | nn.MultiLabelMarginLoss)
    if hinge and input.ndim == 2 and input.shape[1] > 0:
        harm = "PyTorch returns a number that it has not written: whatever stood in memory, not the sum of 0 losses"
        yield error(seen, harm, fix)
    elif call.reduction != "sum":
        harm = "the mean of 0 losses is 0/0 = NaN, and so is every average that it enters"
        option = hasattr(call.criterion, "reduction")
        yield error(seen, harm, f"{fix}, or use reduction='sum'" if option else fix)


@rule("shape/broadcast", "regression/squared_error", *ELEMENTWISE)
def _broadcast(call, *values):
    """Prediction and target have one shape; only a single number may be the target of all predictions.

    An error where PyTorch refuses, or where as many predictions as targets of another dimension make more pairs in a
    mean or sum; otherwise all pairs may be meant, and it only warns.
    """
    ranking = isinstance(call.criterion, nn.MarginRankingLoss)
    pair = dict(list(call.arguments.items())[: 3 if ranking else 2])
    shapes = [tuple(tensor.shape) for tensor in pair.values()]
    sizes = [tensor.numel() for tensor in pair.values()]
    if len(set(shapes)) == 1:
        return
    seen = "the shapes differ: " + " and ".join(shaped(name, tensor) for name, tensor in pair.items())
    fix, as_many = "give both the same shape", len(set(sizes)) == 1
    if as_many:
        fix += f", for instance {list(pair)[-1]}.reshape({call.first}.shape) or {call.first}.squeeze(-1)"
    elif sizes[-1] == 1:
        fix += f", for instance {list(pair)[-1]}.expand_as({call.first})"
    try:
        together = tuple(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        fix = "give one target for each prediction"
        fix += "" if ranking else "; if the targets are class indices, use CrossEntropyLoss"
        yield error(seen, f"{sizes[0]} predictions cannot be paired with {sizes[-1]} targets one to one", fix)
        return
    pairs, most = math.prod(together), max(sizes)
    refused = isinstance(call.criterion, nn.BCELoss | nn.BCEWithLogitsLoss)
    refused |= isinstance(call.criterion, nn.SoftMarginLoss) and together != shapes[0]
    refused |= ranking and len(set(map(len, shapes))) > 1
    if pairs > most:
        harm = f"broadcast to {together} they make {pairs} pairs instead of {most}, {pairs / most:.4g} times as many: "
        harm += "predictions meet the targets of others"
        if as_many and pairs <= 2**24:
            meant = call.arguments | {name: tensor.reshape(shapes[0]) for name, tensor in pair.items()}
            losses = call.loss(*values), call.loss(*meant.values())
            harm += numbers("; the loss is {:.4g} instead of {:.4g}", *losses)
        all_pairs = not as_many or len(shapes[0]) == len(shapes[1]) or call.reduction == "none"
        yield (warning if all_pairs and not refused else error)(seen, harm, fix)
    elif refused:
        yield error(seen, f"PyTorch refuses to pair {sizes[0]} predictions with {sizes[-1]} targets this way", fix)
    elif as_many:
        yield warning(seen, f"the {pairs} values still meet one to one here, but may not in a batch of other size", fix)
    elif sizes[0] < pairs or any(1 < size < pairs for size in sizes):
        harm = f"the smaller one is repeated {pairs // min(sizes)} times, to make {pairs} pairs"
        yield warning(seen, harm, f"{fix}; if the repetition is meant, say so with .expand(...)")


@rule("target/dtype", "practice/contracts", *ELEMENTWISE)
def _elementwise_target_dtype(call, input, target, *others):
    """Targets have a dtype that PyTorch can pair with that of the input, in the backward pass as well."""
    if target.dtype == input.dtype:
        return
    refused = {
        nn.BCELoss: not torch.is_autocast_enabled(input.device.type),
        nn.BCEWithLogitsLoss: not target.is_floating_point(),
        nn.KLDivLoss: not target.is_floating_point(),
        nn.L1Loss: target.dtype == torch.bool,
        nn.GaussianNLLLoss: target.dtype == torch.bool,
        nn.PoissonNLLLoss: target.dtype == torch.bool,
        nn.SoftMarginLoss: target.dtype == torch.bool,
        nn.MultiLabelSoftMarginLoss: target.dtype == torch.bool,
        nn.HuberLoss: input.requires_grad,
    }
    if any(isinstance(call.criterion, loss) and holds for loss, holds in refused.items()):
        harm = f"PyTorch refuses to pair these {target.numel()} targets with {input.dtype}"
        harm += " in the backward pass" if isinstance(call.criterion, nn.HuberLoss) else ""
        yield error(f"`target` has dtype {target.dtype}", harm, f"convert it with target.to({input.dtype})")


@rule("target/gradient", "practice/contracts", *ASYMMETRIC)
def _target_gradient(call, input, target):
    """If only one of the two has a gradient, it is the prediction: it comes first."""
    if target.requires_grad and not input.requires_grad:
        harm = "the loss trains its second argument, and the two are not alike" + call.both_ways(input, target)
        yield warning("`target` has a gradient, `input` has none", harm, "give the prediction first, the target second")


@rule("shape/embeddings", "embeddings/triplet", nn.CosineEmbeddingLoss, *TRIPLET)
def _embeddings(call, *values):
    """Embeddings have one shape (N, D) or (D,), or one is repeated; CosineEmbeddingLoss has one label for each."""
    cosine = isinstance(call.criterion, nn.CosineEmbeddingLoss)
    shapes = [tuple(vectors.shape) for vectors in (values[:2] if cosine else values[:3])]
    seen = " and ".join(shaped(name, tensor) for name, tensor in call.arguments.items())
    rows, fix = max(math.prod(shape[:-1]) for shape in shapes), "give all the same shape (N, D)"
    if isinstance(call.criterion, nn.TripletMarginWithDistanceLoss) and len(set(map(len, shapes))) == 1:
        return  # what else may differ is for the distance function to say
    try:
        together = tuple(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        together = ()
    if len(set(map(len, shapes))) > 1 or not together:
        yield error(seen, f"the {rows} rows cannot be compared one to one", fix)
    elif math.prod(together) > max(map(math.prod, shapes)):
        harm = f"broadcast to {together} they make {math.prod(together[:-1])} comparisons instead of {rows}"
        yield warning(seen, harm, f"if not all pairs are meant, {fix}")
    elif cosine and (len(together) > 2 or tuple(values[2].shape) != together[:-1]):
        fix = "give embeddings (N, D) and a target (N,), for instance target.squeeze(-1)"
        yield error(seen, f"PyTorch wants one label for each of {rows} pairs, in one dimension", fix)


# --- Class indices and class probabilities as targets -----------------------------------------------------------------


def class_dim(call, input):
    """Return the dimension that holds the classes."""
    return -1 if isinstance(call.criterion, nn.CTCLoss) else min(1, input.ndim - 1)


def classes_of(call, input):
    """Return the number of classes, and the shapes of targets: class indices, class probabilities (or None)."""
    criterion = call.criterion
    if isinstance(criterion, nn.AdaptiveLogSoftmaxWithLoss):
        return criterion.n_classes, tuple(input.shape[:-1]), None
    if isinstance(criterion, nn.LinearCrossEntropyLoss):
        rows, rest = tuple(input.shape[:-1]), tuple(criterion.out_features)
        return criterion.num_classes, rows + rest, (*rows, criterion.num_classes, *rest)
    dim = class_dim(call, input)
    indices = tuple(size for d, size in enumerate(input.shape) if d != dim)
    probabilities = tuple(input.shape) if isinstance(criterion, nn.CrossEntropyLoss) else None
    return input.shape[dim] if input.ndim else 0, indices, probabilities


def ignore_index(call):
    """Return the index that is left out, or None where the loss knows none."""
    if isinstance(call.criterion, nn.MultiMarginLoss | nn.AdaptiveLogSoftmaxWithLoss):
        return None
    return -100 if call.criterion.ignore_index is None else call.criterion.ignore_index


def has_shape_of_indices(call, input, target):
    """Say whether there is one target for each prediction."""
    alone = isinstance(call.criterion, nn.MultiMarginLoss) and input.ndim == 1
    return tuple(target.shape) == classes_of(call, input)[1] or (alone and tuple(target.shape) == (1,))


def are_probabilities(call, input, target):
    """Say whether PyTorch reads the targets as class probabilities."""
    return target.is_floating_point() and tuple(target.shape) == classes_of(call, input)[2]


def indices_of(call, input, target):
    """Return the class indices that count, or None if the targets are none."""
    if target.is_floating_point() or not has_shape_of_indices(call, input, target):
        return None
    target = target.long()  # in 8 bits, −100 would be 156
    return target[target != ignore_index(call)]


@rule("classes/target-shape", "practice/contracts", *CLASSES)
def _target_shape(call, input, target):
    """Class indices have the shape of the input without the class dimension, class probabilities that of the input."""
    classes, expected, probabilities = classes_of(call, input)
    if input.ndim == 0:
        yield error("`input` () has no dimension", "0 classes have no loss", "give scores (C,), or (N, C) for a batch")
        return
    if has_shape_of_indices(call, input, target) or are_probabilities(call, input, target):
        return
    predictions, fix = math.prod(expected), "give one class index for each prediction"
    if target.numel() == predictions:
        fix = "give target.squeeze(1)" if target.shape[1:2] == (1,) else f"give target.reshape({expected})"
    elif tuple(target.shape) in (tuple(input.shape), probabilities) and input.ndim > 1:
        fix = "if the target is one-hot, give target.argmax(1)" + (", or target.float()" if probabilities else "")
    elif input.ndim > 2 and tuple(target.shape) == tuple(input.shape[:-1]):
        fix = "the classes belong in dimension 1, not in the last: give input.movedim(-1, 1)"
    elif input.ndim == 2 and tuple(target.shape) == (input.shape[1],):
        fix = "the classes belong in dimension 1: give input.T"
    elif input.ndim == 1 and target.ndim == 1:
        fix = f"a 1-D input is one example with {classes} classes; for one score each, use BCEWithLogitsLoss"
        if bool((input == input.round()).all()):
            fix = "the input holds whole numbers; if they are predicted classes, give the scores before the argmax"
    harm = f"PyTorch wants the shape {expected}: {predictions} class indices, one for each prediction"
    yield error(f"`target` {tuple(target.shape)} for {shaped(call.first, input)} and {classes} classes", harm, fix)


@rule("classes/target-dtype", "practice/contracts", *CLASSES)
def _target_dtype(call, input, target):
    """Class indices are int64, or uint8 where PyTorch takes it; class probabilities are floating point."""
    bytes_too = isinstance(call.criterion, nn.CrossEntropyLoss | nn.NLLLoss) and input.ndim < 3
    allowed = [torch.int64] + [torch.uint8] * bytes_too
    allowed += [torch.int32] * isinstance(call.criterion, nn.AdaptiveLogSoftmaxWithLoss)
    if target.dtype in allowed or are_probabilities(call, input, target):
        return
    harm = f"PyTorch takes class indices as int64 and refuses these {target.numel()}"
    fix = "convert it with target.long()"
    if target.is_floating_point() and not bool((target == target.round()).all()):
        fix = "these are no whole numbers: as numbers to predict they need MSELoss, as probabilities one for each score"
    elif are_probabilities(call, input, target.float()):
        fix = "convert it with target.float(), so that it holds class probabilities"
    yield error(f"`target` has dtype {target.dtype}", harm, fix)


@rule("classes/index-range", "practice/contracts", *CLASSES)
def _index_range(call, input, target):
    """Class indices lie between 0 and C − 1, or equal `ignore_index`."""
    indices, classes = indices_of(call, input, target), classes_of(call, input)[0]
    low, high = extremes(indices) if indices is not None else (math.nan, math.nan)
    if not (low < 0 or high >= classes):
        return
    wrong = indices[(indices < 0) | (indices >= classes)]
    seen = f"class indices from {low} to {high} for {classes} classes: "
    seen += f"{wrong.numel()} of {indices.numel()} are out of range"
    fix = f"give indices from 0 to {classes - 1}, or a score for each of {high + 1} classes"
    if low == 1 and high == classes:
        fix = "the indices seem to count from 1: give target - 1"
    elif ignore_index(call) is not None and bool((wrong == wrong[0]).all()):
        fix += f"; if {int(wrong[0])} marks targets to leave out, set ignore_index={int(wrong[0])}"
    yield error(seen, "there is no score to look up; on a GPU that stops the program later and elsewhere", fix)


@rule("classes/single-class", "practice/contracts", *CLASSES)
def _single_class(call, input, target):
    """Targets (N,), 16 or more, are not all of one class, unless chance makes that likelier than 1 in a million.

    Classes count as equally frequent, or as frequent as the inverse of their weights.
    """
    indices, classes = indices_of(call, input, target), classes_of(call, input)[0]
    if indices is None or target.ndim != 1 or indices.numel() < 16 or classes < 2:
        return
    low, high = extremes(indices)
    weight = call.tensors.get("weight")
    weighted = weight is not None and tuple(weight.shape) == (classes,) and extremes(weight)[0] > 0
    frequencies = (weight.cpu() if weighted else torch.ones(classes)).double().reciprocal()
    chances = indices.numel() * (frequencies / frequencies.sum()).log()
    exponent = chances.logsumexp(0).item() / math.log(10)
    if low == high and exponent < -6:
        frequent = "classes as frequent as 1/weight" if weighted else "equally frequent classes"
        harm = f"with {classes} {frequent} the chance of that is 1e{exponent:.0f}, and the step teaches "
        harm += f"only to answer {low}"
        fix = "shuffle the data, for instance DataLoader(..., shuffle=True); if the class is that frequent, "
        fix += "or the right one by design, as in contrastive learning, all is well"
        yield warning(f"all {indices.numel()} targets are class {low}", harm, fix)


@rule("classes/all-ignored", "practice/reductions", *SOFTMAX, nn.NLLLoss)
def _all_ignored(call, input, target):
    """At least one target counts, unless the reduction is 'sum' or 'none'."""
    indices = indices_of(call, input, target)
    if indices is not None and indices.numel() == 0 < target.numel() and call.reduction == "mean":
        seen = f"all {target.numel()} targets equal ignore_index={ignore_index(call)}"
        harm = "the mean over 0 targets is 0/0 = NaN, and so is every average that it enters; the gradient is 0"
        yield error(seen, harm, "leave such batches out, or use reduction='sum' and divide by the number that counts")


@rule("cross-entropy/one-class", "classification/cross_entropy", *SOFTMAX)
def _one_class(call, input, target):
    """There are two classes or more; it only warns for a single prediction, whose batch may be the candidates."""
    classes, indices, _ = classes_of(call, input)
    if classes == 1:
        harm = "the softmax of one score is 1, so the loss is 0 and its gradient 0 whatever the score"
        severity = error if math.prod(indices) > 1 else warning
        yield severity(f"{shaped(call.first, input)} makes 1 class", harm, "use BCEWithLogitsLoss, or give two scores")


@rule("cross-entropy/target-probabilities", "classification/cross_entropy", *SOFTMAX)
def _target_probabilities(call, input, target):
    """Class probabilities lie in [0, 1] and sum to 1, or to 0 to leave a row out; there is no `ignore_index`."""
    if not are_probabilities(call, input, target) or target.numel() == 0:
        return
    if ignore_index(call) >= 0:
        harm = f"PyTorch refuses: {target.numel()} probabilities hold no index to ignore"
        yield error(f"ignore_index={ignore_index(call)} with class probabilities", harm, "leave rows out by indexing")
    low, high = extremes(target)
    sums = single(target).sum(min(1, target.ndim - 1))
    smallest, largest = extremes(sums)
    seen = "`target` is floating point, so it is read as class probabilities; "
    fix = "give softmax(scores), one-hot rows in floating point, or class indices as integers"
    if low < 0 or high > 1 + rounding(target):
        harm = "below 0 the loss has no minimum" if low < 0 else f"a row counts as up to {largest:.4g} examples"
        yield warning(f"{seen}they run from {low:.4g} to {high:.4g}", harm, fix)
    elif bool(((sums > 0.01) & ((sums - 1).abs() > 0.01)).any()):
        harm = f"a row counts as up to {largest:.4g} examples, and the softmax can only learn the shares within a row"
        fix += "; if several classes can be true at once, use BCEWithLogitsLoss"
        yield warning(f"{seen}their sums run from {smallest:.4g} to {largest:.4g}", harm, fix)


# --- Weights ----------------------------------------------------------------------------------------------------------


@rule("weights/shape", "practice/contracts", *SOFTMAX, nn.NLLLoss, nn.MultiMarginLoss, *BINARY)
def _weights_shape(call, input, target):
    """One weight for each class; BCE: `weight` and `pos_weight` fit the input, `pos_weight` its last dimension."""
    binary = isinstance(call.criterion, BINARY)
    classes = input.shape[-1] if binary and input.ndim else 1 if binary else classes_of(call, input)[0]
    for name in ("weight", "pos_weight"):
        weight = call.tensors.get(name)
        if weight is None:
            continue
        seen, shape = f"{shaped(name, weight)} for {shaped(call.first, input)}", tuple(weight.shape)
        try:
            fits = tuple(torch.broadcast_shapes(shape, input.shape)) == tuple(input.shape)
        except RuntimeError:
            fits = False
        if not binary and shape != (classes,):
            harm = f"{classes} classes need {classes} weights, got {weight.numel()}"
            yield error(seen, harm, f"give one for each class, of shape ({classes},), in the order of the scores")
        elif binary and not fits:
            harm = f"{weight.numel()} weights cannot be repeated to fit {input.numel()} values"
            fix = f"give a shape that can, for instance ({classes},), or (C, 1, 1) for images (N, C, H, W)"
            yield error(seen, harm, fix)
        elif not binary and weight.dtype != input.dtype and not torch.is_autocast_enabled(input.device.type):
            harm = f"PyTorch refuses {weight.dtype} weights for {input.dtype} scores"
            yield error(f"`{name}` has dtype {weight.dtype}", harm, f"convert it with weight.to({input.dtype})")
        elif name == "pos_weight" and input.ndim != 2 and weight.ndim == 1 and 1 < len(weight) == input.shape[:2][-1]:
            harm = f"its {weight.numel()} weights go to the {classes} positions of the last dimension"
            fix = "pos_weight belongs to classes: one number for a single class, (C, 1, 1) for images (N, C, H, W)"
            yield warning(seen, harm, fix)


def weights_of(call, input, target):
    """Return the weight of each loss in the mean, or None if there are no weights."""
    weight, pos_weight = call.tensors.get("weight"), call.tensors.get("pos_weight")
    if call.broken or (weight is None and pos_weight is None):
        return None
    if isinstance(call.criterion, BINARY):
        weights = torch.ones_like(single(input)) * (1 if weight is None else weight)
        return weights if pos_weight is None else weights * (1 + (pos_weight - 1) * target)
    if are_probabilities(call, input, target):
        target = single(target)
        return torch.tensordot(target, weight.to(target.dtype), ([min(1, target.ndim - 1)], [0]))
    return single(weight)[indices_of(call, input, target)]


@rule("weights/mean", "practice/reductions", *SOFTMAX, nn.NLLLoss, nn.MultiMarginLoss, *BINARY)
def _weights_in_the_mean(call, input, target):
    """No weight is negative; in a mean, they are not all 0.

    In a mean of more than ten, they scale it by 1/10 to 10, and no target has 9/10 of them.
    """
    for name in ("weight", "pos_weight"):
        low = extremes(call.tensors[name])[0] if name in call.tensors else math.nan
        if low < 0:
            harm = f"the loss of such targets has no minimum: a mistake is rewarded with {-low:.4g} times its cost"
            yield warning(f"the smallest value of `{name}` is {low:.4g}", harm, "give weights of 0 or more")
            return
    weights = weights_of(call, input, target)
    if weights is None or call.reduction != "mean":
        return
    total, squares, count = float(weights.sum()), float((weights**2).sum()), weights.numel()
    counted = isinstance(call.criterion, (*BINARY, nn.MultiMarginLoss)) or are_probabilities(call, input, target)
    fix = "for class weights, N / (C · count of the class) leaves the mean as large as without"
    if total == 0 and not counted:
        harm = "the mean is 0/0 = NaN, its gradient too, and with one step every parameter"
        yield error(f"all {count} targets have weight 0", harm, "give the classes of some targets weight")
    elif count <= 10:
        return  # chance decides which weights are in so small a batch
    elif counted and not 0.1 <= total / count <= 10:
        plain = call.loss(input, target, weight=None, pos_weight=None)
        harm = "the mean divides by their number, not by their sum, so that they scale the loss and its gradient"
        harm += numbers("; here it is {:.4g}, without weights {:.4g}", call.loss(input, target), plain)
        yield warning(f"the weights of these {count} values are {total / count:.4g} on average", harm, fix)
    elif weights.max() > 0.9 * total:
        seen = f"one of {count} targets carries {float(weights.max()) / total:.0%} of the weight"
        harm = f"the mean is as noisy as a plain mean of {total**2 / squares:.3g} targets"
        yield warning(seen, harm, "take larger batches, or weights that differ less")


@rule("weights/class-counts", "classification/cross_entropy", *SOFTMAX, nn.NLLLoss, nn.MultiMarginLoss)
def _weights_like_counts(call, input, target):
    """A class with more than 4/5 of 32 targets or more has at most twice the mean weight of the others."""
    indices, weight = indices_of(call, input, target), call.tensors.get("weight")
    if call.broken or indices is None or weight is None:
        return
    indices = indices[weight[indices] > 0]  # the other classes are left out
    counts = torch.bincount(indices.flatten(), minlength=len(weight))
    if not 32 <= indices.numel() > counts.max() > 0.8 * indices.numel():
        return
    most = int(counts.argmax())
    weights = counts * weight
    share, weighted = float(counts[most] / counts.sum()), float(weights[most] / weights.sum())
    rest = float((weights.sum() - weights[most]) / (counts.sum() - counts[most]))
    if weight[most] > 2 * rest:
        seen = f"class {most} has weight {float(weight[most]):.4g}, the others {rest:.4g} on average"
        harm = f"it has {weighted:.2%} of the weight instead of {share:.2%}: the rare classes are made rarer"
        fix = "weights fall with the count of a class: give N / (C · count of the class)"
        yield warning(seen, harm, fix)


@rule("weights/pos-weight", "classification/binary_cross_entropy", nn.BCEWithLogitsLoss)
def _pos_weight(call, input, target):
    """A `pos_weight` below 1/2 does not meet a rare positive class: less than 1/5 of 32 targets or more."""
    weight = call.tensors.get("pos_weight")
    if weight is None or weight.numel() != 1 or target.numel() < 32:
        return
    rate, weight = float(single(target).sum()) / target.numel(), float(weight)
    if 0 < rate < 0.2 and 0 <= weight < 0.5:
        share = rate * weight / (rate * weight + 1 - rate)
        harm = f"positives have {share:.2%} of the weight instead of {rate:.2%}: the rare class is made rarer"
        fix = f"give negatives / positives, here {(1 - rate) / rate:.3g}, to make both count alike"
        yield warning(f"pos_weight={weight:.4g}, and {rate:.2%} of the targets are positive", harm, fix)
