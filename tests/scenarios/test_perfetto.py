"""The timeline of a run: what small worlds draw, and a judge that reads files by the rules of the format."""

import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios import loader, perfetto
from scenarios.build import build
from scenarios.perfetto import COMPUTING, DOWN, WAITING, Export, export
from simulator.agent import Wait
from simulator.delays import Constant, Exponential, TwoPoint, Uniform
from simulator.errors import ProgramError
from simulator.run import simulate
from simulator.stragglers import FixedSlowdown, RandomSlowdown, SlowdownTrace, SlowPeriods
from simulator.tally import Tally
from simulator.world import (
    AgentSpec,
    Compute,
    Crash,
    LinkDown,
    Loss,
    Network,
    Partition,
    RandomCrash,
    RandomLinkDown,
    Record,
    Stop,
    World,
)

Program = Callable[..., Any]
Event = dict[str, Any]
exact = pytest.approx

# ---- a judge of files


@dataclass
class Drawing:
    """A file that has passed; times in nanoseconds."""

    events: list[Event]
    about: dict[str, Any]
    names: dict[tuple[int, int], str]
    """(process, thread) -> name."""
    flows: list[tuple[Event, Event | None]]
    """Each arrow: the marks where it starts and ends; None where it does not end."""

    def of(self, track: str, phases: str = "X") -> list[Event]:
        """The events of one track by its name, in order of time."""
        found = [event for event in self.events if event["ph"] in phases and self.names[event["at"]] == track]
        return sorted(found, key=lambda event: event["ts"])

    def slices(self, track: str) -> list[tuple[str, float, float]]:
        """(name, start, end) of what takes time on a track, seconds."""
        return [
            (event["name"], event["ts"] / 1e9, (event["ts"] + event["dur"]) / 1e9)
            for event in self.of(track)
            if event["dur"]
        ]

    def marks(self, track: str) -> list[tuple[str, float]]:
        """(name, instant) of what takes no time on a track, seconds."""
        return [(event["name"], event["ts"] / 1e9) for event in self.of(track) if not event["dur"]]

    def seconds(self, name: str) -> dict[str, float]:
        """What the slices of a name take together, by track."""
        total: dict[str, float] = defaultdict(float)
        for event in self.events:
            if event["ph"] == "X" and event["name"] == name:
                total[self.names[event["at"]]] += event["dur"] / 1e9
        return dict(total)


