"""Small worlds for the algorithms: a problem, a star or a graph, one algorithm, and everything it reports."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import algorithms
from problems import quadratic
from problems.base import Problem
from problems.metered import Metered
from simulator.agent import Wait
from simulator.hooks import Observer
from simulator.message import Message
from simulator.run import Outcome, simulate
from simulator.tally import Tally
from simulator.world import AgentSpec, Compute, Network, Record, Stop, World

BARRIER = Wait()
IDEAL = Network(header=0)
HUNDREDTH = Compute(seconds_per_oracle={"lower_grad_y": 0.01, "upper_grad_y": 0.01})


@dataclass
class Seen(Observer):
    """Every report and every message of a run."""

    reports: dict[int, dict[int, Mapping[str, np.ndarray]]] = field(default_factory=dict)
    """Round -> agent -> arrays."""
    messages: list[tuple[int, int, Any, dict[str, Any], int]] = field(default_factory=list)
    """(sender, to, tag, payload, bytes)."""
    keep_messages: bool = False
    outcome: Outcome | None = None

    def reported(self, now: float, agent: int, round_: int, arrays: Mapping[str, np.ndarray]) -> None:
        self.reports.setdefault(round_, {})[agent] = arrays

    def sent(self, now: float, message: Message) -> None:
        if self.keep_messages:
            item = (message.sender, message.to, message.tag, dict(message.payload), message.size)
            self.messages.append(item)

    def mean(self, round_: int, name: str) -> np.ndarray:
        """Mean over the agents that reported in this round."""
        reports = self.reports[round_]
        return np.mean([reports[agent][name] for agent in sorted(reports)], axis=0)

    @property
    def last(self) -> int:
        """The last round that all agents reported."""
        full = len(self.reports[0])
        return max(round_ for round_, reports in self.reports.items() if len(reports) == full)


def ring(n: int) -> tuple[dict[int, float], ...]:
    """Rows of the mixing matrix of a ring with weights 1/3."""
    return tuple({j % n: 1 / 3 for j in (i - 1, i, i + 1)} for i in range(n))


def lazy(rows: tuple[dict[int, float], ...]) -> tuple[dict[int, float], ...]:
    """Rows of (I + W)/2."""
    return tuple({j: w / 2 + (0.5 if i == j else 0.0) for j, w in row.items()} for i, row in enumerate(rows))


def run_algorithm(
    name: str,
    problem: Problem,
    rounds: int,
    rows: tuple[dict[int, float], ...] | None = None,
    wait: Wait = BARRIER,
    network: Network = IDEAL,
    compute: Compute = HUNDREDTH,
    seed: int = 0,
    seconds: float = 1e9,
    keep_messages: bool = False,
    stragglers: tuple[Any, ...] = (),
    failures: tuple[Any, ...] = (),
    **settings: Any,
) -> Seen:
    """Run one algorithm on every agent of a problem; gossip methods take the ring unless `rows` are given."""
    entry = algorithms.load(name)
    chosen = entry.settings(**{**entry.preset, **settings})
    n = problem.agents
    specs = []
    if entry.on_server:
        worker, server = entry.module.worker, entry.module.server
        for i in range(n):
            specs.append(_spec(partial(worker, settings=chosen), problem, i, (n,), daemon=True, reports=False))
        specs.append(AgentSpec(partial(server, settings=chosen), tuple(range(n)), problem=problem))
    else:
        for i, row in enumerate(rows or ring(n)):
            neighbors = tuple(j for j in sorted(row) if j != i)
            specs.append(_spec(partial(entry.module.program, settings=chosen), problem, i, neighbors, weights=row))
    seen = Seen(keep_messages=keep_messages)
    stop, record = Stop(seconds, rounds), Record(every_rounds=max(1, rounds))
    world = World(tuple(specs), seed, network, compute, stragglers, failures, wait, stop, record)
    seen.outcome = simulate(world, [seen])
    return seen


def _spec(program: Callable[..., Any], problem: Problem, i: int, neighbors: tuple[int, ...], **rest: Any) -> AgentSpec:
    tally = Tally()
    return AgentSpec(program, neighbors, problem=Metered(problem.local(i), tally.charge), tally=tally, **rest)


@pytest.fixture
def run() -> Callable[..., Seen]:
    """`run(name, problem, rounds, ..., **settings)`: simulate one algorithm, see all its reports."""
    return run_algorithm


@pytest.fixture
def two_agents() -> quadratic.Quadratic:
    """Two agents with p = q = 1, for steps worked by hand.

    Agent 0: g = y^2 - y (x + 1), f = (y - 3)^2 / 2 + (x - 2)^2 / 2.
    Agent 1: g = 2 y^2 - 2 y, f = (y - 1)^2 + x^2 / 2 + x.
    """
    columns = {"A": (2, 4), "B": (1, 0), "c": (1, 2), "P": (1, 2), "t": (3, 1), "S": (1, 1), "r": (2, 0), "s": (0, 1)}
    arrays = {name: np.array(pair, float).reshape(2, 1) for name, pair in columns.items()}
    return quadratic.Quadratic({name: a[:, :, None] if name in "ABPS" else a for name, a in arrays.items()})


@pytest.fixture
def small() -> quadratic.Quadratic:
    """Five different agents, p = 3, q = 4."""
    return quadratic.build(quadratic.Settings(dim_x=3, dim_y=4, heterogeneity=0.5, condition=3.0), agents=5, seed=2)


@pytest.fixture
def instance() -> Callable[[str], quadratic.Quadratic]:
    """`instance(name)`: one of the quadratics behind the numbers that the tests expect."""

    def load(name: str) -> quadratic.Quadratic:
        path = Path(os.environ["BILEVELSIM_DATA"]) / "instances" / f"{name}.npz"
        with np.load(path) as file:
            return quadratic.Quadratic({key: file[key] for key in file.files})

    return load
