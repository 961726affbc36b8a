"""The note that a search reads."""

from typing import get_type_hints

from algorithms import slam
from algorithms.pieces.search import Searched


def test_the_penalty_of_slam_is_searched_with_its_steps() -> None:
    """Its product with step_x is what must stay bounded."""
    hint = get_type_hints(slam.Settings, include_extras=True)["penalty"]
    assert Searched() in hint.__metadata__
