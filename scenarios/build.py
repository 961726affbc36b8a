"""From a checked scenario to the simulator's world of one run: one algorithm, one seed.

Everything random that is drawn here comes from the simulator's named streams, so all algorithms of a scenario meet the
same speeds, bandwidths, delays and failures.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

import algorithms
import problems
from problems.base import Array, Problem
from problems.metered import Metered
from scenarios import graphs, schema
from scenarios.scenario import Entry, Scenario
from simulator import delays, stragglers, world
from simulator.agent import Wait
from simulator.streams import stream
from simulator.tally import Tally
from simulator.world import AgentSpec, World
from topologies.graph import Graph

BYTES_PER_MBIT = 1e6 / 8
OPERATIONS_PER_GFLOP = 1e9
POINTS = 200
"""About how many points a run records when the scenario does not say how often."""


def build(scenario: Scenario, entry: Entry, seed: int) -> World:
    """The world of one run. The scenario is checked already, so what fails here is a defect."""
    document = scenario.document
    graph = graphs.of_seed(scenario, entry.placement, seed)
    problem = the_problem(scenario, seed)
    return World(
        agents=_agents(scenario, entry, graph, problem),
        seed=seed,
        network=_network(document.network, graph.size, seed),
        compute=_compute(document.compute, graph.size, seed),
        stragglers=_stragglers(scenario),
        failures=tuple(_failures(scenario, graph)),
        wait=Wait(**entry.wait.model_dump()),
        stop=_stop(document),
        record=_record(scenario, problem),
    )


def the_problem(scenario: Scenario, seed: int) -> Problem:
    """The problem of one repetition; algorithms of the same seed share it within a process, since nobody changes it."""
    settings = scenario.problem
    return _problem(scenario.document.problem.name, repr(settings), scenario.agents, seed, _Unhashed(settings))


class _Unhashed:
    """Settings that may hold tables, kept out of the cache's key: their text stands for them there."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashed)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=1)
def _problem(name: str, text: str, agents: int, seed: int, settings: _Unhashed) -> Problem:
    built: Problem = problems.load(name).build(settings.value, agents, seed)
    return built


# --- agents


class ServerProblem:
    """What a server without data holds of the problem: where it starts and how long its vectors are."""

    def __init__(self, problem: Problem) -> None:
        self.dim_x, self.dim_y, self.dtype = problem.dim_x, problem.dim_y, problem.dtype
        self.start: Callable[[np.random.Generator], tuple[Array, Array]] = problem.start


def _agents(scenario: Scenario, entry: Entry, graph: Graph, problem: Problem) -> tuple[AgentSpec, ...]:
    algorithm = algorithms.load(entry.algorithm)
    if not algorithm.on_server:
        program = partial(algorithm.module.program, settings=entry.settings)
        weights = graphs.weights(scenario, entry.placement, graph)
        assert weights is not None
        return tuple(
            _with_data(program, graph, problem, agent, f"agent {agent}", weights.of(agent))
            for agent in range(graph.size)
        )
    work = partial(algorithm.module.worker, settings=entry.settings)
    serve = partial(algorithm.module.server, settings=entry.settings)
    workers = [
        _with_data(work, graph, problem, agent, f"worker {agent}", {}, daemon=True, reports=False)
        for agent in range(graph.workers)
    ]
    server = AgentSpec(
        program=serve, neighbors=graph.neighbors(graph.workers), problem=ServerProblem(problem), name="the server"
    )
    return (*workers, server)


def _with_data(
    program: Callable[..., Any],
    graph: Graph,
    problem: Problem,
    agent: int,
    name: str,
    weights: Mapping[int, float],
    daemon: bool = False,
    reports: bool = True,
) -> AgentSpec:
    tally = Tally()
    return AgentSpec(
        program=program,
        neighbors=graph.neighbors(agent),
        weights=weights,
        problem=Metered(problem.local(agent), tally.charge),
        tally=tally,
        daemon=daemon,
        reports=reports,
        name=name,
    )


# --- laws and per-agent values


def law(value: float | schema.Law) -> delays.Law:
    """The law of a scenario; a number is a constant."""
    if isinstance(value, schema.Law):
        return delays.make(value.distribution, **value.further)
    return delays.Constant(value)


def lifetime(value: float | schema.Law) -> delays.Law:
    """The law of a time between changes; a number is the mean of an exponential."""
    return law(value) if isinstance(value, schema.Law) else delays.Exponential(value)


def per_agent(value: Any, agents: int, seed: int, purpose: str, unit: float) -> float | tuple[float, ...]:
    """A value for all agents, or one for each; a law is drawn once for each, from the agent's own stream."""
    if isinstance(value, schema.Law):
        drawn = law(value)
        return tuple(unit * float(drawn.sample(stream(seed, purpose, agent), 1)[0]) for agent in range(agents))
    if isinstance(value, tuple):
        return tuple(unit * item for item in value[:agents])  # a graph has no use for the server's entry
    return float(unit * value)


# --- network, compute, stragglers, failures


def _network(network: schema.Network, agents: int, seed: int) -> world.Network:
    def rate(own: Any) -> float | tuple[float, ...]:
        value = network.bandwidth_mbit_s if own is None else own
        if value is None:
            return math.inf
        return per_agent(value, agents, seed, "bandwidth", BYTES_PER_MBIT)

    return world.Network(
        latency=law(network.latency_s),
        symmetric_latency=not network.asymmetric,
        jitter=law(network.jitter_s),
        uplink=rate(network.uplink_mbit_s),
        downlink=rate(network.downlink_mbit_s),
        sharing=network.sharing,
        loss=_loss(network.loss),
        transport=network.transport,
        rto=network.rto_s,
        tries=network.tries,
        header=network.header_bytes,
        wire="float32" if network.wire == "float32" else None,
    )


