"""Tuning of regularisation: the penalty's coefficients are the upper variable, the model's weights the lower one.

    f_i(x, y) = mean over agent i's validation samples of loss(y) + (upper_ridge/2) |x|^2
    g_i(x, y) = mean over agent i's training samples of loss(y) + kappa sum_kj rho(x_.) W_kj^2

loss is the cross-entropy of logistic (one weight a feature) or softmax regression (W (c, d), flattened row by row, one
row a class); on real targets (``diabetes``, brought to mean 0 and variance 1) half the squared error, which is ridge
regression. x_. is x_j (``per`` = feature, p = d), x_k (``per`` = class, p = c) or the one x (``per`` = all), and

    penalty       rho(x)
    exp           exp(x)
    linear        x
    shifted_exp   shift + exp(x)

    scale         kappa
    sum           factor / 2
    mean          factor / (c d)

``linear`` with scale mean and factor 1/2 is that of ADBO's code (Y. Jiao et al., ICLR 2023; x may then become negative
and the lower level lose its convexity); ``exp`` with scale sum that of benchmark_bilevel (M. Dagreou et al.) and, with
scale mean, of MA-DSBO (X. Chen et al., ICML 2023).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from problems import metrics
from problems.base import Array, Batch
from problems.datasets import SETS
from problems.linear_model import Forward, LinearLocal
from problems.partition import split as deal
from problems.sampled import Held, SampledProblem, SampledSettings, data_bytes, hold, link_of, split_of
from problems.samples import Link, Samples, Starter, over_classes
from problems.splits import Split
from problems.streams import stream

Data = Literal["breast_cancer", "diabetes", "digits", "ijcnn1", "covtype", "a9a", "mnist", "fashion_mnist"]


@dataclass(frozen=True, kw_only=True)
class Settings(SampledSettings):
    """Which data, which model, which penalty."""

    data: Annotated[Data, Doc("data set")] = "breast_cancer"
    model: Annotated[
        Literal["auto", "logistic", "softmax"],
        Doc("auto: logistic for two classes, softmax for more, linear for real targets"),
    ] = "auto"
    penalty: Annotated[Literal["exp", "linear", "shifted_exp"], Doc("rho, see above")] = "exp"
    per: Annotated[Literal["feature", "class", "all"], Doc("what has a coefficient of its own")] = "feature"
    scale: Annotated[Literal["sum", "mean"], Doc("kappa, see above")] = "sum"
    factor: Annotated[float, Gt(0), Doc("factor in kappa")] = 1.0
    shift: Annotated[float, Ge(0), Doc("smallest coefficient of shifted_exp (read by no other penalty)")] = 1e-3
    upper_ridge: Annotated[float, Ge(0), Doc("coefficient tau of (tau/2)|x|^2 in the upper objective")] = 0.0
    start_upper: Annotated[
        Literal["constant", "normal", "log_uniform"],
        Doc("x at the start: start_value everywhere; normal around it with variance 1; log of a uniform in (0, 1)"),
    ] = "constant"
    start_value: Annotated[float, Doc("x at the start, its mean for normal (not read by log_uniform)")] = 0.0


def build(settings: Settings, agents: int, seed: int) -> "Regularisation":
    """The problem of the settings; raises ProblemError, DataMissing when the data set is not there."""
    return Regularisation(settings, *dealt(settings, agents, seed))


def dealt(settings: Settings, agents: int, seed: int) -> tuple[Split, Link, Held, Held]:
    """The rows, the link, and what the agents hold of the upper and of the lower level."""
    rows = split_of(settings.data, settings, seed)
    link = link_of(settings.model, rows.classes, settings.data)
    # Equal generators for both levels: see problems.partition.split.
    held = [
        hold(part, deal(part.labels, agents, settings.partition, stream(seed, "partition")), link, rows.classes)
        for part in (rows.validation, rows.train)
    ]
    return rows, link, held[0], held[1]


def memory_bytes(settings: Settings, agents: int) -> int:
    """Estimate of the bytes that ``build`` needs, from the settings alone."""
    outputs = 1 if settings.model == "logistic" else max(1, SETS[settings.data].classes)
    samples, weights = data_bytes(settings.data, settings, outputs)
    return samples + 3 * agents * weights * np.dtype(settings.dtype).itemsize


class RegularisationLocal(LinearLocal):
    """One agent's objectives, or a stack's. The derivatives in x need no data."""

    def __init__(
        self,
        upper: Samples,
        lower: Samples,
        link: Link,
        settings: Settings,
        starter: Starter,
    ) -> None:
        outputs, features = lower.targets.shape[-2], lower.rows.shape[-1]
        self._per = settings.per
        self._penalty, self._shift = settings.penalty, settings.shift
        self._kappa = settings.factor / (2 if settings.scale == "sum" else outputs * features)
        dim_x = {"feature": features, "class": outputs, "all": 1}[settings.per]
        batches = settings.batch_upper, settings.batch_lower
        super().__init__(upper, lower, link, dim_x, settings.upper_ridge, batches, starter)

    def _sample_weights(self, x: Array, samples: Samples, batch: Batch | None) -> Any:
        return samples.weights

    def _spread(self, coefficients: Array) -> Array:
        """(..., p) so that it broadcasts with W (..., c, d)."""
        return coefficients[..., :, None] if self._per == "class" else coefficients[..., None, :]

    def _gathered(self, products: Array) -> Array:
        """Sums of (..., c, d) over what shares a coefficient, (..., p)."""
        if self._per == "class":
            return products.sum(-1)
        by_feature = over_classes(products)[..., 0, :]
        return by_feature.sum(-1, keepdims=True) if self._per == "all" else by_feature

    def _ridge(self, x: Array) -> Array:
        """kappa rho(x)."""
        if self._penalty == "linear":
            return self._spread(self._kappa * x)
        if self._penalty == "shifted_exp":
            return self._spread(self._kappa * (self._shift + np.exp(x)))
        return self._spread(self._kappa * np.exp(x))

    def _slope(self, x: Array) -> Array:
        """kappa rho'(x), (..., p)."""
        return np.full_like(x, self._kappa) if self._penalty == "linear" else self._kappa * np.exp(x)

    def _cross(self, x: Array, weights: Array, direction: Array, forward: Forward, batch: Batch | None) -> Array:
        return 2 * self._slope(x) * self._gathered(weights * direction)

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        weights = self._matrix(y)
        return self._slope(x) * self._gathered(weights * weights)

    def lower_grads(self, x: Array, y: Array, batch: Batch | None = None) -> tuple[Array, Array]:
        return self.lower_grad_x(x, y, batch), self.lower_grad_y(x, y, batch)

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return 2 * self._slope(x) * self._gathered(self._matrix(y) * self._matrix(v))

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        return self._flat(2 * self._spread(self._slope(x) * w) * self._matrix(y))

    def _x_operations(self, n: int) -> dict[str, float]:
        penalty = self._penalty_operations * self.dim_y
        names = ("lower_grad_x", "lower_cross", "lower_cross_t", "shared_grad_x", "shared_cross")
        return {"weigh": 0, **dict.fromkeys(names, penalty)}


class Regularisation(SampledProblem):
    """The problem over all agents."""

    def __init__(self, settings: Settings, rows: Split, link: Link, upper: Held, lower: Held) -> None:
        super().__init__(settings, rows, link, upper, lower)
        self._tuned = settings

    @property
    def dim_x(self) -> int:
        outputs, features = self._held_lower.targets[0].shape[0], self._held_lower.rows.shape[1]
        return {"feature": features, "class": outputs, "all": 1}[self._tuned.per]

    def _objectives(self, upper: Samples, lower: Samples, agents: Sequence[int]) -> RegularisationLocal:
        return RegularisationLocal(upper, lower, self._link, self._tuned, self.start)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """x by ``start_upper`` and ``start_value``, then y normal with ``start_lower_sd``."""
        kind = self._tuned.start_upper
        if kind == "log_uniform":
            x = np.log(1.0 - rng.random(self.dim_x))  # 1 - u lies in (0, 1]
        else:
            x = np.full(self.dim_x, self._tuned.start_value)
            if kind == "normal":
                x = x + rng.standard_normal(self.dim_x)
        return x.astype(self.dtype), self._start_lower(rng)

    @property
    def _own_metrics(self) -> Mapping[str, metrics.Entry]:
        return {}
