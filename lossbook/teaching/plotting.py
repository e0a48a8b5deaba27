"""One style for every figure: legible on light and dark pages, without colour vision, and the same on every run."""

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap
from matplotlib_inline.backend_inline import set_matplotlib_formats

# From the palette of Okabe and Ito, those colours whose contrast is at least 3:1 on white and on near-black.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#B8649A"
GREY = "#767676"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE)
LINE_STYLES = ("-", "--", "-.", ":")

# For pictures: ink on the page, light or dark, instead of a white card.
INK = LinearSegmentedColormap.from_list("ink", [BLUE + "00", BLUE])

STYLE = {
    "figure.figsize": (5.6, 3.4),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=LINE_STYLES),
    "lines.linewidth": 2.2,
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    # Mid-grey text reads on both backgrounds.
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor", "xtick.color", "ytick.color"), GREY
    ),
    # Element ids in an SVG are random unless they are salted.
    "svg.hashsalt": "lossbook",
}


def use_style():
    """Draw the figures of this notebook as reproducible SVG, in the book's style."""
    mpl.rcParams.update(STYLE)
    set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches="tight")


def loss_and_gradient(x, losses, gradients, *, xlabel, title):
    """Draw losses above their gradients on one shared axis.

    Parameters
    ----------
    x : array of shape (n,)
        The horizontal axis.
    losses, gradients : dict of str to array of shape (n,)
        The curves by name; the same names in both.
    xlabel, title : str
        What `x` is, and the lesson of the figure.

    Returns
    -------
    list of matplotlib.axes.Axes
        The upper and the lower axes, to annotate.
    """
    import matplotlib.pyplot as plt

    if losses.keys() != gradients.keys():
        raise ValueError(f"losses are {list(losses)}, gradients are {list(gradients)}: expected the same names")
    _, axes = plt.subplots(2, 1, sharex=True, figsize=(5.6, 5.2), layout="constrained")
    for ax, curves, ylabel in zip(axes, (losses, gradients), ("loss", "gradient"), strict=True):
        for name, curve in curves.items():
            ax.plot(x, curve, label=name)
        ax.set_ylabel(ylabel)
    axes[0].set_title(title)
    axes[1].set_xlabel(xlabel)
    if len(losses) > 1:
        axes[0].legend()
    return list(axes)
