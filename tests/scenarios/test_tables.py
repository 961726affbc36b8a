"""Tables, on frames made by hand."""

from typing import Any

import pandas as pd
import pytest

from scenarios import tables


def row(label: str, seed: int | None, status: str, **more: Any) -> dict[str, Any]:
    """A row of the table of runs."""
    return {"scenario": "s", "algorithm": label, "label": label, "seed": seed, "status": status, **more}


RUNS = tables.runs_frame(
    [
        row("a", 0, "reached", target_s=2.0, target_rounds=4, target_bits=20_000, target_oracle_calls=8, loss=0.1)
        | {"waiting_share": 0.5, "down_share": 0.1, "computing_share": 0.4},
        row("a", 1, "reached", target_s=4.0, target_rounds=6, target_bits=40_000, target_oracle_calls=9, loss=0.2)
        | {"waiting_share": 0.6, "down_share": 0.1, "computing_share": 0.3},
        row("b", 0, "stalled", reason="worker 1 waits for worker 2", loss=0.5),
        row("b", 1, "finished", loss=0.4),
        row("c", None, "not_applicable", reason="c needs a server"),
    ],
    ["loss"],
)


def test_columns_are_those_that_others_script_against() -> None:
    """In this order; metrics follow."""
    assert [*RUNS.columns] == [*tables.RUN_COLUMNS, "loss"]
    assert [*tables.history_frame([], ["loss"]).columns] == [*tables.HISTORY_COLUMNS, "loss"]
    for name in ("scenario", "status", "target_s", "bits_up", "waiting_share", "host_s", "fingerprint"):
        assert name in tables.RUN_COLUMNS


def test_types_do_not_depend_on_what_is_there() -> None:
    """Counts are whole numbers that may be absent, also in an empty table."""
    assert RUNS["target_bits"].dtype == "Int64"
    assert RUNS["target_bits"].isna().sum() == 3
    assert (RUNS.dtypes == tables.runs_frame([], ["loss"]).dtypes).all()


def test_axes_of_a_sweep_stand_after_the_seed() -> None:
    """Numbers as numbers; text where one value is no number."""
    rows = [row("a", 0, "finished") | {"wait": "all", "stragglers.0.slowdown": slow} for slow in (1, 10)]
    runs = tables.runs_frame(rows, ["loss"], ["stragglers.0.slowdown", "wait"])
    assert [*runs.columns[3:7]] == ["seed", "stragglers.0.slowdown", "wait", "status"]
    assert [*runs["stragglers.0.slowdown"]] == [1.0, 10.0]
    assert runs["wait"].dtype == "string"
    summary = tables.summary(runs, target=False, axes=["stragglers.0.slowdown", "wait"])
    assert [*summary["stragglers.0.slowdown"]] == ["1", "10"]
    assert [*summary.columns[:3]] == ["stragglers.0.slowdown", "wait", "algorithm"]


def test_histories_are_joined_with_the_columns_of_all() -> None:
    """What one run did not measure is empty there."""
    first = tables.points_frame([{"label": "a", "round": 0, "loss": 1.0}])
    second = tables.points_frame([{"label": "b", "round": 0, "loss": 2.0, "drift_x": 0.5}])
    both = tables.joined([first.assign(scenario="s"), second.assign(scenario="s")], ["loss", "drift_x"])
    assert [*both.columns] == [*tables.HISTORY_COLUMNS, "loss", "drift_x"]
    assert [*both["loss"]] == [1.0, 2.0]
    assert both["drift_x"].isna().tolist() == [True, False]
    assert (both.dtypes == tables.joined([], ["loss", "drift_x"]).dtypes).all()


def test_the_summary_has_medians_over_those_that_reached_the_target() -> None:
    """With the range over seeds, and a dash where nobody reached it."""
    summary = tables.summary(RUNS, target=True, metric="loss").set_index("algorithm")
    assert summary.loc["a", "time to target [s]"] == "3 (2 to 4)"
    assert summary.loc["a", "bits to target"] == "30k (20k to 40k)"
    assert summary.loc["a", "idle share"] == "65 % (60 % to 70 %)"
    assert summary.loc["b", "time to target [s]"] == "-"
    assert summary.loc["b", "final loss"] == "0.45 (0.4 to 0.5)"
    assert summary.loc["b", "status"] == "finished 1, stalled 1"
    assert summary.loc["c", "status"] == "not_applicable"
    assert [*summary["target reached"]] == ["2 of 2", "0 of 2", "-"]
    assert [*summary.index] == ["a", "b", "c"]


def test_without_a_target_the_summary_is_of_whole_runs() -> None:
    """Nothing is said to be a way to a target."""
    columns = tables.summary(RUNS, target=False).columns
    assert "simulated time [s]" in columns
    assert not [name for name in columns if "target" in name]


def test_the_table_fits_the_terminal() -> None:
    """A row a line where there is room or nobody looks, else a value a line under the name of its row."""
    summary = pd.DataFrame({"algorithm": ["soba", "b"], "status": ["finished", "stalled 1"], "rounds": ["12", "-"]})
    wide = ["algorithm  status     rounds", "soba       finished   12", "b          stalled 1  -"]
    assert tables.as_text(summary).splitlines() == tables.as_text(summary, 28).splitlines() == wide
    narrow = ["soba", "  status     finished", "  rounds     12", "b", "  status     stalled 1", "  rounds     -"]
    assert tables.as_text(summary, 27).splitlines() == narrow


def test_notes_say_why() -> None:
    """One line for each algorithm that ended otherwise than wished; the seed where there is one."""
    assert tables.notes(RUNS) == [
        "b: stalled, seed 0: worker 1 waits for worker 2",
        "c: not applicable: c needs a server",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.12345, "0.123"),
        (12.0, "12"),
        (1234.0, "1234"),
        (12345.0, "12.3k"),
        (4.567e6, "4.57M"),
        (2e9, "2G"),
        (3e13, "30T"),
        (1e20, "1e+20"),
        (-20_000.0, "-20k"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    """Three digits and a prefix."""
    assert tables.short(value) == text


def test_middle_of_nothing_is_a_dash() -> None:
    """An empty series, or one of absent values."""
    assert tables.middle(pd.Series([], dtype="float64")) == "-"
    assert tables.middle(pd.Series([None, None], dtype="Float64")) == "-"
