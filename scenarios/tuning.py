"""A search for good settings within a budget of runs: successive halving over quasi-random points, twice.

Half of the budget goes to points all over the ranges, the settings in force among them; half to points around the best
of those, 15 % of each range to either side (a factor of 4 of four decades). Each half is a successive halving
(K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016) in
which a candidate's resource is the seeds it is run with: all candidates meet the first seed, the better half of them
the second, a quarter the third and fourth, and so on. Points are scrambled Sobol points, the same for all algorithms
with as many settings, and so are the seeds: differences between algorithms are no luck of the draw.

The search knows nothing of simulation: it calls ``evaluate(values, seeds)``.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from typing import Any

from scipy.stats import qmc

from scenarios.ranges import Range
from simulator.streams import stream

AROUND = 0.15
"""Share of a range, to either side of the best, that the second half looks at."""
BAD = frozenset({"diverged", "stalled", "failed", "not_applicable"})
"""Endings that rank last among runs without the value that is asked for."""

Values = Mapping[str, float | int]
"""Settings by name. Those in force may leave out settings that have no number."""


@dataclass(frozen=True)
class Outcome:
    """What one run is worth. Less is better."""

    status: str
    value: float | None
    """What is minimised, such as the time to the target; None where the run does not have it."""
    fallback: float = math.inf
    """What decides between candidates of which none has the value, such as the metric at the end."""
    row: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What else is known of the run, for a table of all."""


Evaluate = Callable[[Sequence[Values], Sequence[int]], list[Outcome]]
"""Outcomes of each of the settings with each of the seeds: those of the first settings first."""


@dataclass(frozen=True)
class Candidate:
    """Settings that were tried."""

    number: int
    """From 0, which are the settings in force."""
    stage: int
    """1: from the whole ranges, 2: from around the best of those."""
    values: Values
    outcomes: tuple[Outcome, ...]
    """With the first of the seeds, as many as it was given."""

    @property
    def value(self) -> float | None:
        """Median over the seeds that have the value; None if none has."""
        there = [outcome.value for outcome in self.outcomes if outcome.value is not None]
        return median(there) if there else None

    @property
    def fallback(self) -> float:
        """Median over the seeds."""
        return median(outcome.fallback for outcome in self.outcomes)

    @property
    def reached(self) -> int:
        """How many seeds have the value."""
        return sum(outcome.value is not None for outcome in self.outcomes)

    @property
    def bad(self) -> int:
        """How many runs ended as none should."""
        return sum(outcome.status in BAD for outcome in self.outcomes)

    @property
    def rank(self) -> tuple[float, ...]:
        """The smallest is the best among candidates with equally many seeds."""
        value = math.inf if self.value is None else self.value
        return (-self.reached, value, self.bad, self.fallback, self.number)


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    ranges: Mapping[str, Range]
    seeds: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    best: Candidate

    @property
    def runs(self) -> int:
        """How many runs it took."""
        return sum(len(candidate.outcomes) for candidate in self.candidates)

    @property
    def edges(self) -> dict[str, str]:
        """Settings of the best that lie at an edge of their range which could be moved, and which edge."""
        sides = {name: self.ranges[name].edge(value) for name, value in self.best.values.items()}
        return {name: side for name, side in sides.items() if side is not None}

    @property
    def warnings(self) -> list[str]:
        """What makes the result doubtful, a sentence each."""
        told = [
            f"{name} = {self.best.values[name]:g} lies at the {side} edge of its range {self.ranges[name]}: "
            "better settings may lie beyond"
            for name, side in self.edges.items()
        ]
        if self.best.reached == 0:
            return ["no settings that were tried came to the value that is asked for", *told]
        return told


@dataclass(frozen=True)
class Rung:
    """A step of a halving: so many candidates, each with its first so many seeds."""

    candidates: int
    seeds: int


def least(seeds: int) -> int:
    """The smallest budget of a search: two halvings between two candidates each, one of which gets all seeds."""
    return 2 * (seeds + 1)


