"""SPARKLE: one single-loop framework for decentralised bilevel methods, with a communication scheme for each level.

Paper: S. Zhu, B. Kong, S. Lu, X. Huang, K. Yuan, "SPARKLE: a unified single-loop primal-dual framework for
decentralized bilevel optimization", NeurIPS 2024, arXiv 2411.14166. Reconstructed: framework and pairs from its
abstract and figures, updates from memory. The paper also allows a mixing matrix of its own for each level; here both
levels share that of the scenario.

Problem: min_x (1/n) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/n) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f. W is the mixing matrix, symmetric and doubly stochastic.

Agent i, k = 1, 2, ..., all directions at its own (x_i, y_i, u_i):

    Dx_i = grad_x f_i - [d2_xy g_i] u_i      Dy_i = grad_y g_i      Du_i = [d2_yy g_i] u_i - grad_y f_i
    r_i <- (1 - theta) r_i + theta Dx_i                             (first iteration: r_i = Dx_i)
    y_i, u_i  by one iteration of the scheme `lower` with directions Dy_i, Du_i
    x_i       by one iteration of the scheme `upper` with direction r_i

The schemes are those of `pieces.communication`; "sparkle" is exact diffusion at both levels, a name with two schemes
("sparkle_ed_gt") has the lower level's first. With exact diffusion, EXTRA or gradient tracking at both levels it is
exact for any heterogeneity of the data; "se_atc" at both levels is D-SOBA.

Costs per iteration: one message to each neighbour with one vector a variable, two where the variable is tracked: p + 2q
numbers with exact diffusion or EXTRA, 2 (p + 2q) with tracking, 2p + 2q with only x tracked ("gt_atc" sends its
trackers in a message before); three gradients, one Hessian-vector and one cross product.

Traps: exact diffusion and EXTRA need the smallest eigenvalue of W above -1/3, which an even ring with weights 1/3 just
misses: use lazy weights; EXTRA needs smaller steps wherever W has negative eigenvalues. `drift_x`, `drift_y`, `drift_u`
are this agent's part of the sums that the schemes conserve; a message that is lost in one direction or misses a
deadline breaks them for good and leaves a bias. With older messages in every round exact diffusion and EXTRA hardly
leave their start, hence no `first` and no `latest`. After a crash that loses memory an agent goes on from its
checkpoint; under the policy `all` it waits without end if it forgot messages of the round that it has to repeat.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.averaging import moving_average
from algorithms.pieces.communication import SchemeName, links_of, scheme, step_together, waits_of
from simulator.agent import Agent, Program

VARIANTS = {
    "sparkle_gt": {"lower": "gt_semi_atc", "upper": "gt_semi_atc"},
    "sparkle_extra": {"lower": "extra", "upper": "extra"},
    "sparkle_ed_gt": {"lower": "exact_diffusion", "upper": "gt_semi_atc"},
    "sparkle_extra_gt": {"lower": "extra", "upper": "gt_semi_atc"},
}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.1
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.1
    lower: Annotated[SchemeName, Doc("communication scheme of y and u")] = "exact_diffusion"
    upper: Annotated[SchemeName, Doc("communication scheme of x")] = "exact_diffusion"
    averaging: Annotated[float, Gt(0), Le(1), Doc("theta: weight of the new direction in r; 1 = no averaging")] = 1.0


def needs(settings: Settings) -> Needs:
    """Waiting and links are those of the schemes."""
    return Needs(
        topology="graph",
        oracles=("start", "draw", "directions"),
        waits=waits_of(settings.lower, settings.upper),
        links=links_of(settings.lower, settings.upper),
        memory_loss=("agent",),
    )


def program(agent: Agent, settings: Settings) -> Program:
    lower, upper = scheme(settings.lower), scheme(settings.upper)
    x, y = agent.problem.start(agent.shared_rng("start"))
    u, r, done = np.zeros_like(y), None, 0
    if agent.saved is not None:
        x, y, u, r, done = (agent.saved[name] for name in ("x", "y", "u", "r", "done"))
        lower.restore(agent.saved["lower"])
        upper.restore(agent.saved["upper"])
    else:
        agent.report(0, x=x, y=y, u=u)
    steps = (settings.step_y, settings.step_u)
    for k in agent.rounds(done + 1):
        batch = agent.problem.draw(agent.rng)
        found = yield agent.compute(agent.problem.directions, x, y, u, batch)
        r = moving_average(r, found.x, settings.averaging)
        x, y, u = yield from step_together(
            agent, k, (upper, (x,), (r,), (settings.step_x,)), (lower, (y, u), (found.y, found.u), steps)
        )
        agent.report(k, x=x, y=y, u=u, **upper.drifts("x"), **lower.drifts("yu"))
        agent.save(x=x, y=y, u=u, r=r, done=k, lower=lower.state(), upper=upper.state())
