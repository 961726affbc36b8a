"""An agent's inbox, keyed by what is waited for.

Whoever waits says what for (`want`), and `put` says whether that wait is now over; nothing else ever takes a message
out, so a wait that is given up (timeout, crash) swallows none.
"""

from collections import deque
from collections.abc import Hashable
from typing import Any

from simulator.message import Message

NOTHING = object()
"""Wanted by an agent that waits for no message."""
ANY = object()
"""Wanted by an agent that takes the next message, whatever its tag."""

NOBODY: frozenset[int] = frozenset()
"""Forced by a wait that takes whoever comes."""

Box = dict[int, Message]

NO_BOX: Box = {}


class Mailbox:
    """Messages that were delivered and not yet taken: tag -> sender -> message, in order of arrival.

    `senders` are all who may send, ascending: a complete set is then put in order in one step.
    """

    __slots__ = ("_arrivals", "_sorted", "boxes", "forced", "need", "queued", "wanted")

    def __init__(self, senders: tuple[int, ...] = ()) -> None:
        self.boxes: dict[Hashable, Box] = {}
        self.queued: dict[Hashable, deque[Message]] = {}
        """Further messages of a sender whose first of that tag was not yet taken."""
        self.wanted: Any = NOTHING
        self.need = 0
        self.forced = NOBODY
        self._arrivals = 0
        self._sorted: dict[int, Any] = dict.fromkeys(senders)

    def put(self, message: Message) -> bool:
        """Store a message; true if the present wait is over."""
        self._arrivals = message.arrival = self._arrivals + 1
        tag = message.tag
        boxes = self.boxes
        if tag in boxes:
            box = boxes[tag]
            if message.sender in box:
                self.queued.setdefault(tag, deque()).append(message)
                return False
            box[message.sender] = message
        else:
            box = boxes[tag] = {message.sender: message}
        if tag != self.wanted:
            return self.wanted is ANY
        return len(box) >= self.need and (not self.forced or self.forced <= box.keys())

    def ready(self, tag: Hashable, need: int, forced: frozenset[int] = NOBODY) -> bool:
        """Whether messages of `tag` from `need` senders, among them all `forced`, are here; if not, they are waited
        for from now on.
        """
        box = self.boxes.get(tag)
        if box is None:
            if need <= 0 and not forced:
                return True
        elif len(box) >= need and (not forced or forced <= box.keys()):
            return True
        self.wanted, self.need, self.forced = tag, need, forced
        return False

    def want(self, tag: Any, need: int = 1, forced: frozenset[int] = NOBODY) -> None:
        """Say what is waited for from now on."""
        self.wanted, self.need, self.forced = tag, need, forced

    def missing(self, senders: tuple[int, ...]) -> tuple[int, ...]:
        """Those of `senders` whose message of the wanted tag is not here."""
        box = self.boxes.get(self.wanted, {})
        return tuple(sender for sender in senders if sender not in box)

    def take_all(self, tag: Hashable) -> Box:
        """Take one message of every sender that is here."""
        box = self.boxes.pop(tag, None)
        if box is None:
            return {}
        if tag in self.queued:
            self._refill(tag)
        return box

    def take(self, tag: Hashable, need: int, forced: frozenset[int] = NOBODY) -> Box:
        """Take messages in order of arrival until `need` senders and all of `forced` are in; the rest stays. Sorted
        by sender.
        """
        box = self.boxes.get(tag, NO_BOX)
        if len(box) <= need:
            self.take_all(tag)
            return self._in_order(box)
        missing = set(forced)
        taken: Box = {}
        for sender in list(box):
            if len(taken) >= need and not missing:
                break
            taken[sender] = box.pop(sender)
            missing.discard(sender)
        if tag in self.queued:
            self._refill(tag)
        elif not box:
            del self.boxes[tag]
        return self._in_order(taken)

    def take_wanted(self) -> Box:
        """Take what is waited for, or what has come of it."""
        tag, everyone = self.wanted, self._sorted
        box = self.boxes.get(tag)
        if box is not None and len(box) == self.need == len(everyone) and not self.queued:
            del self.boxes[tag]
            return everyone | box  # the same as below, in fewer steps
        return self.take(self.wanted, self.need, self.forced)

    def _in_order(self, box: Box) -> Box:
        if len(box) == len(self._sorted):
            return self._sorted | box  # all senders: theirs is the order
        return box if len(box) == 1 else {sender: box[sender] for sender in sorted(box)}

    def next_wanted(self) -> Message | None:
        """Take the message that is waited for; None if it has not come."""
        return self.next_message(self.wanted)

    def next_message(self, tag: Any) -> Message | None:
        """Take the message that arrived first (of this tag; of all, if ANY)."""
        boxes = self.boxes.values() if tag is ANY else [self.boxes.get(tag, {})]
        first = min((box[sender] for box in boxes for sender in box), key=lambda m: m.arrival, default=None)
        if first is not None:
            box = self.boxes[first.tag]
            del box[first.sender]
            if not box:
                del self.boxes[first.tag]
            if first.tag in self.queued:
                self._refill(first.tag)
        return first

    def clear(self) -> None:
        """Forget everything: a crash that loses memory."""
        self.boxes.clear()
        self.queued.clear()
        self.want(NOTHING)

    def _refill(self, tag: Hashable) -> None:
        """Move queued messages up, each behind the earlier one of its sender."""
        box = self.boxes.get(tag, {})
        later: deque[Message] = deque()
        for message in self.queued.pop(tag):
            if message.sender in box:
                later.append(message)
            else:
                box[message.sender] = message
        self.boxes[tag] = dict(sorted(box.items(), key=lambda item: item[1].arrival))
        if later:
            self.queued[tag] = later
