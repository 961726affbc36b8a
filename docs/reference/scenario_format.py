"""Writes docs/reference/scenario_format.md, the reference of scenario files, from the schema that checks them.

    python docs/reference/scenario_format.py

What is named by a file (problems, topologies, algorithms) has pages of its own, `bilevelsim show NAME`, and is not
repeated here: so the page changes with the format alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scenarios import json_schema
from scenarios.errors import shown

PAGE = Path(__file__).with_suffix(".md")
INTRODUCTION = """\
# The format of a scenario file

Written by `python docs/reference/scenario_format.py` from the schema that checks scenarios (`scenarios/schema.py`).

A scenario is a TOML file. Nothing unknown may stand in it, nothing is converted (`5.0` is no count and `"5"` no
number), and every number is finite. Units stand at the end of a key's name: `_s` simulated seconds, `_mbit_s` 10^6 bits
a second, `_gflop_s` 10^9 operations a second, `_bytes`. `bilevelsim check FILE` tells every mistake at once, also those
between tables; `bilevelsim schema` prints what is below, and what each name adds to it, for
[editors](../guides/editor.md).
"""
ELSEWHERE = {
    "Problem": "Further keys are the problem's own settings: `bilevelsim list problems`, `bilevelsim show NAME`.",
    "Topology": "Further keys are the family's own: `bilevelsim list topologies`, `bilevelsim show NAME`.",
    "Algorithm": "`settings` are those of the algorithm: `bilevelsim list algorithms`, `bilevelsim show NAME`.",
}
"""Tables whose forms, one a name, are not on this page; where they are."""
LAW = "Law"
LARGE = {2**63: "2^63"}
Schema = dict[str, Any]


def page(schema: Schema) -> str:
    """The whole page from the schema with its choices as ``oneOf``."""
    parts = [INTRODUCTION.rstrip(), "## The file", keys(schema, schema["$defs"])]
    for name in tables(schema):
        parts += section(schema["$defs"][name], schema["$defs"])
    return "\n\n".join(parts) + "\n"


def section(table: Schema, definitions: dict[str, Schema]) -> list[str]:
    """One table: what it is, and its keys."""
    title = table["title"]
    parts = [f"## {heading(title)}", paragraphs(table["description"])]
    if title == LAW:
        return [*parts, laws(table, definitions)]
    return [*parts, keys(table, definitions), *([ELSEWHERE[title]] if title in ELSEWHERE else [])]


def keys(table: Schema, definitions: dict[str, Schema]) -> str:
    """The keys of a table, a row each."""
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, item in table["properties"].items():
        default = "required" if key in table.get("required", []) else ""
        if "default" in item:
            default = f"`{shown(item['default'])}`"
        told = item if "description" in item or "$ref" not in item else referred(item, definitions)
        meaning = paragraphs(told.get("description", "")).partition("\n")[0]
        rows.append(f"| `{key}` | {value(item, definitions)} | {default} | {cell(meaning)} |")
    return "\n".join(rows)


def laws(table: Schema, definitions: dict[str, Schema]) -> str:
    """The distributions with their parameters, a row each."""
    rows = ["| distribution | parameters | what it is |", "|---|---|---|"]
    for form in table["oneOf"]:
        law = referred(form, definitions)
        needed = law["required"]
        given = [
            f"`{key}`" + ("" if key in needed else " (optional)") for key in law["properties"] if key != "distribution"
        ]
        rows.append(f"| `{law['title']}` | {', '.join(given)} | {cell(law['description'])} |")
    return "\n".join(rows)


def value(item: Schema, definitions: dict[str, Schema]) -> str:
    """What may stand there, in words."""
    if "$ref" in item:
        title = referred(item, definitions)["title"]
        return f"[{heading(title).lower()}](#{anchor(title)})"
    if "oneOf" in item:
        return " or ".join(value(form, definitions) for form in item["oneOf"])
    if "const" in item:
        return f"`{shown(item['const'])}`"
    if "enum" in item and not is_elsewhere(item["enum"], definitions):
        return ", ".join(f"`{shown(choice)}`" for choice in item["enum"])
    match item.get("type"):
        case "array":
            return array(item, definitions)
        case "object":
            return mapping(item, definitions)
        case "number" | "integer":
            return " ".join(filter(None, ["number" if item["type"] == "number" else "whole number", bounds(item)]))
        case "boolean":
            return "`true` or `false`"
        case "string":
            return "text"
    return "any value"


def referred(item: Schema, definitions: dict[str, Schema]) -> Schema:
    """The definition that a reference means."""
    return definitions[item["$ref"].removeprefix(json_schema.REFERENCE)]


def is_elsewhere(choices: list[str], definitions: dict[str, Schema]) -> bool:
    """Whether the choices are names of what has pages of its own."""
    return any(f"{kind}.{choices[0]}" in definitions for kind in ("problem", "topology", "algorithm"))


def array(item: Schema, definitions: dict[str, Schema]) -> str:
    """A list in words."""
    if "prefixItems" in item:
        return f"list of {len(item['prefixItems'])} ({value(item['prefixItems'][0], definitions)})"
    least = ", not empty" if item.get("minItems", 0) > 0 else ""
    return f"list ({value(item.get('items', {}), definitions)}{least})"


def mapping(item: Schema, definitions: dict[str, Schema]) -> str:
    """A table without keys of its own in words."""
    inner = item.get("additionalProperties")
    if not isinstance(inner, dict):
        return "table"
    known = item.get("propertyNames", {}).get("enum")
    whose = f" with keys among {', '.join(f'`{key}`' for key in known)}" if known else ""
    return f"table{whose} ({value(inner, definitions)})"


def bounds(item: Schema) -> str:
    """The range of a number."""
    words = {"exclusiveMinimum": "> {}", "minimum": ">= {}", "exclusiveMaximum": "< {}", "maximum": "<= {}"}
    return ", ".join(text.format(LARGE.get(item[key], item[key])) for key, text in words.items() if key in item)


def tables(schema: Schema) -> Iterator[str]:
    """The definitions of the tables of a file, in the order in which a reader meets them."""
    seen: set[str] = set()
    waiting = list(references(schema["properties"]))
    while waiting:
        name = waiting.pop(0)
        if name in seen or "." in name:  # a name with a dot is one form of a table
            continue
        seen.add(name)
        yield name
        waiting = [*references(schema["$defs"][name].get("properties", {})), *waiting]


def references(schema: Any) -> Iterator[str]:
    """The definitions that a schema refers to, in order."""
    yield from re.findall(rf"'\$ref': '{re.escape(json_schema.REFERENCE)}([^']*)'", str(schema))


def heading(title: str) -> str:
    """A title in words: `RandomLinkDown` is "Random link down"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title).capitalize()


def anchor(title: str) -> str:
    """Where the section of a title begins."""
    return heading(title).lower().replace(" ", "-")


def paragraphs(text: str) -> str:
    """A docstring as Markdown."""
    return "\n\n".join(" ".join(part.split()) for part in text.replace("``", "`").split("\n\n"))


def cell(text: str) -> str:
    """Text as it can stand in a table."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").replace("*", "\\*").split())


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json_schema.tables()), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
