"""What problems with several agents have in common, as checks that their tests call."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from problems import checks
from problems.base import FUSED
from problems.reference import MeanOfAgents

Build = Callable[[Any, int], Any]
"""(settings, number of agents) -> problem."""


@pytest.fixture
def oracles_agree() -> Callable[..., None]:
    """`oracles_agree(build, settings, batches, within)`: oracles are the derivatives of the values they belong to."""

    def check(build: Build, settings: Any, batches: bool, within: float) -> None:
        local = build(settings, 3).local(1)
        batch = local.draw(np.random.default_rng(3))
        assert (batch is not None) == batches
        errors = checks.finite_differences(local, np.random.default_rng(0), batch)
        assert set(errors) >= set(FUSED)
        assert max(errors.values()) < within

    return check


@pytest.fixture
def stacks_agree() -> Callable[..., None]:
    """`stacks_agree(build, settings, dtype)`: agents in one call give the bits of the agents one by one."""

    def check(build: Build, settings: Any, dtype: str) -> None:
        problem = build(replace(settings, dtype=dtype), 4)
        for ids in ([0, 1, 2, 3], [2, 0], [3]):
            assert checks.stack_differences(problem, ids, np.random.default_rng(1)) == []

    return check


@pytest.fixture
def average_agrees() -> Callable[..., None]:
    """`average_agrees(problem)`: all samples in one call, weighted, are the mean over a stack of all agents; the shared
    curvature is the Hessian, with its diagonal at `entry` (None: it offers no diagonal).
    """

    def check(problem: Any, entry: int | None = 3) -> None:
        average, mean = problem.average(), MeanOfAgents(problem)
        rng = np.random.default_rng(0)
        x, y, u = (rng.standard_normal(dim) for dim in (problem.dim_x, problem.dim_y, problem.dim_y))
        for one, other in zip(average.directions(x, y, u), mean.directions(x, y, u), strict=True):
            assert np.allclose(one, other, rtol=1e-11, atol=1e-12)
        assert np.allclose(average.lower_grad_x(x, y), mean.lower_grad_x(x, y), rtol=1e-11, atol=1e-12)
        assert average.lower_value(x, y) == pytest.approx(mean.lower_value(x, y), rel=1e-12)
        assert average.upper_value(x, y) == pytest.approx(mean.upper_value(x, y), rel=1e-12)
        product, diagonal = average.lower_curvature(x, y)
        assert np.allclose(product(u), average.lower_hvp(x, y, u), rtol=1e-10, atol=1e-12)
        if entry is None:
            assert diagonal is None
        else:
            unit = np.eye(problem.dim_y)[entry]
            assert diagonal[entry] == pytest.approx(average.lower_hvp(x, y, unit)[entry], rel=1e-10)

    return check
