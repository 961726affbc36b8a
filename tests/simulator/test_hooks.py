"""Observers: who is called, in what order, and what an error of theirs does."""

import inspect

import numpy as np
import pytest

from simulator.delays import Constant
from simulator.errors import ProgramError
from simulator.hooks import Observer, listeners
from simulator.stragglers import FixedSlowdown
from simulator.world import Crash, LinkDown

HOOKS = [name for name, member in vars(Observer).items() if inspect.isfunction(member)]


class Counting(Observer):
    """Hears of what was sent."""

    def __init__(self):
        self.count = 0

    def sent(self, now, message):
        self.count += 1


class Duck:
    """No Observer by birth, but it has one of its methods."""

    def __init__(self):
        self.instants = []

    def delivered(self, now, message):
        self.instants.append(now)


def one_message(agent):
    """A program that sends one message to agent 1 and sleeps."""
    yield agent.send(1, "x")
    yield agent.sleep(1.0)


def test_only_methods_of_an_observers_own_are_called():
    """The empty ones of the base class cost nothing: they are left out."""
    counting, bare = Counting(), Observer()
    assert listeners([counting, bare], "sent") == (counting.sent,)
    for hook in HOOKS:
        assert listeners([bare], hook) == ()


def test_every_observer_of_a_hook_is_called_in_order(run):
    """Those given to `simulate`, one after the other; an object with one method will do."""
    first, second, duck = Counting(), Counting(), Duck()
    assert listeners([second, first], "sent") == (second.sent, first.sent)
    run(one_message, None, observers=[first, second, duck])
    assert (first.count, second.count, duck.instants) == (1, 1, [0.0])


def test_every_hook_is_announced(run):
    """A world with everything in it calls all fifteen hooks."""
    heard = set()
    everything = type("Everything", (Observer,), {name: lambda self, *_, n=name: heard.add(n) for name in HOOKS})

    def program(agent):
        yield agent.compute(agent.problem, 1.0)
        agent.save(k=1)
        yield agent.send(1 - agent.id, "x")
        yield agent.sleep(9.0)
        yield agent.send(1 - agent.id, "y")
        yield agent.receive("x", timeout=5.0)
        yield agent.receive("never", timeout=5.0)
        agent.report(1, x=np.zeros(1))

    failures = (Crash((0,), 3.0, 1.0), LinkDown(((0, 1),), 0.5, 1.0))
    run(program, program, failures=failures, network={"rto": 12.0}, observers=[everything()])
    assert heard == set(HOOKS)
    assert len(HOOKS) == 15


class Resumptions(Observer):
    """Why programs went on, and where their messages began."""

    def __init__(self):
        self.entries = []

    def resumed(self, now, agent, cause, due, sequence):
        self.entries.append((now, agent, cause if isinstance(cause, str) else cause.tag, due, sequence))

    def of(self, agent):
        """(instant, cause, when the cause was) of one agent."""
        return [(now, cause, due) for now, one, cause, due, _ in self.entries if one == agent]


def test_every_reason_to_go_on_is_told(run):
    """Start, end of a step, end of a sleep, a message by its arrival, a timeout: each at its instant, and in order."""
    seen = Resumptions()

    def program(agent):
        yield agent.compute(agent.problem, 2.0)
        yield agent.sleep(1.0)
        yield agent.receive("x")
        yield agent.receive("never", timeout=4.0)

    def sender(agent):
        yield agent.sleep(5.0)
        yield agent.send(0, "x")

    run(program, sender, observers=[seen])
    assert seen.of(0) == [
        (0.0, "started", 0.0), (2.0, "computed", 2.0), (3.0, "slept", 3.0), (5.0, "x", 5.0), (9.0, "timed out", 9.0),
    ]  # fmt: skip


def test_what_needs_no_waiting_is_no_reason(run):
    """Sending, free computing and messages that are there already: the program just runs."""
    seen = Resumptions()

    def program(agent):
        yield agent.send(1 - agent.id, "x")
        yield agent.compute(lambda: 1)
        yield agent.sleep(1.0)
        yield agent.receive("x")

    run(program, program, observers=[seen])
    assert [cause for _, cause, _ in seen.of(0)] == ["started", "slept"]


