"""Max-min fair sharing of the agents' uplinks and downlinks by messages that flow like fluids.

The model is SimGrid's CM02 with gamma = 0: at any instant each flow has one rate, no link carries more than its
capacity, and no rate can be raised without lowering one that is not larger. Flows of one ordered pair of agents are
served one after the other.

Rates follow from one number a link, its *level*: the rate that the link grants to each of its flows. A flow's rate is
the smaller level of its two links, and the level of a link of capacity C is the solution of

    sum over its flows of min(level, level of the flow's other link) = C          (infinite if even that leaves room).

Rates that satisfy this on every link are the max-min fair ones (Bertsekas, Gallager, Data Networks, 1992, section
6.5.2). When a flow starts or ends, the equation is solved again on its two links, then on the links whose equation has
changed by that, and so on (Charny, Clark, Jain, ICC 1995): the change travels only as far as rates change.

All flows held by the same link have the same rate, so a link counts the bytes it has served to each of them since it
was last idle. A flow ends when this counter reaches a target that is fixed as long as the flow is held by that link; a
change of rate touches the counter and none of the flows.
"""

import math
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

TIE = 1e-13  # flows whose ends differ by less, relative to the time on the clock, end together
NOISE = 1e-14  # a level that moves by less, relatively, has not moved


class FlowError(ValueError):
    """A capacity or a flow is not valid; the message is one sentence."""


def max_min(flows: Sequence[tuple[int, int]], uplink: Sequence[float], downlink: Sequence[float]) -> list[float]:
    """Max-min fair rates of flows given as (source, destination), in their order, by progressive filling.

    `uplink` and `downlink` hold each agent's capacities in bytes a second, infinite where nothing limits. This is the
    plain algorithm on the whole network, the reference for `Fluid`.
    """
    ups, downs = _links(uplink, "uplink"), _links(downlink, "downlink")
    ends = [(ups[source], downs[destination]) for source, destination in flows]
    level = _fill(ends)
    return [min(level[up], level[down]) for up, down in ends]


class _Link:
    """An uplink or a downlink with its flows; those that it limits are *held* by it."""

    __slots__ = (
        "capacity",
        "ends",
        "finish",
        "held",
        "level",
        "low",
        "peers",
        "queued",
        "rate",
        "served",
        "shared",
        "since",
        "ticket",
        "touched",
    )

    def __init__(self, capacity: float) -> None:
        self.capacity = capacity
        self.peers: dict[_Link, _Flow] = {}  # other end -> the flow to it
        self.shared: dict[_Link, None] = {}  # those other ends whose level can depend on ours: they have more flows
        self.level = math.inf
        self.low = -math.inf  # not above any level of the peers
        self.queued = False  # waits for its level to be solved
        self.touched = False  # its level has changed in this round
        self.held = 0  # number of flows held
        self.rate = math.inf  # of each flow held
        self.served = 0.0  # bytes that each flow held throughout has got, until `since`
        self.since = 0.0
        self.ends: list[tuple[float, int, _Flow]] = []  # heap of (target, ticket, flow); some are out of date
        self.finish = math.inf  # when the first flow held will end
        self.ticket = -1  # of the entry in the clock's heap that stands for it


class _Flow:
    """One message on its way; `payload` is the caller's object."""

    __slots__ = (
        "destination",
        "gone",
        "holder",
        "next",
        "order",
        "pair",
        "payload",
        "size",
        "source",
        "target",
        "ticket",
    )

    def __init__(
        self, payload: Any, source: _Link, destination: _Link, size: float, pair: tuple[int, int], order: int
    ) -> None:
        self.payload = payload
        self.source = source
        self.destination = destination
        self.size = size
        self.pair = pair
        self.order = order
        self.next: _Flow | None = None  # the one behind it in the queue of its pair
        self.holder: _Link | None = None
        self.target = 0.0
        self.ticket = -1
        self.gone = False  # cancelled or ended


