"""FedNest on a parameter server."""

import numpy as np
import pytest

from problems import quadratic, regularisation
from simulator.agent import Wait
from simulator.stragglers import FixedSlowdown
from simulator.streams import stream
from simulator.world import Compute

A, B, ETA = 0.1, 0.2, 0.15
STEPS = {"step_x": A, "step_y": B, "step_series": ETA}


def test_one_round_by_hand(run, two_agents) -> None:
    """One local step each, N = 1, b = eta = 1/6, from zero, worked out on paper.

    The mean problem has H = 3, grad_y g = 3 y - x/2 - 3/2, grad_y f = 3/2 y - 5/2, grad_x f = x - 1/2 and
    d2_xy g = -1/2. y = 1/4, t = -17/8, p = -17/48 - (3 (-17/48) + 17/8)/6 = -17/32, h = -1/2 - 17/64.
    """
    settings = {"step_x": 0.1, "step_y": 1 / 6, "step_series": 1 / 6, "inner_steps": 1, "terms": 1}
    report = run("fednest", two_agents, 1, **settings).reports[1][2]
    np.testing.assert_allclose([report["x"][0], report["y"][0]], [0.1 * 49 / 64, 0.25], rtol=1e-13)


def truncated(apply, right: np.ndarray, terms: int) -> np.ndarray:
    """eta sum_j (I - eta H)^j right, j = 0..N, term by term."""
    term = total = right
    for _ in range(terms):
        term = term - ETA * apply(term)
        total = total + term
    return ETA * total


@pytest.mark.parametrize("inner", ["svrg", "sgd"])
def test_is_the_paper_s_loop(run, small, inner) -> None:
    """Two FedInns of three local steps and two local steps of FedOut, as plain loops over the workers."""
    settings = STEPS | {"inner_rounds": 2, "inner_steps": 3, "outer_steps": 2, "terms": 4, "inner": inner}
    last = run("fednest", small, 15, **settings).reports[15][5]
    locals_, mean = [small.local(i) for i in range(5)], small.average()
    x, y = np.zeros(3), np.zeros(4)
    for _ in range(15):
        for _ in range(2):
            ys = []
            for local in locals_:
                own = y
                for _ in range(3):
                    slope = local.lower_grad_y(x, own)
                    if inner == "svrg":
                        slope = slope - local.lower_grad_y(x, y) + mean.lower_grad_y(x, y)
                    own = own - B / 3 * slope
                ys.append(own)
            y = np.mean(ys, axis=0)
        p = truncated(lambda v, x=x, y=y: mean.lower_hvp(x, y, v), mean.upper_grad_y(x, y), 4)
        h = mean.upper_grad_x(x, y) - mean.lower_cross(x, y, p)
        xs = []
        for local in locals_:
            own = x
            for _ in range(2):
                own = own - A / 2 * (local.upper_grad_x(own, y) - local.upper_grad_x(x, y) + h)
            xs.append(own)
        x = np.mean(xs, axis=0)
    np.testing.assert_allclose(last["x"], x, rtol=1e-10)
    np.testing.assert_allclose(last["y"], y, rtol=1e-10)


def test_local_form_is_every_workers_own_series(run, small) -> None:
    """lfednest: each local step of x takes the worker's own truncated hypergradient at its own x."""
    settings = STEPS | {"inner_steps": 2, "outer_steps": 2, "terms": 3}
    last = run("lfednest", small, 10, **settings).reports[10][5]
    x, y = np.zeros(3), np.zeros(4)
    for _ in range(10):
        xs, ys = [], []
        for local in (small.local(i) for i in range(5)):
            own = y
            for _ in range(2):
                own = own - B / 2 * local.lower_grad_y(x, own)
            ys.append(own)
        y = np.mean(ys, axis=0)
        for local in (small.local(i) for i in range(5)):
            own = x
            for _ in range(2):
                p = truncated(lambda v, at=own, o=local, y=y: o.lower_hvp(at, y, v), local.upper_grad_y(own, y), 3)
                own = own - A / 2 * (local.upper_grad_x(own, y) - local.lower_cross(own, y, p))
            xs.append(own)
        x = np.mean(xs, axis=0)
    np.testing.assert_allclose(last["x"], x, rtol=1e-10)
    np.testing.assert_allclose(last["y"], y, rtol=1e-10)


