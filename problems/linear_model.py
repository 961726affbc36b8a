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

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from problems.base import FUSED, Array, Batch, Charges, Directions, Generators
from problems.oracles import Oracles

Starter = Callable[[np.random.Generator], tuple[Array, Array]]


class Logistic:
    """Two classes, one output: A(z) = log(1 + exp z)."""

    def log_partition(self, logits: Array) -> Array:
        return np.logaddexp(0, logits)[..., 0, :]

    def probabilities(self, logits: Array) -> Array:
        return expit(logits)

    def curvature(self, probabilities: Array, tangent: Array) -> Array:
        return probabilities * (1 - probabilities) * tangent

    def classify(self, logits: Array) -> Array:
        return (logits[..., 0, :] > 0).astype(np.int64)


class Softmax:
    """One output for each class: A(z) = log sum_k exp z_k."""

    def log_partition(self, logits: Array) -> Array:
        top = logits.max(axis=-2, keepdims=True)
        return (top + np.log(over_classes(np.exp(logits - top))))[..., 0, :]

    def probabilities(self, logits: Array) -> Array:
        raised = np.exp(logits - logits.max(axis=-2, keepdims=True))
        raised /= over_classes(raised)
        return raised

    def curvature(self, probabilities: Array, tangent: Array) -> Array:
        weighted = probabilities * tangent
        weighted -= probabilities * over_classes(weighted)
        return weighted

    def classify(self, logits: Array) -> Array:
        return logits.argmax(axis=-2)


Link = Logistic | Softmax


def over_classes(array: Array) -> Array:
    """Sums over the class axis: (..., c, n) to (..., 1, n)."""
    return np.ones((1, array.shape[-2]), array.dtype) @ array


@dataclass(frozen=True)
class Samples:
    """Samples of one agent, or (with a leading axis) of several agents that hold equally many."""

    rows: Array
    """(n, d) or (agents, n, d)"""
    targets: Array
    """(c, n) or (agents, c, n)"""
    weights: Any
    """What turns a sum over samples into the mean: 1/n, or (n,) where they differ."""

    @property
    def count(self) -> int:
        return self.rows.shape[-2]

    def take(self, indices: Array) -> "Samples":
        """The samples of a mini-batch: indices (b,) or (agents, b)."""
        if self.rows.ndim == 2:
            return Samples(self.rows[indices], np.take(self.targets, indices, axis=-1), 1.0 / indices.size)
        agents = np.arange(len(self.rows))[:, None]
        targets = np.take_along_axis(self.targets, indices[:, None, :], axis=-1)
        return Samples(self.rows[agents, indices], targets, 1.0 / indices.shape[-1])

    def logits(self, weights: Array) -> Array:
        """W X', (c, n)."""
        return weights @ self.rows.swapaxes(-1, -2)

    def back(self, scores: Array) -> Array:
        """scores X, (c, d) for scores (c, n)."""
        return scores @ self.rows


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