def judge(path: Path) -> Drawing:
    """Read a file by the rules of the format and by what Perfetto makes of it; any breach is an AssertionError."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    document = json.loads(text, parse_float=Decimal, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert list(document) == ["displayTimeUnit", "traceEvents", "otherData"]
    assert document["displayTimeUnit"] in ("ms", "ns")
    events = document["traceEvents"]
    for event in events:
        judge_members(event)
    names = judge_metadata(events)
    judge_nesting(events)
    judge_spans(events)
    return Drawing(events, document["otherData"], names, judge_flows(events))


def judge_members(event: Event) -> None:
    """What every event, and what each phase, must have; times become whole nanoseconds."""
    assert isinstance(event["name"], str)
    assert event["name"]
    for number in ("pid", "tid"):
        assert isinstance(event[number], int)
        assert 0 < event[number] < 2**31
    event["at"] = event["pid"], event["tid"]
    phase = event["ph"]
    assert phase in tuple("MXisfbeC")
    if phase != "M":
        event["ts"] = nanoseconds(event["ts"])
    if phase == "X":
        event["dur"] = nanoseconds(event["dur"])
    if phase == "i":
        assert event["s"] in ("t", "p", "g")
    if phase in "sf":
        assert isinstance(event["id"], int)
        assert 0 < event["id"] < 2**53
        assert event["cat"]
    if phase == "f":
        assert event["bp"] == "e"
    if phase in "be":
        assert event["cat"]
        assert event["id2"]["local"]
    if phase == "C":
        assert all(isinstance(value, (int, Decimal)) for value in event["args"].values())
        assert event["args"]
    if "args" in event:
        assert isinstance(event["args"], dict)


def nanoseconds(microseconds: Any) -> int:
    """Finite, not negative, and whole nanoseconds, which is all that viewers keep."""
    assert isinstance(microseconds, (int, Decimal))
    value = 1000 * Decimal(microseconds)
    assert value.is_finite()
    assert value >= 0
    assert value == int(value)
    return int(value)


def judge_metadata(events: Sequence[Event]) -> dict[tuple[int, int], str]:
    """Names come first, each thread has its own number, and everything is on a track that has a name."""
    first = next((k for k, event in enumerate(events) if event["ph"] != "M"), len(events))
    assert all(event["ph"] != "M" for event in events[first:])
    heads = [event for event in events[:first] if event["name"] == "thread_name"]
    names = {event["at"]: event["args"]["name"] for event in heads}
    assert len({thread for _, thread in names}) == len(heads)
    processes = [event["pid"] for event in events[:first] if event["name"] == "process_name"]
    assert len(set(processes)) == len(processes)
    assert {process for process, _ in names} == set(processes)
    for kind in ("thread", "process"):
        order = [event for event in events[:first] if event["name"] == f"{kind}_sort_index"]
        assert all(isinstance(event["args"]["sort_index"], int) for event in order)
        assert len(order) == len([event for event in events[:first] if event["name"] == f"{kind}_name"])
    assert {event["at"] for event in events[first:]} <= names.keys()
    return names


def seen(events: Sequence[Event]) -> list[Event]:
    """In the order in which Perfetto takes events: by time, longer slices first, else as in the file."""
    return sorted(
        (event for event in events if event["ph"] != "M"),
        key=lambda event: (event["ts"], -event["dur"] if event["ph"] == "X" else 0),
    )


def judge_nesting(events: Sequence[Event]) -> None:
    """Of two slices of one track, one holds the other, or they are apart."""
    stacks: dict[tuple[int, int], list[int]] = defaultdict(list)
    for event in seen(events):
        if event["ph"] == "X":
            ends = stacks[event["at"]]
            while ends and ends[-1] <= event["ts"]:
                ends.pop()
            end = event["ts"] + event["dur"]
            assert not ends or end <= ends[-1], f"{event} outlasts what it lies in"
            ends.append(end)


def judge_spans(events: Sequence[Event]) -> None:
    """Spans of one identity begin and end in turn."""
    turns: dict[Any, list[Event]] = defaultdict(list)
    for event in sorted((event for event in events if event["ph"] in "be"), key=lambda event: event["ts"]):
        turns[event["pid"], event["cat"], event["id2"]["local"]].append(event)
    for turn in turns.values():
        assert [event["ph"] for event in turn] == ["b", "e"] * (len(turn) // 2)
        assert all(event["name"] == turn[0]["name"] for event in turn)


def judge_flows(events: Sequence[Event]) -> list[tuple[Event, Event | None]]:
    """Each arrow starts once, ends at most once and not before; both in a mark of the same instant, which is the
    slice that a viewer has seen last on the track.
    """
    last: dict[tuple[int, int], Event] = {}
    started: dict[int, Event] = {}
    ended: dict[int, Event] = {}
    for event in seen(events):
        phase = event["ph"]
        if phase == "X" or (phase == "i" and event["s"] == "t"):
            last[event["at"]] = event
        elif phase in "sf":
            mark = last[event["at"]]
            assert mark["ph"] == "X"
            assert (mark["ts"], mark["dur"]) == (event["ts"], 0)
            ends = started if phase == "s" else ended
            assert event["id"] not in ends
            ends[event["id"]] = mark
            if phase == "f":
                assert event["id"] in started
                assert started[event["id"]]["ts"] <= mark["ts"]
    return [(mark, ended.get(arrow)) for arrow, mark in started.items()]


# ---- small worlds


class Work:
    """A toy problem: calling it charges one oracle, "work"; an operation takes a second at the default speed."""

    def __init__(self, tally: Tally):
        self._tally = tally

    def __call__(self, operations: float = 1.0) -> None:
        self._tally.charge("work", operations)


def make(
    *programs: Program, edges: Sequence[tuple[int, int]] | None = None, seconds: float = 50.0, **parts: Any
) -> World:
    """These programs, all linked to all unless edges are given."""
    size = len(programs)
    pairs = [(i, j) for i in range(size) for j in range(i)] if edges is None else edges
    agents = []
    for id_, program in enumerate(programs):
        neighbors = tuple(sorted({j for i, j in pairs if i == id_} | {i for i, j in pairs if j == id_}))
        tally = Tally()
        weights = {j: 1.0 / (len(neighbors) + 1) for j in (id_, *neighbors)}
        name = "the server" if program is hub else ""
        agents.append(AgentSpec(program, neighbors, weights, Work(tally), tally, program is spoke, name=name))
    network = Network(header=0, **parts.pop("network", {}))
    parts = {"compute": Compute(speed=1.0), "record": Record(every_rounds=None), **parts}
    return World(tuple(agents), network=network, stop=Stop(seconds, parts.pop("rounds", None)), **parts)


def hub(agent):
    """A server: asks everybody, waits for everybody, reports."""
    for k in agent.rounds():
        yield agent.broadcast(("ask", k), x=np.zeros(2))
        yield agent.gather(("answer", k))
        agent.report(k, x=np.zeros(1))


def spoke(agent):
    """A worker: answers each question after a second of work."""
    while True:
        message = yield agent.receive()
        yield agent.compute(agent.problem)
        yield agent.send(message.sender, ("answer", message.tag[1]), y=np.zeros(3))


def gossip(agent):
    """Computes and mixes, round after round; saves, so that it goes on where it stood."""
    for k in agent.rounds((agent.saved or {"k": 0})["k"] + 1):
        yield agent.compute(agent.problem, 0.5 + agent.rng.random())
        yield agent.mix(k, np.zeros(4))
        agent.report(k, x=np.zeros(1))
        agent.save(k=k)


def wanderer(agent):
    """Does anything at random, by its own stream, until the time is up."""
    for k in agent.rounds():
        match int(agent.rng.integers(7)):
            case 0:
                yield agent.send(int(agent.rng.choice(agent.neighbors)), "x", x=np.zeros(3))
            case 1:
                yield agent.broadcast("x", x=np.zeros(3))
            case 2:
                yield agent.compute(agent.problem, float(agent.rng.exponential()))
            case 3:
                yield agent.receive("x", timeout=float(agent.rng.exponential()))
            case 4:
                yield agent.gather("x", 1, timeout=float(agent.rng.exponential()))
            case 5:
                yield agent.sleep(float(agent.rng.integers(3)))
            case 6:
                agent.report(k, x=np.zeros(1))
                yield agent.sleep(0.0)
        agent.save(k=k)


def ring(size: int) -> list[tuple[int, int]]:
    """Edges of a ring."""
    return [(i, (i + 1) % size) for i in range(size)]


def star(workers: int) -> list[tuple[int, int]]:
    """Edges of a star, the hub last."""
    return [(i, workers) for i in range(workers)]


def drawn(tmp_path: Path, world: World, until: float | None = None) -> tuple[Drawing, Export]:
    """Export, judge, and check what holds of every timeline: it agrees with the run's own accounts."""
    path = tmp_path / "t.json"
    exported = export(world, path, "a run", until)
    drawing, outcome = judge(path), exported.outcome
    assert exported.events == len(drawing.events)
    count = Counter("sent" if end is None else end["name"].partition(":")[0] for _, end in drawing.flows)
    meters = outcome.meters
    assert count["sent"] == outcome.in_flight[0]
    assert count["receive"] == sum(meter.messages_delivered for meter in meters)
    assert count["lost"] == sum(meter.messages_lost for meter in meters)
    sizes = sum(event.get("args", {}).get("bytes", 0) for event in drawing.events if event["name"].startswith("send"))
    assert sizes == sum(meter.bytes_sent for meter in meters)
    tracks = [world.agents[i].name or f"agent {i}" for i in range(len(meters))]
    computing, down = drawing.seconds(COMPUTING), drawing.seconds(DOWN)
    if outcome.status != "stalled":  # one goes on a little, to be seen
        assert [computing.get(track, 0.0) for track in tracks] == exact([m.computing_s for m in meters], abs=1e-6)
        assert [down.get(track, 0.0) for track in tracks] == exact([m.down_s for m in meters], abs=1e-6)
    return drawing, exported


