"""The command: exit status, what goes to which stream, what is written where."""

import errno
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from scenarios import runner, store
from scenarios.cli import app

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the command in an empty folder; exit status, standard output, standard error."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)

    def call(*arguments: str) -> tuple[int, str, str]:
        outcome = CliRunner().invoke(app, list(arguments))
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit)
        return outcome.exit_code, outcome.stdout, outcome.stderr

    return call


def test_run_prints_a_table_and_where_everything_is(command: Call, written: Callable[..., Path]) -> None:
    """Results on standard output, progress on standard error, files in results/<scenario>."""
    status, output, progress = command("run", str(written()), "--jobs", "1")
    assert status == 0
    assert output.startswith("Who is first when one of four workers is slow?\n")
    assert "time to target [s]" in output
    assert "results/small" in output
    assert "soba seed 0" not in output
    assert "4/4" in progress
    assert Path("results/small/runs.csv").is_file()


def test_options_change_the_scenario(command: Call, written: Callable[..., Path]) -> None:
    """Seeds, values and folder; the changed scenario is what is kept."""
    more = ["--seeds", "1", "--set", "stop.rounds=3", "--set", "algorithms.1.label=gossip", "--jobs", "1"]
    status, _, _ = command("run", str(written()), "--out", "deep/er", *more)
    assert status == 0
    kept = tomllib.loads(Path("deep/er/scenario.toml").read_text())
    assert (kept["seeds"], kept["stop"]["rounds"], kept["algorithms"][1]["label"]) == (1, 3, "gossip")
    runs = pd.read_csv("deep/er/runs.csv")
    assert [*runs["label"]] == ["soba", "gossip"]
    assert (runs["rounds"] == 3).all()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "{}", "--jobs", "0"],
        ["run", "{}", "--seeds", "many"],
        ["run", "{}", "--seeds", "0"],
        ["run", "{}", "--set", "stop.rounds"],
        ["run", "{}", "--set", "stop.round=3"],
        ["run", "{}", "--set", "stragglers.4.slowdown=3"],
        ["run", "{}", "--out", "{}"],
        ["run", "{}", "--out", ""],
        ["run", "{}", "--fast"],
        ["check", "nowhere.toml"],
        ["list", "things"],
        ["show", "nobody"],
        ["dance"],
    ],
    ids=" ".join,
)
def test_bad_input_has_status_2_and_a_sentence(
    arguments: list[str], command: Call, written: Callable[..., Path]
) -> None:
    """On standard error; nothing on standard output, nothing written."""
    path = str(written())
    status, output, mistakes = command(*(argument.replace("{}", path) for argument in arguments))
    assert (status, output) == (2, "")
    assert mistakes
    assert "Traceback" not in mistakes
    assert list(Path.cwd().iterdir()) == []


def test_a_run_that_failed_by_a_defect_has_status_1(
    command: Call, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is there all the same, and says why; the traceback is in the record only."""

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(runner, "simulate", broken)
    status, output, mistakes = command("run", str(written()), "--jobs", "1", "--seeds", "1")
    assert status == 1
    assert "RuntimeError: a defect" in output
    assert "Traceback" not in output + mistakes
    assert any("RuntimeError" in path.read_text() for path in Path("results/small/runs").rglob("record.json"))


def test_a_stalled_run_is_a_result(command: Call, written: Callable[..., Path], text: str) -> None:
    """Status 0, with the reason under the table."""
    dead = text.replace("at_s = 50.0\nrecover_after_s = 1.0", "at_s = 0.5").replace("simulated_seconds = 100.0", "")
    status, output, _ = command("run", str(written(dead)), "--jobs", "1", "--seeds", "1")
    assert status == 0
    assert "stalled, seed 0: " in output


def test_a_full_disk_is_told_in_a_sentence(
    command: Call, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As is anything else that the system refuses."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "runs/x")

    monkeypatch.setattr(store, "write_record", full)
    status, _, mistakes = command("run", str(written()), "--jobs", "1")
    assert status == 2
    assert mistakes.endswith("runs/x: No space left on device.\n")


def test_an_interruption_while_reading_has_status_130(
    command: Call, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it comes."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scenarios.loader.load", interrupted)
    assert command("check", str(written()))[0] == 130


def test_module_and_command_are_the_same(written: Callable[..., Path]) -> None:
    """`python -m scenarios` answers as `bilevelsim` does, with its exit status."""
    done = subprocess.run([sys.executable, "-m", "scenarios", "check", str(written())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stdout
    missing = subprocess.run([sys.executable, "-m", "scenarios", "check", "nowhere"], capture_output=True, text=True)
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr


def test_help_names_every_command(command: Call) -> None:
    """And needs no scenario."""
    status, output, _ = command("--help")
    assert status == 0
    for name in ("run", "check", "list", "show"):
        assert name in output
