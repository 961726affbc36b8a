"""The view of a problem that an agent holds: every oracle is paid for before it answers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from problems.base import Array, Batch, Charges, Directions, Generators, Local

Charge = Callable[[str, float], None]
"""Called with (counted oracle name, operations per agent); may refuse by raising."""


class Metered:
    """A Local that calls ``charge`` once for each counted oracle of a call, then passes the call on unchanged."""

    def __init__(self, local: Local, charge: Charge) -> None:
        self._local = local
        self._charge = charge
        self.dim_x = local.dim_x
        self.dim_y = local.dim_y
        self.dtype: np.dtype[Any] = local.dtype

    def _pay(self, oracle: str, batch: Batch | None) -> None:
        charge = self._charge
        for name, operations in self._local.charges(oracle, batch):
            charge(name, operations)

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        return self._local.charges(oracle, batch)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return self._local.start(rng)

    def draw(self, rng: Generators) -> Batch | None:
        return self._local.draw(rng)

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        self._pay("upper_value", batch)
        return self._local.upper_value(x, y, batch)

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        self._pay("lower_value", batch)
        return self._local.lower_value(x, y, batch)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        self._pay("upper_grad_x", batch)
        return self._local.upper_grad_x(x, y, batch)

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        self._pay("upper_grad_y", batch)
        return self._local.upper_grad_y(x, y, batch)

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        self._pay("upper_grads", batch)
        return self._local.upper_grads(x, y, batch)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        self._pay("lower_grad_x", batch)
        return self._local.lower_grad_x(x, y, batch)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        self._pay("lower_grad_y", batch)
        return self._local.lower_grad_y(x, y, batch)

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        self._pay("lower_grads", batch)
        return self._local.lower_grads(x, y, batch)

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        self._pay("lower_hvp", batch)
        return self._local.lower_hvp(x, y, v, batch)

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        self._pay("lower_cross", batch)
        return self._local.lower_cross(x, y, v, batch)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        self._pay("lower_cross_t", batch)
        return self._local.lower_cross_t(x, y, w, batch)

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        self._pay("lower_products", batch)
        return self._local.lower_products(x, y, v, batch)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        self._pay("directions", batch)
        return self._local.directions(x, y, u, batch)
