"""What every public function promises alike: PyTorch's signature, kinds of array, dtypes, derivatives, tracing."""

import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import lossbook
from parity import WEIGHTS, as_arrays, is_floating, normal, value_and_gradients

PAIR = {"input": normal(4, 3), "target": normal(4, 3, seed=1)}
PREDICTIONS = {"prediction": normal(4, 3), "target": normal(4, 3, seed=1)}
COUNTS = {"target": normal(4, 3, seed=1).exp()}
SCORES = {"input": normal(4, 3)}
INDICES = {"target": torch.tensor([0, 2, 1, 2])}
PROBABILITIES = {"target": torch.softmax(normal(4, 3, seed=1), 1)}
CLASS_WEIGHT = {"weight": torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)}
SHARES = {"input": torch.sigmoid(normal(4, 3)), "target": torch.sigmoid(normal(4, 3, seed=1))}
LABELS = {"target": torch.tensor([[1, -1, 1]] * 4)}
P = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.6, 0.3, 0.1]], dtype=torch.float64)
Q = P.roll(1, 0)
# As corners, positive, and still boxes when they are cut to integers.
CORNERS, SIDES = [normal(4, 2, seed=seed).abs() for seed in (0, 1)], [normal(4, 2, seed=seed).abs() for seed in (2, 3)]
BOXES = {f"boxes{n + 1}": torch.cat([CORNERS[n], CORNERS[n] + 1 + SIDES[n]], dim=1) for n in (0, 1)}
MASKS = {"input": torch.sigmoid(normal(4, 3)) / 2, "target": torch.sigmoid(normal(4, 3, seed=1)) / 2}
SIGNS = {"target": torch.tensor([1, -1, 1, -1])}
TRIPLETS = {"anchor": normal(4, 3), "positive": normal(4, 3, seed=1), "negative": normal(4, 3, seed=2)}
LOGITS = {"real_logits": normal(4), "fake_logits": normal(4, seed=1)}
CRITICS_SCORES = {"real_scores": normal(4), "fake_scores": normal(4, seed=1)}

