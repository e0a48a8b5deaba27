"""Activations that turn scores into probabilities, and their logarithms, computed without overflow.

NumPy arrays and PyTorch tensors alike; names, argument order and meaning are those of `torch.nn.functional`.
"""

from lossbook import _array


def sigmoid(input):
    r"""Logistic function: the probability whose log-odds are `input`.

    .. math:: \sigma(z) = \frac{1}{1 + e^{-z}}

    Parameters
    ----------
    input : array or tensor
        Scores (log-odds) of any shape; any real numbers.

    Returns
    -------
    array or tensor
        The shape of `input`, between 0 and 1. In floating point both ends are reached: in float32, exactly 1 from
        a score of about 17 on.

    Raises
    ------
    TypeError
        If `input` is not an array or tensor of real numbers.

    Notes
    -----
    Source: P.-F. Verhulst, *Notice sur la loi que la population suit dans son accroissement*, 1838.
    The same as `torch.nn.functional.sigmoid`.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import sigmoid
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    xp, dtype, (z,) = _array.as_floats(input=input)
    sign = _array.sign(xp, z)
    small = xp.exp(-sign * z)  # e^(−|z|) cannot overflow
    p = ((1 + sign) / 2 + (1 - sign) / 2 * small) / (1 + small)
    return xp.astype(p, dtype, copy=False)


def logsigmoid(input):
    r"""Logarithm of the logistic function, exact where the sigmoid itself rounds to 0.

    .. math:: \log\sigma(z) = -\log\left(1 + e^{-z}\right)

    Parameters
    ----------
    input : array or tensor
        Scores (log-odds) of any shape; any real numbers.

    Returns
    -------
    array or tensor
        The shape of `input`; 0 or less.

    Raises
    ------
    TypeError
        If `input` is not an array or tensor of real numbers.

    Notes
    -----
    The same as `torch.nn.functional.logsigmoid`.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import logsigmoid
    >>> logsigmoid(np.array([-1e4, 0.0])).round(4)
    array([-1.000e+04, -6.931e-01])
    """
    xp, dtype, (z,) = _array.as_floats(input=input)
    sign = _array.sign(xp, z)
    finite = z.clip(max=float(xp.finfo(z.dtype).max))  # 0 · inf would be NaN
    log_p = (1 - sign) / 2 * finite - xp.log1p(xp.exp(-sign * z))
    return xp.astype(log_p, dtype, copy=False)


def tanh(input):
    r"""Hyperbolic tangent: a sigmoid that is stretched to lie between −1 and 1.

    .. math:: \tanh z = \frac{e^z - e^{-z}}{e^z + e^{-z}} = 2\,\sigma(2z) - 1

    Parameters
    ----------
    input : array or tensor
        Any real numbers, of any shape.

    Returns
    -------
    array or tensor
        The shape of `input`, between −1 and 1. Exact for small inputs, where the formulas above cancel, and for large
        ones, where their exponentials overflow. In floating point both ends are reached: in float32, from about 9 on.

    Raises
    ------
    TypeError
        If `input` is not an array or tensor of real numbers.

    Notes
    -----
    Source: Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, *Efficient BackProp*, 1998,
    https://doi.org/10.1007/3-540-49430-8_2, for its use in networks. The same as `torch.nn.functional.tanh`.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import tanh
    >>> tanh(np.array([-1e4, 0.0, 1e-20]))
    array([-1.e+00,  0.e+00,  1.e-20])
    """
    xp, dtype, (z,) = _array.as_floats(input=input)
    return xp.astype(xp.tanh(z), dtype, copy=False)


def softmax(input, dim, dtype=None):
    r"""Normalised exponentials: scores become probabilities that sum to 1 along `dim`.

    .. math:: p_c = \frac{e^{z_c}}{\sum_k e^{z_k}}

    Parameters
    ----------
    input : array or tensor
        Scores (logits) of any shape; any real numbers, and −inf for a class that is ruled out.
    dim : int
        The dimension that holds the classes.
    dtype : dtype, optional
        Convert `input` to this floating-point dtype first, and return it.

    Returns
    -------
    array or tensor
        The shape of `input`, between 0 and 1.

    Raises
    ------
    ValueError
        If there is no dimension `dim`.
    TypeError
        If `input` is not an array or tensor of real numbers, `dim` is not an integer, or `dtype` is not floating.

    Notes
    -----
    Source: J. S. Bridle, *Probabilistic interpretation of feedforward classification network outputs*, 1990,
    https://doi.org/10.1007/978-3-642-76153-9_28. The same as `torch.nn.functional.softmax`, but `dim` has to be
    given: PyTorch's guess where it is missing is deprecated.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import softmax
    >>> softmax(np.array([1e4, 1e4, -np.inf]), 0)
    array([0.5, 0.5, 0. ])
    """
    xp, dtype, z = _scores(input, dim, dtype)
    if 0 in z.shape:
        return xp.astype(z, dtype, copy=False)
    exponentials = xp.exp(_shifted(xp, z, dim))
    return xp.astype(exponentials / xp.sum(exponentials, axis=dim, keepdims=True), dtype, copy=False)


def log_softmax(input, dim, dtype=None):
    r"""Logarithm of the softmax, finite where the softmax itself rounds to 0.

    .. math:: \log p_c = z_c - \log\sum_k e^{z_k}

    Parameters
    ----------
    input : array or tensor
        Scores (logits) of any shape; any real numbers, and −inf for a class that is ruled out.
    dim : int
        The dimension that holds the classes.
    dtype : dtype, optional
        Convert `input` to this floating-point dtype first, and return it.

    Returns
    -------
    array or tensor
        The shape of `input`; 0 or less.

    Raises
    ------
    ValueError
        If there is no dimension `dim`.
    TypeError
        If `input` is not an array or tensor of real numbers, `dim` is not an integer, or `dtype` is not floating.

    Notes
    -----
    The same as `torch.nn.functional.log_softmax`, but `dim` has to be given.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import log_softmax
    >>> log_softmax(np.array([0.0, 0.0, -1e4]), 0).round(1)
    array([-7.00000e-01, -7.00000e-01, -1.00007e+04])
    """
    xp, dtype, z = _scores(input, dim, dtype)
    if 0 in z.shape:
        return xp.astype(z, dtype, copy=False)
    shifted = _shifted(xp, z, dim)
    log_sum = xp.log(xp.sum(xp.exp(shifted), axis=dim, keepdims=True))
    return xp.astype(shifted - log_sum, dtype, copy=False)


def _scores(input, dim, dtype):
    """Check `dim` and `dtype`, and promote the scores to the dtype to compute in."""
    xp, result_dtype, (z,) = _array.as_floats(input=input)
    if dtype is not None:
        dtype = xp.empty(0, dtype=dtype).dtype  # here a dtype of another library is a TypeError
        if not xp.isdtype(dtype, "real floating"):
            raise TypeError(f"dtype is {dtype}, expected a floating-point dtype")
        xp, result_dtype, (z,) = _array.as_floats(input=xp.astype(input, dtype))
    _array.check_dim(dim, "the dimension that holds the classes", input=z)
    return xp, result_dtype, z


def _shifted(xp, z, dim):
    """Subtract the largest score: the softmax stays the same, and no exponential can overflow."""
    return z - xp.max(z, axis=dim, keepdims=True)
