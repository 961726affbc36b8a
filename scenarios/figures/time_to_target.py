"""How long the target took."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenarios.figures import canvas
from scenarios.figures.quantities import TO_TARGET
from scenarios.figures.scale import far_apart
from scenarios.figures.style import STYLE, Style, looks


def time_to_target(runs: pd.DataFrame, title: str = "", look: Mapping[str, Style] | None = None) -> Figure:
    """A row of dots for each algorithm: when each seed reached the target, a bar at the median, and who never did."""
    look = looks(runs, look)
    with mpl.rc_context(STYLE):
        figure, (axes,) = canvas.new(7.0, 1.2 + 0.4 * len(look), title)
        for row, (label, style) in enumerate(look.items()):
            own = runs[runs["label"] == label]
            times = own["target_s"].dropna().astype(float).to_numpy()
            _dots(axes, row, times, style)
            if len(times) < len(own):
                words = f"not reached: {len(own) - len(times)} of {len(own)}"
                axes.annotate(words, (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=8)
        canvas.rows(axes, list(look))
        if far_apart(runs["target_s"].dropna().astype(float).to_numpy()):
            axes.set_xscale("log")
        else:
            axes.set_xlim(left=0)
        axes.set_xlabel(TO_TARGET["target_s"])
    return figure


def _dots(axes: Axes, row: int, times: np.ndarray, style: Style) -> None:
    look: dict[str, Any] = {"color": style.colour, "markersize": 7, "alpha": 0.8, "clip_on": False}
    axes.plot(times, np.full(len(times), row), style.marker, **look)
    if len(times):
        middle = float(np.median(times))
        axes.plot([middle, middle], [row - 0.3, row + 0.3], color="black", linewidth=1.5)
