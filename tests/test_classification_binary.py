"""Losses of a yes or no: against PyTorch, torchvision's formula and scikit-learn, and against what defines them."""

import inspect
import math

import numpy as np
import pytest
import sklearn.metrics
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossbook import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    sigmoid,
    sigmoid_focal_loss,
    squared_hinge_loss,
)
from parity import REDUCTIONS, SHAPES, assert_equals_torch, normal, property_test, value_and_gradients

BOTH = [
    pytest.param(binary_cross_entropy, F.binary_cross_entropy, id="probabilities"),
    pytest.param(binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits, id="scores"),
]
every_loss = pytest.mark.parametrize(
    "loss",
    [binary_cross_entropy, binary_cross_entropy_with_logits, sigmoid_focal_loss, hinge_loss, squared_hinge_loss],
    ids=lambda loss: loss.__name__,
)
KINDS = pytest.mark.parametrize("asarray", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def shares(*shape, seed=1):
    return torch.sigmoid(normal(*shape, seed=seed))


def labels(*shape, seed=1):
    return (normal(*shape, seed=seed) > 0).to(torch.float64)


# --- Against PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("targets", [shares, labels])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("ours", "theirs"), BOTH)
def test_equals_torch(ours, theirs, shape, targets, reduction):
    input = shares(*shape, seed=0) if ours is binary_cross_entropy else 5 * normal(*shape)
    assert_equals_torch(ours, theirs, input=input, target=targets(*shape), reduction=reduction)


WEIGHT_SHAPES = [(), (1,), (3,), (4, 1), (1, 3), (4, 3)]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("of_weight", WEIGHT_SHAPES, ids=str)
@pytest.mark.parametrize(("ours", "theirs"), BOTH)
def test_weights_are_broadcast_as_in_torch(ours, theirs, of_weight, reduction):
    call = {"input": shares(4, 3, seed=0), "target": shares(4, 3), "weight": normal(*of_weight, seed=2)}
    assert_equals_torch(ours, theirs, **call, reduction=reduction)


@pytest.mark.parametrize("weight", [None, normal(4, 1, seed=3)], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("of_weight", WEIGHT_SHAPES, ids=str)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_pos_weights_are_broadcast_as_in_torch(reduction, of_weight, weight):
    call = {"input": normal(4, 3), "target": shares(4, 3), "pos_weight": normal(*of_weight, seed=2).abs()}
    call |= {"weight": weight, "reduction": reduction}
    assert_equals_torch(binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits, **call)


def test_values_by_hand():
    p, y = np.array([0.9, 0.2]), np.array([1, 0])
    losses = -np.log([0.9, 0.8])
    z = np.log(p / (1 - p))
    for loss, input in ((binary_cross_entropy, p), (binary_cross_entropy_with_logits, z)):
        np.testing.assert_allclose(loss(input, y, reduction="none"), losses)
        # Weights do not divide the mean
        assert loss(input, y, np.array([3.0, 1.0])) == pytest.approx((3 * losses[0] + losses[1]) / 2)
        assert loss(input, np.array([0.25, 0.5]), reduction="sum") == pytest.approx(
            -(0.25 * np.log(0.9) + 0.75 * np.log(0.1) + 0.5 * np.log(0.2) + 0.5 * np.log(0.8))
        )
    weighted = binary_cross_entropy_with_logits(z, y, None, "none", np.array(5.0))
    np.testing.assert_allclose(weighted, [5 * losses[0], losses[1]])


@pytest.mark.parametrize("pos_weight", [None, 3.0])
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_derivatives_at_a_score_of_exactly_0(y, pos_weight):
    z = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    w = 1.0 if pos_weight is None else pos_weight
    weight = None if pos_weight is None else torch.tensor(w, dtype=torch.float64)
    loss = binary_cross_entropy_with_logits(z, torch.full_like(z, y), pos_weight=weight)
    (slope,) = torch.autograd.grad(loss, z, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, z)
    assert slope.item() == pytest.approx((1 - y) / 2 - w * y / 2)
    assert curvature.item() == pytest.approx((w * y + 1 - y) / 4)


# --- Extremes ---------------------------------------------------------------------------------------------------------

EXTREMES = [0.0, 1.0, 17.0, 87.0, 89.0, 104.0, 1e3, 1e4]


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("pos_weight", [None, torch.tensor(3.0)])
def test_extreme_scores_equal_torch(pos_weight, sign, y):
    z = sign * torch.tensor(EXTREMES)
    call = {"input": z, "target": torch.full_like(z, y), "pos_weight": pos_weight, "reduction": "none"}
    assert_equals_torch(binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits, **call, rtol=2e-6)


def test_small_losses_are_exact():
    z, no = torch.tensor([-30.0], requires_grad=True), torch.zeros(1)
    assert F.binary_cross_entropy_with_logits(z, no) == 0
    for score, label in ((z, no), (-z, 1 - no)):
        loss = binary_cross_entropy_with_logits(score, label)
        assert loss.item() == pytest.approx(math.exp(-30), rel=1e-6)
        assert abs(torch.autograd.grad(loss, z)[0]).item() == pytest.approx(math.exp(-30), rel=1e-6)


NEAR_0 = [0.0, 1e-45, 1e-40, 1e-20, 1e-13, 9e-13, 2e-12, 1e-8, 0.01]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_probabilities_at_the_edge_equal_torch(mirrored, y, dtype):
    p = torch.tensor(NEAR_0, dtype=dtype)
    call = {"input": 1 - p if mirrored else p, "target": torch.full_like(p, y), "reduction": "none"}
    value, (slope, slope_by_target) = value_and_gradients(binary_cross_entropy, **call)
    expected, (torch_slope, torch_slope_by_target) = value_and_gradients(F.binary_cross_entropy, **call)
    close = {"rtol": 1e-6 if dtype == torch.float32 else 1e-8, "atol": 1e-7}  # PyTorch's 1e-12 is of float32
    torch.testing.assert_close(value, expected, **close)
    torch.testing.assert_close(slope, torch_slope, **close)
    torch.testing.assert_close(slope_by_target, torch_slope_by_target.clamp(-100, 100), **close)
    of_arrays = binary_cross_entropy(call["input"].numpy(), call["target"].numpy(), reduction="none")
    np.testing.assert_allclose(of_arrays, value, rtol=1e-6, atol=1e-7)


def test_derivatives_at_the_edge_by_hand():
    p, y = torch.tensor([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]], requires_grad=True)
    losses = binary_cross_entropy(p, y, reduction="none")
    assert losses.tolist() == [100, 100, 0, 0]
    slope, slope_by_target = torch.autograd.grad(losses.sum(), (p, y), create_graph=True)
    assert slope.tolist() == pytest.approx([-1e12, 1e12, 0, 0])
    assert slope_by_target.tolist() == [100, -100, 100, -100]
    (mixed,) = torch.autograd.grad(slope.sum(), y)
    assert mixed.tolist() == pytest.approx([-1e12] * 4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("gamma", [0, 0.01, 0.5, 0.99, 1, 1.5, 2, 5])
def test_extreme_scores_have_a_finite_focal_loss(gamma, y, dtype):
    z = torch.tensor([sign * size for size in EXTREMES for sign in (-1, 1)], dtype=dtype)
    call = {"inputs": z, "targets": torch.full_like(z, y), "gamma": gamma, "reduction": "none"}
    losses, gradients = value_and_gradients(sigmoid_focal_loss, **call)
    assert losses.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (losses >= 0).all()
    wrong = z < 0 if y == 1 else z > 0
    assert (losses[wrong & (abs(z) > 50)] > 0).all() or y == 0.5


def test_half_precision_of_a_hinge_is_squared_in_float32():
    z = torch.ones(100, dtype=torch.float16)
    z[0] = -299  # 300² is beyond float16, and its share of the mean is not
    assert squared_hinge_loss(z, torch.ones_like(z)) == 900


# --- Focal loss and hinge ---------------------------------------------------------------------------------------------


def torchvision_focal_loss(inputs, targets, alpha, gamma, reduction):
    """Compute the formula of torchvision.ops.sigmoid_focal_loss, which is not installed here."""
    p = torch.sigmoid(inputs)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    loss = loss * (1 - (p * targets + (1 - p) * (1 - targets))) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("targets", [shares, labels])
@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2, 3.7])
@pytest.mark.parametrize("alpha", [-1, 0, 0.25, 1])
def test_focal_loss_equals_torchvision_s_formula(alpha, gamma, targets, reduction):
    call = {"inputs": 2 * normal(4, 3), "targets": targets(4, 3), "alpha": alpha, "gamma": gamma}
    assert_equals_torch(sigmoid_focal_loss, torchvision_focal_loss, rtol=1e-9, **call, reduction=reduction)


