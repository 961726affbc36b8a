"""What algorithms state about their surroundings."""

import dataclasses
import inspect
import re
import sys
import typing
from types import ModuleType

import pytest

import algorithms
from algorithms.needs import Needs
from problems.base import Local

POLICIES = {"all", "first", "latest", "deadline"}
TRANSPORTS = {"retransmit", "symmetric", "datagram"}


def test_needs_are_frozen() -> None:
    """A statement cannot be changed by who reads it."""
    needs = Needs("graph", (), ("all",), ("retransmit",), ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        needs.topology = "star"  # type: ignore[misc]


@pytest.mark.parametrize("name", algorithms.names())
def test_statement_uses_the_words_of_the_scenarios(name: str) -> None:
    """Known policies, transports and roles; oracles that the problem's interface has; the topology fits the program."""
    entry = algorithms.load(name)
    needs = entry.needs
    assert "all" in needs.waits
    assert set(needs.waits) <= POLICIES
    assert set(needs.links) <= TRANSPORTS
    assert needs.topology == ("star" if entry.on_server else "graph")
    assert set(needs.memory_loss) <= ({"server", "worker"} if entry.on_server else {"agent"})
    assert all(hasattr(Local, oracle) for oracle in needs.oracles)


def pieces_of(module: ModuleType) -> set[ModuleType]:
    """The modules of `algorithms.pieces` that a module imports, and those that they import."""
    names = {getattr(value, "__module__", None) for value in vars(module).values()}
    mine = {sys.modules[name] for name in names if str(name).startswith("algorithms.pieces.")} - {module}
    return mine.union(*(pieces_of(piece) for piece in mine))


@pytest.mark.parametrize("name", algorithms.names())
def test_oracles_stated_are_those_called(name: str) -> None:
    """What the module calls on the problem is stated; what is stated is called, or named, by it or by a piece."""
    entry = algorithms.load(name)
    sources = [inspect.getsource(module) for module in (entry.module, *pieces_of(entry.module))]
    sources[0] = re.sub(r"^NEEDS = Needs\(.*?^\)", "", sources[0], flags=re.DOTALL | re.MULTILINE)
    oracles = {method for method in vars(Local) if not method.startswith("_") and callable(getattr(Local, method))}
    called = {oracle for oracle in oracles if re.search(rf"\bproblem\.{oracle}\b", sources[0])}
    reached = {oracle for oracle in oracles if any(re.search(rf'[."]{oracle}\b', source) for source in sources)}
    assert called <= set(entry.needs.oracles) <= reached
    assert typing.get_type_hints(entry.settings)
