"""The graph: its one form, what it refuses, and what it tells."""

import pytest

from topologies.errors import TopologyError
from topologies.graph import Graph, needed

TRIANGLE_WITH_TAIL = Graph.of(4, [(2, 0), (0, 1), (1, 2), (3, 2)])


def test_of_orders_and_deduplicates() -> None:
    """Links given in any order, direction and number come out as one sorted form."""
    assert Graph.of(3, [(2, 1), (1, 0), (0, 1), (1, 2)]).edges == ((0, 1), (1, 2))


def test_neighbors_and_degrees() -> None:
    """Neighbours come in order of id, and an agent's degree is their number."""
    assert [TRIANGLE_WITH_TAIL.neighbors(i) for i in range(4)] == [(1, 2), (0, 2), (0, 1, 3), (2,)]
    assert [TRIANGLE_WITH_TAIL.degree(i) for i in range(4)] == [2, 2, 3, 1]


def test_connected_or_not() -> None:
    """One agent alone is connected; an agent without a link among others is not."""
    assert TRIANGLE_WITH_TAIL.is_connected()
    assert Graph.of(1, []).is_connected()
    assert not Graph.of(3, [(0, 1)]).is_connected()


def test_workers_are_all_but_the_server() -> None:
    """A server counts among the agents, not among the workers."""
    assert Graph.of(3, [(0, 2), (1, 2)], server=2).workers == 2
    assert TRIANGLE_WITH_TAIL.workers == 4


def test_graphs_with_the_same_links_are_equal() -> None:
    """A graph is a value."""
    assert Graph.of(3, [(0, 1), (1, 2)]) == Graph.of(3, [(2, 1), (1, 0)])


def test_to_networkx_keeps_lonely_agents_and_positions() -> None:
    """networkx gets every agent, linked or not, and where it lies."""
    graph = Graph.of(3, [(0, 1)], positions=((0.0, 0.0), (1.0, 0.0), (2.0, 0.5))).to_networkx()
    assert sorted(graph.nodes) == [0, 1, 2]
    assert graph.nodes[2]["pos"] == (2.0, 0.5)


@pytest.mark.parametrize(
    ("size", "edges", "rule"),
    [
        (0, (), "the number of agents is 0; it must be at least 1"),
        (3, ((1, 1),), "the edge (1, 1) links an agent with itself"),
        (3, ((0, 3),), "the edge (0, 3) must join two of the agents 0 to 2"),
        (3, ((-1, 2),), "the edge (-1, 2) must join two of the agents 0 to 2"),
        (3, ((1, 0),), "the edge (1, 0) must join two of the agents 0 to 2, lower id first"),
        (3, ((1, 2), (0, 1)), "the edges must be sorted and each given once"),
        (3, ((0, 1), (0, 1)), "the edges must be sorted and each given once"),
    ],
)
def test_what_is_no_graph_is_refused(size: int, edges: tuple[tuple[int, int], ...], rule: str) -> None:
    """The sentence names the edge and the rule."""
    with pytest.raises(TopologyError) as refusal:
        Graph(size, edges)
    assert rule in str(refusal.value)


def test_each_edge_has_a_weight_or_none_has() -> None:
    """Weights that do not match the edges one to one are refused."""
    with pytest.raises(TopologyError, match="1 weights for 2 edges"):
        Graph(3, ((0, 1), (1, 2)), edge_weights=(0.5,))


def test_needed_passes_a_number_and_refuses_none() -> None:
    """A family that cannot know its size asks for it by name."""
    assert needed(3, "ring") == 3
    with pytest.raises(TopologyError, match="ring: give the number of agents"):
        needed(None, "ring")
