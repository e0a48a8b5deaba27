"""What a trained model is judged by; none of it is differentiable, so none of it is a loss."""

import torch
from IPython.display import Markdown


def accuracy(scores, target):
    """Share of the rows whose largest score is at the target class."""
    return (scores.argmax(-1) == target).double().mean().item()


def confidence(probabilities):
    """Mean over the rows of the largest probability."""
    return probabilities.double().max(-1).values.mean().item()


def expected_calibration_error(probabilities, target, *, bins=10):
    """Mean gap between confidence and accuracy, over bins of equal width, weighted by their share of the rows.

    Parameters
    ----------
    probabilities : torch.Tensor
        Class probabilities, of shape (N, C). The confidence of a row is its largest probability.
    target : torch.Tensor
        Class indices, of shape (N,).
    bins : int
        Number of bins of the confidence, between 0 and 1.

    Notes
    -----
    Source: C. Guo et al., *On Calibration of Modern Neural Networks*, 2017, https://arxiv.org/abs/1706.04599.
    """
    confidence, predicted = probabilities.double().max(-1)
    correct = (predicted == target).double()
    bin_of_row = (confidence * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins, dtype=torch.float64).index_add(0, bin_of_row, confidence - correct)
    return gaps.abs().sum().item() / len(target)


def retrieval_accuracy(queries, query_labels, gallery, gallery_labels):
    """Share of the queries whose nearest embedding in the gallery has their label: recall at 1, as it is often called.

    Parameters
    ----------
    queries, gallery : torch.Tensor
        Embeddings, of shapes (N, D) and (M, D); nearest by Euclidean distance. No query may stand in the gallery.
    query_labels, gallery_labels : torch.Tensor
        Class indices, of shapes (N,) and (M,).
    """
    nearest = torch.cdist(queries.double(), gallery.double()).argmin(1)
    return (gallery_labels[nearest] == query_labels).double().mean().item()


def covered_modes(samples, centres, *, radius, share):
    """Number of the centres that have at least this share of the samples within the radius around them.

    Parameters
    ----------
    samples, centres : torch.Tensor
        Points, of shapes (N, D) and (M, D).
    radius : float
        What counts as near a centre, by Euclidean distance.
    share : float
        Part of all the samples, from 0 to 1.
    """
    near = _near(samples, centres, radius)
    return (near.double().mean(0) >= share).sum().item()


def share_near_modes(samples, centres, *, radius):
    """Share of the samples within the radius around some centre; the arguments are those of `covered_modes`."""
    return _near(samples, centres, radius).any(1).double().mean().item()


def _near(samples, centres, radius):
    """Say for each sample and each centre whether they are near."""
    return torch.cdist(samples.double(), centres.double()) <= radius


def spread(values, digits=3):
    """Mean and range of the same quantity over several seeds or splits, as text: '0.975 (0.971 to 0.982)'."""
    values = torch.as_tensor(values, dtype=torch.float64)
    mean, low, high = (f"{v.item():.{digits}f}" for v in (values.mean(), values.min(), values.max()))
    return f"{mean} ({low} to {high})"


def comparison(results, digits=3):
    """A table of `spread`: one column for each model, one row for each quantity.

    Parameters
    ----------
    results : dict of str to dict of str to array
        For each model, the values of each quantity over seeds or splits; the same quantities for all.
    digits : int
        Digits after the decimal point.

    Returns
    -------
    IPython.display.Markdown
        Shown as a table when it is the last line of a cell.
    """
    columns = list(results)
    rows = ["| mean (range) | " + " | ".join(columns) + " |", "|:---" + "|---:" * len(columns) + "|"]
    for quantity in results[columns[0]]:
        cells = [spread(results[column][quantity], digits) for column in columns]
        rows.append(f"| {quantity} | " + " | ".join(cells) + " |")
    return Markdown("\n".join(rows))
