"""The agent's calls on the event loop: hand-worked instants and values, and every misuse."""

import itertools

import numpy as np
import pytest

from simulator.agent import Wait
from simulator.delays import Constant
from simulator.errors import BadYield, OutsideCompute, ProgramError, SimulationError
from simulator.run import simulate
from simulator.world import AgentSpec, Compute, Crash, Loss, Record, Stop, World

LATER = {"latency": Constant(1.0)}


def at(instant, tag, **values):
    """A program that sends one message to agent 0 at an instant."""

    def program(agent):
        yield agent.sleep(instant)
        yield agent.send(0, tag, **values)

    return program


def sends(*plan, to=0):
    """A program that sends (instant, tag, value) one after the other."""

    def program(agent):
        for instant, tag, value in plan:
            yield agent.sleep(instant - agent.now)
            yield agent.send(to, tag, v=value)

    return program


def values(messages):
    """Sender -> value of what `gather` gave."""
    return {sender: message["v"] for sender, message in messages.items()}


# ---- compute


def test_compute_yields_the_result_and_lets_its_cost_pass(run):
    """Operations / speed + overhead seconds pass, and the work ran at the start of them."""
    seen = []

    def program(agent):
        def work(x):
            seen.append(agent.now)
            agent.problem(6.0)
            agent.problem(2.0)
            return 2 * x

        result = yield agent.compute(work, 21)
        seen.extend([result, agent.now])

    outcome = run(program, compute=Compute(speed=4.0, overhead=0.5))
    assert seen == [0.0, 42, 2.5]
    assert outcome.meters[0].oracle_calls == {"work": 2}
    assert outcome.meters[0].operations == 8.0
    assert outcome.meters[0].computing_s == 2.5


def test_compute_where_false_yields_otherwise_and_charges_nothing(run):
    """A step that is left out neither runs nor costs, and takes no draw."""
    seen = []

    def program(agent):
        value = yield agent.compute(agent.problem, 5.0, "ran", where=False, otherwise="skipped")
        seen.extend([value, agent.now])
        value = yield agent.compute(agent.problem, 5.0, "ran", where=True, otherwise="skipped")
        seen.extend([value, agent.now])

    outcome = run(program)
    assert seen == ["skipped", 0.0, "ran", 5.0]
    assert outcome.meters[0].oracle_calls == {"work": 1}


def test_compute_without_oracles_or_without_tally_is_free(run):
    """Arithmetic of the program's own costs nothing, nor does any step of an agent without a tally."""
    seen = []

    def program(agent):
        seen.append((yield agent.compute(lambda: 7)))
        seen.append(agent.now)

    run(program, compute=Compute(speed=1.0, overhead=3.0))
    simulate(World((AgentSpec(program, ()),), compute=Compute(overhead=3.0), stop=Stop(10.0)))
    assert seen == [7, 0.0, 7, 0.0]


# ---- send, broadcast, receive


def test_send_goes_on_at_once_and_the_message_says_what_it_is(run):
    """The sender's clock stands still; the receiver gets sender, tag, payload, size with header and instant."""
    seen = []

    def sender(agent):
        yield agent.sleep(2.0)
        yield agent.send(1, "tag", x=np.arange(3.0), n=4)
        seen.append(agent.now)

    def receiver(agent):
        message = yield agent.receive()
        seen.append((agent.now, message.sender, message.to, message.tag, message.size, message.sent_at))
        seen.append((message["x"].tolist(), message["n"], dict(message.payload).keys()))

    run(sender, receiver, network=LATER, header=16)
    assert seen == [2.0, (3.0, 0, 1, "tag", 16 + 24 + 8, 2.0), ([0.0, 1.0, 2.0], 4, {"x", "n"})]


def test_broadcast_reaches_every_neighbour_and_nobody_else(run, log):
    """One message to each neighbour, in order of their ids; its array is read-only for all of them."""
    seen = {}

    def sender(agent):
        yield agent.broadcast("x", x=np.ones(2))

    def receiver(agent):
        message = yield agent.receive("x", timeout=5.0)
        seen[agent.id] = message and message["x"].flags.writeable

    run(receiver, receiver, sender, receiver, edges=[(2, 0), (2, 3), (0, 1)], observers=[log])
    assert [entry[2] for entry in log.of("sent")] == [0, 3]
    assert seen == {0: False, 3: False, 1: None}