def rungs(budget: int, seeds: int) -> tuple[Rung, ...]:
    """The steps of one halving that takes exactly ``budget`` runs, at least ``seeds + 1``.

    Runs that do not make up a whole candidate of every step are given to the first, as further candidates.
    """
    counts = [1]
    while counts[-1] < seeds:
        counts.append(min(2 * counts[-1], seeds))
    first = max(n for n in range(2, budget + 1) if _cost(n, counts) <= budget)
    spare = budget - _cost(first, counts)
    return tuple(Rung(max(1, first >> step) + (spare if step == 0 else 0), count) for step, count in enumerate(counts))


def _cost(candidates: int, counts: Sequence[int]) -> int:
    """Runs of a halving that begins with so many candidates; each step runs only the seeds that are new."""
    fresh = [count - before for before, count in zip([0, *counts], counts, strict=False)]
    return sum(max(1, candidates >> step) * runs for step, runs in enumerate(fresh))


def search(
    ranges: Mapping[str, Range], in_force: Values, budget: int, seeds: Sequence[int], evaluate: Evaluate
) -> Found:
    """The best settings that ``budget`` runs find, at least ``least(len(seeds))`` of them; it takes exactly as many."""
    whole = dict.fromkeys(ranges, (0.0, 1.0))
    plan = rungs((budget + 1) // 2, len(seeds))
    points = [in_force, *_points(ranges, whole, plan[0].candidates - 1, stage=1)]
    first = _halve(1, dict(enumerate(points)), plan, seeds, evaluate)
    best = _best(first, len(seeds))
    plan = rungs(budget // 2, len(seeds))
    box = {name: _around(found, best.values.get(name)) for name, found in ranges.items()}
    points = _points(ranges, box, plan[0].candidates, stage=2)
    second = _halve(2, dict(enumerate(points, len(first))), plan, seeds, evaluate)
    tried = (*first, *second)
    return Found(ranges, tuple(seeds), tried, _best(tried, len(seeds)))


def _best(candidates: Sequence[Candidate], seeds: int) -> Candidate:
    """Among those that were given all seeds."""
    return min((one for one in candidates if len(one.outcomes) == seeds), key=lambda one: one.rank)


def _around(found: Range, value: float | None) -> tuple[float, float]:
    """The places in a range that are near a value; all of them where there is none."""
    if value is None:
        return 0.0, 1.0
    place = min(max(found.share(value), 0.0), 1.0)
    return max(0.0, place - AROUND), min(1.0, place + AROUND)


def _points(
    ranges: Mapping[str, Range], box: Mapping[str, tuple[float, float]], count: int, stage: int
) -> list[Values]:
    """So many settings from a box of places: the first points of a scrambled Sobol sequence."""
    sequence = qmc.Sobol(len(ranges), scramble=True, seed=stream(0, "tuning", stage))
    unit = sequence.random_base2(math.ceil(math.log2(max(1, count))))[:count]
    return [
        {
            name: found.at(box[name][0] + (box[name][1] - box[name][0]) * float(place))
            for (name, found), place in zip(ranges.items(), point, strict=True)
        }
        for point in unit
    ]


def _halve(
    stage: int, points: Mapping[int, Values], plan: Sequence[Rung], seeds: Sequence[int], evaluate: Evaluate
) -> list[Candidate]:
    """All candidates with what they came to, in the order of their numbers."""
    tried = {number: Candidate(number, stage, values, ()) for number, values in points.items()}
    left = list(tried.values())
    done = 0
    for rung in plan:
        fresh = seeds[done : rung.seeds]
        outcomes = iter(evaluate([one.values for one in left[: rung.candidates]], fresh))
        left = [
            dataclasses.replace(one, outcomes=(*one.outcomes, *islice(outcomes, len(fresh))))
            for one in left[: rung.candidates]
        ]
        tried |= {one.number: one for one in left}
        left.sort(key=lambda one: one.rank)
        done = rung.seeds
    return list(tried.values())
