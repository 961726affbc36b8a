"""The main figure, from frames made by hand."""

import pandas as pd
import pytest

from scenarios import figures
from scenarios.figures.style import styles


def test_the_main_figure_has_four_panels_with_one_axis(
    ran: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric
) -> None:
    """Against rounds, seconds, bits and calls; labels carry units; a line for each algorithm, and the target."""
    figure = figures.progress(ran, history, metric, "Who?")
    assert [axes.get_xlabel() for axes in figure.axes] == [*figures.AXES.values()]
    assert figure.axes[0].get_ylabel() == "loss [nat]"
    assert figure.axes[0].get_yscale() == "log"
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["soba", "dsoba", "exploding", "target", "stalled", "diverged"]


def test_what_explodes_does_not_flatten_the_rest(
    ran: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric
) -> None:
    """The axis ends ten times above where runs began."""
    top = figures.progress(ran, history, metric).axes[0].get_ylim()[1]
    assert top == pytest.approx(10 * 1.1)


def test_one_point_and_no_point_are_no_trouble(
    ran: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric
) -> None:
    """A run that ends before its first round still gives a figure."""
    single = history[history["round"] == 0]
    for points in (single, single.iloc[:0]):
        figures.progress(ran, points, metric).canvas.draw()


def test_where_nothing_went_anywhere_an_axis_has_a_length(
    ran: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric
) -> None:
    """Runs that ended before the first round."""
    start = history[history["round"] == 0]
    assert figures.progress(ran, start, metric).axes[0].get_xlim() == (0.0, 1.0)


def test_an_algorithm_keeps_its_colour_where_another_is_missing(
    ran: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric, labels: tuple[str, ...]
) -> None:
    """At a point of a sweep where the first cannot be run."""
    look = styles(labels)
    figure = figures.progress(ran[ran["label"] != "soba"], history, metric, look=look)
    assert figure.axes[0].lines[0].get_color() == look["dsoba"].colour != styles(["dsoba"])["dsoba"].colour
