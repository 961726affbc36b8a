"""Exact answers: the lower solve, the hypergradient, conjugate gradients."""

import numpy as np
import pytest

from problems import hyper_cleaning, reference, regularisation

TINY = {"train": 40, "validation": 20, "test": 20}
PROBLEMS = {
    "logistic": (regularisation, regularisation.Settings(**TINY)),
    "softmax": (regularisation, regularisation.Settings(data="digits", drop_constant=True, scale="mean", **TINY)),
    "cleaning": (hyper_cleaning, hyper_cleaning.Settings(ridge=0.02, **TINY)),
}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    module, settings = PROBLEMS[request.param]
    return module.build(settings, agents=4, seed=0)


def test_the_lower_solution_is_stationary_from_any_start(problem):
    """The residual is tiny, and two starts end at the same point."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(problem.dim_x)
    cold = reference.solve_lower(problem, x)
    warm = reference.solve_lower(problem, x, 0.1 * rng.standard_normal(problem.dim_y))
    assert cold.converged
    assert warm.converged
    assert np.linalg.norm(problem.average().lower_grad_y(x, cold.y)) == pytest.approx(cold.residual)
    assert cold.residual < 1e-11
    assert np.allclose(cold.y, warm.y, rtol=0, atol=1e-7)


def test_the_hypergradient_is_the_derivative_of_the_resolved_objective(problem):
    """grad F against central differences of F, the lower level solved again at each point."""
    rng = np.random.default_rng(0)
    x, direction, step = rng.standard_normal(problem.dim_x), rng.standard_normal(problem.dim_x), 1e-4

    def resolved(point):
        return problem.average().upper_value(point, problem.lower_solution(point))

    slope = (resolved(x + step * direction) - resolved(x - step * direction)) / (2 * step)
    assert problem.hypergradient(x) @ direction == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_the_generic_average_gives_the_same_answers(problem):
    """Without the shared curvature (a problem's own average) the same solution comes out."""

    class Plain:
        def __init__(self):
            self.dtype, self.dim_x, self.dim_y = problem.dtype, problem.dim_x, problem.dim_y

        def average(self):
            return reference.MeanOfAgents(problem)

    x = np.random.default_rng(1).standard_normal(problem.dim_x)
    plain = reference.solve_lower(Plain(), x)
    assert np.allclose(plain.y, problem.lower_solution(x), rtol=0, atol=1e-7)
    assert np.allclose(reference.hypergradient(Plain(), x, plain.y), problem.hypergradient(x), rtol=1e-5, atol=1e-9)


def test_float32_solves_to_its_own_precision():
    """The tolerance follows the number type: a float32 problem converges, to float32 accuracy."""
    module, settings = PROBLEMS["logistic"]
    exact = module.build(settings, agents=4, seed=0)
    coarse = module.build(regularisation.Settings(dtype="float32", **TINY), agents=4, seed=0)
    x = np.zeros(exact.dim_x)
    solved = reference.solve_lower(coarse, x)
    assert solved.converged
    assert solved.y.dtype == np.float32
    assert np.allclose(solved.y, exact.lower_solution(x), atol=1e-4)


def test_conjugate_gradients_solve_a_small_system_exactly():
    """[[2, 1], [1, 3]] v = [3, 5] has the solution [4/5, 7/5], with and without preconditioner."""
    matrix, right = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([3.0, 5.0])
    for diagonal in (None, np.array([2.0, 3.0])):
        found = reference.conjugate_gradients(lambda v: matrix @ v, right, diagonal=diagonal)
        assert np.allclose(found, [0.8, 1.4], rtol=0, atol=1e-14)


def test_a_problem_that_is_not_convex_says_so():
    """With a very negative linear penalty there is no lower solution: not converged, NaN, and no endless loop."""
    settings = regularisation.Settings(penalty="linear", factor=50.0, **TINY)
    problem = regularisation.build(settings, agents=2, seed=0)
    x = np.full(problem.dim_x, -10.0)
    with np.errstate(all="ignore"):
        assert not reference.solve_lower(problem, x).converged
        assert np.isnan(problem.hypergradient(x)).all()


def test_conjugate_gradients_can_tell_an_indefinite_matrix():
    """diag(1, -1): by default a direction of descent comes out, on request NaN; a definite matrix is solved as ever."""
    right, signs = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    assert reference.conjugate_gradients(lambda v: signs * v, right) @ right > 0
    assert np.isnan(reference.conjugate_gradients(lambda v: signs * v, right, definite=False)).all()
    assert np.allclose(reference.conjugate_gradients(lambda v: 2 * v, right, definite=False), right / 2)


class Wells:
    """g = (y1^2 - 1)^2 + y2^2, with minima at (1, 0) and (-1, 0) and a saddle at 0."""

    dtype, dim_y = np.dtype(float), 2

    def lower_value(self, x, y, batch=None):
        return (y[0] ** 2 - 1) ** 2 + y[1] ** 2

    def lower_grad_y(self, x, y, batch=None):
        return np.array([4 * y[0] * (y[0] ** 2 - 1), 2 * y[1]])

    def lower_hvp(self, x, y, v, batch=None):
        return np.array([(12 * y[0] ** 2 - 4) * v[0], 2 * v[1]])


@pytest.mark.parametrize(("start", "end"), [((0.1, 3.0), 1.0), ((-0.1, 0.5), -1.0), ((2.0, 0.0), 1.0)])
def test_a_stationary_point_is_the_well_of_its_start(start, end):
    """Starts where the Hessian is indefinite, too, end in the well on their own side."""
    found = reference.stationary(Wells(), np.zeros(1), np.array(start), 1e-10)
    assert found.converged
    assert found.residual <= 1e-10
    assert np.allclose(found.y, [end, 0], rtol=0, atol=1e-9)


def test_the_envelope_gap_of_a_quadratic_is_in_closed_form():
    """On g = y2^2 (y1 at a well), G - V = y2^2 - y2^2 / (1 + 2 gamma): 12 of 12.96 for y2 = 3.6, gamma = 6.25."""
    gap = reference.envelope_gap(Wells(), np.zeros(1), np.array([1.0, 3.6]), 6.25, 1e-12)
    assert gap == pytest.approx(12.0)
    assert reference.envelope_gap(Wells(), np.zeros(1), np.array([-1.0, 0.0]), 6.25, 1e-12) == 0


def test_the_proximal_term_is_part_of_all_derivatives():
    """Gradient and products of g(th) + |th - y|^2 / (2 gamma), by differences of the value and of the gradient."""
    near = reference.Proximal(Wells(), np.array([0.3, -0.4]), 0.5)
    x, th, v, step = np.zeros(1), np.array([0.7, 0.2]), np.array([0.6, -1.1]), 1e-5
    slope = (near.lower_value(x, th + step * v) - near.lower_value(x, th - step * v)) / (2 * step)
    assert near.lower_grad_y(x, th) @ v == pytest.approx(slope, rel=1e-8)
    bend = (near.lower_grad_y(x, th + step * v) - near.lower_grad_y(x, th - step * v)) / (2 * step)
    assert np.allclose(near.lower_hvp(x, th, v), bend, rtol=1e-8)
    product, diagonal = near.lower_curvature(x, th)
    assert np.allclose(product(v), bend, rtol=1e-8)
    assert diagonal is None
