"""Where the time went."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scenarios.figures import canvas
from scenarios.figures.style import STYLE

SHARES = {
    "computing_share": ("computing", "#0072B2", ""),
    "waiting_share": ("waiting", "#E69F00", "///"),
    "down_share": ("down", "#000000", "xxx"),
}
"""Columns of the runs with their words, colours and hatches."""


def shares(runs: pd.DataFrame, title: str = "") -> Figure:
    """A bar for each algorithm: mean share of the agents' time spent computing, waiting and down, over seeds."""
    means = runs.groupby("label", sort=False)[list(SHARES)].mean().astype(float).fillna(0.0)
    with mpl.rc_context(STYLE):
        figure, (axes,) = canvas.new(7.0, 1.4 + 0.4 * len(means), title)
        left = np.zeros(len(means))
        for column, (words, colour, hatch) in SHARES.items():
            widths = 100 * means[column].to_numpy()
            axes.barh(range(len(means)), widths, left=left, color=colour, hatch=hatch, edgecolor="white", label=words)
            left += widths
        canvas.rows(axes, list(means.index))
        axes.grid(axis="y", visible=False)
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of the agents' time [%]")
        figure.legend(loc="outside lower center", ncols=3)
    return figure
