"""Multi-step compression."""

import numpy as np
import pytest

from algorithms.pieces.compressors import AnyCompressor, Identity, Natural, Qsgd, RandK, TopK
from algorithms.pieces.multi_step import MultiStep

DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def measured(steps: int, repeats: int) -> float:
    """Mean of |MSC(u) - u|^2 / |u|^2 with rand-20 on length 200."""
    scheme, rng = MultiStep(RandK(k=20), steps, 200, DOUBLE), np.random.default_rng(steps)
    found = []
    for _ in range(repeats):
        u = rng.standard_normal(200)
        rest = scheme.decode(scheme.encode(u, rng)) - u
        found.append((rest @ rest) / (u @ u))
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("steps", "omega", "repeats"), [(2, 4.26, 800), (5, 1.442, 600), (10, 0.535, 400), (44, 0.0098, 200)]
)
def test_error_is_that_of_the_formula(steps: int, omega: float, repeats: int) -> None:
    """omega_R = q^R / (1 - q^R), to the last digit for rand-k and met by measurement."""
    assert MultiStep(RandK(k=20), steps, 200, DOUBLE).omega == pytest.approx(omega, rel=0.01)
    assert measured(steps, repeats) == pytest.approx(omega, rel=0.12)


@pytest.mark.parametrize("compressor", [RandK(k=2), Qsgd(levels=2), Natural()], ids=str)
def test_right_on_average(compressor: AnyCompressor) -> None:
    """The mean of many is the vector within five standard errors."""
    scheme, rng = MultiStep(compressor, 3, 10, DOUBLE), np.random.default_rng(0)
    u = np.random.default_rng(1).standard_normal(10)
    copies = np.stack([scheme.decode(scheme.encode(u, rng)) for _ in range(3000)])
    assert (np.abs(copies.mean(axis=0) - u) <= 5.0 * copies.std(axis=0) / 3000**0.5 + 1e-12).all()


def test_two_steps_by_hand() -> None:
    """rand-1 of 2, omega = 1: v_1 is u on one entry; v_2 / (1 - 1/4) is u or 0 in each, scaled by 4/3."""
    scheme, u = MultiStep(RandK(k=1), 2, 2, DOUBLE), np.array([3.0, -6.0])
    rng = np.random.default_rng(0)
    found = {tuple(scheme.decode(scheme.encode(u, rng))) for _ in range(60)}
    assert found == {(4.0, -8.0), (4.0, 0.0), (0.0, -8.0)}


def test_one_step_is_the_compressor() -> None:
    """With equal draws, to round-off; identity and a biased one to the last bit."""
    u = np.random.default_rng(1).standard_normal(50)
    for compressor, tolerance in ((RandK(), 1e-15), (Qsgd(), 1e-15), (Identity(), 0.0), (TopK(), 0.0)):
        scheme = MultiStep(compressor, 1, 50, DOUBLE)
        plain = compressor.decode(compressor.encode(u, np.random.default_rng(4)), 50, DOUBLE)
        found = scheme.decode(scheme.encode(u, np.random.default_rng(4)))
        np.testing.assert_allclose(found, plain, rtol=tolerance)


def test_length_is_that_of_all_payloads() -> None:
    """The digits at rand-10 % and R = 3: 17,082 bits in single precision."""
    schemes = [MultiStep(RandK(fraction=0.1), 3, size, DOUBLE, SINGLE) for size in (65, 650, 650)]
    rng = np.random.default_rng(0)
    sent = [payload for scheme in schemes for payload in scheme.encode(np.ones(scheme.size), rng)]
    assert len(sent) == 9
    assert sum(payload.nbits for payload in sent) == sum(scheme.nbits() for scheme in schemes) == 17_082


def test_numbers_travel_in_the_networks_precision() -> None:
    """Rounded to single precision and handed over in double; never made longer than they are."""
    u = np.array([0.1, 0.2])
    scheme = MultiStep(Identity(), 1, 2, DOUBLE, SINGLE)
    found = scheme.decode(scheme.encode(u, np.random.default_rng(0)))
    assert found.dtype == DOUBLE
    np.testing.assert_array_equal(found, u.astype(SINGLE).astype(DOUBLE))
    assert scheme.nbits() == 64
    assert MultiStep(Identity(), 1, 2, SINGLE, DOUBLE).nbits() == 64
