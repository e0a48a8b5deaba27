"""The activations, against PyTorch and against what defines them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossbook import log_softmax, logsigmoid, sigmoid, softmax, tanh
from parity import SHAPES, assert_equals_torch, normal, property_test

SOFTMAXES = [
    pytest.param(softmax, F.softmax, id="softmax"),
    pytest.param(log_softmax, F.log_softmax, id="log_softmax"),
]
SIGMOIDS = [
    pytest.param(sigmoid, F.sigmoid, id="sigmoid"),
    pytest.param(logsigmoid, F.logsigmoid, id="logsigmoid"),
    pytest.param(tanh, F.tanh, id="tanh"),
]
OUR_SOFTMAXES = [pytest.param(softmax, id="softmax"), pytest.param(log_softmax, id="log_softmax")]

EXTREMES = [0.0, 1e-30, 17.0, 89.0, 104.0, 1e4, 1e30, float("inf")]  # exp overflows in float32 beyond 88.7


# --- Against PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("ours", "theirs"), SIGMOIDS)
def test_sigmoids_equal_torch(ours, theirs, shape):
    assert_equals_torch(ours, theirs, input=5 * normal(*shape))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("size", EXTREMES)
@pytest.mark.parametrize(("ours", "theirs"), SIGMOIDS)
def test_sigmoids_equal_torch_at_extremes(ours, theirs, size, sign):
    assert_equals_torch(ours, theirs, input=torch.tensor(sign * size), rtol=2e-7)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("size", [1e-300, 1e-9, 1e-3, 0.5, 19.0, 20.0, 800.0])
def test_tanh_is_exact_near_0_and_far_off(size, sign):
    z = sign * size
    expected = sign * np.expm1(2 * size) / (np.expm1(2 * size) + 2) if size < 100 else sign
    for value in (tanh(np.array(z)), tanh(torch.tensor(z, dtype=torch.float64))):
        assert float(value) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("z", [0.0, -0.0, 1e-9, -1.0, 3.0, 30.0, -30.0, 1e4, -1e4, float("inf"), float("-inf")])
@pytest.mark.parametrize(("ours", "theirs"), SIGMOIDS)
def test_second_derivatives_equal_torch(ours, theirs, z):
    def second_derivative(function):
        x = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        (first,) = torch.autograd.grad(function(x), x, create_graph=True)
        return torch.autograd.grad(first, x)[0]

    torch.testing.assert_close(second_derivative(ours), second_derivative(theirs))


@pytest.mark.parametrize("ours", [sigmoid, logsigmoid, tanh])
def test_nan_gives_nan_without_a_warning(ours):
    for nan in (np.array([np.nan]), np.array(np.nan), np.float32(np.nan)):
        assert np.isnan(ours(nan)).all()


@pytest.mark.parametrize(
    ("shape", "dim"),
    [((), 0), ((), -1), ((5,), 0), ((1,), 0), ((0,), 0), ((4, 3), 0), ((4, 3), 1), ((4, 3), -1), ((2, 3, 4), 1)]
    + [((2, 3, 4), -3), ((2, 3, 4, 5), 2), ((0, 3), 0), ((0, 3), 1), ((3, 0), 1)],
)
@pytest.mark.parametrize(("ours", "theirs"), SOFTMAXES)
def test_softmaxes_equal_torch(ours, theirs, shape, dim):
    # A plain sum of a softmax is 1 whatever the scores are: its gradient would be 0 and say nothing.
    weight = normal(*shape, seed=1)
    assert_equals_torch(
        lambda input: ours(input, dim) * (weight if isinstance(input, torch.Tensor) else weight.numpy()),
        lambda input: theirs(input, dim) * weight,
        input=5 * normal(*shape),
    )


@pytest.mark.parametrize(
    "scores",
    [
        [1e4, -1e4, 0.0],
        [1e4, 1e4, 1e4],
        [0.0, -torch.inf, 1.0],
        [-torch.inf, 1e30, -1e30],
        [1e38, -1e38, 0.0],
        [0.0] * 3,
    ],
)
@pytest.mark.parametrize(("ours", "theirs"), SOFTMAXES)
def test_softmaxes_equal_torch_at_extremes(ours, theirs, scores):
    scores = torch.tensor(scores)
    for k in range(3):
        entry_of_ours, entry_of_theirs = (lambda input, f=f, k=k: f(input, 0)[k] for f in (ours, theirs))
        assert_equals_torch(entry_of_ours, entry_of_theirs, input=scores, rtol=2e-7)


@pytest.mark.parametrize(("ours", "theirs"), SOFTMAXES)
def test_rows_far_apart_equal_torch(ours, theirs):
    scores = torch.tensor([[1e4, 1e4 + 1], [0.0, 1.0], [-1e4, -1e4 + 1]], dtype=torch.float64)
    assert_equals_torch(lambda input: ours(input, 1), lambda input: theirs(input, 1), input=scores)


@pytest.mark.parametrize("scores", [[-torch.inf] * 2, [torch.inf, 0.0], [torch.nan, 0.0]])
@pytest.mark.parametrize(("ours", "theirs"), SOFTMAXES)
def test_no_finite_largest_score_gives_nan(ours, theirs, scores):
    scores = torch.tensor(scores)
    assert theirs(scores, 0).isnan().all()
    assert ours(scores, 0).isnan().all()


def test_finite_in_half_precision():
    scores = torch.tensor([6e4, -6e4, 0.0], dtype=torch.float16)
    assert softmax(scores, 0).tolist() == [1, 0, 0]
    assert log_softmax(scores, 0).tolist() == [0, -torch.inf, -6e4]  # −120000 is beyond float16
    assert sigmoid(scores).tolist() == [1, 0, 0.5]
    assert logsigmoid(scores)[:2].tolist() == [0, -6e4]
    assert tanh(scores).tolist() == [1, -1, 0]


# --- dim and dtype ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ones", [np.ones, torch.ones], ids=["numpy", "torch"])
@pytest.mark.parametrize("ours", OUR_SOFTMAXES)
@pytest.mark.parametrize(
    ("shape", "dim", "expected"),
    [
        ((4, 3), 2, r"dim is 2, but `input` has shape \(4, 3\): expected -2 to 1"),
        ((4, 3), -3, r"dim is -3, but `input` has shape \(4, 3\): expected -2 to 1"),
        ((), 1, r"dim is 1, but `input` has shape \(\): expected -1 to 0"),
        ((0, 3), 2, r"dim is 2, but `input` has shape \(0, 3\)"),
    ],
)
def test_there_is_no_such_dim(ours, ones, shape, dim, expected):
    with pytest.raises(ValueError, match=expected):
        ours(ones(shape), dim)


@pytest.mark.parametrize("dim", [None, True, 1.0, "1", (0, 1)])
@pytest.mark.parametrize("ours", OUR_SOFTMAXES)
def test_dim_is_an_integer(ours, dim):
    with pytest.raises(TypeError, match="expected an integer: the dimension that holds the classes"):
        ours(np.ones((4, 3)), dim)


@pytest.mark.parametrize("ours", OUR_SOFTMAXES)
def test_dim_is_required_and_may_be_a_numpy_integer(ours):
    with pytest.raises(TypeError, match="dim"):
        ours(np.ones((4, 3)))
    for one in (np.int64(1), np.uint8(1)):
        np.testing.assert_array_equal(ours(np.eye(2), one), ours(np.eye(2), 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("given", [torch.float16, torch.float32, torch.float64, torch.int64])
@pytest.mark.parametrize(("ours", "theirs"), SOFTMAXES)
def test_dtype_converts_first(ours, theirs, given, dtype):
    scores = torch.tensor([[9.3, -2.7, 0.5], [1e-3, 2.0, 7.0]]).to(given)
    actual, expected = ours(scores, 1, dtype), theirs(scores, 1, dtype=dtype)
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(actual, expected, rtol=2 * eps, atol=eps)


@pytest.mark.parametrize("ours", OUR_SOFTMAXES)
def test_dtype_of_arrays(ours):
    scores = np.array([9.3, -2.7, 0.5], dtype=np.float32)
    for dtype in (np.float16, np.float64, np.dtype("float64"), "float64"):
        assert ours(scores, 0, dtype).dtype == dtype
    np.testing.assert_array_equal(ours(scores, 0, np.float64), ours(scores.astype(np.float64), 0))


@pytest.mark.parametrize(
    ("scores", "dtype"),
    [
        (np.ones(3), np.int32),
        (np.ones(3), np.complex128),
        (np.ones(3), torch.float32),
        (np.ones(3), "no dtype"),
        (torch.ones(3), torch.int32),
        (torch.ones(3), torch.bool),
        (torch.ones(3), np.float32),
        (torch.ones(3), "float32"),
        (np.ones(3, dtype=complex), np.float64),
    ],
)
@pytest.mark.parametrize("ours", OUR_SOFTMAXES)
def test_dtype_is_floating_point(ours, scores, dtype):
    with pytest.raises(TypeError, match="dtype|data type"):
        ours(scores, 0, dtype)


# --- Properties -------------------------------------------------------------------------------------------------------

numbers = hnp.from_dtype(np.dtype(np.float64), min_value=-50, max_value=50)
rows = hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=numbers)
close = {"rtol": 1e-9, "atol": 1e-12}


@property_test
@given(z=rows, shift=numbers)
def test_softmax_is_a_distribution_that_no_shift_changes(z, shift):
    p = softmax(z, 1)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(softmax(z + shift, 1), p, **close)
    np.testing.assert_allclose(log_softmax(z + shift, 1), log_softmax(z, 1), **close)


@property_test
@given(z=rows)
def test_log_softmax_is_the_logarithm_by_definition(z):
    np.testing.assert_allclose(np.exp(log_softmax(z, 1)), softmax(z, 1), **close)
    np.testing.assert_allclose(log_softmax(z, 1), z - np.log(np.exp(z).sum(1, keepdims=True)), **close)
    assert (log_softmax(z, 1) <= 0).all()


@property_test
@given(z=rows, seed=st.integers(0, 99))
def test_softmax_follows_a_permutation_of_the_classes(z, seed):
    order = np.random.default_rng(seed).permutation(z.shape[1])
    for ours in (softmax, log_softmax):
        np.testing.assert_allclose(ours(z[:, order], 1), ours(z, 1)[:, order], **close)
        np.testing.assert_array_equal(ours(z.T, 0), ours(z, 1).T)


@property_test
@given(z=hnp.arrays(np.float64, st.integers(1, 20), elements=numbers))
def test_sigmoid_by_definition_and_its_symmetry(z):
    np.testing.assert_allclose(sigmoid(z), 1 / (1 + np.exp(-z)), rtol=1e-12)
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), **close)
    np.testing.assert_allclose(logsigmoid(z), np.log(sigmoid(z)), **close)
    np.testing.assert_allclose(logsigmoid(z) - logsigmoid(-z), z, **close)


@property_test
@given(z=hnp.arrays(np.float64, st.integers(1, 20), elements=numbers))
def test_tanh_is_a_sigmoid_stretched_and_odd(z):
    np.testing.assert_allclose(tanh(z), 2 * sigmoid(2 * z) - 1, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(tanh(-z), -tanh(z))
    assert (np.abs(tanh(z)) <= np.minimum(np.abs(z), 1)).all()


@property_test
@given(z=hnp.arrays(np.float64, st.integers(1, 20), elements=numbers))
def test_the_softmax_of_two_classes_is_a_sigmoid(z):
    two = np.stack([z, np.zeros_like(z)])
    np.testing.assert_allclose(softmax(two, 0)[0], sigmoid(z), **close)
    np.testing.assert_allclose(log_softmax(two, 0)[0], logsigmoid(z), **close)
