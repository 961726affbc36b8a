"""The search for settings, on formulas in place of simulations."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios import tuning
from scenarios.ranges import Range
from scenarios.tuning import Candidate, Found, Outcome, Rung, Values, rungs, search

RANGES = {"step_x": Range(1e-3, 10.0, least=0.0), "step_y": Range(1e-2, 100.0, least=0.0)}
IN_FORCE = {"step_x": 0.1, "step_y": 1.0}


class Formula:
    """A bowl in the logarithms of two steps; counts its runs, and each seed has a shift that all candidates share."""

    def __init__(self, step_x: float, step_y: float) -> None:
        self.best = {"step_x": step_x, "step_y": step_y}
        self.calls: list[tuple[Values, int]] = []

    def __call__(self, values: Sequence[Values], seeds: Sequence[int]) -> list[Outcome]:
        self.calls += [(one, seed) for one in values for seed in seeds]
        return [
            Outcome("reached", 10.0 + seed + sum(math.log(one[name] / self.best[name]) ** 2 for name in one))
            for one in values
            for seed in seeds
        ]


def candidate(number: int, *outcomes: Outcome) -> Candidate:
    """With no settings of interest."""
    return Candidate(number, 1, {}, outcomes)


# --- the budget


def test_a_halving_of_twenty_runs_over_two_seeds() -> None:
    """13 + 6 = 19 runs, and the one that is left over is one more candidate: 14 with a seed each, 6 with a second."""
    assert rungs(20, 2) == (Rung(14, 1), Rung(6, 2))
    assert rungs(3, 2) == (Rung(2, 1), Rung(1, 2))
    assert rungs(7, 1) == (Rung(7, 1),)
    assert [rung.seeds for rung in rungs(60, 5)] == [1, 2, 4, 5]


@given(st.integers(1, 9), st.integers(0, 100))
def test_a_search_takes_exactly_its_budget(seeds: int, more: int) -> None:
    """Whatever the number of seeds; no candidate meets a seed twice, and the settings in force are the first."""
    budget = tuning.least(seeds) + more
    formula = Formula(0.02, 3.0)
    found = search(RANGES, IN_FORCE, budget, range(seeds), formula)
    assert len(formula.calls) == found.runs == budget
    assert found.candidates[0].values == IN_FORCE
    assert [one.number for one in found.candidates] == list(range(len(found.candidates)))
    assert len(found.best.outcomes) == seeds
    of_candidates = [(number, seed) for number, one in enumerate(found.candidates) for seed in range(len(one.outcomes))]
    assert len(of_candidates) == budget


def test_both_halves_get_half_of_it() -> None:
    """One run more for the first where it is odd."""
    found = search(RANGES, IN_FORCE, 41, (0, 1), Formula(0.02, 3.0))
    runs = {stage: sum(len(one.outcomes) for one in found.candidates if one.stage == stage) for stage in (1, 2)}
    assert runs == {1: 21, 2: 20}


# --- what it finds


@pytest.mark.parametrize(("step_x", "step_y"), [(0.02, 3.0), (0.3, 0.2), (0.05, 20.0)])
def test_a_known_optimum_is_found(step_x: float, step_y: float) -> None:
    """Of two settings within a factor of two by 40 runs, where the ranges are four decades wide; and no warning."""
    found = search(RANGES, IN_FORCE, 40, (0, 1), Formula(step_x, step_y))
    assert 0.5 < found.best.values["step_x"] / step_x < 2.0
    assert 0.5 < found.best.values["step_y"] / step_y < 2.0
    assert found.best.stage == 2
    assert found.warnings == []


@pytest.mark.parametrize(
    ("step_x", "step_y", "edges"),
    [
        (1e-4, 1.0, {"step_x": "lower"}),
        (100.0, 1.0, {"step_x": "upper"}),
        (0.1, 1e4, {"step_y": "upper"}),
        (1e3, 1e-5, {"step_x": "upper", "step_y": "lower"}),
    ],
)
def test_an_optimum_beyond_the_range_is_never_taken_without_a_warning(
    step_x: float, step_y: float, edges: dict[str, str]
) -> None:
    """For the setting that it is about, and the side."""
    found = search(RANGES, IN_FORCE, 60, (0, 1), Formula(step_x, step_y))
    assert found.edges == edges
    assert len(found.warnings) == len(edges)
    for name, side in edges.items():
        assert any(name in told and f"at the {side} edge of its range" in told for told in found.warnings)


def test_where_the_setting_itself_ends_nothing_lies_beyond() -> None:
    """A weight of one is no edge that could be moved."""
    weight = {"averaging": Range(0.0, 1.0, log=False, least=0.0, most=1.0)}

    def evaluate(values: Sequence[Values], seeds: Sequence[int]) -> list[Outcome]:
        return [Outcome("reached", 2.0 - one["averaging"]) for one in values for _ in seeds]

    found = search(weight, {"averaging": 1.0}, 20, (0,), evaluate)
    assert (found.best.number, found.best.values, found.warnings) == (0, {"averaging": 1.0}, [])


def test_settings_in_force_that_nothing_beats_stay() -> None:
    """They are a candidate like any other."""
    found = search(RANGES, IN_FORCE, 40, (0, 1), Formula(0.1, 1.0))
    assert (found.best.number, dict(found.best.values)) == (0, IN_FORCE)


def test_a_setting_without_a_number_in_force_is_searched_all_over() -> None:
    """Such as a step that is another's unless it is given."""
    found = search(RANGES, {"step_x": 0.1}, 20, (0,), lambda values, seeds: [Outcome("reached", 1.0)] * len(values))
    assert dict(found.best.values) == {"step_x": 0.1}
    near = [one.values for one in found.candidates if one.stage == 2]
    assert all(0.1 / 4.1 < one["step_x"] < 0.1 * 4.1 for one in near)
    assert max(one["step_y"] for one in near) / min(one["step_y"] for one in near) > 1000


