"""The mean of a loss over a batch that is spread: over several steps of accumulation, or over several processes.

The mean of the parts' means is not the mean of the whole, unless all parts count as much. These functions divide by
what the whole batch counts.
"""

from lossbook import _array


def total_weight(target, weight=None, ignore_index=-100):
    r"""What the mean of `nll_loss` and `cross_entropy` divides by: how much the class indices of a batch count in all.

    .. math:: \sum_{n\,:\,y_n \text{ not ignored}} w_{y_n}

    for the class indices :math:`y` and the class weights :math:`w`, which are 1 unless given: then it is the number of
    targets that are not ignored. Add it up over all the parts of a batch, and divide the sum of their losses by it.

    Parameters
    ----------
    target : array or tensor of integers
        Class indices from 0 to C − 1, or `ignore_index`, of any shape.
    weight : array or tensor, optional
        One weight for each class, of shape (C,).
    ignore_index : int
        Targets with this value do not count.

    Returns
    -------
    array or tensor
        A scalar, 0 or more for weights that are. Its dtype is that of `weight`, or the library's default.

    Raises
    ------
    ValueError
        If `weight` is not of shape (C,), or has no entry for a class index.
    TypeError
        If `target` does not hold integers, or an argument is not an array or tensor.

    Notes
    -----
    With class probabilities as targets, the mean of `cross_entropy` divides by the number of targets, weighted or not.

    Examples
    --------
    >>> import numpy as np
    >>> from lossbook import total_weight
    >>> target = np.array([0, 1, 1, -100])
    >>> float(total_weight(target))
    3.0
    >>> float(total_weight(target, weight=np.array([1.0, 0.25])))
    1.5
    """
    xp = _array.namespace(target=target, weight=weight)
    if not xp.isdtype(target.dtype, "integral"):
        raise TypeError(f"`target` has dtype {target.dtype}, expected integers: class indices")
    valid = target != ignore_index
    if weight is not None:
        if weight.ndim != 1:
            raise ValueError(f"`weight` has shape {tuple(weight.shape)}, expected one weight for each class: (C,)")
        classes = weight.shape[0]
        _array.check_values(
            xp,
            "target",
            target,
            lambda index: (index != ignore_index) & ((index < 0) | (index >= classes)),
            f"0 to {classes - 1} for the {classes} weights, or ignore_index={ignore_index}",
        )
    index = xp.where(valid, target, xp.zeros_like(target))
    return xp.sum(_array.weight_of_each(xp, index, valid, weight, xp.asarray(0.0).dtype))


def mean_over_processes(total, count, *, group=None):
    r"""Mean loss over the examples of all processes, scaled so that averaged gradients come out as those of one batch.

    .. math:: \ell_r = \frac{R\,S_r}{\sum_{r'} c_{r'}}, \qquad
              \frac1R \sum_r \ell_r = \frac{\sum_r S_r}{\sum_r c_r}

    in process :math:`r` of :math:`R`, whose losses sum to :math:`S_r` and count :math:`c_r`. Wrappers such as
    `torch.nn.parallel.DistributedDataParallel` average the gradients of the processes: those of :math:`\ell_r` average
    to the gradient of the mean over all examples, however unevenly these are spread. Without `torch.distributed`, or
    with a single process, the result is :math:`S / c`.

    Parameters
    ----------
    total : tensor
        Sum of this process's losses, a scalar, such as ``reduction='sum'`` returns. 0 where the process has no
        example; it must take part all the same, because the others wait for it.
    count : float or tensor
        How much this process's examples count, 0 or more: their number, or `total_weight` of their targets. With
        accumulation over several steps, the count of all the steps; give it again at each of them.
    group : torch.distributed.ProcessGroup, optional
        The processes that share the batch; all of them unless given.

    Returns
    -------
    tensor
        A scalar, to call ``backward()`` on; any real number, 0 or more for a loss that is. The average over the
        processes of the result is the mean loss.

    Raises
    ------
    ValueError
        If `total` is no scalar, if `count` is negative, not finite or no scalar, if the process is not in `group`, or
        if the counts of all processes sum to 0: then there is no mean, in any of them, and the step is to be skipped.
    TypeError
        If `total` is not a tensor, or `count` is not a number.
    RuntimeError
        If another process has died, or has not answered within the time limit of the group: see the `timeout` of
        `torch.distributed.init_process_group`.

    Notes
    -----
    Each call communicates one number, and waits for it.

    Examples
    --------
    >>> import torch
    >>> from lossbook import mean_over_processes
    >>> from lossbook import cross_entropy, total_weight
    >>> logits = torch.tensor([[2.0, 0.0], [0.0, 0.0], [1.0, 3.0]])
    >>> target = torch.tensor([0, -100, 1])
    >>> total = cross_entropy(logits, target, reduction="sum")
    >>> mean_over_processes(total, total_weight(target))
    tensor(0.1269)
    >>> cross_entropy(logits, target)
    tensor(0.1269)
    """
    import torch  # not above: `import lossbook` must not import it
    import torch.distributed as dist

    if not isinstance(total, torch.Tensor):
        raise TypeError(f"`total` has type {type(total).__name__}, expected a tensor: a sum of losses")
    if total.ndim:
        raise ValueError(f"`total` has shape {tuple(total.shape)}, expected a scalar: the sum, with reduction='sum'")
    count = _number(count)
    processes = 1
    if dist.is_available() and dist.is_initialized():
        processes = dist.get_world_size(group)
        if processes < 1:
            raise ValueError("this process is not in `group`, whose processes share the batch among themselves")
        count = _sum_over_processes(count, total.device, group)
    if count == 0:
        raise ValueError("the counts of all processes sum to 0, so there is nothing to take the mean of; skip the step")
    return total * (processes / count)


def _number(count):
    import torch

    if isinstance(count, torch.Tensor):
        if count.ndim:
            raise ValueError(f"`count` has shape {tuple(count.shape)}, expected a scalar: the sum over the examples")
        count = count.item()
    _array.check_not_negative("count", count, "a finite number, 0 or more")
    return float(count)


def _sum_over_processes(count, device, group):
    import torch
    import torch.distributed as dist

    # Double precision counts exactly up to 2**53; in single precision, 2**24 tokens are too many.
    whole = torch.tensor(count, dtype=torch.float64, device=device)
    try:
        dist.all_reduce(whole, group=group)
        return whole.item()
    except RuntimeError as error:
        rank, processes = dist.get_rank(group), dist.get_world_size(group)
        raise RuntimeError(
            f"process {rank} of {processes} did not get the counts of all the others: one of them has died, or has not "
            "called mean_over_processes within the group's time limit; the cause is in the output of that process"
        ) from error
