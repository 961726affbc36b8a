"""SPARKLE: a communication scheme for each level."""

import numpy as np
import pytest

from simulator.agent import Wait
from simulator.delays import Constant
from simulator.world import Crash, Loss, Network

UNEVEN = ({0: 0.75, 1: 0.25}, {0: 0.25, 1: 0.75})
STEPS = {"step_x": 0.1, "step_y": 0.2, "step_u": 0.4}


def complete(n: int) -> tuple[dict[int, float], ...]:
    """Every round is an exact average."""
    return tuple(dict.fromkeys(range(n), 1 / n) for _ in range(n))


def lazy_ring(n: int) -> tuple[dict[int, float], ...]:
    """(I + W)/2 of the ring with weights 1/3."""
    return tuple({(i - 1) % n: 1 / 6, i: 2 / 3, (i + 1) % n: 1 / 6} for i in range(n))


def same(first, second, round_: int, rtol: float = 0.0) -> None:
    """Both runs report the same x, y and u in this round."""
    for agent, report in first.reports[round_].items():
        for name in "xyu":
            np.testing.assert_allclose(second.reports[round_][agent][name], report[name], rtol=rtol, atol=rtol)


def test_two_steps_by_hand(run, two_agents) -> None:
    """Exact diffusion below, tracking above, momentum 1/2: two rounds with the agents' directions worked out by hand.

    Directions at zero: Dx = (-2, 1), Dy = (-1, -2), Du = (3, 2). With x of round 1 from W(0 - .1 r) etc.
    """
    pair = {"lower": "exact_diffusion", "upper": "gt_semi_atc", "averaging": 0.5}
    seen = run("sparkle", two_agents, 2, rows=UNEVEN, **pair, **STEPS)
    w = np.array([[0.75, 0.25], [0.25, 0.75]])
    x, y, u = (w @ moved for moved in np.array([[0.2, -0.1], [0.2, 0.4], [-1.2, -0.8]]))
    np.testing.assert_allclose([x, y, u], [[0.125, -0.025], [0.25, 0.35], [-1.1, -0.9]])
    # Agent 0: Dx = x - 2 + u, Dy = 2 y - x - 1, Du = 2 u - y + 3.
    # Agent 1: Dx = x + 1, Dy = 4 y - 2, Du = 4 u - 2 y + 2.
    dx = np.array([x[0] - 2 + u[0], x[1] + 1])
    dy = np.array([2 * y[0] - x[0] - 1, 4 * y[1] - 2])
    du = np.array([2 * u[0] - y[0] + 3, 4 * u[1] - 2 * y[1] + 2])
    r = 0.5 * np.array([-2.0, 1.0]) + 0.5 * dx
    t = w @ np.array([-2.0, 1.0]) + r - np.array([-2.0, 1.0])
    expected = {
        "x": w @ (x - 0.1 * t),
        "y": w @ (2 * y - 0.2 * dy + 0.2 * np.array([-1.0, -2.0])),
        "u": w @ (2 * u - 0.4 * du + 0.4 * np.array([3.0, 2.0])),
    }
    for name, values in expected.items():
        found = [seen.reports[2][agent][name][0] for agent in (0, 1)]
        np.testing.assert_allclose(found, values, rtol=1e-12)


@pytest.mark.parametrize(
    ("twin", "scheme", "settings"),
    [("sldbo", "gt_semi_atc", {"mixing": "semi"}), ("sldbo", "gt_atc", {"mixing": "atc"}), ("dsoba", "se_atc", {})],
)
def test_contains_other_methods(run, small, twin, scheme, settings) -> None:
    """One scheme at both levels is SLDBO or D-SOBA, to the last bit and byte."""
    steps = {"step_x": 0.02, "step_y": 0.05, "step_u": 0.1}
    mine = run("sparkle", small, 60, lower=scheme, upper=scheme, **steps)
    other = run(twin, small, 60, **settings, **steps)
    same(other, mine, 60)
    assert mine.outcome.meters[0].bytes_sent == other.outcome.meters[0].bytes_sent


@pytest.mark.parametrize("name", ["sparkle_gt", "sparkle_ed_gt"])
@pytest.mark.parametrize("averaging", [1.0, 0.3])
def test_exact_averaging_is_soba(run, small, name, averaging) -> None:
    """On the complete graph all agents go the server's way, first rounds of correction apart."""
    steps = {"step_x": 0.02, "step_y": 0.05, "step_u": 0.05, "averaging": averaging}
    mine = run(name, small, 80, rows=complete(5), **steps)
    server = run("soba", small, 80, **steps)
    for which in "xy":
        np.testing.assert_allclose(mine.reports[80][2][which], server.mean(80, which), rtol=1e-11, atol=1e-13)


