"""Prior mean: its matrices are those of the two regressions."""

import numpy as np
import pytest
from my_bilevel_methods import prior_mean

from problems import checks
from problems.errors import ProblemError

SETTINGS = prior_mean.Settings(features=3, samples=5)


def test_the_lower_level_is_ridge_regression_towards_x() -> None:
    """One agent's y*(x) solves (R'R/m + shrinkage) y = R't/m + shrinkage x, from its samples."""
    problem = prior_mean.build(SETTINGS, agents=1, seed=0)
    weights = prior_mean.stream(0, "weights").standard_normal(3)
    rows, targets = prior_mean._samples(SETTINGS, weights, 0, 0)[0]
    x = np.array([1.0, -2.0, 0.5])
    expected = np.linalg.solve(rows.T @ rows / 5 + np.eye(3), rows.T @ targets / 5 + x)
    np.testing.assert_allclose(problem.lower_solution(x), expected, rtol=1e-12)


def test_the_upper_level_is_the_validation_error() -> None:
    """Differences of f are those of the mean square error, halved, and of the ridge."""
    problem = prior_mean.build(SETTINGS, agents=1, seed=0)
    weights = prior_mean.stream(0, "weights").standard_normal(3)
    rows, targets = prior_mean._samples(SETTINGS, weights, 0, 0)[1]

    def f(x: np.ndarray, y: np.ndarray) -> float:
        return float(((rows @ y - targets) ** 2).mean() / 2 + 0.1 * x @ x / 2)

    at, zero = (np.ones(3), np.array([0.5, 1.0, -1.0])), (np.zeros(3), np.zeros(3))
    local = problem.local(0)
    np.testing.assert_allclose(local.upper_value(*at) - local.upper_value(*zero), f(*at) - f(*zero), rtol=1e-10)


def test_derivatives_and_stacks() -> None:
    """Every oracle against finite differences; several agents at once have the bits of each."""
    problem = prior_mean.build(SETTINGS, agents=3, seed=0)
    assert max(checks.finite_differences(problem.local(1), np.random.default_rng(0)).values()) < 1e-6
    assert checks.stack_differences(problem, [2, 0], np.random.default_rng(0)) == []


def test_too_few_samples_are_refused() -> None:
    """In one sentence."""
    with pytest.raises(ProblemError, match="samples is 2 with 3 features: it must be at least that"):
        prior_mean.build(prior_mean.Settings(features=3, samples=2), agents=2, seed=0)
