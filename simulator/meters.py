"""The meters: what each agent sent and computed, and how long it computed and was down.

Traffic is counted by the links, one counter of each kind, and summed here when it is looked at; seconds are kept by
the timesheet (`simulator.activity`) and entered at the end; oracle calls are this observer's work.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from simulator.hooks import Observer

TRAFFIC = (
    "messages_sent", "messages_delivered", "messages_lost", "bytes_sent", "bytes_delivered", "bytes_lost",
)  # fmt: skip


class Traffic(Protocol):
    """What a link counts."""

    messages_sent: int
    messages_delivered: int
    messages_lost: int
    bytes_sent: int
    bytes_delivered: int
    bytes_lost: int


@dataclass(slots=True)
class Meter:
    """Counts of one agent; messages count copies (one that is repeated counts twice), all of them with their sender."""

    messages_sent: int = 0
    messages_delivered: int = 0
    messages_lost: int = 0
    bytes_sent: int = 0
    bytes_delivered: int = 0
    bytes_lost: int = 0
    oracle_calls: Counter[str] = field(default_factory=Counter)
    operations: float = 0.0
    computing_s: float = 0.0
    down_s: float = 0.0


class Meters(Observer):
    """The meters of all agents."""

    def __init__(self, agents: int) -> None:
        self.agents = tuple(Meter() for _ in range(agents))
        self._links: Mapping[tuple[int, int], Traffic] = {}

    def watch(self, links: Mapping[tuple[int, int], Traffic]) -> None:
        """The links whose traffic is summed: (sender, receiver) -> counts."""
        self._links = links

    def charged(self, agent: int, charges: Sequence[tuple[str, float]]) -> None:
        meter = self.agents[agent]
        calls = meter.oracle_calls
        for name, operations in charges:
            calls[name] += 1
            meter.operations += operations

    def close(self, computing_s: Sequence[float], down_s: Sequence[float]) -> None:
        """Enter the seconds of each agent, and the traffic, at the end."""
        for meter, computing, down in zip(self.agents, computing_s, down_s, strict=True):
            meter.computing_s, meter.down_s = computing, down
        for (sender, _), link in self._links.items():
            meter = self.agents[sender]
            for name in TRAFFIC:
                setattr(meter, name, getattr(meter, name) + getattr(link, name))

    def traffic(self, name: str) -> int:
        """One count of the links, summed: the traffic of the whole network so far."""
        return sum(getattr(link, name) for link in self._links.values())

    def operations(self) -> float:
        """Floating-point operations of all agents so far."""
        return sum(meter.operations for meter in self.agents)

    def oracle_calls(self) -> int:
        """Oracle evaluations of all agents so far."""
        return sum(sum(meter.oracle_calls.values()) for meter in self.agents)
