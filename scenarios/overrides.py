"""Changes to a scenario from the command line: ``--set stop.rounds=50``."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from scenarios.errors import Mistake, ScenarioError

FILE = "--set"


def parse(texts: Iterable[str]) -> dict[str, Any]:
    """Key path -> value, from texts such as ``stragglers.0.slowdown=10``; the value is written as in TOML.

    A value that is one bare word is a string: ``problem.name=quadratic`` needs no quotes. Raises ``ScenarioError``.
    """
    found: dict[str, Any] = {}
    mistakes = []
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")):
            mistakes.append(Mistake(FILE, "KEY=VALUE", text, "must be a key's path, an equals sign and a value"))
        elif key in found:
            mistakes.append(Mistake(FILE, key, value, "is set twice"))
        else:
            try:
                found[key] = _value(value.strip())
            except tomllib.TOMLDecodeError:
                rule = 'must be a TOML value, such as 3, 0.5, true, "text" or [1, 2]'
                mistakes.append(Mistake(FILE, key, value, rule))
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


def apply(document: dict[str, Any], changes: dict[str, Any]) -> list[Mistake]:
    """Write the changes into the document; a mistake for each path that leads nowhere."""
    return [mistake for key, value in changes.items() if (mistake := _apply(document, key, value))]


def _apply(document: Any, key: str, value: Any) -> Mistake | None:
    *parents, last = key.split(".")
    place = document
    for depth, part in enumerate([*parents, last]):
        here = ".".join(key.split(".")[:depth]) or "the scenario"
        if isinstance(place, list):
            if not part.isdecimal() or int(part) >= len(place):
                rule = f"{here} has {len(place)} entries, counted from 0; {part} is none of them"
                return Mistake(FILE, key, value, rule)
            if depth == len(parents):
                place[int(part)] = value
            else:
                place = place[int(part)]
        elif isinstance(place, dict):
            if depth == len(parents):
                place[part] = value
            else:
                place = place.setdefault(part, {})
        else:
            return Mistake(FILE, key, value, f"{here} is {place!r}, which has no keys")
    return None
