"""Running a scenario: the small one, really."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

import scenarios
from scenarios import execution, loader, runner, store, tables
from scenarios.engines import WorkerDied
from scenarios.plan import Cell
from scenarios.records import Record
from scenarios.result import Result


def fingerprints(result: Result) -> list[str]:
    """Of every run, in order."""
    return [str(value) for value in result.runs["fingerprint"]]


def wait_for_a_record(out: Path) -> None:
    """Until the first run of another process has been written."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit and not list((out / "runs").glob("[!.]*")):
        time.sleep(0.02)


@pytest.fixture
def result(written: Callable[..., Path], tmp_path: Path) -> Result:
    """The small scenario's, with a folder."""
    return scenarios.run(scenarios.load(written()), out=tmp_path / "out")


@pytest.mark.usefixtures("undrawn")
def test_every_algorithm_runs_with_every_seed(result: Result) -> None:
    """In the order of the scenario; time, bits and calls are measured."""
    assert [(row.label, row.seed) for row in result.runs.itertuples()] == [
        ("soba", 0),
        ("soba", 1),
        ("dsoba", 0),
        ("dsoba", 1),
    ]
    assert (result.runs["status"] == "finished").all()
    assert (result.runs["rounds"] == 6).all()
    assert (result.runs["oracle_calls"] > 0).all()
    assert (result.runs["simulated_s"] > 6.0).all()  # six rounds, each waiting a second for the slow worker
    assert result.runs.loc[0, "bits_sent"] == result.runs.loc[0, "bits_up"] + result.runs.loc[0, "bits_down"]
    assert pd.isna(result.runs.loc[2, "bits_up"])


@pytest.mark.usefixtures("undrawn")
def test_all_algorithms_meet_the_same_world(result: Result) -> None:
    """Both start from the same point of the same problem; another seed is another problem."""
    firsts = result.history.groupby(["seed", "label"]).first()
    starts = firsts.groupby("seed")["upper_objective"]
    assert (starts.nunique() == 1).all()
    assert starts.first().nunique() == 2


def test_the_folder_holds_everything(result: Result) -> None:
    """The scenario, the plan, a record a run, tables, figures, and nothing half-written."""
    assert result.out is not None
    names = {path.relative_to(result.out).parts[0] for path in result.out.rglob("*") if path.is_file()}
    assert names == {"runs", "figures", "scenario.toml", *store.TABLES}
    assert len(list((result.out / "runs").iterdir())) == 4
    assert len(list((result.out / "figures").iterdir())) == 2 * 7
    pd.testing.assert_frame_equal(pd.read_parquet(result.out / "runs.parquet"), result.runs)
    pd.testing.assert_frame_equal(pd.read_parquet(result.out / "history.parquet"), result.history)
    stored = store.read_record(result.out, str(result.runs.loc[0, "key"]))
    assert stored.row["fingerprint"] == result.runs.loc[0, "fingerprint"]
    of_the_first = (result.history["label"] == "soba") & (result.history["seed"] == 0)
    assert len(stored.history) == of_the_first.sum()
    assert scenarios.load(result.out / "scenario.toml").seeds == (0, 1)


@pytest.mark.usefixtures("undrawn")
def test_two_processes_give_the_same_numbers_as_one(result: Result, written: Callable[..., Path]) -> None:
    """To the last bit, whatever the order in which runs ended."""
    other = scenarios.run(scenarios.load(written()), jobs=2)
    assert fingerprints(other) == fingerprints(result)
    pd.testing.assert_frame_equal(other.history, result.history)
    pd.testing.assert_frame_equal(other.runs.drop(columns="host_s"), result.runs.drop(columns="host_s"))


@pytest.mark.usefixtures("undrawn")
def test_another_process_with_other_hashes_gives_the_same_numbers(result: Result, written: Callable[..., Path]) -> None:
    """PYTHONHASHSEED has no part in it."""
    code = f"import scenarios; print(*scenarios.run(scenarios.load({str(written())!r})).runs['fingerprint'])"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == fingerprints(result)


