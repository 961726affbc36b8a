"""The command: exit status, what goes to which stream, what is written where."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.cli import COMMANDS

pytestmark = pytest.mark.usefixtures("undrawn")

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "{}", "--jobs", "0"],
        ["run", "{}", "--seeds", "many"],
        ["run", "{}", "--seeds", "0"],
        ["run", "{}", "--set", "stop.rounds"],
        ["run", "{}", "--set", "stop.round=3"],
        ["run", "{}", "--set", "stragglers.4.slowdown=3"],
        ["run", "{}", "--out", "{}"],
        ["run", "{}", "--out", ""],
        ["run", "{}", "--fast"],
        ["check", "nowhere.toml"],
        ["list", "things"],
        ["show", "nobody"],
        ["dance"],
    ],
    ids=" ".join,
)
def test_bad_input_has_status_2_and_a_sentence(
    arguments: list[str], command: Call, written: Callable[..., Path]
) -> None:
    """On standard error; nothing on standard output, nothing written."""
    path = str(written())
    status, output, mistakes = command(*(argument.replace("{}", path) for argument in arguments))
    assert (status, output) == (2, "")
    assert mistakes
    assert "Traceback" not in mistakes
    assert list(Path.cwd().iterdir()) == []


def test_an_interruption_while_reading_has_status_130(
    command: Call, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it comes."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scenarios.loader.load", interrupted)
    assert command("check", str(written()))[0] == 130


def test_module_and_command_are_the_same(written: Callable[..., Path]) -> None:
    """`python -m scenarios` answers as `bilevelsim` does, with its exit status."""
    done = subprocess.run([sys.executable, "-m", "scenarios", "check", str(written())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stdout
    missing = subprocess.run([sys.executable, "-m", "scenarios", "check", "nowhere"], capture_output=True, text=True)
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr


def test_help_names_every_command(command: Call) -> None:
    """And needs no scenario."""
    status, output, _ = command("--help")
    assert status == 0
    for name in COMMANDS:
        assert name in output
