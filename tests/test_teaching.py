"""What the notebooks rely on: checks that can fail, feedback that is true, data, training, metrics and figures."""

import functools
import itertools
import os
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from torch import nn

import lossbook
from lossbook.teaching import calls, checks, data, exercises, metrics, plotting, processes, training

# --- checks.assert_gradients_agree ------------------------------------------------------------------------------------

POINTS = ([0.5, -2.0, 3.0], [1e5, 1e-3, 0.0])


def cubic(x):
    return (x**3).sum()


def gradient_of_cubic(x):
    return 3 * x**2


def test_gradients_that_agree(capsys):
    checks.assert_gradients_agree(cubic, gradient_of_cubic, *POINTS)
    checks.assert_gradients_agree(cubic, gradient_of_cubic, 2)
    checks.assert_gradients_agree(cubic, gradient_of_cubic, np.ones((2, 3)))
    assert capsys.readouterr().out.splitlines() == [
        "By hand = autograd = central difference, at 2 points.",
        "By hand = autograd = central difference, at 1 point.",
        "By hand = autograd = central difference, at 1 point.",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: 2 * x**2,
        lambda x: -3 * x**2,
        lambda x: 3 * x**2 + 1e-4,
        lambda x: 3 * x**2 * [1, 1, 1.0001],
        lambda x: np.full_like(x, np.nan),
    ],
    ids=["factor", "sign", "offset", "one coordinate", "nan"],
)
def test_a_wrong_gradient_by_hand_is_found(wrong, capsys):
    with pytest.raises(AssertionError, match=r"at \[0.5, -2.0, 3.0\], the gradient by hand differs from autograd"):
        checks.assert_gradients_agree(cubic, wrong, POINTS[0])
    assert capsys.readouterr().out == ""


def test_a_gradient_that_is_wrong_at_the_last_point_only_is_found():
    with pytest.raises(AssertionError, match=r"at \[-1.0\]"):
        checks.assert_gradients_agree(lambda x: x.abs().sum(), np.ones_like, [1.0], [2.0], [-1.0])


def test_a_gradient_of_another_shape_is_found():
    with pytest.raises(AssertionError, match="differs from autograd"):
        checks.assert_gradients_agree(cubic, lambda x: gradient_of_cubic(x)[:, None], POINTS[0])


def test_a_wrong_autograd_is_found_by_the_central_difference():
    def half_detached(x):
        return (x**2 * x.detach()).sum()  # its value is the cubic's, its autograd gradient 2x²

    with pytest.raises(AssertionError, match="differs from the central difference"):
        checks.assert_gradients_agree(half_detached, lambda x: 2 * x**2, POINTS[0])


def test_no_point_is_no_check():
    with pytest.raises(ValueError, match="no point"):
        checks.assert_gradients_agree(cubic, gradient_of_cubic)


# --- checks.assert_matches_torch --------------------------------------------------------------------------------------

X, Y = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([0.5, 0.0, 7.0])


def test_functions_that_match(capsys):
    checks.assert_matches_torch(lossbook.mse_loss, F.mse_loss, X, Y)
    checks.assert_matches_torch(lossbook.mse_loss, F.mse_loss, X, Y, reduction="none", weight=Y)
    checks.assert_matches_torch(lossbook.cross_entropy, F.cross_entropy, X[None], torch.tensor([1]))
    checks.assert_matches_torch(lossbook.softmax, F.softmax, X, 0)
    assert capsys.readouterr().out.splitlines() == [
        "lossbook = PyTorch, in value and gradient: mse_loss.",
        "lossbook = PyTorch, in value and gradient: mse_loss (reduction=none, weight=...).",
        "lossbook = PyTorch, in value and gradient: cross_entropy.",
        "lossbook = PyTorch, in value and gradient: softmax.",
    ]


def wrong_for_arrays(x, y):
    return F.mse_loss(x, y) if isinstance(x, torch.Tensor) else np.mean((x - y) ** 2) * (1 + 1e-8)