@pytest.mark.parametrize("what", ["slept", "timed out"])
@pytest.mark.parametrize(("after", "goes_on"), [(1.0, 5.0), (4.0, 7.0)])
def test_a_reason_that_came_while_the_agent_was_down_has_its_own_instant(run, what, after, goes_on):
    """A sleep or timeout of 5 s and a crash at 3 s: due at 5 s, whenever the agent is back."""
    seen = Resumptions()

    def program(agent):
        yield agent.sleep(5.0) if what == "slept" else agent.receive(timeout=5.0)

    run(program, None, failures=(Crash((0,), 3.0, after),), observers=[seen])
    assert seen.of(0)[1:] == [(goes_on, what, 5.0)]


def test_a_program_that_lost_its_memory_starts_again(run):
    """At the recovery; with memory kept its step only begins anew."""
    for memory, causes in (("kept", ["started", "computed"]), ("lost", ["started", "started", "computed"])):
        seen = Resumptions()

        def program(agent):
            yield agent.compute(agent.problem, 2.0)

        run(program, failures=(Crash((0,), 1.0, 1.0, memory),), observers=[seen])
        assert [cause for _, cause, _ in seen.of(0)] == causes


def test_messages_have_keys_between_the_resumptions_around_them(run):
    """So an observer knows at which of its sender's resumptions a message was sent, copies included."""
    seen, keys = Resumptions(), []

    class Keys(Observer):
        def sent(self, now, message):
            keys.append((message.tag, message.key))

    def program(agent):
        yield agent.send(1, "first")
        yield agent.compute(agent.problem, 2.0)
        yield agent.send(1, "second")
        yield agent.sleep(1.0)
        yield agent.send(1, "third")

    failures = (LinkDown(((0, 1),), 0.0, 1.0),)
    network = {"latency": Constant(0.5), "rto": 2.5}
    run(program, None, network=network, failures=failures, observers=[seen, Keys()])
    starts = [sequence for _, agent, _, _, sequence in seen.entries if agent == 0]
    assert [tag for tag, _ in keys] == ["first", "second", "first", "third"]
    for tag, key in keys:
        assert sum(start < key for start in starts) == 1 + ["first", "second", "third"].index(tag)


def test_steps_are_told_with_their_length_without_stragglers(run):
    """Also those that begin anew after a crash: two seconds each time, whatever the slowdown."""
    begun = []

    class Begun(Observer):
        def began(self, now, agent, nominal_s):
            begun.append((now, agent, nominal_s))

    def program(agent):
        yield agent.compute(agent.problem, 2.0)

    parts = {"stragglers": (FixedSlowdown((0,), 3.0),), "failures": (Crash((0,), 1.0, 1.0),)}
    assert run(program, observers=[Begun()], **parts).simulated_s == 8.0
    assert begun == [(0.0, 0, 2.0), (2.0, 0, 2.0)]


def test_a_message_that_must_wait_for_an_earlier_one_is_told_when_it_comes(run):
    """x, lost at 0.5 s, is sent again at 2 s; y comes at 1.5 s."""
    held = []

    class Held(Observer):
        def held(self, now, message):
            held.append((now, message.tag))

    def program(agent):
        yield agent.send(1, "x")
        yield agent.sleep(1.0)
        yield agent.send(1, "y")
        yield agent.sleep(5.0)

    network = {"latency": Constant(0.5), "rto": 2.0}
    run(program, None, network=network, failures=(LinkDown(((0, 1),), 0.0, 0.75),), observers=[Held()])
    assert held == [(1.5, "y")]


@pytest.mark.parametrize("hook", ["sent", "delivered", "reported", "charged"])
def test_an_observer_that_raises_stops_the_run(run, hook):
    """A wrong count is worse than a crash: the error reaches the caller, whose words are in it."""

    def fail(self, *_):
        raise RuntimeError("a bad observer")

    def program(agent):
        yield agent.compute(agent.problem, 1.0)
        agent.report(1)
        yield from one_message(agent)

    observer = type("Bad", (Observer,), {hook: fail})()
    with pytest.raises((RuntimeError, ProgramError), match="a bad observer"):
        run(program, None, observers=[observer])