@pytest.mark.parametrize("targets", [shares, labels])
@pytest.mark.parametrize("shape", SHAPES)
def test_focal_loss_without_alpha_and_gamma_is_binary_cross_entropy(shape, targets):
    z, y = normal(*shape), targets(*shape)
    for reduction in REDUCTIONS:
        actual = sigmoid_focal_loss(z, y, -1, 0, reduction)
        expected = binary_cross_entropy_with_logits(z, y, reduction=reduction)
        torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


def test_focal_loss_by_hand():
    z, y = np.log([9.0, 9.0]), np.array([1, 0])  # the probability of yes is 0.9
    losses = sigmoid_focal_loss(z, y, reduction="none")
    np.testing.assert_allclose(losses, [0.25 * 0.1**2 * -np.log(0.9), 0.75 * 0.9**2 * -np.log(0.1)])
    # torchvision's signature, but for the default reduction
    assert str(inspect.signature(sigmoid_focal_loss)) == "(inputs, targets, alpha=0.25, gamma=2, reduction='mean')"


def test_hinge_by_hand():
    z, y = torch.tensor([2.0, 1.0, 0.5, -1.0, 0.5], requires_grad=True), torch.tensor([1, 1, 1, 1, -1])
    assert hinge_loss(z, y, reduction="none").tolist() == [0, 0, 0.5, 2, 1.5]
    assert squared_hinge_loss(z, y, reduction="none").tolist() == [0, 0, 0.25, 4, 2.25]
    assert torch.autograd.grad(hinge_loss(z, y, reduction="sum"), z)[0].tolist() == [0, 0, -1, -1, 1]  # 0 at the kink
    assert torch.autograd.grad(squared_hinge_loss(z, y, reduction="sum"), z)[0].tolist() == [0, 0, -1, -4, 3]


