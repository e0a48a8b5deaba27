"""The losses of generative adversarial networks, against PyTorch's parts of them and against what defines them."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from lossbook import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    hinge_discriminator_loss,
    hinge_generator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from parity import normal, property_test, value_and_gradients


def with_logits(scores, label):
    return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, label))


def squared(scores, label):
    return F.mse_loss(scores, torch.full_like(scores, label)) / 2


# Each loss of one pair of batches, written with PyTorch's functions.
PAIRS = [
    (discriminator_loss, lambda real, fake: with_logits(real, 1.0) + with_logits(fake, 0.0)),
    (least_squares_discriminator_loss, lambda real, fake: squared(real, 1.0) + squared(fake, 0.0)),
    (wasserstein_critic_loss, lambda real, fake: fake.mean() - real.mean()),
    (hinge_discriminator_loss, lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean()),
]
FAKES = [
    (generator_loss, lambda fake: with_logits(fake, 1.0)),
    (lambda fake_logits: generator_loss(fake_logits, saturating=True), lambda fake: -with_logits(fake, 0.0)),
    (least_squares_generator_loss, lambda fake: squared(fake, 1.0)),
    (wasserstein_generator_loss, lambda fake: -fake.mean()),
    (hinge_generator_loss, lambda fake: -fake.mean()),
]
OF_PAIRS, OF_FAKES = [ours for ours, _ in PAIRS], [ours for ours, _ in FAKES]
SHAPES = [(), (5,), (4, 1), (2, 3, 4)]


def assert_equal(ours, theirs, *scores):
    """Assert that value and gradients are PyTorch's, and the value for NumPy as well."""
    call = {str(n): value for n, value in enumerate(scores)}
    value, gradients = value_and_gradients(lambda **call: ours(*call.values()), **call)
    expected, expected_gradients = value_and_gradients(lambda **call: theirs(*call.values()), **call)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradients, expected_gradients)
    assert ours(*(value.numpy() for value in scores)) == pytest.approx(expected.item(), abs=1e-6)


# --- Against PyTorch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fake", SHAPES, ids=str)
@pytest.mark.parametrize("real", SHAPES, ids=str)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_pairs_of_batches_equal_torch(ours, theirs, real, fake):
    assert_equal(ours, theirs, 2 * normal(*real), 2 * normal(*fake, seed=1))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("ours", "theirs"), FAKES)
def test_fake_batches_equal_torch(ours, theirs, shape):
    assert_equal(ours, theirs, 2 * normal(*shape))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("size", [0.0, 1.0, 17.0, 89.0, 104.0, 1e4])
def test_extreme_scores_stay_finite(size, sign):
    scores = torch.tensor([sign * size])
    for ours, theirs in PAIRS:
        value, gradients = value_and_gradients(lambda real, fake, f=ours: f(real, fake), real=scores, fake=scores)
        assert all(number.isfinite().all() for number in (value, *gradients))
        if size != 1.0:  # the hinge has its kink there
            assert_equal(ours, theirs, scores, scores)
    for ours, theirs in FAKES:
        value, (gradient,) = value_and_gradients(lambda fake, f=ours: f(fake), fake=scores)
        assert value.isfinite()
        assert gradient.isfinite().all()
        assert_equal(ours, theirs, scores)


def test_scores_at_the_hinge_have_no_gradient():
    gradients = value_and_gradients(
        lambda real, fake: hinge_discriminator_loss(real, fake), real=torch.ones(2), fake=-torch.ones(2)
    )[1]
    assert all((gradient == 0).all() for gradient in gradients)


# --- Values -----------------------------------------------------------------------------------------------------------


def test_values_by_hand():
    real, fake = np.array([2.0, 0.0]), np.array([-1.0])
    log_d, log_one_minus_d = math.log(1 / (1 + math.exp(-2))), math.log(1 - 1 / (1 + math.exp(1)))
    assert discriminator_loss(real, fake) == pytest.approx(-(log_d - math.log(2)) / 2 - log_one_minus_d)
    assert generator_loss(fake) == pytest.approx(math.log(1 + math.e))
    assert generator_loss(fake, saturating=True) == pytest.approx(log_one_minus_d)
    assert least_squares_discriminator_loss(real, fake) == pytest.approx((1 + 1) / 2 / 2 + 1 / 2)
    assert least_squares_generator_loss(fake) == 2
    assert wasserstein_critic_loss(real, fake) == -2
    assert wasserstein_generator_loss(fake) == hinge_generator_loss(fake) == 1
    assert hinge_discriminator_loss(real, fake) == (0 + 1) / 2 + 0


