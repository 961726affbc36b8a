"""Problems by automatic differentiation agree with those by hand; without JAX, all else works."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from problems import automatic, hyper_cleaning, hyper_representation, quadratic, regularisation
from problems.base import COUNTED, FUSED, Batch
from problems.checks import finite_differences, stack_differences
from problems.errors import ProblemError

jax = pytest.importorskip("jax")
jnp = jax.numpy

THIRD = {"lower_hvp": "v", "lower_cross": "v", "lower_cross_t": "w", "lower_products": "v", "directions": "v"}


def largest_difference(one, other, rng, batch=None, oracles=(*COUNTED, *FUSED)):
    """Over the oracles at a random point, |one - other| / max(1, |other|)."""
    x, y, v = rng.standard_normal(one.dim_x), rng.standard_normal(one.dim_y), rng.standard_normal(one.dim_y)
    third = {"v": v, "w": rng.standard_normal(one.dim_x)}
    worst = 0.0
    for oracle in oracles:
        extra = (third[THIRD[oracle]],) if oracle in THIRD else ()
        found, expected = (getattr(local, oracle)(x, y, *extra, batch) for local in (one, other))
        parts = zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]
        for a, b in parts:
            assert np.shape(a) == np.shape(b)
            worst = max(worst, float(np.abs(a - b).max() / max(1.0, np.abs(b).max())))
    return worst


def by_functions(sampled, upper, lower, further=lambda agent: {}, **more):
    """The functions on the samples that a problem on a data set holds."""

    def of(samples):
        return {"rows": samples.rows, "targets": samples.targets.T}

    data = [
        (of(sampled._held_upper.of(agent)), of(sampled._held_lower.of(agent)) | further(agent))
        for agent in range(sampled.agents)
    ]
    return automatic.problem(upper, lower, data=data, dim_x=sampled.dim_x, dim_y=sampled.dim_y, **more)


def cross_entropies(y, batch):
    logits = batch["rows"] @ y.reshape(batch["targets"].shape[1], -1).T
    return jax.nn.logsumexp(logits, axis=1) - (logits * batch["targets"]).sum(1)


def logistic_losses(y, batch):
    logits = batch["rows"] @ y
    return jnp.logaddexp(0, logits) - batch["targets"][:, 0] * logits


@cache  # here and below: what one test has compiled, others need not
def quadratic_pair():
    """The quadratic of three agents by hand and by two functions, its matrices being the agents' only sample."""
    by_hand = quadratic.build(quadratic.Settings(dim_x=4, dim_y=5, start_sd=1.0), agents=3, seed=0)

    def upper(x, y, batch):
        dy, dx = y - batch["t"], x - batch["r"]
        return (dy @ batch["P"] @ dy + dx @ batch["S"] @ dx) / 2 + batch["s"] @ x

    def lower(x, y, batch):
        return y @ batch["A"] @ y / 2 - y @ (batch["B"] @ x + batch["c"])

    arrays = by_hand.arrays
    data = [
        ({key: arrays[key][agent] for key in "PtSrs"}, {key: arrays[key][agent] for key in "ABc"}) for agent in range(3)
    ]
    return by_hand, automatic.problem(upper, lower, data=data, dim_x=4, dim_y=5, start=by_hand.start)


@cache
def tuning_pair(**more):
    """Ridge tuning of logistic regression, three agents with 14, 13, 13 training samples."""
    settings = regularisation.Settings(train=40, validation=31, test=1, upper_ridge=0.1)
    by_hand = regularisation.build(settings, agents=3, seed=0)

    def upper(x, y, batch):
        return logistic_losses(y, batch).mean() + 0.05 * (x @ x)

    def lower(x, y, batch):
        return logistic_losses(y, batch).mean() + (jnp.exp(x) * y * y).sum() / 2

    return by_hand, by_functions(by_hand, upper, lower, **more)


@cache
def cleaning_pair(**more):
    """Hyper-cleaning of digits, two agents with 20 training samples each."""
    by_hand = hyper_cleaning.build(hyper_cleaning.Settings(train=40, validation=30, test=1, ridge=0.01), 2, 0)

    def upper(x, y, batch):
        return cross_entropies(y, batch).mean()

    def lower(x, y, batch):
        return (jax.nn.sigmoid(x[batch["place"]]) * cross_entropies(y, batch)).mean() + 0.01 * (y @ y)

    return by_hand, by_functions(
        by_hand, upper, lower, lambda agent: {"place": np.arange(40)[by_hand.block(agent)]}, **more
    )


