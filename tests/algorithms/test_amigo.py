"""AmIGO on an averaging server."""

import numpy as np
import pytest

from simulator.world import Compute


def test_one_step_by_hand(run, two_agents) -> None:
    """x, y, u after one iteration from zero with Q = 2, b = c = 1/6, worked out on paper.

    The mean problem has H = 3, grad_y g = 3 y - x/2 - 3/2, grad_y f = 3/2 y - 5/2, grad_x f = x - 1/2 and
    d2_xy g = -1/2. y: 0, 1/4, 3/8. grad_y f = -31/16, so u: 0, -31/96, -31/64. x = -a (-1/2 - 31/128).
    """
    report = run("amigo", two_agents, 1, step_x=0.1, step_y=1 / 6, step_u=1 / 6, steps=2).reports[1][2]
    np.testing.assert_allclose([report[name][0] for name in "yux"], [3 / 8, -31 / 64, 0.1 * 95 / 128], rtol=1e-13)


@pytest.mark.parametrize("steps", [1, 3])
def test_is_the_single_machine_method(run, small, steps) -> None:
    """Its iterates are those of a plain loop on the averaged problem."""
    settings = {"step_x": 0.1, "step_y": 0.25, "step_u": 0.2, "steps": steps}
    seen, mean = run("amigo", small, 20, **settings), small.average()
    x, y, u = np.zeros(3), np.zeros(4), np.zeros(4)
    for _ in range(20):
        for _ in range(steps):
            y = y - 0.25 * mean.lower_grad_y(x, y)
        for _ in range(steps):
            u = u - 0.2 * (mean.lower_hvp(x, y, u) - mean.upper_grad_y(x, y))
        x = x - 0.1 * (mean.upper_grad_x(x, y) - mean.lower_cross(x, y, u))
    last = seen.reports[20][5]
    np.testing.assert_allclose(np.concatenate([last[name] for name in "xyu"]), np.concatenate([x, y, u]), rtol=1e-11)


def test_conjugate_gradients_solve_the_linear_system(run, small) -> None:
    """With as many steps as unknowns u is the adjoint at the new y, exactly, in every round."""
    seen, mean = run("amigo_cg", small, 3, steps=4, tolerance=1e-13), small.average()
    hessian = np.stack([mean.lower_hvp(np.zeros(3), np.zeros(4), column) for column in np.eye(4)])
    for k in (1, 2, 3):
        report = seen.reports[k][5]
        expected = np.linalg.solve(hessian, mean.upper_grad_y(report["x"], report["y"]))
        np.testing.assert_allclose(report["u"], expected, rtol=1e-9)


def test_decaying_steps(run, small) -> None:
    """With power 1 and scale 1 all steps of the second round are half as long."""
    options = {"step_y": 0.2, "step_u": 0.2, "steps": 1}
    first = run("amigo", small, 1, step_x=0.1, **options).reports[1][5]
    seen, mean = run("amigo", small, 2, step_x=0.1, decay_power=1.0, decay_rounds=1.0, **options), small.average()
    x, y, u = (first[name] for name in "xyu")
    y = y - 0.1 * mean.lower_grad_y(x, y)
    u = u - 0.1 * (mean.lower_hvp(x, y, u) - mean.upper_grad_y(x, y))
    x = x - 0.05 * mean.directions(x, y, u).x
    last = seen.reports[2][5]
    np.testing.assert_allclose(np.concatenate([last[name] for name in "xyu"]), np.concatenate([x, y, u]), rtol=1e-11)


@pytest.mark.realdata
@pytest.mark.parametrize(("steps", "rounds", "gradients", "products"), [(1, 350, 1050, 350), (10, 155, 1860, 1550)])
def test_reference_numbers(run, instance, steps, rounds, gradients, products) -> None:
    """Iterations, gradients and products to a hypergradient of 1e-7, looked at every fifth round."""
    problem = instance("sldbo_n8")
    seen = run("amigo", problem, rounds, step_x=0.2, step_y=0.9, step_u=0.9, steps=steps)
    norms = {k: np.linalg.norm(problem.hypergradient(seen.reports[k][8]["x"])) for k in range(0, rounds + 1, 5)}
    assert min(k for k, norm in norms.items() if norm < 1e-7) == rounds
    calls = seen.outcome.meters[0].oracle_calls
    assert sum(calls[name] for name in ("lower_grad_y", "upper_grad_y", "upper_grad_x")) == gradients
    assert (calls["lower_hvp"], calls["lower_cross"]) == (products, rounds)


def test_round_trips(run, small) -> None:
    """2Q + 1 in a round, one after the other."""
    seen = run("amigo", small, 10, steps=3, compute=Compute(seconds_per_oracle={"lower_grad_y": 1.0, "lower_hvp": 1.0}))
    assert seen.outcome.simulated_s == pytest.approx(10 * (3 + 3))
    assert seen.outcome.meters[0].messages_sent == 10 * (2 * 3 + 1)


def test_messages_of_conjugate_gradients(run, small) -> None:
    """Q gradients, grad_y f and the first product, a product a step, and the direction of x."""
    seen = run("amigo_cg", small, 12, steps=2, tolerance=0.0)
    server, worker = seen.outcome.meters[5], seen.outcome.meters[1]
    assert worker.oracle_calls["lower_hvp"] == 12 * 3
    assert worker.bytes_sent == 12 * 8 * (2 * 4 + 2 * 4 + 2 * 4 + 3)
    assert server.bytes_sent == 5 * 8 * (12 * (3 + 2 * 4 + 2 * 4 + 4) + 2 * 4)  # y and u of the start besides
