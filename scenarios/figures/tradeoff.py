"""Seconds against bits: what each algorithm pays for the target, and who is beaten in both."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from scenarios.figures import canvas, legend
from scenarios.figures.quantities import TO_TARGET
from scenarios.figures.scale import far_apart
from scenarios.figures.style import STYLE, Style, looks

COSTS = ("target_s", "target_bits")
WIDTH = 7.0
"""Inches."""
DOMINATED = 0.4
"""Opacity of what is beaten in both."""


def tradeoff(runs: pd.DataFrame, title: str = "", look: Mapping[str, Style] | None = None) -> Figure:
    """A mark for each algorithm at the medians of seconds and of bits to the target, with the range over seeds.

    Medians are over the seeds that reached the target; the legend says how many did, unless it was all. The line joins
    those that no other beats in both (the Pareto front); the others are paler.
    """
    look = looks(runs, look)
    spent = {label: runs.loc[runs["label"] == label, list(COSTS)].astype(float).to_numpy() for label in look}
    reached = {label: costs[np.isfinite(costs).all(axis=1)] for label, costs in spent.items()}
    middles = {label: np.median(costs, axis=0) for label, costs in reached.items() if len(costs)}
    best = front(list(middles.values()))
    handles = [_entry(label, style, len(reached[label]), len(spent[label])) for label, style in look.items()]
    handles.append(Line2D([], [], color="0.35", linewidth=1.0, label="Pareto front of the medians"))
    with mpl.rc_context(STYLE):
        figure, (axes,) = canvas.new(WIDTH, 3.8 + legend.height(WIDTH, handles), title)
        for label, middle in middles.items():
            beaten = not (best == middle).all(axis=1).any()
            _mark(axes, middle, reached[label], look[label], DOMINATED if beaten else 1.0)
        _scales(axes, np.concatenate(list(reached.values())))
        _draw_front(axes, best)
        axes.set_xlabel(TO_TARGET[COSTS[0]])
        axes.set_ylabel(TO_TARGET[COSTS[1]])
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        legend.below(figure, handles)
    return figure


def front(costs: Sequence[np.ndarray]) -> np.ndarray:
    """Those of the ``(seconds, bits)`` that no other beats in one without losing in the other, fastest first.

    >>> front([np.array([1.0, 9.0]), np.array([2.0, 9.5]), np.array([3.0, 2.0])]).tolist()
    [[1.0, 9.0], [3.0, 2.0]]
    """
    kept: list[np.ndarray] = []
    for cost in sorted(costs, key=tuple):
        if not kept or cost[1] < kept[-1][1]:
            kept.append(cost)
    return np.array(kept).reshape(-1, 2)


def _mark(axes: Axes, middle: np.ndarray, costs: np.ndarray, style: Style, opacity: float) -> None:
    look: dict[str, Any] = {"color": style.colour, "alpha": opacity}
    (left, low), (right, high) = costs.min(axis=0), costs.max(axis=0)
    axes.hlines(middle[1], left, right, linewidth=1.5, **look)
    axes.vlines(middle[0], low, high, linewidth=1.5, **look)
    axes.plot(*middle, style.marker, markersize=8, **look)


def _scales(axes: Axes, costs: np.ndarray) -> None:
    """Each axis logarithmic where costs are far apart, else from zero."""
    seconds, bits = costs.T
    if far_apart(seconds) and seconds.min() > 0:
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, 1.08 * seconds.max())
    if far_apart(bits) and bits.min() > 0:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.08 * bits.max())


def _draw_front(axes: Axes, best: np.ndarray) -> None:
    """The front as steps, on to the edges of the panel."""
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    seconds, bits = [best[0, 0], *best[:, 0], right], [top, *best[:, 1], best[-1, 1]]
    axes.plot(seconds, bits, drawstyle="steps-post", color="0.35", linewidth=1.0, zorder=1)
    axes.set_xlim(right=right)
    axes.set_ylim(top=top)


def _entry(label: str, style: Style, reached: int, seeds: int) -> Line2D:
    words = label if reached == seeds else f"{label} (target reached: {reached} of {seeds})"
    mark: dict[str, Any] = {"color": style.colour, "marker": style.marker, "markersize": 7, "linestyle": ""}
    return Line2D([], [], label=legend.named(words), **mark)
