"""Graphs of placements."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from scenarios import graphs, loader


def test_a_seed_has_one_graph_for_all_algorithms(written: Callable[..., Path], text: str) -> None:
    """Random families draw from a stream of the seed alone."""
    text = text.replace('name = "ring", agents = 4', 'name = "random_regular", agents = 8, degree = 3')
    scenario = loader.load(written(text))
    first = graphs.of_seed(scenario, scenario.network, 0)
    assert first.edges == graphs.of_seed(scenario, scenario.entries[1].placement, 0).edges
    assert first.edges != graphs.of_seed(scenario, scenario.network, 1).edges
    assert len(graphs.of_seeds(scenario, scenario.network)) == 2


def test_a_fixed_graph_is_built_once(written: Callable[..., Path]) -> None:
    """A ring draws nothing, so that one seed speaks for all."""
    scenario = loader.load(written())
    assert len(graphs.of_seeds(scenario, scenario.network)) == 1


def test_weights_follow_the_rule_the_file_and_laziness(written: Callable[..., Path], text: str, tmp_path: Path) -> None:
    """A star has none; files are looked for beside the scenario."""
    scenario = loader.load(written())
    assert (
        graphs.weights(scenario, scenario.entries[0].placement, graphs.of_seed(scenario, scenario.network, 0)) is None
    )
    matrix = np.full((4, 4), 0.25)
    matrix[[0, 1, 2, 3], [2, 3, 0, 1]] = 0.0
    np.fill_diagonal(matrix, 0.5)
    np.savetxt(tmp_path / "w.csv", matrix, delimiter=",")
    given = text.replace("agents = 4 }", 'agents = 4, weights = "file", weights_file = "w.csv", lazy = true }')
    scenario = loader.load(written(given))
    weights = graphs.weights(scenario, scenario.network, graphs.of_seed(scenario, scenario.network, 0))
    assert weights is not None
    np.testing.assert_array_equal(weights.dense(), (np.eye(4) + matrix) / 2)


def test_a_graph_from_a_file_beside_the_scenario(written: Callable[..., Path], text: str, tmp_path: Path) -> None:
    """Its agents are counted from the file."""
    (tmp_path / "edges.txt").write_text("0 1\n1 2\n2 3\n3 4\n")
    scenario = loader.load(written(text.replace('name = "ring", agents = 4', 'name = "file", path = "edges.txt"')))
    assert scenario.agents == 5
    assert graphs.of_seed(scenario, scenario.network, 0).edges == ((0, 1), (1, 2), (2, 3), (3, 4))
    assert list(scenario.files()) == ["edges.txt"]


def test_memory_grows_with_agents_and_links(written: Callable[..., Path], text: str) -> None:
    """Links of a complete graph grow with the square."""
    ring = loader.load(written())
    complete = loader.load(written(text.replace('"ring"', '"complete"')))
    small, large = (graphs.memory_bytes(scenario.network, 10_000) for scenario in (ring, complete))
    assert large > 50 * small
    assert graphs.memory_bytes(ring.network, 20_000) == 2 * small
    for family in ("erdos_renyi", "geometric"):  # by default as sparse as a connected draw can be
        sparse = loader.load(written(text.replace('name = "ring", agents = 4', f'name = "{family}", agents = 20')))
        assert small < graphs.memory_bytes(sparse.network, 10_000) < 2 * small
