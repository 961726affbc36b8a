"""FedNest: federated bilevel optimization by local steps with variance reduction and a truncated Neumann series.

Paper: D. A. Tarzanagh, M. Li, C. Thrampoulidis, S. Oymak, "FedNest: federated bilevel, minimax, and compositional
optimization", ICML 2022, arXiv 2205.02215. Reconstructed from memory of its boxes and from its public code
(ucr-optml/FedNest).

Problem: min_x f(x, y*(x)),  y*(x) = argmin_y g(x, y), f and g means over the workers, x in R^p, y in R^q, g strongly
convex in y.

Server, k = 1, 2, ..., means over the workers i that take part, H_i = d2_yy g_i and J_i = d2_xy g_i at (x, y):

    FedInn, T times:   q = mean grad_y g_i(x, y)
                       worker: y_i = y, tau times  y_i <- y_i - (b/tau) (grad_y g_i(x, y_i) - grad_y g_i(x, y) + q)
                       y <- mean y_i
    FedIHGP:           t = mean grad_y f_i(x, y), p = eta t;   N times  p <- p - eta (mean H_i p - t)
                       (that is eta sum_{j=0..N} (I - eta H)^j t)
                       series "random": n' in 0..N-1 at random, n' times  t <- t - eta mean H_i t;   p = N eta t
    FedOut:            h = mean (grad_x f_i(x, y) - J_i p)
                       worker: x_i = x, tau' times  x_i <- x_i - (a/tau') (grad_x f_i(x_i, y) - grad_x f_i(x, y) + h)
                       x <- mean x_i

    inner "sgd":            no q; y_i moves along grad_y g_i(x, y_i) alone                   ("fednest_sgd")
    hypergradient "local":  each worker's own series and own h at x_i in each of its tau' steps, x <- mean x_i
                            (with inner "sgd": "lfednest")

Local steps take a mini-batch each, the same at both points; q, t, products with H_i and h take all data of a worker, as
in the code (`anchors` = batch: a mini-batch each).

Costs per round, up and down the same: (2T + N + 1)q + 2p numbers in 2T + N + 3 round trips ("sgd": (T + N + 1)q + 2p in
T + N + 3; "lfednest": Tq + p in T + 1). x and y travel once, to those that do not hold them. A worker evaluates
T(2 tau + 1) lower gradients in y, one upper in y, 2 tau' + 1 upper gradients in x, N Hessian-vector products and one
cross product.

Waiting: whose answers count may be drawn (`participants`, anew for each FedInn and each FedOut) or left to who is fast
(`first`, `deadline`): each mean is then over those who answered that question.

Traps: the truncated series leaves a bias of the size (1 - eta mu)^(N + 1), which no step cures; eta must be at most
1/L. "random" is right on average over n' only up to that bias, and noisy. Without q ("sgd", tau > 1), with a local
hypergradient or with part of the workers, different data leave a bias besides; under `first` it is towards the fast
ones. A question lost for good stalls it unless `ask_again_after_s` is set. The code never
empties its list of iterates in the series and so averages all of them: not copied.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.fleet import WHOLE, AskAgain, Draw, Fleet, Vectors, serve
from algorithms.pieces.hypergradient import direction_x
from algorithms.pieces.linear_systems import GradientDescent, LinearSystem, NeumannTerm
from algorithms.pieces.participation import participants
from problems.base import Array, Local
from simulator.agent import Agent, Event, Program

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "lower_grad_y", "upper_grad_y", "lower_hvp", "upper_grad_x", "lower_cross"),
    waits=("all", "first", "deadline"),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("worker",),
)

VARIANTS = {"fednest_sgd": {"inner": "sgd"}, "lfednest": {"inner": "sgd", "hypergradient": "local"}}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.2
    step_series: Annotated[float, Gt(0), Doc("eta: step of the series for the inverse Hessian, at most 1/L, 1")] = 0.2
    inner_rounds: Annotated[int, Ge(1), Doc("T: rounds of FedInn, 1")] = 1
    inner_steps: Annotated[int, Ge(1), Doc("tau: local steps on y, 1")] = 5
    outer_steps: Annotated[int, Ge(1), Doc("tau': local steps on x, 1")] = 1
    terms: Annotated[int, Ge(1), Doc("N: products with the Hessian in the series, 1")] = 5
    series: Annotated[Literal["sum", "random"], Doc("all terms of the series, or one at random in their place")] = "sum"
    inner: Annotated[Literal["svrg", "sgd"], Doc("local steps on y with or without correction for different data")] = (
        "svrg"
    )
    hypergradient: Annotated[Literal["global", "local"], Doc("of the mean problem, or each worker's own")] = "global"
    anchors: Annotated[Literal["whole", "batch"], Doc("data of averaged gradients and products: all, or a batch")] = (
        "whole"
    )
    participants: Annotated[
        int | None, Ge(1), Doc("workers drawn for each FedInn and FedOut, at most all; None = all")
    ] = None
    ask_again_after_s: AskAgain = None


def server(agent: Agent, settings: Settings) -> Program:
    fleet = Fleet(agent, settings.ask_again_after_s)
    anchor = WHOLE if settings.anchors == "whole" else None
    x, y = agent.problem.start(agent.shared_rng("start"))
    agent.report(0, x=x, y=y)
    for k in agent.rounds():
        for _ in range(settings.inner_rounds):
            fleet.members = participants(agent, settings.participants)
            correction = {}
            if settings.inner == "svrg":
                fleet.batch = anchor
                (correction["q"],) = yield from fleet.mean("lower_grad_y", x=x, y=y)
            fleet.batch = None
            (y,) = yield from fleet.mean("local_y", x=x, y=y, **correction)

        fleet.members = participants(agent, settings.participants)
        fleet.batch = anchor
        if settings.hypergradient == "local":
            (x,) = yield from fleet.mean("local_x", x=x, y=y)
        else:
            p = yield from inverse_hessian_product(agent, settings, fleet, x, y)
            (h,) = yield from fleet.mean("direction_x", x=x, y=y, p=p)
            fleet.batch = None
            (x,) = yield from fleet.mean("corrected_x", x=x, y=y, h=h)
        agent.report(k, x=x, y=y)


def inverse_hessian_product(
    agent: Agent, settings: Settings, fleet: Fleet, x: Array, y: Array
) -> Generator[Event, Any, np.ndarray]:
    """p of FedIHGP, about H^-1 grad_y f with H and f means."""
    (right,) = yield from fleet.mean("upper_grad_y", x=x, y=y)
    system = series(settings, right, agent.rng)
    while not system.done:
        (product,) = yield from fleet.mean("lower_hvp", x=x, y=y, s=system.direction)
        system.take(product)
    return system.solution


def series(settings: Settings, right: Array, rng: np.random.Generator) -> LinearSystem:
    """The truncated Neumann series for H^-1 right (in the form of gradient descent), or one term of it."""
    eta, terms = settings.step_series, settings.terms
    if settings.series == "sum":
        return GradientDescent(eta * right, right, eta, terms)
    return NeumannTerm(right, eta, terms, int(rng.integers(terms)))


def worker(agent: Agent, settings: Settings) -> Program:
    step_y = settings.step_y / settings.inner_steps
    step_x = settings.step_x / settings.outer_steps

    def local_y(problem: Local, draw: Draw, x: Array, y: Array, q: Array | None = None) -> Vectors:
        own = y
        for _ in range(settings.inner_steps):
            batch = draw()
            slope = problem.lower_grad_y(x, own, batch)
            if q is not None:
                slope = slope - problem.lower_grad_y(x, y, batch) + q
            own = own - step_y * slope
        return (own,)

    def corrected_x(problem: Local, draw: Draw, x: Array, y: Array, h: Array) -> Vectors:
        own = x
        for _ in range(settings.outer_steps):
            batch = draw()
            slope = problem.upper_grad_x(own, y, batch) - problem.upper_grad_x(x, y, batch) + h
            own = own - step_x * slope
        return (own,)

    def local_x(problem: Local, draw: Draw, x: Array, y: Array) -> Vectors:
        own = x
        for _ in range(settings.outer_steps):
            system = series(settings, problem.upper_grad_y(own, y, draw()), agent.rng)
            while not system.done:
                system.take(problem.lower_hvp(own, y, system.direction, draw()))
            (slope,) = direction_x(problem, draw, own, y, system.solution)
            own = own - step_x * slope
        return (own,)

    yield from serve(
        agent, {"local_y": local_y, "direction_x": direction_x, "corrected_x": corrected_x, "local_x": local_x}
    )
