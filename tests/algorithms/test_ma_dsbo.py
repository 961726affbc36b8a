"""MA-DSBO: inner loops of gossip, against the outer round written out with all agents' matrices at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulator.agent import Wait
from simulator.delays import Exponential
from simulator.world import Compute

State = tuple[np.ndarray, np.ndarray, np.ndarray]


def lazy_ring(n: int) -> tuple[dict[int, float], ...]:
    """(I + W)/2 of the ring with weights 1/3."""
    return tuple({(i - 1) % n: 1 / 6, i: 2 / 3, (i + 1) % n: 1 / 6} for i in range(n))


def dense(rows: tuple[dict[int, float], ...]) -> np.ndarray:
    """The mixing matrix of its rows."""
    w = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        for j, weight in row.items():
            w[i, j] = weight
    return w


def times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Each agent's matrix times its vector."""
    return (matrices @ vectors[:, :, None])[:, :, 0]


def loop(w: np.ndarray, slope: Callable[[np.ndarray], np.ndarray], z: np.ndarray, step: float, n: int, tracked: bool):
    """n steps z <- W z - step t, where t follows the slopes' mean or is the slope itself."""
    t = old = slope(z)
    for _ in range(n):
        z = w @ z - step * t
        new = slope(z)
        t, old = (w @ t + new - old if tracked else new), new
    return z


def outer_round(problem: Any, w: np.ndarray, state: State, steps: tuple[float, float, float], **way: Any) -> State:
    """One outer round of all agents of a quadratic, combine then adapt, trackers anew."""
    (x, y, u), (a, b, c), m = state, steps, problem.arrays
    y = loop(w, lambda z: times(m["A"], z) - times(m["B"], x) - m["c"], y, b, way["lower"], way["track_y"])
    right = times(m["P"], y - m["t"])
    u = u if way["warm_u"] else np.zeros_like(u)
    u = loop(w, lambda z: times(m["A"], z) - right, u, c, way["linear"], True)
    direction = times(m["S"], x - m["r"]) + m["s"] + times(m["B"].swapaxes(1, 2), u)
    return w @ x - a * direction, y, u


def end(problem: Any, w: np.ndarray, steps: tuple[float, float, float], **way: Any) -> np.ndarray:
    """Mean x of the fixed point of the outer round, which is affine in the state."""
    n, p, q = problem.agents, problem.dim_x, problem.dim_y
    cuts = (n * p, n * (p + q))

    def flat_round(flat: np.ndarray) -> np.ndarray:
        parts = [part.reshape(n, -1) for part in np.split(flat, cuts)]
        return np.concatenate([part.ravel() for part in outer_round(problem, w, tuple(parts), steps, **way)])

    size = n * (p + 2 * q)
    shift = flat_round(np.zeros(size))
    matrix = np.stack([flat_round(unit) - shift for unit in np.eye(size)], axis=1)
    assert np.abs(np.linalg.eigvals(matrix)).max() < 1.0
    return np.linalg.solve(np.eye(size) - matrix, shift)[: n * p].reshape(n, p).mean(0)


@pytest.mark.parametrize("name", ["ma_dsbo", "ma_dsbo_gt"])
@pytest.mark.parametrize("warm", [False, True])
def test_three_outer_rounds_written_out(run, small, name, warm) -> None:
    """Message by message is the same as with whole matrices, with and without trackers on y and a warm start."""
    steps, way = (0.03, 0.05, 0.06), {"track_y": name == "ma_dsbo_gt", "warm_u": warm}
    settings = dict(zip(("step_x", "step_y", "step_u"), steps, strict=True))
    seen = run(name, small, 3, lower_steps=3, linear_steps=4, warm_u=warm, **settings, rows=lazy_ring(5))
    state: State = tuple(np.zeros((5, size)) for size in (3, 4, 4))
    for k in range(1, 4):
        state = outer_round(small, dense(lazy_ring(5)), state, steps, lower=3, linear=4, **way)
        for which, values in zip("xyu", state, strict=True):
            found = np.stack([seen.reports[k][agent][which] for agent in range(5)])
            np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-14)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("lower", "linear", "warm", "bias"),
    [(5, 5, False, 0.31), (5, 20, False, 0.13), (5, 60, False, 0.053), (1, 1, True, 0.19)],
)
def test_documented_distance_to_the_solution(instance, lower, linear, warm, bias) -> None:
    """Lazy ring of 8, .02/.1/.1: the fixed point of the written-out round (which the program follows) lies there."""
    problem = instance("sun_n8_h1")
    way = {"lower": lower, "linear": linear, "warm_u": warm, "track_y": True}
    x, solution = end(problem, dense(lazy_ring(8)), (0.02, 0.1, 0.1), **way), problem.optimum()[0]
    assert np.linalg.norm(x - solution) / np.linalg.norm(solution) == pytest.approx(bias, abs=0.005)


