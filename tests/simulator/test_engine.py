"""The event loop: order of simultaneous events, alarms, ends, and how many events a message costs."""

import itertools

import numpy as np
import pytest

from simulator.delays import Constant, Exponential
from simulator.engine import (
    ARRIVAL,
    COMPUTE,
    DELIVERY,
    FAILURE,
    RETRY,
    SAMPLE,
    SENDER_SHIFT,
    SETTLE,
    STOP,
    TIMER,
    Engine,
)


def rung(engine, *events):
    """The order in which alarms (time, kind, key) ring, set in the order given."""
    order = []
    for event in events:
        engine.at(*event, lambda event=event: order.append((engine.now, *event)))
    engine.run()
    return [entry[1:] for entry in order]


def test_events_come_in_order_of_time_kind_and_key():
    """Whatever the order in which they were set."""
    events = [(time, kind, key) for time in (1.0, 2.0) for kind in (DELIVERY, TIMER) for key in (0, 1 << SENDER_SHIFT)]
    for order in itertools.islice(itertools.permutations(events), 0, 40000, 977):
        assert rung(Engine(), *order) == sorted(events)


def test_kinds_have_a_stated_order():
    """Failures first, deliveries before steps and timers, bandwidth after all starts, observers and the limit last."""
    assert list(range(9)) == [FAILURE, ARRIVAL, DELIVERY, COMPUTE, TIMER, RETRY, SETTLE, SAMPLE, STOP]


def test_a_cancelled_alarm_does_not_ring():
    """Its entry stays on the heap as background until its time; cancelling twice, or after it rang, changes nothing."""
    engine, order = Engine(), []
    alarm = engine.at(1.0, TIMER, 0, lambda: order.append("cancelled"))
    engine.at(2.0, TIMER, 0, lambda: order.append("rings"))
    rang = engine.at(0.5, TIMER, 0, lambda: order.append("first"))
    engine.cancel(alarm)
    engine.cancel(alarm)
    assert engine.background == 1
    engine.at(1.5, TIMER, 0, lambda: engine.cancel(rang))
    engine.run()
    assert order == ["first", "rings"]
    assert engine.background == 0
    assert engine.processed == 4


def test_idle_is_announced_when_only_background_is_left():
    """With a clock of failures still ticking, the loop notices that nothing can go on."""
    engine, idle = Engine(), []

    def tick():
        if engine.now < 5.0:
            engine.behind(engine.now + 1.0, FAILURE, tick)

    engine.on_idle = lambda: idle.append(engine.now)
    engine.behind(1.0, FAILURE, tick)
    engine.at(2.5, TIMER, 0, lambda: None)
    engine.run()
    assert idle[0] == 3.0
    assert len(idle) >= 3


def test_finish_ends_the_run_after_the_present_event():
    """The first verdict counts; what else stands at that instant does not happen any more."""
    engine, order = Engine(), []

    def end():
        engine.finish("reached", "first")
        engine.finish("diverged", "second")
        order.append("end")

    engine.at(1.0, TIMER, 0, end)
    engine.at(1.0, TIMER, 1, lambda: order.append("same instant"))
    engine.run()
    assert order == ["end"]
    assert engine.ended == ("reached", "first")
    assert engine.now == 1.0


def test_an_error_in_an_event_leaves_the_loop():
    """Nothing is swallowed."""

    def fail():
        raise RuntimeError("seen")

    engine = Engine()
    engine.at(1.0, TIMER, 0, fail)
    with pytest.raises(RuntimeError, match="seen"):
        engine.run()


# ---- ties as programs see them


def test_simultaneous_messages_arrive_in_order_of_sender(run):
    """Not in the order in which their sends were made: agent 3 sends first, at the same instant."""
    order = []

    def sender(agent):
        yield agent.sleep(1.0 - 0.25 * (agent.id == 3))
        yield agent.sleep(0.25 * (agent.id == 3))
        yield agent.send(0, "x")

    def receiver(agent):
        for _ in range(3):
            order.append((yield agent.receive()).sender)

    run(receiver, sender, sender, sender, network={"latency": Constant(1.0)})
    assert order == [1, 2, 3]


def test_messages_of_one_sender_arrive_in_order_of_sending(run):
    """At one instant, too."""
    order = []

    def sender(agent):
        for k in range(50):
            yield agent.send(0, k)

    def receiver(agent):
        for _ in range(50):
            order.append((yield agent.receive()).tag)

    run(receiver, sender)
    assert order == list(range(50))


# ---- events a message costs


def per_message(run, sharing, **network):
    """(Events - starts and ends of steps) / messages of a gossip ring."""
    agents, rounds = 8, 50

    def program(agent):
        for k in agent.rounds():
            yield agent.compute(agent.problem, 1.0)
            yield agent.mix(k, np.zeros(10))

    edges = [(i, (i + 1) % agents) for i in range(agents)]
    network = {"sharing": sharing, "latency": Exponential(0.1), "uplink": 1e4, **network}
    outcome = run(*[program] * agents, edges=edges, rounds=rounds, network=network)
    messages = sum(meter.messages_sent for meter in outcome.meters)
    assert messages == 2 * agents * rounds
    return (outcome.events - agents * rounds) / messages


def test_one_event_a_message_without_sharing(run):
    """The delivery, and nothing else."""
    assert per_message(run, "none", downlink=1e4) <= 1.0


def test_one_event_a_message_on_fifo_uplinks_and_two_with_downlinks(run):
    """The place in the downlink's queue is known only when the first byte is there."""
    assert per_message(run, "fifo") <= 1.0
    assert 1.5 < per_message(run, "fifo", downlink=1e4) <= 2.0


def test_a_gather_wakes_its_agent_once(run, log):
    """Ten messages, one wait, one end of it."""

    def receiver(agent):
        yield agent.gather("x")

    def sender(agent):
        yield agent.sleep(float(agent.id))
        yield agent.send(0, "x")

    run(receiver, *[sender] * 10, edges=[(0, i) for i in range(1, 11)], observers=[log])
    assert log.of("waited") == [(10.0, 0, 0.0)]
