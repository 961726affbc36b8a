"""Mixing weights: their values on small graphs, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import topologies
from topologies import Graph, TopologyError, Weights, weights

COMPUTED = ("metropolis", "max_degree", "lazy_metropolis", "lazy_max_degree")
PATH = Graph.of(3, [(0, 1), (1, 2)], name="path")
FAIR = np.array([[2, 1, 0], [1, 1, 1], [0, 1, 2]]) / 3


def test_metropolis_on_a_path() -> None:
    """On the path of three, each link weighs 1 / (1 + 2)."""
    assert np.allclose(weights.metropolis(PATH).dense(), FAIR, rtol=0, atol=1e-15)


def test_metropolis_and_maximum_degree_differ_where_degrees_do() -> None:
    """At the end of a tail Metropolis looks at the two ends only, maximum degree at the whole graph."""
    graph = Graph.of(5, [(0, 1), (0, 2), (0, 3), (3, 4)])
    assert weights.metropolis(graph).of(4) == pytest.approx({3: 1 / 3, 4: 2 / 3})
    assert weights.max_degree(graph).of(4) == pytest.approx({3: 1 / 4, 4: 3 / 4})


def test_star_weights() -> None:
    """In a star of three workers every link weighs 1/4, and the server keeps 1/4 too."""
    star = topologies.build("star", 3, np.random.default_rng(0))
    assert weights.metropolis(star).of(3) == pytest.approx(dict.fromkeys(range(4), 1 / 4))
    assert weights.metropolis(star).of(0) == pytest.approx({0: 3 / 4, 3: 1 / 4})


@pytest.mark.parametrize("rule", ["metropolis", "max_degree"])
def test_lazy_keeps_half(rule: str) -> None:
    """The lazy form is (I + W) / 2."""
    plain, slow = weights.build(rule, PATH).dense(), weights.build(f"lazy_{rule}", PATH).dense()
    assert np.array_equal(slow, (np.eye(3) + plain) / 2)


def test_row_has_own_id_and_all_neighbours_in_order() -> None:
    """The mapping of an agent agrees with the matrix, holds plain numbers, and nothing about strangers."""
    w = weights.metropolis(PATH)
    for agent in range(3):
        row = w.of(agent)
        assert list(row) == sorted({agent, *PATH.neighbors(agent)})
        assert all(type(key) is int and type(value) is float for key, value in row.items())
        assert all(row[other] == w.dense()[agent, other] for other in row)


def test_row_names_neighbours_of_weight_zero() -> None:
    """A neighbour is named even when its weight is 0, and so is an agent that keeps nothing."""
    swap = Weights(PATH, sparse.csr_array(np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])))
    assert swap.of(0) == {0: 0.0, 1: 1.0}
    assert swap.of(1) == {0: 1.0, 1: 0.0, 2: 0.0}


def test_one_agent_keeps_everything() -> None:
    """Alone, the weight of oneself is 1."""
    for rule in COMPUTED:
        assert weights.build(rule, Graph.of(1, [])).of(0) == {0: 1.0}


@st.composite
def connected_graphs(draw: st.DrawFn) -> Graph:
    """A random tree with random further links."""
    size = draw(st.integers(2, 25))
    tree = [(draw(st.integers(0, i - 1)), i) for i in range(1, size)]
    pairs = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda pair: pair[0] != pair[1])
    return Graph.of(size, tree + draw(st.lists(pairs, max_size=40)))


@given(graph=connected_graphs(), rule=st.sampled_from(COMPUTED))
@settings(max_examples=150)
def test_every_rule_is_doubly_stochastic_on_every_connected_graph(graph: Graph, rule: str) -> None:
    """Symmetric, no negative entry, rows and columns sum to one, positive on exactly the links and the diagonal."""
    matrix = weights.build(rule, graph).dense()
    linked = np.eye(graph.size, dtype=bool)
    for i, j in graph.edges:
        linked[i, j] = linked[j, i] = True
    assert np.array_equal(matrix, matrix.T)
    assert np.abs(matrix.sum(axis=0) - 1).max() < 1e-12
    assert np.array_equal(matrix > 0, linked)
    spectrum = topologies.spectrum(weights.build(rule, graph))
    assert spectrum.lambda_2 < 1 - 1e-9
    assert spectrum.lambda_min > (-1e-12 if rule.startswith("lazy") else -1 + 1e-9)


@pytest.mark.parametrize("ending", [".npy", ".csv", ".txt"])
def test_matrix_from_a_file_comes_back_unchanged(tmp_path: Path, ending: str) -> None:
    """What is written as .npy, .csv or .txt is read to the last bit."""
    path = tmp_path / f"w{ending}"
    if ending == ".npy":
        np.save(path, FAIR)
    else:
        np.savetxt(path, FAIR, fmt="%.17g", delimiter="," if ending == ".csv" else " ")
    assert np.array_equal(weights.build("file", PATH, path).dense(), FAIR)


def test_edge_weights_leave_the_rest_to_oneself() -> None:
    """An agent keeps what its links leave of one."""
    graph = Graph(3, ((0, 1), (1, 2)), edge_weights=(0.25, 0.5))
    assert weights.build("given", graph).of(1) == {0: 0.25, 1: 0.25, 2: 0.5}


def test_edge_weights_may_use_all_of_one_in_spite_of_rounding() -> None:
    """Ten links of 0.1 leave exactly nothing, not a negative crumb."""
    graph = Graph(11, tuple((0, i) for i in range(1, 11)), edge_weights=(0.1,) * 10)
    assert weights.given(graph).of(0)[0] == 0.0


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        ([[0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.6]], "row 2 of the mixing weights sums to 1.1; it must sum to 1"),
        (
            [[0.5, 0.5, 0], [0.4, 0.1, 0.5], [0, 0.5, 0.5]],
            "the mixing weight w[0, 1] is 0.5 but w[1, 0] is 0.4; the matrix must be symmetric",
        ),
        (
            [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]],
            "the mixing weight w[0, 2] is 0.25; these two are not linked, so it must be 0",
        ),
        (
            [[1.5, -0.5, 0], [-0.5, 1, 0.5], [0, 0.5, 0.5]],
            "the mixing weight w[0, 1] is -0.5; a mixing weight must not be negative",
        ),
        ([[0.5, 0.5, 0], [0.5, np.nan, 0.5], [0, 0.5, 0.5]], "the mixing weight w[1, 1] is nan; it must be a finite"),
        ([[0.5, 0.5], [0.5, 0.5]], "holds an array of shape (2, 2), but path has 3 agents, so it must be (3, 3)"),
    ],
)
def test_matrices_that_do_not_mix_are_refused(tmp_path: Path, matrix: list[list[float]], sentence: str) -> None:
    """The sentence names the row, the value and the rule."""
    path = tmp_path / "w.npy"
    np.save(path, np.array(matrix))
    with pytest.raises(TopologyError) as refusal:
        weights.from_file(PATH, path)
    assert sentence in str(refusal.value)


def test_row_sum_is_checked_to_twelve_digits() -> None:
    """A row sum off by 1e-11 is refused, one off by 1e-13 is rounding."""
    off = np.zeros((3, 3))
    off[2, 2] = 1.0
    Weights(PATH, sparse.csr_array(FAIR + 1e-13 * off))
    with pytest.raises(TopologyError, match="row 2"):
        Weights(PATH, sparse.csr_array(FAIR + 1e-11 * off))


def test_edge_weights_that_exceed_one_are_refused() -> None:
    """What would leave an agent less than nothing is refused, with the agent."""
    with pytest.raises(TopologyError, match=r"w\[1, 1\] is -0.25; a mixing weight must not be negative"):
        weights.given(Graph(3, ((0, 1), (1, 2)), edge_weights=(0.75, 0.5)))


@pytest.mark.parametrize(
    ("name", "path", "sentence"),
    [
        ("metropolis", "w.npy", "weights are 'metropolis', so the path 'w.npy' has no meaning"),
        ("metropolys", None, "did you mean 'metropolis'?"),
        ("file", None, "weights are 'file', but no path is given"),
        ("file", "nowhere.npy", "the weights' path is 'nowhere.npy', which is not a file"),
        ("given", None, "weights are 'given', but the graph path has no weights on its edges"),
    ],
)
def test_bad_requests_are_refused(name: str, path: str | None, sentence: str) -> None:
    """A request that makes no sense is answered with what would."""
    with pytest.raises(TopologyError) as refusal:
        weights.build(name, PATH, path)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(("ending", "content"), [(".csv", b"1,2\n3\n"), (".txt", b"a b\n"), (".npy", b"no array")])
def test_files_without_a_matrix_are_refused(tmp_path: Path, ending: str, content: bytes) -> None:
    """A file that holds something else is named in the sentence."""
    path = tmp_path / f"w{ending}"
    path.write_bytes(content)
    with pytest.raises(TopologyError, match="holds no matrix of numbers"):
        weights.from_file(PATH, path)
