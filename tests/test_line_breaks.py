"""Where a line may break: between the parts of a name and before parameters, and not before a percent sign."""

import pytest

from _ext.line_breaks import with_breaks


@pytest.mark.parametrize(
    "parts",
    [
        ["complete_", "box_", "iou_", "loss"],
        ["torch", ".nn", ".functional", ".kl_", "div"],
        ["nn", ".Multi", "Label", "Soft", "Margin", "Loss"],
        ["_a_", "private_", "and_", "long_", "name"],
        ["binary_cross_entropy"],
        ["1.2345678901234567890"],
    ],
)
def test_name_may_break_between_its_parts(parts):
    for name in ('<code><span class="pre">{}</span></code>', '<h2>{}<a href="#">#</a></h2>'):
        assert with_breaks(name.format("".join(parts))) == name.format("<wbr>".join(parts))


def test_parameters_may_stand_in_the_next_line():
    signature = 'f<span class="sig-paren">(</span>{}<em>x</em>'
    assert with_breaks(signature.format("")) == signature.format("<wbr>")


@pytest.mark.parametrize(
    "page",
    [
        "binary_cross_entropy_with_logits",  # not a name in code
        '<span class="pre">kl_div(p,</span> <span class="pre">q)</span>',  # a call, in several spans
        '<pre><span class="n">kl_div</span> 5 % of 7 %\n8 % of 9</pre>',
        "a % of b",
    ],
)
def test_the_rest_stays(page):
    assert with_breaks(page) == page


def test_percent_sign_stays_with_its_number():
    page = "<p>80{}% of 7.5{}%</p><pre>1 %</pre>2{}%"
    assert with_breaks(page.format(*"   ")) == page.format(*["&#160;"] * 3)
