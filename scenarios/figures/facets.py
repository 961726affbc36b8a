"""Figures over one axis of a sweep: a panel for each combination of what else was swept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenarios.figures import canvas, legend, points, scale

MOST = 6
"""Panels of a figure."""
PANEL_CHARACTERS = 42
"""Where the words above a panel are broken into lines."""


@dataclass(frozen=True)
class Facet:
    """What one panel shows."""

    words: str
    """The values of the further axes; empty if there are none."""
    runs: pd.DataFrame
    values: tuple[Any, ...]
    """Of the axis: numbers in order, names as they come."""


def facets(runs: pd.DataFrame, axis: str) -> list[Facet]:
    """The runs that have a value of ``axis``, by the values of the axes that vary beside it."""
    there, names = runs[runs[axis].notna()], points.further(runs, axis)
    if not names:
        return [_facet("", there, axis)]
    combinations = points.combinations(there, names)
    return [_facet(points.words(values), points.at(there, values), axis) for values in combinations]


def _facet(words: str, runs: pd.DataFrame, axis: str) -> Facet:
    values = list(dict.fromkeys(runs[axis]))
    return Facet(words, runs, tuple(values if scale.is_named(values) else sorted(values)))


def panels(found: Sequence[Facet], title: str, height: float, handles: Sequence[Any]) -> tuple[Figure, list[Axes]]:
    """A figure with a panel, ``height`` inches each, for the first ``MOST`` facets; its title says which have none."""
    shown, others = found[:MOST], found[MOST:]
    columns = min(3, len(shown)) if len(shown) != 4 else 2
    lines = math.ceil(len(shown) / columns)
    width = {1: 7.0, 2: 10.0}.get(columns, 13.0)
    note = canvas.not_drawn([facet.words for facet in others])
    whole = height * lines + legend.height(width, handles)
    figure, grid = canvas.new(width, whole, title, columns, sharey=True, lines=lines, note=note)
    for axes in grid[len(shown) :]:
        axes.remove()
    legend.below(figure, handles)
    return figure, grid[: len(shown)]


def name(axes: Axes, facet: Facet, above: float = 0.0) -> None:
    """Write what a panel shows above it, so many points further up."""
    canvas.headline(axes, facet.words, PANEL_CHARACTERS, above)


def label(grid: Sequence[Axes], horizontal: str, vertical: str) -> None:
    """Label the horizontal axis of each panel and the vertical one of each line of panels."""
    for axes in grid:
        axes.set_xlabel(horizontal, parse_math=False)
        place = axes.get_subplotspec()
        if place is not None and place.is_first_col():
            axes.set_ylabel(vertical, parse_math=False)
