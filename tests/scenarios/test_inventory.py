"""What is done and what is missing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import scenarios
from scenarios import inventory, result, store

pytestmark = pytest.mark.usefixtures("undrawn")


def test_every_state_is_told(written: Callable[..., Path], text: str, tmp_path: Path) -> None:
    """Done, damaged, running, missing, and what cannot be run."""
    out = tmp_path / "out"
    given = text.replace(
        'name = "dsoba"', 'name = "dsoba"\n\n[[algorithms]]\nname = "sldbo"\ntopology = { name = "star" }'
    )
    made = scenarios.run(scenarios.load(written(given), {"seeds": 3}), out=out)
    keys = [str(key) for key in made.runs["key"].dropna()]
    (out / "runs" / keys[0] / "record.json").write_text("{")
    for key in keys[1:3]:
        shutil.rmtree(out / "runs" / key)
    lock = store.try_claim(out, keys[1])
    assert lock is not None
    told = inventory.text(out, result.read_plan(out)).splitlines()
    lock.release()
    assert told[1] == "6 runs: 3 done, 1 damaged, 1 running, 1 missing"
    assert [line.split() for line in told[3:7]] == [
        ["algorithm", "done", "damaged", "running", "missing"],
        ["soba", "0", "1", "1", "1"],
        ["dsoba", "3", "0", "0", "0"],
        ["sldbo", "0", "0", "0", "0"],
    ]
    assert "is damaged" in told[7]
    assert told[8].startswith("sldbo: not applicable: ")
