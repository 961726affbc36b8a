"""How series look: each by colour (Okabe-Ito, safe for colour-blind readers) *and* by dashes *and* by marker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ((0, ()), (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (9, 3)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

SERIES = "series:"
"""What the id of an artist begins with that belongs to one algorithm; its label follows (see ``report.drawings``)."""

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "bilevelsim",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}
"""Settings of matplotlib for every figure."""


@dataclass(frozen=True)
class Style:
    """How one algorithm is drawn, the same in every figure."""

    colour: str
    dashes: Any
    marker: str


def styles(labels: Sequence[str]) -> dict[str, Style]:
    """A style for each label: no two of the first 168 alike, and any two of the first six differ in all three ways."""
    return {
        label: Style(COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)], MARKERS[i % len(MARKERS)])
        for i, label in enumerate(labels)
    }


def looks(runs: pd.DataFrame, look: Mapping[str, Style] | None = None) -> dict[str, Style]:
    """The style of each label of a table, in its order: as ``look`` says, else by its place in this table."""
    labels = list(dict.fromkeys(runs["label"]))
    known = styles(labels) if look is None else look
    return {label: known[label] for label in labels}
