"""Checks that the notebooks make on the page: each is one call, raises on a difference, and says what it compared."""

import numpy as np
import torch


def assert_gradients_agree(loss, gradient, *points, rtol=1e-6):
    """Assert that a gradient derived by hand equals autograd and central differences at every point.

    Parameters
    ----------
    loss : callable
        From a float64 tensor to a scalar tensor.
    gradient : callable
        From the same point as a NumPy array to its gradient, an array of the same shape.
    *points : array_like
        Where to compare, away from kinks.
    rtol : float
        The largest difference allowed, relative to the gradient's largest entry.

    Raises
    ------
    AssertionError
        Naming the point and the two gradients that differ.
    """
    if not points:
        raise ValueError("no point to compare at")
    for point in points:
        point = np.asarray(point, dtype=np.float64)
        by_hand = np.asarray(gradient(point.copy()), dtype=np.float64)
        automatic = _autograd(loss, point)
        numeric = _central_difference(loss, point)
        atol = rtol * max(1.0, np.abs(automatic).max(initial=0.0))
        for name, other in (("autograd", automatic), ("the central difference", numeric)):
            message = f"at {point.tolist()}, the gradient by hand differs from {name}"
            np.testing.assert_allclose(by_hand, other, rtol=0, atol=atol, err_msg=message)
    where = "1 point" if len(points) == 1 else f"{len(points)} points"
    print(f"By hand = autograd = central difference, at {where}.")


def assert_matches_torch(ours, theirs, input, *args, rtol=1e-9, **options):
    """Assert that our function and PyTorch's agree in value and in the gradient with respect to `input`.

    Ours is called with tensors and with NumPy arrays. Floating-point arguments are compared in float64.

    Parameters
    ----------
    ours, theirs : callable
        For instance `lossbook.mse_loss` and `torch.nn.functional.mse_loss`.
    input : tensor
        The argument to differentiate by.
    *args, **options
        Passed on to both; tensors become NumPy arrays where NumPy is tested.
    rtol : float
        The largest relative difference allowed.

    Raises
    ------
    AssertionError
        Naming what differs.
    """
    input, *args = [_double(value) for value in (input, *args)]
    options = {name: _double(value) for name, value in options.items()}
    value, grad = _value_and_gradient(ours, input, args, options)
    expected, expected_grad = _value_and_gradient(theirs, input, args, options)
    numpy_value = ours(_numpy(input), *map(_numpy, args), **{name: _numpy(v) for name, v in options.items()})
    for what, actual, wanted in (
        ("value", value, expected),
        ("NumPy value", numpy_value, expected),
        ("gradient", grad, expected_grad),
    ):
        message = f"{what} differs from {theirs.__name__}"
        np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=1e-12, err_msg=message)
    print(f"lossbook = PyTorch, in value and gradient: {theirs.__name__}{_describe(options)}.")


def _autograd(loss, point):
    x = torch.tensor(point, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(x), x)
    return gradient.numpy()


def _central_difference(loss, point):
    """Fourth-order central difference of each coordinate."""
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        step = 1e-3 * max(1.0, abs(point[index]))
        total = 0.0
        for offset, factor in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            moved = point.copy()
            moved[index] += offset * step
            total += factor * float(loss(torch.tensor(moved)))
        gradient[index] = total / (12 * step)
    return gradient


def _value_and_gradient(function, input, args, options):
    x = input.clone().requires_grad_()
    value = function(x, *args, **options)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach().numpy(), gradient.numpy()


def _double(value):
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _numpy(value):
    return value.numpy() if isinstance(value, torch.Tensor) else value


def _describe(options):
    shown = (f"{name}={'...' if isinstance(value, torch.Tensor) else value}" for name, value in options.items())
    return f" ({', '.join(shown)})" if options else ""
