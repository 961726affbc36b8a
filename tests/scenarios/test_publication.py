"""What a comparison leaves for people."""

from collections.abc import Callable
from pathlib import Path

import pytest

import scenarios
from scenarios import figures, publication
from scenarios.result import Result


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A sweep of two points, with a folder."""
    out = tmp_path_factory.mktemp("out")
    two = [{"name": "soba"}, {"name": "dsoba", "topology": {"name": "ring"}}]
    changes = {"seeds": 2, "stop.rounds": 4, "sweep.stragglers.0.slowdown": [1.0, 10.0], "algorithms": two}
    return scenarios.run(scenarios.load("one_slow_worker", changes), out=out)


def test_every_kind_of_figure_has_its_words() -> None:
    """A title and a caption."""
    assert publication.WORDS.keys() == set(figures.NAMES)


def test_the_folder_has_tables_figures_and_the_report(made: Result) -> None:
    """Each figure as PNG and SVG, and in the report."""
    assert made.out is not None
    report = (made.out / "report.html").read_text()
    names = {path.stem for path in (made.out / "figures").iterdir()}
    assert {"sweep", "progress-1", "progress-2", "timeline-1", "traffic-2", "differences-1"} <= names
    for name in names:
        assert all((made.out / "figures" / f"{name}.{kind}").stat().st_size > 0 for kind in ("png", "svg"))
        assert f"figures/{name}" in report
    assert made.answer.removesuffix(".").partition(" (")[0] in report
    assert (made.out / "comparisons.csv").read_text().startswith("stragglers.0.slowdown,label,other,quantity,")


def test_what_shows_the_whole_sweep_comes_first(made: Result) -> None:
    """Then its points, each with its values in the title."""
    drawings = publication.drawings(made, {"progress-2": "<svg/>", "sweep": "<svg/>"})
    assert [*drawings] == ["sweep", "progress-2"]
    assert drawings["sweep"].title == "Along the sweep: stragglers.0.slowdown"
    assert drawings["progress-2"].title == "On the way, stragglers.0.slowdown = 10"


def test_figures_of_an_earlier_shape_go_and_others_stay(made: Result) -> None:
    """A figure that this comparison does not have would be a lie."""
    assert made.out is not None
    (made.out / "figures" / "progress-7.png").write_text("old")
    (made.out / "figures" / "mine.png").write_text("mine")
    publication.publish(made, made.out)
    assert not (made.out / "figures" / "progress-7.png").exists()
    assert (made.out / "figures" / "mine.png").read_text() == "mine"


def test_points_without_figures_are_told(written: Callable[..., Path], tmp_path: Path) -> None:
    """Twelve have figures of their own."""
    many = [float(value) for value in range(1, 15)]
    changes = {"seeds": 1, "stop.rounds": 1, "sweep.stragglers.0.slowdown": many, "algorithms": [{"name": "dsoba"}]}
    made = scenarios.run(scenarios.load(written(), changes))
    told = publication.contents(made, {}).omissions
    assert [*told] == ["2 further points of the sweep have no figures of their own; their numbers are in the tables."]
