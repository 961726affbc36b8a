"""The catalogue: what each scenario asks, and who is compared."""

import tomllib
from pathlib import Path

from pages import prose
from pages.columns import table
from scenarios import names


def page() -> str:
    """The scenarios by folder, those of the catalogue itself first."""
    paths = [names.scenario_path(name) for name in names.scenario_names()]
    parts = []
    for folder in sorted({path.parent for path in paths}):
        if folder != names.CATALOGUE:
            parts.append(f"## In the folder `{folder.name}`")
        rows = [_row(path) for path in paths if path.parent == folder]
        parts.append(table(("name", "question", "algorithms", "minutes"), rows))
    return "\n\n".join(parts)


def _row(path: Path) -> tuple[str, ...]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    compared = dict.fromkeys(f"`{entry['name']}`" for entry in document["algorithms"])
    minutes = f"{document['takes_minutes']:g}" if "takes_minutes" in document else ""
    file = path.relative_to(names.CATALOGUE).as_posix()
    return (
        f"[`{path.stem}`](../../scenarios/catalogue/{file})",
        prose.inline(document["question"]),
        ", ".join(compared),
        minutes,
    )