def test_at_chance():
    for real, fake in ((np.zeros(3), np.zeros(5)), (torch.zeros(3), torch.zeros(5))):
        assert discriminator_loss(real, fake).item() == pytest.approx(2 * math.log(2))
        assert generator_loss(fake).item() == pytest.approx(math.log(2))
        assert generator_loss(fake, saturating=True).item() == pytest.approx(-math.log(2))
        assert least_squares_discriminator_loss(real + 0.5, fake + 0.5) == 0.25
        assert wasserstein_critic_loss(real, fake) == 0
        assert hinge_discriminator_loss(real, fake) == 2


def test_the_saturating_gradient_vanishes_where_the_fake_is_recognised():
    for logit in (-20.0, 0.0, 3.0):
        d = 1 / (1 + math.exp(-logit))
        for saturating, expected in ((False, d - 1), (True, -d)):
            fake = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
            (gradient,) = torch.autograd.grad(generator_loss(fake, saturating=saturating), fake)
            assert gradient.item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", OF_PAIRS)
def test_an_empty_batch_has_no_mean(loss):
    for some, none in ((np.ones(3), np.ones(0)), (torch.ones(3), torch.ones(0))):
        assert math.isnan(loss(some, none))
        assert math.isnan(loss(none, some))


def test_nan_gives_nan():
    nan, fine = torch.tensor([0.0, torch.nan]), torch.zeros(2)
    assert all(loss(nan, fine).isnan() and loss(fine, nan).isnan() for loss in OF_PAIRS)
    assert all(loss(nan).isnan() for loss in OF_FAKES)