def test_carried_trackers_leave_only_the_upper_level_uncorrected(run, small) -> None:
    """T = N = 1 with warm u: the remaining distance is a third, and proportional to the step of x."""

    def distance(**settings: Any) -> float:
        x = run("ma_dsbo_gt", small, 800, lower_steps=1, linear_steps=1, warm_u=True, **settings).mean(800, "x")
        return float(np.linalg.norm(x - small.optimum()[0]))

    anew, carried, doubled = distance(), distance(carry_trackers=True), distance(carry_trackers=True, step_x=0.04)
    assert carried < anew / 3
    assert doubled == pytest.approx(2 * carried, rel=0.05)


@pytest.mark.parametrize(("order", "tracked"), [("cta", False), ("atc", True)])
def test_moving_average_keeps_the_end(run, small, order, tracked) -> None:
    """theta < 1 changes the way only; on the way the first direction counts in full, then with weight theta."""
    options = {"order": order, "track_y": tracked, "lower_steps": 1, "linear_steps": 1, "warm_u": True, "step_x": 0.05}
    plain, averaged = (run("ma_dsbo", small, 700, averaging=theta, **options) for theta in (1.0, 0.3))
    assert np.abs(plain.mean(5, "x") - averaged.mean(5, "x")).max() > 1e-3
    np.testing.assert_allclose(averaged.mean(700, "x"), plain.mean(700, "x"), rtol=1e-4)


def test_exchanges_of_an_outer_round(run, small) -> None:
    """T = 2, N = 3: to the right-hand neighbour two messages of y, three of (u, tracker), one of x, in this order."""
    for name, per_lower_step in (("ma_dsbo", 4), ("ma_dsbo_gt", 8)):
        seen = run(name, small, 1, lower_steps=2, linear_steps=3, keep_messages=True)
        sizes = [size // 8 for sender, to, *_, size in seen.messages if (sender, to) == (0, 1)]
        assert sizes == [per_lower_step] * 2 + [8] * 3 + [3]
    calls = seen.outcome.meters[0].oracle_calls
    assert calls == {"lower_grad_y": 2, "upper_grad_x": 1, "upper_grad_y": 1, "lower_hvp": 3, "lower_cross": 1}


def test_one_agent_is_soba_with_inner_steps(run, two_agents) -> None:
    """n = 1, T = N = 1 from zero: y = -b Dy, u = c grad_y f at the new y, x = -a (grad_x f + u)."""
    rows = ({0: 1.0, 1: 0.0}, {0: 0.0, 1: 1.0})
    steps = {"step_x": 0.1, "step_y": 0.2, "step_u": 0.4}
    seen = run("ma_dsbo", two_agents, 1, rows=rows, lower_steps=1, linear_steps=1, **steps)
    y, u = 0.2, 0.4 * (0.2 - 3.0)
    np.testing.assert_allclose([seen.reports[1][0][name][0] for name in "yux"], [y, u, -0.1 * (-2.0 + u)], rtol=1e-13)


@pytest.mark.parametrize(
    "wait", [Wait("first", k=1, staleness=5), Wait("latest", staleness=5), Wait("deadline", seconds=1.0)]
)
def test_end_is_near_that_of_the_barrier_under_every_policy(run, small, wait) -> None:
    """Trackers that start anew in every outer round cannot be broken for good; the drift shows what happened."""
    options = {"compute": Compute(seconds_per_step=Exponential(1.0)), "order": "atc", "lower_steps": 2, "step_x": 0.05}
    barrier = run("ma_dsbo_gt", small, 300, **options)
    seen = run("ma_dsbo_gt", small, 300, wait=wait, **options)
    assert np.linalg.norm(seen.mean(300, "x") - barrier.mean(300, "x")) < 0.03 * np.linalg.norm(small.optimum()[0])
    for run_, low, high in ((barrier, 0.0, 1e-12), (seen, 1e-5, 10.0)):
        total = np.linalg.norm(sum(report["drift_u"] for report in run_.reports[300].values()))
        assert low <= total <= high
