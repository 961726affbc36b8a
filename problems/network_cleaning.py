"""Data hyper-cleaning with a small network: the lower level is not convex.

    f_i(x, y) = mean over agent i's clean validation samples of CE(net(y)) + (upper_ridge/2) |x|^2
    g_i(x, y) = mean over agent i's training samples j of sigmoid(x_j) CE_j(net(y)) + (ridge/2) |y|^2

CE is the cross-entropy of a tanh network (``network.py``) with flat parameters y. Samples, corruption and x are those
of ``hyper_cleaning``, whose ridge, though, has no 1/2.

G(x, .) has many stationary points, so there is no y*(x). What a metric calls y*(x) is a local solution: the point where
truncated Newton-CG (``reference.stationary``) ends that starts at the iterate's own y, with |grad_y G| <= RESIDUAL; NaN
where it does not get there. ``upper_objective_resolved`` so says what x is worth in the valley in which y lies.
``upper_objective_retrained`` and ``accuracy_retrained`` begin at one common point instead, drawn from the seed, and
hence depend on x alone. ``hypergradient_norm`` is that of F along the branch of local solutions through y*(x). The
branch exists where d2_yy G is positive definite there; the metric is NaN where conjugate gradients meet a direction
along which it is not. A local solution takes seconds for the default network and many minutes for one of MNIST's size
(784-200-10): record these metrics sparingly there or not at all; ``envelope_gap`` takes seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from problems import hyper_cleaning, metrics, reference
from problems.base import Array, Batch, Directions, Local, Metric
from problems.hyper_cleaning import HyperCleaning, SampleWeights, corrupt_and_deal
from problems.network import Hidden, Network, WeightedLoss, network_bytes, propagate
from problems.sampled import Held
from problems.samples import Classifier, Link, SampledLocal, Samples, Starter
from problems.splits import Split, sizes
from problems.streams import stream

RESIDUAL = 1e-10
"""|grad_y G| at a local solution; its value where training begins is about 0.3."""
ADJOINT = 1e-8
"""Relative residual of the linear system of the hypergradient."""


@dataclass(frozen=True, kw_only=True)
class Settings(Hidden, hyper_cleaning.Settings):
    """Which data, how much of it is wrong, which network."""

    ridge: Annotated[float, Gt(0), Doc("coefficient C of (C/2)|y|^2 in the lower objective")] = 1e-3
    start_lower_sd: Annotated[
        float, Gt(0), Doc("y at the start: weights normal with this deviation over sqrt(inputs), biases 0")
    ] = 1.0
    envelope: Annotated[float, Gt(0), Doc("gamma of the Moreau envelope in the metric envelope_gap")] = 5.0


def build(settings: Settings, agents: int, seed: int) -> "NetworkCleaning":
    """The problem of the settings; raises ProblemError, DataMissing when the data set is not there."""
    return NetworkCleaning(settings, seed, *corrupt_and_deal(settings, agents, seed))


def memory_bytes(settings: Settings, agents: int) -> int:
    """Estimate of the bytes that ``build``, the agents' iterates and one forward pass need, from the settings alone."""
    train, _, _ = sizes(settings.data, settings.train, settings.validation, settings.test, settings.pool)
    own = 3 * agents * train * np.dtype(settings.dtype).itemsize
    return own + network_bytes(settings, settings, settings.data, agents)


