"""Losses for classification: the prediction is one score for each class.

NumPy arrays and PyTorch tensors alike; names, argument order and meaning are those of `torch.nn.functional`.
"""

from lossbook import _array
from lossbook.activations import log_softmax


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    r"""Negative log-likelihood of class indices, given log-probabilities: minus the entry at the target.

    .. math:: \ell_n = -w_{y_n}\,x_{n, y_n}, \qquad
              \operatorname{mean} = \frac{\sum_n \ell_n}{\sum_n w_{y_n}}

    for the log-probabilities :math:`x`, the target classes :math:`y` and the class weights :math:`w`, which are 1
    unless given. Both sums leave out the targets equal to `ignore_index`.

    Parameters
    ----------
    input : array or tensor
        Log-probabilities, such as `log_softmax` returns, of shape (C,), (N, C) or (N, C, d1, ...). The function
        only picks entries: given probabilities or scores, it returns a number that is not a likelihood.
    target : array or tensor of integers
        Class indices from 0 to C − 1, or `ignore_index`; the shape of `input` without its class dimension.
    weight : array or tensor, optional
        One weight for each class, of shape (C,).
    ignore_index : int
        Targets with this value count neither in the sum nor in the mean; it need not be a class.
    reduction : {'mean', 'sum', 'none'}
        The weighted mean, the sum, or one loss for each target (0 where it is ignored).

    Returns
    -------
    array or tensor
        A scalar, or the shape of `target` for ``reduction='none'``. In nats; 0 or more for log-probabilities.
        The mean over no target, or over ignored ones only, is NaN, as in PyTorch.

    Raises
    ------
    ValueError
        If the shapes do not fit, a class index is out of range, or `reduction` is unknown.
    TypeError
        If `target` does not hold integers, or an argument is not an array or tensor.

    Notes
    -----
    Source: R. A. Fisher, *On the mathematical foundations of theoretical statistics*, 1922,
    https://doi.org/10.1098/rsta.1922.0009. The same as `torch.nn.functional.nll_loss`.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import nll_loss
    >>> log_probabilities = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    >>> nll_loss(log_probabilities, np.array([0, 1]), reduction="none").round(4)
    array([0.6931, 0.2231])
    """
    _array.check_reduction(reduction)
    xp, dtype, (log_p, weight), target, valid = _prepare_indices(input, target, weight, ignore_index)
    loss, weights = _nll(xp, log_p, target, valid, weight)
    return _array.reduce(xp, loss, reduction, dtype, total_weight=xp.sum(weights))


def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    r"""Cross-entropy of the target distribution and the softmax of the scores; what `nn.CrossEntropyLoss` computes.

    .. math:: \ell_n = -\sum_c w_c\, q_{nc} \log p_{nc}, \qquad p_n = \operatorname{softmax}(z_n)

    for the scores :math:`z`, the class weights :math:`w`, which are 1 unless given, and the target distribution
    :math:`q`: one-hot for a class index; the target itself if it holds probabilities; mixed with the uniform
    distribution, :math:`(1-\varepsilon)\,q + \varepsilon / C`, under label smoothing :math:`\varepsilon`.

    Parameters
    ----------
    input : array or tensor
        Scores (logits), of shape (C,), (N, C) or (N, C, d1, ...): any real numbers, **not** probabilities. The
        softmax is part of the loss. A score of −inf rules its class out.
    target : array or tensor
        Class indices (integers from 0 to C − 1, or `ignore_index`; the shape of `input` without its class
        dimension), or class probabilities (floating point, from 0 to 1; the shape of `input`).
    weight : array or tensor, optional
        One weight for each class, of shape (C,).
    ignore_index : int
        Index targets with this value count neither in the sum nor in the mean; it need not be a class.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each target (0 where it is ignored). As in PyTorch, the mean divides by
        the sum of the targets' class weights if targets are indices, but by the number of targets if they are
        probabilities.
    label_smoothing : float
        The share of the target, from 0 to 1, that is spread evenly over all classes.

    Returns
    -------
    array or tensor
        A scalar, or one loss for each target for ``reduction='none'``. In nats; 0 or more. The mean over no
        target, or over ignored ones only, is NaN, as in PyTorch.

    Raises
    ------
    ValueError
        If the shapes do not fit, a class index or a probability is out of range, `label_smoothing` is not in
        [0, 1], `ignore_index` is set with probability targets, or `reduction` is unknown.
    TypeError
        If `target` holds neither integers nor floating-point numbers, or an argument is not an array or tensor.

    Notes
    -----
    Sources: R. A. Fisher, 1922, https://doi.org/10.1098/rsta.1922.0009, for the likelihood; C. Szegedy et al.,
    *Rethinking the Inception Architecture*, 2016, https://doi.org/10.1109/CVPR.2016.308, for label smoothing.
    The same as `torch.nn.functional.cross_entropy`, except that a class of probability 0 counts as 0 even where its
    score is −inf (0 log 0 = 0).

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import cross_entropy
    >>> scores = np.array([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    >>> cross_entropy(scores, np.array([0, 1]), reduction="none").round(4)
    array([0.2395, 0.0949])
    """
    _array.check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is {label_smoothing}, expected a share from 0 to 1")
    xp = _array.namespace(input=input, target=target)
    if xp.isdtype(target.dtype, "real floating"):
        return _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)

    xp, dtype, (z, weight), target, valid = _prepare_indices(input, target, weight, ignore_index)
    log_p = log_softmax(z, _class_dim(z))
    loss, weights = _nll(xp, log_p, target, valid, weight)
    if label_smoothing > 0:
        uniform = xp.ones_like(log_p) / log_p.shape[_class_dim(z)]
        smooth = _expected_nll(xp, log_p, uniform, weight)
        loss = (1 - label_smoothing) * loss + label_smoothing * xp.where(valid, smooth, xp.zeros_like(smooth))
    return _array.reduce(xp, loss, reduction, dtype, total_weight=xp.sum(weights))


