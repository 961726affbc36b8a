"""A server's side of the waiting policies, and the rule for dead workers."""

from typing import Any

import pytest

from algorithms.pieces.waiting import Attendance, Roster, gather_arguments
from simulator.agent import Wait

WORKERS = (0, 1, 2)


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (Wait(), {"k": 3, "forced": (0, 1, 2)}),
        (Wait("first", k=2, staleness=4), {"k": 2, "forced": (1,)}),
        (Wait("first", k=9), {"k": 3, "forced": (1,)}),
        (Wait("latest"), {"k": 1, "forced": (1,)}),
        (Wait("deadline", seconds=0.5), {"k": 3, "timeout": 0.5}),
    ],
)
def test_gather_arguments_of_each_policy(wait: Wait, expected: dict[str, Any]) -> None:
    """Everybody; the first k and the overdue; the first one and the overdue; whoever comes in time."""
    assert gather_arguments(wait, WORKERS, overdue=(1,)) == expected


def test_attendance_by_hand() -> None:
    """A worker not heard for two rounds is overdue at staleness 3 in the third round, and not once it was heard."""
    attendance = Attendance(WORKERS)
    assert attendance.overdue(None) == ()
    assert attendance.overdue(1) == (0, 1, 2)
    for overdue in ((), (), (2,)):
        assert attendance.overdue(3) == overdue
        attendance.heard((0, 1))
        attendance.next_round()
    attendance.heard((2,))
    attendance.next_round()
    assert attendance.overdue(3) == ()
    assert attendance.since[2] == 1


class Said:
    """A message of a worker; only the instant matters here."""

    def __init__(self, sent_at: float):
        self.sent_at = sent_at


class Scripted:
    """Stands for the server's agent: remembers what is asked, gives scripted answers."""

    neighbors = WORKERS
    now = 0.0

    def gather(self, tag: Any, k: int, forced: Any = (), timeout: float | None = None) -> Any:
        return (tag, k, tuple(forced), timeout)

    def send(self, to: int, tag: Any, **values: Any) -> Any:
        return (to, tag, values)


def play(steps: Any, script: list[tuple[Any, dict[int, Said]]]) -> dict[int, Any]:
    """Drive a generator through (expected request, answer) pairs; its result."""
    request = next(steps)
    try:
        for expected, answer in script:
            assert request == expected
            request = steps.send(answer)
    except StopIteration as end:
        result: dict[int, Any] = end.value
        return result
    raise AssertionError(f"it asks for more: {request}")


def test_enough_answers_end_the_round() -> None:
    """Two of three answer: nobody is taken off the list, and the two count as heard."""
    roster = Roster(Scripted(), "answer", 5.0)
    heard = play(roster.answers(2, ()), [(("answer", 2, (), 5.0), {1: Said(0.0), 2: Said(0.0)})])
    assert list(heard) == [1, 2]
    assert roster.present == (0, 1, 2)
    assert roster.attendance.since == {0: 1, 1: 0, 2: 0}


def test_silent_worker_is_taken_off_and_comes_back_when_heard() -> None:
    """Worker 0 does not answer in time; the others go on without it; its late answer brings it back."""
    roster = Roster(Scripted(), "answer", 5.0)
    heard = play(roster.answers(3, WORKERS), [(("answer", 3, WORKERS, 5.0), {1: Said(0.0), 2: Said(0.0)})])
    assert (list(heard), roster.present) == ([1, 2], (1, 2))
    assert roster.overdue(1) == ()
    heard = play(roster.answers(3, roster.present), [(("answer", 2, (1, 2), 5.0), {i: Said(1.0) for i in WORKERS})])
    assert (list(heard), roster.present) == ([0, 1, 2], (0, 1, 2))


def test_with_nobody_left_it_waits_for_anybody_without_limit() -> None:
    """All silent: the list is empty, and the first who speaks up is alone on it."""
    roster = Roster(Scripted(), "answer", 5.0)
    script = [(("answer", 2, (), 5.0), {}), (("answer", 1, (), None), {2: Said(9.0)})]
    assert list(play(roster.answers(2, ()), script)) == [2]
    assert roster.present == (2,)


def test_repetition_of_an_answer_already_used_does_not_count() -> None:
    """An answer sent before the worker's last question is skipped, and another one is waited for."""
    agent = Scripted()
    roster = Roster(agent, "answer", None)
    agent.now = 4.0
    assert roster.ask(0, "step", v=1.0) == (0, "step", {"v": 1.0})
    script = [(("answer", 1, (), None), {0: Said(3.0)}), (("answer", 1, (), None), {0: Said(6.0)})]
    heard = play(roster.answers(1, ()), script)
    assert heard[0].sent_at == 6.0


def test_barrier_takes_off_who_does_not_answer() -> None:
    """A barrier returns the answers of those present, in order, and keeps only them."""
    roster = Roster(Scripted(), "answer", 2.0)
    came = play(roster.barrier("inner"), [(("inner", 3, WORKERS, 2.0), {2: Said(0.0), 0: Said(0.0)})])
    assert list(came) == [0, 2]
    assert roster.present == (0, 2)
