"""What problems on data sets share: their common settings, who holds which samples, and their metrics."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge
from typing_extensions import Doc

from problems import metrics
from problems.base import Array, Local, Metric
from problems.datasets import SETS, Rows
from problems.errors import ProblemError
from problems.partition import Partition
from problems.samples import Classifier, Link, Logistic, LoopedStack, Samples, Softmax, Squared
from problems.solved import Solved
from problems.splits import Split, sizes, split


@dataclass(frozen=True, kw_only=True)
class SampledSettings:
    """Settings of every problem on a data set."""

    train: Annotated[int, Ge(0), Doc("lower-level samples over all agents, 0 = the data set's usual number")] = 0
    validation: Annotated[int, Ge(0), Doc("upper-level samples over all agents, 0 = the usual number")] = 0
    test: Annotated[int, Ge(0), Doc("test samples, for accuracies only, 0 = the usual number as far as left")] = 0
    pool: Annotated[
        Literal["official", "merged"],
        Doc("official: train and validation come from the training file, test from the test file; merged: from both"),
    ] = "official"
    scaling: Annotated[
        Literal["none", "range", "global", "standard"],
        Doc(
            "of features, by the training rows: none; range: divided by the largest; global: mean 0 and variance 1 "
            "over all features together; standard: for each feature"
        ),
    ] = "standard"
    drop_constant: Annotated[bool, Doc("leave out features that are constant over the data set")] = False
    intercept: Annotated[bool, Doc("append a constant feature 1")] = False
    partition: Annotated[Partition, Doc("who holds which samples")] = Partition()
    batch_upper: Annotated[int, Ge(0), Doc("upper-level samples of a mini-batch, 0 = all")] = 0
    batch_lower: Annotated[int, Ge(0), Doc("lower-level samples of a mini-batch, 0 = all")] = 0
    start_lower_sd: Annotated[float, Ge(0), Doc("standard deviation of the entries of y at the start, 0 = zeros")] = 0.0
    dtype: Annotated[Literal["float64", "float32"], Doc("precision of all arrays")] = "float64"


def split_of(data: str, settings: SampledSettings, seed: int) -> Split:
    """Rows as the settings ask; raises ProblemError, DataMissing when the data set is not there."""
    return split(
        data,
        sizes(data, settings.train, settings.validation, settings.test, settings.pool),
        seed,
        pool=settings.pool,
        scaling=settings.scaling,
        drop_constant=settings.drop_constant,
        intercept=settings.intercept,
        dtype=np.dtype(settings.dtype),
    )


def data_bytes(data: str, settings: SampledSettings, classes: int) -> tuple[int, int]:
    """Bytes of the samples as a problem keeps them, and the length of y."""
    counts = sizes(data, settings.train, settings.validation, settings.test, settings.pool)
    width, number = SETS[data].features + settings.intercept, np.dtype(settings.dtype).itemsize
    raw = (SETS[data].train + SETS[data].test) * SETS[data].features * (2 if data == "covtype" else 1)
    raw *= {"ijcnn1": 4, "digits": 8, "breast_cancer": 8, "diabetes": 8}.get(data, 1)
    return raw + sum(counts) * (width + classes + 1) * number * 2, width * classes


@dataclass(frozen=True)
class Held:
    """The samples of one level: all rows in the order of the agents that hold them."""

    rows: Array
    """(total, d)"""
    targets: tuple[Array, ...]
    """One (c, n_i) an agent."""
    bounds: tuple[int, ...]
    """Agent i holds the rows bounds[i] to bounds[i + 1]."""

    def count(self, agent: int) -> int:
        return self.bounds[agent + 1] - self.bounds[agent]

    def of(self, agent: int) -> Samples:
        """One agent's samples, a view."""
        rows = self.rows[self.bounds[agent] : self.bounds[agent + 1]]
        return Samples(rows, self.targets[agent], 1.0 / self.count(agent))

    def together(self, ids: Sequence[int]) -> Samples:
        """The samples of several agents that hold equally many; a view where the agents are neighbours in order."""
        count = self.count(ids[0])
        if list(ids) == list(range(ids[0], ids[0] + len(ids))):
            first = self.bounds[ids[0]]
            rows = self.rows[first : first + len(ids) * count].reshape(len(ids), count, -1)
        else:
            rows = np.stack([self.of(agent).rows for agent in ids])
        return Samples(rows, np.stack([self.targets[agent] for agent in ids]), 1.0 / count)

    def averaged(self) -> Samples:
        """All samples, weighted such that their sum is the mean over agents of the agents' means."""
        counts = np.diff(self.bounds)
        weights = np.repeat(1.0 / (counts * counts.size), counts).astype(self.rows.dtype)
        return Samples(self.rows, np.concatenate(self.targets, axis=-1), weights)


def link_of(model: str, classes: int, data: str) -> Link:
    """The link function of ``auto``, ``logistic`` or ``softmax``; for real targets the squared loss alone."""
    if classes == 0:
        if model != "auto":
            raise ProblemError(f"model is {model}, which needs classes: {data} has real targets")
        return Squared()
    if model == "logistic" and classes != 2:
        raise ProblemError(f"model is logistic, which needs two classes: {data} has {classes}")
    return Logistic() if classes == 2 and model != "softmax" else Softmax()