class LinearLocal(ABC):
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
        self._upper_samples, self._lower_samples, self._link = upper, lower, link
        self._shape = (lower.targets.shape[-2], lower.rows.shape[-1])
        self._stacked = lower.rows.ndim == 3
        self._tau, self._starter = upper_ridge, starter
        self._batch_upper, self._batch_lower = batches
        self._charged: dict[tuple[str, int, int], Charges] = {}
        self.dim_x = dim_x
        self.dim_y = self._shape[0] * self._shape[1]
        self.dtype: np.dtype[Any] = lower.rows.dtype

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

    # Shapes, samples, starts.

    def _matrix(self, y: Array) -> Array:
        return y.reshape(*y.shape[:-1], *self._shape)

    def _flat(self, weights: Array) -> Array:
        return weights.reshape(*weights.shape[:-2], self.dim_y)

    def _upper(self, batch: Batch | None) -> Samples:
        if batch is None or batch.upper is None:
            return self._upper_samples
        return self._upper_samples.take(batch.upper)

    def _lower(self, batch: Batch | None) -> Samples:
        if batch is None or batch.lower is None:
            return self._lower_samples
        return self._lower_samples.take(batch.lower)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self._starter(rng)
        if not self._stacked:
            return x, y
        agents = len(self._lower_samples.rows)
        return np.tile(x, (agents, 1)), np.tile(y, (agents, 1))

    def draw(self, rng: Generators) -> Batch | None:
        """Uniform indices with replacement: first the upper level's, then the lower level's."""
        if not self._batch_upper and not self._batch_lower:
            return None
        if isinstance(rng, np.random.Generator):
            return Batch(
                _indices(rng, self._upper_samples.count, self._batch_upper),
                _indices(rng, self._lower_samples.count, self._batch_lower),
            )
        drawn = [
            (
                _indices(one, self._upper_samples.count, self._batch_upper),
                _indices(one, self._lower_samples.count, self._batch_lower),
            )
            for one in rng
        ]
        return Batch(*(None if parts[0] is None else np.stack(parts) for parts in zip(*drawn, strict=True)))

    # Upper level.

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        samples = self._upper(batch)
        losses = self._losses(samples, samples.logits(self._matrix(y)))
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
        losses = self._losses(samples, samples.logits(weights))
        penalty = self._flat(self._ridge(x) * weights * weights).sum(-1)
        return (self._sample_weights(x, samples, batch) * losses).sum(-1) + penalty

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        samples, weights = self._lower(batch), self._matrix(y)
        scores = self._link.probabilities(samples.logits(weights))
        scores -= samples.targets
        scores = _weigh(scores, self._sample_weights(x, samples, batch))
        return self._flat(samples.back(scores) + 2 * self._ridge(x) * weights)

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        direction = self._matrix(v)
        forward = self._forward(x, self._matrix(y), direction, batch)
        return self._flat(forward.samples.back(self._curved(forward)) + 2 * self._ridge(x) * direction)

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        weights, direction = self._matrix(y), self._matrix(v)
        forward = self._forward(x, weights, direction, batch)
        hvp = forward.samples.back(self._curved(forward)) + 2 * self._ridge(x) * direction
        return self._flat(hvp), self._cross(x, weights, direction, forward, batch)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        weights, direction = self._matrix(y), self._matrix(u)
        forward = self._forward(x, weights, direction, batch)
        scores = _weigh(forward.residual, forward.weight)
        both = forward.samples.back(np.concatenate((scores, self._curved(forward)), axis=-2))
        ridge = 2 * self._ridge(x)
        outputs = self._shape[0]
        grad_x, grad_y = self.upper_grads(x, y, batch)
        return Directions(
            grad_x - self._cross(x, weights, direction, forward, batch),
            self._flat(both[..., :outputs, :] + ridge * weights),
            self._flat(both[..., outputs:, :] + ridge * direction) - grad_y,
        )

    def lower_curvature(self, x: Array, y: Array) -> tuple[Callable[[Array], Array], Array]:
        """v -> d2_yy g(x, y) v with the forward pass at (x, y) done once, and the diagonal of d2_yy g; full batch."""
        samples = self._lower_samples
        probabilities = self._link.probabilities(samples.logits(self._matrix(y)))
        weight = self._sample_weights(x, samples, None)
        ridge = 2 * self._ridge(x) * np.ones(self._shape, self.dtype)

        def product(v: Array) -> Array:
            direction = self._matrix(v)
            curved = self._link.curvature(probabilities, samples.logits(direction))
            return self._flat(samples.back(_weigh(curved, weight)) + ridge * direction)

        spread = _weigh(probabilities * (1 - probabilities), weight)
        diagonal = ridge.copy()
        for first in range(0, samples.count, 4096):  # in pieces: the squares of a large set are never all alive
            piece = slice(first, first + 4096)
            diagonal += spread[..., piece] @ np.square(samples.rows[..., piece, :])
        return product, self._flat(diagonal)

    def _losses(self, samples: Samples, logits: Array) -> Array:
        return self._link.log_partition(logits) - over_classes(samples.targets * logits)[..., 0, :]

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
        return _weigh(self._link.curvature(forward.probabilities, forward.tangent), forward.weight)

    # Costs.

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        m = self._upper_samples.count if batch is None or batch.upper is None else batch.upper.shape[-1]
        n = self._lower_samples.count if batch is None or batch.lower is None else batch.lower.shape[-1]
        key = (oracle, m, n)
        if key not in self._charged:
            self._charged[key] = self._operations(m, n)[oracle]
        return self._charged[key]

    def _operations(self, m: int, n: int) -> dict[str, Charges]:
        """The table of ``problems.base``."""
        (c, d), p = self._shape, self.dim_x
        in_x = self._x_operations(n)
        weigh, ridge = in_x["weigh"], 3 * c * d
        data, link, curvature = 2 * n * d * c, 6 * n * c, 4 * n * c
        single: dict[str, float] = {
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
        after = {
            "lower_grads": {"lower_grad_x": in_x["shared_grad_x"]},
            "lower_products": {"lower_cross": in_x["shared_cross"]},
            "directions": {
                "lower_hvp": 2 * data + curvature + ridge,
                "lower_cross": in_x["shared_cross"],
            },
        }
        charges: dict[str, Charges] = {name: ((name, operations),) for name, operations in single.items()}
        for name, parts in FUSED.items():
            operations = single | after.get(name, {})
            charges[name] = tuple((part, operations[part]) for part in parts)
        return charges


class LoopedStack(Oracles):
    """A stack of agents that hold unequal numbers of samples: each oracle loops over their Locals."""

    def __init__(self, locals_: Sequence[LinearLocal]) -> None:
        self._locals = list(locals_)
        self.dim_x, self.dim_y, self.dtype = locals_[0].dim_x, locals_[0].dim_y, locals_[0].dtype

    def _call(self, oracle: str, batch: Batch | None, *arrays: Array) -> Any:
        results = [
            getattr(local, oracle)(*(array[row] for array in arrays), batch=_of(batch, row))
            for row, local in enumerate(self._locals)
        ]
        if isinstance(results[0], tuple):
            return tuple(np.stack(parts) for parts in zip(*results, strict=True))
        return np.stack(results)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self._locals[0].start(rng)
        return np.tile(x, (len(self._locals), 1)), np.tile(y, (len(self._locals), 1))

    def draw(self, rng: Generators) -> Batch | None:
        if isinstance(rng, np.random.Generator):
            raise TypeError("a stack of agents draws from one generator an agent")
        batches = [local.draw(one) for local, one in zip(self._locals, rng, strict=True)]
        drawn = [batch for batch in batches if batch is not None]
        if not drawn:
            return None
        upper, lower = tuple(batch.upper for batch in drawn), tuple(batch.lower for batch in drawn)
        return Batch(None if upper[0] is None else upper, None if lower[0] is None else lower)

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        """Pairs (counted oracle, operations as an array with one number an agent)."""
        each = [local.charges(oracle, _of(batch, row)) for row, local in enumerate(self._locals)]
        together: Any = tuple(
            (pairs[0][0], np.array([operations for _, operations in pairs])) for pairs in zip(*each, strict=True)
        )
        return together


def _of(batch: Batch | None, row: int) -> Batch | None:
    if batch is None:
        return None
    return Batch(
        None if batch.upper is None else batch.upper[row],
        None if batch.lower is None else batch.lower[row],
    )


def _indices(rng: np.random.Generator, count: int, size: int) -> Array | None:
    return rng.integers(count, size=size) if size else None


def _weigh(scores: Array, weight: Any) -> Array:
    """scores (..., c, n) times a number or sample weights (..., n)."""
    return scores * (weight[..., None, :] if isinstance(weight, np.ndarray) and weight.ndim else weight)
