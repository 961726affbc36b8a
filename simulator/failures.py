"""Failures: agents crash and recover, links go down, the network is cut. They depend on time alone, never on the
algorithm.

Nobody is told of a failure: an agent learns of it only by not hearing. Outages overlap: an agent is up, and a link
works, when no outage holds it down.
"""

import math
from collections.abc import Callable, Sequence

from simulator.delays import Draws
from simulator.engine import FAILURE, Engine
from simulator.hooks import Observer, listeners
from simulator.links import Carrier
from simulator.runtime import RunningAgent
from simulator.streams import stream
from simulator.world import Crash, Failure, LinkDown, Partition, RandomCrash, RandomLinkDown

Pair = tuple[int, int]


class Failures:
    """Carries out the failures of a world."""

    def __init__(
        self,
        failures: Sequence[Failure],
        seed: int,
        engine: Engine,
        agents: Sequence[RunningAgent],
        carrier: Carrier,
        observers: Sequence[Observer],
        on_death: Callable[[RunningAgent], None],
    ):
        self._engine, self._agents, self._carrier, self._seed = engine, agents, carrier, seed
        self._failed, self._recovered = listeners(observers, "failed"), listeners(observers, "recovered")
        self._on_death = on_death
        self._held_down = [0] * len(agents)
        self._returns = [0] * len(agents)
        """How many of the outages that hold an agent down will end."""
        self._rebirths = 0
        """Crashes still to come that lose memory and end: each starts a program anew, so a stalled run may go on."""
        self.since: dict[int, float] = {}
        """Agent -> when it went down, for agents that are down."""
        self.last_return = 0.0
        """When an agent last came back."""
        for index, failure in enumerate(failures):
            self._schedule(index, failure)

    def may_revive(self) -> bool:
        """Whether an agent that is down will come back, or one that waits will start anew."""
        return self._rebirths > 0 or any(
            down and down == returns for down, returns in zip(self._held_down, self._returns, strict=True)
        )

    def _schedule(self, index: int, failure: Failure) -> None:
        match failure:
            case Crash():
                self._crash_at(failure)
            case RandomCrash():
                for agent in failure.agents:
                    self._random_crashes(index, failure, agent)
                self._rebirths += failure.memory == "lost"
            case LinkDown():
                self._outage(failure.at, failure.duration, [pair for link in failure.links for pair in _both(link)])
            case RandomLinkDown():
                for link in failure.links:
                    self._random_outages(index, failure, link)
            case Partition():
                self._outage(failure.at, failure.duration, self._cut(failure.groups))

    def _random_crashes(self, index: int, failure: RandomCrash, agent: int) -> None:
        uptime = Draws(failure.uptime, stream(self._seed, f"uptime {index}", agent))
        repair = Draws(failure.repair, stream(self._seed, f"repair {index}", agent))
        self._alternate(uptime, repair, lambda: self._down(agent, failure.memory, True), lambda: self._up(agent))

    def _random_outages(self, index: int, failure: RandomLinkDown, link: Pair) -> None:
        low, high = sorted(link)
        uptime = Draws(failure.uptime, stream(self._seed, f"link uptime {index}", low, high))
        repair = Draws(failure.repair, stream(self._seed, f"link repair {index}", low, high))
        pairs = _both(link)
        self._alternate(uptime, repair, lambda: self._switch(pairs, 1), lambda: self._switch(pairs, -1))

    def _crash_at(self, crash: Crash) -> None:
        comes_back = crash.recover_after is not None
        reborn = comes_back and crash.memory == "lost"
        self._rebirths += reborn

        def down() -> None:
            for agent in crash.agents:
                self._down(agent, crash.memory, comes_back)
            if crash.recover_after is not None:
                self._engine.behind(self._engine.now + crash.recover_after, FAILURE, up)

        def up() -> None:
            self._rebirths -= reborn
            for agent in crash.agents:
                self._up(agent)

        self._engine.behind(crash.at, FAILURE, down)

    def _outage(self, at: float, duration: float, pairs: list[Pair]) -> None:
        self._engine.behind(at, FAILURE, lambda: self._switch(pairs, 1))
        if math.isfinite(duration):
            self._engine.behind(at + duration, FAILURE, lambda: self._switch(pairs, -1))

    def _alternate(self, uptime: Draws, repair: Draws, down: Callable[[], None], up: Callable[[], None]) -> None:
        """Fail after a time up, come back after a time down, and so on."""

        def fail() -> None:
            down()
            self._engine.behind(self._engine.now + repair.next(), FAILURE, mend)

        def mend() -> None:
            up()
            self._engine.behind(self._engine.now + uptime.next(), FAILURE, fail)

        self._engine.behind(uptime.next(), FAILURE, fail)

    def _down(self, id_: int, memory: str, comes_back: bool) -> None:
        agent = self._agents[id_]
        self._held_down[id_] += 1
        self._returns[id_] += comes_back
        if agent.alive:
            self.since[id_] = self._engine.now
            for hook in self._failed:
                hook(self._engine.now, id_)
        agent.crash(memory, comes_back)
        if not comes_back:
            self._on_death(agent)

    def _up(self, id_: int) -> None:
        self._held_down[id_] -= 1
        self._returns[id_] -= 1
        if self._held_down[id_] == 0:
            del self.since[id_]
            self.last_return = self._engine.now
            for hook in self._recovered:
                hook(self._engine.now, id_)
            self._agents[id_].recover()

    def _switch(self, pairs: Sequence[Pair], step: int) -> None:
        for pair in pairs:
            self._carrier.switch(pair, step)

    def _cut(self, groups: Sequence[Sequence[int]]) -> list[Pair]:
        """Ordered pairs of neighbours that are in different groups."""
        group = {agent: number for number, members in enumerate(groups) for agent in members}
        return [
            (agent.id, other)
            for agent in self._agents
            for other in agent.neighbors
            if group.get(agent.id, -1) != group.get(other, -1)
        ]


def _both(link: Pair) -> list[Pair]:
    return [link, (link[1], link[0])]
