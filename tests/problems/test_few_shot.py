"""Few-shot tasks: who holds which, what their losses are, and that a learnt backbone serves tasks never seen."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from problems import few_shot
from problems.base import Batch
from problems.errors import ProblemError
from problems.few_shot import Settings, build, memory_bytes

DIGITS = Settings(ways=3, shots=2, queries=3, tasks=3, new_tasks=4, hidden=5)
SINUSOIDS = Settings(data="sinusoids", shots=4, queries=6, tasks=3, new_tasks=4, hidden=5, hidden_layers=2)
VARIANTS = {
    "digits": DIGITS,
    "digits, batches": replace(DIGITS, batch_upper=1, batch_lower=2, upper_ridge=0.3),
    "sinusoids": SINUSOIDS,
    "sinusoids, lower batches": replace(SINUSOIDS, batch_lower=2),
}


def point(problem, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(problem.dim_x), rng.standard_normal(problem.dim_y)


def heads_of(problem, y):
    """Weights (tasks, c, h) and biases (tasks, c)."""
    inputs, outputs = problem.network.sizes[-2:]
    blocks = y.reshape(-1, (inputs + 1) * outputs)
    return blocks[:, : inputs * outputs].reshape(-1, outputs, inputs), blocks[:, inputs * outputs :]


def seeded(settings, agents):
    """The problem of seed 0."""
    return build(settings, agents, 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_oracles_agree_with_finite_differences(oracles_agree, name):
    """Every gradient and product, on batches too."""
    oracles_agree(seeded, VARIANTS[name], "batches" in name, 1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_stack_gives_the_same_bits(stacks_agree, name, dtype):
    """Agents in one call give the same numbers as one by one, neighbours or not."""
    stacks_agree(seeded, VARIANTS[name], dtype)


@pytest.mark.parametrize("name", ["digits", "sinusoids"])
def test_the_average_is_the_mean_of_the_agents(average_agrees, name):
    """All tasks in one call are the mean over a stack of all agents."""
    average_agrees(build(VARIANTS[name], 3, 0), entry=7)


def test_values_are_the_stated_formulas():
    """f and g of the second of two agents, task by task."""
    settings = replace(DIGITS, ridge=0.3, upper_ridge=0.2)
    problem = build(settings, 2, 0)
    x, y = point(problem)
    weights, bias = x[: 5 * 64].reshape(5, 64), x[5 * 64 :]
    heads, shifts = heads_of(problem, y)

    def loss(rows, targets, task):
        outputs = heads[task] @ np.tanh(weights @ rows.T + bias[:, None]) + shifts[task][:, None]
        return (logsumexp(outputs, axis=0) - (targets * outputs).sum(0)).mean()

    known = problem._known
    upper = np.mean([loss(known.query[t], known.query_targets[t], t) for t in (3, 4, 5)])
    lower = sum(loss(known.support[t], known.support_targets[t], t) for t in (3, 4, 5))
    assert problem.local(1).upper_value(x, y) == pytest.approx(upper + 0.1 * (x @ x), rel=1e-12)
    assert problem.local(1).lower_value(x, y) == pytest.approx(lower + 0.3 / 4 * (y @ y), rel=1e-12)


def test_a_loss_touches_the_agents_own_heads_alone():
    """Of the others' heads the lower level has the ridge only, the upper level nothing."""
    problem = build(DIGITS, 3, 0)
    x, y = point(problem)
    others = np.r_[0:3, 6:9]
    for gradient, rest in (
        (problem.local(1).upper_grad_y(x, y), 0 * y),
        (problem.local(1).lower_grad_y(x, y), 1e-2 / 3 * y),
    ):
        found, expected = gradient.reshape(9, -1), rest.reshape(9, -1)
        assert np.array_equal(found[others], expected[others])
        assert (np.abs(found - expected)[3:6].max(axis=1) > 1e-4).all()


def test_batches_of_tasks_are_unbiased():
    """The mean over the three single tasks is the whole, and a task drawn twice counts twice."""
    problem = build(VARIANTS["digits, batches"], 2, 0)
    local, (x, y) = problem.local(1), point(problem)
    u = np.random.default_rng(1).standard_normal(problem.dim_y)
    single = [local.directions(x, y, u, Batch(np.array([t]), np.array([t]))) for t in range(3)]
    for parts, whole in zip(zip(*single, strict=True), local.directions(x, y, u), strict=True):
        assert np.allclose(np.mean(parts, axis=0), whole, rtol=0, atol=1e-13)
    twice = local.directions(x, y, u, Batch(np.array([2, 2]), np.array([2, 2])))
    for found, expected in zip(twice, single[2], strict=True):
        assert np.allclose(found, expected, rtol=0, atol=1e-13)


