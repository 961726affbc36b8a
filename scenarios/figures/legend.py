"""Legends: below the panels, in as many columns as fit, with labels as the user wrote them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scenarios.figures.style import Style

LEGEND_CHARACTERS = 14.0
"""How many characters of a legend fit into an inch."""
LINE_INCHES = 0.2
"""Height of a line of a legend."""


def legend_columns(width: float, labels: Sequence[str]) -> int:
    """How many columns of a legend fit into a figure so wide."""
    longest = max(map(len, labels)) / LEGEND_CHARACTERS + 0.6
    return max(1, min(6, len(labels), int(width / longest)))


def height(width: float, handles: Sequence[Any]) -> float:
    """Inches that a legend takes below a figure so wide."""
    return LINE_INCHES * math.ceil(len(handles) / legend_columns(width, _labels(handles)))


def lines(look: Mapping[str, Style]) -> list[Line2D]:
    """An entry for each label: a piece of its line with its marker."""
    return [
        Line2D(
            [],
            [],
            color=style.colour,
            linestyle=style.dashes,
            marker=style.marker,
            markersize=4,
            label=named(label),
        )
        for label, style in look.items()
    ]


def named(label: str) -> str:
    """A label as a legend takes it, which leaves out those that begin with an underscore."""
    return f" {label}" if label.startswith("_") else label


def below(figure: Figure, handles: Sequence[Any]) -> None:
    """Put the entries below the panels, none of them read as a formula."""
    columns = legend_columns(figure.get_size_inches()[0], _labels(handles))
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    for entry in legend.get_texts():
        entry.set_parse_math(False)


def _labels(handles: Sequence[Any]) -> list[str]:
    return [str(handle.get_label()) for handle in handles]
