"""Directions of the first-order penalty with a Moreau envelope: no second derivatives, lower levels of any shape.

    V(x, y)   = min_theta { g(x, theta) + |theta - y|^2 / (2 gamma) }
    Psi(x, y) = mu f(x, y) + g(x, y) - V(x, y)

Psi is minimised over (x, y) while theta follows the minimiser of V. At (x, y, theta):

    D_x     = mu grad_x f(x, y) + grad_x g(x, y) - grad_x g(x, theta)
    D_y     = mu grad_y f(x, y) + grad_y g(x, y) - (y - theta) / gamma
    D_theta = grad_y g(x, theta) + (theta - y) / gamma                     (all three are descended)

mu > 0 weighs the upper level: g - V has to be zero, and mu -> 0 enforces it. gamma None stands for infinity: no
proximal term, V = min g(x, .), and theta follows the lower level's solution by itself.

D_x is a difference of size O(mu). Both lower gradients must come from one sample, or their noise is divided by mu
once the step is scaled with it.

Source: R. Liu, Z. Liu, W. Yao, S. Zeng, J. Zhang, "Moreau envelope for nonconvex bi-level optimization: a single-loop
and Hessian-free solution strategy" (MEHA), ICML 2024, arXiv 2405.09927, where F is divided by c_k = 1/mu.
"""

from typing import NamedTuple

import numpy as np

from problems.base import Batch, Local


class EnvelopeDirections(NamedTuple):
    """The three directions, in the order (x, y, theta)."""

    x: np.ndarray
    """(p,)"""
    y: np.ndarray
    """(q,)"""
    theta: np.ndarray
    """(q,)"""


def direction_x(upper_x: np.ndarray, lower_x: np.ndarray, lower_x_theta: np.ndarray, mu: float) -> np.ndarray:
    """D_x from grad_x f(x, y), grad_x g(x, y) and grad_x g(x, theta)."""
    return mu * upper_x + (lower_x - lower_x_theta)


def direction_y(
    upper_y: np.ndarray, lower_y: np.ndarray, y: np.ndarray, theta: np.ndarray, mu: float, gamma: float | None
) -> np.ndarray:
    """D_y from grad_y f(x, y) and grad_y g(x, y)."""
    return mu * upper_y + lower_y - proximal(y, theta, gamma)


def direction_theta(lower_y_theta: np.ndarray, y: np.ndarray, theta: np.ndarray, gamma: float | None) -> np.ndarray:
    """D_theta from grad_y g(x, theta)."""
    return lower_y_theta - proximal(y, theta, gamma)


def proximal(y: np.ndarray, theta: np.ndarray, gamma: float | None) -> np.ndarray | float:
    """(y - theta) / gamma, the slope of V in y; zero without an envelope."""
    return 0.0 if gamma is None else (y - theta) / gamma


def envelope_directions(
    problem: Local,
    x: np.ndarray,
    y: np.ndarray,
    theta: np.ndarray,
    mu: float,
    gamma: float | None,
    batch: Batch | None = None,
    batch_theta: Batch | None = None,
) -> EnvelopeDirections:
    """All three directions at the same point, by one call of upper and two of lower gradients.

    `batch` serves the gradients at (x, y), `batch_theta` those at (x, theta): hand in the same one twice.
    """
    upper_x, upper_y = problem.upper_grads(x, y, batch)
    lower_x, lower_y = problem.lower_grads(x, y, batch)
    lower_x_theta, lower_y_theta = problem.lower_grads(x, theta, batch_theta)
    return EnvelopeDirections(
        direction_x(upper_x, lower_x, lower_x_theta, mu),
        direction_y(upper_y, lower_y, y, theta, mu, gamma),
        direction_theta(lower_y_theta, y, theta, gamma),
    )
