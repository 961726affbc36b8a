"""Links: delays, order, sharing, which copies are lost, and how losses are drawn. Closed forms stand in test_clock."""

import dataclasses
import math

import numpy as np
import pytest

from simulator.delays import Constant, Exponential, Uniform
from simulator.errors import BadWorld
from simulator.links import Channel, Edge, LinkTraffic
from simulator.streams import stream
from simulator.world import LinkDown, Loss


class Bytes:
    """A payload of a given length."""

    def __init__(self, size):
        self.nbits = 8 * size


def burst(*sizes, gap=0.0):
    """A program that sends messages of these sizes to agent 1, tagged 0, 1, ..."""

    def program(agent):
        for tag, size in enumerate(sizes):
            yield agent.send(1, tag, x=Bytes(size))
            yield agent.sleep(gap)

    return program


def sink(seen, count):
    """A program that notes (tag, instant) of so many messages."""

    def program(agent):
        for _ in range(count):
            message = yield agent.receive()
            seen.append((message.tag, agent.now))

    return program


def latencies(run, seed=3, symmetric=False, size=4, law=None):
    """Latency of every ordered pair of a complete graph."""
    found = {}

    def program(agent):
        yield agent.broadcast("x", at=agent.now)
        for _ in agent.neighbors:
            message = yield agent.receive()
            found[message.sender, agent.id] = agent.now - message["at"]

    network = {"latency": law or Uniform(1.0, 2.0), "symmetric_latency": symmetric}
    run(*[program] * size, network=network, seed=seed)
    return found


def test_a_latency_is_drawn_once_for_each_ordered_pair(run):
    """It differs from pair to pair and between directions, and is that of the pair's own stream."""
    found = latencies(run)
    assert len(set(found.values())) == 12
    for (i, j), latency in found.items():
        assert latency == Uniform(1.0, 2.0).sample(stream(3, "latency", i, j), 1)[0]


def test_a_symmetric_latency_is_drawn_once_for_both_directions(run):
    """Six numbers for twelve ordered pairs."""
    found = latencies(run, symmetric=True)
    assert len(set(found.values())) == 6
    assert all(found[i, j] == found[j, i] for i, j in found)


def test_a_pairs_latency_stays_the_same_and_its_jitter_does_not(run):
    """Messages far apart: instants are latency + jitter of the pair's own streams, draw by draw."""
    seen = []
    network = {"latency": Uniform(1.0, 2.0), "jitter": Exponential(0.1)}
    run(burst(*[0] * 20, gap=50.0), sink(seen, 20), network=network, seed=4)
    base = Uniform(1.0, 2.0).sample(stream(4, "latency", 0, 1), 1)[0]
    extra = Exponential(0.1).sample(stream(4, "jitter", 0, 1), 20)
    assert [instant for _, instant in seen] == pytest.approx([50.0 * k + base + extra[k] for k in range(20)], rel=1e-9)


@pytest.mark.parametrize("downlink", [math.inf, 5000.0])
@pytest.mark.parametrize("sharing", ["none", "fifo", "fair"])
def test_messages_of_a_pair_do_not_overtake_one_another(run, sharing, downlink):
    """Large and small in turn, with a jitter far above their distance."""
    seen = []
    network = {"sharing": sharing, "jitter": Exponential(5.0), "uplink": 1000.0, "downlink": downlink}
    run(burst(*[2000, 1] * 60, gap=0.01), sink(seen, 120), network=network)
    assert [tag for tag, _ in seen] == list(range(120))
    assert [instant for _, instant in seen] == sorted(instant for _, instant in seen)


def test_without_sharing_the_slower_end_sets_the_pace(run):
    """size / min(uplink, downlink), whatever else is on the way."""
    seen = []
    run(burst(600, 600), sink(seen, 2), network={"uplink": [300.0, 9.0], "downlink": [9.0, 200.0]})
    assert seen == [(0, 3.0), (1, 3.0)]


def test_fifo_uplink_and_downlink_are_cut_through(run):
    """600 bytes: 2 s on the uplink, 3 s on the downlink, which begins with the first byte: 3 s and then 6 s."""
    seen = []
    network = {"sharing": "fifo", "uplink": [300.0, 9.0], "downlink": [9.0, 200.0]}
    run(burst(600, 600), sink(seen, 2), network=network)
    assert seen == [(0, 3.0), (1, 6.0)]