def _loss(loss: schema.Loss | schema.BurstLoss | None) -> world.Loss:
    if loss is None:
        return world.Loss()
    if isinstance(loss, schema.Loss):
        return world.Loss(good=loss.probability)
    return world.Loss(
        good=loss.loss_good, bad=loss.loss_bad, good_to_bad=loss.good_to_bad, bad_to_good=loss.bad_to_good
    )


def _compute(compute: schema.Compute, agents: int, seed: int) -> world.Compute:
    speed, step = compute.speed_gflop_s, compute.seconds_per_step
    return world.Compute(
        speed=None if speed is None else per_agent(speed, agents, seed, "speed", OPERATIONS_PER_GFLOP),
        seconds_per_step=None if step is None else law(step),
        seconds_per_oracle=compute.seconds_per_oracle,
        overhead=compute.overhead_s,
    )


def _stragglers(scenario: Scenario) -> tuple[stragglers.Straggler, ...]:
    everybody = tuple(range(scenario.agents))
    found: list[stragglers.Straggler] = []
    for straggler in scenario.document.stragglers:
        match straggler:
            case schema.FixedStraggler():
                found.append(stragglers.FixedSlowdown(straggler.agents, straggler.slowdown))
            case schema.RandomStraggler():
                found.append(stragglers.RandomSlowdown(straggler.agents or everybody, law(straggler.slowdown)))
            case schema.PeriodicStraggler():
                fast, slow = lifetime(straggler.fast_s), lifetime(straggler.slow_s)
                found.append(stragglers.SlowPeriods(straggler.agents or everybody, fast, slow, straggler.slowdown))
            case schema.TraceStraggler():
                found.extend(stragglers.load_trace(scenario.path(straggler.file)))
    return tuple(found)


def _failures(scenario: Scenario, graph: Graph) -> list[world.Failure]:
    """The failures of what this graph has: a server's crash does not touch algorithms without a server."""
    everybody = tuple(range(scenario.agents))
    links = set(graph.edges)
    found: list[world.Failure] = []
    for failure in scenario.document.failures:
        match failure:
            case schema.Crash():
                agents = _there(failure.agents, graph)
                found += [world.Crash(agents, failure.at_s, failure.recover_after_s, failure.memory)] if agents else []
            case schema.RandomCrash():
                agents = _there(failure.agents or everybody, graph)
                clocks = lifetime(failure.mtbf_s), law(failure.repair_s)
                found += [world.RandomCrash(agents, *clocks, failure.memory)] if agents else []
            case schema.LinkDown():
                if _sorted(failure.link) in links:
                    found.append(world.LinkDown((_sorted(failure.link),), failure.at_s, _duration(failure.for_s)))
            case schema.RandomLinkDown():
                named = graph.edges if failure.links is None else [_sorted(link) for link in failure.links]
                present = tuple(link for link in named if link in links)
                clocks = lifetime(failure.mtbf_s), law(failure.repair_s)
                found += [world.RandomLinkDown(present, *clocks)] if present else []
            case schema.Partition():
                groups = tuple(_there(group, graph) for group in failure.groups)
                found.append(world.Partition(groups, failure.at_s, _duration(failure.for_s)))
    return found


def _there(agents: Sequence[int], graph: Graph) -> tuple[int, ...]:
    return tuple(agent for agent in agents if agent < graph.size)


def _sorted(link: tuple[int, int]) -> tuple[int, int]:
    return min(link), max(link)


def _duration(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


# --- when it ends, and what is looked at


@dataclass(frozen=True)
class Reached:
    """Whether a recorded point meets the target."""

    target: schema.Target

    def __call__(self, point: Mapping[str, float]) -> bool:
        value = point.get(self.target.metric, math.nan)
        if self.target.below is not None:
            return value <= self.target.below
        return self.target.above is not None and value >= self.target.above


@dataclass(frozen=True)
class Measure:
    """The metrics of a global iterate."""

    problem: Problem
    names: tuple[str, ...]

    def __call__(self, iterate: Mapping[str, np.ndarray]) -> Mapping[str, float]:
        return self.problem.measure(self.names, iterate["x"], iterate["y"])


def _stop(document: schema.Document) -> world.Stop:
    stop, target = document.stop, document.target
    return world.Stop(
        simulated_seconds=_duration(stop.simulated_seconds),
        rounds=stop.rounds,
        target=Reached(target) if stop.at_target and target is not None else None,
    )


def _record(scenario: Scenario, problem: Problem) -> world.Record:
    every_rounds, every_seconds = often(scenario.document)
    at = scenario.document.record.at_s
    return world.Record(every_rounds, at, every_seconds, Measure(problem, scenario.metrics))


def often(document: schema.Document) -> tuple[int | None, float | None]:
    """Every how many rounds and seconds a point is recorded: as the scenario says, else about 200 times a run.

    With a limit on rounds and one on seconds it is both, since nobody knows which of the two a run will meet.
    """
    record, stop = document.record, document.stop
    if record.every_rounds is not None or record.every_s is not None:
        return record.every_rounds, record.every_s
    every_rounds = None if stop.rounds is None else max(1, stop.rounds // POINTS)
    return every_rounds, None if stop.simulated_seconds is None else stop.simulated_seconds / POINTS
