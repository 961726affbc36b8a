"""Shrinking steps."""

import pytest

from algorithms.pieces.schedules import decayed


def test_first_round_has_the_full_step_and_power_zero_keeps_it() -> None:
    """Round 1 is k = 0; without a power the step is constant, to the bit."""
    assert decayed(0.3, 1, 0.6, 200.0) == 0.3
    assert decayed(0.3, 12345, 0.0, 200.0) == 0.3


def test_step_at_the_scale() -> None:
    """After `scale` rounds the step is divided by 2 to the power."""
    assert decayed(0.3, 201, 0.5, 200.0) == pytest.approx(0.3 / 2**0.5, rel=1e-15)
