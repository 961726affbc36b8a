"""The averaged problem as its server sees it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from algorithms.pieces.fleet import WHOLE, Draw, Fleet, Oracle, Vectors, serve
from problems import quadratic
from problems.metered import Metered
from simulator.agent import Agent, Program, Wait
from simulator.delays import Constant
from simulator.hooks import Observer
from simulator.message import Message
from simulator.run import simulate
from simulator.stragglers import FixedSlowdown
from simulator.tally import Tally
from simulator.world import AgentSpec, Compute, Crash, Loss, Network, Record, Stop, World

N, P, Q = 3, 2, 4
PROBLEM = quadratic.build(quadratic.Settings(dim_x=P, dim_y=Q, start_sd=1.0), agents=N, seed=1)
MEAN = PROBLEM.average()
X, Y, V = (np.random.default_rng(0).standard_normal(size) for size in (P, Q, Q))
TENTH = Compute(seconds_per_oracle=dict.fromkeys(("lower_hvp", "lower_grad_y"), 0.1))


class Sizes(Observer):
    """(sender, tag, bytes) of every message, without headers."""

    def __init__(self) -> None:
        self.sent_: list[tuple[int, Any, int]] = []

    def sent(self, now: float, message: Message) -> None:
        self.sent_.append((message.sender, message.tag, message.size))


def play(
    script: Callable[[Fleet, Agent], Program],
    oracles: Mapping[str, Oracle] | None = None,
    ask_again_after_s: float | None = None,
    locals_: Any = None,
    **world: Any,
) -> tuple[Any, list[tuple[int, Any, int]]]:
    """Run a server's script against workers that answer; the outcome, and all messages."""

    def server(agent: Agent) -> Program:
        yield from script(Fleet(agent, ask_again_after_s), agent)

    def spec(i: int) -> AgentSpec:
        tally = Tally()
        local = Metered(PROBLEM.local(i), tally.charge) if locals_ is None else locals_(i)
        return AgentSpec(partial(serve, oracles=oracles), (N,), problem=local, tally=tally, daemon=True)

    sizes = Sizes()
    specs = (*(spec(i) for i in range(N)), AgentSpec(server, tuple(range(N))))
    settings: dict[str, Any] = {"network": Network(header=0), "compute": TENTH, "stop": Stop(1e6)}
    outcome = simulate(World(specs, record=Record(None), **(settings | world)), [sizes])
    return outcome, sizes.sent_


