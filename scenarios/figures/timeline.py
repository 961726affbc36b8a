"""Who computed, who waited and who was down, when."""

import math
from collections.abc import Collection, Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from scenarios.figures import canvas, legend
from scenarios.figures.quantities import AXES
from scenarios.figures.scale import far_apart
from scenarios.figures.shares import SHARES
from scenarios.figures.style import STYLE
from simulator.activity import Activity

MOST = 8
"""Panels of a figure."""
MOST_ROWS, MOST_LINES = 40, 300
"""Agents that have a row each; of more, each is a line of an image, of many more, several are one line."""
MOST_NAMES = 14
"""Rows of a panel that have their name beside them."""
WIDTH, ROW_INCHES, PANEL_INCHES = 10.0, 0.17, 2.6
BAR = 0.88
"""Height of a bar, where rows are 1 apart."""
Look = tuple[str, str, str]
"""Words, colour and hatch."""
COMPUTING, WAITING, DOWN = SHARES.values()


def timeline(activities: Mapping[str, Activity], title: str = "", servers: Collection[str] = ()) -> Figure:
    """A panel for each label, a row for each agent: computing from below, down from above, and waiting between them.

    Where a bin of the activity holds several steps, heights are shares of its time. The last agent of a label among
    ``servers`` is its server. Panels share their time axis unless runs ended far apart.
    """
    shown = dict(list(activities.items())[:MOST])
    ends = np.array([activity.end_s for activity in shown.values()])
    heights = [min(PANEL_INCHES, ROW_INCHES * len(activity.down)) + 0.35 for activity in shown.values()]
    note = canvas.not_drawn(list(activities)[MOST:])
    if any(len(activity.down) > MOST_ROWS for activity in shown.values()):
        note += f"Of more than {MOST_ROWS} agents, each is a line of pixels in the mixed colours of its shares."
    with mpl.rc_context(STYLE):
        handles = [Patch(fc=colour, hatch=hatch, ec="white", label=words) for words, colour, hatch in SHARES.values()]
        whole = 0.9 + sum(heights)
        figure, panels = canvas.new(WIDTH, whole, title, lines=len(shown), note=note, heights=heights)
        for axes, (label, activity) in zip(panels, shown.items(), strict=True):
            draw = _rows if len(activity.down) <= MOST_ROWS else _image
            draw(axes, activity)
            _names(axes, len(activity.down), label in servers)
            axes.set_title(f"{label} (until {activity.end_s:.3g} s)", fontsize=9, loc="left", pad=3.0, parse_math=False)
            axes.set_xlim(0.0, (activity.end_s if far_apart(ends) else ends.max()) or 1.0)
            axes.grid(visible=False)
        panels[-1].set_xlabel(AXES["simulated_s"])
        legend.below(figure, handles)
    return figure


def _rows(axes: Axes, activity: Activity) -> None:
    """Bars on bars: what is still seen of the lowest ones is waiting."""
    edges = np.append(activity.starts_s, activity.end_s)
    _bars(axes, edges, np.ones_like(activity.down), WAITING)
    _bars(axes, edges, activity.computing, COMPUTING)
    _bars(axes, edges, activity.down, DOWN, hanging=True)


def _bars(axes: Axes, edges: np.ndarray, heights: np.ndarray, look: Look, hanging: bool = False) -> None:
    """A bar for each agent, ``(agents, bins)`` high, that stands on the floor of its row or hangs from its ceiling.

    Drawn as pixels in SVG too: as outlines they would take megabytes.
    """
    if not heights.size:
        return
    along = np.repeat(edges, 2)[1:-1]
    outlines = []
    for row, shares in enumerate(heights):
        foot = row + (-0.5 if hanging else 0.5) * BAR
        tips = foot + (BAR if hanging else -BAR) * np.repeat(shares, 2)
        outlines.append(np.column_stack([[*along, along[-1], along[0]], [*tips, foot, foot]]))
    _, colour, hatch = look
    bars = PolyCollection(outlines, facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0, rasterized=True)
    axes.add_collection(bars, autolim=False)


def _image(axes: Axes, activity: Activity) -> None:
    """A line of pixels for each agent, or for several."""
    agents, bins = activity.down.shape
    groups = np.array_split(np.arange(agents), min(agents, MOST_LINES))
    computing, down = (
        np.array([shares[group].mean(axis=0) for group in groups])[..., None]
        for shares in (activity.computing, activity.down)
    )
    blue, amber, black = (np.array(to_rgb(colour)) for _, colour, _ in (COMPUTING, WAITING, DOWN))
    colours = np.clip(computing * blue + (1.0 - computing - down) * amber + down * black, 0.0, 1.0)
    extent = (0.0, bins * activity.bin_s, agents - 0.5, -0.5)
    image = axes.imshow(colours, extent=extent, aspect="auto", interpolation="nearest")
    image.set_clip_path(Rectangle((0.0, -0.5), activity.end_s, agents, transform=axes.transData))  # of the last bin


def _names(axes: Axes, agents: int, served: bool) -> None:
    """The numbers of some agents, evenly spaced, and the server."""
    every = math.ceil(agents / MOST_NAMES)
    names = {place: str(place) for place in range(0, agents - (every if served else 0), every)}
    if served:
        names[agents - 1] = "server"
    axes.set_yticks(list(names), list(names.values()), fontsize=7)
    axes.set_ylim(agents - 0.5, -0.5)
    axes.set_ylabel("agent")
