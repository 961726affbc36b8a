"""A Dask cluster: a real scheduler and real workers, all on this machine."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import scenarios
from scenarios import runner, store
from scenarios.engines import cluster

pytest.importorskip("distributed")

LONGER = {"stop.rounds": 300, "stop.simulated_seconds": 1e6, "seeds": 6}


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.processes = [self._start("dask_scheduler", "--port", "0", "--host", "127.0.0.1")]
        limit = time.monotonic() + 60
        while time.monotonic() < limit and not (self.file.is_file() and self.file.read_text().strip().endswith("}")):
            time.sleep(0.05)
        self.address = str(json.loads(self.file.read_text())["address"])

    def add_worker(self, threads: int = 1) -> "subprocess.Popen[bytes]":
        """One more."""
        self.processes.append(
            self._start("dask_worker", "--nthreads", str(threads), "--no-nanny", "--host", "127.0.0.1")
        )
        return self.processes[-1]

    def _start(self, module: str, *options: str) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.{module}",
            "--scheduler-file",
            str(self.file),
            "--no-dashboard",
        ]
        return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """End every process."""
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without workers."""
    made = Cluster(tmp_path)
    yield made
    made.stop()


def test_a_cluster_that_loses_a_worker_gives_the_same_bits_as_this_machine(
    dask: Cluster, written: Callable[..., Path], tmp_path: Path
) -> None:
    """Two workers, one of them killed in the middle: all records are the same bytes."""
    scenario = scenarios.load(written(), LONGER)
    workers = [dask.add_worker(), dask.add_worker()]

    class Killer:
        """Kills a worker when the second run is done."""

        def begin(self, kept: int, total: int) -> None:
            assert (kept, total) == (0, 12)

        def advance(self, row: object, done: int, total: int) -> None:
            if done == 2:
                workers[0].kill()

    found = runner.run(scenario, out=tmp_path / "dask", progress=Killer(), engine=cluster.dask(dask.address))
    local = runner.run(scenario, out=tmp_path / "local")
    assert workers[0].wait() != 0
    assert [*found.runs["status"]] == ["finished"] * 12
    for key in found.plan.keys:
        for name in (store.RECORD, store.HISTORY):
            places = (tmp_path / where / "runs" / key / name for where in ("dask", "local"))
            first, second = (place.read_bytes() for place in places)
            assert first == second
    assert [*found.runs["fingerprint"]] == [*local.runs["fingerprint"]]


def test_a_worker_with_several_threads_is_refused(dask: Cluster, written: Callable[..., Path]) -> None:
    """A run stays inside one thread, and two of them in one process would disturb each other."""
    dask.add_worker(threads=2)
    with pytest.raises(scenarios.ScenarioError, match="has 2 threads; start workers with --nthreads 1"):
        runner.run(scenarios.load(written()), engine=cluster.dask(dask.address))


def test_a_scheduler_that_does_not_answer_is_told(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, command: Callable[..., tuple[int, str, str]]
) -> None:
    """In a sentence, with exit status 2; so are options that do not fit together, and Dask that is not there."""
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.5)
    path = str(written())
    for options, sentence in (
        (("--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"), "no Dask scheduler answers there"),
        (("--engine", "dask", "--scheduler", "nonsense://x"), "no Dask scheduler answers there"),
        (("--engine", "dask"), "--scheduler: belongs to --engine dask"),
        (("--scheduler", "tcp://127.0.0.1:1"), "belongs to --engine dask"),
        (("--engine", "desk"), 'is no engine; the nearest is "dask"'),
    ):
        status, _, told = command("run", path, *options)
        assert (status, sentence in told) == (2, True), told
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, told = command("run", path, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert (status, "pip install 'bilevelsim[cluster]'" in told) == (2, True)


def test_a_record_made_with_other_versions_is_refused(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key says so."""
    scenario = scenarios.load(written())

    def elsewhere(cells: Iterator[runner.Cell]) -> Iterator[tuple[runner.Cell, runner.Record]]:
        from scenarios import records
        from scenarios.execution import execute

        for cell in cells:
            monkeypatch.setattr(records, "FORMAT", records.FORMAT + 1)
            yield cell, execute(cell.scenario, cell.entry, cell.seed)

    with pytest.raises(scenarios.ScenarioError, match="a worker has other versions"):
        runner.run(scenario, engine=elsewhere)
