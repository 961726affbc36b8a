"""A small tanh network by hand: outputs, weighted losses, their gradients and Hessian-vector products.

Layer l = 1 .. L of a network with sizes (s_0, ..., s_L) has weights W_l (s_l, s_(l-1)) and a bias b_l (s_l); the flat
parameter vector holds W_1 row by row, b_1, W_2 row by row, b_2, and so on. With the samples X (n, s_0) as A_0 = X',

    Z_l = W_l A_(l-1) + b_l,     A_l = tanh(Z_l) below the last layer,     outputs Z_L (s_L, n).

The loss is sum_j a_j loss_j for sample weights a and a link (``samples.py``). With D_L its derivatives in the outputs,

    U_l = W_(l+1)' D_(l+1),      D_l = (1 - A_l^2) U_l,      d loss / d W_l = D_l A_(l-1)',      d loss / d b_l = D_l 1.

Along a direction (V_l, v_l) of the parameters, R being the derivative along it,

    R Z_l = V_l A_(l-1) + W_l R A_(l-1) + v_l,                 R A_l = (1 - A_l^2) R Z_l
    R D_L = d2A(Z_L)[R Z_L] a,     R D_l = (1 - A_l^2) (W_(l+1)' R D_(l+1) + V_(l+1)' D_(l+1)) - 2 A_l (R Z_l) D_l
    Hessian times direction, layer l:  (R D_l) A_(l-1)' + D_l (R A_(l-1))',   (R D_l) 1
    derivative of loss_j:              (D_L / a)_j . (R Z_L)_j

Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994. Layers without a
direction are skipped, and only what is asked for is computed, each intermediate once. Everything broadcasts over an
optional leading agent axis, with the same bits for one agent and for a stack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge
from typing_extensions import Doc

from problems.base import Array
from problems.datasets import SETS
from problems.errors import ProblemError
from problems.sampled import SampledSettings, data_bytes
from problems.samples import Link, Samples, over_classes, weigh
from problems.splits import sizes


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """Settings of a network's hidden layers."""

    hidden: Annotated[int, Ge(1), Doc("units of a hidden layer")] = 20
    hidden_layers: Annotated[int, Ge(1), Doc("number of hidden layers")] = 1

    def network(self, features: int, outputs: int) -> "Network":
        """The network with these hidden layers."""
        return Network((features, *[self.hidden] * self.hidden_layers, outputs))


def network_bytes(hidden: Hidden, settings: SampledSettings, data: str, agents: int) -> int:
    """Estimate of the bytes of samples, of three parameter vectors an agent, and of one pass over all samples."""
    facts, number = SETS[data], np.dtype(settings.dtype).itemsize
    samples, _ = data_bytes(data, settings, facts.classes)
    network = hidden.network(facts.features + settings.intercept, facts.classes)
    rows = sum(sizes(data, settings.train, settings.validation, settings.test, settings.pool))
    return samples + number * (3 * agents * network.length + 4 * rows * sum(network.sizes[1:]))


class Layer(NamedTuple):
    """One layer's parameters, or a gradient with respect to them."""

    weights: Array
    """(..., s_l, s_(l-1))"""
    bias: Array
    """(..., s_l, 1)"""


class Costs(NamedTuple):
    """Operations of the parts of a pass over n samples, see the tables of ``problems.base``."""

    products: float
    """F: weights times inputs, all layers."""
    first: float
    """D: the first layer's share of F."""
    head: float
    """H: the last layer's share of F."""
    forward: float
    """P: products, tanh, link."""
    back: float
    """B: signals from the outputs to all hidden layers."""
    slope: float
    """S: what the slopes of tanh cost in B."""
    curvature: float
    """C: the link's."""


