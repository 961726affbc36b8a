"""The timeline of a run, for ui.perfetto.dev: who computed, waited and was down when, and which message went where.

Agents are tracks. Slices are steps, waits and downtime; below them stand marks without duration: what was sent, what
came and what was lost, joined by arrows, one for each copy of a message. A mark is what happened at one agent at one
instant, so a broadcast is one mark with many arrows. An arrow without an end was under way when the run ended.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.trace_events import Args, Events, written
from simulator.hooks import Observer
from simulator.message import Message
from simulator.run import Outcome, simulate
from simulator.stragglers import Pace, RandomSlowdown
from simulator.streams import stream
from simulator.world import World

AGENTS, FAILURES, RUN = 1, 2, 3
"""Processes of the file."""
FIRST = 1001
"""Thread of the first agent. Perfetto shows it behind the name, where a small number would look like the agent's."""
COMPUTING, WAITING, DOWN = "computing", "waiting", "broken down"
"""Perfetto colours slices by their names: these come out teal, olive and red."""
SEND, AGAIN, RECEIVE, LOST = "send", "send again", "receive", "lost"
FOR_EVER = 0.02
"""A stalled run goes on by this share of its length, so that who waits for ever is seen to wait."""


@dataclass(frozen=True)
class Export:
    """What came of an export."""

    outcome: Outcome
    """Of what was run: of the whole run only if it is complete."""
    events: int
    """How many stand in the file."""
    complete: bool
    """Whether the timeline goes to the end of the run."""


def export(world: World, path: Path, title: str, until: float | None = None) -> Export:
    """Run a world and write its timeline, or its beginning up to an instant (simulated seconds).

    The path's name ends with one of `trace_events.ENDINGS`. The file is written whole or not at all.
    Raises what `simulate` raises.
    """
    limit = math.inf if until is None else until
    early = limit < world.stop.simulated_seconds
    if early:
        world = replace(world, stop=replace(world.stop, simulated_seconds=limit))
    with written(path) as events:
        timeline = Timeline(world, title, events)
        outcome = simulate(world, [timeline])
        complete = not early or (outcome.status, outcome.simulated_s) != ("finished", limit)
        timeline.close(outcome, complete)
    return Export(outcome, events.count, complete)


@dataclass(slots=True)
class _Mark:
    """What happens at one agent at one instant, of one kind: grows until something else happens there."""

    kind: str
    at: float
    arrows: list[int]
    others: list[str]
    """Names of those it goes to or comes from."""
    messages: list[str]
    """What they are about, each text once."""
    size: int = 0


