"""Regularisation tuning: sizes, starts, metrics, and that descent along the hypergradient tunes."""

import numpy as np
import pytest

from problems import regularisation
from problems.errors import ProblemError
from problems.regularisation import Settings, build, memory_bytes

TINY = {"train": 40, "validation": 30, "test": 30}


@pytest.mark.parametrize(
    ("settings", "dim_x", "dim_y"),
    [
        (Settings(**TINY), 30, 30),
        (Settings(intercept=True, **TINY), 31, 31),
        (Settings(per="class", **TINY), 1, 30),
        (Settings(model="softmax", **TINY), 30, 60),
        (Settings(model="softmax", per="class", **TINY), 2, 60),
        (Settings(data="digits", drop_constant=True, **TINY), 61, 610),
        (Settings(data="digits", per="class", **TINY), 10, 640),
        (Settings(data="digits", per="all", **TINY), 1, 640),
        (Settings(data="diabetes", **TINY), 10, 10),
    ],
)
def test_sizes_are_those_of_the_model(settings, dim_x, dim_y):
    """One coefficient a feature or a class, c d weights."""
    problem = build(settings, agents=2, seed=0)
    assert (problem.dim_x, problem.dim_y) == (dim_x, dim_y)
    assert (problem.local(0).dim_x, problem.local(0).dim_y) == (dim_x, dim_y)


def test_logistic_regression_needs_two_classes():
    """The sentence says how many there are."""
    with pytest.raises(ProblemError, match="model is logistic, which needs two classes: digits has 10"):
        build(Settings(data="digits", model="logistic", **TINY), agents=2, seed=0)


def test_real_targets_have_the_squared_loss_alone():
    """There is no class that a classifier could name."""
    with pytest.raises(ProblemError, match="model is softmax, which needs classes: diabetes has real targets"):
        build(Settings(data="diabetes", model="softmax", **TINY), agents=2, seed=0)


@pytest.mark.parametrize("per", ["feature", "all"])
def test_ridge_regression_is_solved_as_in_closed_form(per):
    """y*(x), F and its gradient, with agents that hold unequal numbers of samples."""
    problem = build(Settings(data="diabetes", per=per, **(TINY | {"train": 41})), agents=3, seed=0)
    x = np.random.default_rng(0).standard_normal(problem.dim_x)

    def response(x):
        held = [problem._held_lower.of(agent) for agent in range(3)]
        gram = sum(one.rows.T @ one.rows / one.count for one in held) / 3
        right = sum(one.rows.T @ one.targets[0] / one.count for one in held) / 3
        return np.linalg.solve(gram + np.diag(np.broadcast_to(np.exp(x), 10)), right)

    def upper(x):
        held = [problem._held_upper.of(agent) for agent in range(3)]
        return np.mean([((one.rows @ response(x) - one.targets[0]) ** 2).mean() / 2 for one in held])

    assert np.allclose(problem.lower_solution(x), response(x), rtol=0, atol=1e-9)
    found = problem.measure(["upper_objective_resolved", "test_error_resolved"], x, np.zeros(10))
    assert found["upper_objective_resolved"] == pytest.approx(upper(x), rel=1e-8)
    test = problem._split.test
    assert found["test_error_resolved"] == pytest.approx(((test.features @ response(x) - test.labels) ** 2).mean())
    step = np.random.default_rng(1).standard_normal(problem.dim_x)
    along = (upper(x + 1e-5 * step) - upper(x - 1e-5 * step)) / 2e-5
    assert problem.hypergradient(x) @ step == pytest.approx(along, abs=1e-8)


def test_tuned_ridge_regression_predicts_diabetes():
    """From a penalty far too strong, F falls to what is known of the data: about half the variance is explained."""
    problem = build(Settings(data="diabetes", start_value=4.0), agents=4, seed=0)
    x, y = problem.start(np.random.default_rng(0))
    before = problem.measure(["test_error_resolved"], x, y)["test_error_resolved"]
    for _ in range(60):
        x = x - 10 * problem.hypergradient(x)
    after = problem.measure(["test_error_resolved"], x, y)["test_error_resolved"]
    assert before > 0.8
    assert 0.4 < after < 0.6


