"""``bilevelsim run``: the table, the folder, the exit status."""

import errno
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from scenarios import execution, store

pytestmark = pytest.mark.usefixtures("undrawn")

Call = Callable[..., tuple[int, str, str]]


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


def test_a_run_that_failed_by_a_defect_has_status_1(
    command: Call, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is there all the same, and says why; the traceback is in the record only."""

    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(execution, "simulate", broken)
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
