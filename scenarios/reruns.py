"""A stored run, ready to be simulated again: the same numbers to the last bit, now with observers that look closer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios import loader, result, store, sweep
from scenarios.errors import MISSING, Mistake, ScenarioError, nearest
from scenarios.plan import Plan, Planned
from scenarios.scenario import Entry, Scenario


@dataclass(frozen=True)
class Rerun:
    """What a run needs to be simulated again, and what came of it the first time."""

    folder: Path
    """Of the comparison."""
    key: str
    scenario: Scenario
    """At the run's point of the sweep."""
    entry: Entry
    seed: int
    record: Mapping[str, Any]
    """What ``record.json`` holds; its row has the fingerprint that the run must have again."""

    def differs(self, fingerprint: str) -> str | None:
        """A sentence where a run with this fingerprint is not the stored one: the code or a library has changed."""
        if fingerprint == self.record["row"].get("fingerprint"):
            return None
        return f"run {self.key} does not come out again: code or libraries have changed since it was stored"


def find(run: Path) -> Rerun:
    """The run in a folder ``DIR/runs/<key>``. Raises ``ScenarioError`` where there is none, or it cannot run again."""
    if not (run / store.RECORD).is_file():
        rule = "is no run of a comparison; it must be a folder DIR/runs/KEY, and runs.csv has the keys"
        raise ScenarioError([Mistake(str(run), "", MISSING, rule)])
    key, folder = run.resolve().name, run.resolve().parent.parent
    record = store.read_record(folder, key).record
    planned = result.read_plan(folder)
    row = _row(planned, key, run)
    scenario = loader.load(folder / store.SCENARIO)
    here = next((point.scenario for point in scenario.points if _columns(point.values) == row.values), scenario)
    entry = next((entry for entry in here.entries if entry.label == row.label and entry.refused is None), None)
    if entry is None or row.seed is None:
        raise ScenarioError([Mistake(str(run), "", MISSING, f"{row.label} is no longer an algorithm of {folder}")])
    return Rerun(folder, key, here, entry, row.seed, record)


def _row(planned: Plan, key: str, run: Path) -> Planned:
    found = next((row for row in planned.rows if row.key == key), None)
    if found is None:
        rule = f"belongs to another scenario than the one in its folder; {nearest(key, planned.keys)}"
        raise ScenarioError([Mistake(str(run), "", MISSING, rule)])
    return found


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {axis: sweep.column(value) for axis, value in values.items()}
