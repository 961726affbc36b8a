"""Events are counted, never timed: the guard of the event loop's cost."""

import pytest

from benchmarks import rings


def test_one_event_per_message_without_sharing():
    """Exactly one entry of the heap for each message."""
    assert rings.events_per_message("none", agents=6, rounds=5) == 1.0


def test_at_most_two_events_per_message_first_come_first_served():
    """One when the first byte comes, one when the last does."""
    assert 1.0 < rings.events_per_message("fifo", agents=6, rounds=5) <= 2.0


@pytest.mark.parametrize("sharing", ["none", "fifo", "fair"])
def test_the_exchange_sends_what_it_says(sharing):
    """On a star and on a ring: messages of the measured rounds, and one round before."""
    for neighbors in (rings.star(4), rings.ring(4)):
        exchange = rings.Exchange(neighbors, 3, sharing, journal=False)
        outcome = exchange.run()
        assert outcome.status == "finished"
        sent = sum(meter.messages_sent for meter in outcome.meters)
        assert sent == exchange.messages + sum(map(len, neighbors))


def test_floor_and_exchange_take_time():
    """Both clocks run, with and without the journal."""
    assert rings.floor(4, 50)() > 0.0
    assert rings.simulated(4, 50)() > 0.0
    assert rings.simulated(4, 50, journal=True)() > 0.0
