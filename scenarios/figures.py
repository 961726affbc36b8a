"""Figures of a comparison, from its two tables alone.

Series differ by colour (Okabe-Ito, safe for colour-blind readers) *and* by dashes *and* by markers. Axes carry units.
The same tables give the same bytes. Nothing here opens a window: figures go to files or to a notebook.
"""

import math
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ((0, ()), (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (9, 3)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
AXES = {
    "round": "rounds",
    "simulated_s": "simulated time [s]",
    "bits_sent": "bits sent [bit]",
    "oracle_calls": "oracle calls (all agents)",
}
"""Columns of the history that a metric is drawn against, with their labels."""
SHARES = {
    "computing_share": ("computing", "#0072B2", ""),
    "waiting_share": ("waiting", "#E69F00", "///"),
    "down_share": ("down", "#000000", "xxx"),
}
FAR = 15.0
"""Quotient of largest to smallest from which an axis is logarithmic."""
TITLE_CHARACTERS, LEGEND_CHARACTERS = 13.0, 14.0
"""How many characters of titles and of legends fit into an inch."""
ROW_CHARACTERS = 32
"""Where names of rows are broken into lines."""
ENDINGS = {"stalled": ("X", "stalled"), "diverged": ("P", "diverged")}

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "bilevelsim",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class Metric:
    """The vertical axis of the main figure."""

    name: str
    """Column of the history."""
    unit: str = "1"
    target: float | None = None
    """Value that counts as done; drawn as a line."""

    @property
    def label(self) -> str:
        """Axis label with the unit, if there is one."""
        words = self.name.replace("_", " ")
        return words if self.unit in ("", "1") else f"{words} [{self.unit}]"


@dataclass(frozen=True)
class Style:
    """How one algorithm is drawn, the same in every figure."""

    colour: str
    dashes: Any
    marker: str


def styles(labels: Sequence[str]) -> dict[str, Style]:
    """A style for each label: no two of the first 168 alike, and any two of the first six differ in all three ways."""
    return {
        label: Style(COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)], MARKERS[i % len(MARKERS)])
        for i, label in enumerate(labels)
    }


def draw(runs: pd.DataFrame, history: pd.DataFrame, metric: Metric, title: str = "") -> dict[str, Figure]:
    """All figures of a comparison by name: ``progress``, ``shares`` and, where there is a target, ``time_to_target``.

    Runs that never began (``not_applicable``) or broke (``failed``) are left out; with no other run there is no figure.
    """
    ran = runs[~runs["status"].isin(["not_applicable", "failed"])]
    if ran.empty:
        return {}
    figures = {"progress": progress(ran, history, metric, title), "shares": shares(ran, title)}
    if metric.target is not None:
        figures["time_to_target"] = time_to_target(ran, title)
    return figures


NAMES = ("progress", "shares", "time_to_target")


