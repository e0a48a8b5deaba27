"""Losses for classification: the prediction is a score or a probability for each class, or for one of two.

First the losses of one class out of several, then those of a yes or no, then divergences between distributions.
NumPy arrays and PyTorch tensors alike; names, argument order and meaning are those of `torch.nn.functional`.
"""

from lossbook import _array
from lossbook.activations import log_softmax, sigmoid


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

    .. math::

       \ell_n = -\sum_c w_c\, q_{nc} \log p_{nc},

       p_n = \operatorname{softmax}(z_n)

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


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, reduction="mean"):
    r"""Multi-class hinge loss: by how much the other classes' scores come too near to the score of the target class.

    .. math:: \ell_n = \frac{w_{y_n}}{C} \sum_{c \ne y_n} \max\left(0,\; m - z_{n, y_n} + z_{nc}\right)^p

    for the scores :math:`z`, the target classes :math:`y`, the margin :math:`m` and the class weights :math:`w`, which
    are 1 unless given.

    Parameters
    ----------
    input : array or tensor
        Scores, of shape (C,) or (N, C): any real numbers.
    target : array or tensor of integers
        Class indices from 0 to C − 1; the shape of `input` without its class dimension, or (1,) for (C,).
    p : {1, 2}
        The power: 1 for the hinge, 2 for the squared hinge.
    margin : float
        By how much the score of the target class has to exceed the others for the loss to be 0.
    weight : array or tensor, optional
        One weight for each class, of shape (C,).
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each target. As in PyTorch, the mean divides by the number of targets, with
        weights too.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `target` for ``reduction='none'``. In the unit of the scores, to the power `p`;
        0 or more unless a weight is negative. Where a score just reaches the margin, the gradient is 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, a class index is out of range, `p` is neither 1 nor 2, or `reduction` is unknown.
    TypeError
        If `target` does not hold integers, an argument is not an array or tensor, or `margin` is not a number.

    Notes
    -----
    Source: J. Weston and C. Watkins, *Support vector machines for multi-class pattern recognition*, 1999, who sum over
    the classes without dividing by their number. The same as `torch.nn.functional.multi_margin_loss`, except that the
    mean over no target is NaN, as for every loss, where PyTorch returns whatever number was left in memory.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import multi_margin_loss
    >>> scores = np.array([[2.0, 1.5, -1.0], [0.0, 3.0, 0.0]])
    >>> multi_margin_loss(scores, np.array([0, 1]), reduction="none").round(4)
    array([0.1667, 0.    ])
    """
    _array.check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError(f"p is {p!r}, expected 1 for the hinge or 2 for the squared hinge")
    _array.check_number("margin", margin)
    xp = _array.namespace(input=input, target=target)
    shape = tuple(target.shape)
    if input.ndim > 2:
        raise ValueError(
            f"`input` has shape {tuple(input.shape)}, expected (C,) or (N, C); move the classes to the last dimension "
            "and flatten the others with .reshape(-1, C), the target with .reshape(-1)"
        )
    if input.ndim == 0:
        input = xp.reshape(input, (1,))
    if input.ndim == 1 and shape == (1,):
        target = xp.reshape(target, ())

    xp, dtype, (z, weight), target, _ = _prepare_indices(input, target, weight)
    dim = _class_dim(z)
    classes = z.shape[dim]
    target = xp.expand_dims(target, axis=dim)
    excess = _array.positive_part(xp, margin - xp.take_along_axis(z, target, axis=dim) + z) ** p
    others = xp.arange(classes, device=z.device) != target
    loss = xp.sum(xp.where(others, excess, xp.zeros_like(excess)), axis=dim) / classes
    if weight is not None:
        loss = loss * weight[xp.squeeze(target, axis=dim)]
    return _array.reduce(xp, xp.reshape(loss, shape), reduction, dtype)


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    r"""Cross-entropy of a target probability and a predicted one, for yes or no; what `nn.BCELoss` computes.

    .. math:: \ell_i = -w_i\left(y_i \log p_i + (1 - y_i)\log(1 - p_i)\right)

    for the predicted probability :math:`p`, the target :math:`y` and the weights :math:`w`, which are 1 unless given.
    The constant prediction that minimises it is the share of yes among the targets.

    Parameters
    ----------
    input : array or tensor
        Predicted probabilities, from 0 to 1, of any shape. If you have scores, give them to
        `binary_cross_entropy_with_logits`: it is exact where the probability rounds to 0 or 1.
    target : array or tensor
        Labels 0 and 1, or probabilities in between; the shape of `input`.
    weight : array or tensor, optional
        Weights, of a shape that can be broadcast to that of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element. As in PyTorch, the mean divides by the number of elements,
        with weights too.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In nats; 0 or more unless a weight is negative,
        and at most 100 times the weight.

    Raises
    ------
    ValueError
        If the shapes do not fit (input and target are never broadcast), a probability is out of range, or `reduction`
        is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: D. R. Cox, *The regression analysis of binary sequences*, 1958,
    https://doi.org/10.1111/j.2517-6161.1958.tb00292.x. The same as `torch.nn.functional.binary_cross_entropy`. Like
    that, it counts a logarithm as −100 at least, and limits the slope by the input to
    :math:`(p - y) / \max(p(1 - p), 10^{-12})`. So a prediction of exactly 0 or 1 that is wrong has a finite loss and a
    gradient that points the right way. The slope by the target is finite there too, ±100, where PyTorch's is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import binary_cross_entropy
    >>> p = np.array([0.9, 0.2, 0.0])
    >>> binary_cross_entropy(p, np.array([1, 0, 1]), reduction="none").round(4)
    array([  0.1054,   0.2231, 100.    ])
    """
    _array.check_reduction(reduction)
    xp, dtype, (p, y, weight) = _array.as_floats(input=input, target=target, weight=weight)
    _array.check_same_shape(input=p, target=y)
    _array.check_broadcastable(p.shape, weight=weight)
    _check_probabilities(
        xp, "input", p, "turn scores into probabilities with sigmoid, or use binary_cross_entropy_with_logits"
    )
    _check_probabilities(xp, "target", y, "1 for yes and 0 for no")

    at_edge = p * (1 - p) < 1e-12
    half = xp.full_like(p, 0.5)
    inside = xp.where(at_edge, half, p)
    loss = -y * xp.log(inside) - (1 - y) * xp.log1p(-inside)
    # At the edge the value does not have PyTorch's slope: the last term adds that, and is 0 itself.
    edge = _array.constant(xp.where(at_edge, p, half))
    loss_at_edge = -y * _limited_log(xp, edge) - (1 - y) * _limited_log(xp, 1 - edge) + (p - edge) * (edge - y) / 1e-12
    loss = xp.where(at_edge, loss_at_edge, loss)
    return _array.reduce(xp, _weighted(loss, weight), reduction, dtype)


