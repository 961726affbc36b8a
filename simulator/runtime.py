"""One running agent: drives its program through the event loop and carries out what the program asks for.

What happens at a crash, in one place:

* a running step is lost; with memory kept it is begun anew at recovery, for its full duration;
* messages already handed to the network go on; messages due while the agent is down are lost (and repeated, if the
  transport retransmits);
* messages delivered before and not yet taken stay queued with memory kept, and are forgotten with memory lost;
* sleeps and timeouts run on; one that ends while the agent is down takes effect at recovery;
* with memory lost the program ends at the crash and starts anew at recovery, with `saved` as it last saved it. The
  streams shared with the other agents begin again (an equal start stays equal), its own stream goes on.
"""

import itertools
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.agent import Event, Program, Wait
from simulator.engine import COMPUTE, SENDER_SHIFT, TIMER, Alarm, Engine
from simulator.errors import BadYield, ProgramError, SimulationError
from simulator.hooks import Observer, listeners
from simulator.links import Carrier, Link
from simulator.mailbox import ANY, NOBODY, NOTHING, Mailbox
from simulator.message import Message, on_the_wire
from simulator.mixing import MIX, Arrays, Averager, Mixing, pack
from simulator.price import Price
from simulator.stragglers import Pace
from simulator.streams import stream
from simulator.world import AgentSpec, World


@dataclass(frozen=True)
class Waiting:
    """Who waits, for whom and what, since when."""

    agent: int
    missing: tuple[int, ...]
    tag: Any
    since: float


