"""What is simulated, as frozen records: agents, links, speeds, stragglers, failures, stopping rule, what is recorded.

All times are seconds, all sizes bytes, all rates bytes or operations per second.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.agent import Program, Wait
from simulator.delays import Constant, Law
from simulator.stragglers import Straggler
from simulator.tally import Tally

Measure = Callable[[Mapping[str, np.ndarray]], Mapping[str, float]]
"""Metrics of a global iterate: name -> array in, name -> value out."""


@dataclass(frozen=True)
class AgentSpec:
    """One agent: its program and what it carries."""

    program: Callable[..., Program]
    """Generator function of one argument, the agent (settings already bound)."""
    neighbors: tuple[int, ...]
    weights: Mapping[int, float] = field(default_factory=dict)
    """Its row of the mixing matrix, own id included; empty where nothing is mixed."""
    problem: Any = None
    tally: Tally | None = None
    """What the problem's view charges; None = every compute is free."""
    daemon: bool = False
    """The run does not wait for this program to end (a worker that serves for ever)."""
    reports: bool = True
    """Its reports are part of the global iterate (of a star: the server's alone)."""
    name: str = ""
    """How messages call it; default "agent <id>"."""


@dataclass(frozen=True)
class Loss:
    """Which messages are lost: independently with one probability, or in bursts (Gilbert-Elliott, one step a
    message).
    """

    good: float = 0.0
    """Probability of loss in the good state (the only state of a Bernoulli channel)."""
    bad: float = 1.0
    good_to_bad: float = 0.0
    bad_to_good: float = 1.0

    @property
    def possible(self) -> bool:
        return self.good > 0.0 or self.good_to_bad > 0.0


@dataclass(frozen=True)
class Network:
    """How long a message takes and whether it arrives."""

    latency: Law = Constant(0.0)
    """Drawn once per ordered pair of agents."""
    symmetric_latency: bool = False
    """One draw for both directions of a pair."""
    jitter: Law = Constant(0.0)
    """Drawn for every message and added to the pair's latency; order within a pair is kept."""
    uplink: float | Sequence[float] = math.inf
    """Bytes per second out of each agent."""
    downlink: float | Sequence[float] = math.inf
    """Bytes per second into each agent."""
    sharing: str = "none"
    """`none` (latency + size/bandwidth), `fifo` (one message at a time on each uplink and downlink), `fair`
    (max-min).
    """
    loss: Loss = Loss()
    transport: str = "retransmit"
    """`retransmit` (again after `rto`, `tries` times, in order), `datagram` (gone), `symmetric` (see `links`)."""
    rto: float = 0.2
    tries: int = 50
    header: int = 40
    """Bytes added to every message."""
    wire: str | None = None
    """`float32`: floating-point arrays are rounded to it when sent; None = at their own precision."""


@dataclass(frozen=True)
class Compute:
    """What a step costs. Exactly one of the three ways; steps that evaluate no oracle cost nothing."""

    speed: float | Sequence[float] | None = None
    """Operations per second of each agent: duration = metered operations / speed + overhead."""
    seconds_per_step: Law | None = None
    """Every step costs a fresh draw of the agent's own stream."""
    seconds_per_oracle: Mapping[str, float] | None = None
    """Seconds per evaluation of each named oracle; one that is not named costs nothing."""
    overhead: float = 0.0
    """Seconds added to every step."""


@dataclass(frozen=True)
class Crash:
    """Agents stop at an instant, for ever or until they recover."""

    agents: tuple[int, ...]
    at: float
    recover_after: float | None = None
    memory: str = "kept"
    """`kept`: the program goes on where it stood; `lost`: it starts anew with what it had saved."""


@dataclass(frozen=True)
class RandomCrash:
    """Each agent fails and recovers again and again, independently of the others and of what it does."""

    agents: tuple[int, ...]
    uptime: Law
    """Seconds from start or recovery to the next failure."""
    repair: Law
    memory: str = "kept"


@dataclass(frozen=True)
class LinkDown:
    """Links are down, in both directions, during an interval."""

    links: tuple[tuple[int, int], ...]
    at: float
    duration: float = math.inf


@dataclass(frozen=True)
class RandomLinkDown:
    """Each link goes down and up again, independently of the others."""

    links: tuple[tuple[int, int], ...]
    uptime: Law
    repair: Law


@dataclass(frozen=True)
class Partition:
    """Agents of different groups cannot reach one another during an interval; agents in no group form one of their
    own.
    """

    groups: tuple[tuple[int, ...], ...]
    at: float
    duration: float = math.inf


Failure = Crash | RandomCrash | LinkDown | RandomLinkDown | Partition


@dataclass(frozen=True)
class Stop:
    """When a run ends; at least one of the first two is finite."""

    simulated_seconds: float = math.inf
    rounds: int | None = None
    target: Callable[[Mapping[str, float]], bool] | None = None
    """Asked after each recorded point of the global iterate; true ends the run as `reached`."""


@dataclass(frozen=True)
class Record:
    """What is looked at, and how often."""

    every_rounds: int | None = 1
    """A point whenever the global iterate of a round that is a multiple of this is complete; None = not by rounds."""
    at_seconds: tuple[float, ...] = ()
    """Further instants at which a point is recorded, seconds."""
    every_seconds: float | None = None
    """A point at each multiple of this; None = not by time."""
    measure: Measure | None = None
    """Metrics of the global iterate; None = only time, rounds and meters."""
    journal: bool = False
    """Keep the ordered record of every event (large)."""


@dataclass(frozen=True)
class World:
    """Everything a run depends on."""

    agents: tuple[AgentSpec, ...]
    seed: int = 0
    network: Network = Network()
    compute: Compute = Compute()
    stragglers: tuple[Straggler, ...] = ()
    failures: tuple[Failure, ...] = ()
    wait: Wait = Wait()
    stop: Stop = Stop()
    record: Record = Record()
