"""Who computed, waited and was down."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from scenarios import figures
from scenarios.figures.timeline import BAR
from simulator.activity import Activity


def activity(agents: int, end: float = 2.5) -> Activity:
    """Bins of a second; everybody computes a quarter of the first one, and agent 0 is down in the second one."""
    computing, down = np.zeros((agents, 3)), np.zeros((agents, 3))
    computing[:, 0], down[0, 1] = 0.25, 1.0
    return Activity(1.0, end, computing, down)


def bars(axes: Axes) -> list[PolyCollection]:
    """The layers of a panel: waiting, computing, down."""
    return [layer for layer in axes.collections if isinstance(layer, PolyCollection)]


def outline(layer: PolyCollection, agent: int) -> list[list[float]]:
    """The corners of an agent's bar, those on its foot left out."""
    return np.round(layer.get_paths()[agent].vertices[:6], 9).tolist()


def test_bars_stand_and_hang_as_high_as_shares_are() -> None:
    """Waiting behind, computing from below, down from above, to the very end of the run."""
    (axes,) = figures.timeline({"soba": activity(2)}).axes
    waiting, computing, down = bars(axes)
    floor, ceiling = BAR / 2, -BAR / 2
    assert outline(waiting, 0) == [[x, round(ceiling, 9)] for x in (0.0, 1.0, 1.0, 2.0, 2.0, 2.5)]
    heights = [0.25, 0.25, 0.0, 0.0, 0.0, 0.0]
    along = [0.0, 1.0, 1.0, 2.0, 2.0, 2.5]
    for agent in (0, 1):
        expected = [[x, round(agent + floor - BAR * share, 9)] for x, share in zip(along, heights, strict=True)]
        assert outline(computing, agent) == expected
    hanging = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    assert outline(down, 0) == [[x, round(ceiling + BAR * share, 9)] for x, share in zip(along, hanging, strict=True)]
    assert [layer.get_hatch() for layer in (waiting, computing, down)] == ["///", "", "xxx"]


def test_a_panel_says_whose_it_is_and_the_last_agent_who_serves() -> None:
    """One above the other; all names where there are few agents."""
    figure = figures.timeline({"soba": activity(3), "dsoba": activity(2, 2.25)}, "Who?", servers=["soba"])
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["soba (until 2.5 s)", "dsoba (until 2.25 s)"]
    assert [text.get_text() for text in first.get_yticklabels()] == ["0", "1", "server"]
    assert [text.get_text() for text in second.get_yticklabels()] == ["0", "1"]
    assert second.get_xlabel() == "simulated time [s]"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["computing", "waiting", "down"]


def test_panels_share_their_time_unless_runs_ended_far_apart() -> None:
    """Then each has its own."""
    near = figures.timeline({"soba": activity(2), "dsoba": activity(2, 2.25)})
    assert [axes.get_xlim() for axes in near.axes] == [(0.0, 2.5), (0.0, 2.5)]
    long = Activity(100.0, 250.0, np.zeros((2, 3)), np.zeros((2, 3)))
    far = figures.timeline({"soba": activity(2), "dsoba": long})
    assert [axes.get_xlim() for axes in far.axes] == [(0.0, 2.5), (0.0, 250.0)]


@pytest.mark.parametrize(("agents", "lines"), [(41, 41), (300, 300), (1000, 300)])
def test_many_agents_are_lines_of_an_image(agents: int, lines: int) -> None:
    """Colours are mixed by shares; very many agents share a line; some have their number beside it."""
    figure = figures.timeline({"soba": activity(agents)})
    (axes,) = figure.axes
    (image,) = axes.images
    pixels = np.asarray(image.get_array())
    blue, amber = np.array(to_rgb("#0072B2")), np.array(to_rgb("#E69F00"))
    assert pixels.shape == (lines, 3, 3)
    assert pixels[-1, 0] == pytest.approx(0.25 * blue + 0.75 * amber)
    assert pixels[-1, 2] == pytest.approx(amber)
    assert pixels[0, 1] == pytest.approx(amber * (0.0 if lines == agents else 1 - 1 / np.ceil(agents / lines)))
    assert figure.get_suptitle().startswith("Of more than 40 agents")
    assert 10 <= len(axes.get_yticks()) <= 14


def test_eight_panels_are_drawn_and_the_title_names_the_others(tmp_path: Path) -> None:
    """A run of no time has an empty one; the pictures are the same every time."""
    activities = {f"method {k}": activity(3) for k in range(9)}
    activities["method 3"] = Activity(1.0, 0.0, np.zeros((2, 0)), np.zeros((2, 0)))
    contents = []
    for name in ("first", "second"):
        figure = figures.timeline(activities, "Who?")
        (tmp_path / name).mkdir()
        paths = figures.save({"timeline": figure}, tmp_path / name)
        contents.append([path.read_bytes() for path in paths])
    assert len(figure.axes) == 8
    assert figure.get_suptitle() == "Who?\nNot drawn: method 8."
    assert contents[0] == contents[1]
    assert len(contents[0][1]) < 500_000
