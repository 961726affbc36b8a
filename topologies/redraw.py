"""Random graphs are drawn again until they are connected, and refused when that does not happen."""

from collections.abc import Callable

from topologies.errors import TopologyError
from topologies.graph import Graph

ATTEMPTS = 100


def until_connected(draw: Callable[[], Graph]) -> Graph:
    """The first connected graph among at most 100 draws.

    All draws come from the stream that `draw` holds, so the outcome is a function of its seed.
    Raises `TopologyError` when none is connected.
    """
    for _ in range(ATTEMPTS):
        graph = draw()
        if graph.is_connected():
            return graph
    raise TopologyError(
        f"{graph.name}: none of {ATTEMPTS} random graphs on {graph.size} agents was connected; ask for more links"
    )
