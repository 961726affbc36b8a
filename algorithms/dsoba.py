"""D-SOBA: decentralised SOBA, each variable by one step of decentralised gradient descent ("gossip").

Paper: B. Kong, S. Zhu, S. Lu, X. Huang, K. Yuan, "Decentralized bilevel optimization: a perspective from transient
iteration complexity", JMLR 26(240), 2025, arXiv 2402.03167. Reconstructed: the update from memory and from the
single-machine SOBA.

Problem: min_x (1/n) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/n) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f. W is the mixing matrix, symmetric and doubly stochastic.

Agent i, k = 1, 2, ..., all directions at its own (x_i, y_i, u_i):

    Dx_i = grad_x f_i - [d2_xy g_i] u_i      Dy_i = grad_y g_i      Du_i = [d2_yy g_i] u_i - grad_y f_i
    h_i <- (1 - theta) h_i + theta Dx_i
    order "atc":  x_i <- sum_j w_ij (x_j - a h_j)   y_i <- sum_j w_ij (y_j - b Dy_j)   u_i <- sum_j w_ij (u_j - c Du_j)
    order "cta":  x_i <- sum_j w_ij x_j - a h_i       and so on

h starts as the first Dx; theta = 1 is without momentum, "dsoba_momentum" takes theta = 0.1.

Costs per iteration: p + 2q numbers to each neighbour, one message; three gradients, one Hessian and one cross
product.

Traps: nothing corrects for different data, so with constant steps it stalls at a bias about proportional to the
steps and growing with heterogeneity and with a smaller spectral gap; it is exact only when all agents are alike.
"cta" needs b L < 1 + (smallest eigenvalue of W), "atc" stands larger steps. In return it has no memory that a lost
message or a restart could break. Under the policy `all` an agent that forgot messages of the round which it has to
repeat waits for them without end, and its neighbours for it; the other policies go on.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt, Le
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.averaging import moving_average
from algorithms.pieces.communication import scheme
from algorithms.pieces.schedules import DecayPower, DecayRounds, decayed
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="graph",
    oracles=("start", "draw", "directions"),
    waits=("all", "first", "latest", "deadline"),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("agent",),
)

VARIANTS = {"dsoba_momentum": {"averaging": 0.1}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.1
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.1
    order: Annotated[Literal["atc", "cta"], Doc("adapt then combine, or combine then adapt")] = "atc"
    averaging: Annotated[float, Gt(0), Le(1), Doc("theta: weight of the new direction in h; 1 = no averaging")] = 1.0
    decay_power: DecayPower = 0.0
    decay_rounds: DecayRounds = 100.0


def program(agent: Agent, settings: Settings) -> Program:
    exchange = scheme(f"se_{settings.order}")
    x, y = agent.problem.start(agent.shared_rng("start"))
    u, h, done = np.zeros_like(y), None, 0
    if agent.saved is not None:
        x, y, u, h, done = (agent.saved[name] for name in ("x", "y", "u", "h", "done"))
    else:
        agent.report(0, x=x, y=y, u=u)
    for k in agent.rounds(done + 1):
        batch = agent.problem.draw(agent.rng)
        found = yield agent.compute(agent.problem.directions, x, y, u, batch)
        h = moving_average(h, found.x, settings.averaging)
        first = (settings.step_x, settings.step_y, settings.step_u)
        steps = tuple(decayed(step, k, settings.decay_power, settings.decay_rounds) for step in first)
        x, y, u = yield from exchange.step(agent, k, (x, y, u), (h, found.y, found.u), steps)
        agent.report(k, x=x, y=y, u=u)
        agent.save(x=x, y=y, u=u, h=h, done=k)
