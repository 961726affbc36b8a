"""What came of a comparison: its tables, figures and answer, from the plan and the stored runs alone."""

import dataclasses
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from scenarios import activity, comparison, figures, plan, replications, store, sweep, tables, traffic
from scenarios.errors import MISSING, Mistake, ScenarioError
from scenarios.plan import Plan
from scenarios.store import Stored
from simulator.activity import Activity
from simulator.links import LinkTraffic

TO_TARGET = ("target_s", "target_bits", "target_oracle_calls")
"""What is compared where there is a target."""


@dataclass(frozen=True)
class Result:
    """What came of a scenario."""

    plan: Plan
    scenario_text: str
    runs: pd.DataFrame
    """One row a run; columns in ``tables.RUN_COLUMNS`` with the axes of the sweep after ``seed``, then the metrics."""
    history: pd.DataFrame
    """One row a recorded point; ``tables.HISTORY_COLUMNS`` with the axes after ``seed``, then the metrics."""
    out: Path | None = None
    """The folder with everything, if one was asked for."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of Python and of libraries, as the runs had them."""
    activities: Mapping[str, Activity] = field(default_factory=dict)
    """Key of a run -> when its agents computed and were down, for the runs that are drawn."""
    traffics: Mapping[str, Sequence[LinkTraffic]] = field(default_factory=dict)
    """Key of a run -> what its links carried, for the runs that are drawn."""

    @property
    def question(self) -> str:
        """What was asked."""
        return self.plan.question

    @property
    def summary(self) -> pd.DataFrame:
        """The table for people."""
        return tables.summary(self.runs, self.plan.target is not None, self.metric.name, self.plan.axes)

    @property
    def counted(self) -> str:
        """How many seeds there are, in words."""
        counts = {len(group) for _, group in self.runs.dropna(subset="seed").groupby([*self.plan.axes, "label"])}
        least, most = min(counts, default=0), max(counts, default=0)
        if most <= 1:
            return "1 seed"
        return f"{least if least == most else f'{least} to {most}'} seeds; medians, with the range over seeds"

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Differences of every two algorithms over the seeds that both have, with intervals (``comparison.paired``)."""
        quantities = TO_TARGET if self.plan.target is not None else (self.metric.name,)
        return comparison.paired_in(self.runs, quantities, self.plan.axes)

    @property
    def answer(self) -> str:
        """The answer to the question, in one sentence with its interval."""
        found = comparison.answer(self.runs, comparison.goal(self.plan), self.plan.axes)
        named = any(found.startswith(label) for label in self.runs["label"])  # a label stays as it is written
        return f"{found if named else found[0].upper() + found[1:]}."

    @property
    def notes(self) -> list[str]:
        """Why runs ended otherwise than wished, and whose mean is less well known than asked for."""
        found = tables.notes(self.runs)
        if self.plan.replications is not None:
            for point, values in self.replicated():
                where = f" (where {sweep.shown(point)})" if point else ""
                found += [note + where for note in replications.notes(self.plan.replications, values)]
        return found

    def replicated(self) -> list[tuple[dict[str, Any], dict[str, list[float | None]]]]:
        """Of each point of the sweep: label -> the quantity that is replicated, by seed; None where there is none."""
        rule = self.plan.replications
        assert rule is not None
        return [
            (point, self._by_seed(runs, rule.quantity)) for point, runs in comparison.points(self.runs, self.plan.axes)
        ]

    @staticmethod
    def _by_seed(runs: pd.DataFrame, quantity: str) -> dict[str, list[float | None]]:
        found = {}
        for label, own in comparison.ran(runs).groupby("label", sort=False):
            values = comparison.by_seed(own, quantity)
            found[str(label)] = [float(values[seed]) if seed in values.index else None for seed in sorted(own["seed"])]
        return found

    @cached_property
    def metric(self) -> figures.Metric:
        """What the figures show: the target's metric, or the first that is measured."""
        target = self.plan.target
        name = self.plan.metrics[0] if target is None else target.metric
        return figures.Metric(name, self.plan.units.get(name, "1"), None if target is None else target.value)

    def to_dataframe(self) -> pd.DataFrame:
        """The table of runs, as a copy of one's own: one row a run."""
        return self.runs.copy()

    def _repr_html_(self) -> str:
        """How a notebook shows it: the question, the answer, the table for people, what went otherwise than wished."""
        told = [self.question, self.answer, self.counted]
        lines = [f"<p>{'<br>'.join(map(html.escape, told))}</p>", self.summary.to_html(index=False, border=0)]
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return "\n".join([*lines, f"<ul>{notes}</ul>"] if notes else lines)

    def draw(self) -> dict[str, Figure]:
        """The figures by name, written nowhere."""
        return figures.draw(
            self.runs,
            self.history,
            self.metric,
            self.question,
            comparisons=self.comparisons,
            activities=self.activities,
            traffics=self.traffics,
        )

    def plot(self) -> dict[str, Figure]:
        """The figures by name; written as PNG and SVG too if the result has a folder."""
        drawn = self.draw()
        if self.out is not None:
            figures.save(drawn, self.out / "figures")
        return drawn


