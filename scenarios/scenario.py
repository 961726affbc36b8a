"""A scenario as the rest of the package sees it: everything looked up, everything checked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import problems
from scenarios.schema import Document, Waiting


@dataclass(frozen=True)
class Placement:
    """Where an algorithm runs: a graph and its mixing weights."""

    family: str
    agents: int | None
    """Agents that hold data; None where the family's settings say so."""
    settings: Any
    """Frozen settings of the family."""
    weights: str
    weights_file: str | None
    lazy: bool

    @property
    def has_server(self) -> bool:
        """Whether one more agent, without data, serves the others."""
        return self.family == "star"


@dataclass(frozen=True)
class Entry:
    """One algorithm of the comparison."""

    position: int
    """Its place in the file, from 0."""
    label: str
    algorithm: str
    settings: Any
    """Frozen settings of the algorithm, those of its variant filled in."""
    wait: Waiting
    placement: Placement
    refused: str | None = None
    """Why this scenario cannot be run with it; None if it can."""


@dataclass(frozen=True)
class Scenario:
    """A checked scenario; ``loader.load`` makes it, ``runner.run`` runs it."""

    name: str
    file: str
    folder: Path
    """Files that the scenario names lie relative to it."""
    text: str
    """The scenario as TOML, changes from the command line included."""
    document: Document
    problem: Any
    """Frozen settings of the problem."""
    network: Placement
    """The network of the scenario, whose agents hold the data; algorithms may run on another one over the same data."""
    entries: tuple[Entry, ...]
    agents: int = 0
    """Agents that hold data; the same for all entries."""
    metrics: tuple[str, ...] = ()
    """What is measured on the way."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit of each metric."""
    axes: tuple[str, ...] = ()
    """The keys that a sweep varies."""
    swept: tuple["Point", ...] = ()
    """Its points; empty without a sweep. What else stands here is that of the first."""

    @property
    def points(self) -> tuple["Point", ...]:
        """The points of the sweep; without one, the scenario itself."""
        return self.swept or (Point({}, self),)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the repetitions; with replications, those to begin with."""
        return self.document.seed_list

    @property
    def possible_seeds(self) -> tuple[int, ...]:
        """Every seed that may be run."""
        return self.document.possible_seeds

    @property
    def server(self) -> bool:
        """Whether some algorithm runs with a server."""
        return any(entry.placement.has_server for entry in self.entries)

    def path(self, name: str) -> Path:
        """Where a file lies that the scenario names."""
        return self.folder / name

    def named_files(self) -> dict[str, Path]:
        """Every file that the scenario names, by the name."""
        named = [straggler.file for straggler in self.document.stragglers if straggler.kind == "trace"]
        for placement in {self.network, *(entry.placement for entry in self.entries)}:
            named += [placement.weights_file] if placement.weights_file else []
            named += [placement.settings.path] if placement.family == "file" else []
        return {name: self.path(name) for name in sorted(named)}

    def files(self) -> dict[str, str]:
        """SHA-256 of every file that the scenario names, or its problem reads: its content counts, not its place.

        Data sets are not among them: their loaders accept one content only.
        """
        read = getattr(problems.load(self.document.problem.name), "files", None)
        paths = self.named_files() | {path.name: path for path in (read(self.problem) if read else ())}
        return {name: hashlib.sha256(paths[name].read_bytes()).hexdigest() for name in sorted(paths)}


@dataclass(frozen=True)
class Point:
    """One point of a sweep."""

    values: Mapping[str, Any]
    """Key path -> value, in the order of the axes; empty without a sweep."""
    scenario: Scenario
    """The scenario with these values."""
