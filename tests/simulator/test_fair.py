"""Max-min fair sharing: closed forms, hand-worked times, agreement with filling from nothing, conservation."""

import heapq
import math
import random

import pytest

from simulator.fair import FlowError, Fluid, max_min


class World:
    """A clock for one `Fluid`: wakes and timed actions, in order of time, and when each flow ended."""

    def __init__(self, uplink, downlink):
        self.now = 0.0
        self.wakes = 0
        self.ended = {}
        self.order = []
        self._queue = []
        self._count = 0
        self.fluid = Fluid(uplink, downlink, self._wake, self._done)

    def _push(self, time, action):
        self._count += 1
        heapq.heappush(self._queue, (time, self._count, action))

    def _wake(self, time):
        assert time >= self.now
        self.wakes += 1
        self._push(time, None)

    def _done(self, flow, now):
        assert flow not in self.ended
        assert now == self.now
        self.ended[flow] = now
        self.order.append(flow)

    def submit(self, time, flow, source, destination, size):
        self._push(time, lambda: self.fluid.submit(self.now, flow, source, destination, size))

    def cancel(self, time, flow):
        self._push(time, lambda: self.fluid.cancel(flow, self.now))

    def run(self, after=None, until=math.inf):
        """Play to the end, or up to `until`; `after()` is called after each settling."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, action = heapq.heappop(self._queue)
            if action is not None:
                action()
            else:
                self.fluid.settle(self.now)
                if after is not None:
                    after()
        return self.ended


def exactly(value):
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def test_an_incast_of_equal_flows_ends_for_all_at_once():
    """N flows of n bytes into one downlink of B bytes/s all end at N n / B, in order of submission, with two wakes."""
    world = World([100.0] * 9, [100.0] * 9)
    for worker in range(8):
        world.submit(0.0, f"w{worker}", worker, 8, 50.0)
    assert world.run() == {f"w{worker}": exactly(4.0) for worker in range(8)}
    assert len(set(world.ended.values())) == 1
    assert world.order == [f"w{worker}" for worker in range(8)]
    assert world.wakes == 2


def test_a_parking_lot_shares_every_link_in_halves():
    """A chain of flows in which each shares each of its links with one other: half of a link for all."""
    flows = [(0, 1), (2, 1), (2, 3), (4, 3), (4, 5)]
    assert max_min(flows, [1.0] * 6, [1.0] * 6) == [0.5] * 5
    world = World([1.0] * 6, [1.0] * 6)
    for source, destination in flows:
        world.submit(0.0, (source, destination), source, destination, 3.0)
    assert world.run() == {flow: exactly(6.0) for flow in flows}


def test_unequal_uplinks_leave_the_rest_to_the_others():
    """Into a downlink of 10: uplinks of 1 and 2 give all they have, the wide ones share the remaining 7."""
    uplink = [1.0, 2.0, 100.0, math.inf, 1.0]
    assert max_min([(0, 4), (1, 4), (2, 4), (3, 4)], uplink, [10.0] * 5) == [1.0, 2.0, 3.5, 3.5]
    world = World(uplink, [10.0] * 5)
    for worker in range(4):
        world.submit(0.0, worker, worker, 4, 7.0)
    # The wide two end at 2 s; nobody can use the room that they leave.
    assert world.run() == {0: exactly(7.0), 1: exactly(3.5), 2: exactly(2.0), 3: exactly(2.0)}


def test_three_levels_worked_by_hand():
    """Uplink 0 (capacity 1) holds its two flows at 1/2, downlink 2 (capacity 2) gives its other flow 3/2."""
    flows = [(0, 1), (0, 2), (3, 2), (3, 4)]
    rates = max_min(flows, [1.0, 1.0, 1.0, 5.0, 1.0], [9.0, 9.0, 2.0, 9.0, 3.0])
    assert rates == [0.5, 0.5, 1.5, 3.0]


def test_a_flow_speeds_up_when_the_other_ends():
    """10 and 4 bytes at 2 bytes/s: 1 each until 4 s, then the first has 6 left at full speed and ends at 7 s."""
    world = World([2.0, 2.0, 2.0], [2.0, 2.0, 2.0])
    world.submit(0.0, "long", 0, 2, 10.0)
    world.submit(0.0, "short", 1, 2, 4.0)
    assert world.run() == {"short": exactly(4.0), "long": exactly(7.0)}


def test_a_late_flow_slows_the_first_one_down():
    """10 bytes at 2 bytes/s, joined at 3 s by 3 bytes: 4 left shared at 1 each until 6 s, the last byte at 6.5 s."""
    world = World([2.0, 2.0, 2.0], [2.0, 2.0, 2.0])
    world.submit(0.0, "first", 0, 2, 10.0)
    world.submit(3.0, "late", 1, 2, 3.0)
    assert world.run() == {"late": exactly(6.0), "first": exactly(6.5)}


def test_flows_of_one_pair_are_served_one_after_the_other():
    """Three flows of a pair end at 1, 2 and 3 s; one from elsewhere shares with one of them at a time."""
    world = World([1.0] * 3, [1.0] * 3)
    for k in range(3):
        world.submit(0.0, k, 0, 2, 1.0)
    assert world.run() == {0: 1.0, 1: 2.0, 2: 3.0}
    world = World([1.0] * 3, [1.0] * 3)
    for k in range(3):
        world.submit(0.0, k, 0, 2, 1.0)
    world.submit(0.0, "other", 1, 2, 1.0)
    assert world.run() == {0: exactly(2.0), "other": exactly(2.0), 1: exactly(3.0), 2: exactly(4.0)}


def test_flows_without_size_or_without_limit_end_at_once_in_their_order():
    """Zero bytes, or infinite capacities at both ends, take no time, but wait for those ahead of them in the pair."""
    world = World([1.0, math.inf, 1.0], [1.0, math.inf, math.inf])
    world.submit(1.0, "zero", 0, 2, 0.0)
    world.submit(1.0, "free", 1, 2, 1e9)
    world.submit(2.0, "ahead", 0, 1, 3.0)
    world.submit(2.0, "behind", 0, 1, 0.0)
    world.submit(2.0, "last", 0, 1, 1.0)
    assert world.run() == {"zero": 1.0, "free": 1.0, "ahead": 5.0, "behind": 5.0, "last": 6.0}
    assert world.order == ["zero", "free", "ahead", "behind", "last"]


def test_both_directions_do_not_share():
    """An uplink and a downlink of one agent are two links."""
    world = World([1.0, 1.0], [1.0, 1.0])
    world.submit(0.0, "there", 0, 1, 5.0)
    world.submit(0.0, "back", 1, 0, 5.0)
    assert world.run() == {"there": 5.0, "back": 5.0}


def test_a_cancelled_flow_gives_its_share_back():
    """Two flows share until 4 s, then one is taken away; its pair's next but one takes its place."""
    world = World([2.0] * 3, [2.0] * 3)
    world.submit(0.0, "kept", 0, 2, 12.0)
    world.submit(0.0, "cut", 1, 2, 12.0)
    world.submit(0.0, "waits", 1, 2, 1.0)
    world.submit(0.0, "goes", 1, 2, 2.0)
    world.cancel(4.0, "waits")
    world.cancel(4.0, "cut")
    # From 4 s "kept" (8 left) shares with "goes" (2): that ends at 6 s, then 6 bytes at 2 bytes/s.
    assert world.run() == {"goes": exactly(6.0), "kept": exactly(9.0)}
    assert world.fluid.cancel("kept", 10.0) is False