def test_luck_on_the_first_seed_is_not_enough() -> None:
    """A candidate that is best on seed 0 and does not come to the value on seed 1 loses."""

    def outcome(step_x: float, seed: int) -> Outcome:
        lucky = step_x < 0.01
        return Outcome("finished", None) if lucky and seed else Outcome("reached", 1.0 if lucky else 5.0)

    def evaluate(values: Sequence[Values], seeds: Sequence[int]) -> list[Outcome]:
        return [outcome(one["step_x"], seed) for one in values for seed in seeds]

    found = search(RANGES, IN_FORCE, 40, (0, 1), evaluate)
    assert any(one.values["step_x"] < 0.01 and one.outcomes[0].value == 1.0 for one in found.candidates)
    assert found.best.values["step_x"] >= 0.01
    assert found.best.reached == 2


def test_the_same_search_gives_the_same_points_for_any_two_settings() -> None:
    """The same places in their ranges, whatever these are; and again the same."""
    other = {name: Range(range_.low * 10, range_.high * 10) for name, range_ in RANGES.items()}
    here, there = (
        search(ranges, IN_FORCE, 20, (0,), lambda values, seeds: [Outcome("reached", 1.0)] * len(values)).candidates
        for ranges in (RANGES, other)
    )
    first = [(one.values["step_x"], one.values["step_y"]) for one in here if one.stage == 1][1:]
    second = [(one.values["step_x"] / 10, one.values["step_y"] / 10) for one in there if one.stage == 1][1:]
    assert first == [pytest.approx(pair) for pair in second]
    assert len(set(first)) == len(first)


# --- who is better


def test_candidates_are_ranked_by_seeds_reached_then_time_then_what_is_left() -> None:
    """More seeds before less time; among those without any, bad endings last, then the fallback, then the first."""
    sure = candidate(9, Outcome("reached", 5.0), Outcome("reached", 7.0))
    slower = candidate(8, Outcome("reached", 6.0), Outcome("reached", 8.0))
    fast = candidate(7, Outcome("reached", 1.0), Outcome("finished", None, 0.1))
    close = candidate(6, Outcome("finished", None, 0.2), Outcome("finished", None, 0.2))
    far = candidate(5, Outcome("finished", None, 0.9), Outcome("finished", None, 0.9))
    stuck = candidate(4, Outcome("stalled", None, 0.1), Outcome("finished", None, 0.1))
    blown = candidate(2, Outcome("diverged", None), Outcome("diverged", None))
    again = candidate(3, Outcome("diverged", None), Outcome("diverged", None))
    order = [sure, slower, fast, close, far, stuck, blown, again]
    assert sorted(reversed(order), key=lambda one: one.rank) == order
    assert (sure.value, sure.reached, blown.value, blown.bad) == (6.0, 2, None, 2)


def test_where_nothing_comes_to_the_value_that_is_said() -> None:
    """Before any edge."""
    best = candidate(0, Outcome("finished", None, 0.3))
    assert Found({}, (0,), (best,), best).warnings == [
        "no settings that were tried came to the value that is asked for"
    ]
