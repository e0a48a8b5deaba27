"""Real data that come with scikit-learn, and one made: nothing is downloaded, and all is the same on every run."""

from typing import NamedTuple

import numpy as np
import torch
from sklearn import datasets
from sklearn.model_selection import train_test_split


class Split(NamedTuple):
    """Inputs and targets, for training and for testing."""

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor


def digits():
    """Handwritten digits, 8 by 8 pixels in 64 columns from 0 to 1; targets are the classes 0 to 9.

    1347 of the 1797 digits are for training, 450 for testing, with equal shares of each class.
    """
    x, y = datasets.load_digits(return_X_y=True)
    return _split(x / 16, torch.as_tensor(y), stratify=y)


def diabetes():
    """Ten measurements of 442 diabetes patients; the target is a score of the disease's progression after a year.

    331 patients are for training, 111 for testing. The measurements are standardised by the training set's mean and
    standard deviation; the target keeps its unit.
    """
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    split = _split(x, torch.as_tensor(y, dtype=torch.float32))
    mean, std = split.x_train.mean(0), split.x_train.std(0)
    return split._replace(x_train=(split.x_train - mean) / std, x_test=(split.x_test - mean) / std)


def ring_centres(modes=8):
    """Points on the unit circle, evenly spaced, of shape (modes, 2): the centres of `gaussian_ring`."""
    angle = 2 * np.pi * np.arange(modes) / modes
    return torch.as_tensor(np.stack([np.cos(angle), np.sin(angle)], axis=1), dtype=torch.float32)


def gaussian_ring(n, *, seed, modes=8, std=0.05):
    """Draw `n` points from a mixture of Gaussians, all equally likely, whose centres stand on the unit circle.

    The usual first test of a generator, because anyone can see which parts of the distribution it leaves out.
    """
    random = np.random.default_rng(seed)
    centre = ring_centres(modes)[random.integers(modes, size=n)]
    return centre + std * torch.as_tensor(random.standard_normal((n, 2)), dtype=torch.float32)


def _split(x, y, stratify=None):
    x = torch.as_tensor(x, dtype=torch.float32)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=stratify)
    return Split(x_train, y_train, x_test, y_test)
