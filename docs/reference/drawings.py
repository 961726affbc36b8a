"""Figures of the page: curves of several studies side by side, and a number against what was swept.

Colours, dashes and markers are those of the package's own figures: any two of the first six series differ in all three.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from evidence import Frames
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from scenarios import figures


def curves(
    panels: Mapping[str, Frames],
    metric: str,
    column: str = "simulated_s",
    words: str = "",
    logarithmic: bool = False,
    log_x: bool = False,
) -> Figure:
    """One panel a study, side by side: the metric (median over seeds) against a column of the history."""
    names = list(dict.fromkeys(label for frames in panels.values() for label in frames.history["label"]))
    look = figures.styles(names)
    with mpl.rc_context(figures.STYLE):
        figure, axes = _new(len(panels), len(names))
        for place, (title, frames) in zip(axes, panels.items(), strict=True):
            place.set_title(title, fontsize=9)
            for name in names:
                found = figures.series(frames.history, name, column, metric)
                figures.curve(place, found, look[name], band=False, label=name)
            _horizontal(place, column, log_x)
        axes[0].set_ylabel(words or metric.replace("_", " "))
        if logarithmic:
            axes[0].set_yscale("log")
        _legend(figure, axes)
    return figure


def sweep(
    series: Mapping[str, Sequence[float]],
    places: Sequence[float | str],
    across: str,
    words: str,
    logarithmic: bool = True,
    log_x: bool = False,
) -> Figure:
    """One line a series over the values that were swept; missing values leave a gap."""
    look = figures.styles(list(series))
    named = any(isinstance(place, str) for place in places)
    at = np.arange(len(places)) if named else np.array(places, float)
    with mpl.rc_context(figures.STYLE):
        figure, (axes,) = _new(1, len(series))
        for name, values in series.items():
            style = look[name]
            axes.plot(at, values, color=style.colour, linestyle=style.dashes, marker=style.marker, label=name)
        if named:
            axes.set_xticks(at, list(map(str, places)))
        if log_x:
            axes.set_xscale("log", base=2)
        if logarithmic:
            axes.set_yscale("log")
        axes.set_xlabel(across)
        axes.set_ylabel(words)
        _legend(figure, [axes])
    return figure


def _new(columns: int, entries: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(max(6.0, 4.2 * columns), 3.3 + 0.1 * entries), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, sharey=True, squeeze=False)[0])


def _horizontal(axes: Axes, column: str, logarithmic: bool) -> None:
    axes.set_xlabel(figures.AXES[column])
    if logarithmic:
        axes.set_xscale("log", nonpositive="mask")
    else:
        axes.set_xlim(left=0)
        if column in ("bits_sent", "oracle_calls"):
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """One legend for all panels, below them."""
    handles: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    width = figure.get_size_inches()[0]
    columns = figures.legend_columns(width, list(handles)) if handles else 1
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=columns)
