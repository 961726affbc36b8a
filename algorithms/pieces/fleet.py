"""The averaged problem as its server sees it: an oracle is a question to every worker and the mean of the answers.

For methods of a single machine that run on an averaging server. Server and workers of such a method read

    def server(agent, settings):
        fleet = Fleet(agent)
        ...
        (product,) = yield from fleet.mean("lower_hvp", x=x, y=y, v=v)      # one round trip

    def worker(agent, settings):
        yield from serve(agent)

A question names an oracle of the local problem, or one of the method's own (a function of the local problem, of `draw`
and of the arguments, which answers with a tuple of arrays), and its arguments in order. Arguments are held by the
workers: an array travels to a worker only if it is not the very array that this worker had when it last answered, so
that products at a fixed (x, y) cost one vector each way. What a question is about (its number, the oracle, the names)
is part of the header; its payload is the new arguments alone, an answer's payload the answer alone.

Batches: each worker draws from its own stream. While `fleet.batch` stays the same value, all questions are answered on
one batch; with None (the default) `draw()` gives a fresh one at every call, with WHOLE all samples of the worker.

Waiting: under `all` the mean is over all members. Under `first` and `deadline` it is over those who answered (at least
one), whatever their data; a worker that is behind goes on with the newest question and leaves out those in between.
Members who are not asked, or whose answer is not waited for, lose nothing: what they are sent next is complete.

Loss: a question is asked again `ask_again_after_s` seconds later (None: never, for links that repeat what was lost).
A worker that lost its memory answers the last question that it saved once more. Repeated answers count once.
"""

from collections.abc import Callable, Collection, Generator, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from algorithms.pieces.answering import mean
from algorithms.pieces.waiting import gather_arguments
from problems.base import Batch, Local
from simulator.agent import Agent, Event, Program
from simulator.message import Message

Vectors: TypeAlias = tuple[np.ndarray, ...]
Draw: TypeAlias = Callable[[], Batch | None]
Oracle: TypeAlias = Callable[..., Vectors]
"""A method's own oracle: called as oracle(problem, draw, *arguments)."""

AskAgain: TypeAlias = Annotated[
    float | None, Gt(0), Doc("a question without an answer is asked again after so long, s; None = never")
]
"""Type of the setting `ask_again_after_s`."""

ASK, ANSWER = "ask", "answer"
WHOLE = "whole"
"""Name of the batch that holds all samples of a worker."""


@dataclass(frozen=True)
class Question:
    """What a question is about; it travels in the header."""

    number: int
    oracle: str
    names: tuple[str, ...]
    """The arguments, in order."""
    batch: Hashable
    nbits: int = field(default=0, init=False)


@dataclass(frozen=True)
class Stamp:
    """Which question an answer belongs to; it travels in the header."""

    number: int
    nbits: int = field(default=0, init=False)


