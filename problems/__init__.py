"""Bilevel problems: oracles, data sets and their partition over agents. No clock, no network.

A module here that has ``build`` is a problem of that name; so is a packaging entry point of the group
``bilevelsim.problems``. Nothing is registered by hand.
"""

import importlib
import pkgutil
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from problems.errors import unknown

GROUP = "bilevelsim.problems"


def names() -> tuple[str, ...]:
    """The names of all problems, in alphabetical order.

    >>> "quadratic" in names()
    True
    """
    return tuple(sorted({*_ours(), *_installed(tuple(sys.path))}))


def load(name: str) -> ModuleType:
    """The problem module of that name, with ``Settings``, ``build`` and ``memory_bytes``.

    ``build(settings, agents, seed)`` gives the problem, ``memory_bytes(settings, agents)`` an estimate before that.
    Raises ProblemError with the nearest names when there is none.
    """
    ours, installed = _ours(), _installed(tuple(sys.path))
    if name in ours:
        return ours[name]
    if name in installed:
        module: ModuleType = installed[name].load()
        return module
    raise unknown("problem", name, names())


@cache
def _ours() -> dict[str, ModuleType]:
    modules = {info.name: importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)}
    return {name: module for name, module in modules.items() if hasattr(module, "build")}


@cache
def _installed(path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """What packages on this path announce; of two with one name the first."""
    return {point.name: point for point in reversed(tuple(entry_points(group=GROUP)))}
