"""Interrupted anywhere, nothing that was finished is lost: processes are killed at many random instants.

A comparison is killed (SIGKILL), begun again, killed again, until it comes to its end; then its folder must equal that
of an uninterrupted one, byte for byte but for the host's seconds.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scenarios

KILLER = """
import os, signal, sys, time
from pathlib import Path
import matplotlib.font_manager
import numpy as np
from scenarios import figures, loader, runner
if sys.argv[5] == "plain":  # figures take most of the time, and are nothing but whole files
    figures.draw = lambda *tables, **more: {}
scenario, folder, wanted = loader.load(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
runner.run(scenario, out=folder / "warm")
rng, kills, ends = np.random.default_rng(int(sys.argv[4])), 0, 0
begin = time.perf_counter()
runner.run(scenario, out=folder / "whole")
length = time.perf_counter() - begin
while kills < wanted:
    out = folder / f"out{ends}"
    while True:
        child = os.fork()
        if child == 0:
            runner.run(scenario, out=out)
            os._exit(0)
        limit = time.perf_counter() + rng.uniform(0.0, 1.3 * length)
        while time.perf_counter() < limit and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.0005)
        try:
            os.kill(child, signal.SIGKILL)
            _, how = os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            break
        if how == 0:
            break
        kills += 1
    ends += 1
print(kills, ends)
"""


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the host's seconds, by its place; tables without the column of them."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.name in ("runs.csv", "runs.parquet"):
            frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
            found[name] = frame.drop(columns="host_s").to_csv().encode()
        elif path.name != "host.json":
            found[name] = path.read_bytes() if path.is_file() else b""
    return found


@pytest.mark.parametrize(
    ("kills", "figures"),
    [
        (40, "plain"),
        pytest.param(600, "plain", marks=pytest.mark.slow),
        pytest.param(60, "drawn", marks=pytest.mark.slow),
    ],
)
def test_a_comparison_killed_at_random_instants_ends_as_if_it_had_not_been(
    kills: int, figures: str, written: Callable[..., Path], text: str, tmp_path: Path
) -> None:
    """In one process, at instants spread evenly over the whole of it: building, running, writing, drawing."""
    scenario = written(text + '[sweep]\n"stragglers.0.slowdown" = [1.0, 10.0]\n')
    command = [sys.executable, "-W", "ignore", "-c", KILLER, str(scenario), str(tmp_path), str(kills), "7", figures]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    killed, ends = (int(word) for word in done.stdout.split())
    print(f"{killed} kills, {ends} comparisons ended")
    assert killed >= kills
    whole = content(tmp_path / "whole")
    assert len([name for name in whole if name.endswith("record.json")]) == 8
    for number in range(ends):
        found = content(tmp_path / f"out{number}")
        assert found.keys() == whole.keys()
        assert [name for name in whole if found[name] != whole[name]] == []


def test_a_command_with_two_processes_survives_its_kills(written: Callable[..., Path], tmp_path: Path) -> None:
    """The command and its worker processes, all killed at once; what was finished is not run again."""
    changes = {"stop.rounds": 60, "stop.simulated_seconds": 1e6, "seeds": 8}
    path = written()
    whole = scenarios.run(scenarios.load(path, changes), out=tmp_path / "whole")
    command = [sys.executable, "-m", "scenarios", "run", str(path), "--out", str(tmp_path / "out"), "--jobs", "2"]
    command += [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    rng, kept = np.random.default_rng(3), 0
    for _ in range(2):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        limit = time.monotonic() + 60
        while time.monotonic() < limit and len(finished(tmp_path / "out")) <= kept and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.3))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        now = finished(tmp_path / "out")
        assert len(now) > kept or len(now) == 16
        kept = len(now)
    before = {path: path.stat().st_mtime_ns for path in finished(tmp_path / "out")}
    subprocess.run(command, check=True, capture_output=True)
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(whole.runs) == 16


def finished(out: Path) -> set[Path]:
    """Records that are there under their names."""
    return set(out.glob("runs/[!.]*/record.json"))
