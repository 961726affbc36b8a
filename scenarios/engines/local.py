"""Processes of this machine, through joblib; one process is this one."""

import gc
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import cache

import joblib

from scenarios.engines import Engine, WorkerDied
from scenarios.execution import execute
from scenarios.plan import Cell
from scenarios.records import Record
from scenarios.scenario import Entry, Scenario

AHEAD = 2
"""Cells a process that are handed out: the one it runs, and one more, so that it never waits for the next."""


def local(jobs: int) -> Engine:
    """An engine of so many processes; -1 is one a core."""
    count = joblib.effective_n_jobs(jobs)
    return _here if count == 1 else lambda cells: _processes(cells, count)


def _here(cells: Iterator[Cell]) -> Iterator[tuple[Cell, Record]]:
    for cell in cells:
        yield cell, execute(cell.scenario, cell.entry, cell.seed)


def _processes(cells: Iterator[Cell], jobs: int) -> Iterator[tuple[Cell, Record]]:
    """Raises ``WorkerDied``; then every process has ended, and the cells handed out are lost."""
    given: dict[int, Cell] = {}

    def tasks() -> Iterator[object]:
        parent = os.getpid()
        for number, cell in enumerate(cells):
            given[number] = cell
            yield joblib.delayed(_numbered)(number, cell.scenario, cell.entry, cell.seed, parent)

    options = {"backend": "loky", "batch_size": 1, "pre_dispatch": AHEAD * jobs, "return_as": "generator_unordered"}
    try:
        for number, record in joblib.Parallel(n_jobs=jobs, **options)(tasks()):
            yield given.pop(number), record
    except BrokenProcessPool as death:
        raise WorkerDied(str(death)) from death


def _numbered(number: int, scenario: Scenario, entry: Entry, seed: int, parent: int) -> tuple[int, Record]:
    _prepare(parent)
    return number, execute(scenario, entry, seed)


@cache
def _prepare(parent: int) -> None:
    """Once in each process: what is loaded by now is never collected again, and it ends with its parent, which would
    otherwise leave it behind for ever when killed.
    """
    gc.freeze()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