@pytest.mark.parametrize("loss", [hinge_loss, squared_hinge_loss])
def test_extreme_hinges_stay_finite(loss):
    z, y = torch.tensor([-1e4, 1e4, torch.inf, -torch.inf]), torch.tensor([1, -1, 1, -1])
    losses, (gradient,) = value_and_gradients(loss, input=z, target=y, reduction="none")
    power = 1 if loss is hinge_loss else 2
    assert losses.tolist() == pytest.approx([10001**power, 10001**power, 0, 0])
    assert gradient.isfinite().all()
    with pytest.raises(TypeError, match="positional"):
        loss(z, y, "sum")


# --- Bad input --------------------------------------------------------------------------------------------------------


@KINDS
@every_loss
@pytest.mark.parametrize(("input", "target"), [((4,), (4, 1)), ((4, 3), (3,)), ((4,), ()), ((4,), (1,))])
def test_never_broadcasts_input_and_target(loss, input, target, asarray):
    first, second = list(inspect.signature(loss).parameters)[:2]
    with pytest.raises(ValueError, match="never broadcast") as error:
        loss(asarray(np.ones(input)), asarray(np.ones(target)))
    assert f"`{first}` {input} and `{second}` {target}" in str(error.value)


@KINDS
@pytest.mark.parametrize("given", [(2,), (4,), (3, 1), (2, 3), (4, 3, 1), (1, 4, 3), (5, 4, 3), (0,)], ids=str)
def test_weights_that_cannot_be_broadcast(given, asarray):
    x, weight = asarray(np.full((4, 3), 0.5)), asarray(np.ones(given))
    calls = [(binary_cross_entropy, "weight"), (binary_cross_entropy_with_logits, "weight")]
    for loss, name in [*calls, (binary_cross_entropy_with_logits, "pos_weight")]:
        with pytest.raises(ValueError, match="cannot be broadcast to .*, the shape of the predictions") as error:
            loss(x, x, **{name: weight})
        assert str(error.value).startswith(f"`{name}` has shape {given}, which cannot be broadcast to (4, 3)")


@KINDS
@pytest.mark.parametrize("value", [-0.25, 1.5, 9.0, -1.0, 1 + 1e-12])
@every_loss
def test_targets_out_of_range(loss, value, asarray):
    target = np.ones((4, 3))
    target[2, 1] = value
    if loss in (hinge_loss, squared_hinge_loss):
        if value == -1:
            return
        expected = "the labels −1 and +1; turn labels 0 and 1 into them with 2 * target - 1"
    else:
        expected = "probabilities from 0 to 1; 1 for yes and 0 for no"
    name = list(inspect.signature(loss).parameters)[1]
    with pytest.raises(ValueError) as error:
        loss(asarray(np.full((4, 3), 0.5)), asarray(target))
    assert str(error.value) == f"`{name}` holds {value}, expected {expected}"


