"""Failures of every kind, and what becomes of steps, messages, queues and timers at a crash: hand-worked instants."""

import math

import numpy as np
import pytest

from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.hooks import Observer
from simulator.run import simulate
from simulator.world import Crash, LinkDown, Loss, Partition, RandomCrash, RandomLinkDown, Record, Stop

ONE = {"latency": Constant(1.0)}


def down(at, after=None, memory="kept", agent=0):
    """One crash."""
    return Crash((agent,), at, after, memory)


def sends(*plan, to=0):
    """A program that sends (instant, tag) one after the other."""

    def program(agent):
        for instant, tag in plan:
            yield agent.sleep(instant - agent.now)
            yield agent.send(to, tag)

    return program


def hears(seen, until):
    """A program that notes (tag, instant) of every message until an instant."""

    def program(agent):
        while agent.now < until:
            message = yield agent.receive(timeout=until - agent.now)
            if message is not None:
                seen.append((message.tag, agent.now))

    return program


def ticks(seen, steps=5, seconds=2.0):
    """A program that computes `steps` steps, saves after each, and notes (step, instant)."""

    def program(agent):
        done = agent.saved["k"] if agent.saved else 0
        for k in range(done + 1, steps + 1):
            yield agent.compute(agent.problem, seconds)
            agent.save(k=k)
            seen.append((k, agent.now))

    return program


# ---- a running step


def test_a_step_is_begun_anew_with_memory_kept(run, log):
    """Crash at 3 s in the second step of 2 s, back at 4 s: the step runs from 4 to 6 s, the cut one counts."""
    seen = []
    outcome = run(ticks(seen, 3), failures=(down(3.0, 1.0),), observers=[log])
    assert seen == [(1, 2.0), (2, 6.0), (3, 8.0)]
    assert log.of("computed") == [(2.0, 0, 0.0), (3.0, 0, 2.0), (6.0, 0, 4.0), (8.0, 0, 6.0)]
    assert (outcome.meters[0].computing_s, outcome.meters[0].down_s) == (7.0, 1.0)
    assert outcome.meters[0].oracle_calls == {"work": 3}


def test_a_program_starts_anew_with_memory_lost(run):
    """The same crash: the program starts at 4 s with what it saved after step 1."""
    seen = []
    run(ticks(seen, 3), failures=(down(3.0, 1.0, "lost"),))
    assert seen == [(1, 2.0), (2, 6.0), (3, 8.0)]


def test_without_a_checkpoint_everything_is_done_again(run):
    """A program that never saves starts from nothing; its stream of random numbers goes on."""
    seen = []

    def program(agent):
        assert agent.saved is None
        for _ in range(2):
            seen.append((agent.now, float(agent.rng.random())))
            yield agent.compute(agent.problem, 2.0)

    run(program, failures=(down(3.0, 1.0, "lost"),))
    assert [instant for instant, _ in seen] == [0.0, 2.0, 4.0, 6.0]
    assert len({draw for _, draw in seen}) == 4


def test_a_program_that_starts_anew_meets_the_shared_streams_from_their_beginning(run):
    """So an equal start of all agents stays equal; the agent's own stream goes on."""
    shared, own = [], []

    def program(agent):
        shared.append(agent.shared_rng("start").random())
        own.append(agent.rng.random())
        yield agent.sleep(5.0)

    run(program, failures=(down(3.0, 1.0, "lost"),))
    assert len(shared) == len(own) == 2
    assert shared[0] == shared[1]
    assert own[0] != own[1]


def test_a_crash_that_loses_memory_runs_the_programs_clean_up(run):
    """The program is closed at the crash: its `finally` runs then."""
    seen = []

    def program(agent):
        try:
            yield agent.sleep(5.0)
        finally:
            seen.append(agent.now)

    run(program, failures=(down(3.0, 1.0, "lost"),))
    assert seen == [3.0, 9.0]


