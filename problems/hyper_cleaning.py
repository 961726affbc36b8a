"""Data hyper-cleaning: each training sample has a weight, to be learnt, and some labels are wrong.

    f_i(x, y) = mean over agent i's clean validation samples of CE(y) + (upper_ridge/2) |x|^2
    g_i(x, y) = mean over agent i's training samples j of sigmoid(x_j) CE_j(y) + ridge |y|^2

CE is the cross-entropy of softmax regression with weights W (c, d), flattened row by row into y. The upper variable is
the whole vector of all agents' training samples, agent by agent; agent i's objectives touch its own block alone, yet
the whole vector travels, as in the literature.

Corruption is drawn for each agent on its own: ``shift`` takes exactly floor(fraction n_i) labels and shifts each by a
uniform 1 .. c-1 (ADBO: Y. Jiao et al., ICLR 2023); ``uniform`` replaces each label with probability ``fraction`` by a
uniform one, which may be the true one (benchmark_bilevel: M. Dagreou et al., NeurIPS 2022).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from scipy.special import expit
from scipy.stats import rankdata
from typing_extensions import Doc

from problems import metrics
from problems.base import Array, Batch, Local, Metric
from problems.datasets import SETS, Rows
from problems.linear_model import Forward, LinearLocal
from problems.partition import split as deal
from problems.sampled import Held, SampledProblem, SampledSettings, data_bytes, hold, split_of
from problems.samples import Classifier, Link, Samples, Softmax, Starter, over_classes
from problems.splits import Split, sizes
from problems.streams import stream


@dataclass(frozen=True, kw_only=True)
class Settings(SampledSettings):
    """Which data and how much of it is wrong."""

    data: Annotated[Literal["digits", "mnist", "fashion_mnist"], Doc("data set")] = "digits"
    corruption: Annotated[float, Ge(0), Le(1), Doc("fraction of the training labels that is corrupted")] = 0.3
    corruption_kind: Annotated[Literal["shift", "uniform"], Doc("how, see above")] = "shift"
    ridge: Annotated[float, Gt(0), Doc("coefficient C of C |y|^2 in the lower objective")] = 1e-3
    upper_ridge: Annotated[float, Ge(0), Doc("coefficient tau of (tau/2)|x|^2 in the upper objective")] = 0.0
    start_value: Annotated[float, Doc("x at the start, for every sample; 0 is the weight 1/2")] = 0.0


def build(settings: Settings, agents: int, seed: int) -> "HyperCleaning":
    """The problem of the settings; raises ProblemError, DataMissing when the data set is not there."""
    return HyperCleaning(settings, *corrupt_and_deal(settings, agents, seed))


def corrupt_and_deal(settings: Settings, agents: int, seed: int) -> tuple[Split, Classifier, Held, Held, Array]:
    """Rows, link, upper and lower samples by agent, and which of the lower ones (in that order) are corrupted."""
    rows = split_of(settings.data, settings, seed)
    parts = [
        deal(part.labels, agents, settings.partition, stream(seed, "partition"))
        for part in (rows.validation, rows.train)
    ]
    labels = rows.train.labels.copy()
    for agent, own in enumerate(parts[1]):
        labels[own] = _corrupted(labels[own], rows.classes, settings, stream(seed, f"corruption {agent}"))
    link = Softmax()
    upper = hold(rows.validation, parts[0], link, rows.classes)
    lower = hold(Rows(rows.train.features, labels), parts[1], link, rows.classes)
    order = np.concatenate(parts[1])
    return rows, link, upper, lower, labels[order] != rows.train.labels[order]


def memory_bytes(settings: Settings, agents: int) -> int:
    """Estimate of the bytes that ``build`` and the agents' iterates need, from the settings alone."""
    samples, weights = data_bytes(settings.data, settings, SETS[settings.data].classes)
    train, _, _ = sizes(settings.data, settings.train, settings.validation, settings.test, settings.pool)
    return samples + 3 * agents * (train + weights) * np.dtype(settings.dtype).itemsize


