"""``bilevelsim status``."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("undrawn")


def test_it_says_what_there_is(command: Callable[..., tuple[int, str, str]], written: Callable[..., Path]) -> None:
    """Without changing anything; a folder without a comparison is told in a sentence."""
    assert command("run", str(written()), "--jobs", "1", "--seeds", "1")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")}
    status, output, told = command("status", "results/small")
    assert (status, told) == (0, "")
    assert "2 runs: 2 done" in output
    assert {path: path.stat().st_mtime_ns for path in Path("results").rglob("*")} == before
    status, output, told = command("status", "results")
    assert (status, output) == (2, "")
    assert told == "results: holds no comparison (there is no plan.json in it); bilevelsim run makes one.\n"
