"""A small valid scenario that tests change, and a way to write it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scenarios.cli import app

Call = Callable[..., tuple[int, str, str]]

SCENARIO = """\
question = "Who is first when one of four workers is slow?"
seeds = 2

[stop]
rounds = 6
simulated_seconds = 100.0

[problem]
name = "quadratic"
dim_x = 3
dim_y = 2

[network]
topology = { name = "ring", agents = 4 }
latency_s = { distribution = "lognormal", mean = 0.05, sigma = 0.8 }
bandwidth_mbit_s = 100.0

[compute]
seconds_per_step = 0.1

[[stragglers]]
agents = [3]
slowdown = 10.0

[[failures]]
kind = "crash"
agents = [1]
at_s = 50.0
recover_after_s = 1.0

[[algorithms]]
name = "soba"
topology = { name = "star" }

[[algorithms]]
name = "dsoba"

[target]
metric = "relative_distance_to_optimum"
below = 0.9
"""


@pytest.fixture
def text() -> str:
    """A valid scenario: four agents, one of them slow, a server method and a gossip method."""
    return SCENARIO


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes the valid scenario, or another text, into a file of its own folder."""

    def write(text: str = SCENARIO, name: str = "small.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the command in an empty folder; exit status, standard output, standard error."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.delenv("COLUMNS", raising=False)  # of a terminal that nobody looks at

    def call(*arguments: str) -> tuple[int, str, str]:
        outcome = CliRunner().invoke(app, list(arguments))
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit)
        return outcome.exit_code, outcome.stdout, outcome.stderr

    return call


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparisons leave no figures: for tests of everything else, since drawing takes most of a small run's time."""
    monkeypatch.setattr("scenarios.result.Result.draw", lambda result: {})
