"""``bilevelsim new``."""

from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("options", "folder", "word"),
    [
        ((), "mine", "def program("),
        (("--graph",), "mine", "def program("),
        (("--server",), "mine", "def server("),
        (("--out", "deep/er"), "deep/er", "def program("),
    ],
)
def test_a_package_is_written_and_the_next_steps_are_told(
    options: tuple[str, ...], folder: str, word: str, command: Call
) -> None:
    """Into ./NAME or the folder that is named."""
    status, output, mistakes = command("new", "algorithm", "mine", *options)
    assert (status, mistakes) == (0, "")
    assert output.startswith(f"{folder}: ")
    assert "pip install -e ." in output
    assert word in Path(folder, "mine.py").read_text()
    listed = output.partition("\n")[0].partition(": ")[2].split(", ")
    assert sorted(listed) == sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))


def test_a_problem_has_a_skeleton_too(command: Call) -> None:
    """It knows of no server."""
    assert command("new", "problem", "mine")[0] == 0
    assert "def build(" in Path("mine/mine.py").read_text()
    assert command("new", "problem", "another", "--server")[0] == 2
    assert not Path("another").exists()


@pytest.mark.parametrize(
    "arguments", [("algorithm", "soba"), ("algorithm", "my-own"), ("scenario", "mine"), ("algorithm",)], ids=" ".join
)
def test_a_bad_request_has_status_2(arguments: tuple[str, ...], command: Call) -> None:
    """And a sentence; nothing is written."""
    status, output, mistakes = command("new", *arguments)
    assert (status, output) == (2, "")
    assert mistakes
    assert list(Path.cwd().iterdir()) == []
