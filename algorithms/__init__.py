"""Published algorithms, one module each, found by file name.

A module holds a docstring (paper, update equations, costs), a frozen `Settings`, `NEEDS` (or `needs(settings)`, where
settings change what is needed), optional `VARIANTS`, and either `program(agent, settings)` or `server(agent, settings)`
with `worker(agent, settings)`. A file put into this folder, or a module announced by an installed package under the
entry point group `bilevelsim.algorithms`, is an algorithm; no list is edited. Mathematics that several of them share
is in `algorithms.pieces`.
"""

import difflib
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
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
    """The algorithm or variant of this name; raises `UnknownAlgorithm`."""
    entries = _entries()
    if name not in entries:
        raise UnknownAlgorithm(name, tuple(sorted(entries)))
    return entries[name]


def _entries() -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for name, module in _modules().items():
        variants: Mapping[str, Mapping[str, Any]] = getattr(module, "VARIANTS", {})
        for entry_name, preset in {name: {}, **variants}.items():
            entries[entry_name] = Entry(
                entry_name, module, module.Settings, dict(preset), (module.__doc__ or "").strip()
            )
    return entries


def _modules() -> dict[str, ModuleType]:
    found = {
        info.name: importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
        if not info.name.startswith("_") and info.name not in NOT_ALGORITHMS
    }
    for point in importlib.metadata.entry_points(group=GROUP):
        found.setdefault(point.name, point.load())
    return found
