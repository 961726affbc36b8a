"""A worker answers every question of its server, and the server keeps the last answer of each.

Every worker has at most one message outstanding: it is asked again only after its answer was used.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from simulator.agent import Agent, Event, Program

ResendAfter = Annotated[
    float | None, Gt(0), Doc("a worker that heard nothing for so long answers again, s; None = never")
]
"""Type of the setting `resend_after_s`."""

Point = Mapping[str, Any]
Answer = Callable[[Agent, int, Point], Generator[Event, Any, None]]
"""Computes at a point and sends what it found to the server: a generator of (agent, id of the server, point)."""


def start(agent: Agent) -> dict[str, np.ndarray]:
    """The point (x, y, u = 0) at which everybody begins."""
    x, y = agent.problem.start(agent.shared_rng("start"))
    return {"x": x, "y": y, "u": np.zeros_like(y)}


def answering(agent: Agent, answer: Answer, resend_after_s: float | None = None) -> Program:
    """A worker's whole life: it answers every "iterate" of the server.

    It answers the last one again after a crash that lost its memory, and when it heard nothing for `resend_after_s`:
    an answer or a question may have been lost. If it never was asked it then begins at the common start.
    """
    (server_id,) = agent.neighbors
    answered_at = -np.inf
    point: Point | None = agent.saved
    while True:
        if point is not None:
            yield from answer(agent, server_id, point)
            answered_at = agent.now
        message = yield agent.receive("iterate", resend_after_s)
        while message is not None and message.sent_at < answered_at:
            # Sent before the last answer: after a restart the answer has been given again, and a newer iterate follows.
            message = yield agent.receive("iterate", resend_after_s)
        if message is not None:
            point = {name: message[name] for name in ("x", "y", "u")}
            agent.save(**point)
        elif point is None:
            point = start(agent)


class LastAnswers:
    """The last vectors of each worker heard so far, however old."""

    def __init__(self) -> None:
        self._table: dict[int, tuple[np.ndarray, ...]] = {}

    def keep(self, worker: int, *vectors: np.ndarray) -> None:
        """These replace the worker's earlier ones."""
        self._table[worker] = vectors

    def mean(self) -> tuple[np.ndarray, ...] | None:
        """Mean of each vector over the workers, summed in order of their ids; None before the first answer."""
        return mean(self._table) if self._table else None


def mean(answers: Mapping[int, tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Mean of each vector over the workers, summed in order of their ids."""
    columns = zip(*(answers[i] for i in sorted(answers)), strict=True)
    return tuple(sum(column[1:], column[0]) / len(column) for column in columns)
