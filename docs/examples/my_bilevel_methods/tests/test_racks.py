"""Racks: who is linked to whom."""

import numpy as np
import pytest

import topologies


def links(agents: int, racks: int) -> tuple[tuple[int, int], ...]:
    """The links of so many agents in so many racks."""
    return topologies.build("racks", agents, np.random.default_rng(0), racks=racks).edges


def test_three_racks_of_two() -> None:
    """A link inside of each, and a triangle of their first machines."""
    assert links(6, 3) == ((0, 1), (0, 2), (0, 4), (2, 3), (2, 4), (4, 5))


@pytest.mark.parametrize(("agents", "racks", "expected"), [(1, 1, 0), (4, 1, 6), (4, 2, 3), (5, 5, 5)])
def test_borders(agents: int, racks: int, expected: int) -> None:
    """One machine; one rack, complete; two racks, one link between them; racks of one machine, a ring."""
    assert len(links(agents, racks)) == expected


def test_more_racks_than_machines_are_refused() -> None:
    """In one sentence."""
    with pytest.raises(topologies.TopologyError, match="racks.racks is 4: it must be at most the number of agents, 3"):
        links(3, 4)
