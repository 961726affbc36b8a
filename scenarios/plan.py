"""The plan of a comparison: every run by its key, every cell that cannot be run with its reason, in order.

It stands in ``DIR/plan.json``, so that tables, figures and report are made of the store alone, without the data, the
code and the libraries that the runs needed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scenarios import records, store, sweep
from scenarios.emit import toml_value
from scenarios.replications import Rule
from scenarios.scenario import Entry, Scenario

FORMAT = 1


@dataclass(frozen=True)
class Cell:
    """One run of a comparison."""

    point: int
    """Place of its point in the sweep, from 0."""
    scenario: Scenario
    """The scenario at that point."""
    entry: Entry
    seed: int
    key: str


@dataclass(frozen=True)
class Planned:
    """A run by its key; without one, what cannot be run, and why."""

    values: Mapping[str, Any]
    """Axis of the sweep -> value, as in the tables' columns."""
    algorithm: str
    label: str
    seed: int | None = None
    key: str | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Provenance:
    """Where the settings of one algorithm come from."""

    label: str
    algorithm: str
    settings: str
    """As they stand in the file."""
    settings_are: str | None
    """``published``, ``shared``, ``tuned`` or ``chosen``; None where the file does not say."""
    note: str | None


@dataclass(frozen=True)
class Target:
    """What counts as done: the value, and on which side of it."""

    metric: str
    value: float
    below: bool


@dataclass(frozen=True)
class Plan:
    """What a comparison consists of, as plain values."""

    scenario: str
    """Its name."""
    question: str
    axes: tuple[str, ...]
    metrics: tuple[str, ...]
    units: Mapping[str, str]
    target: Target | None
    replications: Rule | None
    """When there are seeds enough; None where their number is given."""
    settings: tuple[Provenance, ...]
    rows: tuple[Planned, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the runs, each once: points of a sweep that do not concern an algorithm share its runs."""
        return tuple(dict.fromkeys(row.key for row in self.rows if row.key is not None))

    def as_json(self) -> str:
        """The text of ``plan.json``."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def read(text: str) -> Plan:
    """The plan of the text of a ``plan.json``. Raises ``ValueError`` where it is none."""
    found = json.loads(text)
    if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
        raise ValueError("is not the plan of a comparison, or of another version of bilevelsim")
    try:
        return Plan(
            **found
            | {
                "axes": tuple(found["axes"]),
                "metrics": tuple(found["metrics"]),
                "target": Target(**found["target"]) if found["target"] else None,
                "replications": Rule(**found["replications"]) if found["replications"] else None,
                "settings": tuple(Provenance(**item) for item in found["settings"]),
                "rows": tuple(Planned(**row) for row in found["rows"]),
            }
        )
    except (TypeError, KeyError) as problem:
        raise ValueError(f"is not the plan of a comparison ({problem})") from None


def cells(scenario: Scenario, seeds: Sequence[Sequence[int]] | None = None) -> list[Cell]:
    """Every run, point by point and seed by seed; ``seeds`` of each point in place of the scenario's."""
    return [
        cell_of(place, point.scenario, entry, seed)
        for place, point in enumerate(scenario.points)
        for seed in (scenario.seeds if seeds is None else seeds[place])
        for entry in point.scenario.entries
        if entry.refused is None
    ]


def cell_of(point: int, scenario: Scenario, entry: Entry, seed: int) -> Cell:
    """One run, with its key."""
    return Cell(point, scenario, entry, seed, store.key(records.inputs(scenario, entry, seed)))


def of(scenario: Scenario, planned: Sequence[Cell]) -> Plan:
    """The plan of a scenario whose runs are these cells."""
    return Plan(
        scenario=scenario.name,
        question=scenario.document.question,
        axes=scenario.axes,
        metrics=tuple(dict.fromkeys(name for point in scenario.points for name in point.scenario.metrics)),
        units={name: unit for point in scenario.points for name, unit in point.scenario.units.items()},
        target=_target(scenario),
        replications=_rule(scenario),
        settings=tuple(_provenance(scenario, entry) for entry in scenario.entries),
        rows=tuple(_rows(scenario, planned)),
    )


def _rows(scenario: Scenario, planned: Sequence[Cell]) -> list[Planned]:
    """In the order of points, algorithms and seeds."""
    of_entry: dict[tuple[int, int], list[Cell]] = {}
    for cell in planned:
        of_entry.setdefault((cell.point, cell.entry.position), []).append(cell)
    found = []
    for place, point in enumerate(scenario.points):
        values = {axis: sweep.column(value) for axis, value in point.values.items()}
        for entry in point.scenario.entries:
            if entry.refused is not None:
                found.append(Planned(values, entry.algorithm, entry.label, refused=entry.refused))
            for cell in of_entry.get((place, entry.position), []):
                found.append(Planned(values, entry.algorithm, entry.label, cell.seed, cell.key))
    return found


def _target(scenario: Scenario) -> Target | None:
    target = scenario.document.target
    if target is None:
        return None
    value = target.below if target.below is not None else target.above
    assert value is not None
    return Target(target.metric, value, target.below is not None)


def _rule(scenario: Scenario) -> Rule | None:
    given = scenario.document.replications
    if given is None:
        return None
    return Rule(first=len(scenario.seeds), **given.model_dump())


def _provenance(scenario: Scenario, entry: Entry) -> Provenance:
    given = scenario.document.algorithms[entry.position]
    settings = ", ".join(f"{name} = {toml_value(value)}" for name, value in given.settings.items())
    own = given.settings_are is not None or given.settings_note is not None
    stated = given if own else scenario.document
    return Provenance(entry.label, entry.algorithm, settings, stated.settings_are, stated.settings_note)
