"""What algorithms state about their surroundings."""

import dataclasses
import inspect
import typing

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


@pytest.mark.parametrize("name", algorithms.names())
def test_oracles_stated_are_those_called(name: str) -> None:
    """Every stated oracle occurs in the module's source as an attribute of the problem, and no other one does."""
    entry = algorithms.load(name)
    source = inspect.getsource(entry.module)
    oracles = {method for method in vars(Local) if not method.startswith("_") and callable(getattr(Local, method))}
    called = {oracle for oracle in oracles if f"problem.{oracle}" in source}
    assert called == set(entry.needs.oracles)
    assert typing.get_type_hints(entry.settings)
