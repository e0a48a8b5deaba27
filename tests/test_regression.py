"""The losses for regression, against PyTorch and against what defines them."""

import inspect
import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossbook import (
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mean_bias_error,
    mse_loss,
    poisson_nll_loss,
    quantile_loss,
    smooth_l1_loss,
)
from parity import REDUCTIONS, SHAPES, assert_equals_torch, normal, property_test, value_and_gradients

LOSSES = [
    pytest.param(mse_loss, F.mse_loss, id="mse_loss"),
    pytest.param(l1_loss, F.l1_loss, id="l1_loss"),
    pytest.param(huber_loss, F.huber_loss, id="huber_loss"),
]
OURS = [pytest.param(ours, id=ours.__name__) for ours in (mse_loss, l1_loss)]
SYMMETRIC = [mse_loss, l1_loss, huber_loss, smooth_l1_loss, log_cosh_loss]
OF_THE_ERROR = [*SYMMETRIC, partial(quantile_loss, quantile=0.8)]
KINDS = pytest.mark.parametrize("asarray", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def names(losses):
    return [getattr(loss, "func", loss).__name__ for loss in losses]


every_symmetric_loss = pytest.mark.parametrize("ours", SYMMETRIC, ids=names(SYMMETRIC))
every_loss_of_the_error = pytest.mark.parametrize("ours", OF_THE_ERROR, ids=names(OF_THE_ERROR))


# --- Against PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("ours", "theirs"), LOSSES)
def test_equals_torch(ours, theirs, reduction, weighted, shape):
    weight = normal(*shape, seed=2).abs() if weighted else None
    pair = {"input": normal(*shape), "target": normal(*shape, seed=1)}
    assert_equals_torch(ours, theirs, **pair, reduction=reduction, weight=weight)


@pytest.mark.parametrize(("ours", "theirs"), LOSSES)
@pytest.mark.parametrize("weight", [[0.0, 0.0], [1.0, -1.0]])
def test_weights_that_sum_to_zero_equal_torch(ours, theirs, weight):
    pair = {"input": normal(2), "target": normal(2, seed=1)}
    assert_equals_torch(ours, theirs, **pair, weight=torch.tensor(weight, dtype=torch.float64))


# Errors of 0, within and on and beyond the thresholds, and far off
ERRORS = torch.tensor([0.0, 0.25, -0.25, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 1e4], dtype=torch.float64)


@pytest.mark.parametrize("threshold", [0.5, 1.0, 2, 1e-3, 1e5, math.inf])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_thresholds_equal_torch(threshold, reduction):
    for input in (ERRORS, 3 * normal(4, 3)):
        pair = {"input": input, "target": torch.zeros_like(input), "reduction": reduction}
        assert_equals_torch(huber_loss, F.huber_loss, **pair, delta=threshold)
        assert_equals_torch(huber_loss, F.huber_loss, **pair, delta=threshold, weight=normal(*input.shape).abs())
        assert_equals_torch(smooth_l1_loss, F.smooth_l1_loss, **pair, beta=threshold)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("beta", [0, 0.0, 0.5, 1.0])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_smooth_l1_loss_equals_torch(reduction, beta, shape):
    pair = {"input": normal(*shape), "target": normal(*shape, seed=1)}
    assert_equals_torch(smooth_l1_loss, F.smooth_l1_loss, **pair, reduction=reduction, beta=beta)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-8, 1e-2])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("log_input", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_poisson_nll_loss_equals_torch(reduction, log_input, full, eps, shape):
    pair = {"input": 2 * normal(*shape), "target": (2 * normal(*shape, seed=1)).exp()}
    if not log_input:
        pair["input"] = pair["input"].exp()
    options = {"log_input": log_input, "full": full, "eps": eps, "reduction": reduction}
    assert_equals_torch(poisson_nll_loss, F.poisson_nll_loss, **pair, **options)


def test_whole_counts_equal_torch():
    for full in (False, True):
        whole = {"target": torch.arange(5), "full": full}
        rates = torch.arange(4, -1, -1, dtype=torch.float64)
        for options in ({"input": normal(5)}, {"input": rates, "log_input": False}):
            # PyTorch takes the logarithm of whole counts in float32.
            assert_equals_torch(poisson_nll_loss, F.poisson_nll_loss, **whole, **options, rtol=1e-6)
            expected = poisson_nll_loss(target=whole["target"].double(), full=full, **options)
            torch.testing.assert_close(poisson_nll_loss(**whole, **options), expected, rtol=1e-14, atol=0)


# Shapes of a variance that PyTorch takes for an input of that shape
VARIANCES = [(shape, shape) for shape in SHAPES]
VARIANCES += [((5,), ()), ((5,), (1,)), ((4, 3), (4,)), ((4, 3), (4, 1)), ((4, 3), (1, 3)), ((3, 3), (3,))]
VARIANCES += [((2, 3, 4), shape) for shape in [(2, 3), (2, 3, 1), (2, 1, 4), (1, 3, 4)]]
VARIANCES += [((0, 3), (0,)), ((0, 3), (0, 1)), ((0, 3), (1, 3)), ((4, 1), (4,)), ((1,), ())]


@pytest.mark.parametrize(("shape", "of_var"), VARIANCES, ids=str)
@pytest.mark.parametrize(("full", "eps"), [(False, 1e-6), (True, 0.5)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_gaussian_nll_loss_equals_torch(reduction, full, eps, shape, of_var):
    arrays = {"input": normal(*shape), "target": normal(*shape, seed=1), "var": normal(*of_var, seed=2).exp()}
    options = {"full": full, "eps": eps, "reduction": reduction}
    assert_equals_torch(gaussian_nll_loss, F.gaussian_nll_loss, **arrays, **options)


@pytest.mark.parametrize("var", [0.0, 1e-9, 0.3, 2.0, math.inf, math.nan, np.float64(2)])
def test_a_variance_that_is_one_number_equals_torch(var):
    pair = {"input": normal(4, 3), "target": normal(4, 3, seed=1)}
    assert_equals_torch(gaussian_nll_loss, F.gaussian_nll_loss, **pair, var=var)


def test_every_kind_of_number_is_a_variance():
    pair = normal(4, 3), normal(4, 3, seed=1)
    for number in (2, np.float32(2), np.int64(2)):
        assert gaussian_nll_loss(*pair, number) == gaussian_nll_loss(*pair, 2.0)
    whole = torch.full((4, 3), 2)
    assert gaussian_nll_loss(*pair, whole) == gaussian_nll_loss(*pair, 2.0)


def test_variances_below_eps_equal_torch_in_value_and_gradient():
    arrays = {"input": normal(5), "target": normal(5, seed=1)}
    var = torch.tensor([0.0, 1e-9, 1e-6, 2e-6, 1.0], dtype=torch.float64)
    assert_equals_torch(gaussian_nll_loss, F.gaussian_nll_loss, **arrays, var=var)
    _, gradients = value_and_gradients(gaussian_nll_loss, **arrays, var=var)
    assert (gradients[2][:2] != 0).all()


# --- Against what defines them ----------------------------------------------------------------------------------------


def test_values_by_hand():
    input, target, weight = np.array([2.0, 5.0]), np.array([1.0, 3.0]), np.array([3.0, 1.0])
    assert mse_loss(input, target, "none").tolist() == [1.0, 4.0]
    assert l1_loss(input, target, "none").tolist() == [1.0, 2.0]
    assert (mse_loss(input, target), mse_loss(input, target, "sum")) == (2.5, 5.0)
    assert (l1_loss(input, target), l1_loss(input, target, "sum")) == (1.5, 3.0)
    assert mse_loss(input, target, weight=weight) == (3 * 1 + 1 * 4) / 4
    assert l1_loss(input, target, weight=weight) == (3 * 1 + 1 * 2) / 4


def test_gradients_by_hand():
    x, y = torch.tensor([2.0, 0.0, 1.0], requires_grad=True), torch.tensor([0.0, 0.0, 4.0])
    assert torch.autograd.grad(mse_loss(x, y, "sum"), x)[0].tolist() == [4.0, 0.0, -6.0]
    assert torch.autograd.grad(l1_loss(x, y, "sum"), x)[0].tolist() == [1.0, 0.0, -1.0]  # 0 at the kink


def test_values_of_the_robust_losses_by_hand():
    input, target = np.array([1.5, -3.0, 5.0]), np.array([1.0, 1.0, 5.0])
    assert huber_loss(input, target, "none", delta=2.0).tolist() == [0.125, 2 * (4 - 1), 0]
    assert huber_loss(input, target, weight=np.array([8.0, 1.0, 2.0]), delta=2.0) == (8 * 0.125 + 6) / 3
    assert smooth_l1_loss(input, target, "none", beta=2.0).tolist() == [0.0625, 3, 0]
    assert quantile_loss(input, target, quantile=0.75, reduction="none").tolist() == [0.125, 3, 0]
    assert mean_bias_error(input, target) == (0.5 - 4 + 0) / 3
    expected = [math.log(math.cosh(0.5)), math.log(math.cosh(4)), 0]
    np.testing.assert_allclose(log_cosh_loss(input, target, reduction="none"), expected, rtol=1e-14)


def test_values_of_the_likelihoods_by_hand():
    assert poisson_nll_loss(np.array(0.0), np.array(3)) == 1
    assert poisson_nll_loss(np.array(2.0), np.array(3), log_input=False) == pytest.approx(2 - 3 * math.log(2))
    stirling = 3 * math.log(3) - 3 + math.log(6 * math.pi) / 2
    assert poisson_nll_loss(np.array(0.0), np.array(3), full=True) == pytest.approx(1 + stirling)
    assert poisson_nll_loss(np.array(0.0), np.array([0.0, 1.0])[0], full=True) == 1
    assert gaussian_nll_loss(np.array(5.0), np.array(1.0), np.array(4.0)) == pytest.approx(math.log(2) + 2)
    assert gaussian_nll_loss(np.array(1.0), np.array(1.0), 1.0, True) == pytest.approx(math.log(2 * math.pi) / 2)


def test_the_likelihoods_are_those_of_the_distributions():
    mean, y, var = normal(20), normal(20, seed=1), normal(20, seed=2).exp()
    expected = -torch.distributions.Normal(mean, var.sqrt()).log_prob(y)
    torch.testing.assert_close(gaussian_nll_loss(mean, y, var, full=True, reduction="none"), expected)
    counts = torch.arange(2.0, 30.0, dtype=torch.float64)
    rates = normal(28).exp()
    excess = -torch.distributions.Poisson(rates).log_prob(counts)
    excess -= poisson_nll_loss(rates, counts, log_input=False, full=True, eps=0, reduction="none")
    assert (0 < excess).all() and (excess < 1 / (12 * counts)).all()  # what Stirling's series leaves out


def test_gradients_of_the_robust_losses_by_hand():
    x, y = torch.tensor([0.5, -4.0, 0.0, 4.0], requires_grad=True), torch.zeros(4)

    def gradient(loss):
        return torch.autograd.grad(loss, x)[0].tolist()

    assert gradient(huber_loss(x, y, "sum", delta=2.0)) == [0.5, -2, 0, 2]
    assert gradient(smooth_l1_loss(x, y, "sum", beta=2.0)) == [0.25, -1, 0, 1]
    assert gradient(quantile_loss(x, y, quantile=0.75, reduction="sum")) == [0.25, -0.75, -0.25, 0.25]  # 1/2 − 3/4
    assert gradient(mean_bias_error(x, y)) == [0.25] * 4
    assert gradient(log_cosh_loss(x, y, reduction="sum")) == pytest.approx([math.tanh(z) for z in (0.5, -4, 0, 4)])


def test_second_derivatives_are_right_at_an_error_of_zero_and_far_off():
    x, y = torch.tensor([0.0, 1e4, -1e4], requires_grad=True), torch.zeros(3)
    for loss, at_zero in (
        (huber_loss(x, y, "sum"), 1),
        (smooth_l1_loss(x, y, "sum", 2.0), 0.5),
        (log_cosh_loss(x, y, reduction="sum"), 1),
    ):
        (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
        assert torch.autograd.grad(gradient.sum(), x)[0].tolist() == [at_zero, 0, 0]


def test_our_own_losses_take_options_by_keyword_only():
    for ours, options in (
        (log_cosh_loss, {"reduction": "mean"}),
        (quantile_loss, {"quantile": inspect.Parameter.empty, "reduction": "mean"}),
        (mean_bias_error, {}),
    ):
        parameters = inspect.signature(ours).parameters.values()
        assert {p.name: p.default for p in parameters if p.kind == p.KEYWORD_ONLY} == options
        assert sum(p.kind == p.POSITIONAL_OR_KEYWORD for p in parameters) == 2


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ours", [*OURS, huber_loss])
@pytest.mark.parametrize(
    ("shapes", "named"),
    [
        ([(4,), (4, 1)], "`input` (4,) and `target` (4, 1)"),
        ([(4, 3), (3,)], "`input` (4, 3) and `target` (3,)"),
        ([(4,), ()], "`input` (4,) and `target` ()"),
        ([(4,), (4,), (1,)], "`input` (4,) and `target` (4,) and `weight` (1,)"),
    ],
)
@pytest.mark.parametrize("zeros", [np.zeros, torch.zeros], ids=["numpy", "torch"])
def test_never_broadcasts(ours, shapes, named, zeros):
    input, target, *weight = map(zeros, shapes)
    with pytest.raises(ValueError, match="never broadcast") as error:
        ours(input, target, weight=weight[0] if weight else None)
    assert named in str(error.value)
    assert "reshape one of them, for instance with .squeeze(-1)" in str(error.value)


@pytest.mark.parametrize(
    ("ours", "first"),
    [
        *[(loss, "input") for loss in (smooth_l1_loss, log_cosh_loss, poisson_nll_loss)],
        (partial(gaussian_nll_loss, var=1.0), "input"),
        (partial(quantile_loss, quantile=0.5), "prediction"),
        (mean_bias_error, "prediction"),
    ],
)
@KINDS
def test_no_loss_broadcasts(ours, first, asarray):
    for shapes in ([(4,), (4, 1)], [(4, 1), (4,)], [(4, 3), (3,)], [(4,), ()]):
        with pytest.raises(ValueError, match="never broadcast") as error:
            ours(*(asarray(np.ones(shape)) for shape in shapes))
        assert f"`{first}` {shapes[0]} and `target` {shapes[1]}" in str(error.value)


SHARE = "a number between 0 and 1, both excluded: the share of targets that lie below their predictions"
SMALL = "a small number, 0 or more, such as 1e-6"


@pytest.mark.parametrize(
    ("ours", "option", "wrong", "expected"),
    [
        (huber_loss, "delta", [0, 0.0, -1.0, -math.inf, math.nan], "a positive number: where the loss becomes linear"),
        (smooth_l1_loss, "beta", [-1e-9, -1, math.nan], "0 or more: the error at which the parabola ends"),
        (quantile_loss, "quantile", [0, 1, 0.0, 1.0, -0.1, 90, math.nan], SHARE),
        (poisson_nll_loss, "eps", [-1e-8, math.nan, math.inf], SMALL),
        (partial(gaussian_nll_loss, var=1.0), "eps", [-1e-6, math.nan, math.inf], SMALL),
    ],
    ids=["huber_loss", "smooth_l1_loss", "quantile_loss", "poisson_nll_loss", "gaussian_nll_loss"],
)
@KINDS
def test_options_out_of_range(ours, option, wrong, expected, asarray):
    pair = asarray(np.ones(3)), asarray(np.ones(3))
    for value in wrong:
        with pytest.raises(ValueError) as error:
            ours(*pair, **{option: value})
        assert str(error.value) == f"{option} is {value}, expected {expected}"
    for value in ("1", None, [0.5], torch.tensor(0.5), np.array(0.5)):
        with pytest.raises(TypeError) as error:
            ours(*pair, **{option: value})
        assert str(error.value) == f"{option} is {value!r}, expected {expected}"


def test_options_may_be_any_kind_of_number():
    for pair in ((ERRORS, 0 * ERRORS), (ERRORS.numpy(), 0 * ERRORS.numpy())):
        for one in (1, np.float32(1), np.float64(1), np.int64(1)):
            assert huber_loss(*pair, delta=one) == huber_loss(*pair)
            assert smooth_l1_loss(*pair, beta=one) == smooth_l1_loss(*pair)


@pytest.mark.parametrize("option", ["log_input", "full"])
@pytest.mark.parametrize("wrong", ["mean", "sum", None, 1, 0.0], ids=repr)
def test_flags_are_true_or_false(option, wrong):
    pair = normal(3).abs(), normal(3).abs()
    with pytest.raises(TypeError, match=f"{option} is {wrong!r}, expected True or False"):
        poisson_nll_loss(*pair, **{option: wrong})
    with pytest.raises(TypeError, match=f"full is {wrong!r}, expected True or False"):
        gaussian_nll_loss(*pair, 1.0, wrong)
    assert poisson_nll_loss(*pair, np.False_, np.False_) == poisson_nll_loss(*pair, False)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda a, wrong: poisson_nll_loss(a, wrong), "`target` holds -0.5, expected counts, which are 0 or more"),
        (
            lambda a, wrong: poisson_nll_loss(wrong, a, log_input=False),
            "`input` holds -0.5, expected 0 or more: rates, since log_input=False; for the logarithm of a rate leave",
        ),
        (lambda a, wrong: gaussian_nll_loss(a, a, wrong), "`var` holds -0.5, expected 0 or more: variances; give the"),
    ],
    ids=["counts", "rates", "variances"],
)
@KINDS
def test_negative_values_are_refused_and_nan_is_not(call, expected, asarray):
    for shape in ((), (3,), (2, 3)):
        ones, negative = np.ones(shape), np.ones(shape)
        negative[(0,) * len(shape)] = -0.5
        with pytest.raises(ValueError) as error:
            call(asarray(ones), asarray(negative))
        assert expected in str(error.value)
        nan = call(asarray(ones), asarray(np.where(negative < 0, np.nan, negative)))
        assert math.isnan(nan)


def test_a_variance_that_is_one_negative_number_is_refused():
    with pytest.raises(ValueError, match="`var` holds -0.5, expected 0 or more: variances; give the square"):
        gaussian_nll_loss(np.ones(3), np.ones(3), -0.5)


@KINDS
def test_without_eps_zeros_are_refused(asarray):
    zeros, ones = asarray(np.zeros(3)), asarray(np.ones(3))
    with pytest.raises(ValueError, match="`input` holds 0.0, expected more than 0, since eps is 0: rates, since log_"):
        poisson_nll_loss(zeros, ones, log_input=False, eps=0)
    with pytest.raises(ValueError, match="`var` holds 0.0, expected more than 0, since eps is 0: variances; give the"):
        gaussian_nll_loss(ones, ones, zeros, eps=0.0)
    assert poisson_nll_loss(zeros, ones, eps=0) == 1
    assert poisson_nll_loss(ones, ones, log_input=False, eps=0) == 1
    assert gaussian_nll_loss(ones, ones, ones, eps=0) == 0


@pytest.mark.parametrize(
    ("shape", "of_var"),
    [((4, 3), shape) for shape in [(3,), (1,), (), (4, 3, 1), (1, 1), (3, 4), (4, 2), (1, 2), (1, 0), (2,)]]
    + [((), (1,)), ((5,), (4,)), ((5,), (5, 1)), ((0, 3), (1, 1)), ((0, 3), (2, 3)), ((2, 3, 4), (2, 1, 1))],
    ids=str,
)
@KINDS
def test_variances_of_a_shape_that_does_not_fit(shape, of_var, asarray):
    x, var = asarray(np.ones(shape)), asarray(np.ones(of_var))
    with pytest.raises(ValueError) as error:
        gaussian_nll_loss(x, x, var)
    assert f"`var` has shape {of_var}, expected variances for `input` {shape}: that shape" in str(error.value)
    assert f"{shape[:-1]} without the last dimension, or one number for all" in str(error.value)


def test_a_variance_is_no_bool():
    with pytest.raises(TypeError, match="`var` has type bool, expected a NumPy array or a PyTorch tensor"):
        gaussian_nll_loss(np.ones(3), np.ones(3), True)


# --- Extremes and dtypes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "expected"),
    [(mse_loss, 4), (l1_loss, 2), (huber_loss, 1.5), (smooth_l1_loss, 1.5), (log_cosh_loss, math.log(math.cosh(2)))],
    ids=names(SYMMETRIC),
)
def test_unsigned_integers_do_not_wrap(ours, expected):
    small, large = np.array([1], dtype=np.uint8), np.array([3], dtype=np.uint8)
    for pair in ((small, large), (torch.as_tensor(small), torch.as_tensor(large))):
        assert ours(*pair) == ours(*reversed(pair)) == pytest.approx(expected)
        assert mean_bias_error(*pair) == -mean_bias_error(*reversed(pair)) == -2


