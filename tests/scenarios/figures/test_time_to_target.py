"""How long the target took."""

import pandas as pd

from scenarios import figures


def test_dots_say_who_never_reached_the_target(ran: pd.DataFrame) -> None:
    """In words, since there is no dot."""
    words = [text.get_text() for text in figures.time_to_target(ran).axes[0].texts]
    assert words == ["not reached: 2 of 2", "not reached: 2 of 2"]


def test_a_bar_stands_at_the_median(ran: pd.DataFrame) -> None:
    """Of 3 s and 4 s."""
    (axes,) = figures.time_to_target(ran).axes
    dots, bar = axes.lines[:2]
    assert dots.get_xdata().tolist() == [3.0, 4.0]
    assert list(bar.get_xdata()) == [3.5, 3.5]
    assert axes.get_xlabel() == "simulated time to the target [s]"


def test_times_far_apart_stand_on_a_logarithmic_axis(ran: pd.DataFrame) -> None:
    """From a factor of fifteen on."""
    table = ran.copy()
    assert figures.time_to_target(table).axes[0].get_xscale() == "linear"
    table.loc[table["label"] == "dsoba", "target_s"] = 100.0
    assert figures.time_to_target(table).axes[0].get_xscale() == "log"
