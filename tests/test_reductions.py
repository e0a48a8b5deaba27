"""The mean over steps and processes: against one big batch, in real processes that talk to each other."""

import contextlib
import datetime
import os
import warnings
from functools import partial

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel

from lossbook import mean_over_processes, total_weight
from lossbook.teaching import processes

IGNORED = -100
CLASSES = 3

# The targets of each of three processes, and the class weights.
BATCHES = {
    "uneven": ([[0, 2, 1, 1, 0], [2, IGNORED], [1]], None),
    "weighted": ([[0, 2, 1, 1, 0], [2, IGNORED], [1]], torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64)),
    "none valid": ([[0, 1, 2], [IGNORED, IGNORED], [2]], None),
    "no example": ([[0, 1], [], [2, 2, 1]], None),
}


# --- total_weight -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 0.0]])
@pytest.mark.parametrize("target", [[0, 2, 1, 1, 0], [2, IGNORED], [IGNORED], []])
def test_total_weight_is_what_the_mean_divides_by(target, weight):
    target = torch.tensor(target, dtype=torch.int64)
    weight = None if weight is None else torch.tensor(weight)
    ones = F.nll_loss(-torch.ones(len(target), CLASSES), target, weight, ignore_index=IGNORED, reduction="sum")
    assert total_weight(target, weight, IGNORED) == ones
    arrays = [None if each is None else each.numpy() for each in (target, weight)]
    assert total_weight(*arrays, ignore_index=IGNORED) == ones.item()


def test_total_weight_of_any_shape_and_any_ignored_index():
    assert total_weight(torch.tensor([[0, 1], [1, 1]]), torch.tensor([0.5, 2.0]), ignore_index=1) == 0.5
    assert total_weight(np.array(4)) == 1


@pytest.mark.parametrize(
    "target, weight, error, says",
    [
        ([0.0, 1.0], None, TypeError, "`target` has dtype float64, expected integers"),
        ([0, 1], [[1.0, 1.0]], ValueError, r"`weight` has shape \(1, 2\)"),
        ([0, 2], [1.0, 1.0], ValueError, "`target` holds 2, expected 0 to 1"),
        ([0, -1], [1.0, 1.0], ValueError, "`target` holds -1, expected 0 to 1"),
    ],
)
def test_what_total_weight_refuses(target, weight, error, says):
    with pytest.raises(error, match=says):
        total_weight(np.array(target), None if weight is None else np.array(weight))


# --- One process ------------------------------------------------------------------------------------------------------


def batch(targets, seed=0):
    """Return the inputs and targets of all processes together."""
    y = torch.tensor([y for part in targets for y in part], dtype=torch.int64)
    x = torch.as_tensor(np.random.default_rng(seed).normal(size=(len(y), 4)))
    return x, y


def model():
    linear = torch.nn.Linear(4, CLASSES, dtype=torch.float64)
    with torch.no_grad():
        for p in linear.parameters():
            p.copy_(torch.arange(p.numel(), dtype=p.dtype).reshape(p.shape).sin())
    return linear


def gradients(module):
    return [p.grad for p in module.parameters()]


def of_one_batch(targets, weight):
    """Return the loss and the gradients of one process that is given everything at once."""
    whole = model()
    x, y = batch(targets)
    loss = F.cross_entropy(whole(x), y, weight, ignore_index=IGNORED)
    loss.backward()
    return loss.detach(), gradients(whole)


