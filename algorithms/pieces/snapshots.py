"""Snapshots: directions that an agent evaluates in some rounds only and reuses in between.

A coin says in which rounds an agent evaluates, with p the share of rounds:

    agent     each agent its own coin with probability p
    shared    one coin for all agents: in a round with a barrier all of them evaluate, or nobody does
    aligned   every (1/p)-th round, the same for all agents of equal p
    capped    as `agent`, and at the latest 2/p rounds after the last evaluation

In between, `reuse` of (x', y', u') and its batch, the snapshot:

    dir   the directions at the snapshot; nothing is evaluated
    mat   gradients and matrices of the snapshot at the present u: Dx = Dx' - [d2_xy g'](u - u'),
          Du = Du' + [d2_yy g'](u - u'), Dy = Dy'; a Hessian-vector and a cross product are evaluated

The first round always evaluates. Each round takes one number from a stream of the coin's own, so that the mini-batches
are the same whatever the coin is.
"""

import math
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from problems.base import Batch, Directions
from simulator.agent import Agent, Event

ROUND_OFF = 1e-9
"""1/p rounds of share p are one turn, whatever p is in binary."""


class Snapshots:
    """One agent's directions by snapshots."""

    def __init__(self, agent: Agent, coin: str, share: float, reuse: str):
        self._agent, self._coin, self._share, self._reuse = agent, coin, share, reuse
        self._rng = agent.shared_rng("snapshots" if coin == "shared" else f"snapshots of agent {agent.id}")
        self._round = 0
        self._taken_in = 0
        """Round of the snapshot."""
        self._point: tuple[Any, ...] = ()
        """(x', y', u', batch')."""
        self._found: Directions | None = None

    def directions(
        self, x: np.ndarray, y: np.ndarray, u: np.ndarray, batch: Batch | None
    ) -> Generator[Event, Any, Directions]:
        """The next round's directions: `found = yield from snapshots.directions(...)`."""
        agent, problem = self._agent, self._agent.problem
        self._round += 1
        fresh = self._toss()
        if fresh:
            self._taken_in, self._point = self._round, (x, y, u, batch)
        found = yield agent.compute(problem.directions, x, y, u, batch, where=fresh, otherwise=self._found)
        self._found = found
        if fresh or self._reuse == "dir":
            return found
        xs, ys, us, batch = self._point
        hessian, cross = yield agent.compute(problem.lower_products, xs, ys, u - us, batch)
        return Directions(found.x - cross, found.y, found.u + hessian)

    def _toss(self) -> bool:
        """Whether the agent evaluates in this round."""
        drawn = bool(self._rng.random() < self._share)
        if self._coin == "aligned":
            return self._turns(self._round - 1) > self._turns(self._round - 2)
        overdue = self._coin == "capped" and (self._round - self._taken_in) * self._share >= 2.0 - ROUND_OFF
        return drawn or overdue or self._round == 1

    def _turns(self, rounds: int) -> int:
        return math.floor(rounds * self._share + ROUND_OFF)

    def state(self) -> dict[str, Any]:
        """What has to be saved to go on after a crash."""
        return {"round": self._round, "taken_in": self._taken_in, "point": self._point, "found": self._found}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned, with the coin of the next round."""
        self._round, self._taken_in, self._point, self._found = (
            state[name] for name in ("round", "taken_in", "point", "found")
        )
        self._rng.random(self._round)
