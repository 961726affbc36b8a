"""Tables of a page: each cell with what is read, and with the number that it is sorted by.

A table for people holds text such as ``12.3k (11 to 14k)``. Here every column learns whether it is one of numbers, so
that a page can align and sort it as such.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from scenarios import tables

DASH = "-"
"""Of a cell without a value."""
MOST_ROWS = 2000
"""A page with more rows in one table takes seconds to open."""
FACTORS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "%": 1.0}
NUMBER = re.compile(
    r"(?P<value>[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf)) ?(?P<sign>[kMGT%]?)(?P<rest> of \d+| \(.*\))?", re.DOTALL
)


@dataclass(frozen=True)
class Whisker:
    """An interval as it is drawn: places from 0 (left) to 100 (right)."""

    zero: float
    low: float
    mean: float
    high: float

    @property
    def open(self) -> bool:
        """Whether it holds zero."""
        return self.low <= self.zero <= self.high


@dataclass(frozen=True)
class Cell:
    """One cell."""

    text: str
    value: float | None = None
    """What it is sorted by in a column of numbers; None comes last."""
    spread: str = ""
    """Said in smaller letters after the text."""
    share: float | None = None
    """Length of the bar behind the text, as a share of the column's longest."""
    whisker: Whisker | None = None
    """Drawn in place of the text."""

    @property
    def exact(self) -> str | None:
        """The number for the script of the page, where it cannot be read from the text."""
        if self.value is None:
            return None
        if math.isinf(self.value):
            return "Infinity" if self.value > 0 else "-Infinity"
        written = f"{self.value:.10g}"
        return None if written == self.text and not self.spread else written


@dataclass(frozen=True)
class Column:
    """One column."""

    title: str
    name: str = ""
    """Its name in the files, where that is another."""
    numeric: bool = False
    kind: str = ""
    """How its cells look: ``label`` (of the row), ``other`` (label), ``status``, ``words``, ``code``, or plain."""
    on_demand: bool = False
    """Hidden until somebody asks for all columns."""


@dataclass(frozen=True)
class Table:
    """Columns and rows of cells."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    """How many rows there are with those that are left out."""


def table(columns: Sequence[tuple[Column, Sequence[Cell]]]) -> Table:
    """A table from its columns, at most ``MOST_ROWS`` rows of it."""
    rows = tuple(zip(*(cells[:MOST_ROWS] for _, cells in columns), strict=True))
    return Table(tuple(column for column, _ in columns), rows, len(columns[0][1]) if columns else 0)


def read(texts: Iterable[str]) -> tuple[bool, list[Cell]]:
    """Cells of texts, and whether they are a column of numbers: each a number or a dash, and not all dashes."""
    written = list(texts)
    found = [number(text) for text in written]
    numeric = any(value is not None for value in found) and all(
        value is not None or text == DASH for value, text in zip(found, written, strict=True)
    )
    if not numeric:
        return False, [Cell(text) for text in written]
    return True, [_split(text, value) for text, value in zip(written, found, strict=True)]


def number(text: str) -> float | None:
    """The number that a text of a table begins with: the median of a range, the first of ``2 of 3``; None if none.

    >>> number("12.3k (11k to 14k)"), number("80 %"), number("2 of 3"), number("-1.5e+20"), number("soba")
    (12300.0, 80.0, 2.0, -1.5e+20, None)
    """
    found = NUMBER.fullmatch(text)
    return None if found is None else float(found["value"]) * FACTORS[found["sign"]]


def _split(text: str, value: float | None) -> Cell:
    before, bracket, after = text.partition(" (")
    return Cell(before, value, f"({after}" if bracket else "")


def with_bars(cells: Sequence[Cell]) -> list[Cell]:
    """The cells with bars from zero to their numbers, where no number is below zero or infinite."""
    values = [cell.value for cell in cells if cell.value is not None]
    longest = max(values, default=0.0)
    if longest <= 0.0 or math.isinf(longest) or min(values) < 0.0:
        return list(cells)
    return [cell if cell.value is None else replace(cell, share=cell.value / longest) for cell in cells]


def of_axis(name: str, values: "pd.Series[Any]") -> tuple[Column, list[Cell]]:
    """The column of an axis of a sweep: numbers with every digit, or text."""
    numeric = pd.api.types.is_numeric_dtype(values)
    return Column(name, numeric=numeric), of_numbers(values, whole=True) if numeric else of_texts(values)


def of_numbers(values: "pd.Series[Any]", percent: bool = False, whole: bool = False) -> list[Cell]:
    """Cells of numbers: in short, as per cent, or ``whole`` with every digit; dashes where there is none."""
    return [_of_number(float(value), percent, whole) for value in values.astype("float64")]


def _of_number(value: float, percent: bool, whole: bool) -> Cell:
    if math.isnan(value):
        return Cell(DASH)
    if whole:
        return Cell(f"{value:.15g}", value)
    return Cell(f"{100 * value:.0f} %", value) if percent else Cell(tables.short(value), value)


def of_texts(values: "pd.Series[Any]") -> list[Cell]:
    """Cells of text; dashes where there is none."""
    return [Cell(DASH if pd.isna(value) or value == "" else str(value)) for value in values]
