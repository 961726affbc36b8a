"""Why an agent did something when it did: the chain of causes from any instant back to the start, without a gap.

A program acts only at the instants at which it is *resumed*. Each of them has one cause, which began when some program
was resumed before:

* a step, a sleep or a timeout that ended began when the same program was resumed last;
* a message that ended a wait was sent when its sender was resumed;
* a program that starts anew after a crash stands where it stood at its last checkpoint.

So a walk from cause to cause leads from any instant back to time 0, and the stretches between are the *critical path*:
had any of them been shorter, and nothing else become critical, the last would have come earlier. They meet at the same
numbers: together they are exactly as long as the run up to there.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from simulator.engine import SENDER_SHIFT
from simulator.hooks import Observer
from simulator.message import Message
from simulator.world import World

COMPUTING = "computing"
"""A step, as long as it takes without stragglers."""
SLOWED = "slowed down"
"""The rest of a step, which stragglers add."""
LOST_WORK = "lost work"
"""A step that a crash cut short, or everything since the last checkpoint if the crash lost the agent's memory."""
DOWN = "down"
LATENCY = "latency"
"""Of the link that a message took, without jitter."""
TRANSFER = "transfer"
"""The rest of a message's way: its bytes, its place among other messages, jitter."""
SENT_AGAIN = "sent again"
"""Until the copy was sent that arrived; or from the arrival until an earlier message had been sent again."""
DEADLINE = "waiting for a deadline"
"""Until a timeout, of the waiting policy or of the algorithm's own."""
SLEEPING = "sleeping"
WAITING = "waiting"
"""For messages; never on a critical path, which goes where the message came from."""

