"""What a page about a paper is made of: studies, the numbers that they gave, comparisons, and the verdict that follows.

A verdict is never typed: it follows from comparisons of numbers, each of which the page shows.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from scenarios import tables


@dataclass(frozen=True)
class Study:
    """One run of a catalogue scenario, some of its values changed."""

    scenario: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Frames:
    """The two tables of a study."""

    runs: pd.DataFrame
    history: pd.DataFrame


@dataclass(frozen=True)
class Check:
    """One comparison of numbers."""

    words: str
    """What is compared, with the numbers."""
    holds: bool


@dataclass(frozen=True)
class Claim:
    """What a paper says, and what came out."""

    statement: str
    source: str
    """How sure it is that the paper says so."""
    ran: str
    """What was run to see it, and where its settings come from."""
    table: pd.DataFrame
    """Cells are text already."""
    checks: tuple[Check, ...]
    """All true: holds. Some: in part. None: does not hold. Empty: not checked."""
    figure: Figure | None = None
    caption: str = ""
    why_not: str = ""
    """Why it cannot be checked; only where there are no checks."""


def verdict(claim: Claim) -> str:
    """The verdict that follows from the comparisons alone."""
    if not claim.checks:
        return f"cannot be checked: {claim.why_not}"
    true = sum(check.holds for check in claim.checks)
    if true == len(claim.checks):
        return "holds"
    return "does not hold" if true == 0 else f"holds in part ({true} of {len(claim.checks)} comparisons)"


# --- comparisons; a number that is missing (a target never reached, a run that diverged) is never in favour


def at_most(what: str, value: float, other: str, bound: float, factor: float = 1.0) -> Check:
    """``value <= factor * bound``; a bound that is missing (NaN) is never reached, so any number is below it."""
    limit = math.inf if math.isnan(bound) else factor * bound
    times = "" if factor == 1.0 else f"{factor:g} times "
    return Check(f"{what} ({number(value)}) is at most {times}{other} ({number(bound)})", value <= limit)


def at_least(what: str, value: float, other: str, bound: float, factor: float = 1.0) -> Check:
    """``value >= factor * bound``, where both are there."""
    times = "" if factor == 1.0 else f"{factor:g} times "
    return Check(f"{what} ({number(value)}) is at least {times}{other} ({number(bound)})", value >= factor * bound)


def below(what: str, value: float, limit: float) -> Check:
    """``value <= limit`` for a limit that is stated beforehand."""
    return Check(f"{what} ({number(value)}) is at most {number(limit)}", value <= limit)


def above(what: str, value: float, limit: float) -> Check:
    """``value >= limit`` for a limit that is stated beforehand."""
    return Check(f"{what} ({number(value)}) is at least {number(limit)}", value >= limit)


def number(value: float) -> str:
    """Three digits; a dash for what is missing."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    return f"{value:.2g}" if 0 < abs(value) < 1e-3 else tables.short(float(value))


# --- numbers from the tables; medians over seeds


def spent(frames: Frames, label: str, column: str, metric: str, limit: float, rising: bool = False) -> float:
    """``column`` of the history at the first point where the metric is at or below the limit (``rising``: above).

    The median over seeds, of which one that never gets there counts as infinite; NaN where the median never does.
    """
    own = frames.history[frames.history["label"] == label]
    firsts = []
    for _, points in own.groupby("seed"):
        values = points[metric].astype(float)
        met = points[values >= limit] if rising else points[values <= limit]
        firsts.append(float(met[column].iloc[0]) if len(met) else math.inf)
    median = float(pd.Series(firsts).median()) if firsts else math.inf
    return median if math.isfinite(median) else math.nan


def final(frames: Frames, label: str, metric: str) -> float:
    """The last recorded value; NaN for a run that diverged."""
    own = frames.history[frames.history["label"] == label]
    if diverged(frames, label) or own.empty:
        return math.nan
    return float(own.groupby("seed")[metric].last().astype(float).median())


def lowest(frames: Frames, label: str, metric: str) -> float:
    """The lowest recorded value; NaN for a run that diverged."""
    own = frames.history[frames.history["label"] == label]
    if diverged(frames, label) or own.empty:
        return math.nan
    return float(own.groupby("seed")[metric].min().astype(float).median())


def total(frames: Frames, label: str, column: str) -> float:
    """A column of the table of runs."""
    own = frames.runs[frames.runs["label"] == label]
    return float(own[column].astype(float).median())


def diverged(frames: Frames, label: str) -> bool:
    """Whether some seed of it did."""
    own = frames.runs[frames.runs["label"] == label]
    return bool((own["status"] == "diverged").any())


def labels(frames: Frames) -> list[str]:
    """The rows of a comparison, in order; those that could not be run left out."""
    ran = frames.runs[~frames.runs["status"].isin(["not_applicable", "failed"])]
    return list(dict.fromkeys(ran["label"]))


def table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A table of text from rows of numbers and words."""
    return pd.DataFrame(
        [{name: cell if isinstance(cell, str) else number(cell) for name, cell in row.items()} for row in rows]
    )


def markdown(frame: pd.DataFrame) -> str:
    """A pipe table; bars within cells are escaped."""
    rows = [list(frame.columns), ["---"] * frame.shape[1], *frame.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