def test_mean_is_the_averaged_problems_oracle() -> None:
    """A vector or a fused call; the answer is always a tuple."""
    seen: list[Vectors] = []

    def script(fleet: Fleet, agent: Agent) -> Program:
        seen.append((yield from fleet.mean("lower_hvp", x=X, y=Y, v=V)))
        seen.append((yield from fleet.mean("upper_grads", x=X, y=Y)))

    play(script)
    assert [len(answer) for answer in seen] == [1, 2]
    np.testing.assert_allclose(seen[0][0], MEAN.lower_hvp(X, Y, V), rtol=1e-13)
    for found, expected in zip(seen[1], MEAN.upper_grads(X, Y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_each_answer_by_its_worker() -> None:
    """Where the mean is not all that a method needs."""
    seen: list[dict[int, Vectors]] = []

    def script(fleet: Fleet, agent: Agent) -> Program:
        seen.append((yield from fleet.each("lower_hvp", x=X, y=Y, v=V)))

    play(script)
    assert list(seen[0]) == [0, 1, 2]
    for i, (product,) in seen[0].items():
        np.testing.assert_array_equal(product, PROBLEM.local(i).lower_hvp(X, Y, V))


def test_only_what_is_new_travels() -> None:
    """Products at a held point cost one vector each way; equal numbers in another array are sent again."""

    def script(fleet: Fleet, agent: Agent) -> Program:
        yield from fleet.mean("lower_hvp", x=X, y=Y, v=V)
        yield from fleet.mean("lower_hvp", x=X, y=Y, v=2.0 * V)
        yield from fleet.mean("lower_grad_y", x=X, y=Y)
        yield from fleet.mean("lower_grad_y", x=X, y=Y.copy())

    _, sent = play(script)
    assert [size // 8 for sender, _, size in sent if sender == N] == [P + 2 * Q] * N + [Q] * N + [0] * N + [Q] * N
    assert {size // 8 for sender, _, size in sent if sender < N} == {Q}


def test_members_alone_are_asked_and_latecomers_get_what_they_lack() -> None:
    """The mean is over the members; who joins later is sent the whole point."""
    seen: list[Vectors] = []

    def script(fleet: Fleet, agent: Agent) -> Program:
        fleet.members = (0, 2)
        seen.append((yield from fleet.mean("lower_grad_y", x=X, y=Y)))
        fleet.members = (1, 2)
        seen.append((yield from fleet.mean("lower_grad_y", x=X, y=Y)))

    _, sent = play(script)
    for (found,), members in zip(seen, ((0, 2), (1, 2)), strict=True):
        expected = np.mean([PROBLEM.local(i).lower_grad_y(X, Y) for i in members], axis=0)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert [size // 8 for sender, _, size in sent if sender == N] == [P + Q, P + Q, P + Q, 0]


class Coin:
    """A local problem whose oracles answer with the batch that they are given."""

    def draw(self, rng: np.random.Generator) -> Any:
        return rng.random(1)

    def shown(self, x: np.ndarray, batch: Any) -> np.ndarray:
        return np.array(batch)


def test_whole_data_is_no_batch() -> None:
    """Under that name nothing is drawn, and the batch before is still there afterwards."""
    seen: list[bool] = []
    before: list[float] = []

    def which(problem: Any, draw: Draw, x: np.ndarray) -> Vectors:
        batch = draw()
        seen.append(batch is None)
        return (x if batch is None else batch,)

    def script(fleet: Fleet, agent: Agent) -> Program:
        for name in (1, WHOLE, 1):
            fleet.batch = name
            before.append(float((yield from fleet.mean("which", x=X[:1]))[0][0]))

    play(script, {"which": which}, locals_=lambda i: Coin())
    assert seen == [False] * N + [True] * N + [False] * N
    assert before[0] == before[2] != before[1]


def test_batches_have_names() -> None:
    """Questions under one name share a batch, another name brings another, and without a name every draw does."""
    seen: list[float] = []

    def twice(problem: Any, draw: Draw, x: np.ndarray) -> Vectors:
        return problem.shown(x, draw()), problem.shown(x, draw())

    def script(fleet: Fleet, agent: Agent) -> Program:
        for name in (1, 1, 2, None, None):
            fleet.batch = name
            seen.extend(float(part[0]) for part in (yield from fleet.mean("twice", x=X)))

    play(script, {"twice": twice}, locals_=lambda i: Coin())
    assert seen[0] == seen[1] == seen[2] == seen[3] != seen[4] == seen[5]
    assert len({seen[0], *seen[4:]}) == 6


def descent(steps: int, found: list[np.ndarray]) -> Callable[[Fleet, Agent], Program]:
    """Some steps of gradient descent on y, by products at a fixed x."""

    def script(fleet: Fleet, agent: Agent) -> Program:
        y = Y
        for _ in range(steps):
            (slope,) = yield from fleet.mean("lower_grad_y", x=X, y=y)
            y = y - 0.01 * slope
        found.append(y)

    return script


def test_lost_questions_and_answers_are_asked_again() -> None:
    """A fifth of all messages is gone for good: the numbers are those of a network that loses nothing."""
    found: list[np.ndarray] = []
    network = Network(latency=Constant(0.05), loss=Loss(0.2), transport="datagram", header=0)
    play(descent(40, found))
    outcome, sent = play(descent(40, found), ask_again_after_s=0.5, network=network)
    assert outcome.status == "finished"
    assert len(sent) > 2 * N * 40
    np.testing.assert_array_equal(found[0], found[1])


def test_without_asking_again_a_lost_message_stalls_the_run() -> None:
    """Nobody speaks up: the run says so."""
    network = Network(loss=Loss(0.2), transport="datagram", header=0)
    assert play(descent(40, []), network=network)[0].status == "stalled"


@pytest.mark.parametrize("patience", [0.05, 0.15])
def test_impatience_costs_messages_and_changes_nothing(patience: float) -> None:
    """Questions repeated while the worker computes are answered once or twice, and counted once."""
    found: list[np.ndarray] = []
    play(descent(10, found))
    outcome, sent = play(descent(10, found), ask_again_after_s=patience, stragglers=(FixedSlowdown((1,), 3.0),))
    assert outcome.status == "finished"
    assert len(sent) > 2 * N * 10
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("instant", [1.05, 1.104, 1.11, 1.119])
@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_crashed_worker_answers_its_last_question_again(instant: float, memory: str) -> None:
    """During a step, with the answer or with the next question under way: nothing counts twice, nothing is lost."""
    found: list[np.ndarray] = []
    crash = Crash(agents=(1,), at=instant, recover_after=1.0, memory=memory)
    play(descent(20, found))
    network = Network(latency=Constant(0.01), header=0)
    outcome, _ = play(descent(20, found), network=network, failures=(crash,))
    assert outcome.status == "finished"
    np.testing.assert_array_equal(found[0], found[1])


def test_first_takes_the_mean_of_the_fast_and_the_slow_one_skips() -> None:
    """Two of three answer in time; the straggler answers only every tenth question, late, and is never counted."""
    found: list[np.ndarray] = []
    options = {"wait": Wait("first", k=2), "stragglers": (FixedSlowdown((1,), 9.5),)}
    outcome, sent = play(descent(40, found), **options)
    y = Y
    for _ in range(40):
        y = y - 0.01 * np.mean([PROBLEM.local(i).lower_grad_y(X, y) for i in (0, 2)], axis=0)
    np.testing.assert_allclose(found[0], y, rtol=1e-12)
    assert outcome.simulated_s == pytest.approx(4.0)
    assert [sum(sender == i for sender, *_ in sent) for i in range(N)] == [40, 4, 40]


def test_skipped_questions_leave_no_gap() -> None:
    """A worker that skipped what changed x is sent it again with the question that it does answer."""
    seen: list[Vectors] = []

    def script(fleet: Fleet, agent: Agent) -> Program:
        for _ in range(3):
            yield from fleet.mean("lower_grad_y", x=X, y=Y)
        other = X + 1.0
        for _ in range(2):
            yield from fleet.mean("lower_grad_y", x=other, y=Y)
        yield agent.sleep(5.0)
        fleet.members = (1,)
        seen.append((yield from fleet.mean("lower_grad_y", x=other, y=Y)))

    play(script, wait=Wait("first", k=2), stragglers=(FixedSlowdown((1,), 3.4),))
    np.testing.assert_array_equal(seen[0][0], PROBLEM.local(1).lower_grad_y(X + 1.0, Y))


def test_what_a_worker_may_have_missed_is_sent_again() -> None:
    """x goes away and comes back while worker 1 is behind: it is told, though it held this very x once."""
    seen: list[Vectors] = []

    def script(fleet: Fleet, agent: Agent) -> Program:
        fleet.members = (1,)
        yield from fleet.mean("lower_grad_y", x=X, y=Y)
        fleet.members = (0, 1, 2)
        yield from fleet.mean("lower_grad_y", x=X + 1.0, y=Y)
        yield agent.sleep(5.0)
        fleet.members = (1,)
        seen.append((yield from fleet.mean("lower_grad_y", x=X, y=Y)))

    play(script, wait=Wait("first", k=2), stragglers=(FixedSlowdown((1,), 3.0),))
    np.testing.assert_array_equal(seen[0][0], PROBLEM.local(1).lower_grad_y(X, Y))


def test_straggler_leaves_out_what_it_is_late_for() -> None:
    """Behind by many questions it still answers the newest within two of its steps."""

    def script(fleet: Fleet, agent: Agent) -> Program:
        yield from descent(40, [])(fleet, agent)
        fleet.members = (1,)
        yield from fleet.mean("lower_grad_y", x=X, y=Y)

    outcome, _ = play(script, wait=Wait("first", k=2), stragglers=(FixedSlowdown((1,), 9.5),))
    assert 4.0 < outcome.simulated_s <= 4.0 + 2 * 0.95


def test_batch_outlives_a_loss_of_memory() -> None:
    """The batch of an iteration is part of the checkpoint."""
    seen: list[float] = []

    def script(fleet: Fleet, agent: Agent) -> Program:
        fleet.batch = 1
        for _ in range(2):
            seen.append(float((yield from fleet.mean("shown", x=X))[0][0]))
            yield agent.sleep(2.0)

    crash = Crash(agents=(0, 1, 2), at=1.0, recover_after=0.5, memory="lost")
    play(script, locals_=lambda i: Coin(), failures=(crash,))
    assert seen[0] == seen[1]


def test_deadline_takes_who_is_in_time_or_else_the_first() -> None:
    """One of three answers within 0.15 s; within 0.05 s nobody does, and the first to come is waited for."""
    for seconds, expected in ((0.15, 0.15), (0.05, 0.1)):
        seen: list[tuple[float, Vectors]] = []

        def script(fleet: Fleet, agent: Agent, seen: list[tuple[float, Vectors]] = seen) -> Program:
            answer = yield from fleet.mean("lower_grad_y", x=X, y=Y)
            seen.append((agent.now, answer))

        play(script, wait=Wait("deadline", seconds=seconds), stragglers=(FixedSlowdown((1, 2), 3.0),))
        ((now, (found,)),) = seen
        assert now == pytest.approx(expected)
        np.testing.assert_array_equal(found, PROBLEM.local(0).lower_grad_y(X, Y))