@cache
def representation_pair():
    """Hyper-representation of digits by a network of two hidden layers of 4, two agents."""
    settings = hyper_representation.Settings(
        train=20, validation=16, test=1, hidden=4, hidden_layers=2, ridge=0.05, upper_ridge=0.1
    )
    by_hand = hyper_representation.build(settings, 2, 0)

    def losses(x, y, batch):
        first, between, second, last = x[:256].reshape(4, 64), x[256:260], x[260:276].reshape(4, 4), x[276:]
        hidden = jnp.tanh(second @ jnp.tanh(first @ batch["rows"].T + between[:, None]) + last[:, None])
        logits = (y[:40].reshape(10, 4) @ hidden + y[40:, None]).T
        return jax.nn.logsumexp(logits, axis=1) - (logits * batch["targets"]).sum(1)

    def upper(x, y, batch):
        return losses(x, y, batch).mean() + 0.05 * (x @ x)

    def lower(x, y, batch):
        return losses(x, y, batch).mean() + 0.025 * (y @ y)

    return by_hand, by_functions(by_hand, upper, lower)


PAIRS = [quadratic_pair, tuning_pair, cleaning_pair, representation_pair]


@pytest.mark.parametrize("pair", PAIRS)
def test_by_hand_and_by_jax_agree(pair):
    """Every oracle of the last agent, in double precision, to 1e-10."""
    by_hand, by_jax = pair()
    agent = by_hand.agents - 1
    assert largest_difference(by_jax.local(agent), by_hand.local(agent), np.random.default_rng(0)) < 1e-10


def test_mini_batches_agree():
    """Drawn samples are weighed by one over their number, samples drawn twice count twice."""
    by_hand, by_jax = cleaning_pair(batches=(3, 4))
    batch = by_jax.local(1).draw(np.random.default_rng(0))
    assert (batch.upper.shape, batch.lower.shape) == ((3,), (4,))
    repeated = Batch(batch.upper, np.array([5, 5, 0, 7]))
    some = ("upper_grads", "lower_value", "lower_cross_t", "directions")
    for drawn in (batch, repeated):
        rng = np.random.default_rng(1)
        assert largest_difference(by_jax.local(1), by_hand.local(1), rng, drawn, some) < 1e-10


def test_exact_solves_and_metrics_agree():
    """The lower solution, the hypergradient and the metrics of a quadratic against its closed forms."""
    by_hand, by_jax = quadratic_pair()
    x, y = by_hand.start(np.random.default_rng(0))
    assert np.allclose(by_jax.lower_solution(x), by_hand.lower_solution(x), rtol=0, atol=1e-9)
    assert np.allclose(by_jax.hypergradient(x), by_hand.hypergradient(x), rtol=0, atol=1e-9)
    names = list(by_jax.metrics)
    assert by_jax.measure(names, x, y) == pytest.approx(by_hand.measure(names, x, y), rel=1e-8)


def test_a_stack_has_the_bits_of_its_agents():
    """Two agents, not in order."""
    assert stack_differences(quadratic_pair()[1], [2, 0], np.random.default_rng(0)) == []


def test_finite_differences_agree_too():
    """The check that the author of a problem runs."""
    errors = finite_differences(quadratic_pair()[1].local(0), np.random.default_rng(0))
    assert max(errors.values()) < 1e-6


def test_arrays_are_of_numpy_in_the_problems_precision():
    """Writable, float64 or float32, whatever comes in; JAX's own default stays float32."""
    for dtype in ("float64", "float32"):
        _, by_jax = tuning_pair(dtype=dtype)
        local = by_jax.local(0)
        x, y = local.start(np.random.default_rng(0))
        found = local.directions(x, y, np.ones(30))
        assert all(type(part) is np.ndarray and part.dtype == dtype and part.flags.writeable for part in found)
        assert isinstance(local.upper_value(x, y), np.dtype(dtype).type)
    assert jnp.ones(1).dtype == "float32"


def test_operations_are_those_that_are_stated():
    """A fused call costs its parts; samples of a mini-batch are counted."""
    _, by_jax = tuning_pair(operations=lambda oracle, m, n: 1000 * m + n + len(oracle))
    local = by_jax.local(0)
    assert local.charges("lower_hvp") == (("lower_hvp", 11_014 + 9),)
    batch = Batch(np.array([1]), np.array([0, 2]))
    assert local.charges("upper_grads", batch) == (("upper_grad_x", 1014), ("upper_grad_y", 1014))
    stacked = dict(by_jax.stack([0, 2]).charges("lower_value"))
    assert stacked["lower_value"].tolist() == [11_014 + 11, 10_013 + 11]


