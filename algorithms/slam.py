"""SLAM: linearised augmented Lagrangian with consensus at both levels and a hypergradient from local Hessians.

Paper: S. Lu, S. Zeng, X. Cui, M. Squillante, L. Horesh, B. Kingsbury, J. Liu, M. Hong, "A stochastic linearized
augmented Lagrangian method for decentralized bilevel optimization", NeurIPS 2022. Reconstructed: the primal-dual steps
from its abstract, the hypergradient from memory. There the length of the Neumann series is drawn at random; here it is
summed to N terms, which has the same mean and no variance.

Problem: min_x (1/n) sum_i f_i(x_i, y*(x)),  y*(x) = argmin_y (1/n) sum_i g_i(x, y_i), x in R^p, y in R^q, subject to
x_i = x_j and y_i = y_j for neighbours, that is A x = 0 and A y = 0 with A'A = I - W =: L, W the mixing matrix,
symmetric and doubly stochastic. Multipliers l enter as m = A'l, one vector of each agent.

Agent i, k = 1, 2, ..., for (s, a) = (x, a) and (y, b), directions at its own (x_i, y_i):

    v_i  = eta sum_{m < N} (I - eta d2_yy g_i)^m grad_y f_i
    Dx_i = grad_x f_i - [d2_xy g_i] v_i      Dy_i = grad_y g_i
    (L s)_i = s_i - sum_j w_ij s_j
    m_i <- m_i + r (L s)_i                                          (l <- l + r A s; at the start m_i = 0)
    s_i <- s_i - a (Dx_i + m_i + r (L s)_i)                         (y: b, Dy_i)

This is EXTRA with the weights I - a r L (y: I - b r L).

Where it ends: consensus with sum_i Dy_i = 0 and sum_i Dx_i = 0; y is the exact lower solution, x is not the optimum.
Dx_i has [d2_yy g_i]^-1 (I - (I - eta d2_yy g_i)^N) of the agent alone where the hypergradient has the inverse of the
average, so that x is biased wherever the agents' Hessians differ, also for N without end; it is exact for equal
Hessians and N without end.

Costs per iteration: p + q numbers to each neighbour, one message; three gradients, N - 1 Hessian-vector products, one
cross product. Multipliers are never sent.

Traps: it needs a r (1 - lambda_min(W)) < 4/3 (a r = 1/2 is EXTRA with lazy weights) and eta below 2 / L. `drift_x`,
`drift_y` are m_i, whose sum over agents is zero as long as W stays doubly stochastic; a message that is lost in one
direction or misses a deadline breaks it for good and leaves a bias. After a crash that loses memory an agent goes on
from its checkpoint; under the policy `all` it waits without end if it forgot messages of the round that it has to
repeat.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.linear_systems import GradientDescent
from algorithms.pieces.search import Searched
from problems.base import Batch, Local
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="graph",
    oracles=("start", "draw", "upper_grads", "lower_grad_y", "lower_hvp", "lower_cross"),
    waits=("all", "deadline"),
    links=("retransmit", "symmetric"),
    memory_loss=("agent",),
)


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.1
    penalty: Annotated[float, Gt(0), Searched(), Doc("r: weight of disagreement in the augmented Lagrangian, 1")] = 5.0
    neumann_terms: Annotated[int, Ge(1), Doc("N: terms of the Neumann series")] = 10
    neumann_step: Annotated[float, Gt(0), Doc("eta: scale of the Neumann series, 1")] = 0.1


def program(agent: Agent, settings: Settings) -> Program:
    a, b, r = settings.step_x, settings.step_y, settings.penalty
    x, y = agent.problem.start(agent.shared_rng("start"))
    mx, my, done = np.zeros_like(x), np.zeros_like(y), 0
    if agent.saved is not None:
        x, y, mx, my, done = (agent.saved[name] for name in ("x", "y", "mx", "my", "done"))
    else:
        agent.report(0, x=x, y=y)
    series = (settings.neumann_terms, settings.neumann_step)
    for k in agent.rounds(done + 1):
        batch = agent.problem.draw(agent.rng)
        dx, dy = yield agent.compute(local_directions, agent.problem, x, y, batch, *series)
        mean_x, mean_y = yield agent.mix(k, x, y)
        apart_x, apart_y = r * (x - mean_x), r * (y - mean_y)
        mx, my = mx + apart_x, my + apart_y
        x, y = x - a * (dx + mx + apart_x), y - b * (dy + my + apart_y)
        agent.report(k, x=x, y=y, drift_x=mx, drift_y=my)
        agent.save(x=x, y=y, mx=mx, my=my, done=k)


def local_directions(
    problem: Local, x: np.ndarray, y: np.ndarray, batch: Batch | None, terms: int, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """(Dx, Dy); v as N steps of gradient descent from zero, the first of which needs no product."""
    upper_x, upper_y = problem.upper_grads(x, y, batch)
    series = GradientDescent(step * upper_y, upper_y, step, terms - 1)
    while not series.done:
        series.take(problem.lower_hvp(x, y, series.direction, batch))
    return upper_x - problem.lower_cross(x, y, series.solution, batch), problem.lower_grad_y(x, y, batch)
