"""Critical paths: worlds in which they are known by hand, and what holds of them in every world."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.agent import Wait
from simulator.causes import (
    COMPUTING,
    DEADLINE,
    DOWN,
    LATENCY,
    LOST_WORK,
    SENT_AGAIN,
    SLEEPING,
    SLOWED,
    TRANSFER,
    WAITING,
    Causes,
    activity,
    critical_path,
)
from simulator.delays import Constant, Exponential, Uniform
from simulator.run import simulate
from simulator.stragglers import FixedSlowdown, RandomSlowdown, SlowPeriods
from simulator.world import Crash, LinkDown, Loss, Partition, RandomCrash, RandomLinkDown

ONE = {"latency": Constant(1.0)}


@pytest.fixture(scope="session")
def look(world):
    """Simulates a world and gives (its causes, its outcome)."""

    def simulated(*programs, observers=(), **parts):
        made = world(*programs, **parts)
        causes = Causes(made)
        return causes, simulate(made, [causes, *observers])

    return simulated


@pytest.fixture(scope="session")
def path(look):
    """Simulates a world and gives the pieces before the last resumption of an agent: (what, start, end, agent)."""

    def walked(*programs, of=0, **parts):
        causes, _ = look(*programs, **parts)
        return short(critical_path(causes, of, len(causes.tracks[of]) - 1))

    return walked


def short(pieces):
    """Pieces as tuples: (what, start, end, agent), of messages (what, start, end, sender, agent)."""
    return [
        (piece.what, piece.start, piece.end, *(() if piece.sender is None else (piece.sender,)), piece.agent)
        for piece in pieces
    ]


def ticks(steps=2, seconds=2.0, save=False):
    """A program that computes."""

    def program(agent):
        done = agent.saved["k"] if agent.saved else 0
        for k in range(done + 1, steps + 1):
            yield agent.compute(agent.problem, seconds)
            if save:
                agent.save(k=k)

    return program


def at(instant, *tags, to=0):
    """A program that sleeps, then sends one message of each tag."""

    def program(agent):
        yield agent.sleep(instant)
        for tag in tags:
            yield agent.send(to, tag)

    return program


def wants(*tags, timeout=None):
    """A program that receives one message of each tag."""

    def program(agent):
        for tag in tags:
            yield agent.receive(tag, timeout)

    return program


def gossip(agent):
    """Computes 1 s and mixes, round after round."""
    for k in agent.rounds():
        yield agent.compute(agent.problem, 1.0)
        yield agent.mix(k, np.zeros(1))
        agent.report(k)


def down(at_, after=None, memory="kept", agent=0):
    """One crash."""
    return Crash((agent,), at_, after, memory)


# ---- by hand


RING = [(0, 1), (1, 2), (2, 3), (3, 0)]


@pytest.mark.parametrize("of", [1, 2, 3])
def test_all_time_of_a_ring_goes_to_its_straggler(path, of):
    """Three times as slow as the others: a third of the time is its computing, two thirds are the slowdown."""
    found = path(*[gossip] * 4, of=of, edges=RING, rounds=3, stragglers=(FixedSlowdown((2,), 3.0),))
    assert found == [
        piece for k in (0.0, 3.0, 6.0) for piece in ((COMPUTING, k, k + 1.0, 2), (SLOWED, k + 1.0, k + 3.0, 2))
    ]


def test_who_is_two_links_away_from_a_straggler_lags_behind_its_neighbours(path):
    """The opposite agent of the ring ends its third round when a neighbour has used the straggler's second message."""
    found = path(*[gossip] * 4, of=0, edges=RING, rounds=3, network=ONE, stragglers=(FixedSlowdown((2,), 10.0),))
    assert found == [
        (COMPUTING, 0.0, 1.0, 2), (SLOWED, 1.0, 10.0, 2), (COMPUTING, 10.0, 11.0, 2), (SLOWED, 11.0, 20.0, 2),
        (LATENCY, 20.0, 21.0, 2, 3), (COMPUTING, 21.0, 22.0, 3), (LATENCY, 22.0, 23.0, 3, 0),
    ]  # fmt: skip


def asks(rounds=2, k=None, forced=(), timeout=None):
    """A server that asks everybody and waits."""

    def program(agent):
        for _ in range(rounds):
            yield agent.broadcast("ask", x=0.0)
            yield agent.gather("answer", k, forced, timeout)

    return program


