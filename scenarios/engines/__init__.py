"""Where the runs of a comparison are carried out: one module an engine.

An engine is a function of cells that come one by one, as it asks for more: it gives back each cell with its record, in
whatever order they end. What it is given last it should begin last; how much it runs at once is its own affair.
"""

from collections.abc import Callable, Iterator

from scenarios.plan import Cell
from scenarios.records import Record

Engine = Callable[[Iterator[Cell]], Iterator[tuple[Cell, Record]]]


class WorkerDied(Exception):
    """A process that computed was killed, perhaps because memory ran out: what it was given is lost, nothing else."""
