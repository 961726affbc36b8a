"""The figure of a search for settings: the objective against each setting that was searched."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from scenarios.figures import STYLE, far_apart, legend_columns
from scenarios.figures.style import COLOURS
from scenarios.ranges import EDGE, Range
from scenarios.trials import Objective
from scenarios.tuning import Candidate, Found

COLUMNS = 4
"""Panels side by side at most."""
NARROWEST = 6.5
"""Inches that the longest label and the legend need."""
LOOKS: dict[str, dict[str, Any]] = {
    "in the whole range": {"marker": "o", "color": COLOURS[0], "markerfacecolor": "none", "markersize": 5},
    "around the best": {"marker": "D", "color": COLOURS[2], "markersize": 4},
    "without a value, at the top": {"marker": "x", "color": "0.5", "markersize": 5, "clip_on": False},
    "in force before": {"marker": "s", "color": "black", "markerfacecolor": "none", "markersize": 9, "clip_on": False},
    "the best": {"marker": "*", "color": COLOURS[1], "markeredgecolor": "black", "markersize": 13, "clip_on": False},
}
"""How candidates are drawn, those later in the list over those before; colours and markers both differ."""
EDGE_LOOK: dict[str, Any] = {"color": "0.35", "linewidth": 1.0, "linestyle": (0, (2, 2))}


def draw(found: Mapping[str, Found], objective: Objective) -> Figure:
    """A panel for each algorithm and each of its settings; a dot is a candidate's median over the seeds it was given.

    Where no candidate came to the value that is asked for, what decided in its place is shown. Candidates without a
    value stand at the upper edge. Dashed lines are the ends of the range, grey is what counts as its edge.
    """
    columns = min(COLUMNS, max(len(search.ranges) for search in found.values()))
    rows = {label: math.ceil(len(search.ranges) / columns) for label, search in found.items()}
    with mpl.rc_context(STYLE):
        width = max(NARROWEST, 3.0 * columns + 0.5)
        figure = Figure(figsize=(width, 2.4 * sum(rows.values()) + 0.6), layout="constrained")
        FigureCanvasAgg(figure)
        grid = iter(figure.subplots(sum(rows.values()), columns, squeeze=False))
        for label, search in found.items():
            panels = [axes for _ in range(rows[label]) for axes in next(grid)]
            reached = any(candidate.value is not None for candidate in search.candidates)
            heights = _heights(search, objective, reached)
            panels[0].set_title(label, loc="left", parse_math=False)
            for axes, (name, range_) in zip(panels, search.ranges.items(), strict=False):
                _panel(axes, search, name, range_, heights)
                axes.sharey(panels[0])
            for axes in panels[::columns]:
                axes.set_ylabel(objective.words if reached else objective.fallback_words)
            for axes in panels[len(search.ranges) :]:
                axes.set_visible(False)
        handles = _legend()
        ncols = legend_columns(width, [str(handle.get_label()) for handle in handles])
        figure.legend(handles=handles, loc="outside lower center", ncols=ncols)
    return figure


def _heights(search: Found, objective: Objective, reached: bool) -> dict[int, float]:
    """What each candidate came to, where that is a number, by the candidate's own number."""
    sign = -1.0 if objective.above else 1.0
    values = {one.number: one.value if reached else sign * one.fallback for one in search.candidates}
    return {number: value for number, value in values.items() if value is not None and math.isfinite(value)}


def _panel(axes: Axes, search: Found, name: str, range_: Range, heights: Mapping[int, float]) -> None:
    axes.set_xlabel(name)
    axes.set_xscale("log" if range_.log else "linear")
    there = np.array(list(heights.values()))
    if len(there) and there.min() > 0.0 and far_apart(there):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    for words, look in LOOKS.items():
        shown = [one for one in search.candidates if name in one.values and words in _looks(one, search, heights)]
        _dots(axes, [(one.values[name], heights[one.number]) for one in shown if one.number in heights], look)
        top = [(one.values[name], 1.0) for one in shown if one.number not in heights]
        _dots(axes, top, look | {"transform": axes.get_xaxis_transform()})
    for end, inner in ((range_.low, range_.at(EDGE)), (range_.high, range_.at(1.0 - EDGE))):
        axes.axvline(end, **EDGE_LOOK)
        axes.axvspan(min(end, inner), max(end, inner), color="0.9", zorder=0, linewidth=0)


def _dots(axes: Axes, places: Sequence[tuple[float, float]], look: dict[str, Any]) -> None:
    if places:  # an empty line would still have a say in the limits of the axes
        axes.plot(*zip(*places, strict=True), linestyle="", **look)


def _looks(candidate: Candidate, search: Found, heights: Mapping[int, float]) -> set[str]:
    """Every way in which a candidate is drawn."""
    stage = "in the whole range" if candidate.stage == 1 else "around the best"
    looks = {stage if candidate.number in heights else "without a value, at the top"}
    looks |= {"in force before"} if candidate.number == 0 else set()
    return looks | ({"the best"} if candidate.number == search.best.number else set())


def _legend() -> list[Line2D]:
    dots = [Line2D([], [], linestyle="", label=words, **look) for words, look in LOOKS.items()]
    return [*dots, Line2D([], [], label="end of the range", **EDGE_LOOK)]
