"""Iterative solutions of linear systems from products alone."""

import numpy as np
import pytest

from algorithms.pieces.linear_systems import ConjugateGradients, GradientDescent, LinearSystem, NeumannTerm

H = np.diag([1.0, 2.0, 5.0]) + 0.1
RIGHT = np.array([1.0, -2.0, 3.0])


def solved(system: LinearSystem, matrix: np.ndarray = H) -> tuple[np.ndarray, int]:
    """The solution, and how many products it took."""
    products = 0
    while not system.done:
        system.take(matrix @ system.direction)
        products += 1
    return system.solution, products


def test_gradient_descent_by_hand() -> None:
    """Two steps of length 1/4 on 2 s = 4 from 1: 1.5, then 1.75."""
    system = GradientDescent(np.array([1.0]), np.array([4.0]), 0.25, 2)
    system.take(2.0 * system.direction)
    assert system.solution == pytest.approx([1.5])
    assert not system.done
    system.take(2.0 * system.direction)
    assert system.solution == pytest.approx([1.75])
    assert system.done


def test_no_steps_leave_the_start() -> None:
    """Zero steps want no product."""
    found, products = solved(GradientDescent(RIGHT, 2.0 * RIGHT, 0.1, 0))
    np.testing.assert_array_equal(found, RIGHT)
    assert products == 0


def test_gradient_descent_from_its_first_step_is_the_neumann_series() -> None:
    """step sum_j (I - step H)^j b, j = 0..4, term by term."""
    found, _ = solved(GradientDescent(0.1 * RIGHT, RIGHT, 0.1, 4))
    terms = [np.linalg.matrix_power(np.eye(3) - 0.1 * H, j) @ RIGHT for j in range(5)]
    np.testing.assert_allclose(found, 0.1 * np.sum(terms, axis=0), rtol=1e-13)


def test_random_terms_average_to_the_series() -> None:
    """The mean over j = 0..4 of one term in the place of all is the series of five; term j takes j products."""
    found = [solved(NeumannTerm(RIGHT, 0.1, 5, j)) for j in range(5)]
    assert [products for _, products in found] == [0, 1, 2, 3, 4]
    series, _ = solved(GradientDescent(0.1 * RIGHT, RIGHT, 0.1, 4))
    np.testing.assert_allclose(np.mean([solution for solution, _ in found], axis=0), series, rtol=1e-13)


def test_conjugate_gradients_are_exact_after_as_many_products_as_unknowns() -> None:
    """Three unknowns, three products."""
    found, products = solved(ConjugateGradients(RIGHT, 1e-12, 3))
    np.testing.assert_allclose(found, np.linalg.solve(H, RIGHT), rtol=1e-10)
    assert products == 3


def test_first_conjugate_gradient_step_by_hand() -> None:
    """diag(1, 3) s = (1, 1): s = (b.b / b.Hb) b = (1/2, 1/2)."""
    system = ConjugateGradients(np.ones(2), 0.0, 5)
    system.take(np.array([1.0, 3.0]))
    np.testing.assert_allclose(system.solution, [0.5, 0.5])


def test_conjugate_gradients_stop_at_the_tolerance() -> None:
    """The residual is below the tolerance when they stop and was not one product earlier."""
    found, products = solved(ConjugateGradients(RIGHT, 0.3, 99))
    earlier, _ = solved(ConjugateGradients(RIGHT, 0.3, products - 1))
    sizes = [np.linalg.norm(RIGHT - H @ s) / np.linalg.norm(RIGHT) for s in (found, earlier)]
    assert sizes[0] <= 0.3 < sizes[1]


def test_nothing_to_solve_wants_no_product() -> None:
    """A right side of zero is solved by zero."""
    found, products = solved(ConjugateGradients(np.zeros(3), 0.0, 9))
    np.testing.assert_array_equal(found, np.zeros(3))
    assert products == 0


def test_negative_curvature_ends_with_what_there_is() -> None:
    """An indefinite matrix: the steps so far stay, finite."""
    found, products = solved(ConjugateGradients(np.array([1.0, 0.5]), 0.0, 9), np.diag([1.0, -3.0]))
    assert products <= 2
    assert np.isfinite(found).all()
    assert solved(ConjugateGradients(np.ones(2), 0.0, 9), -np.eye(2))[1] == 1
