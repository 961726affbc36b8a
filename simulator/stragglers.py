"""Who is slow, by how much, and when.

A straggler multiplies the seconds of a compute step. Several that touch one agent multiply one another. Slow periods
and traces are functions of time alone: they are the same whatever the agents do, hence the same for every algorithm of
a comparison. A change of speed during a step stretches exactly the rest of that step.
"""

import csv
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from simulator.delays import Draws, Law


class StragglerError(ValueError):
    """A straggler is not valid; the message is one sentence."""


Agents = tuple[int, ...] | None  # None: all agents


@dataclass(frozen=True)
class FixedSlowdown:
    """`agents` take `slowdown` times as long, always."""

    agents: Agents
    slowdown: float

    def __post_init__(self) -> None:
        _set_agents(self, self.agents)
        _check_slowdown("slowdown", self.slowdown)


@dataclass(frozen=True)
class RandomSlowdown:
    """Each compute step of `agents` takes a fresh multiplier drawn from `slowdown`."""

    agents: Agents
    slowdown: Law

    def __post_init__(self) -> None:
        _set_agents(self, self.agents)
        _check_law("slowdown", self.slowdown)


@dataclass(frozen=True)
class SlowPeriods:
    """`agents` alternate between full speed for `fast_s` seconds and `slowdown` times slower for `slow_s` seconds.

    Each agent has periods of its own. With two exponential laws this is the two-state Markov model (Yang, Pedarsani,
    Avestimehr, 2019).
    """

    agents: Agents
    fast_s: Law
    slow_s: Law
    slowdown: float
    starts_slow: bool = False

    def __post_init__(self) -> None:
        _set_agents(self, self.agents)
        _check_law("fast_s", self.fast_s)
        _check_law("slow_s", self.slow_s)
        _check_slowdown("slowdown", self.slowdown)


@dataclass(frozen=True)
class SlowdownTrace:
    """From `times[k]` (seconds) on `agent` takes `slowdowns[k]` times as long; at full speed before the first."""

    agent: int
    times: tuple[float, ...]
    slowdowns: tuple[float, ...]

    def __post_init__(self) -> None:
        _set_agents(self, (self.agent,), field=None)
        object.__setattr__(self, "times", tuple(float(time) for time in self.times))
        object.__setattr__(self, "slowdowns", tuple(float(slowdown) for slowdown in self.slowdowns))
        if not self.times or len(self.times) != len(self.slowdowns):
            raise StragglerError(
                f"slowdown trace of agent {self.agent}: {len(self.times)} times and {len(self.slowdowns)} slowdowns "
                "must be as many, and at least one"
            )
        for position, time in enumerate(self.times):
            if not (math.isfinite(time) and time >= 0):
                raise StragglerError(f"times[{position}] = {time!r} must be a finite number, at least 0")
        for earlier, later in pairwise(self.times):
            if later <= earlier:
                raise StragglerError(
                    f"slowdown trace of agent {self.agent}: time {later!r} must come after {earlier!r}"
                )
        for position, slowdown in enumerate(self.slowdowns):
            _check_slowdown(f"slowdowns[{position}]", slowdown)

    @property
    def agents(self) -> tuple[int, ...]:
        """The one agent, in the form that the other stragglers have."""
        return (self.agent,)


Straggler = FixedSlowdown | RandomSlowdown | SlowPeriods | SlowdownTrace


def _set_agents(straggler: Any, agents: Any, field: str | None = "agents") -> None:
    """Check the ids and keep them as a tuple."""
    if agents is None:
        return
    if isinstance(agents, str) or not isinstance(agents, Sequence):
        raise StragglerError(f"agents = {agents!r} must be a list of agents' ids, or left out for all agents")
    for agent in agents:
        if not isinstance(agent, int | np.integer) or isinstance(agent, bool) or agent < 0:
            raise StragglerError(f"agent = {agent!r} must be an id, a whole number from 0 up")
    if len(set(agents)) < len(agents):
        raise StragglerError(f"agents = {list(agents)!r} must not name an agent twice")
    if field:
        object.__setattr__(straggler, field, tuple(int(agent) for agent in agents))


def _check_slowdown(name: str, value: Any) -> None:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value > 0):
        raise StragglerError(f"{name} = {value!r} must be a finite number above 0 (10 means ten times as long)")


def _check_law(name: str, law: Law) -> None:
    if not law.mean > 0:
        raise StragglerError(f"{name} = {law!r} must have a mean above 0")


COLUMNS = ["agent", "at_s", "slowdown"]


