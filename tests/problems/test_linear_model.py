"""Every variant of every problem on data: derivatives, stacks, averages, charges."""

from dataclasses import replace

import numpy as np
import pytest

from problems import elastic_net, hyper_cleaning, regularisation
from problems.base import COUNTED
from problems.partition import Partition

TINY = {"train": 36, "validation": 24, "test": 20}
DIRICHLET = Partition(kind="dirichlet", alpha=2.0)
LOGISTIC = regularisation.Settings(**TINY)
SOFTMAX = regularisation.Settings(data="digits", drop_constant=True, upper_ridge=0.1, **TINY)
LINEAR = regularisation.Settings(data="diabetes", **TINY)
ELASTIC = elastic_net.Settings(smoothing=0.3, **TINY)
CLEANING = hyper_cleaning.Settings(ridge=0.05, **TINY)

VARIANTS = {
    "logistic": LOGISTIC,
    "logistic, linear": replace(LOGISTIC, penalty="linear", scale="mean", factor=0.5, start_upper="normal"),
    "logistic, shifted": replace(LOGISTIC, penalty="shifted_exp", shift=0.3, intercept=True),
    "logistic, per class": replace(LOGISTIC, per="class"),
    "logistic, one coefficient": replace(LOGISTIC, per="all"),
    "two classes by softmax": replace(LOGISTIC, model="softmax", penalty="linear"),
    "softmax": SOFTMAX,
    "softmax, mean": replace(SOFTMAX, scale="mean", factor=10.0),
    "softmax, per class": replace(SOFTMAX, per="class", penalty="shifted_exp", scaling="range"),
    "softmax, one coefficient": replace(SOFTMAX, per="all"),
    "softmax, batches": replace(SOFTMAX, batch_upper=5, batch_lower=9),
    "softmax, unequal": replace(SOFTMAX, partition=DIRICHLET),
    "softmax, unequal, batches": replace(SOFTMAX, partition=DIRICHLET, batch_lower=9),
    "linear": LINEAR,
    "linear, one coefficient, unequal, batches": replace(LINEAR, per="all", train=37, batch_lower=9),
    "elastic": ELASTIC,
    "elastic, one coefficient": replace(ELASTIC, per="all", penalty="shifted_exp"),
    "elastic softmax, batches": replace(ELASTIC, data="digits", drop_constant=True, per="class", batch_lower=9),
    "cleaning": CLEANING,
    "cleaning, intercept": replace(CLEANING, intercept=True, scaling="global", upper_ridge=0.2),
    "cleaning, batches": replace(CLEANING, batch_upper=5, batch_lower=9),
    "cleaning, lower batches": replace(CLEANING, batch_lower=30),
    "cleaning, unequal": replace(CLEANING, partition=DIRICHLET),
    "cleaning, unequal, batches": replace(CLEANING, partition=DIRICHLET, batch_upper=5, batch_lower=9),
}


def build(settings, agents=3, seed=0):
    module = {
        regularisation.Settings: regularisation,
        elastic_net.Settings: elastic_net,
        hyper_cleaning.Settings: hyper_cleaning,
    }[type(settings)]
    return module.build(settings, agents, seed)


@pytest.mark.parametrize("name", VARIANTS)
def test_oracles_agree_with_finite_differences(oracles_agree, name):
    """Every gradient and product is the derivative of the value it belongs to, on batches too."""
    oracles_agree(build, VARIANTS[name], "batches" in name, 1e-7)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_stack_gives_the_same_bits(stacks_agree, name, dtype):
    """Agents in one call give the same numbers as one by one, to the last bit; neighbours or not, batches or not."""
    stacks_agree(build, VARIANTS[name], dtype)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_average_is_the_mean_of_the_agents(average_agrees, name):
    """All samples in one call, weighted, are the mean over a stack of all agents."""
    average_agrees(build(VARIANTS[name]))


def test_a_value_is_the_stated_formula():
    """Hyper-cleaning's g_i, written out sample by sample."""
    problem = build(CLEANING)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(problem.dim_x), rng.standard_normal(problem.dim_y)
    samples, block = problem._held_lower.of(1), problem.block(1)
    weights, total = y.reshape(10, 64), 0.0
    for j, row in enumerate(samples.rows):
        logits = weights @ row
        loss = np.log(np.exp(logits).sum()) - logits[samples.targets[:, j].argmax()]
        total += loss / (1 + np.exp(-x[block][j])) / len(samples.rows)
    assert problem.local(1).lower_value(x, y) == pytest.approx(total + 0.05 * (y @ y), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "penalty"),
    [
        ({}, lambda x, w: 0.5 * (np.exp(x) * w**2).sum()),
        ({"per": "class"}, lambda x, w: 0.5 * (np.exp(x)[:, None] * w**2).sum()),
        ({"scale": "mean", "factor": 10.0}, lambda x, w: 10 * (np.exp(x) * w**2).mean()),
        ({"penalty": "linear", "scale": "mean", "factor": 0.5}, lambda x, w: 0.5 * (x * w**2).mean()),
        ({"penalty": "shifted_exp", "shift": 0.3}, lambda x, w: 0.5 * ((0.3 + np.exp(x)) * w**2).sum()),
    ],
)
def test_penalties_are_the_stated_formulas(change, penalty):
    """g with a penalty minus g with another x differs by the penalties alone."""
    problem = build(replace(SOFTMAX, **change))
    rng = np.random.default_rng(0)
    x, other = rng.standard_normal((2, problem.dim_x))
    y = rng.standard_normal(problem.dim_y)
    weights = y.reshape(10, -1)
    found = problem.local(0).lower_value(x, y) - problem.local(0).lower_value(other, y)
    assert found == pytest.approx(penalty(x, weights) - penalty(other, weights), rel=1e-9)


