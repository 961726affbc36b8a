"""Dither: right on average, within its bound, and as long as it says."""

import numpy as np
import pytest
from my_bilevel_methods.dither import Dither


def sent(compressor: Dither, vector: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """C(u), through its bytes."""
    return compressor.decode(compressor.encode(vector, rng), vector.size, vector.dtype)


@pytest.mark.parametrize("bits", [1, 4, 7])
def test_right_on_average_and_within_omega(bits: int) -> None:
    """The mean of many is the vector within five standard errors, their square error within omega |u|^2."""
    rng, compressor, u = np.random.default_rng(0), Dither(bits=bits), np.random.default_rng(1).standard_normal(30)
    copies = np.stack([sent(compressor, u, rng) for _ in range(3000)])
    assert (np.abs(copies.mean(axis=0) - u) <= 5 * copies.std(axis=0) / 3000**0.5 + 1e-12).all()
    assert ((copies - u) ** 2).sum(axis=-1).mean() <= compressor.omega(30) * (u @ u)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_are_those_of_the_bytes(dtype: type) -> None:
    """The largest number in full, and so many bits for each."""
    encoded = Dither(bits=5).encode(np.ones(7, dtype), np.random.default_rng(0))
    assert encoded.nbits == 8 * np.dtype(dtype).itemsize + 35
    assert len(encoded.data) == -(-encoded.nbits // 8)


def test_ends_of_the_grid_zero_and_what_is_not_finite() -> None:
    """The largest numbers and zeros arrive as they are; after an infinity nothing is a number."""
    rng = np.random.default_rng(0)
    assert sent(Dither(), np.array([2.0, -2.0]), rng).tolist() == [2.0, -2.0]
    assert sent(Dither(), np.zeros(3), rng).tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(sent(Dither(), np.array([1.0, np.inf]), rng)).all()
