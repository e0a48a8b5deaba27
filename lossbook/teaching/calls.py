"""What PyTorch makes of a call of a loss, right or wrong, as a table; and what `guard` says about it."""

import math
import re
import textwrap
import warnings
from typing import NamedTuple

from IPython.display import Markdown

from lossbook import ContractError, ContractWarning, guard

# What can come of a call, the least noticeable first.
KINDS = ("right", "silent", "NaN", "warning", "error")


class Outcome(NamedTuple):
    """What came of a call: its value, NaN after an error, and the message of an error or a warning."""

    value: float
    error: str = ""
    warning: str = ""

    def kind(self, meant):
        """Return which of `KINDS` this is where the value `meant` would be right."""
        if self.error:
            return "error"
        if not math.isfinite(self.value):
            return "NaN"
        same = math.isclose(self.value, meant, rel_tol=1e-5, abs_tol=1e-7)
        return "warning" if self.warning else "right" if same else "silent"


def outcome(call):
    """Run a call of a loss, and its backward pass if the result has one; return what came of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
            result = getattr(result, "loss", result)  # AdaptiveLogSoftmaxWithLoss returns two tensors
            if result.requires_grad:
                result.backward()
        except Exception as error:  # whatever PyTorch raises is what there is to show
            return Outcome(math.nan, error=_first_words(error))
    return Outcome(result.item(), warning=_first_words(caught[0].message) if caught else "")


class Contracts:
    """Tables of what losses take, each run; and which losses had theirs.

    Attributes
    ----------
    losses : set of type
        The classes that `table` was called for.
    """

    def __init__(self):
        self.losses = set()

    def table(self, *criteria, input, target, result, **calls):
        """Run calls of a loss, assert what kind of outcome each has, and return the contract and the outcomes.

        Parameters
        ----------
        *criteria : torch.nn.Module
            Losses that share a contract. All must behave alike; the numbers shown are those of the first.
        input, target, result : str
            The contract, in Markdown.
        **calls : dict of str to callable
            By kind: ``right``, ``silent``, ``NaN``, ``warning``, ``error``. Each call has a description, and is a
            function of the loss, or a pair of such functions: what is given, and what was meant. Without the second,
            what was meant is the first of the right calls; for a right call, itself.

        Returns
        -------
        IPython.display.Markdown
            A table of two columns.

        Raises
        ------
        AssertionError
            If the outcome of a call is of another kind, or what was meant is an error.
        """
        self.losses |= {type(criterion) for criterion in criteria}
        names = ", ".join(f"`{type(criterion).__name__}`" for criterion in criteria)
        lines = [f"| Contract | {names} |", "|:---|:---|"]
        contract = {"input": input, "target": target, "result": result}
        lines += [f"| **{name}** | {text} |" for name, text in contract.items()]
        lines.append("| **You give** | **You get** |")
        pairs = {kind: {words: _pair(call) for words, call in calls.get(kind, {}).items()} for kind in KINDS}
        first, _ = next(iter(pairs["right"].values()))
        for kind, described in pairs.items():
            for words, (given, meant) in described.items():
                meant = meant or (given if kind == "right" else first)
                texts = [_checked(criterion, kind, given, meant) for criterion in criteria]
                lines.append(f"| {words} | {texts[0]} |")
        return Markdown("\n".join(lines))


def _pair(call):
    """Return what is given, and what was meant, if that is said."""
    return call if isinstance(call, tuple) else (call, None)


def _checked(criterion, kind, given, meant):
    """Run one call, assert its kind, and return it in words."""
    right, error, _ = outcome(lambda: meant(criterion))
    if error:
        raise AssertionError(f"{type(criterion).__name__}: what was meant is an error: {error}")
    found = outcome(lambda: given(criterion))
    if found.kind(right) != kind:
        raise AssertionError(f"{type(criterion).__name__}: {found.kind(right)} instead of {kind}: {found}")
    same = found._replace(warning="").kind(right) == "right"
    number = f"{found.value:.4g}" + ("" if same else f" instead of {right:.4g}")
    return {
        "right": number,
        "silent": f"**silent:** {number}",
        "NaN": "**NaN**" if math.isnan(found.value) else "**infinite**",
        "warning": f"warning: “{_plain(found.warning)}”, then {number}",
        "error": f"error: “{_plain(found.error)}”",
    }[kind]


def pytorch_says(call, width=42):
    """Print the error or the warning of a call, in lines that fit a phone, and return it; fail if there is none."""
    found = outcome(call)
    message = found.error or found.warning
    if not message:
        raise AssertionError(f"neither an error nor a warning: {found.value}")
    print(textwrap.fill(message, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False))
    return message


def guard_says(criterion, *arguments, width=42):
    """Print what `lossbook.guard` says about a call, in lines that fit a phone, and return the message as it is.

    Parameters
    ----------
    criterion : torch.nn.Module
        A loss of `torch.nn`.
    *arguments : tensor
        What it is given.
    width : int
        The longest line.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            guard(criterion)(*arguments)
            said = [str(w.message) for w in caught if issubclass(w.category, ContractWarning)]
        except ContractError as error:
            said = [str(error)]
    message = said[0] if said else "The guard says nothing."
    for line in message.splitlines():
        print(textwrap.fill(line, width, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False))
    return message


def _first_words(message, most=170):
    """Return the first line of a message without addresses, cut between two words."""
    line = re.sub(r"https?://\S+", "…", str(message).partition("\n")[0])
    return textwrap.shorten(line, most, placeholder=" …")


def _plain(text):
    """Return a text that Markdown shows as it is, within a table; a name in backticks or double quotes is code."""
    parts = re.sub(r'"(\w+)"', r"`\1`", text).split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["".join(parts[-2:])]  # the message was cut within a piece of code
    parts[::2] = [re.sub(r"([\\*_|<[])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