# Ordinary calls, by name; each public function has one at least.
CALLS = [
    ("mse_loss", PAIR),
    ("mse_loss", PAIR | {"weight": normal(4, 3, seed=2).abs()}),
    ("l1_loss", PAIR),
    ("smooth_l1_loss", PAIR | {"beta": 0.7}),
    ("huber_loss", PAIR | {"delta": 0.7}),
    ("huber_loss", PAIR | {"weight": normal(4, 3, seed=2).abs()}),
    ("log_cosh_loss", PAIR),
    ("quantile_loss", PREDICTIONS | {"quantile": 0.9}),
    ("mean_bias_error", PREDICTIONS),
    ("poisson_nll_loss", {"input": normal(4, 3).exp()} | COUNTS | {"log_input": False, "full": True}),
    ("poisson_nll_loss", SCORES | COUNTS),
    ("gaussian_nll_loss", PAIR | {"var": normal(4, 3, seed=2).exp()}),
    ("gaussian_nll_loss", PAIR | {"var": normal(4, seed=2).exp(), "full": True}),
    ("gaussian_nll_loss", PAIR | {"var": 2.0}),
    ("sigmoid", SCORES),
    ("logsigmoid", SCORES),
    ("tanh", SCORES),
    ("softmax", SCORES | {"dim": 1}),
    ("log_softmax", SCORES | {"dim": 1}),
    ("nll_loss", SCORES | INDICES | CLASS_WEIGHT),
    ("cross_entropy", SCORES | INDICES),
    ("cross_entropy", SCORES | INDICES | CLASS_WEIGHT | {"ignore_index": 2, "label_smoothing": 0.1}),
    ("cross_entropy", SCORES | PROBABILITIES | CLASS_WEIGHT | {"label_smoothing": 0.1}),
    ("multi_margin_loss", SCORES | INDICES),
    ("multi_margin_loss", SCORES | INDICES | CLASS_WEIGHT | {"p": 2, "margin": 0.5}),
    ("binary_cross_entropy", SHARES),
    ("binary_cross_entropy", SHARES | CLASS_WEIGHT),
    ("binary_cross_entropy_with_logits", SCORES | {"target": SHARES["target"]}),
    ("binary_cross_entropy_with_logits", SHARES | CLASS_WEIGHT | {"pos_weight": normal(4, 1, seed=2).abs()}),
    ("sigmoid_focal_loss", {"inputs": normal(4, 3), "targets": SHARES["target"]}),
    ("sigmoid_focal_loss", {"inputs": normal(4, 3), "targets": SHARES["target"], "alpha": -1, "gamma": 0.5}),
    ("hinge_loss", SCORES | LABELS),
    ("squared_hinge_loss", SCORES | LABELS),
    ("kl_div", {"input": P.log(), "target": Q}),
    ("kl_div", {"input": P.log(), "target": Q.log(), "log_target": True, "reduction": "batchmean"}),
    ("js_div", {"p": P, "q": Q}),
    ("js_div", {"p": P[:, :, None], "q": Q[:, :, None], "dim": 1}),
    ("box_iou", BOXES),
    ("iou_loss", BOXES),
    ("iou_loss", BOXES | {"log": True, "reduction": "sum"}),
    ("generalized_box_iou_loss", BOXES),
    ("distance_box_iou_loss", BOXES),
    ("complete_box_iou_loss", BOXES),
    ("dice_loss", MASKS),
    ("contrastive_loss", {"x1": normal(4, 3), "x2": normal(4, 3, seed=1), "similar": torch.tensor([0, 1, 0, 1])}),
    ("cosine_embedding_loss", {"input1": normal(4, 3), "input2": normal(4, 3, seed=1)} | SIGNS),
    ("cosine_embedding_loss", {"input1": normal(4, 3), "input2": normal(4, 3, seed=1)} | SIGNS | {"margin": -0.9}),
    ("triplet_margin_loss", TRIPLETS),
    ("triplet_margin_loss", TRIPLETS | {"margin": 3.0, "p": 1, "swap": True}),
    ("triplet_likelihood_loss", {"positive_scores": normal(4), "negative_scores": normal(4, seed=1)}),
    ("info_nce_loss", {"queries": normal(4, 3), "keys": normal(4, 3, seed=1)}),
    ("discriminator_loss", LOGITS),
    ("generator_loss", {"fake_logits": normal(4)}),
    ("generator_loss", {"fake_logits": normal(4), "saturating": True}),
    ("least_squares_discriminator_loss", CRITICS_SCORES),
    ("least_squares_generator_loss", {"fake_scores": normal(4)}),
    ("wasserstein_critic_loss", CRITICS_SCORES),
    ("wasserstein_generator_loss", {"fake_scores": normal(4)}),
    ("hinge_discriminator_loss", CRITICS_SCORES),
    ("hinge_generator_loss", {"fake_scores": normal(4)}),
]
every_call = pytest.mark.parametrize(("name", "call"), CALLS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(CALLS)])
first_calls = dict(reversed(CALLS))
every_function = pytest.mark.parametrize(("name", "call"), sorted(first_calls.items()), ids=sorted(first_calls))


def function(name):
    return getattr(lossbook, name)


def parameters(of):
    return inspect.signature(of).parameters


def array_parameters(name, call):
    return [p for p in parameters(function(name)) if is_tensor(call.get(p)) or p in WEIGHTS]


def converted(call, to, when=is_floating):
    """Convert the floating-point tensors of a call, or those that `when` says."""
    return {name: value.to(to) if when(value) else value for name, value in call.items()}


def is_tensor(value):
    return isinstance(value, torch.Tensor)