@pytest.mark.usefixtures("undrawn")
def test_adding_an_algorithm_changes_nobody_elses_numbers(
    result: Result, written: Callable[..., Path], text: str
) -> None:
    """Common random numbers."""
    more = text.replace("[[algorithms]]", '[[algorithms]]\nname = "sldbo"\n\n[[algorithms]]', 1)
    other = scenarios.run(scenarios.load(written(more)))
    assert fingerprints(other)[2:] == fingerprints(result)


@pytest.mark.usefixtures("undrawn")
def test_a_defect_ends_one_run_and_no_other(
    monkeypatch: pytest.MonkeyPatch, written: Callable[..., Path], tmp_path: Path
) -> None:
    """Its row says failed, its record has the traceback, the others are finished."""
    real = execution.simulate

    def fragile(world: object) -> object:
        if len(world.agents) == 5 and world.seed == 1:  # type: ignore[attr-defined]
            raise ZeroDivisionError("of all things")
        return real(world)  # type: ignore[arg-type]

    monkeypatch.setattr(execution, "simulate", fragile)
    result = scenarios.run(scenarios.load(written()), out=tmp_path / "out")
    assert [*result.runs["status"]] == ["finished", "failed", "finished", "finished"]
    assert "of all things" in result.runs.loc[1, "reason"]
    stored = store.read_record(tmp_path / "out", str(result.runs.loc[1, "key"]))
    assert "ZeroDivisionError" in stored.record["traceback"]
    assert stored.history.empty
    monkeypatch.setattr(execution, "simulate", real)
    mended = scenarios.run(scenarios.load(written()), out=tmp_path / "out")  # what failed is tried again, nothing else
    assert [*mended.runs["status"]] == ["finished"] * 4
    assert [*mended.runs["host_s"][[0, 2, 3]]] == [*result.runs["host_s"][[0, 2, 3]]]


def test_what_cannot_run_is_one_row(written: Callable[..., Path], text: str) -> None:
    """Not one for each seed; it has no seed and no record."""
    result = scenarios.run(scenarios.load(written(text.replace('topology = { name = "star" }', ""))))
    assert [*result.runs["status"]] == ["not_applicable", "finished", "finished"]
    assert pd.isna(result.runs.loc[0, "seed"])


def test_a_run_ends_at_the_target_if_asked_to(written: Callable[..., Path], text: str) -> None:
    """Status reached, and what it took."""
    easy = text.replace("rounds = 6", "rounds = 600\nat_target = true").replace("below = 0.9", "below = 0.97")
    result = scenarios.run(scenarios.load(written(easy), {"record.every_rounds": 1}))
    assert (result.runs["status"] == "reached").all()
    assert (result.runs["target_s"] == result.runs["simulated_s"]).all()
    assert (result.runs["rounds"] < 600).all()


def test_who_waits_for_a_dead_agent_is_stalled(written: Callable[..., Path], text: str) -> None:
    """With names, as a result."""
    dead = text.replace("at_s = 50.0\nrecover_after_s = 1.0", "at_s = 0.5").replace("simulated_seconds = 100.0", "")
    result = scenarios.run(scenarios.load(written(dead)))
    assert (result.runs["status"] == "stalled").all()
    assert result.runs["reason"].str.contains("1").all()
    assert "stalled" in tables.notes(result.runs)[0]


def test_steps_that_are_too_long_diverge(written: Callable[..., Path], text: str) -> None:
    """No crash, no warning: a status."""
    wild = text.replace('name = "dsoba"', 'name = "dsoba"\nsettings = { step_x = 1e200, step_y = 1e200 }')
    result = scenarios.run(scenarios.load(written(wild)))
    assert [*result.runs["status"]] == ["finished", "finished", "diverged", "diverged"]


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def begin(self, kept: int, total: int) -> None:
        self.told.append((kept, total))

    def advance(self, row: Mapping[str, Any], done: int, total: int) -> None:
        assert row["status"] == "finished"
        self.told.append((done, total))


