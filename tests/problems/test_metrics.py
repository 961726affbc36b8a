"""Metrics share the exact solves and ask for nothing that is not wanted."""

import numpy as np
import pytest

from problems import quadratic
from problems.errors import ProblemError
from problems.metrics import COMMON, OPTIMUM, Point, measure

PROBLEM = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=3, seed=0)


class Counting:
    """The quadratic, counting its exact solves."""

    def __init__(self):
        self.solves = 0

    def __getattr__(self, name):
        return getattr(PROBLEM, name)

    def lower_solution(self, x, start=None):
        self.solves += 1
        return PROBLEM.lower_solution(x, start)


def test_the_exact_solve_is_shared_and_only_made_when_needed():
    """Two names that need y*(x) solve once, names that do not need it never."""
    counting = Counting()
    x, y = np.ones(3), np.ones(4)
    measure(COMMON, counting, ["upper_objective", "lower_objective", "lower_residual"], x, y)
    assert counting.solves == 0
    measure(COMMON, counting, ["upper_objective_resolved", "hypergradient_norm"], x, y)
    assert counting.solves == 1


def test_metrics_are_means_over_agents():
    """Objectives and residual against the agents one by one."""
    x, y = np.ones(3), np.arange(4.0)
    found = measure(COMMON, PROBLEM, list(COMMON), x, y)
    locals_ = [PROBLEM.local(agent) for agent in range(3)]
    assert found["upper_objective"] == pytest.approx(np.mean([one.upper_value(x, y) for one in locals_]))
    assert found["lower_objective"] == pytest.approx(np.mean([one.lower_value(x, y) for one in locals_]))
    gradient = np.mean([one.lower_grad_y(x, y) for one in locals_], axis=0)
    assert found["lower_residual"] == pytest.approx(np.linalg.norm(gradient))
    assert found["hypergradient_norm"] == pytest.approx(np.linalg.norm(PROBLEM.hypergradient(x)))
    resolved = np.mean([one.upper_value(x, PROBLEM.lower_solution(x)) for one in locals_])
    assert found["upper_objective_resolved"] == pytest.approx(resolved)


def test_the_envelope_gap_of_a_quadratic():
    """r'(A + 1/gamma)^-1 r / 2 with r = grad_y G and gamma = 1/2; zero at the lower solution, NaN at no number."""
    x, y = np.ones(3), np.arange(4.0)
    slope = PROBLEM.average().lower_grad_y(x, y)
    expected = slope @ np.linalg.solve(PROBLEM.arrays["A"].mean(0) + 2.0 * np.eye(4), slope) / 2
    assert PROBLEM.measure(["envelope_gap"], x, y)["envelope_gap"] == pytest.approx(expected, rel=1e-9)
    solved = PROBLEM.measure(["envelope_gap"], x, PROBLEM.lower_solution(x))
    assert solved["envelope_gap"] == pytest.approx(0.0, abs=1e-13)
    assert np.isnan(PROBLEM.measure(["envelope_gap"], np.full(3, np.nan), y)["envelope_gap"])


def test_distances_need_an_optimum():
    """A problem that does not know its optimum is refused by name."""

    class Unknown(Counting):
        def optimum(self):
            return None

    for name in OPTIMUM:
        with pytest.raises(ProblemError, match=f"^{name} needs a problem whose optimum is known"):
            measure(OPTIMUM, Unknown(), [name], np.ones(3), np.ones(4))


def test_the_solution_found_afresh_knows_nothing_of_y():
    """y*(x) with and without y as a start; for a strongly convex lower level they are one."""
    starts = []

    class Watching(Counting):
        def lower_solution(self, x, start=None):
            starts.append(start)
            return super().lower_solution(x, start)

    point = Point(Watching(), np.ones(3), np.arange(4.0))
    assert np.allclose(point.y_afresh, point.y_star)
    assert starts[0] is None
    assert starts[1] is point.y
