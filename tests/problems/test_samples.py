"""Links turn outputs into losses; samples, batches and charges are the same for every model."""

import numpy as np
import pytest

from problems.samples import Link, Logistic, Samples, Softmax, Squared, over_classes

ROWS = np.arange(12.0).reshape(2, 3, 2)
SAMPLES = Samples(ROWS, np.arange(6.0).reshape(2, 1, 3), 1 / 3)
TARGETS = {
    Logistic: np.array([[1.0, 0.0]]),
    Softmax: np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]),
    Squared: np.array([[2.0, 0.0], [1.0, -1.0]]),
}


def test_losses_are_the_stated_formulas():
    """One sample each, by hand: log(1 + e^-z) for class 1, log-sum-exp minus the logit, half the squared distance."""
    z = np.array([[0.5], [-1.0]])
    assert Logistic().losses(z[:1], np.ones((1, 1))) == pytest.approx(np.log1p(np.exp(-0.5)))
    expected = np.log(np.exp(0.5) + np.exp(-1.0)) + 1.0
    assert Softmax().losses(z, np.array([[0.0], [1.0]])) == pytest.approx(expected)
    assert Squared().losses(z, np.array([[2.0], [1.0]])) == pytest.approx((1.5**2 + 2.0**2) / 2)


@pytest.mark.parametrize("link", TARGETS)
def test_probabilities_and_curvature_are_derivatives_of_the_loss(link: type[Link]):
    """P - T is the gradient of the loss in the outputs, the curvature its derivative along a tangent."""
    targets, rng, step = TARGETS[link], np.random.default_rng(0), 1e-5
    z, tangent = rng.standard_normal((2, *targets.shape))
    one = link()
    ahead, behind = z + step * tangent, z - step * tangent
    slopes = over_classes((one.probabilities(z) - targets) * tangent)[0]
    assert np.allclose(slopes, (one.losses(ahead, targets) - one.losses(behind, targets)) / (2 * step), atol=1e-9)
    curved = (one.probabilities(ahead) - one.probabilities(behind)) / (2 * step)
    assert np.allclose(one.curvature(one.probabilities(z), tangent), curved, atol=1e-9)


def test_probabilities_are_an_array_of_their_own():
    """What an oracle does to them in place leaves the outputs alone."""
    z = np.zeros((2, 3))
    for link in TARGETS:
        assert not np.shares_memory(link().probabilities(z[:1]), z)


def test_a_batch_takes_each_agents_own_rows():
    """Indices (agents, b) pick rows and targets agent by agent, twice the same one if drawn twice; weights 1/b."""
    taken = SAMPLES.take(np.array([[2, 2], [0, 1]]))
    assert taken.rows.tolist() == [[[4, 5], [4, 5]], [[6, 7], [8, 9]]]
    assert taken.targets.tolist() == [[[2, 2]], [[3, 4]]]
    assert taken.weights == 0.5


def test_logits_and_back_are_products_with_the_rows():
    """W X' and scores X, for one agent and for two."""
    weights = np.array([[1.0, -1.0]])
    assert SAMPLES.logits(weights).tolist() == [[[-1, -1, -1]], [[-1, -1, -1]]]
    assert Samples(ROWS[0], SAMPLES.targets[0], 1).back(np.array([[1.0, 0.0, 2.0]])).tolist() == [[8, 11]]
