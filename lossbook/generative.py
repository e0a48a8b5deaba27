"""Losses for generative adversarial networks: one network tells real from generated, another one learns to deceive it.

NumPy arrays and PyTorch tensors alike. The means of real and of fake are taken apart, so their batches may differ in
size, and each loss is a scalar to be minimised.
"""

import math

from lossbook import _array
from lossbook.activations import logsigmoid


def discriminator_loss(real_logits, fake_logits):
    r"""Loss of the discriminator of a GAN: the binary cross-entropy of real against fake, summed over the two.

    .. math::

       L &= -\operatorname{mean}_n \log D(x_n) \\
         &\quad - \operatorname{mean}_m \log\bigl(1 - D(G(\epsilon_m))\bigr), \\
       D &= \sigma(\text{logit})

    At chance, :math:`D = \tfrac12` everywhere, it is :math:`2\log 2 = 1.386`.

    Parameters
    ----------
    real_logits : array or tensor
        The discriminator's scores (logits) of real data, of any shape: any real numbers, **not** probabilities.
    fake_logits : array or tensor
        Its scores of generated data, of any shape.

    Returns
    -------
    array or tensor
        A scalar. In nats; 0 or more.

    Raises
    ------
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: I. Goodfellow et al., *Generative Adversarial Networks*, 2014, https://arxiv.org/abs/1406.2661, who maximise
    its negative. PyTorch: the sum of `torch.nn.functional.binary_cross_entropy_with_logits` with targets 1 and 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import discriminator_loss
    >>> discriminator_loss(np.zeros(4), np.zeros(2)).round(4)
    np.float64(1.3863)
    """
    xp, dtype, (real, fake) = _array.as_floats(real_logits=real_logits, fake_logits=fake_logits)
    return _sum_of_means(xp, dtype, -logsigmoid(real), -logsigmoid(-fake))


def generator_loss(fake_logits, *, saturating=False):
    r"""Loss of the generator of a GAN, non-saturating unless asked for.

    .. math::

       L &= -\operatorname{mean}_m \log D(G(\epsilon_m)), \\
       L_\text{sat} &= \operatorname{mean}_m \log\bigl(1 - D(G(\epsilon_m))\bigr), \\
       D &= \sigma(\text{logit})

    The saturating loss, :math:`L_\text{sat}`, is the negative of the discriminator's term for what is generated, as in
    the minimax game. Its gradient by the logit is :math:`-D`, which vanishes where the discriminator recognises the
    fake; that of the non-saturating one, :math:`D - 1`, vanishes where the fake is taken for real.

    Parameters
    ----------
    fake_logits : array or tensor
        The discriminator's scores (logits) of generated data, of any shape: any real numbers, **not** probabilities.
    saturating : bool
        Take the loss of the minimax game.

    Returns
    -------
    array or tensor
        A scalar. In nats; 0 or more, or, if saturating, 0 or less.

    Raises
    ------
    TypeError
        If `fake_logits` is not an array or tensor of real numbers.

    Notes
    -----
    Source: I. Goodfellow et al., *Generative Adversarial Networks*, 2014, https://arxiv.org/abs/1406.2661, who propose
    both. PyTorch: `torch.nn.functional.binary_cross_entropy_with_logits` with the target 1 is the non-saturating one.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import generator_loss
    >>> recognised = np.array([-10.0])
    >>> generator_loss(recognised).round(4), generator_loss(recognised, saturating=True).round(6)
    (np.float64(10.0), np.float64(-4.5e-05))
    """
    _array.check_flag("saturating", saturating)
    xp, dtype, (fake,) = _array.as_floats(fake_logits=fake_logits)
    return _sum_of_means(xp, dtype, logsigmoid(-fake) if saturating else -logsigmoid(fake))