def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    r"""Cross-entropy of a target probability and the sigmoid of a score; what `nn.BCEWithLogitsLoss` computes.

    .. math:: \ell_i = -w_i\bigl(&w^+_i\, y_i \log \sigma(z_i) \\ &+ (1 - y_i)\log(1 - \sigma(z_i))\bigr)

    for the score :math:`z`, the target :math:`y`, the weights :math:`w` and the weights of a yes :math:`w^+`, which are
    1 unless given.

    Parameters
    ----------
    input : array or tensor
        Scores (log-odds) of any shape: any real numbers, **not** probabilities. The sigmoid is part of the loss.
    target : array or tensor
        Labels 0 and 1, or probabilities in between; the shape of `input`.
    weight : array or tensor, optional
        Weights, of a shape that can be broadcast to that of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element. As in PyTorch, the mean divides by the number of elements,
        with weights too.
    pos_weight : array or tensor, optional
        Weights of the first term only, of a shape that can be broadcast to that of `input`: (K,) for one weight for
        each of the K labels in an input (N, K). A weight w adds log w to the best score, whose sigmoid is then not the
        probability of a yes.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In nats; 0 or more unless a weight is negative.

    Raises
    ------
    ValueError
        If the shapes do not fit (input and target are never broadcast), a target is out of range, or `reduction` is
        unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: D. R. Cox, *The regression analysis of binary sequences*, 1958,
    https://doi.org/10.1111/j.2517-6161.1958.tb00292.x. The same as
    `torch.nn.functional.binary_cross_entropy_with_logits`, and exact for easy examples as well, whose small losses
    PyTorch rounds to 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import binary_cross_entropy_with_logits
    >>> z = np.array([0.0, 3.0, -1e4])
    >>> binary_cross_entropy_with_logits(z, np.array([1, 1, 1]), reduction="none").round(4)
    array([6.931e-01, 4.860e-02, 1.000e+04])
    """
    _array.check_reduction(reduction)
    xp, dtype, (z, y, weight, pos_weight) = _array.as_floats(
        input=input, target=target, weight=weight, pos_weight=pos_weight
    )
    _array.check_same_shape(input=z, target=y)
    _array.check_broadcastable(z.shape, weight=weight, pos_weight=pos_weight)
    _check_probabilities(xp, "target", y, "1 for yes and 0 for no")
    loss = _bce_with_logits(xp, z, y, pos_weight)
    return _array.reduce(xp, _weighted(loss, weight), reduction, dtype)


