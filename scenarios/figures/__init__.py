"""Figures of a comparison, from its tables and from what was kept of single runs.

Series differ by colour (Okabe-Ito, safe for colour-blind readers) *and* by dashes *and* by markers. Axes carry units.
The same tables give the same bytes. Nothing here opens a window: figures go to files or to a notebook.
"""

from scenarios.figures.canvas import ROW_CHARACTERS, save
from scenarios.figures.curves import curve, on_common_grid, series
from scenarios.figures.differences import differences
from scenarios.figures.gallery import NAMES, draw, drawn_keys, files, left_out
from scenarios.figures.legend import legend_columns
from scenarios.figures.metric import Metric
from scenarios.figures.progress import progress
from scenarios.figures.quantities import AXES
from scenarios.figures.scale import far_apart
from scenarios.figures.shares import shares
from scenarios.figures.speedup import speedup
from scenarios.figures.style import STYLE, Style, looks, styles
from scenarios.figures.sweep import sweep
from scenarios.figures.time_to_target import time_to_target
from scenarios.figures.timeline import timeline
from scenarios.figures.tradeoff import tradeoff
from scenarios.figures.traffic import traffic

__all__ = [
    "AXES",
    "NAMES",
    "ROW_CHARACTERS",
    "STYLE",
    "Metric",
    "Style",
    "curve",
    "differences",
    "draw",
    "drawn_keys",
    "far_apart",
    "files",
    "left_out",
    "legend_columns",
    "looks",
    "on_common_grid",
    "progress",
    "save",
    "series",
    "shares",
    "speedup",
    "styles",
    "sweep",
    "time_to_target",
    "timeline",
    "tradeoff",
    "traffic",
]
