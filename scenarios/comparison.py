"""Who is first, by how much, and how surely: seeds compared in pairs, and the answer to a scenario's question.

All algorithms of a scenario meet the same delays, stragglers and failures with the same seed, so the difference of two
of them within a seed varies less than either does, and its mean is what is compared. Its interval is Student's; the
intervals of all pairs at one point of a sweep hold together with the stated confidence (Bonferroni: each of m pairs has
1 - (1 - confidence) / m). Pairs are seeds in which both have the quantity: where some never reach the target, the mean
is about the others only, and how many do is told first.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Any

import numpy as np
import pandas as pd

from scenarios import tables
from scenarios.plan import Plan
from scenarios.replications import half_width, mean

RESULTS = ("label", "other", "quantity", "pairs", "mean", "low", "high", "confidence")
"""Columns of ``paired``, after those of the axes."""
NOT_RUN = ("not_applicable", "failed")


def paired(runs: pd.DataFrame, quantity: str, axes: Sequence[str] = (), confidence: float = 0.95) -> pd.DataFrame:
    """The mean difference, ``label`` minus ``other``, of every two labels at every point of the sweep.

    ``low`` and ``high`` bound it, for all pairs of the point together; they are empty where fewer than two seeds have
    both. Each pair is so turned that the mean is not above 0: of seconds, ``label`` is the faster.
    """
    rows = [
        {**point, **row, "quantity": quantity, "confidence": confidence}
        for point, group in points(runs, axes)
        for row in _pairs(group, quantity, confidence)
    ]
    kinds = {"label": "string", "other": "string", "quantity": "string", "pairs": "Int64"}
    numbers = dict.fromkeys(("mean", "low", "high", "confidence"), "float64")
    frame = pd.DataFrame(rows, columns=[*axes, *RESULTS])
    return frame.astype(kinds | numbers | {axis: runs[axis].dtype for axis in axes})


def paired_in(
    runs: pd.DataFrame, quantities: Sequence[str], axes: Sequence[str] = (), confidence: float = 0.95
) -> pd.DataFrame:
    """``paired`` for several quantities, each pair turned as for the first of them."""
    first, *others = [paired(runs, quantity, axes, confidence) for quantity in quantities]
    forward = set(_pairs_of(first, axes))
    turned = [_turned(frame, [row not in forward for row in _pairs_of(frame, axes)]) for frame in others]
    return pd.concat([first, *turned], ignore_index=True)


def _pairs_of(frame: pd.DataFrame, axes: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return frame[[*axes, "label", "other"]].itertuples(index=False, name=None)


def _turned(frame: pd.DataFrame, rows: Sequence[bool]) -> pd.DataFrame:
    """The frame with some of its pairs the other way round."""
    other = frame.rename(columns={"label": "other", "other": "label", "low": "high", "high": "low"})
    numbers = ["mean", "low", "high"]
    other[numbers] = -other[numbers] + 0.0  # + 0.0: no minus zero
    chosen = np.array(rows, bool)
    return pd.concat([frame[~chosen], other.loc[chosen, [*frame.columns]]]).sort_index()


def points(runs: pd.DataFrame, axes: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The values of the axes and the runs of each point of a sweep, in the order of the table; one without axes."""
    if not axes:
        yield {}, runs
        return
    for values, group in runs.groupby(list(axes), sort=False, dropna=False):
        yield dict(zip(axes, values, strict=True)), group


def _pairs(runs: pd.DataFrame, quantity: str, confidence: float) -> list[dict[str, Any]]:
    """Every two labels of one point."""
    values = {label: by_seed(own, quantity) for label, own in ran(runs).groupby("label", sort=False)}
    differences = {pair: _differences(values[pair[0]], values[pair[1]]) for pair in combinations(values, 2)}
    intervals = sum(len(found) > 1 for found in differences.values())
    each = 1.0 - (1.0 - confidence) / max(1, intervals)
    return [_pair(str(a), str(b), found, each) for (a, b), found in differences.items()]


