"""Cells of tables: what is read, and what it is sorted by."""

import math

import pandas as pd
import pytest

from scenarios import tables
from scenarios.report import cells
from scenarios.report.cells import Cell, Column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("950", 950.0),
        ("12.3k", 12300.0),
        ("4.56M", 4.56e6),
        ("1.5G (1.4G to 1.6G)", 1.5e9),
        ("2T", 2e12),
        ("1e+16", 1e16),
        ("-4.5", -4.5),
        ("80 % (79 % to 81 %)", 80.0),
        ("2 of 3", 2.0),
        ("inf", math.inf),
        ("-", None),
        ("", None),
        ("reached 4, stalled 1", None),
        ("1.2.3", None),
        ("5 fast agents", None),
    ],
)
def test_a_text_of_the_table_is_read_as_its_number(text: str, value: float | None) -> None:
    """Prefixes, per cent, counts and medians of ranges; whatever is more than a number is none."""
    assert cells.number(text) == value


@pytest.mark.parametrize("value", [0.000123, 0.5, 999.0, 1234.0, 12345.0, 4.56e6, 7.89e9, 1.2e13, 3e15, -4e4])
def test_what_tables_write_short_is_read_back(value: float) -> None:
    """To three digits, which is what is written."""
    assert cells.number(tables.short(value)) == pytest.approx(value, rel=5e-3)


def test_a_column_is_one_of_numbers_if_all_that_is_there_are_numbers() -> None:
    """Dashes are not there; a column of nothing else is none of numbers."""
    assert cells.read(["12.3k (11k to 14k)", "-"]) == (True, [Cell("12.3k", 12300.0, "(11k to 14k)"), Cell("-")])
    assert cells.read(["1", "two"]) == (False, [Cell("1"), Cell("two")])
    assert cells.read(["-", "-"])[0] is False


@pytest.mark.parametrize(
    ("cell", "exact"),
    [
        (Cell("7", 7.0), None),
        (Cell("7", 7.0, "(6 to 8)"), "7"),
        (Cell("12.3k", 12345.678), "12345.678"),
        (Cell("inf", math.inf), "Infinity"),
        (Cell("-inf", -math.inf), "-Infinity"),
        (Cell("-"), None),
    ],
)
def test_the_number_is_told_where_the_text_is_not_it(cell: Cell, exact: str | None) -> None:
    """As the script of the page reads numbers."""
    assert cell.exact == exact


def test_bars_go_from_zero_to_the_longest() -> None:
    """Not where something is below zero or infinite, or nothing above zero."""
    assert [cell.share for cell in cells.with_bars([Cell("5", 5.0), Cell("-"), Cell("20", 20.0)])] == [0.25, None, 1.0]
    for values in ([-1.0, 2.0], [1.0, math.inf], [0.0, 0.0], []):
        assert all(cell.share is None for cell in cells.with_bars([Cell("x", value) for value in values]))


def test_numbers_are_short_and_sorted_by_all_digits() -> None:
    """Shares as per cent, seeds with every digit, gaps as dashes."""
    assert cells.of_numbers(pd.Series([12345.6, None])) == [Cell("12.3k", 12345.6), Cell("-")]
    assert cells.of_numbers(pd.Series([0.256]), percent=True) == [Cell("26 %", 0.256)]
    assert cells.of_numbers(pd.Series([12345, None], dtype="Int64"), whole=True) == [Cell("12345", 12345.0), Cell("-")]


def test_an_axis_is_numbers_or_words() -> None:
    """Numbers keep their digits; words that begin with numbers stay words."""
    assert cells.of_axis("slowdown", pd.Series([12500.0])) == (
        Column("slowdown", numeric=True),
        [Cell("12500", 12500.0)],
    )
    assert cells.of_axis("graph", pd.Series(["10", "ring"], dtype="string")) == (
        Column("graph"),
        [Cell("10"), Cell("ring")],
    )


def test_texts_that_are_not_there_are_dashes() -> None:
    """Missing or empty."""
    assert cells.of_texts(pd.Series(["why", None, ""], dtype="string")) == [Cell("why"), Cell("-"), Cell("-")]


def test_a_table_says_how_many_rows_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows beyond the most that a page bears."""
    monkeypatch.setattr(cells, "MOST_ROWS", 2)
    table = cells.table([(Column("a"), [Cell("1"), Cell("2"), Cell("3")])])
    assert table.rows == ((Cell("1"),), (Cell("2"),))
    assert table.total == 3
    assert cells.table([]).total == 0
