"""Probability laws of durations (seconds) and of multipliers (no unit).

One frozen dataclass a law. Each has a `name` (its name in a scenario), `sample(rng, size)`, the exact `mean` and, where
it is simple, the exact `variance`; both are `math.inf` where the integral diverges. Parameters are checked on
construction and refused with one sentence (`DelayError`).

Laws scale one standard draw (an exponential, a normal or a uniform number) by a monotone function, so that changing a
parameter of a law, with the same stream, moves every value in the same direction: sweeps compare like with like.
"""

import dataclasses
import difflib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 256  # values that `Draws` takes from the generator at once


class DelayError(ValueError):
    """A law or one of its parameters is not valid; the message is one sentence."""


class Law(Protocol):
    """What every law offers."""

    name: ClassVar[str]

    @property
    def mean(self) -> float:
        """Expected value, `math.inf` where it does not exist."""

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """`size` independent values, all of them at least zero."""


def _require(law: str, parameter: str, value: Any, rule: str, valid: Callable[[float], bool]) -> None:
    """Refuse `value` unless it is a finite number for which `valid` holds; `rule` says in words what `valid` asks."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and valid(value)):
        raise DelayError(f"law {law}: {parameter} = {value!r} must be {rule}")


def _positive(law: str, parameter: str, value: Any) -> None:
    _require(law, parameter, value, "a finite number above 0", lambda number: number > 0)


def _shape(law: str, value: Any) -> None:
    """Below 0.1 values and moments of the heavy-tailed laws leave the range of floating-point numbers."""
    _require(law, "shape", value, "a finite number, at least 0.1", lambda number: number >= 0.1)


def _sigma(law: str, value: Any) -> None:
    """Above 10 the mean is more than 10**21 medians."""
    _require(law, "sigma", value, "between 0 and 10", lambda number: 0 <= number <= 10)


def _not_negative(law: str, parameter: str, value: Any) -> None:
    _require(law, parameter, value, "a finite number, at least 0", lambda number: number >= 0)


@dataclass(frozen=True)
class Constant:
    """Always `value` (at least 0)."""

    name: ClassVar[str] = "constant"
    value: float

    def __post_init__(self) -> None:
        _not_negative(self.name, "value", self.value)

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    def sample(self, rng: np.random.Generator | None, size: int) -> Floats:
        return np.full(size, self.value, dtype=float)


@dataclass(frozen=True)
class Uniform:
    """Uniform between `low` (at least 0) and `high` (at least `low`)."""

    name: ClassVar[str] = "uniform"
    low: float
    high: float

    def __post_init__(self) -> None:
        _not_negative(self.name, "low", self.low)
        _require(self.name, "high", self.high, f"a finite number, at least low = {self.low!r}", lambda h: h >= self.low)

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return self.low + (self.high - self.low) * rng.random(size)


@dataclass(frozen=True)
class Exponential:
    """Exponential with the given `mean` (above 0)."""

    name: ClassVar[str] = "exponential"
    mean: float

    def __post_init__(self) -> None:
        _positive(self.name, "mean", self.mean)

    @property
    def variance(self) -> float:
        return self.mean**2

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return self.mean * rng.standard_exponential(size)


@dataclass(frozen=True)
class ShiftedExponential:
    """`shift` plus an exponential of mean `excess` (Lee et al., IEEE Trans. Inf. Theory 64(3), 2018).

    The second parameter is called `excess`, since the mean of the law is `shift + excess`.
    """

    name: ClassVar[str] = "shifted_exponential"
    shift: float
    excess: float

    def __post_init__(self) -> None:
        _not_negative(self.name, "shift", self.shift)
        _positive(self.name, "excess", self.excess)

    @property
    def mean(self) -> float:
        return self.shift + self.excess

    @property
    def variance(self) -> float:
        return self.excess**2

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return self.shift + self.excess * rng.standard_exponential(size)


@dataclass(frozen=True)
class LogNormal:
    """`median` times the exponential of a centred normal of standard deviation `sigma`."""

    name: ClassVar[str] = "lognormal"
    median: float
    sigma: float

    def __post_init__(self) -> None:
        _positive(self.name, "median", self.median)
        _sigma(self.name, self.sigma)

    @classmethod
    def with_mean(cls, mean: float, sigma: float) -> "LogNormal":
        """The law of the given mean: its median is `mean * exp(-sigma**2 / 2)`."""
        _positive(cls.name, "mean", mean)
        _sigma(cls.name, sigma)
        return cls(mean * math.exp(-(sigma**2) / 2), sigma)

    @property
    def mean(self) -> float:
        return self.median * math.exp(self.sigma**2 / 2)

    @property
    def variance(self) -> float:
        return self.mean**2 * math.expm1(self.sigma**2)

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return self.median * np.exp(self.sigma * rng.standard_normal(size))


@dataclass(frozen=True)
class Pareto:
    """Classical Pareto: P(X > t) = (scale / t)**shape for t >= scale; with a `cap`, min(X, cap).

    Without a cap the mean is infinite for shape <= 1 and the variance for shape <= 2.
    """

    name: ClassVar[str] = "pareto"
    scale: float
    shape: float
    cap: float | None = None

    def __post_init__(self) -> None:
        _positive(self.name, "scale", self.scale)
        _shape(self.name, self.shape)
        if self.cap is not None:
            rule = f"a finite number, at least scale = {self.scale!r}"
            _require(self.name, "cap", self.cap, rule, lambda cap: cap >= self.scale)

    def _moment(self, power: int) -> float:
        """E[X**power] = scale**power + integral over t from scale to cap of power * t**(power - 1) * P(X > t)."""
        distance = power - self.shape
        if self.cap is not None:
            log_ratio = math.log(self.cap / self.scale)
            integral = math.expm1(distance * log_ratio) / distance if distance else log_ratio
        else:
            integral = -1 / distance if distance < 0 else math.inf
        return self.scale**power * (1 + power * integral)

    @property
    def mean(self) -> float:
        return self._moment(1)

    @property
    def variance(self) -> float:
        second = self._moment(2)
        return second - self.mean**2 if second < math.inf else math.inf

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        values = self.scale * np.exp(rng.standard_exponential(size) / self.shape)
        return values if self.cap is None else np.minimum(values, self.cap)


@dataclass(frozen=True)
class Weibull:
    """Weibull: P(X > t) = exp(-(t / scale)**shape); shape < 1 has a heavy tail, shape = 1 is exponential."""

    name: ClassVar[str] = "weibull"
    scale: float
    shape: float

    def __post_init__(self) -> None:
        _positive(self.name, "scale", self.scale)
        _shape(self.name, self.shape)

    @property
    def mean(self) -> float:
        return self.scale * math.gamma(1 + 1 / self.shape)

    @property
    def variance(self) -> float:
        return self.scale**2 * math.gamma(1 + 2 / self.shape) - self.mean**2

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return self.scale * rng.standard_exponential(size) ** (1 / self.shape)


@dataclass(frozen=True)
class TwoPoint:
    """`slow` with the given `probability`, otherwise `fast`."""

    name: ClassVar[str] = "two_point"
    fast: float
    slow: float
    probability: float

    def __post_init__(self) -> None:
        _not_negative(self.name, "fast", self.fast)
        _require(
            self.name, "slow", self.slow, f"a finite number, at least fast = {self.fast!r}", lambda s: s >= self.fast
        )
        _require(self.name, "probability", self.probability, "between 0 and 1", lambda p: 0 <= p <= 1)

    @property
    def mean(self) -> float:
        return self.fast + (self.slow - self.fast) * self.probability

    @property
    def variance(self) -> float:
        return (self.slow - self.fast) ** 2 * self.probability * (1 - self.probability)

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return np.where(rng.random(size) < self.probability, float(self.slow), float(self.fast))


@dataclass(frozen=True)
class Empirical:
    """One of the given `values`, each as likely as the others, drawn with replacement."""

    name: ClassVar[str] = "empirical"
    values: Sequence[float]

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Sequence | np.ndarray) or not len(self.values):
            raise DelayError(f"law {self.name}: values = {self.values!r} must be a list of at least one number")
        for position, value in enumerate(self.values):
            _not_negative(self.name, f"values[{position}]", value)
        object.__setattr__(self, "values", tuple(float(value) for value in self.values))

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    @property
    def variance(self) -> float:
        return math.fsum((value - self.mean) ** 2 for value in self.values) / len(self.values)

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        return np.array(self.values)[rng.integers(len(self.values), size=size)]


_CLASSES = (
    Constant,
    Uniform,
    Exponential,
    ShiftedExponential,
    LogNormal,
    Pareto,
    Weibull,
    TwoPoint,
    Empirical,
)
LAWS: dict[str, Callable[..., Law]] = {law.name: law for law in _CLASSES}


def parameters(distribution: str) -> dict[str, bool]:
    """Names of the parameters that `make` takes for this law, each with whether it must be given.

    Of the log-normal law's `median` and `mean` exactly one must be given; both are listed as optional.
    """
    law = _known(distribution)
    names = {field.name: field.default is dataclasses.MISSING for field in dataclasses.fields(law)}  # type: ignore[arg-type]
    return {"median": False, "mean": False, "sigma": True} if law is LogNormal else names


def make(distribution: str, **values: Any) -> Law:
    """The law of that name, from the parameters as a scenario writes them.

    The log-normal law takes exactly one of `median` and `mean`. Raises `DelayError` for an unknown law, an unknown or
    missing parameter, or a value that is not valid.
    """
    law = _known(distribution)
    allowed = parameters(distribution)
    listed = ", ".join(allowed)
    for name in values:
        if name not in allowed:
            raise DelayError(f"law {distribution}: {name} = {values[name]!r} is not a parameter, which are {listed}")
    for name, required in allowed.items():
        if required and name not in values:
            raise DelayError(f"law {distribution}: {name} is missing; the parameters are {listed}")
    if law is LogNormal:
        if ("mean" in values) == ("median" in values):
            raise DelayError(f"law {distribution}: exactly one of median and mean must be given")
        return LogNormal.with_mean(**values) if "mean" in values else LogNormal(**values)
    return law(**values)


def _known(distribution: str) -> Callable[..., Law]:
    if distribution in LAWS:
        return LAWS[distribution]
    nearest = difflib.get_close_matches(str(distribution), LAWS, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}" if nearest else f"the laws are {', '.join(LAWS)}"
    raise DelayError(f"distribution = {distribution!r} is not a known law; {hint}")


class Draws:
    """Reads one value of a law after the other from one stream.

    `next()` gives the next value. The k-th value depends on the law and the stream alone. The generator must not be
    used by anybody else, since values are taken from it in blocks. A constant law needs no generator.
    """

    __slots__ = ("next",)

    next: Callable[[], float]

    def __init__(self, law: Law, rng: np.random.Generator | None = None) -> None:
        values: Iterator[float]
        if isinstance(law, Constant):
            values = itertools.repeat(float(law.value))
        elif rng is None:
            raise DelayError(f"law {law.name}: a random generator is needed to draw from it")
        else:
            values = _values(law, rng)
        self.next = values.__next__


def _values(law: Law, rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from law.sample(rng, BLOCK).tolist()
