"""The runs of a search for settings: what is searched in a scenario, on which seeds, and what each run is worth.

Every candidate of every algorithm meets the same tuning seeds, which are none of the scenario's own: settings that were
chosen by the seeds on which they are compared afterwards would look better than they are.
"""

import copy
import dataclasses
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios import emit, loader, mistakes, overrides, ranges, rules, store, tables, tuning
from scenarios.engines.local import local
from scenarios.errors import MISSING, Mistake, ScenarioError, nearest
from scenarios.plan import cell_of
from scenarios.ranges import Range
from scenarios.runner import Progress, Work
from scenarios.scenario import Entry, Scenario
from scenarios.tuning import Evaluate, Found, Outcome, Values
from scenarios.tuning_schema import Tune

FIRST_SEED = 1_000_000
"""Of tuning; a scenario's own are mostly small."""
NOT_TUNED = ("sweep", "replications", "tune")
"""Tables of a scenario that a tuning run knows nothing of."""


@dataclass(frozen=True)
class Objective:
    """What a run is judged by."""

    column: str
    """Of the table of runs; less is better."""
    words: str
    """With the unit."""
    metric: str | None = None
    """What decides where nobody reaches the target."""
    above: bool = False
    """Whether more of that metric is better."""

    @property
    def fallback_words(self) -> str:
        """What is compared where nobody has a value."""
        return f"final {self.metric.replace('_', ' ')}" if self.metric else self.words

    def outcome(self, row: Mapping[str, Any]) -> Outcome:
        """What a row of the table of runs is worth."""
        status = str(row["status"])
        good = status != "diverged" if self.metric else status not in tuning.BAD
        final = math.inf
        if self.metric and status not in tuning.BAD - {"stalled"}:
            value = _number(row, self.metric)
            final = math.inf if value is None else -value if self.above else value
        return Outcome(status, _number(row, self.column) if good else None, final, row)


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return None if value is None or not math.isfinite(value) else float(value)


@dataclass(frozen=True)
class Plan:
    """A search that is ready to begin."""

    document: Mapping[str, Any]
    """The scenario's file with changes from the command line, as it will be written with the settings found."""
    scenario: Scenario
    """As a tuning run sees it: without its sweep, with the tuning seeds, ending when a tuning run ends."""
    tune: Tune
    objective: Objective
    searched: Mapping[int, Mapping[str, Range]]
    """Place of an algorithm -> what is searched for it; those that cannot run or have no steps are left out."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The tuning seeds."""
        return self.scenario.seeds

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The algorithms that are tuned."""
        return tuple(self.scenario.entries[position] for position in self.searched)

    @property
    def runs(self) -> int:
        """How many runs the search takes."""
        return self.tune.budget * len(self.searched)

    @property
    def notes(self) -> list[str]:
        """Which algorithms are left as they are, and why."""
        return [
            f"{entry.label}: not tuned: {entry.refused or 'it has no steps; state ranges under tune.ranges'}"
            for entry in self.scenario.entries
            if entry.position not in self.searched
        ]


def plan(path: str | Path, changes: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None) -> Plan:
    """The search that a scenario asks for; ``options`` go before the keys of its table ``[tune]``.

    Raises ``ScenarioError`` with every mistake in the scenario, then with every mistake in what is to be searched.
    """
    source = loader.locate(path)
    document = loader.parse(loader.read(source), str(source))
    if found := overrides.apply(document, dict(changes or {})):
        raise ScenarioError(found)
    tune = _tune(document.get("tune", {}), dict(options or {}), str(source))
    original = _understood({key: value for key, value in document.items() if key != "tune"}, source)
    scenario = _understood(_tuning_document(document, tune, original), source)
    objective = _objective(scenario, tune, "minimise" in (options or {}))
    if found := ranges.mistakes(tune, scenario):
        raise ScenarioError(found)
    of = {entry.position: ranges.of_entry(tune, entry) for entry in scenario.entries if entry.refused is None}
    made = Plan(document, scenario, tune, objective, {position: found for position, found in of.items() if found})
    if not made.searched:
        raise ScenarioError([Mistake(str(source), "algorithms", MISSING, "; ".join(["nothing to tune", *made.notes]))])
    return made


def _understood(document: dict[str, Any], source: Path) -> Scenario:
    return loader.understand(copy.deepcopy(document), emit.toml_text(document), source, {})


def _tune(table: Any, options: dict[str, Any], file: str) -> Tune:
    """The table with the options in it. Raises ``ScenarioError`` with every broken field, or where it is too small."""
    given = loader.freeze(table | options if isinstance(table, dict) else table)
    try:
        tune = Tune.model_validate(given)
    except ValidationError as error:
        raise ScenarioError(mistakes.explain(error, Tune, file, given, ("tune",))) from None
    if tune.budget < tuning.least(tune.seeds):
        where, key = ("--budget", "N") if "budget" in options else (file, "tune.budget")
        rule = f"must be at least {tuning.least(tune.seeds)}, for two halvings over {tune.seeds} tuning seeds"
        raise ScenarioError([Mistake(where, key, tune.budget, rule)])
    return tune


def _tuning_document(document: Mapping[str, Any], tune: Tune, original: Scenario) -> dict[str, Any]:
    """The scenario that tuning runs see."""
    changed = {key: value for key, value in document.items() if key not in NOT_TUNED}
    stop = dict(changed["stop"])
    for key, limit in (("simulated_seconds", tune.simulated_seconds), ("rounds", tune.rounds)):
        if limit is not None:
            stop[key] = min(limit, stop.get(key, math.inf))
    seeds = islice((seed for seed in count(FIRST_SEED) if seed not in original.seeds), tune.seeds)
    return changed | {"seeds": list(seeds), "stop": stop}


def _objective(scenario: Scenario, tune: Tune, is_option: bool) -> Objective:
    """Of the column to minimise, else of the target."""
    target = scenario.document.target
    if tune.minimise is not None:
        known = [name for name in tables.RUN_COLUMNS if name not in NO_OBJECTIVE] + list(scenario.metrics)
        if tune.minimise not in known:
            where = ("--minimise", "COLUMN") if is_option else (scenario.file, "tune.minimise")
            rule = f"is no column of the table of runs to make small; {nearest(tune.minimise, known)}"
            raise ScenarioError([Mistake(*where, tune.minimise, rule)])
        unit = scenario.units.get(tune.minimise, "1")
        words = tune.minimise.replace("_", " ")
        return Objective(tune.minimise, words if unit in ("", "1") else f"{words} [{unit}]")
    if target is None:
        rule = "is required, so that settings can be ranked by the time to it; or give --minimise COLUMN"
        raise ScenarioError([Mistake(scenario.file, "target", MISSING, rule)])
    return Objective("target_s", "time to target [s]", target.metric, target.above is not None)


NO_OBJECTIVE = frozenset({*tables.TEXT, "seed", "host_s"})
"""Columns of the table of runs that are no results to make small."""


# --- the runs


def run(made: Plan, jobs: int = 1, folder: Path | None = None, progress: Progress | None = None) -> dict[int, Found]:
    """What was found for each algorithm, by its place in the scenario; the same whatever the number of ``jobs``.

    Runs whose record lies in ``folder`` already are not run again, so that an interrupted search goes on where it was.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as place:
            return run(made, jobs, Path(place), progress)
    store.prepare(folder, made.scenario.text, made.scenario.named_files())
    work = Work(folder, local(jobs), None if progress is None else Steps(progress, made.runs))
    return {
        position: tuning.search(
            found,
            in_force(made.scenario.entries[position], found),
            made.tune.budget,
            made.seeds,
            evaluation(made, made.scenario.entries[position], work),
        )
        for position, found in made.searched.items()
    }


