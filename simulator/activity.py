"""When each agent computed and when it was down: seconds in all, and shares of equal bins of time in bounded memory.

Bins are a power of two of a second wide: the finest with which the run fits into the room there is. They double when
the run outgrows them. Intervals are packed as bytes when they end and sorted into the bins in batches, so that a step
costs little more than a call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np

from simulator.hooks import Observer

BINS, CELLS = 400, 40_000
"""Most bins of an agent, and of all agents together; but two are always there."""
INTERVAL = Struct("<ddd")
"""Agent, start and end; packing them costs less than turning a list of them into an array."""
BATCH = 16_384 * INTERVAL.size
"""Bytes of intervals that are sorted into the bins at once."""
_pack = INTERVAL.pack


@dataclass(frozen=True, eq=False)
class Activity:
    """What share of each bin of time each agent spent computing and down; the rest of it, it waited or slept."""

    bin_s: float
    """Width of a bin, seconds."""
    end_s: float
    """When the run ended, and the last bin with it."""
    computing: np.ndarray
    """``(agents, bins)``, from 0 to 1."""
    down: np.ndarray
    """``(agents, bins)``, from 0 to 1."""

    @property
    def starts_s(self) -> np.ndarray:
        """When each bin begins, seconds, ``(bins,)``."""
        return self.bin_s * np.arange(self.computing.shape[1])

    @property
    def lengths_s(self) -> np.ndarray:
        """Seconds of each bin, ``(bins,)``: all alike but the last, which ends with the run."""
        return np.minimum(self.bin_s, self.end_s - self.starts_s)


class Timesheet(Observer):
    """Keeps the activity of all agents while a world runs."""

    def __init__(self, agents: int) -> None:
        self.computing_s, self.down_s = np.zeros(agents), np.zeros(agents)
        """Seconds of each agent, known once the timesheet is closed."""
        self._bins = max(2, min(BINS, CELLS // max(1, agents)) // 2 * 2)
        self._bin_s = 0.0
        """Width of a bin; 0 as long as nothing has been sorted in."""
        self._computing, self._down = (np.zeros((agents, self._bins)) for _ in range(2))
        """Seconds of each agent in each bin."""
        self._steps, self._outages = bytearray(), bytearray()
        """Intervals that are still to be sorted in."""
        self._down_since: dict[int, float] = {}

    def computed(self, agent: int, start: float, end: float) -> None:
        steps = self._steps
        steps += _pack(agent, start, end)
        if len(steps) >= BATCH:
            self._sort_in(steps, self.computing_s, self._computing)

    def failed(self, now: float, agent: int) -> None:
        self._down_since[agent] = now

    def recovered(self, now: float, agent: int) -> None:
        outages = self._outages
        outages += _pack(agent, self._down_since.pop(agent), now)
        if len(outages) >= BATCH:
            self._sort_in(outages, self.down_s, self._down)

    def close(self, now: float, computing: Sequence[tuple[int, float]]) -> Activity:
        """What there was until now, with running steps given as (agent, start), and with agents that are down."""
        for agent, start in computing:
            self.computed(agent, start, now)
        for agent in list(self._down_since):
            self.recovered(max(now, self._down_since[agent]), agent)
        self._sort_in(self._steps, self.computing_s, self._computing)
        self._sort_in(self._outages, self.down_s, self._down)
        self._widen(now)
        lengths = np.minimum(self._bin_s, now - self._bin_s * np.arange(math.ceil(now / self._bin_s)))
        computed, down = (
            np.clip(seconds[:, : len(lengths)] / lengths, 0.0, 1.0) for seconds in (self._computing, self._down)
        )
        return Activity(self._bin_s, now, computed, down)

    def _sort_in(self, intervals: bytearray, totals: np.ndarray, seconds: np.ndarray) -> None:
        """Add intervals, in their order, to the totals and to the bins they lie in, and forget them."""
        agents, starts, ends = np.frombuffer(bytes(intervals)).reshape(-1, 3).T
        intervals.clear()
        if not len(ends):
            return
        self._widen(float(ends.max()))
        width, flat = self._bin_s, seconds.reshape(-1)
        who, length = agents.astype(np.intp), ends - starts
        np.add.at(totals, who, length)
        row = who * self._bins
        first = (starts / width).astype(np.intp)
        last = np.minimum(ends / width, self._bins - 1).astype(np.intp)
        across = np.flatnonzero(last > first)
        if len(across):
            head = (first[across] + 1) * width - starts[across]
            self._beyond(row[across] + first[across], row[across] + last[across], length[across] - head, flat)
            length[across] = head
        np.add.at(flat, row + first, length)

    def _beyond(self, first: np.ndarray, last: np.ndarray, rest: np.ndarray, flat: np.ndarray) -> None:
        """Add what intervals have beyond their first cell: whole cells up to their last one, and what is left there."""
        whole = last - first - 1
        np.add.at(flat, last, rest - whole * self._bin_s)
        if whole.any():
            edges = np.bincount(first + 1, minlength=flat.size) - np.bincount(last, minlength=flat.size)
            flat += self._bin_s * edges.cumsum()

    def _widen(self, end: float) -> None:
        """Double the bins until they reach this instant."""
        if self._bin_s == 0.0:
            self._bin_s = math.ldexp(1.0, math.frexp(end / self._bins)[1] - 1)  # at most what is needed
        half = self._bins // 2
        while self._bins * self._bin_s < end:
            self._bin_s *= 2.0
            for seconds in (self._computing, self._down):
                seconds[:, :half] = seconds[:, ::2] + seconds[:, 1::2]
                seconds[:, half:] = 0.0
