"""mse_loss and l1_loss, against PyTorch and against what defines them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossbook import l1_loss, mse_loss
from parity import REDUCTIONS, SHAPES, assert_equals_torch, normal, property_test

LOSSES = [pytest.param(mse_loss, F.mse_loss, id="mse_loss"), pytest.param(l1_loss, F.l1_loss, id="l1_loss")]
OURS = [pytest.param(mse_loss, id="mse_loss"), pytest.param(l1_loss, id="l1_loss")]


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


@pytest.mark.parametrize("ours", OURS)
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


@pytest.mark.parametrize("ours", OURS)
def test_unsigned_integers_do_not_wrap(ours):
    small, large = np.array([1], dtype=np.uint8), np.array([3], dtype=np.uint8)
    for pair in ((small, large), (torch.as_tensor(small), torch.as_tensor(large))):
        assert ours(*pair) == ours(*reversed(pair)) == (4 if ours is mse_loss else 2)


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("size", [1e-30, 1e-4, 1e4, 1e18])
def test_extreme_errors_stay_finite(ours, size):
    x = torch.tensor([-size, 0.0, size], requires_grad=True)
    value = ours(x, torch.zeros(3))
    (gradient,) = torch.autograd.grad(value, x)
    assert value.isfinite()
    assert gradient.isfinite().all()


def test_half_precision_is_squared_in_float32():
    x = np.array([300.0, 1.0], dtype=np.float16)  # 300² is beyond float16, and the weighted mean is not
    weight = np.array([0.001, 1.0], dtype=np.float16)
    value = mse_loss(x, np.zeros_like(x), weight=weight)
    assert value.dtype == np.float16
    assert value == pytest.approx(91, rel=0.01)


# --- Properties -------------------------------------------------------------------------------------------------------

numbers = hnp.from_dtype(np.dtype(np.float64), min_value=-1e3, max_value=1e3)
pairs = hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 20)), elements=numbers)
properties = pytest.mark.parametrize("ours", OURS)


@properties
@property_test
@given(pair=pairs, seed=st.integers(0, 99))
def test_the_order_does_not_matter(ours, pair, seed):
    order = np.random.default_rng(seed).permutation(pair.shape[1])
    assert ours(*pair[:, order]) == pytest.approx(ours(*pair))
    assert ours(*pair[::-1]) == ours(*pair)


@properties
@property_test
@given(pair=pairs, shift=st.integers(-100, 100))
def test_only_the_error_matters(ours, pair, shift):
    input, target = np.round(pair)  # so that adding the shift is exact
    assert ours(input + shift, target + shift) == ours(input, target)
    assert ours(input, input) == 0


@properties
@property_test
@given(pair=pairs, factor=st.integers(-8, 8))
def test_scales_as_its_unit(ours, pair, factor):
    power = factor**2 if ours is mse_loss else abs(factor)
    assert ours(*(factor * pair)) == pytest.approx(power * ours(*pair), rel=1e-12, abs=1e-12)


@properties
@property_test
@given(pair=pairs)
def test_mean_sum_and_none_belong_together(ours, pair):
    losses = ours(*pair, reduction="none")
    assert losses.shape == pair[0].shape
    assert (losses >= 0).all()
    assert ours(*pair, reduction="sum") == pytest.approx(losses.sum())
    assert ours(*pair, reduction="mean") == pytest.approx(losses.mean())


@properties
@property_test
@given(pair=pairs, weight=st.floats(0.01, 100))
def test_equal_weights_change_no_mean(ours, pair, weight):
    weights = np.full_like(pair[0], weight)
    assert ours(*pair, weight=weights) == pytest.approx(ours(*pair))
    assert ours(*pair, "sum", weights) == pytest.approx(weight * ours(*pair, "sum"))


@properties
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
