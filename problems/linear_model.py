"""Oracles of generalised linear models: logistic and softmax regression with weighted samples and a weighted ridge.

Weights are a matrix W (c, d), flattened row by row into y (q = c d); the samples are rows X (n, d). With logits
Z = W X' (c, n), targets T (c, n) (one-hot; for logistic regression c = 1 and T is 0 or 1) and the link's log-partition
function A,

    loss_j = A(z_j) - t_j . z_j,      P = grad A(Z)  (probabilities),      residual = P - T.

    g(x, y) = sum_j a_j(x) loss_j + sum(K(x) * W * W)
        grad_y g      = ((P - T) * a) X + 2 K W
        d2_yy g v     = (d2A(Z)[V X'] * a) X + 2 K V
    f(x, y) = sum_j b_j loss_j + tau/2 |x|^2          over the validation samples

A problem (``regularisation``, ``hyper_cleaning``) says what a(x) and K(x) are, and supplies the derivatives in x. One
matrix product with the data serves W and V together. Sums over classes are products with ones and sums over samples go
over the last axis, so that a stack of agents gives the same bits as the agents one by one.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from problems.base import Array, Batch, Directions
from problems.samples import Link, SampledLocal, Samples, Starter, weigh


class Forward(NamedTuple):
    """What the oracles of one point (x, y, v) share."""

    samples: Samples
    weight: Any
    """a(x), () or (..., n)"""
    residual: Array
    """P - T, (..., c, n)"""
    probabilities: Array
    """P"""
    tangent: Array
    """V X', (..., c, n)"""


