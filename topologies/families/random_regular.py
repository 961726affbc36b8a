"""Random regular: every agent has the same number of links, otherwise drawn at random.

An expander with high probability: few links and yet a spectral gap that does not fall with the number of agents.
"""

from dataclasses import dataclass
from typing import Annotated

import networkx as nx
import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from topologies.errors import TopologyError
from topologies.graph import Graph, needed
from topologies.redraw import until_connected


@dataclass(frozen=True)
class Settings:
    """Settings of a random regular graph."""

    degree: Annotated[int, Gt(0), Doc("links of each agent; agents * degree must be even")] = 4


def expected_links(settings: Settings, agents: int) -> float:
    """How many links the graph has."""
    return agents * settings.degree / 2


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A connected graph in which each agent has `settings.degree` links."""
    size = needed(agents, "random_regular")
    if settings.degree >= size:
        raise TopologyError(f"random_regular.degree is {settings.degree}; it must be less than the {size} agents")
    if size * settings.degree % 2:
        raise TopologyError(f"random_regular.degree is {settings.degree}; with {size} agents it must be even")

    def draw() -> Graph:
        return Graph.of(size, nx.random_regular_graph(settings.degree, size, seed=rng).edges, "random_regular")

    return until_connected(draw)
