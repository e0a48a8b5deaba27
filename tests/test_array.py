"""What every public function promises alike: PyTorch's signature, kinds of array, dtypes, derivatives, tracing."""

import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import lossbook
from parity import as_arrays, is_floating, normal, value_and_gradients

PAIR = {"input": normal(4, 3), "target": normal(4, 3, seed=1)}
SCORES = {"input": normal(4, 3)}
INDICES = {"target": torch.tensor([0, 2, 1, 2])}
PROBABILITIES = {"target": torch.softmax(normal(4, 3, seed=1), 1)}
CLASS_WEIGHT = {"weight": torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)}

# Ordinary calls, by name; each public function has one at least.
CALLS = [
    ("mse_loss", PAIR),
    ("mse_loss", PAIR | {"weight": normal(4, 3, seed=2).abs()}),
    ("l1_loss", PAIR),
    ("sigmoid", SCORES),
    ("logsigmoid", SCORES),
    ("softmax", SCORES | {"dim": 1}),
    ("log_softmax", SCORES | {"dim": 1}),
    ("nll_loss", SCORES | INDICES | CLASS_WEIGHT),
    ("cross_entropy", SCORES | INDICES),
    ("cross_entropy", SCORES | INDICES | CLASS_WEIGHT | {"ignore_index": 2, "label_smoothing": 0.1}),
    ("cross_entropy", SCORES | PROBABILITIES | CLASS_WEIGHT | {"label_smoothing": 0.1}),
]
every_call = pytest.mark.parametrize(("name", "call"), CALLS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(CALLS)])
first_calls = dict(reversed(CALLS))
every_function = pytest.mark.parametrize(("name", "call"), sorted(first_calls.items()), ids=sorted(first_calls))


def function(name):
    return getattr(lossbook, name)


def parameters(of):
    return inspect.signature(of).parameters


def array_parameters(name):
    return [parameter for parameter in parameters(function(name)) if parameter in ("input", "target", "weight")]


def converted(call, to, when=is_floating):
    """Convert the floating-point tensors of a call, or those that `when` says."""
    return {name: value.to(to) if when(value) else value for name, value in call.items()}


def is_tensor(value):
    return isinstance(value, torch.Tensor)


def test_every_function_has_a_call():
    assert first_calls.keys() == set(lossbook.__all__)


# --- Signature --------------------------------------------------------------------------------------------------------


@every_function
def test_parameters_are_those_of_torch_in_order(name, call):
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
    for parameter in array_parameters(name):
        if parameter == "weight" and wrong is None:
            assert function(name)(**call | {parameter: wrong}).isfinite()
            continue
        with pytest.raises(TypeError) as error:
            function(name)(**call | {parameter: wrong})
        assert f"`{parameter}` has type {type(wrong).__name__}, expected a NumPy array or a" in str(error.value)
        assert f"numpy.asarray({parameter}) or torch.as_tensor({parameter})" in str(error.value)


@every_function
def test_arrays_and_tensors_do_not_mix(name, call):
    for parameter in array_parameters(name)[1:]:
        with pytest.raises(TypeError, match="pass arrays of one kind") as error:
            function(name)(**call | {parameter: np.ones(3)})
        assert str(error.value).startswith("`input` is a PyTorch tensor, `")
        assert f", `{parameter}` is a NumPy array" in str(error.value)


@every_function
@pytest.mark.parametrize("dtype", ["complex64", "complex128", "object", "<U1", "datetime64[D]"])
def test_what_is_no_real_number_is_refused(name, call, dtype):
    for parameter in array_parameters(name):
        if parameter != "target" or is_floating(call["target"]):  # an index has a message of its own
            with pytest.raises(TypeError) as error:
                function(name)(**as_arrays(call) | {parameter: np.zeros((4, 3), dtype)})
            assert f"`{parameter}` has dtype {dtype}, expected real numbers; convert it" in str(error.value)


@every_function
def test_complex_tensors_are_refused(name, call):
    with pytest.raises(TypeError, match=r"`input` has dtype torch.complex128, expected real numbers.* abs\(input\)"):
        function(name)(**call | {"input": call["input"] + 0j})


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
        assert (value.shape[0], value.numel(), value.dtype) == (0, 0, torch.float16)


@pytest.mark.parametrize("target", [*FLOATS, torch.int64, torch.uint8])
@pytest.mark.parametrize("input", FLOATS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
def test_promotes_as_torch_does(name, input, target):
    pair = torch.ones(2, dtype=input), torch.ones(2, dtype=target)
    assert function(name)(*pair).dtype == getattr(F, name)(*pair).dtype


@every_call
def test_every_array_counts_in_the_promotion(name, call):
    half = converted(call, torch.float16)
    for wide in filter(lambda key: is_floating(call[key]), call):
        assert function(name)(**half | {wide: call[wide]}).dtype == torch.float64


@every_function
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int32, torch.int64])
def test_integers_become_floats(name, call, dtype):
    call = {key: (3 * value).to(dtype) if is_floating(value) else value for key, value in call.items()}
    value = function(name)(**call)
    assert value.dtype == torch.get_default_dtype()
    expected = function(name)(**call | {"input": call["input"].double()})
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

    def by_input(input, pair):
        return total(pair | {"input": input})

    pair = {key: call[key] for key in ("input", "target") if key in call}
    flipped = {key: value.flip(0) for key, value in pair.items()}
    batch = {key: torch.stack([pair[key], flipped[key]]) for key in pair}
    values = torch.func.vmap(total)(batch)
    gradients = torch.func.vmap(torch.func.grad(by_input))(batch["input"], batch)
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


def test_shapes_and_dtypes_are_checked_while_tracing_too():
    with pytest.raises(ValueError, match="never broadcast"):
        torch.func.vmap(lossbook.mse_loss)(torch.ones(2, 3), torch.ones(2, 3, 1))
    with pytest.raises(TypeError, match="expected integers"):
        torch.func.grad(lossbook.nll_loss)(SCORES["input"], PROBABILITIES["target"])
    with pytest.raises(ValueError, match="one weight for each class"):
        lossbook.cross_entropy(*(torch.ones(shape, device="meta") for shape in ((4, 3), (4, 3), (2,))))
