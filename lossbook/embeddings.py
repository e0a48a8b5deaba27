"""Losses for embeddings: vectors of what belongs together shall be near each other, all others apart.

NumPy arrays and PyTorch tensors alike; names, argument order and meaning are those of `torch.nn.functional`, where it
has the loss.
"""

import math

from lossbook import _array
from lossbook.activations import log_softmax, logsigmoid


def contrastive_loss(x1, x2, similar, *, margin=1.0, reduction="mean"):
    r"""Contrastive loss: draws similar pairs together, and pushes dissimilar ones apart up to a margin.

    .. math::

       \ell_n &= \tfrac12\, y_n\, d_n^2 \\
              &\quad + \tfrac12\, (1 - y_n)\, \max(0,\; \alpha - d_n)^2, \\
       d_n &= \lVert x_{1n} - x_{2n}\rVert_2

    for pairs of embeddings :math:`x_1, x_2`, the labels :math:`y` and the margin :math:`\alpha`. At a distance of
    exactly 0 a dissimilar pair has no direction to part in: its gradient is 0.

    Parameters
    ----------
    x1 : array or tensor
        Embeddings, of shape (D,), (N, D) or (..., D); any real numbers.
    x2 : array or tensor
        The embeddings to compare them with; the shape of `x1`.
    similar : array or tensor
        1 for a similar pair, 0 for a dissimilar one; the shape of `x1` without its last dimension.
    margin : float
        The distance from which on dissimilar pairs cost nothing, in the unit of the embeddings; above 0.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each pair.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `similar` for ``reduction='none'``. In the squared unit of the embeddings; 0 or more.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is neither 0 nor 1, `margin` is not above 0, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: R. Hadsell, S. Chopra and Y. LeCun, *Dimensionality Reduction by Learning an Invariant Mapping*, 2006,
    https://doi.org/10.1109/CVPR.2006.100, where the labels are the other way round: 0 for a similar pair. PyTorch does
    not have it; `torch.nn.functional.hinge_embedding_loss` takes a distance, and squares neither part.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import contrastive_loss
    >>> x1, x2 = np.zeros((2, 2)), np.array([[0.3, 0.4], [0.3, 0.4]])
    >>> contrastive_loss(x1, x2, np.array([1, 0]), margin=2.0, reduction="none")
    array([0.125, 1.125])
    """
    _array.check_reduction(reduction)
    _check_above_zero("margin", margin)
    xp, dtype, (x1, x2, similar) = _array.as_floats(x1=x1, x2=x2, similar=similar)
    _check_vectors(x1=x1, x2=x2)
    _check_labels(xp, "similar", similar, (1, 0), x1)
    squared = xp.sum((x1 - x2) ** 2, axis=-1)
    gap = xp.clip(margin - _root(xp, squared), min=0.0)
    return _array.reduce(xp, (similar * squared + (1 - similar) * gap**2) / 2, reduction, dtype)


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    r"""Cosine embedding loss: turns similar pairs into one direction, and dissimilar ones out of it.

    .. math::

       \ell_n &= \begin{cases} 1 - \cos_n & \text{if } y_n = 1 \\
                              \max(0,\; \cos_n - m) & \text{if } y_n = -1, \end{cases} \\
       \cos_n &= \frac{x_{1n} \cdot x_{2n}}
                       {\sqrt{(\lVert x_{1n}\rVert^2 + \varepsilon)\,(\lVert x_{2n}\rVert^2 + \varepsilon)}}

    for pairs of embeddings :math:`x_1, x_2`, the labels :math:`y`, the margin :math:`m`, and PyTorch's
    :math:`\varepsilon = 10^{-12}`, with which the cosine of a zero vector is 0.

    Parameters
    ----------
    input1 : array or tensor
        Embeddings, of shape (D,), (N, D) or (..., D); any real numbers.
    input2 : array or tensor
        The embeddings to compare them with; the shape of `input1`.
    target : array or tensor
        1 for a similar pair, −1 for a dissimilar one; the shape of `input1` without its last dimension.
    margin : float
        The cosine up to which dissimilar pairs cost nothing, from −1 to 1.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each pair.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `target` for ``reduction='none'``. Each loss is 0 or more, up to 2.

    Raises
    ------
    ValueError
        If the shapes do not fit, a label is neither 1 nor −1, `margin` is not in [−1, 1], or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    The same as `torch.nn.functional.cosine_embedding_loss`, except that nothing is broadcast, and that labels other
    than 1 and −1 are refused: PyTorch counts such pairs as a loss of 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import cosine_embedding_loss
    >>> x1, x2 = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[3.0, 4.0], [3.0, 4.0]])
    >>> cosine_embedding_loss(x1, x2, np.array([1, -1]), margin=0.5, reduction="none").round(4)
    array([0.4, 0.1])
    """
    _array.check_reduction(reduction)
    _array.check_number("margin", margin, lambda margin: -1 <= margin <= 1, "a cosine from -1 to 1")
    xp, dtype, (x1, x2, y) = _array.as_floats(input1=input1, input2=input2, target=target)
    _check_vectors(input1=x1, input2=x2)
    _check_labels(xp, "target", y, (1, -1), x1)
    norms = [xp.sqrt(xp.sum(x**2, axis=-1) + 1e-12) for x in (x1, x2)]
    cosine = xp.sum(x1 * x2, axis=-1) / norms[0] / norms[1]
    # Weights of exactly 1 and 0 choose the case; unlike a comparison they hand on a NaN.
    loss = (1 + y) / 2 * (1 - cosine) + (1 - y) / 2 * xp.clip(cosine - margin, min=0.0)
    return _array.reduce(xp, loss, reduction, dtype)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction="mean"):
    r"""Triplet loss: the anchor shall be nearer to the positive than to the negative, by a margin.

    .. math::

       \ell_n = \max\bigl(0,\; \alpha + d(a_n, p_n) - d(a_n, n_n)\bigr),

       d(x, y) = \lVert x - y + \varepsilon\rVert_p

    for the margin :math:`\alpha`. With `swap`, the distance to the negative is the smaller one of :math:`d(a_n, n_n)`
    and :math:`d(p_n, n_n)`.

    Parameters
    ----------
    anchor : array or tensor
        Embeddings, of shape (D,), (N, D) or (..., D); any real numbers.
    positive : array or tensor
        Embeddings that belong with the anchors; the shape of `anchor`.
    negative : array or tensor
        Embeddings that do not; the shape of `anchor`.
    margin : float
        How much farther the negative shall be, in the unit of the embeddings; above 0.
    p : float
        The norm, above 0: 2 for the Euclidean distance, 1 for the sum of the absolute differences, infinity for the
        largest one.
    eps : float
        Added to each difference, 0 or more, so that the distance of identical embeddings has a gradient.
    swap : bool
        Measure the negative's distance from the positive where that is nearer than the anchor.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each triplet.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `anchor` without its last dimension for ``reduction='none'``. In the unit of the
        embeddings; 0 or more.

    Raises
    ------
    ValueError
        If shapes differ, an option is out of its range, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: V. Balntas et al., *Learning local feature descriptors with triplets and shallow convolutional neural
    networks*, 2016, https://doi.org/10.5244/C.30.119. The same as `torch.nn.functional.triplet_margin_loss`, except
    that nothing is broadcast, and `p` has to be above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import triplet_margin_loss
    >>> anchor, positive, negative = np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([[1.5, 0.0]])
    >>> triplet_margin_loss(anchor, positive, negative).round(4)
    np.float64(0.5)
    """
    _array.check_reduction(reduction)
    _check_above_zero("margin", margin)
    _array.check_number("p", p, lambda p: p > 0, "a number above 0, such as 1, 2 or math.inf")
    _array.check_not_negative("eps", eps, "a small number that is 0 or more, such as 1e-6")
    _array.check_flag("swap", swap)
    arrays = {"anchor": anchor, "positive": positive, "negative": negative}
    xp, dtype, (anchor, positive, negative) = _array.as_floats(**arrays)
    _check_vectors(anchor=anchor, positive=positive, negative=negative)

    def distance(x, y):
        return xp.linalg.vector_norm(x - y + eps, axis=-1, ord=p)

    to_negative = distance(anchor, negative)
    if swap:
        to_negative = xp.minimum(to_negative, distance(positive, negative))
    loss = xp.clip(margin + distance(anchor, positive) - to_negative, min=0.0)
    return _array.reduce(xp, loss, reduction, dtype)


