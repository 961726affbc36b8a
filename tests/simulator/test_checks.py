"""Worlds that cannot be simulated: each is refused with name, value and rule."""

import math

import pytest

from simulator.agent import Wait
from simulator.checks import check
from simulator.delays import Constant
from simulator.errors import BadWorld
from simulator.world import (
    AgentSpec,
    Compute,
    Crash,
    LinkDown,
    Loss,
    Network,
    Partition,
    RandomCrash,
    RandomLinkDown,
    Record,
    Stop,
    World,
)

LAW = Constant(1.0)
GOOD = {"stop": Stop(1.0)}


def path(*neighbors):
    """Agents with these neighbours and no program."""
    return tuple(AgentSpec(lambda agent: None, around) for around in neighbors)


PATH = path((1,), (0, 2), (1,))

BAD = [
    ({"agents": ()}, "a world needs at least one agent"),
    ({"agents": path((0,))}, "agent 0 has neighbour 0; others' ids are 0 to 0"),
    ({"agents": path((1,), (0, 2))}, "agent 1 has neighbour 2; others' ids are 0 to 1"),
    ({"agents": path((-1,), ())}, "agent 0 has neighbour -1; others' ids are 0 to 1"),
    ({"agents": path((1,), ())}, "agent 0 has neighbour 1, but 1 does not have 0"),
    ({"stop": Stop()}, "stop: give simulated_seconds or rounds, so that the run has an end"),
    ({"stop": Stop(0.0, rounds=3)}, "stop.simulated_seconds is 0.0; it must be above 0"),
    ({"stop": Stop(math.nan, rounds=3)}, "stop.simulated_seconds is nan; it must be above 0"),
    ({"network": Network(sharing="fare")}, "network.sharing is 'fare'; it must be one of none, fifo, fair"),
    (
        {"network": Network(transport="tcp")},
        "network.transport is 'tcp'; it must be one of retransmit, datagram, symmetric",
    ),
    ({"network": Network(loss=Loss(1.5))}, "network.loss.good is 1.5; it must be between 0 and 1"),
    ({"network": Network(loss=Loss(0.1, bad=-1.0))}, "network.loss.bad is -1.0; it must be between 0 and 1"),
    ({"network": Network(loss=Loss(good_to_bad=math.nan))}, "network.loss.good_to_bad is nan; it must be between"),
    ({"network": Network(rto=0.0)}, "network.rto is 0.0 seconds; it must be a finite number above 0"),
    ({"network": Network(tries=0)}, "network.tries is 0; it must be at least 1"),
    ({"network": Network(header=-1)}, "network.header is -1 bytes; it must be at least 0"),
    ({"compute": Compute(speed=1.0, seconds_per_step=LAW)}, "compute: speed and seconds_per_step are given"),
    ({"compute": Compute(overhead=-1.0)}, "compute.overhead is -1.0 seconds; it must be a finite number, at least 0"),
    ({"compute": Compute(seconds_per_oracle={"g": -2.0})}, "compute.seconds_per_oracle.g is -2.0 s; it must be finite"),
    ({"wait": Wait("frist")}, "wait.policy is 'frist'; it must be one of all, first, latest, deadline"),
    ({"wait": Wait("first")}, "wait.k is None; the policy first needs a whole number, at least 1"),
    ({"wait": Wait("first", k=0)}, "wait.k is 0; the policy first needs a whole number, at least 1"),
    ({"wait": Wait("deadline")}, "wait.seconds is None; the policy deadline needs a finite number above 0"),
    ({"record": Record(every_rounds=0)}, "record.every_rounds is 0; it must be at least 1"),
    ({"record": Record(every_seconds=0.0)}, "record.every_seconds is 0.0; it must be a finite number above 0"),
    ({"failures": (Crash((3,), 1.0),)}, "a failure names agent 3; ids are 0 to 2"),
    ({"failures": (Crash((-1,), 1.0),)}, "a failure names agent -1; ids are 0 to 2"),
    ({"failures": (Crash((0,), -1.0),)}, "a failure is at -1.0 s; it must be a finite number, at least 0"),
    ({"failures": (Crash((0,), 1.0, 0.0),)}, "a failure's recover_after is 0.0 s; it must be a finite number above 0"),
    ({"failures": (Crash((0,), 1.0, 1.0, "half"),)}, "a crash's memory is 'half'; it must be one of kept, lost"),
    ({"failures": (RandomCrash((5,), LAW, LAW),)}, "a failure names agent 5; ids are 0 to 2"),
    ({"failures": (RandomCrash((0,), LAW, LAW, "no"),)}, "a crash's memory is 'no'; it must be one of kept, lost"),
    (
        {"failures": (RandomCrash((0,), LAW, LAW),), "stop": Stop(rounds=9)},
        "random crashes need stop.simulated_seconds: what is always cut short never ends",
    ),
    ({"failures": (LinkDown(((0, 2),), 1.0),)}, r"names link \(0, 2\), but 0 and 2 are not neighbours"),
    ({"failures": (LinkDown(((0, 1),), 1.0, -2.0),)}, "a failure's duration is -2.0 s; it must be above 0"),
    ({"failures": (RandomLinkDown(((0, 7),), LAW, LAW),)}, "a failure names agent 7; ids are 0 to 2"),
    ({"failures": (Partition(((0,), (9,)), 1.0),)}, "a failure names agent 9; ids are 0 to 2"),
    ({"failures": (Partition(((0, 1), (1,)), 1.0),)}, "an agent belongs to one group"),
    ({"failures": (Partition(((0,),), math.nan),)}, "a failure is at nan s; it must be a finite number, at least 0"),
]


@pytest.mark.parametrize(("parts", "sentence"), BAD, ids=[sentence[:60] for _, sentence in BAD])
def test_a_bad_world_is_refused(parts, sentence):
    """In one sentence with the name, the value and the rule."""
    with pytest.raises(BadWorld, match=sentence) as caught:
        check(World(**{"agents": PATH, **GOOD, **parts}))
    assert "\n" not in str(caught.value)


def test_good_worlds_pass():
    """Everything at once, at the edges of what is allowed."""
    check(
        World(
            agents=PATH,
            network=Network(sharing="fair", transport="symmetric", loss=Loss(1.0), header=0, tries=1),
            compute=Compute(seconds_per_oracle={"g": 0.0}),
            failures=(
                Crash((0, 1, 2), 0.0),
                Crash((0,), 1.0, 2.0, "lost"),
                LinkDown(((1, 0),), 0.0),
                Partition(((0,), (1, 2)), 3.0, 4.0),
                RandomCrash((0,), LAW, LAW),
                RandomLinkDown(((1, 2),), LAW, LAW),
            ),
            wait=Wait("first", k=1, staleness=0),
            stop=Stop(1.0, rounds=0),
        )
    )
