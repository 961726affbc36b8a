"""Empty figures with their panels, rows of names, and files.

Nothing here opens a window: figures go to files or to a notebook. The same figure gives the same bytes.
"""

import textwrap
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scenarios.figures.style import STYLE

TITLE_CHARACTERS = 13.0
"""How many characters of a title fit into an inch."""
ROW_CHARACTERS = 32
"""Where names of rows are broken into lines."""
LINE_INCHES = 0.15
"""Height of a line of text."""


def new(
    width: float,
    height: float,
    title: str,
    columns: int = 1,
    sharey: bool = False,
    lines: int = 1,
    heights: Sequence[float] | None = None,
    note: str = "",
) -> tuple[Figure, list[Axes]]:
    """An empty figure that no window system knows of, with its panels in columns and lines, line by line.

    Lines of panels are as high as ``heights`` say in proportion, else alike. A note below the title says what the
    figure leaves out.
    """
    characters = int(TITLE_CHARACTERS * width)
    heading = textwrap.wrap(title, characters, max_lines=3, placeholder=" ...")
    heading += textwrap.wrap(note, characters, max_lines=2, placeholder=" ...")
    figure = Figure(figsize=(width, height + 0.17 * max(0, len(heading) - 1)), layout="constrained")
    FigureCanvasAgg(figure)
    if heading:
        figure.suptitle("\n".join(heading), fontsize=10, parse_math=False)
    return figure, list(figure.subplots(lines, columns, sharey=sharey, squeeze=False, height_ratios=heights).flat)


def not_drawn(names: Sequence[str]) -> str:
    """A note that says what there was no room for; empty if there was.

    >>> not_drawn(["soba", "dsoba"]), not_drawn([])
    ('Not drawn: soba; dsoba. ', '')
    """
    return f"Not drawn: {'; '.join(names)}. " if names else ""


def headline(axes: Axes, words: str, characters: int, above: float = 0.0) -> None:
    """Write what a panel shows above it, so many points further up, in lines of so many characters."""
    lines = textwrap.wrap(words, characters, max_lines=2, placeholder=" ...")
    if lines:
        axes.set_title("\n".join(lines), fontsize=8, pad=6.0 + above, parse_math=False)


def rows(axes: Axes, labels: Sequence[str]) -> None:
    """A row for each label, from top to bottom."""
    broken = ["\n".join(_broken(label)) for label in labels]
    axes.set_yticks(range(len(labels)), broken, parse_math=False)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def row_height(labels: Sequence[str]) -> float:
    """Inches of a row in which the longest label has room."""
    return max(0.28, 0.06 + LINE_INCHES * max(len(_broken(label)) for label in labels))


def _broken(label: str) -> list[str]:
    return textwrap.wrap(label, ROW_CHARACTERS)


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
            figure.set_layout_engine("none")  # the panels have their places now: the second file need not seek them
            paths.append(path)
    return paths
