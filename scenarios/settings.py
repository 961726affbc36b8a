"""Settings of an algorithm, a problem or a topology: from a table of the file to the frozen dataclass it names.

The dataclass says everything: names, types, bounds (``annotated_types``), defaults, units (``Doc``). The table is read
as strictly as the rest of the file: nothing unknown, nothing converted, every number finite.
"""

import dataclasses
import json
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model
from typing_extensions import Doc

from algorithms.pieces.choice import OneOf

STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclasses.dataclass(frozen=True)
class Setting:
    """One documented setting, as ``bilevelsim show`` prints it."""

    name: str
    type: str
    default: str
    doc: str


def read(cls: type, table: Mapping[str, Any]) -> Any:
    """An instance of the dataclass ``cls`` from a table.

    Raises pydantic's ``ValidationError`` with every broken field, and ``ValueError`` (from the dataclass itself) where
    fields do not fit together.
    """
    return _instance(cls, model(cls).model_validate(dict(table)))


def describe(cls: type) -> tuple[Setting, ...]:
    """Name, type, default and meaning of every setting."""
    return tuple(_described(cls, ""))


def _described(cls: type, prefix: str) -> Iterator[Setting]:
    hints = _hints(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if _is_table(kind):
            yield from _described(kind, f"{prefix}{field.name}.")
        else:
            yield dataclasses.replace(_setting(field, hint), name=prefix + field.name)


def known(cls: type) -> tuple[str, ...]:
    """Names of the settings."""
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def model(cls: type) -> type[BaseModel]:
    hints = _hints(cls)
    fields: dict[str, Any] = {
        field.name: (_told(_modelled(hints[field.name]), hints[field.name]), _default(field))
        for field in dataclasses.fields(cls)
    }
    own = None if (cls.__doc__ or "").startswith(f"{cls.__name__}(") else cls.__doc__  # else it is only the signature
    return create_model(cls.__name__, __config__=STRICT, __module__=cls.__module__, __doc__=own, **fields)


def _told(modelled: Any, hint: Any) -> Any:
    """The type with what is said of it, for the description of a schema."""
    docs = [note.documentation for note in getattr(hint, "__metadata__", ()) if isinstance(note, Doc)]
    return Annotated[modelled, Field(description=" ".join(docs))] if docs else modelled


def _hints(cls: type) -> dict[str, Any]:
    """The types of the fields, an open choice among tables being the union of those that there are."""
    return {name: _closed(hint) for name, hint in get_type_hints(cls, include_extras=True).items()}


def _closed(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return Union[tuple(_closed(argument) for argument in arguments)]  # noqa: UP007 - built from a tuple
    if origin is not Annotated:
        return hint
    kinds = [kind for note in arguments[1:] if isinstance(note, OneOf) for kind in note.kinds() if _is_readable(kind)]
    notes = [note for note in arguments[1:] if not isinstance(note, OneOf)]
    base = Union[tuple(kinds)] if kinds else _closed(arguments[0])  # noqa: UP007
    return Annotated[(base, *notes)] if notes else base


def _is_readable(cls: type) -> bool:
    """Whether a table can give it: with one that cannot be, the others of its choice could not be read either."""
    try:
        model(cls)
    except Exception:
        return False
    return True


def _modelled(hint: Any) -> Any:
    """The hint with every dataclass in it replaced by its strict model."""
    if _is_table(hint):
        return model(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_modelled(arguments[0]), *arguments[1:])]
    if origin in (Union, types.UnionType):
        tables = [argument for argument in arguments if _is_table(argument)]
        if len(tables) < 2:
            return Union[tuple(_modelled(argument) for argument in arguments)]  # noqa: UP007 - built from a tuple
        rest = [argument for argument in arguments if argument not in tables]
        return Union[(_named(tables), *rest)]
    return hint


def _is_table(hint: Any) -> bool:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _named(choices: list[type]) -> Any:
    """One of several dataclasses: the table says by its key ``name`` which one."""

    def tag(value: object) -> str:
        return f"<{value.get('name') if isinstance(value, Mapping) else getattr(value, 'name', None)}>"

    tagged = tuple(Annotated[model(choice), Tag(f"<{_name(choice)}>")] for choice in choices)
    discriminator = Discriminator(tag, custom_error_type="unknown_name", custom_error_message="name")
    return Annotated[Union[tagged], discriminator]  # noqa: UP007


def _name(choice: type) -> str:
    """What the key ``name`` of its table says: the default of that field."""
    return str(next(field.default for field in dataclasses.fields(choice) if field.name == "name"))


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    return ...


def _instance(cls: type, values: BaseModel) -> Any:
    """The dataclass with the values of its model; what was left out keeps the dataclass's own default."""
    given = {name: _plain(cls, name, getattr(values, name)) for name in values.model_fields_set}
    return cls(**given)


def _plain(cls: type, name: str, value: Any) -> Any:
    """A nested model turned back into the dataclass it stands for."""
    if not isinstance(value, BaseModel):
        return value
    return _instance(next(choice for choice in _tables(_hints(cls)[name]) if type(value) is model(choice)), value)


def _tables(hint: Any) -> Iterator[type]:
    """The dataclasses that a hint names."""
    if _is_table(hint):
        yield hint
    for argument in get_args(hint):
        yield from _tables(argument)


def _setting(field: dataclasses.Field[Any], hint: Any) -> Setting:
    docs = [note.documentation for note in getattr(hint, "__metadata__", ()) if isinstance(note, Doc)]
    bounds = [_bound(note) for note in getattr(hint, "__metadata__", ()) if not isinstance(note, Doc)]
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    shown = kind.__name__ if isinstance(kind, type) else _shown_type(kind)
    return Setting(field.name, " ".join([shown, *filter(None, bounds)]), _shown_default(field), " ".join(docs))


def _shown_type(kind: Any) -> str:
    """As it stands in the code; of tables only which names they may have."""
    tables = [choice for choice in get_args(kind) if _is_table(choice)]
    if not tables:
        return str(kind).replace("typing.", "")
    others = ["None" if choice is type(None) else str(choice) for choice in get_args(kind) if choice not in tables]
    return " | ".join([f"{{ name = {' | '.join(map(_name, tables))} }}", *others])


BOUNDS = {"Gt": "> {gt}", "Ge": ">= {ge}", "Lt": "< {lt}", "Le": "<= {le}", "MinLen": "at least {min_length} long"}


def _bound(note: Any) -> str:
    if type(note).__name__ == "Interval":
        return " ".join(_bound(part) for part in note)
    template = BOUNDS.get(type(note).__name__)
    return template.format(**vars_of(note)) if template else ""


def vars_of(note: Any) -> dict[str, Any]:
    """Fields of a (slotted) dataclass instance."""
    return {field.name: getattr(note, field.name) for field in dataclasses.fields(note)}


def shown(value: Any) -> Any:
    """A setting as a file states it: of a table its name, and what differs from the defaults."""
    if not dataclasses.is_dataclass(value):
        return value
    fields = sorted(dataclasses.fields(value), key=lambda field: field.name != "name")
    items = [(field.name, getattr(value, field.name), field.default) for field in fields]
    stated = [f"{name} = {json.dumps(item)}" for name, item, default in items if name == "name" or item != default]
    return f"{{ {', '.join(stated)} }}"


def _shown_default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return str(shown(field.default))
    return "required" if field.default_factory is dataclasses.MISSING else str(field.default_factory())
