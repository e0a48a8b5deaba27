"""The steps that every loss shares: which library, which dtype, which shape, how to reduce.

The losses are written once, on the array API standard, and run on NumPy arrays and on PyTorch tensors. Torch is
never imported here unless the caller already holds a tensor.
"""

import math
import sys
from numbers import Integral, Real

import numpy as np

REDUCTIONS = ("mean", "sum", "none")
OPTIONAL = ("weight", "pos_weight")


def namespace(**arrays):
    """Return the array API namespace of the named arrays; an optional one may be None.

    Raises
    ------
    TypeError
        If something is neither a NumPy array nor a tensor, or if both kinds are mixed.
    """
    # A caller who holds a tensor has imported torch; `import lossbook` alone must not.
    torch = sys.modules.get("torch")
    kinds = {}
    for name, array in arrays.items():
        if array is None and name in OPTIONAL:
            continue
        if torch is not None and isinstance(array, torch.Tensor):
            kinds[name] = "PyTorch tensor"
        elif isinstance(array, (np.ndarray, np.generic)) and not isinstance(array, np.ma.MaskedArray):
            kinds[name] = "NumPy array"
        else:
            raise TypeError(
                f"`{name}` has type {type(array).__name__}, expected a NumPy array or a PyTorch tensor; "
                f"convert it with numpy.asarray({name}) or torch.as_tensor({name})"
            )
    if len(set(kinds.values())) > 1:
        seen = ", ".join(f"`{name}` is a {kind}" for name, kind in kinds.items())
        raise TypeError(f"{seen}; pass arrays of one kind, with torch.as_tensor(...) or tensor.numpy()")
    if "PyTorch tensor" in kinds.values():
        import array_api_compat.torch as xp
    else:
        import array_api_compat.numpy as xp
    return xp


def as_floats(**arrays):
    """Promote the named arrays to the dtype to compute in.

    Integers become floating point, so that unsigned ones never wrap around. Half precision is computed in float32.

    Returns
    -------
    xp : module
        The array API namespace.
    result_dtype : dtype
        The dtype to give the result (see `reduce`): what PyTorch would return.
    arrays : list
        The arrays in the order given, None where None was given.
    """
    xp = namespace(**arrays)
    given = {name: array for name, array in arrays.items() if array is not None}
    for name, array in given.items():
        if not xp.isdtype(array.dtype, ("bool", "integral", "real floating")):
            raise TypeError(
                f"`{name}` has dtype {array.dtype}, expected real numbers; convert it first, complex numbers for "
                f"instance with abs({name})"
            )
    floating = [array.dtype for array in given.values() if xp.isdtype(array.dtype, "real floating")]
    result_dtype = xp.result_type(*floating) if floating else xp.asarray(0.0).dtype
    half_precision = xp.finfo(result_dtype).bits < 32
    dtype = xp.float32 if half_precision else result_dtype
    promoted = [None if array is None else xp.astype(array, dtype, copy=False) for array in arrays.values()]
    return xp, result_dtype, promoted


def check_same_shape(**arrays):
    """Refuse to broadcast: raise ValueError unless the named arrays have one shape (None is left out)."""
    shapes = {name: tuple(array.shape) for name, array in arrays.items() if array is not None}
    if len(set(shapes.values())) > 1:
        seen = " and ".join(f"`{name}` {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"shapes differ: {seen}; they are never broadcast against each other, because the mean over all pairs "
            "is another loss; reshape one of them, for instance with .squeeze(-1) or .reshape(...)"
        )


def check_broadcastable(shape, **weights):
    """Raise ValueError unless each weight that is given can be broadcast to `shape`, the shape of the predictions."""
    for name, weight in weights.items():
        if weight is None:
            continue
        given = tuple(weight.shape)
        if len(given) > len(shape) or any(a not in (1, b) for a, b in zip(given[::-1], shape[::-1], strict=False)):
            raise ValueError(
                f"`{name}` has shape {given}, which cannot be broadcast to {tuple(shape)}, the shape of the "
                "predictions; from the last dimension backwards, each of its sizes must be 1 or equal"
            )