def test_derivatives_equal_differences():
    scores = [normal(4).requires_grad_(), normal(3, 2, seed=1).requires_grad_()]
    for loss in OF_PAIRS:
        assert torch.autograd.gradcheck(loss, scores)
        assert torch.autograd.gradgradcheck(loss, scores)
    for loss in OF_FAKES:
        assert torch.autograd.gradcheck(loss, scores[:1])
        assert torch.autograd.gradgradcheck(loss, scores[:1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_two_batches_are_promoted(dtype):
    real = torch.zeros(2, dtype=dtype)
    for loss in OF_PAIRS:
        assert loss(real, real).dtype == dtype
        assert loss(real, torch.zeros(3)).dtype == torch.promote_types(dtype, torch.float32)
        assert loss(real, torch.zeros(3, dtype=torch.int64)).dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_loss_has_the_dtype_of_the_scores(dtype):
    for loss in OF_FAKES:
        assert loss(torch.zeros(2, dtype=dtype)).dtype == dtype
    if dtype != torch.bfloat16:
        scores = torch.zeros(2, dtype=dtype).numpy()
        for loss, count in [(loss, 2) for loss in OF_PAIRS] + [(loss, 1) for loss in OF_FAKES]:
            assert loss(*[scores] * count).dtype == scores.dtype


def test_saturating_is_true_or_false_and_a_keyword():
    with pytest.raises(TypeError, match="saturating is 'mean', expected True or False"):
        generator_loss(np.zeros(3), saturating="mean")
    with pytest.raises(TypeError, match="positional"):
        generator_loss(np.zeros(3), True)


numbers = hnp.from_dtype(np.dtype(np.float64), min_value=-50, max_value=50)
batches = hnp.arrays(np.float64, st.integers(1, 9), elements=numbers)


@property_test
@given(real=batches, fake=batches, seed=st.integers(0, 99))
def test_batches_are_means_of_their_own(real, fake, seed):
    order = np.random.default_rng(seed).permutation
    for loss in OF_PAIRS:
        value = loss(real, fake)
        assert loss(order(real), order(fake)) == pytest.approx(value)
        assert loss(np.tile(real, 3), fake) == pytest.approx(value)
        assert loss(real, np.tile(fake, 2)) == pytest.approx(value)
        parts = [loss(real[i : i + 1], fake[j : j + 1]) for i in range(len(real)) for j in range(len(fake))]
        assert np.mean(parts) == pytest.approx(value, abs=1e-9)


@property_test
@given(real=batches, fake=batches)
def test_the_games(real, fake):
    # What the discriminator loses on fakes, the generator of the minimax game and the one of the critic win.
    only_real = discriminator_loss(real, np.full(1, -1e4))
    assert discriminator_loss(real, fake) - only_real == pytest.approx(-generator_loss(fake, saturating=True), abs=1e-9)
    assert wasserstein_critic_loss(real, fake) == pytest.approx(np.mean(fake) - np.mean(real), abs=1e-9)
    assert wasserstein_critic_loss(real + 5, fake + 5) == pytest.approx(wasserstein_critic_loss(real, fake), abs=1e-9)
    # Real and fake change places with the sign of the score.
    for loss in (discriminator_loss, wasserstein_critic_loss, hinge_discriminator_loss):
        assert loss(-fake, -real) == pytest.approx(loss(real, fake), abs=1e-9)
    assert least_squares_discriminator_loss(1 - fake, 1 - real) == pytest.approx(
        least_squares_discriminator_loss(real, fake), abs=1e-9
    )
    for loss in (discriminator_loss, least_squares_discriminator_loss, hinge_discriminator_loss):
        assert loss(real, fake) >= 0
    assert generator_loss(fake) >= 0 >= generator_loss(fake, saturating=True)


# --- The gradient penalty ---------------------------------------------------------------------------------------------


def network(dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).to(dtype)


def data(*shape, dtype=torch.float64):
    return normal(*shape).to(dtype), normal(*shape, seed=1).to(dtype)


SHARES = torch.tensor([0.0, 0.25, 0.5, 0.9, 1.0], dtype=torch.float64)


def test_the_penalty_of_a_linear_critic_is_that_of_its_slope():
    real, fake = data(5, 2)
    for slope, expected in (([3.0, 4.0], 16.0), ([0.6, 0.8], 0.0), ([0.0, 0.0], 1.0)):
        assert gradient_penalty(lambda x, w=slope: x @ torch.tensor(w).double(), real, fake).item() == pytest.approx(
            expected
        )
    images = data(5, 3, 2, 2)
    assert gradient_penalty(lambda x: x.sum((1, 2, 3)), *images).item() == pytest.approx((math.sqrt(12) - 1) ** 2)
    assert gradient_penalty(lambda x: 3 * x, torch.ones(4), torch.zeros(4)) == 4


def test_the_penalty_is_taken_between_real_and_fake():
    # The slope of x² is 2 |x|.
    real, fake = torch.tensor([[4.0]]), torch.tensor([[2.0]])
    for share in (0.0, 0.25, 1.0):
        x = share * 4 + (1 - share) * 2
        penalty = gradient_penalty(lambda x: x**2, real, fake, epsilon=torch.tensor([share]))
        assert penalty.item() == pytest.approx((2 * x - 1) ** 2)
    pair = torch.tensor([[4.0], [1.0]]), torch.tensor([[2.0], [0.0]])
    penalty = gradient_penalty(lambda x: x**2, *pair, epsilon=torch.tensor([1, 0]))  # one share for each example
    assert penalty.item() == pytest.approx((7**2 + 1) / 2)


def test_epsilon_is_drawn_uniformly_from_the_generator():
    real, fake = torch.ones(20000, 1), torch.zeros(20000, 1)
    seen = []

    def critic(x):
        seen.append(x.detach().flatten())
        return x

    for seed in (1, 1, 2):
        gradient_penalty(critic, real, fake, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
    quantiles = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    torch.testing.assert_close(seen[0].quantile(quantiles), quantiles, rtol=0, atol=0.02)
    torch.manual_seed(3)
    gradient_penalty(critic, real, fake)
    torch.manual_seed(3)
    gradient_penalty(critic, real, fake)
    assert torch.equal(seen[3], seen[4])  # without one, from PyTorch's own
    gradient_penalty(critic, real.double(), fake.double())
    assert not torch.equal(seen[5], seen[5].float().double())  # with all the digits of the data


def test_the_gradient_reaches_the_critic_only():
    critic = network()
    real, fake = (part.requires_grad_() for part in data(5, 3))
    gradient_penalty(critic, real, fake, epsilon=SHARES).backward()
    assert real.grad is None
    assert fake.grad is None
    assert all((p.grad != 0).any() for name, p in critic.named_parameters() if name != "2.bias")


def test_the_gradient_by_the_parameters_equals_differences():
    real, fake = data(5, 3)
    parameters = [parameter.detach().clone().requires_grad_() for parameter in network().parameters()]

    def penalty(weight, bias, last, _):
        return gradient_penalty(lambda x: torch.tanh(x @ weight.T + bias) @ last.T, real, fake, epsilon=SHARES)

    parameters[3].requires_grad_(False)  # the last bias changes no slope
    assert torch.autograd.gradcheck(penalty, parameters)
    assert torch.autograd.gradgradcheck(penalty, parameters)


def test_a_critic_that_is_flat_has_a_finite_gradient():
    weight = torch.zeros(3, requires_grad=True)
    real, fake = data(4, 3, dtype=torch.float32)
    value = gradient_penalty(lambda x: x @ weight, real, fake)
    (gradient,) = torch.autograd.grad(value, weight)
    assert value == 1
    assert (gradient == 0).all()
    dead = gradient_penalty(lambda x: torch.relu(x @ weight - 1), real, fake)
    assert dead == 1
    assert torch.autograd.grad(dead, weight)[0].isfinite().all()


def test_data_are_left_as_they_were():
    real, fake = data(5, 3)
    epsilon = SHARES.clone()
    before = [tensor.clone() for tensor in (real, fake, epsilon)]
    gradient_penalty(network(), real, fake, epsilon=epsilon)
    assert not any(tensor.requires_grad for tensor in (real, fake, epsilon))
    assert all(torch.equal(a, b) for a, b in zip((real, fake, epsilon), before, strict=True))
    same = real.clone()
    gradient_penalty(network(), same, same, epsilon=torch.ones(5).double())
    assert not same.requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_critic_gets_the_dtype_of_the_data(dtype):
    seen = []
    critic = network(dtype)

    def watched(x):
        seen.append(x.dtype)
        return critic(x)

    real, fake = data(5, 3, dtype=dtype)
    assert gradient_penalty(watched, real, fake).dtype == dtype
    assert gradient_penalty(watched, real, fake, epsilon=SHARES).dtype == dtype
    assert seen == [dtype, dtype]
    pixels = torch.tensor([[255], [0]], dtype=torch.uint8)
    assert gradient_penalty(lambda x: x / 2, pixels, pixels.flip(0)).item() == pytest.approx(0.25)


def test_half_precision_measures_the_slope_in_float32():
    real, fake = data(2, 9, dtype=torch.float16)
    value = gradient_penalty(lambda x: 200 * x.sum(1), real, fake)  # 9 · 200² is beyond float16, and (600 − 1)² as well
    assert value == torch.inf
    assert gradient_penalty(lambda x: 80 * x.sum(1), real, fake).item() == pytest.approx(239**2, rel=1e-3)


def test_the_penalty_stays_on_the_device_of_the_data():
    on_meta = torch.ones(5, 3, device="meta")
    penalty = gradient_penalty(lambda x: x.sum(1), on_meta, on_meta)
    assert (penalty.is_meta, penalty.shape) == (True, ())


def test_the_penalty_of_nothing_and_of_nan():
    none = torch.ones(0, 3)
    assert gradient_penalty(lambda x: x.sum(1), none, none).isnan()
    real, fake = data(2, 3)
    real[0, 0] = torch.nan
    assert gradient_penalty(lambda x: (x**2).sum(1), real, fake, epsilon=torch.full((2,), 0.5)).isnan()


def test_a_critic_may_give_several_scores_for_each_example():
    real, fake = data(5, 3)
    several = gradient_penalty(lambda x: torch.stack([x[:, 0], 2 * x[:, 1]], dim=1), real, fake)
    assert several.item() == pytest.approx((math.sqrt(5) - 1) ** 2)


def test_the_penalty_compiles_and_works_under_torch_func():
    critic = network()
    real, fake = data(5, 3)

    def penalty(real, fake, epsilon):
        return gradient_penalty(critic, real, fake, epsilon=epsilon)

    expected = penalty(real, fake, SHARES)
    expected_gradient = torch.autograd.grad(expected, critic[0].weight)[0]
    try:
        compiled = torch.compile(penalty, fullgraph=True, backend="aot_eager")(real, fake, SHARES)
        torch.testing.assert_close(compiled, expected)
        torch.testing.assert_close(torch.autograd.grad(compiled, critic[0].weight)[0], expected_gradient)
    finally:
        torch.compiler.reset()
    stacked = torch.func.vmap(penalty)(*(torch.stack([x, x]) for x in (real, fake, SHARES)))
    torch.testing.assert_close(stacked, torch.stack([expected, expected]))

    def of_weight(weight):
        inner = {"0.weight": weight}
        return gradient_penalty(lambda x: torch.func.functional_call(critic, inner, (x,)), real, fake, epsilon=SHARES)

    torch.testing.assert_close(torch.func.grad(of_weight)(critic[0].weight.detach()), expected_gradient)


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        (np.ones((2, 3)), np.ones((2, 3)), "`real` is a NumPy array, expected a PyTorch tensor: the penalty"),
        (torch.ones(2, 3), np.ones((2, 3)), "`real` is a PyTorch tensor, `fake` is a NumPy array"),
        ([1.0], [1.0], "`real` has type list, expected a NumPy array or a PyTorch tensor"),
        (torch.ones(2, 3) + 0j, torch.ones(2, 3), "`real` has dtype torch.complex64, expected real numbers"),
    ],
)
def test_data_are_tensors_of_real_numbers(real, fake, expected):
    with pytest.raises(TypeError) as error:
        gradient_penalty(network(), real, fake)
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(2, 3), (4, 3)], "shapes differ: `real` (2, 3) and `fake` (4, 3); they are never broadcast"),
        ([(2, 3), (3,)], "shapes differ: `real` (2, 3) and `fake` (3,)"),
        ([(), ()], "`real` has no dimension, expected the shape (N, ...): one example for each row"),
    ],
)
def test_shapes_of_the_data(shapes, expected):
    with pytest.raises(ValueError) as error:
        gradient_penalty(network(), *map(torch.ones, shapes))
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (2, 3)])
def test_there_is_one_epsilon_for_each_example(shape):
    with pytest.raises(ValueError) as error:
        gradient_penalty(network(), torch.ones(2, 3), torch.ones(2, 3), epsilon=torch.ones(shape))
    assert str(error.value) == f"`epsilon` has shape {shape}, expected one share for each example of `real`: (2,)"


