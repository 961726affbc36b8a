"""Snapshots: when an agent evaluates, and what it uses in between."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from algorithms.pieces.snapshots import Snapshots
from problems import quadratic
from simulator.streams import stream

PROBLEM = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=2, seed=0)


@dataclass
class Evaluator:
    """Stands for an agent: runs what it is asked to, and writes down the names.

    It has no `rng`: the stream of the mini-batches is none of the coin's.
    """

    id: int = 0
    problem: Any = PROBLEM.local(0)
    called: list[str] = field(default_factory=list)

    def compute(self, work: Callable[..., Any], *args: Any, where: bool = True, otherwise: Any = None) -> Any:
        if not where:
            return otherwise
        self.called.append(work.__name__)
        return work(*args)

    def shared_rng(self, purpose: str) -> np.random.Generator:
        return stream(3, purpose)


def ask(snapshots: Snapshots, *point: np.ndarray) -> Any:
    """The directions of one round."""
    asked = snapshots.directions(*point, None)
    value = next(asked)
    try:
        while True:
            value = asked.send(value)
    except StopIteration as end:
        return end.value


def evaluations(coin: str, share: float, rounds: int, agent: int = 0) -> list[int]:
    """The rounds in which an agent evaluates."""
    one, found = Evaluator(agent), []
    snapshots = Snapshots(one, coin, share, "dir")
    for k in range(1, rounds + 1):
        ask(snapshots, np.zeros(3), np.zeros(4), np.zeros(4))
        if len(one.called) > len(found):
            found.append(k)
    return found


@pytest.mark.parametrize("coin", ["agent", "shared", "aligned", "capped"])
def test_share_one_evaluates_always_and_every_coin_in_the_first_round(coin: str) -> None:
    """p = 1 skips nothing; however small p is, there is something to reuse."""
    assert evaluations(coin, 1.0, 50) == list(range(1, 51))
    assert evaluations(coin, 1e-6, 5) == [1]


def test_aligned_agents_evaluate_periodically() -> None:
    """Every (1/p)-th round, also where 1/p is no whole number or not exact in binary."""
    assert evaluations("aligned", 1 / 3, 10) == [1, 4, 7, 10]
    assert evaluations("aligned", 0.4, 12) == [1, 4, 6, 9, 11]
    assert evaluations("aligned", 1 / 49, 200) == [1, 50, 99, 148, 197]
    assert evaluations("aligned", 0.4, 12, agent=1) == evaluations("aligned", 0.4, 12)


def test_random_coins_come_up_in_their_share_and_shared_ones_together() -> None:
    """4,000 rounds of p = .2: 800 within four standard errors; agents differ unless they share the coin."""
    for coin in ("agent", "shared"):
        assert abs(len(evaluations(coin, 0.2, 4000)) - 800) < 4 * np.sqrt(4000 * 0.2 * 0.8)
    assert evaluations("shared", 0.2, 100, agent=1) == evaluations("shared", 0.2, 100)
    assert evaluations("agent", 0.2, 100, agent=1) != evaluations("agent", 0.2, 100)


def test_capped_coin_is_that_of_the_agent_with_no_gap_above_two_turns() -> None:
    """p = .1: gaps of the free coin beyond 20 rounds are cut at 20, and no evaluation of it is left out."""
    free, capped = (evaluations(coin, 0.1, 2000) for coin in ("agent", "capped"))
    assert max(later - earlier for earlier, later in pairwise(free)) > 20
    assert max(later - earlier for earlier, later in pairwise(capped)) == 20
    assert set(free) < set(capped)


def test_directions_are_reused_as_they_were_found() -> None:
    """`dir`: between snapshots the very directions of the snapshot come back, and nothing is evaluated."""
    one = Evaluator()
    snapshots = Snapshots(one, "aligned", 1 / 3, "dir")
    rng = np.random.default_rng(0)
    first, second, third, fourth = (ask(snapshots, *map(rng.standard_normal, (3, 4, 4))) for _ in range(4))
    assert first is second is third is not fourth
    assert one.called == ["directions"] * 2


def test_matrices_are_applied_to_the_present_u() -> None:
    """`mat`: the directions at (x', y', u), with two products in place of a full evaluation."""
    one = Evaluator()
    snapshots = Snapshots(one, "aligned", 0.5, "mat")
    rng = np.random.default_rng(0)
    xs, x, ys, y, us, u = (rng.standard_normal(size) for size in (3, 3, 4, 4, 4, 4))
    ask(snapshots, xs, ys, us)
    found, expected = ask(snapshots, x, y, u), PROBLEM.local(0).directions(xs, ys, u)
    for mine, exact in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, exact, rtol=1e-13)
    assert one.called == ["directions", "lower_products"]


@pytest.mark.parametrize("coin", ["agent", "shared", "aligned", "capped"])
@pytest.mark.parametrize("reuse", ["dir", "mat"])
def test_goes_on_from_its_state(coin: str, reuse: str) -> None:
    """Restored after 17 rounds, coin and snapshot go on as if nothing had happened."""
    rng = np.random.default_rng(0)
    points = [tuple(map(rng.standard_normal, (3, 4, 4))) for _ in range(60)]
    through, again = (Snapshots(Evaluator(1), coin, 0.1, reuse) for _ in range(2))
    for point in points[:17]:
        ask(through, *point)
    again.restore(through.state())
    for point in points[17:]:
        for mine, theirs in zip(ask(through, *point), ask(again, *point), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_rounds_that_are_heavy_for_a_barrier() -> None:
    """8 agents, p = .2: a barrier pays whenever anybody evaluates, 1 - .8^8 of the rounds with own coins."""
    rounds = 2000
    heavy = {
        coin: len(set().union(*(evaluations(coin, 0.2, rounds, agent) for agent in range(8)))) / rounds
        for coin in ("agent", "shared", "aligned")
    }
    assert heavy["agent"] == pytest.approx(1 - 0.8**8, abs=0.03)
    assert heavy["shared"] == pytest.approx(0.2, abs=0.03)
    assert heavy["aligned"] == 0.2
