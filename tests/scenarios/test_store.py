"""The folder of a comparison."""

import errno
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scenarios import store
from scenarios.errors import ScenarioError

HISTORY = pd.DataFrame({"round": [0, 1], "loss": [1.0, 0.5]})


def record(name: str = "k", **further: Any) -> Mapping[str, Any]:
    """The least that a record has."""
    return {"key": name, "inputs": {}, "row": {"status": "finished", **further}}


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
    """With its tables and the host's seconds; writing it again replaces it."""
    for rounds in (1, 2):
        store.write_record(out, "k", record(rounds=rounds), HISTORY, 0.5, {"links": HISTORY})
        stored = store.read_record(out, "k")
        assert stored.row == {"status": "finished", "rounds": rounds, "host_s": 0.5}
        assert not stored.failed
        pd.testing.assert_frame_equal(stored.history, HISTORY)
        pd.testing.assert_frame_equal(store.read_table(out, stored.record, "links"), HISTORY)
    assert [path.name for path in (out / "runs").iterdir()] == ["k"]


def test_the_same_record_is_the_same_bytes(out: Path, tmp_path: Path) -> None:
    """But for the host's seconds, which have a file of their own."""
    for place, seconds in ((out, 0.5), (tmp_path / "other", 0.7)):
        store.prepare(place, "")
        store.write_record(place, "k", record(), HISTORY, seconds)
    first, other = (
        {path.name: path.read_bytes() for path in (place / "runs" / "k").iterdir()}
        for place in (out, tmp_path / "other")
    )
    assert first.keys() == other.keys() == {"record.json", "history.parquet", "host.json"}
    assert {name for name in first if first[name] != other[name]} == {"host.json"}


def test_without_the_hosts_seconds_a_run_is_whole(out: Path) -> None:
    """They are no part of it."""
    store.write_record(out, "k", record(), HISTORY)
    (out / "runs" / "k" / "host.json").unlink()
    assert pd.isna(store.read_record(out, "k").host_s)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("record.json", b"{", "is damaged"),
        ("record.json", b"", "is damaged"),
        ("record.json", b"\xff\xfe", "is damaged"),
        ("record.json", b"[1, 2]", "it is no record of a run"),
        ("record.json", b'{"key": "k", "inputs": {}, "row": {}, "tables": {}}', "its row has no status"),
        ("record.json", b'{"key": "x", "inputs": {}, "row": {}, "tables": {}}', "it is the record of the run x"),
        ("record.json", None, "cannot be read: No such file or directory"),
        ("history.parquet", b"PAR1", "its content is not what was written"),
        ("history.parquet", None, "cannot be read: No such file or directory"),
        ("host.json", b"{", "is damaged"),
    ],
)
def test_a_damaged_run_is_told_in_one_sentence(file: str, content: bytes | None, told: str, out: Path) -> None:
    """With its file, and what to do; nothing is mended in silence."""
    path = store.write_record(out, "k", record(), HISTORY) / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        store.read_record(out, "k")
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)
    assert str(caught.value).endswith("take the folder k away, and run again to have the run back.")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_where_a_run_should_be_is_told(out: Path) -> None:
    """Foreign to the store, so not taken away."""
    (out / "runs" / "k").write_text("mine")
    assert store.has(out, "k")
    with pytest.raises(ScenarioError, match="cannot be read: Not a directory"):
        store.read_record(out, "k")
    assert (out / "runs" / "k").read_text() == "mine"


