"""Oracles that methods with hypergradients share."""

import numpy as np

from algorithms.pieces.hypergradient import direction_x
from problems import quadratic


def test_is_the_hypergradient_at_the_solution_and_soba_s_direction_elsewhere() -> None:
    """With y*(x) and u*(x) it is the exact hypergradient; anywhere, with one batch, the x part of `directions`."""
    problem = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=2, seed=0)
    mean = problem.average()
    x, u = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.2, 0.1, -1.0])
    y = problem.lower_solution(x)
    drawn: list[None] = []
    (found,) = direction_x(mean, lambda: drawn.append(None), x, y, u)
    np.testing.assert_allclose(found, mean.directions(x, y, u).x, rtol=1e-12)
    assert len(drawn) == 1

    hessian = np.stack([mean.lower_hvp(x, y, column) for column in np.eye(4)])
    exact = np.linalg.solve(hessian, mean.upper_grad_y(x, y))
    np.testing.assert_allclose(
        direction_x(mean, lambda: None, x, y, exact)[0], problem.hypergradient(x), rtol=1e-10, atol=1e-12
    )
