"""A training loop small enough to read in one go."""

import torch
from tqdm import tqdm


def train(model, loss, x, y, *, epochs, learning_rate, batch_size=64, seed=0, optimizer=torch.optim.Adam):
    """Train `model` in place by mini-batch gradient descent.

    Parameters
    ----------
    model : torch.nn.Module
        What to train.
    loss : callable
        From the model's output and the target to a scalar tensor.
    x, y : torch.Tensor
        Inputs and targets, one row for each example.
    epochs : int
        Passes over the data.
    learning_rate : float
        The step size of the optimizer.
    batch_size : int
        Examples for each step; the last batch of an epoch may be smaller.
    seed : int
        Decides the order of the examples. The initial weights are the caller's.
    optimizer : type
        A class from `torch.optim`.

    Returns
    -------
    list of float
        The mean training loss of each epoch.
    """
    steps = optimizer(model.parameters(), lr=learning_rate)
    order = torch.Generator().manual_seed(seed)
    history = []
    for _ in tqdm(range(epochs), desc="epochs", leave=False):
        total = 0.0
        for batch in torch.randperm(len(x), generator=order).split(batch_size):
            value = loss(model(x[batch]), y[batch])
            steps.zero_grad()
            value.backward()
            steps.step()
            total += value.item() * len(batch)
        history.append(total / len(x))
    return history


def network(sizes, *, seed, dtype=None):
    """A fully connected network with ReLU between its layers, initialised from `seed`.

    Parameters
    ----------
    sizes : sequence of int
        The width of the input, of each hidden layer, and of the output.
    seed : int
        Decides the initial weights, without touching the global random state.
    dtype : torch.dtype, optional
        Of the weights, which are drawn in it; PyTorch's default dtype unless given.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:], strict=False):
            layers += [torch.nn.Linear(inputs, outputs, dtype=dtype), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def networks(sizes, *, seeds, dtype=None):
    """Several networks of `network`'s kind, one for each seed, that compute side by side: much faster than one by one.

    A batch has the shape (number of seeds, N, width), and each network sees its own part only. So the gradient of a sum
    of losses, one for each network, is for each network the gradient of its own loss.

    Parameters
    ----------
    sizes : sequence of int
        The width of the input, of each hidden layer, and of the output.
    seeds : sequence of int
        One for each network: its initial weights are those of ``network(sizes, seed=seed, dtype=dtype)``.
    dtype : torch.dtype, optional
        Of the weights.
    """
    return _SideBySide([network(sizes, seed=seed, dtype=dtype) for seed in seeds])


class _SideBySide(torch.nn.Module):
    def __init__(self, each):
        super().__init__()
        layers = list(zip(*(network[::2] for network in each), strict=True))  # every other layer is a ReLU
        weights = [torch.stack([linear.weight.detach().T for linear in layer]) for layer in layers]
        biases = [torch.stack([linear.bias.detach()[None] for linear in layer]) for layer in layers]
        self.weights, self.biases = torch.nn.ParameterList(weights), torch.nn.ParameterList(biases)

    def forward(self, x):
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x.relu() if depth else x, weight)
        return x


def settle(*models, decimals=6):
    """Round all parameters, after a step, so that a game of two networks comes out the same on every processor.

    Training one network against another is chaotic: a difference in the last bit, as between two processors, may grow
    until the outcome is another one. Rounding to what is still far finer than a step removes it before it grows, unless
    a number happens to lie between two roundings.
    """
    with torch.no_grad():
        for model in models:
            for parameter in model.parameters():
                parameter.copy_(parameter.round(decimals=decimals))


def gradient_norm(model):
    """Euclidean norm of the gradient of all parameters together, after `backward`."""
    return torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None]).item()
