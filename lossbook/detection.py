"""Losses for detection and segmentation: how far two boxes, or two masks, are from covering the same place.

NumPy arrays and PyTorch tensors alike. Boxes are corners (x1, y1, x2, y2); names and argument order are torchvision's,
where it has the loss.
"""

import math

from lossbook import _array


def box_iou(boxes1, boxes2):
    r"""Intersection over union (IoU) of every box of one set with every box of another.

    .. math:: \operatorname{IoU}_{nm} = \frac{\lvert A_n \cap B_m\rvert}{\lvert A_n \cup B_m\rvert}

    for the areas of the boxes :math:`A_n` and :math:`B_m`. Two boxes whose union has no area have an IoU of 0.

    Parameters
    ----------
    boxes1 : array or tensor
        Boxes as corners (x1, y1, x2, y2) with x2 >= x1 and y2 >= y1, of shape (N, 4).
    boxes2 : array or tensor
        Boxes as corners, in the same coordinates, of shape (M, 4).

    Returns
    -------
    array or tensor
        The shape (N, M); between 0 and 1: 0 without a common area, 1 for the same box. It does not depend on the scale.

    Raises
    ------
    ValueError
        If a shape is not (N, 4), or a box has x2 < x1 or y2 < y1.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: P. Jaccard, *The distribution of the flora in the alpine zone*, 1912,
    https://doi.org/10.1111/j.1469-8137.1912.tb05611.x. The same as `torchvision.ops.box_iou` for corners, except that
    torchvision gives NaN for a union without area, and takes impossible boxes.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import box_iou
    >>> boxes = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])
    >>> box_iou(boxes, boxes).round(4)
    array([[1.    , 0.3333],
           [0.3333, 1.    ]])
    """
    xp, dtype, (boxes1, boxes2) = _array.as_floats(boxes1=boxes1, boxes2=boxes2)
    for name, array in (("boxes1", boxes1), ("boxes2", boxes2)):
        if array.ndim != 2:
            raise ValueError(f"`{name}` has shape {tuple(array.shape)}, expected (N, 4): one box for each row")
        _check_boxes(xp, name, array)
    intersection, union = _areas(xp, boxes1[:, None, :], boxes2[None, :, :])
    return xp.astype(_array.ratio_or_0(xp, intersection, union), dtype, copy=False)


def iou_loss(boxes1, boxes2, *, log=False, reduction="mean", eps=1e-7):
    r"""Intersection over union (IoU) of pairs of boxes as a loss: its distance from 1, or its negative logarithm.

    .. math::

       \ell_n &= 1 - \operatorname{IoU}_n \quad\text{or, with } \mathtt{log}, \\
       \ell_n &= -\log \max(\operatorname{IoU}_n, \varepsilon)

    for the areas :math:`\operatorname{IoU}_n = \lvert A_n \cap B_n\rvert / \lvert A_n \cup B_n\rvert` of the pair
    :math:`A_n, B_n`, and 0 if their union has no area. Where the boxes do not meet, both are constant: 1, or
    :math:`-\log\varepsilon`, which is 16.1 unless set otherwise. There the gradient is 0, and nothing is learnt.

    Parameters
    ----------
    boxes1 : array or tensor
        Boxes as corners (x1, y1, x2, y2) with x2 >= x1 and y2 >= y1, of shape (..., 4).
    boxes2 : array or tensor
        The boxes to pair them with, in the same coordinates; the shape of `boxes1`.
    log : bool
        Take the negative logarithm of the IoU instead of its distance from 1.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each pair.
    eps : float
        The smallest IoU whose logarithm is taken, above 0. Without `log` it has no effect.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `boxes1` without its last dimension for ``reduction='none'``. Each loss is between 0
        and 1, 0 for the same box, if it has an area; with `log` 0 or more, in nats.

    Raises
    ------
    ValueError
        If the shapes differ or do not end in 4, a box has x2 < x1 or y2 < y1, `eps` is not above 0, or `reduction` is
        unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: J. Yu et al., *UnitBox: An Advanced Object Detection Network*, 2016,
    https://doi.org/10.1145/2964284.2967274, for the logarithm. PyTorch and torchvision do not have it.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import iou_loss
    >>> predicted, truth = np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])
    >>> iou_loss(predicted, truth).round(4), iou_loss(predicted, truth, log=True).round(4)
    (np.float64(0.6667), np.float64(1.0986))
    """
    _array.check_reduction(reduction)
    _array.check_flag("log", log)
    _array.check_number("eps", eps, lambda eps: 0 < eps < 1, "a small number above 0, such as 1e-7: the least IoU")
    xp, dtype, (boxes1, boxes2) = _prepare_pairs(boxes1, boxes2)
    iou = _array.ratio_or_0(xp, *_areas(xp, boxes1, boxes2))
    if log:
        loss = xp.log(1 / xp.where(iou < eps, xp.full_like(iou, eps), iou))  # so that an IoU of 1 costs 0, not -0
    else:
        loss = 1 - iou
    return _array.reduce(xp, loss, reduction, dtype)


