"""Tables in Markdown, and the table of the settings of a thing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pages import prose
from scenarios import settings


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table; cells are Markdown already. A column that is empty throughout is left out."""
    filled = [list(row) for row in rows]
    kept = [place for place in range(len(titles)) if place == 0 or any(row[place] for row in filled)]
    lines = [titles, ["---"] * len(titles), *filled]
    return "\n".join("| " + " | ".join(line[place] for place in kept) + " |" for line in lines)


def of_settings(cls: type, preset: Mapping[str, Any] | None = None) -> str:
    """Every setting with its type and range, its default, and what it means with its unit."""
    rows = [
        (
            f"`{setting.name}`",
            code(setting.type),
            code(str((preset or {}).get(setting.name, setting.default))),
            prose.inline(setting.doc),
        )
        for setting in settings.describe(cls)
    ]
    return table(("setting", "type and range", "default", "meaning, unit"), rows) if rows else "It has no settings."


def code(text: str) -> str:
    """Code within a cell, where a bar would end the cell."""
    return "`" + text.replace("|", "\\|") + "`" if text else ""
