"""Seconds against bits."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba

from scenarios import figures
from scenarios.figures.tradeoff import DOMINATED, front

Swept = Callable[..., pd.DataFrame]
COSTS = {"fast": (1.0, 9), "between": (2.0, 4), "frugal": (4.0, 1), "beaten": (3.0, 5)}


def table(swept: Swept) -> pd.DataFrame:
    """Four algorithms, three seeds; one does not reach the target with its last seed."""
    labels = tuple(COSTS)
    found = swept({}, lambda label, seed: COSTS[label][0] + 0.1 * seed, labels)
    found["target_bits"] = [COSTS[label][1] * 1000 for label in found["label"]]
    found.loc[(found["label"] == "beaten") & (found["seed"] == 2), ["target_s", "target_bits"]] = None
    return found


def test_the_front_holds_those_that_no_other_beats_in_both() -> None:
    """One that only equals another does not, nor does a second one at the same place."""
    costs = [np.array(pair) for pair in ([3.0, 1.0], [1.0, 5.0], [2.0, 5.0], [2.0, 3.0], [2.0, 3.0], [4.0, 1.0])]
    assert front(costs).tolist() == [[1.0, 5.0], [2.0, 3.0], [3.0, 1.0]]
    assert front([]).shape == (0, 2)


def test_marks_stand_at_the_medians_and_the_beaten_are_paler(swept: Swept) -> None:
    """With units on both axes; whiskers are the range."""
    (axes,) = figures.tradeoff(table(swept)).axes
    marks = {line.get_color(): line for line in axes.lines if line.get_marker() != "None"}
    look = figures.styles(list(COSTS))
    places = {
        label: (*marks[style.colour].get_xdata(), *marks[style.colour].get_ydata()) for label, style in look.items()
    }
    assert places == {"fast": (1.1, 9e3), "between": (2.1, 4e3), "frugal": (4.1, 1e3), "beaten": (3.05, 5e3)}
    assert {label: marks[style.colour].get_alpha() for label, style in look.items()} == {
        "fast": 1.0,
        "between": 1.0,
        "frugal": 1.0,
        "beaten": DOMINATED,
    }
    assert axes.collections[0].get_segments()[0].tolist() == [[1.0, 9e3], [1.2, 9e3]]
    assert axes.collections[0].get_edgecolor()[0].tolist() == [*to_rgba(look["fast"].colour)]
    assert axes.get_xlabel() == "simulated time to the target [s]"
    assert axes.get_ylabel() == "bits sent to the target [bit]"


def test_the_front_is_drawn_in_steps_from_edge_to_edge(swept: Swept) -> None:
    """Down from the top above the fastest, and on to the right beside the most frugal."""
    (axes,) = figures.tradeoff(table(swept)).axes
    (steps,) = (line for line in axes.lines if line.get_drawstyle() == "steps-post")
    assert steps.get_xdata().tolist() == [1.1, 1.1, 2.1, 4.1, axes.get_xlim()[1]]
    assert steps.get_ydata().tolist() == [axes.get_ylim()[1], 9e3, 4e3, 1e3, 1e3]


def test_the_legend_counts_who_reached_the_target(swept: Swept) -> None:
    """Unless everybody did; one that never did is in it, with no mark."""
    found = table(swept)
    found.loc[found["label"] == "fast", "target_s"] = None
    figure = figures.tradeoff(found)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == [
        "fast (target reached: 0 of 3)",
        "between",
        "frugal",
        "beaten (target reached: 2 of 3)",
        "Pareto front of the medians",
    ]
    assert len([line for line in figure.axes[0].lines if line.get_marker() != "None"]) == 3


def test_costs_far_apart_stand_on_logarithmic_axes(swept: Swept, tmp_path: Path) -> None:
    """Each axis for itself; others begin at zero."""
    found = table(swept)
    found.loc[found["label"] == "fast", "target_bits"] = 10**6
    figure = figures.tradeoff(found)
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    assert axes.get_xlim()[0] == 0.0
    figures.save({"tradeoff": figure}, tmp_path)
