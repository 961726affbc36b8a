"""Where agents stand in a drawing."""

import numpy as np
import pytest

from scenarios.figures.layout import MANY, Layout, layout
from topologies import families

SQUARE = [[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]]
"""Four places on a circle, clockwise from the top."""


def placed(*pairs: tuple[int, int]) -> list[list[float]]:
    """Where the agents of these links stand."""
    return np.round(layout(1 + max(map(max, pairs)), pairs).positions, 9).tolist()


def built(family: str, agents: int, **settings: int) -> Layout:
    """The layout of a family's graph."""
    graph = families.build(family, agents, np.random.default_rng(0), **settings)
    return layout(graph.size, graph.edges)


def test_the_centre_of_a_star_is_in_the_middle() -> None:
    """Whatever its number; the others stand round it in order."""
    assert placed((0, 4), (1, 4), (2, 4), (4, 3)) == [*SQUARE, [0.0, 0.0]]
    assert placed((0, 1), (0, 2), (0, 3), (0, 4)) == [[0.0, 0.0], *SQUARE]


def test_a_ring_is_a_circle_from_neighbour_to_neighbour() -> None:
    """Also where numbers jump."""
    assert placed((0, 1), (1, 2), (2, 3), (3, 0)) == SQUARE
    top, right, bottom, left = SQUARE
    assert placed((0, 2), (2, 1), (1, 3), (3, 0)) == [top, bottom, right, left]


@pytest.mark.parametrize(("family", "agents"), [("complete", 6), ("exponential", 16)])
def test_what_looks_the_same_from_everywhere_is_a_circle(family: str, agents: int) -> None:
    """In order of number."""
    ring = built("ring", agents)
    assert built(family, agents).positions == pytest.approx(ring.positions)


def test_two_agents_face_each_other() -> None:
    """One link."""
    assert placed((0, 1)) == [[0.0, 1.0], [0.0, -1.0]]


def test_a_path_is_a_line() -> None:
    """From left to right."""
    assert placed((0, 1), (1, 2), (2, 3), (3, 4)) == [[-1.0, 0.0], [-0.5, 0.0], [0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]


def test_a_grid_is_a_lattice() -> None:
    """Row by row, and nothing comes round."""
    found = built("grid", 6)
    assert found.positions.tolist() == [[-1, 0.5], [0, 0.5], [1, 0.5], [-1, -0.5], [0, -0.5], [1, -0.5]]
    assert found.period is None
    assert found.way(0, 2).tolist() == [2.0, 0.0]


def test_a_torus_is_a_lattice_that_comes_round() -> None:
    """From the last column to the first it is one step to the right; with two rows there is no way round."""
    found = built("torus", 12)
    unit = 2.0 / 3.0
    assert found.period == pytest.approx([4 * unit, 3 * unit])
    assert found.way(3, 0) == pytest.approx([unit, 0.0])
    assert found.way(0, 8) == pytest.approx([0.0, unit])
    assert found.way(0, 1) == pytest.approx([unit, 0.0])
    flat = built("torus", 8)
    assert flat.way(0, 4) == pytest.approx([0.0, -2.0 / 3.0])


@pytest.mark.parametrize(("family", "agents"), [("erdos_renyi", 20), ("small_world", 80), ("small_world", MANY + 1)])
def test_any_other_graph_has_places_within_the_square(family: str, agents: int) -> None:
    """All different, and the same every time."""
    found = built(family, agents)
    assert np.abs(found.positions).max() == pytest.approx(1.0)
    assert len({tuple(position) for position in found.positions}) == agents
    assert np.array_equal(found.positions, built(family, agents).positions)


def test_a_graph_in_pieces_has_places_too() -> None:
    """Links that were never used are missing."""
    assert np.abs(placed((0, 1), (2, 3), (3, 4), (2, 4), (4, 5))).max() == pytest.approx(1.0)