def answers(seconds=1.0):
    """A worker that answers for ever."""

    def program(agent):
        while True:
            yield agent.receive("ask")
            yield agent.compute(agent.problem, seconds)
            yield agent.send(agent.neighbors[0], "answer", x=0.0)

    return program


STAR = [(0, 2), (1, 2)]


def test_a_slow_link_of_a_star_is_named(path):
    """Eight bytes over two bytes a second from worker 1: 4 s each round, beside 1 s of computing and 2 s of latency."""
    found = path(
        answers(), answers(), asks(1), of=2, edges=STAR, daemons=[0, 1],
        network={**ONE, "uplink": (1e300, 2.0, 1e300)},
    )  # fmt: skip
    assert found == [
        (LATENCY, 0.0, 1.0, 2, 1),
        (COMPUTING, 1.0, 2.0, 1),
        (LATENCY, 2.0, 3.0, 1, 2),
        (TRANSFER, 3.0, 7.0, 1, 2),
    ]


@pytest.mark.parametrize(("k", "forced", "last"), [(1, (), 0), (2, (), 1), (3, (), 2), (1, (2,), 2)])
def test_who_waits_for_the_first_waits_for_the_last_of_these(path, k, forced, last):
    """Workers take 1, 2 and 30 s: the path goes through the k-th, or through who is forced."""
    workers = [answers(seconds) for seconds in (1.0, 2.0, 30.0)]
    found = path(*workers, asks(1, k, forced), of=3, edges=[(0, 3), (1, 3), (2, 3)], daemons=[0, 1, 2])
    assert found == [(COMPUTING, 0.0, (1.0, 2.0, 30.0)[last], last)]


def test_a_deadline_is_waited_for_by_itself(path):
    """Whoever came in time and whoever did not: the server goes on at 2.5 s, and again at 5 s."""
    found = path(answers(1.0), answers(30.0), asks(2, timeout=2.5), of=2, edges=STAR, daemons=[0, 1])
    assert found == [(DEADLINE, 0.0, 2.5, 2), (DEADLINE, 2.5, 5.0, 2)]


@pytest.mark.parametrize("policy", ["latest", "deadline"])
def test_who_mixes_without_waiting_only_computes(path, policy):
    """Under `latest` a straggler delays itself alone; under `deadline` everybody waits until it is over."""
    wait = Wait(policy, seconds=4.0 if policy == "deadline" else None)
    found = path(gossip, gossip, rounds=2, wait=wait, stragglers=(FixedSlowdown((1,), 10.0),))
    each = [(COMPUTING, 0.0, 1.0, 0), (DEADLINE, 1.0, 5.0, 0), (COMPUTING, 5.0, 6.0, 0), (DEADLINE, 6.0, 10.0, 0)]
    assert found == (each if policy == "deadline" else [(COMPUTING, 0.0, 1.0, 0), (COMPUTING, 1.0, 2.0, 0)])


# ---- messages


def test_copies_that_were_lost_are_told_with_the_reason(look):
    """The link is down until 5 s: copies of 0, 2 and 4 s are lost, the one of 6 s comes at 7 s."""
    failures = (LinkDown(((0, 1),), 0.0, 5.0),)
    causes, _ = look(wants("x"), at(0.0, "x"), network={**ONE, "rto": 2.0}, failures=failures)
    found = critical_path(causes, 0, 1)
    again = [(SENT_AGAIN, 0.0, 2.0, 1, 0), (SENT_AGAIN, 2.0, 4.0, 1, 0), (SENT_AGAIN, 4.0, 6.0, 1, 0)]
    assert short(found) == [*again, (LATENCY, 6.0, 7.0, 1, 0)]
    assert {piece.why for piece in found[:3]} == {"link down"}
    assert found[3].why == ""


def test_copies_to_an_agent_that_is_down_are_told_with_the_reason(look):
    """Down from 3 to 6 s: the copy of 3 s is lost at 4 s, the one of 5 s comes at 6 s."""
    network = {**ONE, "rto": 2.0}
    causes, _ = look(wants("x"), at(3.0, "x"), network=network, failures=(down(3.5, 2.5),))
    found = critical_path(causes, 0, 1)
    assert short(found) == [(SLEEPING, 0.0, 3.0, 1), (SENT_AGAIN, 3.0, 5.0, 1, 0), (LATENCY, 5.0, 6.0, 1, 0)]
    assert found[1].why == "receiver down"


