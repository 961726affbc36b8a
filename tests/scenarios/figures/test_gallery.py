"""All figures, and the names of their files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios import figures
from simulator.activity import Activity
from simulator.links import LinkTraffic

Swept = Callable[..., pd.DataFrame]
TARGET = figures.Metric("loss", "nat", 0.1)
IDLE = Activity(1.0, 2.0, np.zeros((2, 2)), np.zeros((2, 2)))
ONE_LINK = (LinkTraffic(0, 1, 1, 10),)


def history_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Two points of each run."""
    names = [*runs.columns[: runs.columns.get_loc("status")], "loss"]
    start = runs[names].assign(round=0, simulated_s=0.0, bits_sent=0, oracle_calls=0, loss=1.0)
    end = runs[names].assign(round=1, simulated_s=1.0, bits_sent=8, oracle_calls=1, loss=0.5)
    return pd.concat([start, end], ignore_index=True)


def draw(runs: pd.DataFrame, metric: figures.Metric = TARGET, **further: object) -> dict[str, object]:
    """All figures of these runs."""
    return figures.draw(runs, history_of(runs), metric, "Who?", **further)


def test_what_was_not_run_is_not_drawn(runs: pd.DataFrame, history: pd.DataFrame, metric: figures.Metric) -> None:
    """Neither as a series nor as a bar; nothing at all gives no figure."""
    drawn = figures.draw(runs, history, metric)
    assert [*drawn] == ["progress", "shares", "time_to_target"]
    assert "adbo" not in [text.get_text() for text in drawn["progress"].legends[0].get_texts()]
    rows = [text.get_text() for text in drawn["shares"].axes[0].get_yticklabels()]
    assert rows == ["soba", "dsoba", "exploding"]
    refused = runs[runs["status"] == "not_applicable"]
    assert figures.draw(refused, history, metric) == {}
    assert "time_to_target" not in figures.draw(runs, history, figures.Metric("loss"))


def test_seconds_and_bits_to_a_target_that_was_reached_are_set_against_each_other(swept: Swept) -> None:
    """By somebody."""
    assert "tradeoff" in draw(swept({}, lambda label, seed: 1.0 if seed else None))
    assert "tradeoff" not in draw(swept({}, lambda label, seed: None))
    assert "tradeoff" not in draw(swept({}, lambda label, seed: 1.0), figures.Metric("loss"))


def test_activity_and_traffic_are_of_the_first_seed_that_ran(swept: Swept) -> None:
    """Of each label; with a server where bits are counted up and down. Nothing else needs to be read."""
    runs = swept({}, lambda label, seed: 1.0)
    runs.loc[runs["label"] == "soba", "bits_up"] = 8
    runs.loc[(runs["label"] == "dsoba") & (runs["seed"] == 0), "status"] = "failed"
    assert figures.drawn_keys(runs) == ["soba 0", "dsoba 1"]
    keys = figures.drawn_keys(runs)
    drawn = draw(runs, activities=dict.fromkeys(keys, IDLE), traffics=dict.fromkeys(keys, ONE_LINK))
    panels = drawn["timeline"].axes
    assert [axes.get_title(loc="left") for axes in panels] == ["soba (until 2 s)", "dsoba (until 2 s)"]
    assert [[text.get_text() for text in axes.get_yticklabels()] for axes in panels] == [["0", "server"], ["0", "1"]]
    assert drawn["timeline"].get_suptitle() == "Who? (seed 0, 1)"
    assert [axes.get_title() for axes in drawn["traffic"].axes[:2]] == ["soba: 10.0 B in all", "dsoba: 10.0 B in all"]
    partly = draw(runs, activities={"dsoba 1": IDLE}, traffics={"another": ONE_LINK})
    assert len(partly["timeline"].axes) == 1
    assert "traffic" not in partly


