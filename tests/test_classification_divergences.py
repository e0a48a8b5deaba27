"""kl_div and js_div, against PyTorch and SciPy, and against what defines them."""

import math
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import jensenshannon

from lossbook import cross_entropy, js_div, kl_div, log_softmax, softmax
from parity import REDUCTIONS, SHAPES, assert_equals_torch, normal, property_test, value_and_gradients

KINDS = pytest.mark.parametrize("asarray", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def shares(*shape, seed=0):
    return torch.sigmoid(normal(*shape, seed=seed))


def quiet_kl_div(*args, **options):
    """Compute PyTorch's, without the warning about its mean."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return F.kl_div(*args, **options)


# --- Kullback–Leibler -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_kl_div_equals_torch(shape, log_target, reduction):
    target = shares(*shape, seed=1)
    call = {"input": shares(*shape).log(), "target": target.log() if log_target else target}
    assert_equals_torch(kl_div, quiet_kl_div, **call, log_target=log_target, reduction=reduction)


def test_kl_div_by_hand():
    p, q = np.array([[0.5, 0.25, 0.25], [0.2, 0.6, 0.2]]), np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    elements = np.array([[0, 0.5 * np.log(2), 0], [np.log(5), 0, 0]])
    np.testing.assert_allclose(kl_div(np.log(p), q, "none"), elements, atol=1e-15)
    assert kl_div(np.log(p), q) == pytest.approx(elements.sum() / 6)
    assert kl_div(np.log(p), q, "sum") == pytest.approx(elements.sum())
    assert kl_div(np.log(p), q, "batchmean") == pytest.approx(elements.sum() / 2)


LOG_P = torch.tensor([-1.0, -torch.inf, 0.0, -1e4, -torch.inf])


@pytest.mark.parametrize("log_target", [False, True])
def test_a_target_probability_of_0_counts_as_0(log_target):
    zeros = torch.zeros(5).log() if log_target else torch.zeros(5)
    value, (slope, slope_by_target) = value_and_gradients(
        kl_div, input=LOG_P, target=zeros, reduction="none", log_target=log_target
    )
    assert value.tolist() == slope.tolist() == slope_by_target.tolist() == [0] * 5
    assert quiet_kl_div(LOG_P, zeros, log_target=log_target).isnan()
    assert kl_div(LOG_P.numpy(), zeros.numpy(), "none", log_target).tolist() == [0] * 5
    nothing_known = kl_div(torch.full((5,), torch.nan), zeros, "none", log_target)
    assert nothing_known.isnan().all()  # NaN in, NaN out


def test_a_predicted_probability_of_0_is_infinitely_wrong():
    assert kl_div(LOG_P, torch.full((5,), 0.2), "none").isinf().tolist() == [False, True, False, False, True]


def test_the_smallest_log_targets_count_as_0():
    call = {"input": LOG_P, "target": torch.full((5,), -1e4), "log_target": True, "reduction": "none"}
    value, gradients = value_and_gradients(kl_div, **call)
    assert value.tolist() == [0] * 5
    assert all(gradient.isfinite().all() for gradient in gradients)


@KINDS
def test_bad_input_of_kl_div(asarray):
    p, q = asarray(np.full((4, 3), 0.25)), asarray(np.full((4, 3), 0.5))
    with pytest.raises(ValueError) as error:
        kl_div(p, q)
    assert str(error.value) == (
        "`input` holds 0.25, expected log-probabilities, 0 or less; turn scores into log-probabilities with "
        "log_softmax, probabilities with log"
    )
    with pytest.raises(ValueError) as error:
        kl_div(-p, q, log_target=True)
    assert str(error.value) == (
        "`target` holds 0.5, expected log-probabilities, 0 or less; if it holds probabilities, set log_target=False"
    )
    for wrong in (-0.5, 1.5):
        with pytest.raises(ValueError) as error:
            kl_div(-p, 0 * q + wrong)
        assert str(error.value) == (
            f"`target` holds {wrong}, expected probabilities from 0 to 1; if it holds log-probabilities, set "
            "log_target=True"
        )
    with pytest.raises(ValueError, match=r"`input` \(4, 3\) and `target` \(3,\); they are never broadcast"):
        kl_div(-p, q[0])
    with pytest.raises(ValueError, match="reduction is 'Mean', expected one of 'mean', 'sum', 'none', 'batchmean'$"):
        kl_div(-p, q, "Mean")
    with pytest.raises(TypeError, match="log_target is 'sum', expected True or False"):
        kl_div(-p, q, "mean", "sum")


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-3), (torch.float16, 1 / 64), (torch.bfloat16, 1 / 8)])
def test_a_log_probability_may_be_above_0_by_rounding(dtype, most):
    above, one = torch.tensor([most], dtype=dtype), torch.ones(1, dtype=dtype)
    assert kl_div(above, one) == -above
    assert kl_div(-one, above, log_target=True).isfinite()
    too_far = above * (1 + torch.finfo(dtype).eps)
    with pytest.raises(ValueError, match="`input` holds .*, expected log-probabilities"):
        kl_div(too_far, one)
    with pytest.raises(ValueError, match="`target` holds .*, expected log-probabilities"):
        kl_div(-one, too_far, log_target=True)


# --- Jensen–Shannon ---------------------------------------------------------------------------------------------------


def distributions(*shape, dim, seed):
    return torch.softmax(2 * normal(*shape, seed=seed), dim)


@pytest.mark.parametrize(
    ("shape", "dim"), [((5,), -1), ((5,), 0), ((4, 3), 1), ((4, 3), 0), ((2, 3, 4), 1), ((2, 3, 4), -3), ((3, 1), 1)]
)
def test_js_div_equals_scipy(shape, dim):
    p, q = (distributions(*shape, dim=dim, seed=seed) for seed in (0, 1))
    expected = jensenshannon(p.numpy(), q.numpy(), axis=dim) ** 2
    for reduction, reduced in (("none", expected), ("mean", expected.mean()), ("sum", expected.sum())):
        np.testing.assert_allclose(js_div(p, q, dim=dim, reduction=reduction), reduced, atol=1e-15)
        np.testing.assert_allclose(js_div(p.numpy(), q.numpy(), dim=dim, reduction=reduction), reduced, atol=1e-15)
    np.testing.assert_allclose(js_div(p, p, dim=dim), 0, atol=1e-15)


def test_js_div_by_hand():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.0, 0.5])
    assert js_div(p, q) == pytest.approx(0.5 * np.log(2))
    assert js_div(np.eye(3)[0], np.eye(3)[2]) == pytest.approx(np.log(2))
    assert js_div(np.eye(3), np.eye(3)[::-1], reduction="none").tolist() == pytest.approx([np.log(2), 0, np.log(2)])
    with pytest.raises(TypeError, match="positional"):
        js_div(p, q, -1)


def test_js_div_is_finite_where_a_probability_is_0():
    p = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    q = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])
    value, gradients = value_and_gradients(js_div, p=p, q=q, reduction="none")
    assert value.tolist() == pytest.approx([math.log(2), math.log(2) / 2, 0])
    for gradient, own, other in zip(gradients, (p, q), (q, p), strict=True):
        assert gradient.isfinite().all()
        assert (gradient[(own == 0) & (other > 0)] < 0).all()  # more of what the other has brings them together
        assert (gradient[(own == 0) & (other == 0)] == 0).all()


@KINDS
def test_bad_input_of_js_div(asarray):
    p = asarray(np.full((4, 2), 0.5))
    for name, call in (("p", (3 * p, p)), ("q", (p, 3 * p))):
        with pytest.raises(ValueError) as error:
            js_div(*call)
        assert str(error.value) == (
            f"`{name}` holds 1.5, expected probabilities from 0 to 1; turn scores into probabilities with softmax"
        )
    for name, call in (("p", (p / 2, p)), ("q", (p, p / 2))):
        with pytest.raises(ValueError) as error:
            js_div(*call)
        assert str(error.value) == (
            f"`{name}.sum(-1)` holds 0.5, expected 1, because probabilities sum to 1; normalise them, or give as dim "
            "the dimension that holds the classes"
        )
    with pytest.raises(ValueError, match=r"`p.sum\(0\)` holds 2.0"):
        js_div(p, p, dim=0)
    for rounded in (np.array([0.33, 0.33, 0.33]), np.array([0.5, 0.5 + 1 / 64]), np.array([0.5, 0.5 - 1 / 64])):
        assert js_div(asarray(rounded), asarray(rounded)) == 0
    with pytest.raises(ValueError, match="holds 1.015625.*, expected 1"):
        js_div(asarray(rounded), asarray(np.array([0.5, 0.5 + 1 / 64 + 1e-12])))
    with pytest.raises(ValueError, match=r"`p` \(4, 2\) and `q` \(2,\); they are never broadcast"):
        js_div(p, p[0])
    with pytest.raises(ValueError, match=r"dim is 2, but `p` has shape \(4, 2\): expected -2 to 1"):
        js_div(p, p, dim=2)
    with pytest.raises(TypeError, match="dim is True, expected an integer: the dimension that holds the classes"):
        js_div(p, p, dim=True)
    with pytest.raises(ValueError) as error:
        js_div(asarray(np.array(1.0)), asarray(np.array(1.0)))
    assert str(error.value) == "`p` has no dimension, expected one or more, of which `dim` holds the classes"
    with pytest.raises(ValueError, match="reduction is 'batchmean', expected one of 'mean', 'sum', 'none'$"):
        js_div(p, p, reduction="batchmean")


# --- Properties -------------------------------------------------------------------------------------------------------

close = {"rtol": 1e-9, "atol": 1e-9}


@st.composite
def pairs(draw):
    """Draw two arrays of distributions (N, C), some of whose probabilities are 0."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 5)))
    parts = hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1e-9, 0.3, 1.0, 7.0]))
    p, q = (draw(parts.filter(lambda array: (array.sum(1) > 0).all())) for _ in range(2))
    return p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)


