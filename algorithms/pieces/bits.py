"""Rows of small whole numbers as bits, without gaps: what compressed messages are made of."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Encoded:
    """A payload as the bytes that travel, the last one filled up with zeros."""

    data: bytes
    nbits: int
    """Its length in bits; the wire lays the payloads of one message side by side and rounds up once."""


@dataclass(frozen=True)
class Flag:
    """Yes or no, as a payload of one bit."""

    value: bool
    nbits: int = 1


def pack(numbers: Array, width: int) -> bytes:
    """Numbers from 0 to 2^width - 1 in `width` bits each, width at most 32."""
    if width == 0:
        return b""
    if width == 1:
        return np.packbits(numbers.astype(bool)).tobytes()
    size = _bytes_each(width)
    rows = numbers.astype(f">u{size}").view(np.uint8).reshape(-1, size)
    return np.packbits(np.unpackbits(rows, axis=1)[:, 8 * size - width :]).tobytes()


def unpack(data: bytes, count: int, width: int) -> Array:
    """The `count` numbers that were packed."""
    if width == 0:
        return np.zeros(count, int)
    flat = np.unpackbits(np.frombuffer(data, np.uint8), count=count * width)
    if width == 1:
        return flat
    size = _bytes_each(width)
    rows = np.zeros((count, 8 * size), np.uint8)
    rows[:, 8 * size - width :] = flat.reshape(count, width)
    return np.packbits(rows, axis=1).view(f">u{size}")[:, 0].astype(int)


def _bytes_each(width: int) -> int:
    return 1 if width <= 8 else 2 if width <= 16 else 4