def _corrupted(labels: Array, classes: int, settings: Settings, rng: np.random.Generator) -> Array:
    wrong = labels.copy()
    if settings.corruption_kind == "shift":
        chosen = rng.permutation(labels.size)[: int(settings.corruption * labels.size)]
        wrong[chosen] = (wrong[chosen] + rng.integers(1, classes, size=chosen.size)) % classes
    else:
        chosen = np.flatnonzero(rng.random(labels.size) < settings.corruption)
        wrong[chosen] = rng.integers(classes, size=chosen.size)
    return wrong


class SampleWeights:
    """The weights sigmoid(x_j) of an agent's training samples (a stack's, all agents'): where in x they stand."""

    def __init__(self, positions: Array, dim_x: int) -> None:
        """``positions`` (n,) or (agents, n); those of one agent follow one another."""
        self._positions, self._dim_x = positions, dim_x
        self._block = slice(int(positions[0]), int(positions[-1]) + 1) if positions.ndim == 1 else None

    def own(self, x: Array, batch: Batch | None) -> Array:
        """The entries of x that belong to the samples (of the batch), (..., n)."""
        if batch is not None and batch.lower is not None:
            return np.take_along_axis(x, self._where(batch), axis=-1)
        return x[self._block] if self._block is not None else np.take_along_axis(x, self._positions, axis=-1)

    def _where(self, batch: Batch) -> Array:
        return np.take_along_axis(self._positions, batch.lower, axis=-1)

    def whole(self, own: Array, batch: Batch | None) -> Array:
        """A vector (..., p) that is zero but at the samples' places, (..., n); samples drawn twice add up."""
        out = np.zeros((*own.shape[:-1], self._dim_x), own.dtype)
        if batch is not None and batch.lower is not None:
            where = self._where(batch)
            if own.ndim == 1:
                np.add.at(out, where, own)
            else:
                np.add.at(out, (np.arange(len(out))[:, None], where), own)
        elif self._block is not None:
            out[self._block] = own
        else:
            np.put_along_axis(out, self._positions, own, axis=-1)
        return out

    def values(self, x: Array, samples: Samples, batch: Batch | None) -> Array:
        """sigmoid(x_j) times what turns sums into means, (..., n)."""
        return expit(self.own(x, batch)) * samples.weights

    def slopes(self, x: Array, samples: Samples, batch: Batch | None) -> Array:
        """Derivatives of ``values``, (..., n)."""
        sigmoid = expit(self.own(x, batch))
        return sigmoid * (1 - sigmoid) * samples.weights


class CleaningLocal(LinearLocal):
    """One agent's objectives, a stack's, or (with all samples as one agent's) those of the averaged problem."""

    def __init__(
        self,
        upper: Samples,
        lower: Samples,
        link: Link,
        dim_x: int,
        settings: Settings,
        starter: Starter,
        positions: Array,
    ) -> None:
        """``positions`` (n,) or (agents, n): where in x the samples' weights stand."""
        batches = settings.batch_upper, settings.batch_lower
        super().__init__(upper, lower, link, dim_x, settings.upper_ridge, batches, starter)
        self._c = settings.ridge
        self._weighing = SampleWeights(positions, dim_x)

    def _sample_weights(self, x: Array, samples: Samples, batch: Batch | None) -> Array:
        return self._weighing.values(x, samples, batch)

    def _ridge(self, x: Array) -> float:
        return self._c

    def _cross(self, x: Array, weights: Array, direction: Array, forward: Forward, batch: Batch | None) -> Array:
        each = over_classes(forward.residual * forward.tangent)[..., 0, :]
        return self._weighing.whole(self._weighing.slopes(x, forward.samples, batch) * each, batch)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        samples = self._lower(batch)
        losses = self._link.losses(samples.logits(self._matrix(y)), samples.targets)
        return self._weighing.whole(self._weighing.slopes(x, samples, batch) * losses, batch)

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        samples, weights = self._lower(batch), self._matrix(y)
        logits = samples.logits(weights)
        losses = self._link.losses(logits, samples.targets)
        scores = self._link.probabilities(logits) - samples.targets
        scores = scores * self._sample_weights(x, samples, batch)[..., None, :]
        grad_x = self._weighing.whole(self._weighing.slopes(x, samples, batch) * losses, batch)
        return grad_x, self._flat(samples.back(scores) + 2 * self._c * weights)

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        weights, direction = self._matrix(y), self._matrix(v)
        return self._cross(x, weights, direction, self._forward(x, weights, direction, batch), batch)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        samples = self._lower(batch)
        scores = self._link.probabilities(samples.logits(self._matrix(y))) - samples.targets
        slopes = self._weighing.slopes(x, samples, batch) * self._weighing.own(w, batch)
        return self._flat(samples.back(scores * slopes[..., None, :]))

    def _x_operations(self, n: int) -> dict[str, float]:
        (c, d), p = self._shape, self.dim_x
        data, link, weigh, product = 2 * n * d * c, 6 * n * c, 5 * n, 2 * n * c
        return {
            "weigh": weigh,
            "lower_grad_x": data + link + weigh + p,
            "lower_cross": 2 * data + link + product + weigh + p,
            "lower_cross_t": 2 * data + link + product + weigh,
            "shared_grad_x": weigh + p,
            "shared_cross": product + weigh + p,
        }