def least_squares_discriminator_loss(real_scores, fake_scores):
    r"""Loss of the discriminator of a least-squares GAN: squared errors from 1 for real and from 0 for fake.

    .. math::

       L &= \tfrac12 \operatorname{mean}_n\, (f(x_n) - 1)^2 \\
         &\quad + \tfrac12 \operatorname{mean}_m\, f(G(\epsilon_m))^2

    for the discriminator's score :math:`f`.

    Parameters
    ----------
    real_scores : array or tensor
        The discriminator's scores of real data, of any shape; any real numbers, without a sigmoid.
    fake_scores : array or tensor
        Its scores of generated data, of any shape.

    Returns
    -------
    array or tensor
        A scalar; 0 or more; 0.25 for a score of ½ everywhere.

    Raises
    ------
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: X. Mao et al., *Least Squares Generative Adversarial Networks*, 2017,
    https://doi.org/10.1109/ICCV.2017.304, with their 0–1 coding a = 0, b = c = 1. PyTorch: half the sum of
    `torch.nn.functional.mse_loss` with targets 1 and 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import least_squares_discriminator_loss
    >>> least_squares_discriminator_loss(np.array([1.0, 0.0]), np.array([0.5]))
    np.float64(0.375)
    """
    xp, dtype, (real, fake) = _array.as_floats(real_scores=real_scores, fake_scores=fake_scores)
    return _sum_of_means(xp, dtype, (real - 1) ** 2 / 2, fake**2 / 2)


def least_squares_generator_loss(fake_scores):
    r"""Loss of the generator of a least-squares GAN: the squared error from 1, the discriminator's target for real.

    .. math:: L = \tfrac12 \operatorname{mean}_m\, (f(G(\epsilon_m)) - 1)^2

    for the discriminator's score :math:`f`.

    Parameters
    ----------
    fake_scores : array or tensor
        The discriminator's scores of generated data, of any shape; any real numbers, without a sigmoid.

    Returns
    -------
    array or tensor
        A scalar; 0 or more.

    Raises
    ------
    TypeError
        If `fake_scores` is not an array or tensor of real numbers.

    Notes
    -----
    Source: X. Mao et al., *Least Squares Generative Adversarial Networks*, 2017,
    https://doi.org/10.1109/ICCV.2017.304, with their 0–1 coding a = 0, b = c = 1. PyTorch: half of
    `torch.nn.functional.mse_loss` with the target 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import least_squares_generator_loss
    >>> least_squares_generator_loss(np.array([1.0, 0.0]))
    np.float64(0.25)
    """
    xp, dtype, (fake,) = _array.as_floats(fake_scores=fake_scores)
    return _sum_of_means(xp, dtype, (fake - 1) ** 2 / 2)


def wasserstein_critic_loss(real_scores, fake_scores):
    r"""Loss of the critic of a Wasserstein GAN: the mean score of fake minus that of real.

    .. math:: L = \operatorname{mean}_m f(G(\epsilon_m)) - \operatorname{mean}_n f(x_n)

    If the critic :math:`f` has slopes of at most 1, :math:`-L` estimates the Wasserstein distance of the two
    distributions from below. Nothing in the loss sees to that: see `gradient_penalty`.

    Parameters
    ----------
    real_scores : array or tensor
        The critic's scores of real data, of any shape; any real numbers, without a sigmoid.
    fake_scores : array or tensor
        Its scores of generated data, of any shape.

    Returns
    -------
    array or tensor
        A scalar; any real number, 0 or less once the critic tells real from fake.

    Raises
    ------
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: M. Arjovsky, S. Chintala and L. Bottou, *Wasserstein GAN*, 2017, https://arxiv.org/abs/1701.07875, who
    maximise its negative. PyTorch does not have it.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import wasserstein_critic_loss
    >>> wasserstein_critic_loss(np.array([2.0, 4.0]), np.array([-1.0]))
    np.float64(-4.0)
    """
    xp, dtype, (real, fake) = _array.as_floats(real_scores=real_scores, fake_scores=fake_scores)
    return _sum_of_means(xp, dtype, -real, fake)


def wasserstein_generator_loss(fake_scores):
    r"""Loss of the generator of a Wasserstein GAN: minus the mean score of fake.

    .. math:: L = -\operatorname{mean}_m f(G(\epsilon_m))

    Parameters
    ----------
    fake_scores : array or tensor
        The critic's scores of generated data, of any shape; any real numbers, without a sigmoid.

    Returns
    -------
    array or tensor
        A scalar; any real number, 0 or less for scores of 0 or more.

    Raises
    ------
    TypeError
        If `fake_scores` is not an array or tensor of real numbers.

    Notes
    -----
    Source: M. Arjovsky, S. Chintala and L. Bottou, *Wasserstein GAN*, 2017, https://arxiv.org/abs/1701.07875.
    PyTorch does not have it.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import wasserstein_generator_loss
    >>> wasserstein_generator_loss(np.array([2.0, 4.0]))
    np.float64(-3.0)
    """
    xp, dtype, (fake,) = _array.as_floats(fake_scores=fake_scores)
    return _sum_of_means(xp, dtype, -fake)


