"""Skeletons: what is written works as it is, and its own test says so."""

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import scenarios
from scenarios import names, plugins, skeleton
from scenarios.errors import ScenarioError

SKELETONS = [("algorithm", "graph"), ("algorithm", "server"), ("problem", None)]


@pytest.mark.parametrize(("kind", "form"), SKELETONS)
def test_a_skeleton_passes_its_own_test_and_runs_its_scenario(
    kind: str, form: str | None, tmp_path: Path, install: Callable[..., Path]
) -> None:
    """Once installed: what pyproject.toml announces is found, each test of its test file holds, the scenario runs."""
    if kind == "problem":
        pytest.importorskip("jax")
    files = skeleton.write(kind, "my_own", tmp_path / "my_own", form)
    sources = {file.name: file.read_text() for file in files}
    package = tomllib.loads(sources["pyproject.toml"])
    install("my-own", {"my_own": sources["my_own.py"]}, package["project"]["entry-points"])
    assert "my_own" in names.usable(f"{kind}s")
    tests: dict[str, object] = {"__name__": "test_my_own"}
    exec(compile(sources["test_my_own.py"], "test_my_own.py", "exec"), tests)
    found = [test for name, test in tests.items() if name.startswith("test_")]
    assert len(found) >= 2
    for test in found:
        assert callable(test)
        test()
    result = scenarios.run(scenarios.load(tmp_path / "my_own" / "my_own.toml", {"stop.rounds": 5}))
    assert set(result.runs["status"]) == {"finished"}


def test_pip_installs_a_skeleton_and_the_command_finds_it(tmp_path: Path, pip_install: Callable[[Path], Path]) -> None:
    """With the metadata that pyproject.toml states."""
    skeleton.write("algorithm", "my_own", tmp_path / "my_own")
    target = pip_install(tmp_path / "my_own")
    (package,) = importlib.metadata.distributions(path=[str(target)])
    assert (package.name, package.requires) == ("my-own", ["bilevelsim"])
    path = os.pathsep.join([str(target), str(Path(scenarios.__file__).parents[1])])
    command = [sys.executable, "-m", "scenarios", "list", "algorithms"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path})
    (line,) = (line for line in listed.stdout.splitlines() if line.startswith("my_own "))
    assert "SOBA over a graph with gradient tracking" in line


def test_nothing_is_left_of_a_template(tmp_path: Path) -> None:
    """No mark of the template language, no placeholder, one line break at the end."""
    for kind, form in SKELETONS:
        for path in skeleton.write(kind, "my_own", tmp_path / f"{kind} {form}", form):
            text = path.read_text()
            assert not any(mark in text + path.name for mark in ("{{", "}}", "{%", "NAME", ".j2"))
            assert text.endswith("\n")
            assert not text.endswith("\n\n")
            assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize(
    ("kind", "name", "form", "sentence"),
    [
        ("algorithms", "mine", None, 'new: KIND = "algorithms": must be one of algorithm, problem.'),
        ("problem", "mine", "server", "must be an algorithm: nothing else runs on a server or over a graph."),
        ("algorithm", "my-own", None, "must be the name of a Python module: small letters, digits and underscores"),
        ("algorithm", "Mine", None, "must be the name of a Python module"),
        ("algorithm", "2nd", None, "must be the name of a Python module"),
        ("algorithm", "mine_", None, "must be the name of a Python module"),
        ("algorithm", "größe", None, "must be the name of a Python module"),
        ("algorithm", "lambda", None, "must be the name of a Python module"),
        ("algorithm", "", None, "must be the name of a Python module"),
        ("algorithm", "../mine", None, "must be the name of a Python module"),
        (
            "algorithm",
            "sdbo",
            None,
            'new: algorithm NAME = "sdbo": is taken: bilevelsim has an algorithm of that name.',
        ),
        ("problem", "ring", None, 'new: problem NAME = "ring": is taken: bilevelsim has a topology of that name.'),
        ("algorithm", "numpy", None, "is taken: Python has a module of that name in "),
    ],
)
def test_bad_requests_are_answered_with_a_sentence(
    kind: str, name: str, form: str | None, sentence: str, tmp_path: Path
) -> None:
    """And nothing is written."""
    with pytest.raises(ScenarioError) as caught:
        skeleton.write(kind, name, tmp_path / "new", form)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """So is a file; an empty folder is filled."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    for place, rule in (("full", "is a folder that is not empty"), ("full/notes", "is a file; name a folder")):
        with pytest.raises(ScenarioError, match=rule):
            skeleton.write("algorithm", "my_own", tmp_path / place)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes"]
    (tmp_path / "empty").mkdir()
    assert skeleton.write("algorithm", "my_own", tmp_path / "empty")


def test_a_name_that_another_package_has_taken_is_refused(tmp_path: Path, install: Callable[..., Path]) -> None:
    """Also where it cannot be used."""
    install("bad-package", {"bad": ""}, {plugins.GROUPS["compressors"].name: {"bad": "bad"}})
    with pytest.raises(ScenarioError, match="bilevelsim has a compressor of that name"):
        skeleton.write("algorithm", "bad", tmp_path / "bad")
