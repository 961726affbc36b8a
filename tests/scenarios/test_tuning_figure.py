"""The figure of a search, by what is in it."""

import warnings

import numpy as np
from matplotlib.figure import Figure

from scenarios import tuning_figure
from scenarios.ranges import Range
from scenarios.trials import Objective
from scenarios.tuning import Candidate, Found, Outcome

OBJECTIVE = Objective("target_s", "time to target [s]", "loss", above=True)
RANGES = {"step_x": Range(0.001, 10.0), "weight": Range(0.0, 1.0, log=False)}


def candidate(number: int, stage: int, step_x: float, value: float | None, fallback: float = 0.5) -> Candidate:
    """With one seed."""
    status = "finished" if value is None else "reached"
    return Candidate(number, stage, {"step_x": step_x, "weight": 0.5}, (Outcome(status, value, fallback),))


def drawn(*candidates: Candidate) -> Figure:
    """The last is the best; nothing may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = tuning_figure.draw({"a_b $": Found(RANGES, (0,), candidates, candidates[-1])}, OBJECTIVE)
        figure.canvas.draw()
    return figure


FIGURE = drawn(candidate(0, 1, 0.1, 4.0), candidate(1, 1, 1.0, None), candidate(2, 2, 0.2, 2.0))


def test_there_is_a_panel_for_each_setting() -> None:
    """With its name below, the objective with its unit beside, and the label above."""
    first, second = FIGURE.axes
    assert (first.get_xlabel(), second.get_xlabel()) == ("step_x", "weight")
    assert (first.get_xscale(), second.get_xscale()) == ("log", "linear")
    assert (first.get_ylabel(), second.get_ylabel()) == ("time to target [s]", "")
    assert first.get_title(loc="left") == "a_b $"


def dots(figure: Figure, lines: slice = slice(None)) -> list[tuple[float, float, str]]:
    """Place, height and marker of all that is drawn in the first panel."""
    found = []
    for line in figure.axes[0].lines[lines]:
        for place, height in np.asarray(line.get_xydata()):
            found.append((float(place), float(height), str(line.get_marker())))
    return found


def test_candidates_stand_where_they_belong() -> None:
    """Both stages, those in force, the best once more, and one without a value at the top; then both ends."""
    found = dots(FIGURE)
    assert found[:5] == [(0.1, 4.0, "o"), (0.2, 2.0, "D"), (1.0, 1.0, "x"), (0.1, 4.0, "s"), (0.2, 2.0, "*")]
    assert [place for place, _, _ in found[5:]] == [0.001, 0.001, 10.0, 10.0]
    assert len(FIGURE.axes[0].patches) == 2


def test_where_nobody_has_a_value_the_metric_at_the_end_is_shown() -> None:
    """As it is, not as it is compared: more is better here; one that diverged has none."""
    figure = drawn(
        candidate(0, 1, 0.1, None, -0.9), candidate(1, 1, 0.2, None, float("inf")), candidate(2, 2, 0.3, None, -0.8)
    )
    assert figure.axes[0].get_ylabel() == "final loss"
    assert [height for _, height, _ in dots(figure, slice(0, 3))] == [0.9, 0.8, 1.0]


def test_values_far_apart_have_a_logarithmic_axis_and_plain_numbers() -> None:
    """A factor of a hundred; no powers of ten for a handful of seconds."""
    figure = drawn(candidate(0, 1, 0.1, 200.0), candidate(1, 1, 0.2, 2.0))
    assert figure.axes[0].get_yscale() == "log"
    assert {"5", "10", "100"} <= {label.get_text() for label in figure.axes[0].get_yticklabels()}


def test_many_settings_take_several_rows() -> None:
    """Six settings and one: two rows of four columns and one more, the empty panels hidden."""
    ranges = {f"step_{k}": Range(0.01, 1.0) for k in range(6)}
    many = Candidate(0, 1, dict.fromkeys(ranges, 0.1), (Outcome("reached", 1.0),))
    few = Candidate(0, 1, {"step_x": 0.1}, (Outcome("reached", 1.0),))
    found = {"many": Found(ranges, (0,), (many,), many), "few": Found({"step_x": Range(0.01, 1.0)}, (0,), (few,), few)}
    figure = tuning_figure.draw(found, OBJECTIVE)
    assert [axes.get_visible() for axes in figure.axes] == [True] * 6 + [False] * 2 + [True] + [False] * 3
    assert [axes.get_xlabel() for axes in figure.axes if axes.get_visible()] == [*ranges, "step_x"]