def wrong_gradient(x, y):
    return lossbook.mse_loss(x.detach(), y) + 0 * x.sum() if isinstance(x, torch.Tensor) else lossbook.mse_loss(x, y)


@pytest.mark.parametrize(
    ("ours", "what"),
    [
        (lambda x, y: lossbook.mse_loss(x, y) * (1 + 1e-8), "value"),
        (lambda x, y: lossbook.mse_loss(x, y, "sum"), "value"),
        (lambda x, y: lossbook.mse_loss(x, y, "none"), "value"),
        (wrong_for_arrays, "NumPy value"),
        (wrong_gradient, "gradient"),
    ],
)
def test_functions_that_do_not_match(ours, what, capsys):
    with pytest.raises(AssertionError, match=rf"\n{what} differs from mse_loss"):
        checks.assert_matches_torch(ours, F.mse_loss, X, Y)
    assert capsys.readouterr().out == ""


# --- exercises --------------------------------------------------------------------------------------------------------


def feedback(attempt, capsys, expected=np.square, cases=((2.0,), (3.0,)), **options):
    """Return what a reader is told about an attempt to square a number."""
    assert exercises.check(attempt, expected, cases, **options) is None  # or the cell would show it
    return capsys.readouterr().out


def squared(x):
    return x * x


@pytest.mark.parametrize("answer", [None, ...])
def test_a_stub_is_not_written_yet(answer, capsys):
    def stub(x):
        return answer

    def raising(x):
        raise NotImplementedError

    assert feedback(stub, capsys) == "stub: not written yet. Replace the ... and run the cell again.\n"
    assert feedback(raising, capsys) == "raising: not written yet. Replace the ... and run the cell again.\n"


def test_a_right_attempt_is_right(capsys):
    assert feedback(squared, capsys) == "squared: right, on all 2 cases.\n"
    assert feedback(squared, capsys, expected=[4, 9]) == "squared: right, on all 2 cases.\n"
    tensors = [(torch.tensor([1.0, -2.0], requires_grad=True),)]
    assert feedback(squared, capsys, [[1, 4]], tensors) == "squared: right, on all 1 cases.\n"
    assert "right" in feedback(squared, capsys, [np.nan], [(np.nan,)])


def test_a_wrong_attempt_is_told_where_what_and_what_was_expected(capsys):
    def doubled(x):
        return 2 * x

    assert feedback(doubled, capsys) == (
        "doubled: case 2 of 2 is wrong: its value differs.\n  called with 3.\n  it gave 6.\n  expected 9.\n"
    )


@pytest.mark.parametrize(
    ("attempt", "problem"),
    [
        (lambda x: x * x * (1 + 1e-5), "its value differs"),
        (lambda x: -x * x, "its value differs"),
        (lambda x: np.nan, "its value differs"),
        (lambda x: np.array([x * x]), "its shape is (1,), not ()"),
        (lambda x: "four", "it is not a number or an array of numbers"),
        (lambda x: [[x], [x, x]], "it is not a number or an array of numbers"),
    ],
)
def test_what_is_wrong_with_an_attempt(attempt, problem, capsys):
    assert f"<lambda>: case 1 of 2 is wrong: {problem}.\n  called with 2.\n" in feedback(attempt, capsys)


def test_arguments_are_shown_in_short(capsys):
    told = feedback(lambda x, y: 0, capsys, [1.23456789], [(torch.arange(100.0), np.eye(2) / 3)])
    assert "called with [ 0.,  1.,  2., ..., 97., 98., 99.], [[0.333333, 0.      ],  [0.      , 0.333333]]\n" in told
    assert told.endswith("it gave 0\n  expected 1.234568\n")


def test_an_attempt_without_a_name_is_your_function(capsys):
    assert feedback(functools.partial(squared), capsys) == "your function: right, on all 2 cases.\n"


def test_an_attempt_that_raises_is_told_so(capsys):
    def broken(x):
        return x / 0 if isinstance(x, int) else x * x

    assert feedback(broken, capsys, [4, 9], [(2.0,), (3,)]) == (
        "broken: case 2 of 2 stopped with ZeroDivisionError: division by zero\n  called with 3\n"
    )