class Fleet:
    """All workers, asked together."""

    def __init__(self, agent: Agent, ask_again_after_s: float | None = None):
        self.members: Collection[int] = agent.neighbors
        """Ids of the workers that are asked."""
        self.batch: Hashable = None
        """Name of the batch on which questions are answered; None = a fresh one at every draw, WHOLE = no batch."""
        self._agent, self._patience = agent, ask_again_after_s
        self._number = 0
        self._held: dict[int, dict[str, np.ndarray]] = {i: {} for i in agent.neighbors}
        """What each worker is known to hold."""

    def mean(self, oracle: str, /, **arguments: np.ndarray) -> Generator[Event, Any, Vectors]:
        """The oracle of the averaged problem at these arguments, summed in order of worker: always a tuple."""
        answers = yield from self.each(oracle, **arguments)
        return mean(answers)

    def each(self, oracle: str, /, **arguments: np.ndarray) -> Generator[Event, Any, dict[int, Vectors]]:
        """The answer of every worker that is waited for, by its id."""
        self._number += 1
        question = Question(self._number, oracle, tuple(arguments), self.batch)
        for i in self.members:
            yield self._ask(i, question, arguments)
        answers = yield from self._answers(question, arguments)
        for i in answers:
            self._held[i].update(arguments)
        return answers

    def _ask(self, i: int, question: Question, arguments: Mapping[str, np.ndarray]) -> Event:
        held = self._held[i]
        new = {name: array for name, array in arguments.items() if held.get(name) is not array}
        for name in new:
            held.pop(name, None)  # unknown until the worker answers
        return self._agent.send(i, ASK, question=question, **new)

    def _answers(
        self, question: Question, arguments: Mapping[str, np.ndarray]
    ) -> Generator[Event, Any, dict[int, Vectors]]:
        """Answers to this very question from as many members as the waiting policy asks for."""
        agent, members = self._agent, tuple(self.members)
        wanted = gather_arguments(agent.wait, members)
        need, due, asked_at = wanted["k"], wanted.get("timeout"), agent.now
        heard: dict[int, Vectors] = {}
        while len(heard) < need:
            missing = tuple(i for i in members if i not in heard)
            forced = missing if need == len(members) else ()
            left = self._patience if due is None else due
            timeout = None if left is None else max(0.0, asked_at + left - agent.now)
            came = yield agent.gather(ANSWER, need - len(heard), forced, timeout)
            heard |= {i: _parts(message) for i, message in came.items() if _belongs(message, question, missing)}
            if len(heard) < need and left is not None and agent.now >= asked_at + left:
                if due is not None:
                    need, due = 1, None  # time is up: those who were heard, or else the first one to come
                else:
                    asked_at = agent.now
                    for i in members:
                        if i not in heard:
                            yield self._ask(i, question, arguments)
        return heard


def _belongs(message: Message, question: Question, missing: Collection[int]) -> bool:
    return message.sender in missing and message["stamp"].number == question.number


def _parts(message: Message) -> Vectors:
    return tuple(value for name, value in message.payload.items() if name != "stamp")


def serve(agent: Agent, oracles: Mapping[str, Oracle] | None = None) -> Program:
    """A worker's whole program: it answers questions about its local problem, for ever."""
    (server,) = agent.neighbors
    own = oracles or {}
    point: dict[str, np.ndarray] = {}
    batch: Batch | None = None
    batch_name: Hashable = None
    question: Question | None = None
    answered, answered_at = 0, -np.inf
    if agent.saved is not None:
        point, question = dict(agent.saved["point"]), agent.saved["question"]
        batch_name, batch = agent.saved["batch_name"], agent.saved["batch"]
    while True:
        if question is not None:
            if question.batch not in (None, WHOLE, batch_name):
                batch_name, batch = question.batch, agent.problem.draw(agent.rng)
            agent.save(point=dict(point), question=question, batch_name=batch_name, batch=batch)
            arguments = [point[name] for name in question.names]
            draw = _draw(agent, question.batch, batch)
            found = yield agent.compute(_evaluated, agent.problem, own.get(question.oracle), question, draw, arguments)
            parts = {f"part {number}": part for number, part in enumerate(found)}
            yield agent.send(server, ANSWER, stamp=Stamp(question.number), **parts)
            answered, answered_at = question.number, agent.now
        message = yield from _newest(agent)
        question = message["question"]
        if question.number <= answered and message.sent_at < answered_at:
            question = None  # asked again before the answer was given
        else:
            point |= {name: array for name, array in message.payload.items() if name != "question"}


def _newest(agent: Agent) -> Generator[Event, Any, Message]:
    """The next question; where the server does not wait for everybody, the newest of those that have come."""
    message: Message = yield agent.receive(ASK)
    while agent.wait.policy != "all":
        later = yield agent.receive(ASK, 0.0)
        if later is None:
            break
        message = later
    return message


def _draw(agent: Agent, name: Hashable, batch: Batch | None) -> Draw:
    """The `draw` of a question with a batch of this name."""
    if name is None:
        return lambda: agent.problem.draw(agent.rng)
    return lambda: None if name == WHOLE else batch


def _evaluated(
    problem: Local, own: Oracle | None, question: Question, draw: Draw, arguments: list[np.ndarray]
) -> Vectors:
    if own is not None:
        return own(problem, draw, *arguments)
    found = getattr(problem, question.oracle)(*arguments, draw())
    return found if isinstance(found, tuple) else (found,)
