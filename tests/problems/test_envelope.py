"""The gap to the Moreau envelope: against closed forms, and what it says of a point."""

import numpy as np
import pytest

from problems import checks, quadratic, sine_valleys
from problems.envelope import Proximal, envelope_gap


@pytest.fixture
def problem() -> quadratic.Quadratic:
    return quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=3, seed=1)


@pytest.mark.parametrize("gamma", [0.1, 3.0])
def test_gap_of_a_quadratic(problem, gamma):
    """r'(A + 1/gamma)^-1 r / 2 with r = grad_y G, for the inner minimum of a quadratic is one Newton step away."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(3), rng.standard_normal(4)
    slope = problem.average().lower_grad_y(x, y)
    curvature = problem.arrays["A"].mean(0) + np.eye(4) / gamma
    expected = slope @ np.linalg.solve(curvature, slope) / 2
    assert envelope_gap(problem.average(), x, y, gamma) == pytest.approx(expected, rel=1e-9)


def test_gap_vanishes_at_stationary_points_and_nowhere_else():
    """On the sine toy a top and both valleys beside it have none; a point between has that of a fine search."""
    average = sine_valleys.build(sine_valleys.Settings(), agents=3, seed=0).average()
    x = np.array([2.0])
    for y in (-np.pi / 2, 1.5 * np.pi, np.pi / 2):
        assert envelope_gap(average, x, np.array([y])) == pytest.approx(0.0, abs=1e-12)
    theta = np.linspace(-1.0, 3.0, 400_001)
    envelope = (np.sin(theta) + (theta - 1.0) ** 2).min()
    assert envelope_gap(average, x, np.array([1.0])) == pytest.approx(np.sin(1.0) - envelope, abs=1e-9)


def test_measured_by_name(problem):
    """The metric takes the averaged problem and gamma = 1/2; it is zero at the lower solution."""
    x, y = np.ones(3), np.zeros(4)
    found = problem.measure(["envelope_gap"], x, y)
    assert found["envelope_gap"] == envelope_gap(problem.average(), x, y, 0.5)
    assert problem.measure(["envelope_gap"], x, problem.lower_solution(x))["envelope_gap"] == pytest.approx(
        0, abs=1e-13
    )
    assert np.isnan(problem.measure(["envelope_gap"], np.full(3, np.nan), y)["envelope_gap"])


def test_no_end_is_not_a_number():
    """A lower level without a bottom (gamma beyond 1/rho of -y^2) has no envelope."""
    arrays = {key: np.zeros((1, 1)) for key in "ctrs"} | {key: np.ones((1, 1, 1)) for key in "ABPS"}
    bottomless = quadratic.Quadratic(arrays | {"A": -np.ones((1, 1, 1))})
    assert np.isnan(envelope_gap(bottomless.average(), np.ones(1), np.ones(1), gamma=2.0))


def test_the_added_term_is_in_all_derivatives(problem):
    """The view's oracles are derivatives of its values, the fused calls their parts."""
    near = Proximal(problem.local(1), np.arange(4.0), 0.3)
    assert max(checks.finite_differences(near, np.random.default_rng(0)).values()) < 1e-7
    x, y = np.ones(3), np.ones(4)
    added = near.lower_value(x, y) - problem.local(1).lower_value(x, y)
    assert added == pytest.approx((1 + 0 + 1 + 4) / 0.6)