def load_trace(path: str | Path) -> tuple[SlowdownTrace, ...]:
    """The traces in a CSV file with the columns agent, at_s, slowdown: one trace an agent, in order of agents.

    The rows of one agent stand in order of time; agents may be mixed. Raises `StragglerError` naming file and line.
    """
    rows: dict[int, tuple[list[float], list[float]]] = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            if header != COLUMNS:
                raise StragglerError(
                    f"{path}, line 1: the columns are {','.join(header)!r}, must be {','.join(COLUMNS)!r}"
                )
            for cells in reader:
                if cells:
                    _read_row(f"{path}, line {reader.line_num}", cells, rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StragglerError(f"{path}: cannot be read as a slowdown trace ({error})") from None
    if not rows:
        raise StragglerError(f"{path}: holds no row below its header, must hold at least one")
    return tuple(SlowdownTrace(agent, tuple(times), tuple(slow)) for agent, (times, slow) in sorted(rows.items()))


def _read_row(where: str, cells: list[str], rows: dict[int, tuple[list[float], list[float]]]) -> None:
    """Check one row and append it to the rows of its agent."""
    if len(cells) != len(COLUMNS):
        raise StragglerError(f"{where}: has {len(cells)} cells, must have {len(COLUMNS)} ({','.join(COLUMNS)})")
    try:
        agent = int(cells[0])
    except ValueError:
        agent = -1
    if agent < 0:
        raise StragglerError(f"{where}: agent = {cells[0]!r} must be an id, a whole number from 0 up")
    at_s = _number(where, "at_s", cells[1], "a finite number, at least 0")
    slowdown = _number(where, "slowdown", cells[2], "a finite number above 0")
    if slowdown == 0:
        raise StragglerError(f"{where}: slowdown = {cells[2]!r} must be a finite number above 0")
    times, slowdowns = rows.setdefault(agent, ([], []))
    if times and at_s <= times[-1]:
        raise StragglerError(f"{where}: at_s = {at_s!r} must come after {times[-1]!r}, the row before of agent {agent}")
    times.append(at_s)
    slowdowns.append(slowdown)


def _number(where: str, name: str, cell: str, rule: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise StragglerError(f"{where}: {name} = {cell!r} must be {rule}")
    return value


class _Trace:
    """A piecewise constant slowdown from given change times; 1 before the first."""

    def __init__(self, trace: SlowdownTrace) -> None:
        self._times = trace.times
        self._slowdowns = (1.0, *trace.slowdowns)

    def at(self, time: float) -> tuple[float, float]:
        """The slowdown at `time`, and when it changes next."""
        index = bisect_right(self._times, time)
        return self._slowdowns[index], self._times[index] if index < len(self._times) else math.inf


class _Periods:
    """Slow periods of one agent, generated as far as anybody has asked.

    Both laws read one stream; the values they take depend on the number of periods so far and nothing else.
    """

    def __init__(self, periods: SlowPeriods, rng: np.random.Generator) -> None:
        fast, slow = (1.0, Draws(periods.fast_s, rng)), (periods.slowdown, Draws(periods.slow_s, rng))
        self._phases = (slow, fast) if periods.starts_slow else (fast, slow)
        self._ends: list[float] = []  # end of the k-th period, whose phase is k modulo 2
        self._known = 0.0

    def at(self, time: float) -> tuple[float, float]:
        """The slowdown at `time`, and when it changes next."""
        while self._known <= time:
            self._known += self._phases[len(self._ends) % 2][1].next()
            self._ends.append(self._known)
        index = bisect_right(self._ends, time)
        return self._phases[index % 2][0], self._ends[index]


class Pace:
    """How long the compute steps of one agent take under all stragglers of a scenario.

    `stream(purpose)` hands out this agent's named random streams; the purposes are "slowdown K" and "periods K", where
    K is the straggler's place in `stragglers`. Each call of `finish` takes one value from each "slowdown" stream.
    """

    __slots__ = ("_changing", "_draws", "_fixed", "_plain")

    def __init__(
        self, agent: int, stragglers: Sequence[Straggler], stream: Callable[[str], np.random.Generator]
    ) -> None:
        self._fixed = 1.0
        self._draws: list[Callable[[], float]] = []
        self._changing: list[_Periods | _Trace] = []
        for place, straggler in enumerate(stragglers):
            if straggler.agents is None or agent in straggler.agents:
                self._add(place, straggler, stream)
        self._plain = self._fixed == 1.0 and not self._draws and not self._changing

    def _add(self, place: int, straggler: Straggler, stream: Callable[[str], np.random.Generator]) -> None:
        match straggler:
            case FixedSlowdown():
                self._fixed *= straggler.slowdown
            case RandomSlowdown():
                self._draws.append(Draws(straggler.slowdown, stream(f"slowdown {place}")).next)
            case SlowPeriods():
                self._changing.append(_Periods(straggler, stream(f"periods {place}")))
            case SlowdownTrace():
                self._changing.append(_Trace(straggler))

    def finish(self, now: float, nominal_seconds: float) -> float:
        """The instant at which a step ends that begins at `now` and takes `nominal_seconds` at full speed."""
        if self._plain:
            return now + nominal_seconds
        work = nominal_seconds * self._fixed
        for draw in self._draws:
            work *= draw()
        if not self._changing:
            return now + work
        while True:
            slowdown, change = self._at(now)
            end = now + work * slowdown
            if end <= change:
                return end
            work = max(0.0, work - (change - now) / slowdown)
            now = change

    def _at(self, time: float) -> tuple[float, float]:
        """The product of the slowdowns that change with time, at `time`, and when one of them changes next."""
        slowdown, change = self._changing[0].at(time)
        for changing in self._changing[1:]:
            factor, next_change = changing.at(time)
            slowdown *= factor
            change = min(change, next_change)
        return slowdown, change

    def slow_intervals(self, until: float) -> list[tuple[float, float, float]]:
        """The intervals (start, end, slowdown) before `until` in which the agent is slower than at full speed.

        Fixed slowdowns, periods and traces count; the fresh draws of each step do not.
        """
        intervals: list[tuple[float, float, float]] = []
        time = 0.0
        while time < until:
            slowdown, change = self._at(time) if self._changing else (1.0, math.inf)
            slowdown *= self._fixed
            end = min(change, until)
            if slowdown > 1.0:
                if intervals and intervals[-1][1:] == (time, slowdown):
                    intervals[-1] = (intervals[-1][0], end, slowdown)
                else:
                    intervals.append((time, end, slowdown))
            time = end
        return intervals