def hinge_discriminator_loss(real_scores, fake_scores):
    r"""Loss of the discriminator of a hinge GAN: real shall score at least 1, fake at most −1.

    .. math::

       L &= \operatorname{mean}_n \max(0,\; 1 - f(x_n)) \\
         &\quad + \operatorname{mean}_m \max(0,\; 1 + f(G(\epsilon_m)))

    for the discriminator's score :math:`f`.

    Parameters
    ----------
    real_scores : array or tensor
        The discriminator's scores of real data, of any shape; any real numbers, without a sigmoid.
    fake_scores : array or tensor
        Its scores of generated data, of any shape.

    Returns
    -------
    array or tensor
        A scalar; 0 or more; 2 for a score of 0 everywhere.

    Raises
    ------
    TypeError
        If an argument is not an array or tensor of real numbers, or NumPy and PyTorch are mixed.

    Notes
    -----
    Source: J. H. Lim and J. C. Ye, *Geometric GAN*, 2017, https://arxiv.org/abs/1705.02894. In PyTorch it is
    the sum of two `torch.nn.functional.margin_ranking_loss` with margin 1 against 0, with the targets 1 and −1.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import hinge_discriminator_loss
    >>> hinge_discriminator_loss(np.array([3.0, 0.5]), np.array([-0.5]))
    np.float64(0.75)
    """
    xp, dtype, (real, fake) = _array.as_floats(real_scores=real_scores, fake_scores=fake_scores)
    return _sum_of_means(xp, dtype, _array.positive_part(xp, 1 - real), _array.positive_part(xp, 1 + fake))


def hinge_generator_loss(fake_scores):
    r"""Loss of the generator of a hinge GAN: minus the mean score of fake, without a hinge.

    .. math:: L = -\operatorname{mean}_m f(G(\epsilon_m))

    for the discriminator's score :math:`f`.

    Parameters
    ----------
    fake_scores : array or tensor
        The discriminator's scores of generated data, of any shape; any real numbers, without a sigmoid.

    Returns
    -------
    array or tensor
        A scalar; any real number, 0 or less for scores of 0 or more.

    Raises
    ------
    TypeError
        If `fake_scores` is not an array or tensor of real numbers.

    Notes
    -----
    Source: J. H. Lim and J. C. Ye, *Geometric GAN*, 2017, https://arxiv.org/abs/1705.02894. The same as
    `wasserstein_generator_loss`: only the discriminator has a hinge. PyTorch does not have it.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import hinge_generator_loss
    >>> hinge_generator_loss(np.array([2.0, 4.0]))
    np.float64(-3.0)
    """
    return wasserstein_generator_loss(fake_scores)


