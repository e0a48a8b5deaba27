"""A small chapter that is right in every respect, for the tests to make wrong in one respect at a time."""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book import Chapter

COLLAPSED = {"jupyter": {"source_hidden": True}, "cellView": "form"}
ALT = "Two curves over the error from -3 to 3: the loss is a parabola with its lowest point at zero, its slope a line."

CARD = """\
# Sample loss

Use it when the mean of the target is what you want. Avoid it when single targets may be far off.

**Read first:** [Likelihood](../foundations/likelihood.ipynb)

| Property | Sample loss |
|---|---|
| **Predicts** | the conditional mean |
| **Input** | real numbers |
| **Target** | real numbers |
| **Range** | $[0, \\infty)$; $\\lvert e \\rvert$ is 0.25 at an error of `0.5` |
| **Minimised by** | the mean |
| **Gradient** | $2e$ |
| **Origin** | likelihood |
| **PyTorch** | `torch.nn.functional.mse_loss` |
| **lossbook** | [`lossbook.mse_loss`](../../reference/regression.md#mse_loss) |
"""

QUESTION = """\
## The question

Which error should cost what? [Later](#where-it-breaks) an error of 0.5 costs 0.25.
"""

DERIVATION = """\
## Derivation

As a formula:

$$
\\begin{align} L &= e^2 \\\\ &= \\lvert e \\rvert^2 \\tag{1} \\end{align}
$$

Equation (1) is all there is.

<details>
<summary>A hint</summary>

Square the error $e$.

</details>
"""

CORRECTION = """\
## What the sources say

> **Correction A1-S01.** *Sample article* says: "The loss is 99." It is 0.25.

### The loss, computed
"""

EXERCISES = """\
## Exercises

### Exercise 1: Doubling

Write `double`.
"""

FURTHER_READING = """\
## Further reading

- Huber, P. J. (1964). [Robust estimation of a location parameter](https://doi.org/10.1214/aoms/1177703732).
"""

STUB = """\
def double(x):
    ...


exercises.check(double, [2], [(1,)])"""

SOLUTION = """\
#@title Solution
def double(x):
    return x + x


exercises.check(double, [2], [(1,)])"""


def text(content: str) -> NotebookNode:
    """Make a stream output."""
    return new_output("stream", name="stdout", text=content)


def figure() -> NotebookNode:
    """Make the output of a figure."""
    return new_output("display_data", {"image/svg+xml": "<svg/>", "text/plain": "<Figure size 640x480 with 1 Axes>"})


def feedback(words: str, right: bool) -> list[NotebookNode]:
    """Make the outputs of `exercises.check`."""
    return [text(f"double: {words}\n"), new_output("execute_result", {"text/plain": str(right)})]


def sample(setup: str) -> Chapter:
    """Return the good chapter, whose first code cell is `setup`."""
    breaks = new_output("error", ename="ValueError", evalue="shapes (3,) and (3, 1)", traceback=[])
    cells = [
        new_markdown_cell(CARD),
        new_code_cell(setup, metadata={"tags": ["hide-input"], **COLLAPSED}),
        new_code_cell("from lossbook.teaching import exercises, plotting\n\nplotting.use_style()"),
        new_markdown_cell(QUESTION),
        new_code_cell("loss = 0.5**2\nassert loss == 0.25\nprint(0.5)", outputs=[text("0.5\n")]),
        new_markdown_cell(DERIVATION),
        new_markdown_cell("## The gradient\n\nHere and there."),
        new_markdown_cell("## In code\n\nHere and there."),
        new_markdown_cell("## What it looks like\n\nA parabola."),
        new_code_cell(
            "fig, ax = plt.subplots()\nax.plot(e, e**2)\nassert (e**2).min() == 0\nplt.show()",
            metadata={"mystnb": {"image": {"alt": ALT}}},
            outputs=[figure()],
        ),
        new_markdown_cell("## What it does to a model\n\nIt is 95 % right, with a slope of $-1.37$."),
        new_code_cell('print(f"{right:.4f}, {slope:.4f}")', outputs=[text("0.9512, -1.3719\n")]),
        new_markdown_cell("## Where it breaks\n\nShapes must agree."),
        new_code_cell("mse_loss(x, x[:, None])", metadata={"tags": ["raises-exception"]}, outputs=[breaks]),
        new_markdown_cell(CORRECTION),
        new_code_cell("np.testing.assert_allclose(mse_loss(x, x + 0.5), 0.25)"),
        new_markdown_cell(EXERCISES),
        new_code_cell(STUB, outputs=feedback("not written yet.", False)),
        new_code_cell(
            SOLUTION, metadata={"tags": ["hide-cell"], **COLLAPSED}, outputs=feedback("right, on all 1 cases.", True)
        ),
        new_markdown_cell("### Exercise 2: Doubling again\n\nWrite it once more."),
        new_code_cell(STUB, outputs=feedback("not written yet.", False)),
        new_code_cell(
            SOLUTION, metadata={"tags": ["hide-cell"], **COLLAPSED}, outputs=feedback("right, on all 1 cases.", True)
        ),
        new_markdown_cell("## Summary\n\nIt is the mean."),
        new_markdown_cell(FURTHER_READING),
    ]
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    return Chapter("regression/sample", new_notebook(cells=cells))