class RunningAgent:
    """The agent's interface (`simulator.agent.Agent`) on the event loop.

    What runs for every message is written flat, and the agent has slots: the calls and look-ups saved are a third of
    what a message costs.
    """

    __slots__ = (
        "_alarm", "_averager", "_began", "_carrier", "_charged", "_claimed", "_collect", "_computed", "_computing",
        "_degree", "_delivered", "_engine", "_env", "_event", "_header", "_heard", "_links", "_mixing", "_on_end",
        "_overdue", "_pace", "_post", "_price", "_program", "_ready", "_reported", "_resumed", "_rng", "_rounding",
        "_saved", "_send", "_shared", "_store", "_take", "_value", "_waited", "_world", "alive", "ended", "id",
        "lives", "mailbox", "name", "neighbors", "problem", "remembers", "saved", "sequence", "spec", "wait",
        "waiting_since", "weights",
    )  # fmt: skip

    def __init__(
        self,
        id_: int,
        spec: AgentSpec,
        world: World,
        engine: Engine,
        pace: Pace,
        price: Price,
        observers: Sequence[Observer],
        on_end: Callable[["RunningAgent"], None],
    ):
        self.id = id_
        self.spec = spec
        self.name = spec.name or f"agent {id_}"
        self.neighbors = tuple(sorted(spec.neighbors))
        self.weights = dict(spec.weights)
        self.wait: Wait = world.wait
        self.problem = spec.problem
        self.saved: Mapping[str, Any] | None = None
        self.sequence = id_ << SENDER_SHIFT
        """Key of its latest event on the heap."""
        self.mailbox = Mailbox(self.neighbors)
        self.alive = True
        self.ended = False
        self.remembers = True
        """Whether the program stands where it stood: false from a crash that loses memory to recovery, or for ever."""
        self.lives = 0
        """How often it has lost its memory."""
        self.waiting_since: float | None = None
        self._world, self._engine, self._pace, self._price, self._on_end = world, engine, pace, price, on_end
        self._env = engine.env
        self._rng: np.random.Generator | None = None
        self._shared: dict[str, np.random.Generator] = {}
        self._links: list[Link] = []
        self._carrier: Carrier | None = None
        self._program: Program | None = None
        self._send: Callable[[Any], Any]
        self._event = object()
        self._claimed = False
        self._ready = False
        self._value: Any = None
        self._store = self.mailbox.put if world.wait.policy == "all" else self._sort
        self._take = self.mailbox.take_wanted
        self._collect: Callable[[], Any] = self._take
        self._alarm: Alarm | None = None
        self._overdue: float | None = None
        """When a sleep or timeout ended while the agent was down."""
        self._computing: tuple[float, float] | None = None
        """(start, nominal seconds) of the running step."""
        self._mixing: Mixing | None = None
        self._averager: Averager | None = None
        self._heard: dict[str, dict[int, Message]] = {}
        """Slot -> neighbour -> latest message of a `mix`, where the policy is not `all`."""
        self._delivered, self._computed, self._waited, self._reported, self._charged = (
            listeners(observers, hook) for hook in ("delivered", "computed", "waited", "reported", "charged")
        )
        self._began, self._resumed, self._saved = (listeners(observers, hook) for hook in ("began", "resumed", "saved"))
        self._degree = len(self.neighbors)
        self._header = world.network.header
        self._rounding = np.dtype(world.network.wire) if world.network.wire else None

    # ---- the agent's interface

    @property
    def now(self) -> float:
        """Simulated time, seconds."""
        return self._engine.now

    @property
    def rng(self) -> np.random.Generator:
        """The agent's own stream."""
        if self._rng is None:
            self._rng = stream(self._world.seed, "agent", self.id)
        return self._rng

    @property
    def wire(self) -> np.dtype[Any] | None:
        """Precision to which the network rounds what is wider."""
        return self._rounding

    def shared_rng(self, purpose: str) -> np.random.Generator:
        """A stream with the same draws on every agent."""
        if purpose not in self._shared:
            self._shared[purpose] = stream(self._world.seed, f"shared {purpose}")
        return self._shared[purpose]

    def compute(self, work: Callable[..., Any], *args: Any, where: bool = True, otherwise: Any = None) -> Event:
        """Run `work` now, let its cost pass as time."""
        self._claim()
        if not where:
            return self._answer(otherwise)
        tally = self.spec.tally
        if tally is None:
            return self._answer(work(*args))
        tally.open = True
        try:
            result = work(*args)
        finally:
            tally.open = False
        charges, tally.charges = tally.charges, []
        nominal = self._price.seconds(charges)
        for hook in self._charged:
            hook(self.id, charges)
        if nominal == 0.0:
            return self._answer(result)
        self._value = result
        self._begin(nominal)
        return self._event

    def send(self, to: int, tag: Any, /, **values: Any) -> Event:
        """Hand one message to the network."""
        self._claim()
        if to not in self.neighbors:
            raise SimulationError(f"{self.name} cannot send to agent {to}: its neighbours are {self.neighbors}")
        payload, size = on_the_wire(values, self._rounding)
        self._post(self, (self._link_to(to),), tag, payload, size + self._header)
        return self._answer(None)

    def broadcast(self, tag: Any, /, **values: Any) -> Event:
        """Hand the same message to the network for every neighbour."""
        if self._claimed:
            self._claim()
        payload, size = on_the_wire(values, self._rounding)
        self._post(self, self._links or self._out(), tag, payload, size + self._header)
        self._claimed = self._ready = True
        self._value = None
        return self._event

    def receive(self, tag: Any = None, timeout: float | None = None) -> Event:
        """Wait for the next message."""
        self._claim()
        wanted = ANY if tag is None else tag
        message = self.mailbox.next_message(wanted)
        if message is not None:
            return self._answer(message)
        self.mailbox.want(wanted)
        return self._await(self.mailbox.next_wanted, timeout)

    def gather(self, tag: Any, k: int | None = None, forced: Sequence[int] = (), timeout: float | None = None) -> Event:
        """Wait for the messages of one tag from the first k and all forced senders."""
        if self._claimed:
            self._claim()
        need, must = self._degree, NOBODY
        if k is not None or forced:
            need, must = self._asked(k, forced)
        mailbox = self.mailbox
        if mailbox.ready(tag, need, must):
            self._value = mailbox.take(tag, need, must)
            self._claimed = self._ready = True
            return self._event
        self._claimed = True
        if timeout is not None:
            return self._await(self._take, timeout)
        self._collect = self._take
        self.waiting_since = self._env._now
        return self._event

    def mix(self, round_: int, *arrays: np.ndarray, slot: str = "") -> Event:
        """Exchange arrays with the neighbours and average them with the mixing weights."""
        self._claim()
        tag = (MIX, round_, slot)
        own = pack(arrays)
        mixing = self._mixing = Mixing(round_, slot, tag, arrays, own)
        payload, size = on_the_wire({"mixed": own}, self._rounding)
        self._post(self, self._links or self._out(), tag, payload, size + self._header, round_)
        if self.wait.policy == "all":
            if self.mailbox.ready(tag, self._degree):
                return self._answer(self._mixed())
            return self._await(self._mixed, None)
        if self._heard_enough(mixing):
            return self._answer(self._mixed_latest())
        return self._await(self._mixed_latest, self.wait.seconds)

    def sleep(self, seconds: float) -> Event:
        """Let simulated time pass."""
        self._claim()
        self._value = None
        self._set_alarm(self._engine.now + self._duration(seconds), self._slept)
        return self._event

    def rounds(self, start: int = 1) -> Iterator[int]:
        """Rounds until the stopping rule."""
        last = self._world.stop.rounds
        return itertools.count(start) if last is None else iter(range(start, last + 1))

    def report(self, round_: int, **arrays: np.ndarray) -> None:
        """Show the iterate to the observers."""
        for array in arrays.values():
            if isinstance(array, np.ndarray):
                array.setflags(False)  # type: ignore[call-arg]  # the flag `write`
        for hook in self._reported:
            hook(self._env._now, self.id, round_, arrays)

    def save(self, **state: Any) -> None:
        """Keep a checkpoint."""
        self.saved = state
        for hook in self._saved:
            hook(self._env._now, self.id)

    @property
    def computing_since(self) -> float | None:
        """When the running step began; None while none runs or the agent is down."""
        return self._computing[0] if self._computing is not None and self.alive else None

    # ---- driving the program

    def connect(self, carrier: Carrier) -> None:
        """Give the agent its network."""
        self._carrier = carrier
        self._post = carrier.post

    def start(self) -> None:
        """Start the program, or start it anew."""
        program = self.spec.program(self)
        if not isinstance(program, Generator):
            raise ProgramError(self.name, self.now, "it is no generator function: nothing is yielded in it")
        self._program = program
        self._send = program.send
        if self._resumed:
            self._announce_resumed("started")
        self._step(None)

    def arrived(self, message: Message) -> None:
        """A message was delivered; wakes the program if it waited for it."""
        link = message.link
        link.messages_delivered += 1
        link.bytes_delivered += message.size
        if self._delivered:  # a loop over nothing costs more than this question
            now = self._env._now
            for hook in self._delivered:
                hook(now, message)
        if self._store(message):
            self._wake(message)

    def noticed(self, message: Message) -> None:
        """The notice of a dropped message is due."""
        if self._store(message):
            self._wake(message)

    def _sort(self, message: Message) -> bool:
        """Store a message where a `mix` uses the latest of each neighbour; true if the present wait is over."""
        return self.mailbox.put(message) if message.mixing is None else self._hear(message)

    def waiting(self) -> Waiting | None:
        """What the agent waits for now, if it waits for messages."""
        if self.waiting_since is None:
            return None
        tag, missing = self.mailbox.wanted, self.mailbox.missing(self.neighbors)
        if self._mixing is not None and tag is NOTHING:
            heard, now = self._heard.get(self._mixing.slot, {}), self._mixing.round
            tag = self._mixing.tag
            missing = tuple(j for j in self.neighbors if j not in heard or _round(heard[j]) < now)
        return Waiting(self.id, missing, None if tag is ANY else tag, self.waiting_since)

    def _step(self, value: Any) -> None:
        """Run the program until it has to wait."""
        try:
            while True:
                if self._send(value) is not self._event or not self._claimed:
                    raise BadYield("it yielded something else than the event of its last call")
                self._claimed = False
                if not self._ready:
                    return
                self._ready = False
                value = self._value
        except StopIteration:
            if self._claimed:
                raise ProgramError(self.name, self.now, "it ended without yielding its last call's event") from None
            self.ended = True
            self._on_end(self)
        except SimulationError as error:
            if isinstance(error, ProgramError):
                raise
            raise ProgramError(self.name, self.now, str(error)) from error
        except Exception as error:
            raise ProgramError(self.name, self.now, f"{type(error).__name__}: {error}") from error

    def _claim(self) -> None:
        if self._claimed:
            raise BadYield("the event of its last call was never yielded")
        self._claimed = True

    def _answer(self, value: Any) -> Event:
        self._ready = True
        self._value = value
        return self._event

    def _asked(self, k: int | None, forced: Sequence[int]) -> tuple[int, frozenset[int]]:
        """How many senders a `gather` needs and which ones it must have."""
        need, must = self._degree if k is None else k, frozenset(forced)
        if need > self._degree or not must.issubset(self.neighbors):
            who = f"{need} senders and {sorted(must)}"
            raise SimulationError(f"{self.name} cannot gather from {who}: its neighbours are {self.neighbors}")
        return need, must

    def _await(self, collect: Callable[[], Any], timeout: float | None) -> Event:
        """Go on with what `collect` returns, once the mailbox has what is wanted or the time is over."""
        self._collect = collect
        self.waiting_since = now = self._env._now
        if timeout is not None:
            self._set_alarm(now + self._duration(timeout), self._timed_out)
        return self._event

    def _duration(self, seconds: float) -> float:
        if not seconds >= 0.0:
            raise SimulationError(f"{self.name} cannot wait for {seconds!r} s: it must be at least 0")
        return seconds

    def _wake(self, cause: Message | str, due: float | None = None) -> None:
        """A wait for messages is over, by a message or by a timeout."""
        try:
            value = self._collect()
        except Exception as error:  # what came does not fit what is waited for
            raise ProgramError(self.name, self.now, f"{type(error).__name__}: {error}") from error
        since, self.waiting_since = self.waiting_since, None
        self.mailbox.wanted = NOTHING
        if self._alarm is not None:
            self._engine.cancel(self._alarm)
            self._alarm = None
        if self._waited:
            for hook in self._waited:
                hook(self.id, since, self._env._now)
        if self._resumed:
            self._announce_resumed(cause, due)
        self._step(value)

    def _announce_resumed(self, cause: Message | str, due: float | None = None) -> None:
        """Say why the program goes on now; `due` is when that was, if it was before."""
        now = self._env._now
        for hook in self._resumed:
            hook(now, self.id, cause, now if due is None else due, self.sequence)

    # ---- alarms: end of a step, of a sleep, of a timeout

    def _set_alarm(self, due: float, action: Callable[[], None], kind: int = TIMER) -> None:
        self.sequence += 1
        self._alarm = self._engine.at(due, kind, self.sequence, action)

    def _begin(self, nominal: float) -> None:
        now = self._env._now
        self._computing = (now, nominal)
        for hook in self._began:
            hook(now, self.id, nominal)
        self._set_alarm(self._pace.finish(now, nominal), self._done, COMPUTE)

    def _done(self) -> None:
        self._announce_computed()
        self._computing = None
        self._alarm = None
        if self._resumed:
            self._announce_resumed("computed")
        self._step(self._value)

    def _announce_computed(self) -> None:
        assert self._computing is not None
        for hook in self._computed:
            hook(self.id, self._computing[0], self._env._now)

    def _slept(self) -> None:
        self._alarm = None
        if self.alive:
            self._end_sleep()
        else:
            self._overdue = self._env._now

    def _end_sleep(self, due: float | None = None) -> None:
        """A sleep is over."""
        if self._resumed:
            self._announce_resumed("slept", due)
        self._step(None)

    def _timed_out(self) -> None:
        self._alarm = None
        if self.alive:
            self._wake("timed out")
        else:
            self._overdue = self._env._now

    # ---- crash and recovery

    def crash(self, memory: str, comes_back: bool) -> None:
        """Stop here, or add to an outage that holds it down already; see the module's docstring."""
        self.remembers = self.remembers and memory == "kept" and comes_back
        if self.alive:
            self.alive = False
            self._interrupt()
        if not self.remembers:
            self._forget()

    def _interrupt(self) -> None:
        """Break off the running step, or the wait; sleeps and timeouts run on."""
        if self._computing is not None:
            self._announce_computed()
            assert self._alarm is not None
            self._engine.cancel(self._alarm)
            self._alarm = None
        elif self.waiting_since is not None:
            for hook in self._waited:
                hook(self.id, self.waiting_since, self._engine.now)

    def recover(self) -> None:
        """Go on, or start anew."""
        self.alive = True
        if not self.remembers:
            self.remembers = True
            self.start()
        elif self._computing is not None:
            self._begin(self._computing[1])
        else:
            waits = self.waiting_since is not None
            if waits:
                self.waiting_since = self._engine.now
            if self._overdue is not None:
                due, self._overdue = self._overdue, None
                if waits:
                    self._wake("timed out", due)
                else:
                    self._end_sleep(due)

    def _forget(self) -> None:
        self.lives += 1
        if self._program is not None:
            self._program.close()
        if self._alarm is not None:
            self._engine.cancel(self._alarm)
        self.mailbox.clear()
        self._heard.clear()
        self._shared.clear()
        self._computing = self._alarm = self._mixing = self.waiting_since = None
        self._claimed = self._ready = False
        self._overdue = None

    # ---- messages

    def _out(self) -> list[Link]:
        """Links to all neighbours, made at the first broadcast."""
        self._links = [self._link_to(to) for to in self.neighbors]
        return self._links

    def _link_to(self, to: int) -> Link:
        assert self._carrier is not None
        return self._carrier.link(self.id, to)

    # ---- mixing

    def _mixed(self) -> Arrays:
        """The weighted mean over this round's messages; the weight of a dropped edge stays with the agent."""
        mixing, self._mixing = self._mixing, None
        assert mixing is not None
        return (self._averager or self._average()).mean(mixing, self.mailbox.take_all(mixing.tag))

    def _mixed_latest(self) -> Arrays:
        """The weighted mean over the latest message of each neighbour."""
        mixing, self._mixing = self._mixing, None
        assert mixing is not None
        return (self._averager or self._average()).mean(mixing, self._heard.get(mixing.slot, {}))

    def _average(self) -> Averager:
        """Made at the first `mix`: agents that mix nothing have no weights."""
        assert self._carrier is not None
        self._averager = Averager(self.id, self.neighbors, self.weights, self._carrier.scratch)
        return self._averager

    def _hear(self, message: Message) -> bool:
        """Keep the newest message of each neighbour; true if the present `mix` has heard enough."""
        slot = message.tag[2]
        heard = self._heard.setdefault(slot, {})
        known = heard.get(message.sender)
        if known is None or _round(known) <= _round(message):
            heard[message.sender] = message
        mixing = self._mixing
        if mixing is None or mixing.slot != slot or self.waiting_since is None:
            return False
        return self._heard_enough(mixing)

    def _heard_enough(self, mixing: "Mixing") -> bool:
        wait, heard = self.wait, self._heard.get(mixing.slot, {})
        fresh = sum(_round(message) >= mixing.round for message in heard.values())
        if fresh == len(self.neighbors):
            return True
        if wait.policy == "deadline":
            return False
        if wait.policy == "first" and fresh < min(wait.k or 0, len(self.neighbors)):
            return False
        if wait.staleness is None:
            return True
        oldest = min(_round(heard[j]) if j in heard else 0 for j in self.neighbors)
        return mixing.round - oldest < wait.staleness


def _round(message: Message) -> int:
    """The round of a `mix` message."""
    assert message.mixing is not None
    return message.mixing
