"""How much sooner more agents reach the target."""

import re
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scenarios.figures import facets, legend, points, scale
from scenarios.figures.style import STYLE, Style, looks

NUMBER_OF_AGENTS = re.compile(r"(network|algorithms\.\d+)\.topology\.(agents|workers)")
IDEAL: dict[str, Any] = {"color": "0.35", "linewidth": 1.0, "linestyle": (0, (2, 2))}


def numbers_of_agents(runs: pd.DataFrame) -> list[str]:
    """The axes of the sweep that are numbers of agents."""
    return [name for name in points.axes(runs) if NUMBER_OF_AGENTS.fullmatch(name)]


def speedup(runs: pd.DataFrame, axis: str, title: str = "", look: Mapping[str, Style] | None = None) -> Figure:
    """A line for each algorithm: time to the target with the fewest agents / time with n agents, beside the ideal one.

    The quotient is taken seed by seed, over the seeds that reached the target with both numbers; lines are medians,
    bands the range. Where more is swept there is a panel for each combination of the other axes' values.
    """
    look = looks(runs, look)
    found = facets.facets(runs, axis)
    tables = [{label: quotients(facet, axis, label) for label in look} for facet in found[: facets.MOST]]
    fewest = f"{found[0].values[0]:g}"
    handles = [*legend.lines(look), Line2D([], [], label="ideal", **IDEAL)]
    for handle, label in zip(handles, look, strict=False):
        if all(table[label].empty for table in tables):
            handle.set_label(legend.named(f"{label} (target not reached with {fewest})"))
    with mpl.rc_context(STYLE):
        figure, grid = facets.panels(found, title, 3.4, handles)
        for axes, facet, table in zip(grid, found, tables, strict=False):
            axes.plot(facet.values, np.array(facet.values) / facet.values[0], **IDEAL)
            for label, style in look.items():
                _line(axes, table[label], style)
            scale.horizontal(axes, facet.values)
            facets.name(axes, facet)
        if grid[0].get_xscale() == "log":
            grid[0].set_yscale("log")
        else:
            grid[0].set_ylim(bottom=0)
        facets.label(grid, f"{axis} (n)", f"speed-up: T({fewest}) / T(n) [1]")
    return figure


def quotients(facet: facets.Facet, axis: str, label: str) -> pd.DataFrame:
    """A row for each number of agents, a column for each seed: how many times sooner; empty where it is not known."""
    own = facet.runs[facet.runs["label"] == label]
    times = own.pivot_table("target_s", axis, "seed").astype(float)
    fewest = facet.values[0]
    return (times.loc[fewest] / times if fewest in times.index else times.iloc[:0]).dropna(how="all")


def _line(axes: Axes, found: pd.DataFrame, style: Style) -> None:
    if found.empty:
        return
    look: dict[str, Any] = {"linestyle": style.dashes, "marker": style.marker, "markersize": 5, "linewidth": 1.5}
    axes.plot(found.index, found.median(axis=1), color=style.colour, **look)
    axes.fill_between(found.index, found.min(axis=1), found.max(axis=1), color=style.colour, alpha=0.15, linewidth=0)
