"""The picture of a critical path: where the time went in one bar, and how the path hops between the agents.

Kinds of pieces differ by colour (Okabe-Ito) and by hatch. The same explanation gives the same bytes.
"""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scenarios.explain import UNFINISHED, UNSEEN, Explanation
from scenarios.figures import STYLE
from simulator import causes
from simulator.causes import Piece, activity

KINDS: Mapping[str, tuple[str, str]] = {
    causes.COMPUTING: ("#0072B2", ""),
    causes.SLOWED: ("#D55E00", "////"),
    causes.LOST_WORK: ("#CC79A7", "xxxx"),
    causes.DOWN: ("#000000", "xxxx"),
    causes.LATENCY: ("#56B4E9", ""),
    causes.TRANSFER: ("#009E73", "\\\\\\\\"),
    causes.SENT_AGAIN: ("#CC79A7", "...."),
    causes.DEADLINE: ("#E69F00", "////"),
    causes.SLEEPING: ("#E69F00", ""),
    UNSEEN: ("#FFFFFF", "...."),
    UNFINISHED: ("#FFFFFF", "////"),
}
"""Colour and hatch of what the path went through."""
DOINGS: Mapping[str, tuple[str, str, str]] = {
    causes.COMPUTING: ("#B3D4E8", "", "computing"),
    causes.WAITING: ("#FFFFFF", "////", "waiting"),
    causes.DOWN: ("#999999", "xxxx", "down"),
}
"""Colour, hatch and word of what all agents did; who slept is shown as waiting."""
DASHES: Mapping[str, Any] = {causes.LATENCY: "-", causes.TRANSFER: (0, (2.5, 0.8)), causes.SENT_AGAIN: (0, (1.2, 0.8))}
"""How a message is drawn on its way."""
PIECES = 50
"""Most pieces of the path that are drawn: more would be lines upon lines."""
ROWS = 30
"""Most agents that are all drawn; of more, those that the path visits."""
WIDTH = 11.0
"""Inches."""
LETTER = 0.085
"""Inches of a letter, about, on the bar."""


