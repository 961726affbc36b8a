"""The quadratic yardstick: oracles, closed forms, stored instances."""

import numpy as np
import pytest

from problems import checks, quadratic, reference
from problems.base import COUNTED, FUSED
from problems.errors import DataMissing, ProblemError

SMALL = quadratic.Settings(dim_x=4, dim_y=6, heterogeneity=1.0)
INSTANCES = {"adbo_n4": 4, "sldbo_n8": 8, "sldbo_n20": 20, "sun_n8_h0": 8, "sun_n8_h0.5": 8, "sun_n8_h1": 8}


def test_oracles_agree_with_finite_differences():
    """Every gradient and product is the derivative of the value it belongs to."""
    problem = quadratic.build(SMALL, agents=3, seed=1)
    errors = checks.finite_differences(problem.local(2), np.random.default_rng(0))
    assert set(errors) >= set(FUSED)
    assert max(errors.values()) < 1e-8


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (3, 7), (50, 50)])
def test_a_stack_gives_the_same_bits(dim_x, dim_y, dtype):
    """Agents in one call give the same numbers as one by one, to the last bit and in the problem's precision."""
    settings = quadratic.Settings(dim_x=dim_x, dim_y=dim_y, dtype=dtype)
    problem = quadratic.build(settings, agents=5, seed=1)
    assert checks.stack_differences(problem, [3, 0, 4], np.random.default_rng(2)) == []
    assert problem.local(0).lower_grad_y(*problem.start(np.random.default_rng(0))).dtype == np.dtype(dtype)