def test_the_tolerance_is_the_author_s_choice(capsys):
    assert "right" in feedback(lambda x: x * x + 0.01, capsys, rtol=0.01)


def test_no_case_is_no_check():
    with pytest.raises(ValueError, match="no case"):
        exercises.check(lambda x: x, [], [])


def test_as_many_answers_as_cases(capsys):
    with pytest.raises(ValueError, match="shorter|longer"):
        exercises.check(squared, [4], [(2,), (3,)])


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", [data.digits, data.diabetes])
def test_data_are_the_same_each_time_whatever_the_random_state(load):
    first = load()
    np.random.seed(1)
    torch.manual_seed(1)
    assert all(map(torch.equal, first, load()))


def test_digits():
    x_train, y_train, x_test, y_test = data.digits()
    assert (x_train.shape, x_test.shape) == ((1347, 64), (450, 64))
    assert (x_train.dtype, y_train.dtype) == (torch.float32, torch.int64)
    x = torch.cat([x_train, x_test])
    assert (x.min(), x.max()) == (0, 1)
    shares = [y.bincount() / len(y) for y in (y_train, y_test)]
    assert len(shares[0]) == 10
    torch.testing.assert_close(*shares, rtol=0, atol=0.003)
    assert len(x.unique(dim=0)) == len(x) == 1797  # no picture is in both


def test_diabetes():
    x_train, y_train, x_test, y_test = data.diabetes()
    assert (x_train.shape, x_test.shape) == ((331, 10), (111, 10))
    assert (y_train.shape, y_test.shape) == ((331,), (111,))
    assert (x_train.dtype, y_train.dtype) == (torch.float32, torch.float32)
    torch.testing.assert_close(x_train.mean(0), torch.zeros(10), rtol=0, atol=1e-5)
    torch.testing.assert_close(x_train.std(0), torch.ones(10), rtol=0, atol=1e-5)
    # By the training set's mean and deviation, not its own
    assert 1e-3 < x_test.mean(0).abs().max() < 0.3
    assert 1e-3 < (x_test.std(0) - 1).abs().max() < 0.3
    y = torch.cat([y_train, y_test])
    assert (y.min(), y.max()) == (25, 346)


def test_gaussian_ring():
    centres = data.ring_centres(6)
    assert torch.allclose(centres.norm(dim=1), torch.ones(6))
    assert torch.allclose((centres - centres.roll(1, 0)).norm(dim=1), torch.ones(6))  # the sides of a hexagon
    x = data.gaussian_ring(6000, seed=0, modes=6, std=0.1)
    offsets = x[:, None] - centres
    near = offsets.norm(dim=2).argmin(1)
    assert torch.bincount(near, minlength=6).float().div(1000).sub(1).abs().max() < 0.1
    assert offsets[torch.arange(6000), near].std(0).tolist() == pytest.approx([0.1, 0.1], rel=0.05)
    assert torch.equal(x, data.gaussian_ring(6000, seed=0, modes=6, std=0.1))
    assert not torch.equal(x, data.gaussian_ring(6000, seed=1, modes=6, std=0.1))


# --- training ---------------------------------------------------------------------------------------------------------


def line(seed=0, epochs=3, **options):
    """Fit a small network to a noisy line, and return it with its history."""
    x = torch.linspace(-1, 1, 10)[:, None]
    model = training.network([1, 4, 1], seed=seed)
    return model, training.train(model, F.mse_loss, x, 2 * x + x**2, epochs=epochs, learning_rate=0.01, **options)


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters())


