"""What travels between two agents, and how large it is on the wire."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Payload = Mapping[str, Any]

DROPPED: Payload = {}
"""What the notice of a dropped message holds."""


class Message:
    """One message, read-only by convention.

    The object is its own delivery event: the event loop calls `callbacks` when it is due. It has slots and no
    `__init__`: the link's `post` alone makes messages, and setting fields there takes half the time of a constructor
    call (a frozen dataclass: twelve times).
    """

    __slots__ = (
        "arrival", "attempts", "callbacks", "fate", "key", "life", "link", "mixing", "number", "payload", "sender",
        "sent_at", "size", "tag",
    )  # fmt: skip
    _ok = True
    link: Any
    sender: int
    """Id of the agent that sent it."""
    tag: Any
    """What it is about; `gather` and `receive` select by it."""
    payload: Payload
    """Name -> value, as handed to `send`."""
    size: int
    """Bytes on the wire: payload plus header."""
    sent_at: float
    """Simulated instant of the latest transmission attempt, seconds."""
    key: int
    mixing: int | None
    """The round of a `mix`; None for other messages."""
    callbacks: Any
    arrival: int
    """Its number in the receiver's mailbox."""
    # used only where messages can be lost
    attempts: int
    fate: str | None
    life: int
    """Which life of its sender it belongs to: a sender that lost its memory repeats nothing of an earlier one."""
    number: int

    @property
    def to(self) -> int:
        """Id of the agent it is for."""
        return int(self.link.to)

    @property
    def dropped(self) -> bool:
        """True for the notice of an idealised symmetric drop: the message was due now and does not come."""
        return self.payload is DROPPED

    def __getitem__(self, name: str) -> Any:
        return self.payload[name]

    def __repr__(self) -> str:
        return f"Message({self.sender}->{self.to}, tag={self.tag!r}, {self.size} B, sent at {self.sent_at:g} s)"


def payload_bits(value: Any) -> int:
    """Length of a payload's value in bits: arrays at their own precision, compressed objects by their `nbits`,
    numbers 64.
    """
    if isinstance(value, np.ndarray | np.generic):
        return 8 * int(value.nbytes)
    if isinstance(value, int | float):
        return 64
    if value is None:
        return 0
    if isinstance(value, tuple | list):
        return sum(payload_bits(item) for item in value)
    return int(value.nbits)


def on_the_wire(values: dict[str, Any], wire: np.dtype | None) -> tuple[dict[str, Any], int]:
    """What the receiver gets, and its length in bytes without header.

    Arrays become read-only instead of being copied. With a `wire` precision floating-point arrays are really rounded
    to it, and handed over in the precision they had.
    """
    size = bits = 0
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            if wire is not None and value.dtype.kind == "f" and value.dtype.itemsize > wire.itemsize:
                rounded = value.astype(wire)
                received = rounded.astype(value.dtype)
                received.setflags(write=False)
                values[name], value = received, rounded
            else:
                value.setflags(False)  # type: ignore[call-arg]  # half the time of `write=False`
            size += value.nbytes
        else:
            bits += payload_bits(value)
    return values, size + (-(-bits // 8) if bits else 0)
