"""Which keys of a scenario a stretch of the critical path is due to: what one would change to shorten it."""

import math
from collections.abc import Iterable, Iterator

from scenarios import schema
from scenarios.scenario import Entry, Scenario
from simulator import causes, stragglers
from simulator.causes import Piece


def because(scenario: Scenario, entry: Entry, piece: Piece) -> str:
    """Key paths of the scenario, such as ``stragglers.0``; several where any of them may have had a part in it."""
    match piece.what:
        case causes.COMPUTING:
            keys = [f"compute.{key}" for key in schema.COSTS if getattr(scenario.document.compute, key) is not None]
        case causes.SLOWED:
            keys = _slow(scenario, piece.agent)
        case causes.LOST_WORK:
            keys = crashes(scenario, piece.agent, piece.end, piece.end)
        case causes.DOWN:
            keys = crashes(scenario, piece.agent, piece.start, piece.end)
        case causes.LATENCY:
            keys = ["network.latency_s"]
        case causes.TRANSFER:
            keys = _transfer(scenario.document.network)
        case causes.SENT_AGAIN:
            keys = _lost(scenario, piece)
        case causes.DEADLINE if _is_policy(entry, piece):
            keys = ["wait.seconds"]
        case _:  # a program's own sleep or timeout
            keys = [f"settings of {entry.algorithm}"]
    return ", ".join(keys)


def crashes(scenario: Scenario, agent: int, start: float, end: float) -> list[str]:
    """The failures that held an agent down at some time in an interval; random ones where no other did."""
    everybody = range(scenario.agents)
    numbered = list(enumerate(scenario.document.failures))
    planned = [
        number
        for number, failure in numbered
        if isinstance(failure, schema.Crash)
        and agent in failure.agents
        and _during(failure.at_s, failure.recover_after_s, start, end)
    ]
    random = [
        number
        for number, failure in numbered
        if isinstance(failure, schema.RandomCrash) and agent in (failure.agents or everybody)
    ]
    return _numbered("failures", planned or random)


def _during(at: float, duration: float | None, start: float, end: float) -> bool:
    return at <= end and start < at + (math.inf if duration is None else duration)


def _numbered(table: str, places: Iterable[int]) -> list[str]:
    return [f"{table}.{place}" for place in places]


def _slow(scenario: Scenario, agent: int) -> list[str]:
    """The stragglers that slow an agent, at times or always."""
    slow = [
        place for place, straggler in enumerate(scenario.document.stragglers) if agent in _slowed(scenario, straggler)
    ]
    return _numbered("stragglers", slow)


def _slowed(scenario: Scenario, straggler: schema.Straggler) -> Iterable[int]:
    if isinstance(straggler, schema.TraceStraggler):
        return {trace.agent for trace in stragglers.load_trace(scenario.path(straggler.file))}
    return straggler.agents or range(scenario.agents)


def _transfer(network: schema.Network) -> list[str]:
    rates = ("bandwidth_mbit_s", "uplink_mbit_s", "downlink_mbit_s")
    keys = [key for key in rates if getattr(network, key) is not None]
    return [f"network.{key}" for key in [*keys, *(["jitter_s"] if network.jitter_s != 0.0 else [])]]


def _lost(scenario: Scenario, piece: Piece) -> list[str]:
    """Why a copy of a message was lost."""
    if piece.why == "receiver down":
        return crashes(scenario, piece.agent, piece.start, piece.end)
    return _numbered("failures", _cuts(scenario, piece)) if piece.why == "link down" else ["network.loss"]


def _cuts(scenario: Scenario, piece: Piece) -> Iterator[int]:
    """The failures that may have held a message's link down while it was on its way."""
    assert piece.sender is not None
    ends = {piece.sender, piece.agent}
    for place, failure in enumerate(scenario.document.failures):
        match failure:
            case schema.LinkDown():
                cut = set(failure.link) == ends and _during(failure.at_s, failure.for_s, piece.start, piece.end)
            case schema.RandomLinkDown():
                cut = failure.links is None or ends in [set(link) for link in failure.links]
            case schema.Partition():
                apart = _group(failure, piece.sender) != _group(failure, piece.agent)
                cut = apart and _during(failure.at_s, failure.for_s, piece.start, piece.end)
            case _:
                cut = False
        if cut:
            yield place


def _group(partition: schema.Partition, agent: int) -> int:
    """The number of an agent's group; -1 for those in none, which are together."""
    return next((number for number, group in enumerate(partition.groups) if agent in group), -1)


def _is_policy(entry: Entry, piece: Piece) -> bool:
    """Whether a timeout is the waiting policy's, rather than one of the algorithm's own."""
    seconds = entry.wait.seconds
    return seconds is not None and math.isclose(piece.end - piece.start, seconds, rel_tol=1e-6)
