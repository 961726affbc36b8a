"""Packages that hide ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios import home

ROOT = Path(home.__file__).resolve().parent.parent


def test_nothing_hides_the_packages_of_this_checkout() -> None:
    """They lie side by side."""
    assert home.shadows() == []


@pytest.mark.parametrize("arguments", [["list"], ["run", "x.toml"]])
def test_a_users_own_folder_is_told_in_one_sentence(arguments: list[str], tmp_path: Path) -> None:
    """Whatever the command: exit status 2, which folder it is, what to do, and no traceback."""
    (tmp_path / "algorithms").mkdir()
    (tmp_path / "algorithms" / "__init__.py").write_text("mine = True\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "scenarios", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert str(tmp_path / "algorithms") in done.stderr
    assert "rename yours" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_package_that_is_missing_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that is not whole."""
    monkeypatch.setattr(home, "NAMES", ("no_such_package_of_ours",))
    (sentence,) = home.shadows()
    assert "no_such_package_of_ours is missing" in sentence
