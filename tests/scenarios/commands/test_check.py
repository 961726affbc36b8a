"""``bilevelsim check``."""

from collections.abc import Callable
from pathlib import Path


def test_a_valid_scenario_is_told_with_its_plan(
    command: Callable[..., tuple[int, str, str]], written: Callable[..., Path]
) -> None:
    """Exit status 0, the plan on standard output, nothing on standard error, nothing written."""
    status, output, told = command("check", str(written()))
    assert (status, told) == (0, "")
    assert "small.toml is valid." in output
    assert "4: 2 algorithms, 2 seeds" in output
    assert list(Path.cwd().iterdir()) == []