# ---- what is drawn


def test_a_conversation_is_drawn_to_the_instant(tmp_path: Path) -> None:
    """A server asks, two workers compute for a second (one takes three times as long) and answer; half a second each
    way.
    """
    world = make(
        spoke, spoke, hub, edges=star(2), rounds=1, network={"latency": Constant(0.5)},
        stragglers=(FixedSlowdown((1,), 3.0),),
    )  # fmt: skip
    drawing, exported = drawn(tmp_path, world)
    assert drawing.slices("the server") == [(WAITING, 0.0, 4.0)]
    assert drawing.slices("agent 0") == [(WAITING, 0.0, 0.5), (COMPUTING, 0.5, 1.5), (WAITING, 1.5, 4.0)]
    assert drawing.slices("agent 1") == [(WAITING, 0.0, 0.5), (COMPUTING, 0.5, 3.5), (WAITING, 3.5, 4.0)]
    assert drawing.slices("agent 1: slow") == [("3 times slower", 0.0, 4.0)]
    assert drawing.marks("the server") == [("send", 0.0), ("receive", 2.0), ("receive", 4.0)]
    assert drawing.marks("agent 0") == [("receive", 0.5), ("send", 1.5)]
    assert [(event["name"], event["ts"] / 1e9) for event in drawing.of("the server", "i")] == [("round 1", 4.0)]
    shown = [event["args"] for event in drawing.of("the server") if event["name"] in ("send", "receive")]
    assert shown == [
        {"message": "ask 1", "to": "agent 0, agent 1", "bytes": 32},
        {"message": "answer 1", "from": "agent 0", "bytes": 24},
        {"message": "answer 1", "from": "agent 1", "bytes": 24},
    ]
    (step,) = [event for event in drawing.of("agent 0") if event["name"] == COMPUTING]
    assert step["args"] == {"oracles": {"work": 1}, "operations": 1, "round": 1}
    arrows = [(start["ts"] / 1e9, end["ts"] / 1e9, drawing.names[end["at"]]) for start, end in drawing.flows]
    assert sorted(arrows) == [
        (0.0, 0.5, "agent 0"), (0.0, 0.5, "agent 1"), (1.5, 2.0, "the server"), (3.5, 4.0, "the server"),
    ]  # fmt: skip
    assert drawing.about == {
        "run": "a run",
        "status": "finished",
        "reason": exported.outcome.reason,
        "simulated_s": Decimal("4.0"),
        "fingerprint": exported.outcome.fingerprint,
    }


