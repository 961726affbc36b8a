"""The meters: what each agent sent, computed and waited for. An observer; nobody else counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.hooks import Observer
from simulator.message import Message


@dataclass(slots=True)
class Meter:
    """Counts of one agent. Messages count copies: one that is repeated counts twice. Lost copies count with their
    sender.
    """

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
        self._down_since: dict[int, float] = {}

    def sent(self, now: float, message: Message) -> None:
        meter = self.agents[message.sender]
        meter.messages_sent += 1
        meter.bytes_sent += message.size

    def delivered(self, now: float, message: Message) -> None:
        meter = self.agents[message.sender]
        meter.messages_delivered += 1
        meter.bytes_delivered += message.size

    def lost(self, now: float, message: Message, why: str) -> None:
        meter = self.agents[message.sender]
        meter.messages_lost += 1
        meter.bytes_lost += message.size

    def charged(self, agent: int, charges: Sequence[tuple[str, float]]) -> None:
        meter = self.agents[agent]
        calls = meter.oracle_calls
        for name, operations in charges:
            calls[name] += 1
            meter.operations += operations

    def computed(self, agent: int, start: float, end: float) -> None:
        self.agents[agent].computing_s += end - start

    def failed(self, now: float, agent: int) -> None:
        self._down_since[agent] = now

    def recovered(self, now: float, agent: int) -> None:
        self.agents[agent].down_s += now - self._down_since.pop(agent)

    def close(self, now: float, computing: Sequence[tuple[int, float]]) -> None:
        """Account for what is still going on at the end: (agent, start) of running steps, and agents that are down."""
        for agent, start in computing:
            self.computed(agent, start, now)
        for agent in list(self._down_since):
            self.recovered(max(now, self._down_since[agent]), agent)

    def total(self, name: str) -> float:
        """One count summed over agents."""
        return sum(getattr(meter, name) for meter in self.agents)

    def oracle_calls(self) -> Counter[str]:
        """Evaluations of each oracle, summed over agents."""
        calls: Counter[str] = Counter()
        for meter in self.agents:
            calls.update(meter.oracle_calls)
        return calls