def hold(rows: Rows, parts: Sequence[Array], link: Link, classes: int) -> Held:
    """Rows dealt out to the agents by index."""
    order = np.concatenate(parts)
    bounds = (0, *np.cumsum([part.size for part in parts]).tolist())
    features = np.ascontiguousarray(rows.features[order])
    targets = tuple(_targets(rows.labels[part], link, classes, features.dtype) for part in parts)
    return Held(features, targets, bounds)


def _targets(labels: Array, link: Link, classes: int, dtype: np.dtype[Any]) -> Array:
    if isinstance(link, Logistic | Squared):
        return labels[None, :].astype(dtype)
    return np.ascontiguousarray((labels[None, :] == np.arange(classes)[:, None]).astype(dtype))


class SampledProblem(Solved):
    """A problem whose agents hold samples of a data set."""

    def __init__(self, settings: SampledSettings, split: Split, link: Link, upper: Held, lower: Held) -> None:
        self._settings, self._split, self._link = settings, split, link
        self._held_upper, self._held_lower = upper, lower
        self.agents = len(lower.targets)
        self.dtype = lower.rows.dtype
        self.dim_y = lower.targets[0].shape[0] * lower.rows.shape[1]
        self._batches = settings.batch_upper, settings.batch_lower
        for level, batch, held in (("upper", settings.batch_upper, upper), ("lower", settings.batch_lower, lower)):
            if batch > len(held.rows):
                raise ProblemError(f"batch_{level} is {batch}: there are {len(held.rows)} samples; 0 takes them all")

    @abstractmethod
    def _objectives(self, upper: Samples, lower: Samples, agents: Sequence[int]) -> Local:
        """Oracles on given samples, which belong to these agents (all of them: the averaged problem)."""

    @property
    @abstractmethod
    def _own_metrics(self) -> Mapping[str, metrics.Entry]: ...

    def _start_lower(self, rng: np.random.Generator) -> Array:
        return (self._settings.start_lower_sd * rng.standard_normal(self.dim_y)).astype(self.dtype)

    def local(self, agent: int) -> Local:
        return self._objectives(self._held_upper.of(agent), self._held_lower.of(agent), [agent])

    def stack(self, ids: Sequence[int]) -> Local:
        for held in (self._held_upper, self._held_lower):
            if len({held.count(agent) for agent in ids}) > 1:
                return LoopedStack([self.local(agent) for agent in ids])
        return self._objectives(self._held_upper.together(ids), self._held_lower.together(ids), ids)

    def average(self) -> Local:
        return self._average

    @cached_property
    def _average(self) -> Local:
        return self._objectives(self._held_upper.averaged(), self._held_lower.averaged(), range(self.agents))

    @cached_property
    def _entries(self) -> Mapping[str, metrics.Entry]:
        tested = {} if self._split.test.labels.size == 0 else self._test_metrics
        return {**metrics.COMMON, **tested, **self._own_metrics}

    @property
    def _test_metrics(self) -> dict[str, metrics.Entry]:
        if self._split.classes == 0:
            return {
                "test_error": (
                    Metric("mean squared error of y on the test samples, in variances of the training targets"),
                    lambda at: float(np.square(self._test_outputs(at.x, at.y) - self._split.test.labels).mean()),
                ),
                "test_error_resolved": (
                    Metric("mean squared error of y*(x) on the test samples, in variances of the training targets"),
                    lambda at: float(np.square(self._test_outputs(at.x, at.y_star) - self._split.test.labels).mean()),
                ),
            }
        found: dict[str, metrics.Entry] = {
            "accuracy": (
                Metric("share of test samples classified rightly by y", better="higher"),
                lambda at: float((self._predicted(at.x, at.y) == self._split.test.labels).mean()),
            ),
            "accuracy_resolved": (
                Metric("share of test samples classified rightly by y*(x)", better="higher"),
                lambda at: float((self._predicted(at.x, at.y_star) == self._split.test.labels).mean()),
            ),
        }
        if self._split.classes == 2:
            found["f1"] = (
                Metric("F1 score of the positive class on the test samples", better="higher"),
                lambda at: _f1(self._predicted(at.x, at.y), self._split.test.labels),
            )
        return found

    def _predicted(self, x: Array, y: Array) -> Array:
        """The class of each test sample."""
        assert isinstance(self._link, Classifier)
        return self._link.classify(self._test_outputs(x, y))

    def _test_outputs(self, x: Array, y: Array) -> Array:
        """The model's outputs (c, n) on the test samples; linear with weights y unless a problem says otherwise."""
        weights = y.reshape(-1, self._split.test.features.shape[-1])
        return weights @ self._split.test.features.T


def _f1(predicted: Array, labels: Array) -> float:
    """2 TP / (2 TP + FP + FN)."""
    hits = float((predicted * labels).sum())
    return 2 * hits / max(1.0, float(predicted.sum() + labels.sum()))
