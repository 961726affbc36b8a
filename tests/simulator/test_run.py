"""A run from beginning to end: how it ends, why, and what the outcome says."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

from simulator.delays import Constant
from simulator.errors import BadWorld, SimulationError
from simulator.run import Outcome, simulate
from simulator.world import AgentSpec, Crash, LinkDown, Loss, Partition, Record, Stop, World


def sleeper(seconds):
    """A program that sleeps once."""

    def program(agent):
        yield agent.sleep(seconds)

    return program


def waits_for(*tags, after=0.0):
    """A program that receives these tags one after the other."""

    def program(agent):
        yield agent.sleep(after)
        for tag in tags:
            yield agent.receive(tag)

    return program


def gathers(agent):
    """A program that gathers one message of every neighbour."""
    yield agent.gather("x")


# ---- ends


def test_a_run_finishes_when_every_program_has_ended(run):
    """At the instant of the last one; daemons are not waited for."""
    outcome = run(sleeper(1.0), sleeper(3.0), sleeper(9.0), daemons=[2])
    assert (outcome.status, outcome.reason) == ("finished", "every program has ended")
    assert outcome.simulated_s == 3.0


def test_a_run_finishes_at_its_time_limit(run):
    """What happens at that very instant still happens; later things do not."""
    seen = []

    def program(agent):
        for k in range(20):
            yield agent.sleep(1.0)
            seen.append(k + 1)

    outcome = run(program, seconds=5.0)
    assert (outcome.status, outcome.reason) == ("finished", "the time limit of 5 s was reached")
    assert (outcome.simulated_s, seen) == (5.0, [1, 2, 3, 4, 5])


def test_a_program_that_ends_at_once_is_a_run_of_no_time(run):
    """Zero seconds, finished."""

    def program(agent):
        yield agent.sleep(0.0)

    outcome = run(program)
    assert (outcome.status, outcome.simulated_s, outcome.in_flight) == ("finished", 0.0, (0, 0))


def test_messages_under_way_at_the_end_are_in_flight(run):
    """Their number and bytes are in the outcome."""

    def program(agent):
        yield agent.send(1, "x", x=np.zeros(2))
        yield agent.sleep(1.0)

    outcome = run(program, None, network={"latency": Constant(9.0)}, header=4)
    assert outcome.in_flight == (1, 20)


# ---- stalls


def stalled(outcome):
    """Reason and instant of a stall."""
    assert outcome.status == "stalled"
    return outcome.reason, outcome.simulated_s


@pytest.mark.parametrize("seconds", [math.inf, 1000.0])
def test_two_that_wait_for_each_other_are_stalled(run, seconds):
    """With and without a time limit, at the instant when the last one began to wait."""
    outcome = run(waits_for("x", after=2.0), waits_for("y"), seconds=seconds, rounds=1)
    assert stalled(outcome) == ("agent 0 waits for agent 1 since 2 s; agent 1 waits for agent 0 since 0 s", 2.0)


def test_a_stall_at_the_very_start(run):
    """Everybody waits at once: zero seconds."""
    assert stalled(run(gathers, gathers))[1] == 0.0


def test_a_stall_names_the_dead(run):
    """Who is down is said, with the instant, and those who wait for it come first."""
    outcome = run(waits_for("x", after=1.0), gathers, None, edges=[(0, 1), (1, 2)], failures=(Crash((2,), 0.5),))
    reason, instant = stalled(outcome)
    assert reason == "agent 1 waits for agent 2 (down since 0.5 s) since 0 s; agent 0 waits for agent 1 since 1 s"
    assert instant == 1.0


def test_a_stall_names_the_lost_message(run):
    """A datagram that was lost for good is why."""

    def sender(agent):
        yield agent.sleep(3.0)
        yield agent.send(0, "x")
        yield agent.receive()

    reason, _ = stalled(run(gathers, sender, network={"transport": "datagram", "loss": Loss(1.0)}))
    assert reason.startswith("agent 0 waits for agent 1 (its message was lost at 3 s: loss) since 0 s")


def test_a_stall_does_not_blame_an_old_loss(run):
    """A message of another tag that was lost long ago is not why somebody waits."""

    def sender(agent):
        yield agent.send(1, "old")
        yield agent.sleep(5.0)
        yield agent.send(1, "new")
        yield agent.receive()

    network, failures = {"transport": "datagram"}, (LinkDown(((0, 1),), 0.0, 1.0),)
    reason, _ = stalled(run(sender, waits_for("new", "never"), network=network, failures=failures))
    assert "lost" not in reason


@pytest.mark.parametrize(
    "failure", [LinkDown(((0, 1),), 1.0), Partition(((0,), (1,)), 1.0)], ids=lambda f: type(f).__name__
)
def test_a_stall_names_the_link_that_was_down(run, failure):
    """After the transport gave up."""

    def sender(agent):
        yield agent.sleep(2.0)
        yield agent.send(0, "x")
        yield agent.receive()

    outcome = run(gathers, sender, network={"tries": 3, "rto": 0.5}, failures=(failure,), seconds=math.inf, rounds=1)
    assert stalled(outcome)[0].startswith(
        "agent 0 waits for agent 1 (its message was lost at 3 s: link down) since 0 s"
    )


def test_a_stall_of_many_names_three(run):
    """The sentence stays short."""
    assert stalled(run(*[gathers] * 6))[0].endswith("(and 3 more)")


def test_a_stall_in_a_mix_names_who_is_missing(run):
    """Under `all`, the neighbour whose message of the round has not come."""

    def program(agent):
        for k in range(1, 4):
            yield agent.compute(agent.problem, 1.0)
            yield agent.mix(k, np.zeros(1))

    failures = (Crash((1,), 1.5),)
    outcome = run(program, program, program, edges=[(0, 1), (1, 2)], failures=failures)
    reason, instant = stalled(outcome)
    assert reason == (
        "agent 0 waits for agent 1 (down since 1.5 s) since 2 s; agent 2 waits for agent 1 (down since 1.5 s) since 2 s"
    )
    assert instant == 2.0
    assert [(waiting.agent, waiting.missing, waiting.tag) for waiting in outcome.waiting] == [
        (0, (1,), ("mix", 2, "")),
        (2, (1,), ("mix", 2, "")),
    ]


def test_all_dead_is_a_stall(run):
    """Nobody is left to wait."""
    outcome = run(sleeper(9.0), failures=(Crash((0,), 2.0),))
    assert stalled(outcome) == ("every agent that could go on is down", 2.0)


def test_a_stall_is_not_dated_before_the_last_program_ended(run):
    """Agent 0 waits from the start; agent 1 computes for 7 s, without ever sending to it."""

    def program(agent):
        yield agent.compute(agent.problem, 7.0)

    outcome = run(gathers, program)
    assert stalled(outcome) == ("agent 0 waits for agent 1 since 0 s", 7.0)
    assert outcome.meters[1].computing_s == 7.0


def test_a_stall_is_not_dated_before_the_last_return(run):
    """Agent 1 has ended when it is down from 2 s to 6 s: until then somebody could have come back to send."""
    outcome = run(gathers, sleeper(1.0), sleeper(3.0), failures=(Crash((1,), 2.0, 4.0),), seconds=100.0)
    assert stalled(outcome)[1] == 6.0
    assert outcome.meters[1].down_s == 4.0


def test_a_stall_uses_the_agents_names():
    """The server is called so."""
    specs = (AgentSpec(gathers, (1,), name="the server"), AgentSpec(gathers, (0,)))
    reason, _ = stalled(simulate(World(specs, stop=Stop(9.0), record=Record(None))))
    assert reason == "the server waits for agent 1 since 0 s; agent 1 waits for the server since 0 s"


def test_a_wait_with_a_timeout_is_no_stall(run):
    """Time goes on until it rings."""

    def program(agent):
        yield agent.receive(timeout=50.0)

    assert run(program, None).simulated_s == 50.0


def test_retransmission_that_may_succeed_is_no_stall(run):
    """As long as copies are repeated, somebody may go on."""

    def sender(agent):
        yield agent.send(0, "x")

    outcome = run(gathers, sender, network={"rto": 1.0}, failures=(LinkDown(((0, 1),), 0.0, 30.0),))
    assert (outcome.status, outcome.simulated_s) == ("finished", 30.0)


# ---- the outcome


def program_with_reports(agent):
    """Two rounds, one message each."""
    for k in agent.rounds():
        yield agent.compute(agent.problem, 1.0)
        (x,) = yield agent.mix(k, np.full(2, float(agent.id)))
        agent.report(k, x=x)


def test_the_fingerprint_holds_status_history_and_meters(run):
    """A change of anything measured is another fingerprint."""
    outcome = run(program_with_reports, program_with_reports, rounds=3, record=Record())
    same = run(program_with_reports, program_with_reports, rounds=3, record=Record())
    assert outcome.fingerprint == same.fingerprint
    others = [
        run(program_with_reports, program_with_reports, rounds=4, record=Record()),
        run(program_with_reports, program_with_reports, rounds=3, record=Record(2)),
        run(program_with_reports, program_with_reports, rounds=3, record=Record(), header=1),
        run(program_with_reports, program_with_reports, rounds=3, record=Record(), network={"latency": Constant(0.1)}),
        run(program_with_reports, program_with_reports, rounds=3, record=Record(), seconds=2.5),
    ]
    assert len({outcome.fingerprint, *(other.fingerprint for other in others)}) == 6


def test_an_outcome_travels_between_processes(run):
    """It can be pickled, the journal included."""
    outcome = run(program_with_reports, program_with_reports, rounds=3, record=Record(journal=True))
    copy = pickle.loads(pickle.dumps(outcome))
    assert copy.fingerprint == outcome.fingerprint
    assert copy.journal.fingerprint() == outcome.journal_fingerprint
    assert copy.points == outcome.points
    assert copy.meters == outcome.meters
    assert copy.traffic == outcome.traffic
    assert np.array_equal(copy.activity.computing, outcome.activity.computing)


def test_an_outcome_is_a_frozen_record(run):
    """Nobody changes a result."""
    outcome = run(sleeper(1.0))
    assert isinstance(outcome, Outcome)
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome.status = "better"


def test_a_bad_world_is_refused_before_anything_runs(world):
    """One sentence; no program has started."""
    started = []

    def program(agent):
        started.append(agent.id)
        yield agent.sleep(1.0)

    with pytest.raises(BadWorld, match="stop: give simulated_seconds or rounds"):
        simulate(world(program, stop=Stop()))
    assert started == []


def test_overflow_in_a_program_is_no_warning(run):
    """A diverging run overflows: that is a result."""

    def program(agent):
        x = np.array([1e200])
        for k in agent.rounds():
            x = x * x
            agent.report(k, x=x)
            yield agent.sleep(1.0)

    outcome = run(program, rounds=9, record=Record())
    assert (outcome.status, outcome.rounds) == ("diverged", 1)


def test_a_broken_law_of_conservation_is_an_error(run):
    """The simulator checks itself after every run: a count that is off is named."""

    class Thief:
        def delivered(self, now, message):
            message.link.messages_delivered -= 1

    def sender(agent):
        yield agent.send(1, "x")
        yield agent.sleep(1.0)

    with pytest.raises(SimulationError, match=r"messages: 1 sent, but 0 delivered \+ 0 lost \+ 0 in flight"):
        run(sender, None, observers=[Thief()])
