"""The journal: the ordered record of everything that happened, packed as bytes (a million tuples would slow the
garbage collector).
"""

from collections.abc import Mapping
from hashlib import sha256
from struct import Struct

import numpy as np

from simulator.hooks import Observer
from simulator.message import Message

KINDS = ("sent", "delivered", "lost", "computed", "waited", "failed", "recovered", "reported")
SENT, DELIVERED, LOST, COMPUTED, WAITED, FAILED, RECOVERED, REPORTED = range(len(KINDS))

ROW = np.dtype([("time", "<f8"), ("kind", "i1"), ("agent", "<i4"), ("peer", "<i4"), ("value", "<f8")])
_pack = Struct("<dbiid").pack
"""One row; packing it costs half of what five appends to five arrays do."""


class Journal(Observer):
    """Every event, in order: when, what, which agent, and its peer and bytes, or its start, or its round.

    `value` is the size of a message in bytes, the start of an interval in seconds, or the number of a round.
    """

    def __init__(self) -> None:
        self._rows = bytearray()

    def __len__(self) -> int:
        return len(self._rows) // ROW.itemsize

    def sent(self, now: float, message: Message) -> None:
        self._rows += _pack(now, SENT, message.sender, message.link.to, message.size)

    def delivered(self, now: float, message: Message) -> None:
        self._rows += _pack(now, DELIVERED, message.link.to, message.sender, message.size)

    def lost(self, now: float, message: Message, why: str) -> None:
        self._note(now, LOST, message.to, message.sender, message.size)

    def computed(self, agent: int, start: float, end: float) -> None:
        self._note(end, COMPUTED, agent, -1, start)

    def waited(self, agent: int, start: float, end: float) -> None:
        self._rows += _pack(end, WAITED, agent, -1, start)

    def failed(self, now: float, agent: int) -> None:
        self._note(now, FAILED, agent, -1, 0.0)

    def recovered(self, now: float, agent: int) -> None:
        self._note(now, RECOVERED, agent, -1, 0.0)

    def reported(self, now: float, agent: int, round_: int, arrays: Mapping[str, np.ndarray]) -> None:
        self._note(now, REPORTED, agent, -1, round_)

    def _note(self, time: float, kind: int, agent: int, peer: int, value: float) -> None:
        self._rows += _pack(time, kind, agent, peer, value)

    def columns(self) -> dict[str, np.ndarray]:
        """The record as arrays: time (s), kind (index into `KINDS`), agent, peer (-1: none), value."""
        rows = np.frombuffer(self._rows, ROW)
        return {name: np.ascontiguousarray(rows[name]) for name in ("time", "kind", "agent", "peer", "value")}

    def fingerprint(self) -> str:
        """Hash of the whole record, hexadecimal."""
        digest = sha256()
        for column in self.columns().values():
            digest.update(column.tobytes())
        return digest.hexdigest()