@every_loss_of_the_error
@pytest.mark.parametrize("size", [1e-30, 1e-4, 1e4, 1e18])
def test_extreme_errors_stay_finite(ours, size):
    x = torch.tensor([-size, 0.0, size], requires_grad=True)
    value = ours(x, torch.zeros(3))
    (gradient,) = torch.autograd.grad(value, x)
    assert value.isfinite()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("size", [1e-200, 1e-9, 0.1, 0.999, 1.0, 1.001, 30.0, 1e4, 1e308, math.inf])
def test_log_cosh_is_exact_near_0_and_far_off(size):
    expected = math.log1p(2 * math.sinh(size / 2) ** 2) if size < 100 else size - math.log(2)
    for error in (np.array(size), np.array(-size)):
        value = log_cosh_loss(error, np.zeros_like(error))
        assert value == pytest.approx(expected, rel=1e-14)
        x = torch.tensor(float(error), dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(log_cosh_loss(x, torch.zeros_like(x)), x)
        assert gradient == pytest.approx(math.tanh(error), rel=1e-13)


def test_an_infinite_error_has_a_finite_gradient():
    x = torch.tensor([math.inf, -math.inf], requires_grad=True)
    for ours in (huber_loss, smooth_l1_loss, log_cosh_loss, l1_loss):
        (gradient,) = torch.autograd.grad(ours(x, torch.zeros(2), reduction="sum"), x)
        assert gradient.tolist() == [1, -1]


def test_a_tiny_threshold_does_not_underflow():
    x = torch.tensor([1e-10, 1e-3], requires_grad=True)
    value = smooth_l1_loss(x, torch.zeros(2), "none", 1e-30)
    torch.testing.assert_close(value, x)
    assert torch.autograd.grad(value.sum(), x)[0].tolist() == [1, 1]


def test_extreme_likelihoods_stay_finite():
    for shift in (-1e4, -100.0, 80.0):
        x, y = torch.tensor([shift], requires_grad=True), torch.tensor([3.0])
        assert_equals_torch(poisson_nll_loss, F.poisson_nll_loss, input=x.detach(), target=y, rtol=1e-6)
        value, gradients = value_and_gradients(poisson_nll_loss, input=x.detach(), target=y, full=True)
        assert all(number.isfinite().all() for number in (value, *gradients))
    far, none = torch.tensor([1e4, -1e4]), torch.zeros(2)
    for var in (torch.zeros(2), torch.ones(2), torch.full((2,), 1e30)):
        value, gradients = value_and_gradients(gaussian_nll_loss, input=far, target=none, var=var)
        assert all(number.isfinite().all() for number in (value, *gradients))


def test_a_count_of_zero_has_a_finite_gradient():
    counts = torch.tensor([0.0, 1.0, 2.0])
    _, (_, gradient) = value_and_gradients(poisson_nll_loss, input=torch.zeros(3), target=counts, full=True)
    assert gradient[:2].tolist() == [0, 0]
    assert gradient[2] * 3 == pytest.approx(math.log(2) + 1 / 4)
    _, theirs = value_and_gradients(F.poisson_nll_loss, input=torch.zeros(3), target=counts, full=True)
    assert theirs[1].isnan()[0]


def test_half_precision_likelihoods_are_computed_in_float32():
    far = torch.tensor([300.0], dtype=torch.float16)  # 300² and the inverse of the variance are beyond float16
    value = gaussian_nll_loss(far, 0 * far, torch.tensor([4.0], dtype=torch.float16))
    assert value.item() == pytest.approx(300**2 / 8 + math.log(2), rel=1e-3)
    tiny = torch.tensor([1e-7], dtype=torch.float16)
    assert gaussian_nll_loss(tiny, tiny, 0 * tiny).item() == pytest.approx(math.log(1e-6) / 2, rel=1e-3)


@pytest.fixture
def compiled():
    """Return torch.compile without graph breaks, and forget what it compiled afterwards."""
    yield lambda f: torch.compile(f, fullgraph=True, backend="aot_eager")
    torch.compiler.reset()


@pytest.mark.parametrize(
    ("ours", "option"),
    [(huber_loss, "delta"), (smooth_l1_loss, "beta"), (quantile_loss, "quantile"), (poisson_nll_loss, "eps")]
    + [(gaussian_nll_loss, "eps"), (gaussian_nll_loss, "var")],
)
def test_compiles_with_one_option_after_another(ours, option, compiled):
    arrays = (normal(4, 3), normal(4, 3).abs())
    arrays += (normal(4, 3).abs(),) if (ours, option) == (gaussian_nll_loss, "eps") else ()
    options = {"log_input": False} if ours is poisson_nll_loss else {}
    arrays = (arrays[0].abs(), *arrays[1:])
    of_compiled = compiled(ours)
    for value in (0.5, 0.25, 0.75):  # from the second value on, the compiler takes it for a variable
        expected = ours(*arrays, **options, **{option: value})
        torch.testing.assert_close(of_compiled(*arrays, **options, **{option: value}), expected)


def test_half_precision_is_squared_in_float32():
    x = np.array([300.0, 1.0], dtype=np.float16)  # 300² is beyond float16, and the weighted mean is not
    weight = np.array([0.001, 1.0], dtype=np.float16)
    value = mse_loss(x, np.zeros_like(x), weight=weight)
    assert value.dtype == np.float16
    assert value == pytest.approx(91, rel=0.01)


# --- Properties -------------------------------------------------------------------------------------------------------

numbers = hnp.from_dtype(np.dtype(np.float64), min_value=-1e3, max_value=1e3)
pairs = hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 20)), elements=numbers)
counts = hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(0, 50))