def test_accumulation_is_one_big_batch():
    targets, _ = BATCHES["uneven"]
    loss, expected = of_one_batch(targets, None)
    x, y = batch(targets)
    linear, total = model(), 0
    for part in (slice(0, 3), slice(3, 8)):
        value = F.cross_entropy(linear(x[part]), y[part], ignore_index=IGNORED, reduction="sum")
        value = mean_over_processes(value, total_weight(y))
        value.backward()
        total += value.detach()
    torch.testing.assert_close(total, loss, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradients(linear), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_dtype_is_that_of_the_total(dtype):
    mean = mean_over_processes(torch.tensor(3.0, dtype=dtype), 2)
    assert mean.dtype == dtype and mean == 1.5


def test_what_is_not_a_number_stays_so():
    assert mean_over_processes(torch.tensor(torch.nan), 2).isnan()


@pytest.mark.parametrize(
    "total, count, error, says",
    [
        (1.0, 2, TypeError, "`total` has type float, expected a tensor"),
        (torch.ones(2), 2, ValueError, r"`total` has shape \(2,\), expected a scalar"),
        (torch.tensor(1.0), torch.ones(2), ValueError, r"`count` has shape \(2,\), expected a scalar"),
        (torch.tensor(1.0), "2", TypeError, "count is '2', expected a finite number"),
        (torch.tensor(1.0), -1, ValueError, "count is -1, expected a finite number, 0 or more"),
        (torch.tensor(1.0), torch.tensor(torch.nan), ValueError, "count is nan"),
        (torch.tensor(1.0), torch.inf, ValueError, "count is inf"),
        (torch.tensor(0.0), 0, ValueError, "sum to 0.*skip the step"),
    ],
)
def test_what_mean_over_processes_refuses(total, count, error, says):
    with pytest.raises(error, match=says):
        mean_over_processes(total, count)


# --- Several processes ------------------------------------------------------------------------------------------------


def run(work, processes_in_all):
    """Run the work in processes of its own, where a warning is an error; return what each returned."""
    return processes.run(partial(strictly, work), processes_in_all)


def strictly(work, rank):
    warnings.simplefilter("error")
    return work(rank)


def message(call, *args, **options):
    """Return the message of the error that the call raises."""
    with pytest.raises((ValueError, RuntimeError)) as caught:
        call(*args, **options)
    return f"{caught.type.__name__}: {caught.value}"


def take_part(rank):
    """Return what each batch gives this process, and the error where no process has anything to count."""
    results = {name: share_of_a_batch(rank, *case) for name, case in BATCHES.items()}
    results["in steps"] = share_in_steps(rank, *BATCHES["weighted"])
    results["nothing"] = message(mean_over_processes, torch.tensor(0.0), 0)
    results["after a step that was skipped"] = share_after_a_step_that_is_skipped(rank, *BATCHES["uneven"])
    results["large"] = mean_over_processes(torch.tensor(1.0, dtype=torch.float64), 2**24 + 1)
    of_pair = partial(mean_over_processes, torch.tensor(5.0), 1 + rank, group=dist.new_group([0, 2]))
    return results | {"pair": message(of_pair) if rank == 1 else of_pair()}


def part_of(rank, targets):
    """Return which of all examples are those of a process."""
    start = sum(map(len, targets[:rank]))
    return slice(start, start + len(targets[rank]))


def share_of_a_batch(rank, targets, weight):
    """Return this process's loss, and the gradients that every process has after `backward`."""
    x, y = batch(targets)
    mine = part_of(rank, targets)
    linear = DistributedDataParallel(model())
    total = F.cross_entropy(linear(x[mine]), y[mine], weight, ignore_index=IGNORED, reduction="sum")
    loss = mean_over_processes(total, total_weight(y[mine], weight, IGNORED))
    loss.backward()
    return loss.detach(), gradients(linear)


def share_in_steps(rank, targets, weight):
    """The same, with a step of accumulation for each example: the gradients are averaged at the last one."""
    mine = part_of(rank, targets)
    x, y = (each[mine] for each in batch(targets))
    linear, loss = DistributedDataParallel(model()), 0
    steps = max(map(len, targets))  # in every process: those with fewer examples take steps without one
    for step in range(steps):
        with contextlib.nullcontext() if step == steps - 1 else linear.no_sync():
            one = slice(step, step + 1)
            total = F.cross_entropy(linear(x[one]), y[one], weight, ignore_index=IGNORED, reduction="sum")
            value = mean_over_processes(total, total_weight(y, weight, IGNORED))
            value.backward()
            loss += value.detach()
    return loss, gradients(linear)


def share_after_a_step_that_is_skipped(rank, targets, weight):
    """Return the same for one model that goes on after a step in which no process has anything to count."""
    x, y = batch(targets)
    mine = part_of(rank, targets)
    linear = DistributedDataParallel(model())
    for target in (torch.full_like(y, IGNORED), y):
        total = F.cross_entropy(linear(x[mine]), target[mine], weight, ignore_index=IGNORED, reduction="sum")
        try:
            loss = mean_over_processes(total, total_weight(target[mine], weight, IGNORED))
        except ValueError:
            continue
        loss.backward()
    return loss.detach(), gradients(linear)


@pytest.fixture(scope="module")
def three_processes():
    return run(take_part, 3)


@pytest.mark.parametrize(
    "name, case",
    [*zip(BATCHES, BATCHES, strict=True), ("in steps", "weighted"), ("after a step that was skipped", "uneven")],
)
def test_processes_get_the_gradient_of_one_big_batch(name, case, three_processes):
    loss, expected = of_one_batch(*BATCHES[case])
    values, found = zip(*(result[name] for result in three_processes), strict=True)
    torch.testing.assert_close(sum(values) / 3, loss, rtol=1e-12, atol=0)
    for each in found:
        torch.testing.assert_close(each, expected, rtol=1e-12, atol=1e-15)


def test_nothing_to_count_in_any_process_is_an_error_in_all(three_processes):
    for result in three_processes:
        assert result["nothing"].startswith("ValueError: the counts of all processes sum to 0")


def test_counts_too_large_for_single_precision_are_exact(three_processes):
    assert all(result["large"] == 3 * (1 / (3 * (2**24 + 1))) for result in three_processes)


def test_a_group_shares_a_batch_among_itself(three_processes):
    first, outsider, last = (result["pair"] for result in three_processes)
    assert first == last == 2 * 5.0 / (1 + 3)
    assert outsider.startswith("ValueError: this process is not in `group`")


def wait_for_the_others(rank):
    """Return the errors of process 0: process 2 dies before its `backward`, process 1 is late, and then dies."""
    pair = dist.new_group([0, 2])
    group = dist.new_group([0, 1], timeout=datetime.timedelta(seconds=1))
    if rank == 1:
        dist.recv(torch.zeros(1), src=0)  # process 0 has waited for the late one
        os._exit(1)
    x, y = batch([[0, 1]])
    linear = DistributedDataParallel(model(), process_group=pair)
    loss = mean_over_processes(F.cross_entropy(linear(x), y, reduction="sum"), 2, group=pair)
    if rank == 2:
        os._exit(1)
    errors = {"no backward": message(loss.backward)}
    errors["late"] = message(mean_over_processes, torch.tensor(1.0), 2, group=group)
    dist.send(torch.zeros(1), dst=1)
    return errors | {"dead": message(mean_over_processes, torch.tensor(1.0), 2)}


@pytest.fixture(scope="module")
def left_alone():
    errors, *dead = run(wait_for_the_others, 3)
    assert dead == [None, None]
    return errors


@pytest.mark.parametrize("which", ["late", "dead"])
def test_a_process_that_is_late_or_dies_is_an_error_in_the_others(which, left_alone):
    assert left_alone[which].startswith("RuntimeError: process 0 of ")
    assert " did not get the counts of all the others: one of them has died, or has not called" in left_alone[which]


def test_a_process_that_dies_before_backward_is_an_error_in_the_others(left_alone):
    assert left_alone["no backward"].startswith("RuntimeError: ")
