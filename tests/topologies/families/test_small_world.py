"""Small world: a ring with some links moved."""

import numpy as np
import pytest

import topologies
from topologies import TopologyError


def test_without_rewiring_it_is_the_ring_of_nearest() -> None:
    """With rewiring 0 each of ten agents keeps the two on either side."""
    graph = topologies.build("small_world", 10, np.random.default_rng(0), nearest=4, rewiring=0.0)
    assert graph.neighbors(0) == (1, 2, 8, 9)
    assert graph.neighbors(5) == (3, 4, 6, 7)


def test_rewiring_moves_links_and_keeps_their_number() -> None:
    """Rewired links leave the neighbourhood; there are still agents * nearest / 2 of them."""
    graph = topologies.build("small_world", 50, np.random.default_rng(0), nearest=4, rewiring=0.3)
    far = [edge for edge in graph.edges if min((edge[1] - edge[0]) % 50, (edge[0] - edge[1]) % 50) > 2]
    assert len(graph.edges) == 100
    assert 10 <= len(far) <= 50


@pytest.mark.parametrize(
    ("agents", "nearest", "sentence"),
    [
        (10, 3, "small_world.nearest is 3: Input should be a multiple of 2"),
        (4, 4, "small_world.nearest is 4; it must be less than the 4 agents"),
    ],
)
def test_neighbourhoods_that_cannot_be_are_refused(agents: int, nearest: int, sentence: str) -> None:
    """Odd numbers of neighbours, and more than there are agents."""
    with pytest.raises(TopologyError, match=sentence):
        topologies.build("small_world", agents, np.random.default_rng(0), nearest=nearest)
