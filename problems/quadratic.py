"""Heterogeneous quadratics with everything in closed form: the yardstick of all tests.

    g_i(x, y) = y'A_i y/2 - y'(B_i x + c_i)
    f_i(x, y) = (y - t_i)'P_i(y - t_i)/2 + (x - r_i)'S_i(x - r_i)/2 + s_i'x

with A_i, P_i, S_i symmetric. With bars for means over agents, Pt = mean P_i t_i and Sr = mean S_i r_i,

    y*(x)   = A^-1 (B x + c)                    u*(x) = A^-1 (P y*(x) - Pt)
    grad F  = S x - Sr + s + B'u*(x)            x* = (S + B'A^-1 P A^-1 B)^-1 (Sr - s + B'A^-1 (Pt - P A^-1 c)).

The instance is generated (perturbations have zero mean over agents, so that the averaged gradients, and with them x*
and y*, do not depend on the heterogeneity) or read from an ``.npz`` file with the arrays A, B, c, P, t, S, r, s and,
optionally, x_star and y_star.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from problems import metrics
from problems.base import FUSED, Array, Batch, Charges, Directions, Generators, Metric
from problems.datasets import instance_path
from problems.errors import ProblemError
from problems.streams import stream

KEYS = ("A", "B", "c", "P", "t", "S", "r", "s")


@dataclass(frozen=True)
class Settings:
    """A generated instance, or (with ``instance``) one read from a file."""

    dim_x: Annotated[int, Ge(1), Doc("length of the upper variable; not read with an instance")] = 10
    dim_y: Annotated[int, Ge(1), Doc("length of the lower variable; not read with an instance")] = 10
    heterogeneity: Annotated[
        float, Ge(0), Le(1), Doc("size of the agents' perturbations, 0 = all agents alike; not read with an instance")
    ] = 0.5
    condition: Annotated[
        float, Ge(1), Doc("condition number of the averaged lower level; not read with an instance")
    ] = 10.0
    upper_ridge: Annotated[float, Gt(0), Doc("S = upper_ridge times the identity; not read with an instance")] = 0.5
    instance: Annotated[str, Doc("name of an .npz file in the folder instances of the data folder, or empty")] = ""
    start_sd: Annotated[float, Ge(0), Doc("standard deviation of the entries of the starting point, 0 = zeros")] = 0.0
    dtype: Annotated[Literal["float64", "float32"], Doc("precision of all arrays")] = "float64"


def build(settings: Settings, agents: int, seed: int) -> "Quadratic":
    """The quadratic of the settings; raises ProblemError (DataMissing when an instance's file is not there)."""
    if agents < 1:
        raise ProblemError(f"agents is {agents}: a problem needs at least one agent")
    arrays = _read(settings.instance, agents) if settings.instance else generate(settings, agents, seed)
    return Quadratic(arrays, settings.start_sd, np.dtype(settings.dtype))


def files(settings: Settings) -> tuple[Path, ...]:
    """The files whose content determines the problem beside its settings."""
    return (instance_path(settings.instance),) if settings.instance else ()


def memory_bytes(settings: Settings, agents: int) -> int:
    """Bytes of the arrays of ``build``, from the settings alone."""
    p, q = settings.dim_x, settings.dim_y
    if settings.instance:
        with np.load(instance_path(settings.instance)) as file:
            q, p = file["B"].shape[1:]
    fused = agents * ((p + 2 * q) ** 2 + 4 * (p + 2 * q)) * np.dtype(settings.dtype).itemsize
    given = agents * (2 * q * q + p * q + p * p + 2 * q + 2 * p) * 8
    return 2 * given + fused


def generate(settings: Settings, agents: int, seed: int) -> dict[str, Array]:
    """The arrays of a random instance; float64, one leading axis over agents.

    The averaged A has eigenvalues spread geometrically over [1, condition]; each A_i has its own above 1/2.
    """
    rng = stream(seed, "quadratic")
    p, q, spread = settings.dim_x, settings.dim_y, settings.heterogeneity
    basis = np.linalg.qr(rng.standard_normal((q, q)))[0]
    curvature = (basis * np.geomspace(1.0, settings.condition, q)) @ basis.T
    turn = rng.standard_normal((agents, q, q))
    turn = _zero_mean(turn + turn.swapaxes(-1, -2))
    largest = float(np.abs(np.linalg.eigvalsh(turn)).max())
    turn = turn / (2 * largest) if largest > 0 else turn

    def perturbed(*shape: int) -> Array:
        common = rng.standard_normal(shape)
        return common + spread * _zero_mean(rng.standard_normal((agents, *shape)))

    symmetric = curvature + spread * turn
    return {
        "A": (symmetric + symmetric.swapaxes(-1, -2)) / 2,
        "B": perturbed(q, p) / np.sqrt(p),
        "c": perturbed(q),
        "P": np.broadcast_to(np.eye(q), (agents, q, q)).copy(),
        "t": perturbed(q),
        "S": np.broadcast_to(settings.upper_ridge * np.eye(p), (agents, p, p)).copy(),
        "r": perturbed(p),
        "s": perturbed(p),
    }


def _zero_mean(array: Array) -> Array:
    return array - array.mean(axis=0)


def _read(name: str, agents: int) -> dict[str, Array]:
    path = instance_path(name)
    with np.load(path, allow_pickle=False) as file:
        missing = [key for key in KEYS if key not in file.files]
        if missing:
            raise ProblemError(f"instance {name} lacks the array {', '.join(missing)}: it needs {', '.join(KEYS)}")
        arrays = {key: np.asarray(file[key], float) for key in KEYS}
    if arrays["B"].ndim != 3:
        raise ProblemError(f"instance {name} has B of shape {arrays['B'].shape}: it must be (agents, q, p)")
    n, q, p = arrays["B"].shape
    shapes = {"A": (n, q, q), "B": (n, q, p), "c": (n, q), "P": (n, q, q), "t": (n, q), "S": (n, p, p)}
    shapes |= {"r": (n, p), "s": (n, p)}
    for key, shape in shapes.items():
        if arrays[key].shape != shape:
            raise ProblemError(f"instance {name} has {key} of shape {arrays[key].shape}: it must be {shape}")
    for key in ("A", "P", "S"):
        if not np.allclose(arrays[key], arrays[key].swapaxes(-1, -2)):
            raise ProblemError(f"instance {name} has a matrix {key} that is not symmetric")
    if n != agents:
        raise ProblemError(f"agents is {agents}: instance {name} has {n} agents")
    return arrays


class QuadraticLocal:
    """One agent's f_i and g_i, or (with a leading axis on every array) those of a stack of agents.

    ``matrix`` is the derivative of the SOBA directions with respect to (x, y, u),

        [[S, 0, B'], [-B, A, 0], [0, -P, A]],      of shape (p + 2q, p + 2q),

    and ``shift`` the directions at 0, (p + 2q,): one product gives all three directions. The blocks are views of it.
    """

    def __init__(self, matrix: Array, shift: Array, constants: Array, dim_x: int, start_sd: float) -> None:
        p, q = dim_x, (matrix.shape[-1] - dim_x) // 2
        self.dim_x, self.dim_y, self.dtype = p, q, matrix.dtype
        self._start_sd = start_sd
        self._matrix, self._shift, self._constant = matrix, shift, constants
        self._stacked = matrix.ndim == 3
        self._x, self._y, self._u = slice(0, p), slice(p, p + q), slice(p + q, p + 2 * q)
        self._s, self._bt = matrix[..., self._x, self._x], matrix[..., self._x, self._u]
        self._minus_b, self._a = matrix[..., self._y, self._x], matrix[..., self._y, self._y]
        self._minus_p = matrix[..., self._u, self._y]
        self._shift_x, self._shift_y, self._shift_u = (shift[..., part] for part in (self._x, self._y, self._u))
        self._charges = _charges(p, q)

    def _times(self, matrix: Array, vector: Array) -> Array:
        # Both branches end in the same BLAS call for each agent, hence in the same bits.
        return (matrix @ vector[..., None])[..., 0] if self._stacked else matrix @ vector

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        lead = self._matrix.shape[:-2]
        x, y = draw_start(rng, self.dim_x, self.dim_y, self._start_sd, self.dtype)
        return np.broadcast_to(x, (*lead, self.dim_x)).copy(), np.broadcast_to(y, (*lead, self.dim_y)).copy()

    def draw(self, rng: Generators) -> Batch | None:
        return None

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        # f = x'(Sx/2 + s - Sr) + y'(Py/2 - Pt) + constant, in terms of the gradients' parts
        in_x = x * (self._times(self._s, x) / 2 + self._shift_x)
        in_y = y * (self._times(self._minus_p, y) / 2 + self._shift_u)
        return in_x.sum(-1) - in_y.sum(-1) + self._constant

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return (y * (self._times(self._a, y) / 2 + self._times(self._minus_b, x) + self._shift_y)).sum(-1)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._times(self._s, x) + self._shift_x

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return -(self._times(self._minus_p, y) + self._shift_u)

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.upper_grad_x(x, y), self.upper_grad_y(x, y)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return -self._times(self._bt, y)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._times(self._a, y) + self._times(self._minus_b, x) + self._shift_y

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.lower_grad_x(x, y), self.lower_grad_y(x, y)

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return self._times(self._a, v)

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return -self._times(self._bt, v)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        return self._times(self._minus_b, w)

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.lower_hvp(x, y, v), self.lower_cross(x, y, v)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        all_ = self._times(self._matrix, np.concatenate((x, y, u), axis=-1))
        all_ += self._shift
        if self._stacked:
            return Directions(all_[:, self._x], all_[:, self._y], all_[:, self._u])
        return Directions(all_[self._x], all_[self._y], all_[self._u])

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        return self._charges[oracle]


def _charges(p: int, q: int) -> dict[str, Charges]:
    """The table of ``problems.base``."""
    single: dict[str, float] = {
        "upper_value": 2 * (q * q + p * p) + 4 * q + 6 * p,
        "lower_value": 2 * (q * q + q * p) + 6 * q,
        "upper_grad_x": 2 * p * p + p,
        "upper_grad_y": 2 * q * q + q,
        "lower_grad_x": 2 * p * q,
        "lower_grad_y": 2 * q * q + 2 * p * q + 2 * q,
        "lower_hvp": 2 * q * q,
        "lower_cross": 2 * p * q,
        "lower_cross_t": 2 * p * q,
    }
    charges: dict[str, Charges] = {name: ((name, operations),) for name, operations in single.items()}
    return charges | {name: tuple((part, single[part]) for part in parts) for name, parts in FUSED.items()}


def draw_start(rng: np.random.Generator, p: int, q: int, sd: float, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """(x0, y0) with independent normal entries of that standard deviation."""
    return (sd * rng.standard_normal(p)).astype(dtype), (sd * rng.standard_normal(q)).astype(dtype)


class Quadratic:
    """The problem: agents' matrices stacked along the first axis."""

    def __init__(self, arrays: Mapping[str, Array], start_sd: float = 0.0, dtype: Any = np.float64) -> None:
        self.arrays = {key: np.asarray(arrays[key], float) for key in KEYS}
        self.agents, self.dim_y, self.dim_x = self.arrays["B"].shape
        self.dtype = np.dtype(dtype)
        self._start_sd = start_sd
        self._matrix, self._shift, self._constant = _fused(self.arrays, self.dtype)
        self._entries = {**metrics.COMMON, **metrics.OPTIMUM}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return {name: entry[0] for name, entry in self._entries.items()}

    def local(self, agent: int) -> QuadraticLocal:
        return self._view(self._matrix[agent], self._shift[agent], self._constant[agent])

    def stack(self, ids: Sequence[int]) -> QuadraticLocal:
        rows = list(ids)
        return self._view(self._matrix[rows], self._shift[rows], self._constant[rows])

    def average(self) -> QuadraticLocal:
        return self._average

    @cached_property
    def _average(self) -> QuadraticLocal:
        return self._view(self._matrix.mean(axis=0), self._shift.mean(axis=0), self._constant.mean(axis=0))

    def _view(self, matrix: Array, shift: Array, constant: Array) -> QuadraticLocal:
        return QuadraticLocal(matrix, shift, constant, self.dim_x, self._start_sd)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return draw_start(rng, self.dim_x, self.dim_y, self._start_sd, self.dtype)

    @cached_property
    def _means(self) -> dict[str, Array]:
        means = {key: self.arrays[key].mean(axis=0) for key in KEYS}
        means["Pt"] = (self.arrays["P"] @ self.arrays["t"][..., None])[..., 0].mean(axis=0)
        means["Sr"] = (self.arrays["S"] @ self.arrays["r"][..., None])[..., 0].mean(axis=0)
        return means

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """y*(x) = A^-1 (B x + c); needs no start."""
        m = self._means
        return np.linalg.solve(m["A"], m["B"] @ x + m["c"])

    def adjoint(self, x: Array) -> Array:
        """u*(x) = A^-1 (P y*(x) - Pt)."""
        m = self._means
        return np.linalg.solve(m["A"], m["P"] @ self.lower_solution(x) - m["Pt"])

    def hypergradient(self, x: Array, start: Array | None = None) -> Array:
        """grad F(x) = S x - Sr + s + B'u*(x); needs no start."""
        m = self._means
        return m["S"] @ x - m["Sr"] + m["s"] + m["B"].T @ self.adjoint(x)

    def optimum(self) -> tuple[Array, Array]:
        """(x*, y*(x*))."""
        return self._optimum

    @cached_property
    def _optimum(self) -> tuple[Array, Array]:
        m = self._means
        response = np.linalg.solve(m["A"], m["B"])
        curvature = m["S"] + response.T @ m["P"] @ response
        x = np.linalg.solve(
            curvature,
            m["Sr"] - m["s"] + response.T @ (m["Pt"] - m["P"] @ np.linalg.solve(m["A"], m["c"])),
        )
        return x, self.lower_solution(x)

    def penalty_solution(self, mu: float, gamma: float | None) -> tuple[Array, Array]:
        """argmin over (x, y) of mu F + G - V, V(x, y) = min_theta G(x, theta) + |theta - y|^2/(2 gamma), all averaged.

        gamma None leaves the proximal term out. Solved for (x, y, theta) as one linear system,

            mu (S x - Sr + s) - B'(y - theta)                    = 0
            mu (P y - Pt) + A y - B x - c - (y - theta)/gamma    = 0
            A theta - B x - c + (theta - y)/gamma                = 0.
        """
        m, p, q = self._means, self.dim_x, self.dim_y
        spring = np.zeros((q, q)) if gamma is None else np.eye(q) / gamma
        matrix = np.block(
            [
                [mu * m["S"], -m["B"].T, m["B"].T],
                [-m["B"], mu * m["P"] + m["A"] - spring, spring],
                [-m["B"], -spring, m["A"] + spring],
            ]
        )
        right = np.concatenate((mu * (m["Sr"] - m["s"]), mu * m["Pt"] + m["c"], m["c"]))
        solution = np.linalg.solve(matrix, right)
        return solution[:p], solution[p : p + q]

    def measure(self, names: Sequence[str], x: Array, y: Array) -> dict[str, float]:
        return metrics.measure(self._entries, self, names, x, y)


def _fused(arrays: Mapping[str, Array], dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """The matrix, the shift and the constant of ``QuadraticLocal`` for all agents."""
    agents, q, p = arrays["B"].shape
    x, y, u = slice(0, p), slice(p, p + q), slice(p + q, p + 2 * q)
    target = (arrays["P"] @ arrays["t"][..., None])[..., 0]
    centre = (arrays["S"] @ arrays["r"][..., None])[..., 0]
    matrix = np.zeros((agents, p + 2 * q, p + 2 * q), dtype)
    matrix[:, x, x], matrix[:, x, u] = arrays["S"], arrays["B"].swapaxes(-1, -2)
    matrix[:, y, x], matrix[:, y, y] = -arrays["B"], arrays["A"]
    matrix[:, u, y], matrix[:, u, u] = -arrays["P"], arrays["A"]
    shift = np.concatenate((arrays["s"] - centre, -arrays["c"], target), axis=-1).astype(dtype)
    constant = ((arrays["t"] * target).sum(-1) + (arrays["r"] * centre).sum(-1)) / 2
    return matrix, shift, constant.astype(dtype)
