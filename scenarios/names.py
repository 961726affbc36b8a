"""The one place where names become things: algorithms, problems, topologies and scenarios, each found by file name.

What an installed package announces and cannot be used has its name here all the same, with the reason (``plugins``).
"""

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import algorithms
import problems
from algorithms.pieces import compressors
from scenarios import plugins
from scenarios.errors import Mistake, ScenarioError, nearest
from topologies import families

CATALOGUE = Path(__file__).parent / "catalogue"


@dataclass(frozen=True)
class Kind:
    """A kind of things that have names."""

    singular: str
    names: Callable[[], tuple[str, ...]]
    load: Callable[[str], Any]
    summary: Callable[[str], str]
    """What it is, in one line."""


def first_line(doc: str | None) -> str:
    """The first sentence of a docstring, without its full stop."""
    paragraph = inspect.cleandoc(doc or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).removesuffix(".")


def scenario_names() -> tuple[str, ...]:
    """The scenarios of the catalogue, those of its folders included."""
    return tuple(sorted(path.stem for path in CATALOGUE.rglob("*.toml")))


def scenario_path(name: str) -> Path:
    """The file of a catalogue scenario, in whatever folder of the catalogue it lies."""
    return next(CATALOGUE.rglob(f"{name}.toml"))


def _question(name: str) -> str:
    """What a catalogue scenario asks, and how long it takes where that is long."""
    document = tomllib.loads(scenario_path(name).read_text(encoding="utf-8"))
    minutes = document.get("takes_minutes")
    return str(document["question"]) + (f" (takes about {minutes:g} minutes)" if minutes else "")


KINDS: Mapping[str, Kind] = {
    "algorithms": Kind(
        "algorithm", algorithms.names, algorithms.load, lambda name: first_line(algorithms.load(name).doc)
    ),
    "problems": Kind("problem", problems.names, problems.load, lambda name: first_line(problems.load(name).__doc__)),
    "compressors": Kind(
        "compressor",
        compressors.names,
        compressors.load,
        lambda name: first_line(compressors.load(name).__doc__),
    ),
    "topologies": Kind("topology", families.names, families.load, families.summary),
    "scenarios": Kind("scenario", scenario_names, scenario_path, _question),
}
"""Everything that ``bilevelsim list`` lists, by the word that it takes."""


def usable(kind: str) -> tuple[str, ...]:
    """The names of one kind that can be used, sorted."""
    return tuple(name for name in KINDS[kind].names() if name not in plugins.unusable(kind))


def summaries(kind: str) -> dict[str, str]:
    """What everything of one kind is, in one line; of what cannot be used, why."""
    reasons = plugins.unusable(kind)
    known = sorted({*KINDS[kind].names(), *reasons})
    return {name: reasons[name] if name in reasons else KINDS[kind].summary(name) for name in known}


def check(kind: str, name: str, file: str, key: str) -> list[Mistake]:
    """Nothing if something of that kind has the name and can be used, else the mistake, with the nearest name."""
    if reason := plugins.unusable(kind).get(name):
        return [Mistake(file, key, name, reason)]
    known = usable(kind)
    if name in known:
        return []
    return [Mistake(file, key, name, f"is not the name of a known {KINDS[kind].singular}; {nearest(name, known)}")]


def find(name: str) -> str:
    """The kind of what has that name. Raises ``ScenarioError`` where nothing has, or what has cannot be used."""
    for kind in KINDS:
        if name in usable(kind):
            return kind
    reasons = [reason for kind in KINDS if (reason := plugins.unusable(kind).get(name))]
    known = [known for kind in KINDS for known in usable(kind)]
    rules = reasons or [f"is not a known name; {nearest(name, known)}"]
    raise ScenarioError([Mistake("show", "NAME", name, rule) for rule in rules])
