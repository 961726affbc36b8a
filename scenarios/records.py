"""One run: what determines it, and what came of it, as plain values that go to a file or to another process."""

import dataclasses
import importlib.metadata
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import problems
from scenarios import activity, code, store, traffic
from scenarios.build import Reached, often
from scenarios.scenario import Entry, Scenario
from scenarios.schema import Target
from simulator.meters import Meter
from simulator.run import Outcome

FORMAT = 2
LIBRARIES = ("bilevelsim", "numpy", "scipy", "networkx", "simpy", "scikit-learn")
OWN = frozenset({"axis", "round", "simulated_s", "bits_sent", "messages_sent", "oracle_calls", "operations"})
"""What a recorded point holds beside metrics."""


@dataclasses.dataclass(frozen=True)
class Record:
    """One run."""

    key: str
    inputs: Mapping[str, Any]
    row: Mapping[str, Any]
    """Its row of the table ``runs``."""
    points: tuple[Mapping[str, Any], ...] = ()
    """Its rows of the table ``history``."""
    meters: tuple[Mapping[str, Any], ...] = ()
    """Counts of each agent."""
    waiting: tuple[Mapping[str, Any], ...] = ()
    """Who waited for whom at the end."""
    traceback: str | None = None
    """Of the defect that ended it, if one did."""
    tables: Mapping[str, store.Frame] = dataclasses.field(default_factory=dict)
    """When agents computed and were down (``activity``), and what links carried (``traffic``)."""
    host_s: float = 0.0
    """Seconds of the host: the one thing here that is not the same every time."""

    def as_json(self) -> dict[str, Any]:
        """Everything but the points and the host's seconds, with what is not a number written as null."""
        return {
            "key": self.key,
            "inputs": dict(self.inputs),
            "row": {name: _finite(value) for name, value in self.row.items()},
            "meters": [dict(meter) for meter in self.meters],
            "waiting": [dict(wait) for wait in self.waiting],
            "traceback": self.traceback,
        }


def inputs(scenario: Scenario, entry: Entry, seed: int) -> dict[str, Any]:
    """Everything that determines a run, as plain values; neither the question nor the place of files is part of it."""
    document = scenario.document
    parts = {"network", "compute", "stragglers", "failures", "stop", "target"}
    dumped = document.model_dump(mode="json", include=parts)
    dumped["network"].pop("topology")
    every_rounds, every_seconds = often(document)
    return dumped | {
        "format": FORMAT,
        "problem": {"name": document.problem.name, "settings": _plain(scenario.problem)},
        "agents": scenario.agents,
        "topology": _plain(entry.placement),
        "algorithm": entry.algorithm,
        "label": entry.label,
        "settings": _plain(entry.settings),
        "wait": entry.wait.model_dump(mode="json"),
        "record": {
            "every_rounds": every_rounds,
            "every_s": every_seconds,
            "at_s": list(document.record.at_s),
            "metrics": list(scenario.metrics),
        },
        "files": scenario.files(),
        "seed": seed,
        "code": code.fingerprint(scenario, entry),
        "versions": dict(versions(document.problem.name)),
    }


@cache
def versions(problem: str) -> Mapping[str, str]:
    """Of Python and of every library that has a part in the numbers; JAX where the problem is made with it."""
    found = {"python": platform.python_version()}
    automatic = any(
        getattr(item, "__module__", "") == "problems.automatic" for item in vars(problems.load(problem)).values()
    )
    for name in (*LIBRARIES, "jax") if automatic else LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
            found[name] = "not installed"
    return found


def finished(scenario: Scenario, entry: Entry, seed: int, outcome: Outcome, host_s: float) -> Record:
    """The record of a run that came to an end, whatever the end."""
    known = inputs(scenario, entry, seed)
    key = store.key(known)
    identity = _identity(scenario, entry, seed)
    # A stall is dated back to when the last agent began to wait; looks while messages were still sent again are later.
    seen = [point for point in outcome.points if point["simulated_s"] <= outcome.simulated_s]
    points = tuple({**identity, **_metrics(point), **_place(point)} for point in seen)
    row = identity | {
        "status": outcome.status,
        "reason": outcome.reason,
        "rounds": outcome.rounds,
        "simulated_s": outcome.simulated_s,
        "fingerprint": outcome.fingerprint,
        "key": key,
    }
    row |= _to_target(seen, scenario.document.target)
    row |= _totals(outcome.meters, scenario.agents, entry.placement.has_server)
    row |= _shares(outcome.meters[: scenario.agents], outcome.simulated_s)
    row |= _metrics(outcome.points[-1]) if outcome.points else {}
    meters = tuple(_plain(meter) for meter in outcome.meters)
    waiting = tuple({**_plain(wait), "tag": str(wait.tag)} for wait in outcome.waiting)
    tables = {"activity": activity.frame(outcome.activity), "traffic": traffic.frame(outcome.traffic)}
    return Record(key, known, row, points, meters, waiting, tables=tables, host_s=host_s)


def broken(scenario: Scenario, entry: Entry, seed: int, reason: str, traceback: str, host_s: float = 0.0) -> Record:
    """The record of a run that a defect ended."""
    known = inputs(scenario, entry, seed)
    row = _identity(scenario, entry, seed) | {"status": "failed", "reason": reason, "key": store.key(known)}
    return Record(store.key(known), known, row, traceback=traceback, host_s=host_s)


def _identity(scenario: Scenario, entry: Entry, seed: int) -> dict[str, Any]:
    return {"algorithm": entry.algorithm, "label": entry.label, "seed": seed}


def _place(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: point[name] for name in ("round", "simulated_s", "bits_sent", "oracle_calls")}


def _metrics(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in point.items() if name not in OWN}


def _to_target(points: Iterable[Mapping[str, Any]], target: Target | None) -> dict[str, Any]:
    """What had been spent at the first recorded point that meets the target; nothing if none does."""
    first = next((point for point in points if target is not None and Reached(target)(point)), None)
    if first is None:
        return {}
    return {
        "target_s": first["simulated_s"],
        "target_rounds": first["round"],
        "target_bits": first["bits_sent"],
        "target_oracle_calls": first["oracle_calls"],
    }


def _totals(meters: Sequence[Meter], agents: int, server: bool) -> dict[str, Any]:
    """Sums over agents. Bits up are what workers sent, bits down what their server sent; without a server: neither."""
    row = {
        "bits_sent": 8 * sum(meter.bytes_sent for meter in meters),
        "messages_sent": sum(meter.messages_sent for meter in meters),
        "messages_lost": sum(meter.messages_lost for meter in meters),
        "oracle_calls": sum(meter.oracle_calls.total() for meter in meters),
        "operations": sum(meter.operations for meter in meters),
    }
    if server:
        row["bits_up"] = 8 * sum(meter.bytes_sent for meter in meters[:agents])
        row["bits_down"] = row["bits_sent"] - row["bits_up"]
    return row


def _shares(meters: Sequence[Meter], simulated_s: float) -> dict[str, float]:
    """Where the time of the agents with data went; a server only serves, and would make everybody look idle."""
    whole = simulated_s * len(meters)
    if whole == 0:
        return {}
    computing = sum(meter.computing_s for meter in meters) / whole
    down = sum(meter.down_s for meter in meters) / whole
    return {"computing_share": computing, "waiting_share": max(0.0, 1.0 - computing - down), "down_share": down}


def _plain(value: Any) -> Any:
    """A frozen record as nested plain values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
