"""Errors of the problems.

ValueError
  ProblemError        a setting, a name or a partition that cannot be
    DataMissing       a data set that is nowhere to be found, or is not what it should be
"""

import difflib
from collections.abc import Iterable


class ProblemError(ValueError):
    """A problem cannot be built or asked as wished; one sentence with name, value and rule."""


class DataMissing(ProblemError):
    """A data file is missing or is not the published one; the sentence names the ways to get it."""


def unknown(kind: str, name: str, known: Iterable[str]) -> ProblemError:
    """The error for a name that is not known, with the nearest known ones."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(choices)}"
    return ProblemError(f"there is no {kind} named {name!r}: {hint}")