def test_a_fifo_downlink_waits_for_a_slow_uplink(run):
    """The last byte comes no earlier than the uplink lets go of it: 6 s, and 6 s more."""
    seen = []
    network = {"sharing": "fifo", "uplink": [100.0, 9.0], "downlink": [9.0, 200.0]}
    run(burst(600, 600), sink(seen, 2), network=network)
    assert seen == [(0, 6.0), (1, 12.0)]


def test_a_fifo_queue_empties_while_nobody_sends(run):
    """A message that comes later finds an idle uplink."""
    seen = []
    run(burst(300, 300, gap=10.0), sink(seen, 2), network={"sharing": "fifo", "uplink": 300.0})
    assert seen == [(0, 1.0), (1, 11.0)]


def test_messages_of_a_pair_queue_behind_one_another_under_fair(run):
    """One flow a pair: two messages of 300 bytes take 1 s each."""
    seen = []
    run(burst(300, 300), sink(seen, 2), network={"sharing": "fair", "uplink": 300.0})
    assert seen == [(0, 1.0), (1, 2.0)]


@pytest.mark.parametrize("name", ["uplink", "downlink"])
@pytest.mark.parametrize("rates", [0.0, -1.0, float("nan"), [1.0], [1.0, 0.0]])
def test_bad_rates_are_refused(run, name, rates):
    """With the name of what they are."""
    with pytest.raises(BadWorld, match=name):
        run(None, None, network={name: rates})


# ---- losses


def channel(law, copies, seed=1):
    """Which of so many copies a channel loses."""
    made = Channel(law, np.random.default_rng(seed))
    return np.array([made.loses() for _ in range(copies)])


def test_a_bernoulli_channel_takes_one_draw_a_copy():
    """Lost where the stream's next uniform number is below the probability: more losses at a larger one."""
    draws = np.random.default_rng(1).random(500)
    assert np.array_equal(channel(Loss(0.3), 500), draws < 0.3)
    assert not (channel(Loss(0.3), 500) & ~channel(Loss(0.4), 500)).any()


def test_the_extremes_of_a_channel():
    """Probability 0 loses nothing, 1 everything; only what can lose is said to be possible."""
    assert not channel(Loss(0.0), 100).any()
    assert channel(Loss(1.0), 100).all()
    assert not Loss().possible
    assert Loss(0.1).possible
    assert Loss(good_to_bad=0.1).possible


def test_a_burst_channel_starts_good_and_steps_once_a_copy():
    """Good, then bad for ever: the first copy passes, all others are lost."""
    lost = channel(Loss(good=0.0, bad=1.0, good_to_bad=1.0, bad_to_good=0.0), 50)
    assert lost.tolist() == [False] + [True] * 49


def test_gilbert_elliott_loses_the_mean_of_its_states():
    """(1 - pi) good + pi bad with pi = p/(p + r)."""
    lost = channel(Loss(0.1, 0.8, 0.05, 0.2), 100_000)
    pi = 0.05 / 0.25
    batches = lost.reshape(100, -1).mean(axis=1)
    z = (batches.mean() - (0.1 * (1 - pi) + 0.8 * pi)) / (batches.std(ddof=1) / 10)
    assert abs(z) < 4


def test_an_edge_decides_once_for_both_directions():
    """Who sends a round's message first draws; the other end hears the same, and the next round is drawn anew."""
    edge = Edge(Channel(Loss(0.5), np.random.default_rng(3)))
    rounds = [(edge.drops(k, False), edge.drops(k, False)) for k in range(200)]
    assert all(one == other for one, other in rounds)
    assert {one for one, _ in rounds} == {True, False}
    expected = np.random.default_rng(3).random(200) < 0.5
    assert [one for one, _ in rounds] == expected.tolist()


def test_an_edge_that_is_down_drops():
    """And both ends hear of it, even if it is up again for the second; the channel is drawn all the same."""
    edge = Edge(None)
    assert edge.drops(1, True)
    assert edge.drops(1, False)
    assert not edge.drops(2, False)
    assert not edge.drops(2, True)


def test_an_edge_forgets_a_round_that_both_ends_have_sent():
    """An agent that starts anew and repeats the round meets a new draw, not the old answer for ever."""
    edge = Edge(None)
    assert [edge.drops(1, True), edge.drops(1, True), edge.drops(1, False), edge.drops(1, True)] == [
        True,
        True,
        False,
        False,
    ]


