"""Hyper-representation: oracles, the exact lower solve on frozen features, and that learning a backbone pays."""

from dataclasses import replace

import numpy as np
import pytest

from problems import reference
from problems.base import COUNTED
from problems.hyper_representation import Settings, build, memory_bytes
from problems.partition import Partition

TINY = Settings(train=36, validation=24, test=20, hidden=7, ridge=0.05, start_lower_sd=0.3)
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
    average_agrees(build(VARIANTS[name], 3, 0))


def test_a_value_is_the_stated_formula():
    """g_i sample by sample: x holds W1, b1, y holds W2, b2."""
    problem = build(TINY, 3, 0)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(problem.dim_x), rng.standard_normal(problem.dim_y)
    assert (problem.dim_x, problem.dim_y) == (7 * 64 + 7, 10 * 7 + 10)
    samples, total = problem._held_lower.of(1), 0.0
    for j, row in enumerate(samples.rows):
        logits = y[:70].reshape(10, 7) @ np.tanh(x[:448].reshape(7, 64) @ row + x[448:]) + y[70:]
        total += (np.log(np.exp(logits).sum()) - logits[samples.targets[:, j].argmax()]) / len(samples.rows)
    assert problem.local(1).lower_value(x, y) == pytest.approx(total + 0.025 * (y @ y), rel=1e-12)


def test_the_lower_solution_is_that_of_the_whole_network():
    """Solved on the backbone's outputs alone, it makes the network's own gradient vanish, from any start."""
    problem = build(VARIANTS["deep, ridge above"], 3, 0)
    x, _ = problem.start(np.random.default_rng(0))
    cold = problem.lower_solution(x)
    assert np.linalg.norm(problem.average().lower_grad_y(x, cold)) < 1e-10
    warm = problem.lower_solution(x, np.random.default_rng(1).standard_normal(problem.dim_y))
    assert np.allclose(cold, warm, rtol=0, atol=1e-8)
    assert np.allclose(cold, reference.solve_lower(problem, x).y, rtol=0, atol=1e-8)


def test_the_hypergradient_is_the_derivative_of_the_resolved_objective():
    """grad F against central differences of F, the lower level solved again at each point."""
    problem = build(VARIANTS["deep, ridge above"], 3, 0)
    rng = np.random.default_rng(0)
    (x, _), direction, step = problem.start(rng), rng.standard_normal(problem.dim_x), 1e-5

    def resolved(point):
        return problem.average().upper_value(point, problem.lower_solution(point))

    slope = (resolved(x + step * direction) - resolved(x - step * direction)) / (2 * step)
    assert problem.hypergradient(x) @ direction == pytest.approx(slope, rel=1e-6)


def test_accuracy_is_of_the_network():
    """A head that says 4 for every picture is right for the share of fours."""
    problem = build(TINY, 3, 0)
    y = np.zeros(problem.dim_y)
    y[74] = 1.0  # the bias of class 4
    x, _ = problem.start(np.random.default_rng(0))
    share = (problem._split.test.labels == 4).mean()
    assert problem.measure(["accuracy"], x, y)["accuracy"] == share


def test_the_start_is_common_and_as_set():
    """Equal generators, equal starts, also in a stack; y zero by default."""
    problem = build(replace(TINY, start_lower_sd=0.0, start_scale=2.0), 3, 0)
    x, y = problem.start(np.random.default_rng(5))
    assert x[:448].std() == pytest.approx(2 / 8, rel=0.15)
    assert not x[448:].any()
    assert not y.any()
    stacked, _ = problem.stack([0, 2]).start(np.random.default_rng(5))
    assert np.array_equal(stacked, [x, x])


def test_charges_are_the_documented_ones():
    """64-7-10, n = 12 lower and m = 8 upper samples, by hand from the table in problems.base."""
    local = build(TINY, 3, 0).local(0)
    p, ridge = 455, 3 * 80
    hidden, head, forward, back, curvature = {}, {}, {}, {}, {}
    for n in (8, 12):
        hidden[n], head[n], curvature[n] = 2 * n * 64 * 7, 2 * n * 70, 40 * n
        forward[n] = hidden[n] + head[n] + 6 * n * 17
        back[n] = head[n] + 3 * n * 7
    by_hand = {
        "upper_value": forward[8] + 2 * p,
        "upper_grad_x": forward[8] + back[8] + hidden[8] + p,
        "upper_grad_y": forward[8] + head[8],
        "lower_value": forward[12] + ridge,
        "lower_grad_x": forward[12] + back[12] + hidden[12],
        "lower_grad_y": forward[12] + head[12] + ridge,
        "lower_hvp": forward[12] + 2 * head[12] + curvature[12] + ridge,
        "lower_cross": forward[12] + 2 * head[12] + curvature[12] + back[12] + hidden[12],
        "lower_cross_t": forward[12] + hidden[12] + 3 * 12 * 7 + head[12] + curvature[12] + 2 * head[12],
    }
    assert {name: local.charges(name) for name in COUNTED} == {name: ((name, ops),) for name, ops in by_hand.items()}
    assert local.charges("directions") == (
        ("upper_grad_x", by_hand["upper_grad_x"]),
        ("upper_grad_y", head[8]),
        ("lower_grad_y", by_hand["lower_grad_y"]),
        ("lower_hvp", 2 * head[12] + curvature[12] + ridge),
        ("lower_cross", head[12] + back[12] + hidden[12]),
    )
    assert local.charges("lower_grads")[0] == ("lower_grad_x", back[12] + hidden[12])
    assert local.charges("upper_grads")[1] == ("upper_grad_y", head[8])


def test_descent_along_the_hypergradient_learns():
    """20 steps on digits: F falls by more than half, the head retrained on the learnt backbone classifies better."""
    problem = build(Settings(train=300, validation=150, test=300, ridge=0.01), agents=3, seed=0)
    x, y = problem.start(np.random.default_rng(0))
    names = ["upper_objective_resolved", "accuracy_resolved"]
    before = problem.measure(names, x, y)
    for _ in range(20):
        y = problem.lower_solution(x, y)
        x = x - 0.5 * problem.hypergradient(x, y)
    after = problem.measure(names, x, y)
    assert after["upper_objective_resolved"] < 0.5 * before["upper_objective_resolved"]
    assert after["accuracy_resolved"] > before["accuracy_resolved"] + 0.03


def test_the_memory_estimate_holds_what_is_allocated():
    """Rows, targets and the test set fit into the estimate, which is at most eight times as large."""
    problem = build(Settings(), agents=8, seed=0)
    held = [problem._held_upper, problem._held_lower]
    real = sum(part.rows.nbytes + sum(target.nbytes for target in part.targets) for part in held)
    real += problem._split.test.features.nbytes
    assert real <= memory_bytes(Settings(), 8) <= 8 * real


@pytest.mark.realdata
def test_mnist_with_two_hundred_units():
    """784-200-10 in float32: an exact lower solve on a random backbone classifies most of the test."""
    settings = Settings(data="mnist", train=600, validation=200, test=500, hidden=200, scaling="range", dtype="float32")
    problem = build(settings, agents=4, seed=0)
    found = problem.measure(["accuracy_resolved", "hypergradient_norm"], *problem.start(np.random.default_rng(0)))
    assert problem.dim_x == 157_000
    assert found["accuracy_resolved"] > 0.7
    assert 0 < found["hypergradient_norm"] < 1