def triplet_likelihood_loss(positive_scores, negative_scores, *, reduction="mean"):
    r"""Triplet likelihood: each positive shall score higher than each negative, in the sense of a softmax of the two.

    .. math::

       \ell_{ij} = -\log \frac{e^{v^+_i}}{e^{v^+_i} + e^{v^-_j}} = \log\left(1 + e^{v^-_j - v^+_i}\right),

       \operatorname{mean} = \frac{1}{MN} \sum_{i=1}^{M} \sum_{j=1}^{N} \ell_{ij}

    for the scores :math:`v^+` of M positives and :math:`v^-` of N negatives, all for one anchor: how similar they are
    to it. Every pair counts as a choice, whose probabilities are multiplied as if the choices were independent. There
    is no margin: the loss goes on to fall as the scores part.

    Parameters
    ----------
    positive_scores : array or tensor
        Scores of what belongs with the anchor, of shape (M,), or (..., M) for several anchors; any real numbers.
    negative_scores : array or tensor
        Scores of what does not, of shape (N,), or (..., N) with the leading dimensions of `positive_scores`.
    reduction : {'mean', 'sum', 'none'}
        The mean over all pairs, the sum, or one loss for each pair of a positive and a negative.

    Returns
    -------
    array or tensor
        A scalar, or the shape (..., M, N) for ``reduction='none'``. In nats; 0 or more; log 2 for equal scores.

    Raises
    ------
    ValueError
        If the leading dimensions differ, an argument has no dimension, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: X. Dong and J. Shen, *Triplet Loss in Siamese Network for Object Tracking*, 2018,
    https://doi.org/10.1007/978-3-030-01261-8_28. It shares with `triplet_margin_loss` the name and the three
    roles; with negative distances as scores it is a smooth form of that loss, without a margin. In PyTorch it is
    `torch.nn.functional.soft_margin_loss` of all differences of scores, with the target 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import triplet_likelihood_loss
    >>> triplet_likelihood_loss(np.array([2.0, 0.0]), np.array([0.0]), reduction="none").round(4)
    array([[0.1269],
           [0.6931]])
    """
    _array.check_reduction(reduction)
    xp, dtype, (positive, negative) = _array.as_floats(positive_scores=positive_scores, negative_scores=negative_scores)
    if 0 in (positive.ndim, negative.ndim) or positive.shape[:-1] != negative.shape[:-1]:
        raise ValueError(
            f"`positive_scores` has shape {tuple(positive.shape)} and `negative_scores` {tuple(negative.shape)}, "
            "expected (..., M) and (..., N): the scores for each anchor in the last dimension, the anchors before it"
        )
    loss = -logsigmoid(positive[..., :, None] - negative[..., None, :])
    return _array.reduce(xp, loss, reduction, dtype)


