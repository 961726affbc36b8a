"""One run: built, simulated and recorded, inside one thread."""

import dataclasses
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import scipy.linalg  # noqa: F401 - its threads can only be limited once it is loaded
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from scenarios import records, store, tables
from scenarios.build import build
from scenarios.records import Record
from scenarios.scenario import Entry, Scenario
from simulator.run import simulate


@contextmanager
def alone() -> Iterator[None]:
    """Inside one thread, so that numbers do not depend on how many cores there are, and quiet: a diverging run
    overflows, which is a result.
    """
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def execute(scenario: Scenario, entry: Entry, seed: int) -> Record:
    """One run.

    A defect is no exception but a record with status ``failed`` and the traceback.
    """
    begin = time.perf_counter()
    try:
        with alone():
            outcome = simulate(build(scenario, entry, seed))
            record = records.finished(scenario, entry, seed, outcome, time.perf_counter() - begin)
            return _encoded(record)
    except Exception as problem:
        told = f"{type(problem).__name__}: {problem}"
        return records.broken(scenario, entry, seed, told, traceback.format_exc(), time.perf_counter() - begin)


def _encoded(record: Record) -> Record:
    """With its tables as they will be written, its history among them."""
    found = {"history": tables.points_frame(record.points), **record.tables}
    return dataclasses.replace(record, tables={name: store.encoded(frame) for name, frame in found.items()})
