"""The example of a package that brings one thing of each kind: installed, listed, run, and its own tests."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import scenarios

ROOT = Path(scenarios.__file__).parents[1]
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "my_bilevel_methods"
PACKAGE = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
ANNOUNCED = PACKAGE["project"]["entry-points"]
Run = Callable[..., subprocess.CompletedProcess[str]]
NAMES = ("kgt_soba", "prior_mean", "racks", "dither")


@pytest.fixture
def python(tmp_path: Path, install: Callable[..., Path]) -> Run:
    """`python(*arguments)`: a process that has the package installed, in a folder of its own with the scenario."""
    modules = (EXAMPLE / "my_bilevel_methods").glob("*.py")
    sources = {f"my_bilevel_methods/{module.stem}": module.read_text() for module in modules}
    site = install(PACKAGE["project"]["name"], sources, ANNOUNCED)
    shutil.copy(EXAMPLE / "racks_of_machines.toml", tmp_path)
    return lambda *arguments: run(site, tmp_path, *arguments)


def run(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process with the folder ``site`` on its path beside ours."""
    path = os.pathsep.join([str(site), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_the_package_is_listed_checked_and_run(tmp_path: Path, python: Run) -> None:
    """Its scenario uses all four; every run reaches the target."""
    listed = python("-m", "scenarios", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert {line.split()[0] for line in listed.stdout.splitlines()} >= {*NAMES, "kgt_soba_single"}
    checked = python("-m", "scenarios", "check", "racks_of_machines.toml")
    assert checked.returncode == 0, checked.stderr
    assert "prior_mean: 8 upper, 8 lower variables" in checked.stdout
    assert "one local step on racks, waits: all" in checked.stdout
    done = python("-m", "scenarios", "run", "racks_of_machines.toml", "--jobs", "1", "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    runs = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert [*runs["label"]] == ["kgt_soba", "one local step", "5-bit EF-SOBA"]
    assert [*runs["status"]] == ["reached"] * 3
    # Three times 8 numbers of 5 bits and a scale of 64, the flag of error feedback, and a header of 40 bytes.
    rounds = runs["rounds"].iloc[2]
    assert runs["bits_up"].iloc[2] == pytest.approx(9 * rounds * 8 * (3 * 13 + 1 + 40), rel=0.05)


def test_its_own_tests_pass(python: Run) -> None:
    """Those that its users are shown."""
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(EXAMPLE / "tests"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_pip_installs_it(tmp_path: Path, pip_install: Callable[[Path], Path]) -> None:
    """With every module and every entry point that pyproject.toml states."""
    target = pip_install(EXAMPLE)
    (package,) = importlib.metadata.distributions(path=[str(target)])
    found = {(point.group, point.name, point.value) for point in package.entry_points}
    assert found == {(group, name, value) for group, points in ANNOUNCED.items() for name, value in points.items()}
    modules = {path.name for path in (EXAMPLE / "my_bilevel_methods").glob("*.py")}
    assert {path.name for path in (target / "my_bilevel_methods").glob("*.py")} == modules
    shown = run(target, tmp_path, "-m", "scenarios", "show", "dither")
    assert shown.stdout.startswith("Dither: ")


def test_the_page_names_every_file_and_entry_point() -> None:
    """Whoever adds one tells of it."""
    page = (EXAMPLE / "README.md").read_text()
    for group, points in ANNOUNCED.items():
        for name, value in points.items():
            row = next(
                line for line in page.splitlines() if f"`{value.partition(':')[0].replace('.', '/')}.py`" in line
            )
            assert f"`{name}`" in row
            assert f"`{group}`" in row
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    for group, points in tomllib.loads(block)["project"]["entry-points"].items():
        assert points.items() <= ANNOUNCED[group].items()
