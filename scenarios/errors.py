"""What can be wrong with a scenario, and how it is said.

::

    ScenarioError      one or more mistakes in a scenario, an option or a name: exit status 2
        .mistakes      each a Mistake: file, key, value, rule, and the nearest valid name where there is one

Every message is one sentence a mistake, without a traceback. This module imports nothing of the project.
"""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

MISSING = object()
"""Stands for the value of a key that is not there."""


@dataclass(frozen=True)
class Mistake:
    """One broken rule: where, what was found, and what is asked for."""

    file: str
    """Name of the scenario file, or of the command line's option."""
    key: str
    """Path of the key, with dots and positions from 0: ``failures.0.at_s``. Empty for the whole file."""
    value: object
    """What was found there; ``MISSING`` for nothing."""
    rule: str
    """The rest of a sentence that begins with the key and its value: ``must be greater than 0``."""

    def __str__(self) -> str:
        rule = self.rule if self.rule.endswith("?") else self.rule.rstrip(".") + "."
        if not self.key:
            return f"{self.file}: {rule}"
        if self.value is MISSING:
            return f"{self.file}: {self.key} {rule}"
        return f"{self.file}: {self.key} = {shown(self.value)}: {rule}"


class ScenarioError(ValueError):
    """A scenario, an option or a name that cannot be used; holds every mistake found, not only the first."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


def nearest(name: object, known: Iterable[str]) -> str:
    """Names the valid name closest to ``name``, or all valid ones if none is close.

    >>> nearest("rign", ["ring", "star"])
    'the nearest is "ring"'
    >>> nearest("abc", ["ring", "star"])
    'known: ring, star'
    """
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f'the nearest is "{close[0]}"'
    return "known: " + (", ".join(names) if names else "none")


def shown(value: object, limit: int = 80) -> str:
    """A value as a user would write it in TOML, shortened to ``limit`` characters."""
    text = _toml_like(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _toml_like(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml_like(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml_like(item) for item in value) + "]"
    return str(value)
