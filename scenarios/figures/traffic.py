"""How many bytes went over each link, drawn on the network."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from scenarios.figures import canvas, legend
from scenarios.figures.layout import Layout, layout
from scenarios.figures.scale import far_apart
from scenarios.figures.style import STYLE
from simulator.links import LinkTraffic

MOST = 8
"""Panels of a figure."""
PANEL_INCHES = 3.1
PANEL_CHARACTERS = 38
"""Where the words above a panel are broken into lines."""
NODES: dict[str, dict[str, Any]] = {
    "agent": {"marker": "o", "markerfacecolor": "white", "markeredgecolor": "black", "markersize": 8},
    "server": {"marker": "s", "markerfacecolor": "black", "markeredgecolor": "black", "markersize": 8},
}
PALETTE = mpl.colormaps["viridis_r"]
ASIDE = 0.03
"""How far each direction of a link is drawn to the right of the straight line between its agents."""
WIDEST, THINNEST = 3.0, 0.4
"""Width in points of a link that carried the most, where links are few, and of any link."""
HEAD, HEAD_ACROSS = 0.58, 0.78
"""Where on the way a head shows the direction, and where on one across the border of a torus."""
MOST_NUMBERS, MOST_HEADS, MOST_OUTLINES = 40, 200, 2000
"""Agents with their numbers, links with heads, and links that are outlines in SVG; of more, all are pixels."""


def traffic(traffics: Mapping[str, Sequence[LinkTraffic]], title: str = "", servers: Collection[str] = ()) -> Figure:
    """A panel for each label: its agents as a network, each link as wide and dark as it carried bytes.

    Both directions of a link are drawn, each to the right of its way, as on a road. Links across the border of a torus
    leave it on one side and come in on the other. The last agent of a label among ``servers`` is its server, a square.
    """
    shown = dict(list(traffics.items())[:MOST])
    columns = len(shown) if len(shown) < 5 else math.ceil(len(shown) / 2)
    lines = math.ceil(len(shown) / columns)
    norm = _norm(np.array([link.bytes_sent for links in shown.values() for link in links], float))
    with mpl.rc_context(STYLE):
        width, height = PANEL_INCHES * columns + 0.9, (PANEL_INCHES + 0.35) * lines + 0.2
        note = canvas.not_drawn(list(traffics)[MOST:])
        figure, panels = canvas.new(width, height, title, columns, lines=lines, note=note)
        for axes, (label, links) in zip(panels, shown.items(), strict=False):
            _network(axes, links, norm, label in servers)
            carried = in_bytes(sum(link.bytes_sent for link in links))
            canvas.headline(axes, f"{label}: {carried} in all", PANEL_CHARACTERS)
        for axes in panels:
            axes.set_axis_off()
        colours = ScalarMappable(norm, PALETTE)
        figure.colorbar(colours, ax=panels, label="sent over a link [byte]", format=EngFormatter(sep=""), shrink=0.7)
        if any(label in servers for label in shown):
            legend.below(figure, [Line2D([], [], linestyle="", label=words, **look) for words, look in NODES.items()])
    return figure


def in_bytes(sent: float) -> str:
    """A number of bytes with a decimal prefix.

    >>> in_bytes(1_264_000)
    '1.3 MB'
    """
    return EngFormatter("B", places=1)(sent)


def _norm(sent: np.ndarray) -> Normalize:
    """From nothing to the most bytes, or logarithmic where links carried amounts far apart."""
    carried = sent[sent > 0]
    return LogNorm(carried.min(), carried.max()) if far_apart(carried) else Normalize(0.0, carried.max(initial=1.0))


def _network(axes: Axes, links: Sequence[LinkTraffic], norm: Normalize, served: bool) -> None:
    """The links, then the agents upon them."""
    agents = 1 + max((max(link.sender, link.receiver) for link in links), default=-1)
    pairs = [(link.sender, link.receiver) for link in links]
    places = layout(agents, pairs) if links else Layout(np.empty((0, 2)))
    half = 1.15 if places.period is None else 0.1 + max(places.period) / 2
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    axes.set_aspect("equal")
    if links:
        _ways(axes, places, pairs, norm(np.array([link.bytes_sent for link in links], float)).filled(0.0))
    _nodes(axes, places.positions, agents - 1 if served else None)


def _ways(axes: Axes, places: Layout, pairs: Sequence[tuple[int, int]], shares: np.ndarray) -> None:
    """A line for each direction, with a head on its way; ``shares`` are from 0, thin and pale, to 1."""
    ways = np.array([places.way(*pair) for pair in pairs])
    lengths = np.hypot(*ways.T)[:, None]
    ahead = ways / lengths
    right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
    starts, ends = (places.positions[list(agents)] + ASIDE * right for agents in zip(*pairs, strict=True))
    across = ~np.isclose(starts + ways, ends).all(axis=1)
    stops = np.where(across[:, None], starts + ways / 2, ends)
    lines = np.concatenate([np.stack([starts, stops], 1), np.stack([ends - ways / 2, ends], 1)[across]])
    colours = PALETTE(shares)
    widest = float(np.clip(WIDEST * math.sqrt(60 / len(pairs)), 2 * THINNEST, WIDEST))
    widths = THINNEST + (widest - THINNEST) * shares
    pixels = len(pairs) > MOST_OUTLINES
    every = np.concatenate([np.arange(len(pairs)), np.flatnonzero(across)])
    axes.add_collection(LineCollection(list(lines), colors=colours[every], linewidths=widths[every], rasterized=pixels))
    if len(pairs) <= MOST_HEADS:
        middles = ends - (1.0 - np.where(across, HEAD_ACROSS, HEAD)[:, None]) * ways
        size = np.minimum(0.042, 0.13 * lengths)
        corners = (middles + size * ahead, middles - size * (ahead + right), middles - size * (ahead - right))
        axes.add_collection(PolyCollection(list(np.stack(corners, 1)), facecolors=colours, edgecolors="none"))


def _nodes(axes: Axes, positions: np.ndarray, server: int | None) -> None:
    """The agents by number, as long as there is room for it."""
    size = float(np.clip(300 / max(1, len(positions)), 3.0, 14.0))
    agents = np.arange(len(positions)) != server
    for who, look in zip((agents, ~agents), NODES.values(), strict=True):
        axes.plot(*positions[who].T, linestyle="", **look | {"markersize": size})
    if len(positions) <= MOST_NUMBERS:
        for agent in np.flatnonzero(agents):
            x, y = positions[agent]
            axes.text(x, y, str(agent), ha="center", va="center_baseline", fontsize=min(7.0, 0.6 * size))