def draw(explanation: Explanation, title: str = "") -> Figure:
    """The bar of shares above, and below it the last stretch of the path on the timeline of the agents."""
    parts = explanation.parts[-PIECES:]
    pieces = [part.piece for part in parts]
    rows = _rows(explanation, pieces)
    heading = f"{explanation.label}, seed {explanation.seed}: {explanation.until} at {explanation.makespan:.4g} s"
    words = [*textwrap.wrap(title, 110, max_lines=2, placeholder=" ..."), heading]
    with mpl.rc_context(STYLE):
        height = 1.9 + 0.2 * len(words) + 0.24 * len(rows)
        figure = Figure(figsize=(WIDTH, 1.4 + height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle("\n".join(words), fontsize=10, parse_math=False)
        above, below = figure.subplots(2, 1, height_ratios=[1.0, height])
        _bar(above, explanation)
        if pieces:
            _timeline(below, explanation, pieces, rows)
        figure.legend(handles=_handles(explanation), loc="outside lower center", ncols=5, handlelength=2.5)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the picture as what the name's ending says, ``.png`` or ``.svg``."""
    metadata = {"Software": None} if path.suffix == ".png" else {"Date": None, "Creator": None}
    with mpl.rc_context(STYLE):
        figure.savefig(path, dpi=150, metadata=metadata)


def _look(what: str) -> dict[str, Any]:
    colour, hatch = KINDS[what]
    edge = "black" if colour == "#FFFFFF" else "white"
    return {"facecolor": colour, "hatch": hatch, "edgecolor": edge, "linewidth": 0.8}


def _bar(axes: Axes, explanation: Explanation) -> None:
    """All shares in one bar, the largest first."""
    left = 0.0
    for what, share in zip(explanation.kinds["what"], explanation.kinds["share"], strict=True):
        axes.barh(0, 100 * share, left=100 * left, height=0.8, **_look(what))
        if share * WIDTH > LETTER * (len(what) + 2):
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"}
            axes.text(100 * (left + share / 2), 0, f"{what}\n{_percent(share)}", ha="center", va="center", bbox=box)
        left += share
    axes.set(xlim=(0, 100), ylim=(-0.45, 0.45), yticks=[])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("share of the critical path [%]")


def _percent(share: float) -> str:
    if share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"


# --- the timeline


def _rows(explanation: Explanation, pieces: Sequence[Piece]) -> dict[int, int]:
    """Agent -> its row, from the top."""
    everybody = range(len(explanation.names))
    on_path = {piece.agent for piece in pieces} | {piece.sender for piece in pieces}
    shown = [agent for agent in everybody if len(everybody) <= ROWS or agent in on_path]
    return {agent: row for row, agent in enumerate(shown)}


def _timeline(axes: Axes, explanation: Explanation, pieces: Sequence[Piece], rows: Mapping[int, int]) -> None:
    start, end = pieces[0].start, pieces[-1].end
    for agent, row in rows.items():
        _doings(axes, explanation, agent, row, start, end)
    for (sender, to), flight in groupby(pieces, lambda piece: (piece.sender, piece.agent)):
        if sender is None:
            for piece in flight:
                _draw_piece(axes, piece, rows[to])
        else:
            _fly(axes, list(flight), rows[sender], rows[to])
    axes.set_yticks(range(len(rows)), [explanation.names[agent] for agent in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(start, end)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("simulated time [s]")
    axes.set_title(_caption(explanation, start, end, rows), loc="left", fontsize=9)


def _doings(axes: Axes, explanation: Explanation, agent: int, row: int, start: float, end: float) -> None:
    """What an agent did, behind the path."""
    done = activity(explanation.causes, agent, start, end)
    for what, (colour, hatch, _) in DOINGS.items():
        alike = (what, causes.SLEEPING) if what == causes.WAITING else (what,)
        spans = [(piece.start, piece.end - piece.start) for piece in done if piece.what in alike]
        axes.broken_barh(spans, (row - 0.4, 0.8), facecolor=colour, hatch=hatch, edgecolor="0.8", linewidth=0.3)


def _draw_piece(axes: Axes, piece: Piece, row: int) -> None:
    """A bar with a black edge: a patch has one colour for its edge and its hatch, so these are two."""
    for look in (_look(piece.what), {"facecolor": "none", "edgecolor": "black", "linewidth": 1.5}):
        axes.barh(row, piece.end - piece.start, left=piece.start, height=0.4, zorder=4, **look)


def _fly(axes: Axes, flight: Sequence[Piece], down: int, up: int) -> None:
    """A message's way from row to row, in the colours of its pieces."""
    begin, end = flight[0].start, flight[-1].end
    axes.plot([begin, end], [down, up], color="black", linewidth=3.5, zorder=6, solid_capstyle="round")
    for piece in flight:
        place = [down + (up - down) * (instant - begin) / (end - begin) for instant in (piece.start, piece.end)]
        look: dict[str, Any] = {"color": KINDS[piece.what][0], "linestyle": DASHES[piece.what]}
        axes.plot([piece.start, piece.end], place, linewidth=1.8, zorder=7, dash_capstyle="butt", **look)


def _caption(explanation: Explanation, start: float, end: float, rows: Mapping[int, int]) -> str:
    """What is shown of the path, and of the agents."""
    much = "the whole path" if start == 0.0 else f"the last {end - start:.3g} s of the path"
    who = "" if len(rows) == len(explanation.names) else f", {len(rows)} of {len(explanation.names)} agents"
    return much + who


def _handles(explanation: Explanation) -> list[Any]:
    kinds = explanation.kinds
    path = [
        Patch(label=f"{what} {_percent(share)}", **_look(what))
        for what, share in zip(kinds["what"], kinds["share"], strict=True)
    ]
    doings = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="0.8", label=f"all agents: {word}")
        for colour, hatch, word in DOINGS.values()
    ]
    return [*path, Line2D([], [], color="black", linewidth=3.5, label="a message on the path"), *doings]
