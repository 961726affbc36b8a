"""Small worlds for the simulator's tests: toy programs on a graph, and a log of what happened."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from simulator.hooks import Observer
from simulator.run import Outcome, simulate
from simulator.tally import Tally
from simulator.world import AgentSpec, Compute, Network, Record, Stop, World

Edges = Sequence[tuple[int, int]]


class Work:
    """A toy problem: calling it charges one oracle, "work", and gives `result` back.

    At the default speed of one operation per second it costs `operations` seconds.
    """

    def __init__(self, tally: Tally):
        self._tally = tally

    def __call__(self, operations: float = 1.0, result: Any = None) -> Any:
        self._tally.charge("work", operations)
        return result


class Log(Observer):
    """Everything that was announced, as tuples: (hook, instant, ...)."""

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []

    def sent(self, now, message):
        self.entries.append(("sent", now, message.sender, message.to, message.tag))

    def delivered(self, now, message):
        self.entries.append(("delivered", now, message.sender, message.to, message.tag))

    def lost(self, now, message, why):
        self.entries.append(("lost", now, message.sender, message.to, message.tag, why))

    def computed(self, agent, start, end):
        self.entries.append(("computed", end, agent, start))

    def waited(self, agent, start, end):
        self.entries.append(("waited", end, agent, start))

    def failed(self, now, agent):
        self.entries.append(("failed", now, agent))

    def recovered(self, now, agent):
        self.entries.append(("recovered", now, agent))

    def of(self, hook: str) -> list[tuple[Any, ...]]:
        """The entries of one hook, without its name."""
        return [entry[1:] for entry in self.entries if entry[0] == hook]


def _idle(agent):
    """A program that serves for ever and is not waited for."""
    while True:
        yield agent.receive()


def _world(
    *programs: Callable[..., Any] | None,
    edges: Edges | None = None,
    header: int = 0,
    network: dict[str, Any] | None = None,
    seconds: float = 1e9,
    rounds: int | None = None,
    daemons: Sequence[int] = (),
    silent: Sequence[int] = (),
    compute: Compute | None = None,
    **parts: Any,
) -> World:
    """These programs (None: an idle daemon), all linked to all unless edges are given, with equal mixing weights."""
    size = len(programs)
    pairs = [(i, j) for i in range(size) for j in range(i)] if edges is None else edges
    agents = []
    for id_, program in enumerate(programs):
        neighbors = tuple(sorted({j for i, j in pairs if i == id_} | {i for i, j in pairs if j == id_}))
        tally = Tally()
        agents.append(
            AgentSpec(
                program=program or _idle,
                neighbors=neighbors,
                weights={j: 1.0 / (len(neighbors) + 1) for j in (id_, *neighbors)},
                problem=Work(tally),
                tally=tally,
                daemon=program is None or id_ in daemons,
                reports=id_ not in silent,
            )
        )
    return World(
        agents=tuple(agents),
        network=Network(header=header, **(network or {})),
        compute=compute or Compute(speed=1.0),
        stop=parts.pop("stop", None) or Stop(simulated_seconds=seconds, rounds=rounds),
        record=parts.pop("record", None) or Record(every_rounds=None),
        **parts,
    )


def _run(*programs: Callable[..., Any] | None, observers: Sequence[Observer] = (), **parts: Any) -> Outcome:
    return simulate(_world(*programs, **parts), observers)


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    """Builds a world: see `_world`."""
    return _world


@pytest.fixture(scope="session")
def run() -> Callable[..., Outcome]:
    """Builds a world and simulates it: see `_world`."""
    return _run


@pytest.fixture
def log() -> Log:
    """An observer that keeps what it hears."""
    return Log()


@pytest.fixture(scope="session")
def new_log() -> Callable[[], Log]:
    """Makes logs, for tests that need several."""
    return Log
