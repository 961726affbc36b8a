"""Grid: rows and columns without wrapping."""

import numpy as np

import topologies


def test_two_rows_of_three() -> None:
    """0 1 2 above 3 4 5."""
    grid = topologies.build("grid", 6, np.random.default_rng(0))
    assert grid.edges == ((0, 1), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (4, 5))


def test_positions_are_rows_and_columns() -> None:
    """Columns go to the right, rows go down."""
    grid = topologies.build("grid", None, np.random.default_rng(0), rows=3, columns=2)
    assert grid.positions == ((0, 0), (1, 0), (0, -1), (1, -1), (0, -2), (1, -2))
