r"""Numbers in prose, and what backs them. `test_chapters.py` tells the rule; here it is carried out.

>>> def found(markdown):
...     return [claim.text for claim in claims(sentence(parse(markdown)[1]))]
>>> found("Of 1,797 images 95 % fit 28×28 pixels; $10^{-3}$ of them, $12$ or `0.5`, 4 times, 3-fold or 2× over.")
['1,797', '95 %', '28', '28', '1e-3', '12', '0.5', '4 times', '3-fold', '2×']
>>> found("After Huber (1964), Figure 12 of PyTorch 2.13 draws `dim=10`, float32, top-10, 16-bit and L1 for 3 classes.")
[]
>>> found(r"$\sum_{i=1}^{20} x_{10}^{0.5} e^{-12} - 10^k 2^{-149} - 5$ says 'no', \"99\" and 3")
[]
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from book import Section, alt_text, is_assertion, parse, printed, tree  # noqa: F401 (parse is for the examples above)

NUMBER = re.compile(
    r"""
    (?<![\w.]) (?<![^\W\d_][-‑])                              # not glued to a name: float32, 2.13.0, top-10
    (?P<sign>(?<![\w)\]}.])[-−])?                             # a minus sign, not a hyphen and not a difference
    (?P<digits>\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+(?:\.\d+)? | \d+(?:\.\d*)? | \.\d+)
    (?!\.?\d)                                                 # not a version: 2.13.0
    (?:[eE](?P<exponent>[+-]?\d+))?
    (?P<percent>\s*(?:%|per\ ?cent))?
    (?P<factor>×(?!\s*[\w(])|×(?=\ [a-z]{2})|\ times\b|-fold\b)?
    """,
    re.VERBOSE,
)

# Digits that name something and claim nothing.
NAMES = re.compile(
    r"""
      "[^"]*" | “[^”]*”                                       # another's words
    | \b(?:arXiv|doi|DOI|ISBN|https?):\s?\S+                  # identifiers
    | \bA[12]-S\d+                                            # ids of the ledger
    | \b(?:[Aa]rticle|[Cc]hapter|[Ee]quations?|[Ee]xercise|[Ff]igure|[Ss]ection|[Ss]tep|[Tt]able)\s\(?\d+\)?  # labels
    | (?<=\s)\(\d{1,2}\)                                      # equations
    | \b(?:IEEE|NumPy|Python|PyTorch)\s\d[\d.]*\b             # versions
    | \b[A-Z]\w+(?:\s(?:and|&)\s[A-Z]\w+|\sand\sothers|\set\sal\.)?(?:,\s|\s\()(?:1[5-9]|20)\d\d\b   # Huber (1964)
    | \b\d+(?:st|nd|rd|th|-bit)\b                             # ordinals and widths
    """,
    re.VERBOSE,
)

SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
POWER_OF_TEN = re.compile(
    r"(?<![\d.])(?:(?P<mantissa>\d+(?:\.\d+)?)\s*×\s*)?10"
    r"(?:\s*\^\s*(?:\{\s*(?P<braced>[-+]?\d+)\s*\}|(?P<digit>\d))|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
)
BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
RELATIONS = r"\\(?:approx|leq?|geq?|ll|gg|lt|gt|neq?|to|in|sim|pm|mapsto|implies|iff|Rightarrow|q?quad)(?![a-zA-Z])"


@dataclass(frozen=True)
class Claim:
    """A number in prose that somebody could get wrong."""

    text: str  # as written
    context: str
    value: float  # without its sign
    step: float  # what one unit in its last digit is worth
    negative: bool
    percent: bool

    def is_backed_by(self, numbers: list[float]) -> bool:
        """Tell whether one of the numbers comes to this one when it is rounded to as many digits."""
        scales = (1, 0.01) if self.percent else (1,)
        return any(
            abs(abs(number) - scale * self.value) <= scale * self.step * (0.5 + 1e-9)
            for number in numbers
            for scale in scales
            if number <= 0 or not self.negative
        )


def claims(text: str) -> list[Claim]:
    """Return the claims in a text that `sentence` or `formula` has made."""
    text = NAMES.sub("…", text)
    found = []
    for match in NUMBER.finditer(text):
        digits = re.sub(r"[^\d.]", "", match["digits"])
        decimals = len(digits.partition(".")[2])
        exponent = int(match["exponent"] or 0)
        value = float(digits) * 10.0**exponent
        if decimals or value >= 10 or match["exponent"] or match["percent"] or match["factor"]:
            found.append(
                Claim(
                    text=match[0].strip().rstrip("."),
                    context=text[max(0, match.start() - 40) : match.end() + 40].strip(),
                    value=value,
                    step=10.0 ** (exponent - decimals),
                    negative=bool(match["sign"]),
                    percent=bool(match["percent"]),
                )
            )
    return found


# --- From Markdown to plain text --------------------------------------------------------------------------------------


def with_exponents(text: str) -> str:
    """Write powers of ten the way programs do.

    >>> with_exponents("1.2×10⁻⁵ and 10^{38}")
    '1.2e-5 and 1e38'
    """

    def written(match: re.Match) -> str:
        exponent = match["braced"] or match["digit"] or match["raised"].translate(SUPERSCRIPTS)
        return f"{match['mantissa'] or 1}e{exponent}"

    return POWER_OF_TEN.sub(written, text)


def formula(latex: str) -> str:
    r"""Return a formula as plain text, without its exponents, indices and tag.

    >>> formula(r"x_{10} \approx -1.5 \times 10^{-3}\tag{12}"), formula(r"95\,\%"), formula(r"1 -0.5")
    ('x =-1.5e-3 ', '95 %', '1 - 0.5')
    >>> formula(r"\pm\frac12 + 10^k")
    '=x {1}{2} + '
    """
    text = re.sub(r"\\tag\{[^}]*\}|\\\\\[[^\]]*\]", " ", latex)
    text = re.sub(r"(frac)(\d)(\d)", r"\1{\2}{\3}", text)
    text = re.sub(r"(?<=\d)(?:\\[,; ]|\{,\})(?=\d{3})", ",", text)
    text = re.sub(r"\\[,;:! ]", " ", text).replace(r"\%", "%")
    text = with_exponents(re.sub(r"\\(?:times|cdot)(?![a-zA-Z])", "×", text))
    text = re.sub(rf"(?<![\d.])10(?=\s*\^)|[\^_]\s*(?:{BRACES}|\\[a-zA-Z]+|[^\s{{])", "", text)
    text = re.sub(r"\\[a-zA-Z]+", "x ", re.sub(RELATIONS, "=", text))
    text = re.sub(r"(?<=[\w)\]}|])(?<!\d[eE])\s*-\s*", " - ", text)  # a difference, ...
    return re.sub(r"([=<>(,\[{&]|^)\s*-\s*", r"\1-", text)  # ... and a sign


def sentence(inline: Token) -> str:
    """Return a paragraph as plain text; code counts only where it is nothing but a number."""
    kinds = {
        "text": lambda content: content,
        "softbreak": lambda _: " ",
        "hardbreak": lambda _: " ",
        "math_inline": formula,
        "code_inline": lambda content: content if NUMBER.fullmatch(content) else "…",
    }
    return with_exponents("".join(kinds[child.type](child.content) for child in inline.children if child.type in kinds))


def prose(section: Section) -> Iterator[str]:
    """Yield the texts of a section that can claim something: paragraphs, tables' cells, formulas, alternative texts."""
    previous = None
    for item in section.items:
        if not isinstance(item, Token):
            yield with_exponents(alt_text(item))
        elif item.type == "inline" and previous.type != "heading_open":
            yield sentence(item)
        elif item.type.startswith("math_block"):
            yield formula(item.content)
        previous = item


# --- What backs a claim -----------------------------------------------------------------------------------------------


def numbers_in(text: str) -> Iterator[float]:
    """Yield the numbers of an output; 95 % is 95 and 0.95."""
    for match in NUMBER.finditer(text):
        digits = re.sub(r"[^\d.]", "", match["digits"])
        value = float(f"{'-' if match['sign'] else ''}{digits}e{match['exponent'] or 0}")
        yield value
        if match["percent"]:
            yield value / 100


def literals(node: ast.AST) -> Iterator[float]:
    """Yield the numbers written in a piece of code.

    >>> list(literals(ast.parse("assert isclose(f(-0.5), 2, atol=1e-3) is True")))
    [-0.5, 2, 0.001]
    """
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            yield -value
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            yield value
        case _:
            for child in ast.iter_child_nodes(node):
                yield from literals(child)


def evidence(section: Section) -> list[float]:
    """Return the numbers in the outputs of a section and in the literals of what it asserts."""
    numbers = []
    for cell in section.cells:
        numbers += numbers_in(printed(cell))
        for node in filter(is_assertion, ast.walk(tree(cell))):
            numbers += literals(node.test if isinstance(node, ast.Assert) else node)
    return numbers