def _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing):
    xp, dtype, (z, q, weight) = _array.as_floats(input=input, target=target, weight=weight)
    classes = _check_classes(z, weight)
    if tuple(q.shape) != tuple(z.shape):
        raise ValueError(
            f"`target` is floating point, so it is read as class probabilities: expected the shape of `input` "
            f"{tuple(z.shape)}, got {tuple(q.shape)}; if it holds class indices, convert it to integers"
        )
    if ignore_index >= 0:
        raise ValueError(
            f"ignore_index is {ignore_index}, but `target` holds probabilities, which have no index to ignore; "
            "leave targets out by indexing, or give class indices"
        )
    if _array.values_can_be_checked(q):
        wrong = (q < 0) | (q > 1)
        if bool(xp.any(wrong)):
            raise ValueError(
                f"`target` is floating point, so it is read as class probabilities: expected values from 0 to 1, "
                f"got {float(q[wrong][0]):g}; turn scores into probabilities with softmax, class indices into integers"
            )
    q = (1 - label_smoothing) * q + label_smoothing / classes
    loss = _expected_nll(xp, log_softmax(z, _class_dim(z)), q, weight)
    return _array.reduce(xp, loss, reduction, dtype)


def _class_dim(input):
    return 0 if input.ndim == 1 else 1


def _prepare_indices(input, target, weight, ignore_index):
    """Check and promote what a loss with class indices gets; `valid` marks the targets that are not ignored."""
    xp = _array.namespace(input=input, target=target)
    if not xp.isdtype(target.dtype, "integral"):
        raise TypeError(f"`target` has dtype {target.dtype}, expected integers: one class index for each prediction")
    xp, dtype, (input, weight) = _array.as_floats(input=input, weight=weight)
    classes = _check_classes(input, weight)
    dim = _class_dim(input)
    expected = tuple(input.shape[:dim]) + tuple(input.shape[dim + 1 :])
    if tuple(target.shape) != expected:
        raise ValueError(
            f"`target` has shape {tuple(target.shape)}, expected {expected}: `input` {tuple(input.shape)} without its "
            f"class dimension {dim}, which holds {classes} classes"
        )
    target = xp.astype(target, xp.int64, copy=False)
    valid = target != ignore_index
    if _array.values_can_be_checked(target):
        wrong = valid & ((target < 0) | (target >= classes))
        if bool(xp.any(wrong)):
            raise ValueError(
                f"`target` holds the class index {int(target[wrong][0])}, expected 0 to {classes - 1} for the "
                f"{classes} classes of `input` {tuple(input.shape)}, or ignore_index={ignore_index}"
            )
    return xp, dtype, (input, weight), target, valid


def _check_classes(input, weight):
    """Return the number of classes, after checking that there are some and that each has a weight."""
    if input.ndim == 0:
        raise ValueError("`input` has no dimension, expected the shape (C,), (N, C) or (N, C, d1, ...)")
    classes = input.shape[_class_dim(input)]
    if classes == 0:
        raise ValueError(f"`input` has shape {tuple(input.shape)}, expected at least one class")
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ValueError(f"`weight` has shape {tuple(weight.shape)}, expected one weight for each class: ({classes},)")
    return classes


def _nll(xp, log_p, target, valid, weight):
    """Return the loss of each target and its weight, both 0 where the target is ignored."""
    dim = _class_dim(log_p)
    index = xp.where(valid, target, xp.zeros_like(target))
    picked = xp.take_along_axis(log_p, xp.expand_dims(index, axis=dim), axis=dim)
    picked = xp.squeeze(picked, axis=dim)
    weights = xp.ones_like(picked) if weight is None else weight[index]
    zero = xp.zeros_like(picked)
    weights = xp.where(valid, weights, zero)
    return weights * xp.where(valid, -picked, zero), weights


def _expected_nll(xp, log_p, q, weight):
    """Return −Σ w q log p over the classes, with 0 log 0 = 0."""
    dim = _class_dim(log_p)
    if weight is not None:
        q = q * xp.reshape(weight, (-1,) + (1,) * (log_p.ndim - 1 - dim))
    log_p = xp.where((q == 0) & xp.isinf(log_p), xp.zeros_like(log_p), log_p)
    return -xp.sum(q * log_p, axis=dim)
