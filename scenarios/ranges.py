"""Over which ranges the settings of an algorithm are searched.

A range belongs to every setting that is a positive number with bounds: from a hundredth to a hundred times the value
in force (the file's, else the algorithm's own), on a logarithmic scale, as far as the setting's bounds allow. One that
must lie between 0 and 1 has that range, on a linear scale. A scenario may state others (``[tune.ranges]``).

What is searched unless a scenario says otherwise are the steps: settings whose name holds the word ``step``, and those
that an algorithm marks as tied to them (``algorithms.pieces.search``).
"""

import dataclasses
import math
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from algorithms.pieces.search import Searched
from scenarios.errors import Mistake, nearest
from scenarios.scenario import Entry, Scenario
from scenarios.settings import known
from scenarios.tuning_schema import Ends, Tune

FACTOR = 100.0
"""A range goes from the value in force divided by this to the value times this."""
STEP = re.compile(r"(\w+_)?step(_\w+)?")
"""Names of steps; ``steps`` counts something."""
EDGE = 0.1
"""Share of a range, at each end, that counts as its edge: a factor of 2.5 of a range of four decades."""
DIGITS = 3
"""Significant digits of a value that is tried, so that a file can state it."""


@dataclass(frozen=True)
class Range:
    """Values of one setting. A place in it is a share from 0 (``low``) to 1 (``high``)."""

    low: float
    high: float
    log: bool = True
    """Whether equal factors are equally far, else equal differences are."""
    whole: bool = False
    """Whether only whole numbers count."""
    least: float = -math.inf
    """The setting's own bounds, beyond which no range can go."""
    most: float = math.inf

    def at(self, share: float) -> float | int:
        """The value at a place, to three digits, or whole."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        if self.whole:
            return round(min(max(value, self.low), self.high))
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def share(self, value: float) -> float:
        """The place of a value; beyond 0 and 1 where it lies outside."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low) if value > 0.0 else -math.inf
        return (value - self.low) / (self.high - self.low)

    def edge(self, value: float) -> str | None:
        """``lower`` or ``upper`` where the value lies at, or beyond, an edge that could be moved further out."""
        share = self.share(value)
        if share < EDGE and self.low > self.least:
            return "lower"
        return "upper" if share > 1.0 - EDGE and self.high < self.most else None

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


def searched(settings: Any) -> dict[str, Range]:
    """The ranges of what is searched unless a scenario says otherwise, around these settings of an algorithm."""
    moved = [(name, hint) for name, hint in _hints(type(settings)) if _is_moved(name, hint)]
    found = {name: declared(hint, getattr(settings, name)) for name, hint in moved}
    return {name: range_ for name, range_ in found.items() if range_ is not None}


def _is_moved(name: str, hint: Any) -> bool:
    is_step = STEP.fullmatch(name) is not None and float in _kinds(hint)
    return is_step or Searched() in getattr(hint, "__metadata__", ())


def of(settings: Any, name: str, low: float, high: float) -> Range:
    """The range that a scenario states for a setting; logarithmic where it begins above 0 and is none of shares.

    Raises ``ValueError`` where the setting cannot be searched over it.
    """
    hint = dict(_hints(type(settings)))[name]
    kinds = _kinds(hint)
    least, most = _bounds(hint)
    if not {int, float} & kinds:
        raise ValueError("is no number, so that it has no range")
    if not low < high:
        raise ValueError("must be two numbers, the smaller one first")
    if low < least or high > most:
        raise ValueError(f"must lie within the setting's own bounds, {least:g} to {most:g}")
    whole = float not in kinds
    if whole and (low != round(low) or high != round(high)):
        raise ValueError("must be two whole numbers, since the setting is one")
    return Range(low, high, low > 0.0 and not _is_share(least, most), whole, least, most)


def declared(hint: Any, value: Any) -> Range | None:
    """The range of a setting of this type around a value; None for what is no positive number with bounds."""
    kinds, (least, most) = _kinds(hint), _bounds(hint)
    bounded = math.isfinite(least) or math.isfinite(most)
    if not {int, float} & kinds or isinstance(value, bool) or value is None or not bounded:
        return None
    whole = float not in kinds
    if _is_share(least, most):
        return Range(least, most, False, whole, least, most)
    if not value > 0:
        return None
    low, high = max(value / FACTOR, least), min(value * FACTOR, most)
    if whole:
        low, high = max(1, round(low)), round(high)
    return Range(low, high, True, whole, least, most) if low < high else None