ENDS = ("started", "computed", "slept", "timed out", "message")
"""Causes of a resumption, in the words of the hook `resumed`; the last stands for any message."""
STARTED, COMPUTED, SLEPT, TIMED_OUT, MESSAGE = range(len(ENDS))
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time, simulated seconds, and what it went to."""

    what: str
    start: float
    end: float
    agent: int
    """Who did it, or for whom a message was."""
    sender: int | None = None
    """Of a message: who sent it."""
    why: str = ""
    """Of a message that was sent again: why a copy was lost, in the words of the hook `lost`."""


class Track:
    """One agent's resumptions, in columns: position 0 is its start, position k its k-th resumption after that."""

    __slots__ = (
        "began", "causes", "checkpoint", "failed", "nominal", "recovered", "reports", "rounds", "sequences", "since",
        "sources", "times",
    )  # fmt: skip

    def __init__(self) -> None:
        self.times = array("d")
        """When it was resumed."""
        self.causes = array("b")
        """Why: an index into `ENDS`."""
        self.since = array("d")
        """When the step began (the last time), when the sleep or timeout ended, when the copy was sent that came. Of a
        start: when the latest step had begun.
        """
        self.nominal = array("d")
        """Of a step: its seconds without stragglers. Of a message: the latency of its link."""
        self.sources = array("q")
        """Of a message: its key. Of a start: the position of the last checkpoint."""
        self.sequences = array("q")
        """Messages sent from here on have larger keys."""
        self.failed, self.recovered = array("d"), array("d")
        """When it went down and came back."""
        self.reports, self.rounds = array("q"), array("q")
        """The positions of its reports, and their rounds."""
        self.checkpoint = 0
        """Position of the last checkpoint; never saved: the first start."""
        self.began = (NEVER, 0.0)
        """When the latest step began, and its seconds without stragglers."""

    def __len__(self) -> int:
        return len(self.times)

    def is_down(self, time: float) -> bool:
        """Whether it was down at an instant, after all failures and recoveries of that instant."""
        return bisect_right(self.failed, time) > bisect_right(self.recovered, time)

    def outages(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """The times it was down, cut to an interval; the last one may have no end of its own."""
        for index in range(bisect_right(self.recovered, start), bisect_left(self.failed, end)):
            back = self.recovered[index] if index < len(self.recovered) else end
            yield max(start, self.failed[index]), min(back, end)


class Causes(Observer):
    """Keeps, while a world runs, why each agent acted when it did: some 40 bytes a resumption."""

    def __init__(self, world: World) -> None:
        self.tracks = tuple(Track() for _ in world.agents)
        self._rto = world.network.rto
        self.lost_copies: dict[int, list[tuple[float, float, str]]] = {}
        """Key of a message -> its lost copies: when each was sent, when it would be sent again, why it was lost."""
        self.held_back: dict[int, tuple[float, str]] = {}
        """Key of a message -> when it came, and why an earlier one of its pair had been lost."""
        self._losses: dict[tuple[int, int], str] = {}
        """Ordered pair -> why its latest lost copy was lost."""

    def resumed(self, now: float, agent: int, cause: Message | str, due: float, sequence: int) -> None:
        track = self.tracks[agent]
        if isinstance(cause, Message):
            why, since, nominal, source = MESSAGE, cause.sent_at, cause.link.latency, cause.key
        elif cause == "computed":
            why, (since, nominal), source = COMPUTED, track.began, 0
        elif cause == "started":
            why, (since, nominal), source = STARTED, track.began, track.checkpoint
        else:
            why, since, nominal, source = ENDS.index(cause), due, 0.0, 0
        track.times.append(now)
        track.causes.append(why)
        track.since.append(since)
        track.nominal.append(nominal)
        track.sources.append(source)
        track.sequences.append(sequence)

    def began(self, now: float, agent: int, nominal_s: float) -> None:
        self.tracks[agent].began = now, nominal_s

    def saved(self, now: float, agent: int) -> None:
        track = self.tracks[agent]
        track.checkpoint = len(track) - 1

    def reported(self, now: float, agent: int, round_: int, arrays: Mapping[str, np.ndarray]) -> None:
        track = self.tracks[agent]
        track.reports.append(len(track) - 1)
        track.rounds.append(round_)

    def failed(self, now: float, agent: int) -> None:
        self.tracks[agent].failed.append(now)

    def recovered(self, now: float, agent: int) -> None:
        self.tracks[agent].recovered.append(now)

    def lost(self, now: float, message: Message, why: str) -> None:
        again = max(now, message.sent_at + self._rto)
        self.lost_copies.setdefault(message.key, []).append((message.sent_at, again, why))
        self._losses[message.sender, message.to] = why

    def held(self, now: float, message: Message) -> None:
        self.held_back[message.key] = now, self._losses[message.sender, message.to]


def critical_path(causes: Causes, agent: int, position: int) -> tuple[Piece, ...]:
    """What the time went to from 0 until an agent was resumed for the `position`-th time, in order of time.

    Each piece ends where the next one begins, the first begins at 0; pieces of no length are left out.
    """
    backwards: list[Piece] = []
    while position > 0:
        track = causes.tracks[agent]
        if track.causes[position] == MESSAGE:
            sender = track.sources[position] >> SENDER_SHIFT
            stretch = _flight(causes, agent, position, sender)
            agent, position = sender, _posted(causes.tracks[sender], track.sources[position])
        else:
            before = track.sources[position] if track.causes[position] == STARTED else position - 1
            stretch = _stretch(track, agent, position, track.times[before])
            position = before
        backwards += [piece for piece in reversed(list(stretch)) if piece.end > piece.start]
    return tuple(reversed(backwards))


def activity(causes: Causes, agent: int, start: float, end: float) -> tuple[Piece, ...]:
    """What an agent did in an interval: it was `COMPUTING` (slowed or not, lost or not), `WAITING` or `SLEEPING`, or
    `DOWN`. An agent whose program has ended waits.
    """
    track = causes.tracks[agent]
    pieces: list[Piece] = []
    first, last = max(1, bisect_right(track.times, start)), bisect_left(track.times, end)
    for position in range(first, last + 1):
        begin, until = max(start, track.times[position - 1]), track.times[position] if position < last else end
        pieces += _with_outages(track, agent, begin, until, _doing(track, position))
    return tuple(piece for piece in pieces if piece.end > piece.start)


def _posted(track: Track, key: int) -> int:
    """The position of its sender at which a message was sent."""
    return bisect_left(track.sequences, key) - 1


def _flight(causes: Causes, to: int, position: int, sender: int) -> Iterator[Piece]:
    """The way of the message that ended a wait: copies that were lost, then the one that came."""
    track = causes.tracks[to]
    key, sent, end = track.sources[position], track.since[position], track.times[position]
    copies = [copy for copy in causes.lost_copies.get(key, ()) if copy[0] < sent]
    instants = [*(copy[0] for copy in copies), sent]
    for (at, again, why), actually in zip(copies, instants[1:], strict=True):
        yield Piece(SENT_AGAIN, at, min(again, actually), to, sender, why)
        yield Piece(DOWN, min(again, actually), actually, sender)  # who is down sends it again later
    came, why = causes.held_back.get(key, (NEVER, ""))
    came = came if came >= sent else end  # an earlier copy of it may have been held back
    near = min(sent + track.nominal[position], came)
    yield Piece(LATENCY, sent, near, to, sender)
    yield Piece(TRANSFER, near, came, to, sender)
    yield Piece(SENT_AGAIN, came, end, to, sender, why)


def _stretch(track: Track, agent: int, position: int, start: float) -> Iterator[Piece]:
    """What one agent did by itself from `start` until it was resumed."""
    cause, since, end = track.causes[position], track.since[position], track.times[position]
    if cause == STARTED:
        yield from _with_outages(track, agent, start, end, LOST_WORK)
    elif cause == COMPUTED:
        yield from _with_outages(track, agent, start, since, LOST_WORK)
        full = min(since + track.nominal[position], end)
        yield Piece(COMPUTING, since, full, agent)
        yield Piece(SLOWED, full, end, agent)
    else:
        yield Piece(DEADLINE if cause == TIMED_OUT else SLEEPING, start, since, agent)
        yield Piece(DOWN, since, end, agent)


def _with_outages(track: Track, agent: int, start: float, end: float, otherwise: str) -> Iterator[Piece]:
    """An interval cut into the times an agent was down and the others."""
    for failed, recovered in track.outages(start, end):
        yield Piece(otherwise, start, failed, agent)
        yield Piece(DOWN, failed, recovered, agent)
        start = recovered
    yield Piece(otherwise, start, end, agent)


def _doing(track: Track, position: int) -> str:
    """What an agent does, while it is up, until the resumption at `position`, which need not have come yet."""
    pending = position == len(track)
    cause, began = (STARTED, track.began[0]) if pending else (track.causes[position], track.since[position])
    if cause == STARTED:  # it was cut off
        return COMPUTING if began >= track.times[position - 1] else WAITING
    return {COMPUTED: COMPUTING, SLEPT: SLEEPING}.get(cause, WAITING)
