"""The elastic net: its value written out, its solution against scikit-learn's, and that tuning it pays."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from problems.elastic_net import Settings, build, memory_bytes

SMALL = Settings(train=60, validation=40, test=40)


@pytest.mark.parametrize(("per", "dim_x"), [("feature", 20), ("all", 2)])
def test_a_value_is_the_stated_formula(per, dim_x):
    """g_i of two agents, written out."""
    problem = build(replace(SMALL, per=per, smoothing=0.2), agents=2, seed=0)
    assert (problem.dim_x, problem.dim_y) == (dim_x, 10)
    assert problem.local(0).dim_x == dim_x
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(dim_x), rng.standard_normal(10)
    samples = problem._held_lower.of(1)
    loss = ((samples.rows @ y - samples.targets[0]) ** 2).mean() / 2
    ridge, rounded = np.exp(x[: dim_x // 2]) * y**2, np.exp(x[dim_x // 2 :]) * np.sqrt(y**2 + 0.04)
    assert problem.local(1).lower_value(x, y) == pytest.approx(loss + (ridge.sum() + rounded.sum()) / 2, rel=1e-12)


def test_with_a_sharp_corner_the_solution_is_the_elastic_net_of_scikit_learn():
    """With one agent and smoothing 1e-5, weights agree to 1e-3 and the zeros of one are tiny in the other."""
    problem = build(replace(SMALL, per="all", smoothing=1e-5), agents=1, seed=0)
    a, b = np.log(0.05), np.log(0.2)
    found = problem.lower_solution(np.array([a, b]))
    samples = problem._held_lower.of(0)
    ridge, absolute = (
        np.exp(a),
        np.exp(b) / 2,
    )  # scikit-learn: |Xw - t|^2 / (2n) + alpha l1 |w|_1 + alpha (1 - l1)/2 |w|^2
    known = ElasticNet(alpha=ridge + absolute, l1_ratio=absolute / (ridge + absolute), fit_intercept=False, tol=1e-10)
    known.fit(samples.rows, samples.targets[0])
    assert np.abs(found - known.coef_).max() < 1e-3
    zeros = known.coef_ == 0
    assert 1 <= zeros.sum() <= 9
    assert np.abs(found[zeros]).max() < 1e-3


def test_descent_along_the_hypergradient_tunes_both_penalties():
    """60 steps from strong penalties lower F, and move coefficients of both kinds."""
    problem = build(replace(SMALL, start_value=1.0), agents=3, seed=0)
    start, y = problem.start(np.random.default_rng(0))
    x = start
    for _ in range(60):
        x = x - 5 * problem.hypergradient(x)
    before, after = (
        problem.measure(["upper_objective_resolved"], at, y)["upper_objective_resolved"] for at in (start, x)
    )
    assert after < before - 0.1
    assert np.abs(x - start)[:10].max() > 0.1
    assert np.abs(x - start)[10:].max() > 0.1


def test_the_penalty_is_charged_with_eight_operations_a_weight():
    """Alone and fused; the ridge alone costs three."""
    local = build(SMALL, agents=2, seed=0).local(0)
    assert local.charges("lower_cross") == (("lower_cross", 80),)
    assert local.charges("lower_grad_y") == (("lower_grad_y", 2 * 2 * 30 * 10 + 6 * 30 + 80),)
    assert local.charges("directions")[4] == ("lower_cross", 80)


def test_the_memory_estimate_holds_what_is_allocated():
    """The set as shipped, and the rows and targets of the problem."""
    problem = build(Settings(), agents=4, seed=0)
    real = 442 * 10 * 8 + sum(held.rows.nbytes for held in (problem._held_upper, problem._held_lower))
    assert real <= memory_bytes(Settings(), 4) <= 10 * real
