"""MEHA: first-order steps on a penalty with the Moreau envelope of the lower level, one variable after the other.

Paper: R. Liu, Z. Liu, W. Yao, S. Zeng, J. Zhang, "Moreau envelope for nonconvex bi-level optimization: a single-loop
and Hessian-free solution strategy", ICML 2024, arXiv 2405.09927; orders of update as in the authors' code. MEHA is the
method of a single machine. Here that machine is an averaging server, which asks its workers for each gradient of the
averaged problem (one worker: the paper's setting). The form by gossip is SUN-DSBO.

Problem: min_x,y f(x, y)  s.t.  y in argmin_y g(x, y), f and g means over the workers, x in R^p, y in R^q; the lower
level need not be convex. With the envelope V(x, y) = min_theta g(x, theta) + |theta - y|^2/(2 gamma), it finds
stationary points of mu f + g - V, mu = 1/c_k in the paper.

Server, k = 1, 2, ..., mu_k = max(mu_min, mu k^-mu_power), theta = y at first; each line at the newest (x, y, theta):

    theta <- theta - d (grad_y g(x, theta) + (theta - y)/gamma)
    x     <- x - (c/mu_k) (mu_k grad_x f(x, y) + grad_x g(x, y) - grad_x g(x, theta))
    y     <- y - b (mu_k grad_y f(x, y) + grad_y g(x, y) - (y - theta)/gamma)

    order "theta_y_x" (the code for convex lower levels): y before x

Costs per round: p + 2q + 1 numbers down (one for mu_k) and p + 2q up in three round trips; six gradients (lower in y
at (x, theta); upper and lower in x at (x, y), lower in x at (x, theta); upper and lower in y at (x, y)).

Traps: gamma has to stay below 1/rho where the lower level is only weakly convex, but where it is flat the constraint is
hardly felt at small gamma. The paper moves x by a step of its own: with mu_k falling, x then stops; hence the division
by mu_k here. mu has to be large enough at first for f to matter. The gradients of g in x are subtracted from one
another, so they have one mini-batch; `samples` = shared takes it for the whole round, independent draws another one for
theta and for y. The released toy code multiplies f by c_k and stops y with the known solution: not copied. Every mean
has to be fresh, so it waits for all; a question lost for good stalls it unless `ask_again_after_s` is set.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.envelope import direction_theta, direction_x, direction_y
from algorithms.pieces.fleet import AskAgain, Draw, Fleet, Vectors, serve
from algorithms.pieces.schedules import decayed
from problems.base import Array, Local
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "lower_grad_y", "upper_grad_y", "upper_grad_x", "lower_grad_x"),
    waits=("all",),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("worker",),
)


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("c: x moves by steps of c/mu_k, about 0.1 / L_hyper, 1")] = 0.1
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, about 1/(L_g + 1/gamma), 1")] = 0.1
    step_theta: Annotated[float | None, Gt(0), Doc("d: step of theta, 1; None = that of y")] = None
    order: Annotated[Literal["theta_x_y", "theta_y_x"], Doc("which variable moves after which")] = "theta_x_y"
    mu: Annotated[float, Gt(0), Doc("weight of the upper level in the first round, 1")] = 1.0
    mu_power: Annotated[float, Ge(0), Doc("mu_k = mu k^-mu_power in round k, 1")] = 0.45
    mu_min: Annotated[float, Ge(0), Doc("mu_k does not fall below it, 1; as large as mu: constant")] = 0.03
    gamma: Annotated[float | None, Gt(0), Doc("parameter of the Moreau envelope, 1; None = no envelope")] = 1.0
    samples: Annotated[
        Literal["shared", "independent"], Doc("one mini-batch a round, or one for each of the three directions")
    ] = "shared"
    ask_again_after_s: AskAgain = None


def server(agent: Agent, settings: Settings) -> Program:
    fleet = Fleet(agent, settings.ask_again_after_s)
    x, y = agent.problem.start(agent.shared_rng("start"))
    point = {"x": x, "y": y, "theta": y}
    step_theta = settings.step_y if settings.step_theta is None else settings.step_theta
    agent.report(0, **point)
    for k in agent.rounds():
        mu = max(settings.mu_min, decayed(settings.mu, k, settings.mu_power, scale=1.0))
        steps = {"x": settings.step_x / mu, "y": settings.step_y, "theta": step_theta}
        fleet.batch = k if settings.samples == "shared" else None
        sent_mu = np.asarray(mu, x.dtype)
        for which in settings.order.split("_"):
            (direction,) = yield from fleet.mean(which, **point, mu=sent_mu)
            point[which] = point[which] - steps[which] * direction
        agent.report(k, **point)


def worker(agent: Agent, settings: Settings) -> Program:
    def along_theta(problem: Local, draw: Draw, x: Array, y: Array, theta: Array, mu: Array) -> Vectors:
        return (direction_theta(problem.lower_grad_y(x, theta, draw()), y, theta, settings.gamma),)

    def along_x(problem: Local, draw: Draw, x: Array, y: Array, theta: Array, mu: Array) -> Vectors:
        batch = draw()
        lower, lower_theta = problem.lower_grad_x(x, y, batch), problem.lower_grad_x(x, theta, batch)
        return (direction_x(problem.upper_grad_x(x, y, batch), lower, lower_theta, float(mu)),)

    def along_y(problem: Local, draw: Draw, x: Array, y: Array, theta: Array, mu: Array) -> Vectors:
        batch = draw()
        upper, lower = problem.upper_grad_y(x, y, batch), problem.lower_grad_y(x, y, batch)
        return (direction_y(upper, lower, y, theta, float(mu), settings.gamma),)

    yield from serve(agent, {"theta": along_theta, "x": along_x, "y": along_y})