def test_operations_are_otherwise_those_that_xla_counts():
    """Near the formulas by hand; more samples cost more; a fused call costs less than its parts."""
    by_hand, by_jax = cleaning_pair()
    local = by_jax.local(0)
    for oracle in ("lower_grad_y", "lower_hvp"):
        ((_, asked),), ((_, formula),) = local.charges(oracle), by_hand.local(0).charges(oracle)
        assert asked == pytest.approx(formula, rel=0.15)
        assert local.charges(oracle, Batch(lower=np.arange(10)))[0][1] < 0.7 * asked
    fused = local.charges("directions")
    assert [name for name, _ in fused] == list(FUSED["directions"])
    apart = sum(local.charges(name)[0][1] for name, _ in fused)
    assert 0.3 * apart < sum(operations for _, operations in fused) < 0.9 * apart


def simple(**more):
    """Two agents with four samples each of f = g = mean (y - s)^2 / 2."""

    def half(x, y, batch):
        return ((y - batch) ** 2).mean() / 2

    samples = np.arange(4.0)
    wanted = {"upper": half, "lower": half, "data": [(samples, samples)] * 2, "dim_x": 1, "dim_y": 1} | more
    return automatic.problem(wanted.pop("upper"), wanted.pop("lower"), **wanted)


def test_starts_are_zero_unless_given():
    """And are brought to the problem's precision."""
    assert simple().start(np.random.default_rng(0)) == (0, 0)
    x, y = simple(start=lambda rng: ([1], [2]), dtype="float32").start(np.random.default_rng(0))
    assert (x.dtype, x[0], y[0]) == (np.float32, 1, 2)


def test_metrics_can_be_added():
    """One of the author's own stands beside the usual ones."""
    entry = (automatic.measures.Metric("y at the first place"), lambda at: float(at.y_star[0]))
    problem = simple(metrics={"answer": entry})
    assert problem.measure(["answer"], np.zeros(1), np.zeros(1))["answer"] == pytest.approx(1.5)
    assert "hypergradient_norm" in problem.metrics


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ({"data": []}, "data is empty: a problem needs at least one agent"),
        ({"data": [(1.0, 2.0, 3.0)]}, r"data of agent 0 has 3 parts: it must be \(upper samples, lower samples\)"),
        ({"dim_y": 0}, "dim_y is 0: it must be at least 1"),
        (
            {"lower": lambda x, y, batch: y * batch},
            r"lower returns an array of shape \(4,\): it must return one number",
        ),
        ({"upper": lambda x, y, batch: (y[0], 1)}, "upper returns a tuple: it must return one number"),
        ({"batches": (5, 0)}, "a mini-batch is 5: the upper samples of agent 0 are 4; 0 takes them all"),
        (
            {"data": [(0.0, (np.ones(3), np.ones(4)))], "lower": lambda x, y, batch: y[0] ** 2, "batches": (0, 2)},
            r"lower samples of agent 0 have first axes of lengths \[3, 4\]: a mini-batch needs one length of them all",
        ),
        (
            {"operations": lambda oracle, m, n: -1.0},
            "operations of upper_value are -1.0: they must be finite and not negative",
        ),
    ],
)
def test_mistakes_are_answered_with_a_sentence(mistake, sentence):
    """Name, value and rule."""
    with pytest.raises(ProblemError, match=f"^{sentence}$"):
        simple(**mistake)


def test_without_jax_the_error_says_what_to_install(monkeypatch):
    """Only the problem that needs it is refused."""
    monkeypatch.setitem(sys.modules, "jax", None)
    for use in (simple, automatic.numpy):
        with pytest.raises(ProblemError, match=r"^.* need JAX: pip install 'bilevelsim\[jax\]'$"):
            use()


def test_jax_is_not_imported_before_it_is_needed():
    """Finding the problems, the algorithms and the scenarios does not load it, and all of that works without it."""
    program = (
        "import sys; sys.modules['jax'] = None\n"
        "import problems, algorithms, scenarios\n"
        "assert 'regularisation' in problems.names() and algorithms.names() and scenarios.load\n"
        "module = problems.load('regularisation')\n"
        "built = module.build(module.Settings(train=20, validation=10, test=1), agents=2, seed=0)\n"
        "built.local(0).upper_value(*built.start(__import__('numpy').random.default_rng(0)))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
