"""Samples, links and what the oracles of every problem on samples share, whatever the model.

The samples are rows X (n, d) with targets T (c, n): one-hot for cross-entropy, one row of 0 and 1 for the logistic
loss, real numbers for the squared loss. A model turns rows into outputs Z (c, n); with the link's log-partition
function A,

    loss_j = A(z_j) - t_j . z_j  (squared: + |t_j|^2 / 2),    P = grad A(Z)  (probabilities),    d loss / d Z = P - T.

Sums over classes are products with ones and sums over samples go over the last axis, so that a stack of agents gives
the same bits as the agents one by one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from problems.base import FUSED, Array, Batch, Charges, Generators, Local
from problems.oracles import Oracles

Starter = Callable[[np.random.Generator], tuple[Array, Array]]


class Link(ABC):
    """What makes losses of a model's outputs."""

    @abstractmethod
    def log_partition(self, logits: Array) -> Array:
        """A(z), (..., n)."""

    @abstractmethod
    def probabilities(self, logits: Array) -> Array:
        """grad A, (..., c, n), an array of its own."""

    @abstractmethod
    def curvature(self, probabilities: Array, tangent: Array) -> Array:
        """d2A times a tangent of the outputs, (..., c, n)."""

    def spread(self, probabilities: Array) -> Array:
        """The diagonal of d2A, (..., c, n)."""
        return probabilities * (1 - probabilities)

    def losses(self, logits: Array, targets: Array) -> Array:
        """(..., n)"""
        return self.log_partition(logits) - over_classes(targets * logits)[..., 0, :]


class Classifier(Link):
    """A link whose outputs name a class."""

    @abstractmethod
    def classify(self, logits: Array) -> Array:
        """The most probable class of each sample, (..., n)."""


class Logistic(Classifier):
    """Two classes, one output: A(z) = log(1 + exp z)."""

    def log_partition(self, logits: Array) -> Array:
        return np.logaddexp(0, logits)[..., 0, :]

    def probabilities(self, logits: Array) -> Array:
        return expit(logits)

    def curvature(self, probabilities: Array, tangent: Array) -> Array:
        return probabilities * (1 - probabilities) * tangent

    def classify(self, logits: Array) -> Array:
        return (logits[..., 0, :] > 0).astype(np.int64)


class Softmax(Classifier):
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


class Squared(Link):
    """Real outputs: A(z) = |z|^2 / 2, losses |z - t|^2 / 2."""

    def log_partition(self, logits: Array) -> Array:
        return over_classes(logits * logits)[..., 0, :] / 2

    def probabilities(self, logits: Array) -> Array:
        return logits.copy()

    def curvature(self, probabilities: Array, tangent: Array) -> Array:
        return tangent

    def spread(self, probabilities: Array) -> Array:
        return np.ones_like(probabilities)

    def losses(self, logits: Array, targets: Array) -> Array:
        return self.log_partition(logits - targets)


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

    @property
    def stacked(self) -> bool:
        """Whether they are several agents'."""
        return self.rows.ndim == 3

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


class SampledLocal(ABC):
    """One agent's samples, or those of a stack of agents with equally many: starts, mini-batches, charges."""

    def __init__(
        self,
        upper: Samples,
        lower: Samples,
        link: Link,
        dims: tuple[int, int],
        batches: tuple[int, int],
        starter: Starter,
    ) -> None:
        """``dims`` are the lengths of x and y, ``batches`` the samples of a mini-batch (upper, lower; 0 = all)."""
        self._upper_samples, self._lower_samples, self._link = upper, lower, link
        self._stacked = lower.stacked
        self._starter = starter
        self._batch_upper, self._batch_lower = batches
        self._charged: dict[tuple[str, int, int], Charges] = {}
        self.dim_x, self.dim_y = dims
        self.dtype: np.dtype[Any] = lower.rows.dtype

    @abstractmethod
    def _operations(self, m: int, n: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """What each oracle costs alone; and inside fused calls, where that differs. The tables of ``problems.base``."""

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

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        m = self._upper_samples.count if batch is None or batch.upper is None else batch.upper.shape[-1]
        n = self._lower_samples.count if batch is None or batch.lower is None else batch.lower.shape[-1]
        key = (oracle, m, n)
        if key not in self._charged:
            alone, fused = self._operations(m, n)
            self._charged[key] = _charges(oracle, alone, fused.get(oracle, {}))
        return self._charged[key]


def _charges(oracle: str, alone: Mapping[str, float], fused: Mapping[str, float]) -> Charges:
    parts = FUSED.get(oracle, (oracle,))
    return tuple((part, fused.get(part, alone[part])) for part in parts)


class LoopedStack(Oracles):
    """A stack of agents that hold unequal numbers of samples: each oracle loops over their Locals."""

    def __init__(self, locals_: Sequence[Local]) -> None:
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


def weigh(scores: Array, weight: Any) -> Array:
    """scores (..., c, n) times a number or sample weights (..., n)."""
    return scores * (weight[..., None, :] if isinstance(weight, np.ndarray) and weight.ndim else weight)
