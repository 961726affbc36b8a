"""The one place where names become things: algorithms, problems, topologies and scenarios, each found by file name."""

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import algorithms
import problems
from algorithms.pieces import compressors
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


def check(kind: str, name: str, file: str, key: str) -> list[Mistake]:
    """Nothing if something of that kind has the name, else the mistake with the nearest name."""
    known = KINDS[kind].names()
    if name in known:
        return []
    return [Mistake(file, key, name, f"is not the name of a known {KINDS[kind].singular}; {nearest(name, known)}")]


def find(name: str) -> str:
    """The kind of what has that name. Raises ``ScenarioError`` where nothing has."""
    for word, kind in KINDS.items():
        if name in kind.names():
            return word
    known = [known for kind in KINDS.values() for known in kind.names()]
    raise ScenarioError([Mistake("show", "NAME", name, f"is not a known name; {nearest(name, known)}")])
