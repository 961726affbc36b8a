"""Run a scenario: every algorithm with every seed, one run a process, one thread a run.

A run that a defect ends is a row with status ``failed`` and its traceback in the record; the others go on.
"""

import os
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import scipy.linalg  # noqa: F401 - its threads can only be limited once it is loaded
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from scenarios import figures, records, store, tables
from scenarios.build import build
from scenarios.records import Record
from scenarios.scenario import Entry, Scenario
from simulator.run import simulate

Progress = Callable[[Record, int, int], None]
"""Called after each run with its record, how many are done, and how many there are."""


@dataclass(frozen=True)
class Result:
    """What came of a scenario."""

    scenario: Scenario
    runs: pd.DataFrame
    """One row a run; columns in ``tables.RUN_COLUMNS``, then the metrics."""
    history: pd.DataFrame
    """One row a recorded point; columns in ``tables.HISTORY_COLUMNS``, then the metrics."""
    out: Path | None = None
    """The folder with everything, if one was asked for."""

    @property
    def summary(self) -> pd.DataFrame:
        """The table for people."""
        return tables.summary(self.runs, self.scenario.document.target is not None, self.metric.name)

    @property
    def metric(self) -> figures.Metric:
        """What the figures show: the target's metric, or the first that is measured."""
        target = self.scenario.document.target
        if target is None:
            name = self.scenario.metrics[0]
            return figures.Metric(name, self.scenario.units[name])
        value = target.below if target.below is not None else target.above
        return figures.Metric(target.metric, self.scenario.units[target.metric], value)

    def plot(self) -> dict[str, Figure]:
        """The figures by name; written as PNG and SVG too if the result has a folder."""
        drawn = figures.draw(self.runs, self.history, self.metric, self.scenario.document.question)
        if self.out is not None:
            figures.save(drawn, self.out / "figures")
        return drawn


class Interrupted(KeyboardInterrupt):
    """The user interrupted a comparison; what had finished is kept, and carried here."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


def run(scenario: Scenario, jobs: int = 1, out: str | Path | None = None, progress: Progress | None = None) -> Result:
    """Run a scenario, in ``jobs`` processes (-1: one a core), and keep everything in the folder ``out`` if given.

    Raises ``Interrupted`` on a keyboard interrupt, and ``ScenarioError`` where ``out`` cannot be written to.
    """
    folder = None if out is None else Path(out)
    if folder is not None:
        store.prepare(folder, scenario.text)
    cells = plan(scenario)
    found: dict[tuple[int, int], Record] = {}
    try:
        for position, record in _records(scenario, cells, jobs):
            found[position, record.row["seed"]] = record
            if folder is not None:
                _store(folder, scenario, record)
            if progress is not None:
                progress(record, len(found), len(cells))
    except KeyboardInterrupt:
        if folder is not None:
            _store_missing(folder, scenario, found.values())
        raise Interrupted(_result(scenario, found, folder)) from None
    except BrokenProcessPool as death:
        _give_up(scenario, cells, found, str(death))
    result = _result(scenario, found, folder)
    if folder is not None:
        result.plot()
    return result


def plan(scenario: Scenario) -> list[tuple[Entry, int]]:
    """The runs of a scenario, seed by seed: algorithms of one seed share its problem within a process."""
    return [(entry, seed) for seed in scenario.seeds for entry in scenario.entries if entry.refused is None]


def execute(scenario: Scenario, entry: Entry, seed: int) -> Record:
    """One run, inside one thread, so that its numbers do not depend on how many cores there are."""
    try:
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a diverging run overflows: that is a result
            begin = time.perf_counter()
            outcome = simulate(build(scenario, entry, seed))
            return records.finished(scenario, entry, seed, outcome, time.perf_counter() - begin)
    except Exception as problem:
        return records.broken(scenario, entry, seed, f"{type(problem).__name__}: {problem}", traceback.format_exc())


def _records(scenario: Scenario, cells: list[tuple[Entry, int]], jobs: int) -> Iterator[tuple[int, Record]]:
    """Records as they come, each with the place of its algorithm in the scenario."""
    if jobs == 1:
        for entry, seed in cells:
            yield entry.position, execute(scenario, entry, seed)
        return
    parallel = joblib.Parallel(n_jobs=jobs, backend="loky", batch_size=1, return_as="generator_unordered")
    here = os.getpid()
    yield from parallel(joblib.delayed(_placed)(scenario, entry, seed, here) for entry, seed in cells)


def _placed(scenario: Scenario, entry: Entry, seed: int, parent: int) -> tuple[int, Record]:
    _end_with(parent)
    return entry.position, execute(scenario, entry, seed)


@cache
def _end_with(parent: int) -> None:
    """Let this process end when its parent is gone, which would otherwise leave it behind for ever when killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _give_up(
    scenario: Scenario, cells: list[tuple[Entry, int]], found: dict[tuple[int, int], Record], death: str
) -> None:
    """A process died (killed from outside, or out of memory), and its pool with it: what is missing has failed."""
    for entry, seed in cells:
        if (entry.position, seed) not in found:
            reason = "a process was killed, perhaps because memory ran out; fewer --jobs may help"
            found[entry.position, seed] = records.broken(scenario, entry, seed, reason, death)


def _store(folder: Path, scenario: Scenario, record: Record) -> None:
    history = tables.history_frame(record.points, measured(scenario, record.points))
    store.write_record(folder, record.key, record.as_json(), history)


def _store_missing(folder: Path, scenario: Scenario, found: Iterable[Record]) -> None:
    """Write the record whose writing was interrupted."""
    for record in found:
        if not (folder / "runs" / record.key).exists():
            _store(folder, scenario, record)


def _result(scenario: Scenario, found: dict[tuple[int, int], Record], folder: Path | None) -> Result:
    """The tables in the order of the scenario, whatever the order in which runs ended."""
    rows: list[Mapping[str, Any]] = []
    points: list[Mapping[str, Any]] = []
    for entry in scenario.entries:
        if entry.refused is not None:
            rows.append(records.not_applicable(scenario, entry))
        for seed in scenario.seeds:
            if (entry.position, seed) in found:
                rows.append(dict(found[entry.position, seed].row))
                points.extend(found[entry.position, seed].points)
    names = measured(scenario, points)
    result = Result(scenario, tables.runs_frame(rows, names), tables.history_frame(points, names), folder)
    if folder is not None:
        store.write_tables(folder, result.runs, result.history)
    return result


def measured(scenario: Scenario, points: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The metrics of the scenario, then whatever else the recorded points hold, such as the agents' disagreement."""
    further = sorted({name for point in points for name in point} - set(tables.HISTORY_COLUMNS) - set(scenario.metrics))
    return (*scenario.metrics, *further)
