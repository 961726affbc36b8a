"""Envelope directions: derivatives of the penalty, and its limit without an envelope."""

import numpy as np
import pytest

from algorithms.pieces.envelope import direction_theta, direction_x, direction_y, envelope_directions
from problems import quadratic
from problems.base import Batch

MU, GAMMA = 0.3, 0.4


def test_directions_by_hand() -> None:
    """Every term by its sign: the numbers are those of the formulas, worked out on paper."""
    one, two, five, eight = (np.array([v]) for v in (1.0, 2.0, 5.0, 8.0))
    assert direction_x(upper_x=two, lower_x=five, lower_x_theta=one, mu=0.5) == [5.0]
    assert direction_y(upper_y=two, lower_y=five, y=eight, theta=one, mu=0.5, gamma=2.0) == [2.5]
    assert direction_theta(lower_y_theta=five, y=eight, theta=one, gamma=2.0) == [1.5]


@pytest.fixture
def problem() -> quadratic.Quadratic:
    return quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=3, seed=1)


def test_directions_are_the_derivatives_of_the_minimax_function(problem: quadratic.Quadratic) -> None:
    """L = mu f(x, y) + g(x, y) - g(x, th) - |th - y|^2 / (2 gamma): (grad_x L, grad_y L, -grad_th L)."""
    local, rng = problem.local(1), np.random.default_rng(0)
    points = [rng.standard_normal(size) for size in (3, 4, 4)]

    def value(x: np.ndarray, y: np.ndarray, theta: np.ndarray) -> float:
        envelope = local.lower_value(x, theta) + (theta - y) @ (theta - y) / (2 * GAMMA)
        return float(MU * local.upper_value(x, y) + local.lower_value(x, y) - envelope)

    found = envelope_directions(local, *points, MU, GAMMA)
    for which, sign in enumerate((1, 1, -1)):
        for entry in range(len(points[which])):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [point.copy() for point in points]
                moved[which][entry] += step
                ends.append(value(*moved))
            assert sign * found[which][entry] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


def test_no_gamma_is_gamma_without_bound(problem: quadratic.Quadratic) -> None:
    """gamma None is the limit of large gamma: theta follows the lower level, y no longer feels theta."""
    local, rng = problem.local(0), np.random.default_rng(0)
    x, y, theta = (rng.standard_normal(size) for size in (3, 4, 4))
    none, far = (envelope_directions(local, x, y, theta, MU, gamma) for gamma in (None, 1e12))
    for exact, near in zip(none, far, strict=True):
        np.testing.assert_allclose(near, exact, atol=1e-10)
    np.testing.assert_array_equal(none.theta, local.lower_grad_y(x, theta))


def test_a_stack_gives_the_bits_of_its_agents(problem: quadratic.Quadratic) -> None:
    """Along a leading axis every agent's directions are its own to the last bit."""
    rng = np.random.default_rng(0)
    x, y, theta = (rng.standard_normal((3, size)) for size in (3, 4, 4))
    together = envelope_directions(problem.stack(range(3)), x, y, theta, MU, GAMMA)
    for i in range(3):
        alone = envelope_directions(problem.local(i), x[i], y[i], theta[i], MU, GAMMA)
        for stacked, single in zip(together, alone, strict=True):
            np.testing.assert_array_equal(stacked[i], single)


def test_each_batch_goes_where_it_belongs() -> None:
    """The first sample serves f and g at (x, y), the second g at (x, theta)."""

    class Noting:
        def __init__(self) -> None:
            self.calls: list[tuple[str, float, float, Batch]] = []

        def upper_grads(self, x, y, batch):
            self.calls.append(("upper", float(x), float(y), batch))
            return x, y

        def lower_grads(self, x, y, batch):
            self.calls.append(("lower", float(x), float(y), batch))
            return x, y

    noting, first, second = Noting(), Batch(lower=1), Batch(lower=2)
    envelope_directions(noting, *(np.array(v) for v in (1.0, 2.0, 3.0)), MU, GAMMA, first, second)
    assert noting.calls == [("upper", 1, 2, first), ("lower", 1, 2, first), ("lower", 1, 3, second)]
