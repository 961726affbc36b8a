"""What goes wrong with a topology: one class, one sentence."""

from collections.abc import Sequence
from difflib import get_close_matches


class TopologyError(ValueError):
    """A graph or its mixing weights break a rule; the message is one sentence with the name, the value and the rule."""


def not_among(name: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown name: what is known, and the nearest of it."""
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"not one of {', '.join(known)}{hint}"