def test_receive_takes_messages_in_order_of_arrival(run):
    """Without a tag whatever came first; with a tag the first of that tag, the others keep their places."""
    seen = []

    def receiver(agent):
        yield agent.sleep(10.0)
        for tag in ("b", None, None, "b", None):
            message = yield agent.receive(tag)
            seen.append(message["v"])

    plan = [(1.0, "a", 1), (2.0, "a", 2), (3.0, "b", 3), (5.0, "a", 5), (6.0, "b", 6)]
    run(receiver, sends(*plan))
    assert seen == [3, 1, 2, 6, 5]


def test_receive_times_out_with_none(run):
    """After `timeout` seconds the answer is None, and no earlier."""
    seen = []

    def program(agent):
        message = yield agent.receive("never", timeout=2.5)
        seen.append((message, agent.now))

    run(program, None)
    assert seen == [(None, 2.5)]


def test_a_message_that_arrives_at_the_deadline_is_in_time(run):
    """Deliveries come before timers of the same instant."""
    seen = []

    def program(agent):
        message = yield agent.receive(timeout=3.0)
        seen.append(message and message["v"])

    run(program, at(2.0, "x", v=1), network=LATER)
    assert seen == [1]


def test_a_receive_that_timed_out_swallows_nothing(run):
    """What comes after a timeout goes to the next receive, and to it alone, every time."""
    seen = []

    def program(agent):
        for _ in range(7):
            message = yield agent.receive("x", timeout=1.0)
            seen.append(message and message["v"])
        rest = yield agent.receive(timeout=0.0)
        seen.append(rest)

    run(program, sends((2.5, "x", 1), (2.75, "x", 2), (5.25, "x", 3)))
    assert seen == [None, None, 1, 2, None, None, 3, None]


def test_a_timeout_that_lost_does_not_ring_later(run):
    """A message ends the wait; the old timeout disturbs no later call."""
    seen = []

    def program(agent):
        yield agent.receive(timeout=5.0)
        yield agent.receive("other", timeout=50.0)
        seen.append(agent.now)

    run(program, at(1.0, "x"))
    assert seen == [51.0]


def test_a_message_for_another_tag_does_not_wake(run):
    """Only what is waited for ends a wait; the rest is queued."""
    seen = []

    def program(agent):
        message = yield agent.receive("b")
        seen.append((message["v"], agent.now))
        message = yield agent.receive("a")
        seen.append((message["v"], agent.now))

    run(program, sends((1.0, "a", 1), (2.0, "b", 2)))
    assert seen == [(2, 2.0), (1, 2.0)]


# ---- gather


def gathered(run, calls, *others, **parts):
    """What agent 0 gets from a row of gathers: (values, instant) each."""
    seen = []

    def program(agent):
        for wait, kwargs in calls:
            yield agent.sleep(wait)
            messages = yield agent.gather("x", **kwargs)
            seen.append((values(messages), agent.now))
            assert list(messages) == sorted(messages)

    run(program, *others, **parts)
    return seen


def test_gather_waits_for_all_neighbours(run):
    """The default is one message of every neighbour, in order of sender, when the last has come."""
    others = [at(instant, "x", v=instant) for instant in (3.0, 1.0, 2.0)]
    assert gathered(run, [(0.0, {})], *others) == [({1: 3.0, 2: 1.0, 3: 2.0}, 3.0)]


def test_gather_takes_the_first_k_and_leaves_the_rest_queued(run):
    """The first two end the wait; the third stays for the next call."""
    others = [at(instant, "x", v=instant) for instant in (3.0, 1.0, 2.0)]
    calls = [(0.0, {"k": 2}), (5.0, {"k": 1})]
    assert gathered(run, calls, *others) == [({2: 1.0, 3: 2.0}, 2.0), ({1: 3.0}, 7.0)]


def test_gather_counts_what_came_before(run):
    """Of three messages that wait, the two that came first are taken."""
    others = [at(instant, "x", v=instant) for instant in (3.0, 1.0, 2.0)]
    calls = [(9.0, {"k": 2}), (0.0, {"k": 1})]
    assert gathered(run, calls, *others) == [({2: 1.0, 3: 2.0}, 9.0), ({1: 3.0}, 9.0)]


