"""Complete: everybody with everybody."""

import numpy as np

import topologies


def test_complete_on_four() -> None:
    """Four agents have six links."""
    complete = topologies.build("complete", 4, np.random.default_rng(0))
    assert complete.edges == ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
