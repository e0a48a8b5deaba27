"""Boxes and masks, against Shapely, against what torchvision's tests pin, and against what defines the losses."""

import math

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score

from lossbook import (
    box_iou,
    complete_box_iou_loss,
    dice_loss,
    distance_box_iou_loss,
    generalized_box_iou_loss,
    iou_loss,
)
from parity import REDUCTIONS, normal, property_test, value_and_gradients

WITH_EPS = [generalized_box_iou_loss, distance_box_iou_loss, complete_box_iou_loss]
every_loss = pytest.mark.parametrize("loss", [iou_loss, *WITH_EPS], ids=lambda loss: loss.__name__)
every_loss_with_eps = pytest.mark.parametrize("loss", WITH_EPS, ids=lambda loss: loss.__name__)
KINDS = pytest.mark.parametrize("asarray", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def boxes(n, seed=0):
    """Return boxes of ordinary size, some of which meet and some of which do not, in float64."""
    corner, sides = 2 * normal(n, 2, seed=seed), normal(n, 2, seed=seed + 50).abs() + 0.1
    return torch.cat([corner, corner + sides], dim=1)


def without_eps(loss):
    """Return a box loss with nothing added to its denominators: exact, and independent of the scale."""
    if loss is iou_loss:
        return loss
    return lambda boxes1, boxes2, **options: loss(boxes1, boxes2, eps=0, **options)


# --- Against Shapely --------------------------------------------------------------------------------------------------

coordinates = st.floats(-100, 100, allow_subnormal=False).map(lambda x: round(x, 3))
one_box = st.tuples(coordinates, coordinates, coordinates, coordinates).map(
    lambda c: [min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3])]
)
proper_box = one_box.filter(lambda box: box[0] < box[2] and box[1] < box[3])


def box_sets(elements, n=None):
    size = {"min_size": 1, "max_size": 5} if n is None else {"min_size": n, "max_size": n}
    return st.lists(elements, **size).map(lambda rows: np.array(rows, dtype=np.float64))


pairs_of_boxes = st.integers(1, 5).flatmap(lambda n: st.tuples(box_sets(proper_box, n), box_sets(proper_box, n)))
close = {"rtol": 1e-9, "atol": 1e-9}


def geometry(boxes1, boxes2):
    """Return what Shapely says of two sets of boxes: both, their intersection, union and common envelope."""
    a, b = (shapely.box(*boxes.T) for boxes in (boxes1, boxes2))
    union = shapely.union(a, b)
    return a, b, shapely.intersection(a, b), union, shapely.envelope(union)


def iou_of_shapely(boxes1, boxes2):
    _, _, intersection, union, _ = geometry(boxes1, boxes2)
    return shapely.area(intersection) / shapely.area(union)


def distance_of_shapely(boxes1, boxes2):
    a, b, _, _, enclosing = geometry(boxes1, boxes2)
    diagonal = shapely.minimum_bounding_radius(enclosing) * 2
    return (shapely.distance(shapely.centroid(a), shapely.centroid(b)) / diagonal) ** 2


@property_test
@given(boxes1=box_sets(proper_box), boxes2=box_sets(proper_box))
def test_box_iou_equals_shapely(boxes1, boxes2):
    expected = [[iou_of_shapely(a[None], b[None])[0] for b in boxes2] for a in boxes1]
    np.testing.assert_allclose(box_iou(boxes1, boxes2), expected, **close)
    of_tensors = box_iou(torch.as_tensor(boxes1), torch.as_tensor(boxes2))
    np.testing.assert_allclose(of_tensors, expected, **close)


@property_test
@given(pair=pairs_of_boxes)
def test_losses_equal_shapely(pair):
    iou, distance = iou_of_shapely(*pair), distance_of_shapely(*pair)
    _, _, _, union, enclosing = geometry(*pair)
    uncovered = 1 - shapely.area(union) / shapely.area(enclosing)
    (w1, h1), (w2, h2) = ((boxes[:, 2:] - boxes[:, :2]).T for boxes in pair)
    v = 4 / np.pi**2 * (np.arctan(w1 / h1) - np.arctan(w2 / h2)) ** 2
    alpha = np.divide(v, 1 - iou + v, out=np.zeros_like(v), where=v > 0)
    options = {"eps": 0, "reduction": "none"}
    np.testing.assert_allclose(iou_loss(*pair, reduction="none"), 1 - iou, **close)
    np.testing.assert_allclose(generalized_box_iou_loss(*pair, **options), 1 - iou + uncovered, **close)
    np.testing.assert_allclose(distance_box_iou_loss(*pair, **options), 1 - iou + distance, **close)
    np.testing.assert_allclose(complete_box_iou_loss(*pair, **options), 1 - iou + distance + alpha * v, **close)


