"""What the commands ``list``, ``show`` and ``check`` print, as plain text."""

import inspect
import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from scenarios import build, names, ranges, settings, sweep, tables
from scenarios.emit import toml_value
from scenarios.errors import Mistake, ScenarioError, nearest
from scenarios.plan import cells
from scenarios.scenario import Entry, Scenario


def listing(kind: str | None) -> str:
    """One name a line, then what it is; everything, with its kind, if no kind is given."""
    if kind is None:
        return _columns(
            (name, f"{found.singular}: {summary}")
            for word, found in names.KINDS.items()
            for name, summary in names.summaries(word).items()
        )
    if kind not in names.KINDS:
        raise ScenarioError([Mistake("list", "KIND", kind, f"is not a kind; {nearest(kind, names.KINDS)}")])
    return _columns(names.summaries(kind).items())


def page(name: str) -> str:
    """All there is to say about what has that name. Raises ``ScenarioError`` where nothing has."""
    kind = names.find(name)
    thing = names.KINDS[kind].load(name)
    match kind:
        case "algorithms":
            return _algorithm(thing)
        case "compressors":
            return "\n\n".join([inspect.cleandoc(thing.__doc__ or ""), _settings(thing, {})])
        case "scenarios":
            return str(thing.read_text(encoding="utf-8")).rstrip("\n")
    return "\n\n".join([inspect.cleandoc(thing.__doc__ or ""), _settings(thing.Settings, {})])


def _algorithm(entry: Any) -> str:
    needs = entry.needs
    rows = [
        ("topology", "star: a server and its workers" if needs.topology == "star" else "graph: equal agents that mix"),
        ("oracles", ", ".join(needs.oracles)),
        ("waiting", ", ".join(needs.waits)),
        ("transports", ", ".join(needs.links)),
        ("memory loss", "survived by " + ", ".join(needs.memory_loss) if needs.memory_loss else "not survived"),
    ]
    searched = ranges.searched(entry.settings(**entry.preset))
    shown = _settings(entry.settings, entry.preset, {name: f"searched {found}" for name, found in searched.items()})
    return "\n\n".join([inspect.cleandoc(entry.doc), shown, "Needs\n" + _indented(_columns(rows))])


def _settings(cls: type, preset: Mapping[str, Any], notes: Mapping[str, str] = MappingProxyType({})) -> str:
    """A row a setting, with a note in a column of its own where some have one."""
    rows = []
    for setting in settings.describe(cls):
        note = (notes.get(setting.name, ""),) if notes else ()
        default = f"default {preset.get(setting.name, setting.default)}"
        rows.append((setting.name, setting.type, default, *note, setting.doc))
    return "Settings\n" + _indented(_columns(rows) if rows else "none")


def plan(scenario: Scenario) -> str:
    """What running the scenario would do: runs, agents, links, estimated work."""
    document = scenario.document
    runs = len({cell.key for cell in cells(scenario)})
    problem = build.the_problem(scenario, scenario.seeds[0])
    rows = [
        ("question", document.question),
        ("runs", _runs(scenario, runs)),
        ("agents", f"{scenario.agents} with data" + (", and a server" if scenario.server else "")),
        ("problem", f"{document.problem.name}: {problem.dim_x} upper, {problem.dim_y} lower variables"),
        ("ends", _ends(scenario)),
        ("target", _target(scenario)),
        ("metrics", ", ".join(scenario.metrics)),
        ("work", _work(scenario, runs)),
    ]
    if document.takes_minutes is not None:
        rows.append(("takes", f"about {document.takes_minutes:g} minutes on one core"))
    rows += [("sweep", _axis(scenario, axis)) for axis in scenario.axes]
    rows += [("algorithm", line) for line in dict.fromkeys(_applications(scenario))]
    return "\n".join([f"{scenario.file} is valid.", _columns(rows)])


def _runs(scenario: Scenario, runs: int) -> str:
    """How many, and what they are made of; runs that several points of a sweep share count once."""
    able = {entry.label for point in scenario.points for entry in point.scenario.entries if not entry.refused}
    parts = [f"{len(able)} algorithms", f"{len(scenario.seeds)} seeds"]
    parts += [f"{len(scenario.points)} points of the sweep"] if scenario.axes else []
    rule = scenario.document.replications
    if rule is not None:
        width = rule.half_width or rule.relative_half_width
        share = "" if rule.half_width else " of it"
        parts.append(f"more seeds, {rule.at_most} at most, until the mean {rule.quantity} is known to {width:g}{share}")
    return f"{runs}: {', '.join(parts)}"


def _axis(scenario: Scenario, axis: str) -> str:
    values = dict.fromkeys(toml_value(point.values[axis]) for point in scenario.points)
    return f"{axis}: {', '.join(values)}"


def _applications(scenario: Scenario) -> Iterable[str]:
    for point in scenario.points:
        where = f" (where {sweep.shown(point.values)})" if scenario.axes else ""
        for entry in point.scenario.entries:
            yield _applies(entry) + (where if entry.refused else "")


def _ends(scenario: Scenario) -> str:
    stop = scenario.document.stop
    limits = [f"{stop.simulated_seconds:g} simulated seconds"] if stop.simulated_seconds is not None else []
    limits += [f"{stop.rounds} rounds"] if stop.rounds is not None else []
    limits += ["the target"] if stop.at_target else []
    return "at the first of " + ", ".join(limits) if len(limits) > 1 else f"after {limits[0]}"


def _target(scenario: Scenario) -> str:
    target = scenario.document.target
    if target is None:
        return "none"
    way, value = ("below", target.below) if target.below is not None else ("above", target.above)
    return f"{target.metric} {way} {value:g}"


def _work(scenario: Scenario, runs: int) -> str:
    """Operations if every round evaluates the directions once at every agent, which is what most algorithms do."""
    problem = build.the_problem(scenario, scenario.seeds[0])
    locals_ = [problem.local(agent) for agent in range(scenario.agents)]
    sweep = sum(operations for local in locals_ for _, operations in local.charges("directions", None))
    rounds = scenario.document.stop.rounds
    each = f"about {tables.short(sweep)} operations a round of full directions"
    if rounds is None:
        return each
    return f"{each}, so {tables.short(sweep * rounds * runs)} in all if every run goes {rounds} rounds"


def _applies(entry: Entry) -> str:
    where = f"{entry.label} on {entry.placement.family}, waits: {entry.wait.policy}"
    return f"{where}; not applicable: {entry.refused}" if entry.refused else where


def _columns(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as text, every column but the last as wide as its longest entry."""
    table = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")