def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2, reduction="mean"):
    r"""Focal loss: binary cross-entropy that counts an example less, the better it is predicted already.

    .. math:: \ell_i = -\alpha_i\,(1 - p_i)^\gamma \log p_i

    where :math:`p` is the probability given to the true label: :math:`\sigma(z)` for yes, :math:`1 - \sigma(z)` for no;
    and :math:`\alpha_i` is :math:`\alpha` for yes and :math:`1 - \alpha` for no. With :math:`\gamma = 0` and without
    :math:`\alpha` it is `binary_cross_entropy_with_logits`.

    Parameters
    ----------
    inputs : array or tensor
        Scores (log-odds) of any shape: any real numbers, **not** probabilities. The sigmoid is part of the loss.
    targets : array or tensor
        Labels 1 for yes and 0 for no; the shape of `inputs`. A target :math:`y` in between mixes: the cross-entropy is
        that of :math:`y`, and the factors are those of :math:`p = y\,\sigma(z) + (1 - y)(1 - \sigma(z))` and
        :math:`y\,\alpha + (1 - y)(1 - \alpha)`.
    alpha : float
        The weight of a yes, from 0 to 1; that of a no is the rest to 1. −1 for no weights.
    gamma : float
        How strongly well predicted examples are played down; 0 or more.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element. The mean divides by the number of elements; the authors
        divide the sum by the number of yes.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `inputs` for ``reduction='none'``. In nats; 0 or more.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), a target is out of range, `alpha` is neither from 0 to 1 nor −1,
        `gamma` is negative or infinite, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed, or `alpha` or `gamma`
        is not a number.

    Notes
    -----
    Source: T.-Y. Lin et al., *Focal loss for dense object detection*, 2017, https://doi.org/10.1109/ICCV.2017.324.
    PyTorch has none. The same as `torchvision.ops.sigmoid_focal_loss`, except that nothing is broadcast, that the
    default reduction is the mean, and that the gradient is finite for :math:`\gamma < 1` as well.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import sigmoid_focal_loss
    >>> z = np.array([0.0, 1.0, -1.0])
    >>> sigmoid_focal_loss(z, np.array([1, 1, 1]), alpha=-1, reduction="none").round(4)
    array([0.1733, 0.0227, 0.7019])
    """
    _array.check_reduction(reduction)
    _array.check_number(
        "alpha", alpha, lambda alpha: 0 <= alpha <= 1 or alpha == -1, "the weight of a yes, from 0 to 1, or -1 for none"
    )
    _array.check_not_negative("gamma", gamma, "a finite number that is 0 or more")
    xp, dtype, (z, y) = _array.as_floats(inputs=inputs, targets=targets)
    _array.check_same_shape(inputs=z, targets=y)
    _check_probabilities(xp, "targets", y, "1 for yes and 0 for no")

    miss = y * sigmoid(-z) + (1 - y) * sigmoid(z)  # 1 − p, but exact where p rounds to 1
    # Below the smallest normal number the slope of the power would overflow; there the loss is 0 anyway.
    tiny = xp.full_like(miss, xp.finfo(miss.dtype).smallest_normal)
    loss = xp.where(miss < tiny, tiny, miss) ** gamma * _bce_with_logits(xp, z, y)
    if alpha != -1:
        loss = (alpha * y + (1 - alpha) * (1 - y)) * loss
    return _array.reduce(xp, loss, reduction, dtype)