def test_an_observer_changes_nothing(tmp_path: Path) -> None:
    """The run whose timeline is written has the fingerprint of the run alone."""
    world = make(*[gossip] * 4, edges=ring(4), rounds=5, network={"latency": Uniform(0.1, 0.3), "loss": Loss(0.2)})
    _, exported = drawn(tmp_path, world)
    assert exported.outcome.fingerprint == simulate(world).fingerprint


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """A timeline depends on nothing but its run."""
    world = make(*[wanderer] * 4, network={"latency": Exponential(0.3)}, failures=(Crash((1,), 9.0, 4.0),))
    for name in ("a.json", "b.json"):
        export(world, tmp_path / name, "a run")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_message_that_is_sent_again_has_an_arrow_for_each_copy(tmp_path: Path) -> None:
    """Lost while its receiver is down, it is repeated every second and then comes."""

    def sender(agent):
        yield agent.send(1, "x", x=1.0)

    def receiver(agent):
        yield agent.receive("x")

    network = {"latency": Constant(0.25), "rto": 1.0}
    drawing, _ = drawn(tmp_path, make(sender, receiver, network=network, failures=(Crash((1,), 0.1, 2.0),)))
    assert drawing.marks("agent 0") == [("send", 0.0), ("send again", 1.0), ("send again", 2.0)]
    down = "lost: receiver down"
    assert drawing.marks("agent 1") == [(down, 0.25), (down, 1.25), ("receive", 2.25)]
    assert [(start["ts"], end and end["ts"]) for start, end in drawing.flows] == [
        (0, 250_000_000), (1_000_000_000, 1_250_000_000), (2_000_000_000, 2_250_000_000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "reasons"),
    [
        ({"network": {"transport": "datagram", "loss": Loss(0.4)}}, {"loss"}),
        ({"network": {"transport": "symmetric", "loss": Loss(0.4)}}, {"dropped"}),
        ({"network": {"transport": "retransmit", "loss": Loss(0.4)}}, {"loss"}),
        ({"failures": (LinkDown(((0, 1),), 3.0, 4.0),)}, {"link down"}),
        ({"failures": (Crash((0,), 3.0, 4.0),)}, {"receiver down"}),
    ],
)
def test_a_lost_message_ends_in_a_mark_that_says_why(tmp_path: Path, parts: dict, reasons: set[str]) -> None:
    """At its receiver, when it was due."""
    policy = Wait("deadline", seconds=2.0)
    drawing, _ = drawn(tmp_path, make(*[gossip] * 4, edges=ring(4), wait=policy, seconds=12.0, **parts))
    ends = [end["name"] for _, end in drawing.flows if end is not None]
    assert {name.removeprefix("lost: ") for name in ends if name != "receive"} == reasons


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_a_crash_cuts_the_step_short(tmp_path: Path, memory: str) -> None:
    """Two of five seconds are computed, three are spent down, then the step begins anew."""

    def program(agent):
        yield agent.compute(agent.problem, 5.0)

    drawing, _ = drawn(tmp_path, make(program, failures=(Crash((0,), 2.0, 3.0, memory),)))
    assert drawing.slices("agent 0") == [(COMPUTING, 0.0, 2.0), (DOWN, 2.0, 5.0), (COMPUTING, 5.0, 10.0)]
    first, _, second = drawing.of("agent 0")
    assert first["args"]["cut short"] == "by a crash"
    assert "cut short" not in second["args"]
    told = [(event["name"], event["ts"] / 1e9) for event in drawing.of("failures", "i")]
    assert told == [("agent 0 breaks down", 2.0), ("agent 0 is back", 5.0)]


