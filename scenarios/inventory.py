"""What of a comparison is done, failed, running or missing: its plan held against its store."""

from collections import Counter
from pathlib import Path

import pandas as pd

from scenarios import store, tables
from scenarios.errors import ScenarioError
from scenarios.plan import Plan

STATES = ("done", "failed", "damaged", "running", "missing")


def states(out: Path, planned: Plan) -> dict[str, tuple[str, str]]:
    """Key -> state and, where something is wrong, a sentence. Reading changes nothing."""
    return {key: _state(out, key) for key in planned.keys}


def _state(out: Path, key: str) -> tuple[str, str]:
    if not store.has(out, key):
        return ("running" if store.is_claimed(out, key) else "missing"), ""
    try:
        stored = store.read_record(out, key)
    except ScenarioError as damage:
        return "damaged", str(damage)
    return ("failed", str(stored.row["reason"])) if stored.failed else ("done", "")


def text(out: Path, planned: Plan) -> str:
    """A table with a row an algorithm (at each point of a sweep), a sentence for all, and one for each trouble."""
    found = states(out, planned)
    table = pd.DataFrame(_rows(planned, found))
    counts = Counter(state for state, _ in found.values())
    told = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    lines = [planned.question, f"{len(found)} runs: {told}", "", tables.as_text(table)]
    lines += [f"{key}: {state}: {why}" for key, (state, why) in found.items() if why]
    lines += [f"{row.label}: not applicable: {row.refused}" for row in planned.rows if row.refused]
    return "\n".join(dict.fromkeys(lines[:3])) + "\n" + "\n".join(lines[3:])


def _rows(planned: Plan, found: dict[str, tuple[str, str]]) -> list[dict[str, str]]:
    groups: dict[tuple[str, ...], Counter[str]] = {}
    for row in planned.rows:
        place = (*(tables.axis_value(value) for value in row.values.values()), row.label)
        counts = groups.setdefault(place, Counter())
        if row.key is not None:
            counts[found[row.key][0]] += 1
    titles = (*planned.axes, "algorithm")
    present = [state for state in STATES if any(counts[state] for counts in groups.values())]
    return [
        dict(zip(titles, place, strict=True)) | {state: str(counts[state]) for state in present}
        for place, counts in groups.items()
    ]