def test_a_step_that_ends_at_the_instant_of_the_crash_is_lost(run):
    """Failures come before everything else of their instant."""
    seen = []
    run(ticks(seen, 1), failures=(down(2.0, 1.0),))
    assert seen == [(1, 5.0)]


def test_an_agent_that_ended_is_not_revived_to_work(run):
    """With memory kept, a program that had ended stays ended."""
    seen = []
    outcome = run(ticks(seen, 1), ticks([], 5), edges=[], failures=(down(3.0, 1.0),))
    assert seen == [(1, 2.0)]
    assert (outcome.status, outcome.simulated_s) == ("finished", 10.0)


# ---- sleeps, timeouts, waits


@pytest.mark.parametrize(("after", "wakes"), [(1.0, 5.0), (4.0, 7.0)])
def test_sleeps_run_on_while_an_agent_is_down(run, after, wakes):
    """A sleep until 5 s ends then if the agent is back, and at its recovery if not."""
    seen = []

    def program(agent):
        yield agent.sleep(5.0)
        seen.append(agent.now)

    run(program, failures=(down(3.0, after),))
    assert seen == [wakes]


@pytest.mark.parametrize(("after", "wakes"), [(1.0, 5.0), (4.0, 7.0)])
def test_timeouts_run_on_while_an_agent_is_down(run, after, wakes):
    """The same for a receive that times out."""
    seen = []

    def program(agent):
        message = yield agent.receive(timeout=5.0)
        seen.append((message, agent.now))

    run(program, None, failures=(down(3.0, after),))
    assert seen == [(None, wakes)]


def test_a_wait_goes_on_after_recovery(run):
    """An agent that waited and comes back still waits, and is woken by what comes then."""
    seen = []
    run(hears(seen, 9.0), sends((6.0, "x")), failures=(down(3.0, 1.0),))
    assert seen == [("x", 6.0)]


def test_a_wait_is_announced_without_the_time_down(run, log):
    """Up to the crash, and from the recovery on."""
    run(hears([], 6.0), sends((6.0, "x")), failures=(down(3.0, 1.0),), observers=[log])
    assert log.of("waited")[:2] == [(3.0, 0, 0.0), (6.0, 0, 4.0)]


def test_a_wait_that_times_out_while_down_is_announced_without_the_time_down(run, log):
    """Up to the crash at 3 s; at the recovery, when the timeout of 5 s takes effect, nothing is left to wait for."""

    def program(agent):
        yield agent.receive(timeout=5.0)

    run(program, None, failures=(down(3.0, 4.0),), observers=[log])
    assert [wait for wait in log.of("waited") if wait[1] == 0] == [(3.0, 0, 0.0), (7.0, 0, 7.0)]


def test_timers_of_a_lost_life_do_not_ring_in_the_next(run):
    """A sleep that was forgotten wakes nobody."""
    seen = []

    def program(agent):
        seen.append(agent.now)
        yield agent.sleep(5.0)
        seen.append(agent.now)

    run(program, failures=(down(3.0, 1.0, "lost"),))
    assert seen == [0.0, 4.0, 9.0]


# ---- messages


def test_a_message_due_while_the_receiver_is_down_is_lost_as_a_datagram(run, log):
    """Due at 4 s, the receiver down from 3 to 6 s: lost, and nobody is told."""
    seen = []
    network = {**ONE, "transport": "datagram"}
    run(hears(seen, 9.0), sends((3.0, "x"), (5.5, "y")), network=network, failures=(down(3.0, 3.0),), observers=[log])
    assert seen == [("y", 6.5)]
    assert log.of("lost") == [(4.0, 1, 0, "x", "receiver down")]


def test_a_message_to_an_agent_that_comes_back_is_repeated(run, log):
    """Retransmission every rto = 2 s after the lost copy was sent: sent at 3, 5 and so on, received at 6 s."""
    seen = []
    outcome = run(
        hears(seen, 9.0), sends((3.0, "x")), network={**ONE, "rto": 2.0}, failures=(down(3.0, 3.0),), observers=[log]
    )
    assert [entry[0] for entry in log.of("sent")] == [3.0, 5.0]
    assert seen == [("x", 6.0)]
    meter = outcome.meters[1]
    assert (meter.messages_sent, meter.messages_delivered, meter.messages_lost) == (2, 1, 1)


