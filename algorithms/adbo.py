"""ADBO: asynchronous distributed bilevel optimization by cutting planes, on a parameter server.

Paper: Y. Jiao, K. Yang, T. Wu, D. Song, C. Jian, "Asynchronous distributed bilevel optimization", ICLR 2023, arXiv
2212.10048; settings and order of operations after the authors' public code. "sdbo" is the synchronous form, S = N.

Problem (sums, not means, over the N workers; upper variable in R^n, lower variable in R^m):

    min_{x,y} sum_i G_i(x, y)   s.t.  y = argmin_y' sum_i g_i(x, y')

Worker i holds copies x_i, y_i, the master v, z. With phi(v) the solution of the lower level (its copies y_i and z
stacked) and h = |(y_1..y_N, z) - phi(v)|^2, the constraints are x_i = v (multipliers theta_i) and h <= eps, the
latter through cuts a_l.v + sum_i b_il.y_i + c_l.z + kappa_l <= 0 (multipliers lambda_l >= 0).

Iteration t, Q the workers whose answers are used (see "Waiting"):

    worker i in Q:  x_i <- x_i - eta_x (grad_x G_i + theta_i)
                    y_i <- y_i - eta_y (grad_y G_i + sum_l lambda_l b_il)              both from the old (x_i, y_i)
    master:         v <- v - eta_v (-sum_i theta_i + sum_l lambda_l a_l)
                    z <- z - eta_z sum_l lambda_l c_l
                    lambda_l <- P[lambda_l + eta_lambda (value of cut l at the new v, z and newest y_i - c_1 lambda_l)]
                    theta_i <- P[theta_i + eta_theta (x_i - v - c_2 theta_i)]             i in Q

Every `cut_every` iterations (t = 0, k_pre, 2 k_pre, ... below T_1) a cut round, with everybody: the outstanding
answers are taken and applied, then K rounds estimate phi(v) from y'_i = y_i, z' = z, p_i = 0 (or from the last
estimate, `warm_start`):

    y'_i <- y'_i - eta_in (grad_y g_i(v, y'_i) + p_i + mu (y'_i - z'))                    worker
    p_i  <- p_i + eta_p (y'_i - z')                                                       master
    z'   <- z' - eta_zin (-sum_i p_i + mu sum_i (z' - y'_i))                              master, with the new p_i

Cuts with lambda_l = 0 are dropped, and if h > eps the tangent plane of h is added: b_i = 2 (y_i - y'_i), c = 2 (z -
z'), a = dh/dv = sum_i a_i. Two derivatives:

"local"  worker i differentiates its own K steps with the received p_i, z' held constant (J_z = 0). From
         q = y_i - y'_iK, backwards over k:  a_i <- a_i + 2 eta_in [d2_vy g_i(v, y'_ik)] q,
         then q <- q - eta_in ([d2_yy g_i] q + mu q).
         Exact for K = 1; for larger K it tends to the response of the penalised problem.
"full"   the adjoint of the whole map through y', p and z' together: the exact derivative of the K-step estimate.
         Write Y_i, R_i, Z for the derivatives of sum_i q_i.y'_iK + q_z.z'_K (q_i = y_i - y'_iK and q_z = z - z'_K held)
         by y'_i, p_i, z'; at the end Y_i = q_i, R_i = 0, Z = q_z. One iteration backwards transposes the three lines
         above in reverse order:
             master:    sends Z
             worker i:  R_i <- R_i + eta_zin Z                          (z' by p_i)
                        Y_i <- Y_i + eta_zin mu Z + eta_p R_i           (z' and p_i by y'_i)
                        a_i <- a_i + 2 eta_in [d2_vy g_i(v, y'_ik)] Y_i
                        w_i  = eta_in mu Y_i - eta_p R_i                (y'_i and p_i by the old z'), sent
                        (Y_i, R_i) <- (Y_i - eta_in ([d2_yy g_i] Y_i + mu Y_i),  R_i - eta_in Y_i)
             master:    Z <- (1 - eta_zin mu N) Z + sum_i w_i
         These are K more rounds; in the last one the worker sends a_i instead of w_i, since the start of the estimate
         does not depend on v. The worker keeps its K points y'_ik.

Messages (numbers; P cuts after the round's drop and add):
    ordinary iteration, each i in Q        up n + m                        down P + n
    cut round, each worker, "local"        up (n + m) + K m + n            down n + m + 2m (K - 1) + (P + n) + flags
    cut round, each worker, "full"         up (n + m) + (2K - 1) m + n     down the same + K m
The flags are one bit for each cut before the drop: which of them stay. A worker forms its b_il by itself; factors by
which the master scales a cut travel inside lambda. Start: n numbers down to each worker. A worker that comes back or
was left out of a cut round also gets its b stack, P m numbers. Oracles: an ordinary answer costs the two upper
gradients, an inner step one lower gradient, a derivative K cross products and K - 1 Hessian products.

Waiting: `first` with k = S and staleness = tau: an iteration uses the first S answers and those of every worker not
heard for tau iterations; `all`, and "sdbo" whatever the policy, wait for everybody. A cut round is a barrier.
Drained answers are applied and count as activity, so no answer in use is staler than tau. `staleness` in the report
is the largest age, in iterations, of a present worker's part.

Dead workers: with `dead_after_s` the master waits so long at most for answers it needs. Who is silent is taken out
of N: its theta_i and its part of each cut's value leave the sums, S is capped by who is left, and new cuts are made
without it (cuts made before keep its part of a). It is back as soon as it is heard from; a worker that heard nothing
for 2 dead_after_s speaks up by itself. Default None: the master waits for ever, so a run with a dead worker stalls,
at the latest at the next cut round. A worker that lost its memory goes on from its last (x_i, y_i); the master must
keep its memory, or it begins again.

Traps: K = 1, as published, replaces the inverse Hessian by eta_in I and solves a penalised lower level: v does not
tend to the bilevel solution on heterogeneous workers. Raw normals need eta_lambda (eta_y + eta_z) sum |(b_l, c_l)|^2
<= about 1, which `unit_normals` makes scale-free. Keep eta_in (L + mu) <= 1 and eta_zin mu N <= 0.5, or successive
cuts contradict each other. S < N wants eta_v, eta_z, eta_lambda about five times smaller. Never dropping cuts
diverges. c_2 biases x_i - v = c_2 theta_i when G_i depends on x. Accuracy alone proves nothing here: look at the
re-solved lower level.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.cuts import Flags, Polytope, residual
from algorithms.pieces.waiting import Roster
from problems.base import Array, Batch, Local
from simulator.agent import Agent, Event, Program, Wait
from simulator.message import Message

Exchange = Generator[Event, Any, Any]

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "upper_grads", "lower_grad_y", "lower_products", "lower_cross"),
    waits=("all", "first"),
    links=("retransmit",),
    memory_loss=("worker",),
)

VARIANTS = {"sdbo": {"synchronous": True}}

DROPPED_BELOW = 1e-10
"""A multiplier below this counts as zero (authors' code)."""


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("eta_x: step of the workers' x_i, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("eta_y: step of the workers' y_i, 1")] = 0.02
    step_v: Annotated[float, Gt(0), Doc("eta_v: step of the master's v, 1")] = 0.002
    step_z: Annotated[float, Gt(0), Doc("eta_z: step of the master's z, 1")] = 0.002
    step_theta: Annotated[float, Gt(0), Doc("eta_theta: step of the multipliers of x_i = v, 1")] = 0.1
    step_lambda: Annotated[float, Gt(0), Doc("eta_lambda: step of the cuts' multipliers, 1")] = 0.02
    inner_step_y: Annotated[float, Gt(0), Doc("eta_in: step of y'_i in the estimate of phi, 1")] = 0.2
    inner_step_z: Annotated[float, Gt(0), Doc("eta_zin: step of z' in the estimate of phi, 1")] = 0.1
    inner_step_dual: Annotated[float, Gt(0), Doc("eta_p: step of the duals in the estimate of phi, 1")] = 0.2
    penalty: Annotated[float, Gt(0), Doc("mu: penalty of the lower level's augmented Lagrangian, 1")] = 1.0
    c_lambda: Annotated[float, Ge(0), Doc("c_1: regularisation of lambda; if decaying its lower bound, 1")] = 1e-3
    c_theta: Annotated[float, Ge(0), Doc("c_2: regularisation of theta; if decaying its lower bound, 1")] = 1e-3
    regularisation: Annotated[
        Literal["constant", "decaying"], Doc("c_1, c_2 as given, or 1 / (eta (t + 1)^(1/4)) with eta_lambda, eta_theta")
    ] = "constant"
    lambda_max: Annotated[float | None, Gt(0), Doc("upper bound of lambda, 1; None = none")] = None
    theta_max: Annotated[float | None, Gt(0), Doc("bound of each entry of theta_i, 1; None = none")] = None
    cut_every: Annotated[int, Ge(1), Doc("k_pre: iterations between cut rounds, iterations")] = 20
    cut_until: Annotated[int | None, Ge(0), Doc("T_1: no cut round from here on; None = to the end")] = None
    inner_rounds: Annotated[int, Ge(1), Doc("K: communication rounds of one estimate of phi, rounds")] = 1
    derivative: Annotated[Literal["local", "full"], Doc("derivative of the estimate used in a cut")] = "local"
    warm_start: Annotated[bool, Doc("the estimate of phi starts from the last one instead of y_i, z, 0")] = False
    unit_normals: Annotated[bool, Doc("each cut is scaled to a normal of length one")] = False
    squared: Annotated[bool, Doc("h is the squared residual; false: the residual itself")] = True
    tolerance: Annotated[float, Ge(0), Doc("eps: a cut is added only if h exceeds it, units of h")] = 0.0
    drop: Annotated[Literal["one", "two"], Doc("drop cuts with lambda zero now, or now and one before")] = "two"
    dead_after_s: Annotated[
        float | None, Gt(0), Doc("a worker silent for so long is left out until it is heard again, s; None = never")
    ] = None
    synchronous: Annotated[bool, Doc("S = N: every iteration waits for all workers, whatever the policy")] = False


@dataclass
class Estimate:
    """What the master knows of the estimate of phi(v)."""

    ys: Array
    """y'_i, (N, m)."""
    duals: Array
    """p_i, (N, m)."""
    z: Array
    """z', (m,)."""


@dataclass
class Master:
    """The master's state; rows of workers that are not present keep their last values."""

    v: Array
    z: Array
    xs: Array
    """Newest x_i, (N, n)."""
    ys: Array
    """Newest y_i, (N, m)."""
    thetas: Array
    """(N, n)."""
    multipliers: Array
    """lambda, (P,)."""
    before: Array
    """lambda of the same cuts one iteration before, (P,)."""
    polytope: Polytope
    estimate: Estimate | None
    """The last one."""
    informed: set[int]
    """Workers that hold the b's of the present cuts."""


def server(agent: Agent, settings: Settings) -> Program:
    v, z = agent.problem.start(agent.shared_rng("start"))
    workers = agent.neighbors
    s, tau = participation(agent.wait, len(workers), settings.synchronous)
    nothing = np.zeros(0, v.dtype)
    xs, ys = np.stack([v] * len(workers)), np.stack([z] * len(workers))
    polytope = Polytope.empty(len(workers), len(v), len(z), v.dtype)
    master = Master(v, z, xs, ys, np.zeros_like(xs), nothing, nothing, polytope, None, set())
    roster = Roster(agent, "answer", settings.dead_after_s)
    agent.report(0, x=v, y=z)
    for i in workers:
        yield roster.ask(i, ("step", 0), **step_for(master, i))
    for k in agent.rounds():
        answers = yield from roster.answers(s, roster.overdue(tau))
        take(master, answers)
        staleness = max(roster.attendance.since[i] for i in roster.present)
        roster.attendance.next_round()
        update(master, settings, k - 1, list(answers), np.isin(workers, roster.present))
        agent.report(k, x=master.v, y=master.z, staleness=np.array(staleness))
        for i in answers:
            yield roster.ask(i, ("step", k), **step_for(master, i))
        if cut_due(settings, k - 1):
            yield from cut_round(agent, settings, roster, master, k)


def worker(agent: Agent, settings: Settings) -> Program:
    (master,) = agent.neighbors
    x, y = agent.problem.start(agent.shared_rng("start"))
    normals, inner = np.zeros((0, len(y)), y.dtype), None
    silence = None if settings.dead_after_s is None else 2.0 * settings.dead_after_s
    if agent.saved is not None:
        x, y = agent.saved["x"], agent.saved["y"]
        yield agent.send(master, "answer", x=x, y=y, fresh=Flags(np.ones(1)))
    while True:
        message = yield agent.receive(timeout=silence)
        if message is None:
            yield agent.send(master, "answer", x=x, y=y, fresh=Flags(np.ones(1)))
        elif message.tag[0] == "step":
            normals = cuts_now(normals, message.payload, inner)
            if len(normals) != len(message["multipliers"]):
                # It was away from a cut round that the master believes it took part in.
                yield agent.send(master, "answer", x=x, y=y, fresh=Flags(np.ones(1)))
                continue
            batch = agent.problem.draw(agent.rng)
            grad_x, grad_y = yield agent.compute(agent.problem.upper_grads, x, y, batch)
            x = x - settings.step_x * (grad_x + message["theta"])
            y = y - settings.step_y * (grad_y + message["multipliers"] @ normals)
            agent.save(x=x, y=y)
            yield agent.send(master, "answer", x=x, y=y)
        elif message.tag[0] == "cut":
            inner = yield from inner_rounds(agent, settings, message, y, inner)


def participation(wait: Wait, workers: int, synchronous: bool) -> tuple[int, int | None]:
    """S and tau."""
    if synchronous or wait.policy == "all":
        return workers, None
    return min(wait.k or workers, workers), wait.staleness


def take(master: Master, answers: Mapping[int, Message]) -> None:
    """Store the newest (x_i, y_i)."""
    for i, answer in answers.items():
        master.xs[i], master.ys[i] = answer["x"], answer["y"]
        if "fresh" in answer.payload:
            master.informed.discard(i)


def update(master: Master, settings: Settings, t: int, active: list[int], present: Array) -> None:
    """v, z, lambda, theta, in this order; `present` (N,) says who is in N."""
    c_lambda, c_theta = regularisation(settings, t)
    here = present.astype(master.xs.dtype)
    master.v = master.v - settings.step_v * (master.multipliers @ master.polytope.a - here @ master.thetas)
    master.z = master.z - settings.step_z * (master.multipliers @ master.polytope.c)
    slack = master.polytope.values(master.v, master.ys, master.z, here) - c_lambda * master.multipliers
    master.before = master.multipliers
    master.multipliers = np.clip(master.multipliers + settings.step_lambda * slack, 0.0, settings.lambda_max)
    thetas = master.thetas[active]
    thetas = thetas + settings.step_theta * (master.xs[active] - master.v - c_theta * thetas)
    bound = np.inf if settings.theta_max is None else settings.theta_max
    master.thetas[active] = np.clip(thetas, -bound, bound)


def regularisation(settings: Settings, t: int) -> tuple[float, float]:
    """c_1 and c_2 of iteration t."""
    if settings.regularisation == "constant":
        return settings.c_lambda, settings.c_theta
    decay = (t + 1) ** -0.25
    return max(settings.c_lambda, decay / settings.step_lambda), max(settings.c_theta, decay / settings.step_theta)


def step_for(master: Master, i: int, stays: Array | None = None) -> dict[str, Any]:
    """What worker i needs for its next step: lambda, theta_i, and how its b's have changed."""
    multipliers = master.multipliers * master.polytope.scale
    values: dict[str, Any] = {"multipliers": multipliers, "theta": master.thetas[i].copy()}
    if i not in master.informed:
        values["normals"] = master.polytope.b[:, i] / master.polytope.scale[:, None]
    elif stays is not None:
        values["stays"] = Flags(stays)
    master.informed.add(i)
    return values


def cuts_now(normals: Array, payload: Mapping[str, Any], inner: "Inner | None") -> Array:
    """The worker's b's (P, m) after a step message; too few of them if it missed some news."""
    if "normals" in payload:
        return np.array(payload["normals"])
    if "stays" in payload:
        stays = payload["stays"].values
        normals = normals[stays] if len(stays) == len(normals) else normals[:0]
        if len(payload["multipliers"]) > len(normals) and inner is not None:
            normals = np.concatenate([normals, 2.0 * inner.gap[None]])
    return normals


# ---- the cut round --------------------------------------------------------------------------------------------------


def cut_due(settings: Settings, t: int) -> bool:
    """Whether iteration t ends with a cut round."""
    return t % settings.cut_every == 0 and (settings.cut_until is None or t < settings.cut_until)


def cut_round(agent: Agent, settings: Settings, roster: Roster, master: Master, k: int) -> Exchange:
    """Drain, estimate phi(v) with its derivative, drop cuts, add one."""
    answers = yield from roster.answers(len(agent.neighbors), roster.present)
    take(master, answers)
    roster.attendance.next_round()
    start = master.estimate
    if start is None or not settings.warm_start:
        start = Estimate(master.ys.copy(), np.zeros_like(master.ys), master.z)
    estimate, slope = yield from estimated(settings, roster, k, master.v, start)
    if settings.derivative == "full":
        slope = yield from adjoint(settings, roster, k, master.z - estimate.z, len(master.v))
    here = np.isin(agent.neighbors, roster.present).astype(slope.dtype)
    y_gaps, z_gap = (master.ys - estimate.ys) * here[:, None], master.z - estimate.z
    master.estimate = estimate

    stays = master.multipliers > DROPPED_BELOW
    if settings.drop == "two":
        stays = stays | (master.before > DROPPED_BELOW)
    master.polytope = master.polytope.keep(stays)
    master.multipliers, master.before = master.multipliers[stays], master.before[stays]
    h = residual(y_gaps, z_gap, slope, settings.squared)
    if h.height > settings.tolerance:
        point = master.v, master.ys, master.z
        master.polytope = master.polytope.cut(h, settings.tolerance, *point, unit=settings.unit_normals)
        zero = np.zeros(1, master.v.dtype)
        master.multipliers = np.concatenate([master.multipliers, zero])
        master.before = np.concatenate([master.before, zero])
    master.informed &= set(roster.present)
    for i in roster.present:
        yield roster.ask(i, ("step", k), **step_for(master, i, stays))


def estimated(settings: Settings, roster: Roster, k: int, v: Array, start: Estimate) -> Exchange:
    """K rounds with the workers; yields (estimate, sum of the a_i that came with the last answers)."""
    ys, duals, z = start.ys.copy(), start.duals.copy(), start.z
    slope = np.zeros_like(v)
    for i in roster.present:
        yield roster.ask(i, ("cut", k), v=v, z=z)
    for j in range(settings.inner_rounds):
        answers = yield from roster.barrier(("inner", k))
        here = list(answers)
        for i, answer in answers.items():
            ys[i] = answer["y"]
            slope = slope + answer.payload.get("a", 0.0)
        duals[here] = duals[here] + settings.inner_step_dual * (ys[here] - z)
        pull = settings.penalty * (z - ys[here]) - duals[here]
        z = z - settings.inner_step_z * pull.sum(axis=0)
        if j < settings.inner_rounds - 1:
            for i in here:
                yield roster.ask(i, ("inner", k), dual=duals[i].copy(), z=z)
    return Estimate(ys, duals, z), slope


def adjoint(settings: Settings, roster: Roster, k: int, gap: Array, n: int) -> Exchange:
    """K rounds backwards; yields the sum of the a_i, (n,)."""
    back, slope = gap, np.zeros(n, gap.dtype)
    for _ in range(settings.inner_rounds):
        for i in roster.present:
            yield roster.ask(i, ("adjoint", k), back=back)
        answers = yield from roster.barrier(("adjoint", k))
        shrink = 1.0 - settings.inner_step_z * settings.penalty * len(answers)
        for answer in answers.values():
            slope = slope + answer.payload.get("a", 0.0)
        back = sum((answer.payload.get("w", 0.0) for answer in answers.values()), shrink * back)
    return slope


@dataclass
class Inner:
    """What a worker remembers of the estimate of phi(v)."""

    y: Array
    """y'_i."""
    dual: Array
    """p_i, as the master will have it."""
    gap: Array
    """y_i - y'_iK."""


def inner_rounds(agent: Agent, settings: Settings, first: Message, y: Array, last: Inner | None) -> Exchange:
    """The worker's side of one estimate; yields what it remembers, None if the master fell silent."""
    (master,) = agent.neighbors
    silence = None if settings.dead_after_s is None else 2.0 * settings.dead_after_s
    problem, k, v, z = agent.problem, first.tag[1], first["v"], first["z"]
    batch = problem.draw(agent.rng)
    warm = last is not None and settings.warm_start
    y_in, dual = (last.y, last.dual) if warm and last is not None else (y, np.zeros_like(y))
    path = []
    for j in range(settings.inner_rounds):
        if j > 0:
            message = yield agent.receive(("inner", k), silence)
            if message is None:
                return None
            dual, z = message["dual"], message["z"]
        path.append(y_in)
        if j < settings.inner_rounds - 1 or settings.derivative == "full":
            y_in = yield agent.compute(inner_step, problem, settings, v, z, y_in, dual, batch)
            yield agent.send(master, ("inner", k), y=y_in)
        else:
            y_in, a = yield agent.compute(last_step, problem, settings, v, z, y, path, dual, batch)
            yield agent.send(master, ("inner", k), y=y_in, a=a)
    inner = Inner(y_in, dual + settings.inner_step_dual * (y_in - z), y - y_in)
    if settings.derivative == "full":
        y_back, dual_back, a = inner.gap, np.zeros_like(y), np.zeros_like(v)
        for j, point in zip(range(settings.inner_rounds - 1, -1, -1), reversed(path), strict=True):
            message = yield agent.receive(("adjoint", k), silence)
            if message is None:
                return None
            dual_back = dual_back + settings.inner_step_z * message["back"]
            y_back = y_back + settings.inner_step_z * settings.penalty * message["back"]
            y_back = y_back + settings.inner_step_dual * dual_back
            w = settings.inner_step_y * settings.penalty * y_back - settings.inner_step_dual * dual_back
            dual_back = dual_back - settings.inner_step_y * y_back
            cross, y_back = yield agent.compute(backwards, problem, settings, v, point, y_back, batch, j == 0)
            a = a + cross
            yield agent.send(master, ("adjoint", k), **({"a": a} if j == 0 else {"w": w}))
    return inner


def inner_step(
    problem: Local, settings: Settings, v: Array, z: Array, y: Array, dual: Array, batch: Batch | None
) -> Array:
    """y' after one step on the augmented Lagrangian of the lower level."""
    grad = problem.lower_grad_y(v, y, batch)
    return y - settings.inner_step_y * (grad + dual + settings.penalty * (y - z))


def last_step(
    problem: Local,
    settings: Settings,
    v: Array,
    z: Array,
    y: Array,
    path: list[Array],
    dual: Array,
    batch: Batch | None,
) -> tuple[Array, Array]:
    """y'_K and the worker's own derivative a_i, back along its path y'_0 .. y'_{K-1}."""
    y_last = inner_step(problem, settings, v, z, path[-1], dual, batch)
    back, a = y - y_last, np.zeros_like(v)
    for j, point in zip(range(len(path) - 1, -1, -1), reversed(path), strict=True):
        cross, back = backwards(problem, settings, v, point, back, batch, j == 0)
        a = a + cross
    return y_last, a


def backwards(
    problem: Local, settings: Settings, v: Array, y: Array, back: Array, batch: Batch | None, first: bool
) -> tuple[Array, Array]:
    """One inner step transposed: (part of a_i, derivative by the point before; of no use at the first point)."""
    if first:
        return 2.0 * settings.inner_step_y * problem.lower_cross(v, y, back, batch), back
    hvp, cross = problem.lower_products(v, y, back, batch)
    return 2.0 * settings.inner_step_y * cross, back - settings.inner_step_y * (hvp + settings.penalty * back)
