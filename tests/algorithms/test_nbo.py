"""NBO and NSBO on an averaging server."""

from itertools import pairwise

import numpy as np
import pytest

from problems import regularisation
from simulator.streams import stream
from simulator.world import Compute

P1 = {"step_x": 0.2, "step": 0.9}
"""Steps of the reference numbers on the instance of eight agents."""


def first_at(problem, seen, tolerance) -> int:
    """First of every fifth round at which the hypergradient's norm is below the tolerance."""
    norms = {k: np.linalg.norm(problem.hypergradient(seen.reports[k][problem.agents]["x"])) for k in seen.reports}
    return min(k for k, norm in norms.items() if k % 5 == 0 and norm < tolerance)


def test_one_step_by_hand(run, two_agents) -> None:
    """x, y, u after one iteration from zero with c = 1/3, T = 1, worked out on paper.

    The mean problem has H = 3, grad_y g = 3 y - x/2 - 3/2, grad_y f = 3/2 y - 5/2, grad_x f = x - 1/2 and
    d2_xy g = -1/2. At zero b_v = -3/2, b_w = 5/2: one step solves both, y = 1/2, u = -5/6, and x = -a (-1/2 - 5/12).
    """
    report = run("nbo", two_agents, 1, step_x=0.1, step=1 / 3).reports[1][2]
    np.testing.assert_allclose([report[name][0] for name in "yux"], [0.5, -5 / 6, 0.1 * 11 / 12], rtol=1e-13)


@pytest.mark.parametrize("steps", [1, 3])
def test_is_the_single_machine_method(run, small, steps) -> None:
    """Its iterates are those of a plain loop on the averaged problem."""
    seen, mean = run("nbo", small, 25, step_x=0.1, step=0.25, steps=steps), small.average()
    x, y, u = np.zeros(3), np.zeros(4), np.zeros(4)
    for _ in range(25):
        b_v = mean.lower_grad_y(x, y)
        b_w = mean.lower_hvp(x, y, u) - mean.upper_grad_y(x, y)
        v, w = 0.25 * b_v, 0.25 * b_w
        for _ in range(steps):
            v, w = v - 0.25 * (mean.lower_hvp(x, y, v) - b_v), w - 0.25 * (mean.lower_hvp(x, y, w) - b_w)
        y, u = y - v, u - w
        x = x - 0.1 * (mean.upper_grad_x(x, y) - mean.lower_cross(x, y, u))
    last = seen.reports[25][5]
    np.testing.assert_allclose(np.concatenate([last[name] for name in "xyu"]), np.concatenate([x, y, u]), rtol=1e-11)


def test_without_further_steps_it_is_alternating_soba(run, small) -> None:
    """T = 0: y and u move by SOBA's directions, then x by its direction at the new y and u."""
    seen, mean = run("nbo", small, 1, step_x=0.1, step=0.25, steps=0), small.average()
    x, y, u = np.zeros(3), np.zeros(4), np.zeros(4)
    old = mean.directions(x, y, u)
    y, u = y - 0.25 * old.y, u - 0.25 * old.u
    x = x - 0.1 * mean.directions(x, y, u).x
    last = seen.reports[1][5]
    np.testing.assert_allclose(np.concatenate([last[name] for name in "xyu"]), np.concatenate([x, y, u]), rtol=1e-13)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "settings", "rounds", "products"),
    [
        ("nbo", {"steps": 1}, 345, 1035),
        ("nbo", {"steps": 5}, 155, 1705),
        ("nbo_cg", {}, 155, 814),
        ("nbo", {"steps": 20}, 155, 6355),
    ],
)
def test_reference_numbers(run, instance, name, settings, rounds, products) -> None:
    """Outer iterations to 1e-7, three gradients each, and all products with H, as in the specification's table."""
    problem = instance("sldbo_n8")
    seen = run(name, problem, rounds, **P1, **settings)
    assert first_at(problem, seen, 1e-7) == rounds
    calls = seen.outcome.meters[0].oracle_calls
    assert calls == {
        "lower_grad_y": rounds,
        "upper_grad_y": rounds,
        "upper_grad_x": rounds,
        "lower_cross": rounds,
        "lower_hvp": products,
    }


@pytest.mark.realdata
def test_soba_needs_many_more(run, instance) -> None:
    """The same table's 3,395 iterations of SOBA at the same steps."""
    problem = instance("sldbo_n8")
    seen = run("soba", problem, 3395, step_x=0.2, step_y=0.9, step_u=0.9)
    late = {k: reports for k, reports in seen.reports.items() if k > 3300}
    seen.reports = late
    assert first_at(problem, seen, 1e-7) == 3395


