"""What every algorithm has to do, for the tests of packages that bring one.

::

    from scenarios import contract

    def test_it_keeps_the_contract():
        assert contract.broken("my_method", rounds=1000, tolerance=1e-8) == []

The world is small: five agents whose data differ, p = 3 and q = 4, a quadratic problem with its optimum in closed form.
"""

import ast
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import pandas as pd
from typing_extensions import Doc

import algorithms
import scenarios
from scenarios import plugins

WORLD = Path(__file__).with_name("contract.toml")
AGENTS = 5
DIM_X = 3
"""p"""
DIM_Y = 4
"""q"""
METRICS = ("distance_to_optimum", "lower_residual")
"""What is measured: |x - x*|, and the gradient of the averaged lower level, which is 0 at y*(x)."""
WORDS = ("Paper:", "Problem", "Costs", "Traps:")
"""What a docstring has to speak of."""


class Frames(NamedTuple):
    """The two tables of a run, as of ``scenarios.run``."""

    runs: pd.DataFrame
    history: pd.DataFrame


def broken(
    name: str, rounds: int = 1000, tolerance: float = 1e-6, settings: Mapping[str, Any] | None = None
) -> list[str]:
    """A sentence for each rule that the algorithm of this name breaks; none if it keeps all of them.

    After so many ``rounds``, under ``settings`` where its defaults do not fit, both the distance of x from the optimum
    and the residual of the lower level at (x, y) must be at most ``tolerance`` times what they were at the start.
    """
    if reason := plugins.unusable("algorithms").get(name):
        return [f"{name} {reason}"]
    given = {"algorithms.0.settings": dict(settings or {})}
    return [*_page(name), *_settings(name), *_optimum(name, rounds, tolerance, given), *_clock(name, given)]


def run(name: str, rounds: int = 40, changes: Mapping[str, Any] | None = None) -> Frames:
    """So many rounds of the algorithm in the contract's world, with changes to its scenario by their key paths."""
    star = {"network.topology": {"name": "star", "workers": AGENTS}} if algorithms.load(name).on_server else {}
    here = {"algorithms.0.name": name, "stop.rounds": rounds}
    result = scenarios.run(scenarios.load(WORLD, {**star, **here, **(changes or {})}))
    return Frames(result.runs, result.history)


def _page(name: str) -> Iterator[str]:
    doc = algorithms.load(name).doc
    if missing := [word for word in WORDS if word not in doc]:
        yield f"{name}: its docstring says nothing of {', '.join(word.rstrip(':') for word in missing)}"


def _settings(name: str) -> Iterator[str]:
    entry = algorithms.load(name)
    read = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(entry.module)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
    }
    hints = get_type_hints(entry.settings, include_extras=True)
    for field in dataclasses.fields(entry.settings):
        notes = get_args(hints[field.name])[1:] if get_origin(hints[field.name]) is Annotated else ()
        if not any(isinstance(note, Doc) for note in notes):
            yield f"{name}: its setting {field.name} has no Doc that says what it is"
        if field.name not in read:
            yield f"{name}: its setting {field.name} is read nowhere"


def _optimum(name: str, rounds: int, tolerance: float, given: Mapping[str, Any]) -> Iterator[str]:
    result = run(name, rounds, given)
    row, points = result.runs.iloc[0], result.history
    if row["status"] != "finished":
        yield f"{name}: its run of {rounds} rounds ended as {row['status']}: {row['reason']}"
        return
    for metric in METRICS:
        share = points[metric].iloc[-1] / points[metric].iloc[0]
        if not share <= tolerance:
            yield f"{name}: after {rounds} rounds {metric} is {share:.2g} of what it was, not {tolerance:g}"


def _clock(name: str, given: Mapping[str, Any]) -> Iterator[str]:
    """The same run has the same history, and a slow agent, waited for, changes nothing but seconds."""
    first, again = run(name, changes=given), run(name, changes=given)
    slow = run(name, changes={**given, "stragglers.0.slowdown": 20.0})
    if not first.runs["fingerprint"].equals(again.runs["fingerprint"]):
        yield f"{name}: two runs with the same seed have different histories"
    if not first.history[list(METRICS)].equals(slow.history[list(METRICS)]):
        yield f"{name}: a slow agent changes its iterates, though everybody is waited for"
