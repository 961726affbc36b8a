"""The projection onto a ball."""

import numpy as np

from algorithms.pieces.projection import onto_ball


def test_outside_is_scaled_to_the_sphere_and_inside_keeps_its_bits() -> None:
    """(3, 4) goes to length 2.5; a vector inside comes back unchanged."""
    np.testing.assert_allclose(onto_ball(np.array([3.0, 4.0]), 2.5), [1.5, 2.0])
    inside = np.array([0.1, -0.2, 0.3])
    np.testing.assert_array_equal(onto_ball(inside, 0.5), inside)


def test_zero_vector_and_no_radius() -> None:
    """Zero stays zero; without a radius nothing is done."""
    np.testing.assert_array_equal(onto_ball(np.zeros(3), 1.0), np.zeros(3))
    far = np.full(3, 1e9)
    np.testing.assert_array_equal(onto_ball(far, None), far)


def test_stack_of_agents_is_projected_agent_by_agent() -> None:
    """A leading agent axis gives the same bits as one by one."""
    stack = np.random.default_rng(0).standard_normal((5, 4))
    one_by_one = np.stack([onto_ball(row, 1.5) for row in stack])
    np.testing.assert_array_equal(onto_ball(stack, 1.5), one_by_one)
