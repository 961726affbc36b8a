"""Rows for each level: disjoint, scaled by the training rows, as many as asked."""

import numpy as np
import pytest

from problems.datasets import load
from problems.errors import ProblemError
from problems.splits import sizes, split

PLAIN = {"pool": "official", "scaling": "none", "drop_constant": False, "intercept": False, "dtype": np.dtype(float)}


def cut(data="digits", counts=(300, 200, 100), seed=0, **change):
    return split(data, counts, seed, **{**PLAIN, **change})


def test_parts_are_disjoint_rows_of_the_set():
    """No digit is in two parts (all 1797 are different), and another seed chooses others."""
    parts = cut(counts=(900, 300, 597))
    rows = {row.tobytes() for part in (parts.train, parts.validation, parts.test) for row in part.features}
    assert len(rows) == 1797
    assert not np.array_equal(cut().train.features, cut(seed=1).train.features)
    assert np.array_equal(cut().train.features, cut().train.features)


def test_scalings_are_the_stated_ones():
    """Means and deviations of the training rows, constant features left at zero."""
    standard = cut(scaling="standard").train.features
    deviation = standard.std(axis=0)
    assert np.allclose(standard.mean(axis=0), 0, atol=1e-12)
    assert np.all(np.isclose(deviation, 1) | (deviation == 0))
    overall = cut(scaling="global").train.features
    assert (overall.mean(), overall.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    assert cut(scaling="range").train.features.max() == 1.0
    assert cut().train.features.max() == 16.0


def test_validation_is_scaled_by_the_training_rows():
    """The same affine map for all parts."""
    raw, scaled = cut(), cut(scaling="standard")
    mean, deviation = raw.train.features.mean(axis=0), raw.train.features.std(axis=0)
    expected = (raw.test.features - mean) / np.where(deviation > 0, deviation, 1.0)
    assert np.allclose(scaled.test.features, expected, rtol=0, atol=1e-12)


def test_features_are_dropped_and_appended():
    """digits has 61 features that vary; the intercept is a last feature 1, after scaling."""
    assert cut(drop_constant=True).train.features.shape == (300, 61)
    both = cut(drop_constant=True, intercept=True, scaling="standard", dtype=np.dtype(np.float32))
    assert both.train.features.shape == (300, 62)
    assert both.train.features.dtype == np.float32
    assert (both.validation.features[:, -1] == 1).all()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (("digits", 0, 0, 0, "official"), (900, 300, 597)),
        (("digits", 1000, 700, 0, "official"), (1000, 700, 97)),
        (("breast_cancer", 284, 285, 0, "official"), (284, 285, 0)),
        (("ijcnn1", 0, 0, 0, "official"), (35_000, 14_990, 91_701)),
        (("ijcnn1", 49_990, 91_701, 0, "merged"), (49_990, 91_701, 0)),
        (("covtype", 0, 0, 0, "official"), (371_847, 92_962, 116_203)),
    ],
)
def test_zero_means_the_usual_number(asked, given):
    """Usual splits, the test set taking what is left at most."""
    assert sizes(*asked) == given


def test_more_rows_than_there_are_is_refused():
    """The sentence says how many there are."""
    with pytest.raises(ProblemError, match=r"train \+ validation is 1500 \+ 300: digits has 1797 rows"):
        sizes("digits", 1500, 0, 0, "official")
    with pytest.raises(ProblemError, match="test is 11000: mnist has 10000 rows left for it"):
        sizes("mnist", 0, 0, 11_000, "official")


@pytest.mark.realdata
def test_merged_pools_mix_both_files():
    """Official test rows come from the test file alone; merged, rows are drawn from both files together."""
    official = cut("ijcnn1", (100, 100, 91_701))
    merged = cut("ijcnn1", (49_990, 91_701, 0), pool="merged")
    assert official.test.labels.size == 91_701
    assert merged.train.labels.size + merged.validation.labels.size == 141_691
    assert merged.test.labels.size == 0


def test_real_targets_are_standardised_by_the_training_rows():
    """Mean 0 and variance 1 for diabetes' training targets; the others by the same map."""
    made, whole = cut("diabetes", (200, 100, 50)), load("diabetes").train
    target = {row.tobytes(): label for row, label in zip(whole.features, whole.labels, strict=True)}
    raw = [np.array([target[row.tobytes()] for row in part.features]) for part in (made.train, made.test)]
    assert made.classes == 0
    assert np.allclose(made.train.labels, (raw[0] - raw[0].mean()) / raw[0].std(), rtol=0, atol=1e-12)
    assert np.allclose(made.test.labels, (raw[1] - raw[0].mean()) / raw[0].std(), rtol=0, atol=1e-12)
