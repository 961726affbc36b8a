"""Cleaning with a network: oracles, what stands for y*(x) where there are many, and what the metrics say."""

from dataclasses import replace

import numpy as np
import pytest

from problems import hyper_cleaning, network_cleaning, reference
from problems.base import COUNTED
from problems.network_cleaning import RESIDUAL, Settings, build, memory_bytes
from problems.partition import Partition

TINY = Settings(train=36, validation=24, test=20, hidden=5, ridge=0.05)
SMALL = Settings(train=60, validation=40, test=30, hidden=3, ridge=5e-3, scaling="range", corruption=0.4)
UNEQUAL = Partition(kind="dirichlet", alpha=2.0)
VARIANTS = {
    "plain": TINY,
    "deep, ridge above": replace(TINY, hidden_layers=2, upper_ridge=0.1),
    "deep, batches": replace(TINY, hidden_layers=2, batch_upper=5, batch_lower=9),
    "unequal, batches": replace(TINY, partition=UNEQUAL, batch_lower=9),
}


def seeded(settings, agents):
    """The problem of seed 0."""
    return build(settings, agents, 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_oracles_agree_with_finite_differences(oracles_agree, name: str):
    """Every gradient and product is the derivative of the value it belongs to, on batches too."""
    oracles_agree(seeded, VARIANTS[name], "batches" in name, 3e-7)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_stack_gives_the_same_bits(stacks_agree, name: str, dtype: str):
    """Agents in one call give the same numbers as one by one, to the last bit."""
    stacks_agree(seeded, VARIANTS[name], dtype)


@pytest.mark.parametrize("name", ["deep, ridge above", "unequal, batches"])
def test_the_average_is_the_mean_of_the_agents(average_agrees, name: str):
    """All samples in one call, weighted, are the mean over a stack of all agents."""
    average_agrees(build(VARIANTS[name], 3, 0), entry=None)


def test_a_value_is_the_stated_formula():
    """g_i sample by sample, with the agent's own block of x; the published size has q = 1510."""
    problem = build(TINY, 3, 0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(problem.dim_x), rng.standard_normal(problem.dim_y)
    samples, own, total = problem._held_lower.of(1), x[problem.block(1)], 0.0
    for j, row in enumerate(samples.rows):
        logits = y[325:375].reshape(10, 5) @ np.tanh(y[:320].reshape(5, 64) @ row + y[320:325]) + y[375:]
        each = np.log(np.exp(logits).sum()) - logits[samples.targets[:, j].argmax()]
        total += each / (1 + np.exp(-own[j])) / len(samples.rows)
    assert problem.local(1).lower_value(x, y) == pytest.approx(total + 0.025 * (y @ y), rel=1e-12)
    assert build(replace(TINY, hidden=20), 3, 0).dim_y == 1510


def test_samples_and_corruption_are_those_of_hyper_cleaning():
    """The same seed gives the same wrong labels at the same places."""
    linear = hyper_cleaning.build(hyper_cleaning.Settings(train=36, validation=24, test=20), 3, 7)
    problem = build(TINY, 3, 7)
    assert np.array_equal(problem.corrupted, linear.corrupted)
    assert np.array_equal(problem._held_lower.targets[2], linear._held_lower.targets[2])


def test_a_local_solution_is_stationary_and_near_its_start():
    """The residual is the stated one, no descent is possible, and a point that is one already stays as it is."""
    problem = build(SMALL, 3, 0)
    x, y = problem.start(np.random.default_rng(0))
    found = problem.lower_solution(x, y)
    average = problem.average()
    assert 0 < np.linalg.norm(average.lower_grad_y(x, found)) <= RESIDUAL
    assert average.lower_value(x, found) < average.lower_value(x, y)
    hessian = np.stack([average.lower_hvp(x, found, unit) for unit in np.eye(problem.dim_y)])
    assert np.linalg.eigvalsh((hessian + hessian.T) / 2)[0] > 0
    assert np.array_equal(problem.lower_solution(x, found), found)


def test_different_starts_have_different_local_solutions_and_one_common_one():
    """Resolved depends on y, retrained does not: it is the local solution of the common start."""
    problem = build(SMALL, 3, 0)
    names = ["upper_objective_resolved", "upper_objective_retrained", "accuracy_retrained"]
    starts = [problem.start(np.random.default_rng(seed)) for seed in range(2)]
    one, other = (problem.measure(names, x, y) for x, y in starts)
    assert abs(one["upper_objective_resolved"] - other["upper_objective_resolved"]) > 1e-4
    assert one["upper_objective_retrained"] == other["upper_objective_retrained"]
    afresh = problem.lower_solution(starts[0][0])
    assert one["upper_objective_retrained"] == problem.average().upper_value(starts[0][0], afresh)
    assert one["accuracy_retrained"] == problem.measure(["accuracy"], starts[0][0], afresh)["accuracy"]


def test_the_hypergradient_is_the_derivative_along_the_branch(monkeypatch: pytest.MonkeyPatch):
    """grad F against central differences of f at local solutions followed from the same one, to the last digits."""
    monkeypatch.setattr(network_cleaning, "RESIDUAL", 1e-13)
    problem = build(SMALL, 3, 0)
    rng = np.random.default_rng(0)
    (x, y), direction, step = problem.start(rng), rng.standard_normal(problem.dim_x), 1e-3
    here = problem.lower_solution(x, y)

    def resolved(point):
        return problem.average().upper_value(point, problem.lower_solution(point, here))

    slope = (resolved(x + step * direction) - resolved(x - step * direction)) / (2 * step)
    assert problem.hypergradient(x, here) @ direction == pytest.approx(slope, rel=1e-5)


def test_there_is_no_hypergradient_where_the_hessian_is_indefinite(monkeypatch: pytest.MonkeyPatch):
    """At a point taken for a solution that is none, conjugate gradients meet negative curvature and NaN comes out."""
    problem = build(replace(SMALL, ridge=1e-4), 3, 0)
    x, y = problem.start(np.random.default_rng(0))
    hessian = np.stack([problem.average().lower_hvp(x, y, unit) for unit in np.eye(problem.dim_y)])
    assert np.linalg.eigvalsh((hessian + hessian.T) / 2)[0] < 0
    monkeypatch.setattr(problem, "lower_solution", lambda x, start=None: start)
    assert np.isnan(problem.hypergradient(x, y)).all()


def test_a_search_that_fails_is_nan(monkeypatch: pytest.MonkeyPatch):
    """No Newton step allowed: what needs y*(x) is NaN, what does not is not."""
    monkeypatch.setattr(reference, "NEWTON_STEPS", 0)
    problem = build(SMALL, 3, 0)
    names = ["upper_objective", "upper_objective_resolved", "hypergradient_norm", "upper_objective_retrained"]
    found = problem.measure(names, *problem.start(np.random.default_rng(0)))
    assert found.pop("upper_objective") > 0
    assert np.isnan(list(found.values())).all()


def test_the_envelope_gap_vanishes_at_local_solutions():
    """G - V is positive at a random network and nothing at a stationary one; a smaller gamma, a smaller gap."""
    problem = build(SMALL, 3, 0)
    x, y = problem.start(np.random.default_rng(0))
    here = problem.measure(["envelope_gap"], x, y)["envelope_gap"]
    tighter = build(replace(SMALL, envelope=0.1), 3, 0).measure(["envelope_gap"], x, y)["envelope_gap"]
    assert here > tighter > 0
    assert abs(problem.measure(["envelope_gap"], x, problem.lower_solution(x, y))["envelope_gap"]) < 1e-12


def test_charges_are_the_documented_ones():
    """64-5-10, n = 12 lower and m = 8 upper samples, by hand from the table in problems.base."""
    local = build(TINY, 3, 0).local(0)
    p, ridge = 36, 3 * (5 * 65 + 60)
    products, forward, back = {}, {}, {}
    for n in (8, 12):
        products[n] = 2 * n * (64 * 5 + 50)
        forward[n] = products[n] + 6 * n * 15
        back[n] = 2 * n * 50 + 3 * n * 5
    first, weigh, curvature, tangents = 2 * 12 * 320, 5 * 12, 40 * 12, products[12] + back[12]
    product = 2 * back[12] + 2 * products[12] - first + curvature
    by_hand = {
        "upper_value": forward[8] + 2 * p,
        "upper_grad_x": p,
        "upper_grad_y": forward[8] + back[8] + products[8],
        "lower_value": forward[12] + weigh + ridge,
        "lower_grad_x": forward[12] + weigh + p,
        "lower_grad_y": forward[12] + back[12] + products[12] + weigh + ridge,
        "lower_hvp": forward[12] + back[12] + tangents + product + weigh + ridge,
        "lower_cross": forward[12] + tangents + 20 * 12 + weigh + p,
        "lower_cross_t": forward[12] + back[12] + products[12] + weigh,
    }
    assert {name: local.charges(name) for name in COUNTED} == {name: ((name, ops),) for name, ops in by_hand.items()}
    assert local.charges("directions") == (
        ("upper_grad_x", p),
        ("upper_grad_y", by_hand["upper_grad_y"]),
        ("lower_grad_y", by_hand["lower_grad_y"]),
        ("lower_hvp", tangents + product + ridge),
        ("lower_cross", 20 * 12 + weigh + p),
    )
    assert local.charges("lower_grads")[0] == ("lower_grad_x", weigh + p)


def test_the_start_is_a_random_network():
    """x is start_value everywhere, y the weights of a network drawn from the generator; equal for all agents."""
    problem = build(replace(TINY, start_value=-1.0, start_lower_sd=2.0), 3, 0)
    x, y = problem.start(np.random.default_rng(5))
    assert (x == -1.0).all()
    assert y[:320].std() == pytest.approx(2 / 8, rel=0.15)
    assert not y[320:325].any()
    assert np.array_equal(problem.stack([0, 2]).start(np.random.default_rng(5))[1], [y, y])


def test_the_memory_estimate_holds_what_is_allocated():
    """Rows, targets and the test set fit into the estimate, which is at most eight times as large."""
    problem = build(Settings(), agents=8, seed=0)
    held = [problem._held_upper, problem._held_lower]
    real = sum(part.rows.nbytes + sum(target.nbytes for target in part.targets) for part in held)
    real += problem._split.test.features.nbytes
    assert real <= memory_bytes(Settings(), 8) <= 8 * real
