"""C-SOBA, CM-SOBA, EF-SOBA and their multi-step forms."""

from typing import Any

import numpy as np
import pytest

import algorithms
from algorithms.pieces.compressors import AnyCompressor, Identity, Natural, Qsgd, RandK, Sign, TopK
from problems import quadratic, regularisation
from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.world import Compute, Crash, Loss, Network

STEPS = {"step_x": 0.05, "step_y": 0.1, "step_u": 0.1}
ERROR_FEEDBACK = ("ef_soba", "ef_soba_msc")
EVERY = ("c_soba", "cm_soba", "cm_soba_msc", *ERROR_FEEDBACK)
SINGLE = Network(wire="float32", header=0)
RANDOM = Compute(seconds_per_step=Exponential(1.0))


@pytest.fixture(scope="module")
def heterogeneous() -> quadratic.Quadratic:
    """Ten very different agents without noise, p = 20, q = 40."""
    return quadratic.build(quadratic.Settings(dim_x=20, dim_y=40, heterogeneity=1.0, condition=3.0), agents=10, seed=1)


def steps(lower: float) -> dict[str, float]:
    """b = c, a = b/2."""
    return {"step_x": lower / 2, "step_y": lower, "step_u": lower}


def distance(seen: Any, problem: Any, round_: int | None = None) -> float:
    """Largest distance of (x, y) from the solution, after the last round if none is given."""
    last = seen.reports[seen.last if round_ is None else round_][problem.agents]
    return max(np.abs(last[name] - point).max() for name, point in zip("xy", problem.optimum(), strict=True))


def slope(seen: Any, problem: Any, round_: int) -> float:
    """|grad Phi| as a part of that at the start."""
    at, start = (problem.hypergradient(seen.mean(k, "x")) for k in (round_, 0))
    return float(np.linalg.norm(at) / np.linalg.norm(start))


def rounds_to(seen: Any, problem: Any, level: float) -> int:
    """The first round, of every fifth, at which the slope is below the level."""
    return next(k for k in range(0, seen.last + 1, 5) if slope(seen, problem, k) < level)