def test_gather_counts_a_sender_once(run):
    """A second message of one sender does not stand for another sender; it is the first of the next call."""
    others = [sends((1.0, "x", 10), (2.0, "x", 11)), at(4.0, "x", v=20), None]
    calls = [(0.0, {"k": 2}), (0.0, {"k": 1})]
    assert gathered(run, calls, *others) == [({1: 10, 2: 20}, 4.0), ({1: 11}, 4.0)]


def test_gather_waits_for_the_forced_senders(run):
    """With k = 1 and agent 1 forced, the wait lasts until agent 1 has come; who came before it comes with it."""
    others = [at(instant, "x", v=instant) for instant in (3.0, 1.0, 4.0)]
    calls = [(0.0, {"k": 1, "forced": (1,)}), (0.0, {"k": 1})]
    assert gathered(run, calls, *others) == [({1: 3.0, 2: 1.0}, 3.0), ({3: 4.0}, 4.0)]


def test_gather_of_nobody_but_the_forced(run):
    """k = 0 waits for the forced alone, and for nobody if there are none."""
    others = [at(3.0, "x", v=3), None]
    assert gathered(run, [(0.0, {"k": 0}), (0.0, {"k": 0, "forced": [1]})], *others) == [({}, 0.0), ({1: 3}, 3.0)]


def test_gather_times_out_with_what_has_come(run):
    """After the timeout it yields what is there, perhaps nothing; the late message is not lost."""
    others = [at(1.0, "x", v=1), at(4.0, "x", v=4)]
    calls = [(0.0, {"timeout": 2.0}), (0.0, {"timeout": 1.0}), (3.0, {"k": 1})]
    assert gathered(run, calls, *others) == [({1: 1}, 2.0), ({}, 3.0), ({2: 4}, 6.0)]


@pytest.mark.parametrize("kwargs", [{"k": 3}, {"forced": (5,)}, {"forced": (0,)}])
def test_gather_refuses_more_senders_than_there_are(run, kwargs):
    """Waiting for more senders than neighbours, or for a stranger, would be for ever: refused with their names."""
    with pytest.raises(ProgramError, match=r"agent 0 cannot gather from .* its neighbours are \(1, 2\)"):
        gathered(run, [(0.0, kwargs)], None, None)


# ---- mix


def mixed(run, starts, rounds=1, until=None, wait=None, **parts):
    """Instants and values of a scalar mix of all agents that begin at `starts`, with values 2^id."""
    seen = {}

    def program(agent):
        x = np.array([2.0**agent.id])
        for k in agent.rounds():
            if k == 1:
                yield agent.sleep(starts[agent.id])
            (x,) = yield agent.mix(k, x)
            seen.setdefault(agent.id, []).append((agent.now, float(x[0])))

    run(*[program] * len(starts), rounds=rounds, wait=wait or Wait(), **parts)
    return seen


def test_mix_is_the_weighted_mean_of_all_neighbours(run):
    """Under `all` every agent waits for the last one and gets sum_j w_ij z_j."""
    assert mixed(run, [0.0, 1.0, 5.0]) == {i: [(5.0, pytest.approx(7 / 3))] for i in range(3)}


def test_mix_keeps_rounds_apart(run):
    """A fast neighbour's next round waits its turn: two rounds of averaging on a path of three."""
    seen = mixed(run, [0.0, 0.0, 4.0], rounds=2, edges=[(0, 1), (1, 2)])
    first = {0: (1 + 2) / 2, 1: 7 / 3, 2: 3.0}
    second = {0: (first[0] + first[1]) / 2, 1: sum(first.values()) / 3, 2: (first[1] + first[2]) / 2}
    assert {i: [value for _, value in rounds] for i, rounds in seen.items()} == {
        i: pytest.approx([first[i], second[i]]) for i in range(3)
    }
    assert [instant for instant, _ in seen[0]] == [0.0, 4.0]


def test_mix_of_several_arrays_keeps_their_shapes(run):
    """Arrays of any shape travel in one message of their total size and come back in their shapes."""
    seen = {}

    def program(agent):
        a, b, c = np.full((2, 3), 1.0 * agent.id), np.full(4, 10.0 * agent.id), np.float64(agent.id) * np.ones(())
        seen[agent.id] = yield agent.mix(1, a, b, c)

    outcome = run(program, program, header=40)
    for arrays in seen.values():
        assert [array.shape for array in arrays] == [(2, 3), (4,), ()]
        assert [float(array.max()) for array in arrays] == [0.5, 5.0, 0.5]
    assert outcome.meters[0].messages_sent == 1
    assert outcome.meters[0].bytes_sent == 40 + 8 * 11