def test_every_function_has_a_call():
    # The gradient penalty and the guard take a function, and tensors only; the reductions are no losses.
    others = {"gradient_penalty", "guard", "ContractError", "ContractWarning", "mean_over_processes", "total_weight"}
    assert first_calls.keys() == set(lossbook.__all__) - others


# --- Signature --------------------------------------------------------------------------------------------------------


@every_function
def test_parameters_are_those_of_torch_in_order(name, call):
    if not hasattr(F, name):
        return
    ours = parameters(function(name))
    if name == "logsigmoid":  # built into PyTorch, without a signature
        assert list(ours) == ["input"]
        return
    theirs = parameters(getattr(F, name))
    assert list(ours) == [p for p in theirs if p not in ("size_average", "reduce", "_stacklevel")]
    for p in ours:
        assert ours[p].kind == theirs[p].kind
        assert ours[p].default == (inspect.Parameter.empty if p == "dim" else theirs[p].default)


@every_function
@pytest.mark.parametrize("gone", ["size_average", "reduce"])
def test_deprecated_parameters_are_gone(name, call, gone):
    with pytest.raises(TypeError, match=gone):
        function(name)(**call, **{gone: None})


@every_function
@pytest.mark.parametrize("reduction", ["average", "Mean", "", None, True, ["mean"]], ids=repr)
def test_unknown_reductions(name, call, reduction):
    if "reduction" in parameters(function(name)):
        with pytest.raises(ValueError, match="expected one of 'mean', 'sum', 'none'") as error:
            function(name)(**call, reduction=reduction)
        assert f"reduction is {reduction!r}" in str(error.value)


# --- Kinds of array ---------------------------------------------------------------------------------------------------


@every_call
def test_numpy_gives_what_torch_gives(name, call):
    of_tensors, of_arrays = function(name)(**call), function(name)(**as_arrays(call))
    assert isinstance(of_tensors, torch.Tensor)
    assert isinstance(of_arrays, (np.ndarray, np.generic))
    np.testing.assert_allclose(of_arrays, of_tensors, rtol=1e-13)


@every_call
def test_arguments_are_left_as_they_were(name, call):
    before = {key: value.clone() for key, value in call.items() if is_tensor(value)}
    function(name)(**call)
    assert all(torch.equal(call[key], value) for key, value in before.items())


@every_function
@pytest.mark.parametrize("wrong", [[1.0, 2.0], (1.0,), 1.0, 1, True, "mean", None, np.ma.array([1.0])], ids=repr)
def test_what_is_no_array_is_refused_by_name(name, call, wrong):
    for parameter in array_parameters(name, call):
        if parameter in WEIGHTS and wrong is None:
            assert function(name)(**call | {parameter: wrong}).isfinite()
            continue
        if parameter == "var" and isinstance(wrong, (int, float)) and wrong is not True:  # one number for all
            continue
        with pytest.raises(TypeError) as error:
            function(name)(**call | {parameter: wrong})
        assert f"`{parameter}` has type {type(wrong).__name__}, expected a NumPy array or a" in str(error.value)
        assert f"numpy.asarray({parameter}) or torch.as_tensor({parameter})" in str(error.value)


@every_function
def test_arrays_and_tensors_do_not_mix(name, call):
    first, *others = array_parameters(name, call)
    for parameter in others:
        with pytest.raises(TypeError, match="pass arrays of one kind") as error:
            function(name)(**call | {parameter: np.ones(3)})
        assert str(error.value).startswith(f"`{first}` is a PyTorch tensor, `")
        assert f", `{parameter}` is a NumPy array" in str(error.value)


@every_function
@pytest.mark.parametrize("dtype", ["complex64", "complex128", "object", "<U1", "datetime64[D]"])
def test_what_is_no_real_number_is_refused(name, call, dtype):
    for parameter in array_parameters(name, call):
        if parameter not in call or is_floating(call[parameter]):  # an index has a message of its own
            with pytest.raises(TypeError) as error:
                function(name)(**as_arrays(call) | {parameter: np.zeros((4, 3), dtype)})
            assert f"`{parameter}` has dtype {dtype}, expected real numbers; convert it" in str(error.value)


