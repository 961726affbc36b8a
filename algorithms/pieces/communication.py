"""How agents of a graph exchange what they have found: seven schemes with one interface.

With W the symmetric doubly stochastic mixing matrix, z one variable of all agents, s its step, D the directions at
the present point (of the previous iteration: D'), t trackers, z' the previous variable:

    name             update                                                    vectors   messages   state
    se_atc           z+ = W(z - s D)                                              1         1       -
    se_cta           z+ = W z - s D                                               1         1       -
    gt_non_atc       t = W t' + D - D';   z+ = W z - s t                          2         1       W t, D
    gt_semi_atc      t = W t' + D - D';   z+ = W(z - s t)                         2         1       W t, D
    gt_atc           t = W(t' + D - D');  z+ = W(z - s t)                         2         2       t, D
    exact_diffusion  z+ = W(2 z - z' - s D + s' D')                               1         1       z - s D
    extra            z+ = W(2 z - z') - s D + s' D'                               1         1       z, s D

(vectors sent to each neighbour per iteration and variable; messages per iteration, dependent ones in `gt_atc`.)
Trackers start as the first directions, t = D, without a message; exact diffusion and EXTRA start with one step of
se_atc and se_cta.

All sums over agents are conserved: sum t = sum D for the trackers, sum (z+ - z + s D) = 0 for exact diffusion and
EXTRA. `drift` exposes this agent's part of that sum; the sum over agents is zero to round-off while W stays doubly
stochastic and predicts the bias when lost messages or restarts have broken it.

Exact diffusion and EXTRA need the smallest eigenvalue of W above -1/3: use lazy weights (I + W)/2.

Source: S. A. Alghunaim and K. Yuan, "A unified and refined convergence analysis for non-convex decentralized
learning", IEEE Transactions on Signal Processing 70, 2022 (SUDA, which contains all of them).
"""

import itertools
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from simulator.agent import Agent, Event

Vectors = tuple[np.ndarray, ...]
Exchange = Generator[Event, Any, Vectors]
SchemeName = Literal["se_atc", "se_cta", "gt_non_atc", "gt_semi_atc", "gt_atc", "exact_diffusion", "extra"]

AHEAD = "trackers"
"""Slot of the message that `gt_atc` sends ahead."""


class Scheme(Protocol):
    """One agent's side of a communication scheme; it holds what the scheme remembers between iterations."""

    def step(
        self,
        agent: Agent,
        round_: int,
        variables: Vectors,
        directions: Vectors,
        steps: tuple[float, ...],
        slot: str = "",
    ) -> Exchange:
        """One iteration: `new = yield from scheme.step(...)` with the directions at `variables`.

        `slot` tells apart several exchanges of one round.
        """
        ahead = self.ahead(directions)
        if ahead:
            ahead = yield agent.mix(round_, *ahead, slot=f"{AHEAD} {slot}".rstrip())
        mixed: Vectors = yield agent.mix(round_, *self.outgoing(variables, directions, steps, ahead), slot=slot)
        return self.incoming(mixed)

    def ahead(self, directions: Vectors) -> Vectors:
        """What has to be mixed in a message of its own before the iteration's: `gt_atc`'s trackers, else nothing."""
        return ()

    def outgoing(self, variables: Vectors, directions: Vectors, steps: tuple[float, ...], ahead: Vectors) -> Vectors:
        """What the iteration's message holds; `ahead` has been mixed meanwhile."""

    def incoming(self, mixed: Vectors) -> Vectors:
        """The new variables, from the mixed `outgoing`."""

    @property
    def drift(self) -> Vectors | None:
        """This agent's part of the conserved sum, one vector a variable; None where nothing is conserved."""

    def drifts(self, names: str) -> dict[str, np.ndarray]:
        """The drift as it is reported, `drift_x` for a variable x; `names` has a letter for each variable."""
        drift = self.drift
        return {} if drift is None else {f"drift_{name}": part for name, part in zip(names, drift, strict=True)}

    def state(self) -> dict[str, Vectors]:
        """What has to be saved to go on after a crash."""

    def restore(self, state: Mapping[str, Vectors]) -> None:
        """Go on from what `state` returned."""


