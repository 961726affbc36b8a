"""The table of paired differences, from frames made by hand."""

import math

import pandas as pd
import pytest

from scenarios.report import differences
from scenarios.report.cells import Cell

Row = tuple[float | None, float | None, float | None]


def frame(*bounds: Row, quantity: str = "target_s", **axes: float) -> pd.DataFrame:
    """A row for each low, mean and high."""
    rows = [
        {**axes, "label": "a", "other": "b", "quantity": quantity, "pairs": 3, "low": low, "mean": mean, "high": high}
        for low, mean, high in bounds
    ]
    return pd.DataFrame(rows).assign(confidence=0.95)


def column(found: differences.Table, title: str) -> list[Cell]:
    """The cells under a heading."""
    place = [column.title for column in found.columns].index(title)
    return [row[place] for row in found.rows]


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((-5.0, -4.0, -3.0), "told apart"),
        ((3.0, 4.0, 5.0), "told apart"),
        ((-5.0, -2.0, 1.0), "cannot be told apart"),
        ((-4.0, -2.0, 0.0), "cannot be told apart"),
        ((None, -2.0, None), "one pair, no interval"),
        ((None, None, None), "no common seed"),
    ],
)
def test_a_pair_is_told_apart_where_the_interval_leaves_out_zero(bounds: Row, verdict: str) -> None:
    """In words, not by a colour alone."""
    assert column(differences.table(frame(bounds), ()), "verdict") == [Cell(verdict)]


def test_the_difference_stands_with_its_interval() -> None:
    """In short, sorted by the mean; without an interval alone, without a pair as a dash."""
    found = differences.table(frame((-12345.0, -4.5, 3.0), (None, 2.0, None), (None, None, None)), ())
    wanted = [Cell("-4.5", -4.5, "(-12.3k to 3)"), Cell("2", 2.0), Cell("-")]
    assert column(found, "mean difference in time to target [s]") == wanted


def test_several_quantities_have_a_column_and_a_scale_each() -> None:
    """The words are those of the table for people, or the name's own."""
    both = pd.concat([frame((-10.0, -5.0, 0.0)), frame((-1e6, -5e5, 1e6), quantity="final_loss")], ignore_index=True)
    found = differences.table(both, ())
    assert column(found, "in") == [Cell("time to target [s]"), Cell("final loss")]
    first, second = (cell.whisker for cell in column(found, "interval"))
    assert first is not None and second is not None
    assert (first.low, first.zero, first.high) == pytest.approx((0.0, 100.0, 100.0))
    assert (second.low, second.zero, second.high) == pytest.approx((0.0, 50.0, 100.0))


def test_a_picture_grows_with_the_logarithm_away_from_zero() -> None:
    """The smallest mean is the unit of the scale: places are asinh of multiples of it."""
    found = differences.table(frame((-2.0, -1.0, 0.0), (-1e6, -1e3, 0.0)), ())
    near, far = (cell.whisker for cell in column(found, "interval"))
    assert near is not None and far is not None
    assert near.mean == pytest.approx(100.0 * (1.0 - math.asinh(1.0) / math.asinh(1e6)))
    assert far.mean == pytest.approx(100.0 * (1.0 - math.asinh(1e3) / math.asinh(1e6)))
    assert (far.low, far.open) == (0.0, True)  # it ends at zero


def test_what_has_no_interval_has_no_picture() -> None:
    """One pair, no pair, or nothing that differs."""
    for bounds in ((None, -2.0, None), (None, None, None), (0.0, 0.0, 0.0)):
        assert column(differences.table(frame(bounds), ()), "interval") == [Cell("-")]


def test_axes_of_a_sweep_stand_first() -> None:
    """As numbers with every digit."""
    found = differences.table(frame((-5.0, -4.0, -3.0), slowdown=10.0), ("slowdown",))
    assert found.columns[0].title == "slowdown" and found.columns[0].numeric
    assert found.rows[0][0] == Cell("10", 10.0)


def test_the_confidence_is_read_from_the_rows() -> None:
    """As per cent, and each that occurs."""
    assert differences.confidence(frame((-5.0, -4.0, -3.0), (None, None, None))) == "95 %"
    assert differences.confidence(frame((-5.0, -4.0, -3.0)).assign(confidence=[0.999])) == "99.9 %"