def test_retransmission_keeps_the_order_of_a_pair(run):
    """The later message waits for the earlier one that is still repeated, and both are received then."""
    seen = []
    network = {**ONE, "rto": 2.0}
    run(hears(seen, 12.0), sends((3.0, "x"), (5.5, "y")), network=network, failures=(LinkDown(((0, 1),), 0.0, 6.0),))
    assert seen == [("x", 8.0), ("y", 8.5)]
    seen.clear()
    run(hears(seen, 12.0), sends((2.9, "x"), (4.0, "y")), network=network, failures=(LinkDown(((0, 1),), 0.0, 3.0),))
    assert seen == [("x", 5.9), ("y", 5.9)]


def test_retransmission_gives_up_after_its_tries(run, log):
    """Three copies of each message, then the next one may pass."""
    seen = []
    network = {**ONE, "rto": 2.0, "tries": 3}
    failures = (LinkDown(((0, 1),), 0.0, 4.5),)
    run(hears(seen, 20.0), sends((0.0, "x"), (1.0, "y")), network=network, failures=failures, observers=[log])
    assert seen == [("y", 6.0)]
    assert [entry[0] for entry in log.of("sent")] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_messages_on_their_way_survive_their_senders_crash(run):
    """What was handed to the network goes on."""
    seen = []
    run(hears(seen, 9.0), sends((2.5, "x")), network=ONE, failures=(down(3.0, None, agent=1),))
    assert seen == [("x", 3.5)]


def test_a_sender_that_is_down_repeats_when_it_is_back(run, log):
    """With memory kept: the copy of 2 s was lost, the next are due at 4 and 6 s, the sender is back at 5 s."""
    seen = []
    failures = (LinkDown(((0, 1),), 0.0, 3.0), down(3.5, 1.5, agent=1))
    run(hears(seen, 9.0), sends((2.0, "x")), network={**ONE, "rto": 2.0}, failures=failures, observers=[log])
    assert [entry[0] for entry in log.of("sent")] == [2.0, 6.0]
    assert seen == [("x", 7.0)]


def amnesiac(agent):
    """Sends in its first life only."""
    if agent.saved is None:
        agent.save(sent=True)
        yield agent.send(0, "x")
    yield agent.sleep(20.0)


def repeats(run, after):
    """What is heard of a message whose sender loses its memory for `after` seconds before the copy is due."""
    seen = []
    failures = (LinkDown(((0, 1),), 0.0, 0.5), down(1.0, after, "lost", agent=1))
    run(hears(seen, 30.0), amnesiac, network={"rto": 4.0}, failures=failures)
    return seen


def test_a_sender_that_lost_its_memory_does_not_repeat(run):
    """A copy that is due while the sender is down with memory lost is given up."""
    assert repeats(run, 5.0) == []


def test_a_sender_that_lost_its_memory_and_is_back_does_not_repeat_either(run):
    """Whether the message is given up does not depend on how long the sender was away."""
    assert repeats(run, 1.0) == []


@pytest.mark.parametrize(("memory", "heard"), [("kept", ["x", "y"]), ("lost", ["y"])])
def test_queued_messages_are_kept_or_forgotten_with_the_memory(run, memory, heard):
    """A message delivered before the crash and not yet taken shares the fate of the memory."""
    seen = []

    def program(agent):
        yield agent.sleep(10.0)
        while (message := (yield agent.receive(timeout=1.0))) is not None:
            seen.append(message.tag)

    run(program, sends((1.0, "x"), (8.0, "y")), failures=(down(3.0, 1.0, memory),))
    assert seen == heard


