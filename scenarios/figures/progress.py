"""The main figure: one metric against rounds, seconds, bits and oracle calls."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from scenarios.figures import canvas, legend
from scenarios.figures.curves import curve, series
from scenarios.figures.metric import Metric
from scenarios.figures.quantities import AXES, LARGE
from scenarios.figures.scale import far_apart
from scenarios.figures.style import SERIES, STYLE, Style, looks

WIDTH = 13.0
"""Inches."""
ENDINGS = {"stalled": ("X", "stalled"), "diverged": ("P", "diverged")}
"""Markers and words for how a run may end otherwise than wished."""


def progress(
    runs: pd.DataFrame,
    history: pd.DataFrame,
    metric: Metric,
    title: str = "",
    look: Mapping[str, Style] | None = None,
) -> Figure:
    """One row of panels that share the metric's axis, one panel for each entry of ``AXES``.

    Lines are medians over seeds, bands go from the lowest to the highest seed. A line ends where fewer than half of the
    seeds still ran; seeds that had ended before count with their last value. A cross marks where a seed stalled, a plus
    where it diverged.
    """
    look = looks(runs, look)
    with mpl.rc_context(STYLE):
        handles = _legend(look, runs, metric)
        height = 3.4 + legend.height(WIDTH, handles)
        figure, panels = canvas.new(WIDTH, height, title, columns=len(AXES), sharey=True)
        for axes, (column, words) in zip(panels, AXES.items(), strict=True):
            for label, style in look.items():
                curve(axes, series(history, label, column, metric.name), style, gid=f"{SERIES}{label}")
                _endings(axes, runs[runs["label"] == label], history, column, metric, style)
            _horizontal(axes, history, column, words)
            if metric.target is not None:
                axes.axhline(metric.target, color="0.35", linewidth=1.0, linestyle=(0, (2, 2)))
        _vertical(panels[0], history, metric)
        legend.below(figure, handles)
    return figure


def _endings(axes: Axes, runs: pd.DataFrame, history: pd.DataFrame, column: str, metric: Metric, style: Style) -> None:
    """A mark at the last point of each seed that stalled or diverged, at the upper edge if that lies above it."""
    ceiling = _ceiling(history, metric)
    for _, run in runs[runs["status"].isin(list(ENDINGS))].iterrows():
        own = history[(history["label"] == run["label"]) & (history["seed"] == run["seed"])]
        points = own[[column, metric.name]].astype(float).to_numpy()
        points = points[np.isfinite(points).all(axis=1)]
        if len(points):
            marker, _words = ENDINGS[run["status"]]
            place, value = points[-1]
            value = min(value, ceiling)
            look: dict[str, Any] = {"color": style.colour, "markeredgecolor": "black", "clip_on": False}
            axes.plot(place, value, marker=marker, markersize=9, zorder=5, gid=f"{SERIES}{run['label']}", **look)


def _horizontal(axes: Axes, history: pd.DataFrame, column: str, words: str) -> None:
    """From zero; logarithmic, from the first point after the start, where some algorithm ends far before another."""
    axes.set_xlabel(words)
    ends = history.groupby("label", sort=False)[column].max().astype(float)
    beginnings = history.loc[history[column] > 0, column].astype(float)
    logarithmic = far_apart(ends.to_numpy()) and len(beginnings) > 0
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(left=beginnings.min())
    else:
        axes.set_xlim(left=0, right=None if ends.max() > 0 else 1)  # where nothing got anywhere
        axes.locator_params(axis="x", nbins=5)
    if column in LARGE:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _vertical(axes: Axes, history: pd.DataFrame, metric: Metric) -> None:
    """A logarithmic axis where the metric is positive and spans more than a factor of 20.

    What explodes is cut off well above where runs began, since it would flatten all that does not.
    """
    values = history[metric.name].astype(float).to_numpy()
    values = values[np.isfinite(values)]
    axes.set_ylabel(metric.label)
    if not len(values):
        return
    low, high, ceiling = values.min(), values.max(), _ceiling(history, metric)
    logarithmic = low > 0 and min(high, ceiling) > 20 * low
    if logarithmic:
        axes.set_yscale("log")
    if high > ceiling:
        axes.set_ylim(low / 1.3 if logarithmic else low - 0.05 * (ceiling - low), ceiling)


def _ceiling(history: pd.DataFrame, metric: Metric) -> float:
    """Ten times the largest absolute value among the runs' first points and the target."""
    firsts = history.groupby(["label", "seed"], sort=False)[metric.name].first().astype(float).abs().to_numpy()
    return 10 * max([*firsts[np.isfinite(firsts)], abs(metric.target or 0.0)], default=np.inf)


def _legend(look: Mapping[str, Style], runs: pd.DataFrame, metric: Metric) -> list[Line2D]:
    handles = legend.lines(look)
    if metric.target is not None:
        handles.append(Line2D([], [], color="0.35", linewidth=1.0, linestyle=(0, (2, 2)), label="target"))
    for status, (marker, words) in ENDINGS.items():
        if (runs["status"] == status).any():
            handles.append(Line2D([], [], color="0.6", marker=marker, linestyle="", markersize=8, label=words))
    return handles
