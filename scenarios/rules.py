"""Rules between the fields of a scenario: agents in range, files that are there, a connected graph, enough memory.

``complete`` collects every mistake it can find before it raises. What an algorithm cannot do here is no mistake,
but the reason of a ``not_applicable`` row, unless nothing else is left to run.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psutil

import algorithms
import problems
from problems.base import COUNTED, FUSED
from problems.errors import ProblemError
from scenarios import graphs, ranges, tables
from scenarios.build import lifetime, per_agent, the_problem
from scenarios.errors import MISSING, Mistake, ScenarioError, nearest
from scenarios.scenario import Entry, Placement, Scenario
from scenarios.schema import Crash, Law, LinkDown, Partition, RandomCrash, RandomLinkDown, Waiting
from simulator.stragglers import StragglerError, load_trace
from topologies import weights
from topologies.errors import TopologyError
from topologies.graph import Graph

Found = Iterator[Mistake]
MOST_RECURRENCES = 1_000_000
"""How often a run may measure, or one agent or link may change its state: beyond that nothing else gets done."""


def complete(scenario: Scenario) -> Scenario:
    """The scenario with its agents counted, its metrics known, and a reason for every algorithm it cannot run.

    Raises ``ScenarioError`` with every broken rule.
    """
    found = [*_labels(scenario), *_files(scenario), *_weights(scenario), *_oracles(scenario)]
    found += [*_target_used(scenario), *_endless(scenario), *_too_often(scenario), *_timeless(scenario)]
    _raise([*found, *_memory(scenario)])
    network, found = _graph(scenario, "network.topology", scenario.network)
    _raise(found)
    scenario = _counted(scenario, network[0].workers)
    _raise(list(_memory(scenario)))
    placed: list[Graph] = []
    for key, placement in _placements(scenario):
        graph, mistakes = _graph(scenario, key, placement)
        placed += graph
        found += mistakes
    _raise(found)
    scenario, found = _problem(scenario)
    found += [*_counts(scenario, placed), *_per_agent(scenario), *_ids(scenario, placed), *_duplicates(scenario)]
    found += _quantity(scenario)
    found += ranges.mistakes(scenario.document.tune, scenario) if scenario.document.tune else []
    _raise([*found, *_traces(scenario)])
    return _applicable(scenario)


def _raise(found: Sequence[Mistake]) -> None:
    if found:
        raise ScenarioError(found)


def _at(scenario: Scenario, key: str, value: object, rule: str) -> Mistake:
    return Mistake(scenario.file, key, value, rule)


# --- what needs no graph and no problem


def _labels(scenario: Scenario) -> Found:
    counts = Counter(entry.label for entry in scenario.entries)
    for entry in scenario.entries:
        if counts[entry.label] > 1 and entry is not next(e for e in scenario.entries if e.label == entry.label):
            key = f"algorithms.{entry.position}.label"
            given = scenario.document.algorithms[entry.position].label
            value = MISSING if given is None else given
            yield _at(scenario, key, value, f'must tell it from the other "{entry.label}"')


def _files(scenario: Scenario) -> Found:
    for position, straggler in enumerate(scenario.document.stragglers):
        if straggler.kind == "trace":
            yield from _file(scenario, f"stragglers.{position}.file", straggler.file)
    for key, placement in _placements(scenario):
        if placement.weights_file:
            yield from _file(scenario, f"{key}.weights_file", placement.weights_file)
        if placement.family == "file":
            yield from _file(scenario, f"{key}.path", placement.settings.path)


def _weights(scenario: Scenario) -> Found:
    known = [*weights.names(), "file"]
    for key, placement in _placements(scenario):
        rule = placement.weights
        if rule not in known:
            yield _at(scenario, f"{key}.weights", rule, f"is no rule of mixing weights; {nearest(rule, known)}")


def _file(scenario: Scenario, key: str, name: str) -> Found:
    if not scenario.path(name).is_file():
        yield _at(scenario, key, name, f"is not a file in {scenario.folder}")


def _placements(scenario: Scenario) -> Iterator[tuple[str, Placement]]:
    """The different graphs of a scenario, its network first, each with the key that states it."""
    seen = {scenario.network}
    yield "network.topology", scenario.network
    for entry in scenario.entries:
        if entry.placement not in seen:
            seen.add(entry.placement)
            yield f"algorithms.{entry.position}.topology", entry.placement


def _oracles(scenario: Scenario) -> Found:
    for name, seconds in (scenario.document.compute.seconds_per_oracle or {}).items():
        if name not in COUNTED:
            key = f"compute.seconds_per_oracle.{name}"
            yield _at(scenario, key, seconds, f"is no oracle; {nearest(name, COUNTED)}")


def _endless(scenario: Scenario) -> Found:
    """Agents that crash again and again may never complete a round."""
    if scenario.document.stop.simulated_seconds is None:
        for position, failure in enumerate(scenario.document.failures):
            if failure.kind == "random_crash":
                rule = "random crashes may hold rounds up for ever: stop.simulated_seconds must be given"
                yield _at(scenario, f"failures.{position}.kind", failure.kind, rule)


def _too_often(scenario: Scenario) -> Found:
    """Periods, failures and looks so short that a run would have nothing else to do."""
    seconds = scenario.document.stop.simulated_seconds
    for key, value, length in _recurring(scenario):
        if (1.0 if seconds is None else seconds) > MOST_RECURRENCES * length:
            span = "a simulated second" if seconds is None else f"in {seconds:g} simulated seconds"
            yield _at(scenario, key, value, f"would recur more than {MOST_RECURRENCES:,} times {span}")


def _recurring(scenario: Scenario) -> Iterator[tuple[str, object, float]]:
    """Key, value and mean length in seconds of everything that comes again and again."""
    document = scenario.document
    if document.record.every_s is not None:
        yield "record.every_s", document.record.every_s, document.record.every_s
    for position, straggler in enumerate(document.stragglers):
        if straggler.kind == "periods":
            fast, slow = lifetime(straggler.fast_s), lifetime(straggler.slow_s)
            yield f"stragglers.{position}.fast_s", _written(straggler.fast_s), fast.mean + slow.mean
    for position, failure in enumerate(document.failures):
        if isinstance(failure, RandomCrash | RandomLinkDown):
            length = lifetime(failure.mtbf_s).mean + lifetime(failure.repair_s).mean
            yield f"failures.{position}.mtbf_s", _written(failure.mtbf_s), length


def _written(value: float | Law) -> object:
    return value.model_dump() if isinstance(value, Law) else value


def _timeless(scenario: Scenario) -> Found:
    """Without a limit on rounds, something in a round must take time."""
    network, compute, stop = scenario.document.network, scenario.document.compute, scenario.document.stop
    prices = compute.seconds_per_oracle
    links = (network.bandwidth_mbit_s, network.uplink_mbit_s, network.downlink_mbit_s)
    delayed = any(value is not None for value in links) or network.latency_s != 0.0 or network.jitter_s != 0.0
    if stop.rounds is not None or prices is None or compute.overhead_s > 0.0 or delayed:
        return
    for entry in scenario.entries:
        called = algorithms.load(entry.algorithm).needs_with(entry.settings).oracles
        counted = {name for oracle in called for name in FUSED.get(oracle, (oracle,))}
        if not any(prices.get(name, 0.0) > 0.0 for name in counted):
            rule = f"costs {entry.label} no time and neither do messages, so that it would never end: give stop.rounds"
            yield _at(scenario, "compute.seconds_per_oracle", prices, rule)


def _target_used(scenario: Scenario) -> Found:
    if scenario.document.stop.at_target and scenario.document.target is None:
        yield _at(scenario, "stop.at_target", True, "needs a table [target]")


def _memory(scenario: Scenario) -> Found:
    """Refuse what cannot fit, before anything is allocated."""
    total = psutil.virtual_memory().total
    for key, placement in _placements(scenario):
        agents = placement.agents
        if agents is None:
            continue
        links, data = graphs.memory_bytes(placement, agents), _problem_bytes(scenario, agents)
        if links + data <= total:
            continue
        rule = f"{(links + data) / 2**30:.3g} GiB of memory a run; this machine has {total / 2**30:.3g} GiB"
        if data > links:
            problem = scenario.document.problem.model_dump()
            yield _at(scenario, "problem", problem, f"needs, with {agents} agents, about {rule}")
            return
        yield _at(scenario, f"{key}.{'workers' if placement.has_server else 'agents'}", agents, f"needs about {rule}")


def _problem_bytes(scenario: Scenario, agents: int) -> int:
    try:
        return int(problems.load(scenario.document.problem.name).memory_bytes(scenario.problem, agents))
    except ProblemError:
        return 0  # said again, and reported, when the problem is built


# --- the graphs and the problem


def _graph(scenario: Scenario, key: str, placement: Placement) -> tuple[list[Graph], list[Mistake]]:
    """The graph of a placement (of the first seed), or why one of its seeds has none."""
    try:
        graph = graphs.of_seeds(scenario, placement)[0]
    except TopologyError as problem:
        return [], [_at(scenario, f"{key}.name", placement.family, str(problem))]
    try:
        graphs.weights(scenario, placement, graph)
    except TopologyError as problem:
        return [], [_at(scenario, f"{key}.weights", placement.weights, str(problem))]
    return [graph], []


def _counted(scenario: Scenario, agents: int) -> Scenario:
    """The scenario over so many agents with data; a placement that does not count its own has as many."""

    def counted(placement: Placement) -> Placement:
        return dataclasses.replace(placement, agents=placement.agents or agents)

    entries = tuple(dataclasses.replace(entry, placement=counted(entry.placement)) for entry in scenario.entries)
    return dataclasses.replace(scenario, agents=agents, network=counted(scenario.network), entries=entries)


def _problem(scenario: Scenario) -> tuple[Scenario, list[Mistake]]:
    """The scenario with its metrics, known once the problem has been built for the first seed."""
    document = scenario.document
    try:
        problem = the_problem(scenario, scenario.seeds[0])
    except ProblemError as mistake:
        return scenario, [_at(scenario, "problem", document.problem.model_dump(), str(mistake))]
    known = tuple(problem.metrics)
    asked = [(f"record.metrics.{k}", name) for k, name in enumerate(document.record.metrics or ())]
    asked += [("target.metric", document.target.metric)] if document.target else []
    found = [
        _at(scenario, key, name, f"is no metric of {document.problem.name}; {nearest(name, known)}")
        for key, name in asked
        if name not in known
    ]
    wanted = list(document.record.metrics or known)
    if document.target and document.target.metric not in wanted:
        wanted.append(document.target.metric)
    units = {name: problem.metrics[name].unit for name in wanted if name in known}
    return dataclasses.replace(scenario, metrics=tuple(wanted), units=units), found


def _quantity(scenario: Scenario) -> Found:
    """What replications look at must be a column of the table of runs, and one that will not stay empty."""
    rule = scenario.document.replications
    if rule is None:
        return
    key, known = "replications.quantity", [*tables.NUMBERS, *scenario.metrics]
    if rule.quantity not in known:
        wrong = f"is no number in the table of runs; {nearest(rule.quantity, known)}"
        yield _at(scenario, key, rule.quantity, wrong)
    elif rule.quantity.startswith("target_") and scenario.document.target is None:
        yield _at(scenario, key, rule.quantity, "needs a table [target]; or name another quantity")


def _counts(scenario: Scenario, placed: Sequence[Graph]) -> Found:
    """All algorithms run over the same data-holding agents."""
    for (key, placement), graph in zip(_placements(scenario), placed, strict=True):
        if graph.workers != scenario.agents:
            rule = f"has {graph.workers} agents with data, but the comparison is over {scenario.agents}"
            yield _at(scenario, f"{key}.name", placement.family, rule)


# --- lists and ids of agents


def _per_agent(scenario: Scenario) -> Found:
    network, compute = scenario.document.network, scenario.document.compute
    wanted = scenario.agents + scenario.server
    whose = f"{scenario.agents} agents" + (" and, last, the server" if scenario.server else "")
    values = {
        "network.bandwidth_mbit_s": network.bandwidth_mbit_s,
        "network.uplink_mbit_s": network.uplink_mbit_s,
        "network.downlink_mbit_s": network.downlink_mbit_s,
        "compute.speed_gflop_s": compute.speed_gflop_s,
    }
    for key, value in values.items():
        if isinstance(value, tuple) and len(value) != wanted:
            yield _at(scenario, key, value, f"has {len(value)} entries, but there are {wanted}: {whose}")
        if isinstance(value, Law):
            yield from _above_zero(scenario, key, value, wanted)


def _above_zero(scenario: Scenario, key: str, value: Law, agents: int) -> Found:
    """A law may draw zero; a rate of zero never ends."""
    purpose = "speed" if key.startswith("compute") else "bandwidth"
    for seed in scenario.possible_seeds:
        drawn = per_agent(value, agents, seed, purpose, 1.0)
        lowest = min(drawn) if isinstance(drawn, tuple) else drawn
        if not lowest > 0.0:
            rule = f"draws {lowest:g} for an agent with seed {seed}: it must be above 0"
            yield _at(scenario, key, value.distribution, rule)
            return


def _ids(scenario: Scenario, placed: Sequence[Graph]) -> Found:
    for position, straggler in enumerate(scenario.document.stragglers):
        if straggler.kind != "trace":
            yield from _in_range(scenario, f"stragglers.{position}.agents", straggler.agents or ())
    links = {edge for graph in placed for edge in graph.edges}
    for position, failure in enumerate(scenario.document.failures):
        key = f"failures.{position}"
        match failure:
            case Crash() | RandomCrash():
                yield from _in_range(scenario, f"{key}.agents", failure.agents or ())
            case LinkDown():
                yield from _is_link(scenario, f"{key}.link", failure.link, links)
            case RandomLinkDown():
                for k, link in enumerate(failure.links or ()):
                    yield from _is_link(scenario, f"{key}.links.{k}", link, links)
            case Partition():
                for k, group in enumerate(failure.groups):
                    yield from _in_range(scenario, f"{key}.groups.{k}", group)
                yield from _disjoint(scenario, f"{key}.groups", failure.groups)
    for key, wait in _waits(scenario):
        if wait.k is not None and wait.k > scenario.agents:
            yield _at(scenario, f"{key}.k", wait.k, f"is more than the {scenario.agents} agents there are")


def _in_range(scenario: Scenario, key: str, agents: Sequence[int]) -> Found:
    last = scenario.agents - 1 + scenario.server
    for position, agent in enumerate(agents):
        if agent > last:
            server = f", the server being {last}" if scenario.server else ""
            yield _at(scenario, f"{key}.{position}", agent, f"is out of range: agents are 0 to {last}{server}")
    if len(set(agents)) < len(agents):
        yield _at(scenario, key, tuple(agents), "must name each agent once")


def _is_link(scenario: Scenario, key: str, link: tuple[int, int], links: set[tuple[int, int]]) -> Found:
    if (min(link), max(link)) not in links:
        yield _at(scenario, key, link, "is no link of the network: these two agents are not neighbours")


def _disjoint(scenario: Scenario, key: str, groups: Sequence[Sequence[int]]) -> Found:
    for agent, count in Counter(agent for group in groups for agent in set(group)).items():
        if count > 1:
            yield _at(scenario, key, tuple(groups), f"must hold each agent once; agent {agent} is in {count} groups")


def _waits(scenario: Scenario) -> Iterator[tuple[str, Waiting]]:
    yield "wait", scenario.document.wait
    for position, entry in enumerate(scenario.document.algorithms):
        if entry.wait is not None:
            yield f"algorithms.{position}.wait", entry.wait


def _duplicates(scenario: Scenario) -> Found:
    """The same agent cannot crash while it is down, nor by two clocks."""
    down: dict[int, list[tuple[float, float, int]]] = {}
    clocked: dict[int, int] = {}
    everybody = range(scenario.agents)
    for position, failure in enumerate(scenario.document.failures):
        if isinstance(failure, Crash):
            end = float("inf") if failure.recover_after_s is None else failure.at_s + failure.recover_after_s
            for agent in set(failure.agents):
                for start, stop, other in down.get(agent, []):
                    if (start < end and failure.at_s < stop) or start == failure.at_s:
                        rule = f"agent {agent} is already down then, by failures.{other}"
                        yield _at(scenario, f"failures.{position}.at_s", failure.at_s, rule)
                down.setdefault(agent, []).append((failure.at_s, end, position))
        elif isinstance(failure, RandomCrash):
            for agent in set(failure.agents or everybody):
                if agent in clocked:
                    rule = f"agent {agent} already crashes at random, by failures.{clocked[agent]}"
                    yield _at(scenario, f"failures.{position}.agents", failure.agents or MISSING, rule)
                    break
                clocked[agent] = position
    yield from _repeated(scenario)


def _repeated(scenario: Scenario) -> Found:
    """A failure of links that stands twice in the file."""
    seen: list[Any] = []
    for position, failure in enumerate(scenario.document.failures):
        if not isinstance(failure, Crash | RandomCrash):
            if failure in seen:
                rule = f"stands already in failures.{scenario.document.failures.index(failure)}"
                yield _at(scenario, f"failures.{position}", failure.model_dump(exclude_none=True), rule)
            seen.append(failure)


def _traces(scenario: Scenario) -> Found:
    for position, straggler in enumerate(scenario.document.stragglers):
        if straggler.kind == "trace":
            key = f"stragglers.{position}.file"
            try:
                traces = load_trace(scenario.path(straggler.file))
            except StragglerError as problem:
                yield _at(scenario, key, straggler.file, str(problem))
            else:
                last = scenario.agents - 1 + scenario.server
                for trace in traces:
                    if trace.agent > last:
                        yield _at(scenario, key, straggler.file, f"names agent {trace.agent}; agents are 0 to {last}")


# --- what an algorithm cannot do here


def _applicable(scenario: Scenario) -> Scenario:
    entries = tuple(dataclasses.replace(entry, refused=refusal(scenario, entry)) for entry in scenario.entries)
    return dataclasses.replace(scenario, entries=entries)


def runnable(scenarios: Sequence[Scenario]) -> None:
    """Raise ``ScenarioError`` where nothing is left to run at any point of a sweep."""
    if any(entry.refused is None for scenario in scenarios for entry in scenario.entries):
        return
    first = scenarios[0]
    _raise(
        [
            _at(first, f"algorithms.{entry.position}.name", entry.algorithm, f"nothing is left to run: {entry.refused}")
            for entry in first.entries
        ]
    )


def refusal(scenario: Scenario, entry: Entry) -> str | None:
    """Why an algorithm cannot run in this scenario, in one sentence; None if it can."""
    needs = algorithms.load(entry.algorithm).needs_with(entry.settings)
    name, placement, network = entry.algorithm, entry.placement, scenario.document.network
    if needs.topology == "star" and not placement.has_server:
        return f'{name} needs a server: give it topology = {{ name = "star" }} (it runs on {placement.family})'
    if needs.topology == "graph" and placement.has_server:
        return f'{name} has no server: give it a graph, such as topology = {{ name = "ring" }} (it runs on a star)'
    if entry.wait.policy not in needs.waits:
        return f'{name} cannot wait with policy = "{entry.wait.policy}"; it can with {_list(needs.waits)}'
    if _loses_messages(scenario) and network.transport not in needs.links:
        return f'{name} cannot bear loss with transport = "{network.transport}"; it can with {_list(needs.links)}'
    for role in _roles_that_lose_memory(scenario, entry):
        if role not in needs.memory_loss:
            return f'{name} keeps no checkpoint of its {role}, so a crash with memory = "lost" cannot be survived'
    return None


def _loses_messages(scenario: Scenario) -> bool:
    """Whether messages between agents that go on may be lost: by chance, with a link, or while one is away."""
    return scenario.document.network.loss is not None or any(
        not isinstance(failure, Crash) or failure.recover_after_s is not None for failure in scenario.document.failures
    )


def _roles_that_lose_memory(scenario: Scenario, entry: Entry) -> Iterable[str]:
    """``agent``, or ``worker`` and ``server``, for the agents that forget at a crash and come back."""
    for failure in scenario.document.failures:
        if isinstance(failure, Crash) and (failure.memory == "kept" or failure.recover_after_s is None):
            continue
        if isinstance(failure, RandomCrash) and failure.memory == "kept":
            continue
        if isinstance(failure, Crash | RandomCrash):
            for agent in failure.agents or range(scenario.agents):
                if not entry.placement.has_server:
                    yield "agent"
                else:
                    yield "server" if agent == scenario.agents else "worker"


def _list(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)