# --- Values -----------------------------------------------------------------------------------------------------------

BOX1, BOX2, BOX3, BOX4 = np.array([[-1, -1, 1, 1], [0, 0, 1, 1], [0, 1, 1, 2], [1, 1, 2, 2]])
PINNED = [  # the values in torchvision's tests of these losses
    (generalized_box_iou_loss, BOX1, BOX1, 0.0),
    (generalized_box_iou_loss, BOX1, BOX2, 0.75),
    (generalized_box_iou_loss, BOX2, BOX3, 1.0),
    (generalized_box_iou_loss, BOX2, BOX4, 1.5),
    (distance_box_iou_loss, BOX1, BOX1, 0.0),
    (distance_box_iou_loss, BOX1, BOX2, 0.8125),
    (distance_box_iou_loss, BOX1, BOX3, 1.1923),
    (distance_box_iou_loss, BOX1, BOX4, 1.25),
    (complete_box_iou_loss, BOX1, BOX1, 0.0),
    (complete_box_iou_loss, BOX1, BOX2, 0.8125),
    (complete_box_iou_loss, BOX1, BOX3, 1.1923),
    (complete_box_iou_loss, BOX1, BOX4, 1.25),
]


@pytest.mark.parametrize(("loss", "boxes1", "boxes2", "expected"), PINNED)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int64])
def test_values_that_torchvision_pins(loss, boxes1, boxes2, expected, dtype):
    boxes1, boxes2 = (torch.as_tensor(box).to(dtype) for box in (boxes1, boxes2))
    value = loss(boxes1, boxes2, reduction="none")
    tolerance = 1e-3 if dtype == torch.float16 else 1e-4
    assert (value.item(), value.shape) == (pytest.approx(expected, abs=tolerance), ())


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_have_the_dtype_of_the_boxes(loss, reduction):
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        batch = boxes(3).to(dtype)
        assert loss(batch, batch, reduction=reduction).dtype == dtype
    for dtype in (np.float16, np.float32, np.float64):
        batch = boxes(3).numpy().astype(dtype)
        assert loss(batch, batch, reduction=reduction).dtype == dtype


@pytest.mark.parametrize(("loss", "expected"), [(generalized_box_iou_loss, 2.5), (distance_box_iou_loss, 2.45)])
def test_reductions_that_torchvision_pins(loss, expected):
    batch = np.stack([BOX2, BOX2]), np.stack([BOX3, BOX4])
    assert loss(*batch, "sum") == pytest.approx(expected)
    assert loss(*batch, "mean") == loss(*batch) == pytest.approx(expected / 2)


def test_box_iou_that_torchvision_pins():
    many = torch.tensor([[0, 0, 100, 100], [0, 0, 50, 50], [200, 200, 300, 300], [0, 0, 25, 25]])
    expected = torch.tensor([[1, 0.25, 0], [0.25, 1, 0], [0, 0, 1], [0.0625, 0.25, 0]])
    for dtype in (torch.int16, torch.int64, torch.float32):
        torch.testing.assert_close(box_iou(many.to(dtype), many[:3].to(dtype)), expected)
    assert box_iou(many.half(), many.half()).dtype == torch.float16  # 300 * 300 is beyond float16, and fits float32


def test_values_by_hand():
    left, right = np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])
    assert box_iou(left, right).tolist() == [[pytest.approx(2 / 6)]]
    assert iou_loss(left, right) == pytest.approx(1 - 1 / 3)
    assert iou_loss(left, right, log=True) == pytest.approx(math.log(3))
    assert generalized_box_iou_loss(left, right) == pytest.approx(1 - 1 / 3 + 0)
    assert distance_box_iou_loss(left, right) == pytest.approx(1 - 1 / 3 + 1 / (9 + 4))
    wide, tall = np.array([0.0, 1.0, 4.0, 3.0]), np.array([1.0, 0.0, 3.0, 4.0])
    v = 4 / math.pi**2 * (math.atan(2) - math.atan(1 / 2)) ** 2
    assert complete_box_iou_loss(wide, tall) == pytest.approx(2 / 3 + v * v / (2 / 3 + v))


