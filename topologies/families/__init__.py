"""One module a family of graphs: `Settings`, `build(settings, agents, rng)` and a docstring that says what it is.

A family whose links may grow faster than its agents also has `expected_links(settings, agents)`, asked before a graph
is built whether it fits into memory.

Families are found by file name, and in installed packages by the entry point group `bilevelsim.topologies`.
"""

import inspect
import sys
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from topologies.errors import TopologyError, not_among
from topologies.graph import Graph

GROUP = "bilevelsim.topologies"


def names() -> tuple[str, ...]:
    """The known families, in alphabetical order."""
    return tuple(sorted({*_ours(), *_installed(tuple(sys.path))}))


def load(name: str) -> ModuleType:
    """The module of a family. Raises `TopologyError` for an unknown name, with the nearest known one."""
    if name in _ours():
        return import_module(f"{__name__}.{name}")
    installed = _installed(tuple(sys.path))
    if name in installed:
        module: ModuleType = installed[name].load()
        return module
    raise TopologyError(f"topology.name is {name!r}, which is {not_among(name, names())}")


def summary(name: str) -> str:
    """What the family is, in one line."""
    return (inspect.getdoc(load(name)) or "").partition("\n")[0]


def build(name: str, agents: int | None, rng: np.random.Generator, **params: Any) -> Graph:
    """A connected graph of the family `name` for `agents` data-holding agents (a star's server comes on top).

    `agents` is None where the family's own settings say how many there are. `rng` is used by random families only.
    Raises `TopologyError` for an unknown family or setting, and for values that make no connected graph.

    >>> build("ring", 4, np.random.default_rng(0)).edges
    ((0, 1), (0, 3), (1, 2), (2, 3))
    """
    if agents is not None and agents < 1:
        raise TopologyError(f"{name}: the number of agents is {agents}; it must be at least 1")
    family = load(name)
    graph: Graph = family.build(_settings(name, family.Settings, params), agents, rng)
    if agents is not None and graph.workers != agents:
        raise TopologyError(f"{name}: the graph has {graph.workers} agents with data, but the scenario has {agents}")
    if not graph.is_connected():
        raise TopologyError(f"{name}: the graph is not connected, so some agents could never hear of others")
    return graph


def _settings(name: str, kind: type, params: dict[str, Any]) -> Any:
    """The settings of a family, each checked against the type and the range of its field."""
    hints = get_type_hints(kind, include_extras=True)
    for key, value in params.items():
        if not hints:
            raise TopologyError(f"{name}.{key} is not one of its settings: it has none")
        if key not in hints:
            raise TopologyError(f"{name}.{key} is {not_among(key, list(hints))}")
        try:
            TypeAdapter(hints[key]).validate_python(value, strict=True)
        except ValidationError as mistakes:
            raise TopologyError(f"{name}.{key} is {value!r}: {mistakes.errors()[0]['msg']}") from None
    for field in fields(kind):
        if field.default is MISSING and field.name not in params:
            raise TopologyError(f"{name}.{field.name} is missing; it must be given")
    return kind(**params)


def _ours() -> set[str]:
    return {module.name for module in iter_modules(__path__)}


@cache
def _installed(path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """What packages on this path announce; of two with one name the first."""
    return {point.name: point for point in reversed(tuple(entry_points(group=GROUP)))}