@pytest.mark.parametrize("policy", ["all", "latest"])
def test_slots_tell_exchanges_of_one_round_apart(run, policy):
    """Two mixes of one round with different slots do not meet each other's messages."""
    seen = {}

    def program(agent):
        (x,) = yield agent.mix(1, np.array([1.0 + agent.id]))
        yield agent.sleep(1.0)
        (y,) = yield agent.mix(1, np.array([100.0 + agent.id]), slot="y")
        yield agent.sleep(1.0)
        (z,) = yield agent.mix(2, np.array([200.0]), slot="y")
        seen[agent.id] = (float(x[0]), float(y[0]), float(z[0]))

    run(program, program, wait=Wait(policy))
    if policy == "all":
        assert seen == {0: (1.5, 100.5, 200.0), 1: (1.5, 100.5, 200.0)}
    else:  # nothing has come when agent 0 mixes, and its message when agent 1 does, at the same instant
        assert seen == {0: (1.0, 100.0, 150.5), 1: (2.0, 100.5, 200.0)}


def test_mix_first_waits_for_k_others(run):
    """`first` with k = 1: agent 0 goes on when the first neighbour is heard, the other's weight stays with itself."""
    seen = mixed(run, [0.0, 1.0, 5.0], wait=Wait("first", k=1))
    assert seen[0] == [(1.0, pytest.approx((1 + 2 + 1) / 3))]
    assert seen[1] == [(1.0, pytest.approx((1 + 2 + 2) / 3))]
    assert seen[2] == [(5.0, pytest.approx((1 + 2 + 4) / 3))]


def test_mix_latest_does_not_wait(run):
    """`latest`: who was never heard gives its weight back, who was heard once is represented by that."""
    seen = {}

    def program(agent):
        for k in (1, 2):
            yield agent.sleep(1.0 if agent.id == 0 else 0.25)
            (x,) = yield agent.mix(k, np.array([10.0 * k + agent.id]))
            seen.setdefault(agent.id, []).append((agent.now, float(x[0])))

    run(program, program, wait=Wait("latest"))
    assert seen[1] == [(0.25, 11.0), (0.5, 21.0)]
    assert seen[0] == [(1.0, (10.0 + 21.0) / 2), (2.0, (20.0 + 21.0) / 2)]


def test_mix_latest_with_a_bound_waits_for_who_is_too_stale(run):
    """With staleness 2 nobody is more than one round ahead of what it heard last; with staleness 1 all wait for all."""
    ends = {}

    def program(agent):
        for k in range(1, 6):
            yield agent.sleep(10.0 if agent.id == 0 else 1.0)
            yield agent.mix(k, np.zeros(1))
            ends.setdefault(agent.id, []).append(agent.now)

    run(program, program, wait=Wait("latest", staleness=2))
    assert ends[0] == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert ends[1] == [1.0, 10.0, 20.0, 30.0, 40.0]
    ends.clear()
    run(program, program, wait=Wait("latest", staleness=1))
    assert ends[0] == ends[1] == [10.0, 20.0, 30.0, 40.0, 50.0]


def test_mix_deadline_waits_so_long_and_no_longer(run):
    """`deadline`: everybody in time is in the mean, and once all have come nobody waits on."""
    seen = mixed(run, [0.0, 1.0, 5.0], wait=Wait("deadline", seconds=2.0))
    assert seen[0] == [(2.0, pytest.approx((1 + 2 + 1) / 3))]
    assert seen[1] == [(3.0, pytest.approx((1 + 2 + 2) / 3))]
    assert seen[2] == [(5.0, pytest.approx((1 + 2 + 4) / 3))]


def test_mix_never_replaces_news_by_older_news(run):
    """An agent that stands at an earlier round uses a neighbour's later message as it is."""
    seen = {}

    def program(agent):
        for k in (1, 2, 3):
            yield agent.sleep(0.1 if agent.id else 5.0)
            (x,) = yield agent.mix(k, np.array([100.0 * agent.id + k]))
            seen.setdefault(agent.id, []).append(float(x[0]))

    run(program, program, wait=Wait("latest"))
    assert seen[0] == [(1 + 103) / 2, (2 + 103) / 2, (3 + 103) / 2]


