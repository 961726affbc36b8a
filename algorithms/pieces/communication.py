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

from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol

import numpy as np

from simulator.agent import Agent, Event

Vectors = tuple[np.ndarray, ...]
Exchange = Generator[Event, Any, Vectors]


class Scheme(Protocol):
    """One agent's side of a communication scheme; it holds what the scheme remembers between iterations."""

    def step(
        self, agent: Agent, round_: int, variables: Vectors, directions: Vectors, steps: tuple[float, ...]
    ) -> Exchange:
        """One iteration: `new = yield from scheme.step(...)` with the directions at `variables`."""

    @property
    def drift(self) -> Vectors | None:
        """This agent's part of the conserved sum, one vector a variable; None where nothing is conserved."""

    def state(self) -> dict[str, Vectors]:
        """What has to be saved to go on after a crash."""

    def restore(self, state: Mapping[str, Vectors]) -> None:
        """Go on from what `state` returned."""


def _moved(variables: Vectors, directions: Vectors, steps: tuple[float, ...]) -> Vectors:
    return tuple(z - s * d for z, d, s in zip(variables, directions, steps, strict=True))


def _changed(trackers: Vectors, new: Vectors, old: Vectors) -> Vectors:
    return tuple(t + (d - o) for t, d, o in zip(trackers, new, old, strict=True))


def _difference(left: Vectors, right: Vectors) -> Vectors:
    return tuple(a - b for a, b in zip(left, right, strict=True))


class Memoryless:
    """Decentralised gradient descent (SE): no memory, nothing conserved."""

    drift: Vectors | None = None

    def __init__(self, adapt_first: bool):
        self.adapt_first = adapt_first

    def step(
        self, agent: Agent, round_: int, variables: Vectors, directions: Vectors, steps: tuple[float, ...]
    ) -> Exchange:
        if self.adapt_first:
            mixed: Vectors = yield agent.mix(round_, *_moved(variables, directions, steps))
            return mixed
        mixed = yield agent.mix(round_, *variables)
        return _moved(mixed, directions, steps)

    def state(self) -> dict[str, Vectors]:
        return {}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        """Nothing to restore."""


class Tracking:
    """Gradient tracking; `order` is `non_atc`, `semi_atc` or `atc`."""

    def __init__(self, order: str):
        self.order = order
        self.trackers: Vectors = ()
        """Mixed trackers W t after an iteration (`atc`: t, which is already mixed)."""
        self.directions: Vectors = ()

    def step(
        self, agent: Agent, round_: int, variables: Vectors, directions: Vectors, steps: tuple[float, ...]
    ) -> Exchange:
        trackers = _changed(self.trackers, directions, self.directions) if self.trackers else directions
        if self.order == "atc":
            if self.trackers:
                trackers = yield agent.mix(round_, *trackers, slot="trackers")
            mixed: Vectors = yield agent.mix(round_, *_moved(variables, trackers, steps))
            new, self.trackers = mixed, trackers
        else:
            sent = variables if self.order == "non_atc" else _moved(variables, trackers, steps)
            mixed = yield agent.mix(round_, *sent, *trackers)
            new, self.trackers = mixed[: len(sent)], mixed[len(sent) :]
            if self.order == "non_atc":
                new = _moved(new, trackers, steps)
        self.directions = directions
        return new

    @property
    def drift(self) -> Vectors | None:
        return _difference(self.trackers, self.directions)

    def state(self) -> dict[str, Vectors]:
        return {"trackers": self.trackers, "directions": self.directions}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        self.trackers, self.directions = state["trackers"], state["directions"]


class ExactDiffusion:
    """Exact diffusion (D2)."""

    def __init__(self) -> None:
        self.moved: Vectors = ()
        """z - s D of the last iteration."""
        self._drift: Vectors | None = None

    def step(
        self, agent: Agent, round_: int, variables: Vectors, directions: Vectors, steps: tuple[float, ...]
    ) -> Exchange:
        moved = _moved(variables, directions, steps)
        new: Vectors = yield agent.mix(round_, *(_changed(variables, moved, self.moved) if self.moved else moved))
        self.moved, self._drift = moved, _difference(new, moved)
        return new

    @property
    def drift(self) -> Vectors | None:
        return self._drift

    def state(self) -> dict[str, Vectors]:
        return {"moved": self.moved}

    def restore(self, state: Mapping[str, Vectors]) -> None:
        self.moved = state["moved"]


class Extra:
    """EXTRA; its weights W are the lazy ones of the published form."""

    def __init__(self) -> None:
        self.variables: Vectors = ()
        self.moves: Vectors = ()
        """s D of the last iteration."""
        self._drift: Vectors | None = None

    def step(
        self, agent: Agent, round_: int, variables: Vectors, directions: Vectors, steps: tuple[float, ...]
    ) -> Exchange:
        moves = tuple(s * d for s, d in zip(steps, directions, strict=True))
        sent = _changed(variables, variables, self.variables) if self.variables else variables
        mixed: Vectors = yield agent.mix(round_, *sent)
        new = _difference(mixed, _difference(moves, self.moves) if self.moves else moves)
        self._drift = _changed(moves, new, variables)
        self.variables, self.moves = variables, moves
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