Part = tuple[Scheme, Vectors, Vectors, tuple[float, ...]]
"""A scheme with its variables, their directions and their steps."""


def step_together(agent: Agent, round_: int, *parts: Part) -> Exchange:
    """One iteration of several schemes, each on variables of its own, in the messages of one.

    Returns the new variables of all parts, in order: `x, y = yield from step_together(agent, k, upper, lower)`.
    """
    aheads = [scheme.ahead(directions) for scheme, _, directions, _ in parts]
    if any(aheads):
        mixed: Vectors = yield agent.mix(round_, *_joined(aheads), slot=AHEAD)
        aheads = _cut(mixed, aheads)
    sent = [
        scheme.outgoing(variables, directions, steps, ahead)
        for (scheme, variables, directions, steps), ahead in zip(parts, aheads, strict=True)
    ]
    mixed = yield agent.mix(round_, *_joined(sent))
    return _joined([part[0].incoming(mine) for part, mine in zip(parts, _cut(mixed, sent), strict=True)])


def _joined(groups: Sequence[Vectors]) -> Vectors:
    return tuple(vector for group in groups for vector in group)


def _cut(vectors: Vectors, like: Sequence[Vectors]) -> list[Vectors]:
    """The vectors in groups of the same numbers as in `like`."""
    rest = iter(vectors)
    return [tuple(itertools.islice(rest, len(group))) for group in like]


def _moved(variables: Vectors, directions: Vectors, steps: tuple[float, ...]) -> Vectors:
    return tuple(z - s * d for z, d, s in zip(variables, directions, steps, strict=True))


def _changed(trackers: Vectors, new: Vectors, old: Vectors) -> Vectors:
    return tuple(t + (d - o) for t, d, o in zip(trackers, new, old, strict=True))


def _difference(left: Vectors, right: Vectors) -> Vectors:
    return tuple(a - b for a, b in zip(left, right, strict=True))


class Memoryless(Scheme):
    """Decentralised gradient descent (SE): no memory, nothing conserved."""

    drift: Vectors | None = None

    def __init__(self, adapt_first: bool):
        self.adapt_first = adapt_first
        self._late: tuple[Vectors, tuple[float, ...]]
        """Directions and steps that follow the mixing."""

    def outgoing(self, variables: Vectors, directions: Vectors, steps: tuple[float, ...], ahead: Vectors) -> Vectors:
        if self.adapt_first:
            return _moved(variables, directions, steps)
        self._late = directions, steps
        return variables

    def incoming(self, mixed: Vectors) -> Vectors:
        return mixed if self.adapt_first else _moved(mixed, *self._late)

    def state(self) -> dict[str, Vectors]:
        return {}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        """Nothing to restore."""


class Tracking(Scheme):
    """Gradient tracking; `order` is `non_atc`, `semi_atc` or `atc`."""

    def __init__(self, order: str):
        self.order = order
        self.trackers: Vectors = ()
        """Mixed trackers W t after an iteration (`atc`: t, which is already mixed)."""
        self.directions: Vectors = ()
        self._sent: tuple[Vectors, tuple[float, ...]]
        """Trackers and steps of the iteration under way."""

    def ahead(self, directions: Vectors) -> Vectors:
        return _changed(self.trackers, directions, self.directions) if self.order == "atc" and self.trackers else ()

    def outgoing(self, variables: Vectors, directions: Vectors, steps: tuple[float, ...], ahead: Vectors) -> Vectors:
        if self.order == "atc":
            trackers = ahead or directions
        else:
            trackers = _changed(self.trackers, directions, self.directions) if self.trackers else directions
        self.directions, self._sent = directions, (trackers, steps)
        moved = variables if self.order == "non_atc" else _moved(variables, trackers, steps)
        return moved if self.order == "atc" else (*moved, *trackers)

    def incoming(self, mixed: Vectors) -> Vectors:
        trackers, steps = self._sent
        if self.order == "atc":
            self.trackers = trackers
            return mixed
        new, self.trackers = mixed[: len(trackers)], mixed[len(trackers) :]
        return _moved(new, trackers, steps) if self.order == "non_atc" else new

    @property
    def drift(self) -> Vectors | None:
        return _difference(self.trackers, self.directions)

    def state(self) -> dict[str, Vectors]:
        return {"trackers": self.trackers, "directions": self.directions}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        self.trackers, self.directions = state["trackers"], state["directions"]


