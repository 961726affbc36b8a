"""The forest plot of paired differences."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from scenarios import figures

METRIC = figures.Metric("loss", "nat", 0.1)
ROWS = [
    ("soba", "dsoba", "target_s", 5, 3.0, 1.0, 5.0),
    ("nbo", "dsoba", "target_s", 5, -2.0, -4.5, 0.5),
    ("amigo", "dsoba", "target_s", 0, math.nan, math.nan, math.nan),
    ("soba", "dsoba", "target_bits", 5, 2e6, 1e6, 3e6),
    ("nbo", "dsoba", "target_bits", 1, -1e6, math.nan, math.nan),
]


@pytest.fixture
def comparisons() -> pd.DataFrame:
    """Three algorithms against a fourth, in two quantities."""
    names = ["label", "other", "quantity", "pairs", "mean", "low", "high"]
    return pd.DataFrame(ROWS, columns=names).assign(confidence=0.95)


def marks(axes: Axes) -> list[tuple[float, int, str]]:
    """Mean, row and filling of each mark."""
    found = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    return [(float(line.get_xdata()[0]), int(line.get_ydata()[0]), line.get_markerfacecolor()) for line in found]


def test_rows_are_sorted_by_the_first_quantity(comparisons: pd.DataFrame) -> None:
    """A panel for each quantity, with its unit; who has no mean comes last."""
    figure = figures.differences(comparisons, METRIC, "Who?")
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "difference in simulated time to the target [s]",
        "difference in bits sent to the target [bit]",
    ]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == ["nbo − dsoba", "soba − dsoba", "amigo − dsoba"]


def test_a_mark_is_filled_where_the_interval_leaves_out_zero(comparisons: pd.DataFrame) -> None:
    """Without an interval it is open; a line at zero."""
    seconds, bits = figures.differences(comparisons, METRIC).axes
    colour = figures.styles(["soba", "nbo", "amigo"])["soba"].colour
    assert marks(seconds)[:2] == [(-2.0, 0, "white"), (3.0, 1, colour)]
    assert marks(bits) == [(-1e6, 0, "white"), (2e6, 1, colour)]
    assert [line.get_xdata() for line in seconds.lines if line.get_marker() == "None"] == [[0.0, 0.0]]


def test_numbers_stand_beside_the_marks(comparisons: pd.DataFrame) -> None:
    """Mean, interval and how many seeds both have, or that there is none."""
    seconds, bits = figures.differences(comparisons, METRIC).axes
    assert [text.get_text() for text in seconds.texts] == [
        "-2 (-4.5 to 0.5), n = 5",
        "3 (1 to 5), n = 5",
        "no seed that both have",
    ]
    assert [text.get_text() for text in bits.texts] == ["-1M (no interval), n = 1", "2M (1M to 3M), n = 5"]


def test_the_legend_says_how_sure_the_interval_is(comparisons: pd.DataFrame) -> None:
    """In per cent."""
    words = [text.get_text() for text in figures.differences(comparisons, METRIC).legends[0].get_texts()]
    assert words == ["mean over seeds, 95 % interval that leaves out 0", "no interval, or one that holds 0"]


def test_what_there_is_no_room_for_is_counted(tmp_path: Path) -> None:
    """Forty pairs in four quantities, however long their names are."""
    labels = [f"a method with many words in its name, number {k}" for k in range(45)]
    rows = [
        (label, "dsoba", f"quantity_{q}", 3, k, k - 1.0, k + 1.0) for k, label in enumerate(labels) for q in range(5)
    ]
    names = ["label", "other", "quantity", "pairs", "mean", "low", "high"]
    figure = figures.differences(pd.DataFrame(rows, columns=names).assign(confidence=0.9), METRIC)
    figures.save({"differences": figure}, tmp_path)
    assert figure.get_suptitle() == "5 more pairs are not drawn. 1 more quantities are not drawn."
    assert len(figure.axes) == 4
    rows_there = [text.get_window_extent() for text in figure.axes[0].get_yticklabels()]
    assert len(rows_there) == 40
    gaps = np.diff([(box.y0, box.y1) for box in rows_there[::-1]], axis=0)
    assert (gaps > 0).all()
    assert rows_there[1].y1 <= rows_there[0].y0 + 1.0
