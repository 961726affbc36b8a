"""Problems are found by file name."""

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
