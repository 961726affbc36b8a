"""A sweep: the table ``sweep`` of a scenario as points, each a value for every axis.

::

    [sweep]                                      a grid: every value of one key with every value of the others
    "stragglers.0.slowdown" = [1, 10]
    "network.topology.workers" = [8, 16, 32]

    [[sweep]]                                    a list: the keys of one table change together;
    "network.topology.workers" = [8, 16]         several tables are combined as in a grid
    "problem.train" = [800, 1600]

An axis is the path of a key; its values may be anything that may stand there, whole tables included.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from scenarios.emit import toml_value
from scenarios.errors import MISSING, Mistake

MOST_POINTS = 10_000
FIXED = ("question", "takes_minutes", "seeds", "replications", "sweep", "tune")
"""Keys of the whole comparison, which cannot differ between its points."""

Axes = Mapping[str, Sequence[Any]]


def flat(sweep: Any) -> Any:
    """Key paths in quotes or without: ``stragglers.0.slowdown = [..]`` is a table in tables for TOML."""
    if isinstance(sweep, list):
        return [flat(table) for table in sweep]
    if not isinstance(sweep, Mapping):
        return sweep
    found: dict[str, Any] = {}
    for key, value in sweep.items():
        inner = flat(value) if isinstance(value, Mapping) else {}
        found |= {f"{key}.{rest}": item for rest, item in inner.items()} if inner else {key: value}
    return found


def tables(sweep: Any) -> list[Axes]:
    """The tables of a checked sweep; the keys of one table change together."""
    if sweep is None:
        return []
    if isinstance(sweep, Mapping):
        return [{axis: values} for axis, values in sweep.items()]
    return list(sweep)


def mistakes(sweep: Any, file: str) -> list[Mistake]:
    """What is wrong with a sweep whose single fields are right."""
    found = [*_lengths(sweep, file), *_names(sweep, file)]
    count = prod((len(next(iter(table.values()))) for table in tables(sweep)), start=1)
    if count > MOST_POINTS:
        found.append(Mistake(file, "sweep", MISSING, f"has {count:,} points; {MOST_POINTS:,} are the most"))
    return found


def _lengths(sweep: Any, file: str) -> Iterator[Mistake]:
    for position, table in enumerate(tables(sweep)):
        lengths = {axis: len(values) for axis, values in table.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{axis} {count}" for axis, count in lengths.items())
            rule = f"must have equally many values of each key, since they change together; found {counts}"
            yield Mistake(file, f"sweep.{position}", MISSING, rule)


def _names(sweep: Any, file: str) -> Iterator[Mistake]:
    seen: list[str] = []
    for axis in (axis for table in tables(sweep) for axis in table):
        if axis.partition(".")[0] in FIXED:
            yield Mistake(file, f"sweep.{axis}", MISSING, "belongs to the whole comparison and cannot be varied")
        for other in seen:
            if f"{axis}.".startswith(f"{other}.") or f"{other}.".startswith(f"{axis}."):
                yield Mistake(file, f"sweep.{axis}", MISSING, f"is varied already, by sweep.{other}")
        seen.append(axis)


def points(sweep: Any) -> list[dict[str, Any]]:
    """Axis -> value at every point, the last table changing fastest; one empty point without a sweep."""
    steps = [[dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
             for table in tables(sweep)]  # fmt: skip
    return [{axis: value for step in chosen for axis, value in step.items()} for chosen in product(*steps)]


def shown(values: Mapping[str, Any]) -> str:
    """A point in words: ``stragglers.0.slowdown = 10, wait = {policy = "all"}``."""
    return ", ".join(f"{axis} = {toml_value(value)}" for axis, value in values.items())


def column(value: Any) -> Any:
    """A value as it stands in the column of its axis: a number as it is, anything else as text of a file."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return value if isinstance(value, str) else toml_value(value)
