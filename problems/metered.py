"""The view of a problem that an agent holds: every oracle is paid for before it answers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from problems.base import Array, Batch, Charges, Generators, Local
from problems.oracles import Oracles

Charge = Callable[[str, float], None]
"""Called with (counted oracle name, operations per agent); may refuse by raising."""


class Metered(Oracles):
    """A Local that calls ``charge`` once for each counted oracle of a call, then passes the call on unchanged."""

    def __init__(self, local: Local, charge: Charge) -> None:
        self._local = local
        self._charge = charge
        self.dim_x = local.dim_x
        self.dim_y = local.dim_y
        self.dtype: np.dtype[Any] = local.dtype

    def _call(self, oracle: str, batch: Batch | None, *arrays: Array) -> Any:
        charge = self._charge
        for name, operations in self._local.charges(oracle, batch):
            charge(name, operations)
        return getattr(self._local, oracle)(*arrays, batch)

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        return self._local.charges(oracle, batch)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return self._local.start(rng)

    def draw(self, rng: Generators) -> Batch | None:
        return self._local.draw(rng)