class Steps:
    """The progress of a whole search, whose steps are told one by one."""

    def __init__(self, watched: Progress, total: int) -> None:
        self._watched, self._total, self._done = watched, total, 0
        watched.begin(0, total)

    def begin(self, kept: int, total: int) -> None:
        """A step begins, with some of its runs there already."""
        self._done += kept

    def advance(self, row: Mapping[str, Any], done: int, total: int) -> None:
        """One more run of the step is done."""
        self._done += 1
        self._watched.advance(row, self._done, self._total)


def in_force(entry: Entry, searched: Mapping[str, Range]) -> Values:
    """The settings that the scenario has, of those that are searched."""
    values = {name: getattr(entry.settings, name) for name in searched}
    return {name: value for name, value in values.items() if value is not None}


def evaluation(made: Plan, entry: Entry, work: Work) -> Evaluate:
    """The function that runs settings of one algorithm with tuning seeds."""

    def evaluate(values: Sequence[Values], seeds: Sequence[int]) -> list[Outcome]:
        tried = [with_settings(made.scenario, entry, value) for value in values]
        cells = {
            (place, seed): cell_of(0, made.scenario, one, seed)
            for place, one in enumerate(tried)
            if one.refused is None
            for seed in seeds
        }
        work.do(list(cells.values()))
        rows = [
            work.found[cells[place, seed].key].row if (place, seed) in cells else _refused(one, seed)
            for place, one in enumerate(tried)
            for seed in seeds
        ]
        return [made.objective.outcome(row) for row in rows]

    return evaluate


def _refused(entry: Entry, seed: int) -> dict[str, Any]:
    """The row of settings that cannot be run."""
    known = {"algorithm": entry.algorithm, "label": entry.label, "seed": seed}
    return known | {"status": "not_applicable", "reason": entry.refused}


def with_settings(scenario: Scenario, entry: Entry, values: Values) -> Entry:
    """The algorithm with other settings; refused where they do not fit together, or cannot run here."""
    try:
        changed = dataclasses.replace(entry, settings=dataclasses.replace(entry.settings, **values))
    except ValueError as problem:
        return dataclasses.replace(entry, refused=str(problem))
    return dataclasses.replace(changed, refused=rules.refusal(scenario, changed))
