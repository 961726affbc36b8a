"""Run a world to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np

from simulator.activity import Activity, Timesheet
from simulator.checks import check
from simulator.engine import STOP, Engine
from simulator.errors import SimulationError
from simulator.failures import Failures
from simulator.history import History, Point
from simulator.hooks import Observer
from simulator.journal import Journal
from simulator.links import Carrier, LinkTraffic
from simulator.meters import Meter, Meters
from simulator.price import Price
from simulator.runtime import RunningAgent, Waiting
from simulator.stragglers import Pace
from simulator.streams import stream
from simulator.world import World


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    status: str
    """`finished`, `reached` (the target), `stalled` (everybody waits for ever) or `diverged` (non-finite iterates)."""
    reason: str
    """One sentence."""
    simulated_s: float
    rounds: int
    """Completed by every live agent that reports."""
    points: tuple[Point, ...]
    """The history: see `simulator.history`."""
    meters: tuple[Meter, ...]
    """One per agent."""
    waiting: tuple[Waiting, ...]
    """Who waited for whom when the run ended."""
    in_flight: tuple[int, int]
    """Messages and bytes under way when the run ended."""
    events: int
    """Events the loop processed."""
    fingerprint: str
    """Hash of status, history and meters."""
    journal: Journal | None
    journal_fingerprint: str | None
    activity: Activity
    """When each agent computed and was down."""
    traffic: tuple[LinkTraffic, ...]
    """What was sent over each link that was used, sorted by sender and receiver."""
    computing: tuple[tuple[int, float], ...] = ()
    """Who computed when the run ended, and since when, seconds."""


def simulate(world: World, observers: Sequence[Observer] = ()) -> Outcome:
    """Run a world until its stopping rule, its target, a stall or a divergence.

    Raises:
        BadWorld: the world cannot be simulated.
        ProgramError: a program raised; its cause is chained.
    """
    check(world)
    run = _Run(world, observers)
    with np.errstate(all="ignore"):  # a diverging run overflows: that is a result, not a warning
        run.go()
    return run.outcome()


class _Run:
    """The parts of one run, wired together."""

    def __init__(self, world: World, observers: Sequence[Observer]):
        self.world = world
        self.engine = engine = Engine()
        engine.on_idle = self._idle
        self.meters = Meters(len(world.agents))
        reporters = [id_ for id_, spec in enumerate(world.agents) if spec.reports]
        self.history = History(world.record, world.stop, reporters, engine, self.meters)
        self.timesheet = Timesheet(len(world.agents))
        self.journal = Journal() if world.record.journal else None
        watching: list[Observer] = [self.meters, self.history, self.timesheet, *observers]
        if self.journal is not None:
            watching.insert(1, self.journal)
        self.agents = [self._agent(id_, watching) for id_ in range(len(world.agents))]
        failing = bool(world.failures)
        self.carrier = Carrier(engine, world.network, self.agents, world.seed, watching, failing)
        self.meters.watch(self.carrier.links)
        for agent in self.agents:
            agent.connect(self.carrier)
        self._last_end = 0.0
        """When a program last ended."""
        self._unfinished = {agent.id for agent in self.agents if not agent.spec.daemon}
        self.failures = Failures(world.failures, world.seed, engine, self.agents, self.carrier, watching, self._died)

    def go(self) -> None:
        limit = self.world.stop.simulated_seconds
        if np.isfinite(limit):
            self.engine.behind(limit, STOP, self._time_is_up)
        for agent in self.agents:
            agent.start()
        self.engine.run()

    def outcome(self) -> Outcome:
        status, reason = self.engine.ended or ("finished", "")
        now = self._stalled_at() if status == "stalled" else self.engine.now
        running = [(agent.id, agent.computing_since) for agent in self.agents if agent.computing_since is not None]
        activity = self.timesheet.close(now, running)
        self.meters.close(self.timesheet.computing_s.tolist(), self.timesheet.down_s.tolist())
        self.history.close(now)
        status, reason = self.history.verdict or (status, reason)  # the last look may have found a divergence
        in_flight = self.carrier.in_flight()
        self._check_conservation(len(in_flight), sum(message.size for message in in_flight))
        journal = self.journal
        return Outcome(
            status=status,
            reason=reason,
            simulated_s=now,
            rounds=self.history.rounds,
            points=tuple(self.history.points),
            meters=self.meters.agents,
            waiting=tuple(waiting for agent in self.agents if agent.alive and (waiting := agent.waiting()) is not None),
            in_flight=(len(in_flight), sum(message.size for message in in_flight)),
            events=self.engine.processed,
            fingerprint=_fingerprint(status, now, self.history.points, self.meters.agents),
            journal=journal,
            journal_fingerprint=None if journal is None else journal.fingerprint(),
            activity=activity,
            traffic=self.carrier.traffic(),
            computing=tuple(running),
        )

    def _agent(self, id_: int, observers: Sequence[Observer]) -> RunningAgent:
        world = self.world
        named = partial(_stream_of, world.seed, id_)
        pace = Pace(id_, world.stragglers, named)
        price = Price(world.compute, id_, named)
        return RunningAgent(id_, world.agents[id_], world, self.engine, pace, price, observers, self._ended)

    def _ended(self, agent: RunningAgent) -> None:
        self._last_end = self.engine.now
        self._unfinished.discard(agent.id)
        if not self._unfinished:
            self.engine.finish("finished", "every program has ended")

    def _died(self, agent: RunningAgent) -> None:
        """An agent that is down for ever is not waited for, as long as another one has ended or can still end."""
        others_end = len(self._unfinished) > 1 or any(other.ended for other in self.agents)
        if agent.id in self._unfinished and others_end:
            self._ended(agent)

    def _time_is_up(self) -> None:
        self.engine.finish("finished", f"the time limit of {self.world.stop.simulated_seconds:g} s was reached")

    def _idle(self) -> None:
        """Only background events are left: unless somebody may come back, nobody will ever go on."""
        if self.engine.ended is None and not self.failures.may_revive():
            self.engine.finish("stalled", self._stall())

    def _stalled_at(self) -> float:
        """When the last live agent began to wait, the last one died or came back, or the last program ended."""
        since = [agent.waiting_since for agent in self.agents if agent.waiting_since is not None and agent.alive]
        return float(max([*since, *self.failures.since.values(), self.failures.last_return, self._last_end]))

    def _stall(self) -> str:
        """Who waits for whom since when, first those whom a failure keeps waiting."""
        waits = [waiting for agent in self.agents if agent.alive and (waiting := agent.waiting()) is not None]
        if not waits:
            return "every agent that could go on is down"
        waits.sort(key=lambda waiting: not self._blamed(waiting))
        more = f" (and {len(waits) - 3} more)" if len(waits) > 3 else ""
        return "; ".join(self._sentence(waiting) for waiting in waits[:3]) + more

    def _sentence(self, waiting: Waiting) -> str:
        missing = self._blamed(waiting) or list(waiting.missing)
        names = ", ".join(self._describe(other, waiting) for other in missing) or "a message"
        return f"{self.agents[waiting.agent].name} waits for {names} since {waiting.since:g} s"

    def _blamed(self, waiting: Waiting) -> list[int]:
        """Those missing because of a failure, rather than because they wait themselves."""
        return [other for other in waiting.missing if self._excuse(other, waiting)]

    def _describe(self, other: int, waiting: Waiting) -> str:
        excuse = self._excuse(other, waiting)
        return f"{self.agents[other].name} ({excuse})" if excuse else self.agents[other].name

    def _excuse(self, other: int, waiting: Waiting) -> str:
        """The failure because of which another agent's message does not come; empty if there is none."""
        if other in self.failures.since:
            return f"down since {self.failures.since[other]:g} s"
        tag, at, why = self.carrier.gone.get((other, waiting.agent), (None, 0.0, ""))
        return f"its message was lost at {at:g} s: {why}" if why and waiting.tag in (None, tag) else ""

    def _check_conservation(self, messages: int, size: int) -> None:
        """sent = delivered + lost + in flight, after every run; in flight is counted afresh from the event queue."""
        for unit, under_way in (("messages", messages), ("bytes", size)):
            sent, delivered, lost = (self.meters.traffic(f"{unit}_{what}") for what in ("sent", "delivered", "lost"))
            if sent != delivered + lost + under_way:
                parts = f"{delivered} delivered + {lost} lost + {under_way} in flight"
                raise SimulationError(f"{unit}: {sent} sent, but {parts}")


def _stream_of(seed: int, agent: int, purpose: str) -> np.random.Generator:
    return stream(seed, purpose, agent)


def _fingerprint(status: str, now: float, points: Sequence[Point], meters: Sequence[Meter]) -> str:
    digest = sha256(f"{status} {now.hex()}".encode())
    for point in points:
        digest.update(repr([(name, _exact(point[name])) for name in sorted(point)]).encode())
    for meter in meters:
        counts = [_exact(getattr(meter, name)) for name in Meter.__slots__ if name != "oracle_calls"]
        digest.update(repr((counts, sorted(meter.oracle_calls.items()))).encode())
    return digest.hexdigest()


def _exact(value: object) -> object:
    return float(value).hex() if isinstance(value, float) else value
