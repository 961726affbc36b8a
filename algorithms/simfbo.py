"""SimFBO and ShroFBO: federated SOBA with local steps on all three variables, one round trip a round.

Paper: Y. Yang, P. Xiao, K. Ji, "SimFBO: Towards simple, flexible and communication-efficient federated bilevel
learning", NeurIPS 2023, arXiv 2305.19442. Reconstructed from its stated properties (no loops within a round, local
steps of any number, partial participation, normalisation by the number of local steps).

Problem: min_x (1/N) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/N) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f.

Server, each round: draws the workers C that take part and sends them (x, y, u).

Worker i in C, from (x_i, y_i, u_i) = (x, y, u), tau_i times, on a batch of its own each time:

    Dx_i = grad_x f_i - [d2_xy g_i] u_i      Dy_i = grad_y g_i      Du_i = [d2_yy g_i] u_i - grad_y f_i
    q_i <- q_i + D_i                         for each of the three, from q_i = 0
    x_i <- x_i - a' Dx_i      y_i <- y_i - b' Dy_i      u_i <- u_i - c' Du_i

Server, with means over those of C that answered and P_r the projection onto the ball |u| <= r:

    "simfbo":   d = mean q_i
    "shrofbo":  d = (mean tau_i) (mean q_i / tau_i)
    x <- x - a dx      y <- y - b dy      u <- P_r(u - c du)

tau_i is one number, or fixed for each worker by a draw between two. With tau_i = 1 everywhere it is SOBA.

Waiting: under `first` and `deadline` the mean is over those who answered in time, like a participation that the
network draws; late answers are not used.

Costs per round and worker that takes part: p + 2q numbers down, p + 2q numbers up; tau_i times three gradients, one
Hessian-vector and one cross product. Everybody knows every tau_i from the start.

Traps: local steps drift towards the worker's own solution: a floor that grows with a' tau_i and with the differences
of the data. With different tau_i "simfbo" weighs workers by them and so converges to a wrong point, whatever the
steps; take "shrofbo". Part of the workers (or those who are fast) leaves a floor of sampling noise (a bias). A radius r
smaller than |u*| gives a wrong answer in silence.
"""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.answering import mean, start
from algorithms.pieces.fleet import AskAgain, Draw, Fleet, Vectors, serve
from algorithms.pieces.participation import participants
from algorithms.pieces.projection import onto_ball
from problems.base import Array, Local
from simulator.agent import Agent, Event, Program

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "directions"),
    waits=("all", "first", "deadline"),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("worker",),
)

VARIANTS = {"shrofbo": {"normalised": True}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: server's step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: server's step of the lower variable y, 1")] = 0.1
    step_u: Annotated[float, Gt(0), Doc("c: server's step of the linear system's variable u, 1")] = 0.1
    local_step_x: Annotated[float, Gt(0), Doc("a': workers' step of x, 1")] = 0.05
    local_step_y: Annotated[float, Gt(0), Doc("b': workers' step of y, 1")] = 0.1
    local_step_u: Annotated[float, Gt(0), Doc("c': workers' step of u, 1")] = 0.1
    local_steps: Annotated[int, Ge(1), Doc("tau: local steps of each worker, 1")] = 4
    local_steps_most: Annotated[
        int | None, Ge(1), Doc("each worker's tau_i is drawn once from local_steps to this; None = tau for all")
    ] = None
    normalised: Annotated[bool, Doc("sums divided by their number of local steps (ShroFBO)")] = False
    participants: Annotated[int | None, Ge(1), Doc("workers drawn for each round, at most all; None = all")] = None
    radius: Annotated[float | None, Gt(0), Doc("r: bound on |u|, in units of u; None = no projection")] = None
    ask_again_after_s: AskAgain = None

    def __post_init__(self) -> None:
        if self.local_steps_most is not None and self.local_steps_most < self.local_steps:
            raise ValueError(f"local_steps_most is {self.local_steps_most}: it must be at least {self.local_steps}")


def server(agent: Agent, settings: Settings) -> Program:
    fleet = Fleet(agent, settings.ask_again_after_s)
    counts = {i: local_steps(agent, settings, i) for i in agent.neighbors}
    x, y, u = start(agent).values()
    agent.report(0, x=x, y=y, u=u)
    for k in agent.rounds():
        fleet.members = participants(agent, settings.participants)
        sums = yield from fleet.each("local_sums", x=x, y=y, u=u)
        dx, dy, du = mean(sums) if not settings.normalised else normalised(sums, counts)
        x = x - settings.step_x * dx
        y = y - settings.step_y * dy
        u = onto_ball(u - settings.step_u * du, settings.radius)
        agent.report(k, x=x, y=y, u=u)


def local_steps(agent: Agent, settings: Settings, worker: int) -> int:
    """tau_i, the same at the server and at the worker; to be asked once."""
    if settings.local_steps_most is None:
        return settings.local_steps
    rng = agent.shared_rng(f"local steps of worker {worker}")
    return int(rng.integers(settings.local_steps, settings.local_steps_most, endpoint=True))


def normalised(sums: dict[int, Vectors], counts: dict[int, int]) -> Vectors:
    """(mean tau_i) (mean q_i / tau_i)."""
    length = sum(counts[i] for i in sums) / len(sums)
    parts = mean({i: tuple(q / counts[i] for q in sums[i]) for i in sums})
    return tuple(length * part for part in parts)


def worker(agent: Agent, settings: Settings) -> Generator[Event, Any, None]:
    count = local_steps(agent, settings, agent.id)
    return serve(agent, {"local_sums": partial(local_sums, settings, count)})


def local_sums(settings: Settings, count: int, problem: Local, draw: Draw, x: Array, y: Array, u: Array) -> Vectors:
    """q_i after so many local steps."""
    sums: Vectors = ()
    for _ in range(count):
        found = problem.directions(x, y, u, draw())
        sums = tuple(q + d for q, d in zip(sums, found, strict=True)) if sums else tuple(found)
        x = x - settings.local_step_x * found.x
        y = y - settings.local_step_y * found.y
        u = u - settings.local_step_u * found.u
    return sums