@property_test
@given(pair=pairs())
def test_js_div_is_symmetric_and_bounded(pair):
    p, q = pair
    losses = js_div(p, q, reduction="none")
    np.testing.assert_array_equal(losses, js_div(q, p, reduction="none"))
    assert (losses >= -1e-15).all()
    assert (losses <= np.log(2) + 1e-15).all()
    np.testing.assert_allclose(js_div(p.T, q.T, dim=0, reduction="none"), losses, **close)
    np.testing.assert_allclose(js_div(p, q), losses.mean(), **close)
    np.testing.assert_allclose(js_div(p, q, reduction="sum"), losses.sum(), **close)
    np.testing.assert_array_equal(js_div(p, p), 0)


@property_test
@given(z=hnp.arrays(np.float64, (3, 4), elements=st.floats(-20, 20)))
def test_the_root_of_js_div_is_a_metric(z):
    p, q, r = softmax(z, 1)
    p_to_q, q_to_r, p_to_r = (np.sqrt(max(js_div(*pair), 0)) for pair in ((p, q), (q, r), (p, r)))
    assert p_to_r <= p_to_q + q_to_r + 1e-7


@property_test
@given(pair=pairs(), seed=st.integers(0, 99))
def test_the_order_of_classes_and_rows_does_not_matter(pair, seed):
    p, q = pair
    random = np.random.default_rng(seed)
    rows, classes = random.permutation(p.shape[0]), random.permutation(p.shape[1])
    shuffled = p[rows][:, classes], q[rows][:, classes]
    np.testing.assert_allclose(js_div(*shuffled, reduction="none"), js_div(p, q, reduction="none")[rows], **close)
    log_p = np.log(p + 1e-3) - np.log1p(1e-3 * p.shape[1])
    elements = kl_div(log_p, q, "none")
    np.testing.assert_array_equal(kl_div(log_p[rows][:, classes], shuffled[1], "none"), elements[rows][:, classes])


