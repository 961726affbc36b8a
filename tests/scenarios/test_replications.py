"""How many seeds: closed forms by hand, intervals against scipy, and what the rule promises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scenarios.replications import Rule, half_width, mean, notes, wanted
from simulator.streams import stream

RULE = Rule("target_s", first=3, at_most=50, half_width=1.0)
T3 = 4.302652729749464  # Student's quantile for 95 % with two degrees of freedom


def test_the_half_width_is_students() -> None:
    """Of 1, 2, 3: s = 1, n = 3; of two values t is 12.706; of one there is none."""
    assert half_width([1.0, 2.0, 3.0], 0.95) == pytest.approx(T3 / math.sqrt(3), rel=1e-12)
    assert half_width([5.0, 5.0], 0.95) == 0.0
    assert half_width([0.0, 2.0], 0.95) == pytest.approx(12.706204736, rel=1e-9)
    assert half_width([7.0], 0.95) is None
    assert half_width([], 0.95) is None


def test_the_half_width_agrees_with_scipy() -> None:
    """For several sizes and levels."""
    for n in (2, 5, 30):
        for confidence in (0.8, 0.95, 0.999):
            values = stream(0, "replications", n).normal(3.0, 2.0, n)
            low, high = stats.t.interval(confidence, n - 1, values.mean(), stats.sem(values))
            assert half_width(list(values), confidence) == pytest.approx((high - low) / 2, rel=1e-10)


def test_what_is_missing_or_not_finite_does_not_count() -> None:
    """A run that never reached the target, one that diverged."""
    assert half_width([1.0, None, 2.0, math.nan, 3.0, math.inf], 0.95) == half_width([1.0, 2.0, 3.0], 0.95)


def test_huge_values_do_not_overflow() -> None:
    """Nor do their quotients: twice as many is all that is ever asked for."""
    values = [1e300, 2e300, 3e300]
    assert half_width(values, 0.95) == pytest.approx(1e300 * T3 / math.sqrt(3))
    assert mean(values) == pytest.approx(2e300)
    assert wanted(RULE, {"a": values}, 3) == 6


def test_enough_is_enough() -> None:
    """Equal values are known exactly; so are values whose interval is just as short as was asked."""
    assert wanted(RULE, {"a": [2.0, 2.0, 2.0]}, 3) == 3
    just = Rule("target_s", 3, 50, half_width=half_width([1.0, 2.0, 3.0], 0.95))
    assert wanted(just, {"a": [1.0, 2.0, 3.0]}, 3) == 3


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(2.4, 4), (2.0, 5), (1.8, 6), (0.1, 6)],
)
def test_the_next_number_grows_with_the_square_of_what_is_missing(allowed: float, expected: int) -> None:
    """3 (w / h)^2 with w = 2.484: 3.2 -> 4, 4.6 -> 5, 5.7 -> 6, and never more than twice as many."""
    rule = Rule("target_s", 3, 50, half_width=allowed)
    assert wanted(rule, {"a": [1.0, 2.0, 3.0]}, 3) == expected


def test_the_worst_known_mean_decides_for_all() -> None:
    """Whoever stands where."""
    values = {"a": [2.0, 2.0, 2.0], "b": [1.0, 2.0, 3.0]}
    rule = Rule("target_s", 3, 50, half_width=2.0)
    assert wanted(rule, values, 3) == wanted(rule, dict(reversed(values.items())), 3) == 5


def test_a_share_of_the_mean_is_measured_in_the_quantitys_unit() -> None:
    """1, 2, 3 has the mean 2: 100 % of it are 2.0. A mean of zero is never known to a share of itself."""
    assert wanted(Rule("target_s", 3, 50, relative_half_width=1.0), {"a": [1.0, 2.0, 3.0]}, 3) == 5
    assert wanted(Rule("target_s", 3, 50, relative_half_width=1.0), {"a": [-1.0, 0.0, 1.0]}, 3) == 6


def test_there_is_an_end() -> None:
    """At the maximum nothing more is asked for."""
    rule = Rule("target_s", 3, 4, half_width=0.01)
    assert wanted(rule, {"a": [1.0, 2.0, 3.0]}, 3) == 4
    assert wanted(rule, {"a": [1.0, 2.0, 3.0, 4.0]}, 4) == 4


def test_nobody_waits_for_an_algorithm_that_hardly_ever_arrives() -> None:
    """Fewer than two of its first three seeds have the quantity; later ones do not change that."""
    seldom = {"a": [2.0, 2.0, 2.0, 2.0], "b": [1.0, None, None, 9.0]}
    assert wanted(RULE, seldom, 4) == 4
    assert notes(RULE, seldom) == ["b: not waited for, since only 1 of its first 3 seeds came to a target_s"]
    assert wanted(RULE, {"a": [1.0, None, 9.0]}, 3) == 6


def test_a_mean_that_stayed_unknown_is_told() -> None:
    """With how well it is known; nothing is said of the others."""
    rule = Rule("target_s", 3, 4, half_width=0.5)
    values = {"a": [2.0, 2.0, 2.0, 2.0], "b": [1.0, 2.0, None, 3.0]}
    assert notes(rule, values) == [
        "b: target_s is known to ±2.48, not to ±0.5, with 3 of 4 seeds, the most that were allowed"
    ]


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=2, max_size=12),
    st.floats(1e-6, 1e6),
    st.integers(2, 40),
)
def test_the_next_number_is_always_within_its_bounds(values: list[float | None], allowed: float, most: int) -> None:
    """Never fewer than now, never more than twice as many, never beyond the maximum."""
    n = len(values)
    found = wanted(Rule("loss", 2, max(most, n), half_width=allowed), {"a": values}, n)
    assert n <= found <= min(2 * n, max(most, n))


def test_the_interval_covers_about_as_often_as_it_says() -> None:
    """2,000 samples of five normal values: 95 % of the intervals hold the mean, to within four standard errors."""
    samples = stream(1, "coverage").normal(3.0, 2.0, (2000, 5))
    held = [abs(np.mean(sample) - 3.0) <= (half_width(list(sample), 0.95) or 0.0) for sample in samples]
    assert abs(np.mean(held) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)
