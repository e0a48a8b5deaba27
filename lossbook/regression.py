"""Losses for regression: the prediction is a number, and the error is prediction − target.

NumPy arrays and PyTorch tensors alike; names, argument order and meaning are those of `torch.nn.functional`, where
it has the loss.
"""

import math
from numbers import Real

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

    def loss(xp, error):
        return error**2

    return _elementwise(loss, reduction, weight, mean_over_weights=True, input=input, target=target)


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

    def loss(xp, error):
        return xp.abs(error)

    return _elementwise(loss, reduction, weight, mean_over_weights=True, input=input, target=target)


def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    r"""Smooth L1 loss: the absolute error, its kink replaced by a parabola where the error is below `beta`.

    .. math:: \ell_i = \begin{cases} (x_i - y_i)^2 / (2\beta) & \text{if } \lvert x_i - y_i\rvert < \beta \\
                                     \lvert x_i - y_i\rvert - \beta / 2 & \text{otherwise} \end{cases}

    for the input :math:`x` and the target :math:`y`. It is the Huber loss divided by :math:`\beta`, so that its slope
    for large errors is 1, whatever :math:`\beta` is.

    Parameters
    ----------
    input : array or tensor
        Predictions, of any shape; any real numbers.
    target : array or tensor
        What should have been predicted; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.
    beta : float
        The error at which the parabola ends, in the unit of the target; 0 or more. With 0 it is `l1_loss`.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In the unit of the target; 0 or more.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), `beta` is negative, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, or `beta` is no number.

    Notes
    -----
    Source: R. Girshick, *Fast R-CNN*, 2015, https://doi.org/10.1109/ICCV.2015.169. The same as
    `torch.nn.functional.smooth_l1_loss`, except that nothing is broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import smooth_l1_loss
    >>> smooth_l1_loss(np.array([0.5, 4.0]), np.array([0.0, 0.0]), "none", beta=2.0)
    array([0.0625, 3.    ])
    """
    _array.check_number("beta", beta, lambda beta: beta >= 0, "0 or more: the error at which the parabola ends")
    if beta == 0:
        return l1_loss(input, target, reduction)

    def loss(xp, error):
        clipped = error.clip(-beta, beta)
        return clipped / beta * (error - clipped / 2)

    return _elementwise(loss, reduction, input=input, target=target)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    r"""Huber loss: squared for errors up to `delta`, linear beyond, so that no error pulls harder than `delta`.

    .. math::

       \ell_i &= w_i \cdot \begin{cases}
           \tfrac12 e_i^2 & \text{if } \lvert e_i\rvert \le \delta \\
           \delta \left(\lvert e_i\rvert - \tfrac12\delta\right) & \text{otherwise,} \end{cases} \\
       e_i &= x_i - y_i

    for the input :math:`x`, the target :math:`y` and the weights :math:`w`, which are 1 unless given. Its derivative
    is the error, clipped to :math:`[-\delta, \delta]`.

    Parameters
    ----------
    input : array or tensor
        Predictions, of any shape; any real numbers.
    target : array or tensor
        What should have been predicted; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean over the elements, weighted or not; the sum; or one loss for each element.
    delta : float
        The error at which the loss becomes linear, in the unit of the target; positive.
    weight : array or tensor, optional
        One weight for each element; the shape of `input`.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In the squared unit of the target; 0 or more.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), `delta` is not positive, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, or `delta` is no number.

    Notes
    -----
    Source: P. J. Huber, *Robust Estimation of a Location Parameter*, 1964, https://doi.org/10.1214/aoms/1177703732.
    The same as `torch.nn.functional.huber_loss`, except that nothing is broadcast. As in PyTorch, the weighted mean
    divides by the number of elements, where that of `mse_loss` divides by the sum of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import huber_loss
    >>> huber_loss(np.array([0.5, 4.0]), np.array([0.0, 0.0]), "none", delta=2.0)
    array([0.125, 6.   ])
    """
    _array.check_number("delta", delta, lambda delta: delta > 0, "a positive number: where the loss becomes linear")

    def loss(xp, error):
        # The clipped error is the error itself or ±δ: one formula for both cases, and it is smooth at an error of 0.
        clipped = error.clip(-delta, delta)
        return clipped * (error - clipped / 2)

    return _elementwise(loss, reduction, weight, input=input, target=target)


