"""D-SOBA: gossip without correction."""

from itertools import pairwise

import numpy as np
import pytest

from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.stragglers import FixedSlowdown
from simulator.world import Compute, Crash, Loss, Network

UNEVEN = ({0: 0.75, 1: 0.25}, {0: 0.25, 1: 0.75})
STEPS = {"step_x": 0.1, "step_y": 0.2, "step_u": 0.4}


def test_one_step_by_hand_in_both_orders(run, two_agents) -> None:
    """Adapt then combine mixes the moved variables; combine then adapt moves each agent by its own direction."""
    expected = {"atc": [(0.125, 0.25, -1.1), (-0.025, 0.35, -0.9)], "cta": [(0.2, 0.2, -1.2), (-0.1, 0.4, -0.8)]}
    for order, values in expected.items():
        seen = run("dsoba", two_agents, 1, rows=UNEVEN, order=order, **STEPS)
        for agent, value in enumerate(values):
            found = [seen.reports[1][agent][name][0] for name in "xyu"]
            np.testing.assert_allclose(found, value, rtol=1e-13)


def test_momentum_by_hand(run, two_agents) -> None:
    """theta = 1/4: h is (-2, 1) at first, then 3/4 of that and a quarter of the new Dx = (x - 2 + u, x + 1)."""
    seen = run("dsoba", two_agents, 2, rows=UNEVEN, averaging=0.25, **STEPS)
    # Round 1 ends at x = (.125, -.025), u = (-1.1, -.9): Dx = (-2.975, .975), h = (-2.24375, .99375).
    moved = (0.125 + 0.224375, -0.025 - 0.099375)
    expected = (0.75 * moved[0] + 0.25 * moved[1], 0.25 * moved[0] + 0.75 * moved[1])
    np.testing.assert_allclose([seen.reports[2][i]["x"][0] for i in (0, 1)], expected, rtol=1e-13)


@pytest.mark.realdata
@pytest.mark.parametrize(("h", "bias"), [("1", 0.143), ("0.5", 0.0375), ("0.25", 0.0095)])
def test_documented_bias_on_different_agents(run, instance, h, bias) -> None:
    """Ring of 8, steps .05/.1/.1: relative distance to x* as documented, nearly four times less per halving of h."""
    problem = instance(f"sun_n8_h{h}")
    seen = run("dsoba", problem, 2500)
    x, solution = seen.mean(2500, "x"), problem.optimum()[0]
    assert np.linalg.norm(x - solution) / np.linalg.norm(solution) == pytest.approx(bias, rel=0.01)


@pytest.mark.realdata
def test_exact_when_all_agents_are_alike(run, instance) -> None:
    """Without heterogeneity there is no bias."""
    problem = instance("sun_n8_h0")
    seen = run("dsoba", problem, 2500)
    assert np.linalg.norm(seen.mean(2500, "x") - problem.optimum()[0]) < 1e-10


@pytest.mark.realdata
def test_untracked_iteration_stalls_in_proportion_to_its_step(run, instance) -> None:
    """Combine then adapt on the SLDBO instance: |grad Phi| stalls at .232, .122, .066 for steps .2, .1, .05."""
    problem, stalls = instance("sldbo_n8"), []
    for step in (0.2, 0.1, 0.05):
        rounds = round(200 / step)
        seen = run("dsoba", problem, rounds, order="cta", step_x=step / 10, step_y=step, step_u=step)
        stalls.append(np.linalg.norm(problem.hypergradient(seen.mean(rounds, "x"))))
    np.testing.assert_allclose(stalls, [0.2315, 0.1216, 0.0656], rtol=0.005)
    assert all(1.85 <= larger / smaller <= 1.91 for larger, smaller in pairwise(stalls))


def test_momentum_keeps_the_fixed_point(run, small) -> None:
    """With theta < 1 the iterates differ on the way and end at the same biased point."""
    ends = [run("dsoba", small, 3000, averaging=theta).mean(3000, "x") for theta in (1.0, 0.3)]
    ways = [run("dsoba", small, 20, averaging=theta).mean(20, "x") for theta in (1.0, 0.3)]
    np.testing.assert_allclose(*ends, rtol=1e-9)
    assert np.abs(ways[0] - ways[1]).max() > 1e-3


def test_messages(run, small) -> None:
    """p + 2q numbers to each neighbour, one message a round."""
    seen = run("dsoba", small, 7, keep_messages=True)
    assert {size for *_, size in seen.messages} == {8 * 11}
    assert len(seen.messages) == 7 * 5 * 2


@pytest.mark.parametrize(
    "wait", [Wait("first", k=1, staleness=5), Wait("latest", staleness=5), Wait("deadline", seconds=1.0)]
)
def test_end_is_near_that_of_the_barrier_under_every_policy(run, small, wait) -> None:
    """Older neighbours' variables change the way, not (much) the end: there is no memory to break."""
    options = {"compute": Compute(seconds_per_step=Exponential(1.0)), "step_x": 0.01, "step_y": 0.02, "step_u": 0.02}
    x = run("dsoba", small, 3000, **options).mean(3000, "x")
    seen = run("dsoba", small, 3000, wait=wait, **options)
    assert np.linalg.norm(seen.mean(seen.last, "x") - x) < 0.02 * np.linalg.norm(x)


def test_lost_messages_leave_its_end_almost_alone(run, small) -> None:
    """20 % of the messages lost in one direction, with a deadline: it stays finite and near its loss-free end."""
    network = Network(loss=Loss(good=0.2), transport="datagram", latency=Constant(1e-3), header=0)
    clean = run("dsoba", small, 2000, step_x=0.01, step_y=0.02, step_u=0.02).mean(2000, "x")
    options = {"network": network, "wait": Wait("deadline", seconds=0.05)}
    lossy = run("dsoba", small, 2000, step_x=0.01, step_y=0.02, step_u=0.02, **options).mean(2000, "x")
    assert np.linalg.norm(lossy - clean) < 0.02 * np.linalg.norm(clean)


@pytest.mark.parametrize(("wait", "status"), [(Wait(), "stalled"), (Wait("latest", staleness=3), "finished")])
def test_a_slow_agent_that_forgot_its_neighbours_messages(run, small, wait, status) -> None:
    """A crash during its step, with the round's messages in its mailbox, stalls a barrier and no other policy."""
    slow = FixedSlowdown(agents=(1,), slowdown=7.0)
    crash = Crash(agents=(1,), at=0.505, recover_after=0.7, memory="lost")
    seen = run("dsoba", small, 40, wait=wait, stragglers=(slow,), failures=(crash,))
    assert seen.outcome.status == status


def test_agent_that_lost_its_memory_goes_on_from_its_checkpoint(run, small) -> None:
    """With repeated messages a crash of one agent costs time and changes no iterate."""
    network = Network(latency=Constant(1e-3), header=0)
    crash = Crash(agents=(1,), at=1.005, recover_after=2.0, memory="lost")
    plain = run("dsoba", small, 200, network=network)
    crashed = run("dsoba", small, 200, network=network, failures=(crash,))
    assert crashed.outcome.status == "finished"
    assert crashed.outcome.simulated_s > plain.outcome.simulated_s + 1.9
    np.testing.assert_array_equal(crashed.mean(200, "x"), plain.mean(200, "x"))