# --- what a scenario states


def of_entry(tune: Tune, entry: Entry) -> dict[str, Range]:
    """What is searched for an algorithm of a comparison, and where."""
    found = {name: of(entry.settings, name, *ends) for name, (_, ends) in _stated(tune, entry).items()}
    return found if _own_table(tune, entry) else searched(entry.settings) | found


def _stated(tune: Tune, entry: Entry) -> dict[str, tuple[str, Ends]]:
    """Key and ends of each range that the file states for an algorithm, by setting."""
    key, has = _own_table(tune, entry), known(type(entry.settings))
    if key is not None:
        own = tune.ranges[key]
        return {name: (f"{key}.{name}", ends) for name, ends in own.items()} if isinstance(own, dict) else {}
    return {name: (name, ends) for name, ends in tune.ranges.items() if isinstance(ends, tuple) and name in has}


def _own_table(tune: Tune, entry: Entry) -> str | None:
    """The key of the algorithm's own table; its label goes before its name."""
    return next((key for key in (entry.label, entry.algorithm) if isinstance(tune.ranges.get(key), dict)), None)


def mistakes(tune: Tune, scenario: Scenario) -> list[Mistake]:
    """What does not fit the algorithms of the scenario: unknown ones, unknown settings, impossible ranges."""
    found = [mistake for key, value in tune.ranges.items() for mistake in _unknown(scenario, key, value)]
    return found or [mistake for entry in scenario.entries for mistake in _impossible(tune, scenario, entry)]


def _unknown(scenario: Scenario, key: str, value: Ends | dict[str, Ends]) -> Iterator[Mistake]:
    names = list(dict.fromkeys(name for entry in scenario.entries for name in (entry.label, entry.algorithm)))
    has = list(dict.fromkeys(name for entry in scenario.entries for name in known(type(entry.settings))))
    where = f"tune.ranges.{key}"
    if isinstance(value, tuple):
        if key not in has:
            yield Mistake(scenario.file, where, value, f"is a setting of no algorithm here; {nearest(key, has)}")
    elif key not in names:
        yield Mistake(scenario.file, where, value, f"is neither label nor algorithm here; {nearest(key, names)}")
    else:
        entry = next(entry for entry in scenario.entries if key in (entry.label, entry.algorithm))
        own = known(type(entry.settings))
        for name, ends in value.items():
            if name not in own:
                rule = f"is no setting of {entry.algorithm}; {nearest(name, own)}"
                yield Mistake(scenario.file, f"{where}.{name}", ends, rule)


def _impossible(tune: Tune, scenario: Scenario, entry: Entry) -> Iterator[Mistake]:
    for name, (key, ends) in _stated(tune, entry).items():
        try:
            of(entry.settings, name, *ends)
        except ValueError as problem:
            yield Mistake(scenario.file, f"tune.ranges.{key}", ends, f"{problem} ({entry.label})")


# --- the types of settings


def _is_share(least: float, most: float) -> bool:
    return least == 0.0 and most == 1.0


def _hints(cls: type) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(cls, include_extras=True)
    yield from ((field.name, hints[field.name]) for field in dataclasses.fields(cls))


def _kinds(hint: Any) -> set[Any]:
    """The plain types that a value may have."""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return set(get_args(kind)) if get_origin(kind) in (Union, types.UnionType) else {kind}


def _bounds(hint: Any) -> tuple[float, float]:
    """The least and the largest value, whether or not they themselves are allowed."""
    least, most = -math.inf, math.inf
    for note in _notes(hint):
        least = max([least, *(float(getattr(note, name)) for name in ("gt", "ge") if hasattr(note, name))])
        most = min([most, *(float(getattr(note, name)) for name in ("lt", "le") if hasattr(note, name))])
    return least, most


def _notes(hint: Any) -> Iterator[Any]:
    """The notes of an annotated type; an interval is its parts."""
    for note in getattr(hint, "__metadata__", ()):
        yield from note if type(note).__name__ == "Interval" else (note,)
