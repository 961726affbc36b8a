"""Run a comparison: every algorithm with every seed at every point of the sweep, as far as the store lacks them.

A run that a defect ends is a row with status ``failed`` and its traceback in the record; the others go on. Several
processes may run into one folder: each run is claimed by whoever begins it, and read by the others.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import filelock

from scenarios import plan, publication, records, replications, store, tables
from scenarios.agenda import Agenda
from scenarios.engines import Engine, WorkerDied
from scenarios.engines.local import local
from scenarios.errors import MISSING, Mistake, ScenarioError
from scenarios.execution import execute
from scenarios.plan import Cell
from scenarios.records import Record
from scenarios.replications import Rule
from scenarios.result import Result, assemble, with_drawn
from scenarios.scenario import Scenario
from scenarios.store import Stored

__all__ = ["Interrupted", "Progress", "Result", "Work", "execute", "run"]

LOOK_AGAIN_S = 0.2
"""How often a process looks for a run that another one is doing, seconds of the host."""
DEATHS = 3
"""How often a run may be under way when a process dies, until it is held to be the cause."""


class Progress(Protocol):
    """Who watches a comparison."""

    def begin(self, kept: int, total: int) -> None:
        """So many runs are there already, of so many; called again when more seeds are wanted."""

    def advance(self, row: Mapping[str, Any], done: int, total: int) -> None:
        """One more run is done, with its row of the table."""


class Interrupted(KeyboardInterrupt):
    """The user interrupted a comparison; what had finished is kept, and carried here."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


def run(
    scenario: Scenario,
    jobs: int = 1,
    out: str | Path | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
    again: bool = False,
) -> Result:
    """Run what the folder ``out`` lacks, in ``jobs`` processes (-1: one a core) or on another engine.

    Runs that are there stay, but for those that failed by a defect; with ``again`` none does. Without a folder
    everything is kept in memory. Raises ``Interrupted`` on a keyboard interrupt, and ``ScenarioError`` where ``out``
    cannot be written to or holds something damaged.
    """
    chosen = engine or local(jobs)
    if out is not None:
        return _compare(scenario, Work(Path(out), chosen, progress, again), Path(out))
    with tempfile.TemporaryDirectory() as folder:
        return _compare(scenario, Work(Path(folder), chosen, progress, again), None)


def _compare(scenario: Scenario, work: "Work", out: Path | None) -> Result:
    """Every run, and then the tables; ``out`` is the folder that the result is said to have."""
    files = {name: path for point in scenario.points for name, path in point.scenario.named_files().items()}
    store.prepare(work.folder, scenario.text, files)
    seeds = [tuple(scenario.seeds) for _ in scenario.points]
    planned = plan.of(scenario, [])
    try:
        while True:
            cells = plan.cells(scenario, seeds)
            planned = plan.of(scenario, cells)
            store.write_text(work.folder / store.PLAN, planned.as_json())
            work.do(cells)
            if planned.replications is None:
                break
            wanted = _wanted(planned.replications, assemble(planned, scenario.text, work.found), seeds)
            if wanted == seeds:
                break
            seeds = wanted
    except KeyboardInterrupt:
        work.look(planned.keys)  # a record may have been written and not been looked at
        result = assemble(planned, scenario.text, work.found, out)
        if out is not None:
            publication.save_tables(result, out)
        raise Interrupted(result) from None
    result = with_drawn(assemble(planned, scenario.text, work.found, out), work.folder, work.found)
    if out is not None:
        publication.publish(result, out)
    return result


