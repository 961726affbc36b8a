"""What all tests share: where real data lies, property tests with one verdict, and packages of somebody else."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

DATA_VARIABLE = "BILEVELSIM_DATA"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

if DATA_VARIABLE not in os.environ and SHARED_DATA.is_dir():
    os.environ[DATA_VARIABLE] = str(SHARED_DATA)

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.load_profile("deterministic")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs real data where there is none."""
    if item.get_closest_marker("realdata") and not Path(os.environ.get(DATA_VARIABLE, "/nowhere")).is_dir():
        pytest.skip(f"needs real data, and {DATA_VARIABLE} names no folder")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Puts a package of somebody else on the path, as an installer leaves it.

    `install(name, {module: source}, {group: {entry point: object}})` gives the folder on the path.
    """
    site = tmp_path / "site-packages"

    def put(name: str, sources: Mapping[str, str], announced: Mapping[str, Mapping[str, str]]) -> Path:
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        for module, source in sources.items():
            path = site / f"{module}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, encoding="utf-8")
        lines = [
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in announced.items()
        ]
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join(lines))
        monkeypatch.syspath_prepend(site)  # once more for each package: what is found is remembered by the path
        return site

    yield put
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in f"{getattr(module, '__file__', '')} {list(getattr(module, '__path__', []))}":
            del sys.modules[name]


@pytest.fixture
def pip_install(tmp_path: Path) -> Callable[[Path], Path]:
    """`pip_install(project)`: the folder into which pip has put a copy of the project, without any registry."""
    if int(importlib.metadata.version("setuptools").partition(".")[0]) < 71:
        pytest.skip("needs setuptools 71 or later, which builds wheels by itself")

    def put(project: Path) -> Path:
        copy, target = tmp_path / "project", tmp_path / "target"
        shutil.copytree(project, copy)  # a build leaves its traces
        offline = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
        command = [sys.executable, "-m", "pip", "install", *offline, "--target", str(target), str(copy)]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return target

    return put
