"""One run."""

from collections.abc import Callable
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from scenarios import execution, loader


def test_a_run_stays_inside_one_thread(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every library that could use more; threaded sums have other bits."""
    seen: list[int] = []
    real = execution.simulate

    def watched(world: object) -> object:
        seen.extend(pool["num_threads"] for pool in threadpool_info())
        return real(world)  # type: ignore[arg-type]

    monkeypatch.setattr(execution, "simulate", watched)
    scenario = loader.load(written())
    record = execution.execute(scenario, scenario.entries[0], 0)
    assert record.row["status"] == "finished"
    assert record.host_s > 0.0
    assert seen
    assert set(seen) == {1}


def test_a_defect_is_a_record(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the traceback, not an exception."""

    def broken(_: object) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr(execution, "simulate", broken)
    scenario = loader.load(written())
    record = execution.execute(scenario, scenario.entries[0], 0)
    assert record.row["status"] == "failed"
    assert record.row["reason"] == "RuntimeError: of all things"
    assert "Traceback" in str(record.traceback)