def floor(seen: Any, problem: Any, rounds: int) -> float:
    """Mean slope of the last third of a run."""
    return float(np.mean([slope(seen, problem, k) for k in range(2 * rounds // 3, rounds + 1, 10)]))


def same(left: Any, right: Any, tolerance: float) -> None:
    """Two runs agree in x, y and u of every round."""
    server = max(left.reports[0])
    for k in range(left.last + 1):
        for name in "xyu":
            expected = right.reports[k][server][name]
            np.testing.assert_allclose(left.reports[k][server][name], expected, rtol=tolerance, atol=tolerance)


# ---- what it is without compression


@pytest.mark.parametrize("network", [Network(header=0), SINGLE])
@pytest.mark.parametrize("compressor", [Identity(), RandK(fraction=1.0), TopK(fraction=1.0)], ids=str)
def test_whole_vectors_make_it_soba(run: Any, small: Any, compressor: AnyCompressor, network: Network) -> None:
    """Without error feedback to the last bit, on a network of any precision; with it to round-off."""
    soba, ma_soba = (run(name, small, 60, network=network, **STEPS) for name in ("soba", "ma_soba"))
    if not isinstance(compressor, TopK):
        same(run("c_soba", small, 60, network=network, compressor=compressor, **STEPS), soba, 0.0)
        same(run("cm_soba", small, 60, network=network, compressor=compressor, **STEPS), ma_soba, 0.0)
    tolerance = 1e-12 if network.wire is None else 1e-5
    same(run("ef_soba", small, 60, network=network, compressor=compressor, **STEPS), ma_soba, tolerance)


@pytest.mark.parametrize("policy", ["all", "first", "latest", "deadline"])
def test_identity_is_soba_under_every_policy(run: Any, small: Any, policy: str) -> None:
    """The same table of last answers, to the last bit; memories that hold the last answer do the same."""
    wait = Wait(policy, k=2 if policy == "first" else None, seconds=0.7 if policy == "deadline" else None)
    options = {"wait": wait, "compute": RANDOM, **steps(0.05)}
    soba = run("soba", small, 100, **options)
    same(run("c_soba", small, 100, compressor=Identity(), **options), soba, 0.0)
    if policy == "all":
        same(run("ef_soba", small, 100, compressor=Identity(), averaging=1.0, **options), soba, 1e-12)


def test_one_step_of_multi_step_compression_is_none(run: Any, small: Any) -> None:
    """R = 1: C; the draws are the same."""
    for form, plain in (("cm_soba_msc", "cm_soba"), ("ef_soba_msc", "ef_soba")):
        same(run(form, small, 30, compression_steps=1, **STEPS), run(plain, small, 30, **STEPS), 0.0)


# ---- steps worked out apart


@pytest.mark.parametrize("compressor", [TopK(k=1), Sign()], ids=str)
def test_error_feedback_worked_out_apart(run: Any, small: Any, compressor: AnyCompressor) -> None:
    """EF21 with compressors that draw nothing: G is the mean of the memories, which the server never sees."""
    seen = run("ef_soba", small, 25, compressor=compressor, averaging=0.25, radius=2.0, **STEPS)
    x, y, u, h = np.zeros(3), np.zeros(4), np.zeros(4), None
    memories = [[np.zeros(3), np.zeros(4), np.zeros(4)] for _ in range(5)]
    for _ in range(25):
        for i, memory in enumerate(memories):
            for part, d in enumerate(small.local(i).directions(x, y, u)):
                rest = d - memory[part]
                kept = np.sign(rest) * np.abs(rest).mean()
                if isinstance(compressor, TopK):
                    kept = np.where(np.abs(rest) == np.abs(rest).max(), rest, 0.0)
                memory[part] = memory[part] + kept
        gx, gy, gu = (np.mean([memory[part] for memory in memories], axis=0) for part in range(3))
        h = gx if h is None else 0.75 * h + 0.25 * gx
        x, y, u = x - 0.05 * h, y - 0.1 * gy, u - 0.1 * gu
        u = u * min(1.0, 2.0 / np.sqrt(u @ u))
    found = np.concatenate([seen.reports[25][5][name] for name in "xyu"])
    np.testing.assert_allclose(found, np.concatenate([x, y, u]), rtol=1e-11)


def test_two_steps_by_hand(run: Any, two_agents: Any) -> None:
    """With one entry a vector the sign and its scale are the vector: the two steps of SOBA worked out on paper."""
    hand = {"step_x": 0.1, "step_y": 0.2, "step_u": 0.4, "averaging": 1.0}
    seen = run("ef_soba", two_agents, 2, compressor=Sign(), **hand)
    for round_, expected in ((1, (0.05, 0.3, -1.0)), (2, (0.145, 0.425, -0.62))):
        np.testing.assert_allclose([seen.reports[round_][2][name][0] for name in "xyu"], expected, rtol=1e-12)


# ---- what travels


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("compressor", [RandK(k=2), RandK(k=2, seeded=True), Qsgd(levels=8), Natural()], ids=str)
def test_bits_of_a_message(run: Any, small: Any, name: str, compressor: AnyCompressor) -> None:
    """Up R [w(p) + 2 w(q)] bits, down 32 (p + 2q); a bit each way more with error feedback; rounded up to bytes."""
    of = {
        "rand_k": {3: 2 * (32 + 2), 4: 2 * (32 + 2)},
        "qsgd": {3: 32 + 3 * 5, 4: 32 + 4 * 5},
        "natural": {3: 27, 4: 36},
    }
    w = {3: 96, 4: 96} if isinstance(compressor, RandK) and compressor.seeded else of[compressor.name]
    settings = algorithms.load(name).preset
    bits = settings.get("compression_steps", 1) * (w[3] + 2 * w[4]) + ("error_feedback" in settings)
    seen = run(name, small, 6, compressor=compressor, network=SINGLE, keep_messages=True)
    assert {size for *_, tag, _, size in seen.messages if tag == "directions"} == {-(-bits // 8)}
    assert {size for *_, tag, _, size in seen.messages if tag == "iterate"} == {44 + ("error_feedback" in settings)}
    assert seen.outcome.meters[0].bytes_sent == 6 * -(-bits // 8)


def test_another_compressor_for_the_lower_vectors(run: Any, small: Any) -> None:
    """rand-1 of 3 above (34 bits), signs of 4 below (36 bits), twice."""
    seen = run("ef_soba", small, 3, compressor=RandK(k=1), compressor_lower=Sign(), network=SINGLE, keep_messages=True)
    assert {size for *_, tag, _, size in seen.messages if tag == "directions"} == {-(-(34 + 2 * 36 + 1) // 8)}


def test_workers_and_messages_draw_apart_unless_told_otherwise(run: Any, small: Any) -> None:
    """Which entries a message holds: shared masks are equal among workers of a round, and differ between rounds."""

    def masks(**settings: Any) -> list[bytes]:
        seen = run("c_soba", small, 8, compressor=RandK(k=2), keep_messages=True, **settings)
        return [payload["y"][0].data[16:] for *_, tag, payload, _ in seen.messages if tag == "directions"][:40]

    common, own = masks(shared_mask=True), masks()
    assert all(len(set(common[k : k + 5])) == 1 for k in range(0, 40, 5))
    assert len(set(common)) > 1
    assert any(len(set(own[k : k + 5])) > 1 for k in range(0, 40, 5))


def test_minibatches_are_those_of_soba(run: Any) -> None:
    """Compression draws from a stream of its own: with rand-d, which draws and loses nothing, all bits are SOBA's."""
    batches = regularisation.Settings(data="breast_cancer", batch_lower=8, batch_upper=8)
    problem = regularisation.build(batches, agents=3, seed=0)
    same(run("c_soba", problem, 20, compressor=RandK(fraction=1.0)), run("soba", problem, 20), 0.0)


# ---- where it goes (no noise, very different agents)


def test_error_feedback_saves_bits_and_leaves_no_floor(run: Any, heterogeneous: Any) -> None:
    """Uplink bits to a thousandth of the slope, best steps of each: about 4, 6 and 10 times less than SOBA's."""
    soba = run("soba", heterogeneous, 130, network=SINGLE, **steps(0.3))
    full = rounds_to(soba, heterogeneous, 1e-3) * 32 * 100
    for compressor, b, rounds, saved in (
        (RandK(), 0.1, 320, 3.5),
        (Qsgd(), 0.2, 150, 5.0),
        (Qsgd(levels=1), 0.2, 150, 8.5),
    ):
        seen = run("ef_soba", heterogeneous, rounds, network=SINGLE, compressor=compressor, averaging=1.0, **steps(b))
        bits = 8 * seen.outcome.meters[0].bytes_sent / rounds
        assert full / (rounds_to(seen, heterogeneous, 1e-3) * bits) > saved, compressor


def test_without_error_feedback_there_is_a_floor_like_the_root_of_the_steps(run: Any, heterogeneous: Any) -> None:
    """rand-10 %: five times smaller steps bring it down 2.2 times, not five times."""
    large, small = (
        floor(run("c_soba", heterogeneous, rounds, **steps(b)), heterogeneous, rounds)
        for b, rounds in ((0.1, 300), (0.02, 700))
    )
    assert large > 0.2
    assert 1.6 < large / small < 3.2


def test_shared_masks_take_the_floor_away(run: Any, heterogeneous: Any) -> None:
    """Compression then commutes with averaging: c_soba goes where only error feedback should; so masks must differ."""
    seen = run("c_soba", heterogeneous, 400, compressor=RandK(), shared_mask=True, **steps(0.05))
    assert slope(seen, heterogeneous, 400) < 1e-2


@pytest.mark.parametrize("compressor", [TopK(), Sign()], ids=str)
def test_biased_compressors_need_error_feedback(run: Any, heterogeneous: Any, compressor: AnyCompressor) -> None:
    """With memories they converge linearly; put into C-SOBA as they are they stall far from the solution."""
    seen = run("ef_soba", heterogeneous, 550, compressor=compressor, averaging=1.0, **steps(0.05))
    assert slope(seen, heterogeneous, 550) < 0.015
    rng, z = np.random.default_rng(0), [np.zeros(20), np.zeros(40), np.zeros(40)]
    for _ in range(400):
        total = [np.zeros(20), np.zeros(40), np.zeros(40)]
        for i in range(10):
            for part, d in enumerate(heterogeneous.local(i).directions(*z)):
                total[part] += compressor.decode(compressor.encode(d, rng), d.size, d.dtype) / 10
        z = [old - a * g for old, a, g in zip(z, (0.025, 0.05, 0.05), total, strict=True)]
    stalled = np.linalg.norm(heterogeneous.hypergradient(z[0])) / np.linalg.norm(heterogeneous.hypergradient(0 * z[0]))
    assert stalled > 0.05


def test_memories_that_move_too_fast_diverge(run: Any, small: Any) -> None:
    """rand-1 of 4, omega = 3: delta = 1/4 converges; delta = 1 is beyond 2/(1 + omega) = 1/2."""
    right = run("ef_soba", small, 300, compressor=RandK(k=1), **STEPS)
    fast = run("ef_soba", small, 300, compressor=RandK(k=1), delta=1.0, **STEPS)
    assert distance(right, small) < 0.1
    assert not distance(fast, small, fast.last) < 1e3


def test_radius_below_the_solution_biases_in_silence(run: Any, small: Any) -> None:
    """|u*| bounds r from below."""
    length = float(np.linalg.norm(small.adjoint(small.optimum()[0])))
    above, below = (run("ef_soba", small, 400, radius=part * length, **STEPS) for part in (1.5, 0.7))
    assert distance(above, small) < 0.02
    assert distance(below, small) > 0.05


# ---- waiting, losses, crashes


@pytest.mark.parametrize("wait", [Wait("first", k=2, staleness=6), Wait("latest"), Wait("deadline", seconds=0.7)])
def test_error_feedback_keeps_its_point_under_every_policy(run: Any, small: Any, wait: Wait) -> None:
    """Workers that are not in count by their memories."""
    options = {"wait": wait, "compute": RANDOM, "compressor": RandK(k=2), "averaging": 1.0}
    seen = run("ef_soba", small, 1000, **options, **steps(0.02))
    assert distance(seen, small) < 0.02
    assert distance(seen, small) < 0.15 * distance(seen, small, 500)


@pytest.mark.parametrize(("loss", "late"), [(0.05, 1e-3), (0.2, 1e-3), (0.1, 0.008), (0.1, 0.03)])
def test_lost_messages_change_no_iterate(run: Any, small: Any, loss: float, late: float) -> None:
    """Memories move with what was used; what was lost is said again, and what was said again in vain does not count."""
    network = Network(loss=Loss(good=loss), transport="datagram", latency=Constant(late), header=0)
    plain = run("ef_soba", small, 250, compressor=RandK(k=2), **STEPS)
    lossy = run("ef_soba", small, 250, compressor=RandK(k=2), network=network, resend_after_s=0.021, **STEPS)
    assert lossy.outcome.status == "finished"
    assert sum(meter.messages_lost for meter in lossy.outcome.meters) > 100
    same(lossy, plain, 0.0)


@pytest.mark.parametrize("loss", [0.05, 0.2])
def test_lost_messages_leave_the_others_no_further_floor(run: Any, small: Any, loss: float) -> None:
    """Without memories nothing can come apart: with identity the point of SOBA is reached."""
    network = Network(loss=Loss(good=loss), transport="datagram", latency=Constant(1e-3), header=0)
    seen = run("c_soba", small, 700, compressor=Identity(), network=network, resend_after_s=0.05, **STEPS)
    assert distance(seen, small) < 1e-3


@pytest.mark.parametrize("instant", [0.005, 2.005, 2.0149, 2.0201])
def test_worker_that_lost_its_memory_goes_on_from_its_checkpoint(run: Any, small: Any, instant: float) -> None:
    """A crash during a step, on the way or while waiting costs time and changes no iterate."""
    crash = Crash(agents=(1,), at=instant, recover_after=1.0, memory="lost")
    network = Network(latency=Constant(0.002), header=0)
    plain = run("ef_soba", small, 150, network=network, compressor=TopK(k=2), **STEPS)
    seen = run("ef_soba", small, 150, failures=(crash,), network=network, compressor=TopK(k=2), **STEPS)
    assert seen.outcome.simulated_s > plain.outcome.simulated_s + 0.9
    same(seen, plain, 0.0)


# ---- what is refused


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"compressor": TopK()}, "compressor top_k is biased: without error_feedback it leads to a wrong point"),
        ({"compressor_lower": Sign()}, "compressor sign is biased"),
        ({"compressor": Sign(), "error_feedback": True, "delta": 0.5}, "with the biased compressor sign it must be 1"),
        ({"compressor": TopK(), "error_feedback": True, "compression_steps": 2}, "compression_steps is 2"),
        ({"delta": 0.5}, "delta is 0.5: it is the rate of a memory"),
    ],
)
def test_what_would_go_to_a_wrong_point_is_refused(given: dict[str, Any], sentence: str) -> None:
    """In one sentence, before anything runs."""
    with pytest.raises(ValueError, match=sentence):
        algorithms.load("c_soba").settings(**given)
