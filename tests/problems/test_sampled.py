"""Who holds which samples, and views that copy nothing."""

import numpy as np

from problems.datasets import Rows
from problems.sampled import hold
from problems.samples import Logistic, Softmax

ROWS = Rows(np.arange(12.0).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2]))
PARTS = [np.array([4, 1]), np.array([0, 5]), np.array([2, 3])]


def test_samples_are_kept_agent_by_agent():
    """Rows in the order of the agents, one-hot targets (c, n), means over each agent's own."""
    held = hold(ROWS, PARTS, Softmax(), 3)
    second = held.of(1)
    assert second.rows.tolist() == [[0, 1], [10, 11]]
    assert second.targets.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert second.weights == 0.5
    assert held.bounds == (0, 2, 4, 6)


def test_binary_targets_are_one_row():
    """Logistic regression has one output: class 1 is the positive one."""
    held = hold(Rows(ROWS.features, np.array([0, 1, 0, 1, 1, 0])), PARTS, Logistic(), 2)
    assert held.of(0).targets.tolist() == [[1, 1]]


def test_views_share_the_rows():
    """Locals, a stack of neighbouring agents and the average are views; a stack out of order is a copy."""
    held = hold(ROWS, PARTS, Softmax(), 3)
    for samples in (held.of(2), held.together([0, 1, 2]), held.together([1, 2]), held.averaged()):
        assert np.shares_memory(samples.rows, held.rows)
    apart = held.together([2, 0])
    assert not np.shares_memory(apart.rows, held.rows)
    assert apart.rows[1].tolist() == held.of(0).rows.tolist()


def test_the_average_weighs_agents_equally():
    """With unequal counts each sample weighs one over (agents times its agent's count)."""
    held = hold(ROWS, [np.array([0]), np.array([1, 2, 3, 4, 5])], Softmax(), 3)
    assert np.allclose(held.averaged().weights, [1 / 2, *[1 / 10] * 5])