class HyperCleaning(SampledProblem):
    """The problem over all agents."""

    def __init__(
        self, settings: Settings, rows: Split, link: Classifier, upper: Held, lower: Held, corrupted: Array
    ) -> None:
        """``corrupted`` (p,): whether a training sample's label is not the true one, in the order of x."""
        super().__init__(settings, rows, link, upper, lower)
        self._cleaned = settings
        self.corrupted = corrupted

    @property
    def dim_x(self) -> int:
        return len(self._held_lower.rows)

    def block(self, agent: int) -> slice:
        """Where in x the agent's samples stand."""
        return slice(*self._held_lower.bounds[agent : agent + 2])

    def _objectives(self, upper: Samples, lower: Samples, agents: Sequence[int]) -> Local:
        return CleaningLocal(
            upper, lower, self._link, self.dim_x, self._cleaned, self.start, self._positions(lower, agents)
        )

    def _positions(self, lower: Samples, agents: Sequence[int]) -> Array:
        """Where in x the weights of these agents' samples stand, (n,) or (agents, n)."""
        if lower.rows.ndim == 3:
            return np.stack([np.arange(self.dim_x)[self.block(agent)] for agent in agents])
        first = self._held_lower.bounds[agents[0]]
        return np.arange(first, first + lower.count)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """x = start_value everywhere, y normal with ``start_lower_sd``."""
        return np.full(self.dim_x, self._cleaned.start_value, self.dtype), self._start_lower(rng)

    @property
    def _own_metrics(self) -> Mapping[str, metrics.Entry]:
        wrong = self.corrupted
        found: dict[str, metrics.Entry] = {}
        if not wrong.all():
            found["weight_clean"] = (
                Metric("mean weight sigmoid(x_j) of the training samples with the true label", better="higher"),
                lambda at: float(expit(at.x[~wrong]).mean()),
            )
        if wrong.any():
            found["weight_corrupted"] = (
                Metric("mean weight sigmoid(x_j) of the training samples with a wrong label"),
                lambda at: float(expit(at.x[wrong]).mean()),
            )
        if wrong.any() and not wrong.all():
            found["auc"] = (
                Metric(
                    "probability that a clean sample's weight exceeds a corrupted one's, ties one half", better="higher"
                ),
                lambda at: area_under_curve(at.x, ~wrong),
            )
        return found


def area_under_curve(scores: Array, positive: Any) -> float:
    """Area under the ROC curve: P(score of a positive > score of a negative) + P(equal)/2.

    >>> area_under_curve(np.array([3.0, 2.0, 1.0]), np.array([True, False, False]))
    1.0
    """
    good, bad = int(positive.sum()), int((~positive).sum())
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - good * (good + 1) / 2) / (good * bad))
