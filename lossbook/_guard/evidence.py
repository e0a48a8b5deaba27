"""What a tensor looks like: the tests by which the rules of `guard` tell scores from probabilities.

Nothing here judges; each function states what it tests. All of them read values, so they are for eager mode.
"""

import math

import torch

# Operations that only arrange or select values, and operations whose outputs can be any real number
ARRANGING = """
    Alias Clone Expand Flip Gather Index IndexSelect MaskedSelect Permute Select Slice Split Squeeze T ToCopy Transpose
    Unbind UnsafeView Unsqueeze View
""".split()
LINEAR = "Addmm Baddbmm Bmm Convolution Linear MkldnnConvolution Mm Mv NativeBatchNorm NativeLayerNorm".split()
ACTIVATIONS = {
    **{"Softmax": "softmax", "Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "ReLU"},
    **{"LogSoftmax": "log-softmax", "LogSigmoid": "log-sigmoid"},
}


def extremes(tensor):
    """Return the smallest and the largest value: NaN if there is a NaN or nothing, so that comparisons fail."""
    if tensor.numel() == 0 or tensor.is_complex():
        return math.nan, math.nan
    return tuple(value.item() for value in tensor.aminmax())


def single(tensor):
    """Return half precision as float32, everything else as it is."""
    return tensor.float() if tensor.dtype.itemsize < 4 else tensor


def rounding(tensor):
    """Return how far a sum of probabilities may be from 1 by rounding."""
    return 1e-4 + (torch.finfo(tensor.dtype).eps if tensor.is_floating_point() else 0)


def log_rounding(tensor):
    """Return how far the logarithm of a sum of probabilities may be from 0, given rounded log-probabilities."""
    return 0.01 + 10 * torch.finfo(tensor.dtype).eps


def last_operation(tensor):
    """Name the last operation that autograd recorded, those aside that only arrange values; or return None."""
    node = tensor.grad_fn
    while node is not None:
        name = node.name().split("Backward")[0]
        if name not in ARRANGING:
            return name
        node = node.next_functions[0][0]
    return None


def decided(tensor):
    """Say whether there are zeros and ones and nothing else."""
    return extremes(tensor) == (0, 1) and bool(((tensor == 0) | (tensor == 1)).all())


def sums_to_one(tensor, dim):
    """Say whether nothing is negative, and all sums along `dim` are 1 up to rounding.

    Not so for constants, for zeros and ones, and for a single pair: scores made by hand often look like that.
    """
    low, high = extremes(tensor)
    tolerance, size = rounding(tensor), tensor.shape[dim]
    if not 0 <= low < high or size < 2 or tensor.numel() < 3:
        return False
    if decided(tensor):
        return False
    return bool(((single(tensor).sum(dim) - 1).abs() <= tolerance).all())


def log_sums(tensor, dim):
    """Return the logarithms of the sums of exponentials along `dim`, of the first million values or so."""
    if dim % tensor.ndim:
        tensor = tensor[: max(1, 2**20 // tensor[0].numel())]
    return torch.logsumexp(single(tensor), dim)


def normalised(tensor, log=False):
    """Return the dimensions along which all sums are 1 up to rounding, of the exponentials if `log`."""
    if tensor.numel() == 0:
        return []
    dims = [d for d in range(tensor.ndim) if tensor.shape[d] > 1]
    if log:
        return [d for d in dims if bool((log_sums(tensor, d).abs() <= log_rounding(tensor)).all())]
    return [d for d in dims if bool(((single(tensor).sum(d) - 1).abs() <= rounding(tensor)).all())]


def can_be_normalised(tensor, log=False):
    """Say whether sums along some dimension, of the exponentials if `log`, are at most 1."""
    if log:
        return any(bool((single(tensor).logsumexp(d) <= log_rounding(tensor)).all()) for d in range(tensor.ndim))
    return any(bool((single(tensor).sum(d) <= 1 + rounding(tensor)).all()) for d in range(tensor.ndim))


def squashed(tensor, dim):
    """Name the activation that `tensor` seems to be the output of, with the evidence; or return two empty strings.

    The operation that autograd recorded is a proof, and outputs of a linear layer are never suspected. Otherwise a
    softmax is known by sums along one dimension that are all 1 (`sums_to_one`), a sigmoid by at least 16 values between
    0 and 1, some below and some above one half, and a log-softmax by values of which none is positive and whose
    exponentials sum to 1 along one dimension.
    """
    if tensor.ndim == 0:
        return "", ""
    operation = last_operation(tensor)
    if operation in ACTIVATIONS:
        return ACTIVATIONS[operation], f"is the output of a {ACTIVATIONS[operation]}, as autograd recorded"
    if operation in LINEAR:
        return "", ""
    low, high = extremes(tensor)
    dim = dim % tensor.ndim
    for d in dict.fromkeys([dim, *range(tensor.ndim)]):
        if sums_to_one(tensor, d):
            return "softmax", f"looks like the output of a softmax: all sums along dimension {d} are 1"
    if 0 < low < 0.5 < high <= 1 and tensor.numel() >= 16:
        values = f"all {tensor.numel()} values lie between {low:.3g} and {high:.3g}"
        return "sigmoid", f"looks like the output of a sigmoid: {values}"
    dims = normalised(tensor, log=True) if high <= 0 else []
    if dims:
        sums = f"the exponentials sum to 1 along dimension {dim if dim in dims else dims[0]}"
        return "log-softmax", f"looks like the output of a log-softmax: {sums}"
    return "", ""
