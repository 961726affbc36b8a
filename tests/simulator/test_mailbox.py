"""The mailbox: what ends a wait, what is taken, what stays."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.mailbox import ANY, NOBODY, NOTHING, Mailbox


def message(sender, tag="x", value=None):
    """What the mailbox needs of a message."""
    return SimpleNamespace(sender=sender, tag=tag, value=value, arrival=-1)


def filled(*messages):
    """A mailbox in which these have arrived, in this order; nobody waits."""
    box = Mailbox()
    for one in messages:
        assert not box.put(one)
    return box


def ids(taken):
    """Senders of what was taken, as it is ordered."""
    return list(taken)


def test_put_says_when_the_wait_is_over():
    """For a number of senders of one tag; other tags and second messages of a sender do not count."""
    box = Mailbox()
    box.want("x", 2)
    assert not box.put(message(1))
    assert not box.put(message(1))
    assert not box.put(message(2, "y"))
    assert box.put(message(2))


def test_put_says_when_the_forced_are_here():
    """Enough senders are not enough while a forced one is missing."""
    box = Mailbox()
    box.want("x", 1, frozenset({3}))
    assert not box.put(message(1))
    assert not box.put(message(2))
    assert box.put(message(3))


def test_any_message_ends_a_wait_for_any():
    """Whoever waits for any tag is woken by the first message."""
    box = Mailbox()
    box.want(ANY)
    assert box.put(message(1, "whatever"))
    assert box.next_message(ANY).tag == "whatever"


def test_nobody_waits_for_nothing():
    """Without a wait messages are stored."""
    box = filled(message(1), message(2))
    assert box.wanted is NOTHING
    assert ids(box.take("x", 2, NOBODY)) == [1, 2]


@pytest.mark.parametrize(
    ("need", "forced", "ready"),
    [(0, (), True), (1, (), True), (2, (), True), (3, (), False), (1, (5,), True), (1, (4,), False)],
)
def test_ready_looks_at_what_is_here(need, forced, ready):
    """Two senders, 5 and 1, have come."""
    box = filled(message(5), message(1), message(1))
    assert box.ready("x", need, frozenset(forced)) is ready
    assert box.ready("y", need, frozenset(forced)) is (need == 0)


def test_take_follows_the_order_of_arrival_and_answers_in_order_of_sender():
    """Of 4, 2, 3, 1 the first three are 4, 2, 3."""
    box = filled(*(message(sender) for sender in (4, 2, 3, 1)))
    assert ids(box.take("x", 3, NOBODY)) == [2, 3, 4]
    assert ids(box.take("x", 3, NOBODY)) == [1]
    assert ids(box.take("x", 3, NOBODY)) == []
    assert box.boxes == {}


def test_take_goes_on_until_the_forced_are_in():
    """Of 4, 2, 3, 1 with 3 forced and one needed: 4, 2, 3."""
    box = filled(*(message(sender) for sender in (4, 2, 3, 1)))
    assert ids(box.take("x", 1, frozenset({3}))) == [2, 3, 4]
    assert ids(box.take_all("x")) == [1]


def test_second_messages_move_up():
    """What a sender sent later takes the place of what was taken, in its order of arrival among the others."""
    box = filled(message(1, value="a"), message(1, value="b"), message(2, value="c"), message(1, value="d"))
    assert box.take("x", 1, NOBODY)[1].value == "a"
    assert box.take("x", 1, NOBODY)[1].value == "b"
    assert box.take("x", 1, NOBODY)[2].value == "c"
    assert box.take("x", 1, NOBODY)[1].value == "d"
    assert (box.boxes, box.queued) == ({}, {})


def test_take_all_takes_one_of_each():
    """The second of a sender stays."""
    box = filled(message(1, value="a"), message(1, value="b"), message(2))
    assert box.take_all("x")[1].value == "a"
    assert box.take_all("x")[1].value == "b"
    assert box.take_all("x") == {}


def test_missing_names_who_has_not_come():
    """Of the neighbours asked for."""
    box = filled(message(2))
    box.want("x", 3)
    assert box.missing((1, 2, 3)) == (1, 3)
    box.want(ANY)
    assert box.missing((1, 2)) == (1, 2)


def test_a_wait_that_is_given_up_takes_nothing():
    """After a timeout with what has come, the rest is there for the next."""
    box = Mailbox()
    box.want("x", 3)
    box.put(message(1))
    assert ids(box.take_wanted()) == [1]
    box.want(NOTHING)
    assert not box.put(message(2))
    box.want("x", 1)
    assert box.next_wanted().sender == 2
    assert box.next_wanted() is None


def test_clear_forgets_messages_and_wait():
    """Memory lost: nothing is here, nothing is waited for."""
    box = filled(message(1), message(1), message(2, "y"))
    box.want("x", 1)
    box.clear()
    assert box.next_message(ANY) is None
    assert not box.put(message(1))


class Naive:
    """The same by looking through one list."""

    def __init__(self):
        self.list = []

    def next_message(self, tag):
        for one in self.list:
            if tag is ANY or one.tag == tag:
                self.list.remove(one)
                return one
        return None

    def take(self, tag, need, forced):
        firsts = {}
        for one in self.list:
            if one.tag == tag:
                firsts.setdefault(one.sender, one)
        taken = {}
        for sender, one in firsts.items():
            if len(taken) >= need and forced <= taken.keys():
                break
            taken[sender] = one
        for one in taken.values():
            self.list.remove(one)
        return dict(sorted(taken.items()))


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 3), st.sampled_from("ab")),
        st.tuples(st.just("next"), st.sampled_from(["a", "b", ANY])),
        st.tuples(
            st.just("take"), st.sampled_from("ab"), st.integers(0, 4), st.frozensets(st.integers(0, 3), max_size=2)
        ),
    ),
    max_size=60,
)


@given(actions=ACTIONS)
def test_the_mailbox_is_a_list_looked_through(actions):
    """Any row of puts and takes gives the same as a plain list, and loses nothing."""
    fast, naive = Mailbox(), Naive()
    for action, *rest in actions:
        if action == "put":
            one = message(*rest)
            fast.put(one)
            naive.list.append(one)
        elif action == "next":
            assert fast.next_message(*rest) is naive.next_message(*rest)
        else:
            mine, other = fast.take(*rest), naive.take(*rest)
            assert list(mine.items()) == list(other.items())
    left = [one for box in fast.boxes.values() for one in box.values()]
    left += [one for queue in fast.queued.values() for one in queue]
    assert sorted(map(id, left)) == sorted(map(id, naive.list))