def test_a_copy_that_is_late_because_its_sender_is_down_is_told_apart(path):
    """Lost at 2 s and due again at 4 s, when the sender is down; it tries again 2 s later."""
    failures = (LinkDown(((0, 1),), 0.0, 3.0), down(3.5, 1.5, agent=1))
    found = path(wants("x"), at(2.0, "x"), network={**ONE, "rto": 2.0}, failures=failures)
    assert found == [
        (SLEEPING, 0.0, 2.0, 1), (SENT_AGAIN, 2.0, 4.0, 1, 0), (DOWN, 4.0, 6.0, 1), (LATENCY, 6.0, 7.0, 1, 0),
    ]  # fmt: skip


def test_a_message_held_back_by_an_earlier_one_waits_for_its_copy(look):
    """y comes at 5 s, but x, lost at 2.5 s, only with its copy of 4.5 s at 5.5 s."""

    def sender(agent):
        yield agent.sleep(2.5)
        yield agent.send(0, "x")
        yield agent.sleep(1.5)
        yield agent.send(0, "y")

    causes, _ = look(wants("y"), sender, network={**ONE, "rto": 2.0}, failures=(LinkDown(((0, 1),), 0.0, 3.0),))
    found = critical_path(causes, 0, 1)
    assert short(found)[2:] == [(LATENCY, 4.0, 5.0, 1, 0), (SENT_AGAIN, 5.0, 5.5, 1, 0)]
    assert found[3].why == "link down"


def test_a_message_lost_after_it_was_held_back_is_not_held_back_again(path):
    """y is there from 2.5 s on. x is given up at 3 s, when the receiver is down: y is lost then, and sent again."""

    def sender(agent):
        yield agent.send(0, "x")
        yield agent.sleep(1.5)
        yield agent.send(0, "y")

    failures = (LinkDown(((0, 1),), 0.0, 1.2), down(2.75, 0.75))
    found = path(wants("y"), sender, network={**ONE, "rto": 2.0, "tries": 2}, failures=failures)
    assert found == [(SLEEPING, 0.0, 1.5, 1), (SENT_AGAIN, 1.5, 3.5, 1, 0), (LATENCY, 3.5, 4.5, 1, 0)]


def test_the_notice_of_a_dropped_message_takes_the_messages_way(path):
    """Under a symmetric drop both ends hear after the link's latency that nothing comes."""
    network = {**ONE, "transport": "symmetric"}
    found = path(gossip, gossip, rounds=1, network=network, failures=(LinkDown(((0, 1),), 0.0),))
    assert found == [(COMPUTING, 0.0, 1.0, 1), (LATENCY, 1.0, 2.0, 1, 0)]


def test_at_one_instant_the_path_follows_what_was_sent_when(path):
    """Without any delay question and answer stand at the same instant: the question was there before the answer."""

    def asker(agent):
        yield agent.compute(agent.problem, 1.0)
        for _ in range(3):
            yield agent.send(1, "ask")
            yield agent.receive("answer")
        yield agent.compute(agent.problem, 2.0)

    def answerer(agent):
        while True:
            yield agent.receive("ask")
            yield agent.send(0, "answer")

    assert path(asker, answerer, daemons=[1]) == [(COMPUTING, 0.0, 1.0, 0), (COMPUTING, 1.0, 3.0, 0)]


def test_a_message_that_came_before_it_was_wanted_delays_nobody(path):
    """The receiver was busy until 5 s: the time is its own."""

    def busy(agent):
        yield agent.compute(agent.problem, 5.0)
        yield agent.receive("x")
        yield agent.compute(agent.problem, 1.0)

    assert path(busy, at(1.0, "x"), network=ONE) == [(COMPUTING, 0.0, 5.0, 0), (COMPUTING, 5.0, 6.0, 0)]


# ---- failures


def test_a_step_cut_short_is_lost_work(path):
    """Steps of 2 s, down from 3 to 4 s: the second is begun anew."""
    assert path(ticks(), failures=(down(3.0, 1.0),)) == [
        (COMPUTING, 0.0, 2.0, 0),
        (LOST_WORK, 2.0, 3.0, 0),
        (DOWN, 3.0, 4.0, 0),
        (COMPUTING, 4.0, 6.0, 0),
    ]


