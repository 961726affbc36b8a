"""Changes to a scenario from the command line: ``--set stop.rounds=50``."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from scenarios.errors import Mistake, ScenarioError

FILE = "--set"
PATH = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
"""A key's path: bare keys and positions, with dots."""


def parse(texts: Iterable[str]) -> dict[str, Any]:
    """Key path -> value, from texts such as ``stragglers.0.slowdown=10``; the value is written as in TOML.

    A value that is one bare word is a string: ``problem.name=quadratic`` needs no quotes. Raises ``ScenarioError``.
    """
    found: dict[str, Any] = {}
    mistakes = []
    for text in texts:
        path, equals, value = text.partition("=")
        key = ".".join(part.strip() for part in path.split("."))
        if not equals or not re.fullmatch(PATH, key):
            rule = "must be a key's path, an equals sign and a value, such as stragglers.0.slowdown=10"
            mistakes.append(Mistake(FILE, "KEY=VALUE", text, rule))
        elif key in found:
            mistakes.append(Mistake(FILE, key, value, "is set twice"))
        else:
            try:
                found[key] = _value(value.strip())
            except (ValueError, RecursionError):  # a TOMLDecodeError among them
                rule = 'must be a TOML value, such as 3, 0.5, true, [1, 2] or "text", the quotes quoted for the shell'
                mistakes.append(Mistake(FILE, key, value.strip(), rule))
    if mistakes:
        raise ScenarioError(mistakes)
    return found


def _value(text: str) -> Any:
    if re.fullmatch(r"[A-Za-z_][\w.-]*", text) and text not in ("true", "false", "inf", "nan"):
        return text
    table = tomllib.loads(f"value = {text}")
    if list(table) != ["value"]:  # a line break in the text began another key
        raise tomllib.TOMLDecodeError("more than one value")
    return table["value"]


SWEEP = "sweep."


def apply(document: dict[str, Any], changes: Mapping[str, Any], file: str = FILE) -> list[Mistake]:
    """Write the changes into the document; a mistake for each path that leads nowhere, said of ``file``.

    What follows ``sweep.`` is the path of the key that is varied, not a path into the table ``sweep``.
    """
    found = []
    for key, value in changes.items():
        sweep = document.setdefault("sweep", {}) if key.startswith(SWEEP) else None
        if isinstance(sweep, dict):
            sweep[key.removeprefix(SWEEP)] = value
        elif mistake := _apply(document, key, value, file):
            found.append(mistake)
    return found


def _apply(document: Any, key: str, value: Any, file: str) -> Mistake | None:
    parts = key.split(".")
    last = len(parts) - 1
    place = document
    for depth, part in enumerate(parts):
        here = ".".join(parts[:depth]) or "the scenario"
        if isinstance(place, list):
            if not re.fullmatch("[0-9]{1,9}", part) or int(part) >= len(place):
                rule = f"{here} has {len(place)} entries, counted from 0; {part} is none of them"
                return Mistake(file, key, value, rule)
            if depth == last:
                place[int(part)] = value
            else:
                place = place[int(part)]
        elif isinstance(place, dict):
            if depth == last:
                place[part] = value
            elif part not in place and parts[depth + 1].isdecimal():
                rule = f"{here} has no {part}, so no entry {parts[depth + 1]} in it; set the whole list {part}"
                return Mistake(file, key, value, rule)
            else:
                place = place.setdefault(part, {})
        else:
            return Mistake(file, key, value, f"{here} is {place!r}, which has no keys")
    return None
