"""The exchange of messages alone: no mathematics, so that the cost of the event loop stands by itself.

Every agent sends 1000 bytes to each neighbour and goes on when this round's messages of all of them are in. Each link
has a latency of its own, so no two messages are due at the same instant.
"""

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush
from time import process_time
from typing import Any

import numpy as np

from simulator.agent import Agent, Program
from simulator.delays import Uniform
from simulator.run import Outcome, simulate
from simulator.world import AgentSpec, Network, Record, Stop, World

PAYLOAD = np.zeros(120)
"""960 bytes, and 40 of header."""
LATENCY = Uniform(0.001, 0.0011)
RATE = 125e6
"""Bytes per second."""
START = 1.0
"""Simulated instant, seconds: by then everybody has exchanged one round, and all links are made."""


class Exchange:
    """A simulated exchange on a graph, given as neighbours of each agent."""

    def __init__(self, neighbors: tuple[tuple[int, ...], ...], rounds: int, sharing: str, journal: bool):
        self.messages = rounds * sum(map(len, neighbors))
        self._rounds = rounds
        self._started: list[float] = []
        self._ended: list[float] = []
        self.world = World(
            tuple(AgentSpec(self._program, others) for others in neighbors),
            network=Network(LATENCY, uplink=RATE, downlink=RATE, sharing=sharing, header=40),
            stop=Stop(rounds=rounds + 1),
            record=Record(every_rounds=None, journal=journal),
        )

    def _program(self, agent: Agent) -> Program:
        for k in agent.rounds():
            yield agent.broadcast(k, data=PAYLOAD)
            yield agent.gather(k)
            if k == 1:  # links and programs exist now: what follows is the event loop alone
                yield agent.sleep(START - agent.now)
                self._started.append(process_time())
        self._ended.append(process_time())

    def run(self) -> Outcome:
        """The whole run."""
        return simulate(self.world)

    def seconds(self) -> float:
        """CPU seconds of the messages, the journal's fingerprint included."""
        self._started.clear()
        self._ended.clear()
        journal = self.run().journal
        seconds = self._ended[-1] - self._started[0]
        if journal is not None:
            begin = process_time()
            journal.fingerprint()
            seconds += process_time() - begin
        return seconds


def ring(agents: int) -> tuple[tuple[int, ...], ...]:
    """Neighbours on a ring."""
    return tuple(((i - 1) % agents, (i + 1) % agents) for i in range(agents))


def star(agents: int) -> tuple[tuple[int, ...], ...]:
    """Neighbours on a star, the last agent in the centre."""
    return (*((agents - 1,) for _ in range(agents - 1)), tuple(range(agents - 1)))


def simulated(agents: int, rounds: int, journal: bool = False) -> Callable[[], float]:
    """CPU seconds of the exchange on a ring without sharing."""
    return Exchange(ring(agents), rounds, "none", journal).seconds


def floor(agents: int, rounds: int) -> Callable[[], float]:
    """CPU seconds of the same exchange on a ring by a heap and generators, with nothing else in them."""
    return partial(_floor, agents, rounds)


def _floor(agents: int, rounds: int) -> float:
    latency = LATENCY.sample(np.random.default_rng(0), 2 * agents).tolist()
    heap: list[tuple[float, int, int, int]] = []
    boxes: list[dict[int, int]] = [{} for _ in range(agents)]
    sequence, now = 0, 0.0

    def program(i: int) -> Iterator[int]:
        nonlocal sequence
        left, right = (i - 1) % agents, (i + 1) % agents
        to_left, to_right = (delay + 1000 / RATE for delay in latency[2 * i : 2 * i + 2])
        box = boxes[i]
        for k in range(rounds):
            sequence += 1
            heappush(heap, (now + to_left, sequence, left, k))
            sequence += 1
            heappush(heap, (now + to_right, sequence, right, k))
            if box.get(k, 0) < 2:
                yield k
            del box[k]

    programs = [program(i) for i in range(agents)]
    begin = process_time()
    wanted: list[Any] = [next(running) for running in programs]
    while heap:
        now, _, to, k = heappop(heap)
        box = boxes[to]
        box[k] = count = box.get(k, 0) + 1
        if count == 2 and wanted[to] == k:
            wanted[to] = next(programs[to], None)
    return process_time() - begin


def events_per_message(sharing: str, agents: int, rounds: int) -> float:
    """Events of the loop for each message, on a ring; the timers of the start are not counted."""
    exchange = Exchange(ring(agents), rounds, sharing, journal=False)
    outcome = exchange.run()
    return (outcome.events - agents) / sum(meter.messages_sent for meter in outcome.meters)