def is_ours(name: str) -> bool:
    """Whether a file of this name, without its ending, is a figure of a comparison."""
    return name in NAMES


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as PNG and as SVG, with the same bytes for the same tables; the paths written."""
    paths = []
    for name, figure in figures.items():
        for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
            path = folder / f"{name}.{kind}"
            with mpl.rc_context(STYLE), warnings.catch_warnings():
                warnings.filterwarnings("ignore", "overflow", RuntimeWarning)  # of axes near the largest number
                warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # of labels in rarer scripts
                figure.savefig(path, dpi=150, metadata=metadata)
            paths.append(path)
    return paths


def _new(width: float, height: float, title: str, columns: int = 1, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    """An empty figure that no window system knows of, with its panels side by side."""
    lines = textwrap.wrap(title, int(TITLE_CHARACTERS * width), max_lines=3, placeholder=" ...")
    figure = Figure(figsize=(width, height + 0.17 * max(0, len(lines) - 1)), layout="constrained")
    FigureCanvasAgg(figure)
    if lines:
        figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)
    return figure, list(figure.subplots(1, columns, sharey=sharey, squeeze=False)[0])


# --- the main figure: one metric against rounds, seconds, bits and oracle calls


def progress(runs: pd.DataFrame, history: pd.DataFrame, metric: Metric, title: str = "") -> Figure:
    """One row of panels that share the metric's axis, one panel for each entry of ``AXES``.

    Lines are medians over seeds, bands go from the lowest to the highest seed. A line ends where fewer than half of the
    seeds still ran; seeds that had ended before count with their last value. A cross marks where a seed stalled, a plus
    where it diverged.
    """
    look = styles(list(dict.fromkeys(runs["label"])))
    with mpl.rc_context(STYLE):
        handles = _legend(look, runs, metric)
        columns = legend_columns(13.0, [str(handle.get_label()) for handle in handles])
        height = 3.4 + 0.2 * math.ceil(len(handles) / columns)
        figure, panels = _new(13.0, height, title, columns=len(AXES), sharey=True)
        for axes, (column, words) in zip(panels, AXES.items(), strict=True):
            for label, style in look.items():
                curve(axes, series(history, label, column, metric.name), style)
                _endings(axes, runs[runs["label"] == label], history, column, metric, style)
            _horizontal(axes, history, column, words)
            if metric.target is not None:
                axes.axhline(metric.target, color="0.35", linewidth=1.0, linestyle=(0, (2, 2)))
        _vertical(panels[0], history, metric)
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        for entry in legend.get_texts():
            entry.set_parse_math(False)
    return figure


def legend_columns(width: float, labels: Sequence[str]) -> int:
    """How many columns of a legend fit into a figure so wide."""
    longest = max(map(len, labels)) / LEGEND_CHARACTERS + 0.6
    return max(1, min(6, len(labels), int(width / longest)))


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


def curve(axes: Axes, seeds: list[np.ndarray], style: Style, band: bool = True, label: str | None = None) -> None:
    """The median of the seeds' curves and, with ``band``, their range."""
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
    )
    if band and len(seeds) > 1:
        axes.fill_between(grid, values.min(axis=0), values.max(axis=0), color=style.colour, alpha=0.15, linewidth=0)


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


def _endings(axes: Axes, runs: pd.DataFrame, history: pd.DataFrame, column: str, metric: Metric, style: Style) -> None:
    """A mark at the last point of each seed that stalled or diverged, at the upper edge if that lies above it."""
    ceiling = _ceiling(history, metric)
    for _, run in runs[runs["status"].isin(list(ENDINGS))].iterrows():
        own = history[(history["label"] == run["label"]) & (history["seed"] == run["seed"])]
        points = own[[column, metric.name]].astype(float).to_numpy()
        points = points[np.isfinite(points).all(axis=1)]
        if len(points):
            marker, _words = ENDINGS[run["status"]]
            place, value = points[-1]
            value = min(value, ceiling)
            look: dict[str, Any] = {"color": style.colour, "markeredgecolor": "black", "clip_on": False}
            axes.plot(place, value, marker=marker, markersize=9, zorder=5, **look)


def _horizontal(axes: Axes, history: pd.DataFrame, column: str, words: str) -> None:
    """From zero; logarithmic, from the first point after the start, where some algorithm ends far before another."""
    axes.set_xlabel(words)
    ends = history.groupby("label", sort=False)[column].max().astype(float)
    beginnings = history.loc[history[column] > 0, column].astype(float)
    logarithmic = far_apart(ends.to_numpy()) and len(beginnings) > 0
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(left=beginnings.min())
    else:
        axes.set_xlim(left=0, right=None if ends.max() > 0 else 1)  # where nothing got anywhere
        axes.locator_params(axis="x", nbins=5)
    if column in ("bits_sent", "oracle_calls"):
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def far_apart(values: np.ndarray) -> bool:
    """Whether a linear axis would squeeze the smallest of these values against zero."""
    positive = values[values > 0]
    return len(positive) > 1 and positive.max() > FAR * positive.min()


def _vertical(axes: Axes, history: pd.DataFrame, metric: Metric) -> None:
    """A logarithmic axis where the metric is positive and spans more than a factor of 20.

    What explodes is cut off well above where runs began, since it would flatten all that does not.
    """
    values = history[metric.name].astype(float).to_numpy()
    values = values[np.isfinite(values)]
    axes.set_ylabel(metric.label)
    if not len(values):
        return
    low, high, ceiling = values.min(), values.max(), _ceiling(history, metric)
    logarithmic = low > 0 and min(high, ceiling) > 20 * low
    if logarithmic:
        axes.set_yscale("log")
    if high > ceiling:
        axes.set_ylim(low / 1.3 if logarithmic else low - 0.05 * (ceiling - low), ceiling)


