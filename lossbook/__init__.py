"""Loss functions that are right, run, and say why: one implementation each, for NumPy and PyTorch.

Names, argument order and meaning are those of `torch.nn.functional`. Importing the package has no side effects.
"""

from lossbook.activations import log_softmax, logsigmoid, sigmoid, softmax
from lossbook.classification import cross_entropy, nll_loss
from lossbook.regression import l1_loss, mse_loss

__version__ = "0.1.0"

__all__ = [
    "cross_entropy",
    "l1_loss",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "sigmoid",
    "softmax",
]
