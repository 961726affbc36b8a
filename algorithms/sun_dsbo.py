"""SUN-DSBO: first-order decentralised bilevel optimization by a Moreau envelope, with any communication scheme.

Paper: "SUN-DSBO", arXiv 2601.22682, 2026. Reconstructed from its abstract and its public reviews: penalty, sign
convention, min-max form and the two analysed schemes (SE: decentralised gradient descent, GT: gradient tracking) are
confirmed, the directions follow from them; order of mixing, schedules and steps are choices, all of them settings.
"dsgda_gt": X. Wang, X. Chen, S. Ma, T. Zhang, "Fully first-order methods for decentralized bilevel optimization"
(DSGDA-GT), 2024, arXiv 2410.19319. Reconstructed: minimax of F + (G(x, y) - G(x, theta))/mu with gradient tracking on
all three variables, which is this method without an envelope and with a constant mu. Its lower level has to be strongly
convex.

Problem: min_x,y F = (1/n) sum_i f_i(x, y)  s.t.  y in argmin_y G = (1/n) sum_i g_i(x, y), x in R^p, y in R^q; the lower
level need not be convex. With the envelope V(x, y) = min_theta G(x, theta) + |theta - y|^2/(2 gamma), it finds
stationary points of mu F + G - V. W is the mixing matrix, symmetric and doubly stochastic.

Agent i, round k = 1, 2, ..., mu_k = max(mu_min, mu k^-mu_power), all at its own (x_i, y_i, theta_i), theta_i = y_i at
first:

    D_x,i     = mu_k grad_x f_i(x, y) + grad_x g_i(x, y) - grad_x g_i(x, theta)
    D_y,i     = mu_k grad_y f_i(x, y) + grad_y g_i(x, y) - (y - theta)/gamma
    D_theta,i = grad_y g_i(x, theta) + (theta - y)/gamma
    (x, y, theta) <- one iteration of the scheme with steps c/mu_k, b, d        (`algorithms.pieces.communication`)

    gt_semi_atc:  t_i = sum_j w_ij t_j' + D_i - D_i'      z_i <- sum_j w_ij (z_j - s t_j)      (first: t_i = D_i)

Gradient tracking, exact diffusion and EXTRA are exact for any heterogeneity of the data; their fixed point is that of
mu F + G - V, at a distance of about mu (1 + 1/(gamma a)) from the solution, a being the lower level's curvature.
`drift_x`, `drift_y`, `drift_theta` of the report are this agent's part of the sum that these schemes conserve.

Costs per round: p + 2q numbers to each neighbour (trackers: twice that; "gt_atc": in two messages, the second after
the first); six gradients (upper at (x, y), lower at (x, y) and (x, theta)), no second derivatives. Memory: p + 2q
numbers, trackers, exact diffusion and EXTRA two or three times that.

Traps: gamma has to stay below 1/rho where the lower level is only weakly convex (theta ends in another valley at
large gamma), but where it is flat (curvature a) the constraint is felt with gamma a^2/(1 + gamma a) only: with small
gamma y is fitted to the upper data, so look at the lower residual. mu has to be large enough at first for F to
matter. Take d = b: then the disagreements of y and theta cancel in D_x; otherwise SE's bias is about step/mu. One
sample for all lower gradients: with independent ones their noise is divided by mu. "exact_diffusion" and "extra" need
the smallest eigenvalue of W above -1/3 (a ring of 8 with weights 1/3 has exactly that): use lazy weights; with older
messages in every round (`first`, `latest`) they hardly leave their start. "extra",
"gt_non_atc" and "se_cta" stand much smaller b where W has negative eigenvalues: EXTRA about (1 + 3 lambda_min)/(2 L_G).
In float32 the round-off of exact diffusion and EXTRA piles up (1e-3 of x after 2,000 rounds), that of trackers does
not. All schemes but SE keep a sum that a message lost in one direction breaks for good; `symmetric` drops and
retransmission keep it. After a crash that loses memory an agent goes on from its checkpoint, which holds the scheme's
memory with the variables; under the policy `all` it waits without end if it forgot messages of the round that it has to
repeat, and its neighbours wait for it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.communication import SchemeName, links_of, scheme, waits_of
from algorithms.pieces.envelope import envelope_directions
from algorithms.pieces.schedules import DecayPower, DecayRounds, decayed
from simulator.agent import Agent, Program

VARIANTS = {
    "sun_dsbo_se": {"scheme": "se_atc"},
    "sun_dsbo_ed": {"scheme": "exact_diffusion"},
    "sun_dsbo_extra": {"scheme": "extra"},
    "dsgda_gt": {"gamma": None, "mu": 0.05, "mu_min": 0.05},
}


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("c: x moves by steps of c/mu_k, about 0.1 / L_hyper, 1")] = 0.1
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, about 1/(L_G + 1/gamma), 1")] = 0.1
    step_theta: Annotated[float | None, Gt(0), Doc("d: step of theta, 1; None = that of y")] = None
    scheme: Annotated[SchemeName, Doc("how agents exchange all three variables")] = "gt_semi_atc"
    mu: Annotated[float, Gt(0), Doc("weight of the upper level in the first round, 1")] = 1.0
    mu_power: Annotated[float, Ge(0), Doc("mu_k = mu k^-mu_power in round k, 1")] = 0.45
    mu_min: Annotated[float, Ge(0), Doc("mu_k does not fall below it, 1; as large as mu: constant")] = 0.03
    gamma: Annotated[float | None, Gt(0), Doc("parameter of the Moreau envelope, 1; None = no envelope")] = 1.0
    samples: Annotated[
        Literal["shared", "independent"],
        Doc("mini-batch of the lower gradients at (x, theta): that at (x, y), or its own"),
    ] = "shared"
    decay_power: DecayPower = 0.0
    decay_rounds: DecayRounds = 100.0


def needs(settings: Settings) -> Needs:
    """Waiting and links are those of the scheme."""
    return Needs(
        topology="graph",
        oracles=("start", "draw", "upper_grads", "lower_grads"),
        waits=waits_of(settings.scheme),
        links=links_of(settings.scheme),
        memory_loss=("agent",),
    )


def program(agent: Agent, settings: Settings) -> Program:
    problem = agent.problem
    exchange = scheme(settings.scheme)
    x, y = problem.start(agent.shared_rng("start"))
    theta, done = y, 0
    if agent.saved is not None:
        x, y, theta, done = (agent.saved[name] for name in ("x", "y", "theta", "done"))
        exchange.restore(agent.saved["exchange"])
    else:
        agent.report(0, x=x, y=y, theta=theta)
    for k in agent.rounds(done + 1):
        mu = upper_weight(settings, k)
        batch = problem.draw(agent.rng)
        batch_theta = batch if settings.samples == "shared" else problem.draw(agent.rng)
        found = yield agent.compute(envelope_directions, problem, x, y, theta, mu, settings.gamma, batch, batch_theta)
        x, y, theta = yield from exchange.step(agent, k, (x, y, theta), found, steps(settings, mu, k))
        agent.report(k, x=x, y=y, theta=theta, **drifts(exchange.drift))
        agent.save(x=x, y=y, theta=theta, done=k, exchange=exchange.state())


def upper_weight(settings: Settings, k: int) -> float:
    """mu_k."""
    return max(settings.mu_min, decayed(settings.mu, k, settings.mu_power, scale=1.0))


def steps(settings: Settings, mu: float, k: int) -> tuple[float, float, float]:
    """Steps of x, y and theta in round k."""
    step_theta = settings.step_y if settings.step_theta is None else settings.step_theta
    shrunk = decayed(1.0, k, settings.decay_power, settings.decay_rounds)
    return shrunk * settings.step_x / mu, shrunk * settings.step_y, shrunk * step_theta


def drifts(drift: tuple[np.ndarray, ...] | None) -> dict[str, np.ndarray]:
    """The scheme's drift by name; empty where nothing is conserved."""
    names = ("drift_x", "drift_y", "drift_theta")
    return {} if drift is None else dict(zip(names, drift, strict=True))
