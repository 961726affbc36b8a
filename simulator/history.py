"""The history: the global iterate and its metrics on a grid of rounds and of seconds.

At round k the global iterate is the mean of the reports of that round, stamped when the last of them came; at time t
it is the mean of the live agents' last reports. A star's server stands alone. Metrics are evaluated at recorded
points only.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simulator.engine import SAMPLE, Engine
from simulator.hooks import Observer
from simulator.meters import Meters
from simulator.world import Record, Stop

Arrays = Mapping[str, np.ndarray]
Point = dict[str, Any]

DRIFT = "drift_"
"""A reported array whose name begins so is the agent's part of a sum that should stay zero."""


class History(Observer):
    """Recorded points, in order. Each has `axis` ("round", "time" or "end"), `round`, `simulated_s`, the meters'
    totals so far, the metrics, `consensus_<name>` (root mean square distance of the agents from their mean) for every
    reported array, the mean of every reported scalar, and the norm of the sum of every reported `drift_<name>`.
    """

    def __init__(self, record: Record, stop: Stop, reporters: Sequence[int], engine: Engine, meters: Meters):
        self._record, self._stop, self._engine, self._meters = record, stop, engine, meters
        self._reporters = frozenset(reporters)
        self._live = set(reporters)
        self._counted = set(reporters)
        """Whose reports make the global iterate: the live reporters; when all are down, the one that died last."""
        self._last: dict[int, tuple[int, Arrays]] = {}
        self._pending: dict[int, dict[int, Arrays]] = {}
        self.points: list[Point] = []
        self.rounds = 0
        """The highest round that every live reporter has completed."""
        self.verdict: tuple[str, str] | None = None
        """Status and reason of a run that its iterates end: `diverged` or `reached`."""
        for instant in record.at_seconds:
            engine.behind(instant, SAMPLE, self._sample)
        if record.every_seconds is not None:
            self._sample_at(0)

    def reported(self, now: float, agent: int, round_: int, arrays: Arrays) -> None:
        if agent not in self._live:
            return
        self._last[agent] = (round_, arrays)
        every = self._record.every_rounds
        if every is not None and round_ % every == 0:
            self._pending.setdefault(round_, {})[agent] = arrays
            self._complete(round_)

    def failed(self, now: float, agent: int) -> None:
        """A dead agent's last report is no longer part of the global iterate, and no round waits for it."""
        self._live.discard(agent)
        if self._live:
            self._counted = set(self._live)
            for round_ in sorted(self._pending):
                if round_ > self.rounds:  # an earlier one is what somebody who was down catches up with
                    self._complete(round_)
        elif agent in self._reporters:
            self._counted = {agent}

    def recovered(self, now: float, agent: int) -> None:
        if agent in self._reporters:
            self._live.add(agent)
            self._counted = set(self._live)

    def close(self, now: float) -> None:
        """Record the global iterate at the end of the run, unless its last point stands there already."""
        latest = self._latest()
        if latest:
            stands = (now, min(round_ for round_, _ in latest))
            if not self.points or stands != (self.points[-1]["simulated_s"], self.points[-1]["round"]):
                self._look("end", now)
        last = (self._last[agent][0] if agent in self._last else 0 for agent in self._counted)
        self.rounds = max(self.rounds, min(last, default=0))

    def _complete(self, round_: int) -> None:
        reports = self._pending[round_]
        if self._counted <= reports.keys():
            for passed in [earlier for earlier in self._pending if earlier <= round_]:
                del self._pending[passed]
            self.rounds = max(self.rounds, round_)
            self._add("round", round_, self._engine.now, [reports[agent] for agent in sorted(reports)])

    def _sample_at(self, number: int) -> None:
        every = self._record.every_seconds
        assert every is not None

        def sample() -> None:
            self._sample()
            if self._engine.ended is None:
                self._sample_at(number + 1)

        self._engine.behind(number * every, SAMPLE, sample)

    def _sample(self) -> None:
        if self._engine.ended is None:  # else this very event showed that the run had stalled before
            self._look("time", self._engine.now)

    def _latest(self) -> list[tuple[int, Arrays]]:
        """Round and arrays of the last reports that make the global iterate, in order of agents."""
        return [self._last[agent] for agent in sorted(self._last) if agent in self._counted]

    def _look(self, axis: str, now: float) -> None:
        latest = self._latest()
        if latest:
            self._add(axis, min(round_ for round_, _ in latest), now, [arrays for _, arrays in latest])

    def _add(self, axis: str, round_: int, now: float, reports: Sequence[Arrays]) -> None:
        meters = self._meters
        point: Point = {
            "axis": axis,
            "round": round_,
            "simulated_s": now,
            "bits_sent": 8 * meters.traffic("bytes_sent"),
            "messages_sent": meters.traffic("messages_sent"),
            "oracle_calls": meters.oracle_calls(),
            "operations": meters.operations(),
        }
        mean = {name: _mean([report[name] for report in reports]) for name in _shared(reports)}
        iterate = {name: value for name, value in mean.items() if np.ndim(value)}
        point.update({name: float(value) for name, value in mean.items() if not np.ndim(value)})
        for name, centre in iterate.items():
            if name.startswith(DRIFT):
                point[name] = len(reports) * float(np.sqrt((centre**2).sum()))
            else:
                point[f"consensus_{name}"] = _spread([report[name] for report in reports], centre)
        broken = next((name for name, value in iterate.items() if not np.isfinite(value).all()), None)
        if broken is not None:
            self.points.append(point)
            self._end("diverged", f"{broken} of the global iterate is not finite after round {round_}")
            return
        if self._record.measure is not None:
            point.update(self._record.measure(iterate))
        self.points.append(point)
        if self._stop.target is not None and self._stop.target(point):
            self._end("reached", f"the target was reached after round {round_}")

    def _end(self, status: str, reason: str) -> None:
        if self.verdict is None:
            self.verdict = (status, reason)
        self._engine.finish(status, reason)


def _shared(reports: Sequence[Arrays]) -> list[str]:
    """Names that every one of these reports has; a first report may know less than later ones."""
    return [name for name in reports[0] if all(name in report for report in reports)]


def _mean(values: Sequence[Any]) -> Any:
    """Mean in the order of agents (a fixed order of summation: the same bits every time)."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values) if len(values) > 1 else total


def _spread(values: Sequence[np.ndarray], centre: np.ndarray) -> float:
    if len(values) == 1:
        return 0.0
    return math.sqrt(sum(float(((value - centre) ** 2).sum()) for value in values) / len(values))