@pytest.mark.realdata
@pytest.mark.parametrize("h", ["1", *(pytest.param(h, marks=pytest.mark.slow) for h in ("0.5", "0.25", "0"))])
@pytest.mark.parametrize("name", ["sparkle", "sparkle_gt", "sparkle_extra"])
def test_exact_however_different_the_agents_are(run, instance, name, h) -> None:
    """Steps .05/.1/.1 on the ring of 8 (lazy unless tracked): x* to 1e-10."""
    problem = instance(f"sun_n8_h{h}")
    seen = run(name, problem, 1700, rows=None if name == "sparkle_gt" else lazy_ring(8))
    x, solution = seen.mean(1700, "x"), problem.optimum()[0]
    assert np.linalg.norm(x - solution) < 1e-10 * np.linalg.norm(solution)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["sparkle_ed_gt", "sparkle_extra_gt"])
def test_mixed_pairs_are_exact_too(run, instance, name) -> None:
    """Tracking above, a correction without trackers below."""
    problem = instance("sun_n8_h1")
    seen = run(name, problem, 1700, rows=lazy_ring(8))
    x, solution = seen.mean(1700, "x"), problem.optimum()[0]
    assert np.linalg.norm(x - solution) < 1e-10 * np.linalg.norm(solution)


@pytest.mark.parametrize(
    ("lower", "upper", "sizes"),
    [
        ("exact_diffusion", "extra", [11]),
        ("gt_non_atc", "exact_diffusion", [19]),
        ("exact_diffusion", "gt_semi_atc", [14]),
        ("gt_atc", "exact_diffusion", [8, 11]),
        ("exact_diffusion", "gt_atc", [3, 11]),
    ],
)
def test_one_message_a_round_whatever_the_pair(run, small, lower, upper, sizes) -> None:
    """p = 3, q = 4: numbers to the right-hand neighbour in round 2; `gt_atc` alone sends trackers ahead."""
    seen = run("sparkle", small, 2, lower=lower, upper=upper, keep_messages=True)
    second = [size // 8 for sender, to, (_, k, _), _, size in seen.messages if (sender, to, k) == (0, 1, 2)]
    assert second == sizes


def test_drifts_are_those_of_the_schemes(run, small) -> None:
    """A level that conserves nothing reports no drift; the others' sums over agents stay zero."""
    seen = run("sparkle", small, 300, lower="exact_diffusion", upper="se_atc")
    report = seen.reports[300]
    assert set(report[0]) == {"x", "y", "u", "drift_y", "drift_u"}
    assert max(np.abs(one["drift_y"]).max() for one in report.values()) > 1e-3
    assert np.abs(sum(one["drift_y"] for one in report.values())).max() < 1e-11


def test_symmetric_drops_keep_it_exact(run, small) -> None:
    """10 % of the edges dropped in both directions at once."""
    network = Network(loss=Loss(good=0.1), transport="symmetric", header=0)
    seen = run("sparkle_ed_gt", small, 3000, network=network, step_x=0.02, step_y=0.05, step_u=0.05)
    assert seen.outcome.meters[0].messages_lost > 100
    x, solution = seen.mean(3000, "x"), small.optimum()[0]
    assert np.linalg.norm(x - solution) < 1e-6 * np.linalg.norm(solution)


@pytest.mark.parametrize("name", ["sparkle", "sparkle_gt", "sparkle_extra_gt"])
def test_agent_that_lost_its_memory_goes_on_from_its_checkpoint(run, small, name) -> None:
    """Both schemes' memories are restored with the variables: a crash costs time and changes no iterate."""
    network = Network(latency=Constant(1e-3), header=0)
    crash = Crash(agents=(1,), at=1.005, recover_after=2.0, memory="lost")
    plain = run(name, small, 150, network=network, averaging=0.5)
    crashed = run(name, small, 150, network=network, failures=(crash,), averaging=0.5)
    assert crashed.outcome.simulated_s > plain.outcome.simulated_s + 1.9
    same(plain, crashed, 150)


@pytest.mark.parametrize("name", ["sparkle", "sparkle_gt", "sparkle_extra_gt"])
def test_a_deadline_that_all_keep_is_a_barrier(run, small, name) -> None:
    """Everybody's message comes in time: the same iterates to the last bit."""
    steps = {"step_x": 0.02, "step_y": 0.05, "step_u": 0.05}
    barrier, deadline = (run(name, small, 60, wait=wait, **steps) for wait in (Wait(), Wait("deadline", seconds=1.0)))
    same(barrier, deadline, 60)
