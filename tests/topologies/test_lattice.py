"""How agents fill a rectangle."""

import pytest

from topologies.errors import TopologyError
from topologies.lattice import rows_and_columns


@pytest.mark.parametrize(
    ("agents", "rows", "columns", "expected"),
    [
        (12, None, None, (3, 4)),
        (16, None, None, (4, 4)),
        (7, None, None, (1, 7)),
        (1, None, None, (1, 1)),
        (12, 2, None, (2, 6)),
        (12, None, 2, (6, 2)),
        (12, 6, 2, (6, 2)),
        (None, 3, 5, (3, 5)),
    ],
)
def test_sizes(agents: int | None, rows: int | None, columns: int | None, expected: tuple[int, int]) -> None:
    """What is given is kept, what is missing follows, and nothing given means the most square rectangle."""
    assert rows_and_columns("grid", agents, rows, columns) == expected


@pytest.mark.parametrize(
    ("agents", "rows", "columns", "rule"),
    [
        (12, 5, None, "grid: rows is 5, which does not divide the 12 agents"),
        (12, None, 7, "grid: columns is 7, which does not divide the 12 agents"),
        (12, 3, 5, "grid: 3 rows of 5 are 15 agents, but there are 12"),
        (None, 3, None, "grid: give the number of agents, or both rows and columns"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    agents: int | None, rows: int | None, columns: int | None, rule: str
) -> None:
    """The sentence names the sizes and the number of agents."""
    with pytest.raises(TopologyError, match=rule):
        rows_and_columns("grid", agents, rows, columns)
