"""Pictures of critical paths: what they say in words, and that they are there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib import image
from matplotlib.colors import to_hex

from scenarios import critical_path, loader
from scenarios.explain import UNFINISHED, Explanation, explain


@pytest.fixture
def explained(written: Callable[..., Path], text: str) -> Callable[..., Explanation]:
    """Explains the first algorithm of the small scenario, with changes."""

    def of(position: int = 0, **changes: Any) -> Explanation:
        scenario = loader.load(written(text), {key.replace("__", "."): value for key, value in changes.items()})
        return explain(scenario, scenario.entries[position], 0)

    return of


def test_the_bar_shows_all_shares_and_the_legend_says_them(explained: Callable[..., Explanation]) -> None:
    """They fill it from 0 to 100 %; large ones have their words inside, all have them in the legend."""
    found = explained(target__below=1e-9)
    figure = critical_path.draw(found)
    bars = figure.axes[0].patches
    assert len(bars) == len(found.kinds)
    assert bars[0].get_bbox().x0 == 0.0
    assert bars[-1].get_bbox().x1 == pytest.approx(100.0)
    assert figure.axes[0].texts[0].get_text().startswith("slowed down\n")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [word.rstrip("<% .0123456789") for word in words[: len(found.kinds)]] == [*found.kinds["what"]]
    assert words[len(found.kinds) :] == [
        "a message on the path", "all agents: computing", "all agents: waiting", "all agents: down",
    ]  # fmt: skip


def test_the_timeline_has_a_row_an_agent_and_units(explained: Callable[..., Explanation]) -> None:
    """Workers, then the server; the horizontal axis is the time that is shown."""
    found = explained(target__below=1e-9)
    below = critical_path.draw(found, "Who is slow?").axes[1]
    assert [label.get_text() for label in below.get_yticklabels()] == [*(f"worker {k}" for k in range(4)), "the server"]
    assert below.get_xlabel() == "simulated time [s]"
    assert below.get_title(loc="left") == "the whole path"
    assert below.get_xlim() == (0.0, found.makespan)


def test_the_title_says_what_the_time_is_counted_to(explained: Callable[..., Explanation]) -> None:
    """Below the question."""
    figure = critical_path.draw(explained(target__below=1e-9), "Who is slow?")
    title = figure.get_suptitle().split("\n")
    assert title[0] == "Who is slow?"
    assert title[1].startswith("soba, seed 0: the end of the run at ")


def test_of_a_long_path_the_last_stretch_is_drawn(explained: Callable[..., Explanation]) -> None:
    """And how long it is stands above it."""
    found = explained(target__below=1e-9, stop__rounds=40)
    below = critical_path.draw(found).axes[1]
    start = found.parts[-critical_path.PIECES].piece.start
    assert below.get_xlim() == (start, found.makespan)
    assert below.get_title(loc="left") == f"the last {found.makespan - start:.3g} s of the path"


def test_of_many_agents_those_on_the_path_are_drawn(explained: Callable[..., Explanation]) -> None:
    """Forty on a ring, of whom the straggler delays a few."""
    many = {"network__topology": {"name": "ring", "agents": 40}, "algorithms": [{"name": "dsoba"}]}
    found = explained(target__below=1e-9, **many)
    below = critical_path.draw(found).axes[1]
    shown = [label.get_text() for label in below.get_yticklabels()]
    assert "agent 3" in shown
    assert len(shown) < 20
    assert below.get_title(loc="left") == f"the whole path, {len(shown)} of 40 agents"


def test_what_an_agent_did_lies_behind_the_path(explained: Callable[..., Explanation]) -> None:
    """An outage is seen there also where the path leads elsewhere."""
    found = explained(target__below=1e-9, failures__0__at_s=1.0)
    colour = critical_path.DOINGS["down"][0].lower()
    spans = [
        path.get_extents()
        for collection in critical_path.draw(found).axes[1].collections
        if len(collection.get_facecolor()) and to_hex(collection.get_facecolor()[0]) == colour
        for path in collection.get_paths()
    ]
    assert [(span.x0, span.x1, round(span.y0 + span.y1) / 2) for span in spans] == [(1.0, 2.0, 1.0)]


def test_kinds_differ_in_colour_or_in_hatch() -> None:
    """No two alike, and every kind of piece has a look."""
    assert len(set(critical_path.KINDS.values())) == len(critical_path.KINDS)
    assert UNFINISHED in critical_path.KINDS


def test_files_are_the_same_every_time_and_not_blank(explained: Callable[..., Explanation], tmp_path: Path) -> None:
    """PNG and SVG, by the ending of the name."""
    contents = []
    for _ in range(2):
        figure = critical_path.draw(explained(target__below=1e-9), "Who?")
        paths = [tmp_path / f"path.{kind}" for kind in ("png", "svg")]
        for path in paths:
            critical_path.save(figure, path)
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    assert image.imread(tmp_path / "path.png").std() > 0.05
    assert b"simulated time [s]" in contents[0][1]


def test_a_run_of_no_length_has_a_picture(explained: Callable[..., Explanation], tmp_path: Path) -> None:
    """The target was met at the start: there is nothing to show, and no trouble."""
    found = explained(target__below=1e9, record={"every_s": 1.0})
    assert (found.makespan, found.parts) == (0.0, ())
    critical_path.save(critical_path.draw(found), tmp_path / "path.png")


def test_names_may_hold_anything(explained: Callable[..., Explanation], tmp_path: Path) -> None:
    """Dollar signs are no formulas."""
    found = explained(target__below=1e-9, algorithms__0__label="$\\frac$ x^2")
    critical_path.save(critical_path.draw(found, "A question with $x_1^$ in it. " * 20), tmp_path / "path.svg")
    assert "$\\frac$ x^2, seed 0" in (tmp_path / "path.svg").read_text()
