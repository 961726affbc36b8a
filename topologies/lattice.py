"""Rows and columns: how agents fill a rectangle."""

from math import isqrt

from topologies.errors import TopologyError


def rows_and_columns(name: str, agents: int | None, rows: int | None, columns: int | None) -> tuple[int, int]:
    """The rectangle that `agents` fill exactly; where nothing is given, the most square one with rows <= columns.

    A prime number of agents therefore gives a single row.
    Raises `TopologyError` when the sizes given do not multiply to the number of agents, or say too little.

    >>> rows_and_columns("grid", 12, None, None)
    (3, 4)
    >>> rows_and_columns("grid", 12, None, 2)
    (6, 2)
    """
    if rows is not None and columns is not None:
        if agents is not None and rows * columns != agents:
            raise TopologyError(f"{name}: {rows} rows of {columns} are {rows * columns} agents, but there are {agents}")
        return rows, columns
    if agents is None:
        raise TopologyError(f"{name}: give the number of agents, or both rows and columns")
    if rows is None and columns is None:
        rows = next(divisor for divisor in range(isqrt(agents), 0, -1) if agents % divisor == 0)
    side, length = ("rows", rows) if rows is not None else ("columns", columns)
    assert length is not None
    if agents % length:
        raise TopologyError(f"{name}: {side} is {length}, which does not divide the {agents} agents")
    other = agents // length
    return (length, other) if side == "rows" else (other, length)
