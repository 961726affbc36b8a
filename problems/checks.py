"""Checks of a problem's oracles, for tests and for the authors of new problems.

>>> from problems import load
>>> quadratic = load("quadratic")
>>> problem = quadratic.build(quadratic.Settings(), agents=3, seed=0)
>>> errors = finite_differences(problem.local(0), np.random.default_rng(0))
>>> max(errors.values()) < 1e-6
True
>>> stack_differences(problem, [0, 2], np.random.default_rng(0))
[]
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from problems.base import COUNTED, FUSED, Array, Batch, Local, Problem

STEP = 1e-5


def finite_differences(local: Local, rng: np.random.Generator, batch: Batch | None = None) -> dict[str, float]:
    """Relative errors of every gradient and product at a random point, against central differences; float64 only.

    Gradients are compared with differences of the values along a random direction, products with differences of the
    gradients; the fused calls are compared with their parts.
    """
    x, y, u, w = _points(local, rng, None)
    dx, dy = rng.standard_normal(local.dim_x), rng.standard_normal(local.dim_y)

    def along_x(function: Callable[..., Any]) -> Any:
        return (function(x + STEP * dx, y, batch) - function(x - STEP * dx, y, batch)) / (2 * STEP)

    def along_y(function: Callable[..., Any], direction: Array) -> Any:
        return (function(x, y + STEP * direction, batch) - function(x, y - STEP * direction, batch)) / (2 * STEP)

    def mixed(direction: Array) -> Any:
        step = STEP * direction
        return (local.lower_grad_y(x + step, y, batch) - local.lower_grad_y(x - step, y, batch)) / (2 * STEP)

    pairs = {
        "upper_grad_x": (local.upper_grad_x(x, y, batch) @ dx, along_x(local.upper_value)),
        "upper_grad_y": (local.upper_grad_y(x, y, batch) @ dy, along_y(local.upper_value, dy)),
        "lower_grad_x": (local.lower_grad_x(x, y, batch) @ dx, along_x(local.lower_value)),
        "lower_grad_y": (local.lower_grad_y(x, y, batch) @ dy, along_y(local.lower_value, dy)),
        "lower_hvp": (local.lower_hvp(x, y, u, batch), along_y(local.lower_grad_y, u)),
        "lower_cross": (local.lower_cross(x, y, u, batch), along_y(local.lower_grad_x, u)),
        "lower_cross_t": (local.lower_cross_t(x, y, w, batch), mixed(w)),
    }
    errors = {name: _error(found, expected) for name, (found, expected) in pairs.items()}
    for name, (found, expected) in _fused(local, x, y, u, batch).items():
        errors[name] = max(_error(*both) for both in zip(found, expected, strict=True))
    return errors


def stack_differences(problem: Problem, ids: Sequence[int], rng: np.random.Generator) -> list[str]:
    """Names of the oracles that give other bits for a stack of agents than for the agents one by one."""
    stack, locals_ = problem.stack(ids), [problem.local(i) for i in ids]
    points = _points(stack, rng, len(ids))
    seeds = rng.integers(2**32, size=len(ids))
    batch = stack.draw([np.random.default_rng(seed) for seed in seeds])
    batches = [local.draw(np.random.default_rng(seed)) for local, seed in zip(locals_, seeds, strict=True)]
    different = []
    for name in (*COUNTED, *FUSED):
        together = _call(stack, name, points, batch)
        alone = [
            _call(local, name, [point[row] for point in points], batches[row]) for row, local in enumerate(locals_)
        ]
        for part, result in enumerate(together):
            one_by_one = np.stack([single[part] for single in alone])
            if (result.shape, result.dtype, result.tobytes()) != (
                one_by_one.shape,
                one_by_one.dtype,
                one_by_one.tobytes(),
            ):
                different.append(name)
    return sorted(set(different))


def _points(local: Local, rng: np.random.Generator, agents: int | None) -> list[Array]:
    """Random x, y, u (lower length) and w (upper length)."""
    lead = () if agents is None else (agents,)
    dims = (local.dim_x, local.dim_y, local.dim_y, local.dim_x)
    return [rng.standard_normal((*lead, dim)).astype(local.dtype) for dim in dims]


def _call(local: Local, name: str, points: Sequence[Array], batch: Batch | None) -> list[Array]:
    x, y, u, w = points
    extra = {"lower_hvp": (u,), "lower_cross": (u,), "lower_cross_t": (w,), "lower_products": (u,), "directions": (u,)}
    result = getattr(local, name)(x, y, *extra.get(name, ()), batch)
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def _fused(
    local: Local, x: Array, y: Array, u: Array, batch: Batch | None
) -> dict[str, tuple[Sequence[Array], Sequence[Array]]]:
    upper = local.upper_grad_x(x, y, batch), local.upper_grad_y(x, y, batch)
    lower = local.lower_grad_x(x, y, batch), local.lower_grad_y(x, y, batch)
    products = local.lower_hvp(x, y, u, batch), local.lower_cross(x, y, u, batch)
    return {
        "upper_grads": (local.upper_grads(x, y, batch), upper),
        "lower_grads": (local.lower_grads(x, y, batch), lower),
        "lower_products": (local.lower_products(x, y, u, batch), products),
        "directions": (
            local.directions(x, y, u, batch),
            (upper[0] - products[1], lower[1], products[0] - upper[1]),
        ),
    }


def _error(found: Any, expected: Any) -> float:
    """|found - expected| / max(1, |expected|)."""
    difference = np.abs(np.asarray(found) - np.asarray(expected)).max()
    return float(difference / max(1.0, float(np.abs(expected).max())))