def assemble(planned: Plan, text: str, found: Mapping[str, Stored], out: Path | None = None) -> Result:
    """The tables of a plan from its stored runs, in the order of the plan; what is not there yet is left out."""
    rows: list[dict[str, Any]] = []
    points: list[pd.DataFrame] = []
    for row in planned.rows:
        known = {"scenario": planned.scenario, "algorithm": row.algorithm, "label": row.label, **row.values}
        if row.refused is not None:
            rows.append(known | {"status": "not_applicable", "reason": row.refused})
        elif row.key is not None and row.key in found:
            stored = found[row.key]
            rows.append({**stored.row, **known})
            if len(stored.history):
                points.append(stored.history.assign(**known))
    names = _measured(planned, points)
    runs = tables.runs_frame(rows, names, planned.axes)
    history = tables.joined(points, names, planned.axes)
    return Result(planned, text, runs, history, out, _versions([found[key] for key in planned.keys if key in found]))


def _versions(runs: Sequence[Stored]) -> dict[str, str]:
    """Library -> version; all that there are, where runs of one folder differ."""
    seen: dict[str, dict[str, None]] = {}
    for stored in runs:
        for name, version in stored.record["inputs"]["versions"].items():
            seen.setdefault(name, {})[version] = None
    return {name: ", ".join(versions) for name, versions in seen.items()}


def with_drawn(made: Result, folder: Path, found: Mapping[str, Stored]) -> Result:
    """The result with what figures of single runs need, from the folder of the runs."""
    records = {key: found[key].record for key in figures.drawn_keys(made.runs)}
    return dataclasses.replace(
        made,
        activities={
            key: activity.of_frame(store.read_table(folder, record, "activity")) for key, record in records.items()
        },
        traffics={
            key: traffic.of_frame(store.read_table(folder, record, "traffic")) for key, record in records.items()
        },
    )


def _measured(planned: Plan, points: list[pd.DataFrame]) -> tuple[str, ...]:
    """The metrics of the scenario, then whatever else the recorded points hold, such as the agents' disagreement."""
    own = {*tables.HISTORY_COLUMNS, *planned.axes, *planned.metrics}
    return (*planned.metrics, *sorted({name for frame in points for name in frame.columns} - own))


def read(out: Path) -> Result:
    """The result of a folder, from the store alone. Raises ``ScenarioError`` where it holds none, or a damaged one."""
    planned = read_plan(out)
    text = (out / store.SCENARIO).read_text(encoding="utf-8") if (out / store.SCENARIO).is_file() else ""
    found = {key: store.read_record(out, key) for key in planned.keys if store.has(out, key)}
    return with_drawn(assemble(planned, text, found, out), out, found)


def read_plan(out: Path) -> Plan:
    """The plan of a folder. Raises ``ScenarioError``."""
    path = out / store.PLAN
    try:
        return plan.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = "holds no comparison (there is no plan.json in it)" if out.is_dir() else "is no folder"
        raise ScenarioError([Mistake(str(out), "", MISSING, f"{there}; bilevelsim run makes one")]) from None
    except OSError as problem:
        rule = f"cannot be read: {problem.strerror}"
    except ValueError as problem:
        rule = f"is damaged ({problem}); run the scenario again to have it back"
    raise ScenarioError([Mistake(str(path), "", MISSING, rule)])
