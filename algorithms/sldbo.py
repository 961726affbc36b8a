"""SLDBO: single-loop decentralised bilevel optimization with gradient tracking on all three variables.

With snapshots ("s3ldbo") an agent evaluates its directions in a share p of the rounds and reuses them in between.

Paper: Y. Dong, S. Ma, J. Yang, C. Yin, "A single-loop algorithm for decentralized bilevel optimization", Mathematics
of Operations Research, 2025, arXiv 2311.08945. Reconstructed from its stated properties (SOBA directions, gradient
tracking, a projection, exactly two matrix-vector products an iteration); which of the three mixings the paper uses
is not known. S3LDBO: C. Yin, Y. Dong, S. Ma, B. Wang, J. Yang, arXiv 2605.31311, 2026; reconstructed from its
abstract, with the coin and what is reused as settings.

Problem: min_x (1/n) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/n) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f. W is the mixing matrix, symmetric and doubly stochastic.

Agent i, directions at its own (x_i, y_i, u_i), D' those of the previous iteration, P_r the projection onto the ball
|u| <= r, (z, s) one of (x, a), (y, b), (u, c):

    Dx_i = grad_x f_i - [d2_xy g_i] u_i      Dy_i = grad_y g_i      Du_i = [d2_yy g_i] u_i - grad_y f_i
    t_i  = sum_j w_ij t_j' + D_i - D_i'                             (first iteration: t_i = D_i)
    "cta":   z_i <- sum_j w_ij z_j - s t_i
    "semi":  z_i <- sum_j w_ij (z_j - s t_j)
    "atc":   as "semi", with t_i = sum_j w_ij (t_j' + D_j - D_j')
    u_i <- P_r(u_i)

S3LDBO takes as D_i those of agent i's snapshot, the point of the last round in which its coin came up (`coin`, `reuse`:
see `pieces.snapshots`); p = 1 is SLDBO. Sums of trackers and of directions stay equal, so it is as exact, also where
agents use different p.

Invariant: sum_i t_i = sum_i D_i for each variable; hence exact for any heterogeneity of the data. `drift_x`,
`drift_y`, `drift_u` of the report are sum_j w_ij t_j - D_i ("atc": t_i - D_i); their sum over agents is zero as long
as the invariant holds.

Costs per iteration: 2 (p + 2q) numbers to each neighbour in one message ("atc": p + 2q twice, the second after the
first); three gradients, one Hessian-vector product, one cross product; memory 3 (p + 2q). Snapshots save
computation and no bits: p times the gradients and products ("mat": all products). In a barrier a round is cheap only
where all agents skip, so own coins save work and a common one (`shared`, `aligned`) saves time too.

Traps: "cta" needs b L < (1 + lambda_min(W))^2 / 2, which is 2/9 on an even ring with weights 1/3 (use lazy weights
or "semi"). A larger b than about (spectral gap) / sqrt(L mu) is slower. Snapshots need about p >= b L; near that edge
long gaps make a random coin slow (take `aligned` or `capped`), and where b is about 1/L already they save nothing. A
message lost in one direction only, or replaced by an older one, breaks the invariant for good and leaves a bias (1 %
lost: a gradient norm of 0.14 on the reference instance); `symmetric` drops and retransmission keep it exact. A radius
smaller than |u*| gives a wrong answer in silence: keep None, or take twice the largest |u| of a pilot run. After a
crash that loses memory an agent goes on from its checkpoint, which holds trackers, directions and snapshot with the
variables; under the policy `all` it waits without end if it forgot messages of the round that it has to repeat, and
its neighbours wait for it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt, Le
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.communication import scheme
from algorithms.pieces.projection import onto_ball
from algorithms.pieces.snapshots import Snapshots
from simulator.agent import Agent, Program

NEEDS = Needs(
    topology="graph",
    oracles=("start", "draw", "directions", "lower_products"),
    waits=("all", "first", "latest", "deadline"),
    links=("retransmit", "symmetric"),
    memory_loss=("agent",),
)

VARIANTS = {"s3ldbo": {"refresh": 0.2}}

MIXINGS = {"cta": "gt_non_atc", "semi": "gt_semi_atc", "atc": "gt_atc"}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.02
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.2
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.2
    mixing: Annotated[Literal["cta", "semi", "atc"], Doc("form of gradient tracking")] = "semi"
    radius: Annotated[float | None, Gt(0), Doc("r: bound on |u|, in units of u; None = no projection")] = None
    refresh: Annotated[float, Gt(0), Le(1), Doc("p: share of rounds in which an agent evaluates, 1")] = 1.0
    refresh_of: Annotated[tuple[float, ...], Doc("p of agents 0, 1, ... as far as given, in place of `refresh`")] = ()
    coin: Annotated[Literal["agent", "shared", "aligned", "capped"], Doc("who tosses for snapshots")] = "shared"
    reuse: Annotated[Literal["dir", "mat"], Doc("reuse a snapshot's directions, or its matrices")] = "dir"

    def __post_init__(self) -> None:
        if not all(0.0 < share <= 1.0 for share in self.refresh_of):
            raise ValueError(f"refresh_of is {list(self.refresh_of)}: each share must be above 0 and at most 1")


def program(agent: Agent, settings: Settings) -> Program:
    tracking = scheme(MIXINGS[settings.mixing])
    share = (*settings.refresh_of, settings.refresh)[min(agent.id, len(settings.refresh_of))]
    snapshots = Snapshots(agent, settings.coin, share, settings.reuse)
    x, y = agent.problem.start(agent.shared_rng("start"))
    u, done = np.zeros_like(y), 0
    if agent.saved is not None:
        x, y, u, done = (agent.saved[name] for name in ("x", "y", "u", "done"))
        tracking.restore(agent.saved["tracking"])
        snapshots.restore(agent.saved["snapshots"])
    else:
        agent.report(0, x=x, y=y, u=u)
    steps = (settings.step_x, settings.step_y, settings.step_u)
    for k in agent.rounds(done + 1):
        batch = agent.problem.draw(agent.rng)
        found = yield from snapshots.directions(x, y, u, batch)
        x, y, u = yield from tracking.step(agent, k, (x, y, u), found, steps)
        u = onto_ball(u, settings.radius)
        agent.report(k, x=x, y=y, u=u, **tracking.drifts("xyu"))
        agent.save(x=x, y=y, u=u, done=k, tracking=tracking.state(), snapshots=snapshots.state())
