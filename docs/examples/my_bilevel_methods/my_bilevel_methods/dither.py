"""Dither: numbers rounded at random to a grid of 2^bits points between -m and m, m being the largest of them."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from typing_extensions import Doc

from algorithms.pieces.bits import Encoded, pack, unpack
from algorithms.pieces.compressors import Unbiased, word


@dataclass(frozen=True)
class Dither(Unbiased):
    """Dither: each number rounded at random to one of 2^bits points from -m to m; unbiased, omega <= d/(2^bits - 1)^2.

    m is the largest size of a number. Two neighbouring points are 2 m / L apart, L = 2^bits - 1, so rounding between
    them has a variance of m^2 / L^2 at most, and m <= |u|.
    """

    name: Literal["dither"] = "dither"
    bits: Annotated[int, Ge(1), Le(16), Doc("bits of a number")] = 4

    def encode(self, vector: np.ndarray, rng: np.random.Generator) -> Encoded:
        largest = np.abs(vector).max(initial=0.0)
        code = np.zeros(vector.size, int)
        if 0.0 < largest < np.inf:
            raised = np.floor((vector / largest + 1.0) / 2.0 * self._intervals + rng.random(vector.size))
            code = np.clip(raised, 0, self._intervals).astype(int)
        data = vector.dtype.type(largest).tobytes() + pack(code, self.bits)
        return Encoded(data, self.nbits(vector.size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> np.ndarray:
        largest = np.frombuffer(encoded.data, dtype, 1)[0]
        if not np.isfinite(largest):
            return np.full(size, np.nan, dtype)
        code = unpack(encoded.data[largest.nbytes :], size, self.bits)
        return (largest * (2.0 * code / self._intervals - 1.0)).astype(dtype)

    def nbits(self, size: int, dtype: Any) -> int:
        return word(dtype) + self.bits * size

    def omega(self, size: int) -> float:
        return size / self._intervals**2

    @property
    def _intervals(self) -> int:
        """L: intervals between the points."""
        return 2**self.bits - 1