def generalized_box_iou_loss(boxes1, boxes2, reduction="mean", eps=1e-7):
    r"""IoU loss plus the share of the enclosing box that neither box covers (GIoU).

    .. math:: \ell_n = 1 - \operatorname{IoU}_n + \frac{\lvert C_n\rvert - \lvert A_n \cup B_n\rvert}{\lvert C_n\rvert}

    for pairs of boxes :math:`A_n, B_n` and the smallest box :math:`C_n` that encloses both. Unlike the IoU itself, it
    has a gradient where the boxes do not meet.

    Parameters
    ----------
    boxes1 : array or tensor
        Boxes as corners (x1, y1, x2, y2) with x2 >= x1 and y2 >= y1, of shape (..., 4).
    boxes2 : array or tensor
        The boxes to pair them with, in the same coordinates; the shape of `boxes1`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each pair.
    eps : float
        Added to each denominator, in squared units of the coordinates; 0 or more. It makes very small boxes look less
        alike than they are: with the default, two identical boxes with sides of 0.001 have an IoU of 0.91. With 0 the
        loss does not depend on the scale.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `boxes1` without its last dimension for ``reduction='none'``. Each loss is 0 or more,
        up to 2.

    Raises
    ------
    ValueError
        If the shapes differ or do not end in 4, a box has x2 < x1 or y2 < y1, `eps` is negative, or `reduction` is
        unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: H. Rezatofighi et al., *Generalized Intersection over Union*, 2019,
    https://doi.org/10.1109/CVPR.2019.00075. The same as `torchvision.ops.generalized_box_iou_loss`, except that the
    mean is the default, the mean of no boxes is NaN, half precision is returned as half precision, and impossible
    boxes are refused.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import generalized_box_iou_loss
    >>> near, far, truth = np.array([[2.0, 0.0, 3.0, 1.0], [9.0, 0.0, 10.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    >>> generalized_box_iou_loss(near, truth).round(4), generalized_box_iou_loss(far, truth).round(4)
    (np.float64(1.3333), np.float64(1.8))
    """
    _array.check_reduction(reduction)
    _check_eps(eps)
    xp, dtype, (boxes1, boxes2) = _prepare_pairs(boxes1, boxes2)
    intersection, union = _areas(xp, boxes1, boxes2)
    enclosing = _area(_enclosing_sides(xp, boxes1, boxes2))
    uncovered = _array.ratio_or_0(xp, enclosing - union, enclosing + eps)
    return _array.reduce(xp, 1 - _array.ratio_or_0(xp, intersection, union + eps) + uncovered, reduction, dtype)


def distance_box_iou_loss(boxes1, boxes2, reduction="mean", eps=1e-7):
    r"""IoU loss plus the squared distance of the centres, relative to the enclosing box (DIoU).

    .. math:: \ell_n = 1 - \operatorname{IoU}_n + \frac{\rho_n^2}{c_n^2}

    for the distance :math:`\rho_n` of the two centres, and the diagonal :math:`c_n` of the smallest box that encloses
    both. It has a gradient where the boxes do not meet, and where one lies within the other.

    Parameters
    ----------
    boxes1 : array or tensor
        Boxes as corners (x1, y1, x2, y2) with x2 >= x1 and y2 >= y1, of shape (..., 4).
    boxes2 : array or tensor
        The boxes to pair them with, in the same coordinates; the shape of `boxes1`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each pair.
    eps : float
        Added to each denominator, in squared units of the coordinates; 0 or more. It makes very small boxes look less
        alike than they are: with the default, two identical boxes with sides of 0.001 have an IoU of 0.91. With 0 the
        loss does not depend on the scale.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `boxes1` without its last dimension for ``reduction='none'``. Each loss is 0 or more,
        up to 2.

    Raises
    ------
    ValueError
        If the shapes differ or do not end in 4, a box has x2 < x1 or y2 < y1, `eps` is negative, or `reduction` is
        unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: Z. Zheng et al., *Distance-IoU Loss*, 2020, https://doi.org/10.1609/aaai.v34i07.6999. The same as
    `torchvision.ops.distance_box_iou_loss`, except that the mean is the default, the mean of no boxes is NaN, half
    precision is returned as half precision, and impossible boxes are refused.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import distance_box_iou_loss
    >>> corner, centred, truth = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 4.0, 4.0]])
    >>> distance_box_iou_loss(corner, truth).round(4), distance_box_iou_loss(centred, truth).round(4)
    (np.float64(0.8125), np.float64(0.75))
    """
    _array.check_reduction(reduction)
    _check_eps(eps)
    xp, dtype, (boxes1, boxes2) = _prepare_pairs(boxes1, boxes2)
    iou, distance = _iou_and_distance(xp, boxes1, boxes2, eps)
    return _array.reduce(xp, 1 - iou + distance, reduction, dtype)