@every_loss_with_eps
def test_eps_is_added_to_each_denominator(loss):
    small, other = np.array([0.0, 0.0, 1.0, 2.0]), np.array([0.5, 0.0, 2.5, 1.0])
    iou = 0.5 / (3.5 + 0.1)
    v = 4 / math.pi**2 * (math.atan(2) - math.atan(1 / 2)) ** 2
    distance = (1**2 + 0.5**2) / (2.5**2 + 2**2 + 0.1)
    more = {
        generalized_box_iou_loss: (5 - 3.5) / (5 + 0.1),
        distance_box_iou_loss: distance,
        complete_box_iou_loss: distance + v**2 / (1 - iou + v + 0.1),
    }
    assert loss(small, other, eps=0.1) == pytest.approx(1 - iou + more[loss])
    assert loss(small, other) == loss(small, other, eps=1e-7) != loss(small, other, eps=0)
    tiny = np.array([0, 0, 1e-3, 1e-3])
    assert loss(tiny, tiny, reduction="sum") == pytest.approx(1 - 1 / 1.1)  # as the docstring says
    assert loss(tiny, tiny, reduction="sum", eps=0) == 0


# --- The negative logarithm -------------------------------------------------------------------------------------------


def test_the_logarithm_of_no_overlap_is_that_of_eps():
    apart = torch.tensor([[0.0, 0.0, 1.0, 1.0]], requires_grad=True), torch.tensor([[2.0, 0.0, 3.0, 1.0]])
    for log, expected in ((False, 1.0), (True, -math.log(1e-7))):
        value = iou_loss(*apart, log=log)
        assert value.item() == pytest.approx(expected)
        assert torch.autograd.grad(value, apart[0])[0].tolist() == [[0.0] * 4]
    assert iou_loss(*apart, log=True, eps=0.5).item() == pytest.approx(math.log(2))
    assert iou_loss(*apart, eps=0.5).item() == 1
    same = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    value = iou_loss(same, same, log=True, reduction="none")
    assert value.tolist() == [0.0]
    assert not value.signbit().any()


@property_test
@given(pair=pairs_of_boxes)
def test_the_logarithm_is_that_of_the_iou(pair):
    iou = 1 - iou_loss(*pair, reduction="none")
    expected = -np.log(np.maximum(iou, 1e-7))
    np.testing.assert_allclose(iou_loss(*pair, log=True, reduction="none"), expected, atol=1e-8)


# --- Gradients --------------------------------------------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_gradients_equal_differences(loss, reduction):
    def reduced(boxes1, boxes2):
        return loss(boxes1, boxes2, reduction=reduction)

    pair = [box.requires_grad_() for box in (boxes(4), boxes(4, seed=1))]
    if loss is complete_box_iou_loss:  # by design
        assert not torch.autograd.gradcheck(reduced, pair, raise_exception=False)
        return
    assert torch.autograd.gradcheck(reduced, pair)
    assert torch.autograd.gradgradcheck(reduced, pair)


def test_the_logarithm_has_first_and_second_derivatives():
    pair = [box.requires_grad_() for box in (boxes(4), boxes(4) + 0.02 * normal(4, 4))]
    assert torch.autograd.gradcheck(lambda a, b: iou_loss(a, b, log=True), pair)
    assert torch.autograd.gradgradcheck(lambda a, b: iou_loss(a, b, log=True), pair)


def complete_by_hand(boxes1, boxes2, alpha, eps=1e-7):
    """Return the complete IoU loss, written out in PyTorch with the weight `alpha` given."""
    x1, y1, x2, y2 = boxes1.unbind(-1)
    u1, v1, u2, v2 = boxes2.unbind(-1)
    zero = torch.zeros_like(x1)
    width, height = torch.min(x2, u2) - torch.max(x1, u1), torch.min(y2, v2) - torch.max(y1, v1)
    common = torch.max(width, zero) * torch.max(height, zero)
    iou = common / ((x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common + eps)
    diagonal = (torch.max(x2, u2) - torch.min(x1, u1)) ** 2 + (torch.max(y2, v2) - torch.min(y1, v1)) ** 2
    distance = ((x1 + x2 - u1 - u2) ** 2 + (y1 + y2 - v1 - v2) ** 2) / 4
    ratio = 4 / math.pi**2 * (torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1))) ** 2
    if alpha is None:
        alpha = (ratio / (1 - iou + ratio + eps)).detach()
    return 1 - iou + distance / (diagonal + eps) + alpha * ratio, alpha


