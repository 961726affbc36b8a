"""The code that determines a run, as a hash: what changes it gives the run another key.

Hashed are the simulator, the problems, the topologies, what the algorithms share, what turns a scenario into a world
and a record, and of the algorithms the one that runs: a change in one of them leaves the runs of the others alone.
"""

import dataclasses
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import algorithms
import problems
import simulator
import topologies
from scenarios.scenario import Entry, Scenario
from topologies import families

HOME = Path(__file__).resolve().parent
OURS = ("activity.py", "build.py", "execution.py", "graphs.py", "records.py", "settings.py", "traffic.py")
"""Of the modules here, those that have a part in a run's numbers."""


def fingerprint(scenario: Scenario, entry: Entry) -> str:
    """Hash of all source files that have a part in a run."""
    named = (entry.algorithm, scenario.document.problem.name, entry.placement.family)
    return _of_modules(*named, tuple(sorted(_kinds(entry.settings))))


def _kinds(settings: Any) -> set[str]:
    """The modules of what settings hold, such as compressors, which an installed package may bring."""
    held = [getattr(settings, field.name) for field in dataclasses.fields(settings)]
    return {type(value).__module__ for value in held if dataclasses.is_dataclass(value)}


@cache
def _of_modules(algorithm: str, problem: str, family: str, further: tuple[str, ...] = ()) -> str:
    """Files by their path below the folder that holds them, so that the place of an installation has no part in it."""
    named = [algorithms.load(algorithm).module, problems.load(problem), families.load(family)]
    named += [sys.modules[name] for name in further]
    found = {Path("scenarios", name): HOME / name for name in OURS}
    for package in (simulator, problems, topologies):
        found |= _below(Path(str(package.__file__)).parent)
    home = Path(str(algorithms.__file__)).parent
    found |= _below(home / "pieces") | {Path("algorithms", name): home / name for name in ("__init__.py", "needs.py")}
    for module in named:
        found |= _of_module(module.__name__, Path(str(module.__file__)).resolve())
    return _hash(found.items())


def _of_module(name: str, file: Path) -> dict[Path, Path]:
    """A module of ours is one file; of an installed package of somebody else, the whole package counts."""
    if HOME.parent in file.parents or not (file.parent / "__init__.py").is_file():
        return {Path(f"{name}.py"): file}
    return _below(file.parent)


def _below(folder: Path) -> dict[Path, Path]:
    return {Path(folder.name) / path.relative_to(folder): path for path in folder.rglob("*.py")}


def _hash(files: Iterable[tuple[Path, Path]]) -> str:
    digest = sha256()
    for name, path in sorted(files):
        digest.update(f"{name.as_posix()}\0".encode())
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()
