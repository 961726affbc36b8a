"""Which run comes next: the longest first, so that all cores stay busy to the end.

How long a run takes is learnt from those of the same algorithm at the same point of the sweep, or else at others; one
that nobody knows comes before all that somebody knows.
"""

import math
from collections.abc import Iterable

from scenarios.plan import Cell

Group = tuple[int, str]
"""Point of the sweep and label: runs that differ in their seeds alone."""


class Agenda:
    """The cells still to be given out."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._waiting: dict[Group, list[Cell]] = {}
        self._seconds: dict[Group, list[float]] = {}
        for cell in cells:
            self._waiting.setdefault(_group(cell), []).append(cell)

    def learn(self, cell: Cell, host_s: float) -> None:
        """A run of this cell's group took so long, seconds of the host."""
        if math.isfinite(host_s):
            self._seconds.setdefault(_group(cell), []).append(host_s)

    def take(self) -> Cell | None:
        """The next cell; None when all are given out."""
        if not self._waiting:
            return None
        group = min(self._waiting, key=self._rank)
        cells = self._waiting[group]
        cell = cells.pop(0)
        if not cells:
            del self._waiting[group]
        return cell

    def _rank(self, group: Group) -> tuple[float, int, Group]:
        """Lengths count by powers of two, and then the seed: algorithms of one seed share its problem in a process."""
        expected = self.expected(group)
        length = math.inf if expected is None else math.floor(math.log2(max(expected, 1e-6)))
        return -length, self._waiting[group][0].seed, group

    def expected(self, group: Group) -> float | None:
        """Mean seconds of the host of this group, or the longest of its algorithm's at other points."""
        if group in self._seconds:
            return sum(self._seconds[group]) / len(self._seconds[group])
        others = [self.expected(other) or 0.0 for other in self._seconds if other[1] == group[1]]
        return max(others, default=None)


def _group(cell: Cell) -> Group:
    return cell.point, cell.entry.label
