"""The polytope of cutting planes."""

import numpy as np
import pytest

from algorithms.pieces.cuts import Flags, Polytope, Residual, residual

N, n, m = 3, 2, 4
ALL = np.ones(N)


class Affine:
    """An affine map v -> phi(v), stacked as (y's, z), and the residual of a point against it."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.jacobian = rng.standard_normal(((N + 1) * m, n))
        self.shift = rng.standard_normal((N + 1) * m)

    def gap(self, v: np.ndarray, ys: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.concatenate([ys.ravel(), z]) - self.jacobian @ v - self.shift

    def residual(self, v: np.ndarray, ys: np.ndarray, z: np.ndarray, squared: bool) -> Residual:
        r = self.gap(v, ys, z)
        return residual(r[: N * m].reshape(N, m), r[N * m :], -2.0 * self.jacobian.T @ r, squared)

    def height(self, point: np.ndarray, squared: bool) -> float:
        v, ys, z = point[:n], point[n : n + N * m].reshape(N, m), point[n + N * m :]
        square = float((self.gap(v, ys, z) ** 2).sum())
        return square if squared else square**0.5


def some_point() -> np.ndarray:
    return np.random.default_rng(6).standard_normal(n + (N + 1) * m)


def parts(point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return point[:n], point[n : n + N * m].reshape(N, m), point[n + N * m :]


def normal(polytope: Polytope, which: int) -> np.ndarray:
    return np.concatenate([polytope.a[which], polytope.b[which].ravel(), polytope.c[which]])


@pytest.mark.parametrize("squared", [True, False])
def test_slope_agrees_with_finite_differences(squared: bool) -> None:
    """(a, b, c) is the gradient of h, squared or not."""
    phi, point, step = Affine(), some_point(), 1e-5
    h = phi.residual(*parts(point), squared)
    slope = np.concatenate([h.a, h.b.ravel(), h.c])
    for coordinate, unit in enumerate(np.eye(len(point))):
        up, down = phi.height(point + step * unit, squared), phi.height(point - step * unit, squared)
        assert slope[coordinate] == pytest.approx((up - down) / (2 * step), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("squared", [True, False])
def test_cut_at_its_own_point_is_the_height_over_the_tolerance(squared: bool, unit: bool) -> None:
    """There the left-hand side is h - eps, times the factor of a unit normal, and kappa is consistent with it."""
    phi, point, eps = Affine(), some_point(), 0.25
    h = phi.residual(*parts(point), squared)
    polytope = Polytope.empty(N, n, m, np.dtype(float)).cut(h, eps, *parts(point), unit=unit)
    factor = 1.0 / np.sqrt((h.a**2).sum() + (h.b**2).sum() + (h.c**2).sum()) if unit else 1.0
    expected = factor * (h.height - eps)
    assert polytope.values(*parts(point), ALL)[0] == pytest.approx(expected, rel=1e-13)
    assert normal(polytope, 0) @ point + polytope.kappa[0] == pytest.approx(expected, rel=1e-12)
    if unit:
        assert np.linalg.norm(normal(polytope, 0)) == pytest.approx(1.0, rel=1e-14)
    np.testing.assert_allclose(polytope.b[0], polytope.scale[0] * 2.0 * phi.gap(*parts(point))[: N * m].reshape(N, m))


def test_squared_cut_asks_to_halve_the_residual_and_excludes_no_solution() -> None:
    """The tangent plane of |r|^2 is zero half-way to the solution; solutions of h <= eps satisfy every cut."""
    phi, point = Affine(), some_point()
    v, ys, z = parts(point)
    polytope = Polytope.empty(N, n, m, np.dtype(float)).cut(phi.residual(v, ys, z, True), 0.0, v, ys, z, unit=False)
    r = phi.gap(v, ys, z)
    half = (ys - r[: N * m].reshape(N, m) / 2, z - r[N * m :] / 2)
    assert polytope.values(v, *half, ALL)[0] == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(8)
    for _ in range(20):
        other = rng.standard_normal(n)
        solution = phi.jacobian @ other + phi.shift
        assert polytope.values(other, solution[: N * m].reshape(N, m), solution[N * m :], ALL)[0] <= 1e-12


def test_absent_worker_leaves_the_sum_with_its_constant() -> None:
    """A cut without a worker has the value it would have if that worker still stood where the cut was made."""
    phi, point = Affine(), some_point()
    v, ys, z = parts(point)
    polytope = Polytope.empty(N, n, m, np.dtype(float)).cut(phi.residual(v, ys, z, True), 0.0, v, ys, z, unit=False)
    moved = ys + 1.0
    stands = moved.copy()
    stands[1] = ys[1]
    without = polytope.values(v, moved, z, np.array([1.0, 0.0, 1.0]))
    np.testing.assert_allclose(without, polytope.values(v, stands, z, ALL), rtol=1e-13)


def test_kept_cuts_stay_in_order_with_all_their_parts() -> None:
    """Dropping the second of three cuts leaves the values of the first and the third."""
    phi, polytope = Affine(), Polytope.empty(N, n, m, np.dtype(float))
    rng = np.random.default_rng(9)
    for _ in range(3):
        point = parts(rng.standard_normal(n + (N + 1) * m))
        polytope = polytope.cut(phi.residual(*point, True), 0.1, *point, unit=True)
    values = polytope.values(*parts(some_point()), ALL)
    kept = polytope.keep(np.array([True, False, True]))
    assert kept.size == 2
    np.testing.assert_array_equal(kept.values(*parts(some_point()), ALL), values[[0, 2]])
    np.testing.assert_array_equal(kept.kappa, polytope.kappa[[0, 2]])


def test_empty_polytope_keeps_the_precision_it_was_given() -> None:
    """float32 cuts stay float32."""
    phi, point = Affine(), parts(some_point())
    single = [part.astype(np.float32) for part in point]
    h = phi.residual(*point, True)
    h = Residual(h.height, h.a.astype(np.float32), h.b.astype(np.float32), h.c.astype(np.float32), h.scale)
    polytope = Polytope.empty(N, n, m, np.dtype(np.float32)).cut(h, 0.0, *single, unit=True)
    assert {value.dtype for value in vars(polytope).values()} == {np.dtype(np.float32)}


def test_flags_count_one_bit_each() -> None:
    """Thirteen flags are thirteen bits."""
    assert Flags(np.zeros(13, bool)).nbits == 13
