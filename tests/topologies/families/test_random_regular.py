"""Random regular: equal degrees."""

import numpy as np
import pytest

import topologies
from topologies import TopologyError


def test_every_agent_has_the_degree_asked_for() -> None:
    """Twenty agents with three links each."""
    graph = topologies.build("random_regular", 20, np.random.default_rng(0), degree=3)
    assert {graph.degree(i) for i in range(20)} == {3}


@pytest.mark.parametrize(
    ("agents", "degree", "sentence"),
    [
        (4, 4, "random_regular.degree is 4; it must be less than the 4 agents"),
        (5, 3, "random_regular.degree is 3; with 5 agents it must be even"),
        (20, 1, "random_regular: none of 100 random graphs on 20 agents was connected"),
    ],
)
def test_degrees_that_cannot_be_are_refused(agents: int, degree: int, sentence: str) -> None:
    """Too many links, an odd total, and pairs that never connect."""
    with pytest.raises(TopologyError, match=sentence):
        topologies.build("random_regular", agents, np.random.default_rng(0), degree=degree)