def info_nce_loss(queries, keys, *, temperature=0.07, reduction="mean"):
    r"""InfoNCE: each query shall find its own key among all keys of the batch.

    .. math:: \ell_n = -\log \frac{e^{\cos(q_n, k_n) / T}}{\sum_m e^{\cos(q_n, k_m) / T}}

    for the queries :math:`q`, the keys :math:`k` and the temperature :math:`T`: the cross-entropy of picking the
    key of the same row, with the cosine similarities as scores. The other N − 1 keys are the negatives, so the batch
    size is part of the loss. It runs from queries to keys only; for a symmetric loss, take the mean of both directions.

    Parameters
    ----------
    queries : array or tensor
        Embeddings, of shape (N, D); any real numbers. Their length does not matter; a zero vector has a cosine of 0.
    keys : array or tensor
        The embeddings to be found, row by row; the shape of `queries`.
    temperature : float
        What similarities are divided by, above 0: the smaller, the more the hardest negatives count.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each query.

    Returns
    -------
    array or tensor
        A scalar, or the shape (N,) for ``reduction='none'``. In nats; 0 or more; log N if all keys are alike.

    Raises
    ------
    ValueError
        If the shapes differ or are not (N, D), `temperature` is not above 0, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Sources: A. van den Oord, Y. Li and O. Vinyals, *Representation Learning with Contrastive Predictive Coding*, 2018,
    https://arxiv.org/abs/1807.03748; K. He et al., *Momentum Contrast*, 2020, https://arxiv.org/abs/1911.05722, for
    the temperature of 0.07. PyTorch does not have it.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import info_nce_loss
    >>> info_nce_loss(np.eye(3), np.eye(3), temperature=1.0).round(4)
    np.float64(0.5514)
    """
    _array.check_reduction(reduction)
    _check_above_zero("temperature", temperature)
    xp, dtype, (queries, keys) = _array.as_floats(queries=queries, keys=keys)
    _check_vectors(queries=queries, keys=keys)
    if queries.ndim != 2:
        raise ValueError(f"`queries` has shape {tuple(queries.shape)}, expected (N, D): one embedding for each row")
    cosines = _unit(xp, queries) @ xp.matrix_transpose(_unit(xp, keys))
    log_p = log_softmax(cosines / temperature, 1)
    return _array.reduce(xp, -xp.linalg.diagonal(log_p), reduction, dtype)


def _check_above_zero(name, number):
    _array.check_number(name, number, lambda number: 0 < number < math.inf, "a number above 0")


def _check_vectors(**arrays):
    """Check that the arrays have one shape, with features in the last dimension."""
    _array.check_same_shape(**arrays)
    name, array = next(iter(arrays.items()))
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"`{name}` has shape {tuple(array.shape)}, expected (..., D): embeddings, with their D >= 1 numbers in the "
            "last dimension"
        )


def _check_labels(xp, name, labels, allowed, vectors):
    """Check that there is one label for each pair of vectors: the first one allowed for similar, or the second."""
    shape, expected = tuple(labels.shape), tuple(vectors.shape[:-1])
    if shape != expected:
        raise ValueError(
            f"`{name}` has shape {shape}, expected {expected}: one label for each pair of the embeddings "
            f"{tuple(vectors.shape)}"
        )
    similar, dissimilar = allowed

    def wrong(labels):
        return (labels != similar) & (labels != dissimilar) & ~xp.isnan(labels)

    _array.check_values(xp, name, labels, wrong, f"{similar} for a similar pair or {dissimilar} for a dissimilar one")


def _root(xp, squared):
    """Return the square root; at 0 its derivative is 0 instead of infinite."""
    zero = squared == 0
    return xp.where(zero, xp.zeros_like(squared), xp.sqrt(xp.where(zero, xp.ones_like(squared), squared)))


def _unit(xp, vectors):
    """Return the vectors at length 1; a zero vector stays as it is."""
    length = _root(xp, xp.sum(vectors**2, axis=-1, keepdims=True))
    return _array.ratio_or_0(xp, vectors, length)
