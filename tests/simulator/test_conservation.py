"""What holds in every run, whatever the links, the losses and the failures: small random worlds with an auditor."""

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simulator.delays import Exponential, Uniform
from simulator.hooks import Observer
from simulator.world import Crash, LinkDown, Loss, Network, Partition, RandomCrash, RandomLinkDown

LEAST_LATENCY = 0.1
END = 40.0


class Auditor(Observer):
    """Counts copies by itself and refuses what must never happen."""

    def __init__(self):
        self.under_way = {}
        self.sent_copies = self.delivered_copies = self.lost_copies = 0
        self.sent_bytes = self.delivered_bytes = self.lost_bytes = 0
        self.down = {}
        self.latest = {}
        self.clock = 0.0

    def _at(self, now):
        assert now >= self.clock, "the clock went back"
        self.clock = now

    def sent(self, now, message):
        self._at(now)
        assert message.sender not in self.down, "a crashed agent sent"
        assert message not in self.under_way, "two copies of one message at once"
        self.under_way[message] = now
        self.sent_copies += 1
        self.sent_bytes += message.size

    def delivered(self, now, message):
        self._at(now)
        assert message.to not in self.down, "a dead agent received"
        assert now >= self.under_way.pop(message) + LEAST_LATENCY - 1e-9, "a message came before its latency"
        assert message.key > self.latest.get((message.sender, message.to), -1), "one message overtook another"
        self.latest[message.sender, message.to] = message.key
        self.delivered_copies += 1
        self.delivered_bytes += message.size

    def lost(self, now, message, why):
        self._at(now)
        del self.under_way[message]
        assert why in ("loss", "link down", "receiver down", "dropped")
        self.lost_copies += 1
        self.lost_bytes += message.size

    def computed(self, agent, start, end):
        self._at(end)
        assert start <= end
        assert self.down.get(agent, end) == end, "a dead agent computed"

    def failed(self, now, agent):
        self._at(now)
        assert agent not in self.down
        self.down[agent] = now

    def recovered(self, now, agent):
        self._at(now)
        del self.down[agent]


def wanderer(agent):
    """Does anything at random, by its own stream, until the time is up."""
    for k in agent.rounds():
        match int(agent.rng.integers(6)):
            case 0:
                yield agent.send(int(agent.rng.choice(agent.neighbors)), "x", x=np.zeros(int(agent.rng.integers(40))))
            case 1:
                yield agent.broadcast("x", x=np.zeros(int(agent.rng.integers(40))))
            case 2:
                yield agent.compute(agent.problem, float(agent.rng.exponential()))
            case 3:
                yield agent.receive("x", timeout=float(agent.rng.exponential()))
            case 4:
                yield agent.gather("x", 1, timeout=float(agent.rng.exponential()))
            case 5:
                yield agent.sleep(float(agent.rng.exponential()))
        agent.save(k=k)


def gossiper(agent):
    """Computes and mixes, round after round."""
    for k in agent.rounds((agent.saved or {"k": 0})["k"] + 1):
        yield agent.compute(agent.problem, float(agent.rng.exponential()))
        yield agent.mix(k, np.zeros(5))
        agent.save(k=k)


MEMORY = st.sampled_from(["kept", "lost"])
INSTANT = st.floats(0.0, 30.0)
SPAN = st.floats(0.5, 20.0)
FAILURES = {
    "none": st.just(()),
    "crash for ever": st.builds(lambda at: (Crash((1,), at),), INSTANT),
    "crash and recover": st.builds(lambda at, after, m: (Crash((0, 1), at, after, m),), INSTANT, SPAN, MEMORY),
    "random crashes": st.builds(lambda m: (RandomCrash((0, 1), Exponential(6.0), Exponential(2.0), m),), MEMORY),
    "link down": st.builds(lambda at, long: (LinkDown(((0, 1),), at, long),), INSTANT, st.floats(1.0, math.inf)),
    "random links": st.just((RandomLinkDown(((0, 1), (1, 2)), Exponential(4.0), Exponential(2.0)),)),
    "partition": st.builds(lambda at, long: (Partition(((0,),), at, long),), INSTANT, st.floats(1.0, 20.0)),
}
LOSSES = [Loss(), Loss(0.3), Loss(0.05, 0.9, 0.2, 0.5)]


