"""The moving average."""

import numpy as np

from algorithms.pieces.averaging import moving_average


def test_average_by_hand() -> None:
    """The first value starts it; then a quarter of the new one enters."""
    first = moving_average(None, np.array([4.0]), 0.25)
    np.testing.assert_array_equal(first, [4.0])
    np.testing.assert_array_equal(moving_average(first, np.array([8.0]), 0.25), [5.0])


def test_weight_one_is_the_new_value_to_the_bit() -> None:
    """Averaging switched off changes nothing."""
    new = np.random.default_rng(0).standard_normal(7)
    np.testing.assert_array_equal(moving_average(np.ones(7), new, 1.0), new)