def test_mix_keeps_the_newest_of_a_neighbour_that_starts_anew(run):
    """Agent 1 reaches round 3, loses its memory and sends rounds 1 and 2 again: they do not replace round 3."""
    seen = []

    def program(agent):
        if agent.id == 0:
            yield agent.sleep(9.0)
            (x,) = yield agent.mix(1, np.zeros(1))
            seen.append(float(x[0]))
            return
        agent.save(lives=(agent.saved or {"lives": 0})["lives"] + 1)
        for k in range(1, 5 - agent.saved["lives"]):
            yield agent.mix(k, np.array([2.0 * k]))
            yield agent.sleep(1.0)
        yield agent.sleep(20.0)

    run(program, program, wait=Wait("latest"), failures=(Crash((1,), 5.0, 1.0, "lost"),))
    assert seen == [3.0]


@pytest.mark.parametrize("policy", [Wait(), Wait("latest"), Wait("first", k=1)])
def test_a_symmetric_drop_gives_the_weight_back_at_both_ends(run, policy):
    """Where every edge is dropped in every round, all agents keep their own value, and nobody waits for ever."""
    seen = mixed(run, [0.0, 0.0], rounds=3, wait=policy, network={"transport": "symmetric", "loss": Loss(1.0), **LATER})
    assert [value for _, value in seen[0]] == [1.0, 1.0, 1.0]
    assert [value for _, value in seen[1]] == [2.0, 2.0, 2.0]


def test_symmetric_drops_keep_the_sum_of_all_agents(run):
    """With symmetric weights, drops in both directions leave the mean where it was, exactly as the mixing does."""
    totals = {}

    def program(agent):
        x = np.array([2.0**agent.id])
        for k in agent.rounds():
            (x,) = yield agent.mix(k, x)
            totals[k] = totals.get(k, 0.0) + float(x[0])

    outcome = run(*[program] * 5, rounds=30, network={"transport": "symmetric", "loss": Loss(0.4)})
    assert sum(meter.messages_lost for meter in outcome.meters) > 100
    assert totals == {k: pytest.approx(31.0, rel=1e-12) for k in range(1, 31)}


def test_a_mix_does_not_take_a_programs_own_message(run):
    """A message whose tag is the round's number is none of that round's mix."""
    seen = {}

    def program(agent):
        yield agent.broadcast(1, v=7.0)
        (x,) = yield agent.mix(1, np.array([float(agent.id)]))
        messages = yield agent.gather(1)
        seen[agent.id] = (float(x[0]), values(messages))

    run(program, program)
    assert seen == {0: (0.5, {1: 7.0}), 1: (0.5, {0: 7.0})}


def test_arrays_that_do_not_fit_are_a_mistake_of_a_program(run):
    """Neighbours that mix arrays of different lengths: the error names the agent and the instant."""

    def program(agent):
        yield agent.sleep(1.0)
        yield agent.mix(1, np.zeros(2 + agent.id))

    with pytest.raises(ProgramError, match="failed at 2 s"):
        run(program, program, network=LATER)


def test_an_agent_alone_mixes_with_itself(run):
    """A network of one agent: broadcast reaches nobody, and mix gives back what it got."""
    seen = []

    def program(agent):
        yield agent.broadcast("x", x=1.0)
        messages = yield agent.gather("x")
        (x,) = yield agent.mix(1, np.array([3.0]))
        seen.extend([messages, float(x[0])])

    run(program)
    assert seen == [{}, 3.0]


# ---- what is sent stays as it was


def test_sent_and_reported_arrays_become_read_only(run):
    """Nothing is copied, so nothing may change afterwards: writing raises at once."""
    seen = []

    def program(agent):
        x, y = np.ones(2), np.ones(2)
        yield agent.broadcast("x", x=x)
        agent.report(1, y=y)
        seen.extend([x.flags.writeable, y.flags.writeable])

    run(program, None)
    assert seen == [False, False]


