"""What a comparison leaves on disk: a record for each run, the plan, the tables, the figures, the report.

::

    DIR/scenario.toml                  the scenario as it was run, and beside it the files that it names
    DIR/plan.json                      which runs belong to it, and which cells cannot be run (``plan``)
    DIR/runs/<key>/record.json         inputs, versions, status, row of the table, meters, traceback of a defect
    DIR/runs/<key>/history.parquet     the recorded points
    DIR/runs/<key>/*.parquet           further tables of the run
    DIR/runs/<key>/host.json           seconds of the host
    DIR/runs.csv, runs.parquet, history.parquet, comparisons.csv, figures/, report.html
    DIR/claims/<key>.lock              who is running what; each goes with its run

A record is written whole or not at all: into a folder of another name, to the disk, then renamed. So is every file.
All but ``host.json`` and the column ``host_s`` of the tables is the same bytes whenever it is made again.
"""

import hashlib
import io
import json
import os
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import pandas as pd
import psutil
import pyarrow
import pyarrow.parquet

from scenarios.errors import MISSING, Mistake, ScenarioError

UNFINISHED = ".unfinished"
OLD = "-old"
HOST = "".join(character if character.isalnum() else "_" for character in platform.node()) or "here"
KEY_LENGTH = 20
RECORD, HISTORY, HOST_SECONDS, SCENARIO, PLAN = (
    "record.json", "history.parquet", "host.json", "scenario.toml", "plan.json",
)  # fmt: skip
TABLES = ("plan.json", "runs.csv", "runs.parquet", "history.parquet", "comparisons.csv", "report.html")
"""What is made of all records together, the figures apart."""


def key(inputs: Mapping[str, Any]) -> str:
    """The name of a run: a hash of everything that determines it, written in one canonical way."""
    return hashlib.sha256(canonical(inputs).encode()).hexdigest()[:KEY_LENGTH]


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values, equal text.

    >>> canonical({"b": (1, 2.0), "a": None})
    '{"a":null,"b":[1,2.0]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# --- the folder


def prepare(out: Path, scenario_text: str, files: Mapping[str, Path] | None = None) -> None:
    """Make the folder, put the scenario there with its files, and clear what killed processes left half-written.

    Tables and figures of another scenario are taken away; records of runs stay.
    Raises ``ScenarioError`` where nothing can be written.
    """
    try:
        for name in ("runs", "figures", "claims"):
            (out / name).mkdir(parents=True, exist_ok=True)
        _clear_results_of_another(out, scenario_text)
        write_text(out / SCENARIO, scenario_text)
        for name, path in (files or {}).items():
            _copy(out, name, path)
        _clear_unfinished(out)
    except OSError as problem:
        rule = f"cannot be written to: {problem.strerror}"
        raise ScenarioError([Mistake("--out", "DIR", str(out), rule)]) from None


def _copy(out: Path, name: str, path: Path) -> None:
    """A file that the scenario names, at the same place beside the scenario; never outside of the folder."""
    place = out / name
    if out.resolve() in place.resolve().parents and not (place.exists() and place.samefile(path)):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(place, path.read_bytes())


def _clear_results_of_another(out: Path, scenario_text: str) -> None:
    """So that no table or figure stands beside a scenario that it does not belong to, should this run be killed."""
    scenario = out / SCENARIO
    if scenario.is_file() and scenario.read_bytes() != scenario_text.encode():
        from scenarios import figures  # loads matplotlib, which nothing else here needs

        for path in figures.files(out / "figures"):
            path.unlink()
        for name in TABLES:
            (out / name).unlink(missing_ok=True)


def _clear_unfinished(out: Path) -> None:
    """What a killed process left; a record that it was about to replace is put back."""
    for left in [*out.glob(f"{UNFINISHED}-*"), *out.glob(f"*/{UNFINISHED}-*")]:
        _, host, process, name = left.name.split("-", 3)
        if host != HOST or (process.isdecimal() and int(process) != os.getpid() and psutil.pid_exists(int(process))):
            continue
        final = left.with_name(name.removesuffix(OLD))
        if name.endswith(OLD) and not final.exists():
            os.rename(left, final)
        elif left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    for lock in (out / "claims").glob("*.lock"):
        held = try_claim(out, lock.stem) if has(out, lock.stem) else None
        if held is not None:
            release(out, lock.stem, held)


# --- runs

Frame = pd.DataFrame | bytes
"""A table, or the same as Parquet: workers encode, so that the process which writes has less to do."""


@dataclass(frozen=True)
class Stored:
    """A run as it stands in the store."""

    record: Mapping[str, Any]
    """What ``record.json`` holds."""
    history: pd.DataFrame
    host_s: float
    """Seconds of the host; not a number where nobody knows."""

    @property
    def row(self) -> Mapping[str, Any]:
        """Its row of the table ``runs``."""
        return self.record["row"] | {"host_s": self.host_s}

    @property
    def failed(self) -> bool:
        """Whether a defect ended it, so that it may be tried again."""
        return bool(self.record["row"]["status"] == "failed")