def test_the_weight_of_the_complete_iou_is_a_constant():
    pair = {"boxes1": boxes(20), "boxes2": boxes(20, seed=1)}
    value, gradients = value_and_gradients(complete_box_iou_loss, **pair, reduction="none")
    expected, expected_gradients = value_and_gradients(lambda **pair: complete_by_hand(**pair, alpha=None)[0], **pair)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradients, expected_gradients)
    # With the weight given as a number, the gradient is that of the differences.
    alpha = complete_by_hand(**pair, alpha=None)[1]
    leaves = [box.requires_grad_() for box in pair.values()]
    assert torch.autograd.gradcheck(lambda a, b: complete_by_hand(a, b, alpha)[0], leaves)


def test_only_the_iou_loses_its_gradient_where_boxes_do_not_meet():
    pair = {"boxes1": torch.tensor([[0.0, 0.0, 1.0, 1.0]]), "boxes2": torch.tensor([[3.0, 0.0, 4.0, 2.0]])}
    for loss in (iou_loss, *WITH_EPS):
        gradient = value_and_gradients(loss, **pair)[1][0]
        assert (gradient.abs().sum() > 0.1) == (loss is not iou_loss)


# --- Degenerate boxes -------------------------------------------------------------------------------------------------

DEGENERATE = {
    "the same point": ([1, 1, 1, 1], [1, 1, 1, 1]),
    "two points": ([0, 0, 0, 0], [3, 4, 3, 4]),
    "a point in a box": ([1, 1, 1, 1], [0, 0, 2, 2]),
    "the same line": ([0, 1, 2, 1], [0, 1, 2, 1]),
    "lines across": ([0, 1, 2, 1], [1, 0, 1, 2]),
    "a line along an edge": ([0, 0, 2, 0], [0, 0, 2, 2]),
    "boxes that touch": ([0, 0, 1, 1], [1, 0, 2, 1]),
    "boxes that touch in a corner": ([0, 0, 1, 1], [1, 1, 2, 2]),
    "the same box": ([0, 0, 1, 2], [0, 0, 1, 2]),
    "far apart": ([-1e4, -1e4, -1e4 + 1, -1e4 + 1], [1e4, 1e4, 1e4 + 1, 1e4 + 1]),
    "large": ([-1e4, -1e4, 1e4, 1e4], [0, 0, 1e4, 1e4]),
}


