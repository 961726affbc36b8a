"""A topology's error survives the ways in which errors travel."""

import pickle

from topologies.errors import TopologyError


def test_error_is_a_value_error_and_survives_pickling() -> None:
    """A worker process can hand the sentence to its parent, which may catch it as a ValueError."""
    error = pickle.loads(pickle.dumps(TopologyError("ring: give the number of agents")))
    assert isinstance(error, ValueError)
    assert str(error) == "ring: give the number of agents"
