"""Oracles of a local problem that methods with hypergradients share, as questions of `algorithms.pieces.fleet`."""

import numpy as np

from algorithms.pieces.fleet import Draw, Vectors
from problems.base import Local


def direction_x(problem: Local, draw: Draw, x: np.ndarray, y: np.ndarray, u: np.ndarray) -> Vectors:
    """grad_x f - [d2_xy g] u: the hypergradient, if y and u solve the lower level and its adjoint; one batch."""
    batch = draw()
    return (problem.upper_grad_x(x, y, batch) - problem.lower_cross(x, y, u, batch),)
