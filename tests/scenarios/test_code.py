"""The code that determines a run."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import algorithms
from scenarios import code, loader


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    """Files are read once a process."""
    code._of_modules.cache_clear()
    yield
    code._of_modules.cache_clear()


def test_a_change_of_one_algorithm_leaves_the_others_alone(
    written: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own file counts, and no other algorithm's."""
    scenario = loader.load(written())
    before = [code.fingerprint(scenario, entry) for entry in scenario.entries]
    module = algorithms.load("dsoba").module
    copy = tmp_path / "dsoba.py"
    shutil.copy(str(module.__file__), copy)
    copy.write_text(copy.read_text() + "\n# another line\n")
    monkeypatch.setattr(module, "__file__", str(copy))
    code._of_modules.cache_clear()
    after = [code.fingerprint(scenario, entry) for entry in scenario.entries]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_of_an_installed_package_all_files_count(tmp_path: Path) -> None:
    """A module alone is one file."""
    package = tmp_path / "mine"
    package.mkdir()
    for name in ("__init__.py", "method.py", "more.py"):
        (package / name).write_text("")
    (tmp_path / "alone.py").write_text("")
    assert {path.name for path in code._of_module("mine.method", package / "method.py").values()} == {
        "__init__.py",
        "method.py",
        "more.py",
    }
    assert {path.name for path in code._of_module("alone", tmp_path / "alone.py").values()} == {"alone.py"}


def test_places_of_files_have_no_part(tmp_path: Path) -> None:
    """Only names below the package and contents."""
    for folder in ("a", "b"):
        (tmp_path / folder / "simulator").mkdir(parents=True)
        (tmp_path / folder / "simulator" / "links.py").write_text("x = 1")
    first, second = (code._hash(code._below(tmp_path / folder / "simulator").items()) for folder in ("a", "b"))
    assert first == second
    (tmp_path / "b" / "simulator" / "links.py").write_text("x = 2")
    assert code._hash(code._below(tmp_path / "b" / "simulator").items()) != first


def test_what_settings_hold_counts(written: Callable[..., Path], text: str) -> None:
    """A compressor's module, which may be somebody else's."""
    with_compressor = text.replace(
        'name = "soba"', 'name = "c_soba"\nsettings = { compressor = { name = "rand_k", fraction = 0.5 } }'
    )
    scenario = loader.load(written(with_compressor))
    assert code._kinds(scenario.entries[0].settings) == {"algorithms.pieces.compressors"}
    assert code._kinds(scenario.entries[1].settings) == set()
