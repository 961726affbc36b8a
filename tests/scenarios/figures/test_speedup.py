"""How much sooner more agents are there."""

from collections.abc import Callable

import pandas as pd
import pytest

from scenarios import figures
from scenarios.figures.facets import facets
from scenarios.figures.speedup import numbers_of_agents, quotients

Swept = Callable[..., pd.DataFrame]
AXIS = "network.topology.agents"


def seconds(label: str, seed: int, agents: float) -> float | None:
    """soba is as fast as its agents are many; dsoba does not reach the target with four of them, but for one seed."""
    if label == "soba":
        return (10.0 + seed) / agents
    return None if agents == 4.0 and seed > 0 else 5.0 + agents


@pytest.fixture
def table(swept: Swept) -> pd.DataFrame:
    """Four, eight and sixteen agents."""
    return swept({AXIS: [8.0, 4.0, 16.0]}, seconds)


def test_numbers_of_agents_are_told_by_their_key(swept: Swept) -> None:
    """Of the network, or of an algorithm's own topology."""
    keys = [AXIS, "network.topology.workers", "algorithms.12.topology.agents", "algorithms.0.wait.k", "network.loss"]
    found = swept({key: [1.0] for key in keys}, lambda *_: 1.0)
    assert numbers_of_agents(found) == keys[:3]


def test_quotients_are_taken_seed_by_seed(table: pd.DataFrame) -> None:
    """Against the fewest agents; a seed that lacks one of the two times has none."""
    (facet,) = facets(table, AXIS)
    assert quotients(facet, AXIS, "soba").to_numpy().tolist() == [[1.0] * 3, [2.0] * 3, [4.0] * 3]
    found = quotients(facet, AXIS, "dsoba")
    assert found[0].tolist() == pytest.approx([1.0, 9 / 13, 9 / 21])
    assert found[[1, 2]].isna().all(axis=None)


def test_who_never_reached_the_target_with_the_fewest_has_no_quotients(table: pd.DataFrame) -> None:
    """And the legend says so."""
    without = table.assign(target_s=table["target_s"].mask((table["label"] == "dsoba") & (table[AXIS] == 4.0)))
    (facet,) = facets(without, AXIS)
    assert quotients(facet, AXIS, "dsoba").empty
    figure = figures.speedup(without, AXIS)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["soba", "dsoba (target not reached with 4)", "ideal"]
    assert len(figure.axes[0].lines) == 2


def test_lines_stand_beside_the_ideal_one(table: pd.DataFrame) -> None:
    """Which is n / 4 here."""
    (axes,) = figures.speedup(table, AXIS, "Who?").axes
    assert [line.get_ydata().tolist() for line in axes.lines[:2]] == [[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]
    assert axes.lines[0].get_xdata().tolist() == [4.0, 8.0, 16.0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (f"{AXIS} (n)", "speed-up: T(4) / T(n) [1]")
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_ylim()[0]) == ("linear", "linear", 0.0)


def test_numbers_far_apart_make_both_axes_logarithmic(swept: Swept) -> None:
    """So that the ideal line is straight."""
    table = swept({AXIS: [4.0, 16.0, 256.0]}, lambda label, seed, agents: 100.0 / agents)
    (axes,) = figures.speedup(table, AXIS).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