def test_training_is_reproducible_whatever_the_random_state():
    model, history = line(batch_size=4)
    torch.manual_seed(123)
    before = torch.get_rng_state()
    again, same_history = line(batch_size=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert history == same_history
    assert torch.equal(weights(model), weights(again))


def test_seeds_decide_the_weights_and_the_order():
    first, other = training.network([3, 2], seed=0), training.network([3, 2], seed=1)
    assert not torch.equal(weights(first), weights(other))
    model, history = line(batch_size=4)
    shuffled = training.network([1, 4, 1], seed=0)
    x = torch.linspace(-1, 1, 10)[:, None]
    options = {"epochs": 3, "learning_rate": 0.01, "batch_size": 4, "seed": 1}
    assert training.train(shuffled, F.mse_loss, x, 2 * x + x**2, **options) != history


def test_history_is_the_mean_over_the_examples_of_each_epoch():
    x, y = torch.linspace(-1, 1, 10)[:, None], torch.linspace(0, 3, 10)[:, None] ** 2
    model = training.network([1, 1], seed=0)
    options = {"learning_rate": 0.0, "batch_size": 4, "optimizer": torch.optim.SGD}  # 4, 4 and 2 rows, no step
    history = training.train(model, F.mse_loss, x, y, epochs=2, **options)
    assert history == pytest.approx([F.mse_loss(model(x), y).item()] * 2)


def test_one_step_is_one_step_down_the_gradient():
    x, y = torch.linspace(-1, 1, 5)[:, None], torch.ones(5, 1)
    model = training.network([1, 1], seed=0)
    start = weights(model).detach().clone()
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(F.mse_loss(model(x), y), model.parameters())])
    training.train(model, F.mse_loss, x, y, epochs=1, learning_rate=0.1, optimizer=torch.optim.SGD)
    torch.testing.assert_close(weights(model), start - 0.1 * gradient)


def test_training_lowers_the_loss():
    _, history = line(epochs=200)
    assert len(history) == 200
    assert history[-1] < history[0] / 10


def test_network_has_relu_between_its_layers_only():
    model = training.network([5, 4, 3, 2], seed=0)
    assert [type(layer).__name__ for layer in model] == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert [(layer.in_features, layer.out_features) for layer in model[::2]] == [(5, 4), (4, 3), (3, 2)]


def test_networks_are_drawn_in_the_dtype_they_are_given():
    given = training.network([3, 4, 2], seed=0, dtype=torch.float64)
    torch.set_default_dtype(torch.float64)
    try:
        default = training.network([3, 4, 2], seed=0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert given[0].weight.dtype == torch.float64
    assert all(map(torch.equal, given.parameters(), default.parameters()))
    together = training.networks([3, 4, 2], seeds=[0], dtype=torch.float64)
    assert torch.equal(together.weights[0][0], given[0].weight.T)


def test_networks_side_by_side_are_the_networks_of_their_seeds():
    seeds, x = [3, 1, 4], torch.linspace(-1, 1, 3 * 5 * 2).reshape(3, 5, 2)
    together = training.networks([2, 6, 4, 1], seeds=seeds)
    outputs = together(x)
    (outputs**2).mean((1, 2)).sum().backward()
    for i, seed in enumerate(seeds):
        alone = training.network([2, 6, 4, 1], seed=seed)
        output = alone(x[i])
        (output**2).mean().backward()
        torch.testing.assert_close(outputs[i], output)
        torch.testing.assert_close(together.weights[1].grad[i], alone[2].weight.grad.T)
        torch.testing.assert_close(together.biases[0].grad[i, 0], alone[0].bias.grad)


def test_settle_rounds_every_parameter():
    models = [training.network([2, 3, 1], seed=seed).double() for seed in (0, 1)]
    before = [p.detach().clone() for model in models for p in model.parameters()]
    training.settle(*models, decimals=3)
    after = [p for model in models for p in model.parameters()]
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new, old, rtol=0, atol=5e-4)
        torch.testing.assert_close(1000 * new, (1000 * new).round(), rtol=0, atol=1e-9)
        assert new.requires_grad and not torch.equal(old, new)


