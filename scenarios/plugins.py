"""What is wrong with what installed packages announce as algorithms, problems, topologies and compressors.

One that cannot be used breaks nothing else. Where it is asked for by its name a sentence answers, and it is listed with
that sentence. So is a name that two claim: whichever were taken, somebody would get what he did not mean.
"""

import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import algorithms
import problems
from algorithms.needs import Needs
from algorithms.pieces import compressors
from scenarios import settings
from topologies import families


@dataclass(frozen=True)
class Group:
    """Where things of one kind are announced, and what they have to be."""

    name: str
    """The entry point group."""
    fault: Callable[[Any, str], str | None]
    """What keeps an object from being the thing of that name, as the end of a sentence about it; None: nothing."""
    found: Callable[[str], Any]
    """What we take when the name is asked for."""


def unusable(kind: str) -> Mapping[str, str]:
    """Of one kind (a word of ``bilevelsim list``) the announced names that cannot be used, each with the reason.

    The reason is the rest of a sentence that begins with the name; it has the package, the entry point and the fault.
    """
    return _unusable(kind, tuple(sys.path)) if kind in GROUPS else {}


@cache
def _unusable(kind: str, path: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for point in entry_points(group=GROUPS[kind].name):
        names, reason = _judged(GROUPS[kind], point)
        if reason is not None:
            package = f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed package"
            announced = f'{package} announces "{point.name} = {point.value}" under {point.group}'
            found |= dict.fromkeys(names, f"cannot be used: {announced}, {reason}")
    return found


def _judged(group: Group, point: EntryPoint) -> tuple[tuple[str, ...], str | None]:
    """The names that an entry point brings, its variants' among them, and why they cannot be used; None: they can."""
    try:
        thing = point.load()
    except (Exception, SystemExit) as problem:
        return (point.name,), f"which fails to load with {_one_line(problem)}"
    if isinstance(thing, ModuleType) and thing.__file__ is None:
        return (point.name,), f"which the folder {next(iter(thing.__path__))} hides; start from another folder"
    names = (point.name, *map(str, getattr(thing, "VARIANTS", ())))
    if fault := group.fault(thing, point.name):
        return names, f"which {fault}"
    for name in names:
        if (other := group.found(name)) is not thing:
            taken = f"but {name} is also the name of {other.__name__}"
            return names, f"{taken}; one of the two has to be renamed or uninstalled"
    return names, None


def _one_line(problem: BaseException) -> str:
    return " ".join(f"{type(problem).__name__}: {problem}".split()).rstrip(": .")


def _algorithm(module: Any, name: str) -> str | None:
    programs = ("server", "worker") if hasattr(module, "server") or hasattr(module, "worker") else ("program",)
    needs = "needs" if hasattr(module, "needs") else "NEEDS"
    if fault := _lacking(module, "Settings", needs, *programs) or _settings(module.Settings):
        return fault
    for program in programs:
        if not _takes(getattr(module, program), None, settings=None):
            return f"has a {program} that cannot be called as {program}(agent, settings)"
    return _needs(module, name)


def _needs(module: ModuleType, name: str) -> str | None:
    """What keeps it, or a variant, from saying what it needs with its own settings."""
    try:
        for entry in algorithms.entries_of(name, module):
            if not isinstance(entry.needs, Needs):
                return f"has needs that are no algorithms.needs.Needs: {entry.needs!r}"
    except Exception as problem:
        return f"fails with its own settings: {_one_line(problem)}"
    return None


def _problem(module: Any, name: str) -> str | None:
    if fault := _lacking(module, "Settings", "build", "memory_bytes") or _settings(module.Settings):
        return fault
    if not _takes(module.build, "settings", "agents", "seed"):
        return "has a build that cannot be called as build(settings, agents, seed)"
    if not _takes(module.memory_bytes, "settings", "agents"):
        return "has a memory_bytes that cannot be called as memory_bytes(settings, agents)"
    return None


def _family(module: Any, name: str) -> str | None:
    if fault := _lacking(module, "Settings", "build") or _settings(module.Settings):
        return fault
    if not _takes(module.build, "settings", "agents", "rng"):
        return "has a build that cannot be called as build(settings, agents, rng)"
    return None


def _compressor(kind: Any, name: str) -> str | None:
    return compressors.fault(kind, name) or _settings(kind)


def _lacking(module: Any, *promised: str) -> str | None:
    missing = [name for name in promised if not hasattr(module, name)]
    return f"lacks {', '.join(missing)}" if missing else None


def _settings(cls: Any) -> str | None:
    """What keeps a class from being read from a table of a scenario."""
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        return "has Settings that are no frozen dataclass"
    try:
        settings.model(cls)
    except Exception as problem:
        return f"has settings that no table can give: {_one_line(problem)}"
    return None


def _takes(function: Any, *arguments: object, **named: object) -> bool:
    """Whether it can be called so."""
    try:
        inspect.signature(function).bind(*arguments, **named)
    except (TypeError, ValueError):
        return False
    return True


GROUPS: Mapping[str, Group] = {
    "algorithms": Group(algorithms.GROUP, _algorithm, lambda name: algorithms.load(name).module),
    "problems": Group(problems.GROUP, _problem, problems.load),
    "topologies": Group(families.GROUP, _family, families.load),
    "compressors": Group(compressors.GROUP, _compressor, compressors.load),
}
"""By the word that ``bilevelsim list`` takes."""
