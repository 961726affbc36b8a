"""All figures of a comparison, and the names of their files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd
from matplotlib.figure import Figure

from scenarios.figures import points
from scenarios.figures.differences import differences
from scenarios.figures.metric import Metric
from scenarios.figures.progress import progress
from scenarios.figures.shares import shares
from scenarios.figures.speedup import numbers_of_agents, speedup
from scenarios.figures.style import Style, looks
from scenarios.figures.sweep import sweep
from scenarios.figures.time_to_target import time_to_target
from scenarios.figures.timeline import timeline
from scenarios.figures.tradeoff import tradeoff
from scenarios.figures.traffic import traffic
from simulator.activity import Activity
from simulator.links import LinkTraffic

NAMES = (
    "progress", "shares", "time_to_target", "tradeoff", "differences", "timeline", "traffic", "sweep", "speedup",
)  # fmt: skip
"""Of figures. With a sweep, all but the last two have the number of a point behind them, from 1 on: ``progress-3``;
the last two that of an axis, where there are several."""
FILE = re.compile(rf"({'|'.join(NAMES)})(-\d+)?\.(png|svg)")

Kept = TypeVar("Kept")


def draw(
    runs: pd.DataFrame,
    history: pd.DataFrame,
    metric: Metric,
    title: str = "",
    comparisons: pd.DataFrame | None = None,
    activities: Mapping[str, Activity] | None = None,
    traffics: Mapping[str, Sequence[LinkTraffic]] | None = None,
) -> dict[str, Figure]:
    """All figures that these tables are enough for, by name; see ``NAMES``.

    Where something is swept, the first ``points.MOST`` points have figures of their own (``left_out`` counts the
    others), and each axis has figures over all points. ``comparisons`` holds paired differences (see ``differences``);
    ``activities`` and ``traffics`` are by the key of their run (``drawn_keys`` says which runs are shown).
    Runs that never began (``not_applicable``) or broke (``failed``) are left out; with no other run there is no figure.
    """
    ran = _ran(runs)
    if ran.empty:
        return {}
    look = looks(ran)
    figures: dict[str, Figure] = {}
    for ending, words, values in _points(runs):
        there = points.at(ran, values)
        if there.empty:
            continue
        heading = ": ".join(part for part in (words, title) if part)
        found = _of_tables(there, points.at(history, values), metric, heading, look)
        if comparisons is not None and len(paired := points.at(comparisons, values)):
            found["differences"] = differences(paired, metric, heading, look)
        found |= _of_single_runs(there, heading, activities or {}, traffics or {})
        figures |= {f"{name}{ending}": figure for name, figure in found.items()}
    return figures | _over_axes(ran, metric, title, look)


def left_out(runs: pd.DataFrame) -> int:
    """For how many points of the sweep there are no figures of their own."""
    return max(0, len(points.points(runs)) - points.MOST)


def drawn_keys(runs: pd.DataFrame) -> list[str]:
    """The keys of the runs whose activity and traffic are drawn: of each point and label the first seed that ran."""
    ran = _ran(runs)
    return [key for _, _, values in _points(runs) for key in _firsts(points.at(ran, values))["key"]]


def files(folder: Path) -> list[Path]:
    """The files of a folder that hold figures of a comparison, this one's or another's; nothing else is touched."""
    return sorted(path for path in folder.glob("*") if FILE.fullmatch(path.name))


def _ran(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[~runs["status"].isin(["not_applicable", "failed"])]


def _points(runs: pd.DataFrame) -> list[tuple[str, str, dict[str, object]]]:
    """Each point that has figures: how their names end, its values in words, and its values."""
    found = points.points(runs)[: points.MOST]
    return [(f"-{n}" if values else "", points.words(values), values) for n, values in enumerate(found, start=1)]


def _of_tables(
    runs: pd.DataFrame, history: pd.DataFrame, metric: Metric, title: str, look: Mapping[str, Style]
) -> dict[str, Figure]:
    figures = {"progress": progress(runs, history, metric, title, look), "shares": shares(runs, title)}
    if metric.target is not None:
        figures["time_to_target"] = time_to_target(runs, title, look)
        if runs[["target_s", "target_bits"]].notna().all(axis=1).any():
            figures["tradeoff"] = tradeoff(runs, title, look)
    return figures


def _of_single_runs(
    runs: pd.DataFrame,
    title: str,
    activities: Mapping[str, Activity],
    traffics: Mapping[str, Sequence[LinkTraffic]],
) -> dict[str, Figure]:
    """What shows one seed of each label."""
    firsts = _firsts(runs)
    servers = set(firsts.loc[firsts["bits_up"].notna(), "label"])  # bits are counted up and down where there is one
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(firsts["seed"]))
    heading = f"{title} (seed {seeds})".strip()
    figures = {}
    if own := _by_label(firsts, activities):
        figures["timeline"] = timeline(own, heading, servers)
    if sent := _by_label(firsts, traffics):
        figures["traffic"] = traffic(sent, heading, servers)
    return figures


def _firsts(runs: pd.DataFrame) -> pd.DataFrame:
    """The first seed of each label."""
    return runs.sort_values("seed", kind="stable").drop_duplicates("label").sort_index()


def _by_label(firsts: pd.DataFrame, found: Mapping[str, Kept]) -> dict[str, Kept]:
    return {label: found[key] for label, key in zip(firsts["label"], firsts["key"], strict=True) if key in found}


def _over_axes(runs: pd.DataFrame, metric: Metric, title: str, look: Mapping[str, Style]) -> dict[str, Figure]:
    """What shows all points of the sweep, for each axis with more than one value."""
    names = points.axes(runs)
    figures = {}
    for number, axis in enumerate(names, start=1):
        ending = f"-{number}" if len(names) > 1 else ""
        if runs[axis].nunique() > 1:
            figures[f"sweep{ending}"] = sweep(runs, metric, axis, title, look)
            if axis in numbers_of_agents(runs) and metric.target is not None:
                figures[f"speedup{ending}"] = speedup(runs, axis, title, look)
    return figures