def test_a_crash_divides_a_wait(tmp_path: Path) -> None:
    """Who waits, dies and comes back waits twice; who stays dead is down to the end."""

    def waits(agent):
        yield agent.receive("x")

    def sends(agent):
        yield agent.sleep(6.0)
        yield agent.send(0, "x")
        yield agent.sleep(4.0)

    failures = (Crash((0,), 1.0, 2.0), Crash((2,), 4.0))
    drawing, _ = drawn(tmp_path, make(waits, sends, waits, failures=failures))
    assert drawing.slices("agent 0") == [(WAITING, 0.0, 1.0), (DOWN, 1.0, 3.0), (WAITING, 3.0, 6.0)]
    assert drawing.slices("agent 1") == []
    assert drawing.slices("agent 2") == [(WAITING, 0.0, 4.0), (DOWN, 4.0, 10.0)]


def test_steps_and_waits_that_the_end_breaks_off_are_drawn_to_the_end(tmp_path: Path) -> None:
    """With what they are; a message under way is an arrow without an end."""

    def works(agent):
        yield agent.send(1, "x")
        yield agent.compute(agent.problem, 9.0)

    def waits(agent):
        yield agent.gather("never")

    world = make(works, waits, seconds=4.0, network={"latency": Constant(5.0)}, failures=(Crash((0,), 1.0, 1.0),))
    drawing, _ = drawn(tmp_path, world)
    assert drawing.slices("agent 0") == [(COMPUTING, 0.0, 1.0), (DOWN, 1.0, 2.0), (COMPUTING, 2.0, 4.0)]
    assert drawing.of("agent 0")[-1]["args"] == {
        "oracles": {"work": 1}, "operations": 9, "round": 1, "cut short": "by the end of the run",
    }  # fmt: skip
    (wait,) = drawing.of("agent 1")
    assert wait["args"] == {"message": "never", "from": "agent 0", "cut short": "by the end of the run"}
    assert [end for _, end in drawing.flows] == [None]


def test_a_wait_for_ever_is_seen(tmp_path: Path) -> None:
    """A stalled run goes on a little in the drawing, also one that stalls at once."""

    def waits(agent):
        yield agent.sleep(agent.id * 10.0)
        yield agent.receive("never")

    drawing, _ = drawn(tmp_path, make(waits, waits))
    assert drawing.slices("agent 1") == [(WAITING, 10.0, exact(10.2))]
    assert drawing.slices("agent 0") == [(WAITING, 0.0, exact(10.2))]
    ends = [(event["name"], event["ts"] / 1e9, event["args"]["reason"]) for event in drawing.of("end of the run", "i")]
    reason = "agent 0 waits for agent 1 since 0 s; agent 1 waits for agent 0 since 10 s"
    assert ends == [("stalled", 10.0, reason)]
    assert drawn(tmp_path, make(waits))[0].slices("agent 0") == [(WAITING, 0.0, exact(0.02))]


