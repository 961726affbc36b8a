"""What a bilevel problem is to the rest of the world: interfaces and the records that cross them.

A problem is a mean over n agents,

    min_x  F(x) = (1/n) sum_i f_i(x, y*(x)),      y*(x) = argmin_y (1/n) sum_i g_i(x, y),

with a flat upper variable x of length ``dim_x`` (p) and a flat lower variable y of length ``dim_y`` (q). Agent i holds
f_i and g_i, reached through oracles. Every oracle broadcasts over an optional leading agent axis: ``problem.local(i)``
takes and gives arrays (p,) and (q,), ``problem.stack(ids)`` arrays (len(ids), p) and (len(ids), q), with the same
numbers to the last bit.

Operations
----------
``Local.charges`` says what a call costs. Counted are floating-point operations, a product of an a x b matrix with a
vector being 2ab. Quadratics (``quadratic.py``), with the matrices A, P (q x q), B (q x p), S (p x p):

    ==================  ===============================================
    upper_value         2(q^2 + p^2) + 4q + 6p
    lower_value         2(q^2 + q p) + 6q
    upper_grad_x        2p^2 + p                (S x + const)
    upper_grad_y        2q^2 + q                (P y - P t)
    lower_grad_x        2 p q                   (-B'y)
    lower_grad_y        2q^2 + 2pq + 2q         (A y - B x - c)
    lower_hvp           2q^2                    (A v)
    lower_cross         2 p q                   (-B'v)
    lower_cross_t       2 p q                   (-B w)
    fused calls         the sum of their parts: nothing is shared
    ==================  ===============================================

The sine toy (``sine_valleys.py``) with q lower entries, a sine or cosine being 10 and w = 13q the wave of all entries
with its angle and factor:

    ==================  ===============================================
    upper_value         3(q + 1)
    lower_value         w + q
    upper_grad_x        2
    upper_grad_y        2q
    lower_grad_x        w + q
    lower_grad_y        w
    lower_hvp           w + q
    lower_cross         w + 2q
    lower_cross_t       w + q
    lower_grads         lower_grad_y as above; lower_grad_x q
    lower_products      lower_hvp as above; lower_cross q
    directions          the parts of upper_grads, lower_grad_y and lower_products
    ==================  ===============================================

Generalised linear models (``regularisation.py``, ``hyper_cleaning.py``) with d features, c outputs (1 for logistic,
the number of classes for softmax), q = c d, n lower and m upper samples (of the batch, if there is one).
Products with the data cost F(n) = 2ndc each way, the link function (logits to probabilities and residuals)
E(n) = 6nc, its derivative C(n) = 4nc. W(n) is what weighing the samples costs: 0 in ``regularisation``, 5n in
``hyper_cleaning``; R = 3q is one pass over the weights for the penalty:

    ==================  ===============================================  =================================
    oracle              regularisation                                   hyper_cleaning
    ==================  ===============================================  =================================
    upper_value         F(m) + E(m) + 2p                                 F(m) + E(m) + 2p
    lower_value         F(n) + E(n) + R                                  F(n) + E(n) + W(n) + R
    upper_grad_x        p                                                p
    upper_grad_y        2F(m) + E(m)                                     2F(m) + E(m)
    lower_grad_x        R                                                F(n) + E(n) + W(n) + p
    lower_grad_y        2F(n) + E(n) + R                                 2F(n) + E(n) + W(n) + R
    lower_hvp           3F(n) + E(n) + C(n) + R                          3F(n) + E(n) + C(n) + W(n) + R
    lower_cross         R                                                2F(n) + E(n) + 2nc + W(n) + p
    lower_cross_t       R                                                2F(n) + E(n) + 2nc + W(n)
    ==================  ===============================================  =================================

    ==================  =====================================================================================
    fused               charged as
    ==================  =====================================================================================
    upper_grads         upper_grad_x and upper_grad_y as above
    lower_grads         lower_grad_y as above; lower_grad_x without its forward pass (R; p + W(n))
    lower_products      lower_hvp as above; lower_cross without its forward passes (R; 2nc + W(n) + p)
    directions          upper_grad_x, upper_grad_y, lower_grad_y as above; lower_hvp without the first forward
                        pass (2F(n) + C(n) + R); lower_cross as in lower_products
    ==================  =====================================================================================

Tanh networks (``network.py``) with sizes (s_0, ..., s_L), c = s_L outputs, h hidden units in all, n lower and m upper
samples: F(n) = 2n sum_l s_(l-1) s_l for weights times inputs, D(n) and H(n) its shares of the first and the last layer;
P(n) = F(n) + 6n(h + c) a forward pass; S(n) = 3nh the slopes of tanh; B(n) = F(n) - D(n) + S(n) signals back to all
hidden layers; G(n) = F(n) - H(n) the hidden layers' gradients from their signals; C(n) = 4nc the link's curvature;
W(n) = 5n weighing the samples; R = 3q. In ``network_cleaning``, where y is all layers, a Hessian-vector product is
T(n) = F(n) + B(n) for the tangents and Q(n) = 2F(n) - D(n) + 2B(n) + C(n) for the way back:

    ==================  ===============================================  =================================
    oracle              hyper_representation                             network_cleaning
    ==================  ===============================================  =================================
    upper_value         P(m) + 2p                                        P(m) + 2p
    lower_value         P(n) + R                                         P(n) + W(n) + R
    upper_grad_x        P(m) + B(m) + G(m) + p                           p
    upper_grad_y        P(m) + H(m)                                      P(m) + B(m) + F(m)
    lower_grad_x        P(n) + B(n) + G(n)                               P(n) + W(n) + p
    lower_grad_y        P(n) + H(n) + R                                  P(n) + B(n) + F(n) + W(n) + R
    lower_hvp           P(n) + 2H(n) + C(n) + R                          P(n) + B(n) + T(n) + Q(n) + W(n) + R
    lower_cross         P(n) + 2H(n) + C(n) + B(n) + G(n)                P(n) + T(n) + 2nc + W(n) + p
    lower_cross_t       P(n) + 2F(n) - D(n) + H(n) + S(n) + C(n)         P(n) + B(n) + F(n) + W(n)
    ==================  ===============================================  =================================

    ==================  =====================================================================================
    fused               charged as (what is not named: as above)
    ==================  =====================================================================================
    upper_grads         hyper_representation: upper_grad_y is H(m)
    lower_grads         lower_grad_x is B(n) + G(n); W(n) + p
    lower_products      lower_cross is H(n) + B(n) + G(n); 2nc + W(n) + p
    directions          hyper_representation: upper_grad_y H(m), lower_hvp 2H(n) + C(n) + R; network_cleaning:
                        lower_hvp T(n) + Q(n) + R; lower_cross as in lower_products
    ==================  =====================================================================================

``elastic_net`` is charged as ``regularisation`` with R = 8q. ``few_shot`` is charged as ``hyper_representation`` for
the samples of its tasks, and 2p more for each task where the tasks' backbones add up (upper_grad_x, lower_grad_x and
lower_cross). Problems by automatic differentiation (``automatic.py``) cost what their author states, or what XLA
counts in the traced function; a fused call's cost is spread over its parts in proportion to what each costs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Charges: TypeAlias = tuple[tuple[str, float], ...]
Generators: TypeAlias = np.random.Generator | Sequence[np.random.Generator]

COUNTED = (
    "upper_value",
    "lower_value",
    "upper_grad_x",
    "upper_grad_y",
    "lower_grad_x",
    "lower_grad_y",
    "lower_hvp",
    "lower_cross",
    "lower_cross_t",
)
"""The oracles that are counted; a fused call counts as several of them."""

FUSED: Mapping[str, tuple[str, ...]] = {
    "upper_grads": ("upper_grad_x", "upper_grad_y"),
    "lower_grads": ("lower_grad_x", "lower_grad_y"),
    "lower_products": ("lower_hvp", "lower_cross"),
    "directions": ("upper_grad_x", "upper_grad_y", "lower_grad_y", "lower_hvp", "lower_cross"),
}
"""The fused calls and the counted oracles that each stands for."""


@dataclass(frozen=True)
class Batch:
    """The samples of one mini-batch, as drawn by ``Local.draw``.

    Indices count within the agent's own samples; None means all of them. For a stack the arrays have a leading agent
    axis, or are tuples with one array an agent when the agents hold unequal numbers of samples.
    """

    upper: Any = None
    """Indices into the upper-level samples."""
    lower: Any = None
    """Indices into the lower-level samples."""


class Directions(NamedTuple):
    """The three SOBA directions at (x, y, u), in the order (x, y, u).

    Source: M. Dagreou, P. Ablin, S. Vaiter, T. Moreau, NeurIPS 2022, with u = +H^-1 grad_y f (their v = -u).
    """

    x: Array
    """grad_x f - d2_xy g u, shape (p,) or (n, p)."""
    y: Array
    """grad_y g, shape (q,) or (n, q)."""
    u: Array
    """d2_yy g u - grad_y f, shape (q,) or (n, q)."""


@dataclass(frozen=True)
class Metric:
    """What a number means."""

    doc: str
    """One line."""
    unit: str = "1"
    better: Literal["lower", "higher"] = "lower"


class Local(Protocol):
    """The objectives f_i, g_i of one agent, or of a stack of agents (then each array has a leading agent axis)."""

    @property
    def dim_x(self) -> int: ...
    @property
    def dim_y(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """The common starting point (x0, y0); equal for all agents when they hand in equal generators."""

    def draw(self, rng: Generators) -> Batch | None:
        """A mini-batch from the agent's generator (a stack: one generator an agent); None when batches are full."""

    def upper_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        """f(x, y)."""

    def lower_value(self, x: Array, y: Array, batch: Batch | None = None) -> Any:
        """g(x, y)."""

    def upper_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        """grad_x f, (p,)."""

    def upper_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        """grad_y f, (q,)."""

    def upper_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        """(grad_x f, grad_y f) in one forward pass."""

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        """grad_x g, (p,)."""

    def lower_grad_y(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        """grad_y g, (q,)."""

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        """(grad_x g, grad_y g) in one forward pass."""

    def lower_hvp(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        """d2_yy g v with v (q,), giving (q,)."""

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        """d2_xy g v = grad_x (grad_y g . v) with v (q,), giving (p,)."""

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        """d2_yx g w = grad_y (grad_x g . w) with w (p,), giving (q,)."""

    def lower_products(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        """(d2_yy g v, d2_xy g v) in one forward pass."""

    def directions(self, x: Array, y: Array, u: Array, batch: Batch | None = None) -> Directions:
        """The SOBA directions in one forward pass."""

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        """What a call of the method ``oracle`` costs: pairs (counted oracle, operations per agent).

        The formulas stand in the docstring of this module. For a stack of agents that hold unequal numbers of samples,
        operations are arrays, one number an agent.
        """


class Problem(Protocol):
    """A bilevel problem spread over agents 0 .. agents - 1."""

    @property
    def agents(self) -> int: ...
    @property
    def dim_x(self) -> int: ...
    @property
    def dim_y(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics that ``measure`` knows."""

    def local(self, agent: int) -> Local:
        """The objectives of one agent."""

    def stack(self, ids: Sequence[int]) -> Local:
        """The objectives of several agents at once, along a leading axis."""

    def average(self) -> Local:
        """The averaged problem (means of the f_i and g_i over all agents) as one agent's objectives, for references."""

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """The common starting point (x0, y0), of shapes (p,) and (q,)."""

    def optimum(self) -> tuple[Array, Array] | None:
        """(x*, y*(x*)) where it is known in closed form."""

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """y*(x) of the averaged problem, (q,)."""

    def hypergradient(self, x: Array, start: Array | None = None) -> Array:
        """grad F(x), (p,)."""

    def measure(self, names: Sequence[str], x: Array, y: Array) -> dict[str, float]:
        """The named metrics of one global iterate (x, y), sharing the exact lower solve among those that need it."""
