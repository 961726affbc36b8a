"""Compressors: a vector u of length d as fewer bits, and what the receiver makes of them.

C is unbiased with omega if E C(u) = u and E|C(u) - u|^2 <= omega |u|^2. It is contractive with delta if
E|C(u) - u|^2 <= (1 - delta) |u|^2; those here are biased. w is the precision of the numbers, 32 or 64 bits: that of the
array which is encoded (L = ceil(log2 d), the bits of an index):

    name      C(u)                                              omega; delta               payload in bits
    identity  u                                                 omega = 0                  w d
    rand_k    (d/k) u on k random entries, 0 elsewhere          omega = d/k - 1            k (w + L)
              the same, `seeded`                                omega = d/k - 1            k w + 32
    qsgd      |u| sign(u_j) q_j / s, with q_j the number        omega = min(d/s^2,         w + d (1 + log2(s + 1)),
              s |u_j| / |u| rounded at random up or down        sqrt(d)/s), a bound        the logarithm rounded up
    natural   each entry rounded at random to a power of two    omega = 1/8                9 d
    top_k     u on its k largest entries, 0 elsewhere           delta = k/d, a bound       k (w + L)
    sign      (|u|_1 / d) sign(u)                               delta = 1/d, a bound of    w + d
                                                                |u|_1^2 / (d |u|^2)

All really encode to bytes and decode from them. One that is to be used elsewhere is a class here and a member of
`OURS`, or a class that an installed package announces under the entry point group `bilevelsim.compressors`: a frozen
dataclass derived from `Unbiased` or `Biased`, whose field `name` has the entry point's name as its default. What is not
finite arrives as something not finite or, where a compressor drops entries, not at all.

Sources: D. Alistarh et al., "QSGD", NeurIPS 2017; S. Horvath et al., "Natural compression for distributed deep
learning", 2019; S. P. Karimireddy et al., "Error feedback fixes SignSGD", ICML 2019 (scaled sign); P. Richtarik, I.
Sokolov, I. Fatkhullin, "EF21", NeurIPS 2021 (top-k).
"""

import dataclasses
import inspect
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from algorithms.pieces.bits import Encoded, pack, unpack
from algorithms.pieces.choice import OneOf

GROUP = "bilevelsim.compressors"
"""Entry point group under which installed packages announce further compressors."""

Array = np.ndarray
EXPONENT_BIAS = 127
BEYOND = 255
"""Exponent code of what is too large for single precision, or not finite."""


class Compressor(ABC):
    """Encodes vectors; its draws come from the generator handed in."""

    name: str
    """What a scenario calls it."""

    @abstractmethod
    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        """What travels for the vector (d,)."""

    @abstractmethod
    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        """C(u) from what travelled for a u of this length and precision."""

    @abstractmethod
    def nbits(self, size: int, dtype: Any) -> int:
        """Length of the payload for a vector of this length and precision, bits."""


class Unbiased(Compressor):
    """A compressor that is right on average."""

    @abstractmethod
    def omega(self, size: int) -> float:
        """Bound of E|C(u) - u|^2 / |u|^2 for vectors of this length."""


class Biased(Compressor):
    """A contractive compressor that is not right on average: only error feedback makes it so."""

    @abstractmethod
    def delta(self, size: int) -> float:
        """Bound: E|C(u) - u|^2 <= (1 - delta) |u|^2 for vectors of this length."""


def word(dtype: Any) -> int:
    """Bits of one number."""
    return 8 * np.dtype(dtype).itemsize


def index_bits(size: int) -> int:
    """Bits of one index, ceil(log2 d)."""
    return (size - 1).bit_length()


@dataclass(frozen=True)
class Share:
    """How many entries are kept: k of them, or a fraction; a tenth where neither is given, and at least one."""

    k: Annotated[int | None, Ge(1), Doc("entries kept, all of them in vectors that are shorter")] = None
    fraction: Annotated[float | None, Gt(0), Le(1), Doc("entries kept as a part of all, 0.1 without k, 1")] = None

    def __post_init__(self) -> None:
        if self.k is not None and self.fraction is not None:
            raise ValueError(f"k = {self.k} and fraction = {self.fraction} are both given: one of them says how many")

    def count(self, size: int) -> int:
        """How many of this many entries are kept."""
        if self.k is not None:
            return min(self.k, size)
        return max(1, round((0.1 if self.fraction is None else self.fraction) * size))


