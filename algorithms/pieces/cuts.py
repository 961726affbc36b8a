"""The polytope of cutting planes of ADBO.

A point is q = (v, y_1..y_N, z) with v in R^n and y_i, z in R^m. The polytope is the set of points with

    a_l . v + sum_i b_il . y_i + c_l . z + kappa_l <= 0,      l = 1..P.

A cut is the tangent plane of a convex h at the present point p: h(p) - eps + grad h(p) . (q - p) <= 0. It is kept in
the form

    a_l . v + c_l . z + rest_l + sum_i (b_il . y_i - offset_il),     offset_il = b_il . y_i at p,

so that the part of a worker that is no longer there can leave the sum whole; kappa_l = rest_l - sum_i offset_il.

Source: Y. Jiao, K. Yang, T. Wu, D. Song, C. Jian, "Asynchronous distributed bilevel optimization", ICLR 2023. There
kappa lacks -eps although the inequality is h <= eps; here it is consistent.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Residual:
    """How far a point is from the estimated lower-level solution: h = |r|^2 or |r| with r = (y, z) - phi(v)."""

    height: float
    """h at the point."""
    a: np.ndarray
    """dh/dv, (n,)."""
    b: np.ndarray
    """dh/dy_i, (N, m)."""
    c: np.ndarray
    """dh/dz, (m,)."""
    scale: float
    """Factor from the slope of |r|^2 to this slope; workers know only the former."""


def residual(y_gaps: np.ndarray, z_gap: np.ndarray, slope_v: np.ndarray, squared: bool) -> Residual:
    """h and its gradient from r_i = y_i - phi_i (N, m), r_z = z - phi_z (m,) and d|r|^2/dv (n,)."""
    square = float((y_gaps * y_gaps).sum(-1).sum(-1) + (z_gap * z_gap).sum(-1))
    if squared:
        return Residual(square, slope_v, 2.0 * y_gaps, 2.0 * z_gap, 1.0)
    height = square**0.5
    scale = 0.5 / height if height > 0.0 else 0.0
    return Residual(height, scale * slope_v, (2.0 * scale) * y_gaps, (2.0 * scale) * z_gap, scale)


@dataclass(frozen=True)
class Polytope:
    """P cuts, oldest first."""

    a: np.ndarray
    """(P, n)."""
    b: np.ndarray
    """(P, N, m)."""
    c: np.ndarray
    """(P, m)."""
    rest: np.ndarray
    """(P,)."""
    offset: np.ndarray
    """(P, N)."""
    scale: np.ndarray
    """(P,): factor from the slope of |r|^2 to (a, b, c)."""

    @staticmethod
    def empty(workers: int, n: int, m: int, dtype: np.dtype) -> "Polytope":
        """The whole space."""
        shapes = ((0, n), (0, workers, m), (0, m), (0,), (0, workers), (0,))
        return Polytope(*(np.zeros(shape, dtype) for shape in shapes))

    @property
    def size(self) -> int:
        return len(self.rest)

    @property
    def kappa(self) -> np.ndarray:
        """(P,): the constants of the cuts with all workers present."""
        return self.rest - self.offset.sum(-1)

    def values(self, v: np.ndarray, ys: np.ndarray, z: np.ndarray, present: np.ndarray) -> np.ndarray:
        """Left-hand sides at (v, ys (N, m), z), (P,); workers with present_i = 0 leave the sum."""
        part = np.matmul(self.b.transpose(1, 0, 2), ys[:, :, None])[:, :, 0].T
        return self.a @ v + self.c @ z + self.rest + (part - self.offset) @ present

    def cut(self, h: Residual, eps: float, v: np.ndarray, ys: np.ndarray, z: np.ndarray, unit: bool) -> "Polytope":
        """With one more cut, the tangent plane of h at (v, ys, z); `unit` scales it to a normal of length one."""
        factor = 1.0
        if unit:
            square = float((h.a * h.a).sum() + (h.b * h.b).sum() + (h.c * h.c).sum())
            factor = 1.0 / square**0.5 if square > 0.0 else 1.0
        a, b, c = factor * h.a, factor * h.b, factor * h.c
        rest = factor * (h.height - eps) - a @ v - c @ z
        return Polytope(
            np.concatenate([self.a, a[None]]),
            np.concatenate([self.b, b[None]]),
            np.concatenate([self.c, c[None]]),
            np.concatenate([self.rest, [rest]], dtype=self.rest.dtype),
            np.concatenate([self.offset, (b * ys).sum(-1)[None]]),
            np.concatenate([self.scale, [factor * h.scale]], dtype=self.scale.dtype),
        )

    def keep(self, which: np.ndarray) -> "Polytope":
        """The cuts where `which` (P,) is true."""
        return replace(self, **{name: value[which] for name, value in vars(self).items()})


@dataclass(frozen=True)
class Flags:
    """A row of yes/no values as a payload: one bit each."""

    values: np.ndarray

    @property
    def nbits(self) -> int:
        return len(self.values)
