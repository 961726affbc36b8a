"""Train, validation and test rows of a data set, scaled and ready for a linear model."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from problems.base import Array
from problems.datasets import SETS, DataSet, Rows, load
from problems.errors import ProblemError
from problems.streams import stream


@dataclass(frozen=True)
class Split:
    """Disjoint rows of one data set, features in the problem's number type."""

    classes: int
    """0 where the labels are real numbers."""
    train: Rows
    """The lower level's rows."""
    validation: Rows
    """The upper level's rows."""
    test: Rows
    """For accuracies only; may be empty."""


def sizes(data: str, train: int, validation: int, test: int, pool: str) -> tuple[int, int, int]:
    """Numbers of train, validation and test rows, 0 meaning the usual one (of the test: as far as rows are left).

    Raises ProblemError when the data set has not so many rows.
    """
    facts = SETS[data]
    usual = facts.split
    separate = facts.test > 0 and pool == "official"
    rows = facts.train if separate else facts.train + facts.test
    train, validation = train or usual[0], validation or usual[1]
    if train + validation > rows:
        raise ProblemError(
            f"train + validation is {train} + {validation}: {data} has {rows} rows{' for them' if separate else ''}"
        )
    left = facts.test if separate else rows - train - validation
    if test > left:
        raise ProblemError(f"test is {test}: {data} has {left} rows left for it")
    return train, validation, test or min(usual[2], left)


def split(
    data: str,
    counts: tuple[int, int, int],
    seed: int,
    *,
    pool: str,
    scaling: str,
    drop_constant: bool,
    intercept: bool,
    dtype: np.dtype[Any],
) -> Split:
    """Rows drawn without replacement by the seed; ``counts`` as from ``sizes``.

    Scaling (from the training rows alone): ``none``; ``range`` divides by the largest absolute value; ``global`` makes
    mean 0 and variance 1 over all features together; ``standard`` does so for each feature (constant ones become 0).
    Real targets are always brought to mean 0 and variance 1.
    ``drop_constant`` removes features that are constant over the whole pool, ``intercept`` appends a feature 1.
    """
    found = load(data)
    rows, test_rows = _pools(found, pool)
    order = stream(seed, "split").permutation(rows.labels.size)
    train, validation, test = counts
    chosen = [order[:train], order[train : train + validation]]
    parts = [Rows(rows.features[part], rows.labels[part]) for part in chosen]
    if test_rows is None:
        last = order[train + validation : train + validation + test]
        parts.append(Rows(rows.features[last], rows.labels[last]))
    else:
        last = stream(seed, "split test").permutation(test_rows.labels.size)[:test]
        parts.append(Rows(test_rows.features[last], test_rows.labels[last]))
    if drop_constant:
        varying = rows.features.max(axis=0) > rows.features.min(axis=0)
        parts = [Rows(part.features[:, varying], part.labels) for part in parts]
    if found.classes == 0:
        mean, deviation = parts[0].labels.mean(), parts[0].labels.std()
        parts = [Rows(part.features, (part.labels - mean) / deviation) for part in parts]
    shift, scale = _scaling(parts[0].features, scaling)
    return Split(
        found.classes, *(Rows(_scaled(part.features, shift, scale, intercept, dtype), part.labels) for part in parts)
    )


def _pools(found: DataSet, pool: str) -> tuple[Rows, Rows | None]:
    """The rows for train and validation, and those for the test where they are apart."""
    if found.test is None or pool == "official":
        return found.train, found.test
    features = np.concatenate([found.train.features, found.test.features])
    return Rows(features, np.concatenate([found.train.labels, found.test.labels])), None


def _scaling(features: Array, scaling: str) -> tuple[Any, Any]:
    if scaling == "none":
        return 0.0, 1.0
    if scaling == "range":
        return 0.0, float(np.abs(features).max())
    if scaling == "global":
        return features.mean(dtype=float), features.std(dtype=float)
    deviation = features.std(axis=0, dtype=float)
    return features.mean(axis=0, dtype=float), np.where(deviation > 0, deviation, 1.0)


def _scaled(features: Array, shift: Any, scale: Any, intercept: bool, dtype: np.dtype[Any]) -> Array:
    count, width = features.shape
    out = np.ones((count, width + intercept), dtype)
    for first in range(0, count, 8192):  # in pieces, so that no second float64 copy of a large set is ever alive
        piece = slice(first, first + 8192)
        out[piece, :width] = (features[piece] - shift) / scale
    return out
