"""A lower level with infinitely many valleys: the toy on which first-order envelope methods were shown.

    f(x, y)   = (x - a)^2 + |y - a - c|^2                                 x in R, y in R^q
    g_i(x, y) = s sum_j sin(x + y_j - c + phase_i),      1/s = mean_i cos(phase_i)

The agents' phases are spread evenly over [-phase, phase], so the mean of the g_i is sin(x + y_j - c) for any spread:
neither the solution nor the valleys depend on it or on the number of agents. Each g_i is weakly convex in y with the
constant s, their mean with 1.

The lower level has the global minimisers y_j = C_j + c - x, C_j = -pi/2 + 2 pi k for any whole k. y*(x) is the
optimistic one among them, as in the bilevel problem min over x and y: the nearest to a + c, all C_j being the C(x)
nearest to x + a. Hence F(x) = (x - a)^2 + q (C(x) - x - a)^2, with kinks where two valleys are equally far, and with
the C nearest to 2a

    x* = (a (1 - q) + q C) / (1 + q),      y*_j = C + c - x*,      F* = q (C - 2a)^2 / (1 + q).

A method that follows one valley from its start ends in the best point of that valley: `upper_objective` shows it,
`upper_objective_resolved` and `hypergradient_norm` see the optimistic valley at its x.

Source: R. Liu, Z. Liu, W. Yao, S. Zeng, J. Zhang, "Moreau envelope for nonconvex bi-level optimization" (MEHA), ICML
2024, arXiv 2405.09927, with a = c = 2; the phases are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from typing_extensions import Doc

from problems import metrics
from problems.base import Array, Batch, Charges, Directions, Generators, Metric
from problems.errors import ProblemError
from problems.streams import stream

SINE = 10
"""Operations of a sine or cosine."""


@dataclass(frozen=True)
class Settings:
    """The toy; its defaults are those of the paper, with agents that differ."""

    dim: Annotated[int, Ge(1), Doc("q: length of the lower variable; the upper one has length 1")] = 1
    a: Annotated[float, Doc("centre of the upper objective, 1")] = 2.0
    c: Annotated[float, Doc("shift of the lower variable, 1")] = 2.0
    phase: Annotated[float, Ge(0), Le(1.5), Doc("largest phase of an agent, rad; 0 = all agents alike")] = 0.9
    start_x: Annotated[float, Doc("x at the start, 1")] = 1.0
    start_y: Annotated[float, Doc("y at the start, in every entry, 1")] = 1.0
    start_sd: Annotated[float, Ge(0), Doc("standard deviation added to the entries of the starting point")] = 0.0
    dtype: Annotated[Literal["float64", "float32"], Doc("precision of all arrays")] = "float64"


def build(settings: Settings, agents: int, seed: int) -> "SineValleys":
    """The toy; the seed says which agent has which phase."""
    if agents < 1:
        raise ProblemError(f"agents is {agents}: a problem needs at least one agent")
    spread = np.linspace(-1.0, 1.0, agents) if agents > 1 else np.zeros(1)
    return SineValleys(settings, settings.phase * stream(seed, "sine_valleys").permutation(spread))


def memory_bytes(settings: Settings, agents: int) -> int:
    """Bytes of the arrays of ``build``: a phase for each agent."""
    return 16 * agents


class SineLocal:
    """One agent's f and g_i, or (with phases (n, 1)) those of a stack of agents."""

    dim_x = 1

    def __init__(self, settings: Settings, phase: Array, scale: float) -> None:
        self.dim_y, self.dtype = settings.dim, np.dtype(settings.dtype)
        self._settings, self._scale = settings, scale
        self._shift = (phase - settings.c).astype(self.dtype)
        self._lead = phase.shape[:-1]
        self._charges = _charges(settings.dim)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = draw_start(self._settings, rng)
        return np.broadcast_to(x, (*self._lead, 1)).copy(), np.broadcast_to(y, (*self._lead, self.dim_y)).copy()

    def draw(self, rng: Generators) -> Batch | None:
        return None

    def _sine(self, x: Array, y: Array) -> Array:
        return self._scale * np.sin(x + y + self._shift)

    def _cosine(self, x: Array, y: Array) -> Array:
        return self._scale * np.cos(x + y + self._shift)

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        in_x, in_y = x - self._settings.a, y - (self._settings.a + self._settings.c)
        return (in_x * in_x).sum(-1) + (in_y * in_y).sum(-1)

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._sine(x, y).sum(-1)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return 2.0 * (x - self._settings.a)

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return 2.0 * (y - (self._settings.a + self._settings.c))

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.upper_grad_x(x, y), self.upper_grad_y(x, y)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._cosine(x, y).sum(-1, keepdims=True)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._cosine(x, y)

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        slope = self._cosine(x, y)
        return slope.sum(-1, keepdims=True), slope

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return -self._sine(x, y) * v

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return (-self._sine(x, y) * v).sum(-1, keepdims=True)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        return -self._sine(x, y) * w

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        product = -self._sine(x, y) * v
        return product, product.sum(-1, keepdims=True)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        product, cross = self.lower_products(x, y, u)
        return Directions(self.upper_grad_x(x, y) - cross, self._cosine(x, y), product - self.upper_grad_y(x, y))

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        return self._charges[oracle]


