"""The format of scenario files as a JSON Schema (draft 2020-12), for editors: what ``bilevelsim schema`` prints.

The tables are those of ``schema``, made by pydantic, so that a new key appears by itself. Where a table names something
(a problem, an algorithm, a law) there is one form for each name, with the settings of what has that name. A JSON Schema
sees one table at a time: what depends on several (agents in range, the metric of a target) only ``bilevelsim check``
can tell.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema, to_jsonable_python

import algorithms
from problems.base import COUNTED
from scenarios import names, settings
from scenarios.schema import Algorithm, Compute, Document, Law, Problem, Topology
from simulator import delays
from topologies import weights

Schema = dict[str, Any]
Model = type[BaseModel]
TITLE = "bilevelsim scenario"
REFERENCE = "#/$defs/"
NAMED: dict[Model, tuple[str, str]] = {
    Problem: ("problem", "name"),
    Topology: ("topology", "name"),
    Law: ("distribution", "distribution"),
}
"""Tables that hold the settings of what they name: of which kind that is, and the key that names it."""


class Generator(GenerateJsonSchema):
    """As pydantic has it, for a format without null: what may be None may be left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", "none given") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        return _without_none(super().encode_default(dft))

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # it would be the key once more


def text() -> str:
    """The schema as text, the same for the same installation."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def build() -> Schema:
    """The schema of a whole scenario file, with everything that can be used in this installation."""
    found: Schema = _sharpened(tables(), tables()["$defs"])
    return found


def tables() -> Schema:
    """The same with every choice as ``oneOf``: shorter, but a validator's answer would be that none of them fits."""
    models = _settings_models()
    keys, definitions = _generated([Document, Algorithm, Compute, *NAMED, *models.values()])
    definitions |= {name: copy.deepcopy(definitions[keys[model]]) for name, model in models.items()}
    definitions |= {f"distribution.{name}": _law(name) for name in delays.LAWS}
    for definition in definitions.values():
        _require_name(definition)
    definitions[keys[Topology]]["properties"]["weights"]["enum"] = [*weights.names(), "file"]
    definitions[keys[Compute]]["properties"]["seconds_per_oracle"]["propertyNames"] = {"enum": list(COUNTED)}
    for table, (kind, key) in NAMED.items():
        _choose_by_name(definitions, keys[table], kind, key)
    _choose_settings(definitions, keys[Algorithm])
    root = definitions[keys[Document]] | {"title": TITLE}
    reached = sorted(_reached(root, definitions))
    return {"$schema": Generator.schema_dialect, **root, "$defs": {key: definitions[key] for key in reached}}


# --- what pydantic makes of the tables


def _settings_models() -> dict[str, Model]:
    """The settings of everything that has a name of its own, by kind and name."""
    found = {f"settings.{name}": algorithms.load(name).settings for name in names.usable("algorithms")}
    for kind in ("problems", "topologies"):
        thing = names.KINDS[kind]
        found |= {f"{thing.singular}.{name}": thing.load(name).Settings for name in names.usable(kind)}
    return {name: settings.model(cls) for name, cls in found.items()}


def _generated(models: Iterable[Model]) -> tuple[dict[Any, str], dict[str, Schema]]:
    """The key of each model among the definitions, and the definitions, those of tables in tables included."""
    once = dict.fromkeys(models)
    references, found = models_json_schema([(model, "validation") for model in once], schema_generator=Generator)
    keys = {model: reference["$ref"].removeprefix(REFERENCE) for (model, _), reference in references.items()}
    return keys, found["$defs"]


