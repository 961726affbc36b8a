"""A Dask cluster: the same runs on workers anywhere, with the same numbers to the last bit.

Workers need bilevelsim with the same versions, the files and data sets that a scenario names at the same paths, and one
thread each. A worker that dies costs the time of its run: the scheduler gives the run to another.
"""

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scenarios import records
from scenarios.engines import Engine
from scenarios.errors import MISSING, Mistake, ScenarioError
from scenarios.execution import execute
from scenarios.plan import Cell
from scenarios.records import Record

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Cells a worker that are handed out: the one it runs, and one more, so that it never waits for the next."""
PATIENCE_S = 10
"""How long a scheduler is waited for, and a first worker until that is said, seconds of the host."""


def dask(address: str) -> Engine:
    """An engine of the workers of the scheduler at this address, such as ``tcp://10.0.0.1:8786``.

    Raises ``ScenarioError`` where Dask is not installed.
    """
    if importlib.util.find_spec("distributed") is None:
        rule = "needs Dask: pip install 'bilevelsim[cluster]'"
        raise ScenarioError([Mistake("--engine", "ENGINE", "dask", rule)])
    return lambda cells: _run(address, cells)


def _run(address: str, cells: Iterator[Cell]) -> Iterator[tuple[Cell, Record]]:
    from distributed import as_completed

    client = _connected(address)
    try:
        given: dict[Any, Cell] = {}
        running = as_completed(loop=client.loop)

        def hand_out() -> None:
            """As many cells as there are workers for, also when workers came or went meanwhile."""
            threads = client.nthreads()
            _check(address, threads)
            while len(given) < AHEAD * max(1, len(threads)) and (cell := next(cells, None)) is not None:
                future = client.submit(execute, cell.scenario, cell.entry, cell.seed, pure=False)
                given[future.key] = cell
                running.add(future)

        hand_out()
        for future in running:
            cell = given.pop(future.key)
            yield cell, _record(future, cell)
            hand_out()
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=PATIENCE_S)


def _connected(address: str) -> "Client":
    """A client of the scheduler, once it has a worker. Raises ``ScenarioError`` where it does not answer."""
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError):
        raise _refusal(address, "no Dask scheduler answers there") from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError:
        print(
            f"{address}: no worker yet; start some with: dask worker ADDRESS --nthreads 1", file=sys.stderr, flush=True
        )
        client.wait_for_workers(1)
    return client


def _check(address: str, threads: Mapping[str, int]) -> None:
    """Raise ``ScenarioError`` where a worker would do several runs in one process."""
    for worker, count in sorted(threads.items()):
        if count > 1:
            rule = (
                f"its worker {worker} has {count} threads; start workers with --nthreads 1, since a run is one thread"
            )
            raise _refusal(address, rule)


def _refusal(address: str, rule: str) -> ScenarioError:
    return ScenarioError([Mistake("--scheduler", "ADDRESS", address or MISSING, rule)])


def _record(future: "Future", cell: Cell) -> Record:
    """What a worker sent back; a run that killed one worker after another has failed."""
    from distributed import KilledWorker

    try:
        found: Any = future.result()
    except KilledWorker as death:
        reason = "one worker after another died while it ran, perhaps because memory ran out"
        return records.broken(cell.scenario, cell.entry, cell.seed, reason, str(death))
    assert isinstance(found, Record)
    return found
