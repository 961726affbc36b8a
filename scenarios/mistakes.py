"""From pydantic's errors to sentences: key path, value, rule, nearest known name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from scenarios import plugins
from scenarios.errors import MISSING, Mistake, nearest

RULES = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "mapping_type": "must be a table",
    "finite_number": "must be a finite number",
    "string_too_short": "must not be empty",
}
Path = tuple[str | int, ...]


def explain(error: ValidationError, model: type[BaseModel], file: str, data: Any, prefix: Path = ()) -> list[Mistake]:
    """Every broken field as a mistake.

    ``data`` is the table that ``model`` refused, and ``prefix`` the path at which it stands in the file.
    """
    items = [dict(item) for item in error.errors(include_url=False)]
    found = [_mistake(item, model, file, data, prefix) for item in items if not _is_echo(item)]
    return list(dict.fromkeys(found)) if all(_hashable(mistake) for mistake in found) else found


def _is_echo(item: Mapping[str, Any]) -> bool:
    """Whether a list is called too short only because its entries were refused, which is reported already."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def dotted(path: Sequence[str | int]) -> str:
    """A key's path as text: ``failures.0.at_s``."""
    return ".".join(str(part) for part in path)


def _mistake(item: dict[str, Any], model: type[BaseModel], file: str, data: Any, prefix: Path) -> Mistake:
    location: Path = item["loc"]
    path, value = _place(location, data, item["type"])
    kind = item["type"]
    if kind == "extra_forbidden":
        rule = f"is not a key here; {nearest(path[-1], _table(model, location[:-1]).model_fields)}"
    elif kind in ("unknown_kind", "unknown_model", "unknown_name"):
        return _unknown_kind(item["msg"], model, file, value, prefix + path, location)
    else:
        rule = _rule(item)
    return Mistake(file, dotted(prefix + path), MISSING if kind == "missing" else value, rule)


def _unknown_kind(key: str, model: type[BaseModel], file: str, table: Any, path: Path, location: Path) -> Mistake:
    """A table whose ``kind`` (or ``model`` or ``name``) names none of those that may stand there."""
    if not isinstance(table, Mapping):
        return Mistake(file, dotted(path), table, "must be a table")
    known = [tag.strip("<>") for tag in _choices(_hint(model, location)) if tag]
    if key not in table:
        return Mistake(file, dotted((*path, key)), MISSING, f"is required; known: {', '.join(known)}")
    if reason := plugins.unusable("compressors").get(str(table[key])):
        return Mistake(file, dotted((*path, key)), table[key], reason)
    return Mistake(file, dotted((*path, key)), table[key], f"is not a known {key}; {nearest(table[key], known)}")


def _place(location: Path, data: Any, kind: str) -> tuple[Path, Any]:
    """The path that a user wrote, without the tags of unions, and what stands there."""
    path: list[str | int] = []
    value = data
    for position, part in enumerate(location):
        last = position == len(location) - 1
        listed = isinstance(value, tuple) and isinstance(part, int) and part < len(value)
        inside = part in value if isinstance(value, Mapping) else listed
        if inside:
            value = value[part]
        elif not (last and kind == "missing"):
            continue
        path.append(part)
    return tuple(path), value


def _rule(item: Mapping[str, Any]) -> str:
    kind, message, context = item["type"], item["msg"], item.get("ctx", {})
    if kind == "rule":
        return str(message)
    if kind in RULES:
        return RULES[kind]
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"must be one of {', '.join(known)}; {nearest(item['input'], known)}"
    if kind == "union_tag_invalid":
        known = re.findall(r"<(\w+)>", str(context["expected_tags"]))
        return "must be " + " or ".join(f"a {tag}" for tag in known)
    if kind == "too_short":
        least = context["min_length"]
        return "must not be empty" if least == 1 else f"must have at least {least} items"
    if kind == "too_long":
        return f"must have at most {context['max_length']} items"
    return str(message).replace("Input should be", "must be").replace("Value error, ", "").rstrip(".")


def _hashable(mistake: Mistake) -> bool:
    try:
        hash(mistake)
    except TypeError:
        return False
    return True


# --- which model a location of an error belongs to


def _table(model: type[BaseModel], location: Path) -> type[BaseModel]:
    """The model of the table at a location."""
    choices = _choices(_hint(model, location))
    tags = [part for part in location if isinstance(part, str) and part.startswith("<")]
    return choices.get(tags[-1] if tags else None) or next(iter(choices.values()))


def _hint(model: type[BaseModel], location: Path) -> Any:
    """The type that is expected at a location."""
    hint: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        choices = _choices(hint)
        if part in choices:
            hint = choices[part]
            continue
        owner = next((choice for choice in choices.values() if part in choice.model_fields), None)
        hint = owner.model_fields[part].annotation if owner else hint
    return hint


def _choices(hint: Any) -> dict[str | None, type[BaseModel]]:
    """The models that may stand where ``hint`` is asked for, by their tags in a union (None outside of one)."""
    return dict(_models(hint, None))


def _models(hint: Any, tag: str | None) -> Iterator[tuple[str | None, type[BaseModel]]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield tag, hint
    if get_origin(hint) is Annotated:
        tag = next((note.tag for note in hint.__metadata__ if isinstance(note, Tag)), tag)
    for argument in get_args(hint):
        yield from _models(argument, tag)