def test_a_dead_agent_sends_nothing(run, log):
    """From its crash on, nothing of an agent is ever sent."""

    def program(agent):
        while True:
            yield agent.send(1, "x")
            yield agent.sleep(1.0)

    run(program, None, failures=(down(3.5),), seconds=10.0, observers=[log])
    assert [entry[0] for entry in log.of("sent")] == [0.0, 1.0, 2.0, 3.0]


def test_who_dies_at_an_instant_does_not_receive_at_it(run, log):
    """Failures come first: due at 3 s, dead at 3 s, lost."""
    network = {**ONE, "transport": "datagram"}
    run(hears([], 9.0), sends((2.0, "x"), (4.0, "y")), network=network, failures=(down(3.0),), observers=[log])
    assert log.of("delivered") == []
    assert log.of("lost")[0] == (3.0, 1, 0, "x", "receiver down")


def test_who_is_back_at_an_instant_receives_at_it(run):
    """Recovery comes first, too."""
    seen = []
    run(hears(seen, 9.0), sends((2.0, "x")), network={**ONE, "transport": "datagram"}, failures=(down(1.0, 2.0),))
    assert seen == [("x", 3.0)]


# ---- overlapping outages


def test_overlapping_outages_of_a_sleeping_agent(run, log):
    """Down from 1 to 6 s and from 2 to 7 s: one failure at 1 s, one recovery at 7 s."""

    def program(agent):
        yield agent.sleep(10.0)

    run(program, failures=(down(1.0, 5.0), down(2.0, 5.0)), observers=[log])
    assert [*log.of("failed"), *log.of("recovered")] == [(1.0, 0), (7.0, 0)]


def test_overlapping_outages_of_a_computing_agent(run, log):
    """The step is cut once, at 1 s, and begun anew at 7 s."""
    seen = []
    run(ticks(seen, 1, 10.0), failures=(down(1.0, 5.0), down(2.0, 5.0)), observers=[log])
    assert seen == [(1, 17.0)]
    assert log.of("computed") == [(1.0, 0, 0.0), (17.0, 0, 7.0)]


def test_overlapping_outages_of_a_waiting_agent(run, log):
    """The wait is announced up to 1 s and from 7 s on."""
    seen = []
    run(hears(seen, 9.0), sends((8.0, "x")), failures=(down(1.0, 5.0), down(2.0, 5.0)), observers=[log])
    assert log.of("waited") == [(1.0, 0, 0.0), (8.0, 0, 7.0), (9.0, 0, 8.0)]


def test_memory_is_lost_if_any_of_the_outages_loses_it(run):
    """Kept and lost together is lost: the program starts anew when the last outage is over."""
    seen = []
    run(ticks(seen, 2), failures=(down(3.0, 5.0, "lost"), down(4.0, 1.0, "kept")))
    assert seen == [(1, 2.0), (2, 10.0)]


def test_an_outage_without_end_wins(run, log):
    """Who dies for ever while down does not come back with the other outage's end."""
    seen = []
    outcome = run(ticks(seen, 3), failures=(down(3.0, 3.0, "lost"), down(4.0)), observers=[log])
    assert seen == [(1, 2.0)]
    assert log.of("recovered") == []
    assert outcome.status == "stalled"


# ---- who is waited for


@pytest.mark.parametrize(("dies", "ends"), [(1.0, 6.0), (7.0, 7.0)])
def test_who_is_dead_for_ever_is_not_waited_for(run, dies, ends):
    """The run ends when all the others have ended, whether that was before or after the death."""
    outcome = run(ticks([], 5), ticks([], 3), edges=[], failures=(down(dies),))
    assert (outcome.status, outcome.simulated_s) == ("finished", ends)


def test_who_comes_back_is_waited_for(run):
    """The run goes on until the crashed agent has ended, too."""
    outcome = run(ticks([], 5), ticks([], 3), edges=[], failures=(down(1.0, 20.0),))
    assert (outcome.status, outcome.simulated_s) == ("finished", 31.0)


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_a_recovery_is_the_last_event_of_all(run, memory):
    """Without a time limit nothing but the recovery is left on the heap: the run is not stalled before it."""
    outcome = run(ticks([], 1), seconds=math.inf, rounds=1, failures=(down(1.0, 5.0, memory),))
    assert (outcome.status, outcome.simulated_s) == ("finished", 8.0)


