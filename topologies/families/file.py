"""File: the graph that an edge list or a GraphML file describes.

An edge list has one link a line, `i j` or `i j weight`; `#` starts a comment. A name that ends in `.graphml` is read as
GraphML, whose edges may have an attribute `weight`. Weights, where each edge has one, serve as mixing weights.
Agents that are named by integers are numbered in their order, all others in the order in which the file names them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np
from annotated_types import MinLen
from typing_extensions import Doc

from topologies.errors import TopologyError
from topologies.graph import Graph

Link = tuple[str, str, float | None]


@dataclass(frozen=True)
class Settings:
    """Settings of a graph from a file."""

    path: Annotated[str, MinLen(1), Doc("edge list, or GraphML if the name ends in .graphml")]


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """The graph of the file `settings.path`.

    Raises `TopologyError` when the file is not there, cannot be read as a graph, or has another number of agents.
    """
    path = Path(settings.path)
    if not path.is_file():
        raise TopologyError(f"file.path is {settings.path!r}, which is not a file")
    nodes, links = _read_graphml(path) if path.suffix == ".graphml" else _read_edge_list(path)
    if not nodes:
        raise TopologyError(f"{path} names no agent")
    if agents not in (None, len(nodes)):
        raise TopologyError(f"{path} has {len(nodes)} agents, but the scenario has {agents}")
    return _graph(path, _numbers(nodes), links)


def _read_edge_list(path: Path) -> tuple[list[str], list[Link]]:
    links: list[Link] = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) not in (2, 3):
            raise TopologyError(f"{path}, line {number}: {line.strip()!r} is not two agents and perhaps a weight")
        weight = _weight(words[2], f"{path}, line {number}") if len(words) == 3 else None
        links.append((words[0], words[1], weight))
    nodes = dict.fromkeys(node for link in links for node in link[:2])
    return list(nodes), links


def _read_graphml(path: Path) -> tuple[list[str], list[Link]]:
    try:
        graph: nx.Graph[Any] = nx.read_graphml(path)
    except (ParseError, nx.NetworkXError, UnicodeDecodeError, KeyError, ValueError) as mistake:
        raise TopologyError(f"{path} is not a GraphML file: {mistake}") from None
    if graph.is_directed():
        raise TopologyError(f'{path} holds a directed graph; links here go both ways (edgedefault="undirected")')
    links: list[Link] = []
    for i, j, values in graph.edges(data=True):
        weight = _weight(values["weight"], f"{path}, edge {i} {j}") if "weight" in values else None
        links.append((str(i), str(j), weight))
    return [str(node) for node in graph], links


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TopologyError(f"{path} is not a text file, so it is no edge list") from None


def _weight(value: object, place: str) -> float:
    try:
        weight = float(str(value))
    except ValueError:
        raise TopologyError(f"{place}: the weight {value!r} is not a number") from None
    if not np.isfinite(weight):
        raise TopologyError(f"{place}: the weight {value!r} is not finite")
    return weight


def _numbers(nodes: list[str]) -> dict[str, int]:
    """The id of each agent."""
    if all(node.isdecimal() for node in nodes):
        nodes = sorted(nodes, key=int)
    return {node: number for number, node in enumerate(nodes)}


def _graph(path: Path, numbers: dict[str, int], links: list[Link]) -> Graph:
    weights: dict[tuple[int, int], float | None] = {}
    for first, second, weight in links:
        i, j = sorted((numbers[first], numbers[second]))
        if weights.setdefault((i, j), weight) != weight:
            raise TopologyError(f"{path} gives the edge {first} {second} twice, with weights that differ")
    edges = tuple(sorted(weights))
    given = [weight for edge in edges if (weight := weights[edge]) is not None]
    if given and len(given) != len(edges):
        bare = next(edge for edge in edges if weights[edge] is None)
        raise TopologyError(f"{path} gives a weight for some edges but none for {bare}; give all or none")
    return Graph(len(numbers), edges, str(path), edge_weights=tuple(given) or None)