def gradient_penalty(critic, real, fake, *, epsilon=None, generator=None):
    r"""Penalty on a critic whose slope is not 1, taken between real and fake data; for PyTorch only.

    .. math::

       L &= \operatorname{mean}_n \bigl(\lVert \nabla f(\hat x_n)\rVert_2 - 1\bigr)^2, \\
       \hat x_n &= s_n x_n + (1 - s_n)\, G(\epsilon_n)

    for the critic :math:`f`, and shares :math:`s_n` uniform in [0, 1], one for each example: the argument `epsilon`. It
    is added to `wasserstein_critic_loss`, times 10 in the source. Its gradient reaches the critic's parameters, but
    neither `real` nor `fake`: it does not train the generator. Where the critic's gradient is exactly 0, the norm has
    no direction, and the penalty's gradient is 0.

    Parameters
    ----------
    critic : callable
        Maps a batch like `real` to scores, one or more for each example in its first dimension. It must treat the
        examples independently of each other: no batch normalisation.
    real : tensor
        Real data, of shape (N, ...).
    fake : tensor
        Generated data; the shape of `real`.
    epsilon : tensor, optional
        The share of real data in each example, from 0 to 1, of shape (N,). Drawn uniformly unless given.
    generator : torch.Generator, optional
        Where to draw `epsilon` from, for a reproducible penalty; on the device of `real`.

    Returns
    -------
    tensor
        A scalar; 0 or more; 1 for a critic whose slope is 0 everywhere.

    Raises
    ------
    ValueError
        If shapes do not fit, a value of `epsilon` lies outside [0, 1], both `epsilon` and `generator` are given, or the
        critic's scores have another first dimension or do not depend on its input.
    TypeError
        If data are not PyTorch tensors of real numbers, `critic` cannot be called, or returns no tensor.

    Notes
    -----
    Source: I. Gulrajani et al., *Improved Training of Wasserstein GANs*, 2017, https://arxiv.org/abs/1704.00028.
    PyTorch does not have it.

    Examples
    --------
    >>> import torch
    >>> from lossbook import gradient_penalty
    >>> real, fake = torch.ones(4, 2), torch.zeros(4, 2)
    >>> gradient_penalty(lambda x: 3 * x[:, 0], real, fake).item()  # a slope of 3 everywhere
    4.0
    """
    if not callable(critic):
        raise TypeError(f"`critic` has type {type(critic).__name__}, expected a callable: a network or a function")
    xp, dtype, (real, fake) = _array.as_floats(real=real, fake=fake)
    if not hasattr(real, "requires_grad"):
        raise TypeError("`real` is a NumPy array, expected a PyTorch tensor: the penalty differentiates the critic")
    _array.check_same_shape(real=real, fake=fake)
    if real.ndim == 0:
        raise ValueError("`real` has no dimension, expected the shape (N, ...): one example for each row")
    import torch  # not above: `import lossbook` must not import it

    examples = real.shape[0]
    if epsilon is None:
        epsilon = torch.rand(examples, generator=generator, dtype=real.dtype, device=real.device)
    elif generator is not None:
        raise ValueError("both `epsilon` and `generator` are given, expected one at most: what to take, or where from")
    else:
        epsilon = _check_epsilon(xp, epsilon, real)
    share = epsilon.reshape((examples,) + (1,) * (real.ndim - 1))
    between = _array.constant(share * real + (1 - share) * fake).to(dtype)
    gradient = _gradient(critic, between).to(real.dtype).reshape(examples, math.prod(real.shape[1:]))
    slope = torch.linalg.vector_norm(gradient, dim=1)
    return _array.reduce(xp, (slope - 1) ** 2, "mean", dtype)


def _sum_of_means(xp, dtype, *losses):
    return xp.astype(sum(_array.reduce(xp, loss, "mean", loss.dtype) for loss in losses), dtype, copy=False)


def _check_epsilon(xp, epsilon, real):
    """Check the shares of real data, one for each example, and promote them."""
    _, _, (epsilon, _) = _array.as_floats(epsilon=epsilon, real=real)
    examples = real.shape[0]
    if tuple(epsilon.shape) != (examples,):
        raise ValueError(
            f"`epsilon` has shape {tuple(epsilon.shape)}, expected one share for each example of `real`: ({examples},)"
        )
    _array.check_shares(xp, "epsilon", epsilon, "shares from 0 to 1")
    return epsilon


def _gradient(critic, x):
    """Return the gradient of the critic's score of each example, itself differentiable by the critic's parameters."""
    import torch

    def total(x):
        # Each score depends on its own example only, so the gradient of the sum holds that of each.
        scores = critic(x)
        if not isinstance(scores, torch.Tensor):
            raise TypeError(f"`critic` returned {type(scores).__name__}, expected a PyTorch tensor of scores")
        if scores.ndim == 0 or scores.shape[0] != x.shape[0]:
            raise ValueError(
                f"`critic` returned scores of shape {tuple(scores.shape)}, expected ({x.shape[0]}, ...): scores for "
                "each example, not their mean"
            )
        return scores.sum()

    if not _array.values_can_be_checked(x):  # torch.compile and torch.func differentiate only in their own way
        return torch.func.grad(total)(x)
    sum_of_scores = total(x.requires_grad_())
    if sum_of_scores.requires_grad:
        (gradient,) = torch.autograd.grad(sum_of_scores, x, create_graph=True, allow_unused=True)
        if gradient is not None:
            return gradient
    raise ValueError(
        "the scores of `critic` do not depend on its input, so they have no slope; compute them from the input by "
        "differentiable steps, without .detach(), and not under torch.no_grad()"
    )