def log_cosh_loss(input, target, *, reduction="mean"):
    r"""Logarithm of the hyperbolic cosine of the error: half its square near 0, its absolute value less log 2 far off.

    .. math:: \ell_i = \log\cosh(x_i - y_i)

    for the input :math:`x` and the target :math:`y`. Its derivative is :math:`\tanh(x_i - y_i)`. It has no parameter
    for the error at which it becomes linear, which is about 1: choose the unit of the target accordingly.

    Parameters
    ----------
    input : array or tensor
        Predictions, of any shape; any real numbers.
    target : array or tensor
        What should have been predicted; the shape of `input`.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``; 0 or more. Exact for small errors, where
        ``log(cosh(error))`` rounds to 0, and for large ones, where it overflows.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Sources: P. J. Green, *Bayesian reconstructions from emission tomography data using a modified EM algorithm*, 1990,
    https://doi.org/10.1109/42.52985, for an early use; R. A. Saleh and A. K. Md. E. Saleh, *Statistical Properties of
    the log-cosh Loss Function Used in Machine Learning*, 2022, https://arxiv.org/abs/2208.04564. PyTorch has none.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import log_cosh_loss
    >>> log_cosh_loss(np.array([1e-6, 2.0, 1e4]), np.zeros(3), reduction="none").round(13)
    array([5.00000000e-13, 1.32500275e+00, 9.99930685e+03])
    """

    def loss(xp, error):
        # cosh e is 1 + 2 sinh²(e/2), which overflows far from 0, and e^|e| (1 + e^(−2|e|)) / 2, which cancels near 0.
        near = xp.log1p(2 * xp.sinh(error.clip(-1, 1) / 2) ** 2)
        size = xp.abs(error)
        far = size + xp.log1p(xp.exp(-size) ** 2) - math.log(2)
        return xp.where(size < 1, near, far)

    return _elementwise(loss, reduction, input=input, target=target)


def quantile_loss(prediction, target, *, quantile, reduction="mean"):
    r"""Quantile loss, also called pinball loss: the absolute error, weighted by its sign.

    .. math:: \ell_i = \begin{cases} (1 - \tau)\,(\hat y_i - y_i) & \text{if } \hat y_i > y_i \\
                                     -\tau\,(\hat y_i - y_i) & \text{otherwise} \end{cases}

    for the prediction :math:`\hat y`, the target :math:`y` and the quantile :math:`\tau`. The constant predictions
    that minimise it are the :math:`\tau`-quantiles of the targets.

    Parameters
    ----------
    prediction : array or tensor
        Predicted quantiles, of any shape; any real numbers.
    target : array or tensor
        What was observed; the shape of `prediction`.
    quantile : float
        The share of the targets that should lie below their predictions, between 0 and 1, both excluded.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `prediction` for ``reduction='none'``. In the unit of the target; 0 or more. At an
        error of exactly 0, where the loss has a kink, the gradient is the mean of the slopes, 1/2 − `quantile`.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), `quantile` is not between 0 and 1, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, or `quantile` is not
        one number.

    Notes
    -----
    Source: R. Koenker and G. Bassett, *Regression Quantiles*, 1978, https://doi.org/10.2307/1913643. PyTorch has none.
    With a quantile of 1/2 it is half of `l1_loss`.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import quantile_loss
    >>> quantile_loss(np.array([1.0, 5.0]), np.array([3.0, 3.0]), quantile=0.75, reduction="none")
    array([1.5, 0.5])
    """
    expected = "a number between 0 and 1, both excluded: the share of targets that lie below their predictions"
    _array.check_number("quantile", quantile, lambda share: 0 < share < 1, expected)

    def loss(xp, error):
        too_high = (xp.astype(error > 0, error.dtype) + xp.astype(error >= 0, error.dtype)) / 2  # 1/2 at the kink
        return (too_high - quantile) * error

    return _elementwise(loss, reduction, prediction=prediction, target=target)


def mean_bias_error(prediction, target):
    r"""Mean error: by how much predictions are too high on average. It describes a model and cannot train one.

    .. math:: \operatorname{MBE} = \frac1N \sum_i (\hat y_i - y_i)

    for the prediction :math:`\hat y` and the target :math:`y`. It is positive for predictions that are too high, and 0
    if errors cancel, however large they are. Nothing minimises it: it has no lower bound.

    Parameters
    ----------
    prediction : array or tensor
        Predictions, of any shape; any real numbers.
    target : array or tensor
        What should have been predicted; the shape of `prediction`.

    Returns
    -------
    array or tensor
        A scalar, in the unit of the target: any real number. The mean over nothing is NaN.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast).
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: C. J. Willmott and K. Matsuura, *Advantages of the mean absolute error (MAE) over the root mean square error
    (RMSE) in assessing average model performance*, 2005, https://doi.org/10.3354/cr030079. PyTorch has none.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import mean_bias_error
    >>> float(mean_bias_error(np.array([2.0, 5.0]), np.array([1.0, 3.0])))
    1.5
    """

    def signed(xp, error):
        return error

    return _elementwise(signed, "mean", prediction=prediction, target=target)


