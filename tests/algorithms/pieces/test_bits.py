"""Numbers as bits."""

import numpy as np
import pytest

from algorithms.pieces.bits import Encoded, Flag, pack, unpack
from simulator.message import payload_bits


def test_three_numbers_by_hand() -> None:
    """5, 0, 7 in three bits each: 101 000 111 and seven zeros to fill up."""
    assert pack(np.array([5, 0, 7]), 3) == bytes([0b10100011, 0b10000000])


@pytest.mark.parametrize("width", range(33))
@pytest.mark.parametrize("count", [1, 2, 7, 8, 65])
def test_what_was_packed_comes_back(width: int, count: int) -> None:
    """Every width, in the fewest bytes that hold it."""
    numbers = np.random.default_rng(width).integers(2**width, size=count)
    numbers[0] = 2**width - 1
    data = pack(numbers, width)
    assert len(data) == -(-count * width // 8)
    np.testing.assert_array_equal(unpack(data, count, width), numbers)


def test_payloads_are_charged_by_the_bit() -> None:
    """Side by side, as the wire counts them."""
    assert payload_bits((Encoded(b"ab", 13), Flag(True))) == 14
