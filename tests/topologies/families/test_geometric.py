"""Geometric: near ones are linked."""

from itertools import combinations
from math import dist

import numpy as np
import pytest

import topologies
from topologies import TopologyError


def test_exactly_those_within_the_radius_are_linked() -> None:
    """Measured on the positions that the graph carries."""
    graph = topologies.build("geometric", 40, np.random.default_rng(0), radius=0.35)
    places = graph.positions
    assert places is not None
    near = {(i, j) for i, j in combinations(range(40), 2) if dist(places[i], places[j]) <= 0.35}
    assert set(graph.edges) == near
    assert 0 < len(near) < 780


def test_agents_lie_in_the_unit_square() -> None:
    """Positions are drawn uniformly from the unit square."""
    places = np.array(topologies.build("geometric", 200, np.random.default_rng(0)).positions)
    assert places.min() >= 0
    assert places.max() <= 1
    assert np.allclose(places.mean(axis=0), 0.5, atol=5 * (1 / 12 / 200) ** 0.5)


def test_hopeless_radius_is_refused() -> None:
    """A radius that reaches nobody is refused after a hundred draws."""
    with pytest.raises(TopologyError, match="geometric: none of 100 random graphs on 50 agents was connected"):
        topologies.build("geometric", 50, np.random.default_rng(0), radius=0.01)