def test_gradient_norm():
    model = training.network([2, 1], seed=0)
    (model(torch.tensor([2.0, 6.0])) * 1.0).sum().backward()  # weights' gradient (2, 6), bias's 1
    assert training.gradient_norm(model) == pytest.approx(41**0.5)


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_accuracy():
    scores = torch.tensor([[2.0, 1.0, 0.0], [0.0, 5.0, 1.0], [-1.0, -2.0, -3.0], [0.0, 0.0, 1.0]])
    assert metrics.accuracy(scores, torch.tensor([0, 1, 2, 2])) == 0.75


def test_expected_calibration_error_by_hand():
    confidence = torch.tensor([0.95, 0.97, 0.62, 0.68, 0.55, 1.0])
    probabilities = torch.stack([confidence, 1 - confidence, torch.zeros(6)], 1)
    target = torch.tensor([0, 1, 0, 2, 1, 0])  # right, wrong, right, wrong, wrong, right
    last_bin, bin_of_06, bin_of_05 = abs(0.95 + 0.97 + 1.0 - 2), abs(0.62 + 0.68 - 1), abs(0.55 - 0)
    expected = (last_bin + bin_of_06 + bin_of_05) / 6
    assert metrics.expected_calibration_error(probabilities, target) == pytest.approx(expected)
    one_bin = abs(confidence.sum().item() - 3) / 6
    assert metrics.expected_calibration_error(probabilities, target, bins=1) == pytest.approx(one_bin)
    assert metrics.confidence(probabilities) == pytest.approx(confidence.mean().item())


def test_what_is_calibrated_has_no_calibration_error():
    probabilities = torch.tensor([[0.75, 0.25]] * 4)
    assert metrics.expected_calibration_error(probabilities, torch.tensor([0, 0, 0, 1])) == pytest.approx(0)
    assert metrics.expected_calibration_error(probabilities, torch.tensor([0, 0, 0, 0])) == pytest.approx(0.25)


def test_retrieval_accuracy_asks_the_nearest_only():
    gallery, labels = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]), torch.tensor([0, 1, 2])
    queries = torch.tensor([[1.0, 0.0], [1.6, 0.0], [0.0, 3.0], [-9.0, 0.0]])
    assert metrics.retrieval_accuracy(queries, torch.tensor([0, 1, 2, 1]), gallery, labels) == 0.75


def test_covered_modes():
    centres = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    samples = torch.tensor([[0.5, 0.0], [0.0, 0.9], [5.0, 1.0], [0.0, 3.9]])
    assert metrics.covered_modes(samples, centres, radius=1, share=0.25) == 2
    assert metrics.covered_modes(samples, centres, radius=1, share=0.26) == 1
    assert metrics.covered_modes(samples, centres, radius=1.2, share=0.25) == 3
    assert metrics.share_near_modes(samples, centres, radius=1) == 0.75
    assert metrics.share_near_modes(samples, centres, radius=1.2) == 1


def test_spread_and_comparison_show_mean_and_range():
    assert metrics.spread([0.5, 0.25, 0.75]) == "0.500 (0.250 to 0.750)"
    assert metrics.spread(torch.tensor([1, 2]), digits=1) == "1.5 (1.0 to 2.0)"
    table = metrics.comparison(
        {"a": {"loss": [1.0], "accuracy": [0.5]}, "b": {"loss": [2.0], "accuracy": [1.0]}}, digits=1
    )
    head, alignment, *rows = table.data.splitlines()
    assert head.endswith("| a | b |")
    assert alignment == "|:---|---:|---:|"
    assert rows == [
        "| loss | 1.0 (1.0 to 1.0) | 2.0 (2.0 to 2.0) |",
        "| accuracy | 0.5 (0.5 to 0.5) | 1.0 (1.0 to 1.0) |",
    ]


# --- plotting ---------------------------------------------------------------------------------------------------------


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


# White pages; the dark pages of the site, of JupyterLab and of GitHub
BACKGROUNDS = ("#ffffff", "#121212", "#111111", "#0d1117")


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_colours_are_legible(background):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for colour in plotting.COLOURS:
        assert contrast(colour, background) >= 3
    assert contrast(plotting.GREY, background) >= 4  # it is the colour of text


