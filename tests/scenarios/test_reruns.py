"""Stored runs, simulated again."""

from collections.abc import Callable
from pathlib import Path

import pytest

import scenarios
from scenarios import reruns
from scenarios.execution import execute

pytestmark = pytest.mark.usefixtures("undrawn")


def test_every_run_of_a_sweep_comes_out_again(written: Callable[..., Path], text: str, tmp_path: Path) -> None:
    """To the last bit, from its folder alone, files that it names included."""
    trace = "agent,at_s,slowdown\n0,1.0,5.0\n"
    (tmp_path / "slow.csv").write_text(trace)
    named = text.replace("agents = [3]\nslowdown = 10.0", 'kind = "trace"\nfile = "slow.csv"')
    path = written(named + '[sweep]\n"stop.rounds" = [3, 4]\n')
    made = scenarios.run(scenarios.load(path), out=tmp_path / "out")
    (tmp_path / "slow.csv").unlink()
    path.unlink()
    for key, rounds in zip(made.runs["key"], made.runs["stop.rounds"], strict=True):
        found = reruns.find(tmp_path / "out" / "runs" / str(key))
        assert found.scenario.document.stop.rounds == rounds
        record = execute(found.scenario, found.entry, found.seed)
        assert record.key == key
        assert found.differs(str(record.row["fingerprint"])) is None
        assert "does not come out again" in str(found.differs("another"))


def test_what_is_no_run_is_refused(written: Callable[..., Path], tmp_path: Path) -> None:
    """And so is a run that belongs to an earlier scenario in the same folder."""
    out = tmp_path / "out"
    with pytest.raises(scenarios.ScenarioError, match="is no run of a comparison"):
        reruns.find(tmp_path)
    made = scenarios.run(scenarios.load(written(), {"seeds": 1}), out=out)
    scenarios.run(scenarios.load(written(), {"seeds": 1, "stop.rounds": 3}), out=out)
    with pytest.raises(scenarios.ScenarioError, match="belongs to another scenario"):
        reruns.find(out / "runs" / str(made.runs.loc[0, "key"]))
