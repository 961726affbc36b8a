"""MEHA on an averaging server."""

import numpy as np
import pytest

from problems import hyper_cleaning, sine_valleys
from simulator.streams import stream
from simulator.world import Compute


def test_one_step_by_hand(run, two_agents) -> None:
    """theta, x, y after one round from zero with mu = 1/2, gamma = 1, c = 0.1, b = d = 0.2, worked out on paper.

    The mean problem has grad_y g = 3 y - x/2 - 3/2, grad_x g = -y/2, grad_x f = x - 1/2, grad_y f = 3/2 y - 5/2.
    theta = 0.3; D_x = -1/4 + 0.15 = -0.1, so x = 0.02; D_y = -5/4 - 1.51 + 0.3 = -2.46, so y = 0.492.
    """
    settings = {"mu": 0.5, "gamma": 1.0, "step_x": 0.1, "step_y": 0.2}
    report = run("meha", two_agents, 1, **settings).reports[1][2]
    np.testing.assert_allclose([report[name][0] for name in ("theta", "x", "y")], [0.3, 0.02, 0.492], rtol=1e-13)


def loop(problem, x, y, rounds: int, order: str, batches=None) -> tuple[np.ndarray, ...]:
    """The method as a plain loop; `batches` gives those of theta, x, y in a round."""
    theta, gamma = y, 0.8
    for k in range(1, rounds + 1):
        mu = max(0.4, 2.0 * k**-0.5)
        at = dict.fromkeys(("theta", "x", "y")) if batches is None else batches()
        theta = theta - 0.15 * (problem.lower_grad_y(x, theta, at["theta"]) + (theta - y) / gamma)
        for which in order[-3:].split("_"):
            batch = at[which]
            if which == "x":
                lower = problem.lower_grad_x(x, y, batch) - problem.lower_grad_x(x, theta, batch)
                x = x - 0.02 / mu * (mu * problem.upper_grad_x(x, y, batch) + lower)
            else:
                push = mu * problem.upper_grad_y(x, y, batch) + problem.lower_grad_y(x, y, batch)
                y = y - 0.1 * (push - (y - theta) / gamma)
    return x, y, theta


LOOP = {"mu": 2.0, "mu_power": 0.5, "mu_min": 0.4, "gamma": 0.8, "step_x": 0.02, "step_y": 0.1, "step_theta": 0.15}


@pytest.mark.parametrize("order", ["theta_x_y", "theta_y_x"])
def test_is_the_single_machine_method(run, small, order) -> None:
    """Its iterates are those of a plain loop on the averaged problem, while mu falls and when it rests (k > 25)."""
    last = run("meha", small, 40, order=order, **LOOP).reports[40][5]
    expected = loop(small.average(), np.zeros(3), np.zeros(4), 40, order)
    for name, values in zip(("x", "y", "theta"), expected, strict=True):
        np.testing.assert_allclose(last[name], values, rtol=1e-11)


@pytest.mark.parametrize(("samples", "draws"), [("shared", 1), ("independent", 3)])
def test_mini_batches_of_a_round(run, samples, draws) -> None:
    """One for the whole round, or one for each direction, the two lower gradients of x always on the same."""
    settings = hyper_cleaning.Settings(train=40, validation=40, batch_lower=5, batch_upper=5)
    problem = hyper_cleaning.build(settings, agents=1, seed=0)
    local, rng = problem.local(0), stream(0, "agent", 0)

    def batches():
        drawn = [local.draw(rng) for _ in range(draws)] * (3 // draws)
        return dict(zip(("theta", "x", "y"), drawn, strict=True))

    last = run("meha", problem, 4, samples=samples, **LOOP).reports[4][1]
    expected = loop(local, *problem.start(stream(0, "shared start")), 4, "theta_x_y", batches)
    for name, values in zip(("x", "y", "theta"), expected, strict=True):
        np.testing.assert_allclose(last[name], values, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("order", ["theta_x_y", "theta_y_x"])
@pytest.mark.parametrize("start", [(1.0, 1.0), (-6.0, 0.0), (8.0, 8.0)])
def test_finds_the_right_valley_from_everywhere(run, start, order) -> None:
    """The toy of the paper: x = 2.3029, 0.053 short of 3 pi/4 for mu = 0.05 and gamma = 0.4, from all three starts."""
    problem = sine_valleys.build(sine_valleys.Settings(start_x=start[0], start_y=start[1]), agents=4, seed=0)
    settings = {"mu": 0.05, "mu_min": 0.05, "gamma": 0.4, "step_x": 0.05, "step_y": 0.2, "order": order}
    last = run("meha", problem, 500, **settings).reports[500][4]
    assert last["x"][0] == pytest.approx(2.3029, abs=1e-4)
    assert 0.75 * np.pi - last["x"][0] == pytest.approx(0.053, abs=5e-4)


def test_stays_in_the_wrong_valley_where_the_upper_level_never_mattered(run) -> None:
    """mu_k = k^-0.48 / 50 holds it in the valley of its start, with an upper objective of 15.5 instead of 0.25."""
    problem = sine_valleys.build(sine_valleys.Settings(), agents=4, seed=0)
    settings = {"mu": 0.02, "mu_power": 0.48, "mu_min": 0.0, "gamma": 0.4, "step_x": 0.02, "step_y": 0.1}
    last = run("meha", problem, 2000, **settings).reports[2000][4]
    assert problem.average().upper_value(last["x"], last["y"]) == pytest.approx(15.46, abs=0.01)


def test_gradients_and_round_trips(run, small) -> None:
    """Six gradients in three trips, nothing of second order."""
    seconds = {"lower_grad_y": 1.0, "lower_grad_x": 0.5}
    seen = run("meha", small, 10, compute=Compute(seconds_per_oracle=seconds))
    calls = seen.outcome.meters[0].oracle_calls
    assert calls == {"lower_grad_y": 20, "lower_grad_x": 20, "upper_grad_x": 10, "upper_grad_y": 10}
    assert seen.outcome.simulated_s == pytest.approx(10 * 3.0)
    assert seen.outcome.meters[0].messages_sent == 30
