"""How far a lower variable is from being stationary, in units of the lower objective: the gap to its Moreau envelope.

    V(x, y) = min_theta { G(x, theta) + |theta - y|^2 / (2 gamma) },      gap(x, y) = G(x, y) - V(x, y) >= 0

The gap is zero exactly where y is stationary for G(x, .), given gamma < 1/rho with rho the constant of weak convexity
(any gamma where G is convex). Methods that penalise it (``algorithms.pieces.envelope``) drive it to the size of mu
squared; where the lower level has several valleys it does not say whether y lies in the right one.
"""

from typing import Any

import numpy as np

from problems.base import Array, Batch, Charges, Generators, Local
from problems.oracles import Oracles
from problems.reference import stationary

GAMMA = 0.5
"""Parameter of the envelope in the metric ``envelope_gap``."""
RESIDUAL = 1e-9
"""Length of the gradient at which the inner minimisation ends."""


class Proximal(Oracles):
    """A Local whose lower objective has |y - centre|^2 / (2 gamma) added to it."""

    def __init__(self, local: Local, centre: Array, gamma: float) -> None:
        self._local, self._centre, self._gamma = local, centre, gamma
        self.dim_x, self.dim_y = local.dim_x, local.dim_y
        self.dtype: np.dtype[Any] = local.dtype

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return self._local.start(rng)

    def draw(self, rng: Generators) -> Batch | None:
        return self._local.draw(rng)

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        return self._local.charges(oracle, batch)

    def _call(self, oracle: str, batch: Batch | None, *arrays: Array) -> Any:
        result = getattr(self._local, oracle)(*arrays, batch)
        away = arrays[1] - self._centre
        match oracle:
            case "lower_value":
                return result + (away * away).sum(-1) / (2.0 * self._gamma)
            case "lower_grad_y":
                return result + away / self._gamma
            case "lower_grads":
                return result[0], result[1] + away / self._gamma
            case "lower_hvp":
                return result + arrays[2] / self._gamma
            case "lower_products":
                return result[0] + arrays[2] / self._gamma, result[1]
            case "directions":
                return result.x, result.y + away / self._gamma, result.u + arrays[2] / self._gamma
        return result


def envelope_gap(average: Local, x: Array, y: Array, gamma: float = GAMMA) -> float:
    """G(x, y) - V(x, y) of one Local; NaN where the inner minimisation finds no end."""
    near = Proximal(average, y, gamma)
    found = stationary(near, x, y, RESIDUAL)
    if not found.converged:
        return float("nan")
    return float(average.lower_value(x, y)) - float(near.lower_value(x, found.y))
