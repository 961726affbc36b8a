"""Empty figures, rows of names, and files."""

from pathlib import Path

import pandas as pd
from matplotlib import image

from scenarios import figures
from scenarios.figures import canvas


def test_files_are_there_not_empty_and_the_same_every_time(
    runs: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric, tmp_path: Path
) -> None:
    """PNG and SVG, byte for byte, and the picture is not blank."""
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        paths = figures.save(figures.draw(runs, history, metric, "Who?"), folder)
        contents.append({path.name: path.read_bytes() for path in paths})
    assert sorted(contents[0]) == sorted(
        f"{name}.{kind}" for name in ("progress", "shares", "time_to_target") for kind in ("png", "svg")
    )
    assert contents[0] == contents[1]
    pixels = image.imread(tmp_path / "first" / "progress.png")
    assert pixels.std() > 0.05
    assert b"simulated time [s]" in contents[0]["progress.svg"]


def test_names_of_every_kind_and_length_are_drawn(
    runs: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric, labels: tuple[str, ...], tmp_path: Path
) -> None:
    """Broken formulas, underscores, other scripts and sixty characters: no warning, every one in the legend."""
    names = dict(
        zip(labels, ["_$\\frac$ x^2", "\u65e5\u672c", "a name of sixty letters " * 2 + "and then some"], strict=True)
    )
    table, points = runs.replace({"label": names}), history.replace({"label": names})
    drawn = figures.draw(table, points, metric, "A question with $x_1^$ in it, asked at length. " * 20)
    figures.save(drawn, tmp_path)
    words = [text.get_text().strip() for text in drawn["progress"].legends[0].get_texts()]
    assert words[:3] == [*names.values()]
    rows = [text.get_text() for text in drawn["time_to_target"].axes[0].get_yticklabels()]
    assert [row.replace("\n", " ") for row in rows] == [*names.values()]
    assert max(len(line) for row in rows for line in row.split("\n")) <= figures.ROW_CHARACTERS
    for figure in drawn.values():
        assert len(figure.get_suptitle().split("\n")) == 3


def test_panels_come_line_by_line_under_title_and_note() -> None:
    """A note stands however long the title is; each further line of either adds to the height."""
    figure, panels = canvas.new(5.0, 4.0, "A long question. " * 50, columns=2, lines=2, note="Not drawn: soba")
    places = [axes.get_subplotspec() for axes in panels]
    assert [(place.rowspan.start, place.colspan.start) for place in places if place] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    lines = figure.get_suptitle().split("\n")
    assert len(lines) == 4
    assert lines[-1] == "Not drawn: soba"
    assert figure.get_size_inches().tolist() == [5.0, 4.0 + 3 * 0.17]


def test_rows_are_as_high_as_their_longest_name() -> None:
    """A line or two have room in the least height, six need more."""
    assert canvas.row_height(["soba", "a name of two lines, just because it is long"]) < 0.4
    assert canvas.row_height(["soba", "word " * 36]) > 0.9


def test_the_words_above_a_panel_are_two_lines_at_most() -> None:
    """And none if there is nothing to say."""
    _, (axes,) = canvas.new(5.0, 4.0, "")
    canvas.headline(axes, "", 10)
    assert axes.get_title() == ""
    canvas.headline(axes, "one two three four five six", 10)
    assert axes.get_title() == "one two\nthree ..."
