"""Functions and classes as they are written: the signature, the docstring, and a line for each member."""

import ast
import dataclasses
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pages import prose


def described(name: str) -> str:
    """The section of one function or class, named with its module: ``scenarios.run``, ``simulator.agent.Agent``."""
    thing = _find(name)
    parts = [f"### `{name}`"]
    if inspect.isclass(thing):
        parts += [prose.markdown(_own_doc(thing), level=4), *_members(thing)]
    else:
        line = prose.literal(f"{thing.__name__}{_signature(thing)}", "python")
        parts += [line, prose.markdown(thing.__doc__, level=4)]
    return "\n\n".join(part for part in parts if part)


def _find(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _own_doc(cls: type) -> str:
    """A dataclass without a docstring gets its signature for one; that is not words."""
    doc = cls.__doc__ or ""
    return "" if doc.startswith(f"{cls.__name__}(") else doc


def _members(cls: type) -> Iterator[str]:
    """Fields with what stands under them, then properties and methods, in the order of the source."""
    items = [f"* `{line}`" + (f": {prose.inline(words)}" if words else "") for line, words in _fields(cls)]
    for name, member in vars(cls).items():
        if name.startswith("_"):
            continue
        if inspect.isfunction(member):
            items.append(_item(f"{name}{_signature(member)}", member.__doc__))
        elif isinstance(member, (property, cached_property)):
            items.append(_item(name, member.__doc__))
    if items:
        yield "\n".join(items)


def _item(shown: str, docstring: str | None) -> str:
    """A member of a list, its first paragraph beside its name and the others below."""
    first, *others = prose.markdown(docstring, level=5).split("\n\n")
    lines = [f"* `{shown}`" + (f": {first}" if first else ""), *(textwrap.indent(other, "  ") for other in others)]
    return "\n\n".join(lines)


def _fields(cls: type) -> list[tuple[str, str]]:
    """Each annotated name as it stands in the source, with the text under it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body  # type: ignore[attr-defined]
    found = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and not node.target.id.startswith("_"):  # type: ignore[union-attr]
            under = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            found.append((ast.unparse(node), str(after.value.value) if under else ""))  # type: ignore[union-attr]
    return found if dataclasses.is_dataclass(cls) else []


def _signature(function: Any) -> str:
    """As in the source, without ``self``."""
    tree: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    given = tree.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    shown = [_argument(*pair) for pair in zip(positional, defaults, strict=True)]
    if given.posonlyargs:
        shown.insert(len(given.posonlyargs), "/")
    if given.vararg:
        shown.append("*" + _argument(given.vararg, None))
    elif given.kwonlyargs:
        shown.append("*")
    shown += [_argument(*pair) for pair in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg:
        shown.append("**" + _argument(given.kwarg, None))
    returns = "" if tree.returns is None else f" -> {_type(tree.returns)}"
    return f"({', '.join(shown[1:] if shown[:1] == ['self'] else shown)}){returns}"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    name = argument.arg if argument.annotation is None else f"{argument.arg}: {_type(argument.annotation)}"
    return name if default is None else f"{name} = {ast.unparse(default)}"


def _type(annotation: ast.expr) -> str:
    """A type as it is written; one that is written as a string without its quotes."""
    quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
    return str(annotation.value) if quoted else ast.unparse(annotation)  # type: ignore[attr-defined]


def docstring(module: str) -> str:
    """The docstring of a module."""
    return prose.markdown(importlib.import_module(module).__doc__)
