"""The curves of one algorithm's seeds, brought together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scenarios.figures.style import Style


def series(history: pd.DataFrame, label: str, column: str, metric: str) -> list[np.ndarray]:
    """The recorded (horizontal, metric) points of each seed of one algorithm, finite ones only, in order."""
    own = history[history["label"] == label]
    found = []
    for _, points in own.groupby("seed", sort=True):
        pairs = points[[column, metric]].astype(float).to_numpy()
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        if len(pairs):
            found.append(pairs[np.argsort(pairs[:, 0], kind="stable")])
    return found


def curve(
    axes: Axes,
    seeds: list[np.ndarray],
    style: Style,
    band: bool = True,
    label: str | None = None,
    gid: str | None = None,
) -> None:
    """The median of the seeds' curves and, with ``band``, their range; ``gid`` is the id of both in an SVG file."""
    if not seeds:
        return
    grid, values = on_common_grid(seeds)
    every = max(1, len(grid) // 8)
    axes.plot(
        grid,
        np.median(values, axis=0),
        color=style.colour,
        linestyle=style.dashes,
        marker=style.marker,
        markevery=(every // 2, every),
        markersize=4,
        linewidth=1.5,
        label=label,
        gid=gid,
    )
    if band and len(seeds) > 1:
        look: dict[str, Any] = {"color": style.colour, "alpha": 0.15, "linewidth": 0, "gid": gid}
        axes.fill_between(grid, values.min(axis=0), values.max(axis=0), **look)


def on_common_grid(seeds: Sequence[np.ndarray], points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """The seeds' curves at the same places: ``(m,)`` horizontal positions and ``(len(seeds), m)`` values.

    A seed holds each value until its next point, and its last value after its end. The grid begins where all seeds have
    begun and ends where fewer than half of them still run.
    """
    begin = max(seed[0, 0] for seed in seeds)
    ends = sorted(seed[-1, 0] for seed in seeds)
    end = max(begin, ends[len(ends) // 2])
    places = np.unique(np.concatenate([seed[:, 0] for seed in seeds] + [np.array([begin, end])]))
    grid = places[(places >= begin) & (places <= end)]
    if len(grid) > points:
        grid = grid[np.unique(np.linspace(0, len(grid) - 1, points).round().astype(int))]
    values = [seed[np.searchsorted(seed[:, 0], grid, side="right") - 1, 1] for seed in seeds]
    return grid, np.array(values)
