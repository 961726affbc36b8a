"""Partial participation."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from algorithms.pieces.participation import participants


def test_so_many_are_drawn_anew_each_time() -> None:
    """Ascending ids; every pair of three comes up; None and too many are all, and draw nothing."""
    agent: Any = SimpleNamespace(neighbors=(4, 7, 9), rng=np.random.default_rng(0))
    assert [participants(agent, count) for count in (None, 3, 9)] == [(4, 7, 9)] * 3
    assert agent.rng.bit_generator.state == np.random.default_rng(0).bit_generator.state
    assert {participants(agent, 2) for _ in range(40)} == {(4, 7), (4, 9), (7, 9)}