def truncated_solution(problem, terms: int, eta: float) -> np.ndarray:
    """x at which the hypergradient with the truncated series vanishes, y being exact: linear on a quadratic."""
    mean, q = problem.average(), problem.dim_y

    def hypergradient(x: np.ndarray) -> np.ndarray:
        y = problem.lower_solution(x)
        hessian = np.stack([mean.lower_hvp(x, y, column) for column in np.eye(q)])
        series = sum(eta * np.linalg.matrix_power(np.eye(q) - eta * hessian, j) for j in range(terms + 1))
        return mean.upper_grad_x(x, y) - mean.lower_cross(x, y, series @ mean.upper_grad_y(x, y))

    zero = hypergradient(np.zeros(problem.dim_x))
    matrix = np.stack([hypergradient(column) - zero for column in np.eye(problem.dim_x)], axis=1)
    return np.linalg.solve(matrix, -zero)


@pytest.mark.parametrize("local", [{}, {"inner_steps": 1, "outer_steps": 4}])
def test_bias_is_that_of_the_truncated_series_and_falls_with_it(run, small, local) -> None:
    """Different data and local steps leave nothing besides; the bias is .19, .062, .016 for N = 2, 5, 10."""
    x_star, bias = small.optimum()[0], {}
    for terms in (2, 5, 10):
        last = run("fednest", small, 150, step_x=0.3, inner_rounds=2, terms=terms, **local).reports[150][5]
        np.testing.assert_allclose(last["x"], truncated_solution(small, terms, 0.2), rtol=1e-6)
        bias[terms] = np.linalg.norm(last["x"] - x_star) / np.linalg.norm(x_star)
    assert [bias[terms] for terms in (2, 5, 10)] == pytest.approx([0.194, 0.0617, 0.0158], rel=0.01)


def test_uncorrected_local_steps_leave_a_further_bias(run, small) -> None:
    """Different data pull sgd's local steps apart; with one of them a round there is nothing to correct."""
    goal, off = truncated_solution(small, 5, 0.2), {}
    for steps in (1, 5):
        last = run("fednest_sgd", small, 150, step_x=0.3, inner_rounds=2, inner_steps=steps).reports[150][5]
        off[steps] = np.linalg.norm(last["x"] - goal) / np.linalg.norm(goal)
    assert off[1] < 1e-6
    assert 1e-4 < off[5] < 1e-2


def test_costs_at_the_papers_settings(run, small) -> None:
    """T = 1 and N = 5: ten rounds of communication, 8 q + 2 p numbers each way; gradients and products as stated."""
    each = Compute(seconds_per_oracle=dict.fromkeys(("lower_grad_y", "upper_grad_y", "lower_hvp", "lower_cross"), 1.0))
    seen = run("fednest", small, 6, inner_steps=3, outer_steps=2, compute=each)
    worker = seen.outcome.meters[0]
    assert worker.messages_sent == 6 * 10
    assert worker.bytes_sent == 6 * 8 * (8 * 4 + 2 * 3)
    calls = {"lower_grad_y": 7, "upper_grad_y": 1, "lower_hvp": 5, "lower_cross": 1, "upper_grad_x": 5}
    assert worker.oracle_calls == {name: 6 * number for name, number in calls.items()}
    assert seen.outcome.simulated_s == pytest.approx(6 * (7 + 1 + 5 + 1))


