"""From a TOML file to a scenario whose every name has been looked up and every setting checked.

``load`` goes in two steps, and each reports all the mistakes it can find: first the fields, one by one (types, ranges,
unknown keys, names, settings); when they are right, the rules between fields (``rules``).
"""

import copy
import dataclasses
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios import emit, mistakes, names, overrides, rules, settings, sweep
from scenarios.errors import MISSING, Mistake, ScenarioError, nearest
from scenarios.scenario import Entry, Placement, Point, Scenario
from scenarios.schema import Document, SweepOnly, Topology

LARGEST_FILE = 16 * 2**20
"""Bytes of the longest file that is read; a scenario has a few hundred."""
DEEPEST = 50
"""Tables in tables, from which on a document is refused."""
VARIED = "is varied by the sweep of this scenario; set the values of the sweep in its place"


def load(path: str | Path, changes: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario of a file, or of the catalogue if ``path`` is a name in it.

    ``changes`` are values for key paths, written into the document before it is checked:
    ``load("demo", {"stop.rounds": 50})``. Raises ``ScenarioError`` with every mistake found.
    """
    source = locate(path)
    text = read(source)
    return understand(parse(text, str(source)), text, source, dict(changes or {}))


def locate(path: str | Path) -> Path:
    """The file that a path or the name of a catalogue scenario stands for."""
    found = Path(path)
    if not str(path):
        raise ScenarioError([Mistake("FILE", "", MISSING, "must be the name of a file or of a catalogue scenario")])
    if found.is_file():
        return found
    if str(path) in names.scenario_names():
        return names.scenario_path(str(path))
    if found.exists():
        raise ScenarioError([Mistake(str(path), "", MISSING, "is not a file")])
    hint = nearest(str(path), names.scenario_names())
    raise ScenarioError([Mistake(str(path), "", MISSING, f"no such file, and no scenario of the catalogue; {hint}")])


def read(source: Path) -> str:
    """The text of a file, without the mark that some editors begin it with.

    Raises ``ScenarioError`` where it cannot be read.
    """
    try:
        with open(source, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) <= LARGEST_FILE:
            return content.decode("utf-8-sig")
        rule = f"is longer than {LARGEST_FILE // 2**20} MiB, so it is no scenario"
    except OSError as problem:
        rule = f"cannot be read: {problem.strerror}"
    except UnicodeDecodeError as problem:
        rule = f"is not UTF-8 text: byte {problem.start} is {problem.object[problem.start]:#04x}"
    raise ScenarioError([Mistake(str(source), "", MISSING, rule)])


def parse(text: str, file: str) -> dict[str, Any]:
    """The document of a TOML text. Raises ``ScenarioError`` with line and column where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        rule = f"is not TOML: {problem}"
    except RecursionError:
        rule = "is nested too deeply"
    except ValueError:  # of Python's own limit on digits
        rule = "is not TOML: a number in it has too many digits"
    raise ScenarioError([Mistake(file, "", MISSING, rule)])


def depth(document: Any) -> int:
    """How many tables and lists lie in one another; counted level by level, since recursion has a limit of its own."""
    level, levels = [document], 0
    while level := [item for item in level if isinstance(item, (dict, list)) and item]:
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
        levels += 1
    return levels


def understand(document: dict[str, Any], text: str, source: Path, changes: dict[str, Any]) -> Scenario:
    """The scenario of a document, with its text; changes come in first. Raises ``ScenarioError`` with every mistake.

    Of a sweep that has mistakes at several points, those of the first of them are told.
    """
    found = overrides.apply(document, changes)
    if found:
        raise ScenarioError(found)
    if depth(document) > DEEPEST:
        raise ScenarioError([Mistake(str(source), "", MISSING, "is nested too deeply")])
    text = emit.toml_text(document) if changes else text
    if "sweep" in document:
        document["sweep"] = sweep.flat(document["sweep"])
    values = _values(document, str(source))
    if found := [Mistake(overrides.FILE, key, changes[key], VARIED) for key in changes if key in values[0]]:
        raise ScenarioError(found)
    points = tuple(Point(chosen, _at(document, chosen, text, source)) for chosen in values)
    rules.runnable([point.scenario for point in points])
    first = points[0].scenario
    return dataclasses.replace(first, axes=tuple(values[0]), swept=points) if values[0] else first


def _values(document: Mapping[str, Any], file: str) -> list[dict[str, Any]]:
    """The values of each point of the sweep; one empty point where there is none, or where it is no sweep at all."""
    try:
        checked = SweepOnly.model_validate({"sweep": freeze(document.get("sweep"))}).sweep
    except ValidationError:
        return [{}]  # told with the mistakes in all other fields
    if found := sweep.mistakes(checked, file):
        raise ScenarioError(found)
    return sweep.points(checked)


def _at(document: dict[str, Any], values: Mapping[str, Any], text: str, source: Path) -> Scenario:
    """The scenario at one point of a sweep. Raises ``ScenarioError``."""
    here = copy.deepcopy(document)
    found = overrides.apply(here, {axis: thaw(value) for axis, value in values.items()}, str(source))
    try:
        if found:
            raise ScenarioError(found)
        checked, found = fields(here, str(source))
        if checked is None or found:
            raise ScenarioError(found)
        return rules.complete(_scenario(checked, text, source))
    except ScenarioError as error:
        raise ScenarioError(_with_point(error.mistakes, values)) from None


def _with_point(found: Sequence[Mistake], values: Mapping[str, Any]) -> list[Mistake]:
    if not values:
        return list(found)
    where = f" (where the sweep has {sweep.shown(values)})"
    return [dataclasses.replace(mistake, rule=mistake.rule.rstrip(".") + where) for mistake in found]


def fields(document: dict[str, Any], file: str) -> tuple[Document | None, list[Mistake]]:
    """The checked document, and every mistake within single fields, the settings of what it names included."""
    frozen = freeze(document)
    if found := list(_too_long(frozen, file, ())):
        return None, found
    checked = None
    try:
        checked = Document.model_validate(frozen)
    except ValidationError as error:
        found = mistakes.explain(error, Document, file, frozen)
    return checked, found + _settings_mistakes(frozen, file)


def freeze(value: Any) -> Any:
    """The same document with tuples for lists: what the frozen models hold."""
    if isinstance(value, dict):
        return {key: freeze(item) for key, item in value.items()}
    return tuple(freeze(item) for item in value) if isinstance(value, list) else value


def thaw(value: Any) -> Any:
    """The contrary of ``freeze``."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    return [thaw(item) for item in value] if isinstance(value, tuple) else value


def _too_long(value: Any, file: str, path: mistakes.Path) -> Iterator[Mistake]:
    """Whole numbers beyond 64 bits, which TOML does not have and no table can hold."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield Mistake(file, mistakes.dotted(path), value if abs(value) < 10**60 else MISSING, "must fit into 64 bits")
    elif isinstance(value, (dict, tuple)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _too_long(item, file, (*path, key))


# --- names and settings, as far as the document has the shape to hold them


def _settings_mistakes(document: Mapping[str, Any], file: str) -> list[Mistake]:
    found = _named(document.get("problem"), "problems", ("name",), file, ("problem",))
    network = document.get("network")
    if isinstance(network, dict):
        found += _topology(network.get("topology"), file, ("network", "topology"))
    entries = document.get("algorithms")
    for position, entry in enumerate(entries if isinstance(entries, tuple) else ()):
        if isinstance(entry, dict):
            found += _algorithm(entry, file, ("algorithms", position))
    return found


def _algorithm(entry: Mapping[str, Any], file: str, path: mistakes.Path) -> list[Mistake]:
    found = _topology(entry.get("topology"), file, (*path, "topology"))
    name, given = entry.get("name"), entry.get("settings", {})
    if not isinstance(name, str) or not name:
        return found
    unknown = names.check("algorithms", name, file, mistakes.dotted((*path, "name")))
    if unknown or not isinstance(given, dict):
        return found + unknown
    algorithm = names.KINDS["algorithms"].load(name)
    return found + _broken(algorithm.settings, given, file, (*path, "settings"), dict(algorithm.preset))


def _topology(table: Any, file: str, path: mistakes.Path) -> list[Mistake]:
    return _named(table, "topologies", tuple(Topology.model_fields), file, path)


def _named(table: Any, kind: str, own: tuple[str, ...], file: str, path: mistakes.Path) -> list[Mistake]:
    """Mistakes in a table that names a thing and holds the thing's settings beside its ``own`` keys."""
    name = table.get("name") if isinstance(table, dict) else None
    if not isinstance(name, str) or not name:
        return []  # already reported by the schema
    unknown = names.check(kind, name, file, mistakes.dotted((*path, "name")))
    if unknown:
        return unknown
    given = {key: value for key, value in table.items() if key not in own}
    return _broken(names.KINDS[kind].load(name).Settings, given, file, path, {}, own)


def _broken(
    cls: type,
    given: Mapping[str, Any],
    file: str,
    path: mistakes.Path,
    preset: Mapping[str, Any],
    own: tuple[str, ...] = (),
) -> list[Mistake]:
    """Every mistake in the settings of one thing."""
    try:
        settings.read(cls, {**preset, **given})
    except ValidationError as error:
        found = mistakes.explain(error, settings.model(cls), file, given, path)
        return [_with_own_keys(mistake, cls, own) for mistake in found]
    except ValueError as problem:
        return [Mistake(file, mistakes.dotted(path), dict(given), str(problem))]
    return []


def _with_own_keys(mistake: Mistake, cls: type, own: tuple[str, ...]) -> Mistake:
    """For a table that holds more than settings, an unknown key is near to any key of the table."""
    if not own or not mistake.rule.startswith("is not a key here"):
        return mistake
    known = [*own, *(name for name in settings.known(cls) if name not in own)]
    rule = f"is not a key here; {nearest(mistake.key.rpartition('.')[2], known)}"
    return Mistake(mistake.file, mistake.key, mistake.value, rule)


# --- the scenario of a document without mistakes in its fields


def _scenario(document: Document, text: str, source: Path) -> Scenario:
    problem = names.KINDS["problems"].load(document.problem.name)
    return Scenario(
        name=source.stem,
        file=str(source),
        folder=source.resolve().parent,
        text=text,
        document=document,
        problem=settings.read(problem.Settings, document.problem.further),
        network=_placement(document.network.topology),
        entries=tuple(_entry(document, position) for position in range(len(document.algorithms))),
    )


def _entry(document: Document, position: int) -> Entry:
    algorithm = document.algorithms[position]
    found = names.KINDS["algorithms"].load(algorithm.name)
    return Entry(
        position=position,
        label=algorithm.shown,
        algorithm=algorithm.name,
        settings=settings.read(found.settings, {**found.preset, **algorithm.settings}),
        wait=algorithm.wait or document.wait,
        placement=_placement(algorithm.topology or document.network.topology),
    )


def _placement(topology: Topology) -> Placement:
    family = names.KINDS["topologies"].load(topology.name)
    return Placement(
        family=topology.name,
        agents=topology.count,
        settings=settings.read(family.Settings, topology.further),
        weights=topology.weights,
        weights_file=topology.weights_file,
        lazy=topology.lazy,
    )