def check_values(xp, name, array, wrong, expected):
    """Raise ValueError if the function `wrong` marks a value of the array.

    Write `wrong` so that it is false for NaN: what is not a number is not out of range, and ends up in the loss.
    """
    if values_can_be_checked(array):
        marked = wrong(array)
        if bool(xp.any(marked)):
            raise ValueError(f"`{name}` holds {array[marked][0].item()}, expected {expected}")


def check_shares(xp, name, array, expected):
    """Raise ValueError if a value of the array lies outside [0, 1]."""
    check_values(xp, name, array, lambda share: (share < 0) | (share > 1), expected)


def values_can_be_checked(array):
    """Say whether looking at values is free of side effects: not while torch traces, nor under torch.func."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(array, torch.Tensor):
        return True
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return False
    return not array.is_meta


def reduce(xp, loss, reduction, dtype, *, total_weight=None):
    """Reduce the element-wise `loss` and give it its final `dtype`.

    The mean is the sum over `total_weight`, by default the number of elements; the mean of nothing is NaN.
    """
    if reduction == "none":
        reduced = loss
    elif reduction == "sum":
        reduced = xp.sum(loss)
    else:
        check_reduction(reduction)
        count = _size(loss) if total_weight is None else total_weight
        reduced = _ratio(xp.sum(loss), count)
    return xp.astype(reduced, dtype, copy=False)


def check_reduction(reduction, known=REDUCTIONS):
    """Raise ValueError unless `reduction` is one that the loss knows."""
    if reduction not in known:
        raise ValueError(f"reduction is {reduction!r}, expected one of {', '.join(map(repr, known))}")


def check_number(name, value, is_valid=lambda number: True, expected="a number"):
    """Raise TypeError unless an option is one real number, and ValueError unless `is_valid` holds for it."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}, expected {expected}")
    if not is_valid(value):
        raise ValueError(f"{name} is {value}, expected {expected}")


def check_not_negative(name, value, expected):
    """Raise TypeError or ValueError unless an option is one finite number that is 0 or more."""
    check_number(name, value, lambda number: 0 <= number < math.inf, expected)


def check_flag(name, value):
    """Raise TypeError unless an option is True or False: what is neither is likely meant for another option."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}, expected True or False")


def check_dim(dim, meaning, **array):
    """Raise TypeError or ValueError unless the named array has a dimension `dim`, as PyTorch counts them."""
    if isinstance(dim, bool) or not isinstance(dim, Integral):
        raise TypeError(f"dim is {dim!r}, expected an integer: {meaning}")
    ((name, given),) = array.items()
    ndim = max(given.ndim, 1)
    if not -ndim <= dim < ndim:
        raise ValueError(f"dim is {dim}, but `{name}` has shape {tuple(given.shape)}: expected {-ndim} to {ndim - 1}")


def weight_of_each(xp, index, valid, weight, dtype):
    """Return the weight of each class index, of the given dtype and 1 without weights; 0 where it is not valid."""
    if weight is None:
        return xp.astype(valid, dtype)
    weights = weight[index]
    return xp.where(valid, weights, xp.zeros_like(weights))


def positive_part(xp, array):
    """Return max(0, array) with slope 0 at the kink, as in PyTorch's losses; NaN stays NaN."""
    return xp.where(array <= 0, xp.zeros_like(array), array)


def sign(xp, array):
    """Return +1 or −1 for each element, as a constant; never 0.

    With it |x| is sign · x, whose derivatives of every order are those of one of its sides; the derivative of `abs` at
    0 is 0, which makes second derivatives wrong there. It is faster than `where` as well.
    """
    array = constant(array)
    return xp.copysign(xp.ones_like(array), array)


def ratio_or_0(xp, part, whole):
    """Return part / whole, and 0 where the whole is 0, and with it the part."""
    return part / xp.where(whole == 0, xp.ones_like(whole), whole)


def constant(array):
    """Return the array as a constant, through which no gradient flows."""
    return array if isinstance(array, (np.ndarray, np.generic)) else array.detach()


def _size(array):
    # `size` is a number in NumPy and a method in PyTorch.
    return array.numel() if hasattr(array, "numel") else array.size


def _ratio(total, count):
    """Divide; 0 / 0 is NaN in silence, as in PyTorch, where NumPy would warn."""
    if isinstance(total, (np.ndarray, np.generic)):
        with np.errstate(divide="ignore", invalid="ignore"):
            return total / count
    return total / count