def poisson_nll_loss(input, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    r"""Negative log-likelihood of counts under a Poisson distribution, given its rate or the rate's logarithm.

    .. math::

       \ell_i &= \lambda_i - y_i \log \lambda_i, \\
       \lambda_i &= \begin{cases} e^{x_i} & \text{for the logarithm of the rate} \\
                                   x_i & \text{for the rate itself} \end{cases}

    for the input :math:`x` and the counts :math:`y`. What is left out, :math:`\log y_i!`, does not depend on the
    input; `full` adds an approximation of it. The rate that minimises the mean is the mean of the counts.

    Parameters
    ----------
    input : array or tensor
        Logarithms of rates, any real numbers, or rates, 0 or more; of any shape.
    target : array or tensor
        Counts, 0 or more, whole numbers or not; the shape of `input`.
    log_input : bool
        Whether `input` holds logarithms of rates, which need no constraint and no `eps`, or the rates themselves.
    full : bool
        Whether to add Stirling's approximation of :math:`\log y_i!`, which is
        :math:`y_i \log y_i - y_i + \tfrac12 \log(2\pi y_i)`; for counts up to 1, nothing is added.
    eps : float
        Added to a rate before its logarithm is taken, so that a rate of 0 stays finite; 0 or more.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In nats; any real number, as constants are left
        out. The rate overflows, and with it the loss, from a logarithm of about 88 on in float32.

    Raises
    ------
    ValueError
        If shapes differ (they are never broadcast), a count, a rate or `eps` is negative, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, `log_input` or `full` is
        not a bool, or `eps` is no number.

    Notes
    -----
    Source: J. A. Nelder and R. W. M. Wedderburn, *Generalized Linear Models*, 1972, https://doi.org/10.2307/2344614.
    The same as `torch.nn.functional.poisson_nll_loss`, except that nothing is broadcast, and that the gradient of the
    full loss by a count of 0 is finite.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import poisson_nll_loss
    >>> rates, counts = np.array([1.0, 4.0]), np.array([0, 3])
    >>> poisson_nll_loss(rates, counts, log_input=False, full=True, reduction="none").round(4)
    array([1.    , 1.6052])
    """
    _array.check_reduction(reduction)
    _array.check_flag("log_input", log_input)
    _array.check_flag("full", full)
    _check_eps(eps)
    xp, dtype, (input, target) = _array.as_floats(input=input, target=target)
    _array.check_same_shape(input=input, target=target)
    _array.check_values(xp, "target", target, lambda count: count < 0, "counts, which are 0 or more")
    if log_input:
        loss = xp.exp(input) - target * input
    else:
        hint = "since log_input=False; for the logarithm of a rate leave log_input=True"
        _check_positive(xp, "input", input, eps, f"rates, {hint}")
        loss = input - target * xp.log(input + eps)
    if full:
        loss = loss + _stirling(xp, target)
    return _array.reduce(xp, loss, reduction, dtype)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    r"""Negative log-likelihood under a normal distribution, given its mean and its variance.

    .. math:: \ell_i = \frac12 \left( \log v_i + \frac{(x_i - y_i)^2}{v_i} \right)

    for the input :math:`x`, the target :math:`y` and the variance :math:`v`, of which no value below `eps` is used.
    What is left out, :math:`\tfrac12 \log 2\pi`, is a constant; `full` adds it. The variance that minimises it for
    one element is the squared error.

    Parameters
    ----------
    input : array or tensor
        Predicted means, of any shape; any real numbers.
    target : array or tensor
        What was observed; the shape of `input`.
    var : array, tensor or float
        Predicted variances, 0 or more. The shape of `input`; or that shape with one dimension of size 1, or without
        its last dimension, for a variance that is common to the elements of that dimension; or one number for all.
    full : bool
        Whether to add the constant :math:`\tfrac12 \log 2\pi`.
    eps : float
        Variances below it are replaced by it, in the loss and in its gradient; 0 or more.
    reduction : {'mean', 'sum', 'none'}
        The mean, the sum, or one loss for each element.

    Returns
    -------
    array or tensor
        A scalar, or the shape of `input` for ``reduction='none'``. In nats; any real number, as a density may be
        greater than 1.

    Raises
    ------
    ValueError
        If `input` and `target` differ in shape (they are never broadcast), the shape of `var` does not fit, a variance
        or `eps` is negative, or `reduction` is unknown.
    TypeError
        If an argument is not an array or tensor of real numbers, NumPy and PyTorch are mixed, `full` is not a bool, or
        `eps` is no number.

    Notes
    -----
    Source: D. A. Nix and A. S. Weigend, *Estimating the mean and variance of the target probability distribution*,
    1994, https://doi.org/10.1109/ICNN.1994.374138. The same as `torch.nn.functional.gaussian_nll_loss`, except that
    `target` is not broadcast. As in PyTorch, the gradient by a variance below `eps` is the gradient at `eps`, not 0:
    a variance that is too small can still grow.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import gaussian_nll_loss
    >>> mean, target, var = np.array([2.0, 5.0]), np.array([1.0, 3.0]), np.array([1.0, 4.0])
    >>> gaussian_nll_loss(mean, target, var, reduction="none").round(4)
    array([0.5   , 1.1931])
    """
    _array.check_reduction(reduction)
    _array.check_flag("full", full)
    _check_eps(eps)
    xp, dtype, (input, target, var) = _with_variance(input, target, var)
    _check_positive(xp, "var", var, eps, "variances; give the square of a standard deviation, or exp of its logarithm")
    # What is added to reach eps is a constant, so the gradient passes as if nothing had been added.
    var = var + _array.constant(xp.where(var < eps, eps - var, xp.zeros_like(var)))
    loss = (xp.log(var) + (input - target) ** 2 / var) / 2
    if full:
        loss = loss + math.log(2 * math.pi) / 2
    return _array.reduce(xp, loss, reduction, dtype)


def _elementwise(loss_of_error, reduction, weight=None, *, mean_over_weights=False, **pair):
    """Apply a loss of the error alone, prediction − target of the named pair; weight and reduce it.

    The mean divides by the number of elements, or by the sum of the weights.
    """
    _array.check_reduction(reduction)
    xp, dtype, (prediction, target, weight) = _array.as_floats(**pair, weight=weight)
    _array.check_same_shape(**pair, weight=weight)
    loss = loss_of_error(xp, prediction - target)
    if weight is None:
        return _array.reduce(xp, loss, reduction, dtype)
    total_weight = xp.sum(weight) if mean_over_weights else None
    return _array.reduce(xp, loss * weight, reduction, dtype, total_weight=total_weight)


def _stirling(xp, count):
    """Return Stirling's approximation of log(count!), and 0 for counts up to 1, as PyTorch does."""
    large = count > 1
    n = xp.where(large, count, xp.ones_like(count))  # so that no logarithm of 0 reaches the gradient
    return xp.where(large, n * xp.log(n) - n + xp.log(2 * math.pi * n) / 2, xp.zeros_like(n))


def _with_variance(input, target, var):
    """Check and promote input, target and variance; the variance gets as many dimensions as the input."""
    if isinstance(var, Real) and not isinstance(var, bool):
        xp, dtype, (input, target) = _array.as_floats(input=input, target=target)
        var = xp.full_like(input, float(var))
    else:
        xp, dtype, (input, target, var) = _array.as_floats(input=input, target=target, var=var)
    _array.check_same_shape(input=input, target=target)
    shape, given = tuple(input.shape), tuple(var.shape)
    if len(given) == len(shape) and [v for v, n in zip(given, shape, strict=True) if v != n] in ([], [1]):
        return xp, dtype, (input, target, var)
    if given == shape[:-1]:
        return xp, dtype, (input, target, xp.expand_dims(var, axis=-1))
    raise ValueError(
        f"`var` has shape {given}, expected variances for `input` {shape}: that shape, the same with one dimension of "
        f"size 1, {shape[:-1]} without the last dimension, or one number for all"
    )


def _check_eps(eps):
    _array.check_not_negative("eps", eps, "a small number, 0 or more, such as 1e-6")


def _check_positive(xp, name, array, eps, expected):
    """Raise ValueError unless the values are 0 or more, and more than 0 if no `eps` keeps them from 0."""
    if eps > 0:
        _array.check_values(xp, name, array, lambda value: value < 0, f"0 or more: {expected}")
    else:
        _array.check_values(xp, name, array, lambda value: value <= 0, f"more than 0, since eps is 0: {expected}")