class Fluid:
    """The flows now on the network, advanced by `settle` from event to event.

    `uplink` and `downlink` hold each agent's capacities in bytes a second (infinite allowed). `wake(time)` asks for a
    call of `settle(time)`; one wake is asked for at a time, a new one replaces it if earlier, and calls of `settle`
    nobody asked for are harmless. `done(flow, now)` is called for each flow whose last byte has left, in order of
    submission where several end at one instant. Times never decrease from call to call.
    """

    def __init__(
        self,
        uplink: Sequence[float],
        downlink: Sequence[float],
        wake: Callable[[float], Any],
        done: Callable[[Any, float], Any],
    ) -> None:
        self._uplinks = _links(uplink, "uplink")
        self._downlinks = _links(downlink, "downlink")
        self._wake = wake
        self._done = done
        self._asked = math.inf  # the wake that is pending
        self._flows: dict[int, _Flow] = {}  # by the identity of the caller's object
        self._last: dict[tuple[int, int], _Flow] = {}  # last in the queue of each pair
        self._starting: list[_Flow] = []
        self._clock: list[tuple[float, int, _Link]] = []  # heap of (finish, ticket, link); some are out of date
        self._dirty: list[tuple[float, int, _Link]] = []
        self._tickets = 0

    def submit(self, now: float, flow: Any, source: int, destination: int, size: float) -> None:
        """Queue `size` bytes behind the other flows of the pair; `flow` is any object not on its way."""
        if not 0 <= size < math.inf:
            raise FlowError(f"size = {size!r} bytes of a flow must be a finite number, at least 0")
        if id(flow) in self._flows:
            raise FlowError(f"flow = {flow!r} must not be submitted again before it has ended")
        self._tickets += 1
        pair = (source, destination)
        record = _Flow(flow, self._uplinks[source], self._downlinks[destination], size, pair, self._tickets)
        self._flows[id(flow)] = record
        ahead = self._last.get(pair)
        self._last[pair] = record
        if ahead is not None:
            ahead.next = record
            return
        self._starting.append(record)
        if now < self._asked:
            self._asked = now
            self._wake(now)

    def cancel(self, flow: Any, now: float) -> bool:
        """Take a flow away, waiting or under way, without calling `done`; False if it is not on its way (any more)."""
        record = self._flows.pop(id(flow), None)
        if record is None:
            return False
        record.gone = True
        if record.holder is not None:
            link = record.holder
            self._release(record)
            self._follow(record)
            self._reschedule(link)
            if now < self._asked:
                self._asked = now
                self._wake(now)
        return True

    def rate(self, flow: Any) -> float:
        """Bytes a second now, 0 while the flow waits; exact once the instant's changes are settled."""
        holder = self._flows[id(flow)].holder
        return 0.0 if holder is None else holder.rate

    def remaining(self, flow: Any, now: float) -> float:
        """Bytes that have not left yet."""
        record = self._flows[id(flow)]
        return record.size if record.holder is None else max(0.0, record.target - _served(record.holder, now))

    def settle(self, now: float) -> None:
        """End what ends by `now`, start what was submitted, solve the rates that change, ask for the next wake."""
        if now >= self._asked:
            self._asked = math.inf
        clock = self._clock
        ended: list[_Flow] = []
        stirred: dict[_Link, None] = {}  # links whose first end may have changed
        limit = now + TIE * now
        while clock and clock[0][0] <= limit:
            _, ticket, link = heappop(clock)
            if link.ticket == ticket:
                self._end(link, limit, ended)
                stirred[link] = None
        started: list[_Flow] = []
        if self._starting:
            self._start(started, ended)
        if self._dirty:
            touched = self._solve()
            self._regroup(touched, started, now, stirred)
        elif started:
            self._regroup([], started, now, stirred)
        for link in stirred:
            self._reschedule(link)
        while clock and clock[0][2].ticket != clock[0][1]:
            heappop(clock)
        if clock and clock[0][0] < self._asked:
            self._asked = clock[0][0]
            self._wake(self._asked)
        if len(ended) > 1:
            ended.sort(key=_order)
        for record in ended:
            self._done(record.payload, now)

    def _end(self, link: _Link, limit: float, ended: list[_Flow]) -> None:
        """End the flows held by `link` that are due by `limit`."""
        ends = link.ends
        while ends:
            target, ticket, record = ends[0]
            if record.ticket == ticket:
                if link.since + (target - link.served) / link.rate > limit:
                    break
                self._release(record)
                self._finish(record, ended)
            else:
                heappop(ends)

    def _finish(self, record: _Flow, ended: list[_Flow]) -> None:
        record.gone = True
        del self._flows[id(record.payload)]
        ended.append(record)
        self._follow(record)

    def _follow(self, record: _Flow) -> None:
        """Let the next of the pair start; those cancelled while they waited are passed over."""
        behind = record.next
        while behind is not None and behind.gone:
            behind = behind.next
        if behind is None:
            del self._last[record.pair]
        else:
            self._starting.append(behind)

    def _start(self, started: list[_Flow], ended: list[_Flow]) -> None:
        """Put the waiting flows on their links; those that take no time end here."""
        starting = self._starting
        for record in starting:  # grows while it is read, by the successors of flows that take no time
            if record.gone:
                self._follow(record)
                continue
            source, destination = record.source, record.destination
            if record.size == 0 or source.capacity == destination.capacity == math.inf:
                self._finish(record, ended)
                continue
            started.append(record)
            self._attach(source, destination, record)
            self._attach(destination, source, record)
            if destination.level < source.low:
                source.low = destination.level
            if source.level < destination.low:
                destination.low = source.level
        starting.clear()

    def _attach(self, link: _Link, other: _Link, record: _Flow) -> None:
        if link.capacity == math.inf:
            return
        peers = link.peers
        peers[other] = record
        if len(peers) == 1:  # alone: the link grants all it has, whatever happens at the other end
            link.level = link.capacity
            return
        if len(peers) == 2:
            link.low = -math.inf
            for peer in peers:
                peer.shared[link] = None
        else:
            other.shared[link] = None
        self._mark(link)

    def _release(self, record: _Flow) -> None:
        """Take a flow off its links and away from its holder."""
        record.ticket = -1
        holder = record.holder
        assert holder is not None
        record.holder = None
        holder.held -= 1
        if not holder.held:
            holder.ends.clear()
        self._detach(record.source, record.destination)
        self._detach(record.destination, record.source)

    def _detach(self, link: _Link, other: _Link) -> None:
        if link.capacity == math.inf:
            return
        peers = link.peers
        del peers[other]
        if not peers:
            return
        del other.shared[link]
        if len(peers) == 1:
            for peer in peers:
                del peer.shared[link]
        self._mark(link)

    def _mark(self, link: _Link) -> None:
        """Ask for a link's level to be solved; low levels first, since higher ones depend on them."""
        if not link.queued:
            link.queued = True
            self._tickets += 1
            heappush(self._dirty, (link.level, self._tickets, link))

    def _solve(self) -> list[_Link]:
        """Bring the levels into balance after starts and ends; returns the links whose level changed."""
        dirty = self._dirty
        touched: list[_Link] = []
        steps = 0
        while dirty:
            link = heappop(dirty)[2]
            link.queued = False
            old, level = link.level, _level(link)
            if old * (1 - NOISE) <= level <= old * (1 + NOISE):
                continue
            link.level = level
            if not link.touched:
                link.touched = True
                touched.append(link)
            steps += 1
            if steps > 100 + 10 * len(touched):  # rounding could make levels chase one another for ever
                return self._solve_anew(touched)
            for other in link.shared:
                theirs = other.level
                if level < other.low:
                    other.low = level
                if old < theirs or level < theirs:
                    self._mark(other)
        return touched

    def _solve_anew(self, touched: list[_Link]) -> list[_Link]:
        """Fill the connected components of the touched links from nothing."""
        for _, _, link in self._dirty:
            link.queued = False
        self._dirty.clear()
        component = dict.fromkeys(touched)
        reached = list(component)
        for link in reached:
            for other in link.peers:
                if other not in component and other.capacity < math.inf:
                    component[other] = None
                    reached.append(other)
        flows = {record: None for link in component for record in link.peers.values()}
        levels = _fill([(record.source, record.destination) for record in flows])
        for link in component:
            link.level = link.capacity if len(link.peers) == 1 else levels.get(link, math.inf)
            link.low = -math.inf
            link.touched = True
        return reached

    def _regroup(self, touched: list[_Link], started: list[_Flow], now: float, stirred: dict[_Link, None]) -> None:
        """Make the solved levels the rates from `now` on, and hand each flow to the link that limits it."""
        for link in touched:
            link.touched = False
            if link.held and link.rate != link.level:
                link.served += (now - link.since) * link.rate
                link.since = now
                link.rate = link.level
                stirred[link] = None
        for record in started:
            source, destination = record.source, record.destination
            self._hold(record, source if source.level <= destination.level else destination, record.size, now, stirred)
        for link in touched:
            level = link.level
            if link.held == len(link.peers) and level <= link.low:
                continue
            for other, record in link.peers.items():
                if other.level < level:
                    holder = other
                elif level < other.level:
                    holder = link
                else:
                    continue
                old = record.holder
                if old is not holder and old is not None:
                    left = max(0.0, record.target - _served(old, now))
                    old.held -= 1
                    if not old.held:
                        old.ends.clear()
                    stirred[old] = None
                    self._hold(record, holder, left, now, stirred)

    def _hold(self, record: _Flow, holder: _Link, left: float, now: float, stirred: dict[_Link, None]) -> None:
        """Let `holder` serve the `left` bytes of a flow from `now` on."""
        if not holder.held:
            holder.served = 0.0
            holder.since = now
            holder.rate = holder.level
        holder.held += 1
        self._tickets += 1
        record.holder = holder
        record.ticket = self._tickets
        record.target = _served(holder, now) + left
        heappush(holder.ends, (record.target, self._tickets, record))
        stirred[holder] = None

    def _reschedule(self, link: _Link) -> None:
        """Put the first end of the flows held by `link` on the clock."""
        if not link.held:
            link.ticket = -1
            link.finish = math.inf
            return
        ends = link.ends
        while ends[0][2].ticket != ends[0][1]:
            heappop(ends)
        finish = link.since + max(0.0, ends[0][0] - link.served) / link.rate
        if finish != link.finish or link.ticket < 0:
            self._tickets += 1
            link.ticket = self._tickets
            link.finish = finish
            heappush(self._clock, (finish, self._tickets, link))