@every_symmetric_loss
@property_test
@given(pair=pairs, seed=st.integers(0, 99))
def test_the_order_does_not_matter(ours, pair, seed):
    order = np.random.default_rng(seed).permutation(pair.shape[1])
    assert ours(*pair[:, order]) == pytest.approx(ours(*pair))
    assert ours(*pair[::-1]) == ours(*pair)


@every_loss_of_the_error
@property_test
@given(pair=pairs, shift=st.integers(-100, 100))
def test_only_the_error_matters(ours, pair, shift):
    input, target = np.round(pair)  # so that adding the shift is exact
    assert ours(input + shift, target + shift) == ours(input, target)
    assert ours(input, input) == 0


SCALED = [
    *OURS,
    pytest.param(partial(quantile_loss, quantile=0.8), id="quantile_loss"),
    pytest.param(mean_bias_error, id="mean_bias_error"),
]


@pytest.mark.parametrize("ours", SCALED)
@property_test
@given(pair=pairs, factor=st.integers(0, 8))
def test_scales_as_its_unit(ours, pair, factor):
    power = factor**2 if ours is mse_loss else factor
    assert ours(*(factor * pair)) == pytest.approx(power * ours(*pair), rel=1e-12, abs=1e-12)


@every_loss_of_the_error
@property_test
@given(pair=pairs)
def test_mean_sum_and_none_belong_together(ours, pair):
    losses = ours(*pair, reduction="none")
    assert losses.shape == pair[0].shape
    assert (losses >= 0).all()
    assert ours(*pair, reduction="sum") == pytest.approx(losses.sum())
    assert ours(*pair, reduction="mean") == pytest.approx(losses.mean())


