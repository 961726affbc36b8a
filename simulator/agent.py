"""What an algorithm sees of the world: the agent's interface.

It is an interface, because the same program runs on more than one engine: event by event (this folder) is the
reference. A program is a generator function `program(agent, ...)`; every call below that returns an `Event` must be
yielded before the next call is made::

    def program(agent):
        for k in agent.rounds():
            direction = yield agent.compute(agent.problem.lower_grad_y, x, y)
            (y,) = yield agent.mix(k, y - 0.1 * direction)
            agent.report(k, x=x, y=y)
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Event = Any
"""What a program yields: opaque, made by the agent's calls alone."""

Program = Generator[Event, Any, None]


@dataclass(frozen=True)
class Wait:
    """How long an agent waits for the others: a policy of the scenario, not of the algorithm."""

    policy: str = "all"
    """`all` (a barrier), `first` (the first k), `latest` (no waiting), `deadline` (whoever comes in time)."""
    k: int | None = None
    """`first`: how many others are waited for."""
    staleness: int | None = None
    """`first`, `latest`: who was last heard this many rounds ago is waited for (1: a barrier); None: nobody ever is."""
    seconds: float | None = None
    """`deadline`: how long an agent waits, simulated seconds."""


class Agent(Protocol):
    """One agent of the network, as its program sees it."""

    @property
    def id(self) -> int:
        """Number of this agent, 0, 1, ...; of a star's server: the number of workers."""

    @property
    def now(self) -> float:
        """Simulated time in seconds."""

    @property
    def neighbors(self) -> tuple[int, ...]:
        """Ids of the agents it is linked to, ascending."""

    @property
    def weights(self) -> Mapping[int, float]:
        """Its row of the mixing matrix: id -> weight for itself and its neighbours."""

    @property
    def wait(self) -> Wait:
        """The scenario's waiting policy."""

    @property
    def wire(self) -> np.dtype[Any] | None:
        """Precision to which the network rounds what is wider; None: numbers travel as they are."""

    @property
    def rng(self) -> np.random.Generator:
        """Its own stream of random numbers (mini-batches, compressors, coins)."""

    @property
    def problem(self) -> Any:
        """Its local objectives; every oracle is charged, and refused outside `compute`."""

    @property
    def saved(self) -> Mapping[str, Any] | None:
        """What `save` kept before a crash that lost memory; None at a first start."""

    def compute(self, work: Callable[..., Any], *args: Any, where: bool = True, otherwise: Any = None) -> Event:
        """Run `work(*args)` and let its metered cost pass as simulated time; yields the result.

        With `where` false nothing is run or charged and `otherwise` is yielded at once.
        """

    def send(self, to: int, tag: Any, /, **values: Any) -> Event:
        """Hand a message to the network; the sender goes on at once unless sending overhead is modelled."""

    def broadcast(self, tag: Any, /, **values: Any) -> Event:
        """Send the same message to every neighbour."""

    def receive(self, tag: Any = None, timeout: float | None = None) -> Event:
        """Wait for one message (of this tag, if given), in order of arrival; yields it, or None after `timeout`
        seconds.
        """

    def gather(self, tag: Any, k: int | None = None, forced: Sequence[int] = (), timeout: float | None = None) -> Event:
        """Wait for messages of one tag from the first `k` senders (default: all neighbours) and from all of `forced`.

        Yields a dict sender -> message in order of sender. Messages that came earlier count; those beyond what was
        asked for stay queued. After `timeout` seconds it yields what has come.
        """

    def mix(self, round_: int, *arrays: np.ndarray, slot: str = "") -> Event:
        """Exchange arrays with the neighbours; yields the tuple of sum_j w_ij z_j, under the waiting policy.

        `all` waits for every neighbour's message of this round. Otherwise a neighbour not heard in time is
        represented by the last thing heard from it, and one never heard gives its weight back to the agent itself. A
        symmetric drop gives the weight back too. `slot` tells apart several exchanges of one round.
        """

    def sleep(self, seconds: float) -> Event:
        """Let simulated time pass."""

    def rounds(self, start: int = 1) -> Iterator[int]:
        """Rounds `start`, `start` + 1, ... until the scenario's stopping rule says so."""

    def report(self, round_: int, **arrays: np.ndarray) -> None:
        """Show the iterate after `round_` to the observers; free of simulated cost. The arrays become read-only."""

    def save(self, **state: Any) -> None:
        """Keep a checkpoint: after a crash that loses memory the program starts anew and finds it in `saved`."""

    def shared_rng(self, purpose: str) -> np.random.Generator:
        """A stream that gives every agent the same numbers (equal starts, shared coins)."""