def test_a_rebirth_ends_a_stall(run):
    """Both wait for each other; one loses its memory later, starts anew and ends."""

    def program(agent):
        if agent.saved is None:
            agent.save(born=True)
            yield agent.receive()

    outcome = run(program, None, seconds=math.inf, rounds=1, failures=(down(3.0, 5.0, "lost"),))
    assert (outcome.status, outcome.simulated_s) == ("finished", 8.0)


# ---- links


def test_a_link_is_down_in_both_directions(run, log):
    """Messages sent or due during the outage are lost; one that is under way all through it is not."""
    network = {"latency": Constant(3.0), "transport": "datagram"}
    plan = [(0.0, "long before"), (1.5, "due in it"), (2.5, "before and after"), (4.5, "sent in it"), (5.0, "after")]

    def both(agent):
        for instant, tag in plan:
            yield agent.sleep(instant - agent.now)
            yield agent.send(1 - agent.id, tag)
        yield agent.sleep(10.0)

    run(both, both, network=network, failures=(LinkDown(((0, 1),), 4.0, 1.0),), observers=[log])
    for sender in (0, 1):
        lost = [(tag, why) for _, one, _, tag, why in log.of("lost") if one == sender]
        assert lost == [("due in it", "link down"), ("sent in it", "link down")]


def test_overlapping_outages_of_a_link(run, log):
    """The link works again when the last outage is over."""
    failures = (LinkDown(((0, 1),), 1.0, 4.0), LinkDown(((1, 0),), 2.0, 5.0))
    plan = [(float(k), k) for k in range(10)]
    network = {"transport": "datagram"}
    run(hears([], 20.0), sends(*plan), network=network, failures=failures, observers=[log])
    assert [entry[3] for entry in log.of("lost")] == [1, 2, 3, 4, 5, 6]


def test_a_link_that_is_first_used_during_its_outage_is_down(run, log):
    """An outage does not need the link to have carried anything before."""
    run(
        hears([], 9.0), sends((3.0, "x")), network={"transport": "datagram"}, failures=(LinkDown(((0, 1),), 1.0),),
        observers=[log],
    )  # fmt: skip
    assert log.of("lost") == [(3.0, 1, 0, "x", "link down")]


def test_a_partition_cuts_groups_from_one_another(run, log):
    """Within a group, and among those in no group, messages pass; across they do not, until the cut is over."""

    def program(agent):
        for k in (1.0, 3.0):
            yield agent.sleep(k - agent.now)
            yield agent.broadcast(k)

    failures = (Partition(((0, 1), (2,)), 0.5, 2.0),)
    run(*[program] * 5, network={"transport": "datagram"}, failures=failures, observers=[log])
    group = {0: "a", 1: "a", 2: "b", 3: "c", 4: "c"}
    cut = [(i, j) for i in range(5) for j in range(5) if group[i] != group[j]]
    assert sorted((sender, to) for _, sender, to, _, _ in log.of("lost")) == sorted(cut)
    assert {entry[3] for entry in log.of("lost")} == {1.0}


def test_under_symmetric_transport_an_outage_is_a_notice(run):
    """A link that is down drops the edge for the round at both ends, and gossip goes on without it."""
    ends = {}

    def program(agent):
        x = np.array([2.0**agent.id])
        for k in (1, 2):
            yield agent.sleep(1.0)
            (x,) = yield agent.mix(k, x)
            ends.setdefault(agent.id, []).append(float(x[0]))

    run(program, program, network={"transport": "symmetric"}, failures=(LinkDown(((0, 1),), 0.5, 1.0),))
    assert ends == {0: [1.0, 1.5], 1: [2.0, 1.5]}


# ---- at random


