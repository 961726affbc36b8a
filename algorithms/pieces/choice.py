"""A setting that is one of several tables: which one, the table says by its key `name`."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class OneOf:
    """Note in the type of a setting (`Annotated[Base, OneOf(kinds)]`): its value is an instance of one of the kinds.

    Each kind is a frozen dataclass with a field `name`, whose default is what a table says to mean this kind. They are
    asked for when settings are read, so that packages that are installed beside this one can bring further ones.
    """

    kinds: Callable[[], tuple[type, ...]]
