"""`guard`: check what a loss of `torch.nn` is given, say what is wrong with it, and step aside.

The wrapper and the report are here. What is expected of each loss stands in `lossbook/_guard`, one function a rule.
"""

import functools
import inspect
import warnings
from numbers import Integral

import torch

from lossbook import _array
from lossbook._guard import LOSSES, RULES, Call


class ContractError(ValueError):
    """A loss was given something that can only be wrong; with ``strict=True``, also what looks wrong."""


class ContractWarning(UserWarning):
    """A loss was given something that looks wrong, or, said as such, something harmless but needless."""


# --- The wrapper ------------------------------------------------------------------------------------------------------


def guard(criterion, batches=1, *, strict=False):
    r"""Check what a loss of `torch.nn` is given on its first calls, then step aside.

    What can only be wrong raises `ContractError` before the loss is computed; what looks wrong warns
    `ContractWarning` once. Each message says what was seen, why it hurts, with a number computed for that call, how to
    mend it, and which chapter of the book explains it. Everything found in one call is reported together.

    Parameters
    ----------
    criterion : torch.nn.Module
        A loss of `torch.nn`, such as ``nn.CrossEntropyLoss()``. It is left as it is.
    batches : int
        How many calls to check, 1 or more. A call that raises does not count.
    strict : bool
        Raise `ContractError` for what looks wrong, too.

    Returns
    -------
    torch.nn.Module
        The same loss: of the same class, with the same options, and sharing parameters, buffers and hooks with
        `criterion`. After the last checked call it is a plain loss of `torch.nn` again, so it costs nothing.

    Raises
    ------
    TypeError
        If `criterion` is not a loss of `torch.nn`, `batches` is not an integer, or `strict` is not True or False.
    ValueError
        If `batches` is less than 1.

    Notes
    -----
    The checks change nothing, record no gradients and compute the loss a few times more. A call is neither checked nor
    counted while ``torch.compile`` or ``torch.jit.trace`` traces, under ``torch.func``, while a CUDA graph is captured,
    and for meta, sparse or nested tensors: call the guarded loss once in eager mode. ``torch.jit.script`` takes it only
    after its checks.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from lossbook import guard
    >>> criterion = guard(nn.MSELoss())
    >>> try:
    ...     criterion(torch.zeros(32), torch.zeros(32, 1))
    ... except ValueError as error:
    ...     print(*str(error).splitlines()[:3], sep="\n")
    MSELoss breaks its contract.
    error [shape/broadcast]
      seen: the shapes differ: `input` (32,) and `target` (32, 1)
    >>> float(criterion(torch.zeros(32), torch.ones(32)))
    1.0
    """
    if isinstance(criterion, _Guarded):
        criterion = _with_class(criterion, criterion.unguarded)
    contract = next((base for base in type(criterion).__mro__ if base in LOSSES), None)
    # A loss that computes something of its own has a contract of its own.
    if contract is None or getattr(criterion.forward, "__func__", None) is not contract.forward:
        given, hint = type(criterion).__name__, "guard the loss of torch.nn that it calls"
        if inspect.isroutine(criterion):
            given = f"the function {criterion.__name__}"
            hint = "use the class that stands for it, such as nn.MSELoss() for mse_loss"
        elif inspect.isclass(criterion):
            given = f"the class {criterion.__name__}"
            hint = f"make a loss of it: {criterion.__name__}(...)" if LOSSES & set(criterion.__mro__) else hint
        raise TypeError(f"`criterion` is {given}, expected a loss of torch.nn such as nn.CrossEntropyLoss(); {hint}")
    _array.check_flag("strict", strict)
    if isinstance(batches, bool) or not isinstance(batches, Integral):
        raise TypeError(f"batches is {batches!r}, expected an integer: the number of calls to check")
    if batches < 1:
        raise ValueError(f"batches is {batches}, expected 1 or more: the number of calls to check")
    guarded = _with_class(criterion, _guarded_class(type(criterion)))
    guarded.batches_to_check, guarded.strict = int(batches), bool(strict)
    return guarded


class _Guarded:
    """What stands before the class of a loss as long as there are calls to check."""

    def forward(self, *args, **kwargs):
        forward = super().forward
        if not torch.compiler.is_compiling() and _check(self, args, kwargs):
            self.batches_to_check -= 1
            if self.batches_to_check == 0:
                del self.batches_to_check, self.strict
                self.__class__ = self.unguarded
        return forward(*args, **kwargs)

    def __reduce_ex__(self, protocol):
        # The class is made on demand, so a pickle names the one it is made from.
        return _new_guarded, (self.unguarded,), self.__dict__


@functools.cache
def _guarded_class(unguarded):
    return type(f"Guarded{unguarded.__name__}", (_Guarded, unguarded), {"unguarded": unguarded})


def _new_guarded(unguarded):
    return object.__new__(_guarded_class(unguarded))


def _with_class(criterion, cls):
    """Return a copy of another class, which shares parameters, buffers and hooks."""
    other = object.__new__(cls)
    other.__dict__.update(criterion.__dict__)
    return other


def _check(criterion, args, kwargs):
    """Check one call and report what was found; return False if it cannot be checked."""
    plain = _with_class(criterion, criterion.unguarded)
    try:
        arguments = inspect.signature(plain.forward).bind(*args, **kwargs).arguments
    except TypeError:
        return False  # PyTorch says which argument is missing
    values = arguments.values()
    if not all(_can_be_checked(value) for value in values if isinstance(value, torch.Tensor)):
        return False
    call, findings = Call(plain, arguments), []
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what PyTorch warns about, it says again in the call itself
        for rule in RULES:
            if isinstance(plain, rule.losses):
                findings += _findings(rule, call, values)
                call.broken = "error" in _severities(findings)
            if rule.stops and call.broken:
                break
    if findings:
        _report(type(plain).__name__, findings, criterion.strict)
    return True


def _findings(rule, call, values):
    """Return what a rule finds; nothing where it cannot be tested, as for rare dtypes, which PyTorch mostly refuses."""
    try:
        return [(rule, finding) for finding in rule.function(call, *values)]
    except Exception:
        return []


def _severities(findings):
    return {finding.severity for _, finding in findings}


def _report(loss, findings, strict):
    """Raise or warn, with everything that was found in one message."""
    severities = _severities(findings)
    wrong = "error" in severities or (strict and "warning" in severities)
    looks = "looks wrong" if "warning" in severities else "is harmless but needless"
    lines = [f"{loss} breaks its contract." if wrong else f"{loss} is given something that {looks}."]
    for rule, finding in findings:
        lines += [f"{finding.severity} [{rule.name}]", f"  seen: {finding.seen}", f"  harm: {finding.harm}"]
        lines += [f"  fix:  {finding.fix}", f"  read: the chapter {rule.chapter}"]
    if wrong:
        raise ContractError("\n".join(lines))
    # Out of here, `_check`, `forward` and the two steps of `Module.__call__`: to the line that calls the loss.
    warnings.warn("\n".join(lines), ContractWarning, stacklevel=6)


def _can_be_checked(tensor):
    capturing = tensor.is_cuda and torch.cuda.is_current_stream_capturing()
    plain = tensor.layout == torch.strided and not tensor.is_nested
    return plain and not capturing and not torch.jit.is_tracing() and _array.values_can_be_checked(tensor)