def test_values_are_the_stated_formulas():
    """f_i and g_i are the formulas of the module's docstring, computed here literally."""
    problem = quadratic.build(SMALL, agents=3, seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(4), rng.standard_normal(6)
    part = {key: value[1] for key, value in problem.arrays.items()}
    lower = y @ part["A"] @ y / 2 - y @ (part["B"] @ x + part["c"])
    in_y, in_x = y - part["t"], x - part["r"]
    upper = in_y @ part["P"] @ in_y / 2 + in_x @ part["S"] @ in_x / 2 + part["s"] @ x
    assert problem.local(1).lower_value(x, y) == pytest.approx(lower, rel=1e-12)
    assert problem.local(1).upper_value(x, y) == pytest.approx(upper, rel=1e-12)


def test_closed_forms_agree_with_the_reference():
    """y*(x), the hypergradient and x* agree with Newton-CG and conjugate gradients."""
    problem = quadratic.build(SMALL, agents=4, seed=3)
    x = np.random.default_rng(1).standard_normal(4)
    solved = reference.solve_lower(problem, x)
    assert solved.converged
    assert np.allclose(solved.y, problem.lower_solution(x), rtol=0, atol=1e-9)
    assert np.allclose(reference.hypergradient(problem, x, solved.y), problem.hypergradient(x), rtol=0, atol=1e-8)
    best, _ = problem.optimum()
    assert np.abs(problem.hypergradient(best)).max() < 1e-11
    u = problem.adjoint(best)
    at_best = problem.average().directions(*problem.optimum(), u)
    assert max(np.abs(part).max() for part in at_best) < 1e-11


def test_the_average_is_the_mean_of_the_agents():
    """average() and the mean over a stack of all agents are the same problem."""
    problem = quadratic.build(SMALL, agents=4, seed=3)
    average, mean = problem.average(), reference.MeanOfAgents(problem)
    rng = np.random.default_rng(0)
    x, y, u = rng.standard_normal(4), rng.standard_normal(6), rng.standard_normal(6)
    for one, other in zip(average.directions(x, y, u), mean.directions(x, y, u), strict=True):
        assert np.allclose(one, other, rtol=0, atol=1e-12)
    assert average.upper_value(x, y) == pytest.approx(mean.upper_value(x, y), rel=1e-12)
    assert average.lower_value(x, y) == pytest.approx(mean.lower_value(x, y), rel=1e-12)


def test_heterogeneity_leaves_the_averaged_problem_alone():
    """The perturbations have zero mean: x* is the same at every heterogeneity, and the agents differ."""
    best = [
        quadratic.build(quadratic.Settings(dim_x=3, dim_y=5, heterogeneity=spread), agents=6, seed=2)
        for spread in (0.0, 0.5, 1.0)
    ]
    assert np.allclose(best[0].optimum()[0], best[2].optimum()[0], rtol=0, atol=1e-12)
    assert np.allclose(best[0].optimum()[1], best[1].optimum()[1], rtol=0, atol=1e-12)
    assert np.ptp(best[0].arrays["A"], axis=0).max() < 1e-15
    assert np.ptp(best[2].arrays["A"], axis=0).max() > 0.1


def test_the_lower_level_has_the_stated_condition():
    """Eigenvalues of the averaged A fill [1, condition]; those of each agent stay above 1/2."""
    problem = quadratic.build(quadratic.Settings(condition=50.0, heterogeneity=1.0), agents=7, seed=0)
    values = np.linalg.eigvalsh(problem.arrays["A"].mean(axis=0))
    assert values[0] == pytest.approx(1.0, abs=1e-9)
    assert values[-1] == pytest.approx(50.0, abs=1e-9)
    assert np.linalg.eigvalsh(problem.arrays["A"]).min() > 0.5 - 1e-9


def test_charges_are_the_documented_ones():
    """p = 2, q = 3, by hand from the table in problems.base."""
    local = quadratic.build(quadratic.Settings(dim_x=2, dim_y=3), agents=1, seed=0).local(0)
    by_hand = {
        "upper_value": 50,
        "lower_value": 48,
        "upper_grad_x": 10,
        "upper_grad_y": 21,
        "lower_grad_x": 12,
        "lower_grad_y": 36,
        "lower_hvp": 18,
        "lower_cross": 12,
        "lower_cross_t": 12,
    }
    assert {name: local.charges(name) for name in COUNTED} == {name: ((name, ops),) for name, ops in by_hand.items()}
    for name, parts in FUSED.items():
        assert local.charges(name) == tuple((part, by_hand[part]) for part in parts)


def test_metrics_are_exact_at_the_optimum():
    """At (x*, y*) the distances and norms are zero; away from it they are the stated ones."""
    problem = quadratic.build(SMALL, agents=4, seed=3)
    x, y = problem.optimum()
    at_best = problem.measure(list(problem.metrics), x, y)
    assert at_best["distance_to_optimum"] == 0
    assert at_best["hypergradient_norm"] < 1e-11
    assert at_best["lower_residual"] < 1e-11
    assert at_best["upper_objective"] == pytest.approx(at_best["upper_objective_resolved"], rel=1e-12)
    away = problem.measure(["distance_to_optimum", "relative_distance_to_optimum"], x + 2.0, y)
    assert away["distance_to_optimum"] == pytest.approx(4.0)
    assert away["relative_distance_to_optimum"] == pytest.approx(4.0 / np.linalg.norm(x))


def test_metrics_of_a_diverged_iterate_are_nan():
    """NaN in, NaN out, without a warning; an unknown metric is answered with the nearest."""
    problem = quadratic.build(SMALL, agents=2, seed=0)
    found = problem.measure(["lower_residual", "hypergradient_norm"], np.full(4, np.nan), np.zeros(6))
    assert np.isnan(list(found.values())).all()
    with pytest.raises(ProblemError, match="did you mean hypergradient_norm"):
        problem.measure(["hypergradient_nrm"], np.zeros(4), np.zeros(6))


def test_the_starting_point_is_common():
    """Equal generators give equal starts, zeros by default; a stack gives every agent the same one."""
    problem = quadratic.build(quadratic.Settings(dim_x=4, dim_y=6, start_sd=2.0), agents=3, seed=0)
    x, y = problem.start(np.random.default_rng(5))
    stacked_x, stacked_y = problem.stack([0, 2]).start(np.random.default_rng(5))
    assert np.array_equal(stacked_x, np.stack([x, x]))
    assert np.array_equal(stacked_y, np.stack([y, y]))
    assert x.any()
    assert not quadratic.build(SMALL, agents=3, seed=0).start(np.random.default_rng(5))[0].any()


@pytest.mark.parametrize("gamma", [0.2, 5.0, None])
def test_the_penalty_point_is_the_penaltys_minimum(gamma):
    """Differences of mu F + G - V vanish there and curve upwards; V is computed by its own minimisation."""
    problem, mu = quadratic.build(SMALL, agents=4, seed=3), 0.3
    average, means = problem.average(), {key: value.mean(axis=0) for key, value in problem.arrays.items()}

    def penalty(point):
        x, y = point[:4], point[4:]
        weight = 0.0 if gamma is None else 1 / gamma
        theta = np.linalg.solve(means["A"] + weight * np.eye(6), means["B"] @ x + means["c"] + weight * y)
        envelope = average.lower_value(x, theta) + weight * (theta - y) @ (theta - y) / 2
        return mu * average.upper_value(x, y) + average.lower_value(x, y) - envelope

    best = np.concatenate(problem.penalty_solution(mu, gamma))
    steps = 1e-4 * np.eye(10)
    slopes = [(penalty(best + step) - penalty(best - step)) / 2e-4 for step in steps]
    assert np.abs(slopes).max() < 1e-9
    rng = np.random.default_rng(0)
    assert all(penalty(best + rng.standard_normal(10)) > penalty(best) for _ in range(50))


@pytest.mark.realdata
def test_documented_bias_of_the_penalty():
    """Relative distance of its x to x*: mu against gamma, and none in the limit mu -> 0."""
    problem = quadratic.build(quadratic.Settings(instance="sun_n8_h1"), agents=8, seed=0)
    best = problem.optimum()[0]
    table = {
        0.3: (0.525, 0.253, 0.115, 0.081),
        0.1: (0.269, 0.103, 0.0416, 0.0282),
        0.03: (0.103, 0.0338, 0.0129, 0.0086),
        0.01: (0.0377, 0.0116, 0.00432, 0.00288),
    }
    for mu, row in table.items():
        for gamma, expected in zip((0.05, 0.2, 1.0, 5.0), row, strict=True):
            error = problem.penalty_solution(mu, gamma)[0] - best
            assert np.linalg.norm(error) / np.linalg.norm(best) == pytest.approx(expected, rel=6e-3)
    for gamma in (0.2, None):
        assert np.allclose(problem.penalty_solution(1e-7, gamma)[0], best, atol=1e-5)


@pytest.mark.realdata
@pytest.mark.parametrize("name", INSTANCES)
def test_stored_instances_have_their_stored_optimum(name):
    """x* and y* by the closed form are those stored with the instance."""
    problem = quadratic.build(quadratic.Settings(instance=name), agents=INSTANCES[name], seed=0)
    with np.load(quadratic.instance_path(name)) as file:
        stored = file["x_star"], file["y_star"]
    for found, expected in zip(problem.optimum(), stored, strict=True):
        assert np.allclose(found, expected, rtol=0, atol=1e-8)
    x = np.random.default_rng(0).standard_normal(problem.dim_x)
    solved = reference.solve_lower(problem, x)
    assert np.allclose(reference.hypergradient(problem, x, solved.y), problem.hypergradient(x), rtol=0, atol=1e-7)
    assert max(checks.finite_differences(problem.local(1), np.random.default_rng(1)).values()) < 1e-8


@pytest.mark.realdata
def test_an_instance_of_another_size_is_refused():
    """The number of agents must be the instance's."""
    with pytest.raises(ProblemError, match="agents is 7: instance sldbo_n8 has 8 agents"):
        quadratic.build(quadratic.Settings(instance="sldbo_n8"), agents=7, seed=0)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", ".hidden"])
def test_an_instance_is_a_plain_name(name):
    """No path leads out of the folder of instances."""
    with pytest.raises(ProblemError, match="plain name"):
        quadratic.build(quadratic.Settings(instance=name), agents=2, seed=0)


def test_a_missing_instance_names_the_ways(monkeypatch, tmp_path):
    """One sentence says where to put the file."""
    monkeypatch.setenv("BILEVELSIM_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataMissing, match=r"nowhere is not there: put nowhere\.npz into the folder instances"):
        quadratic.build(quadratic.Settings(instance="nowhere"), agents=2, seed=0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"B": np.zeros((2, 2, 2))}, "A of shape"),
        ({"A": np.array([[[1.0, 1.0, 0], [0, 1, 0], [0, 0, 1]]] * 2)}, "matrix A that is not symmetric"),
        ({"c": None}, "lacks the array c"),
    ],
)
def test_a_broken_instance_is_refused(monkeypatch, tmp_path, change, sentence):
    """Shapes, symmetry and completeness are checked when an instance is read."""
    arrays = {**quadratic.generate(quadratic.Settings(dim_x=2, dim_y=3), 2, 0), **change}
    (tmp_path / "instances").mkdir()
    present = {key: value for key, value in arrays.items() if value is not None}
    np.savez(tmp_path / "instances" / "broken.npz", **present)
    monkeypatch.setenv("BILEVELSIM_DATA", str(tmp_path))
    with pytest.raises(ProblemError, match=sentence):
        quadratic.build(quadratic.Settings(instance="broken"), agents=2, seed=0)


def test_the_memory_estimate_is_of_the_right_size():
    """The estimate holds what is really allocated, and at most twice that."""
    settings = quadratic.Settings(dim_x=20, dim_y=30)
    problem = quadratic.build(settings, agents=5, seed=0)
    real = sum(array.nbytes for array in problem.arrays.values()) + problem._matrix.nbytes + problem._shift.nbytes
    assert real <= quadratic.memory_bytes(settings, 5) <= 2 * real
