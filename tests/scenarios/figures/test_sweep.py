"""Against an axis of a sweep."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from scenarios import figures
from scenarios.figures.facets import facets
from scenarios.figures.sweep import Spread, spreads

Swept = Callable[..., pd.DataFrame]
TARGET = figures.Metric("loss", "nat", 0.1)
FINAL = figures.Metric("loss", "nat")


def seconds(label: str, seed: int, slowdown: float) -> float | None:
    """Seed 2 of dsoba is not in time with a slowdown of 5, nobody of it with 40."""
    if label == "dsoba" and (slowdown == 40.0 or (slowdown == 5.0 and seed == 2)):
        return None
    return slowdown * (1 + seed) if label == "dsoba" else 10.0 + seed


@pytest.fixture
def table(swept: Swept) -> pd.DataFrame:
    """A sweep over one number."""
    return swept({"slowdown": [1.0, 5.0, 40.0]}, seconds)


def lines(axes: Axes) -> list[tuple[list[float], list[float]]]:
    """The lines of the panel itself, without what stands above it."""
    own = [line for line in axes.lines if line.get_transform() == axes.transData]
    return [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in own]


def test_spreads_are_over_the_seeds_that_have_a_value(table: pd.DataFrame) -> None:
    """The others are counted."""
    (facet,) = facets(table, "slowdown")
    found = spreads(facet, "slowdown", ["soba", "dsoba"], "target_s")
    assert found["soba"] == [Spread(value, 10.0, 11.0, 12.0, 0, 3) for value in (1.0, 5.0, 40.0)]
    assert found["dsoba"][:2] == [Spread(1.0, 1.0, 2.0, 3.0, 0, 3), Spread(5.0, 5.0, 7.5, 10.0, 1, 3)]
    assert found["dsoba"][2].missing == 3
    assert np.isnan(found["dsoba"][2].middle)


def test_an_algorithm_that_was_not_run_somewhere_has_no_spread_there(table: pd.DataFrame) -> None:
    """Nor is it said not to have reached anything."""
    (facet,) = facets(table[(table["label"] == "soba") | (table["slowdown"] > 1.0)], "slowdown")
    assert [spread.value for spread in spreads(facet, "slowdown", ["dsoba"], "target_s")["dsoba"]] == [5.0, 40.0]
    (facet,) = facets(table[table["label"] == "soba"], "slowdown")
    assert spreads(facet, "slowdown", ["dsoba"], "target_s") == {"dsoba": []}


def test_lines_are_medians_and_bands_ranges(table: pd.DataFrame) -> None:
    """Both axes logarithmic where what stands on them is far apart; units on them."""
    figure = figures.sweep(table, TARGET, "slowdown", "Who?")
    (axes,) = figure.axes
    assert lines(axes)[0] == ([1.0, 5.0, 40.0], [11.0, 11.0, 11.0])
    assert lines(axes)[1][1][:2] == [2.0, 7.5]
    assert len(axes.collections) == 2
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert axes.get_ylim()[0] == 0.0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("slowdown", "simulated time to the target [s]")
    wide = table.assign(target_s=table["target_s"] ** 2)
    assert figures.sweep(wide, TARGET, "slowdown").axes[0].get_yscale() == "log"


def test_seeds_that_did_not_reach_the_target_stand_above(table: pd.DataFrame) -> None:
    """An open mark with their number, on one line for each algorithm that has any; the legend says what it means."""
    figure = figures.sweep(table, TARGET, "slowdown")
    (axes,) = figure.axes
    marks = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in marks] == [[5.0, 40.0]]
    assert [(text.get_text(), text.xy[0]) for text in axes.texts] == [("1/3", 5.0), ("3/3", 40.0)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "soba",
        "dsoba",
        "not reached (n/m: n of m seeds)",
    ]
    everybody = figures.sweep(table[table["label"] == "soba"], TARGET, "slowdown")
    assert [text.get_text() for text in everybody.legends[0].get_texts()] == ["soba"]
    assert not everybody.axes[0].texts


def test_without_a_target_the_final_metric_is_shown(table: pd.DataFrame) -> None:
    """What is no number counts as missing."""
    figure = figures.sweep(table, FINAL, "slowdown")
    assert figure.axes[0].get_ylabel() == "final loss [nat]"
    assert figure.legends[0].get_texts()[-1].get_text() == "no final value (n/m: n of m seeds)"


def test_names_are_places_side_by_side(swept: Swept) -> None:
    """With whiskers in place of bands, and the algorithms beside one another."""
    table = swept({"topology": ["star", "ring"]}, lambda label, seed, topology: 1.0 + seed)
    (axes,) = figures.sweep(table, TARGET, "topology").axes
    assert lines(axes) == [([-0.15, 0.85], [2.0, 2.0]), ([0.15, 1.15], [2.0, 2.0])]
    whiskers = [collection.get_segments() for collection in axes.collections]
    assert [segment.tolist() for segment in whiskers[0]] == [[[-0.15, 1.0], [-0.15, 3.0]], [[0.85, 1.0], [0.85, 3.0]]]


@pytest.mark.parametrize("labels", [("soba",), tuple(f"a method of many words, number {k}" for k in range(12))])
@pytest.mark.parametrize("metric", [TARGET, FINAL])
def test_one_seed_many_labels_and_nothing_reached_are_drawn(
    swept: Swept, labels: tuple[str, ...], metric: figures.Metric, tmp_path: Path
) -> None:
    """Without a warning, and everything lies within the figure."""
    nothing = swept({"slowdown": [1.0, 2.0]}, lambda label, seed, slowdown: None, labels, seeds=(0,))
    figure = figures.sweep(nothing, metric, "slowdown", "Who?")
    figures.save({"sweep": figure}, tmp_path)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 2 * len(labels)
    assert max(box.y1 for box in boxes) <= figure.bbox.y1
    assert min(box.y0 for box in boxes) >= figure.axes[0].get_window_extent().y1


def test_further_axes_have_a_panel_each(swept: Swept) -> None:
    """With one vertical axis for all."""
    table = swept({"slowdown": [1.0, 2.0], "lost": [0.0, 0.5]}, lambda label, seed, slowdown, lost: slowdown + 9 * lost)
    figure = figures.sweep(table, TARGET, "slowdown")
    assert [axes.get_title() for axes in figure.axes] == ["lost = 0", "lost = 0.5"]
    assert [lines(axes)[0][1] for axes in figure.axes] == [[1.0, 2.0], [5.5, 6.5]]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
