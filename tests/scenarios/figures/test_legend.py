"""Legends."""

from pathlib import Path

import pandas as pd

from scenarios import figures
from scenarios.figures import canvas, legend
from scenarios.figures.style import styles


def test_a_legend_fits_into_its_figure(
    ran: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric, tmp_path: Path
) -> None:
    """Also with fifteen long names: it is as high as it must be and no wider than the panels."""
    table, points = ran, history
    for k in range(12):
        own = {"label": {"soba": f"a method with many words in its name, number {k}"}}
        table = pd.concat([table, ran[ran["label"] == "soba"].replace(own)])
        points = pd.concat([points, history[history["label"] == "soba"].replace(own)])
    figure = figures.progress(table, points, metric)
    figures.save({"progress": figure}, tmp_path)
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= min(axes.get_window_extent().y0 for axes in figure.axes)


def test_columns_are_as_many_as_fit() -> None:
    """At most six, at least one, no more than there are entries."""
    assert legend.legend_columns(13.0, ["a"] * 20) == 6
    assert legend.legend_columns(13.0, ["a"] * 2) == 2
    assert legend.legend_columns(7.0, ["a" * 40] * 20) == 2
    assert legend.legend_columns(3.0, ["a" * 80] * 20) == 1


def test_labels_stand_as_they_were_written() -> None:
    """Neither read as formulas, nor left out for an underscore; lines differ as the series do."""
    look = styles(["_$x", "b"])
    figure, _ = canvas.new(7.0, 3.0, "")
    handles = legend.lines(look)
    legend.below(figure, handles)
    texts = figure.legends[0].get_texts()
    assert [text.get_text() for text in texts] == [" _$x", "b"]
    assert not any(text.get_parse_math() for text in texts)
    assert [handle.get_marker() for handle in handles] == [style.marker for style in look.values()]


def test_height_counts_lines() -> None:
    """Seven entries in six columns are two lines."""
    assert legend.height(13.0, legend.lines(styles(list("abcdef")))) == legend.LINE_INCHES
    assert legend.height(13.0, legend.lines(styles(list("abcdefg")))) == 2 * legend.LINE_INCHES
