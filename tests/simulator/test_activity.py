"""Activity: shares of equal bins of time, whose totals are those of the meters."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import activity
from simulator.activity import Timesheet
from simulator.delays import Exponential
from simulator.world import Crash, RandomCrash


def test_an_agent_that_computes_waits_and_is_down(run):
    """Two seconds each of computing, waiting and being down, then two of waiting again."""

    def program(agent):
        yield agent.compute(agent.problem, 2.0)
        yield agent.receive()

    def other(agent):
        yield agent.sleep(8.0)

    found = run(program, other, daemons=[0], failures=(Crash((0,), 4.0, 2.0),)).activity
    assert (found.bin_s, found.end_s) == (1 / 32, 8.0)
    assert found.computing.shape == found.down.shape == (2, 256)
    assert found.computing[0].tolist() == [1.0] * 64 + [0.0] * 192
    assert found.down[0].tolist() == [0.0] * 128 + [1.0] * 64 + [0.0] * 64
    assert not found.computing[1].any()
    assert not found.down[1].any()


def test_the_last_bin_ends_with_the_run(run):
    """Its share is of what there is of it."""

    def program(agent):
        yield agent.compute(agent.problem, 100.0)
        yield agent.sleep(0.125)
        yield agent.compute(agent.problem, 100.0)

    found = run(program, seconds=100.25).activity
    assert found.bin_s == 0.5
    assert found.starts_s[-1] == 100.0
    assert found.lengths_s.tolist() == [0.5] * 200 + [0.25]
    assert found.computing[0].tolist() == [1.0] * 200 + [0.5]


def test_steps_are_divided_among_the_bins_they_lie_in(monkeypatch):
    """Within one bin, across one border, and across whole bins, with bins of one second."""
    monkeypatch.setattr(activity, "BINS", 8)
    sheet = Timesheet(3)
    sheet.computed(0, 0.25, 0.5)
    sheet.computed(1, 0.25, 1.5)
    sheet.computed(2, 0.5, 4.75)
    sheet.computed(0, 7.5, 8.0)
    found = sheet.close(8.0, [])
    assert found.bin_s == 1.0
    assert found.computing.tolist() == [
        [0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5],
        [0.75, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.5, 1.0, 1.0, 1.0, 0.75, 0.0, 0.0, 0.0],
    ]


def test_the_batches_do_not_show(monkeypatch):
    """However often intervals are sorted in, the bins are as wide and hold the same."""
    ends = np.cumsum(np.random.default_rng(0).exponential(1.0, 500))
    found = []
    for batch in (1, 7, 10_000):
        monkeypatch.setattr(activity, "BATCH", batch * activity.INTERVAL.size)
        sheet = Timesheet(2)
        for k, (start, end) in enumerate(pairwise(ends)):
            sheet.computed(k % 2, start, end)
        found.append(sheet.close(ends[-1] + 0.5, []))
    assert len({one.bin_s for one in found}) == 1
    for one in found[1:]:
        assert one.computing == pytest.approx(found[0].computing, abs=1e-12)


@pytest.mark.parametrize(("agents", "bins"), [(1, 400), (100, 400), (256, 156), (10_000, 4), (50_000, 2)])
def test_there_is_room_for_so_many_bins(agents, bins):
    """At most 400 an agent and 40,000 in all, an even number, and never less than two."""
    sheet = Timesheet(agents)
    found = sheet.close(float(bins), [])
    assert found.computing.shape == (agents, bins)
    assert found.bin_s == 1.0
    assert sheet.close(bins + 1.0, []).computing.shape == (agents, bins // 2 + 1)


@pytest.mark.parametrize("seconds", [1e-9, 0.1, 1 / 3, 7.0, 1e6 + 0.1, math.nextafter(400 * 1024.0, math.inf), 1e12])
def test_bins_are_as_fine_as_there_is_room(seconds):
    """Half as wide, they would be too many; so wide, they are enough; and each has a length above zero."""
    found = Timesheet(1).close(seconds, [(0, 0.0)])
    assert math.log2(found.bin_s).is_integer()
    assert 200 < found.computing.shape[1] <= 400
    assert found.lengths_s.min() > 0.0
    assert found.lengths_s.sum() == pytest.approx(seconds, rel=1e-12)
    assert found.computing.min() == 1.0


def test_a_run_of_no_time_has_no_bins(run):
    """Nobody did anything, which took no time."""

    def program(agent):
        yield agent.sleep(0.0)

    found = run(program, program).activity
    assert found.computing.shape == found.down.shape == (2, 0)


def wanderer(agent):
    """Computes, sleeps and waits, by its own stream, for some time."""
    for _ in range(int(agent.rng.integers(1, 60))):
        match int(agent.rng.integers(4)):
            case 0 | 1:
                yield agent.compute(agent.problem, float(agent.rng.lognormal(-1.0, 2.0)))
            case 2:
                yield agent.broadcast("x", x=1.0)
            case 3:
                yield agent.receive("x", timeout=float(agent.rng.exponential()))


def waiter(agent):
    """Computes, then waits for a message for as long as it takes."""
    while True:
        yield agent.compute(agent.problem, float(agent.rng.exponential()))
        yield agent.receive("x")


def test_seconds_are_summed_in_the_order_in_which_steps_end(run, log):
    """To the last bit."""
    outcome = run(wanderer, wanderer, wanderer, wanderer, seed=3, observers=[log])
    sums = [0.0] * 4
    for end, agent, start in log.of("computed"):
        sums[agent] += end - start
    assert min(sums) > 0.0
    assert [meter.computing_s for meter in outcome.meters] == sums


MEMORY = st.sampled_from(["kept", "lost"])
CRASH = st.builds(
    Crash, st.sampled_from([(0,), (1,), (0, 2)]), st.floats(0.0, 30.0), st.none() | st.floats(0.01, 20.0), MEMORY
)
CRASHES = st.builds(
    lambda up, memory: RandomCrash((0, 1, 2), Exponential(up), Exponential(1.0), memory), st.floats(0.5, 20.0), MEMORY
)


@settings(max_examples=150)
@given(
    programs=st.lists(st.sampled_from([wanderer, waiter]), min_size=3, max_size=4),
    failures=st.lists(CRASH | CRASHES, max_size=3),
    seconds=st.sampled_from([0.01, 9.0, 40.0, 1000.0]),
    daemon=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_totals_are_those_of_the_meters(run, programs, failures, seconds, daemon, seed):
    """Seconds computing and down of every agent, whatever crashes, and however the run ends."""
    outcome = run(*programs, failures=tuple(failures), seconds=seconds, seed=seed, daemons=[0] if daemon else [])
    found = outcome.activity
    assert found.end_s == outcome.simulated_s
    assert (found.computing + found.down).max(initial=0.0) <= 1.0 + 1e-9
    for name in ("computing", "down"):
        totals = (getattr(found, name) * found.lengths_s).sum(axis=1)
        metered = [getattr(meter, f"{name}_s") for meter in outcome.meters]
        assert totals == pytest.approx(metered, rel=1e-9, abs=1e-300)  # the smallest numbers have no shares