def test_logistic_equals_softmax_with_half_the_difference():
    """Two-class softmax weights (-w/2, w/2) have the same loss as logistic weights w."""
    logistic = build(Settings(**TINY), agents=2, seed=0).local(0)
    softmax = build(Settings(model="softmax", **TINY), agents=2, seed=0).local(0)
    w = np.random.default_rng(0).standard_normal(30)
    pair = np.concatenate((-w / 2, w / 2))
    x = np.zeros(30)
    assert softmax.upper_value(x, pair) == pytest.approx(logistic.upper_value(x, w), rel=1e-12)


def test_starts_are_as_set():
    """constant, normal around a value, log of a uniform; y normal."""
    rng = np.random.default_rng(0)
    constant, _ = build(Settings(start_value=-2.0, **TINY), 2, 0).start(rng)
    assert (constant == -2.0).all()
    normal, y = build(Settings(start_upper="normal", start_value=5.0, start_lower_sd=1.0, **TINY), 2, 0).start(rng)
    assert 4.0 < normal.mean() < 6.0
    assert normal.std() > 0.5
    assert y.any()
    logs, _ = build(Settings(start_upper="log_uniform", **TINY), 2, 0).start(rng)
    assert (logs <= 0).all()
    assert np.isfinite(logs).all()


def test_binary_metrics_include_f1():
    """A model that calls everything positive has recall 1 and precision equal to the positives' share."""
    problem = build(Settings(scaling="range", **TINY), agents=2, seed=0)
    labels = problem._split.test.labels
    found = problem.measure(["accuracy", "f1"], np.zeros(30), np.ones(30))
    share = labels.mean()
    assert found["accuracy"] == pytest.approx(share)
    assert found["f1"] == pytest.approx(2 * share / (1 + share))


def test_without_test_samples_there_is_no_accuracy():
    """All of breast cancer for the two levels leaves none for a test."""
    problem = build(Settings(train=284, validation=285), agents=4, seed=0)
    assert "accuracy" not in problem.metrics
    assert "upper_objective_resolved" in problem.metrics


def test_descent_along_the_hypergradient_tunes():
    """40 steps from a strong penalty lower F and the hypergradient's norm."""
    problem = build(Settings(train=200, validation=200, start_value=1.0, upper_ridge=1e-2), agents=4, seed=0)
    x, y = problem.start(np.random.default_rng(0))
    names = ["upper_objective_resolved", "hypergradient_norm", "lower_residual"]
    before = problem.measure(names, x, y)
    for _ in range(40):
        y = problem.lower_solution(x, y)
        x = x - 10 * problem.hypergradient(x, y)
    after = problem.measure(names, x, problem.lower_solution(x, y))
    assert after["upper_objective_resolved"] < before["upper_objective_resolved"] - 0.05
    assert after["hypergradient_norm"] < before["hypergradient_norm"] / 5
    assert after["lower_residual"] < 1e-9


def test_the_memory_estimate_holds_what_is_allocated():
    """Rows, targets and the test set fit into the estimate, which is at most six times as large."""
    settings = Settings(data="digits")
    problem = build(settings, agents=8, seed=0)
    held = [problem._held_upper, problem._held_lower]
    real = sum(part.rows.nbytes + sum(target.nbytes for target in part.targets) for part in held)
    real += problem._split.test.features.nbytes
    assert real <= memory_bytes(settings, 8) <= 6 * real


@pytest.mark.realdata
@pytest.mark.parametrize("data", ["ijcnn1", "covtype", "a9a"])
def test_real_tables_can_be_tuned(data):
    """On a thousand rows the resolved model is about as good as the commonest class or better; F has a gradient."""
    settings = Settings(data=data, train=1000, validation=500, test=1000, start_value=-4.0, intercept=True)
    problem = build(settings, agents=4, seed=0)
    found = problem.measure(list(problem.metrics), *problem.start(np.random.default_rng(0)))
    commonest = np.bincount(problem._split.test.labels).max() / 1000
    assert found["accuracy_resolved"] > commonest - 0.01
    assert found["hypergradient_norm"] > 0
    assert regularisation.memory_bytes(settings, 4) > 0