@pytest.mark.parametrize("shape", [(3,), (2, 2)])
def test_what_was_mixed_does_not_change_afterwards(run, shape):
    """A neighbour gets what was handed over, even if the program goes on working in place on its array."""
    seen = []

    def writer(agent):
        x = np.ones(shape)
        yield agent.mix(1, x)
        if x.flags.writeable:
            x[:] = 7.0

    def reader(agent):
        yield agent.sleep(2.0)
        (x,) = yield agent.mix(1, np.ones(shape))
        seen.append(float(x.max()))

    run(writer, reader, wait=Wait("latest"), network=LATER)
    assert seen == [1.0]


def test_the_result_of_a_mix_is_the_agents_own(run):
    """The mean may be changed in place."""

    def program(agent):
        (x,) = yield agent.mix(1, np.ones(2))
        x += 1.0

    assert run(program, program).status == "finished"


def test_the_wire_rounds_to_float32(run):
    """With a float32 wire values arrive rounded, in float64; arrays count 4 bytes a number, floats 8."""
    seen = []
    third = np.array([1 / 3, 1e-50])

    def sender(agent):
        yield agent.broadcast("x", x=third, n=np.arange(2), s=1 / 3)

    def receiver(agent):
        message = yield agent.receive()
        seen.append((message.size, message["x"].dtype, message["x"].tolist(), message["s"]))

    run(sender, receiver, network={"wire": "float32"})
    assert seen == [(8 + 16 + 8, np.dtype(float), [float(np.float32(1 / 3)), 0.0], 1 / 3)]
    assert third[0] == 1 / 3


@pytest.mark.parametrize(("network", "expected"), [({}, None), ({"wire": "float32"}, np.dtype(np.float32))])
def test_programs_can_ask_for_the_precision_of_the_wire(run, network, expected):
    """Those that encode numbers themselves need it."""
    seen = []

    def program(agent):
        seen.append(agent.wire)
        yield agent.sleep(1.0)

    run(program, network=network)
    assert seen == [expected]


def test_own_share_of_a_mix_is_not_rounded(run):
    """On a float32 wire the neighbour's part of the mean is rounded, the agent's own is not."""
    seen = {}

    def program(agent):
        (x,) = yield agent.mix(1, np.array([1 / 3 + agent.id]))
        seen[agent.id] = float(x[0])

    run(program, program, network={"wire": "float32"})
    assert seen[0] == 0.5 * (1 / 3) + 0.5 * float(np.float32(1 / 3 + 1))


# ---- sleep, rounds, report, save


def test_sleep_lets_time_pass(run):
    """Sleeps add up; a sleep of 0 seconds is allowed."""

    def program(agent):
        yield agent.sleep(1.5)
        yield agent.sleep(0.0)
        yield agent.sleep(0.25)

    assert run(program).simulated_s == 1.75


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
@pytest.mark.parametrize("call", ["sleep", "receive", "gather"])
def test_a_negative_duration_is_refused(run, call, seconds):
    """The clock never goes back: a negative or undefined duration is a mistake of the program."""

    def program(agent):
        yield agent.sleep(3.0)
        if call == "sleep":
            yield agent.sleep(seconds)
        else:
            yield getattr(agent, call)("x", timeout=seconds)

    with pytest.raises(ProgramError, match="agent 0 failed at 3 s"):
        run(program, None)


def test_rounds_end_by_the_stopping_rule(run):
    """Rounds go from 1, or from where one starts again, to the last; without a rule they do not end."""
    seen = {}

    def program(agent):
        seen["all"] = list(agent.rounds())
        seen["rest"] = list(agent.rounds(4))
        seen["none"] = list(agent.rounds(9))
        yield agent.sleep(1.0)

    def endless(agent):
        seen["endless"] = list(itertools.islice(agent.rounds(3), 4))
        yield agent.sleep(1.0)

    run(program, rounds=5)
    run(endless)
    assert seen == {"all": [1, 2, 3, 4, 5], "rest": [4, 5], "none": [], "endless": [3, 4, 5, 6]}


def test_the_agent_knows_its_place(run):
    """Id, neighbours in ascending order, weights with its own, waiting policy, nothing saved."""
    seen = {}

    def program(agent):
        seen[agent.id] = (agent.neighbors, agent.weights, agent.wait.policy, agent.saved, agent.now)
        yield agent.sleep(1.0)

    run(program, program, program, edges=[(2, 0), (1, 0)], wait=Wait("latest"))
    assert seen[0] == ((1, 2), {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}, "latest", None, 0.0)
    assert seen[2] == ((0,), {0: 0.5, 2: 0.5}, "latest", None, 0.0)