def _charges(q: int) -> dict[str, Charges]:
    """The table of ``problems.base``."""
    wave = (3 + SINE) * q
    single: dict[str, float] = {
        "upper_value": 3 * (q + 1),
        "lower_value": wave + q,
        "upper_grad_x": 2,
        "upper_grad_y": 2 * q,
        "lower_grad_x": wave + q,
        "lower_grad_y": wave,
        "lower_hvp": wave + q,
        "lower_cross": wave + 2 * q,
        "lower_cross_t": wave + q,
    }
    charges: dict[str, Charges] = {name: ((name, operations),) for name, operations in single.items()}
    upper: Charges = (("upper_grad_x", 2), ("upper_grad_y", 2 * q))
    products: Charges = (("lower_hvp", wave + q), ("lower_cross", q))
    return charges | {
        "upper_grads": upper,
        "lower_grads": (("lower_grad_x", q), ("lower_grad_y", wave)),
        "lower_products": products,
        "directions": (*upper, ("lower_grad_y", wave), *products),
    }


def draw_start(settings: Settings, rng: np.random.Generator) -> tuple[Array, Array]:
    """(x0, y0): the given values, with normal deviations if there are any."""
    x = settings.start_x + settings.start_sd * rng.standard_normal(1)
    y = settings.start_y + settings.start_sd * rng.standard_normal(settings.dim)
    dtype = np.dtype(settings.dtype)
    return x.astype(dtype), y.astype(dtype)


class SineValleys:
    """The problem: one phase an agent."""

    dim_x = 1

    def __init__(self, settings: Settings, phases: Array) -> None:
        self.settings, self.phases = settings, phases
        self.agents, self.dim_y, self.dtype = len(phases), settings.dim, np.dtype(settings.dtype)
        self._scale = float(1.0 / np.cos(phases).mean())
        self._entries = {**metrics.COMMON, **metrics.OPTIMUM}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return {name: entry[0] for name, entry in self._entries.items()}

    def local(self, agent: int) -> SineLocal:
        return SineLocal(self.settings, self.phases[agent : agent + 1], self._scale)

    def stack(self, ids: Sequence[int]) -> SineLocal:
        return SineLocal(self.settings, self.phases[list(ids)][:, None], self._scale)

    def average(self) -> SineLocal:
        """No phase and s = 1."""
        return SineLocal(self.settings, np.zeros(1), 1.0)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return draw_start(self.settings, rng)

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """The optimistic y*(x); needs no start."""
        valley = nearest_valley(x + self.settings.a)
        return np.repeat(valley + self.settings.c - x, self.dim_y, axis=-1).astype(self.dtype)

    def hypergradient(self, x: Array, start: Array | None = None) -> Array:
        """grad F(x) = 2 (x - a) - 2 q (C(x) - x - a); needs no start."""
        a = self.settings.a
        return 2.0 * (x - a) - 2.0 * self.dim_y * (nearest_valley(x + a) - x - a)

    def optimum(self) -> tuple[Array, Array]:
        """(x*, y*(x*))."""
        a, q = self.settings.a, self.dim_y
        valley = nearest_valley(np.array([2.0 * a]))
        x = ((a * (1 - q) + q * valley) / (1 + q)).astype(self.dtype)
        return x, np.repeat(valley + self.settings.c - x, q).astype(self.dtype)

    def measure(self, names: Sequence[str], x: Array, y: Array) -> dict[str, float]:
        return metrics.measure(self._entries, self, names, x, y)


def nearest_valley(angle: Array) -> Array:
    """The minimiser -pi/2 + 2 pi k of the sine that is nearest to ``angle``.

    >>> float(nearest_valley(np.array(4.0))) == 1.5 * np.pi
    True
    """
    return 2.0 * np.pi * np.round((angle + np.pi / 2) / (2.0 * np.pi)) - np.pi / 2
