"""``bilevelsim tune``: the file, what lies beside it, the exit status."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from scenarios import execution, trials
from scenarios.engines import local

Call = Callable[..., tuple[int, str, str]]
SMALL = ("--budget", "6", "--seeds", "2", "--jobs", "1")
ONE_SETTING = """
[tune.ranges.soba]
step_x = [0.001, 1.0]

[tune.ranges.dsoba]
step_x = [0.001, 1.0]
"""


@pytest.fixture
def source(written: Callable[..., Path], text: str) -> Path:
    """The small scenario, of whose algorithms one setting each is searched."""
    return written(text + ONE_SETTING)


def test_tune_writes_the_scenario_with_the_settings_found(command: Call, source: Path) -> None:
    """Results on standard output, progress and warnings on standard error, everything beside the scenario."""
    status, output, told = command("tune", str(source), *SMALL)
    assert status == 0
    assert output.startswith("6 runs of each algorithm on 2 tuning seeds; medians over these\n")
    assert "time to target [s]" in output
    assert "12/12 dsoba seed 1000001" in told
    document = tomllib.loads((source.parent / "small_tuned.toml").read_text())
    for entry in document["algorithms"]:
        assert set(entry["settings"]) == {"step_x"}
        assert entry["settings_are"] == "tuned"
        assert "in 6 runs on tuning seeds 1000000, 1000001" in entry["settings_note"]
        for warning in entry["settings_note"].split("; warning: ")[1:]:
            assert f"{entry['name']}: {warning}\n" in told
    folder = source.parent / "small_tuned"
    names = {path.relative_to(folder).parts[0] for path in folder.iterdir()}
    assert names == {"scenario.toml", "runs", "claims", "figures", "trials.csv"}
    table = pd.read_csv(folder / "trials.csv")
    assert [*table.groupby("label", sort=False).size()] == [6, 6]
    best = table[table["best"]].groupby("label", sort=False).first()
    assert [entry["settings"]["step_x"] for entry in document["algorithms"]] == [*best["settings.step_x"]]


def test_the_same_search_leaves_the_same_bytes(command: Call, source: Path) -> None:
    """However often, and whether or not there were records to go on from."""
    folder = source.parent / "small_tuned"
    files = [folder.with_suffix(".toml"), folder / "trials.csv", folder / "figures" / "search.png"]
    first = command("tune", str(source), *SMALL)[1], [file.read_bytes() for file in files]
    assert (command("tune", str(source), *SMALL)[1], [file.read_bytes() for file in files]) == first


def test_a_catalogue_scenarios_file_goes_into_the_working_directory(
    command: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never into the package."""
    monkeypatch.setattr(trials, "run", lambda *_: {})
    monkeypatch.setattr("scenarios.tuned.write", lambda plan, found, file: file.write_text("here"))
    monkeypatch.setattr("scenarios.tuned.summary", lambda *_: pd.DataFrame({"algorithm": ["none"]}))
    assert command("tune", "one_slow_worker")[0] == 0
    assert Path("one_slow_worker_tuned.toml").read_text() == "here"


def test_a_column_may_take_the_place_of_the_target(command: Call, written: Callable[..., Path], text: str) -> None:
    """And changes of the scenario come in first; they are part of what is written."""
    source = written(text[: text.index("[target]")] + ONE_SETTING)
    less = ["--minimise", "upper_objective", "--set", "stop.rounds=3", "--set", "tune.seeds=1", "--budget", "4"]
    status, output, _ = command("tune", str(source), *less, "--jobs", "1", "--out", "deep/t.toml")
    assert status == 0
    assert "upper objective" in output
    assert "1 of 1" in output
    assert tomllib.loads(Path("deep/t.toml").read_text())["stop"]["rounds"] == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--budget", "5"), "--budget: N = 5: must be at least 6, for two halvings over 2 tuning seeds.\n"),
        (
            ("--minimise", "losss"),
            '--minimise: COLUMN = "losss": is no column of the table of runs to make small; known',
        ),
        (("--set", 'tune={"ranges"={"step_z"=[1.0,2.0]}}'), "is a setting of no algorithm here; the nearest is"),
        (("--out", ""), '--out: FILE = "": must be the name of a file that ends in .toml.\n'),
        (("--out", "tuned"), '--out: FILE = "tuned": must be the name of a file that ends in .toml.\n'),
    ],
)
def test_mistakes_are_one_sentence_and_status_2(
    command: Call, written: Callable[..., Path], arguments: tuple[str, ...], told: str
) -> None:
    """Nothing is written."""
    status, output, mistakes = command("tune", str(written()), *arguments)
    assert (status, output, mistakes.count("\n")) == (2, "", 1)
    assert told in mistakes
    assert list(Path.cwd().iterdir()) == []


def test_without_a_target_and_a_column_there_is_nothing_to_rank_by(
    command: Call, written: Callable[..., Path], text: str
) -> None:
    """Which is said."""
    status, _, mistakes = command("tune", str(written(text[: text.index("[target]")])))
    assert status == 2
    assert mistakes.endswith(
        "small.toml: target is required, so that settings can be ranked by the time to it; or give --minimise COLUMN.\n"
    )


def test_the_scenario_itself_is_not_written_over(command: Call, written: Callable[..., Path]) -> None:
    """Its comments would be lost."""
    source = written()
    before = source.read_text()
    status, _, mistakes = command("tune", str(source), "--out", os.path.relpath(source))
    assert status == 2
    assert "is the scenario itself; give the tuned one another name." in mistakes
    assert source.read_text() == before


def test_a_scenario_that_names_files_stays_beside_them(command: Call, written: Callable[..., Path], text: str) -> None:
    """Else the tuned one would not find them."""
    trace = '[[stragglers]]\nkind = "trace"\nfile = "slow.csv"\n\n[[failures]]'
    source = written(text.replace("[[failures]]", trace, 1))
    source.with_name("slow.csv").write_text("agent,at_s,slowdown\n0,1.0,2.0\n")
    status, _, mistakes = command("tune", str(source), "--out", "t.toml")
    assert status == 2
    assert f"must lie in {source.parent}, beside the files that the scenario names: slow.csv." in mistakes


def test_a_run_that_failed_by_a_defect_has_status_1(
    command: Call, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on, and the file is written."""

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(execution, "simulate", broken)
    assert command("tune", str(source), *SMALL)[0] == 1
    assert "no settings that were tried came to the value" in (source.parent / "small_tuned.toml").read_text()


def test_an_interrupted_search_says_what_it_keeps(
    command: Call, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 130; the tuned file is not there."""
    real, runs = local.execute, []

    def execute(*cell: object) -> object:
        if len(runs) == 4:
            raise KeyboardInterrupt
        runs.append(cell)
        return real(*cell)  # type: ignore[arg-type]

    monkeypatch.setattr(local, "execute", execute)
    source = written()
    status, _, told = command("tune", str(source), *SMALL)
    assert status == 130
    assert f"interrupted after 4 of 12 runs, which are kept in {source.parent / 'small_tuned'}\n" in told
    assert not (source.parent / "small_tuned.toml").exists()
    assert len(list((source.parent / "small_tuned" / "runs").iterdir())) == 4