def test_save_is_seen_in_saved(run):
    """A checkpoint is a mapping of what was given, the latest one."""
    seen = []

    def program(agent):
        agent.save(k=1)
        agent.save(k=2, x="y")
        seen.append(dict(agent.saved))
        yield agent.sleep(1.0)

    run(program)
    assert seen == [{"k": 2, "x": "y"}]


def test_reports_cost_nothing(run):
    """A report takes no time and sends nothing."""

    def program(agent):
        for k in range(100):
            agent.report(k, x=np.zeros(3))
        yield agent.sleep(1.0)

    outcome = run(program, None)
    assert (outcome.simulated_s, outcome.meters[0].messages_sent) == (1.0, 0)


# ---- misuse


def forgotten(agent):
    """A call whose event is not yielded, then another."""
    agent.send(1, "x")
    yield agent.receive()


def foreign(agent):
    """Something else than an event is yielded."""
    yield 3


def twice(agent):
    """One event is yielded twice."""
    event = agent.sleep(1.0)
    yield event
    yield event


def unfinished(agent):
    """The last call's event is never yielded."""
    yield agent.sleep(1.0)
    agent.send(1, "x")


def stranger(agent):
    """A message to somebody who is no neighbour."""
    yield agent.send(2, "x")


def outside(agent):
    """An oracle evaluated outside compute."""
    yield agent.sleep(2.0)
    agent.problem(1.0)


def broken(agent):
    """An ordinary mistake."""
    yield agent.sleep(1.25)
    raise KeyError("momentum")


def broken_work(agent):
    """An ordinary mistake in a step."""
    yield agent.compute(lambda: 1 / 0)


def nameless(agent):
    """A payload of a kind nobody knows the size of."""
    yield agent.send(1, "x", text="hello")


@pytest.mark.parametrize(
    ("program", "sentence", "cause"),
    [
        (forgotten, "failed at 0 s: the event of its last call was never yielded", BadYield),
        (foreign, "failed at 0 s: it yielded something else", BadYield),
        (twice, "failed at 1 s: it yielded something else", BadYield),
        (unfinished, "failed at 1 s: it ended without yielding its last call's event", None),
        (stranger, r"failed at 0 s: agent 0 cannot send to agent 2: its neighbours are \(1,\)", SimulationError),
        (outside, "failed at 2 s: oracle work was evaluated outside agent.compute", OutsideCompute),
        (broken, "failed at 1.25 s: KeyError: 'momentum'", KeyError),
        (broken_work, "failed at 0 s: ZeroDivisionError: division by zero", ZeroDivisionError),
        (nameless, "failed at 0 s: .*nbits", Exception),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mistake_of_a_program_names_agent_and_instant(run, program, sentence, cause):
    """Every defect of a program ends the run with one sentence, and the original error chained."""
    with pytest.raises(ProgramError, match="the program of agent 0 " + sentence) as caught:
        run(program, None, None, edges=[(0, 1), (1, 2)])
    if cause is not None:
        assert isinstance(caught.value.__cause__, cause)


def test_a_program_that_is_no_generator_is_named(run):
    """A function without a yield is a mistake like any other."""
    with pytest.raises(ProgramError, match="agent 0"):
        run(lambda agent: None)


def test_an_agents_own_name_is_used():
    """Messages call an agent by its name."""
    spec = AgentSpec(foreign, (), name="the server")
    with pytest.raises(ProgramError, match="the program of the server failed"):
        simulate(World((spec,), stop=Stop(1.0), record=Record(None)))


def test_who_waits_at_the_end_is_in_the_outcome(run):
    """The outcome lists who waits, for whom, for which tag and since when."""

    def waiter(agent):
        yield agent.sleep(2.0)
        yield agent.gather("x")

    outcome = run(waiter, at(1.0, "x"), None, seconds=10.0)
    (first, second) = outcome.waiting
    assert (first.agent, first.missing, first.tag, first.since) == (0, (2,), "x", 2.0)
    assert (second.agent, second.tag, second.since) == (2, None, 0.0)
