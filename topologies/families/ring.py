"""Ring: each agent is linked to the two beside it on a circle.

Two agents share one link; one agent has none.
"""

from dataclasses import dataclass

import numpy as np

from topologies.graph import Graph, needed


@dataclass(frozen=True)
class Settings:
    """A ring has no settings."""


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """The ring 0 - 1 - ... - (agents - 1) - 0."""
    size = needed(agents, "ring")
    return Graph.of(size, ((i, (i + 1) % size) for i in range(size) if size > 1), "ring")
