"""Published algorithms, one module each, found by file name.

A module holds a docstring (paper, update equations, costs), a frozen `Settings`, `NEEDS` (or `needs(settings)`, where
settings change what is needed), optional `VARIANTS`, and either `program(agent, settings)` or `server(agent, settings)`
with `worker(agent, settings)`. A file put into this folder, or a module announced by an installed package under the
entry point group `bilevelsim.algorithms`, is an algorithm; no list is edited. Mathematics that several of them share
is in `algorithms.pieces`.
"""

import difflib
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from algorithms.needs import Needs

GROUP = "bilevelsim.algorithms"
"""Entry point group under which installed packages announce further algorithm modules."""

NOT_ALGORITHMS = frozenset({"needs", "pieces"})


class UnknownAlgorithm(ValueError):
    """No module and no variant has this name; the message lists the known ones and the nearest."""

    def __init__(self, name: str, known: tuple[str, ...]):
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        near = difflib.get_close_matches(self.name.lower(), self.known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"algorithm is {self.name!r}: it must be one of {', '.join(self.known)}.{hint}"


@dataclass(frozen=True)
class Entry:
    """One algorithm by name: a module, or a variant of it with some settings given."""

    name: str
    module: ModuleType
    settings: type
    """Frozen dataclass; every field has a default."""
    preset: Mapping[str, Any]
    """Settings that make the variant; empty for the module itself."""
    doc: str

    @property
    def needs(self) -> Needs:
        """What it needs with its default settings."""
        return self.needs_with(self.settings(**self.preset))

    def needs_with(self, settings: Any) -> Needs:
        """What it needs with these settings."""
        needs: Needs = self.module.needs(settings) if hasattr(self.module, "needs") else self.module.NEEDS
        return needs

    @property
    def on_server(self) -> bool:
        """Whether it runs as a server with workers (else every agent runs the same program)."""
        return hasattr(self.module, "server")


def names() -> tuple[str, ...]:
    """Every algorithm and variant, sorted."""
    return tuple(sorted(_entries()))


def load(name: str) -> Entry:
    """The algorithm or variant of this name.

    Raises `UnknownAlgorithm`; for a module that an installed package announces, whatever keeps it from being one.
    """
    entries = _entries()
    if name not in entries:
        for point in entry_points(group=GROUP, name=name):
            _loaded(point)
        raise UnknownAlgorithm(name, tuple(sorted(entries)))
    return entries[name]


def entries_of(name: str, module: ModuleType) -> Iterator[Entry]:
    """A module under its own name, then its variants."""
    doc = (module.__doc__ or "").strip()
    for entry_name, preset in {name: {}, **getattr(module, "VARIANTS", {})}.items():
        yield Entry(entry_name, module, module.Settings, dict(preset), doc)


def _entries() -> dict[str, Entry]:
    """Ours come first, and keep their names."""
    entries: dict[str, Entry] = {}
    for name, module in (*_ours().items(), *_installed(tuple(sys.path)).items()):
        for entry in entries_of(name, module):
            entries.setdefault(entry.name, entry)
    return entries


def _ours() -> dict[str, ModuleType]:
    return {
        info.name: importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
        if not info.name.startswith("_") and info.name not in NOT_ALGORITHMS
    }


@cache
def _installed(path: tuple[str, ...]) -> dict[str, ModuleType]:
    """What packages on this path bring, the first of two with one name; `scenarios.plugins` says why others are out."""
    found: dict[str, ModuleType] = {}
    for point in entry_points(group=GROUP):
        with suppress(Exception, SystemExit):
            found.setdefault(point.name, _loaded(point))
    return found


def _loaded(point: EntryPoint) -> ModuleType:
    """The module, if its settings and needs can be had."""
    module: ModuleType = point.load()
    for entry in entries_of(point.name, module):
        _ = entry.needs
    return module
