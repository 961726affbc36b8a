"""Path: a line of agents."""

import numpy as np

import topologies


def test_path_of_four() -> None:
    """0 - 1 - 2 - 3."""
    assert topologies.build("path", 4, np.random.default_rng(0)).edges == ((0, 1), (1, 2), (2, 3))
