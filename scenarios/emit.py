"""A document back into TOML text (the standard library reads TOML but does not write it)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def toml_text(document: Mapping[str, Any]) -> str:
    """TOML that ``tomllib`` reads back as the same document: tables, arrays, strings, numbers and truth values."""
    return "\n".join(_table(document, ())).lstrip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Plain keys first, then sub-tables, then arrays of tables, as TOML wants it."""
    for key, value in table.items():
        if not isinstance(value, Mapping) and not _is_tables(value):
            yield f"{_key(key)} = {toml_value(value)}"
    for key, value in table.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            yield f"\n[{_path(here)}]"
            yield from _table(value, here)
        elif _is_tables(value):
            for item in value:
                yield f"\n[[{_path(here)}]]"
                yield from _table(item, here)


def _is_tables(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _path(path: tuple[str, ...]) -> str:
    return ".".join(_key(part) for part in path)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _string(key)


def toml_value(value: Any) -> str:
    """A value as a file states it, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items()) + "}"
    return repr(value) if isinstance(value, (int, float)) else str(value)


def _string(text: str) -> str:
    """A JSON string is a TOML string but for one control character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