def write_record(
    out: Path,
    name: str,
    record: Mapping[str, Any],
    history: Frame,
    host_s: float = 0.0,
    further: Mapping[str, Frame] | None = None,
) -> Path:
    """Write one run, with further tables by their names; what was there under this key is replaced."""
    final = out / "runs" / name
    unfinished = _beside(final)
    shutil.rmtree(unfinished, ignore_errors=True)  # of an interrupted attempt of this very process
    unfinished.mkdir()
    frames = {"history": history} | dict(further or {})
    contents = {f"{table}.parquet": encoded(frame) for table, frame in frames.items()}
    hashes = {table: hashlib.sha256(content).hexdigest() for table, content in contents.items()}
    contents[RECORD] = (json.dumps({**record, "tables": hashes}, indent=1, sort_keys=True) + "\n").encode()
    contents[HOST_SECONDS] = (json.dumps({"host_s": host_s}) + "\n").encode()
    for file, content in contents.items():
        _to_disk(unfinished / file, content)
    _sync(unfinished)
    if final.exists():
        old = final.with_name(unfinished.name + OLD)
        os.rename(final, old)
        os.rename(unfinished, final)
        shutil.rmtree(old)
    else:
        os.rename(unfinished, final)
    _sync(final.parent)
    return final


def encoded(frame: Frame) -> bytes:
    """A table as Parquet; what is that already stays as it is."""
    if isinstance(frame, bytes):
        return frame
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _frame(content: bytes) -> pd.DataFrame:
    """From memory that Arrow owns and in this thread alone: a thread of Arrow's that still holds a Python object when
    the interpreter ends takes the whole process down.
    """
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(content), use_threads=False, pre_buffer=False)
    return table.to_pandas(use_threads=False)


def read_record(out: Path, name: str) -> Stored:
    """A run of the store. Raises ``ScenarioError`` where its folder is not what was written."""
    folder = out / "runs" / name
    record = _read(folder / RECORD, lambda content: _record(content, name))
    host = _read(folder / HOST_SECONDS, json.loads) if (folder / HOST_SECONDS).is_file() else {}
    host_s = host.get("host_s") if isinstance(host, dict) else None
    history = read_table(out, record, "history")
    return Stored(record, history, float(host_s) if isinstance(host_s, (int, float)) else float("nan"))


def read_table(out: Path, record: Mapping[str, Any], table: str) -> pd.DataFrame:
    """A table of a run, by its name. Raises ``ScenarioError`` where it is not what was written."""
    file = f"{table}.parquet"

    def parse(content: bytes) -> pd.DataFrame:
        if hashlib.sha256(content).hexdigest() != record["tables"].get(file):
            raise ValueError("its content is not what was written")
        return _frame(content)

    found: pd.DataFrame = _read(out / "runs" / record["key"] / file, parse)
    return found


def _record(content: bytes, name: str) -> dict[str, Any]:
    record = json.loads(content)
    if not isinstance(record, dict) or not {"key", "row", "tables", "inputs"} <= record.keys():
        raise ValueError("it is no record of a run")
    if record["key"] != name:
        raise ValueError(f"it is the record of the run {record['key']}")
    if "status" not in record["row"]:
        raise ValueError("its row has no status")
    return record


def _read(path: Path, parse: Callable[[bytes], Any]) -> Any:
    """A file of a run. Raises ``ScenarioError``: a damaged store is never mended silently."""
    try:
        return parse(path.read_bytes())
    except OSError as problem:
        why = f"cannot be read: {problem.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError) as problem:  # errors of JSON and of Arrow among them
        why = f"is damaged ({str(problem).splitlines()[0] if str(problem) else 'empty'})"
    rule = f"{why}; take the folder {path.parent.name} away, and run again to have the run back"
    raise ScenarioError([Mistake(str(path), "", MISSING, rule)])


def has(out: Path, name: str) -> bool:
    """Whether something stands under this key: whole, since it is written whole or not at all."""
    return (out / "runs" / name).exists()


# --- who is running what


def try_claim(out: Path, name: str) -> filelock.FileLock | None:
    """The lock of a run, if nobody else holds it."""
    lock = filelock.FileLock(_lock(out, name), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return None
    return lock


def release(out: Path, name: str, lock: filelock.FileLock) -> None:
    """Give a run free. Its lock file goes only once the record is there: whoever locks a file that has been taken away
    then looks for the record first, and finds it.
    """
    if has(out, name):
        _lock(out, name).unlink(missing_ok=True)
    lock.release()


def is_claimed(out: Path, name: str) -> bool:
    """Whether some process is running it now."""
    if not _lock(out, name).exists():
        return False
    held = try_claim(out, name)
    if held is not None:
        held.release()
    return held is None


def _lock(out: Path, name: str) -> Path:
    return out / "claims" / f"{name}.lock"


# --- whole files


def write_tables(out: Path, frames: Mapping[str, pd.DataFrame]) -> None:
    """Tables by their file names: CSV for spreadsheets, Parquet for programs."""
    for name, frame in frames.items():
        text = name.endswith(".csv")
        write_bytes(out / name, frame.to_csv(index=False).encode() if text else encoded(frame))


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = _beside(path)
    _to_disk(unfinished, content)
    os.replace(unfinished, path)


def _beside(path: Path) -> Path:
    """A name in the same folder that says who writes here."""
    return path.with_name(f"{UNFINISHED}-{HOST}-{os.getpid()}-{path.name}")


def _to_disk(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