@every_loss
@pytest.mark.parametrize("eps", [0, 1e-7])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_boxes_stay_finite(loss, eps, name):
    boxes1, boxes2 = (torch.tensor(box, dtype=torch.float32) for box in DEGENERATE[name])
    options = {} if loss is iou_loss else {"eps": eps}
    value, gradients = value_and_gradients(loss, boxes1=boxes1, boxes2=boxes2, **options)
    assert 0 <= value <= 3
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert loss(boxes1.numpy(), boxes2.numpy(), **options) == pytest.approx(value.item(), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", DEGENERATE)
def test_the_logarithm_of_degenerate_boxes_stays_finite(name):
    boxes1, boxes2 = (torch.tensor(box, dtype=torch.float32) for box in DEGENERATE[name])
    value, gradients = value_and_gradients(iou_loss, boxes1=boxes1, boxes2=boxes2, log=True)
    assert 0 <= value <= -math.log(1e-7) + 1e-5
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_boxes_without_area_have_no_iou():
    lines = np.array([[0.0, 1.0, 2.0, 1.0], [0.0, 1.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    assert box_iou(lines, lines).tolist() == [[0.0] * 3] * 3
    assert box_iou(torch.as_tensor(lines), torch.as_tensor(lines)).tolist() == [[0.0] * 3] * 3
    assert iou_loss(lines, lines) == 1


def test_a_point_counts_as_a_square():
    point, square, flat, thin = np.array([[1.0, 1, 1, 1], [0, 0, 2, 2], [0, 1, 2, 1], [1, 0, 1, 2]])
    ratio = [complete_box_iou_loss(point, box) - distance_box_iou_loss(point, box) for box in (square, flat, thin)]
    assert ratio == [0, pytest.approx(1 / 4 * 1 / 5), pytest.approx(1 / 4 * 1 / 5)]
    # A width of 0 against a height of 0 is the largest difference there is: v = 1.
    assert complete_box_iou_loss(flat, thin) - distance_box_iou_loss(flat, thin) == pytest.approx(1 / 2)


def test_boxes_that_only_touch_have_no_gradient():
    pair = {"boxes1": torch.tensor([0.0, 0.0, 1.0, 1.0]), "boxes2": torch.tensor([1.0, 0.0, 2.0, 1.0])}
    assert all((gradient == 0).all() for gradient in value_and_gradients(iou_loss, **pair)[1])


# --- Shapes, NaN, bad input -------------------------------------------------------------------------------------------


@every_loss
def test_leading_dimensions_are_further_pairs(loss):
    pair = boxes(6), boxes(6, seed=1)
    losses = loss(*pair, reduction="none")
    assert losses.shape == (6,)
    folded = loss(*(box.reshape(2, 3, 4) for box in pair), reduction="none")
    torch.testing.assert_close(folded, losses.reshape(2, 3))
    assert loss(pair[0][0], pair[1][0]) == losses[0]
    torch.testing.assert_close(loss(*pair, reduction="mean"), losses.mean())
    torch.testing.assert_close(loss(*pair, reduction="sum"), losses.sum())


@KINDS
@every_loss
def test_no_boxes(loss, asarray):
    none = asarray(np.zeros((0, 4), dtype=np.float32))
    assert math.isnan(loss(none, none))
    assert loss(none, none, reduction="sum") == 0
    assert tuple(loss(none, none, reduction="none").shape) == (0,)


@KINDS
@pytest.mark.parametrize(("n", "m"), [(0, 3), (2, 0), (0, 0)])
def test_box_iou_of_no_boxes(asarray, n, m):
    sets = (asarray(np.ones((k, 4), dtype=np.float32)) for k in (n, m))
    assert tuple(box_iou(*sets).shape) == (n, m)


@every_loss
def test_nan_stays_where_it_is(loss):
    spoilt = boxes(3)
    spoilt[1, 2] = torch.nan
    assert loss(spoilt, boxes(3, seed=1), reduction="none").isnan().tolist() == [False, True, False]
    assert loss(boxes(3, seed=1), spoilt, reduction="none").isnan().tolist() == [False, True, False]
    assert box_iou(spoilt, boxes(2, seed=1)).isnan().tolist() == [[False] * 2, [True] * 2, [False] * 2]


@KINDS
@pytest.mark.parametrize("loss", [box_iou, iou_loss, *WITH_EPS])
@pytest.mark.parametrize("which", ["boxes1", "boxes2"])
@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ([3, 0, 1, 2], r"\(3, 0, 1, 2\)"),
        ([0, 3, 2, 1.5], r"\(0, 3, 2, 1\.5\)"),
        ([10, 20, 5, 5], r"\(10, 20, 5, 5\)"),
    ],
)
def test_impossible_boxes_are_named(loss, asarray, which, bad, named):
    fine = np.tile([0.0, 0.0, 1.0, 1.0], (4, 1))
    wrong = fine.copy()
    wrong[2], wrong[3] = bad, [9, 9, 8, 8]
    wrong[1, 0] = np.nan  # passes
    pair = {"boxes1": asarray(fine), "boxes2": asarray(fine)} | {which: asarray(wrong)}
    with pytest.raises(ValueError, match=rf"`{which}` holds the box {named}, expected corners") as error:
        loss(**pair)
    assert "x2 >= x1 and y2 >= y1; convert boxes that are given as a corner or a centre" in str(error.value)


@pytest.mark.parametrize("loss", [box_iou, iou_loss, *WITH_EPS])
def test_boxes_are_checked_in_eager_mode_only(loss):
    wrong = torch.tensor([[3.0, 0.0, 1.0, 2.0]])
    assert torch.func.vmap(loss)(wrong[None], wrong[None]).shape[0] == 1
    assert loss(wrong.to("meta"), wrong.to("meta")).is_meta


@every_loss
@pytest.mark.parametrize("zeros", [np.zeros, torch.zeros], ids=["numpy", "torch"])
@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(3, 4), (2, 4)], "shapes differ: `boxes1` (3, 4) and `boxes2` (2, 4); they are never broadcast"),
        ([(3, 4), (4,)], "shapes differ: `boxes1` (3, 4) and `boxes2` (4,); they are never broadcast"),
        ([(4, 3), (4, 3)], "`boxes1` has shape (4, 3), expected four numbers in the last dimension: x1, y1, x2, y2"),
        ([(), ()], "`boxes1` has shape (), expected four numbers in the last dimension"),
    ],
)
def test_shapes_of_pairs(loss, zeros, shapes, expected):
    with pytest.raises(ValueError) as error:
        loss(*map(zeros, shapes))
    assert expected in str(error.value)