@pytest.mark.parametrize("sharing", ["none", "fifo", "fair"])
@pytest.mark.parametrize("transport", ["retransmit", "datagram", "symmetric"])
@pytest.mark.parametrize("failure", FAILURES)
@settings(max_examples=10)
@given(data=st.data())
def test_sent_is_delivered_and_lost_and_in_flight(run, sharing, transport, failure, data):
    """Copies and bytes are conserved, and nothing impossible is ever announced, for every kind of network."""
    network = {
        "sharing": sharing,
        "transport": transport,
        "loss": data.draw(st.sampled_from(LOSSES)),
        "latency": Uniform(LEAST_LATENCY, 1.0),
        "jitter": Exponential(data.draw(st.sampled_from([0.01, 3.0]))),
        "uplink": data.draw(st.sampled_from([200.0, math.inf])),
        "downlink": data.draw(st.sampled_from([200.0, math.inf])),
        "rto": data.draw(st.sampled_from([0.3, 3.0])),
        "tries": data.draw(st.sampled_from([1, 3, 50])),
    }
    # two FIFO queues in a row lose the order of a pair where jitter is large
    auditor = Auditor()
    outcome = run(
        *[data.draw(st.sampled_from([wanderer, gossiper])) for _ in range(data.draw(st.integers(3, 5)))],
        network=network,
        failures=data.draw(FAILURES[failure]),
        header=20,
        seconds=END,
        seed=data.draw(st.integers(0, 1000)),
        observers=[auditor],
    )
    assert auditor.sent_copies > 0
    assert outcome.in_flight == (len(auditor.under_way), sum(message.size for message in auditor.under_way))
    assert auditor.sent_copies == auditor.delivered_copies + auditor.lost_copies + outcome.in_flight[0]
    assert auditor.sent_bytes == auditor.delivered_bytes + auditor.lost_bytes + outcome.in_flight[1]
    for name in ("messages_sent", "messages_delivered", "messages_lost", "bytes_sent", "bytes_delivered", "bytes_lost"):
        what, unit = name.split("_")[1], "copies" if name.startswith("messages") else "bytes"
        assert sum(getattr(meter, name) for meter in outcome.meters) == getattr(auditor, f"{what}_{unit}")


@pytest.mark.parametrize("memory", ["kept", "lost"])
@settings(max_examples=25, phases=[Phase.generate])
@given(outages=st.lists(st.tuples(st.integers(0, 1), INSTANT, st.floats(0.5, 15.0)), min_size=2, max_size=5))
def test_overlapping_outages_leave_an_agent_down_until_the_last_is_over(run, memory, outages):
    """The seconds an agent is down are those of the union of its outages."""
    auditor = Auditor()
    failures = tuple(Crash((agent,), at, after, memory) for agent, at, after in outages)
    outcome = run(
        wanderer, wanderer, wanderer, failures=failures, seconds=END, observers=[auditor],
        network={"latency": Uniform(LEAST_LATENCY, 1.0)},
    )  # fmt: skip
    for agent in (0, 1):
        reached, down = 0.0, 0.0
        for at, end in sorted((at, min(END, at + after)) for one, at, after in outages if one == agent):
            down += max(0.0, end - max(at, reached))
            reached = max(reached, end)
        assert outcome.meters[agent].down_s == pytest.approx(down, abs=1e-9)


def test_the_auditor_can_fail(run):
    """A latency below the one it expects is refused, so the checks above look at something."""

    def program(agent):
        yield agent.broadcast("x", x=1.0)
        yield agent.receive()

    with pytest.raises(AssertionError, match="before its latency"):
        run(program, program, observers=[Auditor()])
    assert Network().latency.mean == 0.0