def test_a_step_cut_short_twice_is_lost_twice(path):
    """Down from 1 to 2 s and from 3 to 5 s; slowed by half of its 2 s."""
    found = path(ticks(1), failures=(down(1.0, 1.0), down(3.0, 2.0)), stragglers=(FixedSlowdown((0,), 1.5),))
    assert found == [
        (LOST_WORK, 0.0, 1.0, 0), (DOWN, 1.0, 2.0, 0), (LOST_WORK, 2.0, 3.0, 0), (DOWN, 3.0, 5.0, 0),
        (COMPUTING, 5.0, 7.0, 0), (SLOWED, 7.0, 8.0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("save", [True, False])
def test_with_memory_lost_everything_since_the_last_checkpoint_is_lost_work(path, save):
    """Steps of 2 s, down from 3 to 4 s: with a checkpoint at 2 s one second is lost, without one all three."""
    kept = [(COMPUTING, 0.0, 2.0, 0), (LOST_WORK, 2.0, 3.0, 0), (DOWN, 3.0, 4.0, 0), (COMPUTING, 4.0, 6.0, 0)]
    nothing = [(LOST_WORK, 0.0, 3.0, 0), (DOWN, 3.0, 4.0, 0), (COMPUTING, 4.0, 6.0, 0), (COMPUTING, 6.0, 8.0, 0)]
    assert path(ticks(save=save), failures=(down(3.0, 1.0, "lost"),)) == (kept if save else nothing)


def test_two_lives_without_a_checkpoint_are_lost_together(path):
    """The second life ended before it had saved anything, too."""
    failures = (down(1.0, 1.0, "lost"), down(3.0, 1.0, "lost"))
    assert path(ticks(1), failures=failures) == [
        (LOST_WORK, 0.0, 1.0, 0), (DOWN, 1.0, 2.0, 0), (LOST_WORK, 2.0, 3.0, 0), (DOWN, 3.0, 4.0, 0),
        (COMPUTING, 4.0, 6.0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("after", "late"), [(1.0, []), (4.0, [(DOWN, 5.0, 7.0, 0)])])
@pytest.mark.parametrize("what", [SLEEPING, DEADLINE])
def test_an_outage_counts_only_beyond_the_sleep_or_the_timeout_that_runs_on(path, what, after, late):
    """5 s from 0 on, down from 3 s: back in time it costs nothing, back at 7 s two seconds."""

    def program(agent):
        yield agent.sleep(5.0) if what == SLEEPING else agent.receive(timeout=5.0)

    assert path(program, None, failures=(down(3.0, after),)) == [(what, 0.0, 5.0, 0), *late]


def test_an_outage_in_which_nothing_was_missed_costs_nothing(path):
    """Down from 3 to 4 s while it waits for what comes at 6 s: the time is the sender's."""
    assert path(wants("x"), at(6.0, "x"), failures=(down(3.0, 1.0),)) == [(SLEEPING, 0.0, 6.0, 1)]


# ---- what an agent did


def test_activity_says_who_computed_waited_slept_and_was_down(look):
    """Cut to the interval asked for; a step that was cut short, or that runs still, is computing."""

    def program(agent):
        yield agent.compute(agent.problem, 2.0)
        yield agent.receive(timeout=1.0)
        yield agent.sleep(1.0)
        yield agent.compute(agent.problem, 10.0)

    causes, _ = look(program, None, failures=(down(5.0, 1.0),), seconds=8.0)
    whole = [
        (COMPUTING, 0.0, 2.0, 0), (WAITING, 2.0, 3.0, 0), (SLEEPING, 3.0, 4.0, 0), (COMPUTING, 4.0, 5.0, 0),
        (DOWN, 5.0, 6.0, 0), (COMPUTING, 6.0, 8.0, 0),
    ]  # fmt: skip
    assert short(activity(causes, 0, 0.0, 8.0)) == whole
    assert short(activity(causes, 0, 2.5, 4.5)) == [
        (WAITING, 2.5, 3.0, 0), (SLEEPING, 3.0, 4.0, 0), (COMPUTING, 4.0, 4.5, 0),
    ]  # fmt: skip
    assert short(activity(causes, 1, 1.0, 8.0)) == [(WAITING, 1.0, 8.0, 1)]


def test_activity_before_a_death_that_forgot_everything(look):
    """What was cut off is told by whether a step was running."""
    causes, _ = look(ticks(1, 5.0), wants("x"), failures=(down(3.0, 1.0, "lost"), down(3.0, 1.0, "lost", 1)), seconds=6)
    assert short(activity(causes, 0, 0.0, 6.0)) == [
        (COMPUTING, 0.0, 3.0, 0), (DOWN, 3.0, 4.0, 0), (COMPUTING, 4.0, 6.0, 0),
    ]  # fmt: skip
    assert short(activity(causes, 1, 0.0, 6.0)) == [
        (WAITING, 0.0, 3.0, 1), (DOWN, 3.0, 4.0, 1), (WAITING, 4.0, 6.0, 1),
    ]  # fmt: skip


def test_reports_know_where_they_stand(look):
    """Their rounds, and the position whose instant is theirs."""
    causes, _ = look(gossip, gossip, rounds=3)
    track = causes.tracks[0]
    assert [*track.rounds] == [1, 2, 3]
    assert [track.times[position] for position in track.reports] == [1.0, 2.0, 3.0]


def test_who_is_down_at_an_instant(look):
    """From the instant of the failure on, no more at that of the recovery."""
    causes, _ = look(ticks(), failures=(down(3.0, 1.0),))
    assert [causes.tracks[0].is_down(time) for time in (2.0, 3.0, 3.5, 4.0, 5.0)] == [False, True, True, False, False]


# ---- in every world


def wanderer(agent):
    """Does anything at random, by its own stream, until the time is up."""
    for k in agent.rounds():
        match int(agent.rng.integers(6)):
            case 0:
                yield agent.send(int(agent.rng.choice(agent.neighbors)), "x", x=np.zeros(int(agent.rng.integers(40))))
            case 1:
                yield agent.broadcast("x", x=np.zeros(int(agent.rng.integers(40))))
            case 2:
                yield agent.compute(agent.problem, float(agent.rng.exponential()))
            case 3:
                yield agent.receive("x", timeout=float(agent.rng.choice([0.0, 1.0, 5.0])))
            case 4:
                yield agent.gather("x", 1, timeout=float(agent.rng.exponential()))
            case 5:
                yield agent.sleep(float(agent.rng.exponential()))
        if agent.rng.random() < 0.3:
            agent.save(k=k)


def gossiper(agent):
    """Computes and mixes, round after round."""
    for k in agent.rounds((agent.saved or {"k": 0})["k"] + 1):
        yield agent.compute(agent.problem, float(agent.rng.exponential()))
        yield agent.mix(k, np.zeros(5))
        agent.report(k)
        agent.save(k=k)


MEMORY = st.sampled_from(["kept", "lost"])
INSTANT = st.floats(0.0, 30.0)
FAILURES = st.one_of(
    st.just(()),
    st.builds(lambda at, after, m: (Crash((0, 1), at, after, m),), INSTANT, st.floats(0.5, 20.0), MEMORY),
    st.builds(lambda m: (RandomCrash((0, 1), Exponential(6.0), Exponential(2.0), m),), MEMORY),
    st.builds(lambda at, long: (LinkDown(((0, 1),), at, long),), INSTANT, st.floats(1.0, 30.0)),
    st.builds(
        lambda m: (
            RandomLinkDown(((0, 1), (1, 2)), Exponential(4.0), Exponential(2.0)),
            RandomCrash((1, 2), Exponential(6.0), Exponential(2.0), m),
        ),
        MEMORY,
    ),
    st.builds(lambda at, long: (Partition(((0,),), at, long),), INSTANT, st.floats(1.0, 20.0)),
)
NETWORKS = st.fixed_dictionaries(
    {
        "sharing": st.sampled_from(["none", "fifo", "fair"]),
        "transport": st.sampled_from(["retransmit", "retransmit", "datagram", "symmetric"]),
        "loss": st.sampled_from([Loss(), Loss(0.3), Loss(0.05, 0.9, 0.2, 0.5)]),
        "latency": st.sampled_from([Constant(0.0), Uniform(0.1, 1.0)]),
        "jitter": st.sampled_from([Constant(0.0), Exponential(0.5)]),
        "uplink": st.sampled_from([200.0, np.inf]),
        "downlink": st.sampled_from([200.0, np.inf]),
        "rto": st.sampled_from([0.3, 3.0]),
        "tries": st.sampled_from([1, 3, 50]),
    }
)
STRAGGLERS = st.sampled_from(
    [
        (),
        (FixedSlowdown((0,), 3.0),),
        (FixedSlowdown((1,), 0.5), RandomSlowdown(None, Exponential(1.0))),
        (SlowPeriods((0, 1), Exponential(5.0), Exponential(5.0), 7.0),),
    ]
)
WAITS = st.sampled_from(
    [
        Wait(),
        Wait("first", k=1),
        Wait("first", k=1, staleness=3),
        Wait("latest"),
        Wait("latest", staleness=2),
        Wait("deadline", seconds=1.5),
    ]
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_pieces_are_exactly_the_time_and_each_of_them_happened(look, new_log, data):
    """From 0 to any resumption of any agent, without gap or overlap, whatever the network, failures and policy; every
    step on the path was computed, every message was sent and came, every outage was one.
    """
    log = new_log()
    causes, outcome = look(
        *[data.draw(st.sampled_from([wanderer, gossiper])) for _ in range(data.draw(st.integers(3, 5)))],
        network=data.draw(NETWORKS),
        failures=data.draw(FAILURES),
        stragglers=data.draw(STRAGGLERS),
        wait=data.draw(WAITS),
        header=20,
        seconds=40.0,
        seed=data.draw(st.integers(0, 1000)),
        observers=[log],
    )
    for agent, track in enumerate(causes.tracks):
        for position in {len(track) - 1, *data.draw(st.lists(st.integers(0, len(track) - 1), max_size=5))}:
            pieces = critical_path(causes, agent, position)
            tiles(pieces, 0.0, track.times[position])
            happened(pieces, log)
        done = activity(causes, agent, 0.0, outcome.simulated_s)
        tiles(done, 0.0, outcome.simulated_s)
        meter = outcome.meters[agent]
        assert spent(done, COMPUTING) == pytest.approx(meter.computing_s, abs=1e-9)
        assert spent(done, DOWN) == pytest.approx(meter.down_s, abs=1e-9)


def tiles(pieces, start, end):
    """Assert that pieces fill an interval: the sum of their lengths is its length, without rounding."""
    assert all(piece.start < piece.end for piece in pieces)
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert [piece.start for piece in pieces[:1]] == [start] * (start < end)
    assert [piece.end for piece in pieces[-1:]] == [end] * (start < end)
    assert sum(Fraction(piece.end) - Fraction(piece.start) for piece in pieces) == Fraction(end) - Fraction(start)


def happened(pieces, log):
    """Assert that what a path tells was announced by the simulator's other hooks."""
    computed = {(agent, start, end) for end, agent, start in log.of("computed")}
    failed, recovered = set(log.of("failed")), set(log.of("recovered"))
    sent = {(now, sender, to) for now, sender, to, _ in log.of("sent")}
    came = {(now, sender, to) for now, sender, to, _ in log.of("delivered")}
    came |= {(now, sender, to) for now, sender, to, _, why in log.of("lost") if why == "dropped"}
    lost = {(sender, to, why) for _, sender, to, _, why in log.of("lost")}
    for before, piece, after in zip((None, *pieces), pieces, (*pieces[1:], None), strict=False):
        follows = after is not None and (after.agent, after.sender) == (piece.agent, piece.sender)
        match piece.what:
            case "computing" if not (follows and after.what == SLOWED):
                assert (piece.agent, piece.start, piece.end) in computed
            case "slowed down":
                assert (piece.agent, before.start, piece.end) in computed
                assert (before.what, before.agent) == (COMPUTING, piece.agent)
            case "lost work":
                assert (piece.end, piece.agent) in failed
            case "down" if after is None or after.sender is None:
                assert (piece.end, piece.agent) in recovered
            case "sent again":
                assert (piece.sender, piece.agent, piece.why) in lost
            case "latency":
                assert (piece.start, piece.sender, piece.agent) in sent
                assert follows or (piece.end, piece.sender, piece.agent) in came
            case "transfer" if not follows:
                assert (piece.end, piece.sender, piece.agent) in came


def spent(pieces, what):
    """Seconds of one kind."""
    return sum(piece.end - piece.start for piece in pieces if piece.what == what)


def test_listening_changes_nothing(world):
    """The same fingerprint with and without."""
    parts = {"rounds": 5, "network": {**ONE, "loss": Loss(0.2)}, "failures": (down(2.0, 1.0, "lost"),), "seconds": 50.0}
    made = world(gossiper, gossiper, gossiper, **parts)
    assert simulate(made, [Causes(made)]).fingerprint == simulate(made).fingerprint
