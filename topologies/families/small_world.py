"""Small world: a ring with links to the nearest few, some of them rewired to anywhere.

Reference: Watts and Strogatz (1998), Collective dynamics of small-world networks, Nature 393.
"""

from dataclasses import dataclass
from typing import Annotated

import networkx as nx
import numpy as np
from annotated_types import Ge, Gt, Le, MultipleOf
from typing_extensions import Doc

from topologies.errors import TopologyError
from topologies.graph import Graph, needed
from topologies.redraw import until_connected


@dataclass(frozen=True)
class Settings:
    """Settings of a small world."""

    nearest: Annotated[
        int, Gt(0), MultipleOf(2), Doc("links of each agent before rewiring, half of them to each side")
    ] = 4
    rewiring: Annotated[float, Ge(0), Le(1), Doc("probability that a link is moved to an agent drawn at random")] = 0.1


def expected_links(settings: Settings, agents: int) -> float:
    """How many links the graph has."""
    return agents * settings.nearest / 2


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A connected Watts-Strogatz graph."""
    size = needed(agents, "small_world")
    if settings.nearest >= size:
        raise TopologyError(f"small_world.nearest is {settings.nearest}; it must be less than the {size} agents")

    def draw() -> Graph:
        links = nx.watts_strogatz_graph(size, settings.nearest, settings.rewiring, seed=rng).edges
        return Graph.of(size, links, "small_world")

    return until_connected(draw)
