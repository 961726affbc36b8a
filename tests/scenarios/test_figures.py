"""Figures, from frames made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import image

from scenarios import figures, tables

LABELS = ("soba", "dsoba", "exploding")


def runs() -> pd.DataFrame:
    """Three algorithms, two seeds: one reaches the target, one stalls once, one diverges."""
    statuses = {"soba": ["reached", "reached"], "dsoba": ["finished", "stalled"], "exploding": ["diverged", "diverged"]}
    rows = [
        {"label": label, "seed": seed, "status": statuses[label][seed]}
        | {"computing_share": 0.5, "waiting_share": 0.4, "down_share": 0.1}
        | ({"target_s": 3.0 + seed} if label == "soba" else {})
        for label in LABELS
        for seed in (0, 1)
    ]
    rows.append({"label": "adbo", "status": "not_applicable", "reason": "no server"})
    return tables.runs_frame(rows, ["loss"])


def history() -> pd.DataFrame:
    """Losses that fall, that stop falling, and that explode until they are no numbers."""
    rows = []
    for label in LABELS:
        for seed in (0, 1):
            for k in range(8):
                loss = {"soba": 0.5**k, "dsoba": 0.8**k, "exploding": 1e3**k}[label] * (1 + 0.1 * seed)
                loss = np.nan if label == "exploding" and k == 7 else loss
                place = {"round": k, "simulated_s": k * (1.0 + seed), "bits_sent": 1000 * k, "oracle_calls": 5 * k}
                rows.append({"label": label, "seed": seed, "loss": loss, **place})
    return tables.history_frame(rows, ["loss"])


METRIC = figures.Metric("loss", "nat", 0.05)


def test_the_main_figure_has_four_panels_with_one_axis() -> None:
    """Against rounds, seconds, bits and calls; labels carry units; a line for each algorithm, and the target."""
    figure = figures.progress(runs(), history(), METRIC, "Who?")
    assert [axes.get_xlabel() for axes in figure.axes] == [*figures.AXES.values()]
    assert figure.axes[0].get_ylabel() == "loss [nat]"
    assert figure.axes[0].get_yscale() == "log"
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["soba", "dsoba", "exploding", "adbo", "target", "stalled", "diverged"]


def test_what_was_not_run_is_not_drawn() -> None:
    """Neither as a series nor as a bar; nothing at all gives no figure."""
    drawn = figures.draw(runs(), history(), METRIC)
    assert [*drawn] == ["progress", "shares", "time_to_target"]
    assert "adbo" not in [text.get_text() for text in drawn["progress"].legends[0].get_texts()]
    assert [text.get_text() for text in drawn["shares"].axes[0].get_yticklabels()] == [*LABELS]
    refused = runs()[lambda frame: frame["status"] == "not_applicable"]
    assert figures.draw(refused, history(), METRIC) == {}
    assert "time_to_target" not in figures.draw(runs(), history(), figures.Metric("loss"))


def test_what_explodes_does_not_flatten_the_rest() -> None:
    """The axis ends ten times above where runs began."""
    top = figures.progress(runs(), history(), METRIC).axes[0].get_ylim()[1]
    assert top == pytest.approx(10 * 1.1)


def test_series_differ_in_more_than_colour() -> None:
    """Any two of the first six differ in colour, in dashes and in marker; 100 series are all different."""
    look = list(figures.styles([str(k) for k in range(100)]).values())
    assert len({(style.colour, style.dashes, style.marker) for style in look}) == 100
    for part in ("colour", "dashes", "marker"):
        assert len({getattr(style, part) for style in look[:6]}) == 6


def test_seeds_are_brought_to_one_grid_by_holding_values() -> None:
    """A value holds until the next point; the grid ends where fewer than half still run."""
    first = np.array([[0.0, 8.0], [2.0, 4.0], [4.0, 2.0]])
    second = np.array([[0.0, 8.0], [3.0, 5.0]])
    third = np.array([[1.0, 7.0], [10.0, 1.0]])
    grid, values = figures.on_common_grid([first, second, third])
    assert grid.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert values.tolist() == [[8.0, 4.0, 4.0, 2.0], [8.0, 8.0, 5.0, 5.0], [7.0, 7.0, 7.0, 7.0]]


def test_long_curves_are_thinned() -> None:
    """To a few hundred points, with both ends."""
    long = np.column_stack([np.arange(10_000.0), np.arange(10_000.0)])
    grid, values = figures.on_common_grid([long])
    assert len(grid) == 400
    assert (grid[0], grid[-1]) == (0.0, 9999.0)
    assert (values[0] == grid).all()


def test_files_are_there_not_empty_and_the_same_every_time(tmp_path: Path) -> None:
    """PNG and SVG, byte for byte, and the picture is not blank."""
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        paths = figures.save(figures.draw(runs(), history(), METRIC, "Who?"), folder)
        contents.append({path.name: path.read_bytes() for path in paths})
    assert sorted(contents[0]) == sorted(
        f"{name}.{kind}" for name in ("progress", "shares", "time_to_target") for kind in ("png", "svg")
    )
    assert contents[0] == contents[1]
    pixels = image.imread(tmp_path / "first" / "progress.png")
    assert pixels.std() > 0.05
    assert b"simulated time [s]" in contents[0]["progress.svg"]


def test_dots_say_who_never_reached_the_target() -> None:
    """In words, since there is no dot."""
    ran = runs()[lambda frame: frame["status"] != "not_applicable"]
    words = [text.get_text() for text in figures.time_to_target(ran).axes[0].texts]
    assert words == ["not reached: 2 of 2", "not reached: 2 of 2"]


def test_one_point_and_no_point_are_no_trouble() -> None:
    """A run that ends before its first round still gives a figure."""
    single = history()[lambda frame: frame["round"] == 0]
    for points in (single, single.iloc[:0]):
        figures.draw(runs(), points, METRIC)["progress"].canvas.draw()


def test_names_of_every_kind_and_length_are_drawn(tmp_path: Path) -> None:
    """Broken formulas, underscores, other scripts and sixty characters: no warning, every one in the legend."""
    names = dict(
        zip(LABELS, ["_$\\frac$ x^2", "\u65e5\u672c", "a name of sixty letters " * 2 + "and then some"], strict=True)
    )
    table, points = runs().replace({"label": names}), history().replace({"label": names})
    drawn = figures.draw(table, points, METRIC, "A question with $x_1^$ in it, asked at length. " * 20)
    figures.save(drawn, tmp_path)
    words = [text.get_text().strip() for text in drawn["progress"].legends[0].get_texts()]
    assert words[:3] == [*names.values()]
    rows = [text.get_text() for text in drawn["time_to_target"].axes[0].get_yticklabels()]
    assert [row.replace("\n", " ") for row in rows] == [*names.values()]
    assert max(len(line) for row in rows for line in row.split("\n")) <= figures.ROW_CHARACTERS
    for figure in drawn.values():
        assert len(figure.get_suptitle().split("\n")) == 3


def test_a_legend_fits_into_its_figure(tmp_path: Path) -> None:
    """Also with fifteen long names: it is as high as it must be and no wider than the panels."""
    table, points = runs(), history()
    for k in range(12):
        own = {"label": {"soba": f"a method with many words in its name, number {k}"}}
        table = pd.concat([table, runs()[runs()["label"] == "soba"].replace(own)])
        points = pd.concat([points, history()[history()["label"] == "soba"].replace(own)])
    figure = figures.progress(table, points, METRIC)
    figures.save({"progress": figure}, tmp_path)
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= min(axes.get_window_extent().y0 for axes in figure.axes)


def test_where_nothing_went_anywhere_an_axis_has_a_length() -> None:
    """Runs that ended before the first round."""
    start = history()[history()["round"] == 0]
    assert figures.progress(runs(), start, METRIC).axes[0].get_xlim() == (0.0, 1.0)
