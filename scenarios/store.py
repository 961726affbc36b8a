"""What a comparison leaves on disk: a record for each run, the tables, the scenario.

::

    DIR/scenario.toml                  the scenario as it was run
    DIR/runs/<key>/record.json         inputs, versions, status, row of the table, meters, traceback of a defect
    DIR/runs/<key>/history.parquet     the recorded points
    DIR/runs.csv, runs.parquet, history.parquet, figures/

A record is written whole or not at all: into a folder of another name, to the disk, then renamed. So is every file.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from scenarios.errors import Mistake, ScenarioError

UNFINISHED = ".unfinished"
KEY_LENGTH = 20
FIGURES = ("progress", "shares", "time_to_target")
RESULTS = (
    "runs.csv",
    "runs.parquet",
    "history.parquet",
    *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg")),
)
"""What is made of all records together."""


def key(inputs: Mapping[str, Any]) -> str:
    """The name of a run: a hash of everything that determines it, written in one canonical way."""
    return hashlib.sha256(canonical(inputs).encode()).hexdigest()[:KEY_LENGTH]


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal values, equal text.

    >>> canonical({"b": (1, 2.0), "a": None})
    '{"a":null,"b":[1,2.0]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def prepare(out: Path, scenario_text: str) -> None:
    """Make the folder, put the scenario there, and clear what killed processes left half-written.

    Tables and figures of another scenario are taken away; records of runs stay.
    Raises ``ScenarioError`` where nothing can be written.
    """
    try:
        (out / "runs").mkdir(parents=True, exist_ok=True)
        (out / "figures").mkdir(exist_ok=True)
        _clear_results_of_another(out, scenario_text)
        write_text(out / "scenario.toml", scenario_text)
    except OSError as problem:
        rule = f"cannot be written to: {problem.strerror}"
        raise ScenarioError([Mistake("--out", "DIR", str(out), rule)]) from None
    for left in [*out.glob(f"{UNFINISHED}-*"), *out.glob(f"*/{UNFINISHED}-*")]:
        if not _is_of_a_living_process(left):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _clear_results_of_another(out: Path, scenario_text: str) -> None:
    """So that no table or figure stands beside a scenario that it does not belong to, should this run be killed."""
    scenario = out / "scenario.toml"
    if scenario.is_file() and scenario.read_bytes() != scenario_text.encode():
        for name in RESULTS:
            (out / name).unlink(missing_ok=True)


def write_record(out: Path, name: str, record: Mapping[str, Any], history: pd.DataFrame) -> Path:
    """Write one run; what was there under this key is replaced."""
    final = out / "runs" / name
    unfinished = _beside(final)
    shutil.rmtree(unfinished, ignore_errors=True)  # of an interrupted attempt of this very process
    unfinished.mkdir()
    _to_disk(unfinished / "record.json", (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())
    history.to_parquet(unfinished / "history.parquet", index=False)
    _sync(unfinished / "history.parquet")
    _sync(unfinished)
    if final.exists():
        old = final.with_name(f"{unfinished.name}-old")
        os.rename(final, old)
        os.rename(unfinished, final)
        shutil.rmtree(old)
    else:
        os.rename(unfinished, final)
    _sync(final.parent)
    return final


def read_record(out: Path, name: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """The record of a run and its history."""
    folder = out / "runs" / name
    record: dict[str, Any] = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return record, pd.read_parquet(folder / "history.parquet")


def write_tables(out: Path, runs: pd.DataFrame, history: pd.DataFrame) -> list[Path]:
    """The two tables, for spreadsheets and for programs; the paths written."""
    write_text(out / "runs.csv", runs.to_csv(index=False))
    for name, frame in {"runs": runs, "history": history}.items():
        unfinished = _beside(out / f"{name}.parquet")
        frame.to_parquet(unfinished, index=False)
        _sync(unfinished)
        os.replace(unfinished, out / f"{name}.parquet")
    return [out / "runs.csv", out / "runs.parquet", out / "history.parquet"]


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    unfinished = _beside(path)
    _to_disk(unfinished, text.encode())
    os.replace(unfinished, path)


def _beside(path: Path) -> Path:
    """A name in the same folder that says who writes here."""
    return path.with_name(f"{UNFINISHED}-{os.getpid()}-{path.name}")


def _is_of_a_living_process(path: Path) -> bool:
    number = path.name.removeprefix(f"{UNFINISHED}-").partition("-")[0]
    return number.isdecimal() and int(number) != os.getpid() and psutil.pid_exists(int(number))


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
