"""Scenarios: what is compared, under which conditions, and what came of it.

From Python::

    import scenarios

    result = scenarios.run(scenarios.load("my_scenario.toml"), jobs=2)
    result.runs        # pandas: one row a run
    result.history     # pandas: one row a recorded point
    result.plot()      # matplotlib figures by name

The rest of the package is imported when it is first used: so the command answers quickly, and can say in one sentence
when a user's own folder hides one of ours (``home``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from scenarios.result import Result
    from scenarios.scenario import Scenario

__all__ = ["ScenarioError", "load", "run"]


def load(path: str | Path, changes: Mapping[str, Any] | None = None) -> "Scenario":
    """The scenario of a TOML file, or of the catalogue if ``path`` is a name in it.

    ``changes`` are values for key paths, written into the document before it is checked:
    ``load("demo", {"stop.rounds": 50})``. Raises ``ScenarioError`` with every mistake found.
    """
    from scenarios import loader

    return loader.load(path, changes)


def run(scenario: "Scenario", jobs: int = 1, out: str | Path | None = None) -> "Result":
    """Run a scenario in ``jobs`` processes (-1: one a core); keep records, tables and figures in ``out`` if given.

    Returns a ``Result`` with ``.runs`` and ``.history`` (pandas) and ``.plot()``. On a keyboard interrupt it raises
    ``runner.Interrupted``, a ``KeyboardInterrupt`` that carries what had finished.
    """
    from scenarios import runner

    return runner.run(scenario, jobs, out)
