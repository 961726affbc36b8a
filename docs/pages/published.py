"""The algorithms of this repository: modules, the names that each publishes, and what is known of a name."""

from functools import cache

import algorithms
from algorithms import Entry


@cache
def entries() -> dict[str, Entry]:
    """Every name with its entry; what other packages announce is theirs to document."""
    known = {name: algorithms.load(name) for name in algorithms.names()}
    return {name: entry for name, entry in known.items() if entry.module.__name__.startswith("algorithms.")}


def module_of(name: str) -> str:
    """The module of an algorithm or a variant, by its file name."""
    return entries()[name].module.__name__.removeprefix("algorithms.")


def modules() -> list[str]:
    """The modules by file name."""
    return sorted({module_of(name) for name in entries()})


def names_of(module: str) -> list[str]:
    """The names that a module publishes, its own first."""
    known = [name for name in entries() if module_of(name) == module]
    return sorted(known, key=lambda name: (name != module, name))
