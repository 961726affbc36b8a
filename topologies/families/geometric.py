"""Geometric: agents lie at random in the unit square, and those closer than a radius are linked."""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Gt
from scipy.spatial import KDTree
from typing_extensions import Doc

from topologies.graph import Graph, needed
from topologies.redraw import until_connected


@dataclass(frozen=True)
class Settings:
    """Settings of a geometric graph."""

    radius: Annotated[
        float | None,
        Gt(0),
        Doc("longest link, in sides of the square; default: sqrt(2 ln(n) / (pi n)), enough to connect"),
    ] = None


def expected_links(settings: Settings, agents: int) -> float:
    """How many links a draw has, at most, on average."""
    return min(1.0, pi * _radius(settings, agents) * _radius(settings, agents)) * agents * (agents - 1) / 2


def _radius(settings: Settings, agents: int) -> float:
    return sqrt(2 * log(agents) / (pi * agents)) if settings.radius is None else settings.radius


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A connected random geometric graph; its positions are where the agents lie."""
    size = needed(agents, "geometric")
    radius = _radius(settings, size)

    def draw() -> Graph:
        points = rng.random((size, 2))
        links = KDTree(points).query_pairs(radius)
        return Graph.of(size, links, "geometric", positions=tuple((float(x), float(y)) for x, y in points))

    return until_connected(draw)