def test_losses_are_drawn_for_each_direction(run, log):
    """The copies that a link loses are those of its own stream, in the order of sending."""

    def program(agent):
        for k in range(200):
            yield agent.send(1 - agent.id, k)
            yield agent.sleep(1.0)

    run(program, program, network={"loss": Loss(0.2), "transport": "datagram"}, observers=[log], seed=9)
    for sender in (0, 1):
        lost = [tag for _, one, _, tag, _ in log.of("lost") if one == sender]
        assert lost == np.flatnonzero(stream(9, "loss", sender, 1 - sender).random(200) < 0.2).tolist()


def test_an_outage_shifts_no_later_loss(run, log):
    """Copies that a link loses by being down take their draws too: the k-th draw is the k-th copy's."""
    network = {"loss": Loss(0.3), "transport": "datagram"}
    cut = LinkDown(((0, 1),), 9.5, 10.0)
    run(burst(*[0] * 100, gap=1.0), None, network=network, failures=(cut,), observers=[log], seed=9)
    lost = [tag for *_, tag, why in log.of("lost") if why == "loss"]
    expected = np.flatnonzero(stream(9, "loss", 0, 1).random(100) < 0.3)
    assert lost == [k for k in expected if not 10 <= k < 20]


def test_a_lost_copy_still_takes_the_links_time(run, log):
    """On a FIFO uplink the next message waits behind the lost one; the loss is noticed when the copy would be due."""
    seen = []
    network = {
        "sharing": "fifo", "uplink": 100.0, "transport": "datagram",
        "loss": Loss(good=1.0, bad=0.0, good_to_bad=1.0, bad_to_good=0.0),
    }  # fmt: skip
    run(burst(200, 100), sink(seen, 1), network=network, observers=[log])
    assert seen == [(1, 3.0)]
    assert log.of("lost") == [(2.0, 0, 1, 0, "loss")]


def test_symmetric_transport_loses_no_other_message_by_chance(run):
    """Only `mix` is dropped; other messages pass."""
    seen = []
    network = {"transport": "symmetric", "loss": Loss(0.9)}
    outcome = run(burst(*[1] * 100), sink(seen, 100), network=network)
    assert len(seen) == 100
    assert outcome.meters[0].messages_lost == 0


def test_retransmission_delivers_everything_once_and_in_order(run):
    """With half of the copies lost and jitter on top."""
    seen = []
    network = {"loss": Loss(0.5), "rto": 0.3, "tries": 1000, "latency": Constant(0.2), "jitter": Exponential(0.3)}
    outcome = run(burst(*[1] * 300, gap=0.05), sink(seen, 300), network=network)
    assert [tag for tag, _ in seen] == list(range(300))
    assert outcome.meters[0].messages_sent > 500


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_at_most_so_many_copies_are_sent(run, tries):
    """On a link that loses everything, each message costs exactly its tries, and then it is gone for good."""
    outcome = run(burst(10, 10), sink([], 1), network={"loss": Loss(1.0), "rto": 0.5, "tries": tries}, seconds=1e4)
    meter = outcome.meters[0]
    assert (meter.messages_sent, meter.messages_lost, meter.bytes_sent) == (2 * tries, 2 * tries, 20 * tries)
    assert outcome.status == "stalled"


def test_copies_are_sent_rto_after_the_lost_one_was(run, log):
    """Or when its loss is noticed, if the link is slower than the timeout."""
    for latency, instants in ((0.1, [0.0, 0.5, 1.0]), (2.0, [0.0, 2.0, 4.0])):
        log.entries.clear()
        network = {"loss": Loss(1.0), "rto": 0.5, "tries": 3, "latency": Constant(latency)}
        run(burst(1), sink([], 1), network=network, observers=[log], seconds=100.0)
        assert [entry[0] for entry in log.of("sent")] == pytest.approx(instants)


def test_traffic_is_what_each_link_carried(run):
    """Copies and bytes, repeated and lost ones too, sorted by sender and receiver; unused links are left out."""

    def program(agent):
        yield agent.send(1, "x", x=Bytes(10))
        yield agent.send(2, "x", x=Bytes(5))
        yield agent.sleep(1.0)
        yield agent.send(1, "x", x=Bytes(1))

    outcome = run(program, None, None, header=2)
    expected = [(0, 1, 2, 15), (0, 2, 1, 7)]
    assert outcome.status == "finished"
    assert [dataclasses.astuple(link) for link in outcome.traffic] == expected
    lossy = run(burst(10, gap=9.0), None, network={"loss": Loss(1.0), "tries": 3})
    assert lossy.traffic == (LinkTraffic(0, 1, 3, 30),)
