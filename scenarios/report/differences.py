"""The table of paired differences: who differs from whom by how much, with the interval in numbers and as a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from scenarios import tables
from scenarios.report import cells
from scenarios.report.cells import Cell, Column, Table, Whisker

APART, TOGETHER = "told apart", "cannot be told apart"
ONE_PAIR, NO_PAIR = "one pair, no interval", "no common seed"
TITLES = {column: title for title, column in (tables.TO_TARGET | tables.WHOLE_RUN).items()}
"""Columns of ``runs`` in the words of the table for people."""

Bounds = tuple[float, float, float]
"""Low, mean and high; what is not there is NaN."""


def table(comparisons: pd.DataFrame, axes: Sequence[str]) -> Table:
    """A row a pair, in the order given.

    ``comparisons`` has the columns of the axes and label, other, quantity, pairs, mean, low, high and confidence; the
    mean is that of label minus other over the pairs of seeds.
    """
    quantities = [str(name) for name in comparisons["quantity"]]
    words = [TITLES.get(name, name.replace("_", " ")) for name in quantities]
    several = len(set(words)) > 1
    bounds = _bounds(comparisons)
    columns = [
        *(cells.of_axis(axis, comparisons[axis]) for axis in axes),
        (Column("algorithm", kind="label"), cells.of_texts(comparisons["label"])),
        (Column("minus", kind="other"), cells.of_texts(comparisons["other"])),
        *([(Column("in", kind="words"), [Cell(word) for word in words])] if several else []),
        (
            Column("mean difference" if several else f"mean difference in {words[0]}", numeric=True),
            [_difference(own) for own in bounds],
        ),
        (Column("interval", numeric=True), _pictures(quantities, bounds)),
        (Column("verdict", kind="verdict"), [Cell(_verdict(own)) for own in bounds]),
        (Column("pairs of seeds", numeric=True), cells.of_numbers(comparisons["pairs"])),
    ]
    return cells.table(columns)


def confidence(comparisons: pd.DataFrame) -> str:
    """The stated confidence, ``95 %``; several where rows differ."""
    return ", ".join(f"{100 * value:g} %" for value in comparisons["confidence"].dropna().unique())


def _bounds(comparisons: pd.DataFrame) -> list[Bounds]:
    low, mean, high = (comparisons[name].astype("float64") for name in ("low", "mean", "high"))
    return [*zip(low, mean, high, strict=True)]


def _difference(bounds: Bounds) -> Cell:
    """``-4.5 (-5.1 to -3.9)``."""
    low, mean, high = bounds
    if math.isnan(mean):
        return Cell(cells.DASH)
    interval = "" if math.isnan(low) else f"({tables.short(low)} to {tables.short(high)})"
    return Cell(tables.short(mean), mean, interval)


def _verdict(bounds: Bounds) -> str:
    low, mean, high = bounds
    if math.isnan(mean):
        return NO_PAIR
    if math.isnan(low):
        return ONE_PAIR
    return APART if low > 0.0 or high < 0.0 else TOGETHER


def _pictures(names: Sequence[str], bounds: Sequence[Bounds]) -> list[Cell]:
    """Every interval beside zero, on one scale for each quantity; sorted by its lower end."""
    scales = {name: _scale([own for other, own in zip(names, bounds, strict=True) if other == name]) for name in names}
    return [_picture(own, scales[name]) for name, own in zip(names, bounds, strict=True)]


@dataclass(frozen=True)
class Scale:
    """A horizontal axis for differences of several magnitudes: linear within ``unit`` of zero, logarithmic beyond."""

    unit: float
    low: float
    high: float

    def place(self, value: float) -> float:
        """From 0 at the lowest end of all to 100 at the highest."""
        left, right = math.asinh(self.low / self.unit), math.asinh(self.high / self.unit)
        return 100.0 * (math.asinh(value / self.unit) - left) / (right - left)


def _scale(bounds: Sequence[Bounds]) -> Scale | None:
    """From the lowest to the highest of all ends and zero; the smallest mean is its unit. None if nothing differs."""
    whole = [own for own in bounds if all(map(math.isfinite, own))]
    sizes = [abs(mean) for _, mean, _ in whole if mean != 0.0]
    if not sizes:
        return None
    ends = [end for own in whole for end in own]
    return Scale(min(sizes), min(0.0, *ends), max(0.0, *ends))


def _picture(bounds: Bounds, scale: Scale | None) -> Cell:
    if scale is None or not all(map(math.isfinite, bounds)):
        return Cell(cells.DASH)
    return Cell("", bounds[0], whisker=Whisker(scale.place(0.0), *map(scale.place, bounds)))
