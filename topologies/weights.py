"""Mixing weights: the symmetric, doubly stochastic matrix W by which agents average, z_i <- sum_j w_ij z_j.

A rule is a function of the graph, found by its name in `RULES`; `build` also takes weights from a file.

Reference: Xiao and Boyd (2004), Fast linear iterations for distributed averaging, Systems & Control Letters 53.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from topologies.errors import TopologyError, not_among
from topologies.graph import Graph

ROW_SUM_TOLERANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Weights:
    """A mixing matrix that fits its graph: symmetric, without negative entries, rows that sum to one.

    Raises `TopologyError`, naming the row and the value, when the matrix is not like that or mixes where no link is.
    """

    graph: Graph
    matrix: sparse.csr_array
    """Shape (size, size), float64; w_ij is stored only where i = j or i and j are linked."""

    def __post_init__(self) -> None:
        _check(self.graph, self.matrix)

    def of(self, agent: int) -> dict[int, float]:
        """The row of one agent: its own id and each neighbour's, in order of id, with the weight that it gives them."""
        weight = {agent: 0.0} | dict.fromkeys(self.graph.neighbors(agent), 0.0)
        row = slice(self.matrix.indptr[agent], self.matrix.indptr[agent + 1])
        weight |= dict(zip(self.matrix.indices[row].tolist(), self.matrix.data[row].tolist(), strict=True))
        return dict(sorted(weight.items()))

    def dense(self) -> np.ndarray:
        """The matrix as an ordinary array."""
        return np.asarray(self.matrix.toarray())


def metropolis(graph: Graph) -> Weights:
    """Metropolis-Hastings weights: w_ij = 1 / (1 + max(d_i, d_j)) on each link. An agent needs its neighbours' degrees.

    >>> metropolis(Graph.of(4, [(0, 1), (0, 2), (0, 3)])).of(1)
    {0: 0.25, 1: 0.75}
    """
    degrees = _degrees(graph)
    i, j = _ends(graph)
    return _from_links(graph, 1.0 / (1.0 + np.maximum(degrees[i], degrees[j])))


def max_degree(graph: Graph) -> Weights:
    """Maximum-degree weights: w_ij = 1 / (1 + d_max) on each link, the same everywhere."""
    return _from_links(graph, np.full(len(graph.edges), 1.0 / (1.0 + _degrees(graph).max())))


def lazy_metropolis(graph: Graph) -> Weights:
    """(I + W) / 2 of the Metropolis weights: half as fast at most, and no negative eigenvalue."""
    return lazy(metropolis(graph))


def lazy_max_degree(graph: Graph) -> Weights:
    """(I + W) / 2 of the maximum-degree weights: half as fast at most, and no negative eigenvalue."""
    return lazy(max_degree(graph))


def given(graph: Graph) -> Weights:
    """The weights on the edges of the graph's file; an agent keeps for itself what its links leave of one."""
    if graph.edge_weights is None:
        raise TopologyError(f"weights are 'given', but the graph {graph.name} has no weights on its edges")
    return _from_links(graph, np.array(graph.edge_weights))


RULES: dict[str, Callable[[Graph], Weights]] = {
    rule.__name__: rule for rule in (metropolis, max_degree, lazy_metropolis, lazy_max_degree, given)
}


def names() -> tuple[str, ...]:
    """The known rules, in alphabetical order."""
    return tuple(sorted(RULES))


def build(name: str, graph: Graph, path: str | Path | None = None) -> Weights:
    """The weights of the rule `name` on the graph, or with the name "file" those of the matrix in the file `path`.

    Raises `TopologyError` for an unknown name, with the nearest known one, and for a matrix that is no mixing matrix.
    """
    if name == "file":
        if path is None:
            raise TopologyError("weights are 'file', but no path is given")
        return from_file(graph, path)
    if path is not None:
        raise TopologyError(f"weights are {name!r}, so the path {str(path)!r} has no meaning; only 'file' takes one")
    if name not in RULES:
        raise TopologyError(f"weights are {name!r}, which is {not_among(name, (*names(), 'file'))}")
    return RULES[name](graph)