def test_heads_of_sinusoids_are_those_of_ridge_regression():
    """y_t* = (P P'/k + ridge)^-1 P t/k with the backbone's outputs and a one as P, whoever holds the task."""
    problem = build(SINUSOIDS, 3, 0)
    x, _ = point(problem)
    first, second = x[:10], x[10:]
    found = problem.lower_solution(x).reshape(9, 6)
    for task in range(9):
        hidden = np.tanh(first[:5, None] * problem._known.support[task].T + first[5:, None])
        hidden = np.tanh(second[:25].reshape(5, 5) @ hidden + second[25:, None])
        features = np.vstack([hidden, np.ones(4)])
        right = features @ problem._known.support_targets[task][0] / 4
        head = np.linalg.solve(features @ features.T / 4 + 1e-2 * np.eye(6), right)
        assert np.allclose(found[task], head, rtol=0, atol=1e-6)


def test_a_task_does_not_depend_on_who_else_there_is():
    """Further agents and new tasks leave the first agents' tasks and their solved heads as they are."""
    few, many = build(DIGITS, 2, 0), build(replace(DIGITS, new_tasks=9), 4, 0)
    assert np.array_equal(many._known.query[:6], few._known.query)
    assert np.array_equal(many._new.query[:4], few._new.query)
    assert not np.array_equal(build(DIGITS, 2, 1)._known.query, few._known.query)
    x, _ = point(few)
    assert np.allclose(many.lower_solution(x)[: few.dim_y], few.lower_solution(x), rtol=0, atol=1e-7)


def test_the_hypergradient_is_the_derivative_of_the_resolved_objective():
    """Against central differences of F, heads solved again at each point."""
    problem = build(DIGITS, 2, 0)
    x, _ = point(problem)
    step = np.random.default_rng(1).standard_normal(problem.dim_x)

    def resolved(at):
        return problem.average().upper_value(at, problem.lower_solution(at))

    along = (resolved(x + 1e-5 * step) - resolved(x - 1e-5 * step)) / 2e-5
    assert problem.hypergradient(x) @ step == pytest.approx(along, rel=1e-5)


def test_no_drawing_of_a_new_task_is_in_a_training_task():
    """Of digits: support and queries of twenty tasks of either kind."""
    problem = build(replace(DIGITS, tasks=10, new_tasks=20), 2, 0)
    known, new = (
        {row.tobytes() for part in (tasks.support, tasks.query) for row in part.reshape(-1, 64)}
        for tasks in (problem._known, problem._new)
    )
    assert not known & new
    assert len(known) > 100


def test_classes_are_named_in_a_tasks_own_order():
    """Each task has its support and its queries class by class, and the tasks choose different classes."""
    problem = build(DIGITS, 2, 0)
    known = problem._known
    assert known.support_targets[0].tolist() == np.repeat(np.eye(3), 2, axis=1).tolist()
    assert known.query_targets[4].argmax(axis=0).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_sinusoids_are_drawn_as_stated():
    """Each task's targets are a sine of amplitude and phase in their ranges; its error is known at solved heads."""
    problem = build(replace(SINUSOIDS, queries=50, tasks=20), 2, 0)
    inputs, targets = problem._known.query[..., 0], problem._known.query_targets[:, 0]
    assert (inputs.min() > -5, inputs.max() < 5) == (True, True)
    for s, t in zip(inputs, targets, strict=True):
        (along, across), *_ = np.linalg.lstsq(np.stack([np.sin(s), -np.cos(s)], axis=1), t)
        assert np.allclose(along * np.sin(s) - across * np.cos(s), t, atol=1e-10)
        assert 0.1 <= np.hypot(along, across) <= 5
        assert 0 <= np.arctan2(across, along) <= np.pi


def nearest_centroid(problem):
    """Accuracy on the new tasks of naming a query by the nearest mean of a class's support."""
    new, shares = problem._new, []
    for support, names, query, answers in zip(
        new.support, new.support_targets, new.query, new.query_targets, strict=True
    ):
        centres = names @ support / names.sum(axis=1, keepdims=True)
        distances = ((query[:, None, :] - centres) ** 2).sum(-1)
        shares.append((distances.argmin(axis=1) == answers.argmax(axis=0)).mean())
    return float(np.mean(shares))


def test_a_learnt_backbone_serves_tasks_never_seen():
    """5-way 1-shot digits: from below the nearest centroid of raw pixels, 20 steps lead far above it."""
    problem = build(Settings(shots=1, tasks=8, new_tasks=60), 4, 0)
    x, y = problem.start(np.random.default_rng(0))
    before = problem.measure(["new_task_accuracy"], x, y)["new_task_accuracy"]
    speed = np.zeros_like(x)
    for _ in range(20):
        y = problem.lower_solution(x, y)
        speed = 0.9 * speed - 0.5 * problem.hypergradient(x, y)
        x = x + speed
    after = problem.measure(["new_task_accuracy"], x, y)["new_task_accuracy"]
    known = nearest_centroid(problem)
    assert before < known < 0.8
    assert after > 0.9


