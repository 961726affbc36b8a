"""Links: how long each message is under way, in what order messages arrive, and which are lost.

A message handed over at time t is under way for latency + jitter, plus the time its bytes need:

* `none`: size / min(uplink, downlink), whatever else is on the way;
* `fifo`: it waits for its sender's uplink, then, from its first byte on, for its receiver's downlink; first come, first
  served, cut-through (bytes flow on while later ones are still sent);
* `fair`: a fluid flow that shares uplink and downlink max-min fairly (`simulator.fair`).

Messages of one ordered pair never overtake one another. A copy is lost by chance (drawn when it is sent, it still
takes the link's time), because its link is down when it is sent or due, or because its receiver is down when it is
due. Then

* `retransmit`: another copy is sent `rto` seconds after the lost one was, at most `tries` copies in all, while its
  sender lives; later messages of the pair wait for it, as on a TCP connection;
* `datagram`: it is gone;
* `symmetric`: an idealised link layer for `mix`: one draw for both directions of an edge and round. When the message
  was due its receiver gets a notice instead. Other messages pass unharmed unless a link or an agent is down.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from heapq import heappush
from typing import TYPE_CHECKING

import numpy as np

from simulator.delays import Constant, Draws, Law
from simulator.engine import ARRIVAL, DELIVERY, RETRY, SETTLE, Alarm, Engine
from simulator.errors import BadWorld
from simulator.fair import Fluid
from simulator.hooks import Observer, listeners
from simulator.message import DROPPED, Message, Payload
from simulator.mixing import Scratch
from simulator.streams import stream
from simulator.world import Loss, Network

if TYPE_CHECKING:
    from simulator.runtime import RunningAgent

SHARING = ("none", "fifo", "fair")
TRANSPORTS = ("retransmit", "datagram", "symmetric")


class Channel:
    """Draws which copies a link loses; the k-th draw belongs to the link's k-th copy, whatever the algorithm."""

    __slots__ = ("_bad", "_law", "_rng")

    def __init__(self, law: Loss, rng: np.random.Generator):
        self._law, self._rng, self._bad = law, rng, False

    def loses(self) -> bool:
        """Whether the next copy is lost (Gilbert-Elliott: one step of the chain per copy)."""
        law = self._law
        lost = bool(self._rng.random() < (law.bad if self._bad else law.good))
        if law.good_to_bad > 0.0:
            self._bad = bool(self._rng.random() < (1.0 - law.bad_to_good if self._bad else law.good_to_bad))
        return lost


class Edge:
    """Both directions of a link under symmetric drop: whoever sends a round's message first decides for both."""

    def __init__(self, channel: Channel | None):
        self._channel = channel
        self._decided: dict[Hashable, bool] = {}

    def drops(self, tag: Hashable, down: bool) -> bool:
        """Whether this edge carries nothing in this round; the same answer to both ends."""
        if tag in self._decided:
            return self._decided.pop(tag)
        dropped = bool(self._channel is not None and self._channel.loses()) or down
        self._decided[tag] = dropped
        return dropped


class Link:
    """One direction between two agents."""

    __slots__ = (
        "bytes_delivered", "bytes_lost", "bytes_sent", "channel", "down", "edge", "expected", "held", "jitter",
        "last_due", "last_head", "latency", "messages_delivered", "messages_lost", "messages_sent", "on_due", "posted",
        "receiver", "seconds_per_byte", "sender", "to",
    )  # fmt: skip

    def __init__(self, sender: "RunningAgent", receiver: "RunningAgent", latency: float, jitter: Draws | None):
        self.sender, self.receiver, self.to = sender, receiver, receiver.id
        self.latency = latency
        self.jitter = jitter
        self.seconds_per_byte = 0.0
        self.on_due: tuple[Callable[[Message], None], ...] = (receiver.arrived,)
        """What the event loop does with a message of this link when it is due."""
        self.last_due = self.last_head = 0.0
        """The latest arrival so far, of a last byte and (`fifo`) of a first one: nothing arrives before it."""
        self.down = 0
        """How many outages hold it down now."""
        self.channel: Channel | None = None
        self.edge: Edge | None = None
        self.messages_sent = self.messages_delivered = self.messages_lost = 0
        """Copies so far: the traffic of this link. Counted here, not by an observer: this is the hottest path."""
        self.bytes_sent = self.bytes_delivered = self.bytes_lost = 0
        self.posted = 0
        self.expected = 1
        """Number of the message that may be delivered next (retransmitting links)."""
        self.held: dict[int, Message | None] = {}
        """Messages that arrived before an earlier one that is still repeated; None marks one that was given up."""

    def delay(self) -> float:
        """Latency of the next message."""
        return self.latency if self.jitter is None else self.latency + self.jitter.next()


