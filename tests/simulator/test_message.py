"""Messages: their size in bits, what the wire does to values, and that nothing sent can change."""

from types import SimpleNamespace

import numpy as np
import pytest

from simulator.message import Message, on_the_wire, payload_bits


class Compressed:
    """A payload that says its own length."""

    nbits = 13

    def __repr__(self):
        return "Compressed()"  # an address would name the tests differently in each process


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (np.zeros(5), 320),
        (np.zeros((2, 3), dtype=np.float32), 192),
        (np.zeros(3, dtype=np.int8), 24),
        (np.zeros(0), 0),
        (np.float64(1.0), 64),
        (np.float32(1.0), 32),
        (np.bool_(True), 8),
        (1.5, 64),
        (7, 64),
        (None, 0),
        (Compressed(), 13),
        ((np.zeros(2), 1.0, None), 192),
        ([Compressed(), [Compressed()]], 26),
    ],
    ids=str,
)
def test_payload_bits(value, bits):
    """Arrays count at their own precision, compressed objects as they say, Python numbers 64 bits."""
    assert payload_bits(value) == bits


def test_a_value_of_unknown_length_is_refused():
    """There is no guess at the size of a text or of a dict."""
    for value in ("text", {"a": 1}):
        with pytest.raises(AttributeError, match="nbits"):
            payload_bits(value)


@pytest.mark.parametrize(("copies", "size"), [(0, 0), (1, 2), (2, 4), (8, 13)])
def test_bits_are_rounded_up_to_bytes_once_a_message(copies, size):
    """13 bits are 2 bytes, 8 times 13 bits are 13 bytes."""
    values = {str(k): Compressed() for k in range(copies)}
    assert on_the_wire(values, None) == (values, size)


def test_without_a_wire_precision_arrays_pass_as_they_are():
    """The receiver gets the very array, read-only from now on."""
    x = np.arange(4.0)
    values, size = on_the_wire({"x": x, "n": 3}, None)
    assert values["x"] is x
    assert not x.flags.writeable
    assert size == 40


def test_a_wire_precision_really_rounds():
    """float64 becomes float32 and back; what is narrower or no float passes, the sender's array stays as it was."""
    third, half, count = np.array([1 / 3]), np.array([1 / 3], dtype=np.float16), np.array([2**40 + 1])
    values, size = on_the_wire({"a": third, "b": half, "c": count}, np.dtype(np.float32))
    assert values["a"].dtype == np.float64
    assert values["a"][0] == np.float64(np.float32(1 / 3)) != third[0]
    assert values["b"] is half
    assert values["c"] is count
    assert size == 4 + 2 + 8
    assert third[0] == 1 / 3


def test_a_rounded_array_is_read_only_too():
    """All receivers of a broadcast share it."""
    values, _ = on_the_wire({"a": np.array([1 / 3])}, np.dtype(np.float32))
    assert not values["a"].flags.writeable


def made(payload):
    """A message from 3 to 8."""
    message = Message()
    message.link = SimpleNamespace(to=8)
    message.sender, message.tag, message.payload, message.size, message.sent_at = 3, "tag", payload, 56, 1.5
    return message


def test_a_message_shows_what_it_is():
    """Who, to whom, what about, how large, when; its values by name."""
    message = made({"x": 1.0})
    assert (message.sender, message.to, message.tag, message.size, message.sent_at) == (3, 8, "tag", 56, 1.5)
    assert message["x"] == 1.0
    assert repr(message) == "Message(3->8, tag='tag', 56 B, sent at 1.5 s)"
    with pytest.raises(KeyError):
        message["y"]


def test_a_message_with_values_is_not_dropped():
    """Only the notice of a drop is."""
    assert not made({"x": 1.0}).dropped


def test_a_message_without_values_is_not_dropped_either():
    """A bare signal is an ordinary message."""
    assert not made({}).dropped
