"""Bilevel problems: oracles, data sets and their partition over agents. No clock, no network.

A module here that has ``build`` is a problem of that name; so is a packaging entry point of the group
``bilevelsim.problems``. Nothing is registered by hand.
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from problems.errors import unknown

GROUP = "bilevelsim.problems"


@cache
def _found() -> dict[str, ModuleType]:
    modules = {info.name: importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)}
    own = {name: module for name, module in modules.items() if hasattr(module, "build")}
    others = {point.name: point.load() for point in entry_points(group=GROUP) if point.name not in own}
    return own | others


def names() -> tuple[str, ...]:
    """The names of all problems, in alphabetical order.

    >>> "quadratic" in names()
    True
    """
    return tuple(sorted(_found()))


def load(name: str) -> ModuleType:
    """The problem module of that name, with ``Settings``, ``build`` and ``memory_bytes``.

    ``build(settings, agents, seed)`` gives the problem, ``memory_bytes(settings, agents)`` an estimate before that.
    Raises ProblemError with the nearest names when there is none.
    """
    if name not in _found():
        raise unknown("problem", name, _found())
    return _found()[name]
