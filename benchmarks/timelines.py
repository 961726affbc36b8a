"""Writing the timeline of a run: what it costs beside the run, and how much memory it takes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import psutil

from benchmarks import rings
from scenarios import perfetto

SAMPLE = 0.01
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Cost:
    """What one export cost."""

    events: int
    seconds: float
    """Of the CPU, the run included."""
    alone: float
    """Of the CPU, for the run without its timeline."""
    megabytes: float
    """The most memory above that before the export."""


def cost(agents: int, messages: int) -> Cost:
    """Export a ring's exchange of about so many messages."""
    exchange = rings.Exchange(rings.ring(agents), max(1, messages // (2 * agents)), "none", journal=False)
    begin = process_time()
    exchange.run()
    alone = process_time() - begin
    with TemporaryDirectory() as folder, _memory() as peak:
        begin = process_time()
        export = perfetto.export(exchange.world, Path(folder, "timeline.json"), "a ring")
        seconds = process_time() - begin
    return Cost(export.events, seconds, alone, (max(peak) - peak[0]) / 1e6)


@contextmanager
def _memory() -> Iterator[list[int]]:
    """Resident bytes of this process, looked at until the block ends."""
    process, over = psutil.Process(), threading.Event()
    seen = [process.memory_info().rss]

    def look() -> None:
        while not over.wait(SAMPLE):
            seen.append(process.memory_info().rss)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