@pytest.mark.parametrize("ours", [*OURS, huber_loss])
@property_test
@given(pair=pairs, weight=st.floats(0.01, 100))
def test_equal_weights_change_no_mean(ours, pair, weight):
    weights = np.full_like(pair[0], weight)
    in_the_mean = weight if ours is huber_loss else 1  # as in PyTorch, it divides by the number of elements
    assert ours(*pair, weight=weights) == pytest.approx(in_the_mean * ours(*pair))
    assert ours(*pair, reduction="sum", weight=weights) == pytest.approx(weight * ours(*pair, "sum"))


@pytest.mark.parametrize("ours", OURS)
@property_test
@given(pair=pairs, data=st.data())
def test_a_weight_counts_how_often(ours, pair, data):
    times = data.draw(hnp.arrays(np.int64, pair.shape[1], elements=st.integers(0, 3)).filter(np.any))
    assert ours(*pair, weight=times) == pytest.approx(ours(*np.repeat(pair, times, axis=1)))


@property_test
@given(pair=pairs)
def test_mean_and_median_minimise(pair):
    targets = pair[1]
    for ours, best in ((mse_loss, targets.mean()), (l1_loss, np.median(targets))):
        lowest = ours(np.full_like(targets, best), targets)
        for other in pair[0]:
            assert ours(np.full_like(targets, other), targets) >= lowest - 1e-9


