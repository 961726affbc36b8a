"""Torus: a grid whose rows and columns close into rings.

With two rows or columns the closing link is the link that is already there; with one row it is a ring.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from topologies.graph import Graph
from topologies.lattice import rows_and_columns


@dataclass(frozen=True)
class Settings:
    """Settings of a torus."""

    rows: Annotated[int | None, Gt(0), Doc("number of rows; default: the most square rectangle")] = None
    columns: Annotated[int | None, Gt(0), Doc("number of columns; default: agents / rows")] = None


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A rectangle of agents that closes in both directions, numbered row by row."""
    rows, columns = rows_and_columns("torus", agents, settings.rows, settings.columns)
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    right = [(row * columns + column, row * columns + (column + 1) % columns) for row, column in cells if columns > 1]
    down = [(row * columns + column, (row + 1) % rows * columns + column) for row, column in cells if rows > 1]
    positions = tuple((float(column), float(-row)) for row, column in cells)
    return Graph.of(rows * columns, right + down, "torus", positions=positions)
