"""Losses of one class out of several: against PyTorch, and against what defines them."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossbook import cross_entropy, log_softmax, multi_margin_loss, nll_loss, softmax
from parity import REDUCTIONS, assert_equals_torch, normal, property_test, value_and_gradients

BOTH = [
    pytest.param(cross_entropy, F.cross_entropy, id="cross_entropy"),
    pytest.param(nll_loss, F.nll_loss, id="nll_loss"),
]
OURS = [pytest.param(cross_entropy, id="cross_entropy"), pytest.param(nll_loss, id="nll_loss")]
KINDS = pytest.mark.parametrize("ones", [np.ones, torch.ones], ids=["numpy", "torch"])

C = 5
SHAPES = [(C,), (4, C), (1, C), (0, C), (3, C, 2), (3, C, 2, 4), (3, C, 0)]


def scores(shape):
    """Return what both losses take: log-probabilities, which are scores as well."""
    return torch.log_softmax(3 * normal(*shape), 0 if len(shape) == 1 else 1)


def classes(shape):
    without_classes = () if len(shape) == 1 else shape[:1] + shape[2:]
    return torch.randint(C, without_classes, generator=torch.Generator().manual_seed(2))


def distributions(shape):
    return torch.softmax(normal(*shape, seed=1), 0 if len(shape) == 1 else 1)


WEIGHT = torch.tensor([0.0, 2.0, 1.0, 0.5, 3.0], dtype=torch.float64)


# --- Against PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("ignore_index", [-100, -1, 1, 255])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("ours", "theirs"), BOTH)
def test_equals_torch_on_class_indices(ours, theirs, shape, ignore_index, weight, reduction):
    target = classes(shape)
    target.view(-1)[:1] = ignore_index
    options = {"weight": weight, "ignore_index": ignore_index, "reduction": reduction}
    assert_equals_torch(ours, theirs, input=scores(shape), target=target, **options)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("label_smoothing", [0.1, 1.0])
@pytest.mark.parametrize("ignore_index", [-100, 1])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_torch_under_label_smoothing(shape, ignore_index, label_smoothing, weight, reduction):
    options = {"weight": weight, "ignore_index": ignore_index, "reduction": reduction}
    pair = {"input": scores(shape), "target": classes(shape)}
    assert_equals_torch(cross_entropy, F.cross_entropy, **pair, **options, label_smoothing=label_smoothing)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_torch_on_class_probabilities(shape, label_smoothing, weight, reduction):
    options = {"weight": weight, "label_smoothing": label_smoothing, "reduction": reduction}
    pair = {"input": scores(shape), "target": distributions(shape)}
    assert_equals_torch(cross_entropy, F.cross_entropy, **pair, **options)


@pytest.mark.parametrize(("ours", "theirs"), BOTH)
def test_all_targets_ignored(ours, theirs):
    target = torch.full((4,), -100)
    for reduction in REDUCTIONS:
        assert_equals_torch(ours, theirs, input=scores((4, C)), target=target, reduction=reduction)
    assert ours(scores((4, C)), target).isnan()
    zeros = ours(np.ones((4, C)), target.numpy(), reduction="none")
    assert not np.signbit(zeros).any()  # 0, which prints as 0 and not as -0


@pytest.mark.parametrize(("ours", "theirs"), BOTH)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_index_dtypes_that_torch_takes(ours, theirs, dtype):
    assert_equals_torch(ours, theirs, input=scores((4, C)), target=classes((4, C)).to(dtype), weight=WEIGHT)


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.uint64])
def test_every_integer_is_an_index(ours, dtype):
    target = classes((4, C)).numpy()
    z = scores((4, C)).numpy()
    assert ours(z, target.astype(dtype)) == ours(z, target)
    if dtype == np.uint8:  # 156 is −100 modulo 256, and still not ignored
        with pytest.raises(ValueError, match="class index 156"):
            ours(z, np.full(4, 156, dtype))


def test_values_by_hand():
    z = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    expected = -np.log([0.5, 0.8])
    for ours in (cross_entropy, nll_loss):
        np.testing.assert_allclose(ours(z, np.array([0, 1]), reduction="none"), expected)
        weight = np.array([3.0, 1.0, 7.0])
        assert ours(z, np.array([0, 1]), weight) == pytest.approx((3 * expected[0] + expected[1]) / 4)
    assert cross_entropy(np.zeros(10), np.array(3)) == pytest.approx(np.log(10))
    half = np.array([[0.5, 0.5, 0.0]])
    assert cross_entropy(z[:1], half) == pytest.approx((np.log(2) + np.log(4)) / 2)
    smoothed = 0.7 * np.log(2) + 0.3 * (np.log(2) + 2 * np.log(4)) / 3
    assert cross_entropy(z[:1], np.array([0]), label_smoothing=0.3) == pytest.approx(smoothed)


def test_the_gradient_is_prediction_minus_target():
    z, q = scores((4, C)), distributions((4, C))
    gradient, _ = value_and_gradients(cross_entropy, input=z, target=q, reduction="sum")[1]
    torch.testing.assert_close(gradient, softmax(z, 1) - q)


# --- Extremes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [20.0, 100.0, 1e4])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("as_probabilities", [False, True])
def test_extreme_scores_stay_finite(size, label_smoothing, as_probabilities):
    z = size * torch.tensor([[-1.0, 0.0, 1.0], [1.0, -1.0, -1.0], [0.5, 0.5, 0.5]])
    target = torch.tensor([0, 1, 2])
    target = torch.eye(3)[target] if as_probabilities else target
    call = {"input": z, "target": target, "label_smoothing": label_smoothing}
    value, gradients = value_and_gradients(cross_entropy, **call)
    assert value.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert_equals_torch(cross_entropy, F.cross_entropy, **call, rtol=1e-6)


MASKED = torch.tensor([[1.0, -torch.inf, 2.0], [0.0, 1.0, -torch.inf]], dtype=torch.float64)


@pytest.mark.parametrize("weight", [None, WEIGHT[1:4]], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("target", [[0, 1], [1, 1], [-100, 1], [2, 0]])
def test_masked_scores_equal_torch(target, label_smoothing, weight):
    options = {"weight": weight, "label_smoothing": label_smoothing}
    assert_equals_torch(cross_entropy, F.cross_entropy, input=MASKED, target=torch.tensor(target), **options)


def test_a_masked_class_of_probability_zero_counts_as_zero():
    q = torch.tensor([[0.5, 0.0, 0.5], [0.2, 0.8, 0.0]], dtype=torch.float64)
    assert F.cross_entropy(MASKED, q).isnan()
    value, gradients = value_and_gradients(cross_entropy, input=MASKED, target=q)
    allowed = [cross_entropy(row[keep], p[keep]) for row, p in zip(MASKED, q, strict=True) for keep in [row.isfinite()]]
    torch.testing.assert_close(value, sum(allowed) / 2)
    torch.testing.assert_close(gradients[0], (softmax(MASKED, 1) - q) / 2)
    assert gradients[1].isfinite().all()
    assert cross_entropy(MASKED, torch.tensor([[0.0, 1.0, 0.0]] * 2, dtype=torch.float64)) == torch.inf


def test_ignored_rows_may_hold_anything():
    z = torch.tensor([[torch.nan] * 3, [0.0, -torch.inf, 1.0]], requires_grad=True)
    for label_smoothing in (0.0, 0.1):
        value = cross_entropy(z, torch.tensor([-100, 2]), label_smoothing=label_smoothing)
        assert not value.isnan()
    assert cross_entropy(z, torch.tensor([-100, 2])) == cross_entropy(z[1:], torch.tensor([2]))


@pytest.mark.parametrize("target", [torch.tensor([0, 1]), torch.eye(3)[:2]], ids=["indices", "probabilities"])
def test_nan_scores_give_nan(target):
    z = torch.zeros(2, 3)
    z[1, 2] = torch.nan
    losses = cross_entropy(z, target, reduction="none")
    assert losses.isnan().tolist() == [False, True]
    assert cross_entropy(z, target).isnan()


def test_nan_probabilities_pass_the_check():
    q = np.array([[np.nan, 0.5, 0.5]])
    assert np.isnan(cross_entropy(np.zeros((1, 3)), q))


# --- Bad input --------------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize(
    ("input", "target", "expected"),
    [
        ((4, 3), (3,), "`target` has shape (3,), expected (4,): `input` (4, 3) without its class dimension 1, which"),
        ((4, 3), (4, 1), "`target` has shape (4, 1), expected (4,)"),
        ((4, 3), (4, 3), "`target` has shape (4, 3), expected (4,)"),
        ((3,), (1,), "`target` has shape (1,), expected (): `input` (3,) without its class dimension 0"),
        ((4, 3, 2), (4, 3), "`target` has shape (4, 3), expected (4, 2)"),
        ((), (), "`input` has no dimension, expected the shape (C,), (N, C) or (N, C, d1, ...)"),
        ((4, 0), (4,), "`input` has shape (4, 0), expected at least one class"),
    ],
)
def test_shapes_that_do_not_fit(ours, ones, input, target, expected):
    with pytest.raises(ValueError) as error:
        ours(ones(input), ones(target, dtype=int))
    assert expected in str(error.value)


@KINDS
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3, 1)])
def test_floating_point_targets_are_probabilities_of_the_input_s_shape(ones, shape):
    with pytest.raises(ValueError, match="it is read as class probabilities") as error:
        cross_entropy(ones((4, 3)), ones(shape))
    assert f"expected the shape of `input` (4, 3), got {shape}" in str(error.value)
    assert "if it holds class indices, convert it to integers" in str(error.value)


@KINDS
@pytest.mark.parametrize("value", [-0.25, 1.5, 9.0])
def test_probabilities_lie_between_0_and_1(ones, value):
    target = ones((4, 3)) / 3
    target[2, 1] = value
    with pytest.raises(ValueError, match=rf"read as class probabilities: expected values from 0 to 1, got {value:g};"):
        cross_entropy(ones((4, 3)), target)


@KINDS
@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("index", [-1, 3, 255, -101])
def test_class_indices_out_of_range(ours, ones, index):
    target = ones(4, dtype=int)
    target[2] = index
    with pytest.raises(ValueError, match=rf"class index {index}, expected 0 to 2 for the 3 classes of `input` \(4"):
        ours(ones((4, 3)), target)
    assert ours(ones((4, 3)), target, ignore_index=index) is not None
    with pytest.raises(ValueError, match="or ignore_index=7$"):
        ours(ones((4, 3)), target, ignore_index=7)


@KINDS
@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("shape", [(1,), (4,), (), (4, 3), (3, 1)])
def test_there_is_one_weight_for_each_class(ours, ones, shape):
    with pytest.raises(ValueError, match=r"`weight` has shape .*, expected one weight for each class: \(3,\)") as error:
        ours(ones((4, 3)), ones(4, dtype=int), ones(shape))
    assert str(shape) in str(error.value)
    with pytest.raises(ValueError, match="expected one weight for each class"):
        cross_entropy(ones((4, 3)), ones((4, 3)), ones(shape))


@KINDS
@pytest.mark.parametrize("dtype", ["bool", "complex64"])
@pytest.mark.parametrize("ours", OURS)
def test_targets_of_a_dtype_that_means_nothing(ours, ones, dtype):
    target = ones(4, dtype=getattr(torch if ones is torch.ones else np, dtype))
    with pytest.raises(TypeError, match=f"`target` has dtype {target.dtype}, expected integers"):
        ours(ones((4, 3)), target)


@KINDS
def test_nll_loss_takes_indices_only(ones):
    with pytest.raises(TypeError, match="`target` has dtype .*float.*, expected integers: one class index for each"):
        nll_loss(ones((4, 3)), ones((4, 3)))


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), float("inf")])
def test_label_smoothing_is_a_share(share):
    with pytest.raises(ValueError, match=f"label_smoothing is {share}, expected a share from 0 to 1"):
        cross_entropy(np.ones((4, 3)), np.ones(4, dtype=int), label_smoothing=share)


@pytest.mark.parametrize("index", [0, 1, 255])
def test_probabilities_have_no_index_to_ignore(index):
    z, q = torch.zeros(4, 3), torch.full((4, 3), 1 / 3)
    with pytest.raises(ValueError, match=f"ignore_index is {index}, but `target` holds probabilities") as error:
        cross_entropy(z, q, ignore_index=index)
    assert str(error.value).endswith("; leave targets out by indexing, or give class indices")
    assert cross_entropy(z, q, ignore_index=-1) == F.cross_entropy(z, q, ignore_index=-1)


# --- Properties -------------------------------------------------------------------------------------------------------

numbers = hnp.from_dtype(np.dtype(np.float64), min_value=-30, max_value=30)
close = {"rtol": 1e-8, "atol": 1e-8}


BATCHES = st.integers(1, 5)


@st.composite
def problems(draw, batch=BATCHES):
    """Draw scores (N, C), class indices (N,), class probabilities (N, C) and class weights (C,)."""
    n, c = draw(batch), draw(st.integers(1, 5))
    z = draw(hnp.arrays(np.float64, (n, c), elements=numbers))
    y = draw(hnp.arrays(np.int64, n, elements=st.integers(0, c - 1)))
    q = softmax(draw(hnp.arrays(np.float64, (n, c), elements=st.floats(-5, 5))), 1)
    weight = draw(hnp.arrays(np.float64, c, elements=st.floats(0.1, 10)))
    return z, y, q, weight


@property_test
@given(problem=problems(), shift=numbers)
def test_a_shift_of_the_scores_changes_nothing(problem, shift):
    z, y, q, weight = problem
    for target in (y, q):
        expected = cross_entropy(z, target, weight, label_smoothing=0.1)
        np.testing.assert_allclose(cross_entropy(z + shift, target, weight, label_smoothing=0.1), expected, **close)


@property_test
@given(problem=problems(), seed=st.integers(0, 99))
def test_the_order_of_classes_and_rows_does_not_matter(problem, seed):
    z, y, q, weight = problem
    random = np.random.default_rng(seed)
    classes, rows = random.permutation(z.shape[1]), random.permutation(z.shape[0])
    renamed = np.argsort(classes)[y]
    for target, permuted in ((y, renamed[rows]), (q, q[rows][:, classes])):
        expected = cross_entropy(z, target, weight, label_smoothing=0.1)
        actual = cross_entropy(z[rows][:, classes], permuted, weight[classes], label_smoothing=0.1)
        np.testing.assert_allclose(actual, expected, **close)


@property_test
@given(problem=problems())
def test_mean_sum_and_none_belong_together(problem):
    z, y, q, weight = problem
    for target, total in ((y, weight[y].sum()), (q, len(q))):
        losses = cross_entropy(z, target, weight, reduction="none")
        assert losses.shape == y.shape
        np.testing.assert_allclose(cross_entropy(z, target, weight, reduction="sum"), losses.sum(), **close)
        np.testing.assert_allclose(cross_entropy(z, target, weight), losses.sum() / total, **close)


@property_test
@given(problem=problems(), w=st.floats(0.1, 10))
def test_equal_weights_change_no_mean_of_indices(problem, w):
    z, y, q, _ = problem
    weight = np.full(z.shape[1], w)
    np.testing.assert_allclose(cross_entropy(z, y, weight), cross_entropy(z, y), **close)
    np.testing.assert_allclose(nll_loss(z, y, weight), nll_loss(z, y), **close)
    np.testing.assert_allclose(cross_entropy(z, q, weight), w * cross_entropy(z, q), **close)  # as in PyTorch


@property_test
@given(problem=problems(), seed=st.integers(0, 99), smoothing=st.sampled_from([0.0, 0.3]))
def test_to_ignore_targets_is_to_drop_their_rows(problem, seed, smoothing):
    z, y, _, weight = problem
    keep = np.random.default_rng(seed).random(len(y)) < 0.5
    keep[0] = True
    target = np.where(keep, y, -100)
    for reduction in ("mean", "sum"):
        options = {"reduction": reduction, "label_smoothing": smoothing}
        actual, expected = (cross_entropy(*args, weight, **options) for args in ((z, target), (z[keep], y[keep])))
        np.testing.assert_allclose(actual, expected, **close)


@property_test
@given(problem=problems(), smoothing=st.floats(0, 1))
def test_indices_are_one_hot_probabilities(problem, smoothing):
    z, y, _, weight = problem
    options = {"reduction": "none", "label_smoothing": smoothing}
    of_indices, of_one_hot = (cross_entropy(z, target, weight, **options) for target in (y, np.eye(z.shape[1])[y]))
    np.testing.assert_allclose(of_indices, of_one_hot, **close)


@property_test
@given(problem=problems())
def test_cross_entropy_is_nll_of_log_softmax(problem):
    z, y, q, weight = problem
    log_p = log_softmax(z, 1)
    np.testing.assert_allclose(cross_entropy(z, y, weight), nll_loss(log_p, y, weight), **close)
    np.testing.assert_allclose(cross_entropy(z, q, weight), -(weight * q * log_p).sum(1).mean(), **close)


@property_test
@given(problem=problems())
def test_the_target_itself_minimises(problem):
    z, _, q, _ = problem
    entropy = -(q * np.log(q)).sum(1)
    np.testing.assert_allclose(cross_entropy(np.log(q), q, reduction="none"), entropy, **close)
    assert (cross_entropy(z, q, reduction="none") >= entropy - 1e-9).all()


@property_test
@given(problem=problems(batch=st.just(6)))
def test_further_dimensions_are_further_rows(problem):
    z, y, q, weight = problem
    for target, folded in ((y, y.reshape(3, 2)), (q, q.reshape(3, 2, -1).transpose(0, 2, 1))):
        expected = cross_entropy(z, target, weight, label_smoothing=0.1)
        actual = cross_entropy(z.reshape(3, 2, -1).transpose(0, 2, 1), folded, weight, label_smoothing=0.1)
        np.testing.assert_allclose(actual, expected, **close)


# --- Margins between classes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weight", [None, WEIGHT - 1], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("margin", [1.0, 0.5, 0, -1.5])
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize(("shape", "of_target"), [((C,), ()), ((C,), (1,)), ((1, C), (1,)), ((4, C), (4,))], ids=str)
def test_multi_margin_equals_torch(shape, of_target, p, margin, weight, reduction):
    target = torch.arange(4)[: math.prod(of_target)].reshape(of_target)
    options = {"p": p, "margin": margin, "weight": weight, "reduction": reduction}
    assert_equals_torch(multi_margin_loss, F.multi_margin_loss, input=normal(*shape), target=target, **options)


@pytest.mark.parametrize("of_target", [(), (1,)])
def test_multi_margin_of_one_score_equals_torch(of_target):
    score, target = normal(), torch.zeros(of_target, dtype=torch.int64)
    for weight in (None, WEIGHT[1:2]):
        call = {"input": score, "target": target, "weight": weight, "reduction": "none"}
        assert_equals_torch(multi_margin_loss, F.multi_margin_loss, **call)


def test_multi_margin_of_nothing_is_nan():
    nothing = torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)  # of which PyTorch returns a number left in memory
    assert multi_margin_loss(*nothing).isnan()
    assert multi_margin_loss(*nothing, reduction="sum") == 0


def test_multi_margin_by_hand():
    z, y = torch.tensor([[2.0, 1.5, -1.0], [0.0, 1.0, 0.0]], requires_grad=True), torch.tensor([0, 1])
    assert multi_margin_loss(z, y, reduction="none").tolist() == pytest.approx([0.5 / 3, 0.0])
    assert multi_margin_loss(z, y, 2, 1.5, reduction="none").tolist() == pytest.approx([1 / 3, 0.5 / 3])
    gradient = torch.autograd.grad(3 * multi_margin_loss(z, y, reduction="sum"), z)[0]
    assert gradient.tolist() == [[-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]  # 0 where the margin is just reached


@pytest.mark.parametrize("p", [1, 2])
def test_extreme_margins_stay_finite(p):
    z = torch.tensor([[-1e4, 1e4, 0.0], [1e4, 1e4, 1e4], [1e4, -torch.inf, -1e4]])
    value, (gradient,) = value_and_gradients(multi_margin_loss, input=z, target=torch.tensor([0, 1, 0]), p=p)
    assert value.isfinite()
    assert gradient.isfinite().all()


@KINDS
@pytest.mark.parametrize(
    ("input", "target", "expected"),
    [
        ((4, 3), (3,), "`target` has shape (3,), expected (4,)"),
        ((1, 3), (), "`target` has shape (), expected (1,)"),
        ((3,), (2,), "`target` has shape (2,), expected ()"),
        ((4, 0), (4,), "`input` has shape (4, 0), expected at least one class"),
    ],
)
def test_shapes_that_do_not_fit_a_margin(ones, input, target, expected):
    with pytest.raises(ValueError) as error:
        multi_margin_loss(ones(input), ones(target, dtype=int))
    assert expected in str(error.value)


@KINDS
def test_a_margin_has_no_further_dimensions(ones):
    with pytest.raises(ValueError) as error:
        multi_margin_loss(ones((4, 3, 2)), ones((4, 2), dtype=int))
    assert str(error.value) == (
        "`input` has shape (4, 3, 2), expected (C,) or (N, C); move the classes to the last dimension and flatten the "
        "others with .reshape(-1, C), the target with .reshape(-1)"
    )


@KINDS
def test_options_that_do_not_fit_a_margin(ones):
    z, y = ones((4, 3)), ones(4, dtype=int)
    for p in (0, 3, 1.5, "1", None, math.nan):
        with pytest.raises(ValueError, match=f"p is {p!r}, expected 1 for the hinge or 2 for the squared hinge"):
            multi_margin_loss(z, y, p)
    with pytest.raises(TypeError, match="margin is None, expected a number"):
        multi_margin_loss(z, y, margin=None)
    with pytest.raises(ValueError, match=r"`weight` has shape \(2,\), expected one weight for each class: \(3,\)"):
        multi_margin_loss(z, y, weight=ones(2))
    with pytest.raises(ValueError, match=r"class index 7, expected 0 to 2 for the 3 classes of `input` \(4, 3\)$"):
        multi_margin_loss(z, 7 * y)
    with pytest.raises(TypeError, match="`target` has dtype .*float.*, expected integers"):
        multi_margin_loss(z, ones(4))


@property_test
@given(problem=problems(), shift=numbers, p=st.sampled_from([1, 2]), margin=st.floats(0, 3))
def test_only_differences_of_scores_matter_to_a_margin(problem, shift, p, margin):
    z, y, _, weight = problem
    losses = multi_margin_loss(z, y, p, margin, weight, reduction="none")
    np.testing.assert_allclose(multi_margin_loss(z + shift, y, p, margin, weight, reduction="none"), losses, **close)
    assert (losses >= 0).all()
    np.testing.assert_allclose(multi_margin_loss(z, y, p, margin, weight, "sum"), losses.sum(), **close)
    np.testing.assert_allclose(multi_margin_loss(z, y, p, margin, weight), losses.mean(), **close)
    unweighted = multi_margin_loss(z, y, p, margin, reduction="none")
    np.testing.assert_allclose(losses, weight[y] * unweighted, **close)


@property_test
@given(problem=problems(), p=st.sampled_from([1, 2]))
def test_multi_margin_by_definition(problem, p):
    z, y, *_ = problem
    for row, own, loss in zip(z, y, multi_margin_loss(z, y, p, reduction="none"), strict=True):
        others = [max(0, 1 - row[own] + score) ** p for c, score in enumerate(row) if c != own]
        assert loss == pytest.approx(sum(others) / len(row))
