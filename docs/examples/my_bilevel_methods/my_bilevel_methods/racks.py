"""Racks: machines of one rack are all linked to one another, and one of each rack to one of the next, around a ring.

The links between racks are few, so information spreads fast inside of a rack and slowly between racks.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

import numpy as np
from annotated_types import Ge
from typing_extensions import Doc

from topologies import Graph, TopologyError
from topologies.graph import needed


@dataclass(frozen=True)
class Settings:
    racks: Annotated[int, Ge(1), Doc("how many racks; agents are spread over them as evenly as can be")] = 3


def expected_links(settings: Settings, agents: int) -> float:
    """About how many links there are, asked before the graph is built."""
    size = agents / settings.racks
    return settings.racks * (size * (size - 1) / 2 + 1)


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """Racks of neighbouring numbers; the first of each is linked to the first of the next."""
    size = needed(agents, "racks")
    if settings.racks > size:
        raise TopologyError(f"racks.racks is {settings.racks}: it must be at most the number of agents, {size}")
    racks = [[int(agent) for agent in rack] for rack in np.array_split(np.arange(size), settings.racks)]
    inside = [link for rack in racks for link in combinations(rack, 2)]
    between = [(rack[0], following[0]) for rack, following in zip(racks, racks[1:] + racks[:1], strict=True)]
    return Graph.of(size, {tuple(sorted(link)) for link in inside + between if link[0] != link[1]}, "racks")
