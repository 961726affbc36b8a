"""The folder of a comparison."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from scenarios import store
from scenarios.errors import ScenarioError

HISTORY = pd.DataFrame({"round": [0, 1], "loss": [1.0, 0.5]})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A prepared folder."""
    store.prepare(tmp_path / "out", "question = '?'\n")
    return tmp_path / "out"


def test_the_key_depends_on_values_not_on_their_order() -> None:
    """And on every value."""
    assert store.key({"a": 1, "b": {"c": 2.0, "d": None}}) == store.key({"b": {"d": None, "c": 2.0}, "a": 1})
    assert store.key({"a": 1}) != store.key({"a": 2})
    assert len(store.key({})) == store.KEY_LENGTH


def test_a_record_is_read_back(out: Path) -> None:
    """With its history; writing it again replaces it."""
    for seconds in (1.0, 2.0):
        store.write_record(out, "k", {"host_s": seconds}, HISTORY)
        record, history = store.read_record(out, "k")
        assert record == {"host_s": seconds}
        pd.testing.assert_frame_equal(history, HISTORY)
    assert [path.name for path in (out / "runs").iterdir()] == ["k"]


def test_tables_are_written_for_people_and_programs(out: Path) -> None:
    """CSV and Parquet hold the same."""
    paths = store.write_tables(out, HISTORY, HISTORY)
    assert [path.name for path in paths] == ["runs.csv", "runs.parquet", "history.parquet"]
    pd.testing.assert_frame_equal(pd.read_csv(paths[0]), HISTORY)
    pd.testing.assert_frame_equal(pd.read_parquet(paths[1]), HISTORY)
    assert not [path for path in out.iterdir() if path.name.startswith(store.UNFINISHED)]


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_folder_that_cannot_be_written_to_is_refused(place: str, tmp_path: Path) -> None:
    """In a sentence."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ScenarioError, match="cannot be written to"):
        store.prepare(file if place == "a file" else file / "out", "")


def test_results_of_another_scenario_are_taken_away(out: Path) -> None:
    """Those of the same scenario stay until they are replaced, and so do records and what is not ours."""
    (out / "figures" / "mine.png").write_text("")
    (out / "figures" / "time_to_target.svg").write_text("")
    store.write_record(out, "k", {}, HISTORY)
    store.write_tables(out, HISTORY, HISTORY)
    store.prepare(out, "question = '?'\n")
    assert (out / "runs.csv").is_file()
    store.prepare(out, "question = 'Another?'\n")
    left = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert left == ["figures/mine.png", "runs/k/history.parquet", "runs/k/record.json", "scenario.toml"]


def test_what_a_killed_process_left_is_cleared(out: Path) -> None:
    """What a living process is writing is left alone."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, alive = f"{store.UNFINISHED}-{int(gone.stdout)}-x", f"{store.UNFINISHED}-{os.getppid()}-y"
    for name in (dead, alive):
        (out / "runs" / name).mkdir()
        (out / "runs" / name / "record.json").write_text("{")
    (out / dead).write_text("half")
    store.prepare(out, "")
    assert [path.name for path in (out / "runs").iterdir()] == [alive]
    assert not (out / dead).exists()


WRITER = """
import sys
import pandas as pd
from pathlib import Path
from scenarios import store
out = Path(sys.argv[1])
store.prepare(out, "")
print("ready", flush=True)
history = pd.DataFrame({"round": range(20000), "loss": 0.5})
for k in range(10**6):
    store.write_record(out, f"k{k % 7}", {"k": k, "meters": list(range(20000))}, history)
"""


def test_a_killed_process_leaves_no_half_written_record(tmp_path: Path) -> None:
    """SIGKILL at five different instants in the middle of writing: whatever has a record's name is whole."""
    whole = 0
    for instant in (0.02, 0.05, 0.08, 0.13, 0.21):
        out = tmp_path / f"out{instant}"
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(out)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(instant)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        for folder in (out / "runs").iterdir():
            if not folder.name.startswith(store.UNFINISHED):
                record, history = store.read_record(out, folder.name)
                assert len(record["meters"]) == len(history) == 20000
                whole += 1
        store.prepare(out, "")
        assert not [path for path in out.rglob("*") if path.name.startswith(store.UNFINISHED)]
    assert whole > 0


def test_a_record_is_plain_json(out: Path) -> None:
    """So that any program reads it."""
    folder = store.write_record(out, "k", {"b": 1, "a": None}, HISTORY)
    assert json.loads((folder / "record.json").read_text()) == {"a": None, "b": 1}
