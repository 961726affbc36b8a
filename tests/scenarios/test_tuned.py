"""What a search leaves."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from scenarios import loader, trials, tuned
from scenarios.ranges import Range
from scenarios.tuning import Candidate, Found, Outcome

WIDE = {"step_x": Range(0.001, 10.0, least=0.0)}


def found(value: float, *outcomes: Outcome) -> Found:
    """A search with one candidate."""
    best = Candidate(3, 2, {"step_x": value}, outcomes)
    return Found(WIDE, (1_000_000, 1_000_001), (best,), best)


REACHED = (
    Outcome(
        "reached",
        2.0,
        row={"algorithm": "soba", "label": "soba", "seed": 1_000_000, "status": "reached", "target_s": 2.0},
    ),
    Outcome(
        "reached",
        4.0,
        row={"algorithm": "soba", "label": "soba", "seed": 1_000_001, "status": "reached", "target_s": 4.0},
    ),
)


@pytest.fixture
def made(written: Callable[..., Path], text: str) -> trials.Plan:
    """The small scenario's, with a setting that is not searched."""
    own = text.replace(
        'topology = { name = "star" }', 'topology = { name = "star" }\nsettings = { averaging = 0.5, step_x = 0.9 }'
    )
    return trials.plan(written(own), options={"budget": 6, "seeds": 2})


def test_the_file_is_the_scenario_with_the_settings_found(made: trials.Plan) -> None:
    """What was not searched stays, so does an algorithm that was not tuned; tuned ones say so."""
    document = tomllib.loads(tuned.text(made, {0: found(0.25, *REACHED)}))
    first, second = document["algorithms"]
    assert first["settings"] == {"averaging": 0.5, "step_x": 0.25}
    assert first["settings_are"] == "tuned"
    assert second == {"name": "dsoba"}
    assert {key: value for key, value in document.items() if key != "algorithms"} == {
        key: value for key, value in made.document.items() if key != "algorithms"
    }
    assert "settings_are" not in made.document["algorithms"][0]


def test_the_file_is_a_valid_scenario_beside_its_two_new_keys(made: trials.Plan) -> None:
    """Its settings are those found."""
    document = tomllib.loads(tuned.text(made, {0: found(0.25, *REACHED)}))
    for entry in document["algorithms"]:
        entry.pop("settings_are", None), entry.pop("settings_note", None)
    scenario = loader.understand(document, "", Path(made.scenario.file), {})
    assert (scenario.entries[0].settings.step_x, scenario.entries[0].settings.averaging) == (0.25, 0.5)


def test_the_note_says_how_and_how_surely(made: trials.Plan) -> None:
    """Budget, seeds, ranges; a warning at an edge."""
    assert tuned.note(made, found(0.25, *REACHED)) == (
        "the best of 1 candidates by time to the target, in 2 runs on tuning seeds 1000000, 1000001 (bilevelsim tune); "
        "searched: step_x 0.001 to 10"
    )
    at_the_edge = tuned.note(made, found(9.0, *REACHED))
    assert at_the_edge.endswith(
        "; warning: step_x = 9 lies at the upper edge of its range 0.001 to 10: better settings may lie beyond"
    )
    assert tuned.warnings(made, {0: found(9.0, *REACHED)}) == [
        "soba: step_x = 9 lies at the upper edge of its range 0.001 to 10: better settings may lie beyond"
    ]


def test_the_note_says_where_tuning_runs_differ_from_the_scenarios(written: Callable[..., Path], text: str) -> None:
    """Shorter limits, another column."""
    table = '\n[tune]\nbudget = 6\nrounds = 4\nsimulated_seconds = 9.0\nminimise = "bits_sent"\n'
    note = tuned.note(trials.plan(written(text + table)), found(0.25, *REACHED))
    assert "candidates by bits_sent, in" in note
    assert "; tuning runs ended after 9 simulated seconds; tuning runs ended after 4 rounds" in note


def test_the_table_has_a_row_a_run(made: trials.Plan) -> None:
    """Who, which candidate, its settings, and the run; what took the host how long is no part of it."""
    table = tuned.table(made, {0: found(0.25, *REACHED)})
    assert [*table.columns][:8] == [
        "algorithm",
        "label",
        "stage",
        "candidate",
        "best",
        "settings.step_x",
        "seed",
        "status",
    ]
    assert "host_s" not in table.columns
    assert [*table["target_s"]] == [2.0, 4.0]
    assert [*table["settings.step_x"]] == [0.25, 0.25]
    assert table["best"].all()
    assert (table["candidate"] == 3).all()


def test_the_summary_has_a_row_an_algorithm(made: trials.Plan) -> None:
    """With the median over the tuning seeds."""
    (row,) = tuned.summary(made, {0: found(0.25, *REACHED)}).to_dict("records")
    assert row == {
        "algorithm": "soba",
        "runs": "2",
        "target reached": "2 of 2",
        "time to target [s]": "3",
        "settings": "step_x = 0.25",
    }
    (none,) = tuned.summary(made, {0: found(0.25, Outcome("finished", None))}).to_dict("records")
    assert (none["target reached"], none["time to target [s]"]) == ("0 of 2", "-")


def test_everything_is_written_beside_the_file(made: trials.Plan, tmp_path: Path) -> None:
    """The table, the figure in both forms, the scenario; and again the same bytes."""
    tuned.write(made, {0: found(0.25, *REACHED)}, tmp_path / "a.toml")
    tuned.write(made, {0: found(0.25, *REACHED)}, tmp_path / "b.toml")
    names = ["trials.csv", "figures/search.png", "figures/search.svg"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    assert (tmp_path / "a.toml").read_text() == (tmp_path / "b.toml").read_text()
    assert len(pd.read_csv(tmp_path / "a" / "trials.csv")) == 2