@every_function
def test_complex_tensors_are_refused(name, call):
    first = array_parameters(name, call)[0]
    expected = rf"`{first}` has dtype torch.complex128, expected real numbers.* abs\({first}\)"
    with pytest.raises(TypeError, match=expected):
        function(name)(**call | {first: call[first] + 0j})


# --- Dtypes -----------------------------------------------------------------------------------------------------------

HALVES = [torch.float16, torch.bfloat16]
FLOATS = [*HALVES, torch.float32, torch.float64]


@every_call
@pytest.mark.parametrize("dtype", FLOATS)
def test_keeps_the_dtype(name, call, dtype):
    call = converted(call, dtype)
    value, gradients = value_and_gradients(function(name), **call)
    assert value.dtype == dtype
    assert {gradient.dtype for gradient in gradients} == {dtype}
    if dtype in HALVES:
        assert torch.equal(value, function(name)(**converted(call, torch.float32)).to(dtype))
    if dtype != torch.bfloat16:
        of_arrays = np.asarray(function(name)(**as_arrays(call)))
        torch.testing.assert_close(torch.as_tensor(of_arrays), value, rtol=torch.finfo(dtype).eps, atol=1e-6)


@every_call
def test_an_empty_batch_keeps_dtype_and_shape(name, call):
    half = converted(call, torch.float16)
    empty = {key: value[:0] if is_tensor(value) and len(value) == 4 else value for key, value in half.items()}
    if "reduction" in parameters(function(name)):
        empty["reduction"] = "none"
    for value in (function(name)(**empty), torch.as_tensor(function(name)(**as_arrays(empty)))):
        assert value.dtype == torch.float16
        if value.ndim == 0:  # always a mean
            assert value.isnan()
        else:
            assert (value.shape[0], value.numel()) == (0, 0)


@pytest.mark.parametrize("target", [*FLOATS, torch.int64, torch.uint8])
@pytest.mark.parametrize("input", FLOATS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "poisson_nll_loss"])
def test_promotes_as_torch_does(name, input, target):
    pair = torch.ones(2, dtype=input), torch.ones(2, dtype=target)
    assert function(name)(*pair).dtype == getattr(F, name)(*pair).dtype


@every_call
def test_every_array_counts_in_the_promotion(name, call):
    half = converted(call, torch.float16)
    for wide in filter(lambda key: is_floating(call[key]), call):
        assert function(name)(**half | {wide: call[wide]}).dtype == torch.float64


def whole(value, dtype):
    """Return integers in place of floats: 0 and 1 for probabilities, and none below 0 if the dtype has none."""
    value = value.round() if ((value >= 0) & (value <= 1)).all() else 3 * value
    return (value.clamp(min=0) if dtype in (torch.bool, torch.uint8) else value).to(dtype)


@every_function
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int32, torch.int64])
def test_integers_become_floats(name, call, dtype):
    call = {key: whole(value, dtype) if is_floating(value) else value for key, value in call.items()}
    value = function(name)(**call)
    assert value.dtype == torch.get_default_dtype()
    first = array_parameters(name, call)[0]
    expected = function(name)(**call | {first: call[first].double()})
    torch.testing.assert_close(value.double(), expected, rtol=1e-6, atol=1e-6)
    assert function(name)(**as_arrays(call)).dtype == np.float64


# --- Values and derivatives -------------------------------------------------------------------------------------------


@every_call
def test_nan_in_nan_out(name, call):
    for key in filter(lambda key: is_floating(call[key]), call):
        spoilt = call[key].clone()
        spoilt[0] = torch.nan
        assert function(name)(**call | {key: spoilt}).isnan().any()
        with np.errstate(invalid="ignore"):  # NumPy's logaddexp warns of a NaN
            assert np.isnan(function(name)(**as_arrays(call | {key: spoilt}))).any()


