"""Whether a world can be simulated: everything that would otherwise go wrong silently is refused in one sentence."""

import math
from collections.abc import Sequence

from simulator.agent import Wait
from simulator.errors import BadWorld
from simulator.links import SHARING, TRANSPORTS
from simulator.world import (
    Compute,
    Crash,
    Failure,
    LinkDown,
    Network,
    Partition,
    RandomCrash,
    RandomLinkDown,
    Record,
    World,
)

POLICIES = ("all", "first", "latest", "deadline")
MEMORIES = ("kept", "lost")


def check(world: World) -> None:
    """Refuse a world that cannot be simulated; raises `BadWorld`."""
    if not world.agents:
        raise BadWorld("a world needs at least one agent")
    _check_stop(world.stop.simulated_seconds, world.stop.rounds)
    _check_neighbors(world)
    _check_network(world.network)
    _check_compute(world.compute)
    _check_wait(world.wait)
    _check_record(world.record)
    for failure in world.failures:
        _check_failure(failure, world)


def _check_stop(seconds: float, rounds: int | None) -> None:
    if not seconds > 0.0:
        raise BadWorld(f"stop.simulated_seconds is {seconds!r}; it must be above 0")
    if math.isinf(seconds) and rounds is None:
        raise BadWorld("stop: give simulated_seconds or rounds, so that the run has an end")


def _check_neighbors(world: World) -> None:
    for id_, spec in enumerate(world.agents):
        for other in spec.neighbors:
            if not 0 <= other < len(world.agents) or other == id_:
                raise BadWorld(f"agent {id_} has neighbour {other}; others' ids are 0 to {len(world.agents) - 1}")
            if id_ not in world.agents[other].neighbors:
                raise BadWorld(f"agent {id_} has neighbour {other}, but {other} does not have {id_}")


def _check_network(network: Network) -> None:
    _one_of("network.sharing", network.sharing, SHARING)
    _one_of("network.transport", network.transport, TRANSPORTS)
    loss = network.loss
    for name in ("good", "bad", "good_to_bad", "bad_to_good"):
        value = getattr(loss, name)
        if not 0.0 <= value <= 1.0:
            raise BadWorld(f"network.loss.{name} is {value!r}; it must be between 0 and 1")
    if not 0.0 < network.rto < math.inf:
        raise BadWorld(f"network.rto is {network.rto!r} seconds; it must be a finite number above 0")
    if network.tries < 1:
        raise BadWorld(f"network.tries is {network.tries!r}; it must be at least 1")
    if network.header < 0:
        raise BadWorld(f"network.header is {network.header!r} bytes; it must be at least 0")


def _check_compute(compute: Compute) -> None:
    ways = {name: getattr(compute, name) for name in ("speed", "seconds_per_step", "seconds_per_oracle")}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1:
        raise BadWorld(f"compute: {' and '.join(given)} are given; a step's cost is stated in one way only")
    if not 0.0 <= compute.overhead < math.inf:
        raise BadWorld(f"compute.overhead is {compute.overhead!r} seconds; it must be a finite number, at least 0")
    for oracle, seconds in (compute.seconds_per_oracle or {}).items():
        if not 0.0 <= seconds < math.inf:
            raise BadWorld(f"compute.seconds_per_oracle.{oracle} is {seconds!r} s; it must be finite and at least 0")


def _check_wait(wait: Wait) -> None:
    _one_of("wait.policy", wait.policy, POLICIES)
    if wait.policy == "first" and (wait.k is None or wait.k < 1):
        raise BadWorld(f"wait.k is {wait.k!r}; the policy first needs a whole number, at least 1")
    if wait.policy == "deadline" and (wait.seconds is None or not 0.0 < wait.seconds < math.inf):
        raise BadWorld(f"wait.seconds is {wait.seconds!r}; the policy deadline needs a finite number above 0")


def _check_record(record: Record) -> None:
    if record.every_rounds is not None and record.every_rounds < 1:
        raise BadWorld(f"record.every_rounds is {record.every_rounds!r}; it must be at least 1")
    for instant in record.at_seconds:
        if not 0.0 <= instant < math.inf:
            raise BadWorld(f"record.at_seconds holds {instant!r}; each must be a finite number from 0 on")
    if record.every_seconds is not None and not 0.0 < record.every_seconds < math.inf:
        raise BadWorld(f"record.every_seconds is {record.every_seconds!r}; it must be a finite number above 0")


def _check_failure(failure: Failure, world: World) -> None:
    match failure:
        case Crash():
            _check_agents(failure.agents, world)
            _check_instant(failure.at)
            if failure.recover_after is not None:
                _check_span("recover_after", failure.recover_after)
            _one_of("a crash's memory", failure.memory, MEMORIES)
        case RandomCrash():
            _check_agents(failure.agents, world)
            if math.isinf(world.stop.simulated_seconds):
                raise BadWorld("random crashes need stop.simulated_seconds: what is always cut short never ends")
            _one_of("a crash's memory", failure.memory, MEMORIES)
        case LinkDown():
            _check_links(failure.links, world)
            _check_instant(failure.at)
            _check_span("duration", failure.duration, forever=True)
        case RandomLinkDown():
            _check_links(failure.links, world)
        case Partition():
            members = [agent for group in failure.groups for agent in group]
            _check_agents(members, world)
            if len(set(members)) < len(members):
                raise BadWorld(f"a partition has groups {failure.groups!r}; an agent belongs to one group")
            _check_instant(failure.at)
            _check_span("duration", failure.duration, forever=True)


def _check_agents(agents: Sequence[int], world: World) -> None:
    for agent in agents:
        if not 0 <= agent < len(world.agents):
            raise BadWorld(f"a failure names agent {agent}; ids are 0 to {len(world.agents) - 1}")


def _check_links(links: Sequence[tuple[int, int]], world: World) -> None:
    for one, other in links:
        _check_agents((one, other), world)
        if other not in world.agents[one].neighbors:
            raise BadWorld(f"a failure names link ({one}, {other}), but {one} and {other} are not neighbours")


def _check_instant(at: float) -> None:
    if not 0.0 <= at < math.inf:
        raise BadWorld(f"a failure is at {at!r} s; it must be a finite number, at least 0")


def _check_span(name: str, value: float, forever: bool = False) -> None:
    if not value > 0.0 or (math.isinf(value) and not forever):
        raise BadWorld(f"a failure's {name} is {value!r} s; it must be {'' if forever else 'a finite number '}above 0")


def _one_of(name: str, value: str, names: Sequence[str]) -> None:
    if value not in names:
        raise BadWorld(f"{name} is {value!r}; it must be one of {', '.join(names)}")