def _ceiling(history: pd.DataFrame, metric: Metric) -> float:
    """Ten times the largest absolute value among the runs' first points and the target."""
    firsts = history.groupby(["label", "seed"], sort=False)[metric.name].first().astype(float).abs().to_numpy()
    return 10 * max([*firsts[np.isfinite(firsts)], abs(metric.target or 0.0)], default=np.inf)


def _legend(look: Mapping[str, Style], runs: pd.DataFrame, metric: Metric) -> list[Line2D]:
    handles = [
        Line2D(
            [],
            [],
            color=style.colour,
            linestyle=style.dashes,
            marker=style.marker,
            markersize=4,
            label=_named(label),
        )
        for label, style in look.items()
    ]
    if metric.target is not None:
        handles.append(Line2D([], [], color="0.35", linewidth=1.0, linestyle=(0, (2, 2)), label="target"))
    for status, (marker, words) in ENDINGS.items():
        if (runs["status"] == status).any():
            handles.append(Line2D([], [], color="0.6", marker=marker, linestyle="", markersize=8, label=words))
    return handles


def _named(label: str) -> str:
    """A label as a legend takes it, which leaves out those that begin with an underscore."""
    return f" {label}" if label.startswith("_") else label


# --- where the time went, and how long the target took


def shares(runs: pd.DataFrame, title: str = "") -> Figure:
    """A bar for each algorithm: mean share of the agents' time spent computing, waiting and down, over seeds."""
    means = runs.groupby("label", sort=False)[list(SHARES)].mean().astype(float).fillna(0.0)
    with mpl.rc_context(STYLE):
        figure, (axes,) = _new(7.0, 1.4 + 0.4 * len(means), title)
        left = np.zeros(len(means))
        for column, (words, colour, hatch) in SHARES.items():
            widths = 100 * means[column].to_numpy()
            axes.barh(range(len(means)), widths, left=left, color=colour, hatch=hatch, edgecolor="white", label=words)
            left += widths
        _rows(axes, list(means.index))
        axes.grid(axis="y", visible=False)
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of the agents' time [%]")
        figure.legend(loc="outside lower center", ncols=3)
    return figure


def time_to_target(runs: pd.DataFrame, title: str = "") -> Figure:
    """A row of dots for each algorithm: when each seed reached the target, a bar at the median, and who never did."""
    look = styles(list(dict.fromkeys(runs["label"])))
    with mpl.rc_context(STYLE):
        figure, (axes,) = _new(7.0, 1.2 + 0.4 * len(look), title)
        for row, (label, style) in enumerate(look.items()):
            own = runs[runs["label"] == label]
            times = own["target_s"].dropna().astype(float).to_numpy()
            _dots(axes, row, times, style)
            if len(times) < len(own):
                words = f"not reached: {len(own) - len(times)} of {len(own)}"
                axes.annotate(words, (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=8)
        _rows(axes, list(look))
        if far_apart(runs["target_s"].dropna().astype(float).to_numpy()):
            axes.set_xscale("log")
        else:
            axes.set_xlim(left=0)
        axes.set_xlabel("simulated time to the target [s]")
    return figure


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    """A row for each label, from top to bottom."""
    broken = ["\n".join(textwrap.wrap(label, ROW_CHARACTERS)) for label in labels]
    axes.set_yticks(range(len(labels)), broken, parse_math=False)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def _dots(axes: Axes, row: int, times: np.ndarray, style: Style) -> None:
    look: dict[str, Any] = {"color": style.colour, "markersize": 7, "alpha": 0.8, "clip_on": False}
    axes.plot(times, np.full(len(times), row), style.marker, **look)
    if len(times):
        middle = float(np.median(times))
        axes.plot([middle, middle], [row - 0.3, row + 0.3], color="black", linewidth=1.5)
