"""Explanations of runs: by hand where that is possible, and exact for what the catalogue runs."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scenarios import loader
from scenarios.build import build
from scenarios.errors import ScenarioError
from scenarios.explain import UNFINISHED, UNSEEN, Explanation, explain
from scenarios.scenario import Scenario
from simulator.run import simulate

SHORT: dict[str, dict[str, Any]] = {
    "demo": {"stop.simulated_seconds": 2.0, "record.metrics": ["upper_objective"], "target.metric": "upper_objective"},
    "a_worker_comes_back": {"stop.rounds": 60},
    "lossy_links": {"stop.rounds": 40},
}
"""Catalogue scenarios that last a second."""


@pytest.fixture
def small(written: Callable[..., Path], text: str) -> Callable[..., Scenario]:
    """The small scenario on a network that takes no time, its target out of reach, with changes."""

    def load(**changes: Any) -> Scenario:
        free = text.replace('latency_s = { distribution = "lognormal", mean = 0.05, sigma = 0.8 }', "")
        path = written(free.replace("bandwidth_mbit_s = 100.0", ""))
        named = {key.replace("__", "."): value for key, value in changes.items()}
        return loader.load(path, {"target.below": 1e-9} | named)

    return load


def exact(explanation: Explanation) -> None:
    """Assert that the parts are the time: without gap, and without rounding."""
    pieces = [part.piece for part in explanation.parts]
    assert pieces[0].start == 0.0
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert sum(Fraction(piece.end) - Fraction(piece.start) for piece in pieces) == Fraction(explanation.makespan)


def rows(explanation: Explanation) -> list[tuple[Any, ...]]:
    """The table, with seconds and shares to six digits."""
    table = explanation.table.round({"seconds": 6, "share": 6})
    return [*table.itertuples(index=False, name=None)]


def test_all_time_goes_to_the_straggler(small: Callable[..., Scenario]) -> None:
    """Six rounds of 0.1 s, one worker ten times slower, nothing else: two rows."""
    scenario = small()
    found = explain(scenario, scenario.entries[0], 0)
    assert (found.until, found.makespan) == ("the end of the run", pytest.approx(6.0))
    assert rows(found) == [
        ("slowed down", "worker 3", "stragglers.0", 5.4, 0.9, 6),
        ("computing", "worker 3", "compute.seconds_per_step", 0.6, 0.1, 6),
    ]
    assert [*found.kinds.itertuples(index=False, name=None)][1][0] == "computing"
    exact(found)


def test_a_crash_is_told_with_what_it_cost(small: Callable[..., Scenario]) -> None:
    """The straggler crashes at 2.5 s for a second, half through its third step."""
    scenario = small(failures__0__at_s=2.5, failures__0__agents=[3])
    assert rows(explain(scenario, scenario.entries[0], 0)) == [
        ("slowed down", "worker 3", "stragglers.0", 5.4, 0.72, 6),
        ("down", "worker 3", "failures.0", 1.0, 0.133333, 1),
        ("computing", "worker 3", "compute.seconds_per_step", 0.6, 0.08, 6),
        ("lost work", "worker 3", "failures.0", 0.5, 0.066667, 1),
    ]


def test_a_link_is_named_in_its_direction(small: Callable[..., Scenario]) -> None:
    """Latency down to the straggler and up again, round after round."""
    scenario = small(network__latency_s=1.0)
    table = explain(scenario, scenario.entries[0], 0).table
    latency = table[table["what"] == "latency"]
    assert {*zip(latency["who"], latency["because"], latency["times"], strict=True)} == {
        ("link the server -> worker 3", "network.latency_s", 6),
        ("link worker 3 -> the server", "network.latency_s", 6),
    }


def test_a_round_is_explained_up_to_its_completion(small: Callable[..., Scenario]) -> None:
    """Round 4 of 6; and a round that the run did not complete is refused."""
    scenario = small()
    found = explain(scenario, scenario.entries[0], 0, round_=4)
    assert (found.until, found.makespan) == ("round 4", pytest.approx(4.0))
    with pytest.raises(ScenarioError, match="K = 7: must be a round that the run completed; it completed 6"):
        explain(scenario, scenario.entries[0], 0, round_=7)


def test_the_target_is_what_counts_where_it_was_reached(small: Callable[..., Scenario]) -> None:
    """By rounds it is met at a report, by seconds a while after: that while has a name."""
    by_round = small(target__below=0.9)
    found = explain(by_round, by_round.entries[0], 0)
    assert found.until == "the target"
    assert UNSEEN not in {part.piece.what for part in found.parts}
    by_time = small(target__below=0.9, record={"every_s": 0.75})
    found = explain(by_time, by_time.entries[0], 0)
    assert found.makespan % 0.75 == 0.0
    last = found.parts[-1]
    assert (last.piece.what, last.who, last.because) == (UNSEEN, "everybody", "record")
    assert 0.0 < last.seconds < 0.75
    exact(found)


def test_a_run_that_its_time_limit_ends_has_a_rest(small: Callable[..., Scenario]) -> None:
    """Half of the third round was done: it is what ran on after the last report."""
    scenario = small(stop__simulated_seconds=2.5)
    found = explain(scenario, scenario.entries[0], 0)
    assert found.makespan == 2.5
    last = found.parts[-1]
    assert (last.piece.what, last.because, last.seconds) == (UNFINISHED, "stop", pytest.approx(0.5))
    exact(found)


def test_a_stalled_run_is_explained_to_its_stall(small: Callable[..., Scenario]) -> None:
    """The others waited from 2.5 s on, when the straggler died for good."""
    scenario = small(failures=[{"kind": "crash", "agents": [3], "at_s": 2.5}])
    found = explain(scenario, scenario.entries[0], 0)
    assert found.makespan == 2.5
    assert (found.parts[-1].piece.what, found.parts[-1].because) == (UNFINISHED, "the run stalled")
    exact(found)


def test_a_round_that_a_death_completes_names_the_failure(small: Callable[..., Scenario]) -> None:
    """Gossip without waiting: the straggler's report of round 2 is missing until it dies at 1.5 s."""
    scenario = small(wait={"policy": "latest"}, failures=[{"kind": "crash", "agents": [3], "at_s": 1.5}])
    found = explain(scenario, scenario.entries[1], 0, round_=2)
    assert found.makespan == 1.5
    assert (found.parts[-1].piece.what, found.parts[-1].because) == (UNSEEN, "failures.0")
    assert found.parts[-1].seconds == pytest.approx(1.3)