def test_one_term_at_random_follows_the_servers_stream(run, small) -> None:
    """n' of N = 4 products a round, drawn by the server; p is then N eta times that one term."""
    rng, mean = stream(0, "agent", 5), small.average()
    settings = STEPS | {"inner_steps": 1, "terms": 4, "series": "random"}
    seen = run("fednest", small, 8, **settings)
    x, y, products = np.zeros(3), np.zeros(4), 0
    for _ in range(8):
        y = y - B * mean.lower_grad_y(x, y)
        term, chosen = mean.upper_grad_y(x, y), int(rng.integers(4))
        for _ in range(chosen):
            term = term - ETA * mean.lower_hvp(x, y, term)
        x = x - A * (mean.upper_grad_x(x, y) - mean.lower_cross(x, y, 4 * ETA * term))
        products += chosen
    np.testing.assert_allclose(seen.reports[8][5]["x"], x, rtol=1e-11)
    assert seen.outcome.meters[0].oracle_calls["lower_hvp"] == products


@pytest.mark.parametrize("anchors", ["whole", "batch"])
def test_mini_batches(run, anchors) -> None:
    """A local step takes one batch at both points; anchors take all data, or a batch each."""
    problem = regularisation.build(
        regularisation.Settings(data="breast_cancer", batch_lower=8, batch_upper=8, upper_ridge=0.1), agents=1, seed=0
    )
    local, rng = problem.local(0), stream(0, "agent", 0)
    x, y = problem.start(stream(0, "shared start"))

    def anchor():
        return None if anchors == "whole" else local.draw(rng)

    for _ in range(3):
        q, start = local.lower_grad_y(x, y, anchor()), y
        for _ in range(2):
            batch = local.draw(rng)
            y = y - B / 2 * (local.lower_grad_y(x, y, batch) - local.lower_grad_y(x, start, batch) + q)
        t = local.upper_grad_y(x, y, anchor())
        p = ETA * t
        for _ in range(2):
            p = p - ETA * (local.lower_hvp(x, y, p, anchor()) - t)
        batch = anchor()
        h, start = local.upper_grad_x(x, y, batch) - local.lower_cross(x, y, p, batch), x
        for _ in range(2):
            batch = local.draw(rng)
            x = x - A / 2 * (local.upper_grad_x(x, y, batch) - local.upper_grad_x(start, y, batch) + h)
    settings = STEPS | {"inner_steps": 2, "outer_steps": 2, "terms": 2, "anchors": anchors}
    last = run("fednest", problem, 3, **settings).reports[3][1]
    np.testing.assert_allclose(last["y"], y, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(last["x"], x, rtol=1e-10, atol=1e-14)


def test_some_participate(run, small) -> None:
    """Two of five, drawn anew for each FedInn and FedOut: everybody's turn comes, two messages a question travel."""
    seen = run("fednest", small, 40, participants=2, terms=2)
    server, *workers = seen.outcome.meters[5], *seen.outcome.meters[:5]
    assert server.messages_sent == 40 * (2 + 2 + 3) * 2
    assert all(0 < worker.messages_sent < 40 * 7 for worker in workers)
    everybody = run("fednest", small, 5, participants=9).outcome.fingerprint
    assert everybody == run("fednest", small, 5).outcome.fingerprint


@pytest.mark.parametrize("wait", [Wait("first", k=2), Wait("deadline", seconds=0.2)])
def test_whoever_is_slow_is_left_out(run, small, wait) -> None:
    """Under `first` and `deadline` it is the method on the data of the workers in time, and of nobody else."""
    oracles = ("lower_grad_y", "upper_grad_y", "lower_hvp", "lower_cross", "upper_grad_x")
    compute = Compute(seconds_per_oracle=dict.fromkeys(oracles, 0.01))
    slow = (FixedSlowdown((0, 1, 2), 1e6),)
    seen = run("fednest", small, 20, wait=wait, compute=compute, stragglers=slow)
    fast = quadratic.Quadratic({name: array[3:] for name, array in small.arrays.items()})
    alone = run("fednest", fast, 20).reports[20][2]
    for name in "xy":
        np.testing.assert_allclose(seen.reports[20][5][name], alone[name], rtol=1e-11)