def test_outages_of_links_are_spans(tmp_path: Path) -> None:
    """One for both directions; one that does not end lasts to the end; they may overlap."""

    def sleeps(agent):
        yield agent.sleep(10.0)

    failures = (Partition(((0, 1), (2,)), 2.0, 3.0), LinkDown(((0, 1),), 4.0))
    drawing, _ = drawn(tmp_path, make(sleeps, sleeps, sleeps, failures=failures))
    spans = [(event["ph"], event["name"], event["ts"] / 1e9) for event in drawing.of("failures", "be")]
    cut = ("agent 0 - agent 2 down", "agent 1 - agent 2 down")
    both = "agent 0 - agent 1 down"
    assert sorted(spans) == sorted(
        [("b", name, 2.0) for name in cut] + [("e", name, 5.0) for name in cut] + [("b", both, 4.0), ("e", both, 10.0)]
    )


def test_slow_periods_stand_below_their_agent(tmp_path: Path) -> None:
    """What is a function of time alone; random draws of single steps are none, nor is somebody else's."""

    def sleeps(agent):
        yield agent.sleep(10.0)

    stragglers = (
        SlowPeriods((0,), Constant(3.0), Constant(2.0), 4.0),
        SlowdownTrace(1, (1.0, 2.5), (2.0, 6.0)),
        RandomSlowdown(None, Exponential(1.0)),
    )
    drawing, _ = drawn(tmp_path, make(sleeps, sleeps, sleeps, stragglers=stragglers))
    assert drawing.slices("agent 0: slow") == [("4 times slower", 3.0, 5.0), ("4 times slower", 8.0, 10.0)]
    assert drawing.slices("agent 1: slow") == [("2 times slower", 1.0, 2.5), ("6 times slower", 2.5, 10.0)]
    order = [name for (process, _), name in sorted(drawing.names.items()) if process == perfetto.AGENTS]
    assert order == ["agent 0", "agent 0: slow", "agent 1", "agent 1: slow", "agent 2"]


def test_recorded_points_are_counters(tmp_path: Path) -> None:
    """Each metric at the instants at which it was recorded; one that is not finite is left out."""

    def program(agent):
        for k in agent.rounds():
            yield agent.sleep(1.0)
            agent.report(k, x=np.array([float(k)]))

    def measure(iterate):
        return {"gap": 10.0 - iterate["x"][0], "odd": math.nan}

    world = make(program, rounds=3, record=Record(measure=measure))
    drawing, _ = drawn(tmp_path, world)
    points = [(event["name"], event["ts"] / 1e9, event["args"]["value"]) for event in drawing.of("end of the run", "C")]
    assert [point[1:] for point in points if point[0] == "gap"] == [(1.0, 9), (2.0, 8), (3.0, 7)]
    assert [point[1:] for point in points if point[0] == "round"] == [(1.0, 1), (2.0, 2), (3.0, 3)]
    assert "odd" not in {point[0] for point in points}


def test_messages_of_one_instant_share_a_mark(tmp_path: Path) -> None:
    """A hundred answers that come at once are one mark with a hundred arrows; other kinds and instants have others."""
    world = make(*[spoke] * 100, hub, edges=star(100), rounds=2, network={"latency": Constant(0.5)})
    drawing, _ = drawn(tmp_path, world)
    assert drawing.marks("the server") == [("send", 0.0), ("receive", 2.0), ("send", 2.0), ("receive", 4.0)]
    assert Counter(end["ts"] for _, end in drawing.flows if end["name"] == "receive")[2_000_000_000] == 100


def test_a_timeline_can_stop_early(tmp_path: Path) -> None:
    """The first seconds of a run are those of the whole run; a limit behind its end changes nothing."""
    world = make(*[gossip] * 3, edges=ring(3), network={"latency": Uniform(0.1, 0.3), "loss": Loss(0.1)}, seconds=20.0)
    whole, _ = drawn(tmp_path, world)
    early, exported = drawn(tmp_path, world, until=7.0)
    assert (exported.outcome.simulated_s, exported.complete) == (7.0, False)
    assert early.about == {
        "run": "a run", "status": "cut", "reason": "the timeline ends here, the run goes on", "simulated_s": 7,
    }  # fmt: skip
    for track in ("agent 0", "agent 1", "agent 2"):
        assert early.marks(track) == [mark for mark in whole.marks(track) if mark[1] <= 7.0]
        cut = [(name, start, min(end, 7.0)) for name, start, end in whole.slices(track) if start < 7.0]
        assert early.slices(track) == cut
    behind, exported = drawn(tmp_path, world, until=99.0)
    assert (behind.events, exported.complete) == (whole.events, True)