@KINDS
@pytest.mark.parametrize("loss", [hinge_loss, squared_hinge_loss])
def test_labels_0_and_1_are_no_labels_of_a_hinge(loss, asarray):
    for target in (np.array([1.0, 0.0]), np.array([1, 0]), np.array([True, False])):
        with pytest.raises(ValueError, match=r"`target` holds 0.0, expected the labels −1 and \+1"):
            loss(asarray(np.ones(2)), asarray(target))
    assert math.isnan(loss(asarray(np.ones(2)), asarray(np.array([1.0, np.nan]))))


@KINDS
@pytest.mark.parametrize("value", [-1e-9, -3.0, 1.5, np.inf])
def test_scores_are_no_probabilities(value, asarray):
    p = np.full((4, 3), 0.5)
    p[2, 1] = value
    with pytest.raises(ValueError) as error:
        binary_cross_entropy(asarray(p), asarray(np.ones((4, 3))))
    assert str(error.value) == (
        f"`input` holds {value}, expected probabilities from 0 to 1; turn scores into probabilities with sigmoid, "
        "or use binary_cross_entropy_with_logits"
    )


def test_what_needs_a_gradient_is_refused_without_a_warning():
    torch.set_warn_always(True)
    scores = torch.tensor([0.5, -3.0], requires_grad=True)
    try:
        with pytest.raises(ValueError, match="`input` holds -3.0"):
            binary_cross_entropy(scores, torch.ones(2))
        with pytest.raises(ValueError, match="expected values from 0 to 1, got -3;"):
            cross_entropy(scores, scores)
    finally:
        torch.set_warn_always(False)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, 2, -2, math.nan, math.inf])
def test_alpha_is_a_share_or_none(alpha):
    with pytest.raises(ValueError) as error:
        sigmoid_focal_loss(np.zeros(2), np.ones(2), alpha)
    assert str(error.value) == f"alpha is {alpha}, expected the weight of a yes, from 0 to 1, or -1 for none"


@pytest.mark.parametrize("gamma", [-0.1, -2, math.nan, math.inf])
def test_gamma_is_no_less_than_0(gamma):
    with pytest.raises(ValueError, match=f"gamma is {gamma}, expected a finite number that is 0 or more"):
        sigmoid_focal_loss(np.zeros(2), np.ones(2), gamma=gamma)


@pytest.mark.parametrize("wrong", [None, "2", [2]])
def test_options_of_the_focal_loss_are_numbers(wrong):
    for name in ("alpha", "gamma"):
        with pytest.raises(TypeError, match=f"{name} is .*, expected "):
            sigmoid_focal_loss(np.zeros(2), np.ones(2), **{name: wrong})


# --- Properties -------------------------------------------------------------------------------------------------------

close = {"rtol": 1e-9, "atol": 1e-9}


@st.composite
def problems(draw):
    """Draw scores, labels 0 and 1, and probabilities, all of one length."""
    n = draw(st.integers(1, 8))
    z = draw(hnp.arrays(np.float64, n, elements=st.floats(-30, 30)))
    y = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    q = draw(hnp.arrays(np.float64, n, elements=st.floats(0, 1)))
    return z, y, q


def losses_of(target):
    """Yield each loss as a function of scores, with the target it takes."""
    yield lambda z, **options: binary_cross_entropy(sigmoid(z), target, **options)
    yield lambda z, **options: binary_cross_entropy_with_logits(z, target, **options)
    yield lambda z, **options: sigmoid_focal_loss(z, target, **options)
    yield lambda z, **options: hinge_loss(z, 2 * target.round() - 1, **options)
    yield lambda z, **options: squared_hinge_loss(z, 2 * target.round() - 1, **options)


@property_test
@given(problem=problems())
def test_mean_sum_and_none_belong_together(problem):
    z, _, q = problem
    for loss in losses_of(q):
        losses = loss(z, reduction="none")
        assert losses.shape == z.shape
        assert (losses >= 0).all()
        np.testing.assert_allclose(loss(z, reduction="sum"), losses.sum(), **close)
        np.testing.assert_allclose(loss(z), losses.mean(), **close)


