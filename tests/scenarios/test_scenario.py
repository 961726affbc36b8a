"""The checked scenario."""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.mark.realdata
def test_the_file_a_problem_reads_counts(written: Callable[..., Path], text: str) -> None:
    """An instance of the data folder is part of what determines a run."""
    instance = 'name = "quadratic"\ninstance = "sldbo_n8.npz"'
    given = text.replace('name = "quadratic"\ndim_x = 3\ndim_y = 2', instance).replace("agents = 4", "agents = 8")
    found = loader.load(written(given)).files()
    content = (Path(os.environ["BILEVELSIM_DATA"]) / "instances" / "sldbo_n8.npz").read_bytes()
    assert found == {"sldbo_n8.npz": hashlib.sha256(content).hexdigest()}
