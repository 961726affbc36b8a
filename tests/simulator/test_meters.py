"""The meters: traffic, oracle calls, seconds computing and down, to the end of the run."""

import numpy as np
import pytest

from simulator.delays import Constant
from simulator.meters import TRAFFIC, Meter
from simulator.world import Crash, Loss


def test_traffic_is_counted_with_its_sender(run):
    """Sent, delivered and lost copies and bytes of what each agent sent, header included."""

    def sender(agent):
        yield agent.broadcast("x", x=np.zeros(2))
        yield agent.send(1, "x", x=np.zeros(1))

    outcome = run(sender, None, None, header=10)
    expected = Meter(messages_sent=3, messages_delivered=0, bytes_sent=26 + 26 + 18)
    assert [getattr(outcome.meters[0], name) for name in TRAFFIC] == [getattr(expected, name) for name in TRAFFIC]
    assert outcome.in_flight == (3, 70)
    assert outcome.meters[1] == Meter()


def test_repeated_copies_count_each(run):
    """Three copies sent, all lost."""

    def sender(agent):
        yield agent.send(1, "x", v=1.0)
        yield agent.sleep(50.0)

    outcome = run(sender, None, network={"loss": Loss(1.0), "tries": 3})
    assert [getattr(outcome.meters[0], name) for name in TRAFFIC] == [3, 0, 3, 24, 0, 24]


def test_oracles_are_counted_by_name(run):
    """Calls of each, operations of all."""

    def program(agent):
        def work():
            agent.problem(5.0)
            agent.problem(1.0)

        yield agent.compute(work)
        yield agent.compute(agent.problem, 4.0)

    meter = run(program).meters[0]
    assert meter.oracle_calls == {"work": 3}
    assert meter.operations == 10.0
    assert meter.computing_s == 10.0


def test_a_running_step_counts_up_to_the_end_of_the_run(run):
    """A step that the time limit cuts off has been computed until then."""

    def program(agent):
        yield agent.compute(agent.problem, 3.0)
        yield agent.compute(agent.problem, 100.0)

    assert run(program, seconds=10.0).meters[0].computing_s == 10.0


@pytest.mark.parametrize(("recover", "down", "computing"), [(None, 8.0, 2.0), (3.0, 3.0, 7.0), (20.0, 8.0, 2.0)])
def test_seconds_down_count_up_to_the_end_of_the_run(run, recover, down, computing):
    """Whether or not the agent comes back; what it computed before the crash counts, time down does not."""

    def program(agent):
        yield agent.compute(agent.problem, 100.0)

    def other(agent):
        yield agent.sleep(10.0)

    outcome = run(program, other, daemons=[0], failures=(Crash((0,), 2.0, recover),))
    assert outcome.simulated_s == 10.0
    assert outcome.meters[0].down_s == down
    assert outcome.meters[0].computing_s == computing


def test_meters_stop_where_a_stall_began(run):
    """Time after the instant at which nobody could go on is nobody's."""

    def program(agent):
        yield agent.compute(agent.problem, 4.0)
        yield agent.receive()

    outcome = run(program, None, failures=(Crash((1,), 3.0),), seconds=100.0)
    assert (outcome.status, outcome.simulated_s) == ("stalled", 4.0)
    assert outcome.meters[1].down_s == 1.0


def test_traffic_of_all_sharings_is_the_same(run):
    """Sharing changes when, not how much."""

    def program(agent):
        for k in range(5):
            yield agent.mix(k, np.zeros(10))

    counts = []
    for sharing in ("none", "fifo", "fair"):
        network = {"sharing": sharing, "uplink": 100.0, "latency": Constant(0.1)}
        counts.append([meter.bytes_delivered for meter in run(*[program] * 4, network=network).meters])
    assert counts == [[5 * 3 * 80] * 4] * 3
