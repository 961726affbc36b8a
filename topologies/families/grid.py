"""Grid: agents in rows and columns, each linked to those above, below, left and right."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from topologies.graph import Graph
from topologies.lattice import rows_and_columns


@dataclass(frozen=True)
class Settings:
    """Settings of a grid."""

    rows: Annotated[int | None, Gt(0), Doc("number of rows; default: the most square rectangle")] = None
    columns: Annotated[int | None, Gt(0), Doc("number of columns; default: agents / rows")] = None


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A rectangle of agents, numbered row by row."""
    rows, columns = rows_and_columns("grid", agents, settings.rows, settings.columns)
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    right = [(row * columns + column, row * columns + column + 1) for row, column in cells if column + 1 < columns]
    down = [(row * columns + column, (row + 1) * columns + column) for row, column in cells if row + 1 < rows]
    positions = tuple((float(column), float(-row)) for row, column in cells)
    return Graph.of(rows * columns, right + down, "grid", positions=positions)
