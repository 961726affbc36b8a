"""The graph: how many agents there are and who is linked to whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from topologies.errors import TopologyError


@dataclass(frozen=True)
class Graph:
    """An undirected graph without self-loops on the agents 0, ..., size - 1.

    Edges are pairs (i, j) with i < j, sorted; `Graph.of` brings any pairs into this form.

    Raises `TopologyError` for edges that are not in this form or out of range.

    >>> path = Graph.of(3, [(2, 1), (0, 1)], name="path")
    >>> path.edges
    ((0, 1), (1, 2))
    >>> path.neighbors(1)
    (0, 2)
    """

    size: int
    """Number of agents, a server included."""
    edges: tuple[tuple[int, int], ...]
    name: str = "graph"
    server: int | None = None
    """Id of the one agent that holds no data, if there is one."""
    edge_weights: tuple[float, ...] | None = None
    """Mixing weight of each edge, in the order of `edges`, if whoever made the graph gave them."""
    positions: tuple[tuple[float, float], ...] | None = None
    """Where each agent lies in the plane, if the family says so."""

    def __post_init__(self) -> None:
        if self.size < 1:
            raise TopologyError(f"{self.name}: the number of agents is {self.size}; it must be at least 1")
        for i, j in self.edges:
            if i == j:
                raise TopologyError(f"{self.name}: the edge ({i}, {j}) links an agent with itself")
            if not 0 <= i < j < self.size:
                raise TopologyError(
                    f"{self.name}: the edge ({i}, {j}) must join two of the agents 0 to {self.size - 1}, lower id first"
                )
        if any(first >= second for first, second in zip(self.edges, self.edges[1:], strict=False)):
            raise TopologyError(f"{self.name}: the edges must be sorted and each given once")
        if self.edge_weights is not None and len(self.edge_weights) != len(self.edges):
            raise TopologyError(f"{self.name}: {len(self.edge_weights)} weights for {len(self.edges)} edges")

    @classmethod
    def of(
        cls,
        size: int,
        pairs: Iterable[tuple[int, int]],
        name: str = "graph",
        server: int | None = None,
        positions: tuple[tuple[float, float], ...] | None = None,
    ) -> "Graph":
        """The graph with these links, given in any order and direction, repeated or not."""
        edges = sorted({(min(pair), max(pair)) for pair in pairs})
        return cls(size, tuple(edges), name, server=server, positions=positions)

    @property
    def workers(self) -> int:
        """Number of agents that hold data: all but a server."""
        return self.size if self.server is None else self.size - 1

    @cached_property
    def adjacency(self) -> tuple[tuple[int, ...], ...]:
        """The neighbours of each agent, in order of id."""
        found: list[list[int]] = [[] for _ in range(self.size)]
        for i, j in self.edges:
            found[i].append(j)
            found[j].append(i)
        return tuple(tuple(sorted(ids)) for ids in found)

    def neighbors(self, agent: int) -> tuple[int, ...]:
        """The agents that `agent` is linked to, in order of id."""
        return self.adjacency[agent]

    def degree(self, agent: int) -> int:
        """How many neighbours `agent` has."""
        return len(self.adjacency[agent])

    def is_connected(self) -> bool:
        """Whether news from any agent can reach every other one."""
        return bool(nx.is_connected(self.to_networkx()))

    def to_networkx(self) -> "nx.Graph[int]":
        """The same graph for networkx, with `pos` on the nodes where positions are known."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(range(self.size))
        graph.add_edges_from(self.edges)
        if self.positions is not None:
            nx.set_node_attributes(graph, dict(enumerate(self.positions)), "pos")
        return graph


def needed(agents: int | None, name: str) -> int:
    """The number of agents, for a family that cannot know it by itself. Raises `TopologyError` when it is None."""
    if agents is None:
        raise TopologyError(f"{name}: give the number of agents")
    return agents
