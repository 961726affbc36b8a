"""Problems without closed forms: their numerical solves against closed forms, and what cannot be solved."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from problems import metrics, quadratic
from problems.solved import Solved


class ByNewton(Solved):
    """A quadratic that does not tell its closed forms."""

    def __init__(self, known: quadratic.Quadratic) -> None:
        self._known = known
        self.agents, self.dim_y, self.dtype = known.agents, known.dim_y, known.dtype

    @property
    def dim_x(self) -> int:
        return self._known.dim_x

    @property
    def _entries(self) -> Mapping[str, metrics.Entry]:
        return metrics.COMMON

    def local(self, agent: int) -> Any:
        return self._known.local(agent)

    def stack(self, ids: Sequence[int]) -> Any:
        return self._known.stack(ids)

    def average(self) -> Any:
        return self._known.average()

    def start(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return self._known.start(rng)


@pytest.fixture
def known() -> quadratic.Quadratic:
    """Four different agents."""
    return quadratic.build(quadratic.Settings(dim_x=3, dim_y=5), agents=4, seed=1)


def test_solves_agree_with_the_closed_forms(known: quadratic.Quadratic) -> None:
    """Lower solution and hypergradient, from any start."""
    problem, x = ByNewton(known), np.array([0.5, -1.0, 2.0])
    for start in (None, np.full(5, 3.0)):
        np.testing.assert_allclose(problem.lower_solution(x, start), known.lower_solution(x), rtol=1e-8)
        np.testing.assert_allclose(problem.hypergradient(x, start), known.hypergradient(x), rtol=1e-8)
    assert problem.optimum() is None


def test_metrics_are_those_of_the_entries(known: quadratic.Quadratic) -> None:
    """Their meaning by name, their values as with the closed forms."""
    problem, x, y = ByNewton(known), np.ones(3), np.zeros(5)
    assert problem.metrics.keys() == metrics.COMMON.keys()
    found = problem.measure(["upper_objective_resolved", "hypergradient_norm"], x, y)
    expected = known.measure(["upper_objective_resolved", "hypergradient_norm"], x, y)
    assert found == pytest.approx(expected, rel=1e-8)


def test_what_cannot_be_solved_is_not_a_number(known: quadratic.Quadratic) -> None:
    """A lower level without a minimum has neither a solution nor a hypergradient."""
    bottomless = quadratic.Quadratic({**known.arrays, "A": -known.arrays["A"]})
    problem = ByNewton(bottomless)
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(problem.lower_solution(np.ones(3))).all()
        assert np.isnan(problem.hypergradient(np.ones(3))).all()