def test_random_crashes_alternate_uptime_and_repair(run, log):
    """With constant laws: up 3 s, down 2 s, and so on; every agent on its own clock."""

    def program(agent):
        yield agent.sleep(20.0)

    failures = (RandomCrash((1,), Constant(3.0), Constant(2.0)),)
    run(program, program, failures=failures, seconds=14.0, observers=[log])
    assert log.of("failed") == [(3.0, 1), (8.0, 1), (13.0, 1)]
    assert log.of("recovered") == [(5.0, 1), (10.0, 1)]


def test_random_crashes_do_not_depend_on_what_agents_do(run, new_log):
    """Failures are functions of time alone: the same for a sleeper and for a worker, different for every agent."""
    logs = new_log(), new_log()
    failures = (RandomCrash((0, 1), Exponential(5.0), Exponential(1.0)),)

    def sleeper(agent):
        yield agent.sleep(200.0)

    run(sleeper, sleeper, failures=failures, seconds=100.0, observers=[logs[0]])
    run(ticks([], 9999), None, failures=failures, seconds=100.0, observers=[logs[1]])
    assert logs[0].of("failed") == logs[1].of("failed")
    assert logs[0].of("recovered") == logs[1].of("recovered")
    assert len(logs[0].of("failed")) > 10
    first = {agent: instant for instant, agent in reversed(logs[0].of("failed"))}
    assert first[0] != first[1]


def test_random_outages_of_links_alternate(run, log):
    """With constant laws the link is down in [3, 5) and [8, 10)."""
    failures = (RandomLinkDown(((0, 1),), Constant(3.0), Constant(2.0)),)
    plan = [(k + 0.5, k) for k in range(12)]
    run(hears([], 20.0), sends(*plan), network={"transport": "datagram"}, failures=failures, observers=[log])
    assert [entry[3] for entry in log.of("lost")] == [3, 4, 8, 9]


def test_outages_of_links_are_announced_when_the_first_begins_and_the_last_ends(run):
    """Down in [1, 5) and [2, 7): announced at 1 and 7, for both directions; for ever from 8 on: only its beginning."""
    heard = []

    class Watch(Observer):
        def link_failed(self, now, sender, receiver):
            heard.append(("failed", now, sender, receiver))

        def link_mended(self, now, sender, receiver):
            heard.append(("mended", now, sender, receiver))

    failures = (LinkDown(((0, 1),), 1.0, 4.0), Partition(((1,),), 2.0, 5.0), LinkDown(((1, 0),), 8.0))
    run(sends((9.0, "x"), to=1), None, failures=failures, observers=[Watch()])
    for direction in ((0, 1), (1, 0)):
        assert [entry[:2] for entry in heard if entry[2:] == direction] == [
            ("failed", 1.0), ("mended", 7.0), ("failed", 8.0),
        ]  # fmt: skip


def test_retransmission_carries_gossip_through_random_failures(run):
    """With memory kept and enough tries, a synchronous gossip survives losses, outages and crashes."""

    def program(agent):
        x = np.array([2.0**agent.id])
        for k in agent.rounds():
            yield agent.compute(agent.problem, 1.0)
            (x,) = yield agent.mix(k, x)
        agent.report(k, x=x)

    outcome = run(
        *[program] * 4,
        rounds=20,
        seconds=1e5,
        network={"loss": Loss(0.2), "rto": 0.5, "tries": 10**6},
        failures=(
            RandomCrash((0, 1), Exponential(20.0), Exponential(3.0)),
            RandomLinkDown(((1, 2),), Exponential(10.0), Exponential(3.0)),
        ),
        wait=Wait(),
        record=Record(every_rounds=None),
    )
    assert outcome.status == "finished"
    assert outcome.points[-1]["consensus_x"] == pytest.approx(0.0, abs=1e-9)


def test_failures_of_a_world_without_network_are_fine(world):
    """Agents without neighbours can fail, too."""

    def program(agent):
        yield agent.compute(agent.problem, 2.0)

    made = world(program, edges=[], failures=(down(1.0, 1.0),), stop=Stop(10.0))
    assert simulate(made).simulated_s == 4.0