def lazy(weights: Weights) -> Weights:
    """(I + W) / 2: each agent keeps half of its own value, so that no eigenvalue is negative."""
    return Weights(weights.graph, sparse.csr_array((sparse.eye_array(weights.graph.size) + weights.matrix) / 2))


def from_file(graph: Graph, path: str | Path) -> Weights:
    """The matrix in a file: `.npy`, or text with one row a line, separated by commas (`.csv`) or blanks (any other).

    Raises `TopologyError` when the file is not there, holds no matrix of numbers, or one that does not fit the graph.
    """
    path = Path(path)
    if not path.is_file():
        raise TopologyError(f"the weights' path is {str(path)!r}, which is not a file")
    try:
        matrix = _read(path)
    except (ValueError, OSError) as mistake:
        raise TopologyError(f"{path} holds no matrix of numbers: {mistake}") from None
    if matrix.shape != (graph.size, graph.size):
        raise TopologyError(
            f"{path} holds an array of shape {matrix.shape}, but {graph.name} has {graph.size} agents, "
            f"so it must be ({graph.size}, {graph.size})"
        )
    return Weights(graph, sparse.csr_array(matrix))


def _read(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    return np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None, ndmin=2)


def _degrees(graph: Graph) -> np.ndarray:
    return np.array([len(neighbors) for neighbors in graph.adjacency])


def _ends(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the higher end of each edge."""
    ends = np.array(graph.edges, dtype=np.intp).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def _from_links(graph: Graph, values: np.ndarray) -> Weights:
    """The matrix with these weights on the edges, and on the diagonal what is missing to one."""
    i, j = _ends(graph)
    links = sparse.coo_array((values, (i, j)), shape=(graph.size, graph.size))
    both_ways = sparse.csr_array(links + links.T)
    own = 1.0 - both_ways.sum(axis=1)
    own[np.abs(own) < ROW_SUM_TOLERANCE] = 0.0
    return Weights(graph, sparse.csr_array(both_ways + sparse.diags_array(own)))


def _check(graph: Graph, matrix: sparse.csr_array) -> None:
    """Refuse what is no mixing matrix of this graph, with the first row that breaks a rule."""
    entries = matrix.tocoo()
    i, j, values = entries.row, entries.col, entries.data
    linked = sparse.eye_array(graph.size, format="lil", dtype=bool)
    ends = _ends(graph)
    linked[ends[0], ends[1]] = True
    linked[ends[1], ends[0]] = True
    away = values * ~np.asarray(linked.tocsr()[i, j], dtype=bool).ravel()
    for broken, rule in (
        (~np.isfinite(values), "it must be a finite number"),
        (values < 0, "a mixing weight must not be negative"),
        (away != 0, "these two are not linked, so it must be 0"),
    ):
        if broken.any():
            k = int(np.argmax(broken))
            raise TopologyError(f"the mixing weight w[{i[k]}, {j[k]}] is {float(values[k])!r}; {rule}")
    skew = (matrix - matrix.T).tocoo()
    if skew.nnz and np.abs(skew.data).max() > ROW_SUM_TOLERANCE:
        k = int(np.argmax(np.abs(skew.data) > ROW_SUM_TOLERANCE))
        row, column = int(skew.row[k]), int(skew.col[k])
        raise TopologyError(
            f"the mixing weight w[{row}, {column}] is {float(matrix[row, column])!r} but w[{column}, {row}] is "
            f"{float(matrix[column, row])!r}; the matrix must be symmetric"
        )
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    uneven = np.abs(sums - 1.0) > ROW_SUM_TOLERANCE
    if uneven.any():
        row = int(np.argmax(uneven))
        raise TopologyError(f"row {row} of the mixing weights sums to {float(sums[row])!r}; it must sum to 1")
