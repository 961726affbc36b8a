"""NBO and NSBO: a Newton step on the lower variable shares its Hessian with the hypergradient's linear system.

Paper: Y. Dong, J. Yang, W. Yao, J. Zhang, "Efficient curvature-aware hypergradient approximation for bilevel
optimization", ICML 2025, PMLR 267, arXiv 2505.02101. Reconstructed from notes on the paper; its boxes were not at hand.
NBO is the method of a single machine. Here that machine is an averaging server, which asks its workers for each oracle
of the averaged problem (one worker: the paper's setting). A form by gossip would not be the paper's.

Problem: min_x f(x, y*(x)),  y*(x) = argmin_y g(x, y), f and g means over the workers, x in R^p, y in R^q, g strongly
convex in y. u in R^q follows the solution of [d2_yy g] u = grad_y f.

Server, k = 1, 2, ..., with H = d2_yy g(x, y) at the point where the iteration begins:

    b_v = grad_y g(x, y)        b_w = H u - grad_y f(x, y)
    v ~ H^-1 b_v                w ~ H^-1 b_w                      by the same solver, both from zero
    y <- y - v                  u <- u - w
    x <- x - a_k (grad_x f(x, y) - [d2_xy g(x, y)] u)             at the new y and u

    solver "gd":  v = c b_v, w = c b_w, then T times  v <- v - c (H v - b_v),  w <- w - c (H w - b_w)
                  (T + 1 steps from zero; T = 0 is SOBA with x moved last)
    solver "cg":  conjugate gradients, until a residual is below `tolerance` times its right side ("nbo_cg")

"nsbo" draws a fresh mini-batch for b_v, for b_w, for each product with H (one for v and w) and for the direction of x
("batches" independent); otherwise one batch serves a whole iteration. With full batches the two are the same method.

Costs per iteration, "gd": p + 2(T + 1)q numbers down and as many up in T + 2 round trips; 3 gradients, 2T + 1
Hessian-vector products, one cross product. "cg": one product for each step of each system instead of 2T, q numbers
each way for it. (x, y) is held by the workers while it does not change.

Traps: Newton's region is real: from far away "cg" and small T diverge; `warm_up` steps on y with x frozen cure it. c
must be at most 1/L, L the largest eigenvalue of H. Every mean has to be fresh, so it waits for all; a question lost for
good stalls it unless `ask_again_after_s` is set.
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

VARIANTS = {"nbo_cg": {"solver": "cg"}, "nsbo": {"batches": "independent"}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.1
    step: Annotated[float, Gt(0), Doc("c: step of the solver gd and of the warm-up, 1")] = 0.3
    solver: Annotated[Literal["gd", "cg"], Doc("how the two linear systems are solved")] = "gd"
    steps: Annotated[int, Ge(0), Doc("T: steps of the solver gd after the first, 1")] = 1
    tolerance: Annotated[float, Ge(0), Doc("solver cg: residual at which it stops, relative to the right side, 1")] = (
        0.1
    )
    most: Annotated[int, Ge(1), Doc("solver cg: largest number of products for one system, 1")] = 50
    warm_up: Annotated[int, Ge(0), Doc("steps on y alone before the first iteration, 1")] = 0
    batches: Annotated[
        Literal["same", "independent"], Doc("one mini-batch an iteration, or one for each of its evaluations")
    ] = "same"
    decay_power: DecayPower = 0.0
    decay_rounds: DecayRounds = 100.0
    ask_again_after_s: AskAgain = None


def server(agent: Agent, settings: Settings) -> Program:
    fleet = Fleet(agent, settings.ask_again_after_s)
    x, y = agent.problem.start(agent.shared_rng("start"))
    u = np.zeros_like(y)
    agent.report(0, x=x, y=y, u=u)
    for _ in range(settings.warm_up):
        (slope,) = yield from fleet.mean("lower_grad_y", x=x, y=y)
        y = y - settings.step * slope
    for k in agent.rounds():
        fleet.batch = k if settings.batches == "same" else None
        sides = yield from fleet.mean("right_sides", x=x, y=y, u=u)
        systems = {name: system(settings, side, k) for name, side in zip("vw", sides, strict=True)}
        while wanted := {name: one.direction for name, one in systems.items() if not one.done}:
            products = yield from fleet.mean("products", x=x, y=y, **wanted)
            for name, product in zip(wanted, products, strict=True):
                systems[name].take(product)
        y, u = y - systems["v"].solution, u - systems["w"].solution
        (direction,) = yield from fleet.mean("direction_x", x=x, y=y, u=u)
        x = x - decayed(settings.step_x, k, settings.decay_power, settings.decay_rounds) * direction
        agent.report(k, x=x, y=y, u=u)


def worker(agent: Agent, settings: Settings) -> Program:
    yield from serve(agent, {"right_sides": right_sides, "products": products, "direction_x": direction_x})


def system(settings: Settings, right: np.ndarray, k: int) -> LinearSystem:
    """H s = right with the chosen solver."""
    if settings.solver == "cg":
        return ConjugateGradients(right, settings.tolerance, settings.most)
    step = decayed(settings.step, k, settings.decay_power, settings.decay_rounds)
    return GradientDescent(step * right, right, step, settings.steps)


def right_sides(problem: Local, draw: Draw, x: np.ndarray, y: np.ndarray, u: np.ndarray) -> Vectors:
    """b_v and b_w."""
    slope = problem.lower_grad_y(x, y, draw())
    batch = draw()
    return slope, problem.lower_hvp(x, y, u, batch) - problem.upper_grad_y(x, y, batch)


def products(problem: Local, draw: Draw, x: np.ndarray, y: np.ndarray, *vectors: np.ndarray) -> Vectors:
    """H times each of one or two vectors."""
    batch = draw()
    return tuple(problem.lower_hvp(x, y, vector, batch) for vector in vectors)