class Timeline(Observer):
    """Writes what it hears of one run; `close` writes what is left when the run is over.

    It keeps one mark an agent and a number for each message under way, nothing that grows with the run.
    """

    def __init__(self, world: World, title: str, events: Events) -> None:
        self._world, self._events = world, events
        everybody = range(len(world.agents))
        self._names = [spec.name or f"agent {agent}" for agent, spec in enumerate(world.agents)]
        events.about["run"] = title
        events.process(AGENTS, title)
        self._tracks = [events.track(AGENTS, FIRST + 2 * agent, self._names[agent]) for agent in everybody]
        self._slow = {
            agent: events.track(AGENTS, FIRST + 2 * agent + 1, f"{self._names[agent]}: slow")
            for agent in everybody
            if _has_slow_intervals(world, agent)
        }
        events.process(FAILURES, "failures")
        self._failures = events.track(FAILURES, 201, "failures")
        events.process(RUN, "recorded points")
        self._run = events.track(RUN, 301, "end of the run")
        self._marks: list[_Mark | None] = [None] * len(world.agents)
        self._charges: list[tuple[tuple[str, float], ...]] = [()] * len(world.agents)
        """Of the running step, or the last one."""
        self._rounds = [0] * len(world.agents)
        """The last round that each has reported."""
        self._arrows: dict[Message, int] = {}
        """Number of the arrow of each copy under way."""
        self._drawn = 0
        """Arrows so far."""
        self._down: dict[int, float] = {}
        self._cut: dict[tuple[int, int], float] = {}
        self._latest = 0.0
        """The latest instant heard of."""

    # ---- messages

    def sent(self, now: float, message: Message) -> None:
        self._drawn = arrow = self._drawn + 1
        self._arrows[message] = arrow
        again = getattr(message, "attempts", 1) > 1  # set only where messages can be lost, and after the first copy
        self._note(message.sender, AGAIN if again else SEND, now, message, arrow, message.link.to)

    def delivered(self, now: float, message: Message) -> None:
        self._arrive(RECEIVE, now, message)

    def lost(self, now: float, message: Message, why: str) -> None:
        self._arrive(f"{LOST}: {why}", now, message)

    def _arrive(self, kind: str, now: float, message: Message) -> None:
        sender = message.sender
        mark = self._marks[sender]
        if mark is not None and mark.at == message.sent_at:  # an arrow starts in the file before it ends
            self._draw(sender, mark)
            self._marks[sender] = None
        self._note(message.link.to, kind, now, message, self._arrows.pop(message), sender)

    def _note(self, agent: int, kind: str, now: float, message: Message, arrow: int, other: int) -> None:
        """Add a message to the agent's mark, or begin another one."""
        mark = self._marks[agent]
        if mark is None or mark.at != now or mark.kind != kind:
            if mark is not None:
                self._draw(agent, mark)
            mark = self._marks[agent] = _Mark(kind, now, [], [], [])
            self._latest = now
        mark.arrows.append(arrow)
        mark.others.append(self._names[other])
        mark.size += message.size
        text = _text(message.tag)
        if text not in mark.messages:
            mark.messages.append(text)

    def _draw(self, agent: int, mark: _Mark) -> None:
        leaves = mark.kind in (SEND, AGAIN)
        args = {
            "message": "; ".join(mark.messages),
            "to" if leaves else "from": ", ".join(mark.others),
            "bytes": mark.size,
        }
        starts, ends = (mark.arrows, ()) if leaves else ((), mark.arrows)
        self._events.mark(self._tracks[agent], mark.kind, mark.at, args, starts, ends)

    # ---- what agents do

    def charged(self, agent: int, charges: Sequence[tuple[str, float]]) -> None:
        self._charges[agent] = tuple(charges)

    def computed(self, agent: int, start: float, end: float) -> None:
        cut_short = {"cut short": "by a crash"} if agent in self._down else {}
        self._slice(agent, COMPUTING, start, end, self._step(agent) | cut_short)

    def waited(self, agent: int, start: float, end: float) -> None:
        self._slice(agent, WAITING, start, end)

    def reported(self, now: float, agent: int, round_: int, arrays: Mapping[str, np.ndarray]) -> None:
        self._rounds[agent] = round_
        self._events.instant(self._tracks[agent], f"round {round_}", now)
        self._latest = now

    def _step(self, agent: int) -> dict[str, Any]:
        """What the running step evaluates, or the last one did, and in which round."""
        args: dict[str, Any] = dict(_oracles(self._charges[agent]))
        if self._rounds[agent] or self._world.agents[agent].reports:
            args["round"] = self._rounds[agent] + 1
        return args

    def _slice(self, agent: int, name: str, start: float, end: float, args: Args | None = None) -> None:
        """What took no time is not drawn: it would hide a mark of the same instant."""
        self._latest = max(self._latest, end)
        if end > start:
            self._events.slice(self._tracks[agent], name, start, end, args or {})

    # ---- failures

    def failed(self, now: float, agent: int) -> None:
        self._down[agent] = now
        self._events.instant(self._failures, f"{self._names[agent]} breaks down", now)

    def recovered(self, now: float, agent: int) -> None:
        self._slice(agent, DOWN, self._down.pop(agent), now)
        self._events.instant(self._failures, f"{self._names[agent]} is back", now)

    def link_failed(self, now: float, sender: int, receiver: int) -> None:
        self._cut[sender, receiver] = now
        self._latest = now

    def link_mended(self, now: float, sender: int, receiver: int) -> None:
        self._link_down(sender, receiver, self._cut.pop((sender, receiver)), now)

    def _link_down(self, sender: int, receiver: int, start: float, end: float) -> None:
        """Outages touch both directions of a link; one is drawn."""
        self._latest = max(self._latest, end)
        if sender < receiver and end > start:
            name = f"{self._names[sender]} - {self._names[receiver]} down"
            self._events.span(self._failures, name, f"{sender}-{receiver}", start, end)

    # ---- the end

    def close(self, outcome: Outcome, complete: bool = True) -> None:
        """Write what goes on when the run ends, what is a function of time alone, and how the run ended."""
        for agent, mark in enumerate(self._marks):
            if mark is not None:
                self._draw(agent, mark)
        end = max(self._latest, outcome.simulated_s)
        if outcome.status == "stalled":
            end += FOR_EVER * (end or 1.0)
        self._go_on(outcome, end)
        for agent, track in self._slow.items():
            for start, stop, slowdown in _pace(self._world, agent).slow_intervals(end):
                self._events.slice(track, f"{slowdown:g} times slower", start, stop)
        for point in outcome.points:
            for name, value in point.items():
                if name not in ("axis", "simulated_s") and math.isfinite(value):
                    self._events.counter(self._run, name, point["simulated_s"], value)
        told = {"status": outcome.status, "reason": outcome.reason, "fingerprint": outcome.fingerprint}
        if not complete:
            told = {"status": "cut", "reason": "the timeline ends here, the run goes on"}
        self._events.instant(self._run, told["status"], outcome.simulated_s, told)
        self._events.about |= {**told, "simulated_s": outcome.simulated_s}

    def _go_on(self, outcome: Outcome, end: float) -> None:
        """What the end of the run breaks off, or what lasts for ever."""
        for agent, start in outcome.computing:
            self._slice(agent, COMPUTING, start, end, self._step(agent) | {"cut short": "by the end of the run"})
        for waiting in outcome.waiting:
            missing = ", ".join(self._names[other] for other in waiting.missing)
            args = {"message": _text(waiting.tag), "from": missing, "cut short": "by the end of the run"}
            self._slice(waiting.agent, WAITING, waiting.since, end, args)
        for agent, start in self._down.items():
            self._slice(agent, DOWN, start, end)
        for (sender, receiver), start in self._cut.items():
            self._link_down(sender, receiver, start, end)


@lru_cache(1024)
def _oracles(charges: tuple[tuple[str, float], ...]) -> Mapping[str, Any]:
    """How often a step evaluates each oracle, and the operations of all."""
    calls: dict[str, int] = {}
    for name, _ in charges:
        calls[name] = calls.get(name, 0) + 1
    return {"oracles": calls, "operations": sum(operations for _, operations in charges)}


@lru_cache(1024)
def _text(tag: Any) -> str:
    """What a message is about, for people.

    >>> _text(("mix", 3, ""))
    'mix 3'
    """
    if tag is None:
        return "anything"
    return " ".join(str(part) for part in tag if part != "") if isinstance(tag, tuple) else str(tag)


def _has_slow_intervals(world: World, agent: int) -> bool:
    """Whether an agent can be slow for a time; random draws of single steps are no intervals."""
    return any(
        not isinstance(straggler, RandomSlowdown) and (straggler.agents is None or agent in straggler.agents)
        for straggler in world.stragglers
    )


def _pace(world: World, agent: int) -> Pace:
    """The agent's speed, as the run had it."""
    return Pace(agent, world.stragglers, lambda purpose: stream(world.seed, purpose, agent))