def _links(capacities: Sequence[float], name: str) -> list[_Link]:
    for agent, capacity in enumerate(capacities):
        if not capacity > 0:
            raise FlowError(f"{name}[{agent}] = {capacity!r} must be a number of bytes a second above 0")
    return [_Link(float(capacity)) for capacity in capacities]


def _order(record: _Flow) -> int:
    return record.order


def _served(link: _Link, now: float) -> float:
    """The link's counter at `now`."""
    return link.served if link.since == now else link.served + (now - link.since) * link.rate


def _level(link: _Link) -> float:
    """Solve a link's equation for its level, given those of its peers."""
    count = len(link.peers)
    if count < 2:
        return link.capacity
    if link.capacity <= link.low * count:
        return link.capacity / count
    levels = sorted([peer.level for peer in link.peers])
    link.low = levels[0]
    rest = link.capacity
    for level in levels:
        if rest <= level * count:
            return rest / count
        rest -= level
        count -= 1
    return math.inf


def _fill(flows: Sequence[tuple[_Link, _Link]]) -> dict[_Link, float]:
    """Levels by progressive filling: the link with the least left for each of its open flows is full first."""
    open_flows: dict[_Link, set[int]] = {}
    for index, ends in enumerate(flows):
        for link in ends:
            open_flows.setdefault(link, set()).add(index)
    rest = {link: link.capacity for link in open_flows}
    levels = dict.fromkeys(open_flows, math.inf)
    while open_flows:
        tightest = min(open_flows, key=lambda link: rest[link] / len(open_flows[link]))
        share = max(0.0, rest[tightest] / len(open_flows[tightest]))
        if share == math.inf:
            break
        levels[tightest] = share
        for index in open_flows.pop(tightest):
            up, down = flows[index]
            other = down if up is tightest else up
            rest[other] -= share
            open_flows[other].discard(index)
            if not open_flows[other]:
                del open_flows[other]
    return levels
