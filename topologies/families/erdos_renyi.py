"""Erdős–Rényi: each of the possible links is there with the same probability, independently."""

from dataclasses import dataclass
from math import log
from typing import Annotated

import networkx as nx
import numpy as np
from annotated_types import Gt, Le
from typing_extensions import Doc

from topologies.graph import Graph, needed
from topologies.redraw import until_connected


@dataclass(frozen=True)
class Settings:
    """Settings of an Erdős–Rényi graph."""

    probability: Annotated[
        float | None,
        Gt(0),
        Le(1),
        Doc("probability of a link; default: 2 ln(n) / n, twice what connects"),
    ] = None


def expected_links(settings: Settings, agents: int) -> float:
    """How many links a draw has on average."""
    return _probability(settings, agents) * agents * (agents - 1) / 2


def _probability(settings: Settings, agents: int) -> float:
    return min(1.0, 2 * log(agents) / agents) if settings.probability is None else settings.probability


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A connected draw of G(agents, probability)."""
    size = needed(agents, "erdos_renyi")
    probability = _probability(settings, size)

    def draw() -> Graph:
        none = 1.0 - probability == 1.0  # so improbable that the generator, which works with the logarithm, fails
        links = () if none else nx.fast_gnp_random_graph(size, probability, seed=rng).edges
        return Graph.of(size, links, "erdos_renyi")

    return until_connected(draw)