@pytest.mark.parametrize("settings", [{}, {"tolerance": 0.0, "most": 2}])
def test_messages_of_conjugate_gradients(run, small, settings) -> None:
    """p + 2q each way, and q for each product with H but the one with u."""
    seen = run("nbo_cg", small, 12, **settings)
    server, worker = seen.outcome.meters[5], seen.outcome.meters[1]
    products = worker.oracle_calls["lower_hvp"] - 12
    if settings:
        assert products == 12 * 4
    assert worker.bytes_sent == 8 * (12 * (3 + 2 * 4) + 4 * products)
    assert server.bytes_sent == 5 * 8 * (12 * (3 + 2 * 4) + 4 * products + 4 + 4)  # y and u of the start besides


def test_round_trips(run, small) -> None:
    """T + 2 in an iteration: with a second for each step of a worker, that is what it lasts."""
    every_step = Compute(seconds_per_oracle={"lower_hvp": 0.5, "upper_grad_x": 1.0})
    seen = run("nbo", small, 10, steps=3, compute=every_step)
    # u's product, three times two products, and the direction of x
    assert seen.outcome.simulated_s == pytest.approx(10 * (0.5 + 3 * 1.0 + 1.0))
    assert seen.outcome.meters[0].messages_sent == 10 * (3 + 2)


def logistic(**settings) -> regularisation.Regularisation:
    """A small lower level that is no quadratic."""
    chosen = {"data": "breast_cancer", "train": 200, "validation": 100} | settings
    return regularisation.build(regularisation.Settings(**chosen), agents=2, seed=0)


def test_exact_solves_converge_quadratically_in_y(run) -> None:
    """With x at rest the error is squared in every step: |e'| <= C |e|^2 with a C that does not grow."""
    problem = logistic(start_value=-3.0)
    seen = run("nbo_cg", problem, 7, step_x=1e-12, tolerance=1e-13, most=200)
    solution = problem.lower_solution(seen.reports[0][2]["x"])
    errors = [np.linalg.norm(seen.reports[k][2]["y"] - solution) for k in range(8)]
    assert errors[0] > 0.5
    assert errors[7] < 1e-10
    ratios = [new / old**2 for old, new in pairwise(errors) if new > 1e-10]
    assert len(ratios) >= 5
    assert max(ratios) < 2.0


def test_warm_up_cures_a_far_start(run) -> None:
    """From far away Newton steps on a flat loss throw y off; 200 steps on y before make them converge."""
    problem = logistic(start_lower_sd=5.5, start_value=-6.0)
    residual = {}
    for warm_up in (0, 200):
        last = run("nbo_cg", problem, 30, step_x=1e-3, step=0.8, warm_up=warm_up).reports[30][2]
        residual[warm_up] = np.linalg.norm(problem.average().lower_grad_y(last["x"], last["y"]))
    assert residual[200] < 1e-5
    assert not residual[0] < 0.1


@pytest.mark.parametrize(("name", "draws"), [("nbo", 1), ("nsbo", 6)])
def test_batches_of_an_iteration(run, name, draws) -> None:
    """Equal to a plain loop on one agent's stream: one batch, or b_v, b_w, T products and the direction of x."""
    problem = regularisation.build(
        regularisation.Settings(data="breast_cancer", batch_lower=8, batch_upper=8), agents=1, seed=0
    )
    local, rng = problem.local(0), stream(0, "agent", 0)
    x, y = problem.start(stream(0, "shared start"))
    u = np.zeros_like(y)
    for _ in range(3):
        batches = [local.draw(rng) for _ in range(draws)] * (6 // draws)
        b_v = local.lower_grad_y(x, y, batches[0])
        b_w = local.lower_hvp(x, y, u, batches[1]) - local.upper_grad_y(x, y, batches[1])
        v, w = 0.25 * b_v, 0.25 * b_w
        for batch in batches[2:5]:
            v, w = (s - 0.25 * (local.lower_hvp(x, y, s, batch) - b) for s, b in ((v, b_v), (w, b_w)))
        y, u = y - v, u - w
        x = x - 0.1 * (local.upper_grad_x(x, y, batches[5]) - local.lower_cross(x, y, u, batches[5]))
    last = run(name, problem, 3, step_x=0.1, step=0.25, steps=3).reports[3][1]
    np.testing.assert_allclose(np.concatenate([last[name] for name in "xyu"]), np.concatenate([x, y, u]), rtol=1e-11)


def test_decaying_steps(run, two_agents) -> None:
    """With power 1 and scale 1 the second iteration's steps are halved."""
    options = {"step_x": 0.1, "step": 0.2, "steps": 0}
    seen, mean = run("nbo", two_agents, 2, decay_power=1.0, decay_rounds=1.0, **options), two_agents.average()
    x, y, u = (seen.reports[1][2][name] for name in "xyu")
    np.testing.assert_allclose(seen.reports[2][2]["y"], y - 0.1 * mean.lower_grad_y(x, y), rtol=1e-12)
    y, u = seen.reports[2][2]["y"], seen.reports[2][2]["u"]
    np.testing.assert_allclose(seen.reports[2][2]["x"], x - 0.05 * mean.directions(x, y, u).x, rtol=1e-12)
