"""Oracles that all go one way: for views of a problem that do the same thing around every call."""

from abc import ABC, abstractmethod
from typing import Any

from problems.base import Array, Batch, Directions


class Oracles(ABC):
    """The oracles of a ``Local``, each of them handed to one method."""

    @abstractmethod
    def _call(self, oracle: str, batch: Batch | None, *arrays: Array) -> Any:
        """The answer of the method ``oracle`` to these arrays; a tuple for fused calls."""

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._call("upper_value", batch, x, y)

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._call("lower_value", batch, x, y)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._call("upper_grad_x", batch, x, y)

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._call("upper_grad_y", batch, x, y)

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self._call("upper_grads", batch, x, y)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._call("lower_grad_x", batch, x, y)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._call("lower_grad_y", batch, x, y)

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self._call("lower_grads", batch, x, y)

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return self._call("lower_hvp", batch, x, y, v)

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return self._call("lower_cross", batch, x, y, v)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        return self._call("lower_cross_t", batch, x, y, w)

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self._call("lower_products", batch, x, y, v)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        return Directions(*self._call("directions", batch, x, y, u))
