"""Named streams depend on the seed and the name alone."""

from problems.streams import stream

STORED = [877, 533, 15, 713]


def test_streams_repeat_and_differ():
    """Same seed and purpose, same numbers; another seed or purpose, others. A stored value guards the rule."""
    first = stream(3, "split").integers(1000, size=4).tolist()
    assert first == stream(3, "split").integers(1000, size=4).tolist()
    assert first != stream(4, "split").integers(1000, size=4).tolist()
    assert first != stream(3, "partition").integers(1000, size=4).tolist()
    assert first == STORED
