"""The agent's interface: the running agent has every call of it, as it is declared there."""

import dataclasses
import inspect

import pytest

from simulator.agent import Agent, Wait
from simulator.runtime import RunningAgent

CALLS = [name for name, member in vars(Agent).items() if inspect.isfunction(member) and not name.startswith("_")]
VALUES = [name for name, member in vars(Agent).items() if isinstance(member, property)]


@pytest.mark.parametrize("name", CALLS)
def test_every_call_is_carried_out_as_it_is_declared(name):
    """Same parameters, same kinds, same defaults, and a docstring."""
    declared, carried_out = getattr(Agent, name), getattr(RunningAgent, name)
    ours, theirs = (inspect.signature(one).parameters for one in (declared, carried_out))
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]
    assert declared.__doc__


def test_every_value_is_there(run):
    """A program can read each of them."""
    seen = {}

    def program(agent):
        seen.update({name: getattr(agent, name) for name in VALUES})
        yield agent.sleep(1.0)

    run(program, None)
    assert set(seen) == set(VALUES)
    assert (seen["id"], seen["neighbors"], seen["now"], seen["saved"]) == (0, (1,), 0.0, None)


def test_the_interface_is_complete():
    """What algorithms may count on; a change here is a change of every algorithm."""
    assert sorted(CALLS) == [
        "broadcast", "compute", "gather", "mix", "receive", "report", "rounds", "save", "send", "shared_rng", "sleep",
    ]  # fmt: skip
    assert sorted(VALUES) == ["id", "neighbors", "now", "problem", "rng", "saved", "wait", "weights", "wire"]


def test_the_default_policy_is_a_barrier():
    """Everybody waits for everybody, and the policy cannot be changed under way."""
    assert dataclasses.asdict(Wait()) == {"policy": "all", "k": None, "staleness": None, "seconds": None}
    with pytest.raises(dataclasses.FrozenInstanceError):
        Wait().policy = "latest"