def test_a_flow_cancelled_at_the_instant_of_its_start_never_counts():
    """Cancelled before it was settled: the next of its pair starts at that instant."""
    world = World([1.0] * 3, [1.0] * 3)
    world.submit(1.0, "gone", 0, 2, 5.0)
    world.submit(1.0, "next", 0, 2, 5.0)
    world.fluid.submit(0.0, "early", 1, 2, 1.0)
    assert world.fluid.cancel("early", 0.0) is True
    world.cancel(1.0, "gone")
    world._queue.sort(key=lambda entry: (entry[0], entry[2] is None, entry[1]))
    assert world.run() == {"next": exactly(6.0)}


def test_calls_of_settle_that_nobody_asked_for_change_nothing():
    """Settling at many instants in between leaves every end where it was."""

    def play(extra):
        world = World([2.0, 3.0, 1.0, 2.0], [2.0, 1.0, 3.0, 2.0])
        rng = random.Random(4)
        for k in range(40):
            source, destination = rng.sample(range(4), 2)
            world.submit(rng.uniform(0, 20), k, source, destination, rng.uniform(0.5, 3))
        for k in range(extra):
            world._push(k * 0.137, None)
        return world.run()

    assert play(0) == pytest.approx(play(500), rel=1e-12)


def test_a_wake_is_asked_for_only_when_needed():
    """A start and an end each cost one wake, and a start that slows others down leaves one wake too early."""
    world = World([1.0] * 3, [1.0] * 3)
    world.submit(0.0, "a", 0, 2, 4.0)
    world.submit(1.0, "b", 1, 2, 4.0)
    world.run()
    assert world.ended == {"a": exactly(7.0), "b": exactly(8.0)}
    assert world.wakes <= 6


