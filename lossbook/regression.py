"""Losses for regression: the prediction is a number, and the error is input − target.

NumPy arrays and PyTorch tensors alike; names, argument order and meaning are those of `torch.nn.functional`.
"""

from lossbook import _array


def mse_loss(input, target, reduction="mean", weight=None):
    r"""Squared error, also called L2 loss; its mean is the mean squared error (MSE).

    .. math:: \ell_i = w_i\,(x_i - y_i)^2, \qquad
              \operatorname{mean} = \frac{\sum_i \ell_i}{\sum_i w_i}

    for the input :math:`x`, the target :math:`y` and the weights :math:`w`, which are 1 unless given.
    The constant prediction that minimises it is the mean of the targets.

    Parameters
    ----------
    input : array or tensor
        Predictions, of any shape; any real numbers.
    target : array or tensor
        What should have been predicted; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, weighted if there are weights; the sum; or one loss for each element.
    weight : array or tensor, optional
        One weight for each element; the shape of `input`.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In the squared unit of the target; 0 or more.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: A. M. Legendre, *Nouvelles méthodes pour la détermination des orbites des comètes*, 1805, and
    C. F. Gauss, *Theoria motus corporum coelestium*, 1809. The same as `torch.nn.functional.mse_loss`, except that
    nothing is broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import mse_loss
    >>> float(mse_loss(np.array([2.0, 5.0]), np.array([1.0, 3.0])))
    2.5
    """
    return _elementwise(lambda xp, error: error**2, input, target, reduction, weight)


def l1_loss(input, target, reduction="mean", weight=None):
    r"""Absolute error, also called L1 loss; its mean is the mean absolute error (MAE).

    .. math:: \ell_i = w_i\,\lvert x_i - y_i\rvert, \qquad
              \operatorname{mean} = \frac{\sum_i \ell_i}{\sum_i w_i}

    for the input :math:`x`, the target :math:`y` and the weights :math:`w`, which are 1 unless given.
    The constant predictions that minimise it are the medians of the targets.

    Parameters
    ----------
    input : array or tensor
        Predictions, of any shape; any real numbers.
    target : array or tensor
        What should have been predicted; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, weighted if there are weights; the sum; or one loss for each element.
    weight : array or tensor, optional
        One weight for each element; the shape of `input`.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In the unit of the target; 0 or more.
        At an error of exactly 0, where the loss has a kink, the gradient is 0.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: P. S. Laplace, *Mémoire sur la probabilité des causes par les évènemens*, 1774. The same as
    `torch.nn.functional.l1_loss`, except that nothing is broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import l1_loss
    >>> float(l1_loss(np.array([2.0, 5.0]), np.array([1.0, 3.0])))
    1.5
    """
    return _elementwise(lambda xp, error: xp.abs(error), input, target, reduction, weight)


def _elementwise(loss_of_error, input, target, reduction, weight):
    """Apply a loss of the error alone, weighted and reduced."""
    _array.check_reduction(reduction)
    xp, dtype, (input, target, weight) = _array.as_floats(input=input, target=target, weight=weight)
    _array.check_same_shape(input=input, target=target, weight=weight)
    loss = loss_of_error(xp, input - target)
    if weight is None:
        return _array.reduce(xp, loss, reduction, dtype)
    return _array.reduce(xp, loss * weight, reduction, dtype, total_weight=xp.sum(weight))