def ran(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that came to an end of their own."""
    return runs[~runs["status"].isin(NOT_RUN)]


def by_seed(runs: pd.DataFrame, quantity: str) -> "pd.Series[float]":
    """The finite values of one algorithm. When a diverged run reached a target is one; what it ended with is none."""
    own = runs if quantity.startswith("target_") else runs[runs["status"] != "diverged"]
    values = own.set_index("seed")[quantity].astype("float64")
    return values[np.isfinite(values)]


def _differences(one: "pd.Series[float]", other: "pd.Series[float]") -> list[float]:
    return [float(one[seed] - other[seed]) for seed in sorted(set(one.index) & set(other.index))]


def _pair(one: str, other: str, differences: list[float], confidence: float) -> dict[str, Any]:
    if not differences:
        return {"label": one, "other": other, "pairs": 0}
    if mean(differences) > 0.0:
        return _pair(other, one, [-value for value in differences], confidence)
    middle = mean(differences)
    row = {"label": one, "other": other, "pairs": len(differences), "mean": middle}
    width = half_width(differences, confidence)
    return row if width is None else row | {"low": middle - width, "high": middle + width}


# --- the answer, in words


@dataclass(frozen=True)
class Goal:
    """What the question is about: reaching a target, or without one a final value."""

    metric: str
    unit: str = "1"
    above: bool = False
    """Whether more of the metric is better."""
    target: bool = True
    """Whether there is a value to reach; the first to reach it is the best."""


def goal(planned: Plan) -> Goal:
    """To reach the target; without one, a small final value of the first metric."""
    target = planned.target
    if target is None:
        return Goal(planned.metrics[0], planned.units[planned.metrics[0]], target=False)
    return Goal(target.metric, planned.units[target.metric], above=not target.below)


def answer(runs: pd.DataFrame, goal: Goal, axes: Sequence[str] = (), confidence: float = 0.95) -> str:
    """Who is first and by how much, in one sentence without its full stop.

    Reaching the target in more seeds ranks before reaching it faster; among equals the median decides, as in the table
    for people. The difference is the mean over pairs of seeds with its interval (``paired``); where the interval holds
    zero, two cannot be told apart. Of a sweep: how the first changes along it, then its two ends.
    """
    verdicts = [(point, _verdict(group, goal, confidence)) for point, group in points(runs, axes)]
    if len(verdicts) == 1:
        return verdicts[0][1].sentence
    if len(axes) == 1 and pd.api.types.is_numeric_dtype(runs[axes[0]]):
        verdicts.sort(key=lambda found: found[0][axes[0]])
    ends = [f"with {_point(point)}, {verdict.sentence}" for point, verdict in (verdicts[0], verdicts[-1])]
    return "; ".join([f"{_asked(goal)} {_along(verdicts, axes)}", *ends])


@dataclass(frozen=True)
class Verdict:
    """What one point of a sweep says."""

    first: str
    """The best, those that cannot be told apart from it included."""
    sentence: str


@dataclass(frozen=True)
class Race:
    """What is compared, and in which words."""

    column: str
    unit: str
    sign: float
    """1 where less is better, -1 where more is."""
    does: str
    lead: str
    ahead: str
    behind: str

    def shown(self, value: float) -> str:
        """A value with its unit."""
        return tables.short(value) + self.suffix

    @property
    def suffix(self) -> str:
        """The unit after a number."""
        return "" if self.unit in ("", "1") else f" {self.unit}"


TO_TARGET = Race("target_s", "s", 1.0, "reaches the target", "reaches the target first, after", "before", "after")


def _to_the_end(goal: Goal) -> Race:
    extreme, ahead, behind = ("highest", "above", "below") if goal.above else ("lowest", "below", "above")
    words = goal.metric.replace("_", " ")
    does, lead = "ends without diverging", f"ends with the {extreme} {words},"
    return Race(goal.metric, goal.unit, -1.0 if goal.above else 1.0, does, lead, ahead, behind)


@dataclass(frozen=True)
class Standing:
    """One algorithm at one point."""

    label: str
    values: "pd.Series[float]"
    """By seed, where it has one."""
    seeds: int
    """How many it ran."""

    @property
    def often(self) -> str:
        """In how many seeds it has a value."""
        return f"in {len(self.values)} of {self.seeds} seeds"


def _verdict(runs: pd.DataFrame, goal: Goal, confidence: float) -> Verdict:
    own = ran(runs)
    if own.empty:
        return Verdict("nobody", "no algorithm comes to a result")
    if goal.target and own["target_s"].notna().any():
        return _ranked(runs, TO_TARGET, confidence)
    final = _ranked(runs, _to_the_end(goal), confidence)
    return Verdict("nobody", f"nobody reaches the target, and {final.sentence}") if goal.target else final


def _ranked(runs: pd.DataFrame, race: Race, confidence: float) -> Verdict:
    standings = _standings(ran(runs), race)
    best, others = standings[0], standings[1:]
    if best.values.empty:
        return Verdict("nobody", "every run diverges")
    if not others:
        return Verdict(best.label, _alone(best, race, confidence))
    differences = paired(runs, race.column, confidence=confidence)
    if len(best.values) > len(others[0].values):
        return Verdict(best.label, _more_often(best, others[0], race, differences))
    rivals = [other for other in others if len(other.values) == len(best.values)]
    gaps = [_gap(differences, best, other, race) for other in rivals]
    equal = [gap for gap in gaps if gap.open]
    against = "though on average " if gaps[0].mean < 0.0 else ""  # where the means say other than the medians
    clauses = [] if gaps[0].open else [against + gaps[0].words(race)]
    if equal:
        further = f", nor from {' or '.join(gap.other for gap in equal[1:])}" if equal[1:] else ""
        clauses.append(f"cannot be told apart from {equal[0].other}{equal[0].interval(race)}{further}")
    first = " or ".join([best.label, *(gap.other for gap in equal)])
    apart = ", which cannot be told apart" if equal else ""
    return Verdict(first + apart, f"{_lead(best, race)}: {', but '.join(clauses)}")


def _standings(runs: pd.DataFrame, race: Race) -> list[Standing]:
    """From best to worst: more seeds with a value, then the better median, then the order of the file."""
    found = [
        Standing(str(label), by_seed(own, race.column), len(own)) for label, own in runs.groupby("label", sort=False)
    ]
    return sorted(found, key=lambda standing: (-len(standing.values), race.sign * _median(standing.values)))


def _median(values: "pd.Series[float]") -> float:
    return float("inf") if values.empty else float(values.median())


def _lead(best: Standing, race: Race) -> str:
    """``soba reaches the target first, after 1 s (median)``."""
    median = " (median)" if len(best.values) > 1 else ""
    often = f", {best.often}" if len(best.values) < best.seeds else ""
    return f"{best.label} {race.lead} {race.shown(_median(best.values))}{median}{often}"


def _alone(best: Standing, race: Race, confidence: float) -> str:
    """Of the only algorithm: its mean with an interval."""
    lead = f"{best.label} alone was run: it {race.does} {best.often}"
    value = race.shown(_median(best.values))
    values = list(best.values)
    width = half_width(values, confidence)
    value = f"after {value}" if race is TO_TARGET else f"with {value}"
    if width is None:
        return f"{lead}, {value} (one value, so no interval)"
    interval = f"{tables.short(mean(values) - width)} to {tables.short(mean(values) + width)}{race.suffix}"
    return f"{lead}, {value} (median; mean {race.shown(mean(values))}, {_percent(confidence)} interval {interval})"


def _more_often(best: Standing, second: Standing, race: Race, differences: pd.DataFrame) -> str:
    """Where one has a value in more seeds than any other."""
    median = f"{race.shown(_median(best.values))}{' (median)' if len(best.values) > 1 else ''}"
    value = f"after {median}" if race is TO_TARGET else f"with {median}"
    if second.values.empty:
        return f"{best.label} alone {race.does}, {best.often}, {value}"
    lead = f"{best.label} {race.does} most often, {best.often}, {value}; {second.label} {second.often}"
    gap = _gap(differences, best, second, race)
    return f"{lead}, where {best.label} is on average {gap.words(race)}" if gap.pairs else lead


@dataclass(frozen=True)
class Gap:
    """How far one is ahead of another, so turned that more than zero is ahead."""

    other: str
    pairs: int
    mean: float
    low: float
    high: float
    confidence: float

    @property
    def open(self) -> bool:
        """Whether the interval holds zero, or two have nothing to compare."""
        return self.pairs == 0 or self.low <= 0.0 <= self.high or self.mean == 0.0

    def words(self, race: Race) -> str:
        """``4.5 s before soba (95 % interval 3.9 to 5.1 s, 3 pairs)``, or so much after it."""
        if self.mean >= 0.0:
            return f"{race.shown(self.mean)} {race.ahead} {self.other}{self.interval(race)}"
        turned = Gap(self.other, self.pairs, -self.mean, -self.high, -self.low, self.confidence)
        return f"{race.shown(turned.mean)} {race.behind} {self.other}{turned.interval(race)}"

    def interval(self, race: Race) -> str:
        """In parentheses."""
        if self.pairs == 0:
            return " (they have values in no common seed)"
        if self.pairs == 1:
            return " (one pair of seeds, so no interval)"
        bounds = f"{tables.short(self.low)} to {tables.short(self.high)}{race.suffix}"
        return f" ({_percent(self.confidence)} interval {bounds}, {self.pairs} pairs)"


def _gap(differences: pd.DataFrame, best: Standing, other: Standing, race: Race) -> Gap:
    """From the table of pairs, in which each pair stands one way only."""
    labels = differences["label"], differences["other"]
    forward = differences[(labels[0] == best.label) & (labels[1] == other.label)]
    backward = differences[(labels[0] == other.label) & (labels[1] == best.label)]
    row, sign = (forward.iloc[0], -race.sign) if len(forward) else (backward.iloc[0], race.sign)
    middle, *bounds = (sign * float(row[name]) + 0.0 for name in ("mean", "low", "high"))  # + 0.0: no minus zero
    low, high = sorted(bounds)
    return Gap(other.label, int(row["pairs"]), middle, low, high, float(row["confidence"]))


def _percent(confidence: float) -> str:
    return f"{100 * confidence:g} %"


# --- along a sweep


def _asked(goal: Goal) -> str:
    if goal.target:
        return "first to the target"
    return f"{'highest' if goal.above else 'lowest'} {goal.metric.replace('_', ' ')}"


def _along(verdicts: Sequence[tuple[dict[str, Any], Verdict]], axes: Sequence[str]) -> str:
    """How the first changes from point to point."""
    firsts = [verdict.first for _, verdict in verdicts]
    if len(set(firsts)) == 1:
        return f"at every point: {firsts[0]}"
    if len(axes) > 1:
        counts = Counter(firsts)
        return "; ".join(f"at {count} of {len(firsts)} points: {first}" for first, count in counts.items())
    (axis,) = axes
    stretches = [
        (first, [point[axis] for point, _ in group])
        for first, group in groupby(verdicts, key=lambda found: found[1].first)
    ]
    last = len(stretches) - 1
    return "; ".join(
        f"{_stretch(axis, values, position == 0, position == last)}: {first}"
        for position, (first, values) in enumerate(stretches)
    )


def _stretch(axis: str, values: Sequence[Any], begins: bool, ends: bool) -> str:
    """``up to axis = 2``, ``from 5 on``, ``from 3 to 4``; words have no order, so they are listed."""
    named = f"{axis} = " if begins else ""
    if isinstance(values[0], str) or (len(values) == 1 and not begins and not ends):
        return f"at {named}{', '.join(map(_value, values))}"
    if begins:
        return f"up to {named}{_value(values[-1])}"
    return f"from {_value(values[0])} on" if ends else f"from {_value(values[0])} to {_value(values[-1])}"


def _point(point: dict[str, Any]) -> str:
    return ", ".join(f"{axis} = {_value(value)}" for axis, value in point.items())


def _value(value: Any) -> str:
    return str(value) if isinstance(value, str) else f"{value:g}"