def test_bad_epsilons():
    real, fake = data(2, 3)
    for wrong in (-0.5, 1.5):
        with pytest.raises(ValueError, match=f"`epsilon` holds {wrong}, expected shares from 0 to 1"):
            gradient_penalty(network(), real, fake, epsilon=torch.tensor([0.5, wrong]))
    with pytest.raises(TypeError, match="`epsilon` has type float, expected a NumPy array or a PyTorch tensor"):
        gradient_penalty(network(), real, fake, epsilon=0.5)
    with pytest.raises(TypeError, match="pass arrays of one kind"):
        gradient_penalty(network(), real, fake, epsilon=np.ones(2))
    with pytest.raises(ValueError, match="^both `epsilon` and `generator` are given, expected one at most"):
        gradient_penalty(network(), real, fake, epsilon=torch.ones(2), generator=torch.Generator())
    with pytest.raises(TypeError, match="positional"):
        gradient_penalty(network(), real, fake, torch.ones(2))


@pytest.mark.parametrize(
    ("critic", "kind", "expected"),
    [
        (None, TypeError, "`critic` has type NoneType, expected a callable: a network or a function"),
        (torch.ones(2), TypeError, "`critic` has type Tensor, expected a callable"),
        (lambda x: x.detach().numpy(), TypeError, "`critic` returned ndarray, expected a PyTorch tensor of scores"),
        (lambda x: x.mean(), ValueError, "`critic` returned scores of shape (), expected (2, ...): scores for each"),
        (lambda x: x.sum(0), ValueError, "`critic` returned scores of shape (3,), expected (2, ...): scores for each"),
        (
            lambda x: x.detach(),
            ValueError,
            "the scores of `critic` do not depend on its input, so they have no slope; compute them from the input by "
            "differentiable steps, without .detach(), and not under torch.no_grad()",
        ),
        (lambda x: torch.ones(2, requires_grad=True), ValueError, "the scores of `critic` do not depend on its input"),
    ],
)
def test_bad_critics(critic, kind, expected):
    with pytest.raises(kind) as error:
        gradient_penalty(critic, torch.ones(2, 3), torch.ones(2, 3))
    assert str(error.value).startswith(expected)


def test_no_grad_leaves_no_slope():
    with torch.no_grad(), pytest.raises(ValueError, match="^the scores of .* not under torch.no_grad"):
        gradient_penalty(network(), *data(2, 3))