def test_charges_are_the_documented_ones():
    """d = 64, c = 10, n = 12 lower and m = 8 upper samples, by hand from the table in problems.base."""
    local = build(CLEANING).local(0)
    p, q, n, m = 36, 640, 12, 8
    data, upper, link, weigh, penalty, tangent = 2 * n * q, 2 * m * q, 60 * n, 5 * n, 3 * q, 20 * n
    by_hand = {
        "upper_value": upper + 60 * m + 2 * p,
        "upper_grad_x": p,
        "upper_grad_y": 2 * upper + 60 * m,
        "lower_value": data + link + weigh + penalty,
        "lower_grad_x": data + link + weigh + p,
        "lower_grad_y": 2 * data + link + weigh + penalty,
        "lower_hvp": 3 * data + link + 40 * n + weigh + penalty,
        "lower_cross": 2 * data + link + tangent + weigh + p,
        "lower_cross_t": 2 * data + link + tangent + weigh,
    }
    assert {name: local.charges(name) for name in COUNTED} == {name: ((name, ops),) for name, ops in by_hand.items()}
    assert local.charges("directions") == (
        ("upper_grad_x", p),
        ("upper_grad_y", by_hand["upper_grad_y"]),
        ("lower_grad_y", by_hand["lower_grad_y"]),
        ("lower_hvp", 2 * data + 40 * n + penalty),
        ("lower_cross", tangent + weigh + p),
    )
    assert local.charges("lower_products")[1] == ("lower_cross", tangent + weigh + p)
    assert local.charges("lower_grads")[0] == ("lower_grad_x", weigh + p)


def test_regularisation_charges_no_data_for_its_cross_products():
    """The penalty's derivatives in x cost 3q, alone and fused."""
    local = build(SOFTMAX).local(0)
    for name in ("lower_grad_x", "lower_cross", "lower_cross_t"):
        assert local.charges(name) == ((name, 3 * local.dim_y),)
    assert local.charges("directions")[4] == ("lower_cross", 3 * local.dim_y)


def test_charges_follow_the_batch_and_the_agent():
    """A mini-batch of half the samples halves the data's share; unequal agents are charged one by one."""
    problem = build(replace(SOFTMAX, batch_lower=6))
    local = problem.local(0)
    batch = local.draw(np.random.default_rng(0))
    whole, half = local.charges("lower_grad_y")[0][1], local.charges("lower_grad_y", batch)[0][1]
    assert whole - 3 * local.dim_y == 2 * (half - 3 * local.dim_y)
    unequal = build(VARIANTS["softmax, unequal"])
    ((name, operations),) = unequal.stack([0, 1, 2]).charges("lower_hvp")
    assert name == "lower_hvp"
    assert operations.tolist() == [unequal.local(i).charges("lower_hvp")[0][1] for i in range(3)]
    assert len(set(operations.tolist())) > 1


def test_batches_are_unbiased():
    """The mean of many mini-batch gradients is the full gradient, within four standard errors."""
    problem = build(replace(CLEANING, batch_upper=4, batch_lower=4))
    local, rng = problem.local(1), np.random.default_rng(0)
    x, y, u = (rng.standard_normal(dim) for dim in (problem.dim_x, problem.dim_y, problem.dim_y))
    drawn = [np.concatenate(local.directions(x, y, u, local.draw(rng))) for _ in range(2000)]
    full = np.concatenate(local.directions(x, y, u))
    error = np.abs(np.mean(drawn, axis=0) - full)
    assert (error <= 4.5 * np.std(drawn, axis=0) / np.sqrt(2000) + 1e-12).all()


def test_no_gradient_touches_another_agents_block():
    """In hyper-cleaning an agent's own samples alone have a derivative."""
    problem = build(CLEANING)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(problem.dim_x), rng.standard_normal(problem.dim_y)
    gradient = problem.local(1).lower_grad_x(x, y)
    assert gradient[problem.block(1)].all()
    gradient[problem.block(1)] = 0
    assert not gradient.any()
