"""Drawing again until connected."""

import pytest

from topologies.errors import TopologyError
from topologies.graph import Graph
from topologies.redraw import until_connected

APART = Graph.of(3, [(0, 1)], name="apart")
TOGETHER = Graph.of(3, [(0, 1), (1, 2)], name="together")


def test_first_connected_draw_is_taken() -> None:
    """Draws stop at the first connected graph, so that the stream is not used further."""
    draws = iter([APART, APART, TOGETHER, APART])
    assert until_connected(lambda: next(draws)) is TOGETHER
    assert next(draws) is APART


def test_hundredth_draw_still_counts() -> None:
    """Ninety-nine failures are forgiven."""
    draws = iter([APART] * 99 + [TOGETHER])
    assert until_connected(lambda: next(draws)) is TOGETHER


def test_a_hundred_failures_are_refused() -> None:
    """After a hundred draws it says so, having drawn no more than that."""
    draws = iter([APART] * 100 + [TOGETHER])
    with pytest.raises(TopologyError, match="apart: none of 100 random graphs on 3 agents was connected"):
        until_connected(lambda: next(draws))
    assert next(draws) is TOGETHER