def test_tables_are_written_for_people_and_programs(out: Path) -> None:
    """CSV and Parquet hold the same."""
    store.write_tables(out, {"runs.csv": HISTORY, "runs.parquet": HISTORY})
    pd.testing.assert_frame_equal(pd.read_csv(out / "runs.csv"), HISTORY)
    pd.testing.assert_frame_equal(pd.read_parquet(out / "runs.parquet"), HISTORY)
    assert not [path for path in out.iterdir() if path.name.startswith(store.UNFINISHED)]


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_folder_that_cannot_be_written_to_is_refused(place: str, tmp_path: Path) -> None:
    """In a sentence."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ScenarioError, match="cannot be written to"):
        store.prepare(file if place == "a file" else file / "out", "")


def test_a_read_only_folder_is_refused(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write everywhere (root) is told the same by a file system that is mounted so."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(store, "_to_disk", refuse)
    with pytest.raises(ScenarioError, match="cannot be written to: Read-only file system"):
        store.prepare(out, "another")


def test_results_of_another_scenario_are_taken_away(out: Path) -> None:
    """Those of the same scenario stay until they are replaced, and so do records and what is not ours."""
    (out / "figures" / "mine.png").write_text("")
    (out / "figures" / "time_to_target.svg").write_text("")
    store.write_record(out, "k", record(), HISTORY)
    store.write_tables(out, {"runs.csv": HISTORY})
    store.prepare(out, "question = '?'\n")
    assert (out / "runs.csv").is_file()
    store.prepare(out, "question = 'Another?'\n")
    left = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert left == ["figures/mine.png", *(f"runs/k/{name}" for name in ("history.parquet", "host.json", "record.json")),
                    "scenario.toml"]  # fmt: skip


def test_files_that_the_scenario_names_come_along(out: Path, tmp_path: Path) -> None:
    """At the same place beside it, but never outside of the folder."""
    (tmp_path / "slow.csv").write_text("agent,at_s,slowdown\n")
    files = {"traces/slow.csv": tmp_path / "slow.csv", "../out2.csv": tmp_path / "slow.csv"}
    for _ in range(2):
        store.prepare(out, "", files)
    assert (out / "traces" / "slow.csv").read_text() == "agent,at_s,slowdown\n"
    assert not (tmp_path / "out2.csv").exists()
    store.prepare(out, "", {"traces/slow.csv": out / "traces" / "slow.csv"})
    assert (out / "traces" / "slow.csv").is_file()


def dead_process() -> int:
    """The number of a process that is gone."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return int(gone.stdout)


def test_what_a_killed_process_left_is_cleared(out: Path) -> None:
    """What a living process, or one of another machine, is writing is left alone."""
    dead = f"{store.UNFINISHED}-{store.HOST}-{dead_process()}-x"
    alive, elsewhere = f"{store.UNFINISHED}-{store.HOST}-1-y", f"{store.UNFINISHED}-elsewhere-{dead_process()}-z"
    for name in (dead, alive, elsewhere):
        (out / "runs" / name).mkdir()
        (out / "runs" / name / "record.json").write_text("{")
    (out / dead).write_text("half")
    store.prepare(out, "")
    assert {path.name for path in (out / "runs").iterdir()} == {alive, elsewhere}
    assert not (out / dead).exists()


def test_a_record_whose_replacement_was_killed_is_put_back(out: Path) -> None:
    """Between the two renames of a replacement a record has another name."""
    folder = store.write_record(out, "k", record(), HISTORY)
    folder.rename(folder.with_name(f"{store.UNFINISHED}-{store.HOST}-{dead_process()}-k{store.OLD}"))
    assert not store.has(out, "k")
    store.prepare(out, "")
    assert not store.read_record(out, "k").failed


def test_a_run_is_claimed_by_one_process_at_a_time(out: Path) -> None:
    """The claim ends with the process, however that ends, and its file goes with the run."""
    code = "import sys, time; from pathlib import Path; from scenarios import store; "
    code += "lock = store.try_claim(Path(sys.argv[1]), 'k'); print(lock is not None, flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "True\n"
    assert store.is_claimed(out, "k")
    assert store.try_claim(out, "k") is None
    other.kill()
    other.wait()
    other.stdout.close()
    assert not store.is_claimed(out, "k")
    lock = store.try_claim(out, "k")
    assert lock is not None
    store.write_record(out, "k", record(), HISTORY)
    store.release(out, "k", lock)
    assert list((out / "claims").iterdir()) == []
    assert not store.is_claimed(out, "k")


def test_a_claim_whose_process_died_after_its_run_was_written_is_cleared(out: Path) -> None:
    """One of a run that is missing stays, since somebody may be about to begin it."""
    store.write_record(out, "k", record(), HISTORY)
    for name in ("k", "other"):
        (out / "claims" / f"{name}.lock").touch()
    store.prepare(out, "")
    assert [path.name for path in (out / "claims").iterdir()] == ["other.lock"]


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
    name = f"k{k % 7}"
    row = {"status": "finished"}
    store.write_record(out, name, {"key": name, "inputs": {}, "row": row, "meters": list(range(20000))}, history)
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
                stored = store.read_record(out, folder.name)
                assert len(stored.record["meters"]) == len(stored.history) == 20000
                whole += 1
        store.prepare(out, "")
        assert not [path for path in out.rglob("*") if path.name.startswith(store.UNFINISHED)]
    assert whole > 0


def test_a_record_is_plain_json(out: Path) -> None:
    """So that any program reads it."""
    folder = store.write_record(out, "k", record(a=None), HISTORY)
    assert json.loads((folder / "record.json").read_text())["row"] == {"status": "finished", "a": None}
