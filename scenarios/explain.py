"""Why a run took as long as it did: its critical path in the words of its scenario.

The run is simulated again with an observer that keeps why each agent acted when it did (``simulator.causes``); nothing
about the run changes by that. From the end, from a round or from the target a walk then leads from cause to cause back
to 0, and every second on the way belongs to one agent or link and to one key of the scenario.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from scenarios import blame
from scenarios.build import Reached, build
from scenarios.errors import MISSING, Mistake, ScenarioError
from scenarios.execution import alone
from scenarios.scenario import Entry, Scenario
from simulator.causes import Causes, Piece, critical_path
from simulator.run import Outcome, simulate
from simulator.world import World

UNSEEN = "until it was looked at"
"""From the last report to the point at which it was recorded."""
UNFINISHED = "after the last report"
"""What ran on to the end and completed no further round."""


@dataclass(frozen=True)
class Part:
    """A piece of the critical path, in the scenario's words."""

    piece: Piece
    who: str
    """An agent, or a link."""
    because: str
    """Keys of the scenario; see ``blame``."""

    @property
    def seconds(self) -> float:
        """Its length, simulated seconds."""
        return self.piece.end - self.piece.start


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the time of a run went."""

    label: str
    """Of the algorithm."""
    seed: int
    until: str
    """What the time is counted to, such as ``round 40``."""
    makespan: float
    """When that was, simulated seconds."""
    parts: tuple[Part, ...]
    """In order of time. The first begins at 0, each ends where the next one begins, the last ends at the makespan."""
    names: tuple[str, ...]
    """Of all agents."""
    causes: Causes
    """What each agent did when, for figures."""
    fingerprint: str
    """Of the run."""

    @property
    def table(self) -> pd.DataFrame:
        """One row for each ``what``, ``who`` and ``because``: ``seconds``, their ``share`` of the makespan, and in how
        many pieces (``times``), the largest share first.
        """
        return self._summed(["what", "who", "because"])

    @property
    def kinds(self) -> pd.DataFrame:
        """The same for each ``what`` alone."""
        return self._summed(["what"])

    def _summed(self, by: list[str]) -> pd.DataFrame:
        rows = [(part.piece.what, part.who, part.because, part.piece.start, part.piece.end) for part in self.parts]
        frame = pd.DataFrame(rows, columns=["what", "who", "because", "start", "end"])
        summed = [
            (*key, math.fsum([*group["end"], *-group["start"]]), len(group))
            for key, group in frame.groupby(by, sort=False)
        ]
        table = pd.DataFrame(summed, columns=[*by, "seconds", "times"])
        table.insert(len(by) + 1, "share", table["seconds"] / self.makespan)
        return table.sort_values("seconds", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Goal:
    """What the time is counted to: a report, and what there is between it and the instant that counts."""

    words: str
    instant: float
    agent: int
    position: int
    rest: str = UNSEEN
    because: str = ""


def explain(
    scenario: Scenario, entry: Entry, seed: int, round_: int | None = None, fingerprint: str | None = None
) -> Explanation:
    """Simulate a run and explain the time to a round or, without one, to the target, or else to the end of the run.

    Raises ``ScenarioError`` where the algorithm cannot be run, the run completed no such round, or the run's
    ``fingerprint``, if one is given, is another one.
    """
    if entry.refused is not None:
        raise ScenarioError([Mistake(scenario.file, "", MISSING, entry.refused)])
    world = build(scenario, entry, seed)
    causes = Causes(world)
    with alone():
        outcome = simulate(world, [causes])
    if fingerprint is not None and outcome.fingerprint != fingerprint:
        rule = f"the run of {entry.label} with seed {seed} does not come out again: code or libraries have changed"
        raise ScenarioError([Mistake(scenario.file, "", MISSING, rule)])
    goal = _goal(scenario, world, outcome, causes, round_)
    names = tuple(spec.name for spec in world.agents)
    pieces = critical_path(causes, goal.agent, goal.position)
    parts = [Part(piece, _who(names, piece), blame.because(scenario, entry, piece)) for piece in pieces]
    reported = causes.tracks[goal.agent].times[goal.position]
    if reported < goal.instant:
        rest = Piece(goal.rest, reported, goal.instant, goal.agent)
        parts.append(Part(rest, "everybody", goal.because))
    return Explanation(entry.label, seed, goal.words, goal.instant, tuple(parts), names, causes, outcome.fingerprint)


def _who(names: Sequence[str], piece: Piece) -> str:
    if piece.sender is None:
        return names[piece.agent]
    return f"link {names[piece.sender]} -> {names[piece.agent]}"


# --- what the time is counted to


def _goal(scenario: Scenario, world: World, outcome: Outcome, causes: Causes, round_: int | None) -> _Goal:
    reporters = [agent for agent, spec in enumerate(world.agents) if spec.reports]
    if round_ is not None:
        goal = _completed(scenario, causes, reporters, round_, f"round {round_}")
        if goal is None:
            rule = f"must be a round that the run completed; it completed {outcome.rounds}"
            raise ScenarioError([Mistake("--round", "K", round_, rule)])
        return goal
    return _target(scenario, outcome, causes, reporters) or _end(outcome, causes, reporters)


def _target(scenario: Scenario, outcome: Outcome, causes: Causes, reporters: Sequence[int]) -> _Goal | None:
    """The first recorded point that meets the target."""
    target = scenario.document.target
    if target is None:
        return None
    reached = Reached(target)
    point = next((p for p in outcome.points if p["simulated_s"] <= outcome.simulated_s and reached(p)), None)
    if point is None:
        return None
    if point["axis"] == "round":
        return _completed(scenario, causes, reporters, point["round"], "the target")
    instant = point["simulated_s"]
    live = [agent for agent in reporters if not causes.tracks[agent].is_down(instant)]
    last = _last_report(causes, live, instant) or _last_report(causes, reporters, instant)
    assert last is not None
    return _Goal("the target", instant, *last, because="record")


def _end(outcome: Outcome, causes: Causes, reporters: Sequence[int]) -> _Goal:
    """The end of the run, seen from the last report, or from whatever happened last where nothing was reported."""
    instant = outcome.simulated_s
    because = "the run stalled" if outcome.status == "stalled" else "stop"
    last = _last_report(causes, reporters, instant) or _last_resumption(causes, instant)
    return _Goal("the end of the run", instant, *last, UNFINISHED, because)


def _completed(scenario: Scenario, causes: Causes, reporters: Sequence[int], round_: int, words: str) -> _Goal | None:
    """The instant at which every reporter that was up had reported a round, by the last of these reports or because
    one that was missing went down; as in ``simulator.history``.
    """
    firsts = {agent: found[0] for agent in reporters if (found := _reports(causes, agent, math.inf, round_))}
    times = {agent: causes.tracks[agent].times[position] for agent, position in firsts.items()}
    deaths = {time for agent in reporters for time in causes.tracks[agent].failed}
    for instant in sorted({*times.values(), *deaths}):
        missing = [agent for agent in reporters if times.get(agent, math.inf) > instant]
        if len(missing) < len(reporters) and all(causes.tracks[agent].is_down(instant) for agent in missing):
            agent = max((agent for agent in reporters if agent not in missing), key=lambda one: (times[one], one))
            dead = {key for one in missing for key in blame.crashes(scenario, one, instant, instant)}
            return _Goal(words, instant, agent, firsts[agent], because=", ".join(sorted(dead)))
    return None


def _reports(causes: Causes, agent: int, until: float, round_: int | None = None) -> list[int]:
    """The positions of an agent's reports, of one round or of all, up to an instant."""
    track = causes.tracks[agent]
    return [
        position
        for position, number in zip(track.reports, track.rounds, strict=True)
        if round_ in (None, number) and track.times[position] <= until
    ]


def _last_report(causes: Causes, agents: Sequence[int], until: float) -> tuple[int, int] | None:
    """Agent and position of the last report up to an instant, if there is one."""
    lasts = [(agent, found[-1]) for agent in agents if (found := _reports(causes, agent, until))]
    return max(lasts, key=lambda last: (causes.tracks[last[0]].times[last[1]], last[0]), default=None)


def _last_resumption(causes: Causes, until: float) -> tuple[int, int]:
    """Agent and position of whatever any agent did last, up to an instant."""
    lasts = [(agent, bisect_right(track.times, until) - 1) for agent, track in enumerate(causes.tracks)]
    return max(lasts, key=lambda last: (causes.tracks[last[0]].times[last[1]], last[0]))
