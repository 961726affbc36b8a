"""What problems without closed forms share: lower solution and hypergradient by numerical solves, and metrics."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from problems import metrics, reference
from problems.base import Array, Local, Metric

TOLERANCE = 1e-10
"""Relative residual of the exact solves: far below what a metric shows, and cheaper than the last digits."""


class Solved(ABC):
    """A problem whose lower level, strongly convex in y on average, is solved by Newton's method."""

    agents: int
    dim_y: int
    dtype: np.dtype[Any]

    @property
    @abstractmethod
    def dim_x(self) -> int: ...

    @property
    @abstractmethod
    def _entries(self) -> Mapping[str, metrics.Entry]: ...

    @abstractmethod
    def local(self, agent: int) -> Local: ...

    @abstractmethod
    def stack(self, ids: Sequence[int]) -> Local: ...

    @abstractmethod
    def average(self) -> Local: ...

    @abstractmethod
    def start(self, rng: np.random.Generator) -> tuple[Array, Array]: ...

    def optimum(self) -> None:
        return None

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """y*(x) of the averaged problem; NaN where it cannot be found."""
        solved = reference.solve_lower(self, x, start, TOLERANCE)
        return solved.y if solved.converged else np.full_like(solved.y, np.nan)

    def hypergradient(self, x: Array, start: Array | None = None) -> Array:
        """grad F(x) of the averaged problem; NaN where y*(x) cannot be found.

        ``start`` is where the search for y*(x) begins; y*(x) itself costs one gradient there.
        """
        y = self.lower_solution(x, start)
        if not np.isfinite(y).all():
            return np.full(self.dim_x, np.nan, self.dtype)
        return reference.hypergradient(self, x, y, TOLERANCE)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return {name: entry[0] for name, entry in self._entries.items()}

    def measure(self, names: Sequence[str], x: Array, y: Array) -> dict[str, float]:
        return metrics.measure(self._entries, self, names, x, y)
