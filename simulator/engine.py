"""The event loop: SimPy's clock and heap, with a stated order of simultaneous events.

Everything on the heap is ours: `(time, kind, key, event)` with key = (sender, sequence number of that sender). So
ties at one instant are ordered by what happens, then who caused it, then in which order: never by the accident of
creation, and never by what an unrelated agent did. Each message costs one heap event under the sharing model `none`,
two under `fifo`, and under `fair` one more whenever rates are settled anew (a little over two in all on a ring).

Two of SimPy's private fields are used on purpose, `_queue` and `_now`: a delivery is pushed straight onto the heap
(a Timeout with a process per message costs seven times as much).
"""

import itertools
from collections.abc import Callable
from heapq import heappush
from typing import Any

import simpy
from simpy.core import EmptySchedule

FAILURE, ARRIVAL, DELIVERY, COMPUTE, TIMER, RETRY, SETTLE, SAMPLE, STOP = range(9)
"""Kinds, in the order in which they happen at one instant.

Failures come first (who dies at t does not receive at t); a message that arrives at a deadline is in time, so
deliveries come before timers; bandwidth is shared anew after all starts of an instant; observers look last.
"""

SENDER_SHIFT = 40
"""key = (agent id << 40) | sequence number: one integer comparison."""


class Alarm:
    """Something that happens at an instant unless it is cancelled before."""

    __slots__ = ("action", "callbacks")
    _ok = True

    def __init__(self, action: Callable[[], None] | None, callbacks: tuple[Callable[[Any], None], ...]):
        self.action = action
        self.callbacks: tuple[Callable[[Any], None], ...] | None = callbacks


class StopRun(Exception):
    """Leaves the event loop; the outcome stands in the engine."""


class Engine:
    """Clock and heap of one run."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.queue: list[Any] = self.env._queue
        self.background = 0
        """Events on the heap that cannot make a waiting agent go on by themselves: failure clocks, samples,
        cancelled alarms.
        """
        self.ended: tuple[str, str] | None = None
        self.processed = 0
        """Events taken from the heap, known after the run."""
        self._foreground = (self._ring,)
        self._behind = (self._ring_behind,)
        self._sequence = 0
        self.on_idle: Callable[[], None] = lambda: None
        """Called when only background events are left: the run may be stalled."""

    @property
    def now(self) -> float:
        return float(self.env._now)

    def at(self, time: float, kind: int, key: int, action: Callable[[], None]) -> Alarm:
        """Call `action` at `time`, unless the returned alarm is cancelled."""
        alarm = Alarm(action, self._foreground)
        heappush(self.queue, (time, kind, key, alarm))
        return alarm

    def behind(self, time: float, kind: int, action: Callable[[], None]) -> None:
        """The same for a background event: it does not keep a stalled run alive."""
        self.background += 1
        self._sequence += 1
        heappush(self.queue, (time, kind, self._sequence, Alarm(action, self._behind)))

    def cancel(self, alarm: Alarm) -> None:
        """Forget an alarm; its entry stays on the heap as background until its time."""
        if alarm.action is not None and alarm.callbacks is not None:
            alarm.action = None
            self.background += 1

    def finish(self, status: str, reason: str) -> None:
        """End the run once the present event is over; the first call counts."""
        if self.ended is None:
            self.ended = (status, reason)
            self.behind(self.now, -1, self._stop)

    def run(self) -> None:
        """Process events until the run is finished."""
        step = self.env.step
        done = 0
        try:
            for done in itertools.count():  # noqa: B007
                step()
        except StopRun:
            pass
        except EmptySchedule:
            self.on_idle()
        self.processed = done

    def _ring(self, alarm: Alarm) -> None:
        if alarm.action is None:
            self.background -= 1
            self._look_around()
        else:
            action, alarm.action = alarm.action, None
            action()

    def _ring_behind(self, alarm: Alarm) -> None:
        self.background -= 1
        self._look_around()
        if alarm.action is not None:
            alarm.action()

    def _look_around(self) -> None:
        if len(self.queue) == self.background:
            self.on_idle()

    @staticmethod
    def _stop() -> None:
        raise StopRun