def networks(rng):
    """A few kinds of random networks: equal, unequal, partly unlimited, ring-like, star-like."""
    kind = rng.choice(["equal", "unequal", "unlimited", "round numbers"])
    size = rng.randrange(2, 12)
    if kind == "equal":
        return [1.0] * size, [1.0] * size
    if kind == "round numbers":
        return [rng.choice([1.0, 2.0, 3.0]) for _ in range(size)], [rng.choice([1.0, 2.0, 3.0]) for _ in range(size)]
    uplink, downlink = ([rng.uniform(0.2, 5.0) for _ in range(size)] for _ in range(2))
    if kind == "unlimited":
        for agent in range(size):
            if rng.random() < 0.4:
                uplink[agent] = math.inf
            if rng.random() < 0.4:
                downlink[agent] = math.inf
    return uplink, downlink


@pytest.mark.parametrize("seed", range(150))
def test_rates_equal_those_of_filling_from_nothing(seed):
    """At every instant of a random run with cancels, each rate is that of `max_min` on the flows then under way."""
    rng = random.Random(seed)
    uplink, downlink = networks(rng)
    world = World(uplink, downlink)
    ends = {}
    for k in range(60):
        source, destination = rng.randrange(len(uplink)), rng.randrange(len(uplink))
        ends[k] = (source, destination)
        start = rng.choice([rng.uniform(0, 10), float(rng.randrange(5))])
        world.submit(start, k, source, destination, rng.choice([1.0, 2.0, rng.uniform(0.1, 4.0)]))
        if rng.random() < 0.15:
            world.cancel(start + rng.uniform(0, 3), k)
    compared = []

    def compare():
        rates = {k: world.fluid.rate(k) for k in ends if id(k) in world.fluid._flows}
        active = [k for k, rate in rates.items() if rate > 0]
        assert len({ends[k] for k in active}) == len(active)
        assert {ends[k] for k in rates} == {ends[k] for k in active}
        expected = max_min([ends[k] for k in active], uplink, downlink)
        assert [rates[k] for k in active] == pytest.approx(expected, rel=1e-11)
        compared.append(len(active))

    world.run(compare)
    assert max(compared) >= 2
    assert not world.fluid._flows
    assert not world.fluid._last
    for link in (*world.fluid._uplinks, *world.fluid._downlinks):
        assert not link.peers
        assert not link.shared
        assert link.held == 0


@pytest.mark.parametrize("seed", range(20))
def test_solving_whole_components_gives_the_same_times(seed, monkeypatch):
    """The way out when levels chase one another (fill the component from nothing) gives the same ends."""

    def play():
        rng = random.Random(seed)
        uplink, downlink = networks(rng)
        world = World(uplink, downlink)
        for k in range(60):
            source, destination = rng.randrange(len(uplink)), rng.randrange(len(uplink))
            world.submit(rng.uniform(0, 10), k, source, destination, rng.uniform(0.1, 4.0))
        return world.run()

    local = play()
    whole, calls = Fluid._solve_anew, []

    def solve_all(fluid):
        touched = [link for _, _, link in fluid._dirty]
        calls.append(len(touched))
        return whole(fluid, touched)

    monkeypatch.setattr(Fluid, "_solve", solve_all)
    assert play() == pytest.approx(local, rel=1e-9)
    assert calls


@pytest.mark.parametrize("seed", range(40))
def test_filling_meets_the_definition_of_max_min_fairness(seed):
    """No link above its capacity, and each flow has a full link on which no flow is faster."""
    rng = random.Random(seed)
    uplink, downlink = networks(rng)
    size = len(uplink)
    flows = [(rng.randrange(size), rng.randrange(size)) for _ in range(rng.randrange(1, 40))]
    rates = max_min(flows, uplink, downlink)
    on_link = {}
    for (source, destination), rate in zip(flows, rates, strict=True):
        on_link.setdefault(("up", source), []).append(rate)
        on_link.setdefault(("down", destination), []).append(rate)
    capacity = {(kind, a): caps[a] for kind, caps in (("up", uplink), ("down", downlink)) for a in range(size)}
    full = set()
    for link, its in on_link.items():
        assert sum(its) <= capacity[link] * (1 + 1e-12)
        if sum(its) >= capacity[link] * (1 - 1e-12):
            full.add(link)
    for (source, destination), rate in zip(flows, rates, strict=True):
        limits = [link for link in (("up", source), ("down", destination)) if link in full]
        if rate == math.inf:
            assert uplink[source] == downlink[destination] == math.inf
        else:
            assert any(rate >= max(on_link[link]) * (1 - 1e-12) for link in limits)