def _wanted(rule: Rule, known: Result, seeds: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The seeds of each point, as many as the means need."""
    values = [found for _, found in known.replicated()]
    return [
        tuple(range(replications.wanted(rule, of_point, len(have))))
        for of_point, have in zip(values, seeds, strict=True)
    ]


class Work:
    """Runs on their way through an engine into a folder, which is prepared already."""

    def __init__(self, folder: Path, engine: Engine, progress: Progress | None = None, again: bool = False):
        self.folder = folder
        self.found: dict[str, Stored] = {}
        """Key -> run, of all that were asked for and are there."""
        self._engine, self._progress, self._again = engine, progress, again
        self._claims: dict[str, filelock.FileLock] = {}
        self._deaths: Counter[str] = Counter()

    def do(self, cells: Sequence[Cell]) -> None:
        """Until every cell is in the folder, whoever put it there."""
        unique = {cell.key: cell for cell in cells}
        self.look(unique)
        missing = {key: cell for key, cell in unique.items() if key not in self.found}
        if self._progress is not None:
            self._progress.begin(len(unique) - len(missing), len(unique))
        try:
            while missing:
                before = len(missing)
                self._pass(unique, missing)
                missing = {key: cell for key, cell in missing.items() if key not in self.found}
                if len(missing) == before:
                    time.sleep(LOOK_AGAIN_S)
        finally:
            for key in list(self._claims):
                self._release(key)

    def look(self, keys: Iterable[str]) -> None:
        """Read those runs that are there and need not be run again."""
        for key in keys:
            if key not in self.found and not self._again:
                self._read(key)

    def _read(self, key: str) -> bool:
        """Whether the run is in the folder and need not be run again; then it is read."""
        if not store.has(self.folder, key):
            return False
        stored = store.read_record(self.folder, key)
        if not stored.failed:
            self.found[key] = stored
        return not stored.failed

    def _pass(self, wanted: Mapping[str, Cell], missing: Mapping[str, Cell]) -> None:
        """Everything that is missing and that nobody else is doing."""
        agenda = Agenda(missing.values())
        for key, cell in wanted.items():
            if key in self.found:
                agenda.learn(cell, self.found[key].host_s)
        try:
            for cell, record in self._engine(self._claimed(agenda, wanted)):
                self._keep(cell, record, wanted)
                agenda.learn(cell, record.host_s)
        except WorkerDied as death:
            self._bury(wanted, str(death))

    def _claimed(self, agenda: Agenda, wanted: Mapping[str, Cell]) -> Iterator[Cell]:
        """Cells in the order of the agenda, each claimed first; one that another process has done by now is read."""
        while (cell := agenda.take()) is not None:
            lock = store.try_claim(self.folder, cell.key)
            if lock is None:
                continue
            self._claims[cell.key] = lock
            if not self._again and self._read(cell.key):
                self._release(cell.key)
                self._tell(cell.key, wanted)
            else:
                yield cell

    def _keep(self, cell: Cell, record: Record, wanted: Mapping[str, Cell]) -> None:
        """Write a record; an interruption in between does not lose it.

        Raises ``ScenarioError`` where it was made elsewhere, and not as it would have been made here.
        """
        if record.key != cell.key:
            rule = "a worker has other versions of bilevelsim or of its libraries, so its numbers would be others"
            raise ScenarioError([Mistake("--engine", "", MISSING, rule)])
        try:
            self._write(record)
        except KeyboardInterrupt:
            self._write(record)
            raise
        self.found[cell.key] = store.read_record(self.folder, cell.key)
        self._release(cell.key)
        self._tell(cell.key, wanted)

    def _write(self, record: Record) -> None:
        further = dict(record.tables)
        history = further.pop("history", tables.points_frame(record.points))
        store.write_record(self.folder, record.key, record.as_json(), history, record.host_s, further)

    def _release(self, key: str) -> None:
        store.release(self.folder, key, self._claims.pop(key))

    def _tell(self, key: str, wanted: Mapping[str, Cell]) -> None:
        if self._progress is not None:
            done = sum(key in self.found for key in wanted)
            self._progress.advance(self.found[key].row, done, len(wanted))

    def _bury(self, wanted: Mapping[str, Cell], death: str) -> None:
        """A process died: what was under way is tried again, unless it was so too often."""
        for key in list(self._claims):
            self._deaths[key] += 1
            if self._deaths[key] < DEATHS:
                self._release(key)
                continue
            cell = wanted[key]
            reason = "a process was killed while it ran, perhaps because memory ran out; fewer --jobs may help"
            self._keep(cell, records.broken(cell.scenario, cell.entry, cell.seed, reason, death), wanted)
