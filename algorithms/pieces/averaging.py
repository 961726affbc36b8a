"""Moving average of a direction ("momentum" of moving-average methods)."""

import numpy as np


def moving_average(old: np.ndarray | None, new: np.ndarray, weight: float) -> np.ndarray:
    """(1 - weight) * old + weight * new; the first value starts the average, weight 1 is no averaging."""
    if old is None:
        return new
    return (1.0 - weight) * old + weight * new
