"""Ring: two neighbours each."""

import numpy as np

import topologies


def test_ring_of_five() -> None:
    """0 - 1 - 2 - 3 - 4 - 0."""
    ring = topologies.build("ring", 5, np.random.default_rng(0))
    assert ring.edges == ((0, 1), (0, 4), (1, 2), (2, 3), (3, 4))


def test_two_agents_share_one_link_and_one_has_none() -> None:
    """Small rings have no doubled links and no self-loops."""
    assert topologies.build("ring", 2, np.random.default_rng(0)).edges == ((0, 1),)
    assert topologies.build("ring", 1, np.random.default_rng(0)).edges == ()
