"""The points of a sweep: each combination of the axes' values that a table holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

MOST = 12
"""For how many points of a sweep there are figures of their own."""


def axes(runs: pd.DataFrame) -> tuple[str, ...]:
    """The axes of the sweep: the columns of a table of runs between ``seed`` and ``status``."""
    names = list(runs.columns)
    return tuple(names[names.index("seed") + 1 : names.index("status")])


def points(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """The values of each point, in the order of the table; one point without values where nothing is swept."""
    names = axes(runs)
    return combinations(runs, names) if names else [{}]


def combinations(runs: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """The values of these columns that come together, in the order of the table."""
    return [dict(zip(names, row, strict=True)) for row in runs[list(names)].drop_duplicates().itertuples(index=False)]


def at(frame: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of one point."""
    here = np.ones(len(frame), bool)
    for name, value in values.items():
        column = frame[name]
        here &= (column.isna() if pd.isna(value) else (column == value).fillna(False)).to_numpy(bool)
    return frame[here]


def words(values: Mapping[str, Any]) -> str:
    """The values of a point, for titles: ``stragglers.0.slowdown = 10``.

    >>> words({"stragglers.0.slowdown": 10.0, "network.topology.name": "ring"})
    'stragglers.0.slowdown = 10, network.topology.name = ring'
    """
    return ", ".join(f"{name} = {short(value)}" for name, value in values.items() if not pd.isna(value))


def short(value: Any) -> str:
    """A value of an axis as text."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def further(runs: pd.DataFrame, axis: str) -> list[str]:
    """The axes that vary while ``axis`` stays as it is."""
    there = runs[runs[axis].notna()]
    return [name for name in axes(runs) if name != axis and (there.groupby(axis)[name].nunique(dropna=False) > 1).any()]
