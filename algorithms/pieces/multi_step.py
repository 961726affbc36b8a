"""Multi-step compression: R payloads of one vector in one message, each of what the earlier ones left.

With an unbiased compressor C and q = omega / (1 + omega), at the sender

    v_0 = 0,    c_r = C(u - v_{r-1}),    v_r = v_{r-1} + c_r / (1 + omega),    r = 1..R

and MSC_R(u) = v_R / (1 - q^R), which the receiver rebuilds from c_1..c_R by the same recursion. It is unbiased with

    omega_R = q^R / (1 - q^R),

exactly so for rand-k, at most so where omega is a bound. R = 1 is C itself. A biased compressor has R = 1 only.

Source: the multi-step compression of Y. He et al., "Distributed bilevel optimization with communication compression",
ICML 2024. Reconstructed; the factor 1/(1 - q^R) is what keeps it unbiased.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from algorithms.pieces.bits import Encoded
from algorithms.pieces.compressors import Compressor, Unbiased

Payloads = tuple[Encoded, ...]


@dataclass(frozen=True)
class MultiStep:
    """A compressor for vectors of one length, R payloads each."""

    compressor: Compressor
    steps: int
    """R."""
    size: int
    dtype: np.dtype[Any]
    """Precision of the vectors, and of what is made of the payloads."""
    wire: np.dtype[Any] | None = None
    """Precision of the numbers that travel, where it is lower."""

    @property
    def omega(self) -> float:
        """omega_R; 0 stands for a biased compressor, which is used as it is."""
        left = self._left**self.steps
        return left / (1.0 - left)

    def encode(self, vector: np.ndarray, rng: np.random.Generator) -> Payloads:
        """What travels for a vector."""
        payloads: Payloads = ()
        built = np.zeros(self.size, self.dtype)
        for _ in range(self.steps):
            payload = self.compressor.encode((vector - built).astype(self._sent), rng)
            payloads += (payload,)
            if len(payloads) < self.steps:
                built = built + self._opened(payload) * (1.0 - self._left)
        return payloads

    def decode(self, payloads: Payloads) -> np.ndarray:
        """MSC_R(u) from what travelled."""
        built = np.zeros(self.size, self.dtype)
        for payload in payloads:
            built = built + self._opened(payload) * (1.0 - self._left)
        return built / (1.0 - self._left**self.steps)

    def nbits(self) -> int:
        """Length of what travels, bits."""
        return self.steps * self.compressor.nbits(self.size, self._sent)

    @cached_property
    def _left(self) -> float:
        """q: what a step leaves of the vector, on average."""
        omega = self.compressor.omega(self.size) if isinstance(self.compressor, Unbiased) else 0.0
        return omega / (1.0 + omega)

    @cached_property
    def _sent(self) -> np.dtype[Any]:
        return self.dtype if self.wire is None else min(self.dtype, self.wire, key=lambda dtype: dtype.itemsize)

    def _opened(self, payload: Encoded) -> np.ndarray:
        return self.compressor.decode(payload, self.size, self._sent).astype(self.dtype, copy=False)
