"""MA-DSBO: decentralised bilevel optimization by two inner loops of gossip and a moving average.

Paper: X. Chen, M. Huang, S. Ma, K. Balasubramanian, "Decentralized stochastic bilevel optimization with improved
per-iteration complexity", ICML 2023, arXiv 2210.12839. Reconstructed from memory: whether u starts each outer round at
its last value, and whether trackers are carried over, could not be checked and are settings.

Problem: min_x (1/n) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/n) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q solves [d2_yy g] u = grad_y f, g and f averaged over agents. W is the mixing matrix, symmetric and doubly
stochastic.

Agent i, outer round k = 1, 2, ...:

    T times:  y_i <- sum_j w_ij y_j - b Dy_i,  Dy_i = grad_y g_i(x_i, y_i)          ("ma_dsbo_gt": tracked)
    u_i = 0 (`warm_u`: as it was); N times, tracked (the HIGP oracle):
              Du_i = [d2_yy g_i] u_i - grad_y f_i
              t_i  = sum_j w_ij t_j' + Du_i - Du_i'                                 (first time: t_i = Du_i)
              u_i <- sum_j w_ij u_j - c t_i
    h_i <- (1 - theta) h_i + theta (grad_x f_i - [d2_xy g_i] u_i)
    x_i <- sum_j w_ij x_j - a h_i

That is combine, then adapt ("cta"); "atc" mixes what has been moved, sum_j w_ij (z_j - s t_j). The trackers start anew
in every outer round; with `carry_trackers` they go on from the last one (u's only where `warm_u` is set too).

Costs per outer round: T messages of q numbers to each neighbour (2q where y is tracked), N of 2q, one of p, each after
the one before: T + N + 1 exchanges; T + 2 gradients, N Hessian-vector products, one cross product. No matrix is sent.

Traps: "cta" with tracking needs c L < (1 - |lambda|)^2 / 2 for the negative eigenvalues lambda of W; use lazy weights
or "atc". The distance to the solution has three parts: too few steps N from u = 0 (falls geometrically with N),
trackers that start anew (with few steps they are hardly mixed), and x, which nothing corrects. On slow links the
T + N + 1 dependent messages are most of a round's time. `drift_y` (where y is tracked) and `drift_u` are this agent's
part of the sums that the last inner loop conserves. Messages older than their round change the end little while
trackers start anew; carried ones are broken for good and lead it far astray. An agent that lost its memory cannot
repeat a half-done round.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.averaging import moving_average
from algorithms.pieces.communication import scheme
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="graph",
    oracles=("start", "draw", "lower_grad_y", "upper_grads", "lower_hvp", "lower_cross"),
    waits=("all", "first", "latest", "deadline"),
    links=("retransmit", "symmetric"),
    memory_loss=(),
)

VARIANTS = {"ma_dsbo_gt": {"track_y": True}}

TRACKED = {"cta": "gt_non_atc", "atc": "gt_semi_atc"}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.02
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.05
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.05
    lower_steps: Annotated[int, Ge(1), Doc("T: steps of y in an outer round")] = 5
    linear_steps: Annotated[int, Ge(1), Doc("N: steps of u in an outer round")] = 5
    averaging: Annotated[float, Gt(0), Le(1), Doc("theta: weight of the new direction in h; 1 = no averaging")] = 1.0
    track_y: Annotated[bool, Doc("gradient tracking on y too")] = False
    warm_u: Annotated[bool, Doc("u goes on from its last value")] = False
    carry_trackers: Annotated[bool, Doc("trackers go on from the last outer round")] = False
    order: Annotated[Literal["cta", "atc"], Doc("combine then adapt, or adapt then combine")] = "cta"


def program(agent: Agent, settings: Settings) -> Program:
    problem = agent.problem
    lower_name = TRACKED[settings.order] if settings.track_y else f"se_{settings.order}"
    lower, linear = scheme(lower_name), scheme(TRACKED[settings.order])
    upper = scheme(f"se_{settings.order}")
    x, y = problem.start(agent.shared_rng("start"))
    u, h = np.zeros_like(y), None
    agent.report(0, x=x, y=y, u=u)
    for k in agent.rounds():
        if not settings.carry_trackers:
            lower = scheme(lower_name)
        for t in range(settings.lower_steps):
            batch = problem.draw(agent.rng)
            slope = yield agent.compute(problem.lower_grad_y, x, y, batch)
            (y,) = yield from lower.step(agent, k, (y,), (slope,), (settings.step_y,), slot=f"y {t}")
        if not settings.warm_u:
            u = np.zeros_like(y)
        if not (settings.warm_u and settings.carry_trackers):
            linear = scheme(TRACKED[settings.order])
        batch = problem.draw(agent.rng)
        upper_x, upper_y = yield agent.compute(problem.upper_grads, x, y, batch)
        for t in range(settings.linear_steps):
            product = yield agent.compute(problem.lower_hvp, x, y, u, batch)
            (u,) = yield from linear.step(agent, k, (u,), (product - upper_y,), (settings.step_u,), slot=f"u {t}")
        cross = yield agent.compute(problem.lower_cross, x, y, u, batch)
        h = moving_average(h, upper_x - cross, settings.averaging)
        (x,) = yield from upper.step(agent, k, (x,), (h,), (settings.step_x,))
        agent.report(k, x=x, y=y, u=u, **lower.drifts("y"), **linear.drifts("u"))
