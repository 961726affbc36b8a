"""Observers: who is called, in what order, and what an error of theirs does."""

import inspect

import numpy as np
import pytest

from simulator.errors import ProgramError
from simulator.hooks import Observer, listeners
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
    """A world with everything in it calls all eleven hooks."""
    heard = set()
    everything = type("Everything", (Observer,), {name: lambda self, *_, n=name: heard.add(n) for name in HOOKS})

    def program(agent):
        yield agent.compute(agent.problem, 1.0)
        yield agent.send(1 - agent.id, "x")
        yield agent.sleep(9.0)
        yield agent.send(1 - agent.id, "y")
        yield agent.receive("x", timeout=5.0)
        yield agent.receive("never", timeout=5.0)
        agent.report(1, x=np.zeros(1))

    failures = (Crash((0,), 3.0, 1.0), LinkDown(((0, 1),), 0.5, 1.0))
    run(program, program, failures=failures, network={"transport": "datagram"}, observers=[everything()])
    assert heard == set(HOOKS)
    assert len(HOOKS) == 11


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
