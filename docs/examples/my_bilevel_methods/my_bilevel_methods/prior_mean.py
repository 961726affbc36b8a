"""Prior mean: the point to which ridge regression shrinks is tuned on validation data.

    g_i(x, y) = mean over agent i's training samples of (r'y - t)^2 / 2 + shrinkage |y - x|^2 / 2
    f_i(x, y) = mean over agent i's validation samples of (r'y - t)^2 / 2 + ridge |x|^2 / 2

with x and y of length `features`. Rows r are standard normal, targets t = r'w_i + noise with w_i = w + spread n_i, n_i
standard normal: the agents' data differ. Both levels are quadratic, so everything is known in closed form: the module
only computes the matrices of `problems.quadratic`, up to a constant in f that depends on neither variable.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from problems.errors import ProblemError
from problems.quadratic import Quadratic
from problems.streams import stream


@dataclass(frozen=True)
class Settings:
    features: Annotated[int, Ge(1), Doc("length of x and of y")] = 8
    samples: Annotated[int, Ge(1), Doc("samples of an agent, of each level; at least `features`")] = 20
    spread: Annotated[float, Ge(0), Doc("how far the agents' true weights are apart, 0 = all alike")] = 0.5
    noise: Annotated[float, Ge(0), Doc("standard deviation of the noise, in units of the targets")] = 0.3
    shrinkage: Annotated[float, Gt(0), Doc("weight of |y - x|^2")] = 1.0
    ridge: Annotated[float, Gt(0), Doc("weight of |x|^2, which keeps the upper level strongly convex")] = 0.1


def build(settings: Settings, agents: int, seed: int) -> Quadratic:
    """The problem over so many agents; raises ProblemError where there are too few samples."""
    if settings.samples < settings.features:
        rule = "it must be at least that, so that validation data determine the weights"
        raise ProblemError(f"samples is {settings.samples} with {settings.features} features: {rule}")
    q, unit = settings.features, np.eye(settings.features)
    weights = stream(seed, "weights").standard_normal(q)
    train, validation = zip(*(_samples(settings, weights, agent, seed) for agent in range(agents)), strict=True)
    gram, moment = _moments(*map(np.stack, zip(*train, strict=True)))
    gram_f, moment_f = _moments(*map(np.stack, zip(*validation, strict=True)))
    zeros = np.zeros((agents, q))
    return Quadratic(
        {
            "A": gram + settings.shrinkage * unit,
            "B": np.broadcast_to(settings.shrinkage * unit, (agents, q, q)),
            "c": moment,
            "P": gram_f,
            "t": np.linalg.solve(gram_f, moment_f[..., None])[..., 0],
            "S": np.broadcast_to(settings.ridge * unit, (agents, q, q)),
            "r": zeros,
            "s": zeros,
        }
    )


def _samples(
    settings: Settings, weights: np.ndarray, agent: int, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """(rows, targets) for training and for validation, from the agent's own stream."""
    rng = stream(seed, f"samples of agent {agent}")
    own = weights + settings.spread * rng.standard_normal(settings.features)
    rows = rng.standard_normal((2, settings.samples, settings.features))
    targets = rows @ own + settings.noise * rng.standard_normal((2, settings.samples))
    return (rows[0], targets[0]), (rows[1], targets[1])


def _moments(rows: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R'R / m, (agents, q, q), and R't / m, (agents, q)."""
    across = rows.swapaxes(-1, -2) / rows.shape[1]
    return across @ rows, (across @ targets[..., None])[..., 0]


def memory_bytes(settings: Settings, agents: int) -> int:
    """Bytes of the samples and of the matrices made of them, from the settings alone."""
    q = settings.features
    return 8 * agents * (2 * settings.samples * (q + 1) + 20 * q * q)


def files(settings: Settings) -> tuple[Path, ...]:
    """With this file among them, an edited problem is never mistaken for the earlier one."""
    return (Path(__file__),)
