"""Named streams: the same name gives the same draws, any other name others."""

import numpy as np

from simulator.streams import stream


def draws(*name):
    """The first numbers of a stream."""
    return tuple(stream(*name).random(4))


def test_the_same_name_gives_the_same_draws():
    """Twice asked is twice the same, in separate generators."""
    assert draws(1, "latency", 3, 4) == draws(1, "latency", 3, 4)
    assert stream(1, "a") is not stream(1, "a")


def test_every_part_of_a_name_matters():
    """Seed, purpose, ids, their order and their number give all different draws."""
    names = [(1, "a"), (2, "a"), (1, "b"), (1, "a", 1), (1, "a", 2), (1, "a", 1, 2), (1, "a", 2, 1), (1, "a", 12)]
    assert len({draws(*name) for name in names}) == len(names)


def test_streams_are_the_same_on_every_machine():
    """A stored value: a change here would change every result ever published."""
    assert stream(0, "agent", 7).integers(0, 10**9, 3).tolist() == [425718209, 624989553, 603926765]


def test_streams_look_independent():
    """The correlation of neighbouring streams is that of noise."""
    numbers = np.stack([stream(5, "agent", id_).standard_normal(4000) for id_ in range(20)])
    correlation = np.corrcoef(numbers) - np.eye(20)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(4000)
