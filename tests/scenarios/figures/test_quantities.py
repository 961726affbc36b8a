"""Columns in words."""

from scenarios import tables
from scenarios.figures.metric import Metric
from scenarios.figures.quantities import AXES, LARGE, TO_TARGET, words


def test_columns_are_those_of_the_tables() -> None:
    """Nothing is named that no table has."""
    assert set(AXES) <= set(tables.HISTORY_COLUMNS)
    assert set(TO_TARGET) <= set(tables.RUN_COLUMNS)
    assert set(LARGE) <= set(AXES) | set(TO_TARGET)


def test_words_carry_units() -> None:
    """Of costs, of the metric, and, as far as a name goes, of anything."""
    metric = Metric("loss", "nat")
    assert words("target_s", metric) == "simulated time to the target [s]"
    assert words("bits_sent", metric) == "bits sent [bit]"
    assert words("loss", metric) == "final loss [nat]"
    assert words("messages_lost", metric) == "messages lost"