class Network:
    """The shapes of a network, and its parameters as a flat vector and as layers."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """``sizes``: inputs, hidden layers, outputs; each at least 1."""
        if min(sizes) < 1:
            raise ProblemError(f"the network's layer sizes are {tuple(sizes)}: each must be at least 1")
        self.sizes = tuple(sizes)
        self.depth = len(sizes) - 1
        self.lengths = tuple((before + 1) * after for before, after in pairwise(sizes))
        self.length = sum(self.lengths)

    def layers(self, flat: Array, first: int = 0, last: int | None = None) -> list[Layer]:
        """Views of a flat vector (..., k) as the layers ``first`` to ``last`` (exclusive; counted from 0)."""
        found, start = [], 0
        for number in range(first, self.depth if last is None else last):
            before, after = self.sizes[number : number + 2]
            middle, end = start + before * after, start + self.lengths[number]
            weights = flat[..., start:middle].reshape(*flat.shape[:-1], after, before)
            found.append(Layer(weights, flat[..., middle:end, None]))
            start = end
        return found

    def costs(self, n: int) -> Costs:
        """What the parts of a pass over n samples cost."""
        parts = [2.0 * n * before * after for before, after in pairwise(self.sizes)]
        hidden, outputs, products = sum(self.sizes[1:-1]), self.sizes[-1], sum(parts)
        forward, slope = products + 6.0 * n * hidden + 6.0 * n * outputs, 3.0 * n * hidden
        back = products - parts[0] + slope
        return Costs(products, parts[0], parts[-1], forward, back, slope, 4.0 * n * outputs)

    def draw(self, rng: np.random.Generator, scale: float, first: int = 0, last: int | None = None) -> Array:
        """Flat parameters of some layers: weights normal with deviation scale / sqrt(inputs), biases 0."""
        last = self.depth if last is None else last
        flat = np.zeros(sum(self.lengths[first:last]))
        for layer in self.layers(flat, first, last):
            layer.weights[...] = scale / np.sqrt(layer.weights.shape[-1]) * rng.standard_normal(layer.weights.shape)
        return flat


def flatten(layers: Sequence[Layer]) -> Array:
    """One flat vector (..., k) of layers."""
    parts = [part.reshape(*part.shape[:-2], -1) for layer in layers for part in layer]
    return np.concatenate(parts, axis=-1)


def propagate(layers: Sequence[Layer], rows: Array) -> list[Array]:
    """The activations A_1 to A_(L-1), then the outputs Z_L."""
    found: list[Array] = []
    for layer in layers:
        signal = layer.weights @ (found[-1] if found else rows.swapaxes(-1, -2))
        signal += layer.bias
        found.append(signal if len(found) + 1 == len(layers) else np.tanh(signal, out=signal))
    return found


class WeightedLoss:
    """sum_j a_j loss_j of a network at one point, all from one forward pass."""

    def __init__(self, layers: Sequence[Layer], samples: Samples, link: Link, weight: Any) -> None:
        """``weight`` is a: a number, or (..., n)."""
        self.layers, self.samples, self.link, self.weight = layers, samples, link, weight
        self.depth = len(layers)
        *self.activations, self.outputs = propagate(layers, samples.rows)
        self._signals: dict[int, Array] = {}
        self._slopes: dict[int, Array] = {}

    def into(self, number: int, weights: Array) -> Array:
        """Weights times the inputs of a layer."""
        return weights @ self.activations[number - 1] if number else self.samples.logits(weights)

    def onto(self, number: int, signal: Array) -> Array:
        """A signal (..., s_l, n) times the transposed inputs of a layer: the sum over samples of their products."""
        return signal @ self.activations[number - 1].swapaxes(-1, -2) if number else self.samples.back(signal)

    def slope(self, number: int) -> Array:
        """1 - A_l^2"""
        if number not in self._slopes:
            activation = self.activations[number]
            self._slopes[number] = 1 - activation * activation
        return self._slopes[number]

    @cached_property
    def losses(self) -> Array:
        """loss_j, (..., n)"""
        return self.link.losses(self.outputs, self.samples.targets)

    @property
    def value(self) -> Any:
        """sum_j a_j loss_j"""
        return (self.weight * self.losses).sum(-1)

    @cached_property
    def probabilities(self) -> Array:
        return self.link.probabilities(self.outputs)

    @cached_property
    def residual(self) -> Array:
        """d loss_j / d Z_L, (..., c, n)"""
        return self.probabilities - self.samples.targets

    def signal(self, number: int) -> Array:
        """D_l"""
        if number not in self._signals:
            if number + 1 == self.depth:
                found = weigh(self.residual, self.weight)
            else:
                found = self.layers[number + 1].weights.swapaxes(-1, -2) @ self.signal(number + 1)
                found *= self.slope(number)
            self._signals[number] = found
        return self._signals[number]

    def gradient(self, first: int = 0, last: int | None = None) -> Array:
        """The gradient with respect to the layers ``first`` to ``last`` (exclusive), flat."""
        wanted = range(first, self.depth if last is None else last)
        return flatten([_summed(self.onto(number, self.signal(number)), self.signal(number)) for number in wanted])

    def squares(self, number: int, scores: Array) -> Array:
        """As a layer's part of ``gradient``, but of given scores and with squared inputs, flat."""
        inputs = self.activations[number - 1].swapaxes(-1, -2) if number else self.samples.rows
        return flatten([_summed(scores @ np.square(inputs), scores)])

    def along(self, directions: Sequence[Layer | None]) -> "Along":
        """The derivatives along a direction, one part a layer; None where a layer stays as it is."""
        return Along(self, directions)


