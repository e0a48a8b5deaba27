"""What the tests of the package share: inputs, property tests, and one comparison with PyTorch."""

import numpy as np
import torch
from hypothesis import settings

# The same examples on every run: a red test stays red.
property_test = settings(max_examples=40, deadline=None, derandomize=True, database=None)

REDUCTIONS = ("mean", "sum", "none")
WEIGHTS = ("weight", "pos_weight")  # arguments that PyTorch does not always differentiate
SHAPES = ((), (0,), (5,), (4, 3), (2, 3, 4), (0, 3))


def normal(*shape, seed=0):
    """Return the same normal random numbers each time, in float64."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def is_floating(value):
    """Say whether something is a tensor of real floating-point numbers."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def as_arrays(arguments):
    """Turn the tensors among named arguments into NumPy arrays."""
    return {name: value.numpy() if isinstance(value, torch.Tensor) else value for name, value in arguments.items()}


def value_and_gradients(function, **arguments):
    """Return the value, and the gradients of its sum by every floating-point tensor that is not a weight."""
    leaves = {
        name: value.clone().requires_grad_()
        for name, value in arguments.items()
        if is_floating(value) and name not in WEIGHTS
    }
    value = function(**arguments | leaves)
    return value.detach(), torch.autograd.grad(value.sum(), list(leaves.values()))


def assert_equals_torch(ours, theirs, rtol=1e-11, **arguments):
    """Assert that ours and PyTorch's agree: in dtype, shape, value and gradients, and in value for NumPy as well."""
    value, gradients = value_and_gradients(ours, **arguments)
    expected, expected_gradients = value_and_gradients(theirs, **arguments)
    tolerance = {"rtol": rtol, "atol": rtol, "equal_nan": True}
    torch.testing.assert_close(value, expected, **tolerance)
    torch.testing.assert_close(gradients, expected_gradients, **tolerance)
    of_arrays = torch.as_tensor(np.asarray(ours(**as_arrays(arguments))))
    torch.testing.assert_close(of_arrays, expected, **tolerance)