@dataclass(frozen=True, slots=True)
class LinkTraffic:
    """What was sent over one direction between two agents; copies that are repeated or lost count each."""

    sender: int
    receiver: int
    messages_sent: int
    bytes_sent: int


class Carrier:
    """The network of one run: makes links on first use, carries messages over them, announces what becomes of each."""

    def __init__(
        self,
        engine: Engine,
        network: Network,
        agents: "Sequence[RunningAgent]",
        seed: int,
        observers: Sequence[Observer],
        failures: bool,
    ):
        self._engine, self._env, self._queue, self._network, self._agents, self._seed = (
            engine, engine.env, engine.queue, network, agents, seed,
        )  # fmt: skip
        self.uplink = _rates(network.uplink, len(agents), "uplink")
        self.downlink = _rates(network.downlink, len(agents), "downlink")
        self.links: dict[tuple[int, int], Link] = {}
        self._edges: dict[tuple[int, int], Edge] = {}
        self._up_free = [0.0] * len(agents)
        self._down_free = [0.0] * len(agents)
        self._sent, self._lost = listeners(observers, "sent"), listeners(observers, "lost")
        self.gone: dict[tuple[int, int], tuple[Hashable, float, str]] = {}
        """Ordered pair -> tag of its latest message that was lost for good, when and why."""
        self._fallible = failures or network.loss.possible
        self._ordered = self._fallible and network.transport == "retransmit"
        self._symmetric = self._fallible and network.transport == "symmetric"
        self._on_due = (self._due,)
        self._on_arrival = (self._arrive,)
        self._on_retry = (self._retry,)
        self._unshared = network.sharing == "none"
        ways = {"none": self._alone, "fifo": self._fifo, "fair": self._fair}
        self._transmit: Callable[[Message, Link], None] = ways[network.sharing]
        self._fluid = Fluid(self.uplink, self.downlink, self._wake, self._flowed) if network.sharing == "fair" else None
        self._flowing: dict[Message, None] = {}
        """Messages whose bytes are being sent under `fair`."""
        self._settling: Alarm | None = None
        self._wishes = 0
        self.scratch: Scratch = {}
        """Room for the products of `mix`."""
        self.outages: dict[tuple[int, int], int] = {}
        """Ordered pair -> how many outages hold it down now."""

    def link(self, sender: int, receiver: int) -> Link:
        """The link of an ordered pair, made on first use; its draws depend on the pair alone."""
        found = self.links.get((sender, receiver))
        if found is None:
            found = self.links[sender, receiver] = self._make(sender, receiver)
        return found

    def _make(self, sender: int, receiver: int) -> Link:
        network = self._network
        low, high = sorted((sender, receiver))
        pair = (low, high) if network.symmetric_latency else (sender, receiver)
        latency = self._latency(pair)
        jitter = None if network.jitter.mean == 0.0 else self._draws(network.jitter, "jitter", sender, receiver)
        link = Link(self._agents[sender], self._agents[receiver], latency, jitter)
        link.down = self.outages.get((sender, receiver), 0)
        if self._fallible:
            link.on_due = self._on_due
        if network.sharing == "none":
            link.seconds_per_byte = 1.0 / min(self.uplink[sender], self.downlink[receiver])
        if self._symmetric:
            link.edge = self._edges.get((low, high))
            if link.edge is None:
                lossy = network.loss.possible
                channel = Channel(network.loss, stream(self._seed, "drop", low, high)) if lossy else None
                link.edge = self._edges[low, high] = Edge(channel)
        elif network.loss.possible:
            link.channel = Channel(network.loss, stream(self._seed, "loss", sender, receiver))
        return link

    def _latency(self, pair: tuple[int, int]) -> float:
        law = self._network.latency
        if isinstance(law, Constant):
            return float(law.value)
        return float(law.sample(stream(self._seed, "latency", *pair), 1)[0])

    def _draws(self, law: Law, purpose: str, *ids: int) -> Draws:
        return Draws(law, None if isinstance(law, Constant) else stream(self._seed, purpose, *ids))

    # ---- sending

    def post(
        self,
        sender: "RunningAgent",
        links: Sequence[Link],
        tag: Hashable,
        payload: Payload,
        size: int,
        mixing: int | None = None,
    ) -> None:
        """Hand a message to the network, for each of some links of one agent; `mixing` is the round of a `mix`."""
        id_, key, now = sender.id, sender.sequence, self._env._now
        hooks, fallible, unshared, queue = self._sent, self._fallible, self._unshared, self._queue
        for link in links:
            key += 1
            message = Message()
            message.link = link
            message.sender = id_
            message.tag = tag
            message.payload = payload
            message.size = size
            message.sent_at = now
            message.key = key
            message.mixing = mixing
            message.callbacks = link.on_due
            link.messages_sent += 1
            link.bytes_sent += size
            if hooks:
                for hook in hooks:
                    hook(now, message)
            if fallible:
                message.attempts = 1
                message.life = sender.lives
                message.number = link.posted = link.posted + 1
                self._decide(message, link)
            if unshared:  # `_alone`, without the call
                due = now + (link.latency if link.jitter is None else link.delay()) + size * link.seconds_per_byte
                if due < link.last_due:
                    due = link.last_due
                link.last_due = due
                heappush(queue, (due, DELIVERY, key, message))
            else:
                self._transmit(message, link)
        sender.sequence = key

    def _decide(self, message: Message, link: Link) -> None:
        """Settle at the moment of sending whether this copy will be lost on its way."""
        message.fate = None
        if message.mixing is not None and link.edge is not None:
            if link.edge.drops(message.tag, link.down > 0):
                message.fate = "dropped"
            return
        lost = link.channel is not None and link.channel.loses()  # drawn even if the link is down: one draw a copy
        if link.down:
            message.fate = "link down"
        elif lost:
            message.fate = "loss"

    def _alone(self, message: Message, link: Link) -> None:
        due = message.sent_at + link.delay() + message.size * link.seconds_per_byte
        link.last_due = due = max(due, link.last_due)
        heappush(self._queue, (due, DELIVERY, message.key, message))

    def _fifo(self, message: Message, link: Link) -> None:
        sender, size = message.sender, message.size
        start = max(message.sent_at, self._up_free[sender])
        self._up_free[sender] = sent = start + size / self.uplink[sender]
        delay = link.delay()
        if self.downlink[link.to] == math.inf:
            link.last_due = due = max(sent + delay, link.last_due)
            heappush(self._queue, (due, DELIVERY, message.key, message))
            return
        # its first byte reaches the receiver's downlink: only then is its place in that queue known
        link.last_head = head = max(start + delay, link.last_head)
        message.callbacks = self._on_arrival
        heappush(self._queue, (head, ARRIVAL, message.key, message))

    def _arrive(self, message: Message) -> None:
        link, size, now = message.link, message.size, self._env._now
        to = link.to
        start = max(now, self._down_free[to])
        self._down_free[to] = received = start + size / self.downlink[to]
        message.callbacks = link.on_due
        # the last byte comes no earlier than the uplink lets go of it, nor before the message ahead of it
        link.last_due = due = max(received, now + size / self.uplink[message.sender], link.last_due)
        heappush(self._queue, (due, DELIVERY, message.key, message))

    def _fair(self, message: Message, link: Link) -> None:
        assert self._fluid is not None
        self._flowing[message] = None
        self._fluid.submit(self._env._now, message, message.sender, message.to, message.size)

    def _flowed(self, message: Message, now: float) -> None:
        del self._flowing[message]
        link = message.link
        link.last_due = due = max(now + link.delay(), link.last_due)
        heappush(self._queue, (due, DELIVERY, message.key, message))

    def _wake(self, time: float) -> None:
        """The fluid model asks to be settled at `time`; only its latest wish counts."""
        if self._settling is not None:
            self._engine.cancel(self._settling)
        self._wishes += 1
        self._settling = self._engine.at(time, SETTLE, self._wishes, self._settle)

    def _settle(self) -> None:
        assert self._fluid is not None
        self._settling = None
        self._fluid.settle(self._env._now)

    # ---- arriving

    def _due(self, message: Message) -> None:
        """What happens to a message that is due where things can fail."""
        link = message.link
        why = message.fate
        if why is None and link.down and not (self._symmetric and message.mixing is not None):
            why = "link down"
        if not link.receiver.alive:
            why = "receiver down"
        if why is not None:
            self._lose(message, why)
        elif self._ordered and message.number != link.expected:
            link.held[message.number] = message
        else:
            link.expected += 1
            link.receiver.arrived(message)
            if link.held:
                self._release(link)

    def _release(self, link: Link) -> None:
        """Deliver what had to wait for an earlier message of the same pair."""
        while link.expected in link.held:
            message = link.held.pop(link.expected)
            if message is not None and not link.receiver.alive:
                self._lose(message, "receiver down")
                return
            link.expected += 1
            if message is not None:
                link.receiver.arrived(message)

    def _lose(self, message: Message, why: str) -> None:
        now, link = self._env._now, message.link
        link.messages_lost += 1
        link.bytes_lost += message.size
        for hook in self._lost:
            hook(now, message, why)
        if why == "dropped":
            message.payload = DROPPED
            link.receiver.noticed(message)
        elif self._ordered and message.attempts < self._network.tries:
            message.callbacks = self._on_retry
            heappush(self._queue, (max(now, message.sent_at + self._network.rto), RETRY, message.key, message))
        else:
            self._give_up(message, why)

    def _retry(self, message: Message) -> None:
        """Send another copy; a sender that is down repeats it later, one that lost its memory since never does."""
        link, now = message.link, self._env._now
        sender = link.sender
        if message.life != sender.lives:
            self._give_up(message, "sender forgot it")
        elif sender.alive:
            message.attempts += 1
            message.sent_at = now
            message.callbacks = link.on_due
            link.messages_sent += 1
            link.bytes_sent += message.size
            for hook in self._sent:
                hook(now, message)
            self._decide(message, link)
            self._transmit(message, link)
        else:
            message.callbacks = self._on_retry
            heappush(self._queue, (now + self._network.rto, RETRY, message.key, message))

    def _give_up(self, message: Message, why: str) -> None:
        link = message.link
        self.gone[message.sender, message.to] = (message.tag, self._env._now, why)
        if self._ordered:
            link.held[message.number] = None
            self._release(link)

    # ---- outages and accounts

    def switch(self, pair: tuple[int, int], step: int) -> None:
        """One more (+1) or one fewer (-1) outage holds an ordered pair down."""
        self.outages[pair] = self.outages.get(pair, 0) + step
        if pair in self.links:
            self.links[pair].down = self.outages[pair]

    def traffic(self) -> tuple[LinkTraffic, ...]:
        """What was sent so far over each link that was used, sorted by sender and receiver."""
        return tuple(
            LinkTraffic(*pair, self.links[pair].messages_sent, self.links[pair].bytes_sent)
            for pair in sorted(self.links)
        )

    def in_flight(self) -> list[Message]:
        """Copies that are under way now: counted afresh from the event queue, for the law sent = delivered + lost +
        in flight.
        """
        queued = [entry[3] for entry in self._queue if entry[1] in (ARRIVAL, DELIVERY)]
        held = [message for link in self.links.values() for message in link.held.values() if message is not None]
        return queued + held + list(self._flowing)


def _rates(rate: float | Sequence[float], agents: int, name: str) -> list[float]:
    rates = [float(rate)] * agents if isinstance(rate, int | float) else [float(value) for value in rate]
    if len(rates) != agents:
        raise BadWorld(f"{name}: {len(rates)} rates for {agents} agents")
    for value in rates:
        if not value > 0.0:
            raise BadWorld(f"{name}: a rate of {value!r} bytes per second; it must be above 0")
    return rates
