"""SimFBO and ShroFBO."""

from typing import Any

import numpy as np
import pytest

import algorithms
from problems import quadratic
from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.world import Compute, Crash, Loss, Network


def world(heterogeneity: float) -> quadratic.Quadratic:
    """Ten agents, p = 20, q = 40; only the differences among agents depend on the heterogeneity."""
    return quadratic.build(
        quadratic.Settings(dim_x=20, dim_y=40, heterogeneity=heterogeneity, condition=3.0), agents=10, seed=1
    )


@pytest.fixture(scope="module")
def heterogeneous() -> quadratic.Quadratic:
    """Very different agents."""
    return world(1.0)


def steps(server: float, local: float) -> dict[str, float]:
    """On y and u; half as large on x."""
    outer = {"step_x": server / 2, "step_y": server, "step_u": server}
    return outer | {"local_step_x": local / 2, "local_step_y": local, "local_step_u": local}


def slope(seen: Any, problem: Any, round_: int) -> float:
    """|grad Phi| as a part of that at the start."""
    at, start = (problem.hypergradient(seen.mean(k, "x")) for k in (round_, 0))
    return float(np.linalg.norm(at) / np.linalg.norm(start))


@pytest.mark.parametrize("name", ["simfbo", "shrofbo"])
def test_one_local_step_is_soba(run: Any, small: Any, name: str) -> None:
    """To the last bit."""
    soba = run("soba", small, 50, step_x=0.05, step_y=0.1, step_u=0.2)
    seen = run(name, small, 50, local_steps=1, step_x=0.05, step_y=0.1, step_u=0.2, local_step_y=3.0)
    for k in range(51):
        for which in "xyu":
            np.testing.assert_array_equal(seen.reports[k][5][which], soba.reports[k][5][which])


def test_one_round_by_hand(run: Any, two_agents: Any) -> None:
    """tau = 2 from zero: directions (x, y, u) at 0 and at the point to which they lead each worker.

    Agent 0: D = (-2, -1, 3) at 0; at (.2, .2, -1.2) with a' = .1, b' = .2, c' = .4: D = (-3, -.8, .4).
    Agent 1: D = (1, -2, 2) at 0; at (-.1, .4, -.8): D = (.9, -.4, -2).
    Sums (-5, -1.8, 3.4) and (1.9, -2.4, 0); means (-1.55, -2.1, 1.7), times the server's steps .1, .1, .1.
    """
    local = {"local_steps": 2, "local_step_x": 0.1, "local_step_y": 0.2, "local_step_u": 0.4}
    seen = run("simfbo", two_agents, 1, step_x=0.1, step_y=0.1, step_u=0.1, **local)
    np.testing.assert_allclose([seen.reports[1][2][name][0] for name in "xyu"], [0.155, 0.21, -0.17], rtol=1e-12)


