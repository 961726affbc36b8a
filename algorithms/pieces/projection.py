"""Projection onto a ball around zero."""

import numpy as np


def onto_ball(vector: np.ndarray, radius: float | None) -> np.ndarray:
    """Nearest point of the ball of this radius, for each vector of the last axis; radius None leaves it as it is.

    A vector inside the ball comes back with the same bits, since it is multiplied by radius/radius = 1.
    """
    if radius is None:
        return vector
    length = np.sqrt((vector * vector).sum(axis=-1, keepdims=True))
    return vector * (radius / np.maximum(length, radius))
