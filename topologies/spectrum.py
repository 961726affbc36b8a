"""How fast a mixing matrix averages: its eigenvalues next to 1 and at the other end."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from topologies.weights import Weights

DENSE_BELOW = 500
"""Up to this many agents all eigenvalues are computed at once; beyond it, only the two that count."""
LANCZOS_RESTARTS = 30
BEYOND = 1e-7


@dataclass(frozen=True)
class Spectrum:
    """The eigenvalues 1 = lambda_1 >= lambda_2 >= ... >= lambda_min of a mixing matrix, as far as they matter.

    A single agent has nobody to mix with: both are then 0 and the gap is 1.
    """

    lambda_2: float
    """Second largest eigenvalue: 1 if and only if the weights leave agents apart."""
    lambda_min: float
    """Smallest eigenvalue; above -1, or mixing oscillates for ever."""

    @property
    def gap(self) -> float:
        """1 - max(|lambda_2|, |lambda_min|): the share of disagreement that one round of mixing surely removes."""
        return 1.0 - max(abs(self.lambda_2), abs(self.lambda_min))


def spectrum(weights: Weights) -> Spectrum:
    """The spectrum of these weights: exact to rounding when dense, to about 1e-9 for 500 agents and more."""
    size = weights.graph.size
    if size == 1:
        return Spectrum(0.0, 0.0)
    if size < DENSE_BELOW:
        values = np.linalg.eigvalsh(weights.dense())
        return Spectrum(float(values[-2]), float(values[0]))
    return Spectrum(_second(weights.matrix), _smallest(weights.matrix))


# Lanczos is quick where an end of the spectrum stands apart (expanders), and endless where eigenvalues crowd there
# (long rings, big grids). The inverse of W shifted just beyond its spectrum pulls them apart, and factorises with
# little fill exactly for such sparse, far-flung graphs: so each serves where the other fails.


def _second(matrix: sparse.csr_array) -> float:
    size = matrix.shape[0]
    # 1 is the eigenvalue of the constant vector; taking 2/n from every entry moves it to -1, out of the way.
    rest = LinearOperator((size, size), matvec=lambda z: matrix @ z - 2.0 * z.mean(), dtype=np.float64)
    try:
        return _lanczos(rest, "LA")
    except ArpackNoConvergence:
        return float(_beyond(matrix, 2, 1.0 + BEYOND).min())


def _smallest(matrix: sparse.csr_array) -> float:
    try:
        return _lanczos(matrix, "SA")
    except ArpackNoConvergence:
        # No eigenvalue lies below the discs of Gershgorin, and in a crowd the lowest one is close to their edge.
        return float(_beyond(matrix, 1, 2.0 * float(matrix.diagonal().min()) - 1.0 - BEYOND).min())


def _lanczos(matrix: sparse.csr_array | LinearOperator, end: Literal["LA", "SA"]) -> float:
    start = _start(matrix.shape[0])
    found = eigsh(matrix, k=1, which=end, v0=start, ncv=40, maxiter=LANCZOS_RESTARTS, return_eigenvectors=False)
    return float(found[0])


def _beyond(matrix: sparse.csr_array, count: int, shift: float) -> np.ndarray:
    """The eigenvalues nearest to a shift outside the spectrum."""
    start = _start(matrix.shape[0])
    return np.asarray(eigsh(matrix.tocsc(), k=count, sigma=shift, v0=start, return_eigenvectors=False))


def _start(size: int) -> np.ndarray:
    """Where the iteration starts: a fixed vector, so that the digits are the same in every run."""
    return np.random.default_rng(0).standard_normal(size)
