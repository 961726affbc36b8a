"""Every oracle of a Local goes through one method, with its name, its arrays in order and its batch."""

import numpy as np
import pytest

from problems.base import COUNTED, FUSED, Batch, Directions
from problems.oracles import Oracles


class Noting(Oracles):
    """Answers with what it was asked."""

    def _call(self, oracle, batch, *arrays):
        return (oracle, batch, arrays)


THREE = ("lower_hvp", "lower_cross", "lower_cross_t", "lower_products", "directions")
"""The oracles that take a third vector."""


@pytest.mark.parametrize("name", [*COUNTED, *FUSED])
def test_an_oracle_hands_on_what_it_was_asked(name):
    """Its name, the vectors in order, and the batch by keyword or by place."""
    arrays = ("x", "y", "third") if name in THREE else ("x", "y")
    batch = Batch(lower=np.array([1, 2]))
    expected = (name, batch, arrays)
    assert tuple(getattr(Noting(), name)(*arrays, batch)) == expected
    assert tuple(getattr(Noting(), name)(*arrays, batch=batch)) == expected


def test_directions_are_named():
    """Whatever the view returns, the caller gets x, y and u."""
    found = Noting().directions("x", "y", "u")
    assert isinstance(found, Directions)
    assert found.x == "directions"
