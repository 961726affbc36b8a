"""Hyper-representation: a network's layers but the last are the upper variable, its linear head the lower one.

    f_i(x, y) = mean over agent i's validation samples of CE(net(x, y)) + (upper_ridge/2) |x|^2
    g_i(x, y) = mean over agent i's training samples of CE(net(x, y)) + (ridge/2) |y|^2

CE is the cross-entropy of a tanh network (``network.py``) whose flat parameter vector is (x, y): x the hidden layers
("backbone"), y weights and bias of the output layer ("head"). For a fixed x the lower level is softmax regression on
the backbone's outputs with a ridge, strongly convex in y; F is not convex in x. The second derivatives that the oracles
give are blocks of the network's Hessian, all by one R-operator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from problems import metrics, reference
from problems.base import Array, Batch, Directions
from problems.network import Hidden, Layer, Network, WeightedLoss, network_bytes, propagate
from problems.partition import split as deal
from problems.sampled import Held, SampledProblem, SampledSettings, hold, split_of
from problems.samples import Classifier, Link, SampledLocal, Samples, Softmax, Starter, weigh
from problems.solved import TOLERANCE
from problems.splits import Split
from problems.streams import stream


@dataclass(frozen=True, kw_only=True)
class Settings(Hidden, SampledSettings):
    """Which data, which network."""

    data: Annotated[Literal["digits", "mnist", "fashion_mnist"], Doc("data set")] = "digits"
    ridge: Annotated[float, Gt(0), Doc("coefficient C of (C/2)|y|^2 in the lower objective")] = 1e-2
    upper_ridge: Annotated[float, Ge(0), Doc("coefficient tau of (tau/2)|x|^2 in the upper objective")] = 0.0
    start_scale: Annotated[
        float, Gt(0), Doc("x at the start: weights normal with deviation start_scale / sqrt(inputs), biases 0")
    ] = 1.0


def build(settings: Settings, agents: int, seed: int) -> "HyperRepresentation":
    """The problem of the settings; raises ProblemError, DataMissing when the data set is not there."""
    rows = split_of(settings.data, settings, seed)
    link = Softmax()
    # Equal generators for both levels: see problems.partition.split.
    held = [
        hold(part, deal(part.labels, agents, settings.partition, stream(seed, "partition")), link, rows.classes)
        for part in (rows.validation, rows.train)
    ]
    return HyperRepresentation(settings, rows, link, held[0], held[1])


def memory_bytes(settings: Settings, agents: int) -> int:
    """Estimate of the bytes that ``build``, the agents' iterates and one forward pass need, from the settings alone."""
    return network_bytes(settings, settings, settings.data, agents)