def _without_none(value: Any) -> Any:
    """A default as a file could state it: what is None is left out of tables."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def _law(name: str) -> Schema:
    """A distribution with its parameters."""
    hints = get_type_hints(delays.LAWS[name])
    parameters = delays.parameters(name)
    return {
        "description": names.first_line(delays.LAWS[name].__doc__),
        "type": "object",
        "properties": {key: _hinted(hints.get(key, float)) for key in parameters},
        "required": [key for key, required in parameters.items() if required],
    }


def _hinted(hint: Any) -> Schema:
    return TypeAdapter(hint).json_schema(schema_generator=Generator)


def _require_name(definition: Schema) -> None:
    """A table that is chosen by its name has to have it."""
    if "const" in definition.get("properties", {}).get("name", {}):
        definition["required"] = ["name", *definition.get("required", [])]


# --- one form for each name


def _choose_by_name(definitions: dict[str, Schema], table: str, kind: str, key: str) -> None:
    """The table becomes one of several: its own keys beside the settings of what it names."""
    own = definitions[table]
    known = [name.removeprefix(f"{kind}.") for name in definitions if name.startswith(f"{kind}.")]
    for name in known:
        form = definitions[f"{kind}.{name}"]
        properties = form["properties"] | own["properties"]
        needed = [*own["required"], *(item for item in form.get("required", []) if item not in own["properties"])]
        definitions[f"{kind}.{name}"] = {
            "title": name,
            "description": form.get("description") if kind == "distribution" else _summary(kind, name),
            "type": "object",
            "properties": {key: {"const": name}} | {word: item for word, item in properties.items() if word != key},
            "required": needed,
            "additionalProperties": False,
        }
    definitions[table] = {
        "title": own["title"],
        "description": own["description"],
        "type": "object",
        "properties": own["properties"] | {key: own["properties"][key] | {"enum": known}},
        "required": own["required"],
        "oneOf": [{"$ref": f"{REFERENCE}{kind}.{name}"} for name in known],
    }


def _choose_settings(definitions: dict[str, Schema], table: str) -> None:
    """The table of an algorithm has the settings of the one that it names; a variant has defaults of its own."""
    known = names.usable("algorithms")
    for name in known:
        summary = _summary("algorithm", name)
        form = definitions[f"settings.{name}"] | {"title": f"settings of {name}", "description": summary}
        for key, value in algorithms.load(name).preset.items():
            form["properties"][key].pop("default", None)
            form["properties"][key] |= _without_none({"default": to_jsonable_python(value)})
        definitions[f"settings.{name}"] = form
        definitions[f"algorithm.{name}"] = {
            "title": name,
            "description": summary,
            "properties": {"name": {"const": name}, "settings": {"$ref": f"{REFERENCE}settings.{name}"}},
            "required": ["name"],
        }
    definitions[table]["properties"]["name"]["enum"] = list(known)
    definitions[table]["oneOf"] = [{"$ref": f"{REFERENCE}algorithm.{name}"} for name in known]


def _summary(kind: str, name: str) -> str:
    (word,) = (word for word, found in names.KINDS.items() if found.singular == kind)
    return names.KINDS[word].summary(name)


# --- choices, so that an answer names the key at fault


def _sharpened(schema: Any, definitions: dict[str, Schema]) -> Any:
    """The schema with conditions for each ``oneOf``: by its type, and for tables by the key that tells them apart.

    A validator then reports what is wrong with the form that was meant. Editors that complete from alternatives alone
    find them in an ``anyOf`` that also allows anything.
    """
    if isinstance(schema, list):
        return [_sharpened(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _sharpened(item, definitions) for key, item in schema.items()}
    if "oneOf" not in found:
        return found
    forms = [form for form in found["oneOf"] if "$ref" in form]
    plain = [form for form in found["oneOf"] if "$ref" not in form]
    types = [*(form.get("type") for form in plain), *(["object"] if forms else [])]
    if len(set(types)) < len(types) or None in types:
        return found  # its type does not tell which one is meant
    del found["oneOf"]
    for form in plain:  # keywords of a number say nothing about a list
        found |= form
    found["type"] = types if len(types) > 1 else types[0]
    if forms:
        found |= {"if": {"type": "object"}, "then": _conditions(forms, definitions), "anyOf": [True, *forms]}
    return found


def _conditions(forms: list[Schema], definitions: dict[str, Schema]) -> Schema:
    """For a table: the form that it says it is."""
    if len(forms) == 1:
        return forms[0]
    tables_ = [definitions[form["$ref"].removeprefix(REFERENCE)] for form in forms]
    key = next(key for key, item in tables_[0]["properties"].items() if "const" in item)
    known = [table["properties"][key]["const"] for table in tables_]
    optional = any(key not in table.get("required", []) for table in tables_)
    rules = [
        {
            "if": {"properties": {key: {"const": name}}, "required": [key] if key in table.get("required", []) else []},
            "then": form,
        }
        for form, table, name in zip(forms, tables_, known, strict=True)
    ]
    return {"properties": {key: {"enum": known}}, "required": [] if optional else [key], "allOf": rules}


def _reached(schema: Any, definitions: dict[str, Schema]) -> set[str]:
    """The keys of all definitions that a schema refers to, directly or through others."""
    found: set[str] = set()
    waiting = [*_references(schema)]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += _references(definitions[key])
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(REFERENCE)
        for item in schema.values():
            yield from _references(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)
