"""The checked scenario."""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

from scenarios import loader


def test_it_travels_to_other_processes(written: Callable[..., Path]) -> None:
    """Pickling gives an equal scenario."""
    scenario = loader.load(written())
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_files_count_by_their_content(written: Callable[..., Path], text: str, tmp_path: Path) -> None:
    """Every file that is named has its SHA-256."""
    trace = b"agent,at_s,slowdown\n0,1.0,5.0\n"
    (tmp_path / "slow.csv").write_bytes(trace)
    named = text.replace("agents = [3]\nslowdown = 10.0", 'kind = "trace"\nfile = "slow.csv"')
    scenario = loader.load(written(named))
    assert scenario.files() == {"slow.csv": hashlib.sha256(trace).hexdigest()}
    assert loader.load(written()).files() == {}


def test_there_is_a_server_if_some_algorithm_has_one(written: Callable[..., Path], text: str) -> None:
    """Then ids go one further."""
    assert loader.load(written()).server
    without = text.replace('[[algorithms]]\nname = "soba"\ntopology = { name = "star" }\n', "")
    assert not loader.load(written(without)).server