def complete_box_iou_loss(boxes1, boxes2, reduction="mean", eps=1e-7):
    r"""IoU loss plus the distance of the centres plus the difference of the aspect ratios (CIoU).

    .. math::

       \ell_n &= 1 - \operatorname{IoU}_n + \frac{\rho_n^2}{c_n^2} + \alpha_n v_n, \\
       v_n &= \frac{4}{\pi^2}\left(\arctan\frac{w_{A_n}}{h_{A_n}} - \arctan\frac{w_{B_n}}{h_{B_n}}\right)^2, \\
       \alpha_n &= \frac{v_n}{1 - \operatorname{IoU}_n + v_n}

    for the distance :math:`\rho_n` of the two centres, the diagonal :math:`c_n` of the smallest box that encloses
    both, and their widths :math:`w` and heights :math:`h`. The weight :math:`\alpha_n` is a constant: no gradient
    flows through it. So the gradient is, by design, not that of the value. A box without width and height counts as
    a square.

    Parameters
    ----------
    boxes1 : array or tensor
        Boxes as corners (x1, y1, x2, y2) with x2 >= x1 and y2 >= y1, of shape (..., 4).
    boxes2 : array or tensor
        The boxes to pair them with, in the same coordinates; the shape of `boxes1`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each pair.
    eps : float
        Added to each denominator, in squared units of the coordinates; 0 or more. It makes very small boxes look less
        alike than they are: with the default, two identical boxes with sides of 0.001 have an IoU of 0.91. With 0 the
        loss does not depend on the scale.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `boxes1` without its last dimension for ``reduction='none'``. Each loss is 0 or more,
        and less than 2.5.

    Raises
    ------
    ValueError
        If the shapes differ or do not end in 4, a box has x2 < x1 or y2 < y1, `eps` is negative, or `reduction` is
        unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: Z. Zheng et al., *Distance-IoU Loss*, 2020, https://doi.org/10.1609/aaai.v34i07.6999. The same as
    `torchvision.ops.complete_box_iou_loss`, except that the mean is the default, the mean of no boxes is NaN, half
    precision is returned as half precision, a box without width and height gives no NaN, and impossible boxes are
    refused.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import complete_box_iou_loss
    >>> wide, tall, truth = np.array([[0.0, 1.0, 4.0, 3.0], [1.0, 0.0, 3.0, 4.0], [0.0, 1.0, 4.0, 3.0]])
    >>> complete_box_iou_loss(wide, truth).round(4), complete_box_iou_loss(tall, truth).round(4)
    (np.float64(0.0), np.float64(0.7004))
    """
    _array.check_reduction(reduction)
    _check_eps(eps)
    xp, dtype, (boxes1, boxes2) = _prepare_pairs(boxes1, boxes2)
    iou, distance = _iou_and_distance(xp, boxes1, boxes2, eps)
    v = 4 / math.pi**2 * (_angle(xp, boxes1) - _angle(xp, boxes2)) ** 2
    alpha = _array.constant(_array.ratio_or_0(xp, v, 1 - iou + v + eps))
    return _array.reduce(xp, 1 - iou + distance + alpha * v, reduction, dtype)