class Along:
    """Derivatives of a weighted loss along one direction of the parameters."""

    def __init__(self, point: WeightedLoss, directions: Sequence[Layer | None]) -> None:
        self._point, self._directions = point, directions
        self._moved: list[Array | None] = []
        """R Z_l"""
        self._activated: list[Array | None] = []
        """R A_l; for the last layer R Z_L"""
        self._curved: dict[int, Array] = {}
        inputs: Array | None = None
        for number, direction in enumerate(directions):
            moved = None if inputs is None else point.layers[number].weights @ inputs
            if direction is not None:
                pushed = point.into(number, direction.weights)
                pushed += direction.bias
                moved = pushed if moved is None else moved + pushed
            inputs = moved
            if moved is not None and number + 1 < point.depth:
                inputs = moved * point.slope(number)
            self._moved.append(moved)
            self._activated.append(inputs)

    @property
    def outputs(self) -> Array:
        """R Z_L, (..., c, n)"""
        found = self._moved[-1]
        assert found is not None  # some layer has a direction, and every later one moves with it
        return found

    @property
    def losses(self) -> Array:
        """The derivatives of the loss_j, (..., n)."""
        return over_classes(self._point.residual * self.outputs)[..., 0, :]

    def signal(self, number: int) -> Array:
        """R D_l"""
        if number not in self._curved:
            self._curved[number] = self._signal(number)
        return self._curved[number]

    def _signal(self, number: int) -> Array:
        point = self._point
        if number + 1 == point.depth:
            return weigh(point.link.curvature(point.probabilities, self.outputs), point.weight)
        found = point.layers[number + 1].weights.swapaxes(-1, -2) @ self.signal(number + 1)
        above, moved = self._directions[number + 1], self._moved[number]
        if above is not None:
            found += above.weights.swapaxes(-1, -2) @ point.signal(number + 1)
        found *= point.slope(number)
        if moved is not None:
            bent = point.activations[number] * moved
            bent *= point.signal(number)
            bent *= 2
            found -= bent
        return found

    def product(self, first: int = 0, last: int | None = None) -> Array:
        """Hessian times direction, the part of the layers ``first`` to ``last`` (exclusive), flat."""
        found = []
        for number in range(first, self._point.depth if last is None else last):
            curved, below = self.signal(number), self._activated[number - 1] if number else None
            weights = self._point.onto(number, curved)
            if below is not None:
                weights += self._point.signal(number) @ below.swapaxes(-1, -2)
            found.append(_summed(weights, curved))
        return flatten(found)


def _summed(weights: Array, signal: Array) -> Layer:
    return Layer(weights, signal.sum(-1, keepdims=True))
