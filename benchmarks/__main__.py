"""`python -m benchmarks [--quick]`: all figures in one table, each beside its aim."""

import argparse
import os
import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded: one thread, as in every run

from rich.console import Console
from rich.table import Table

from benchmarks import gossip, rings, sweeps, timelines
from benchmarks.timing import best


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    value: str
    aim: str = ""
    met: bool | None = None
    beside: str = ""
    """The absolute figure behind a ratio."""


class Scale(NamedTuple):
    """How long everything is measured."""

    repetitions: int
    gossip_rounds: tuple[int, int]
    agents: tuple[int, ...]
    messages: int
    shared_rounds: int
    drawn_messages: int
    """Of the run whose timeline is written; about four events each."""
    sweep: sweeps.Size
    """Runs of four algorithms in two processes."""


FULL = Scale(7, (300, 12), (16, 256, 2048, 10_000), 80_000, 20, 250_000, sweeps.Size(16, 600))
QUICK = Scale(1, (5, 1), (16, 64), 2_000, 2, 2_000, sweeps.Size(1, 2))

AIMS = {"counters": (0.24, 500_000), "journal": (0.14, 300_000)}
"""At 256 agents: share of the bare floor, messages per CPU-second on a quiet machine."""

DRAWN, MEGABYTES = 33_334, 200
"""A million events of a timeline in 30 seconds, and memory above that of the start."""

SMALL = gossip.Size(agents=16, features=50, classes=2, samples=200)
LARGE = gossip.Size(agents=16, features=784, classes=10, samples=300)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed as ratios, best of several.")
    parser.add_argument("--quick", action="store_true", help="a few seconds; the figures mean little")
    scale = QUICK if parser.parse_args().quick else FULL
    console = Console(width=120)
    console.print(*surroundings(), sep="\n", highlight=False)
    table = Table("figure", "measured", "aim", "met", "beside it")
    for figure in figures(scale):
        met = {True: "yes", False: "no", None: ""}[figure.met]
        table.add_row(figure.what, figure.value, figure.aim, met, figure.beside)
    console.print(table)


def figures(scale: Scale) -> Iterator[Figure]:
    """All of them, one after the other."""
    yield from against_the_plain_loop(scale)
    yield from against_the_floor(scale)
    yield from queue_events()
    yield from fair_against_fifo(scale)
    yield from timeline_export(scale)
    yield from sweep(scale)


def against_the_plain_loop(scale: Scale) -> Iterator[Figure]:
    """What time and network cost beside the mathematics."""
    for size, rounds, aim in zip((SMALL, LARGE), scale.gossip_rounds, (1.5, 1.05), strict=True):
        seconds = best(gossip.alternatives(size, rounds), scale.repetitions)
        ratio = seconds["simulated"] / seconds["plain"]
        microseconds = 1e6 * seconds["plain"] / (rounds * size.agents)
        what = f"simulated / plain loop, {size.agents} agents x {size.features}"
        beside = f"{microseconds:.0f} us an agent-round of the plain loop"
        yield Figure(what, f"{ratio:.3f}", f"<= {aim}", ratio <= aim, beside)


def against_the_floor(scale: Scale) -> Iterator[Figure]:
    """Messages per CPU-second, and as a share of what a heap and generators do."""
    for agents in scale.agents:
        rounds = max(4, scale.messages // (2 * agents))
        forms = {
            "bare floor": rings.floor(agents, rounds),
            "counters": rings.simulated(agents, rounds),
            "journal": rings.simulated(agents, rounds, journal=True),
        }
        seconds = best(forms, scale.repetitions)
        for form in forms:
            rate, ratio = 2 * agents * rounds / seconds[form], seconds["bare floor"] / seconds[form]
            what, beside = f"share of the floor, ring of {agents}: {form}", f"{rate:,.0f} messages per CPU-second"
            if agents == 256 and form in AIMS:
                share, speed = AIMS[form]
                met = ratio >= share and rate >= speed
                yield Figure(what, f"{ratio:.3f}", f">= {share}, {speed:,}", met, beside)
            else:
                yield Figure(what, f"{ratio:.3f}", beside=beside)


def queue_events() -> Iterator[Figure]:
    """Counted, not timed."""
    for sharing, aim in (("none", 1.0), ("fifo", 2.0), ("fair", None)):
        events = rings.events_per_message(sharing, agents=16, rounds=20)
        aims = ("", None) if aim is None else (f"<= {aim:g}", events <= aim)
        yield Figure(f"queue events per message, {sharing}", f"{events:.2f}", *aims)


def fair_against_fifo(scale: Scale) -> Iterator[Figure]:
    """What sharing bandwidth max-min fairly costs."""
    for name, neighbors in (("star of 64", rings.star(65)), ("ring of 256", rings.ring(256))):
        forms = {
            sharing: rings.Exchange(neighbors, scale.shared_rounds, sharing, journal=False)
            for sharing in ("fifo", "fair")
        }
        seconds = best({sharing: exchange.seconds for sharing, exchange in forms.items()}, min(3, scale.repetitions))
        ratio = seconds["fair"] / seconds["fifo"]
        microseconds = 1e6 * seconds["fifo"] / forms["fifo"].messages
        beside = f"{microseconds:.1f} us a message under fifo"
        yield Figure(f"fair / fifo, {name}", f"{ratio:.1f}", "<= 15", ratio <= 15, beside)


def timeline_export(scale: Scale) -> Iterator[Figure]:
    """What it costs to write down everything that happens in a run."""
    cost = timelines.cost(256, scale.drawn_messages)
    rate = cost.events / cost.seconds
    met = rate >= DRAWN and cost.megabytes <= MEGABYTES
    beside = f"{rate:,.0f} events per CPU-second, {cost.events:,} in all, {cost.megabytes:.0f} MB"
    aim = f">= {DRAWN:,} events per CPU-second, {MEGABYTES} MB"
    yield Figure("timeline / run alone, ring of 256", f"{cost.seconds / cost.alone:.1f}", aim, met, beside)


def sweep(scale: Scale) -> Iterator[Figure]:
    """How much of what two bare processes do the runner does in the same time, begin and end of both included."""
    seconds = sweeps.seconds(scale.sweep)
    share, runs = seconds["bare"] / seconds["runner"], 4 * scale.sweep.seeds
    beside = f"{seconds['runner']:.1f} s for {runs} runs, wall clock"
    yield Figure(
        f"sweep of {runs} runs in two processes: bare / runner", f"{share:.3f}", ">= 0.95", share >= 0.95, beside
    )


def surroundings() -> list[str]:
    """Where the figures come from."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "simpy"))
    return [
        f"{_processor()}, {os.cpu_count()} CPUs, {platform.system()}",
        f"Python {platform.python_version()}, {libraries}",
        f"commit {_commit()}",
        "CPU seconds, one BLAS thread, alternatives in turn, best of each",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    """Short hash, with a mark where the working tree differs from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


if __name__ == "__main__":
    main()
