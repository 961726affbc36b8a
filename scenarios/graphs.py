"""The graph that an algorithm runs on, with its mixing weights, for one seed."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from scenarios.scenario import Placement, Scenario
from simulator.streams import stream
from topologies import families
from topologies import weights as rules
from topologies.graph import Graph

AGENT_BYTES, LINK_BYTES = 50_000, 1_000
"""What the simulator holds for an agent and for a link, about (measured on rings and complete graphs)."""
FEW_LINKS = 8
"""Links of an agent in a family that does not say how many there are."""


def of_seed(scenario: Scenario, placement: Placement, seed: int) -> Graph:
    """The graph of one repetition. Raises ``TopologyError``."""
    return _drawn(scenario, placement, stream(seed, "topology"))


def of_seeds(scenario: Scenario, placement: Placement) -> Sequence[Graph]:
    """The graphs of all repetitions; only one if the family draws nothing at random. Raises ``TopologyError``."""
    graphs = []
    for seed in scenario.possible_seeds:
        rng = stream(seed, "topology")
        untouched = rng.bit_generator.state
        graphs.append(_drawn(scenario, placement, rng))
        if rng.bit_generator.state == untouched:
            break
    return graphs


def weights(scenario: Scenario, placement: Placement, graph: Graph) -> rules.Weights | None:
    """The mixing weights; None where a server does the mixing. Raises ``TopologyError``."""
    if placement.has_server:
        return None
    path = scenario.path(placement.weights_file) if placement.weights_file else None
    found = rules.build(placement.weights, graph, path)
    return rules.lazy(found) if placement.lazy else found


def memory_bytes(placement: Placement, agents: int) -> int:
    """About what the agents and links of a run hold, from the counts alone."""
    expected = getattr(families.load(placement.family), "expected_links", None)
    links = expected(placement.settings, agents) if expected else FEW_LINKS * agents
    return int(agents * AGENT_BYTES + links * LINK_BYTES)


def _drawn(scenario: Scenario, placement: Placement, rng: np.random.Generator) -> Graph:
    return families.build(placement.family, placement.agents, rng, **_parameters(scenario, placement))


def _parameters(scenario: Scenario, placement: Placement) -> dict[str, Any]:
    """The family's settings as keywords; a file is looked for beside the scenario."""
    found = {field.name: getattr(placement.settings, field.name) for field in dataclasses.fields(placement.settings)}
    if placement.family == "file":
        found["path"] = str(scenario.path(found["path"]))
    if placement.family == "star":
        found.pop("workers")
    return {name: value for name, value in found.items() if value is not None}