@every_call
def test_first_and_second_derivatives_equal_differences(name, call):
    names = [key for key in call if is_floating(call[key])]
    leaves = [call[key].clone().requires_grad_() for key in names]

    def of_leaves(*values):
        return function(name)(**call | dict(zip(names, values, strict=True)))

    if name == "complete_box_iou_loss":  # takes one of its factors as a constant, so it cannot pass
        return
    assert torch.autograd.gradcheck(of_leaves, leaves)
    assert torch.autograd.gradgradcheck(of_leaves, leaves)


# --- Tracing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def compiled():
    """Return torch.compile without graph breaks, and forget what it compiled afterwards."""
    yield lambda f: torch.compile(f, fullgraph=True, backend="aot_eager")
    torch.compiler.reset()


@every_call
def test_compiles_without_a_graph_break(name, call, compiled):
    expected = value_and_gradients(function(name), **call)
    torch.testing.assert_close(value_and_gradients(compiled(function(name)), **call), expected)


@every_call
def test_vmap_and_grad_of_torch_func(name, call):
    def total(pair):
        return function(name)(**call | pair).sum()

    def by_first(value, pair):
        return total(pair | {first: value})

    first = array_parameters(name, call)[0]
    pair = {key: value for key, value in call.items() if is_tensor(value) and key not in WEIGHTS}
    flipped = {key: value.flip(0) for key, value in pair.items()}
    batch = {key: torch.stack([pair[key], flipped[key]]) for key in pair}
    values = torch.func.vmap(total)(batch)
    gradients = torch.func.vmap(torch.func.grad(by_first))(batch[first], batch)
    for row, one in enumerate((pair, flipped)):
        value, (gradient, *_) = value_and_gradients(function(name), **call | one)
        torch.testing.assert_close(values[row], value.sum())
        torch.testing.assert_close(gradients[row], gradient)


@every_call
def test_meta_tensors_give_shape_and_dtype(name, call):
    on_meta, expected = function(name)(**converted(call, "meta", is_tensor)), function(name)(**call)
    assert on_meta.is_meta
    assert (on_meta.shape, on_meta.dtype) == (expected.shape, expected.dtype)


def test_values_are_checked_in_eager_mode_only(compiled):
    def loss(q):
        return lossbook.cross_entropy(SCORES["input"], q)

    wrong = 2 * PROBABILITIES["target"]
    with pytest.raises(ValueError, match="expected values from 0 to 1, got"):
        loss(wrong)
    expected = F.cross_entropy(SCORES["input"], wrong)
    torch.testing.assert_close(compiled(loss)(wrong), expected)
    torch.testing.assert_close(torch.func.vmap(loss)(wrong[None]), expected[None])
    torch.testing.assert_close(torch.func.grad_and_value(loss)(wrong)[1], expected)


def test_the_error_about_shapes_says_what_to_do():
    with pytest.raises(ValueError) as error:
        lossbook.mse_loss(np.ones(3), np.ones((3, 1)))
    assert str(error.value) == (
        "shapes differ: `input` (3,) and `target` (3, 1); they are never broadcast against each other, because the "
        "mean over all pairs is another loss; reshape one of them, for instance with .squeeze(-1) or .reshape(...)"
    )


def test_shapes_and_dtypes_are_checked_while_tracing_too():
    with pytest.raises(ValueError, match="never broadcast"):
        torch.func.vmap(lossbook.mse_loss)(torch.ones(2, 3), torch.ones(2, 3, 1))
    with pytest.raises(TypeError, match="expected integers"):
        torch.func.grad(lossbook.nll_loss)(SCORES["input"], PROBABILITIES["target"])
    with pytest.raises(ValueError, match="one weight for each class"):
        lossbook.cross_entropy(*(torch.ones(shape, device="meta") for shape in ((4, 3), (4, 3), (2,))))