def test_a_run_that_ends_before_the_timeline_must_is_complete(tmp_path: Path) -> None:
    """Whatever ends it; its fingerprint is in the file."""
    drawing, exported = drawn(tmp_path, make(spoke, hub, rounds=2), until=9.0)
    assert (exported.outcome.simulated_s, exported.complete) == (2.0, True)
    assert drawing.about["fingerprint"] == exported.outcome.fingerprint
    drawing, exported = drawn(tmp_path, make(spoke), until=9.0)
    assert (drawing.about["status"], exported.complete) == ("stalled", True)


def test_a_program_that_fails_leaves_no_file(tmp_path: Path) -> None:
    """Its error is the caller's."""

    def program(agent):
        yield agent.compute(agent.problem)
        raise ValueError("a defect")

    with pytest.raises(ProgramError, match="a defect"):
        export(make(program), tmp_path / "t.json", "a run")
    assert list(tmp_path.iterdir()) == []


# ---- all kinds of worlds


@pytest.mark.parametrize(
    "wait",
    [Wait(), Wait("first", k=1, staleness=3), Wait("latest", staleness=4), Wait("deadline", seconds=0.8)],
    ids=lambda wait: wait.policy,
)
@pytest.mark.parametrize("transport", ["retransmit", "datagram", "symmetric"])
def test_every_policy_and_transport_passes_the_judge(tmp_path: Path, wait: Wait, transport: str) -> None:
    """With losses on a ring, where a lost datagram may stall who waits for all."""
    network = {"latency": TwoPoint(0.1, 0.9, 0.3), "loss": Loss(0.1), "transport": transport, "rto": 0.3}
    drawing, exported = drawn(tmp_path, make(*[gossip] * 5, edges=ring(5), wait=wait, network=network, seconds=15.0))
    assert exported.outcome.status == ("stalled" if (wait.policy, transport) == ("all", "datagram") else "finished")
    assert {COMPUTING, "send", "receive"} <= {event["name"] for event in drawing.events}


LABELS = ["soba", "dsoba"]


@pytest.mark.parametrize("place", [0, 1], ids=LABELS)
def test_algorithms_on_a_star_and_on_a_ring_pass_the_judge(
    tmp_path: Path, written: Callable[..., Path], place: int
) -> None:
    """A server method, with the server named, and a gossip method; one agent is slow."""
    scenario = loader.load(written())
    entry = scenario.entries[place]
    drawing, exported = drawn(tmp_path, build(scenario, entry, 0))
    agents = [name for (process, _), name in sorted(drawing.names.items()) if process == perfetto.AGENTS]
    workers = [f"{'worker' if place == 0 else 'agent'} {i}" for i in range(4)]
    assert agents == [*workers, f"{workers[3]}: slow", *(["the server"] if place == 0 else [])]
    assert exported.outcome.rounds == 6
    rounds = [event["name"] for event in drawing.of("the server" if place == 0 else "agent 2", "i")]
    assert rounds == [f"round {k}" for k in range(7)]
    steps = {name for event in drawing.events if event["name"] == COMPUTING for name in event["args"]["oracles"]}
    assert "lower_hvp" in steps


