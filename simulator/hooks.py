"""What happens in a run is announced to observers; an observer implements the hooks it wants.

Hooks that nobody implements are never called. An observer that raises stops the run: a wrong count is worse than a
crash.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from simulator.message import Message


class Observer:
    """The hooks, all optional: override those of interest. All instants are simulated seconds."""

    def sent(self, now: float, message: Message) -> None:
        """A message, or another copy of it, was handed to the network."""

    def delivered(self, now: float, message: Message) -> None:
        """A message reached the mailbox of its live receiver."""

    def held(self, now: float, message: Message) -> None:
        """A message came before an earlier one of its pair that is sent again; it is delivered with that one."""

    def lost(self, now: float, message: Message, why: str) -> None:
        """A copy was lost: `loss`, `link down`, `receiver down` or `dropped`."""

    def charged(self, agent: int, charges: Sequence[tuple[str, float]]) -> None:
        """A step evaluated these oracles: (name, operations) pairs."""

    def began(self, now: float, agent: int, nominal_s: float) -> None:
        """An agent began a step, or began it anew after a crash; without stragglers it takes `nominal_s` seconds."""

    def computed(self, agent: int, start: float, end: float) -> None:
        """An agent computed during this interval (a step cut short by a crash ends there)."""

    def waited(self, agent: int, start: float, end: float) -> None:
        """An agent waited for messages during this interval."""

    def resumed(self, now: float, agent: int, cause: Message | str, due: float, sequence: int) -> None:
        """A program goes on: a message (or its notice) ended its wait, or it `started`, `computed`, `slept` or `timed
        out`. That was at `due`: before `now` where the agent was down when its sleep or timeout ended. Messages that
        the program sends until it is resumed again have keys above `sequence`.
        """

    def saved(self, now: float, agent: int) -> None:
        """A program kept a checkpoint."""

    def failed(self, now: float, agent: int) -> None:
        """An agent went down."""

    def recovered(self, now: float, agent: int) -> None:
        """An agent came back."""

    def link_failed(self, now: float, sender: int, receiver: int) -> None:
        """The link of an ordered pair went down."""

    def link_mended(self, now: float, sender: int, receiver: int) -> None:
        """The link of an ordered pair works again."""

    def reported(self, now: float, agent: int, round_: int, arrays: Mapping[str, np.ndarray]) -> None:
        """A program showed its iterate after a round."""


def listeners(observers: Sequence[Observer], hook: str) -> tuple[Callable[..., Any], ...]:
    """The observers' own methods for one hook; the empty base method is left out."""
    base = getattr(Observer, hook)
    return tuple(getattr(observer, hook) for observer in observers if getattr(type(observer), hook, base) is not base)