def test_bytes_are_conserved():
    """The integral of each flow's rate over its life is its size, and `remaining` agrees on the way."""
    rng = random.Random(9)
    world = World([1.0, 2.0, 1.5, 4.0, 1.0], [3.0, 1.0, 1.0, 2.0, 1.0])
    sizes, sent, rates = {}, {}, {}
    for k in range(200):
        source, destination = rng.sample(range(5), 2)
        sizes[k] = rng.uniform(0.0, 2.0)
        world.submit(rng.uniform(0, 60), k, source, destination, sizes[k])
    last = 0.0

    def integrate():
        nonlocal last
        for k, rate in rates.items():
            sent[k] = sent.get(k, 0.0) + rate * (world.now - last)
        last = world.now
        rates.clear()
        for k in sizes:
            if id(k) in world.fluid._flows:
                rates[k] = world.fluid.rate(k)
                assert world.fluid.remaining(k, world.now) == pytest.approx(sizes[k] - sent.get(k, 0.0), abs=1e-9)

    world.run(integrate)
    assert len(world.ended) == 200
    assert sent == pytest.approx(sizes, rel=1e-9, abs=1e-9)


def test_a_link_that_is_never_idle_does_not_drift():
    """After 20,000 flows back to back on a shared downlink the last one still ends at the bytes over the capacity."""
    world = World([3.0] * 3, [3.0] * 3)
    rng = random.Random(2)
    total = 0.0
    for k in range(20_000):
        size = rng.uniform(0.1, 1.0)
        total += size
        world.submit(0.0, k, k % 2, 2, size)
    world.run()
    halves = max(world.ended.values())
    assert halves == pytest.approx(total / 3.0, rel=1e-11)


def test_a_change_touches_only_the_flows_whose_rate_changes():
    """A start at one end of a long chain of halves leaves the links at its other end unsolved."""
    size = 40
    world = World([1.0] * size, [1.0] * size)
    for agent in range(0, size - 4, 2):
        world.submit(0.0, (agent, "right"), agent, agent + 1, 1e6)
        world.submit(0.0, (agent, "left"), agent + 2, agent + 1, 1e6)
    world.run(until=1.0)
    before = {link: link.since for link in (*world.fluid._uplinks, *world.fluid._downlinks)}
    world.fluid.submit(1.0, "new", size - 4, size - 3, 1.0)
    world.fluid.settle(1.0)
    changed = [link for link, since in before.items() if link.since != since]
    assert world.fluid.rate("new") == 0.5
    assert changed == [world.fluid._uplinks[size - 4]]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: max_min([(0, 0)], [0.0], [1.0]), "uplink[0] = 0.0 must be"),
        (lambda: Fluid([1.0], [math.nan], print, print), "downlink[0] = nan must be"),
        (lambda: Fluid([1.0], [1.0], list, print).submit(0.0, "m", 0, 0, -1.0), "size = -1.0 bytes of a flow must be"),
        (lambda: Fluid([1.0], [1.0], list, print).submit(0.0, "m", 0, 0, math.inf), "size = inf bytes of a flow must"),
    ],
)
def test_bad_capacities_and_sizes_are_refused(call, sentence):
    """One sentence with name, value and rule."""
    with pytest.raises(FlowError) as caught:
        call()
    assert sentence in str(caught.value)


def test_an_object_that_is_on_its_way_is_refused():
    """The object's identity is its name, so it can be submitted again only after its end."""
    world = World([1.0], [1.0])
    world.fluid.submit(0.0, "m", 0, 0, 1.0)
    with pytest.raises(FlowError, match="flow = 'm' must not be submitted again"):
        world.fluid.submit(0.0, "m", 0, 0, 1.0)
    world.run()
    world.fluid.submit(1.0, "m", 0, 0, 1.0)
    world.now = 1.0
    assert world.fluid.rate("m") == 0.0