@property_test
@given(pair=pairs, quantile=st.floats(0.01, 0.99))
def test_the_quantile_minimises(pair, quantile):
    targets = pair[1]
    ours = partial(quantile_loss, quantile=quantile)
    lowest = ours(np.full_like(targets, np.quantile(targets, quantile, method="inverted_cdf")), targets)
    for other in pair[0]:
        assert ours(np.full_like(targets, other), targets) >= lowest - 1e-9


@property_test
@given(pair=pairs, quantile=st.floats(0.01, 0.99))
def test_the_quantile_loss_weighs_the_absolute_error_by_its_sign(pair, quantile):
    losses = quantile_loss(*pair, quantile=quantile, reduction="none")
    share = np.where(pair[0] < pair[1], quantile, 1 - quantile)
    np.testing.assert_allclose(losses, share * l1_loss(*pair, "none"), rtol=1e-12)
    np.testing.assert_allclose(losses, quantile_loss(*pair[::-1], quantile=1 - quantile, reduction="none"), rtol=1e-9)
    assert quantile_loss(*pair, quantile=0.5) == pytest.approx(l1_loss(*pair) / 2)


@property_test
@given(pair=pairs, threshold=st.floats(0.01, 100))
def test_huber_lies_between_squared_and_absolute_error(pair, threshold):
    losses = huber_loss(*pair, "none", threshold)
    size = np.abs(pair[0] - pair[1])
    expected = np.where(size <= threshold, size**2 / 2, threshold * (size - threshold / 2))
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    np.testing.assert_allclose(smooth_l1_loss(*pair, "none", threshold), losses / threshold, rtol=1e-12)
    assert (losses <= mse_loss(*pair, "none") / 2 * (1 + 1e-12)).all()
    assert (losses <= threshold * l1_loss(*pair, "none") * (1 + 1e-12)).all()


