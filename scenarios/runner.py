"""Run a comparison: every algorithm with every seed at every point of the sweep, as far as the store lacks them.

A run that a defect ends is a row with status ``failed`` and its traceback in the record; the others go on. Several
processes may run into one folder: each run is claimed by whoever begins it, and read by the others.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from scenarios.result import Result, assemble, with_drawn
from scenarios.scenario import Scenario
from scenarios.store import Stored

__all__ = ["Interrupted", "Progress", "Result", "execute", "run"]

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
        return Comparison(scenario, Path(out), chosen, progress, again).run(Path(out))
    with tempfile.TemporaryDirectory() as folder:
        return Comparison(scenario, Path(folder), chosen, progress, again).run(None)


class Comparison:
    """A scenario on its way through an engine into a folder."""

    def __init__(self, scenario: Scenario, folder: Path, engine: Engine, progress: Progress | None, again: bool):
        self._scenario, self._folder, self._engine, self._progress = scenario, folder, engine, progress
        self._again = again
        self._found: dict[str, Stored] = {}
        self._claims: dict[str, filelock.FileLock] = {}
        self._deaths: Counter[str] = Counter()

    def run(self, out: Path | None) -> Result:
        """Everything, and then the tables; ``out`` is the folder that the result is said to have."""
        files = {name: path for point in self._scenario.points for name, path in point.scenario.named_files().items()}
        store.prepare(self._folder, self._scenario.text, files)
        seeds = [tuple(self._scenario.seeds) for _ in self._scenario.points]
        cells: list[Cell] = []
        try:
            while True:
                cells = plan.cells(self._scenario, seeds)
                planned = plan.of(self._scenario, cells)
                store.write_text(self._folder / store.PLAN, planned.as_json())
                self._run(cells)
                wanted = self._wanted(planned, seeds)
                if wanted == seeds:
                    break
                seeds = wanted
        except KeyboardInterrupt:
            for key in {cell.key for cell in cells} - self._found.keys():
                self._is_kept(key)  # a record may have been written and not been looked at
            result = self._result(cells, out)
            if out is not None:
                publication.save_tables(result, out)
            raise Interrupted(result) from None
        finally:
            for key in list(self._claims):
                self._release(key)
        result = with_drawn(self._result(cells, out), self._folder, self._found)
        if out is not None:
            publication.publish(result, out)
        return result

    # ---- running

    def _run(self, cells: Sequence[Cell]) -> None:
        """Until every cell is in the store, whoever put it there."""
        unique = {cell.key: cell for cell in cells}
        kept = [key for key in unique if key in self._found or self._is_kept(key)]
        if self._progress is not None:
            self._progress.begin(len(kept), len(unique))
        missing = {key: cell for key, cell in unique.items() if key not in self._found}
        while missing:
            before = len(missing)
            self._pass(missing, len(unique))
            missing = {key: cell for key, cell in missing.items() if key not in self._found}
            if len(missing) == before:
                time.sleep(LOOK_AGAIN_S)

    def _is_kept(self, key: str) -> bool:
        """Whether the run is in the store and need not be run again; then it is read."""
        if self._again or not store.has(self._folder, key):
            return False
        stored = store.read_record(self._folder, key)
        if not stored.failed:
            self._found[key] = stored
        return not stored.failed

    def _pass(self, missing: Mapping[str, Cell], total: int) -> None:
        """Everything that is missing and that nobody else is doing."""
        agenda = Agenda(missing.values())
        for key, stored in self._found.items():
            if key in missing:
                agenda.learn(missing[key], stored.host_s)
        try:
            for cell, record in self._engine(self._claimed(agenda, total)):
                self._keep(cell, record, total)
                agenda.learn(cell, record.host_s)
        except WorkerDied as death:
            self._bury(missing, str(death), total)

    def _claimed(self, agenda: Agenda, total: int) -> Iterator[Cell]:
        """Cells in the order of the agenda, each claimed first; one that another process has done by now is read."""
        while (cell := agenda.take()) is not None:
            lock = store.try_claim(self._folder, cell.key)
            if lock is None:
                continue
            self._claims[cell.key] = lock
            if not self._again and self._is_kept(cell.key):
                self._release(cell.key)
                self._tell(cell.key, total)
            else:
                yield cell

    def _keep(self, cell: Cell, record: Record, total: int) -> None:
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
        self._found[cell.key] = store.read_record(self._folder, cell.key)
        self._release(cell.key)
        self._tell(cell.key, total)

    def _write(self, record: Record) -> None:
        history = tables.points_frame(record.points)
        store.write_record(self._folder, record.key, record.as_json(), history, record.host_s, record.tables)

    def _release(self, key: str) -> None:
        store.release(self._folder, key, self._claims.pop(key))

    def _tell(self, key: str, total: int) -> None:
        if self._progress is not None:
            self._progress.advance(self._found[key].row, len(self._found), total)

    def _bury(self, missing: Mapping[str, Cell], death: str, total: int) -> None:
        """A process died: what was under way is tried again, unless it was so too often."""
        for key in list(self._claims):
            self._deaths[key] += 1
            if self._deaths[key] < DEATHS:
                self._release(key)
                continue
            cell = missing[key]
            reason = "a process was killed while it ran, perhaps because memory ran out; fewer --jobs may help"
            self._keep(cell, records.broken(cell.scenario, cell.entry, cell.seed, reason, death), total)

    # ---- what came of it

    def _wanted(self, planned: plan.Plan, seeds: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """The seeds of each point, as many as the means need."""
        if planned.replications is None:
            return seeds
        known = assemble(planned, "", self._found).replicated()
        return [
            tuple(range(replications.wanted(planned.replications, values, len(have))))
            for (_, values), have in zip(known, seeds, strict=True)
        ]

    def _result(self, cells: Sequence[Cell], out: Path | None) -> Result:
        return assemble(plan.of(self._scenario, cells), self._scenario.text, self._found, out)