@pytest.mark.parametrize("zeros", [np.zeros, torch.zeros], ids=["numpy", "torch"])
@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(4,), (2, 4)], "`boxes1` has shape (4,), expected (N, 4): one box for each row"),
        ([(2, 4), (1, 2, 4)], "`boxes2` has shape (1, 2, 4), expected (N, 4): one box for each row"),
        ([(2, 4), (4, 2)], "`boxes2` has shape (4, 2), expected four numbers in the last dimension"),
    ],
)
def test_shapes_of_box_iou(zeros, shapes, expected):
    with pytest.raises(ValueError) as error:
        box_iou(*map(zeros, shapes))
    assert expected in str(error.value)


@every_loss_with_eps
@pytest.mark.parametrize("eps", [-1e-7, math.inf, math.nan])
def test_eps_is_not_negative(loss, eps):
    with pytest.raises(ValueError, match=f"eps is {eps}, expected a small number that is 0 or more, such as 1e-7"):
        loss(np.ones(4), np.ones(4), eps=eps)


@pytest.mark.parametrize("eps", [0, -1, 1, math.nan])
def test_eps_of_the_logarithm_is_a_share(eps):
    with pytest.raises(ValueError, match=f"eps is {eps}, expected a small number above 0, such as 1e-7: the least IoU"):
        iou_loss(np.ones(4), np.ones(4), eps=eps)


@every_loss
def test_eps_is_a_number(loss):
    with pytest.raises(TypeError, match="eps is '1e-7', expected a small number"):
        loss(np.ones(4), np.ones(4), eps="1e-7")


def test_log_is_true_or_false_and_a_keyword():
    with pytest.raises(TypeError, match="log is 'mean', expected True or False"):
        iou_loss(np.ones(4), np.ones(4), log="mean")
    with pytest.raises(TypeError, match="positional"):
        iou_loss(np.ones(4), np.ones(4), True)


# --- Properties of the box losses -------------------------------------------------------------------------------------

anywhere = st.integers(1, 5).flatmap(lambda n: st.tuples(box_sets(one_box, n), box_sets(one_box, n)))


@every_loss
@property_test
@given(pair=anywhere, shift=st.tuples(st.integers(-50, 50), st.integers(-50, 50)), power=st.integers(-8, 8))
def test_neither_order_nor_place_nor_scale_matters(loss, pair, shift, power):
    loss = without_eps(loss)
    pair = tuple(np.round(box * 64) / 64 for box in pair)  # so that shifting and scaling are exact
    expected = loss(*pair, reduction="none")
    np.testing.assert_allclose(loss(*pair[::-1], reduction="none"), expected, **close)
    np.testing.assert_allclose(loss(*(box + np.tile(shift, 2) for box in pair), reduction="none"), expected, **close)
    np.testing.assert_allclose(loss(*(box * 2.0**power for box in pair), reduction="none"), expected, **close)
    transposed = (box[:, [1, 0, 3, 2]] for box in pair)
    np.testing.assert_allclose(loss(*transposed, reduction="none"), expected, **close)
    mirrored = (np.concatenate([-box[:, 2:], -box[:, :2]], axis=1) for box in pair)
    np.testing.assert_allclose(loss(*mirrored, reduction="none"), expected, **close)


@property_test
@given(pair=anywhere)
def test_ranges_and_order_of_the_losses(pair):
    options = {"reduction": "none"}
    iou, generalized, distance, complete = (without_eps(loss)(*pair, **options) for loss in (iou_loss, *WITH_EPS))
    assert ((iou >= 0) & (iou <= 1)).all()
    for wider, most in ((generalized, 2), (distance, 2), (complete, 3)):
        assert (wider >= iou - 1e-12).all()
        assert (wider <= most).all()
    assert (complete >= distance - 1e-12).all()