class RepresentationLocal(SampledLocal):
    """One agent's objectives, or a stack's, or (with all samples as one agent's) those of the averaged problem."""

    def __init__(
        self, upper: Samples, lower: Samples, link: Link, network: Network, settings: Settings, starter: Starter
    ) -> None:
        self._network, self._head, self._settings = network, network.depth - 1, settings
        self._c, self._tau = settings.ridge, settings.upper_ridge
        dims = sum(network.lengths[:-1]), network.lengths[-1]
        super().__init__(upper, lower, link, dims, (settings.batch_upper, settings.batch_lower), starter)

    def _loss(self, samples: Samples, x: Array, y: Array) -> WeightedLoss:
        layers = self._network.layers(x, 0, self._head) + self._network.layers(y, self._head)
        return WeightedLoss(layers, samples, self._link, samples.weights)

    def _head_only(self, v: Array) -> list[Layer | None]:
        """The direction (0, v)."""
        return [*[None] * self._head, *self._network.layers(v, self._head)]

    # Upper level.

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._loss(self._upper(batch), x, y).value + self._tau / 2 * (x * x).sum(-1)

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._loss(self._upper(batch), x, y).gradient(0, self._head) + self._tau * x

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._loss(self._upper(batch), x, y).gradient(self._head)

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        loss = self._loss(self._upper(batch), x, y)
        return loss.gradient(0, self._head) + self._tau * x, loss.gradient(self._head)

    # Lower level.

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        return self._loss(self._lower(batch), x, y).value + self._c / 2 * (y * y).sum(-1)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._loss(self._lower(batch), x, y).gradient(0, self._head)

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        return self._loss(self._lower(batch), x, y).gradient(self._head) + self._c * y

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        loss = self._loss(self._lower(batch), x, y)
        return loss.gradient(0, self._head), loss.gradient(self._head) + self._c * y

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        along = self._loss(self._lower(batch), x, y).along(self._head_only(v))
        return along.product(self._head) + self._c * v

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return self._loss(self._lower(batch), x, y).along(self._head_only(v)).product(0, self._head)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        backbone: list[Layer | None] = [*self._network.layers(w, 0, self._head), None]
        return self._loss(self._lower(batch), x, y).along(backbone).product(self._head)

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        along = self._loss(self._lower(batch), x, y).along(self._head_only(v))
        return along.product(self._head) + self._c * v, along.product(0, self._head)

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        loss = self._loss(self._lower(batch), x, y)
        along = loss.along(self._head_only(u))
        grad_x, grad_y = self.upper_grads(x, y, batch)
        return Directions(
            grad_x - along.product(0, self._head),
            loss.gradient(self._head) + self._c * y,
            along.product(self._head) + self._c * u - grad_y,
        )

    def lower_curvature(self, x: Array, y: Array) -> tuple[Callable[[Array], Array], Array]:
        """v -> d2_yy g(x, y) v with the forward pass at (x, y) done once, and the diagonal of d2_yy g; full batch."""
        loss = self._loss(self._lower_samples, x, y)

        def product(v: Array) -> Array:
            return loss.along(self._head_only(v)).product(self._head) + self._c * v

        spread = weigh(loss.link.spread(loss.probabilities), loss.weight)
        return product, self._c + loss.squares(self._head, spread)

    def frozen(self, x: Array) -> "RepresentationLocal":
        """The lower level at this x: a network that is nothing but the head, on what the backbone makes of the rows."""
        lower, layers = self._lower_samples, self._network.layers(x, 0, self._head)
        features = np.tanh(propagate(layers, lower.rows)[-1]).swapaxes(-1, -2)
        fixed = Samples(np.ascontiguousarray(features), lower.targets, lower.weights)
        head = Network(self._network.sizes[-2:])
        return RepresentationLocal(fixed, fixed, self._link, head, self._settings, self._starter)

    def _operations(self, m: int, n: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        p, ridge = self.dim_x, 3 * self.dim_y
        upper, lower = self._network.costs(m), self._network.costs(n)
        backbone = lower.back + lower.products - lower.head
        hvp = 2 * lower.head + lower.curvature + ridge
        tangents = 2 * lower.products - lower.first - lower.head + lower.slope
        alone: dict[str, float] = {
            "upper_value": upper.forward + 2 * p,
            "upper_grad_x": upper.forward + upper.back + upper.products - upper.head + p,
            "upper_grad_y": upper.forward + upper.head,
            "lower_value": lower.forward + ridge,
            "lower_grad_x": lower.forward + backbone,
            "lower_grad_y": lower.forward + lower.head + ridge,
            "lower_hvp": lower.forward + hvp,
            "lower_cross": lower.forward + 2 * lower.head + lower.curvature + backbone,
            "lower_cross_t": lower.forward + tangents + lower.curvature + 2 * lower.head,
        }
        shared = {"lower_cross": lower.head + backbone}
        fused = {
            "upper_grads": {"upper_grad_y": upper.head},
            "lower_grads": {"lower_grad_x": backbone},
            "lower_products": shared,
            "directions": {"upper_grad_y": upper.head, "lower_hvp": hvp, **shared},
        }
        return alone, fused


class HyperRepresentation(SampledProblem):
    """The problem over all agents."""

    def __init__(self, settings: Settings, rows: Split, link: Classifier, upper: Held, lower: Held) -> None:
        super().__init__(settings, rows, link, upper, lower)
        self._learnt = settings
        self.network = settings.network(lower.rows.shape[-1], rows.classes)
        self.dim_y = self.network.lengths[-1]

    @property
    def dim_x(self) -> int:
        return sum(self.network.lengths[:-1])

    def _objectives(self, upper: Samples, lower: Samples, agents: Sequence[int]) -> RepresentationLocal:
        return RepresentationLocal(upper, lower, self._link, self.network, self._learnt, self.start)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """x by ``start_scale``, then y normal with ``start_lower_sd``."""
        x = self.network.draw(rng, self._learnt.start_scale, 0, self.network.depth - 1)
        return x.astype(self.dtype), self._start_lower(rng)

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """y*(x) of the averaged problem, the backbone's outputs computed once; NaN where it cannot be found."""
        average = self.average()
        assert isinstance(average, RepresentationLocal)
        frozen = average.frozen(np.asarray(x, self.dtype))
        solved = reference.minimise_lower(frozen, np.zeros(0, self.dtype), start, TOLERANCE)
        return solved.y if solved.converged else np.full_like(solved.y, np.nan)

    def _test_outputs(self, x: Array, y: Array) -> Array:
        head = self.network.depth - 1
        layers = self.network.layers(x, 0, head) + self.network.layers(y, head)
        return propagate(layers, self._split.test.features)[-1]

    @property
    def _own_metrics(self) -> Mapping[str, metrics.Entry]:
        return {}