class LinearLocal(SampledLocal):
    """One agent's f_i and g_i, or those of a stack of agents with equally many samples."""

    def __init__(
        self,
        upper: Samples,
        lower: Samples,
        link: Link,
        dim_x: int,
        upper_ridge: float,
        batches: tuple[int, int],
        starter: Starter,
    ) -> None:
        self._shape = (lower.targets.shape[-2], lower.rows.shape[-1])
        self._tau = upper_ridge
        super().__init__(upper, lower, link, (dim_x, self._shape[0] * self._shape[1]), batches, starter)

    _penalty_operations = 3
    """Operations of one pass over the weights for the penalty, for each weight."""

    # What a problem supplies.

    @abstractmethod
    def _sample_weights(self, x: Array, samples: Samples, batch: Batch | None) -> Any:
        """a(x): a number, or (..., n)."""

    @abstractmethod
    def _ridge(self, x: Array) -> Any:
        """K(x): a number, or an array that broadcasts with W (..., c, d)."""

    @abstractmethod
    def _cross(self, x: Array, weights: Array, direction: Array, forward: Forward, batch: Batch | None) -> Array:
        """d2_xy g v from a forward pass, (..., p); ``direction`` is v as (..., c, d)."""

    @abstractmethod
    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array: ...

    @abstractmethod
    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]: ...

    @abstractmethod
    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array: ...

    @abstractmethod
    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array: ...

    @abstractmethod
    def _x_operations(self, n: int) -> dict[str, float]:
        """Operations of grad_x g, cross and cross_t, alone and (``shared_...``) after a forward pass; of weighing."""

    # The penalty: a ridge, unless a problem adds to it.

    def _penalty_value(self, x: Array, weights: Array) -> Any:
        """sum(K(x) * W * W), (...)"""
        return self._flat(self._ridge(x) * weights * weights).sum(-1)

    def _pull(self, x: Array, weights: Array) -> Array:
        """The penalty's gradient in W, (..., c, d)."""
        return 2 * self._ridge(x) * weights

    def _stiffness(self, x: Array, weights: Array) -> Any:
        """The diagonal of its Hessian in W: a number, or what broadcasts with W."""
        return 2 * self._ridge(x)

    # Shapes.

    def _matrix(self, y: Array) -> Array:
        return y.reshape(*y.shape[:-1], *self._shape)

    def _flat(self, weights: Array) -> Array:
        return weights.reshape(*weights.shape[:-2], self.dim_y)

    # Upper level.

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        samples = self._upper(batch)
        losses = self._link.losses(samples.logits(self._matrix(y)), samples.targets)
        return (samples.weights * losses).sum(-1) + self._tau / 2 * (x * x).sum(-1)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._tau * x

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        samples = self._upper(batch)
        scores = self._link.probabilities(samples.logits(self._matrix(y)))
        scores -= samples.targets
        scores *= samples.weights
        return self._flat(samples.back(scores))

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.upper_grad_x(x, y, batch), self.upper_grad_y(x, y, batch)

    # Lower level.

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        samples, weights = self._lower(batch), self._matrix(y)
        losses = self._link.losses(samples.logits(weights), samples.targets)
        return (self._sample_weights(x, samples, batch) * losses).sum(-1) + self._penalty_value(x, weights)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        samples, weights = self._lower(batch), self._matrix(y)
        scores = self._link.probabilities(samples.logits(weights))
        scores -= samples.targets
        scores = weigh(scores, self._sample_weights(x, samples, batch))
        return self._flat(samples.back(scores) + self._pull(x, weights))

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        weights, direction = self._matrix(y), self._matrix(v)
        forward = self._forward(x, weights, direction, batch)
        return self._flat(forward.samples.back(self._curved(forward)) + self._stiffness(x, weights) * direction)

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        weights, direction = self._matrix(y), self._matrix(v)
        forward = self._forward(x, weights, direction, batch)
        hvp = forward.samples.back(self._curved(forward)) + self._stiffness(x, weights) * direction
        return self._flat(hvp), self._cross(x, weights, direction, forward, batch)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        weights, direction = self._matrix(y), self._matrix(u)
        forward = self._forward(x, weights, direction, batch)
        scores = weigh(forward.residual, forward.weight)
        both = forward.samples.back(np.concatenate((scores, self._curved(forward)), axis=-2))
        outputs = self._shape[0]
        grad_x, grad_y = self.upper_grads(x, y, batch)
        return Directions(
            grad_x - self._cross(x, weights, direction, forward, batch),
            self._flat(both[..., :outputs, :] + self._pull(x, weights)),
            self._flat(both[..., outputs:, :] + self._stiffness(x, weights) * direction) - grad_y,
        )

    def lower_curvature(self, x: Array, y: Array) -> tuple[Callable[[Array], Array], Array]:
        """v -> d2_yy g(x, y) v with the forward pass at (x, y) done once, and the diagonal of d2_yy g; full batch."""
        samples, weights = self._lower_samples, self._matrix(y)
        probabilities = self._link.probabilities(samples.logits(weights))
        weight = self._sample_weights(x, samples, None)
        stiffness = self._stiffness(x, weights) * np.ones(self._shape, self.dtype)

        def product(v: Array) -> Array:
            direction = self._matrix(v)
            curved = self._link.curvature(probabilities, samples.logits(direction))
            return self._flat(samples.back(weigh(curved, weight)) + stiffness * direction)

        spread = weigh(self._link.spread(probabilities), weight)
        diagonal = stiffness.copy()
        for first in range(0, samples.count, 4096):  # in pieces: the squares of a large set are never all alive
            piece = slice(first, first + 4096)
            diagonal += spread[..., piece] @ np.square(samples.rows[..., piece, :])
        return product, self._flat(diagonal)

    def _forward(self, x: Array, weights: Array, direction: Array, batch: Batch | None) -> Forward:
        samples, outputs = self._lower(batch), self._shape[0]
        both = samples.logits(np.concatenate((weights, direction), axis=-2))
        probabilities = self._link.probabilities(both[..., :outputs, :])
        return Forward(
            samples,
            self._sample_weights(x, samples, batch),
            probabilities - samples.targets,
            probabilities,
            both[..., outputs:, :],
        )

    def _curved(self, forward: Forward) -> Array:
        return weigh(self._link.curvature(forward.probabilities, forward.tangent), forward.weight)

    # Costs.

    def _operations(self, m: int, n: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        (c, d), p = self._shape, self.dim_x
        in_x = self._x_operations(n)
        weigh, ridge = in_x["weigh"], self._penalty_operations * c * d
        data, link, curvature = 2 * n * d * c, 6 * n * c, 4 * n * c
        alone: dict[str, float] = {
            "upper_value": 2 * m * d * c + 6 * m * c + 2 * p,
            "upper_grad_x": p,
            "upper_grad_y": 4 * m * d * c + 6 * m * c,
            "lower_value": data + link + weigh + ridge,
            "lower_grad_x": in_x["lower_grad_x"],
            "lower_grad_y": 2 * data + link + weigh + ridge,
            "lower_hvp": 3 * data + link + curvature + weigh + ridge,
            "lower_cross": in_x["lower_cross"],
            "lower_cross_t": in_x["lower_cross_t"],
        }
        fused = {
            "lower_grads": {"lower_grad_x": in_x["shared_grad_x"]},
            "lower_products": {"lower_cross": in_x["shared_cross"]},
            "directions": {
                "lower_hvp": 2 * data + curvature + ridge,
                "lower_cross": in_x["shared_cross"],
            },
        }
        return alone, fused
