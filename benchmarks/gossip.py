"""One decentralised method on a ring: simulated, and as a plain loop over the agents that knows no clock.

The method is D-SOBA ("adapt, then combine"): per round each agent evaluates its directions, sends one message to each
of its two neighbours and mixes. The plain loop calls the same oracles and does the same arithmetic in the same order,
so both end at the same iterate, to the last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Any

import numpy as np

from algorithms import dsoba
from algorithms.pieces.averaging import moving_average
from algorithms.pieces.schedules import decayed
from benchmarks.rings import LATENCY, RATE, ring
from problems.metered import Metered
from problems.regularisation import RegularisationLocal, Settings
from problems.samples import Logistic, Samples, Softmax
from simulator.agent import Program
from simulator.delays import Constant
from simulator.mixing import pack, unpack
from simulator.run import simulate
from simulator.tally import Tally
from simulator.world import AgentSpec, Compute, Network, Record, Stop, World

SETTINGS = dsoba.Settings()
WEIGHT = 1 / 3
Iterate = tuple[np.ndarray, ...]


@dataclass
class Size:
    """Regularised classification of synthetic samples, shared out over agents on a ring."""

    agents: int
    features: int
    classes: int
    samples: int
    """Of each agent and each level."""

    def locals(self) -> list[RegularisationLocal]:
        """One agent's objectives each."""
        return [self._local(np.random.default_rng(i)) for i in range(self.agents)]

    def _local(self, rng: np.random.Generator) -> RegularisationLocal:
        link = Logistic() if self.classes == 2 else Softmax()
        held = []
        for _ in range(2):
            labels = rng.integers(self.classes, size=self.samples)
            rows = rng.standard_normal((self.samples, self.features)) / np.sqrt(self.features)
            targets = labels[None, :] == (np.ones((1, 1)) if self.classes == 2 else np.arange(self.classes)[:, None])
            held.append(Samples(rows, targets.astype(float), 1.0 / self.samples))
        return RegularisationLocal(held[0], held[1], link, Settings(), self._start)

    def _start(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(self.features), np.zeros(self.features * (1 if self.classes == 2 else self.classes))


def plain(problems: list[RegularisationLocal], rounds: int) -> list[Iterate]:
    """Where the agents end: the method as a loop."""
    neighbors = [tuple(sorted(others)) for others in ring(len(problems))]
    x, y = problems[0].start(np.random.default_rng(0))
    states: list[Iterate] = [(x, y, np.zeros_like(y)) for _ in problems]
    averages: list[np.ndarray | None] = [None] * len(problems)
    first = (SETTINGS.step_x, SETTINGS.step_y, SETTINGS.step_u)
    weight, room = np.array(WEIGHT), np.empty(x.size + 2 * y.size)
    for k in range(1, rounds + 1):
        steps = tuple(decayed(step, k, SETTINGS.decay_power, SETTINGS.decay_rounds) for step in first)
        moved = []
        for i, problem in enumerate(problems):
            x, y, u = states[i]
            found = problem.directions(x, y, u)
            averages[i] = h = moving_average(averages[i], found.x, SETTINGS.averaging)
            directions = (h, found.y, found.u)
            moved.append(pack(tuple(z - s * d for z, s, d in zip(states[i], steps, directions, strict=True))))
        for i, own in enumerate(moved):
            total = own * weight
            for j in neighbors[i]:
                total += np.multiply(moved[j], weight, room)
            states[i] = unpack(total, states[i])
    return states


def simulated(problems: list[RegularisationLocal], rounds: int) -> list[Iterate]:
    """Where the agents end: the method as agents with links and a clock, meters on."""
    ends: list[Iterate] = [()] * len(problems)

    def program(agent: Any, settings: dsoba.Settings) -> Program:
        yield from dsoba.program(agent, settings)
        ends[agent.id] = tuple(agent.saved[name] for name in ("x", "y", "u"))

    agents: list[AgentSpec] = []
    for problem, others in zip(problems, ring(len(problems)), strict=True):
        tally = Tally()
        weights = dict.fromkeys((*others, len(agents)), WEIGHT)
        bound = partial(program, settings=SETTINGS)
        agents.append(AgentSpec(bound, others, weights, Metered(problem, tally.charge), tally))
    network = Network(LATENCY, uplink=RATE, downlink=RATE)
    compute = Compute(seconds_per_step=Constant(0.01))
    simulate(World(tuple(agents), network=network, compute=compute, stop=Stop(rounds=rounds), record=Record(None)))
    return ends


def alternatives(size: Size, rounds: int) -> dict[str, partial[float]]:
    """Both forms on the same problem, to be timed."""
    problems = size.locals()
    return {form.__name__: partial(_timed, form, problems, rounds) for form in (plain, simulated)}


def _timed(
    form: Callable[[list[RegularisationLocal], int], list[Iterate]], problems: list[RegularisationLocal], rounds: int
) -> float:
    begin = process_time()
    form(problems, rounds)
    return process_time() - begin