@pytest.mark.usefixtures("undrawn")
def test_progress_sees_every_run_once(written: Callable[..., Path], tmp_path: Path) -> None:
    """With how many there are; the second time everything is there."""
    for told in ([(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)], [(4, 4)]):
        watcher = Watcher()
        runner.run(loader.load(written()), out=tmp_path / "out", progress=watcher)
        assert watcher.told == told


@pytest.mark.usefixtures("undrawn")
def test_running_again_does_only_what_is_missing(
    result: Result, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost run and more seeds; asked for, everything."""
    counted: list[int] = []
    real = execution.simulate
    monkeypatch.setattr(execution, "simulate", lambda world: counted.append(world.seed) or real(world))
    assert result.out is not None
    shutil.rmtree(result.out / "runs" / str(result.runs.loc[1, "key"]))
    again = runner.run(loader.load(written(), {"seeds": 3}), out=result.out)
    assert sorted(counted) == [1, 2, 2]
    assert [*again.runs["status"]] == ["finished"] * 6
    counted.clear()
    whole = runner.run(loader.load(written()), out=result.out, again=True)
    assert len(counted) == 4
    assert fingerprints(whole) == fingerprints(result)


def test_points_of_a_sweep_share_runs_that_they_do_not_change(written: Callable[..., Path], text: str) -> None:
    """What varies one algorithm's settings leaves the runs of the others alone; every point has all its rows."""
    swept = text + '[sweep]\n"algorithms.1.settings.step_x" = [0.01, 0.02, 0.03]\n'
    watcher = Watcher()
    result = runner.run(loader.load(written(swept)), progress=watcher)
    assert watcher.told[0] == (0, 2 + 6)
    assert len(result.runs) == 12
    own, other = (result.runs[result.runs["label"] == label] for label in ("dsoba", "soba"))
    assert own.groupby("seed")["fingerprint"].nunique().tolist() == [3, 3]
    assert other.groupby("seed")["fingerprint"].nunique().tolist() == [1, 1]
    assert [*dict.fromkeys(result.history["algorithms.1.settings.step_x"])] == [0.01, 0.02, 0.03]


def test_a_point_that_an_algorithm_cannot_run_is_one_row(written: Callable[..., Path], text: str) -> None:
    """Of that point alone."""
    swept = text + '[sweep]\n"algorithms.0.topology" = [{ name = "star" }, { name = "ring" }]\n'
    runs = runner.run(loader.load(written(swept))).runs
    assert [*runs[runs["label"] == "soba"]["status"]] == ["finished", "finished", "not_applicable"]
    assert [*dict.fromkeys(runs["algorithms.0.topology"])] == ['{name = "star"}', '{name = "ring"}']


@pytest.mark.usefixtures("undrawn")
def test_seeds_are_added_until_the_means_are_known(written: Callable[..., Path], text: str, tmp_path: Path) -> None:
    """All algorithms get the same; a rule that is met adds none, and what is not met in the end is said."""
    rule = '[replications]\nquantity = "simulated_s"\nat_most = 7\n'
    loose = runner.run(loader.load(written(f"{text}{rule}half_width = 1e6\n")))
    assert loose.runs.groupby("label")["seed"].max().tolist() == [1, 1]
    scenario = loader.load(written(f"{text}{rule}relative_half_width = 1e-6\n"))
    strict = runner.run(scenario, out=tmp_path / "out")
    assert strict.runs.groupby("label")["seed"].apply(list).tolist() == [[*range(7)]] * 2
    assert [note.partition(":")[0] for note in strict.notes] == ["soba", "dsoba"]
    assert "simulated_s is known to" in strict.notes[0]
    both = runner.run(scenario, jobs=2)
    assert fingerprints(both) == fingerprints(strict)


def test_two_processes_share_the_work_of_one_folder(written: Callable[..., Path], tmp_path: Path) -> None:
    """Every run is done once, by one of them; both end with everything, and nothing is left behind."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "scenarios", "run", str(written()), "--out", str(out), "--jobs", "1"]
    more = ["--set", "stop.rounds=150", "--set", "stop.simulated_seconds=1e6", "--seeds", "12"]
    both = [
        subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"
    ]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert told[0][0] == told[1][0]
    assert len(pd.read_parquet(out / "runs.parquet")) == 24
    assert list((out / "claims").iterdir()) == []
    assert not [path for path in out.rglob("*") if path.name.startswith(store.UNFINISHED)]
    alone = scenarios.run(scenarios.load(out / "scenario.toml"))
    assert fingerprints(alone) == [*pd.read_parquet(out / "runs.parquet")["fingerprint"]]


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_run_stops_the_comparison_with_a_sentence(result: Result, written: Callable[..., Path]) -> None:
    """Before anything is run, and without a change to what is there."""
    assert result.out is not None
    path = result.out / "runs" / str(result.runs.loc[0, "key"]) / "history.parquet"
    path.write_bytes(b"half")
    with pytest.raises(scenarios.ScenarioError, match="its content is not what was written"):
        scenarios.run(scenarios.load(written()), out=result.out)
    assert path.read_bytes() == b"half"


def test_a_killed_worker_process_costs_only_its_time(written: Callable[..., Path], tmp_path: Path) -> None:
    """What it was running is run again by another; nothing has failed."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "scenarios", "run", str(written()), "--out", str(out), "--jobs", "2"]
    more = ["--set", "stop.rounds=300", "--set", "stop.simulated_seconds=1e6", "--seeds", "20"]
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_a_record(out)
    workers = [child for child in psutil.Process(process.pid).children() if "loky" in " ".join(child.cmdline())]
    for worker in workers:
        worker.kill()
    _, told = process.communicate(timeout=120)
    assert workers
    assert process.returncode == 0, told
    assert "scenarios/runner.py" not in told  # no traceback of ours; joblib's resource tracker may complain
    statuses = pd.read_parquet(out / "runs.parquet")["status"]
    assert [*statuses] == ["finished"] * 40


def test_a_run_that_kills_its_process_again_and_again_has_failed(written: Callable[..., Path]) -> None:
    """With the reason; the others go on. Here the engine stands in for processes that die of one seed."""

    def deadly(cells: Iterator[Cell]) -> Iterator[tuple[Cell, Record]]:
        for cell in cells:
            if cell.seed == 1 and cell.entry.label == "soba":
                raise WorkerDied("out of memory")
            yield cell, execution.execute(cell.scenario, cell.entry, cell.seed)

    runs = runner.run(loader.load(written()), engine=deadly).runs
    assert [*runs["status"]] == ["finished", "failed", "finished", "finished"]
    assert "a process was killed while it ran" in runs.loc[1, "reason"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_keeps_what_had_finished(jobs: int, written: Callable[..., Path], tmp_path: Path) -> None:
    """Exit status 130; the tables and records of the finished runs are there, whole."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "scenarios", "run", str(written()), "--out", str(out), "--jobs", str(jobs)]
    more = ["--set", "stop.rounds=500", "--set", "stop.simulated_seconds=1e6", "--seeds", "200"]
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_a_record(out)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "interrupted" in told
    rows = pd.read_parquet(out / "runs.parquet")
    assert 1 <= len(rows) < 400
    for key in rows["key"]:
        assert store.read_record(out, key).row["status"] == "finished"


def test_worker_processes_end_with_a_killed_command(written: Callable[..., Path], tmp_path: Path) -> None:
    """Nothing that computes is left behind; the next run into the same folder is whole."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "scenarios", "run", str(written()), "--out", str(out), "--jobs", "2"]
    more = ["--set", "stop.rounds=500", "--set", "stop.simulated_seconds=1e6", "--seeds", "200"]
    process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_a_record(out)
    workers = [child for child in psutil.Process(process.pid).children() if "popen_loky" in " ".join(child.cmdline())]
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert workers
    assert not alive
    subprocess.run([*command[:-1], "1"], check=True, capture_output=True)
    assert len(pd.read_parquet(out / "runs.parquet")) == 4
