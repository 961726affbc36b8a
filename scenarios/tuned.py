"""What a search for settings leaves.

::

    FILE.toml                          the scenario with the settings found, which says how they were found
    FILE/trials.csv                    one row a run of the search
    FILE/figures/search.png, .svg      the objective against each setting
    FILE/runs/<key>/                   a record of each run, from which an interrupted search goes on
"""

import copy
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from scenarios import emit, figures, store, tables, tuning_figure
from scenarios.trials import Plan
from scenarios.tuning import Found

LEFT_OUT = ("scenario", "host_s")
"""Columns of the table of runs: one is the same everywhere, the other is not the simulation's."""


def write(made: Plan, found: Mapping[int, Found], file: Path) -> None:
    """Put everything where it belongs, the scenario's file last."""
    folder = file.with_suffix("")
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    store.write_text(folder / "trials.csv", table(made, found).to_csv(index=False))
    by_label = {made.scenario.entries[position].label: search for position, search in found.items()}
    figures.save({"search": tuning_figure.draw(by_label, made.objective)}, folder / "figures")
    store.write_text(file, text(made, found))


def text(made: Plan, found: Mapping[int, Found]) -> str:
    """The scenario's file with the settings found, which it says to be tuned, and how."""
    document = copy.deepcopy(dict(made.document))
    for position, search in found.items():
        entry = document["algorithms"][position]
        entry["settings"] = {**entry.get("settings", {}), **search.best.values}
        entry |= {"settings_are": "tuned", "settings_note": note(made, search)}
    return emit.toml_text(document)


def note(made: Plan, search: Found) -> str:
    """How the settings of an algorithm were found, and what makes them doubtful."""
    by = "time to the target" if made.objective.metric else made.objective.column
    seeds = ", ".join(map(str, search.seeds))
    parts = [
        f"the best of {len(search.candidates)} candidates by {by}, in {search.runs} runs on tuning seeds {seeds} "
        "(bilevelsim tune)",
        "searched: " + ", ".join(f"{name} {found}" for name, found in search.ranges.items()),
    ]
    if made.tune.simulated_seconds is not None:
        parts.append(f"tuning runs ended after {made.tune.simulated_seconds:g} simulated seconds")
    if made.tune.rounds is not None:
        parts.append(f"tuning runs ended after {made.tune.rounds} rounds")
    if "sweep" in made.document:
        parts.append("tuned without the sweep, at the values that the file itself states")
    return "; ".join([*parts, *(f"warning: {warning}" for warning in search.warnings)])


def table(made: Plan, found: Mapping[int, Found]) -> pd.DataFrame:
    """One row a run of the search: who, which candidate, its settings, the seed, and what came of it.

    ``stage`` is 1 for candidates from the whole ranges and 2 for those from around the best; candidate 0 has the
    settings in force. The settings' columns are called ``settings.step_x`` and so on.
    """
    runs = [
        (search, candidate, outcome.row)
        for search in found.values()
        for candidate in search.candidates
        for outcome in candidate.outcomes
    ]
    rows = [row for _, _, row in runs]
    metrics = dict.fromkeys([*made.scenario.metrics, *sorted({name for row in rows for name in row})])
    frame = tables.runs_frame(rows, [name for name in metrics if name not in tables.RUN_COLUMNS])
    about = pd.DataFrame(
        {
            "algorithm": frame["algorithm"],
            "label": frame["label"],
            "stage": [candidate.stage for _, candidate, _ in runs],
            "candidate": [candidate.number for _, candidate, _ in runs],
            "best": [candidate.number == search.best.number for search, candidate, _ in runs],
        }
    )
    for name in dict.fromkeys(name for search in found.values() for name in search.ranges):
        about[f"settings.{name}"] = pd.Series([one.values.get(name) for _, one, _ in runs], dtype="float64")
    return pd.concat([about, frame.drop(columns=["algorithm", "label", *LEFT_OUT])], axis=1)


def summary(made: Plan, found: Mapping[int, Found]) -> pd.DataFrame:
    """The table for people: one row an algorithm."""
    return pd.DataFrame(
        [
            {
                "algorithm": made.scenario.entries[position].label,
                "runs": str(search.runs),
                "seeds" if made.tune.minimise else "target reached": f"{search.best.reached} of {len(search.seeds)}",
                made.objective.words: "-" if search.best.value is None else tables.short(search.best.value),
                "settings": ", ".join(f"{name} = {value:g}" for name, value in search.best.values.items()),
            }
            for position, search in found.items()
        ]
    )


def warnings(made: Plan, found: Mapping[int, Found]) -> list[str]:
    """A sentence for each doubt, with the algorithm that it is about."""
    return [
        f"{made.scenario.entries[position].label}: {warning}"
        for position, search in found.items()
        for warning in search.warnings
    ]


def failed(found: Mapping[int, Found]) -> bool:
    """Whether a defect ended some run of the search."""
    return any(
        outcome.status == "failed"
        for search in found.values()
        for candidate in search.candidates
        for outcome in candidate.outcomes
    )
