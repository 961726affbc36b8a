"""Question and answer between a server and its workers."""

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import numpy as np

from algorithms.pieces.answering import LastAnswers, answering, mean, start


class Scripted:
    """An agent whose server says what the script says; what the worker did is noted in `log`."""

    neighbors = (9,)

    def __init__(self, *script: Any, saved: Any = None):
        self.script, self.saved, self.now, self.log = list(script), saved, 0.0, []
        self.problem = SimpleNamespace(start=lambda rng: (np.zeros(2), np.ones(3)))

    def shared_rng(self, purpose: str) -> str:
        return purpose

    def receive(self, tag: str, timeout: float | None) -> Any:
        if not self.script:
            raise StopIteration
        return self.script.pop(0)

    def save(self, **state: Any) -> None:
        self.log.append(("saved", state["x"]))


class Question(dict):
    """An iterate that was sent at an instant."""

    def __init__(self, x: Any, sent_at: float):
        super().__init__(x=x, y=0, u=0)
        self.sent_at = sent_at


def life(agent: Any) -> list[Any]:
    """What a worker does until its script is over; an answer takes one second."""

    def answer(agent: Any, server: int, point: Any) -> Generator[Any, Any, None]:
        agent.log.append((server, np.asarray(point["x"]).tolist()))
        agent.now += 1.0
        yield None

    program = answering(agent, answer, 5.0)
    try:
        value = None
        while True:
            value = program.send(value)
    except RuntimeError:  # the script is over
        return agent.log


def test_every_question_is_saved_and_answered() -> None:
    """To the server, its only neighbour."""
    assert life(Scripted(Question(1, 0.0), Question(2, 1.5))) == [("saved", 1), (9, 1), ("saved", 2), (9, 2)]


def test_the_last_question_is_answered_again_after_silence_and_after_a_restart() -> None:
    """Silence is a receive that times out with None."""
    assert life(Scripted(Question(1, 0.0), None)) == [("saved", 1), (9, 1), (9, 1)]
    assert life(Scripted(saved=Question(7, 0.0))) == [(9, 7)]


def test_a_question_older_than_the_answer_is_passed_over() -> None:
    """The newer one that the server sends to the repeated answer counts."""
    assert life(Scripted(Question(1, 0.0), Question(2, 0.5), Question(3, 1.0)))[2:] == [("saved", 3), (9, 3)]


def test_a_worker_that_was_never_asked_begins_at_the_start() -> None:
    """Its first question was lost."""
    assert life(Scripted(None)) == [(9, [0.0, 0.0])]


def test_the_common_start() -> None:
    """x and y of the problem, u = 0."""
    found = start(Scripted())
    assert {name: value.tolist() for name, value in found.items()} == {"x": [0, 0], "y": [1, 1, 1], "u": [0, 0, 0]}


def test_the_last_answer_of_each_worker_counts() -> None:
    """Workers 0 and 2 have answered, worker 2 twice."""
    last = LastAnswers()
    assert last.mean() is None
    last.keep(2, np.array([9.0]), np.array([9.0, 9.0]))
    last.keep(0, np.array([1.0]), np.array([0.0, 2.0]))
    last.keep(2, np.array([3.0]), np.array([4.0, 0.0]))
    assert [vector.tolist() for vector in last.mean() or ()] == [[2.0], [2.0, 1.0]]


def test_mean_sums_in_order_of_workers() -> None:
    """So that the order of arrival leaves the last bit alone."""
    answers = {i: (np.array([value]),) for i, value in enumerate((1e16, 1.0, -1e16))}
    assert mean(answers)[0] == mean(dict(reversed(answers.items())))[0] == 0.0