class NetworkCleaningLocal(SampledLocal):
    """One agent's objectives, a stack's, or (with all samples as one agent's) those of the averaged problem."""

    def __init__(
        self,
        upper: Samples,
        lower: Samples,
        link: Link,
        network: Network,
        dim_x: int,
        settings: Settings,
        starter: Starter,
        positions: Array,
    ) -> None:
        """``positions`` (n,) or (agents, n): where in x the samples' weights stand."""
        batches = settings.batch_upper, settings.batch_lower
        super().__init__(upper, lower, link, (dim_x, network.length), batches, starter)
        self._network, self._c, self._tau = network, settings.ridge, settings.upper_ridge
        self._weighing = SampleWeights(positions, dim_x)

    def _validated(self, y: Array, batch: Batch | None) -> WeightedLoss:
        samples = self._upper(batch)
        return WeightedLoss(self._network.layers(y), samples, self._link, samples.weights)

    def _trained(self, x: Array, y: Array, batch: Batch | None) -> WeightedLoss:
        samples = self._lower(batch)
        weight = self._weighing.values(x, samples, batch)
        return WeightedLoss(self._network.layers(y), samples, self._link, weight)

    def _per_sample(self, x: Array, each: Array, samples: Samples, batch: Batch | None) -> Array:
        """sum_j of a number a sample (..., n) times the gradient of its weight in x, (..., p)."""
        return self._weighing.whole(self._weighing.slopes(x, samples, batch) * each, batch)

    # Upper level.

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._validated(y, batch).value + self._tau / 2 * (x * x).sum(-1)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._tau * x

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._validated(y, batch).gradient()

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.upper_grad_x(x, y, batch), self.upper_grad_y(x, y, batch)

    # Lower level.

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._trained(x, y, batch).value + self._c / 2 * (y * y).sum(-1)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        loss = self._trained(x, y, batch)
        return self._per_sample(x, loss.losses, loss.samples, batch)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._trained(x, y, batch).gradient() + self._c * y

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        loss = self._trained(x, y, batch)
        return self._per_sample(x, loss.losses, loss.samples, batch), loss.gradient() + self._c * y

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return self._trained(x, y, batch).along(self._network.layers(v)).product() + self._c * v

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        loss = self._trained(x, y, batch)
        return self._per_sample(x, loss.along(self._network.layers(v)).losses, loss.samples, batch)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        samples = self._lower(batch)
        weight = self._weighing.slopes(x, samples, batch) * self._weighing.own(w, batch)
        return WeightedLoss(self._network.layers(y), samples, self._link, weight).gradient()

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        loss = self._trained(x, y, batch)
        along = loss.along(self._network.layers(v))
        return along.product() + self._c * v, self._per_sample(x, along.losses, loss.samples, batch)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        loss = self._trained(x, y, batch)
        along = loss.along(self._network.layers(u))
        grad_x, grad_y = self.upper_grads(x, y, batch)
        return Directions(
            grad_x - self._per_sample(x, along.losses, loss.samples, batch),
            loss.gradient() + self._c * y,
            along.product() + self._c * u - grad_y,
        )

    def lower_curvature(self, x: Array, y: Array) -> tuple[Callable[[Array], Array], None]:
        """v -> d2_yy g(x, y) v with the passes at (x, y) made once; no diagonal, for it may be negative."""
        loss = self._trained(x, y, None)
        return (lambda v: loss.along(self._network.layers(v)).product() + self._c * v), None

    def _operations(self, m: int, n: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        p, outputs, weigh, ridge = self.dim_x, self._network.sizes[-1], 5 * n, 3 * self.dim_y
        upper, lower = self._network.costs(m), self._network.costs(n)
        tangents, tangent_losses = lower.products + lower.back, 2 * n * outputs + weigh + p
        product = 2 * lower.back + 2 * lower.products - lower.first + lower.curvature
        alone: dict[str, float] = {
            "upper_value": upper.forward + 2 * p,
            "upper_grad_x": p,
            "upper_grad_y": upper.forward + upper.back + upper.products,
            "lower_value": lower.forward + weigh + ridge,
            "lower_grad_x": lower.forward + weigh + p,
            "lower_grad_y": lower.forward + lower.back + lower.products + weigh + ridge,
            "lower_hvp": lower.forward + lower.back + tangents + product + weigh + ridge,
            "lower_cross": lower.forward + tangents + tangent_losses,
            "lower_cross_t": lower.forward + lower.back + lower.products + weigh,
        }
        fused: dict[str, dict[str, float]] = {
            "lower_grads": {"lower_grad_x": weigh + p},
            "lower_products": {"lower_cross": tangent_losses},
            "directions": {"lower_hvp": tangents + product + ridge, "lower_cross": tangent_losses},
        }
        return alone, fused


class NetworkCleaning(HyperCleaning):
    """The problem over all agents."""

    def __init__(
        self, settings: Settings, seed: int, rows: Split, link: Classifier, upper: Held, lower: Held, corrupted: Array
    ) -> None:
        """``corrupted`` (p,): whether a training sample's label is not the true one, in the order of x."""
        super().__init__(settings, rows, link, upper, lower, corrupted)
        self._chosen = settings
        self.network = settings.network(lower.rows.shape[-1], rows.classes)
        self.dim_y = self.network.length
        self._common = self._start_lower(stream(seed, "training afresh"))

    def _objectives(self, upper: Samples, lower: Samples, agents: Sequence[int]) -> Local:
        positions = self._positions(lower, agents)
        return NetworkCleaningLocal(
            upper, lower, self._link, self.network, self.dim_x, self._chosen, self.start, positions
        )

    def _start_lower(self, rng: np.random.Generator) -> Array:
        return self.network.draw(rng, self._chosen.start_lower_sd).astype(self.dtype)

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """A local solution near ``start``, or that found from the common start; NaN where none is reached."""
        begin = self._common if start is None or not np.isfinite(start).all() else start
        solved = reference.stationary(self.average(), x, begin, RESIDUAL)
        return solved.y if solved.converged else np.full_like(solved.y, np.nan)

    def hypergradient(self, x: Array, start: Array | None = None) -> Array:
        """grad F(x) along the branch of local solutions near ``start``; NaN where there is none."""
        y = self.lower_solution(x, start)
        if not np.isfinite(y).all():
            return np.full(self.dim_x, np.nan, self.dtype)
        return reference.hypergradient(self, x, y, ADJOINT, definite=False)

    def _test_outputs(self, x: Array, y: Array) -> Array:
        return propagate(self.network.layers(y), self._split.test.features)[-1]

    @property
    def _own_metrics(self) -> Mapping[str, metrics.Entry]:
        found: dict[str, metrics.Entry] = {
            "upper_objective_retrained": (
                Metric("mean over agents of f_i(x, y), y trained with x from a common start"),
                lambda at: float(at.average.upper_value(at.x, at.y_afresh)),
            ),
            "envelope_gap": (
                Metric("G(x, y) minus its Moreau envelope in y, 0 where y is stationary"),
                lambda at: reference.envelope_gap(at.average, at.x, at.y, self._chosen.envelope, RESIDUAL),
            ),
        }
        if self._split.test.labels.size:
            found["accuracy_retrained"] = (
                Metric(
                    "share of test samples classified rightly by y trained with x from a common start", better="higher"
                ),
                lambda at: float((self._predicted(at.x, at.y_afresh) == self._split.test.labels).mean()),
            )
        return {**super()._own_metrics, **found}
