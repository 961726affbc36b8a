"""Erdős–Rényi: independent links."""

import numpy as np
import pytest

import topologies
from topologies import TopologyError


def test_number_of_links_follows_the_probability() -> None:
    """Of the 4950 possible links among 100 agents about 0.3 are there (within five standard deviations)."""
    graph = topologies.build("erdos_renyi", 100, np.random.default_rng(0), probability=0.3)
    assert abs(len(graph.edges) - 1485) < 5 * (4950 * 0.3 * 0.7) ** 0.5


def test_probability_one_is_the_complete_graph() -> None:
    """At probability 1 every link is there."""
    assert len(topologies.build("erdos_renyi", 10, np.random.default_rng(0), probability=1.0).edges) == 45


@pytest.mark.parametrize("probability", [0.001, 1e-17, 1e-300])
def test_hopeless_probability_is_refused(probability: float) -> None:
    """A hundred agents with hardly a link are refused after a hundred draws."""
    with pytest.raises(TopologyError, match="erdos_renyi: none of 100 random graphs on 100 agents was connected"):
        topologies.build("erdos_renyi", 100, np.random.default_rng(0), probability=probability)