@pytest.mark.parametrize(("shots", "accuracy"), [(1, 0.741), (5, 0.898)])
def test_digits_are_as_hard_as_is_known(shots, accuracy):
    """5-way, the nearest centroid of raw pixels: what was measured on other tasks, within 0.03."""
    problem = build(Settings(shots=shots, tasks=1, new_tasks=300), 1, 0)
    assert nearest_centroid(problem) == pytest.approx(accuracy, abs=0.03)


@pytest.mark.realdata
@pytest.mark.parametrize(("shots", "accuracy"), [(1, 0.404), (5, 0.647)])
def test_omniglot_is_as_hard_as_is_known(shots, accuracy):
    """5-way, on 60 characters that no training task has; within 0.05."""
    problem = build(Settings(data="omniglot_small", shots=shots, tasks=5, new_tasks=300), 2, 0)
    assert nearest_centroid(problem) == pytest.approx(accuracy, abs=0.05)
    known, new = ({row.tobytes() for row in tasks.query.reshape(-1, 784)} for tasks in (problem._known, problem._new))
    assert len(known & new) < 3  # a drawing can be another's twin
    assert problem.measure(["new_task_accuracy"], *problem.start(np.random.default_rng(0)))["new_task_accuracy"] > 0.3


def test_sinusoids_report_an_error_instead_of_an_accuracy():
    """The mean squared error of new tasks, by hand from the solved heads; there is no class to name."""
    problem = build(SINUSOIDS, 2, 0)
    x, y = problem.start(np.random.default_rng(0))
    assert "new_task_accuracy" not in problem.metrics
    found = problem.measure(["new_task_error"], x, y)["new_task_error"]
    fresh = few_shot.FewShot(SINUSOIDS, 1, problem._new, problem._new)
    solved = fresh.lower_solution(x)
    assert found == pytest.approx(2 * fresh.average().upper_value(x, solved), rel=1e-6)


def test_charges_are_those_of_the_network_and_of_adding_up():
    """n = 6 support and m = 9 query samples in 3 tasks: forward pass by hand, and 2p a task for a sum of gradients."""
    local = build(DIGITS, 2, 0).local(0)
    p, q, (n, m) = 64 * 5 + 5, 6 * 18, (18, 27)
    forward = 2 * (64 * 5 + 5 * 3) + 6 * (5 + 3)
    assert local.charges("lower_value") == (("lower_value", n * forward + 3 * q),)
    back = 2 * 5 * 3 + 3 * 5  # signals to the hidden layer, times the slopes of tanh
    backbone = back + 2 * 64 * 5
    assert local.charges("lower_grad_x") == (("lower_grad_x", n * (forward + backbone) + 2 * 3 * p),)
    assert local.charges("upper_grad_x") == (("upper_grad_x", m * (forward + backbone) + p + 2 * 3 * p),)
    assert local.charges("directions")[4] == ("lower_cross", n * (2 * 5 * 3 + backbone) + 2 * 3 * p)
    half = local.charges("lower_value", Batch(lower=np.array([1])))
    assert half == (("lower_value", n / 3 * forward + 3 * q),)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ways": 11}, "ways is 11: digits has 10 classes for the tasks"),
        (
            {"shots": 80, "queries": 40},
            r"shots \+ queries is 80 \+ 40: digits has 87 drawings of a class for the tasks",
        ),
        ({"batch_lower": 4}, "batch_lower is 4: each agent has 3 tasks; 0 takes them all"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(change, sentence):
    """Name, value and rule."""
    with pytest.raises(ProblemError, match=f"^{sentence}$"):
        build(replace(DIGITS, **change), 2, 0)
    with pytest.raises(ProblemError, match="^agents is 0: a problem needs at least one agent$"):
        build(DIGITS, 0, 0)


@pytest.mark.parametrize("settings", [Settings(), Settings(data="sinusoids")])
def test_the_memory_estimate_holds_what_is_allocated(settings):
    """Tasks of both kinds and the iterates of four agents."""
    problem = build(settings, 4, 0)
    tasks = [getattr(kind, name) for kind in (problem._known, problem._new) for name in ("support", "query")]
    real = sum(array.nbytes for array in tasks) + 3 * 4 * 8 * (problem.dim_x + problem.dim_y)
    assert real <= memory_bytes(settings, 4) <= 10 * real