def test_lines_differ_in_colour_and_in_style():
    assert len(set(plotting.COLOURS)) == len(set(plotting.LINE_STYLES)) == len(plotting.COLOURS) == 4
    for a, b in itertools.combinations(plotting.STYLE["axes.prop_cycle"], 2):
        assert a["color"] != b["color"]
        assert a["linestyle"] != b["linestyle"]


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """Return a shell as a notebook has one; matplotlib's settings and the shell are gone afterwards."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    with plt.rc_context():
        yield InteractiveShell.instance()
    plt.close("all")
    InteractiveShell.clear_instance()


def figure_as_svg(shell):
    """Return what a notebook stores of a figure with all that gets a random id: clips, markers, a hatch."""
    fig, ax = plt.subplots()
    ax.plot([0, 1, 2], [1, 0, 1], marker="o", label="a curve")
    ax.fill_between([0, 1, 2], [1, 0, 1], hatch="//")
    ax.legend()
    svg = shell.display_formatter.formatters["image/svg+xml"](fig)
    plt.close(fig)
    return svg


def test_figures_are_reproducible_svg(notebook):
    plotting.use_style()
    first = figure_as_svg(notebook)
    assert first == figure_as_svg(notebook)
    assert "<dc:date>" not in first
    assert "image/png" not in [kind for kind, f in notebook.display_formatter.formatters.items() if plt.Figure in f]
    plt.rcParams["svg.hashsalt"] = None
    assert figure_as_svg(notebook) != figure_as_svg(notebook)


def test_figures_are_transparent_and_their_text_is_grey(notebook):
    plotting.use_style()
    fig, ax = plt.subplots()
    assert fig.get_facecolor()[3] == ax.get_facecolor()[3] == 0
    texts = (ax.title, ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.text(0, 0, "a"))
    assert {text.get_color() for text in texts} == {plotting.GREY}


def test_loss_and_gradient(notebook):
    plotting.use_style()
    x = np.linspace(-1, 1, 5)
    losses, gradients = {"squared": x**2, "absolute": abs(x)}, {"squared": 2 * x, "absolute": np.sign(x)}
    upper, lower = plotting.loss_and_gradient(x, losses, gradients, xlabel="error", title="A lesson")
    for ax, curves in ((upper, losses), (lower, gradients)):
        for drawn, (name, curve) in zip(ax.lines, curves.items(), strict=True):
            assert drawn.get_label() == name
            np.testing.assert_array_equal(drawn.get_xydata(), np.stack([x, curve], 1))
    assert (upper.get_title("left"), lower.get_xlabel()) == ("A lesson", "error")
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("loss", "gradient")
    assert [text.get_text() for text in upper.get_legend().get_texts()] == ["squared", "absolute"]
    assert upper.get_shared_x_axes().joined(upper, lower)
    styles = [(drawn.get_color(), drawn.get_linestyle()) for drawn in upper.lines]
    assert styles == [(drawn.get_color(), drawn.get_linestyle()) for drawn in lower.lines]


def test_one_curve_needs_no_legend_and_names_must_agree(notebook):
    x = np.linspace(-1, 1, 5)
    upper, _ = plotting.loss_and_gradient(x, {"a": x}, {"a": x}, xlabel="x", title="t")
    assert upper.get_legend() is None
    with pytest.raises(ValueError, match=r"losses are \['a'\], gradients are \['b'\]: expected the same names"):
        plotting.loss_and_gradient(x, {"a": x}, {"b": x}, xlabel="x", title="t")


# --- processes.run ----------------------------------------------------------------------------------------------------


def test_processes_talk_to_each_other():
    offset = torch.tensor(10.0)

    def work(rank):
        total = rank + offset
        torch.distributed.all_reduce(total)
        return total.item(), os.getpid()

    (total, one), (same, other) = processes.run(work, 2)
    assert total == same == 21
    assert len({one, other, os.getpid()}) == 3


def test_a_process_that_dies_returns_nothing():
    assert processes.run(lambda rank: os._exit(1) if rank else "here", 2) == ["here", None]


def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="(?s)process 0 failed:.*ZeroDivisionError"):
        processes.run(lambda rank: 1 / rank, 1)


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(processes, "MOST_SECONDS", 0.1)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="still running after 0.1 seconds"):
        processes.run(lambda rank: time.sleep(600), 2)
    assert time.monotonic() - start < 300


# --- calls ------------------------------------------------------------------------------------------------------------

CONTRACT = {"input": "numbers", "target": "numbers", "result": "0 or more"}
ZEROS, ONES = torch.zeros(4), torch.ones(4)


def contract_table(*criteria, **kinds):
    """Return the rows of a table of calls, without those of the contract."""
    return calls.Contracts().table(*criteria, **CONTRACT, **kinds).data.splitlines()[6:]


def test_what_comes_of_a_call():
    loss = nn.MSELoss()
    assert calls.outcome(lambda: loss(ZEROS, 2 * ONES)) == (4.0, "", "")
    assert calls.outcome(lambda: loss(ZEROS, ZEROS[:3])).error.startswith("The size of tensor a (4) must match")
    broadcast = calls.outcome(lambda: loss(ZEROS[:, None], 2 * ONES))
    assert broadcast.value == 4 and broadcast.warning.startswith("Using a target size") and not broadcast.error
    in_the_backward_pass = calls.outcome(lambda: nn.HuberLoss()(ZEROS.clone().requires_grad_(), ONES.long()))
    assert in_the_backward_pass.error == "Found dtype Long but expected Float"
    pair = nn.AdaptiveLogSoftmaxWithLoss(8, 4, cutoffs=[2])
    x, y = torch.ones(3, 8), torch.tensor([0, 1, 3])
    assert calls.outcome(lambda: pair(x, y)).value == pytest.approx(pair(x, y).loss.item())


@pytest.mark.parametrize(
    ("outcome", "meant", "kind"),
    [
        (calls.Outcome(1.0), 1.0, "right"),
        (calls.Outcome(1.0), 1.1, "silent"),
        (calls.Outcome(1.0), np.inf, "silent"),
        (calls.Outcome(0.0), 1e-4, "silent"),
        (calls.Outcome(np.nan), 1.0, "NaN"),
        (calls.Outcome(np.inf), np.inf, "NaN"),
        (calls.Outcome(1.0, warning="careful"), 1.0, "warning"),
        (calls.Outcome(np.nan, error="no"), np.nan, "error"),
    ],
)
def test_kind_of_an_outcome(outcome, meant, kind):
    assert outcome.kind(meant) == kind


def test_table_of_calls():
    rows = contract_table(
        nn.MSELoss(),
        right={"numbers": lambda loss: loss(ZEROS, ONES)},
        silent={"twice": (lambda loss: loss(ZEROS, 2 * ONES), lambda loss: loss(ZEROS, ONES))},
        NaN={
            "nothing": lambda loss: loss(ZEROS[:0], ONES[:0]),
            "too much": lambda loss: loss(ZEROS, np.inf * ONES),
        },
        warning={"(N, 1)": lambda loss: loss(ZEROS[:, None], ONES)},
        error={"boom": lambda loss: [][1]},
    )
    assert [row.replace("\\", "") for row in rows[:4]] == [
        "| numbers | 1 |",
        "| twice | **silent:** 4 instead of 1 |",
        "| nothing | **NaN** |",
        "| too much | **infinite** |",
    ]
    assert rows[4].startswith("| (N, 1) | warning: “Using a target size") and rows[4].endswith("”, then 1 |")
    assert rows[5:] == ["| boom | error: “list index out of range” |"]


def test_every_loss_of_a_table_is_run():
    kinds = {"right": {"numbers": lambda loss: loss(ZEROS, ONES)}}
    contracts = calls.Contracts()
    contracts.table(nn.MSELoss(), nn.L1Loss(), **CONTRACT, **kinds)
    assert contracts.losses == {nn.MSELoss, nn.L1Loss}
    with pytest.raises(AssertionError, match="HuberLoss: right instead of silent"):
        contract_table(
            nn.MSELoss(),
            nn.HuberLoss(),
            **kinds,
            silent={"three": (lambda loss: loss(ZEROS, 3 * ONES), lambda loss: torch.tensor(2.5))},
        )


@pytest.mark.parametrize("kind", ["silent", "NaN", "warning", "error"])
def test_a_call_of_another_kind_is_found(kind):
    kinds = {"right": {"numbers": lambda loss: loss(ZEROS, ONES)}, kind: {"the same": lambda loss: loss(ZEROS, ONES)}}
    with pytest.raises(AssertionError, match=f"MSELoss: right instead of {kind}"):
        contract_table(nn.MSELoss(), **kinds)


def test_a_right_call_that_is_wrong_is_found():
    with pytest.raises(AssertionError, match="silent instead of right"):
        contract_table(nn.MSELoss(), right={"one": (lambda loss: loss(ZEROS, ONES), lambda loss: torch.tensor(2.0))})


def test_what_was_meant_is_the_first_right_call():
    def one(loss):
        return loss(ZEROS, ONES)

    twice = {"twice": lambda loss: loss(ZEROS, 2 * ONES)}
    for first in (one, (one, lambda loss: torch.tensor(1.0))):
        rows = contract_table(nn.MSELoss(), right={"one": first}, silent=twice)
        assert rows[1] == "| twice | **silent:** 4 instead of 1 |"
    wrong = {"twice": (twice["twice"], lambda loss: loss(ZEROS, ONES[:3]))}
    with pytest.raises(AssertionError, match="what was meant is an error: The size of tensor"):
        contract_table(nn.MSELoss(), right={"one": one}, silent=wrong)


def test_messages_are_short_and_plain():
    def refuse(loss):
        raise ValueError(f"a|b *c* <d> [e]_f `g_h` https://x.org/y{' word' * 40}\nsecond line")

    numbers = {"numbers": lambda loss: loss(ZEROS, ONES)}
    _, row = contract_table(nn.MSELoss(), right=numbers, error={"refused": refuse})
    assert r"a\|b \*c\* \<d> \[e]\_f `g_h` … word" in row
    assert row.endswith("word …” |") and "second" not in row and len(row) < 210


def test_code_that_was_cut_has_no_open_backtick():
    assert calls._plain("use `a_b` or `c_d …") == r"use `a_b` or c\_d …"
    assert calls._plain('"a_b" is "no name"') == '`a_b` is "no name"'
    assert calls._plain("`a`") == "`a`" and calls._plain("no_code") == r"no\_code"


def test_what_pytorch_says(capsys):
    message = calls.pytorch_says(lambda: nn.MSELoss()(ZEROS[:, None], ONES), width=40)
    lines = capsys.readouterr().out.splitlines()
    assert message.startswith("Using a target size") and "broadcasting" in message
    assert max(map(len, lines)) <= 40 and " ".join(" ".join(lines).split()) == message
    assert calls.pytorch_says(lambda: nn.MSELoss()(ZEROS, ONES[:3])).startswith("The size of tensor a")
    with pytest.raises(AssertionError, match="neither an error nor a warning: 1.0"):
        calls.pytorch_says(lambda: nn.MSELoss()(ZEROS, ONES))


def test_what_the_guard_says(capsys):
    message = calls.guard_says(nn.CrossEntropyLoss(), torch.eye(3).softmax(1), torch.arange(3), width=40)
    lines = capsys.readouterr().out.splitlines()
    assert "warning [cross-entropy/probabilities]" in message
    assert max(map(len, lines)) <= 40 and " ".join(" ".join(lines).split()) == " ".join(message.split())
    assert "breaks its contract" in calls.guard_says(nn.MSELoss(), ZEROS[:, None], ONES)
    assert calls.guard_says(nn.MSELoss(), ZEROS, ONES) == "The guard says nothing."
