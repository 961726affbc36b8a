"""Laws of durations: exact moments, checked parameters, construction by name, reproducible draws."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simulator.delays import (
    BLOCK,
    LAWS,
    Constant,
    DelayError,
    Draws,
    Empirical,
    Exponential,
    LogNormal,
    Pareto,
    ShiftedExponential,
    TwoPoint,
    Uniform,
    Weibull,
    make,
    parameters,
)

RANDOM_LAWS = [
    (Uniform(1.0, 3.0), stats.uniform(1.0, 2.0)),
    (Exponential(2.0), stats.expon(scale=2.0)),
    (ShiftedExponential(1.0, 0.5), stats.expon(loc=1.0, scale=0.5)),
    (LogNormal(0.03, 1.0), stats.lognorm(s=1.0, scale=0.03)),
    (LogNormal.with_mean(0.05, 0.8), stats.lognorm(s=0.8, scale=0.05 * math.exp(-0.32))),
    (Pareto(2.0, 3.5), stats.pareto(3.5, scale=2.0)),
    (Weibull(2.0, 0.7), stats.weibull_min(0.7, scale=2.0)),
]


@pytest.mark.parametrize(("law", "reference"), RANDOM_LAWS, ids=lambda law: getattr(law, "name", ""))
def test_a_continuous_law_has_the_moments_and_the_distribution_of_scipy(law, reference):
    """Mean and variance are exact, and 20,000 values pass a Kolmogorov-Smirnov test."""
    assert law.mean == pytest.approx(reference.mean(), rel=1e-12)
    assert law.variance == pytest.approx(reference.var(), rel=1e-10)
    sample = law.sample(np.random.default_rng(3), 20_000)
    assert sample.shape == (20_000,)
    assert stats.kstest(sample, reference.cdf).pvalue > 1e-3


def test_discrete_laws_draw_only_their_values_at_their_frequencies():
    """Two-point and empirical values, their exact moments and their counts."""
    rng = np.random.default_rng(5)
    two = TwoPoint(fast=1.0, slow=8.0, probability=0.25)
    assert (two.mean, two.variance) == (2.75, 49 * 0.1875)
    slow = int((two.sample(rng, 10_000) == 8.0).sum())
    assert stats.binomtest(slow, 10_000, 0.25).pvalue > 1e-3
    table = Empirical([1.0, 1.0, 4.0])
    assert (table.mean, table.variance) == (2.0, 2.0)
    drawn = table.sample(rng, 10_000)
    assert set(drawn) == {1.0, 4.0}
    assert stats.binomtest(int((drawn == 4.0).sum()), 10_000, 1 / 3).pvalue > 1e-3
    assert (Constant(0.5).mean, Constant(0.5).variance) == (0.5, 0.0)
    assert TwoPoint(1.0, 2.0, 0.0).sample(rng, 100).max() == 1.0
    assert TwoPoint(1.0, 2.0, 1.0).sample(rng, 100).min() == 2.0


@pytest.mark.parametrize("shape", [0.5, 1.0, 1.5, 2.0, 3.0])
def test_a_capped_pareto_has_exact_moments(shape):
    """The moments of min(X, cap) equal the integral of the survival function, for every shape."""
    law = Pareto(scale=2.0, shape=shape, cap=60.0)
    mean = 2.0 + integrate.quad(lambda t: (2.0 / t) ** shape, 2.0, 60.0)[0]
    second = 4.0 + integrate.quad(lambda t: 2 * t * (2.0 / t) ** shape, 2.0, 60.0)[0]
    assert law.mean == pytest.approx(mean, rel=1e-9)
    assert law.variance == pytest.approx(second - mean**2, rel=1e-8)
    sample = law.sample(np.random.default_rng(1), 20_000)
    assert sample.min() >= 2.0
    assert sample.max() <= 60.0
    assert Pareto(2.0, shape, cap=2.5).sample(np.random.default_rng(1), 1000).max() == 2.5
    assert abs(sample.mean() - mean) < 4 * math.sqrt(law.variance / 20_000)


def test_moments_that_do_not_exist_are_infinite():
    """A Pareto of shape at most 1 has no mean, of shape at most 2 no variance."""
    assert Pareto(1.0, 1.0).mean == math.inf
    assert Pareto(1.0, 0.5).variance == math.inf
    assert Pareto(1.0, 2.0).mean == 2.0
    assert Pareto(1.0, 2.0).variance == math.inf


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: Constant(-1.0), "value = -1.0"),
        (lambda: Constant(math.nan), "value = nan"),
        (lambda: Constant(True), "value = True"),
        (lambda: Constant("fast"), "value = 'fast'"),
        (lambda: Uniform(2.0, 1.0), "high = 1.0"),
        (lambda: Exponential(0.0), "mean = 0.0"),
        (lambda: Exponential(math.inf), "mean = inf"),
        (lambda: ShiftedExponential(-0.1, 1.0), "shift = -0.1"),
        (lambda: LogNormal(1.0, -1.0), "sigma = -1.0"),
        (lambda: LogNormal.with_mean(-2.0, 1.0), "mean = -2.0"),
        (lambda: Pareto(1.0, math.nan), "shape = nan"),
        (lambda: Pareto(2.0, 1.0, cap=1.0), "cap = 1.0"),
        (lambda: LogNormal(1.0, 11.0), "sigma = 11.0"),
        (lambda: Weibull(1.0, 0.05), "shape = 0.05"),
        (lambda: TwoPoint(2.0, 1.0, 0.5), "slow = 1.0"),
        (lambda: TwoPoint(1.0, 2.0, 1.5), "probability = 1.5"),
        (lambda: Empirical([]), "values = []"),
        (lambda: Empirical([1.0, -2.0]), "values[1] = -2.0"),
    ],
)
def test_a_bad_parameter_is_refused_in_one_sentence(build, name):
    """The sentence holds the law, the parameter, its value and the rule."""
    with pytest.raises(DelayError) as caught:
        build()
    message = str(caught.value)
    assert name in message
    assert message.startswith("law ")
    assert " must be " in message
    assert "\n" not in message


def test_laws_are_made_by_name_as_a_scenario_writes_them():
    """Every law is listed under its own name, and a table of a scenario makes it."""
    assert all(law.name == name for name, law in LAWS.items())
    assert set(LAWS) == {
        "constant", "uniform", "exponential", "shifted_exponential", "lognormal", "pareto", "weibull", "two_point",
        "empirical",
    }  # fmt: skip
    assert make(**{"distribution": "lognormal", "median": 0.03, "sigma": 1.0}) == LogNormal(0.03, 1.0)
    assert make("lognormal", mean=0.05, sigma=0.8).mean == pytest.approx(0.05, rel=1e-14)
    assert make("pareto", scale=1.0, shape=2.0) == Pareto(1.0, 2.0)
    assert make("empirical", values=[1, 2]) == Empirical((1.0, 2.0))
    assert parameters("pareto") == {"scale": True, "shape": True, "cap": False}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"distribution": "log_normal"}, "did you mean lognormal"),
        ({"distribution": "qqqq"}, "the laws are constant, uniform"),
        ({"distribution": "uniform", "low": 1.0}, "high is missing; the parameters are low, high"),
        ({"distribution": "exponential", "mean": 1.0, "rate": 2.0}, "rate = 2.0 is not a parameter, which are mean"),
        ({"distribution": "shifted_exponential", "shift": 1, "mean": 2}, "which are shift, excess"),
        ({"distribution": "lognormal", "sigma": 1.0}, "exactly one of median and mean"),
        ({"distribution": "lognormal", "sigma": 1.0, "mean": 1.0, "median": 1.0}, "exactly one of median and mean"),
    ],
)
def test_a_bad_table_is_refused_with_the_names_that_are_allowed(table, sentence):
    """Unknown laws name the nearest one, unknown parameters the allowed ones."""
    with pytest.raises(DelayError) as caught:
        make(**table)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("law", [law for law, _ in RANDOM_LAWS] + [TwoPoint(1.0, 2.0, 0.5), Empirical([1.0, 2.0])])
def test_draws_give_the_values_of_the_stream_in_order(law):
    """The k-th value is the k-th of the stream's blocks, whoever else draws in between."""
    rng = np.random.default_rng(11)
    expected = np.concatenate([law.sample(rng, BLOCK), law.sample(rng, BLOCK)])
    draws, other = Draws(law, np.random.default_rng(11)), Draws(law, np.random.default_rng(12))
    got = []
    for _ in range(2 * BLOCK):
        got.append(draws.next())
        other.next()
    assert got == expected.tolist()
    assert all(type(value) is float for value in got[:3])


def test_a_constant_needs_no_stream_and_a_random_law_does():
    """Constant values come without a generator; anything else is refused without one."""
    draws = Draws(Constant(2))
    assert [draws.next(), draws.next()] == [2.0, 2.0]
    with pytest.raises(DelayError, match="law exponential: a random generator is needed"):
        Draws(Exponential(1.0))


def test_a_larger_parameter_never_makes_a_value_smaller():
    """With one stream a heavier law is larger value by value, so sweeps compare like with like."""
    for light, heavy in [(Pareto(1.0, 3.0), Pareto(1.0, 1.5)), (Exponential(1.0), Exponential(2.0))]:
        a = light.sample(np.random.default_rng(2), 500)
        b = heavy.sample(np.random.default_rng(2), 500)
        assert (a <= b).all()