@dataclass(frozen=True)
class Identity(Unbiased):
    """No compression: every number as it is."""

    name: Literal["identity"] = "identity"

    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        return Encoded(vector.tobytes(), self.nbits(vector.size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        return np.frombuffer(encoded.data, dtype, size)

    def nbits(self, size: int, dtype: Any) -> int:
        return word(dtype) * size

    def omega(self, size: int) -> float:
        return 0.0


@dataclass(frozen=True)
class RandK(Share, Unbiased):
    """Rand-k: k random entries, scaled up by d/k so that the mean is right; unbiased, omega = d/k - 1."""

    name: Literal["rand_k"] = "rand_k"
    seeded: Annotated[bool, Doc("send a 32-bit seed of the choice instead of the k indices")] = False

    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        size, k = vector.size, self.count(vector.size)
        if self.seeded:
            seed = np.uint32(rng.integers(2**32))
            places, named = self._chosen(seed, size, k), seed.tobytes()
        else:
            places = rng.choice(size, k, replace=False, shuffle=False)
            named = pack(places, index_bits(size))
        return Encoded(vector[places].tobytes() + named, self.nbits(size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        k = self.count(size)
        kept = np.frombuffer(encoded.data, dtype, k)
        named = encoded.data[kept.nbytes :]
        if self.seeded:
            places = self._chosen(np.frombuffer(named, np.uint32)[0], size, k)
        else:
            places = unpack(named, k, index_bits(size))
        vector = np.zeros(size, dtype)
        vector[places] = kept * (size / k)
        return vector

    def nbits(self, size: int, dtype: Any) -> int:
        k = self.count(size)
        return k * word(dtype) + 32 if self.seeded else k * (word(dtype) + index_bits(size))

    def omega(self, size: int) -> float:
        return size / self.count(size) - 1.0

    @staticmethod
    def _chosen(seed: Any, size: int, k: int) -> Array:
        return np.random.default_rng(int(seed)).choice(size, k, replace=False, shuffle=False)


@dataclass(frozen=True)
class TopK(Share, Biased):
    """Top-k: the k entries of largest size; biased, delta = k/d at least."""

    name: Literal["top_k"] = "top_k"

    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        size, k = vector.size, self.count(vector.size)
        places = np.argpartition(np.abs(vector), size - k)[size - k :]  # what is not a number counts as largest
        data = vector[places].tobytes() + pack(places, index_bits(size))
        return Encoded(data, self.nbits(size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        k = self.count(size)
        kept = np.frombuffer(encoded.data, dtype, k)
        vector = np.zeros(size, dtype)
        vector[unpack(encoded.data[kept.nbytes :], k, index_bits(size))] = kept
        return vector

    def nbits(self, size: int, dtype: Any) -> int:
        return self.count(size) * (word(dtype) + index_bits(size))

    def delta(self, size: int) -> float:
        return self.count(size) / size


@dataclass(frozen=True)
class Qsgd(Unbiased):
    """QSGD: the norm, and each entry rounded at random to one of s levels of it; unbiased, omega <= sqrt(d)/s."""

    name: Literal["qsgd"] = "qsgd"
    levels: Annotated[int, Ge(1), Le(65_535), Doc("s: levels above zero")] = 4

    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        norm = np.sqrt((vector * vector).sum(-1))
        level = np.zeros(vector.size, int)
        if 0.0 < norm < np.inf:
            raised = np.floor(np.abs(vector) / norm * self.levels + rng.random(vector.size))
            level = np.minimum(raised, self.levels).astype(int)
        data = norm.tobytes() + pack(np.signbit(vector) << self._width | level, 1 + self._width)
        return Encoded(data, self.nbits(vector.size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        norm = np.frombuffer(encoded.data, dtype, 1)[0]
        if not np.isfinite(norm):
            return np.full(size, np.nan, dtype)
        codes = unpack(encoded.data[norm.nbytes :], size, 1 + self._width)
        size_of = (codes & (2**self._width - 1)).astype(dtype) * (norm / self.levels)
        return np.where(codes >> self._width, -size_of, size_of)

    def nbits(self, size: int, dtype: Any) -> int:
        return word(dtype) + size * (1 + self._width)

    def omega(self, size: int) -> float:
        return min(size / self.levels**2, size**0.5 / self.levels)

    @property
    def _width(self) -> int:
        """Bits of a level, ceil(log2(s + 1))."""
        return self.levels.bit_length()


@dataclass(frozen=True)
class Natural(Unbiased):
    """Natural compression: each entry rounded at random to a power of two; unbiased, omega = 1/8.

    A sign and the eight exponent bits of single precision, whatever the precision of the vector: below 2^-126 an
    entry is rounded to 0 or 2^-126, from 2^128 on it arrives as infinite.
    """

    name: Literal["natural"] = "natural"

    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        height = np.abs(vector).astype(float)
        mantissa, exponent = np.frexp(height)  # height = mantissa 2^exponent, mantissa in [1/2, 1)
        draws = rng.random(vector.size)
        code = exponent - 1 + EXPONENT_BIAS + (draws < 2.0 * mantissa - 1.0)
        smallest = 2.0 ** (1 - EXPONENT_BIAS)
        code = np.where(height < smallest, draws * smallest < height, code)
        code = np.where(height < 2.0 ** (1 + EXPONENT_BIAS), np.minimum(code, BEYOND), BEYOND)
        data = pack(np.signbit(vector) << 8 | code, 9)
        return Encoded(data, self.nbits(vector.size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        codes = unpack(encoded.data, size, 9)
        code = codes & 255
        height = np.where(code > 0, np.ldexp(1.0, code - EXPONENT_BIAS), 0.0)
        height = np.where(code == BEYOND, np.inf, height)
        return np.where(codes >> 8, -height, height).astype(dtype)

    def nbits(self, size: int, dtype: Any) -> int:
        return 9 * size

    def omega(self, size: int) -> float:
        return 0.125


@dataclass(frozen=True)
class Sign(Biased):
    """Signs with one scale, the mean size of the entries; biased, delta = 1/d at least and far more as a rule."""

    name: Literal["sign"] = "sign"

    def encode(self, vector: Array, rng: np.random.Generator) -> Encoded:
        scale = np.abs(vector).sum(-1) / vector.dtype.type(vector.size)
        data = scale.tobytes() + pack(np.signbit(vector), 1)
        return Encoded(data, self.nbits(vector.size, vector.dtype))

    def decode(self, encoded: Encoded, size: int, dtype: Any) -> Array:
        scale = np.frombuffer(encoded.data, dtype, 1)[0]
        return np.where(unpack(encoded.data[scale.nbytes :], size, 1), -scale, scale)

    def nbits(self, size: int, dtype: Any) -> int:
        return word(dtype) + size

    def delta(self, size: int) -> float:
        return 1.0 / size


OURS: tuple[type[Compressor], ...] = (Identity, RandK, TopK, Qsgd, Natural, Sign)


def names() -> tuple[str, ...]:
    """Every compressor, sorted."""
    return tuple(sorted(_known()))


def load(name: str) -> type[Compressor]:
    """The compressor of this name; its fields are its settings."""
    return _known()[name]


def kinds() -> tuple[type[Compressor], ...]:
    """What a table of a scenario may mean; a name that an installed package claims beside us means nothing."""
    contested = {kind.name for kind in OURS} & set(_installed(tuple(sys.path)))
    return tuple(kind for name, kind in _known().items() if name not in contested)


AnyCompressor: TypeAlias = Annotated[Compressor, OneOf(kinds)]
"""A compressor as a setting: a scenario gives it as a table, `{ name = "rand_k", fraction = 0.1 }`."""


def fault(kind: Any, name: str) -> str | None:
    """What keeps an object from being the compressor of this name, as the end of a sentence about it; None: nothing."""
    if not (isinstance(kind, type) and issubclass(kind, Unbiased | Biased)):
        return "is no class derived from Unbiased or Biased"
    if inspect.isabstract(kind):
        return f"lacks {', '.join(sorted(kind.__abstractmethods__))}"
    if not (dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen):
        return "is no frozen dataclass"
    if {field.name: field.default for field in dataclasses.fields(kind)}.get("name") != name:
        return f'lacks a field name: Literal["{name}"] = "{name}"'
    return None


def _known() -> dict[str, type[Compressor]]:
    """Ours come first, and keep their names."""
    ours = {kind.name: kind for kind in OURS}
    return ours | {name: kind for name, kind in _installed(tuple(sys.path)).items() if name not in ours}


@cache
def _installed(path: tuple[str, ...]) -> dict[str, type[Compressor]]:
    """What packages on this path bring, the first of two with one name; `scenarios.plugins` says why others are out."""
    found: dict[str, type[Compressor]] = {}
    for point in entry_points(group=GROUP):
        with suppress(Exception, SystemExit):
            kind = point.load()
            if fault(kind, point.name) is None:
                found.setdefault(point.name, kind)
    return found
