"""File: edge lists and GraphML."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import topologies
from topologies import Graph, TopologyError, weights


def read(path: Path, agents: int | None = None) -> Graph:
    """The graph in the file."""
    return topologies.build("file", agents, np.random.default_rng(0), path=str(path))


def edge_list(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "graph.txt"
    path.write_text(text, encoding="utf-8")
    return path


def graphml(folder: Path, graph: "nx.Graph[object]") -> Path:
    """A GraphML file of this graph."""
    path = folder / "graph.graphml"
    nx.write_graphml(graph, path)
    return path


def test_edge_list_with_comments_and_blank_lines(tmp_path: Path) -> None:
    """Two agents a line; # starts a comment; a link may be named in both directions."""
    graph = read(edge_list(tmp_path, "# a triangle with a tail\n0 1\n2 1   # back\n\n1 2\n0 2\n3 2\n"))
    assert graph.size == 4
    assert graph.edges == ((0, 1), (0, 2), (1, 2), (2, 3))
    assert graph.edge_weights is None


def test_weights_of_an_edge_list_serve_as_mixing_weights(tmp_path: Path) -> None:
    """A third column is the mixing weight of the link."""
    graph = read(edge_list(tmp_path, "1 2 0.5\n0 1 0.25\n"))
    assert graph.edge_weights == (0.25, 0.5)
    assert weights.build("given", graph).of(1) == {0: 0.25, 1: 0.25, 2: 0.5}


def test_graphml_with_weights(tmp_path: Path) -> None:
    """The attribute `weight` of GraphML edges is the mixing weight; other names are numbered as they come."""
    source: nx.Graph[object] = nx.Graph()
    source.add_edge("oslo", "rome", weight=0.5)
    source.add_edge("rome", "bern", weight=0.25)
    graph = read(graphml(tmp_path, source))
    assert graph.edges == ((0, 1), (1, 2))
    assert graph.edge_weights == (0.5, 0.25)


def test_integers_are_numbered_in_their_order(tmp_path: Path) -> None:
    """Agents named 1, 2 and 10 become 0, 1 and 2, wherever the file names them first."""
    assert read(edge_list(tmp_path, "10 2\n2 1\n")).edges == ((0, 1), (1, 2))


def test_a_written_graph_comes_back(tmp_path: Path) -> None:
    """What networkx writes as GraphML is read as the same links."""
    torus = topologies.build("torus", 12, np.random.default_rng(0))
    assert read(graphml(tmp_path, nx.Graph(torus.edges)), agents=12).edges == torus.edges


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 1\n1 2 0.5 7\n", "line 2: '1 2 0.5 7' is not two agents and perhaps a weight"),
        ("0 1\n1\n", "line 2: '1' is not two agents and perhaps a weight"),
        ("0 1 heavy\n", "line 1: the weight 'heavy' is not a number"),
        ("0 1 nan\n", "line 1: the weight 'nan' is not finite"),
        ("0 1 0.5\n1 2\n", "gives a weight for some edges but none for (1, 2); give all or none"),
        ("0 1 0.5\n1 0 0.25\n", "gives the edge 1 0 twice, with weights that differ"),
        ("0 1\n1 1\n", "the edge (1, 1) links an agent with itself"),
        ("# nothing\n", "names no agent"),
        ("0 1\n2 3\n", "the graph is not connected"),
    ],
)
def test_edge_lists_that_describe_no_graph_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """The sentence names the file's line or the edge, and the rule."""
    with pytest.raises(TopologyError) as refusal:
        read(edge_list(tmp_path, text))
    assert sentence in str(refusal.value)


def test_number_of_agents_must_agree(tmp_path: Path) -> None:
    """A scenario with another number of agents than the file is refused with both."""
    with pytest.raises(TopologyError, match="has 3 agents, but the scenario has 5"):
        read(edge_list(tmp_path, "0 1\n1 2\n"), agents=5)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(TopologyError, match=r"file\.path is '.*nowhere\.txt', which is not a file"):
        read(tmp_path / "nowhere.txt")


def test_directed_graphml_is_refused(tmp_path: Path) -> None:
    """Links go both ways; a file that says otherwise is not reinterpreted."""
    directed: nx.DiGraph[object] = nx.DiGraph([("a", "b")])
    with pytest.raises(TopologyError, match="holds a directed graph"):
        read(graphml(tmp_path, directed))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("graph.graphml", b"0 1\n1 2\n"),
        ("graph.graphml", b"<html></html>"),
        ("graph.txt", b"\xff\xfe\x00\x80"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """What is neither GraphML nor text is answered with a sentence that names the file."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TopologyError, match=f"{name} is not a "):
        read(path)