def hinge_loss(input, target, *, reduction="mean"):
    r"""Hinge loss of support vector machines: by how much a score falls short of the margin 1 on its label's side.

    .. math:: \ell_i = \max(0,\; 1 - y_i\,z_i)

    for the score :math:`z` and the label :math:`y`, −1 or +1.

    Parameters
    ----------
    input : array or tensor
        Scores of any shape, any real numbers; the sign is the predicted label.
    target : array or tensor
        Labels −1 and +1; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In the unit of the scores; 0 or more. Where a
        score just reaches the margin, at the kink, the gradient is 0.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), a label is neither −1 nor +1, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: C. Cortes and V. Vapnik, *Support-vector networks*, 1995, https://doi.org/10.1007/BF00994018. PyTorch has
    none: its `HingeEmbeddingLoss` is another loss, of distances.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import hinge_loss
    >>> hinge_loss(np.array([2.0, 0.5, 0.5]), np.array([1, 1, -1]), reduction="none")
    array([0. , 0.5, 1.5])
    """
    return _hinge(1, input, target, reduction)


def squared_hinge_loss(input, target, *, reduction="mean"):
    r"""Square of the hinge loss: without the kink, and harder on scores far on the wrong side.

    .. math:: \ell_i = \max(0,\; 1 - y_i\,z_i)^2

    for the score :math:`z` and the label :math:`y`, −1 or +1.

    Parameters
    ----------
    input : array or tensor
        Scores of any shape, any real numbers; the sign is the predicted label.
    target : array or tensor
        Labels −1 and +1; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In the squared unit of the scores; 0 or more.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), a label is neither −1 nor +1, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: Y. Tang, *Deep learning using linear support vector machines*, 2013, https://arxiv.org/abs/1306.0239, who
    calls it L2-SVM. PyTorch has none.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import squared_hinge_loss
    >>> squared_hinge_loss(np.array([2.0, 0.5, 0.5]), np.array([1, 1, -1]), reduction="none")
    array([0.  , 0.25, 2.25])
    """
    return _hinge(2, input, target, reduction)


def kl_div(input, target, reduction="mean", log_target=False):
    r"""Kullback–Leibler divergence of the prediction from the target, element by element; what `nn.KLDivLoss` computes.

    .. math::

       \ell_i &= q_i \left(\log q_i - x_i\right), \\
       \operatorname{KL}(q \,\Vert\, p) &= \sum_c q_c \left(\log q_c - \log p_c\right)

    for the target probabilities :math:`q` and the predicted log-probabilities :math:`x = \log p`. An element
    counts as 0 where :math:`q_i = 0`. The sum over the classes is the divergence; to average it over the batch, take
    ``reduction='batchmean'``.

    Parameters
    ----------
    input : array or tensor
        Predicted **log-probabilities**, such as `log_softmax` returns, of any shape; 0 or less.
    target : array or tensor
        Target probabilities, from 0 to 1, or their logarithms if `log_target`; the shape of `input`.
    reduction : {'mean', 'sum', 'none', 'batchmean'}
        The mean over all elements, which divides the divergence by the number of classes too; the sum; one number for
        each element; or the sum divided by the size of the first dimension: the mean divergence of an input (N, C).
    log_target : bool
        Whether `target` holds log-probabilities.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In nats. A divergence is 0 or more, an element of it
        may be negative.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), a probability is out of range, a log-probability is above 0 by more
        than rounding, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, or `log_target` is not
        True or False.

    Notes
    -----
    Source: S. Kullback and R. A. Leibler, *On information and sufficiency*, 1951,
    https://doi.org/10.1214/aoms/1177729694. The same as `torch.nn.functional.kl_div`, except that a target probability
    of 0 counts as 0 where PyTorch makes NaN of it: in the loss if the input is −inf or the target is given as −inf,
    and in the gradient by the target. The order of the arguments is that of a loss, prediction first, and so the
    reverse of the formula's.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import kl_div
    >>> p, q = np.array([[0.5, 0.25, 0.25]]), np.array([[0.5, 0.5, 0.0]])
    >>> kl_div(np.log(p), q, reduction="none").round(4)
    array([[0.    , 0.3466, 0.    ]])
    """
    _array.check_reduction(reduction, (*_array.REDUCTIONS, "batchmean"))
    _array.check_flag("log_target", log_target)
    xp, dtype, (log_p, target) = _array.as_floats(input=input, target=target)
    _array.check_same_shape(input=log_p, target=target)
    advice = "turn scores into log-probabilities with log_softmax, probabilities with log"
    _check_log_probabilities(xp, "input", log_p, dtype, advice)
    if log_target:
        _check_log_probabilities(xp, "target", target, dtype, "if it holds probabilities, set log_target=False")
        loss = _relative_entropy(xp, xp.exp(target), target, log_p)
    else:
        _check_probabilities(xp, "target", target, "if it holds log-probabilities, set log_target=True")
        loss = _relative_entropy(xp, target, _log_or_0(xp, target), log_p)
    if reduction == "batchmean":
        return _array.reduce(xp, loss, "mean", dtype, total_weight=loss.shape[0] if loss.ndim else 1)
    return _array.reduce(xp, loss, reduction, dtype)


