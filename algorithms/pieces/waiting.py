"""A server's side of the scenario's waiting policy: whom to wait for, and for how long.

Every worker always has one message outstanding: the server asks it again as soon as it has used its answer.
"""

from collections.abc import Collection, Generator, Hashable, Iterable, Sequence
from typing import Any

from simulator.agent import Agent, Event, Wait
from simulator.message import Message


def gather_arguments(wait: Wait, workers: Collection[int], overdue: Sequence[int] = ()) -> dict[str, Any]:
    """Keyword arguments of `agent.gather` for one round of a server.

    `all`: everybody. `first`: the first k and whoever is overdue. `latest`: the first one and whoever is overdue.
    `deadline`: whoever comes within the stated seconds.
    """
    if wait.policy == "first":
        return {"k": min(wait.k or len(workers), len(workers)), "forced": overdue}
    if wait.policy == "latest":
        return {"k": 1, "forced": overdue}
    if wait.policy == "deadline":
        return {"k": len(workers), "timeout": wait.seconds}
    return {"k": len(workers), "forced": tuple(workers)}


class Attendance:
    """How many rounds ago each worker was last heard."""

    def __init__(self, workers: Iterable[int]):
        self.since = dict.fromkeys(workers, 1)
        """1 = heard in the last round."""

    def overdue(self, staleness: int | None) -> tuple[int, ...]:
        """Workers not heard for `staleness` rounds: they are waited for. None = nobody ever is."""
        if staleness is None:
            return ()
        return tuple(i for i, rounds in self.since.items() if rounds >= staleness)

    def heard(self, workers: Iterable[int]) -> None:
        """These have answered in the present round."""
        for i in workers:
            self.since[i] = 0

    def next_round(self) -> None:
        """The present round is over."""
        for i in self.since:
            self.since[i] += 1


class Roster:
    """The server's list of present workers, under an explicit rule for dead ones.

    Every present worker has one message outstanding. The server waits `patience` seconds at most for answers that it
    needs; whoever has not answered by then is taken off the list until it is heard from again. Patience None: it waits
    for ever.
    """

    def __init__(self, agent: Agent, tag: Hashable, patience: float | None):
        self.present = agent.neighbors
        self.attendance = Attendance(agent.neighbors)
        self._agent, self._tag, self._patience = agent, tag, patience
        self._asked_at = dict.fromkeys(agent.neighbors, agent.now)

    def ask(self, i: int, tag: Hashable, **values: Any) -> Event:
        """Send worker i what it has to answer next; to be yielded."""
        self._asked_at[i] = self._agent.now
        return self._agent.send(i, tag, **values)

    def overdue(self, staleness: int | None) -> tuple[int, ...]:
        """Present workers that have to be waited for in this round."""
        return tuple(i for i in self.attendance.overdue(staleness) if i in self.present)

    def answers(self, k: int, forced: Collection[int]) -> Generator[Event, Any, dict[int, Message]]:
        """Answers of k present workers, all forced ones among them; fewer if others are taken off meanwhile."""
        heard: dict[int, Message] = {}
        while True:
            missing = [i for i in forced if i in self.present and i not in heard]
            if heard and len(heard) >= min(k, len(self.present)) and not missing:
                break
            need = max(1, min(k, len(self.present)) - len(heard))
            patience = self._patience if self.present else None
            came = yield self._agent.gather(self._tag, need, missing, patience)
            # An answer from before the last question is a worker's repetition; the answer to that question will follow.
            heard |= {i: message for i, message in came.items() if message.sent_at >= self._asked_at[i]}
            in_time = len(came) >= need and all(i in came for i in missing)
            self.present = tuple(sorted({*self.present, *heard} if in_time else heard))
        self.attendance.heard(heard)
        return dict(sorted(heard.items()))

    def barrier(self, tag: Hashable) -> Generator[Event, Any, dict[int, Message]]:
        """One message of this tag from every present worker."""
        came = yield self._agent.gather(tag, len(self.present), self.present, self._patience)
        self.present = tuple(i for i in self.present if i in came)
        return {i: came[i] for i in self.present}
