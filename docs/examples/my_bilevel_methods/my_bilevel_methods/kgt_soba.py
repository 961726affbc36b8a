"""K-GT SOBA: several local steps between two exchanges, with corrections that make up for the agents' differences.

Paper: Y. Liu, T. Lin, A. Koloskova, S. U. Stich, "Decentralized gradient tracking with local steps", 2023, applied to
the three directions of SOBA, which is ours. From memory; the paper has a second step size, which is 1 here.

Problem: min_x (1/n) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/n) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f. W is the mixing matrix, symmetric and doubly stochastic.

Agent i, k = 1, 2, ..., at z = (x_i, y_i, u_i) with the steps s = (a, b, c) and the corrections r_i, zero at first:

    D_i(z) = (grad_x f_i - [d2_xy g_i] u,  grad_y g_i,  [d2_yy g_i] u - grad_y f_i)
    T times:  z <- z - s (D_i(z) + r_i);     m_i = mean of the D_i(z) + r_i
    z <- sum_j w_ij z_j        r_i <- r_i - m_i + sum_j w_ij m_j

The r_i add up to nothing at all times, so a common point at which nobody moves solves the averaged problem.

Costs per round: 2 (p + 2q) numbers to each neighbour, in one message; T times three gradients, one Hessian-vector and
one cross product.

Traps: with more local steps the same steps are too large, about in proportion to 1/T. A correction that is lost on one
side alone leaves a bias for good, hence the links it needs and the waiting for everybody.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="graph",
    oracles=("start", "draw", "directions"),
    waits=("all",),
    links=("retransmit", "symmetric"),
    memory_loss=(),
)

VARIANTS = {"kgt_soba_single": {"local_steps": 1}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.1
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.1
    local_steps: Annotated[int, Ge(1), Doc("T: steps between two exchanges")] = 4


def program(agent: Agent, settings: Settings) -> Program:
    problem = agent.problem
    steps = (settings.step_x, settings.step_y, settings.step_u)
    x, y = problem.start(agent.shared_rng("start"))
    z = (x, y, np.zeros_like(y))
    r = tuple(np.zeros_like(part) for part in z)
    agent.report(0, x=x, y=y)
    for k in agent.rounds():
        total = tuple(np.zeros_like(part) for part in z)
        for _ in range(settings.local_steps):
            found = yield agent.compute(problem.directions, *z, problem.draw(agent.rng))
            moves = tuple(d + part for d, part in zip(found, r, strict=True))
            z = tuple(part - s * move for part, s, move in zip(z, steps, moves, strict=True))
            total = tuple(t + move for t, move in zip(total, moves, strict=True))
        m = tuple(t / settings.local_steps for t in total)
        mixed = yield agent.mix(k, *z, *m)
        z = mixed[:3]
        r = tuple(part - own + mean for part, own, mean in zip(r, m, mixed[3:], strict=True))
        agent.report(k, x=z[0], y=z[1], drift_x=r[0])