def js_div(p, q, *, dim=-1, reduction="mean"):
    r"""Jensen–Shannon divergence: how far two distributions are from the one halfway between them.

    .. math::

       \operatorname{JS}(p, q) &= \tfrac12 \operatorname{KL}(p \,\Vert\, m)
                                  + \tfrac12 \operatorname{KL}(q \,\Vert\, m), \\
       m &= \tfrac12 (p + q)

    It is symmetric, and finite where a probability is 0. Its square root is a metric.

    Parameters
    ----------
    p : array or tensor
        Probabilities, from 0 to 1, that sum to 1 along `dim`; of any shape with one dimension or more.
    q : array or tensor
        The other probabilities; the shape of `p`.
    dim : int
        The dimension that holds the classes. It is summed over, so that there is one divergence for each distribution.
    reduction : {'mean', 'sum', 'none'}
        The mean over the distributions; the sum; or one divergence for each distribution.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `p` without `dim` for ``reduction='none'``. In nats; 0 or more, up to rounding, and at
        most log 2, which is reached if no class has a positive probability in both. Where a probability is exactly 0
        and the slope by it infinite, the gradient is finite, and still points the right way.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), a probability is out of range, a distribution does not sum to 1,
        there is no dimension `dim`, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, or `dim` is not an
        integer.

    Notes
    -----
    Source: J. Lin, *Divergence measures based on the Shannon entropy*, 1991, https://doi.org/10.1109/18.61115. PyTorch
    has none. Both arguments are probabilities, not log-probabilities as in `kl_div`, because neither is the prediction.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import js_div
    >>> p, q = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]), np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    >>> js_div(p, q, reduction="none").round(4)
    array([0.    , 0.6931])
    """
    _array.check_reduction(reduction)
    xp, dtype, (p, q) = _array.as_floats(p=p, q=q)
    _array.check_same_shape(p=p, q=q)
    if p.ndim == 0:
        raise ValueError("`p` has no dimension, expected one or more, of which `dim` holds the classes")
    _array.check_dim(dim, "the dimension that holds the classes", p=p)
    for name, given in (("p", p), ("q", q)):
        _check_probabilities(xp, name, given, "turn scores into probabilities with softmax")
        _array.check_values(
            xp,
            f"{name}.sum({dim})",
            xp.sum(given, axis=dim),
            lambda total: xp.abs(total - 1) > 1 / 64,  # more than half precision or a few digits explain
            "1, because probabilities sum to 1; normalise them, or give as dim the dimension that holds the classes",
        )
    log_m = _log_or_0(xp, (p + q) / 2)
    of_p, of_q = (_relative_entropy(xp, each, _log_or_0(xp, each), log_m) for each in (p, q))
    return _array.reduce(xp, xp.sum(of_p + of_q, axis=dim) / 2, reduction, dtype)


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
                f"got {q[wrong][0].item():g}; turn scores into probabilities with softmax, class indices into integers"
            )
    q = (1 - label_smoothing) * q + label_smoothing / classes
    loss = _expected_nll(xp, log_softmax(z, _class_dim(z)), q, weight)
    return _array.reduce(xp, loss, reduction, dtype)


