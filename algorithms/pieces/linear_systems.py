"""Iterative solutions of H s = b where only products with H are to be had, one after the other.

    while not system.done:
        system.take(product of H with system.direction)
    system.solution

A system says which vector it wants multiplied and goes on with the product: so several systems with one H can share
a round trip, and where the products come from is left to the caller.

Sources: J. Nocedal, S. J. Wright, Numerical Optimization, algorithm 5.2 (conjugate gradients).
"""

from typing import Protocol

import numpy as np


class LinearSystem(Protocol):
    """H s = b, being solved."""

    @property
    def solution(self) -> np.ndarray:
        """s so far, (q,)."""

    @property
    def direction(self) -> np.ndarray:
        """The vector whose product with H is wanted next, (q,)."""

    @property
    def done(self) -> bool:
        """Whether no further product is wanted."""

    def take(self, product: np.ndarray) -> None:
        """Go on with H times `direction`."""


class GradientDescent:
    """A given number of steps s <- s - step (H s - b) from `start`.

    From step b it is the Neumann series step sum_{j=0..steps} (I - step H)^j b, truncated.
    """

    def __init__(self, start: np.ndarray, right: np.ndarray, step: float, steps: int):
        self.solution = start
        self._right, self._step, self._left = right, step, steps

    @property
    def direction(self) -> np.ndarray:
        return self.solution

    @property
    def done(self) -> bool:
        return self._left == 0

    def take(self, product: np.ndarray) -> None:
        self.solution = self.solution - self._step * (product - self._right)
        self._left -= 1


class NeumannTerm:
    """One term of a series of N in the place of all: N step (I - step H)^j b.

    With j drawn from 0..N-1 it is the Neumann series up to term N - 1 on average.
    """

    def __init__(self, right: np.ndarray, step: float, terms: int, chosen: int):
        self.direction = right
        self._step, self._terms, self._left = step, terms, chosen

    @property
    def solution(self) -> np.ndarray:
        return self._terms * self._step * self.direction

    @property
    def done(self) -> bool:
        return self._left == 0

    def take(self, product: np.ndarray) -> None:
        self.direction = self.direction - self._step * product
        self._left -= 1


class ConjugateGradients:
    """Conjugate gradients from zero, until |b - H s| <= tolerance |b| or after `most` products.

    Where H turns out not to be positive definite along a direction, they end with the solution so far.
    """

    def __init__(self, right: np.ndarray, tolerance: float, most: int):
        self.solution = np.zeros_like(right)
        self.direction = self._residual = right
        self._square = right @ right
        self._enough = tolerance * tolerance * self._square
        self._left = most

    @property
    def done(self) -> bool:
        return self._left == 0 or bool(self._square <= self._enough)

    def take(self, product: np.ndarray) -> None:
        curvature = self.direction @ product
        if not curvature > 0.0:
            self._left = 0
            return
        step = self._square / curvature
        self.solution = self.solution + step * self.direction
        self._residual = self._residual - step * product
        before, self._square = self._square, self._residual @ self._residual
        self.direction = self._residual + (self._square / before) * self.direction
        self._left -= 1
