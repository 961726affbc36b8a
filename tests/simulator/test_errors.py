"""Errors survive the way between processes and say who, when and why."""

import pickle

import pytest

from simulator.errors import BadWorld, BadYield, OutsideCompute, ProgramError, SimulationError

ERRORS = [
    SimulationError("one sentence"),
    BadWorld("one sentence"),
    OutsideCompute("one sentence"),
    BadYield("one sentence"),
    ProgramError("agent 3", 1.5, "ValueError: x"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error):
    """Type, sentence and fields are the same on the other side."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_all_errors_are_of_one_tree(error):
    """Whoever catches the root catches them all; a bad world is a bad value, too."""
    assert isinstance(error, SimulationError)
    assert isinstance(error, ValueError) is isinstance(error, BadWorld)


def test_a_programs_error_says_who_when_and_why():
    """In one sentence, and as fields."""
    error = ProgramError("agent 3", 1.5, "ValueError: x")
    assert str(error) == "the program of agent 3 failed at 1.5 s: ValueError: x"
    assert (error.agent, error.now, error.cause) == ("agent 3", 1.5, "ValueError: x")
