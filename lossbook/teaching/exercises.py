"""Feedback on the readers' own code: not written yet, wrong (where, what, and what was expected), or right."""

import numpy as np


def check(attempt, expected, cases, *, rtol=1e-6):
    """Run an attempt on every case, and print how it did.

    It returns nothing, so that the cell shows the printed line and no value.

    Parameters
    ----------
    attempt : callable
        The reader's function. One that returns None or ``...`` counts as not written yet.
    expected : callable or sequence
        A function that gives the right answers, or the answers themselves, one for each case.
    cases : sequence of tuples
        The arguments of each call.
    rtol : float
        The relative difference that is allowed; absolutely, 1e-8.

    Examples
    --------
    >>> def double(x):
    ...     return x + x
    >>> check(double, [2, 4], [(1,), (2,)])
    double: right, on all 2 cases.
    """
    answers = [expected(*case) for case in cases] if callable(expected) else list(expected)
    if not answers:
        raise ValueError("no case to check the attempt on")
    name = getattr(attempt, "__name__", "your function")
    for number, (case, answer) in enumerate(zip(cases, answers, strict=True), start=1):
        where = f"{name}: case {number} of {len(cases)}"
        called = f"  called with {', '.join(map(_show, case))}"
        try:
            given = attempt(*case)
        except NotImplementedError:
            given = None
        except Exception as error:  # whatever the reader's code raises is feedback, not a failure of the page
            print(f"{where} stopped with {type(error).__name__}: {error}\n{called}")
            return
        if given is None or given is Ellipsis:
            print(f"{name}: not written yet. Replace the ... and run the cell again.")
            return
        problem = _difference(given, answer, rtol)
        if problem:
            print(f"{where} is wrong: {problem}.\n{called}\n  it gave {_show(given)}\n  expected {_show(answer)}")
            return
    print(f"{name}: right, on all {len(cases)} cases.")


def _difference(given, answer, rtol):
    """Say in what the two differ, or return an empty string."""
    try:
        given, answer = _to_array(given), _to_array(answer)
    except (TypeError, ValueError):
        return "it is not a number or an array of numbers"
    if given.shape != answer.shape:
        return f"its shape is {given.shape}, not {answer.shape}"
    if not np.allclose(given, answer, rtol=rtol, atol=1e-8, equal_nan=True):
        return "its value differs"
    return ""


def _to_array(value):
    value = value.detach() if hasattr(value, "detach") else value
    return np.asarray(value, dtype=np.float64)


def _show(value):
    try:
        array = value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)
    except ValueError:  # rows of different lengths
        return repr(value)
    return np.array2string(array, precision=6, threshold=20, separator=", ").replace("\n", " ")
