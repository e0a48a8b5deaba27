"""The losses for embeddings, against PyTorch where it has them, and against what defines them."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics.pairwise import cosine_similarity

from lossbook import (
    contrastive_loss,
    cosine_embedding_loss,
    cross_entropy,
    info_nce_loss,
    triplet_likelihood_loss,
    triplet_margin_loss,
)
from parity import REDUCTIONS, assert_equals_torch, normal, property_test, value_and_gradients

SHAPES = [(3,), (4, 3), (1, 3), (0, 3)]
ZEROS = pytest.mark.parametrize("zeros", [np.zeros, torch.zeros], ids=["numpy", "torch"])


def signs(*shape):
    """Return labels 1 and −1."""
    return 2 * torch.randint(2, shape, generator=torch.Generator().manual_seed(3)) - 1


def triplets(*shape):
    return {name: normal(*shape, seed=seed) for seed, name in enumerate(("anchor", "positive", "negative"))}


# --- Cosine embedding -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [-1, -0.3, 0, 0.5, 1.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cosine_equals_torch(shape, margin, reduction):
    pair = {"input1": normal(*shape), "input2": normal(*shape, seed=1), "target": signs(*shape[:-1])}
    assert_equals_torch(
        cosine_embedding_loss, F.cosine_embedding_loss, **pair, margin=margin, reduction=reduction, rtol=1e-9
    )


@pytest.mark.parametrize("label", [1, -1])
@pytest.mark.parametrize(
    ("x1", "x2"),
    [
        ([1.0, 0.0], [0.0, 2.0]),  # the hinge lies exactly at its kink
        ([0.0, 0.0], [1.0, 2.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([1e-7, 0.0], [1e-6, 1e-6]),  # as small as eps
        ([3.0, 4.0], [3.0, 4.0]),
        ([3.0, 4.0], [-3.0, -4.0]),
    ],
)
def test_cosine_equals_torch_at_special_places(x1, x2, label):
    pair = {"input1": torch.tensor([x1]), "input2": torch.tensor([x2]), "target": torch.tensor([label])}
    pair = {name: value.double() if name != "target" else value for name, value in pair.items()}
    assert_equals_torch(cosine_embedding_loss, F.cosine_embedding_loss, **pair, rtol=1e-8)  # its eps is a float32


def test_cosine_by_hand():
    x1, x2 = np.array([[2.0, 0.0], [2.0, 0.0]]), np.array([[3.0, 4.0], [-3.0, 4.0]])  # cosines of 0.6 and −0.6
    for y, margin, expected in (
        ([1, 1], 0.0, [0.4, 1.6]),
        ([-1, -1], 0.0, [0.6, 0.0]),
        ([-1, -1], 0.5, [0.1, 0.0]),
        ([-1, 1], -1.0, [1.6, 1.6]),
    ):
        losses = cosine_embedding_loss(x1, x2, np.array(y), margin, "none")
        np.testing.assert_allclose(losses, expected, atol=1e-11)


@pytest.mark.parametrize("size", [1e-30, 1e4, 1e15])
def test_cosine_of_extreme_lengths_stays_finite(size):
    pair = {"input1": size * torch.eye(3), "input2": size * torch.ones(3, 3), "target": torch.tensor([1, -1, 1])}
    value, gradients = value_and_gradients(cosine_embedding_loss, **pair)
    assert value.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)


# --- Triplet margin ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [0.5, 1, 2, 2.5, 7, math.inf])
@pytest.mark.parametrize(("margin", "eps"), [(1.0, 1e-6), (0.1, 0.2), (3, 0)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_triplet_equals_torch(shape, margin, eps, p, swap, reduction):
    options = {"margin": margin, "p": p, "eps": eps, "swap": swap, "reduction": reduction}
    assert_equals_torch(triplet_margin_loss, F.triplet_margin_loss, **triplets(*shape), **options)


@pytest.mark.parametrize("p", [0.5, 1, 2, 3, math.inf])
@pytest.mark.parametrize("eps", [0.0, 1e-6])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identical_embeddings_have_a_finite_gradient(p, eps, swap, dtype):
    same = torch.ones(2, 3, dtype=dtype)
    call = {"anchor": same, "positive": same, "negative": same, "p": p, "eps": eps, "swap": swap}
    value, gradients = value_and_gradients(triplet_margin_loss, **call)
    assert value == pytest.approx(1)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert_equals_torch(triplet_margin_loss, F.triplet_margin_loss, **call, rtol=1e-6)


def test_triplet_has_the_defaults_of_torch():
    near = {name: 1e-6 * x for name, x in triplets(5, 3).items()}  # as small as eps
    assert_equals_torch(triplet_margin_loss, F.triplet_margin_loss, **near, rtol=1e-12)


def test_triplet_by_hand():
    a, p, n = (np.array([row]) for row in ([0.0, 0.0], [3.0, 4.0], [6.0, 7.9]))
    assert triplet_margin_loss(a, p, n, 5.0, eps=0) == pytest.approx(5 + 5 - math.hypot(6, 7.9))
    assert triplet_margin_loss(a, p, n, 8.0, p=1, eps=0) == pytest.approx(8 + 7 - 13.9)
    assert triplet_margin_loss(a, p, n, 5.0, p=math.inf, eps=0) == pytest.approx(5 + 4 - 7.9)
    assert triplet_margin_loss(a, p, n, 5.0, swap=True, eps=0) == pytest.approx(5 + 5 - math.hypot(3, 3.9))
    assert triplet_margin_loss(a, p, n) == 0
    assert triplet_margin_loss(a, a, a, 1.0, 1, 0.25) == 1
    assert triplet_margin_loss(a, p, a, eps=0.25) == pytest.approx(1 + math.hypot(2.75, 3.75) - math.hypot(0.25, 0.25))


def test_triplet_positions_are_those_of_torch():
    call = [*triplets(5, 3).values(), 0.3, 1, 0.1, True, "sum"]
    torch.testing.assert_close(triplet_margin_loss(*call), F.triplet_margin_loss(*call[:7], reduction="sum"))


# --- Contrastive ------------------------------------------------------------------------------------------------------


def test_contrastive_by_hand():
    x1, x2 = np.zeros((4, 2)), np.array([[0.3, 0.4], [0.3, 0.4], [3.0, 4.0], [3.0, 4.0]])  # distances 0.5 and 5
    similar = np.array([1, 0, 1, 0])
    expected = [0.5 * 0.25, 0.5 * 0.25, 0.5 * 25, 0]
    np.testing.assert_allclose(contrastive_loss(x1, x2, similar, reduction="none"), expected)
    assert contrastive_loss(x1, x2, similar) == pytest.approx(sum(expected) / 4)
    assert contrastive_loss(x1, x2, similar, reduction="sum") == pytest.approx(sum(expected))
    expected = [0.5 * 0.25, 0.5 * 36, 0.5 * 25, 0.5 * 1.5**2]
    np.testing.assert_allclose(contrastive_loss(x1, x2, similar, margin=6.5, reduction="none")[[0, 3]], expected[::3])
    assert contrastive_loss(x1[1], x2[1], np.array(0), margin=6.5) == pytest.approx(expected[1])
    booleans = contrastive_loss(x1, x2, similar.astype(bool))
    assert booleans == contrastive_loss(x1, x2, similar) == contrastive_loss(x1, x2, similar.astype(np.uint8))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_contrastive_equals_its_formula_in_torch(reduction):
    def by_hand(x1, x2, similar):
        distance = F.pairwise_distance(x1, x2, eps=0)
        losses = torch.where(similar == 1, distance**2, torch.clamp(1.5 - distance, min=0) ** 2) / 2
        return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]

    call = {"x1": normal(20, 3) / 2, "x2": normal(20, 3, seed=1) / 2, "similar": (signs(20) + 1) // 2}
    value, gradients = value_and_gradients(contrastive_loss, **call, margin=1.5, reduction=reduction)
    expected, expected_gradients = value_and_gradients(by_hand, **call)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradients, expected_gradients)


@pytest.mark.parametrize("similar", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_identical_embeddings_have_no_direction_to_part_in(similar, dtype):
    call = {"x1": torch.ones(2, 3, dtype=dtype), "x2": torch.ones(2, 3, dtype=dtype)}
    value, gradients = value_and_gradients(contrastive_loss, **call, similar=torch.full((2,), similar))
    assert value == (1 - similar) / 2
    assert all((gradient == 0).all() for gradient in gradients)


def test_similar_embeddings_that_coincide_have_a_second_derivative():
    x = torch.zeros(3, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(lambda y: contrastive_loss(x, y, torch.tensor(1)), x)
    torch.testing.assert_close(hessian, torch.eye(3, dtype=torch.float64))  # that of ½ d²


@pytest.mark.parametrize("size", [1e-30, 1e-4, 1e4])
def test_contrastive_of_extreme_distances_stays_finite(size):
    call = {"x1": size * torch.eye(2), "x2": torch.zeros(2, 2), "similar": torch.tensor([0, 1])}
    value, gradients = value_and_gradients(contrastive_loss, **call)
    assert value.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)


# --- Triplet likelihood -----------------------------------------------------------------------------------------------


def test_triplet_likelihood_is_the_product_of_all_probabilities():
    positive, negative = np.array([1.0, -0.5, 2.0]), np.array([0.0, 1.5])
    probability = [[math.exp(p) / (math.exp(p) + math.exp(n)) for n in negative] for p in positive]
    losses = triplet_likelihood_loss(positive, negative, reduction="none")
    np.testing.assert_allclose(losses, -np.log(probability))
    joint = np.prod(probability)
    assert triplet_likelihood_loss(positive, negative) == pytest.approx(-math.log(joint) / 6)
    assert triplet_likelihood_loss(positive, negative, reduction="sum") == pytest.approx(-math.log(joint))
    assert triplet_likelihood_loss(np.ones(3), np.ones(2)) == pytest.approx(math.log(2))


def test_triplet_likelihood_takes_several_anchors():
    positive, negative = normal(2, 5, 3), normal(2, 5, 4, seed=1)
    losses = triplet_likelihood_loss(positive, negative, reduction="none")
    assert losses.shape == (2, 5, 3, 4)
    one = triplet_likelihood_loss(positive[1, 2], negative[1, 2], reduction="none")
    torch.testing.assert_close(losses[1, 2], one)
    torch.testing.assert_close(triplet_likelihood_loss(positive, negative), losses.mean())


@pytest.mark.parametrize("size", [20.0, 100.0, 1e4])
def test_triplet_likelihood_of_extreme_scores_stays_finite(size):
    scores = {"positive_scores": torch.tensor([-size, size]), "negative_scores": torch.tensor([size, -size, 0.0])}
    value, gradients = value_and_gradients(triplet_likelihood_loss, **scores, reduction="none")
    expected = [[2 * size, math.log(2), size], [math.log(2), 0, 0]]
    torch.testing.assert_close(value, torch.tensor(expected), rtol=1e-6, atol=1e-6)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("shapes", [((0,), (3,)), ((3,), (0,)), ((0, 2), (0, 3))])
def test_triplet_likelihood_of_nothing(shapes):
    positive, negative = map(np.ones, shapes)
    assert np.isnan(triplet_likelihood_loss(positive, negative))
    assert triplet_likelihood_loss(positive, negative, reduction="sum") == 0
    expected = (*shapes[0], shapes[1][-1])
    assert triplet_likelihood_loss(positive, negative, reduction="none").shape == expected


# --- InfoNCE ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("temperature", [0.07, 0.5, 3])
def test_info_nce_equals_its_formula_in_torch(temperature, reduction):
    def by_hand(queries, keys):
        cosines = F.cosine_similarity(queries[:, None], keys[None], dim=-1)
        return F.cross_entropy(cosines / temperature, torch.arange(len(queries)), reduction=reduction)

    call = {"queries": normal(5, 3), "keys": normal(5, 3, seed=1)}
    value, gradients = value_and_gradients(info_nce_loss, **call, temperature=temperature, reduction=reduction)
    expected, expected_gradients = value_and_gradients(by_hand, **call)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradients, expected_gradients)
    if temperature == 0.07:
        assert info_nce_loss(**call, reduction="sum") == info_nce_loss(**call, temperature=0.07, reduction="sum")


def test_info_nce_by_hand():
    e = math.e
    assert info_nce_loss(np.eye(3), np.eye(3), temperature=1) == pytest.approx(-math.log(e / (e + 2)))
    assert info_nce_loss(np.eye(2), np.eye(2)[::-1], temperature=1) == pytest.approx(math.log(1 + e))
    assert info_nce_loss(np.eye(3), np.ones((3, 3))) == pytest.approx(math.log(3))  # all keys are alike
    assert info_nce_loss(np.ones((1, 3)), np.ones((1, 3))) == 0  # and nothing to tell it from
    queries, keys = np.eye(3)[[0, 0, 1]], np.eye(3)
    expected = [math.log(e + 2) - 1, math.log(e + 2), math.log(e + 2)]
    np.testing.assert_allclose(info_nce_loss(queries, keys, temperature=1.0, reduction="none"), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
@pytest.mark.parametrize("temperature", [1e-4, 0.07])
def test_info_nce_of_extreme_embeddings_stays_finite(dtype, temperature):
    queries = torch.tensor([[0.0, 0.0], [1e4, -1e4], [1e-30, 0.0], [1.0, 1.0]], dtype=dtype)
    call = {"queries": queries, "keys": queries.flip(0), "temperature": temperature}
    value, gradients = value_and_gradients(info_nce_loss, **call)
    assert value.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_info_nce_of_nothing():
    for none in (np.ones((0, 3)), torch.ones(0, 3)):
        assert math.isnan(info_nce_loss(none, none))
        assert info_nce_loss(none, none, reduction="sum") == 0
        assert tuple(info_nce_loss(none, none, reduction="none").shape) == (0,)


# --- Dtypes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_have_the_dtype_of_the_embeddings(reduction):
    x, label = normal(2, 3), np.ones(2, dtype=np.int64)
    for asarray, dtypes in (
        (torch.as_tensor, [torch.float16, torch.bfloat16, torch.float32, torch.float64]),
        (np.asarray, [np.float16, np.float32, np.float64]),
    ):
        labels = asarray(label)
        for dtype in dtypes:
            a = x.to(dtype) if asarray is torch.as_tensor else x.numpy().astype(dtype)
            for loss in (
                contrastive_loss(a, a, labels, reduction=reduction),
                cosine_embedding_loss(a, a, labels, reduction=reduction),
                triplet_margin_loss(a, a, a, reduction=reduction),
                triplet_likelihood_loss(a, a, reduction=reduction),
                info_nce_loss(a, a, reduction=reduction),
            ):
                assert loss.dtype == dtype


# --- NaN --------------------------------------------------------------------------------------------------------------


def test_nan_stays_where_it_is():
    spoilt, fine = normal(3, 2), normal(3, 2, seed=1)
    spoilt[1, 0] = torch.nan
    expected = [False, True, False]
    for pair in ((spoilt, fine), (fine, spoilt)):
        for y in (torch.tensor([1, 1, 1]), torch.tensor([0, 0, 0])):
            assert contrastive_loss(*pair, y, reduction="none").isnan().tolist() == expected
            assert cosine_embedding_loss(*pair, 2 * y - 1, reduction="none").isnan().tolist() == expected
        for swap in (False, True):
            assert triplet_margin_loss(*pair, fine, swap=swap, reduction="none").isnan().tolist() == expected
            assert triplet_margin_loss(fine, *pair, swap=swap, reduction="none").isnan().tolist() == expected
    assert info_nce_loss(spoilt, fine, reduction="none").isnan().tolist() == expected
    assert info_nce_loss(fine, spoilt, reduction="none").isnan().all()
    scores = triplet_likelihood_loss(spoilt[:, 0], fine[:, 0], reduction="none")
    assert scores.isnan().tolist() == [[False] * 3, [True] * 3, [False] * 3]


@pytest.mark.parametrize(("loss", "other"), [(contrastive_loss, 0.0), (cosine_embedding_loss, -1.0)])
def test_nan_labels_pass_the_check(loss, other):
    labels = torch.tensor([1.0, torch.nan, other])
    assert loss(torch.ones(3, 2), torch.ones(3, 2), labels, reduction="none").isnan().tolist() == [False, True, False]


# --- Bad input --------------------------------------------------------------------------------------------------------


@ZEROS
@pytest.mark.parametrize(
    ("loss", "name", "wrong", "expected"),
    [
        (contrastive_loss, "similar", -1, "1 for a similar pair or 0 for a dissimilar one"),
        (contrastive_loss, "similar", 2, "1 for a similar pair or 0 for a dissimilar one"),
        (contrastive_loss, "similar", 0.5, "1 for a similar pair or 0 for a dissimilar one"),
        (cosine_embedding_loss, "target", 0, "1 for a similar pair or -1 for a dissimilar one"),
        (cosine_embedding_loss, "target", 2, "1 for a similar pair or -1 for a dissimilar one"),
    ],
)
def test_labels_are_of_the_stated_kind(loss, name, wrong, expected, zeros):
    labels = zeros(4) + 1
    labels[2] = wrong
    with pytest.raises(ValueError, match=f"`{name}` holds {float(wrong)}, expected {expected}"):
        loss(zeros((4, 3)), zeros((4, 3)), labels)


@pytest.mark.parametrize("loss", [contrastive_loss, cosine_embedding_loss])
def test_labels_are_checked_in_eager_mode_only(loss):
    x, wrong = torch.ones(2, 3), torch.full((2,), 7)
    assert torch.func.vmap(loss)(x[None], x[None], wrong[None]).shape == (1,)
    assert loss(x.to("meta"), x.to("meta"), wrong.to("meta")).is_meta


@ZEROS
@pytest.mark.parametrize(("loss", "name"), [(contrastive_loss, "similar"), (cosine_embedding_loss, "target")])
@pytest.mark.parametrize(
    ("vectors", "labels"), [((4, 3), (4, 1)), ((4, 3), (3,)), ((4, 3), ()), ((3,), (3,)), ((2, 4, 3), (2,))]
)
def test_there_is_one_label_for_each_pair(loss, name, vectors, labels, zeros):
    expected = f"has shape {labels}, expected {vectors[:-1]}: one label for each pair of the embeddings {vectors}"
    with pytest.raises(ValueError) as error:
        loss(zeros(vectors), zeros(vectors), zeros(labels) + 1)
    assert str(error.value) == f"`{name}` {expected}"


@ZEROS
@pytest.mark.parametrize("shapes", [((4, 3), (3,)), ((4, 3), (4, 1)), ((4, 3), (1, 3)), ((4, 3), (3, 4))])
def test_embeddings_never_broadcast(shapes, zeros):
    x, y = map(zeros, shapes)
    labels = zeros(shapes[0][0]) + 1
    named = f"{shapes[0]} and `{{}}` {shapes[1]}"
    for call, names in (
        (lambda: contrastive_loss(x, y, labels), ("x1", "x2")),
        (lambda: cosine_embedding_loss(x, y, labels), ("input1", "input2")),
        (lambda: triplet_margin_loss(x, y, x), ("anchor", "positive")),
        (lambda: info_nce_loss(x, y), ("queries", "keys")),
    ):
        with pytest.raises(ValueError, match="never broadcast") as error:
            call()
        assert f"`{names[0]}` {named.format(names[1])}" in str(error.value)
    with pytest.raises(ValueError, match="never broadcast"):
        triplet_margin_loss(x, x, y)


@ZEROS
@pytest.mark.parametrize("shape", [(), (0,), (4, 0)])
def test_embeddings_have_numbers(shape, zeros):
    x = zeros(shape)
    labels = zeros(shape[:-1]) + 1
    for call, name in (
        (lambda: contrastive_loss(x, x, labels), "x1"),
        (lambda: cosine_embedding_loss(x, x, labels), "input1"),
        (lambda: triplet_margin_loss(x, x, x), "anchor"),
        (lambda: info_nce_loss(x, x), "queries"),
    ):
        with pytest.raises(ValueError) as error:
            call()
        expected = f"`{name}` has shape {shape}, expected (..., D): embeddings, with their D >= 1 numbers in the last"
        assert expected in str(error.value)


@ZEROS
@pytest.mark.parametrize("shape", [(3,), (2, 4, 3)])
def test_info_nce_takes_rows(shape, zeros):
    with pytest.raises(ValueError) as error:
        info_nce_loss(zeros(shape), zeros(shape))
    assert str(error.value) == f"`queries` has shape {shape}, expected (N, D): one embedding for each row"


@ZEROS
@pytest.mark.parametrize("shapes", [((), (3,)), ((3,), ()), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 1, 3), (2, 3))])
def test_scores_of_the_same_anchors(shapes, zeros):
    with pytest.raises(ValueError) as error:
        triplet_likelihood_loss(*map(zeros, shapes))
    given = f"`positive_scores` has shape {shapes[0]} and `negative_scores` {shapes[1]}"
    assert f"{given}, expected (..., M) and (..., N): the scores for each anchor in" in str(error.value)


@pytest.mark.parametrize("name", ["anchor", "positive", "negative"])
def test_embeddings_are_real_numbers(name):
    with pytest.raises(TypeError, match=f"^`{name}` has dtype complex128, expected real numbers"):
        triplet_margin_loss(**{key: x.numpy() for key, x in triplets(2, 3).items()} | {name: 1j * np.ones((2, 3))})


X, Y = np.ones((2, 3)), np.ones(2)
POSITIVE = ("a number above 0", [0, -1, math.inf, math.nan])
SMALL = ("a small number that is 0 or more, such as 1e-6", [-1e-6, math.inf, math.nan])


@pytest.mark.parametrize(
    ("loss", "arrays", "option", "expected", "wrong"),
    [
        (contrastive_loss, (X, X, Y), "margin", *POSITIVE),
        (triplet_margin_loss, (X, X, X), "margin", *POSITIVE),
        (info_nce_loss, (X, X), "temperature", *POSITIVE),
        (cosine_embedding_loss, (X, X, Y), "margin", "a cosine from -1 to 1", [-1.1, 2, math.nan]),
        (triplet_margin_loss, (X, X, X), "p", "a number above 0, such as 1, 2 or math.inf", [0, -2, math.nan]),
        (triplet_margin_loss, (X, X, X), "eps", *SMALL),
    ],
)
def test_options_out_of_range(loss, arrays, option, expected, wrong):
    for value in wrong:
        with pytest.raises(ValueError) as error:
            loss(*arrays, **{option: value})
        assert str(error.value) == f"{option} is {value}, expected {expected}"
    with pytest.raises(TypeError) as error:
        loss(*arrays, **{option: "mean"})
    assert str(error.value) == f"{option} is 'mean', expected {expected}"


def test_swap_is_true_or_false():
    with pytest.raises(TypeError, match="swap is 'sum', expected True or False"):
        triplet_margin_loss(X, X, X, 1.0, 2, 1e-6, "sum")


def test_options_of_our_own_losses_are_keywords():
    for call in (
        lambda: contrastive_loss(X, X, Y, 1.0),
        lambda: triplet_likelihood_loss(Y, Y, "mean"),
        lambda: info_nce_loss(X, X, 0.1),
    ):
        with pytest.raises(TypeError, match="positional"):
            call()


# --- Properties -------------------------------------------------------------------------------------------------------

numbers = hnp.from_dtype(np.dtype(np.float64), min_value=-20, max_value=20).map(lambda x: round(x, 3))
shapes = st.tuples(st.integers(1, 5), st.integers(1, 4))
close = {"rtol": 1e-9, "atol": 1e-9}


def batches(n):
    return shapes.flatmap(lambda shape: hnp.arrays(np.float64, (n, *shape), elements=numbers))


def turned(vectors, seed):
    """Turn vectors by a rotation or reflection."""
    size = vectors.shape[-1]
    return vectors @ np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


@property_test
@given(pair=batches(2), seed=st.integers(0, 99), margin=st.floats(0.1, 10))
def test_contrastive_knows_only_distances(pair, seed, margin):
    similar = np.random.default_rng(seed).integers(0, 2, len(pair[0]))
    options = {"margin": margin, "reduction": "none"}
    losses = contrastive_loss(*pair, similar, **options)
    assert (losses >= 0).all()
    np.testing.assert_array_equal(contrastive_loss(*pair[::-1], similar, **options), losses)
    np.testing.assert_allclose(contrastive_loss(*turned(pair, seed), similar, **options), losses, **close)
    np.testing.assert_allclose(contrastive_loss(*(pair + 3), similar, **options), losses, **close)
    options["margin"] = 2 * margin
    np.testing.assert_allclose(contrastive_loss(*(2 * pair), similar, **options), 4 * losses, **close)
    distance = np.linalg.norm(pair[0] - pair[1], axis=1)
    assert (losses[(similar == 0) & (distance >= margin)] == 0).all()


@property_test
@given(pair=batches(2), seed=st.integers(0, 99), margin=st.floats(-1, 1))
def test_cosine_knows_only_directions(pair, seed, margin):
    pair = np.where(np.abs(pair).max(axis=2, keepdims=True) < 0.1, 1.0, pair)  # the length is not small
    labels = 2 * np.random.default_rng(seed).integers(0, 2, len(pair[0])) - 1
    losses = cosine_embedding_loss(*pair, labels, margin, "none")
    assert ((losses >= -1e-12) & (losses <= 2)).all()
    np.testing.assert_allclose(cosine_embedding_loss(*pair[::-1], labels, margin, "none"), losses, **close)
    np.testing.assert_allclose(cosine_embedding_loss(*turned(pair, seed), labels, margin, "none"), losses, **close)
    longer = pair * np.array([2.0, 7.0])[:, None, None]
    np.testing.assert_allclose(cosine_embedding_loss(*longer, labels, margin, "none"), losses, **close)
    cosine = np.diag(cosine_similarity(*pair))
    expected = np.where(labels == 1, 1 - cosine, np.maximum(0, cosine - margin))
    np.testing.assert_allclose(losses, expected, **close)


@property_test
@given(triplet=batches(3), seed=st.integers(0, 99), p=st.sampled_from([1, 2, 3, math.inf]), margin=st.floats(0.1, 10))
def test_triplets_of_equal_and_of_far_embeddings(triplet, seed, p, margin):
    anchor, positive, negative = triplet
    options = {"margin": margin, "p": p, "eps": 0, "reduction": "none"}
    losses = triplet_margin_loss(*triplet, **options)
    np.testing.assert_allclose(triplet_margin_loss(*(triplet + 3), **options), losses, **close)
    # The positive and the negative change places: the hinges of the two differ by twice the margin at most.
    other = triplet_margin_loss(anchor, negative, positive, **options)
    assert (losses + other >= 2 * margin - 1e-9).all()
    np.testing.assert_allclose(triplet_margin_loss(anchor, positive, positive, **options), margin, **close)
    # By the triangle inequality the loss is at most the margin plus the distance of positive and negative.
    between = np.linalg.norm(positive - negative, ord=p, axis=1) if p != 3 else np.inf
    assert (losses <= margin + between + 1e-9).all()
    far = negative + 1e3
    assert (triplet_margin_loss(anchor, positive, far, **options) == 0).all()
    swapped = triplet_margin_loss(*triplet, **options, swap=True)
    assert (swapped >= losses).all()
    np.testing.assert_allclose(triplet_margin_loss(positive, anchor, negative, **options, swap=True), swapped, **close)


@property_test
@given(
    positive=hnp.arrays(np.float64, st.integers(1, 6), elements=numbers),
    negative=hnp.arrays(np.float64, st.integers(1, 6), elements=numbers),
    shift=numbers,
)
def test_triplet_likelihood_knows_only_differences(positive, negative, shift):
    losses = triplet_likelihood_loss(positive, negative, reduction="none")
    assert losses.shape == (len(positive), len(negative))
    np.testing.assert_allclose(triplet_likelihood_loss(positive + shift, negative + shift), losses.mean(), **close)
    np.testing.assert_allclose(triplet_likelihood_loss(-negative, -positive), losses.mean(), **close)
    # Each pair is a choice between two classes, of which the positive is right.
    pairs = np.stack(np.broadcast_arrays(positive[:, None], negative[None, :]), axis=-1).reshape(-1, 2)
    expected = cross_entropy(pairs, np.zeros(len(pairs), dtype=int), reduction="none")
    np.testing.assert_allclose(losses.ravel(), expected, **close)


@property_test
@given(pair=batches(2), seed=st.integers(0, 99), temperature=st.floats(0.05, 5))
def test_info_nce_knows_only_directions(pair, seed, temperature):
    pair = np.where(np.abs(pair).max(axis=2, keepdims=True) < 0.1, 1.0, pair)
    n = pair.shape[1]
    options = {"temperature": temperature, "reduction": "none"}
    losses = info_nce_loss(*pair, **options)
    assert ((losses >= -1e-12) & (losses <= math.log(n) + 2 / temperature + 1e-9)).all()
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_allclose(info_nce_loss(*pair[:, order], **options), losses[order], **close)
    np.testing.assert_allclose(info_nce_loss(*turned(pair, seed), **options), losses, **close)
    lengths = np.arange(1, n + 1)[:, None]
    np.testing.assert_allclose(info_nce_loss(3 * pair[0], lengths * pair[1], **options), losses, **close)
    scores = cosine_similarity(*pair) / temperature
    np.testing.assert_allclose(losses, cross_entropy(scores, np.arange(n), reduction="none"), rtol=1e-7, atol=1e-9)
