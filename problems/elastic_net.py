"""Tuning of an elastic net: the coefficients of a ridge and of a smoothed l1 penalty are the upper variable.

    f_i(x, y) = mean over agent i's validation samples of loss(y) + (upper_ridge/2) |x|^2
    g_i(x, y) = mean over agent i's training samples of loss(y) + kappa sum_kj rho(a_.) W_kj^2 + rho(b_.) s(W_kj)

with x = (a, b), s(w) = sqrt(w^2 + smoothing^2), and loss, W, kappa, rho and the meaning of the dot as in
``regularisation``: on diabetes half the squared error of a linear model. The ridge keeps the lower level strongly
convex; s has the curvature smoothing^2 / s^3, at most 1 / smoothing, which bounds the steps of y.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from problems import regularisation
from problems.base import Array, Batch
from problems.linear_model import Forward
from problems.regularisation import Regularisation, RegularisationLocal, dealt
from problems.sampled import Held
from problems.samples import Link, Samples, Starter
from problems.splits import Split


@dataclass(frozen=True, kw_only=True)
class Settings(regularisation.Settings):
    """Which data, which model, which penalties."""

    data: Annotated[regularisation.Data, Doc("data set")] = "diabetes"
    smoothing: Annotated[float, Gt(0), Doc("width of the rounded corner of the l1 penalty, in units of a weight")] = 0.1


def build(settings: Settings, agents: int, seed: int) -> "ElasticNet":
    """The problem of the settings; raises ProblemError, DataMissing when the data set is not there."""
    return ElasticNet(settings, *dealt(settings, agents, seed))


def memory_bytes(settings: Settings, agents: int) -> int:
    """Estimate of the bytes that ``build`` needs, from the settings alone."""
    return regularisation.memory_bytes(settings, agents)


class ElasticLocal(RegularisationLocal):
    """One agent's objectives, or a stack's: those of the ridge, and the smoothed l1 penalty's added."""

    _penalty_operations = 8

    def __init__(self, upper: Samples, lower: Samples, link: Link, settings: Settings, starter: Starter) -> None:
        super().__init__(upper, lower, link, settings, starter)
        self._smoothing = settings.smoothing
        self.dim_x *= 2

    def _parts(self, x: Array) -> tuple[Array, Array]:
        """(a, b)"""
        half = self.dim_x // 2
        return x[..., :half], x[..., half:]

    def _rounded(self, weights: Array) -> Array:
        """s(W)"""
        return np.sqrt(weights * weights + self._smoothing**2)

    def _penalty_value(self, x: Array, weights: Array) -> Any:
        a, b = self._parts(x)
        return super()._penalty_value(a, weights) + self._flat(self._ridge(b) * self._rounded(weights)).sum(-1)

    def _pull(self, x: Array, weights: Array) -> Array:
        a, b = self._parts(x)
        return super()._pull(a, weights) + self._ridge(b) * weights / self._rounded(weights)

    def _stiffness(self, x: Array, weights: Array) -> Any:
        a, b = self._parts(x)
        return super()._stiffness(a, weights) + self._ridge(b) * self._smoothing**2 / self._rounded(weights) ** 3

    def _mixed(self, x: Array, weights: Array, direction: Array) -> Array:
        """d2_xy g v"""
        a, b = self._parts(x)
        ridge = 2 * self._slope(a) * self._gathered(weights * direction)
        rounded = self._slope(b) * self._gathered(weights / self._rounded(weights) * direction)
        return np.concatenate((ridge, rounded), axis=-1)

    def _cross(self, x: Array, weights: Array, direction: Array, forward: Forward, batch: Batch | None) -> Array:
        return self._mixed(x, weights, direction)

    def lower_cross(self, x: Array, y: Array, v: Array, batch: Batch | None = None) -> Array:
        return self._mixed(x, self._matrix(y), self._matrix(v))

    def lower_grad_x(self, x: Array, y: Array, batch: Batch | None = None) -> Array:
        a, b = self._parts(x)
        rounded = self._slope(b) * self._gathered(self._rounded(self._matrix(y)))
        return np.concatenate((super().lower_grad_x(a, y, batch), rounded), axis=-1)

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        weights, (a, b), (in_a, in_b) = self._matrix(y), self._parts(x), self._parts(w)
        rounded = self._spread(self._slope(b) * in_b) * weights / self._rounded(weights)
        return super().lower_cross_t(a, y, in_a, batch) + self._flat(rounded)


class ElasticNet(Regularisation):
    """The problem over all agents."""

    def __init__(self, settings: Settings, rows: Split, link: Link, upper: Held, lower: Held) -> None:
        super().__init__(settings, rows, link, upper, lower)
        self._elastic = settings

    @property
    def dim_x(self) -> int:
        return 2 * super().dim_x

    def _objectives(self, upper: Samples, lower: Samples, agents: Sequence[int]) -> ElasticLocal:
        return ElasticLocal(upper, lower, self._link, self._elastic, self.start)
