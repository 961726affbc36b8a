"""The toy with many valleys: its oracles, its valleys and its best point."""

import numpy as np
import pytest

from problems import checks, sine_valleys
from problems.errors import ProblemError
from problems.sine_valleys import Settings


@pytest.mark.parametrize("dim", [1, 3])
def test_oracles_are_the_derivatives_of_the_values(dim):
    """Gradients, products and fused calls against finite differences, for an agent and for the mean."""
    problem = sine_valleys.build(Settings(dim=dim), agents=4, seed=0)
    for local in (problem.local(1), problem.average()):
        assert max(checks.finite_differences(local, np.random.default_rng(0)).values()) < 1e-8


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_stack_has_the_bits_of_its_agents(dtype):
    """Several agents at once give the same numbers to the last bit."""
    problem = sine_valleys.build(Settings(dim=5, dtype=dtype), agents=6, seed=1)
    for seed in range(5):
        assert checks.stack_differences(problem, [0, 2, 5], np.random.default_rng(seed)) == []


@pytest.mark.parametrize("agents", [1, 2, 7, 8])
def test_the_mean_is_the_plain_sine_for_any_spread(agents):
    """Means over agents of values and gradients are those of sin(x + y - c); the agents themselves differ."""
    problem = sine_valleys.build(Settings(dim=2, phase=1.2), agents=agents, seed=3)
    x, y = np.array([0.3]), np.array([1.0, -2.0])
    locals_ = [problem.local(i) for i in range(agents)]
    values = [local.lower_value(x, y) for local in locals_]
    assert np.mean(values) == pytest.approx(np.sin(x + y - 2.0).sum(), rel=1e-13)
    assert agents == 1 or np.ptp(values) > 0.1
    mean = np.mean([local.lower_grad_y(x, y) for local in locals_], axis=0)
    assert np.allclose(mean, np.cos(x + y - 2.0), rtol=0, atol=1e-14)
    assert np.array_equal(problem.average().lower_grad_y(x, y), np.cos(x + y + np.array([-2.0])))


def test_the_documented_solution():
    """a = c = 2: x* = 3 pi/4, y* = 3 pi/4 + 2, F* = 0.2537, for any agents and phases."""
    for agents, phase in ((1, 0.0), (8, 0.9)):
        problem = sine_valleys.build(Settings(phase=phase), agents=agents, seed=0)
        x, y = problem.optimum()
        assert (x, y) == (pytest.approx(0.75 * np.pi), pytest.approx(0.75 * np.pi + 2))
        found = problem.measure(list(problem.metrics), x, y)
        assert found["upper_objective"] == pytest.approx(0.2537, abs=5e-5)
        assert found["lower_objective"] == pytest.approx(-1.0)
        assert found["upper_objective_resolved"] == pytest.approx(found["upper_objective"])
        for name in ("lower_residual", "hypergradient_norm", "distance_to_optimum"):
            assert found[name] < 1e-14


@pytest.mark.parametrize(("dim", "a", "c"), [(1, 2.0, 2.0), (3, -1.3, 0.4), (2, 5.0, -1.0)])
def test_the_best_point_against_a_search(dim, a, c):
    """No x of a fine grid with any valley of each entry has a smaller upper objective than the stated optimum."""
    problem = sine_valleys.build(Settings(dim=dim, a=a, c=c), agents=3, seed=0)
    best_x, best_y = problem.optimum()
    best = float(problem.average().upper_value(best_x, best_y))
    grid = np.linspace(best_x[0] - 10, best_x[0] + 10, 4001)
    valleys = -np.pi / 2 + 2 * np.pi * np.arange(-8, 9)
    over_valleys = ((valleys[:, None] - grid - a) ** 2).min(axis=0)
    search = (grid - a) ** 2 + dim * over_valleys
    assert search.min() >= best - 1e-12
    assert search.min() == pytest.approx(best, abs=1e-4)
    resolved = [
        float(problem.average().upper_value(np.array([x]), problem.lower_solution(np.array([x])))) for x in grid
    ]
    np.testing.assert_allclose(resolved, search, atol=1e-9)


def test_the_lower_solution_is_a_global_minimiser_and_the_hypergradient_its_slope():
    """sin = -1 everywhere, the derivative of F by differences away from its kinks."""
    problem = sine_valleys.build(Settings(dim=2), agents=3, seed=0)

    def resolved(x):
        return float(problem.average().upper_value(np.array([x]), problem.lower_solution(np.array([x]))))

    for x in (-4.0, 0.3, 2.0, 9.7):
        at = np.array([x])
        assert problem.average().lower_value(at, problem.lower_solution(at)) == pytest.approx(-2.0, abs=1e-14)
        slope = (resolved(x + 1e-6) - resolved(x - 1e-6)) / 2e-6
        assert problem.hypergradient(at)[0] == pytest.approx(slope, abs=1e-7)


def test_the_envelope_gap_vanishes_where_y_is_stationary_in_whatever_valley():
    """None at a top and in two valleys, which is why it does not tell them apart; between them that of a search."""
    problem, x = sine_valleys.build(Settings(), agents=3, seed=0), np.array([2.0])
    gaps = {y: problem.measure(["envelope_gap"], x, np.array([y]))["envelope_gap"] for y in (-1.0, 0.0, 1.0)}
    for y in (-np.pi / 2, 1.5 * np.pi, np.pi / 2):
        assert problem.measure(["envelope_gap"], x, np.array([y]))["envelope_gap"] == pytest.approx(0.0, abs=1e-12)
    for y, gap in gaps.items():
        theta = np.linspace(y - 2, y + 2, 400_001)
        assert gap == pytest.approx(np.sin(y) - (np.sin(theta) + (theta - y) ** 2).min(), abs=1e-9)


def test_charges_by_hand():
    """q = 3: an angle costs 2 operations an entry, a sine 10, its factor 1; fused calls share the wave."""
    local = sine_valleys.build(Settings(dim=3), agents=2, seed=0).local(0)
    assert local.charges("lower_grad_y") == (("lower_grad_y", 39),)
    assert local.charges("lower_grads") == (("lower_grad_x", 3), ("lower_grad_y", 39))
    assert local.charges("upper_grads") == (("upper_grad_x", 2), ("upper_grad_y", 6))
    assert sum(operations for _, operations in local.charges("directions")) == 2 + 6 + 39 + 42 + 3


def test_starts():
    """The given values, equal for all agents; deviations only where asked for."""
    settings = Settings(dim=2, start_x=-6.0, start_y=0.5)
    x, y = sine_valleys.build(settings, agents=3, seed=0).start(np.random.default_rng(0))
    assert (x.tolist(), y.tolist()) == ([-6.0], [0.5, 0.5])
    problem = sine_valleys.build(Settings(start_sd=1.0), agents=3, seed=0)
    alone, stacked = problem.start(np.random.default_rng(1)), problem.stack([0, 1]).start(np.random.default_rng(1))
    assert np.array_equal(stacked[0], np.stack([alone[0]] * 2))
    assert alone[0] != 1.0


def test_no_agents_are_refused():
    """One sentence with the number and the rule."""
    with pytest.raises(ProblemError, match="agents is 0: a problem needs at least one agent"):
        sine_valleys.build(Settings(), agents=0, seed=0)