@property_test
@given(pair=pairs_of_boxes)
def test_the_same_box_costs_nothing(pair):
    for loss in (iou_loss, *WITH_EPS):
        np.testing.assert_allclose(without_eps(loss)(pair[0], pair[0], reduction="none"), 0, atol=1e-12)
        assert (without_eps(loss)(*pair, reduction="none") > 0)[(pair[0] != pair[1]).any(1)].all()


@property_test
@given(boxes1=box_sets(one_box), boxes2=box_sets(one_box))
def test_box_iou_holds_all_pairs(boxes1, boxes2):
    iou = box_iou(boxes1, boxes2)
    np.testing.assert_array_equal(iou, box_iou(boxes2, boxes1).T)
    pairs = (np.repeat(boxes1, len(boxes2), axis=0), np.tile(boxes2, (len(boxes1), 1)))
    np.testing.assert_allclose(1 - iou.ravel(), iou_loss(*pairs, reduction="none"), **close)


# --- Dice -------------------------------------------------------------------------------------------------------------


def test_dice_by_hand():
    p = np.array([[0.5, 1.0, 0.0], [1.0, 1.0, 1.0]])
    t = np.array([[1, 1, 0], [0, 0, 1]])
    expected = [1 - 2 * 1.5 / 3.5, 1 - 2 * 1 / 4]
    np.testing.assert_allclose(dice_loss(p, t, smooth=0, reduction="none"), expected)
    assert dice_loss(p, t, smooth=0) == pytest.approx(sum(expected) / 2)
    assert dice_loss(p, t, smooth=0, reduction="sum") == pytest.approx(sum(expected))
    smoothed = [1 - (2 * 1.5 + 1) / (3.5 + 1), 1 - (2 * 1 + 1) / (4 + 1)]
    np.testing.assert_allclose(dice_loss(p, t, smooth=1, reduction="none"), smoothed)
    assert dice_loss(p, t) == dice_loss(p, t, smooth=1e-5)


@pytest.mark.parametrize("smooth", [0, 1e-5, 1.0])
def test_empty_masks_agree(smooth):
    empty, full = torch.zeros(2, 5), torch.ones(2, 5)
    value, gradients = value_and_gradients(dice_loss, input=empty, target=empty, smooth=smooth)
    assert value == 0
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert dice_loss(empty.numpy(), empty.numpy(), smooth=smooth) == 0
    assert dice_loss(full, empty, smooth=smooth) == pytest.approx(1 - smooth / (5 + smooth))
    assert np.isnan(dice_loss(np.zeros((0, 5)), np.zeros((0, 5)), smooth=smooth))
    assert dice_loss(np.zeros((2, 0)), np.zeros((2, 0)), smooth=smooth) == 0


def test_smoothing_gives_an_empty_target_a_gradient():
    pair = {"input": torch.full((1, 5), 0.2), "target": torch.zeros(1, 5, dtype=torch.int64)}
    assert (value_and_gradients(dice_loss, **pair, smooth=0)[1][0] == 0).all()
    assert (value_and_gradients(dice_loss, **pair, smooth=1.0)[1][0] > 0.2).all()


def test_dice_has_first_and_second_derivatives():
    leaves = [torch.sigmoid(normal(2, 3, 2, seed=seed)).requires_grad_() for seed in (0, 1)]
    for reduction in REDUCTIONS:
        assert torch.autograd.gradcheck(lambda p, t, r=reduction: dice_loss(p, t, reduction=r), leaves)
        assert torch.autograd.gradgradcheck(lambda p, t, r=reduction: dice_loss(p, t, reduction=r), leaves)


def test_half_precision_counts_its_pixels_in_float32():
    mask = torch.ones(1, 300, 300, dtype=torch.float16)  # 90000 pixels are beyond float16
    half = mask.clone()
    half[:, :150] = 0
    assert dice_loss(half, mask) == pytest.approx(1 / 3, rel=1e-3)
    assert dice_loss(half, mask).dtype == torch.float16


