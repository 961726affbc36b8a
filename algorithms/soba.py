"""SOBA on a parameter server: one step on all three variables from workers' directions at the same point.

Paper: M. Dagreou, P. Ablin, S. Vaiter, T. Moreau, "A framework for bilevel optimization that enables stochastic and
global variance reduction algorithms", NeurIPS 2022. Moving average ("ma_soba"): X. Chen, T. Xiao, K.
Balasubramanian, "Optimal algorithms for stochastic bilevel optimization under relaxed smoothness conditions", 2023.
The distribution over workers is ours: the server averages what the single-machine method evaluates.

Problem: min_x (1/N) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/N) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f.

Worker i, at the server's (x, y, u), on a batch of its own:

    Dx_i = grad_x f_i - [d2_xy g_i] u      Dy_i = grad_y g_i      Du_i = [d2_yy g_i] u - grad_y f_i

Server, k = 1, 2, ..., with D = mean of the last direction of each worker heard so far, all three from the old point:

    h <- (1 - theta) h + theta Dx
    x <- x - a_k h      y <- y - b_k Dy      u <- u - c_k Du

h starts as the first Dx. "ma_soba" differs from its paper in that x moves by the new h and not by the one before.

Waiting: under `all` every direction is fresh and the mean is plain. Under `first`, `latest` and `deadline` the
directions of workers that are not in are those of an older point, kept in a table of N (p + 2q) numbers, so that the
fixed point stays exact (a mean over the answers of a round alone would be pulled to the data of the fast workers);
steps must then be smaller, about in proportion to 1 / (1 + staleness).

Costs per answer: p + 2q numbers down, p + 2q numbers up; three gradients, one Hessian-vector and one cross product.

Traps: with mini-batches and constant steps the method stays at a distance of the order of the steps; use
`decay_power`. A worker that lost its memory answers again to the last iterate that it saved. One whose answer or
question was lost while it was down would be waited for without end; `resend_after_s` lets it speak up again.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Gt, Le
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.answering import LastAnswers, Point, ResendAfter, answering, start
from algorithms.pieces.averaging import moving_average
from algorithms.pieces.schedules import DecayPower, DecayRounds, decayed
from algorithms.pieces.waiting import Attendance, gather_arguments
from simulator.agent import Agent, Event, Program

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "directions"),
    waits=("all", "first", "latest", "deadline"),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("worker",),
)

VARIANTS = {"ma_soba": {"averaging": 0.1}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.1
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.1
    averaging: Annotated[float, Gt(0), Le(1), Doc("theta: weight of the new direction in h; 1 = no averaging")] = 1.0
    decay_power: DecayPower = 0.0
    decay_rounds: DecayRounds = 100.0
    resend_after_s: ResendAfter = None


def server(agent: Agent, settings: Settings) -> Program:
    x, y, u = start(agent).values()
    h = None
    last = LastAnswers()
    attendance = Attendance(agent.neighbors)
    agent.report(0, x=x, y=y, u=u)
    yield agent.broadcast("iterate", x=x, y=y, u=u)
    for k in agent.rounds():
        overdue = attendance.overdue(agent.wait.staleness)
        answers = yield agent.gather("directions", **gather_arguments(agent.wait, agent.neighbors, overdue))
        for i, answer in answers.items():
            last.keep(i, answer["x"], answer["y"], answer["u"])
        attendance.heard(answers)
        attendance.next_round()
        if found := last.mean():
            mean_x, mean_y, mean_u = found
            h = moving_average(h, mean_x, settings.averaging)
            x = x - step(settings, settings.step_x, k) * h
            y = y - step(settings, settings.step_y, k) * mean_y
            u = u - step(settings, settings.step_u, k) * mean_u
        agent.report(k, x=x, y=y, u=u)
        for i in answers:
            yield agent.send(i, "iterate", x=x, y=y, u=u)


def worker(agent: Agent, settings: Settings) -> Program:
    return answering(agent, directions, settings.resend_after_s)


def directions(agent: Agent, server_id: int, point: Point) -> Generator[Event, Any, None]:
    """The worker's directions at a point, sent to the server."""
    batch = agent.problem.draw(agent.rng)
    found = yield agent.compute(agent.problem.directions, point["x"], point["y"], point["u"], batch)
    yield agent.send(server_id, "directions", x=found.x, y=found.y, u=found.u)


def step(settings: Settings, first: float, k: int) -> float:
    return decayed(first, k, settings.decay_power, settings.decay_rounds)
