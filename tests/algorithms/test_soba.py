"""SOBA on a parameter server."""

import numpy as np
import pytest

from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.world import Compute, Crash, Network

STEPS = {"step_x": 0.1, "step_y": 0.2, "step_u": 0.4}
RANDOM = Compute(seconds_per_step=Exponential(1.0))


def distance(seen, problem) -> float:
    """Largest distance of the last (x, y) from the solution."""
    x, y = problem.optimum()
    last = seen.reports[max(seen.reports)][problem.agents]
    return max(np.abs(last["x"] - x).max(), np.abs(last["y"] - y).max())


def test_two_steps_by_hand(run, two_agents) -> None:
    """x, y, u of two rounds, from the means of directions worked out on paper."""
    seen = run("soba", two_agents, 2, **STEPS)
    for round_, expected in ((1, (0.05, 0.3, -1.0)), (2, (0.145, 0.425, -0.62))):
        report = seen.reports[round_][2]
        np.testing.assert_allclose([report[name][0] for name in "xyu"], expected, rtol=1e-13)


def test_moving_average_by_hand(run, two_agents) -> None:
    """ma_soba with theta = 1/4: x moves along 3/4 of the first direction plus 1/4 of the second."""
    seen = run("ma_soba", two_agents, 2, averaging=0.25, **STEPS)
    assert seen.reports[2][2]["x"][0] == pytest.approx(0.05 + 0.1 * (0.75 * 0.5 + 0.25 * 0.95), rel=1e-13)


@pytest.mark.parametrize(
    "wait", [Wait(), Wait("first", k=2, staleness=6), Wait("first", k=1), Wait("latest"), Wait("deadline", seconds=0.7)]
)
def test_fixed_point_is_the_solution_under_every_policy(run, small, wait) -> None:
    """Stale directions of the others keep the fixed point: no pull towards fast workers, however long one waits."""
    seen = run("soba", small, 6000, wait=wait, compute=RANDOM, step_x=0.01, step_y=0.05, step_u=0.05)
    assert distance(seen, small) < 1e-9


def test_moving_average_reaches_the_solution(run, small) -> None:
    """ma_soba has the same fixed point."""
    seen = run("ma_soba", small, 3000, step_x=0.02, step_y=0.1, step_u=0.1)
    assert distance(seen, small) < 1e-9


def test_all_is_the_single_machine_method(run, small) -> None:
    """Under `all` the iterates are those of SOBA on the averaged problem."""
    seen, mean = run("soba", small, 40, step_x=0.05, step_y=0.1, step_u=0.2), small.average()
    x, y, u = np.zeros(3), np.zeros(4), np.zeros(4)
    for _ in range(40):
        d = mean.directions(x, y, u)
        x, y, u = x - 0.05 * d.x, y - 0.1 * d.y, u - 0.2 * d.u
    last = seen.reports[40][5]
    np.testing.assert_allclose(np.concatenate([last[name] for name in "xyu"]), np.concatenate([x, y, u]), rtol=1e-12)


def test_messages_and_oracles(run, small) -> None:
    """p + 2q numbers each way, one answer a worker and round; three gradients and two products an answer."""
    seen = run("soba", small, 10, keep_messages=True)
    assert {(tag, size) for *_, tag, _, size in seen.messages} == {("iterate", 8 * 11), ("directions", 8 * 11)}
    server, *workers = seen.outcome.meters[5], *seen.outcome.meters[:5]
    assert server.bytes_sent == 5 * 11 * 8 * 11
    assert all(meter.bytes_sent == 10 * 8 * 11 for meter in workers)
    names = ("upper_grad_x", "upper_grad_y", "lower_grad_y", "lower_hvp", "lower_cross")
    assert all(set(meter.oracle_calls) == set(names) for meter in workers)
    assert set(workers[0].oracle_calls.values()) <= {10, 11}


def test_decaying_steps_shrink(run, two_agents) -> None:
    """With power 1 and scale 1 the second step is half of it."""
    seen = run("soba", two_agents, 2, decay_power=1.0, decay_rounds=1.0, **STEPS)
    assert seen.reports[2][2]["x"][0] == pytest.approx(0.05 + 0.5 * 0.095, rel=1e-13)


@pytest.mark.parametrize("instant", [2.005, 2.0149])
def test_worker_that_lost_its_memory_answers_again(run, small, instant) -> None:
    """A crash during a step or while waiting: the worker goes on from the iterate it saved; nothing counts twice."""
    crash = Crash(agents=(1,), at=instant, recover_after=1.0, memory="lost")
    network = Network(latency=Constant(0.002), header=0)
    seen = run("soba", small, 3000, failures=(crash,), network=network, step_x=0.02, step_y=0.1, step_u=0.1)
    assert seen.outcome.status == "finished"
    assert distance(seen, small) < 1e-9
    assert seen.outcome.meters[1].messages_sent <= 3002


def test_dead_worker_stalls_the_barrier_by_name(run, small) -> None:
    """Nobody knows of a failure but by not hearing: under `all` the run ends as stalled."""
    seen = run("soba", small, 3000, failures=(Crash(agents=(3,), at=1.0),))
    assert seen.outcome.status == "stalled"
    assert "agent 3" in seen.outcome.reason


def test_worker_whose_question_was_lost_speaks_up(run, small) -> None:
    """With memory kept the question sent meanwhile is gone for good (datagrams); `resend_after_s` brings it back."""
    crash = Crash(agents=(2,), at=2.2, recover_after=0.5)
    network = Network(latency=Constant(0.5), transport="datagram", header=0)
    options = {"failures": (crash,), "network": network, "wait": Wait("first", k=4)}
    options["compute"] = Compute(seconds_per_step=Constant(1.0))
    steps = {"step_x": 0.01, "step_y": 0.05, "step_u": 0.05}
    silent = run("soba", small, 300, seed=5, **options, **steps)
    speaking = run("soba", small, 6000, seed=5, **options, **steps, resend_after_s=60.0)
    assert silent.outcome.meters[2].messages_sent < 10
    assert speaking.outcome.meters[2].messages_sent > 1000
    assert distance(speaking, small) < 1e-9
