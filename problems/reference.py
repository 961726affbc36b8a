"""Exact answers for the averaged problem: its lower solution and hypergradient, at any x and for any problem.

Deterministic and metered by nobody: for metrics, tests and reference curves. The lower level must be strongly convex in
y. y*(x) comes from a damped Newton method whose steps are solved by conjugate gradients (Nocedal and Wright, Numerical
Optimization, algorithm 7.1), the hypergradient from one more conjugate gradient solve,

    grad F(x) = grad_x f - d2_xy g u,      d2_yy g u = grad_y f,      all at (x, y*(x)).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from problems.base import Array, Batch, Charges, Generators, Problem
from problems.oracles import Oracles

TOLERANCE = 1e-12
NEWTON_STEPS = 200
HALVINGS = 40


@dataclass(frozen=True)
class LowerSolution:
    """y*(x) and how well it is known."""

    y: Array
    """(q,)"""
    residual: float
    """|mean_i grad_y g_i(x, y)|"""
    converged: bool
    """Whether the residual is at most the tolerance times its value at y = 0, or 1e-8 times that at the start."""


class Lower(Protocol):
    """What a search in y needs of a Local."""

    @property
    def dim_y(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...

    def lower_value(self, x: Array, y: Array) -> Any: ...

    def lower_grad_y(self, x: Array, y: Array) -> Array: ...

    def lower_hvp(self, x: Array, y: Array, v: Array) -> Array: ...


class Proximal:
    """The lower level with a proximal term: g(x, th) + |th - y|^2 / (2 gamma) as a function of th."""

    def __init__(self, lower: Lower, y: Array, gamma: float) -> None:
        self._lower, self._y, self._gamma = lower, y, gamma
        self.dim_y, self.dtype = lower.dim_y, lower.dtype

    def lower_value(self, x: Array, th: Array) -> Any:
        away = th - self._y
        return self._lower.lower_value(x, th) + away @ away / (2 * self._gamma)

    def lower_grad_y(self, x: Array, th: Array) -> Array:
        return self._lower.lower_grad_y(x, th) + (th - self._y) / self._gamma

    def lower_hvp(self, x: Array, th: Array, v: Array) -> Array:
        return self._lower.lower_hvp(x, th, v) + v / self._gamma

    def lower_curvature(self, x: Array, th: Array) -> tuple[Callable[[Array], Array], Array | None]:
        product, diagonal = _curvature(self._lower, x, th)
        return (lambda v: product(v) + v / self._gamma), None if diagonal is None else diagonal + 1 / self._gamma


class MeanOfAgents(Oracles):
    """The averaged problem as one Local: each oracle is the mean over a stack of all agents."""

    def __init__(self, problem: Problem) -> None:
        self._stack = problem.stack(range(problem.agents))
        self._agents = problem.agents
        self._start = problem.start
        self.dim_x = problem.dim_x
        self.dim_y = problem.dim_y
        self.dtype: np.dtype[Any] = problem.dtype

    def _call(self, oracle: str, batch: Batch | None, *arrays: Array) -> Any:
        everywhere = [np.broadcast_to(array, (self._agents, *array.shape)) for array in arrays]
        result = getattr(self._stack, oracle)(*everywhere, batch)
        return tuple(part.mean(axis=0) for part in result) if isinstance(result, tuple) else result.mean(axis=0)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return self._start(rng)

    def draw(self, rng: Generators) -> Batch | None:
        return None

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        return self._stack.charges(oracle, batch)


def conjugate_gradients(
    product: Callable[[Array], Array],
    right: Array,
    tolerance: float = TOLERANCE,
    diagonal: Array | None = None,
    definite: bool = True,
) -> Array:
    """v with product(v) = right for a symmetric positive definite product, to |residual| <= tolerance |right|.

    ``diagonal`` is the matrix's diagonal, as preconditioner. Where the matrix turns out not to be positive definite,
    the best point so far is given (the right side itself if there is none): still a descent direction for Newton. With
    ``definite`` False, NaN is given there.
    """
    scale = np.ones_like(right) if diagonal is None else 1.0 / diagonal
    solution = np.zeros_like(right)
    residual = right.copy()
    target = max(tolerance, 4 * float(np.finfo(right.dtype).eps)) * norm(right)
    preconditioned = scale * residual
    direction = preconditioned
    weight = residual @ preconditioned
    for _ in range(20 * right.size + 100):
        if norm(residual) <= target:
            break
        image = product(direction)
        curvature = direction @ image
        if not curvature > 0:
            if not definite:
                return np.full_like(right, np.nan)
            return solution if solution.any() else scale * right
        step = weight / curvature
        solution = solution + step * direction
        residual = residual - step * image
        preconditioned = scale * residual
        previous, weight = weight, residual @ preconditioned
        direction = preconditioned + (weight / previous) * direction
    return solution


def solve_lower(problem: Problem, x: Array, start: Array | None = None, tolerance: float = TOLERANCE) -> LowerSolution:
    """y*(x) of the averaged problem by damped Newton-CG, from ``start`` or 0, whichever has the smaller gradient."""
    return minimise_lower(problem.average(), x, start, tolerance)


def minimise_lower(average: Lower, x: Array, start: Array | None, tolerance: float) -> LowerSolution:
    """As ``solve_lower``, for any Local with a strongly convex g."""
    x = np.asarray(x, average.dtype)
    y = np.zeros(average.dim_y, average.dtype)
    gradient = average.lower_grad_y(x, y)
    enough = max(tolerance, 8 * float(np.finfo(average.dtype).eps)) * norm(gradient)
    if start is not None and np.isfinite(start).all():
        guess = np.asarray(start, average.dtype)
        other = average.lower_grad_y(x, guess)
        if norm(other) < norm(gradient):
            y, gradient = guess, other
    scale = norm(gradient)
    y, gradient = _newton(average, x, y, gradient, enough)
    residual = norm(gradient)
    return LowerSolution(y, residual, bool(residual <= max(enough, 1e-8 * scale)))


def stationary(average: Lower, x: Array, start: Array, residual: float) -> LowerSolution:
    """A point near ``start`` with |grad_y g| <= residual (float32: 32 of its units), whether g is convex or not.

    Newton-CG as above: where conjugate gradients meet negative curvature they stop, and the step is what they have so
    far, or minus the gradient. Each step lowers g, so a minimiser is where it ends but for an unlucky start.
    """
    x, y = np.asarray(x, average.dtype), np.asarray(start, average.dtype)
    enough = max(residual, 32 * float(np.finfo(average.dtype).eps))
    y, gradient = _newton(average, x, y, average.lower_grad_y(x, y), enough)
    return LowerSolution(y, norm(gradient), norm(gradient) <= enough)


def _newton(average: Lower, x: Array, y: Array, gradient: Array, enough: float) -> tuple[Array, Array]:
    """Where damped Newton-CG from y ends, and the gradient there."""
    scale = norm(gradient)
    for _ in range(NEWTON_STEPS):
        size = norm(gradient)
        if not size > enough:
            break
        product, diagonal = _curvature(average, x, y)
        step = -conjugate_gradients(product, gradient, min(0.1, float(np.sqrt(size / scale))), diagonal)
        moved = _line_search(average, x, y, step, gradient)
        if moved is None:
            break
        y, gradient = moved
    return y, gradient


def envelope_gap(average: Lower, x: Array, y: Array, gamma: float, residual: float) -> float:
    """g(x, y) - V(x, y) >= 0 for the Moreau envelope V(x, y) = min_th g(x, th) + |th - y|^2 / (2 gamma).

    The minimum is sought from th = y; a local one where gamma does not make the sum convex. NaN where none is reached.
    """
    x, y = np.asarray(x, average.dtype), np.asarray(y, average.dtype)
    proximal = Proximal(average, y, gamma)
    solved = stationary(proximal, x, y, residual)
    return float(average.lower_value(x, y) - proximal.lower_value(x, solved.y)) if solved.converged else float("nan")


def hypergradient(
    problem: Problem, x: Array, y_star: Array, tolerance: float = TOLERANCE, definite: bool = True
) -> Array:
    """grad F(x) of the averaged problem, given its lower solution at x.

    With ``definite`` False, d2_yy g is not taken to be positive definite: NaN where it shows that it is not.
    """
    average = problem.average()
    x, y = np.asarray(x, average.dtype), np.asarray(y_star, average.dtype)
    grad_x, grad_y = average.upper_grads(x, y)
    product, diagonal = _curvature(average, x, y)
    adjoint = conjugate_gradients(product, grad_y, tolerance, diagonal, definite)
    return grad_x - average.lower_cross(x, y, adjoint)


def _curvature(average: Lower, x: Array, y: Array) -> tuple[Callable[[Array], Array], Array | None]:
    """v -> d2_yy g v at one point, and its diagonal, from the shared forward pass where the problem offers one."""
    shared = getattr(average, "lower_curvature", None)
    if shared is not None:
        return shared(x, y)
    return (lambda v: average.lower_hvp(x, y, v)), None


def _line_search(average: Lower, x: Array, y: Array, step: Array, gradient: Array) -> tuple[Array, Array] | None:
    """The first of y + step, y + step/2, ... that lowers the value enough, or at rounding level the gradient."""
    value = float(average.lower_value(x, y))
    slope = float(gradient @ step)
    noise = 10 * float(np.finfo(average.dtype).eps) * abs(value)
    length = 1.0
    for _ in range(HALVINGS):
        there = y + length * step
        change = float(average.lower_value(x, there)) - value
        if change <= 1e-4 * length * slope:
            return there, average.lower_grad_y(x, there)
        if change <= noise:  # the value can no longer tell: ask the gradient
            moved = average.lower_grad_y(x, there)
            if norm(moved) < norm(gradient):
                return there, moved
        length /= 2
    return None


def norm(vector: Array) -> float:
    """Euclidean length."""
    return float(np.sqrt(vector @ vector))