FAILURES = st.one_of(
    st.just(()),
    st.builds(
        lambda at, after, memory: (Crash((0, 1), at, after, memory),),
        st.floats(0.0, 20.0), st.one_of(st.none(), st.floats(0.5, 9.0)), st.sampled_from(["kept", "lost"]),
    ),
    st.builds(
        lambda memory: (RandomCrash((0, 2), Exponential(6.0), Exponential(2.0), memory),),
        st.sampled_from(["kept", "lost"]),
    ),
    st.just((RandomLinkDown(((0, 1), (1, 2)), Exponential(4.0), Exponential(2.0)), LinkDown(((0, 1),), 3.0, 9.0))),
    st.builds(lambda at, long: (Partition(((0,),), at, long),), st.floats(0.0, 20.0), st.floats(1.0, 20.0)),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_world_passes_the_judge(tmp_path: Path, data: st.DataObject) -> None:
    """Random programs, networks, losses, failures and stragglers; ties abound where latencies are whole seconds."""
    network = {
        "sharing": data.draw(st.sampled_from(["none", "fifo", "fair"])),
        "transport": data.draw(st.sampled_from(["retransmit", "datagram", "symmetric"])),
        "loss": data.draw(st.sampled_from([Loss(), Loss(0.3), Loss(0.05, 0.9, 0.2, 0.5)])),
        "latency": data.draw(st.sampled_from([Constant(0.0), Constant(1.0), Uniform(0.1, 1.0)])),
        "jitter": data.draw(st.sampled_from([Constant(0.0), Exponential(0.5)])),
        "uplink": data.draw(st.sampled_from([20.0, math.inf])),
        "rto": data.draw(st.sampled_from([0.3, 3.0])),
        "tries": data.draw(st.sampled_from([1, 3, 50])),
    }
    stragglers = data.draw(st.sampled_from([(), (SlowPeriods(None, Exponential(3.0), Exponential(1.0), 5.0),)]))
    world = make(
        *[data.draw(st.sampled_from([wanderer, gossip])) for _ in range(data.draw(st.integers(3, 5)))],
        network=network,
        failures=data.draw(FAILURES),
        stragglers=stragglers,
        wait=data.draw(st.sampled_from([Wait(), Wait("first", k=1), Wait("latest"), Wait("deadline", seconds=1.0)])),
        seconds=data.draw(st.sampled_from([25.0, 1e-3 * 2**14])),
        seed=data.draw(st.integers(0, 1000)),
    )
    drawing, _ = drawn(tmp_path, world)
    assert drawing.flows


# ---- the judge itself


def broken(events: list[str]) -> str:
    """A file with one named track and these events."""
    head = ['{"ph":"M","name":"process_name","pid":1,"tid":1,"args":{"name":"p"}}']
    head += ['{"ph":"M","name":"process_sort_index","pid":1,"tid":1,"args":{"sort_index":1}}']
    head += ['{"ph":"M","name":"thread_name","pid":1,"tid":2,"args":{"name":"t"}}']
    head += ['{"ph":"M","name":"thread_sort_index","pid":1,"tid":2,"args":{"sort_index":1}}']
    return '{"displayTimeUnit":"ms","traceEvents":[' + ",".join(head + events) + '],"otherData":{}}'


def slice_(ts: str, dur: str, name: str = "s", tid: int = 2) -> str:
    """The text of a slice."""
    return f'{{"ph":"X","name":"{name}","pid":1,"tid":{tid},"ts":{ts},"dur":{dur}}}'


def arrow(phase: str, ts: str, number: int = 1) -> str:
    """The text of one end of an arrow."""
    return f'{{"ph":"{phase}","name":"m","cat":"m","id":{number},"pid":1,"tid":2,"ts":{ts},"bp":"e"}}'


@pytest.mark.parametrize(
    "events",
    [
        [slice_("1.000", "2.000"), slice_("2.000", "2.000")],
        [slice_("1.000", "-1.000")],
        [slice_("1.0005", "1.000")],
        [slice_("NaN", "1.000")],
        [slice_("1.000", "1.000", tid=3)],
        [slice_("1.000", "1.000", name="")],
        [slice_("1.000", "0"), arrow("f", "1.000")],
        [slice_("1.000", "0"), arrow("s", "1.000"), arrow("s", "1.000")],
        [slice_("1.000", "1.000"), arrow("s", "1.000")],
        [arrow("s", "1.000"), slice_("1.000", "0")],
        [slice_("2.000", "0"), arrow("s", "2.000"), slice_("1.000", "0"), arrow("f", "1.000")],
        [slice_("1.000", "0"), slice_("1.000", "0"), '{"ph":"M","name":"thread_name","pid":1,"tid":2}'],
        ['{"ph":"b","name":"l","cat":"l","id2":{"local":"1"},"pid":1,"tid":2,"ts":1.000}'],
        ['{"ph":"Z","name":"l","pid":1,"tid":2,"ts":1.000}'],
    ],
    ids=lambda events: " ".join(event[7] for event in events),
)
def test_the_judge_can_fail(tmp_path: Path, events: list[str]) -> None:
    """Each breach of a rule is found; the same file without it passes."""
    path = tmp_path / "t.json"
    path.write_text(broken([slice_("1.000", "2.000"), slice_("3.000", "0"), arrow("s", "3.000"), arrow("f", "3.000")]))
    judge(path)
    path.write_text(broken(events))
    with pytest.raises((AssertionError, KeyError, pytest.fail.Exception)):
        judge(path)
