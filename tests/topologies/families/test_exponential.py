"""Exponential: neighbours at powers of two around a circle."""

import numpy as np

import topologies


def test_hops_are_powers_of_two_both_ways() -> None:
    """Among twelve agents the first is linked with 1, 2, 4, 8 ahead and behind (8 behind is 4 ahead)."""
    graph = topologies.build("exponential", 12, np.random.default_rng(0))
    assert graph.neighbors(0) == (1, 2, 4, 8, 10, 11)


def test_every_agent_sees_the_same() -> None:
    """Turning the circle by one leaves the graph as it is."""
    graph = topologies.build("exponential", 11, np.random.default_rng(0))
    for agent in range(11):
        assert {(j - agent) % 11 for j in graph.neighbors(agent)} == set(graph.neighbors(0))
    assert graph.neighbors(0) == (1, 2, 3, 4, 7, 8, 9, 10)


def test_degree_is_logarithmic() -> None:
    """With 2^m agents there are 2 m - 1 links each: half way round is one link, not two."""
    graph = topologies.build("exponential", 64, np.random.default_rng(0))
    assert {graph.degree(i) for i in range(64)} == {11}
