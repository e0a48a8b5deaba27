"""Loss functions that are right, run, and say why: one implementation each, for NumPy and PyTorch.

Names, argument order and meaning are those of `torch.nn.functional`. Importing the package has no side effects.
"""

from lossbook.activations import log_softmax, logsigmoid, sigmoid, softmax, tanh
from lossbook.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    js_div,
    kl_div,
    multi_margin_loss,
    nll_loss,
    sigmoid_focal_loss,
    squared_hinge_loss,
)
from lossbook.detection import (
    box_iou,
    complete_box_iou_loss,
    dice_loss,
    distance_box_iou_loss,
    generalized_box_iou_loss,
    iou_loss,
)
from lossbook.embeddings import (
    contrastive_loss,
    cosine_embedding_loss,
    info_nce_loss,
    triplet_likelihood_loss,
    triplet_margin_loss,
)
from lossbook.generative import (
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
from lossbook.reductions import mean_over_processes, total_weight
from lossbook.regression import (
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    log_cosh_loss,
    mean_bias_error,
    mse_loss,
    poisson_nll_loss,
    quantile_loss,
    smooth_l1_loss,
)

__version__ = "0.1.0"

__all__ = [
    "ContractError",
    "ContractWarning",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "box_iou",
    "complete_box_iou_loss",
    "contrastive_loss",
    "cosine_embedding_loss",
    "cross_entropy",
    "dice_loss",
    "discriminator_loss",
    "distance_box_iou_loss",
    "gaussian_nll_loss",
    "generalized_box_iou_loss",
    "generator_loss",
    "gradient_penalty",
    "guard",
    "hinge_discriminator_loss",
    "hinge_generator_loss",
    "hinge_loss",
    "huber_loss",
    "info_nce_loss",
    "iou_loss",
    "js_div",
    "kl_div",
    "l1_loss",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "log_cosh_loss",
    "log_softmax",
    "logsigmoid",
    "mean_bias_error",
    "mean_over_processes",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "quantile_loss",
    "sigmoid",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "softmax",
    "squared_hinge_loss",
    "tanh",
    "total_weight",
    "triplet_likelihood_loss",
    "triplet_margin_loss",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
]


def __getattr__(name):
    # `guard` wraps modules of PyTorch, which importing this package must not import.
    if name in ("ContractError", "ContractWarning", "guard"):
        from lossbook import contracts

        return getattr(contracts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
