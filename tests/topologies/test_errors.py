"""A topology's error survives the ways in which errors travel, and names the nearest of what is known."""

import pickle

from topologies.errors import TopologyError, not_among


def test_error_is_a_value_error_and_survives_pickling() -> None:
    """A worker process can hand the sentence to its parent, which may catch it as a ValueError."""
    error = pickle.loads(pickle.dumps(TopologyError("ring: give the number of agents")))
    assert isinstance(error, ValueError)
    assert str(error) == "ring: give the number of agents"


def test_an_unknown_name_is_answered_with_the_known_and_the_nearest_one() -> None:
    """The hint is left out where nothing is near."""
    assert not_among("rnig", ("grid", "ring")) == "not one of grid, ring; did you mean 'ring'?"
    assert not_among("qqq", ("grid", "ring")) == "not one of grid, ring"
