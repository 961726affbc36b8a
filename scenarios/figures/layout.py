"""Where the agents of a network stand in a drawing, told from its links alone, and the same every time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

FEW, MANY = 60, 400
"""Agents up to which distances, and up to which springs, lay a graph out; more stand on a circle."""
SEED = 0
"""Of the places that springs start from."""

Pairs = Collection[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Layout:
    """Places of the agents."""

    positions: np.ndarray
    """``(agents, 2)``, from -1 to 1."""
    period: np.ndarray | None = None
    """Width and height after which a torus comes round; None where nothing does."""

    def way(self, sender: int, receiver: int) -> np.ndarray:
        """From one agent to another, ``(2,)``: on a torus across its border if that is shorter."""
        way: np.ndarray = self.positions[receiver] - self.positions[sender]
        return way if self.period is None else way - self.period * np.round(way / self.period)


def layout(agents: int, pairs: Pairs) -> Layout:
    """The places of agents 0, ..., agents - 1 with these links, given in any order and direction.

    The centre of a star is in the middle; a ring, and whatever looks the same from each agent in turn, is a circle;
    paths, grids and tori that are numbered row by row are lattices; other graphs are laid out by their distances.
    """
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(agents))
    graph.add_edges_from(sorted((min(pair), max(pair)) for pair in pairs))
    edges = frozenset((min(pair), max(pair)) for pair in graph.edges)
    return _star(graph) or _circle(graph) or _lattice(agents, edges) or _free(graph)


def _star(graph: "nx.Graph[int]") -> Layout | None:
    agents, links = len(graph), graph.number_of_edges()
    centres = [agent for agent in graph if graph.degree(agent) == links]
    if agents < 3 or links != agents - 1 or not centres:
        return None
    positions = np.zeros((agents, 2))
    positions[[agent for agent in graph if agent != centres[0]]] = _around(agents - 1)
    return Layout(positions)


def _circle(graph: "nx.Graph[int]") -> Layout | None:
    """A ring from neighbour to neighbour; other graphs in order of number, if each agent has the same steps to take."""
    agents = len(graph)
    order: Sequence[int] = range(agents)
    if nx.is_connected(graph) and all(degree == 2 for _, degree in graph.degree):
        order = list(nx.dfs_preorder_nodes(graph, 0))
    elif len({frozenset((other - agent) % agents for other in graph[agent]) for agent in graph}) > 1:
        return None
    positions = np.empty((agents, 2))
    positions[order] = _around(agents)
    return Layout(positions)


def _lattice(agents: int, edges: frozenset[tuple[int, int]]) -> Layout | None:
    for rows in range(1, agents + 1):
        columns = agents // rows
        if rows * columns == agents and edges in (_grid(rows, columns, False), _grid(rows, columns, True)):
            unit = 2.0 / max(rows - 1, columns - 1)
            cells = np.array([(column, -row) for row in range(rows) for column in range(columns)], float)
            period = None if edges == _grid(rows, columns, False) else unit * np.array([columns, rows])
            return Layout(unit * (cells - cells.mean(axis=0)), period)
    return None


def _grid(rows: int, columns: int, closed: bool) -> frozenset[tuple[int, int]]:
    """The edges of a grid, or of a torus, numbered row by row."""
    found = set()
    for row in range(rows):
        for column in range(columns):
            for down, right in ((0, 1), (1, 0)):
                there = row + down, column + right
                if closed or (there[0] < rows and there[1] < columns):
                    ends = row * columns + column, there[0] % rows * columns + there[1] % columns
                    found.add((min(ends), max(ends)))
    return frozenset(pair for pair in found if pair[0] != pair[1])


def _free(graph: "nx.Graph[int]") -> Layout:
    agents = len(graph)
    if agents > MANY:
        return Layout(_around(agents))
    if agents <= FEW and nx.is_connected(graph):
        places = nx.kamada_kawai_layout(graph)
    else:
        places = nx.spring_layout(graph, seed=SEED)
    positions = np.array([places[agent] for agent in range(agents)])
    positions -= (positions.min(axis=0) + positions.max(axis=0)) / 2
    return Layout(positions / np.abs(positions).max())


def _around(agents: int) -> np.ndarray:
    """Places on a circle, clockwise from the top."""
    angles = 2 * np.pi * np.arange(agents) / agents
    return np.column_stack([np.sin(angles), np.cos(angles)])