shares = hnp.from_dtype(np.dtype(np.float64), min_value=0, max_value=1, allow_subnormal=False)
masks = st.tuples(st.integers(1, 4), st.integers(1, 6)).flatmap(
    lambda shape: st.tuples(*(hnp.arrays(np.float64, shape, elements=shares) for _ in range(2)))
)
binary = hnp.arrays(np.bool_, st.tuples(st.just(2), st.integers(1, 20)))


@property_test
@given(pair=masks, seed=st.integers(0, 99))
def test_dice_needs_no_order(pair, seed):
    losses = dice_loss(*pair, reduction="none")
    assert ((losses >= -1e-12) & (losses <= 1)).all()
    np.testing.assert_allclose(dice_loss(*pair[::-1], reduction="none"), losses, **close)
    pixels = np.random.default_rng(seed).permutation(pair[0].shape[1])
    np.testing.assert_allclose(dice_loss(*(mask[:, pixels] for mask in pair), reduction="none"), losses, **close)
    np.testing.assert_allclose(dice_loss(*(mask[::-1] for mask in pair), reduction="none"), losses[::-1], **close)
    further = (mask.reshape(len(mask), 1, -1, 1) for mask in pair)
    np.testing.assert_allclose(dice_loss(*further, reduction="none"), losses, **close)
    one_by_one = [dice_loss(p[None], t[None]) for p, t in zip(*pair, strict=True)]
    np.testing.assert_allclose(losses, one_by_one, **close)


@property_test
@given(pair=binary)
def test_dice_of_binary_masks_is_the_f1_score(pair):
    expected = f1_score(*pair, zero_division=1.0)
    assert dice_loss(pair[:1], pair[1:], smooth=0) == pytest.approx(1 - expected)


@property_test
@given(pair=binary.filter(lambda pair: pair.any()))
def test_dice_and_iou_of_binary_masks_tell_the_same(pair):
    iou = (pair[0] & pair[1]).sum() / (pair[0] | pair[1]).sum()
    assert 1 - dice_loss(pair[:1], pair[1:], smooth=0) == pytest.approx(2 * iou / (1 + iou))


@KINDS
@pytest.mark.parametrize("which", ["input", "target"])
@pytest.mark.parametrize("value", [-0.25, 1.5, 255.0])
def test_masks_lie_between_0_and_1(asarray, which, value):
    wrong = np.zeros((2, 3))
    wrong[0, 0], wrong[1, 2] = np.nan, value
    pair = {"input": asarray(np.zeros((2, 3))), "target": asarray(np.zeros((2, 3)))} | {which: asarray(wrong)}
    with pytest.raises(ValueError, match=f"`{which}` holds {value}, expected values from 0 to 1; turn scores") as error:
        dice_loss(**pair)
    assert "with sigmoid, and masks of 0 and 255 into booleans" in str(error.value)


def test_nan_masks_give_nan():
    pair = torch.zeros(2, 3), torch.ones(2, 3)
    pair[0][1, 1] = torch.nan
    assert dice_loss(*pair, reduction="none").isnan().tolist() == [False, True]
    assert dice_loss(*pair[::-1], reduction="none").isnan().tolist() == [False, True]


@pytest.mark.parametrize("zeros", [np.zeros, torch.zeros], ids=["numpy", "torch"])
@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(2, 3), (2, 1, 3)], "shapes differ: `input` (2, 3) and `target` (2, 1, 3)"),
        (
            [(5,), (5,)],
            "`input` has shape (5,), expected (N, ...): one mask for each example; give a single mask a first "
            "dimension, with input[None] and target[None]",
        ),
        ([(), ()], "`input` has shape (), expected (N, ...)"),
    ],
)
def test_shapes_of_masks(zeros, shapes, expected):
    with pytest.raises(ValueError) as error:
        dice_loss(*map(zeros, shapes))
    assert expected in str(error.value)


@pytest.mark.parametrize("smooth", [-1, math.inf, math.nan])
def test_smoothing_is_not_negative(smooth):
    with pytest.raises(ValueError, match=f"smooth is {smooth}, expected a number of pixels that is 0 or more"):
        dice_loss(np.ones((1, 2)), np.ones((1, 2)), smooth=smooth)
    with pytest.raises(TypeError, match="smooth is None, expected a number of pixels"):
        dice_loss(np.ones((1, 2)), np.ones((1, 2)), smooth=None)