def dice_loss(input, target, *, smooth=1e-5, reduction="mean"):
    r"""Dice loss: how far a predicted mask and the true one are from covering the same pixels.

    .. math:: \ell_n = 1 - \frac{2\sum_i p_{ni}\,t_{ni} + s}{\sum_i p_{ni} + \sum_i t_{ni} + s}

    for the probabilities :math:`p`, the true mask :math:`t` and the smoothing :math:`s`. The sums run over all
    pixels :math:`i` of the example :math:`n`. Two empty masks agree: the loss is 0.

    Parameters
    ----------
    input : array or tensor
        Probabilities from 0 to 1, of shape (N, ...): one mask for each example; all further dimensions are pixels.
        To treat each of C classes as a mask of its own, fold them into the first dimension: (N * C, ...).
    target : array or tensor
        The true masks, from 0 to 1; the shape of `input`.
    smooth : float
        Added above and below, in pixels; 0 or more. It gives an empty target a gradient, which without it is 0.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each example.

    Returns
    -------
    array or tensor
        A scalar, or the shape (N,) for ``reduction='none'``. Each loss is between 0 and 1: 0 for the same mask of
        zeros and ones, 1 without a common pixel and without smoothing.

    Raises
    ------
    ValueError
        If the shapes differ or have fewer than two dimensions, a value lies outside [0, 1], `smooth` is negative, or
        `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Sources: L. R. Dice, *Measures of the Amount of Ecologic Association Between Species*, 1945,
    https://doi.org/10.2307/1932409; F. Milletari et al., *V-Net*, 2016, https://doi.org/10.1109/3DV.2016.79, for its
    use as a loss. They square the terms of the denominator, which changes nothing for masks of 0 and 1. PyTorch does
    not have it.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import dice_loss
    >>> predicted, truth = np.array([[1.0, 1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 1.0, 0.0]])
    >>> dice_loss(predicted, truth).round(4)
    np.float64(0.5)
    """
    _array.check_reduction(reduction)
    _array.check_not_negative("smooth", smooth, "a number of pixels that is 0 or more")
    xp, dtype, (input, target) = _array.as_floats(input=input, target=target)
    _array.check_same_shape(input=input, target=target)
    if input.ndim < 2:
        raise ValueError(
            f"`input` has shape {tuple(input.shape)}, expected (N, ...): one mask for each example; give a single mask "
            "a first dimension, with input[None] and target[None]"
        )
    expected = "values from 0 to 1; turn scores into probabilities with sigmoid, and masks of 0 and 255 into booleans"
    _array.check_shares(xp, "input", input, expected)
    _array.check_shares(xp, "target", target, expected)
    pixels = tuple(range(1, input.ndim))
    common = xp.sum(input * target, axis=pixels)
    total = xp.sum(input, axis=pixels) + xp.sum(target, axis=pixels)
    # Without smoothing, two empty masks would be 0 / 0; written as the share that differs, they are 0.
    return _array.reduce(xp, _array.ratio_or_0(xp, total - 2 * common, total + smooth), reduction, dtype)


def _prepare_pairs(boxes1, boxes2):
    """Check and promote pairs of boxes."""
    xp, dtype, (boxes1, boxes2) = _array.as_floats(boxes1=boxes1, boxes2=boxes2)
    _array.check_same_shape(boxes1=boxes1, boxes2=boxes2)
    _check_boxes(xp, "boxes1", boxes1)
    _check_boxes(xp, "boxes2", boxes2)
    return xp, dtype, (boxes1, boxes2)


def _check_boxes(xp, name, boxes):
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(
            f"`{name}` has shape {tuple(boxes.shape)}, expected four numbers in the last dimension: x1, y1, x2, y2"
        )
    if _array.values_can_be_checked(boxes):
        wrong = xp.any(boxes[..., 2:] < boxes[..., :2], axis=-1)
        if bool(xp.any(wrong)):
            x1, y1, x2, y2 = (f"{number.item():g}" for number in boxes[wrong][0])
            raise ValueError(
                f"`{name}` holds the box ({x1}, {y1}, {x2}, {y2}), expected corners (x1, y1, x2, y2) with x2 >= x1 and "
                "y2 >= y1; convert boxes that are given as a corner or a centre with width and height"
            )


def _check_eps(eps):
    _array.check_not_negative("eps", eps, "a small number that is 0 or more, such as 1e-7")


def _sides(boxes):
    """Return width and height."""
    return boxes[..., 2:] - boxes[..., :2]


def _area(sides):
    return sides[..., 0] * sides[..., 1]


def _areas(xp, boxes1, boxes2):
    """Return the areas of intersection and union."""
    sides = xp.minimum(boxes1[..., 2:], boxes2[..., 2:]) - xp.maximum(boxes1[..., :2], boxes2[..., :2])
    intersection = _area(_array.positive_part(xp, sides))
    return intersection, _area(_sides(boxes1)) + _area(_sides(boxes2)) - intersection


def _enclosing_sides(xp, boxes1, boxes2):
    """Return width and height of the smallest box that encloses both."""
    return xp.maximum(boxes1[..., 2:], boxes2[..., 2:]) - xp.minimum(boxes1[..., :2], boxes2[..., :2])


def _iou_and_distance(xp, boxes1, boxes2, eps):
    """Return the IoU, and the squared distance of the centres relative to the diagonal of the enclosing box."""
    intersection, union = _areas(xp, boxes1, boxes2)
    centres = (boxes1[..., :2] + boxes1[..., 2:] - boxes2[..., :2] - boxes2[..., 2:]) / 2
    distance = xp.sum(centres**2, axis=-1)
    diagonal = xp.sum(_enclosing_sides(xp, boxes1, boxes2) ** 2, axis=-1)
    return _array.ratio_or_0(xp, intersection, union + eps), _array.ratio_or_0(xp, distance, diagonal + eps)


def _angle(xp, boxes):
    """Return arctan(width / height); where both are 0, that of a square."""
    width, height = _sides(boxes)[..., 0], _sides(boxes)[..., 1]
    point = (width == 0) & (height == 0)
    one = xp.ones_like(width)
    return xp.atan2(xp.where(point, one, width), xp.where(point, one, height))
