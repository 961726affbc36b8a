"""AmIGO: a few warm-started steps on the lower level, a few on the linear system, then one on the upper level.

Paper: M. Arbel, J. Mairal, "Amortized implicit differentiation for stochastic bilevel optimization", ICLR 2022, arXiv
2111.14580. Reconstructed from its stated structure and costs. AmIGO is the method of a single machine. Here that
machine is an averaging server, which asks its workers for each oracle of the averaged problem (one worker: the paper's
setting). A form by gossip would not be the paper's.

Problem: min_x f(x, y*(x)),  y*(x) = argmin_y g(x, y), f and g means over the workers, x in R^p, y in R^q, g strongly
convex in y. u in R^q follows the solution of [d2_yy g] u = grad_y f.

Server, k = 1, 2, ..., both inner loops starting where they ended in the iteration before:

    Q times:  y <- y - b grad_y g(x, y)
    Q times:  u <- u - c ([d2_yy g] u - grad_y f)                 at the new y; grad_y f is evaluated once
    x <- x - a_k (grad_x f - [d2_xy g] u)                         at the new y and u

    solver "cg": the second loop is conjugate gradients on [d2_yy g] w = [d2_yy g] u - grad_y f from zero, u <- u - w,
    until the residual is below `tolerance` times the right side, at most Q steps ("amigo_cg")

Every evaluation has a mini-batch of its own where the problem draws them; grad_y f keeps one for the whole loop.

Costs per iteration: Q + 2 gradients, Q Hessian-vector products, one cross product; p + 2Qq numbers down and
p + (2Q + 1)q up in 2Q + 1 round trips ("cg": one product, trip and q each way more for Q steps; often done earlier).

Traps: with Q = 1 it is SOBA with the three steps taken one after the other. The inner loops make all of its evaluations
dependent on one another: many short round trips, and so latency counts. Every mean has to be fresh, so it waits for
all; a question lost for good stalls it unless `ask_again_after_s` is set.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.fleet import AskAgain, Draw, Fleet, Vectors, serve
from algorithms.pieces.hypergradient import direction_x
from algorithms.pieces.linear_systems import ConjugateGradients, GradientDescent, LinearSystem
from algorithms.pieces.schedules import DecayPower, DecayRounds, decayed
from problems.base import Local
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "lower_grad_y", "upper_grad_y", "lower_hvp", "upper_grad_x", "lower_cross"),
    waits=("all",),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("worker",),
)

VARIANTS = {"amigo_cg": {"solver": "cg"}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.1
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.3
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u (solver gd), 1")] = 0.3
    steps: Annotated[int, Ge(1), Doc("Q: steps of each inner loop, 1")] = 10
    solver: Annotated[Literal["gd", "cg"], Doc("how the linear system is solved")] = "gd"
    tolerance: Annotated[float, Ge(0), Doc("solver cg: residual at which it stops, relative to the right side, 1")] = (
        0.1
    )
    decay_power: DecayPower = 0.0
    decay_rounds: DecayRounds = 100.0
    ask_again_after_s: AskAgain = None


def server(agent: Agent, settings: Settings) -> Program:
    fleet = Fleet(agent, settings.ask_again_after_s)
    x, y = agent.problem.start(agent.shared_rng("start"))
    u = np.zeros_like(y)
    agent.report(0, x=x, y=y, u=u)
    for k in agent.rounds():
        shrunk = decayed(1.0, k, settings.decay_power, settings.decay_rounds)
        for _ in range(settings.steps):
            (slope,) = yield from fleet.mean("lower_grad_y", x=x, y=y)
            y = y - shrunk * settings.step_y * slope

        right, product = yield from fleet.mean("first_product", x=x, y=y, u=u)
        system = linear_system(settings, u, right, product, shrunk)
        while not system.done:
            (product,) = yield from fleet.mean("lower_hvp", x=x, y=y, v=system.direction)
            system.take(product)
        u = u - system.solution if settings.solver == "cg" else system.solution

        (direction,) = yield from fleet.mean("direction_x", x=x, y=y, u=u)
        x = x - shrunk * settings.step_x * direction
        agent.report(k, x=x, y=y, u=u)


def worker(agent: Agent, settings: Settings) -> Program:
    yield from serve(agent, {"first_product": first_product, "direction_x": direction_x})


def linear_system(
    settings: Settings, u: np.ndarray, right: np.ndarray, product: np.ndarray, shrunk: float
) -> LinearSystem:
    """[d2_yy g] u = right from u, or that of its correction w from zero; `product` is [d2_yy g] u."""
    if settings.solver == "cg":
        return ConjugateGradients(product - right, settings.tolerance, settings.steps)
    descent = GradientDescent(u, right, shrunk * settings.step_u, settings.steps)
    descent.take(product)
    return descent


def first_product(problem: Local, draw: Draw, x: np.ndarray, y: np.ndarray, u: np.ndarray) -> Vectors:
    """grad_y f and [d2_yy g] u."""
    return problem.upper_grad_y(x, y, draw()), problem.lower_hvp(x, y, u, draw())
