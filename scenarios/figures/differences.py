"""How far apart two algorithms are, seed by seed: a forest plot."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from scenarios import tables
from scenarios.figures import canvas, legend
from scenarios.figures.metric import Metric
from scenarios.figures.quantities import LARGE, words
from scenarios.figures.style import STYLE, Style, styles

MOST_ROWS, MOST_QUANTITIES = 40, 4
"""Rows and panels of a figure."""


def differences(
    comparisons: pd.DataFrame, metric: Metric, title: str = "", look: Mapping[str, Style] | None = None
) -> Figure:
    """A row for each pair of algorithms, a panel for each quantity: the mean of (label - other) and its interval.

    ``comparisons`` has the columns label, other, quantity, pairs, mean, low, high and confidence. Its first pairs are
    rows, sorted by the mean of the first quantity. A mark is filled where the interval leaves out zero, that is, where
    the seeds tell the two apart; at the right stand the numbers, and how many seeds both have.
    """
    look = look or styles(list(dict.fromkeys(comparisons["label"])))
    quantities = list(dict.fromkeys(comparisons["quantity"]))
    pairs = list(dict.fromkeys(zip(comparisons["label"], comparisons["other"], strict=True)))
    note = _left_out("pairs", len(pairs) - MOST_ROWS) + _left_out("quantities", len(quantities) - MOST_QUANTITIES)
    pairs, quantities = _sorted(comparisons, pairs[:MOST_ROWS], quantities[0]), quantities[:MOST_QUANTITIES]
    with mpl.rc_context(STYLE):
        names = [f"{label} − {other}" for label, other in pairs]
        width, height = 2.6 + 3.9 * len(quantities), 1.5 + canvas.row_height(names) * len(names)
        figure, panels = canvas.new(width, height, title, len(quantities), sharey=True, note=note)
        for axes, quantity in zip(panels, quantities, strict=True):
            own = comparisons[comparisons["quantity"] == quantity]
            found = {(row["label"], row["other"]): row for row in own.to_dict("records")}
            for place, pair in enumerate(pairs):
                if pair in found:
                    _row(axes, place, found[pair], look[pair[0]])
            axes.axvline(0.0, color="black", linewidth=1.0, zorder=1)
            if quantity in LARGE:
                axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            axes.grid(axis="y", visible=False)
            axes.set_xlabel(f"difference in {words(quantity, metric)}")
        canvas.rows(panels[0], names)
        legend.below(figure, _entries(comparisons))
    return figure


def _sorted(comparisons: pd.DataFrame, pairs: Sequence[tuple[str, str]], first: str) -> list[tuple[str, str]]:
    """The pairs by the mean of the first quantity, those without one last."""
    means = comparisons[comparisons["quantity"] == first].set_index(["label", "other"])["mean"].astype(float).to_dict()
    return sorted(pairs, key=lambda pair: (math.isnan(mean := means.get(pair, math.nan)), mean))


def _row(axes: Axes, place: int, row: Mapping[Any, Any], style: Style) -> None:
    mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
    fill = style.colour if low > 0.0 or high < 0.0 else "white"
    axes.hlines(place, low, high, color=style.colour, linewidth=2.0)
    axes.plot(mean, place, style.marker, color=style.colour, markersize=7, markerfacecolor=fill)
    text = _numbers(mean, low, high, row["pairs"])
    axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=7)


def _numbers(mean: float, low: float, high: float, pairs: int) -> str:
    if math.isnan(mean):
        return "no seed that both have"
    interval = "no interval" if math.isnan(low) else f"{tables.short(low)} to {tables.short(high)}"
    return f"{tables.short(mean)} ({interval}), n = {pairs}"


def _entries(comparisons: pd.DataFrame) -> list[Line2D]:
    levels = " or ".join(f"{100 * level:g} %" for level in dict.fromkeys(comparisons["confidence"].dropna()))
    mark: dict[str, Any] = {"color": "0.3", "marker": "o", "markersize": 7}
    return [
        Line2D([], [], label=f"mean over seeds, {levels} interval that leaves out 0", **mark),
        Line2D([], [], label="no interval, or one that holds 0", markerfacecolor="white", **mark),
    ]


def _left_out(what: str, count: int) -> str:
    return f"{count} more {what} are not drawn. " if count > 0 else ""