def test_points_of_a_sweep_have_figures_of_their_own(swept: Swept) -> None:
    """Numbered as they come in the table, also those that could not be run; each says what its values are."""
    runs = swept({"slowdown": [1.0, 2.0, 5.0]}, lambda label, seed, slowdown: slowdown)
    runs.loc[runs["slowdown"] == 2.0, "status"] = "not_applicable"
    names = ["label", "other", "quantity", "pairs", "mean", "low", "high", "confidence", "slowdown"]
    comparisons = pd.DataFrame([("soba", "dsoba", "target_s", 3, 0.0, -1.0, 1.0, 0.95, 5.0)], columns=names)
    activities = {"soba 0 1.0": IDLE, "soba 0 5.0": IDLE}
    drawn = draw(runs, comparisons=comparisons, activities=activities)
    first = ["progress-1", "shares-1", "time_to_target-1", "tradeoff-1", "timeline-1"]
    last = ["progress-3", "shares-3", "time_to_target-3", "tradeoff-3", "differences-3", "timeline-3"]
    assert [*drawn] == [*first, *last, "sweep"]
    assert drawn["progress-3"].get_suptitle() == "slowdown = 5: Who?"
    assert drawn["timeline-3"].get_suptitle() == "slowdown = 5: Who? (seed 0)"
    assert figures.drawn_keys(runs) == ["soba 0 1.0", "dsoba 0 1.0", "soba 0 5.0", "dsoba 0 5.0"]
    assert figures.left_out(runs) == 0


def test_twelve_points_are_drawn_and_the_others_counted(swept: Swept) -> None:
    """In the figures over an axis there are all of them."""
    values: list[object] = [float(k) for k in range(14)]
    runs = swept({"slowdown": values}, lambda label, seed, slowdown: 1.0, ("soba",), (0,))
    drawn = draw(runs, figures.Metric("loss"))
    assert [*drawn] == [f"{name}-{k}" for k in range(1, 13) for name in ("progress", "shares")] + ["sweep"]
    assert figures.left_out(runs) == 2
    assert len(figures.drawn_keys(runs)) == 12
    assert len(drawn["sweep"].axes[0].lines[0].get_xdata()) == 14


def test_each_axis_with_several_values_has_its_figures(swept: Swept) -> None:
    """Numbered where there are several axes; numbers of agents have a speed-up, if there is a target."""
    axes: dict[str, list[object]] = {"network.loss": [0.0], "network.topology.agents": [4.0, 8.0]}
    runs = swept(axes, lambda label, seed, loss, agents: agents)
    assert [name for name in draw(runs) if not name.endswith(("-1", "-2"))] == []
    assert {"sweep-2", "speedup-2"} <= set(draw(runs))
    assert "sweep-1" not in draw(runs)
    assert "speedup-2" not in draw(runs, figures.Metric("loss"))


def test_an_algorithm_looks_the_same_at_each_point(swept: Swept) -> None:
    """Also where another cannot be run."""
    runs = swept({"slowdown": [1.0, 2.0]}, lambda label, seed, slowdown: 1.0)
    runs = runs[(runs["label"] == "dsoba") | (runs["slowdown"] == 1.0)]
    drawn = draw(runs)
    colours = [drawn[name].legends[0].get_lines()[-2].get_color() for name in ("progress-1", "progress-2")]
    assert colours == [figures.styles(["soba", "dsoba"])["dsoba"].colour] * 2


def test_files_of_figures_are_told_from_others(tmp_path: Path) -> None:
    """By the names that figures can have; a folder that is not there holds none."""
    ours = ["progress.png", "progress-12.svg", "sweep.png", "sweep-2.svg", "time_to_target-1.png", "speedup.svg"]
    others = ["mine.png", "progress.pdf", "progress-a.png", "my progress.png", "progress-1.png.bak", "timeline"]
    for name in (*ours, *others):
        (tmp_path / name).write_text("")
    assert [path.name for path in figures.files(tmp_path)] == sorted(ours)
    assert figures.files(tmp_path / "nowhere") == []


@pytest.mark.parametrize("metric", [TARGET, figures.Metric("loss")])
def test_everything_that_is_drawn_has_a_known_name(swept: Swept, metric: figures.Metric) -> None:
    """So that it can be taken away again."""
    runs = swept({"network.topology.agents": [4.0, 8.0]}, lambda label, seed, agents: agents)
    drawn = draw(runs, metric, activities={"soba 0 4.0": IDLE}, traffics={"soba 0 4.0": ONE_LINK})
    assert {name.partition("-")[0] for name in drawn} <= set(figures.NAMES)