@property_test
@given(pair=pairs)
def test_log_cosh_by_definition(pair):
    size = np.abs(pair[0] - pair[1])
    losses = log_cosh_loss(*pair, reduction="none")
    near = size < 300
    np.testing.assert_allclose(losses[near], np.log(np.cosh(size[near])), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(losses[~near], size[~near] - np.log(2), rtol=1e-12)


@property_test
@given(pair=pairs)
def test_the_mean_bias_error_is_a_difference_of_means(pair):
    assert mean_bias_error(*pair) == pytest.approx(pair[0].mean() - pair[1].mean(), abs=1e-9)
    assert mean_bias_error(*pair[::-1]) == -mean_bias_error(*pair)
    assert abs(mean_bias_error(*pair)) <= l1_loss(*pair)


@property_test
@given(counts=counts, others=st.lists(st.floats(0.1, 60), min_size=1, max_size=5))
def test_the_mean_count_minimises(counts, others):
    def ours(rate):
        return poisson_nll_loss(np.full(counts.shape, rate), counts, log_input=False)

    for other in others:
        assert ours(other) >= ours(counts.mean()) - 1e-6
        of_logarithms = poisson_nll_loss(np.full(counts.shape, np.log(other)), counts)
        assert of_logarithms == pytest.approx(ours(other), rel=1e-6, abs=1e-6)


@property_test
@given(pair=pairs, full=st.booleans())
def test_the_mean_squared_error_is_the_variance_that_minimises(pair, full):
    best = mse_loss(*pair) + 1e-3
    lowest = gaussian_nll_loss(*pair, best - 1e-3, full)
    for factor in (0.5, 0.9, 1.1, 2.0):
        assert gaussian_nll_loss(*pair, factor * best, full) >= lowest - 1e-9
    constant = np.log(2 * np.pi) / 2 if full else 0
    assert gaussian_nll_loss(*pair, 1.0, full) == pytest.approx(mse_loss(*pair) / 2 + constant)


@property_test
@given(pair=pairs, seed=st.integers(0, 99))
def test_a_common_variance_is_one_for_each_element(pair, seed):
    x, y = (np.tile(values, (3, 1)) for values in pair)
    var = np.random.default_rng(seed).uniform(0.1, 10, 3)
    expected = gaussian_nll_loss(x, y, np.broadcast_to(var[:, None], x.shape))
    assert gaussian_nll_loss(x, y, var) == gaussian_nll_loss(x, y, var[:, None]) == expected
    assert gaussian_nll_loss(x.T, y.T, var[None]) == pytest.approx(expected)