class ExactDiffusion(Scheme):
    """Exact diffusion (D2)."""

    def __init__(self) -> None:
        self.moved: Vectors = ()
        """z - s D of the last iteration."""
        self._drift: Vectors | None = None

    def outgoing(self, variables: Vectors, directions: Vectors, steps: tuple[float, ...], ahead: Vectors) -> Vectors:
        old, self.moved = self.moved, _moved(variables, directions, steps)
        return _changed(variables, self.moved, old) if old else self.moved

    def incoming(self, mixed: Vectors) -> Vectors:
        self._drift = _difference(mixed, self.moved)
        return mixed

    @property
    def drift(self) -> Vectors | None:
        return self._drift

    def state(self) -> dict[str, Vectors]:
        return {"moved": self.moved}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        self.moved = state["moved"]


class Extra(Scheme):
    """EXTRA; its weights W are the lazy ones of the published form."""

    def __init__(self) -> None:
        self.variables: Vectors = ()
        self.moves: Vectors = ()
        """s D of the last iteration."""
        self._change: Vectors
        """By how much s D has changed in the iteration under way."""
        self._drift: Vectors | None = None

    def outgoing(self, variables: Vectors, directions: Vectors, steps: tuple[float, ...], ahead: Vectors) -> Vectors:
        moves = tuple(s * d for s, d in zip(steps, directions, strict=True))
        sent = _changed(variables, variables, self.variables) if self.variables else variables
        self._change = _difference(moves, self.moves) if self.moves else moves
        self.variables, self.moves = variables, moves
        return sent

    def incoming(self, mixed: Vectors) -> Vectors:
        new = _difference(mixed, self._change)
        self._drift = _changed(self.moves, new, self.variables)
        return new

    @property
    def drift(self) -> Vectors | None:
        return self._drift

    def state(self) -> dict[str, Vectors]:
        return {"variables": self.variables, "moves": self.moves}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        self.variables, self.moves = state["variables"], state["moves"]


def scheme(name: str) -> Scheme:
    """A fresh scheme by its name in the table above."""
    makers: dict[str, Callable[[], Scheme]] = {
        "se_atc": lambda: Memoryless(adapt_first=True),
        "se_cta": lambda: Memoryless(adapt_first=False),
        "gt_non_atc": lambda: Tracking("non_atc"),
        "gt_semi_atc": lambda: Tracking("semi_atc"),
        "gt_atc": lambda: Tracking("atc"),
        "exact_diffusion": ExactDiffusion,
        "extra": Extra,
    }
    if name not in makers:
        raise ValueError(f"communication scheme is {name!r}: it must be one of {', '.join(makers)}")
    return makers[name]()


def waits_of(*names: str) -> tuple[str, ...]:
    """Waiting policies under which these schemes go on: with older messages in every round exact diffusion and EXTRA
    hardly leave their start.
    """
    if {"exact_diffusion", "extra"} & set(names):
        return ("all", "deadline")
    return ("all", "first", "latest", "deadline")


def links_of(*names: str) -> tuple[str, ...]:
    """Transports under which these schemes keep their fixed point: where nothing is conserved, nothing breaks."""
    if set(names) <= {"se_atc", "se_cta"}:
        return ("retransmit", "symmetric", "datagram")
    return ("retransmit", "symmetric")
