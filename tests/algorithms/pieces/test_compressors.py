"""Compressors: what they encode, how far they are off, and what that costs."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from algorithms.pieces import compressors
from algorithms.pieces.compressors import Biased, Compressor, Identity, Natural, Qsgd, RandK, Sign, TopK, Unbiased

EVERY = [Identity(), RandK(), RandK(k=3, seeded=True), TopK(fraction=0.2), Qsgd(), Qsgd(levels=1), Natural(), Sign()]
RIGHT_ON_AVERAGE = [compressor for compressor in EVERY if isinstance(compressor, Unbiased)]
SINGLE = np.dtype(np.float32)


def passed_on(compressor: Compressor, vector: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """C(vector), through its bytes."""
    return compressor.decode(compressor.encode(vector, rng), vector.size, vector.dtype)


HEAVY = np.random.default_rng(1).standard_t(3, 200)
"""The vector behind the published figures: heavy tails (Student, 3 degrees of freedom)."""


def error(compressor: Compressor, repeats: int) -> float:
    """Mean of |C(u) - u|^2 / |u|^2."""
    rng = np.random.default_rng(2)
    rests = [passed_on(compressor, HEAVY, rng) - HEAVY for _ in range(repeats)]
    return float(np.mean([rest @ rest for rest in rests]) / (HEAVY @ HEAVY))


@pytest.mark.parametrize(
    ("compressor", "expected", "tolerance"),
    [
        (Identity(), 0.0, 0.0),
        (RandK(k=20), 9.05, 0.5),
        (RandK(k=20, seeded=True), 9.05, 0.5),
        (RandK(k=2), 99.0, 12.0),
        (Qsgd(levels=4), 1.36, 0.03),
        (Qsgd(levels=1), 7.6, 0.3),
        (Natural(), 0.087, 0.002),
    ],
)
def test_measured_error_of_unbiased_ones(compressor: Unbiased, expected: float, tolerance: float) -> None:
    """The error is the published figure and within omega, which rand-k attains."""
    found = error(compressor, 2000)
    assert found == pytest.approx(expected, abs=tolerance)
    slack = tolerance if isinstance(compressor, RandK) else 0.0
    assert found <= compressor.omega(200) + slack


def test_omega_of_each() -> None:
    """The table at d = 200."""
    assert [RandK(k=k).omega(200) for k in (2, 20, 200, 999)] == pytest.approx([99.0, 9.0, 0.0, 0.0])
    assert [Qsgd(levels=s).omega(200) for s in (1, 4, 200)] == pytest.approx([14.142, 3.5355, 0.005], rel=1e-4)
    assert Natural().omega(200) == 0.125
    assert Identity().omega(200) == 0.0


@pytest.mark.parametrize(("compressor", "kept"), [(TopK(k=20), 0.7624), (Sign(), 0.3699)])
def test_contraction_of_biased_ones(compressor: Biased, kept: float) -> None:
    """They keep far more of this vector than their bound promises."""
    found = 1.0 - error(compressor, 1)
    assert found == pytest.approx(kept, abs=1e-4)
    assert found >= compressor.delta(200)


def test_sign_keeps_what_its_formula_says() -> None:
    """1 - |C(u) - u|^2/|u|^2 = |u|_1^2 / (d |u|^2) for every single vector."""
    u = np.random.default_rng(0).standard_normal(200)
    rest = passed_on(Sign(), u, np.random.default_rng(0)) - u
    assert 1.0 - (rest @ rest) / (u @ u) == pytest.approx(np.abs(u).sum() ** 2 / (200 * (u @ u)), rel=1e-12)


@pytest.mark.parametrize("compressor", RIGHT_ON_AVERAGE, ids=str)
def test_right_on_average(compressor: Unbiased) -> None:
    """The mean of many is the vector, in every entry, within five standard errors."""
    rng, u = np.random.default_rng(2), np.random.default_rng(3).standard_normal(20)
    copies = np.stack([passed_on(compressor, u, rng) for _ in range(4000)])
    allowed = 5.0 * copies.std(axis=0) / 4000**0.5 + 1e-12
    assert (np.abs(copies.mean(axis=0) - u) <= allowed).all()


@pytest.mark.parametrize("compressor", EVERY, ids=str)
@pytest.mark.parametrize("size", [1, 2, 7, 65, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_are_those_of_the_bytes(compressor: Compressor, size: int, dtype: Any) -> None:
    """The payload is as long as its formula says, and what comes out has the vector's length and precision."""
    u = np.random.default_rng(size).standard_normal(size).astype(dtype)
    encoded = compressor.encode(u, np.random.default_rng(0))
    assert encoded.nbits == compressor.nbits(size, dtype)
    assert len(encoded.data) == -(-encoded.nbits // 8)
    found = compressor.decode(encoded, size, dtype)
    assert found.shape == (size,)
    assert found.dtype == dtype


@pytest.mark.parametrize(
    ("compressor", "bits"),
    [
        (Identity(), 43_680),
        (RandK(fraction=0.1), 5_694),
        (RandK(fraction=0.05), 2_805),
        (TopK(fraction=0.1), 5_694),
        (Qsgd(levels=8), 6_921),
        (Natural(), 12_285),
        (Sign(), 1_461),
    ],
)
def test_worked_example_of_the_payload(compressor: Compressor, bits: int) -> None:
    """Softmax regression on the digits (p = 65, q = 650) in single precision: C(Dx), C(Dy), C(Du)."""
    assert compressor.nbits(65, SINGLE) + 2 * compressor.nbits(650, SINGLE) == bits


def test_seed_instead_of_indices() -> None:
    """32 k + 32 bits, and the choices of different messages differ."""
    compressor, rng, u = RandK(k=65, seeded=True), np.random.default_rng(0), np.ones(650, np.float32)
    encoded = [compressor.encode(u, rng) for _ in range(2)]
    assert encoded[0].nbits == 65 * 32 + 32
    first, second = (compressor.decode(each, 650, SINGLE) for each in encoded)
    assert (first > 0).sum() == (second > 0).sum() == 65
    assert (first != second).any()


def test_whole_vectors_pass_exactly() -> None:
    """Identity, rand-d and top-d give back every bit."""
    u = np.random.default_rng(5).standard_normal(33)
    for compressor in (Identity(), RandK(k=33), RandK(fraction=1.0, seeded=True), TopK(k=99)):
        np.testing.assert_array_equal(passed_on(compressor, u, np.random.default_rng(0)), u)


def test_rand_k_by_hand() -> None:
    """Of four entries two stay, doubled."""
    found = passed_on(RandK(k=2), np.array([1.0, 2.0, 3.0, 4.0]), np.random.default_rng(0))
    assert sorted(np.flatnonzero(found)) == sorted(np.flatnonzero(np.isin(found, [2.0, 4.0, 6.0, 8.0])))
    assert (found != 0).sum() == 2


def test_top_k_and_sign_by_hand() -> None:
    """The two largest of four; their mean size with their signs."""
    u, rng = np.array([1.0, -4.0, 3.0, 0.0]), np.random.default_rng(0)
    np.testing.assert_array_equal(passed_on(TopK(k=2), u, rng), [0.0, -4.0, 3.0, 0.0])
    np.testing.assert_array_equal(passed_on(Sign(), u, rng), [2.0, -2.0, 2.0, 2.0])


def test_qsgd_by_hand() -> None:
    """|u| = 5 and five levels: 3 and -4 are levels themselves; with one level each is 0 or 5."""
    u, rng = np.array([3.0, -4.0]), np.random.default_rng(0)
    np.testing.assert_allclose(passed_on(Qsgd(levels=5), u, rng), u, rtol=1e-15)
    found = np.abs(np.stack([passed_on(Qsgd(levels=1), u, rng) for _ in range(2000)]))
    assert set(found.ravel()) == {0.0, 5.0}
    np.testing.assert_allclose((found > 0).mean(axis=0), [0.6, 0.8], atol=0.05)


def test_natural_by_hand() -> None:
    """Powers of two pass; 5 becomes 4 three times in four, else 8; the ends of the range are 2^-126 and 2^127."""
    rng = np.random.default_rng(0)
    powers = np.array([1.0, -0.5, 0.0, 1024.0, 2.0**-126, -(2.0**127)])
    np.testing.assert_array_equal(passed_on(Natural(), powers, rng), powers)
    found = np.array([passed_on(Natural(), np.array([5.0]), rng)[0] for _ in range(2000)])
    assert set(found) == {4.0, 8.0}
    assert (found == 8.0).mean() == pytest.approx(0.25, abs=0.05)
    tiny = np.array([passed_on(Natural(), np.array([2.0**-127]), rng)[0] for _ in range(1000)])
    assert set(tiny) == {0.0, 2.0**-126}
    assert (tiny > 0).mean() == pytest.approx(0.5, abs=0.08)
    np.testing.assert_array_equal(passed_on(Natural(), np.array([1e300, -1e300]), rng), [np.inf, -np.inf])


@pytest.mark.parametrize("compressor", EVERY, ids=str)
def test_zero_is_zero(compressor: Compressor) -> None:
    """The zero vector arrives as it is."""
    assert (passed_on(compressor, np.zeros(13), np.random.default_rng(0)) == 0.0).all()


@pytest.mark.parametrize("compressor", [Identity(), RandK(k=4), TopK(k=1), Qsgd(), Natural(), Sign()], ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_so(compressor: Compressor, bad: float) -> None:
    """A run that diverges is seen to diverge."""
    with np.errstate(all="ignore"):
        found = passed_on(compressor, np.array([1.0, bad, 2.0, 0.0]), np.random.default_rng(0))
    assert not np.isfinite(found).all()


def test_messages_and_workers_draw_apart() -> None:
    """The same generator chooses anew for each message; equal generators choose alike (a shared mask)."""
    u, left, right = np.ones(200), np.random.default_rng(7), np.random.default_rng(7)
    first, second = (passed_on(RandK(), u, left) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(passed_on(RandK(), u, right), first)


def test_settings_that_contradict_one_another_are_refused() -> None:
    """k and fraction, in one sentence."""
    with pytest.raises(ValueError, match=r"k = 3 and fraction = 0\.5 are both given"):
        RandK(k=3, fraction=0.5)


def test_names_lead_to_classes() -> None:
    """Six of them, each with its name as a field and a documented law."""
    assert compressors.names() == ("identity", "natural", "qsgd", "rand_k", "sign", "top_k")
    for name in compressors.names():
        kind = compressors.load(name)
        assert {field.name: field.default for field in dataclasses.fields(kind)}["name"] == name
        assert issubclass(kind, Unbiased) != issubclass(kind, Biased)
