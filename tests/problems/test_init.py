"""Problems are found by file name."""

from collections.abc import Callable
from pathlib import Path

import pytest

import problems
from problems.errors import ProblemError


def test_every_problem_publishes_the_same_names():
    """Each has Settings with defaults, build, memory_bytes, and a docstring."""
    for name in problems.names():
        module = problems.load(name)
        assert module.__doc__
        assert module.memory_bytes(module.Settings(), 4) > 0
        assert callable(module.build)


def test_an_unknown_problem_is_answered_with_the_nearest():
    """A misspelt name lists what was probably meant, a hopeless one what there is."""
    with pytest.raises(ProblemError, match="did you mean quadratic"):
        problems.load("quadratik")
    with pytest.raises(ProblemError, match=r"known are .*quadratic"):
        problems.load("xyz")


def test_problems_of_installed_packages_are_found(install: Callable[..., Path]) -> None:
    """By the entry point group; one cannot take the place of ours, and none is imported before it is asked for."""
    ours = problems.load("quadratic")
    source = "from problems.quadratic import Settings, build, memory_bytes"
    announced = {"guest": "guest_problem", "quadratic": "guest_problem", "broken": "nowhere"}
    install("guests", {"guest_problem": source}, {problems.GROUP: announced})
    assert {"guest", "broken"} <= set(problems.names())
    assert problems.load("guest").build(ours.Settings(), 2, 0).agents == 2
    assert problems.load("quadratic") is ours
    with pytest.raises(ModuleNotFoundError):
        problems.load("broken")