def test_rounds_worked_out_apart(run: Any, small: Any) -> None:
    """Ten rounds of ShroFBO with the tau_i that the workers used, read off from what they evaluated, and a radius."""
    lengths = steps(0.1, 0.05)
    seen = run("shrofbo", small, 10, local_steps=1, local_steps_most=6, radius=1.0, **lengths)
    counts = [meter.oracle_calls["lower_hvp"] // 10 for meter in seen.outcome.meters[:5]]
    assert len(set(counts)) > 1
    z = [np.zeros(3), np.zeros(4), np.zeros(4)]
    for _ in range(10):
        normalised = []
        for i, count in enumerate(counts):
            local, total = list(z), [0.0, 0.0, 0.0]
            for _ in range(count):
                found = small.local(i).directions(*local)
                total = [q + d for q, d in zip(total, found, strict=True)]
                local = [part - a * d for part, a, d in zip(local, (0.025, 0.05, 0.05), found, strict=True)]
            normalised.append([q / count for q in total])
        mean = [np.mean([h[part] for h in normalised], axis=0) for part in range(3)]
        z = [part - np.mean(counts) * a * h for part, a, h in zip(z, (0.05, 0.1, 0.1), mean, strict=True)]
        z[2] = z[2] * min(1.0, 1.0 / np.sqrt(z[2] @ z[2]))
    found = np.concatenate([seen.reports[10][5][name] for name in "xyu"])
    np.testing.assert_allclose(found, np.concatenate(z), rtol=1e-11)


def test_local_steps_drift_with_the_steps_and_the_differences(run: Any, heterogeneous: Any) -> None:
    """tau = 4: published floors 1.6e-2 (different agents, steps .03) and 4.7e-4 (alike agents, steps .1)."""
    alike = world(0.1)
    assert slope(run("simfbo", heterogeneous, 200, **steps(0.03, 0.03)), heterogeneous, 200) == pytest.approx(
        0.011, rel=0.1
    )
    assert slope(run("simfbo", alike, 100, **steps(0.1, 0.1)), alike, 100) == pytest.approx(3.5e-4, rel=0.1)


def test_different_local_steps_lead_simfbo_to_a_wrong_point(run: Any, heterogeneous: Any) -> None:
    """tau_i in 1..8: a floor of about .26 whatever the steps; ShroFBO's goes down with them (1.9e-2, 6.8e-3)."""
    found = {
        (name, local): slope(
            run(name, heterogeneous, 200, local_steps=1, local_steps_most=8, **steps(0.03, local)), heterogeneous, 200
        )
        for name in ("simfbo", "shrofbo")
        for local in (0.03, 0.01)
    }
    assert found["simfbo", 0.03] == pytest.approx(0.25, abs=0.03)
    assert found["simfbo", 0.01] == pytest.approx(0.25, abs=0.03)
    assert found["shrofbo", 0.03] == pytest.approx(1.6e-2, rel=0.3)
    assert found["shrofbo", 0.01] == pytest.approx(6e-3, rel=0.3)


def test_part_of_the_workers_leaves_sampling_noise(run: Any, heterogeneous: Any) -> None:
    """Three of ten: those alone are sent and send anything, and the floor is about .12."""
    seen = run("simfbo", heterogeneous, 300, local_steps=1, participants=3, **steps(0.1, 0.1))
    assert seen.outcome.meters[10].messages_sent == 3 * 300
    assert sum(meter.messages_sent for meter in seen.outcome.meters[:10]) == 3 * 300
    assert min(meter.messages_sent for meter in seen.outcome.meters[:10]) > 50
    assert 0.05 < np.mean([slope(seen, heterogeneous, k) for k in range(150, 301, 10)]) < 0.35


def test_the_number_of_local_steps_is_each_workers_own(run: Any, small: Any) -> None:
    """Drawn once, between the bounds, by streams of their own: the same in every run of a seed."""

    def calls(seed: int, rounds: int) -> list[int]:
        seen = run("shrofbo", small, rounds, seed=seed, local_steps=2, local_steps_most=5)
        return [meter.oracle_calls["lower_hvp"] // rounds for meter in seen.outcome.meters[:5]]

    assert calls(0, 5) == calls(0, 10)
    assert {count for seed in range(4) for count in calls(seed, 2)} == {2, 3, 4, 5}


@pytest.mark.parametrize("wait", [Wait("first", k=4), Wait("deadline", seconds=1.0)])
def test_who_is_late_is_left_out(run: Any, small: Any, wait: Wait) -> None:
    """Rounds go on with those who answered; the point stays near the solution."""
    seen = run(
        "shrofbo", small, 300, wait=wait, compute=Compute(seconds_per_step=Exponential(1.0)), **steps(0.02, 0.02)
    )
    assert sum(meter.messages_sent for meter in seen.outcome.meters[:5]) < 5 * 300
    x = small.optimum()[0]
    assert np.linalg.norm(seen.mean(300, "x") - x) < 0.5 * np.linalg.norm(x)


def test_lost_messages_and_a_crash_change_no_iterate(run: Any, small: Any) -> None:
    """What was lost is asked again; a worker that forgot everything answers its last question."""
    plain = run("simfbo", small, 40)
    network = Network(loss=Loss(good=0.1), transport="datagram", latency=Constant(1e-3), header=0)
    crash = Crash(agents=(1,), at=0.5, recover_after=0.3, memory="lost")
    lossy = run("simfbo", small, 40, network=network, failures=(crash,), ask_again_after_s=0.5)
    for k in range(41):
        np.testing.assert_array_equal(lossy.reports[k][5]["x"], plain.reports[k][5]["x"])


def test_bounds_that_contradict_one_another_are_refused() -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match="local_steps_most is 2: it must be at least 4"):
        algorithms.load("simfbo").settings(local_steps_most=2)