@property_test
@given(problem=problems(), seed=st.integers(0, 99))
def test_each_element_has_its_own_loss(problem, seed):
    z, _, q = problem
    order = np.random.default_rng(seed).permutation(len(z))
    for loss, permuted in zip(losses_of(q), losses_of(q[order]), strict=True):
        np.testing.assert_array_equal(permuted(z[order], reduction="none"), loss(z, reduction="none")[order])


@property_test
@given(problem=problems(), alpha=st.floats(0, 1))
def test_yes_and_no_may_change_places(problem, alpha):
    z, _, q = problem
    p = sigmoid(z)
    for loss, input, mirrored in ((binary_cross_entropy, p, 1 - p), (binary_cross_entropy_with_logits, z, -z)):
        np.testing.assert_allclose(loss(mirrored, 1 - q, reduction="none"), loss(input, q, reduction="none"), rtol=1e-3)
    focal = sigmoid_focal_loss(z, q, alpha, reduction="none")
    np.testing.assert_allclose(sigmoid_focal_loss(-z, 1 - q, 1 - alpha, reduction="none"), focal, **close)


@property_test
@given(problem=problems())
def test_scores_and_their_sigmoids_have_one_loss(problem):
    z, _, q = problem
    of_scores = binary_cross_entropy_with_logits(z, q, reduction="none")
    np.testing.assert_allclose(binary_cross_entropy(sigmoid(z), q, reduction="none"), of_scores, rtol=1e-3, atol=1e-9)
    two_classes = cross_entropy(np.stack([0 * z, z], 1), np.stack([1 - q, q], 1), reduction="none")
    np.testing.assert_allclose(two_classes, of_scores, **close)


@property_test
@given(problem=problems(), times=st.integers(1, 5))
def test_a_pos_weight_counts_how_often_a_yes_occurs(problem, times):
    z, y, _ = problem
    repeated = np.repeat([z, y], np.where(y == 1, times, 1), axis=1)
    expected = binary_cross_entropy_with_logits(*repeated, reduction="sum")
    pos_weight = np.array(times)
    np.testing.assert_allclose(binary_cross_entropy_with_logits(z, y, None, "sum", pos_weight), expected, **close)


@property_test
@given(problem=problems(), w=st.floats(0.1, 10))
def test_equal_weights_scale_the_loss(problem, w):
    z, _, q = problem
    for loss, input in ((binary_cross_entropy, sigmoid(z)), (binary_cross_entropy_with_logits, z)):
        expected = w * loss(input, q, reduction="none")
        for weight in (np.array(w), np.full(len(z), w)):
            np.testing.assert_allclose(loss(input, q, weight, "none"), expected, **close)
    both = binary_cross_entropy_with_logits(z, q, pos_weight=np.array(1.0))
    np.testing.assert_allclose(both, binary_cross_entropy_with_logits(z, q), **close)


@property_test
@given(problem=problems())
def test_the_share_of_yes_minimises(problem):
    z, y, q = problem
    best = np.full_like(y, y.mean())
    for other in q:
        assert binary_cross_entropy(np.full_like(y, other), y) >= binary_cross_entropy(best, y) - 1e-9


@property_test
@given(problem=problems(), gamma=st.floats(0, 5), alpha=st.floats(0, 1))
def test_focus_only_takes_away(problem, gamma, alpha):
    z, y, _ = problem
    losses = sigmoid_focal_loss(z, y, -1, gamma, "none")
    assert (losses <= binary_cross_entropy_with_logits(z, y, reduction="none") + 1e-12).all()
    assert (losses >= sigmoid_focal_loss(z, y, -1, gamma + 1, "none") - 1e-12).all()
    weighted = sigmoid_focal_loss(z, y, alpha, gamma, "none")
    np.testing.assert_allclose(weighted, np.where(y == 1, alpha, 1 - alpha) * losses, **close)


@property_test
@given(problem=problems())
def test_hinges_bound_the_errors_and_equal_scikit_learn(problem):
    z, y, _ = problem
    sides = 2 * y - 1
    losses = hinge_loss(z, sides, reduction="none")
    assert (losses >= (np.where(z > 0, 1, -1) != sides)).all()
    np.testing.assert_allclose(squared_hinge_loss(z, sides, reduction="none"), losses**2, **close)
    np.testing.assert_array_equal(hinge_loss(-z, -sides, reduction="none"), losses)
    z, sides = np.append(z, [0, 0]), np.append(sides, [-1, 1])  # scikit-learn wants both labels
    np.testing.assert_allclose(hinge_loss(z, sides), sklearn.metrics.hinge_loss(sides, z), **close)
