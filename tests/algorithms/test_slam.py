"""SLAM: the primal-dual steps are EXTRA, the end is that of local Hessians."""

from typing import Any

import numpy as np
import pytest

from problems import quadratic
from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.world import Compute, Crash, Loss, Network

UNEVEN = ({0: 0.75, 1: 0.25}, {0: 0.25, 1: 0.75})


def ring(n: int) -> np.ndarray:
    """The ring with weights 1/3."""
    eye = np.eye(n)
    return (eye + np.roll(eye, 1, 0) + np.roll(eye, -1, 0)) / 3


def times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Each agent's matrix times its vector (or one vector for all)."""
    return (matrices @ np.broadcast_to(vectors, (len(matrices), vectors.shape[-1]))[:, :, None])[:, :, 0]


def truncated_inverses(problem: Any, terms: int, eta: float) -> np.ndarray:
    """eta sum_{m < N} (I - eta A_i)^m = A_i^-1 (I - (I - eta A_i)^N) of each agent."""
    a = problem.arrays["A"]
    factor = np.eye(problem.dim_y) - eta * a
    return np.linalg.solve(a, np.eye(problem.dim_y) - np.linalg.matrix_power(factor, terms))


def directions(problem: Any, x: np.ndarray, y: np.ndarray, inverses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Dx, Dy) of all agents of a quadratic."""
    m = problem.arrays
    v = times(inverses, times(m["P"], y - m["t"]))
    dx = times(m["S"], x - m["r"]) + m["s"] + times(m["B"].swapaxes(1, 2), v)
    return dx, times(m["A"], y) - times(m["B"], x) - m["c"]


def end(problem: Any, terms: int, eta: float) -> tuple[np.ndarray, np.ndarray]:
    """(x, y): y solves the averaged lower level at x, and the sum of Dx vanishes; a linear system."""
    inverses, p = truncated_inverses(problem, terms, eta), problem.dim_x

    def slope(x: np.ndarray) -> np.ndarray:
        return directions(problem, x, problem.lower_solution(x), inverses)[0].mean(0)

    at_zero = slope(np.zeros(p))
    matrix = np.stack([slope(unit) - at_zero for unit in np.eye(p)], axis=1)
    x = np.linalg.solve(matrix, -at_zero)
    return x, problem.lower_solution(x)


def test_two_steps_by_hand(run, two_agents) -> None:
    """Two terms of the series, and a second round with multipliers, on agents with weights 3/4, 1/4.

    Round 1 at zero, eta = 1/4: grad_y f = (-3, -2), Hessians 2 and 4, so v = (-3/4 (1 + 1/2), -2/4 (1 + 0)) =
    (-9/8, -1/2); Dx = (-2 + v_0, 1) = (-25/8, 1), Dy = (-1, -2). x = (.3125, -.1), y = (.2, .4).
    """
    steps = {"step_x": 0.1, "step_y": 0.2, "penalty": 2.0, "neumann_terms": 2, "neumann_step": 0.25}
    seen = run("slam", two_agents, 2, rows=UNEVEN, **steps)
    found = {k: [[seen.reports[k][i][name][0] for i in (0, 1)] for name in "xy"] for k in (1, 2)}
    np.testing.assert_allclose(found[1], [[0.3125, -0.1], [0.2, 0.4]], rtol=1e-13)
    # (I - W) z = (z_0 - z_1, z_1 - z_0)/4; r (I - W) x = (.20625, -.20625), r (I - W) y = (-.1, .1), twice in round 2.
    v = [-2.8 * 0.25 * 1.5, 2 * (0.4 - 1.0) * 0.25]
    dx = [0.3125 - 2 + v[0], -0.1 + 1]
    dy = [2 * 0.2 - 0.3125 - 1, 4 * 0.4 - 2]
    x = [0.3125 - 0.1 * (dx[0] + 0.4125), -0.1 - 0.1 * (dx[1] - 0.4125)]
    y = [0.2 - 0.2 * (dy[0] - 0.2), 0.4 - 0.2 * (dy[1] + 0.2)]
    np.testing.assert_allclose(found[2], [x, y], rtol=1e-13)


def test_is_extra_on_its_laplacian(run, small) -> None:
    """s+ = W~ (2 s - s') - a (D - D') with W~ = I - a r (I - W), one W~ for x and one for y, to 1e-12."""
    a, b, r, terms, eta, rounds = 0.03, 0.06, 4.0, 5, 0.2, 60
    settings = {"step_x": a, "step_y": b, "penalty": r, "neumann_terms": terms, "neumann_step": eta}
    seen = run("slam", small, rounds, **settings)
    laplacian, inverses = np.eye(5) - ring(5), truncated_inverses(small, terms, eta)
    wx, wy = np.eye(5) - a * r * laplacian, np.eye(5) - b * r * laplacian
    x, y = np.zeros((5, 3)), np.zeros((5, 4))
    dx, dy = directions(small, x, y, inverses)
    (x_old, y_old), (x, y) = (x, y), (wx @ x - a * dx, wy @ y - b * dy)
    for _ in range(rounds - 1):
        (dx_old, dy_old), (dx, dy) = (dx, dy), directions(small, x, y, inverses)
        x, x_old = wx @ (2 * x - x_old) - a * (dx - dx_old), x
        y, y_old = wy @ (2 * y - y_old) - b * (dy - dy_old), y
    for name, values in (("x", x), ("y", y)):
        found = np.stack([seen.reports[rounds][i][name] for i in range(5)])
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("terms", [3, 40])
def test_ends_where_local_hessians_lead(run, small, terms) -> None:
    """The derived point to 1e-9, in consensus, away from the optimum; multipliers sum to zero."""
    seen = run("slam", small, 900, neumann_terms=terms, neumann_step=0.25)
    for name, point, optimum in zip("xy", end(small, terms, 0.25), small.optimum(), strict=True):
        found = np.stack([seen.reports[900][i][name] for i in range(5)])
        assert np.abs(found - point).max() < 1e-9
        assert np.linalg.norm(point - optimum) > 0.01 * np.linalg.norm(optimum)
    sums = [sum(report[f"drift_{name}"] for report in seen.reports[900].values()) for name in "xy"]
    assert np.abs(np.concatenate(sums)).max() < 1e-10


def test_bias_comes_from_the_differences_and_from_truncation() -> None:
    """Equal agents: only truncation is left and falls geometrically; different ones keep a floor however many terms."""

    def bias(heterogeneity: float, terms: int) -> float:
        chosen = quadratic.Settings(dim_x=3, dim_y=4, heterogeneity=heterogeneity, condition=3.0)
        problem = quadratic.build(chosen, agents=5, seed=2)
        return float(np.linalg.norm(end(problem, terms, 0.25)[0] - problem.optimum()[0]))

    assert bias(0.0, 10) < 0.2 * bias(0.0, 3)
    assert bias(0.0, 120) < 1e-12
    assert bias(0.5, 120) > 0.01
    assert bias(0.5, 400) == pytest.approx(bias(0.5, 120), rel=1e-9)


def test_costs_of_a_round(run, small) -> None:
    """p + q numbers in one message; three gradients, N - 1 Hessian-vector products, one cross product."""
    seen = run("slam", small, 3, neumann_terms=4, keep_messages=True)
    assert {size for *_, size in seen.messages} == {8 * 7}
    calls = seen.outcome.meters[0].oracle_calls
    assert calls == {"upper_grad_x": 3, "upper_grad_y": 3, "lower_grad_y": 3, "lower_hvp": 9, "lower_cross": 3}


def test_symmetric_drops_keep_its_end(run, small) -> None:
    """10 % of the edges dropped in both directions at once: the Laplacian of each round keeps the multipliers' sum."""
    network = Network(loss=Loss(good=0.1), transport="symmetric", header=0)
    seen = run("slam", small, 3000, network=network, neumann_step=0.25)
    assert seen.outcome.meters[0].messages_lost > 100
    assert np.abs(seen.mean(3000, "x") - end(small, 10, 0.25)[0]).max() < 1e-6


