"""What the target costs, or what is reached, against one axis of a sweep."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from scenarios.figures import facets, legend, scale
from scenarios.figures.metric import Metric
from scenarios.figures.quantities import words
from scenarios.figures.style import STYLE, Style, looks

LINE_POINTS = 11.0
"""Distance of the lines above a panel from one another."""


class Spread(NamedTuple):
    """What the seeds of one algorithm gave at one value of the axis."""

    value: Any
    low: float
    middle: float
    high: float
    missing: int
    """Seeds that gave nothing."""
    seeds: int


Table = Mapping[str, Sequence[Spread]]
"""The spreads of each label along the axis."""


def sweep(
    runs: pd.DataFrame, metric: Metric, axis: str, title: str = "", look: Mapping[str, Style] | None = None
) -> Figure:
    """A line for each algorithm: simulated time to the target or, where there is none, the final metric.

    Lines are medians over the seeds that have a value; their range is a band, or whiskers where the axis holds names.
    Seeds that have none are open marks on a line above the panel, with their number. Where more is swept than ``axis``
    there is a panel for each combination of the other axes' values.
    """
    look = looks(runs, look)
    column, missing = ("target_s", "not reached") if metric.target is not None else (metric.name, "no final value")
    found = facets.facets(runs, axis)
    tables = [spreads(facet, axis, list(look), column) for facet in found[: facets.MOST]]
    above = LINE_POINTS * max(sum(map(_is_missing, table.values())) for table in tables)
    with mpl.rc_context(STYLE):
        handles = legend.lines(look)
        if above:
            mark: dict[str, Any] = {"color": "0.3", "marker": "o", "markerfacecolor": "white", "linestyle": ""}
            handles.append(Line2D([], [], label=f"{missing} (n/m: n of m seeds)", **mark))
        figure, grid = facets.panels(found, title, 3.3 + above / 72, handles)
        for axes, facet, table in zip(grid, found, tables, strict=False):
            where = scale.places(facet.values)
            aside = 0.6 / len(look) if scale.is_named(facet.values) else 0.0
            for position, (label, style) in enumerate(look.items()):
                _line(axes, table[label], where, style, aside * (position - (len(look) - 1) / 2))
            scale.horizontal(axes, facet.values)
            _lines_above(axes, table, where, look)
            facets.name(axes, facet, above)
        _vertical(grid[0], tables, from_zero=metric.target is not None)
        facets.label(grid, scale.axis_words(axis), words(column, metric))
    return figure


def spreads(facet: facets.Facet, axis: str, labels: Sequence[str], column: str) -> dict[str, list[Spread]]:
    """What each algorithm's seeds gave along the axis, where it ran."""
    groups = {key: group[column].astype(float).to_numpy() for key, group in facet.runs.groupby(["label", axis])}
    return {
        label: [_spread(value, groups[label, value]) for value in facet.values if (label, value) in groups]
        for label in labels
    }


def _spread(value: Any, found: np.ndarray) -> Spread:
    known = found[np.isfinite(found)]
    low, middle, high = (known.min(), np.median(known), known.max()) if len(known) else (np.nan,) * 3
    return Spread(value, float(low), float(middle), float(high), len(found) - len(known), len(found))


def _is_missing(found: Sequence[Spread]) -> bool:
    return any(spread.missing for spread in found)


def _line(axes: Axes, found: Sequence[Spread], where: Mapping[Any, float], style: Style, aside: float) -> None:
    if not found:
        return
    at = np.array([where[spread.value] + aside for spread in found])
    low, middle, high = (np.array([spread[k] for spread in found]) for k in (1, 2, 3))
    axes.plot(at, middle, color=style.colour, linestyle=style.dashes, marker=style.marker, markersize=5, linewidth=1.5)
    if scale.is_named(list(where)):
        axes.vlines(at, low, high, color=style.colour, linewidth=1.5)
    elif (high > low).any():
        axes.fill_between(at, low, high, color=style.colour, alpha=0.15, linewidth=0)


def _lines_above(axes: Axes, table: Table, where: Mapping[Any, float], look: Mapping[str, Style]) -> None:
    """An open mark for the seeds without a value, on a line for each algorithm that has such seeds."""
    incomplete = [label for label in look if _is_missing(table[label])]
    for line, label in enumerate(reversed(incomplete)):
        style, height = look[label], LINE_POINTS * (line + 0.8)
        lifted = ScaledTranslation(0.0, height / 72, axes.figure.dpi_scale_trans)
        colours: dict[str, Any] = {"color": style.colour, "clip_on": False}
        axes.plot([0, 1], [1, 1], transform=axes.transAxes + lifted, linestyle=style.dashes, linewidth=0.5, **colours)
        at = [where[spread.value] for spread in table[label] if spread.missing]
        marks = colours | {"marker": style.marker, "markersize": 6, "markerfacecolor": "white", "linestyle": ""}
        axes.plot(at, [1] * len(at), transform=axes.get_xaxis_transform() + lifted, **marks)
        for spread in table[label]:
            if spread.missing:
                axes.annotate(
                    f"{spread.missing}/{spread.seeds}",
                    (where[spread.value], 1.0),
                    (5.0, height),
                    xycoords=axes.get_xaxis_transform(),
                    textcoords="offset points",
                    va="center",
                    fontsize=7,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                )


def _vertical(axes: Axes, tables: Sequence[Table], from_zero: bool) -> None:
    found = [spread for table in tables for spreads in table.values() for spread in spreads]
    numbers = np.array([number for spread in found for number in (spread.low, spread.high)])
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) and numbers.min() > 0 and scale.far_apart(numbers):
        axes.set_yscale("log")
    elif from_zero:
        axes.set_ylim(0, None if len(numbers) else 1)
