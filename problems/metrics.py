"""Metrics of one global iterate (x, y) of the averaged problem; those that need y*(x) share one exact solve."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np

from problems.base import Array, Metric, Problem
from problems.errors import ProblemError, unknown
from problems.reference import envelope_gap, norm

GAMMA = 0.5
"""Parameter of the Moreau envelope in ``envelope_gap``."""
RESIDUAL = 1e-9
"""Length of the gradient at which the search for the envelope ends."""


class Point:
    """One global iterate and what several metrics of it share."""

    def __init__(self, problem: Problem, x: Array, y: Array) -> None:
        self.problem = problem
        self.average = problem.average()
        self.x = np.asarray(x, problem.dtype)
        self.y = np.asarray(y, problem.dtype)

    @cached_property
    def y_star(self) -> Array:
        """y*(x)."""
        return self.problem.lower_solution(self.x, self.y)

    @cached_property
    def y_afresh(self) -> Array:
        """y*(x) found without regard to y; differs from y*(x) where the lower level has several solutions."""
        return self.problem.lower_solution(self.x)

    @cached_property
    def hypergradient(self) -> Array:
        """grad F(x)."""
        return self.problem.hypergradient(self.x, self.y_star)


Measure = Callable[[Point], float]
Entry = tuple[Metric, Measure]


COMMON: Mapping[str, Entry] = {
    "upper_objective": (
        Metric("mean over agents of f_i(x, y)"),
        lambda at: float(at.average.upper_value(at.x, at.y)),
    ),
    "lower_objective": (
        Metric("mean over agents of g_i(x, y)"),
        lambda at: float(at.average.lower_value(at.x, at.y)),
    ),
    "lower_residual": (
        Metric("norm of the mean over agents of grad_y g_i(x, y)"),
        lambda at: norm(at.average.lower_grad_y(at.x, at.y)),
    ),
    "envelope_gap": (
        Metric(f"G - V at (x, y), V being the Moreau envelope of the mean lower objective G with gamma = {GAMMA}"),
        lambda at: envelope_gap(at.average, at.x, at.y, GAMMA, RESIDUAL),
    ),
    "upper_objective_resolved": (
        Metric("F(x): mean over agents of f_i(x, y*(x)), the lower level solved again exactly"),
        lambda at: float(at.average.upper_value(at.x, at.y_star)),
    ),
    "hypergradient_norm": (
        Metric("norm of grad F(x), the lower level and its adjoint solved exactly"),
        lambda at: norm(at.hypergradient),
    ),
}
"""The metrics of every problem."""


def _best(at: Point, metric: str) -> Array:
    best = at.problem.optimum()
    if best is None:
        raise ProblemError(f"{metric} needs a problem whose optimum is known")
    return best[0]


def _distance(at: Point) -> float:
    return norm(at.x - _best(at, "distance_to_optimum"))


def _relative_distance(at: Point) -> float:
    best = _best(at, "relative_distance_to_optimum")
    return norm(at.x - best) / norm(best)


OPTIMUM: Mapping[str, Entry] = {
    "distance_to_optimum": (Metric("|x - x*|"), _distance),
    "relative_distance_to_optimum": (Metric("|x - x*| / |x*|"), _relative_distance),
}
"""The metrics of problems whose optimum is known."""


def measure(
    entries: Mapping[str, Entry], problem: Problem, names: Sequence[str], x: Array, y: Array
) -> dict[str, float]:
    """The named metrics at (x, y); every one is NaN where x or y is not finite.

    Raises ProblemError for an unknown name, with the nearest known ones.
    """
    for name in names:
        if name not in entries:
            raise unknown("metric", name, entries)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return {name: float("nan") for name in names}
    point = Point(problem, x, y)
    with np.errstate(over="ignore", invalid="ignore"):
        return {name: entries[name][1](point) for name in names}