def test_agent_that_lost_its_memory_goes_on_from_its_checkpoint(run, small) -> None:
    """Multipliers are restored with the variables: a crash costs time and changes no iterate."""
    network = Network(latency=Constant(1e-3), header=0)
    crash = Crash(agents=(1,), at=1.005, recover_after=2.0, memory="lost")
    plain = run("slam", small, 150, network=network)
    crashed = run("slam", small, 150, network=network, failures=(crash,))
    assert crashed.outcome.simulated_s > plain.outcome.simulated_s + 1.9
    np.testing.assert_array_equal(crashed.mean(150, "x"), plain.mean(150, "x"))


def test_a_missed_deadline_breaks_the_sum_and_says_so(run, small) -> None:
    """Kept by all it is a barrier; missed now and then, the multipliers' sum and the end are off for good."""
    barrier, kept = (run("slam", small, 60, wait=wait) for wait in (Wait(), Wait("deadline", seconds=1.0)))
    np.testing.assert_array_equal(kept.mean(60, "x"), barrier.mean(60, "x"))
    slow = {"compute": Compute(seconds_per_step=Exponential(1.0)), "neumann_step": 0.25}
    seen = run("slam", small, 1000, wait=Wait("deadline", seconds=2.0), **slow)
    assert np.linalg.norm(sum(report["drift_y"] for report in seen.reports[1000].values())) > 0.1
    assert np.linalg.norm(seen.mean(1000, "x") - end(small, 10, 0.25)[0]) > 0.01
