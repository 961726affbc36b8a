"""Path: a ring with one link taken out, so news from one end crosses every agent."""

from dataclasses import dataclass

import numpy as np

from topologies.graph import Graph, needed


@dataclass(frozen=True)
class Settings:
    """A path has no settings."""


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """The path 0 - 1 - ... - (agents - 1)."""
    size = needed(agents, "path")
    return Graph.of(size, ((i, i + 1) for i in range(size - 1)), "path")
