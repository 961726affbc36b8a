"""Complete: every agent is linked to every other one."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from topologies.graph import Graph, needed


@dataclass(frozen=True)
class Settings:
    """A complete graph has no settings."""


def expected_links(settings: Settings, agents: int) -> float:
    """How many links the graph has."""
    return agents * (agents - 1) / 2


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """All agents * (agents - 1) / 2 links."""
    size = needed(agents, "complete")
    return Graph.of(size, combinations(range(size), 2), "complete")
