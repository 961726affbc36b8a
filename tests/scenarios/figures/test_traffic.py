"""Bytes on the network."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from scenarios import figures
from scenarios.figures.traffic import ASIDE, THINNEST, WIDEST, in_bytes
from simulator.links import LinkTraffic


def both(pairs: list[tuple[int, int]], sent: int = 100) -> list[LinkTraffic]:
    """As many bytes in each direction of these links."""
    return [LinkTraffic(*way, 1, sent) for pair in pairs for way in (pair, pair[::-1])]


RING = [(0, 1), (1, 2), (2, 3), (0, 3)]
STAR = [(k, 4) for k in range(4)]


def ways(axes: Axes) -> LineCollection:
    """The lines of a panel."""
    (found,) = (layer for layer in axes.collections if isinstance(layer, LineCollection))
    return found


def test_each_direction_runs_on_its_right() -> None:
    """Up and down a star: the lines lie on either side of the straight one."""
    (axes, _) = figures.traffic({"soba": both(STAR)}, "Who?", servers=["soba"]).axes
    to_server, from_server = (np.round(line, 9).tolist() for line in ways(axes).get_segments()[:2])
    assert to_server == [[-ASIDE, 1.0], [-ASIDE, 0.0]]
    assert from_server == [[ASIDE, 0.0], [ASIDE, 1.0]]


def test_width_and_colour_grow_with_bytes() -> None:
    """From nothing on; the bar says how many bytes a colour stands for, for all panels alike."""
    links = [LinkTraffic(0, 1, 1, 100), LinkTraffic(1, 0, 1, 50)]
    figure = figures.traffic({"soba": links, "dsoba": both([(0, 1)], 25)})
    *panels, bar = figure.axes
    widths = [ways(axes).get_linewidths() for axes in panels]
    assert widths[0] == pytest.approx([WIDEST, THINNEST + 0.5 * (WIDEST - THINNEST)])
    assert widths[1] == pytest.approx(2 * [THINNEST + 0.25 * (WIDEST - THINNEST)])
    assert bar.get_ylabel() == "sent over a link [byte]"
    assert bar.get_ylim() == (0.0, 100.0)
    assert [axes.get_title() for axes in panels] == ["soba: 150.0 B in all", "dsoba: 50.0 B in all"]


def test_amounts_far_apart_have_a_logarithmic_scale() -> None:
    """From the least that a link carried to the most."""
    links = [LinkTraffic(0, 1, 1, 100), LinkTraffic(1, 2, 1, 100_000), LinkTraffic(2, 0, 0, 0)]
    figure = figures.traffic({"soba": links})
    assert figure.axes[-1].get_yscale() == "log"
    assert figure.axes[-1].get_ylim() == pytest.approx((100.0, 100_000.0))
    assert ways(figure.axes[0]).get_linewidths() == pytest.approx([THINNEST, WIDEST, THINNEST])


def test_links_across_the_border_of_a_torus_are_two_halves() -> None:
    """Out on one side, in on the other: of 36 directions, twelve go across, and have two lines each."""
    rows = [(3 * r + c, 3 * r + (c + 1) % 3) for r in range(3) for c in range(3)]
    columns = [(3 * r + c, (3 * r + c + 3) % 9) for r in range(3) for c in range(3)]
    (axes, _) = figures.traffic({"dsoba": both(rows + columns)}).axes
    assert len(ways(axes).get_segments()) == 36 + 12
    assert axes.get_xlim()[1] == axes.get_ylim()[1] == pytest.approx(1.5 + 0.1)


def test_agents_have_their_numbers_and_a_server_is_a_square() -> None:
    """The legend shows both where there is a server."""
    figure = figures.traffic({"soba": both(STAR), "dsoba": both(RING)}, servers=["soba"])
    star, ring, _ = figure.axes
    assert [text.get_text() for text in star.texts] == ["0", "1", "2", "3"]
    assert [text.get_text() for text in ring.texts] == ["0", "1", "2", "3"]
    assert [len(line.get_xdata()) for line in star.lines] == [4, 1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["agent", "server"]
    assert not figures.traffic({"dsoba": both(RING)}).legends


def test_many_links_are_thin_and_have_no_heads() -> None:
    """A complete graph of forty, and many more are drawn as pixels."""
    for agents, heads, pixels in ((10, True, False), (40, False, False), (50, False, True)):
        links = both([(i, j) for j in range(agents) for i in range(j)])
        (axes, _) = figures.traffic({"dsoba": links}).axes
        assert any(isinstance(layer, PolyCollection) for layer in axes.collections) == heads
        assert bool(ways(axes).get_rasterized()) == pixels
        assert max(ways(axes).get_linewidths()) == pytest.approx(max(WIDEST * (60 / len(links)) ** 0.5, 2 * THINNEST))


def test_eight_panels_are_drawn_and_the_title_names_the_others(tmp_path: Path) -> None:
    """Who sent nothing has an empty one; the pictures are the same every time."""
    traffics = {f"method {k}": both(RING) for k in range(9)}
    traffics["method 3"] = []
    contents = []
    for name in ("first", "second"):
        figure = figures.traffic(traffics, "Who?")
        (tmp_path / name).mkdir()
        contents.append([path.read_bytes() for path in figures.save({"traffic": figure}, tmp_path / name)])
    assert len(figure.axes) == 9
    assert figure.get_suptitle() == "Who?\nNot drawn: method 8."
    assert contents[0] == contents[1]
    assert figure.axes[3].get_title() == "method 3: 0.0 B in all"


def test_bytes_have_decimal_prefixes() -> None:
    """One digit behind the point."""
    assert [in_bytes(sent) for sent in (0, 999, 1_264_000)] == ["0.0 B", "999.0 B", "1.3 MB"]