def _class_dim(input):
    return 0 if input.ndim == 1 else 1


def _prepare_indices(input, target, weight, ignore_index=None):
    """Check and promote what a loss with class indices gets; `valid` marks the targets that are not ignored.

    It is None if none can be ignored, because there is no `ignore_index`.
    """
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
    valid = None if ignore_index is None else target != ignore_index
    if _array.values_can_be_checked(target):
        wrong = (target < 0) | (target >= classes)
        wrong = wrong if valid is None else wrong & valid
        if bool(xp.any(wrong)):
            ignored = "" if valid is None else f", or ignore_index={ignore_index}"
            raise ValueError(
                f"`target` holds the class index {int(target[wrong][0])}, expected 0 to {classes - 1} for the "
                f"{classes} classes of `input` {tuple(input.shape)}{ignored}"
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
    weights = _array.weight_of_each(xp, index, valid, weight, picked.dtype)
    return weights * xp.where(valid, -picked, xp.zeros_like(picked)), weights


def _expected_nll(xp, log_p, q, weight):
    """Return −Σ w q log p over the classes, with 0 log 0 = 0."""
    dim = _class_dim(log_p)
    if weight is not None:
        q = q * xp.reshape(weight, (-1,) + (1,) * (log_p.ndim - 1 - dim))
    log_p = xp.where((q == 0) & xp.isinf(log_p), xp.zeros_like(log_p), log_p)
    return -xp.sum(q * log_p, axis=dim)


def _weighted(loss, weight):
    return loss if weight is None else weight * loss


def _bce_with_logits(xp, z, y, pos_weight=None):
    """Return −w⁺ y log σ(z) − (1 − y) log σ(−z), where log σ(z) = min(z, 0) − log(1 + exp −|z|)."""
    no = 1 - y
    both = 1 if pos_weight is None else pos_weight * y + no
    sign = _array.sign(xp, z)
    return (no - (1 - sign) / 2 * both) * z + both * xp.log1p(xp.exp(-sign * z))


def _limited_log(xp, p):
    """Return log p, or −100 if that is more."""
    return xp.where(p == 0, xp.full_like(p, -100), xp.clip(_log_or_0(xp, p), min=-100))


def _hinge(power, input, target, reduction):
    """Reduce max(0, 1 − y z) to a power."""
    _array.check_reduction(reduction)
    xp, dtype, (z, y) = _array.as_floats(input=input, target=target)
    _array.check_same_shape(input=z, target=y)
    _array.check_values(
        xp,
        "target",
        y,
        lambda y: (xp.abs(y) != 1) & ~xp.isnan(y),
        "the labels −1 and +1; turn labels 0 and 1 into them with 2 * target - 1",
    )
    return _array.reduce(xp, _array.positive_part(xp, 1 - y * z) ** power, reduction, dtype)


def _relative_entropy(xp, q, log_q, log_p):
    """Return q (log q − log p), which is 0 where q is 0, in the gradient too; NaN stays NaN."""
    absent, zero = q == 0, xp.zeros_like(q)
    log_q = xp.where(absent, zero, log_q)
    log_p = xp.where(absent & ~xp.isnan(log_p), zero, log_p)
    return q * (log_q - log_p)


def _log_or_0(xp, p):
    """Return log p, or 0 where p is 0, for use where p = 0 makes the logarithm irrelevant."""
    return xp.log(xp.where(p == 0, xp.ones_like(p), p))


def _check_probabilities(xp, name, array, advice):
    _array.check_shares(xp, name, array, f"probabilities from 0 to 1; {advice}")


def _check_log_probabilities(xp, name, array, dtype, advice):
    rounding = max(1e-3, 16 * float(xp.finfo(dtype).eps))
    expected = f"log-probabilities, 0 or less; {advice}"
    _array.check_values(xp, name, array, lambda log_p: log_p > rounding, expected)
