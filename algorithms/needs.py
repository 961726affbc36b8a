"""What an algorithm asks of its surroundings, stated so that a scenario can be refused before the clock starts."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Needs:
    """Requirements of one algorithm module."""

    topology: Literal["star", "graph"]
    """`star`: a server without data and its workers; `graph`: equal agents that mix with symmetric weights."""
    oracles: tuple[str, ...]
    """Methods of the local problem that its program calls."""
    waits: tuple[str, ...]
    """Waiting policies under which it works."""
    links: tuple[str, ...]
    """Transports under which it keeps its fixed point: `retransmit`, `symmetric`, `datagram`."""
    memory_loss: tuple[str, ...]
    """Roles (`agent`, `server`, `worker`) that go on from a checkpoint after a crash that loses memory."""
