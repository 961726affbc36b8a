"""``bilevelsim report``."""

from collections.abc import Callable
from pathlib import Path


def test_everything_is_made_again_from_the_records_alone(
    command: Callable[..., tuple[int, str, str]], written: Callable[..., Path]
) -> None:
    """The same bytes and the same words, after tables and figures have been lost."""
    path = written()
    status, output, _ = command("run", str(path), "--jobs", "1")
    path.unlink()
    made = {file: file.read_bytes() for file in Path("results/small").rglob("*") if file.is_file()}
    for file in made:
        if file.parent.name in ("small", "figures") and file.name not in ("scenario.toml", "plan.json"):
            file.unlink()
    assert command("report", "results/small") == (status, output, "")
    assert {file: file.read_bytes() for file in Path("results/small").rglob("*") if file.is_file()} == made