def test_a_run_that_reported_nothing_is_explained_too(small: Callable[..., Scenario]) -> None:
    """From whatever happened last: here from the start, since the first step has not ended."""
    scenario = small(stop__simulated_seconds=0.05)
    found = explain(scenario, scenario.entries[1], 0)
    assert found.makespan == 0.05
    exact(found)


@pytest.mark.parametrize("name", SHORT)
def test_the_parts_are_exactly_the_time_whatever_the_catalogue_runs(name: str) -> None:
    """Every algorithm of three scenarios with stragglers, a crash that loses memory, and lossy links: the shares are
    the whole, and everything has a key to blame.
    """
    scenario = loader.load(name, SHORT[name])
    for entry in scenario.entries:
        found = explain(scenario, entry, 0)
        exact(found)
        assert found.table["share"].sum() == pytest.approx(1.0)
        assert found.table["times"].sum() == len(found.parts)
        assert (found.table["because"] != "").all()


@pytest.mark.parametrize("position", range(4))
def test_rounds_end_when_the_history_says_so(position: int) -> None:
    """Also those that end while a worker is down, with a server and without, whether it is waited for or not."""
    scenario = loader.load("a_worker_comes_back", SHORT["a_worker_comes_back"])
    entry = scenario.entries[position]
    outcome = simulate(build(scenario, entry, 0))
    points = [point for point in outcome.points if point["axis"] == "round" and point["simulated_s"] > 5.0]
    for point in points[0], points[-1]:
        found = explain(scenario, entry, 0, point["round"], outcome.fingerprint)
        assert found.makespan == point["simulated_s"]
        exact(found)


def test_another_fingerprint_is_refused(small: Callable[..., Scenario]) -> None:
    """In a sentence: the code is not the one that made the run."""
    scenario = small()
    with pytest.raises(ScenarioError, match="the run of soba with seed 1 does not come out again"):
        explain(scenario, scenario.entries[0], 1, fingerprint="another")


def test_what_cannot_be_run_cannot_be_explained(written: Callable[..., Path], text: str) -> None:
    """A server method on a ring: the scenario's own sentence."""
    scenario = loader.load(written(text.replace('topology = { name = "star" }\n', "")))
    refused = next(entry for entry in scenario.entries if entry.refused)
    with pytest.raises(ScenarioError, match="soba"):
        explain(scenario, refused, 0)