@property_test
@given(pair=pairs())
def test_js_div_is_the_mean_divergence_from_the_middle(pair):
    p, q = pair
    with np.errstate(divide="ignore"):
        log_m = np.log((p + q) / 2)
    halves = [kl_div(log_m, each, "none").sum(1) / 2 for each in (p, q)]
    np.testing.assert_allclose(js_div(p, q, reduction="none"), halves[0] + halves[1], **close)


@property_test
@given(z=hnp.arrays(np.float64, (3, 4), elements=st.floats(-20, 20)), pair=pairs())
def test_kl_div_is_cross_entropy_minus_entropy(z, pair):
    q = softmax(z[::-1], 1)
    log_p, log_q = log_softmax(z, 1), log_softmax(z[::-1], 1)
    divergence = kl_div(log_p, q, "batchmean")
    assert divergence >= -1e-12
    np.testing.assert_allclose(divergence, cross_entropy(z, q) + (q * log_q).sum(1).mean(), **close)
    np.testing.assert_allclose(kl_div(log_p, log_q, "none", log_target=True), kl_div(log_p, q, "none"), **close)
    np.testing.assert_allclose(kl_div(log_p, q), divergence / 4, **close)
    np.testing.assert_allclose(kl_div(log_q, q, "none"), 0, atol=1e-12)
