"""The tanh network: by hand for one unit a layer, by differences for two hidden layers, stacks to the last bit."""

import numpy as np
import pytest

from problems.errors import ProblemError
from problems.network import Hidden, Layer, Network, WeightedLoss, flatten, propagate
from problems.samples import Samples, Softmax, Squared

DEEP = Network((3, 4, 5, 2))
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((6, 3))
WEIGHT = RNG.random(6)
TARGETS = {Softmax: np.eye(2)[:, RNG.integers(2, size=6)], Squared: RNG.standard_normal((2, 6))}
Y, V = RNG.standard_normal((2, DEEP.length))


def loss(y: np.ndarray, link: type = Softmax) -> WeightedLoss:
    return WeightedLoss(DEEP.layers(y), Samples(ROWS, TARGETS[link], 1 / 6), link(), WEIGHT)


def test_one_unit_a_layer_by_hand():
    """z = 2 tanh(3 r + 1) - 1 at r = 0.5, squared loss against 0.25, weight 0.1: value and all four derivatives."""
    y, a = np.array([3.0, 1.0, 2.0, -1.0]), np.tanh(2.5)
    samples = Samples(np.array([[0.5]]), np.array([[0.25]]), 1.0)
    one = WeightedLoss(Network((1, 1, 1)).layers(y), samples, Squared(), 0.1)
    error = 2 * a - 1 - 0.25
    assert one.value == pytest.approx(0.1 * error**2 / 2)
    back = 0.1 * error * 2 * (1 - a**2)
    assert np.allclose(one.gradient(), [back * 0.5, back, 0.1 * error * a, 0.1 * error])


def test_the_flat_vector_is_layer_by_layer_weights_then_bias():
    """Views, not copies; put together again they are the same vector; a part starts at its own first layer."""
    network, flat = Network((2, 1, 2)), np.arange(7.0)
    first, second = network.layers(flat)
    assert first.weights.tolist() == [[0, 1]]
    assert first.bias.tolist() == [[2]]
    assert second.weights.tolist() == [[3], [4]]
    assert second.bias.tolist() == [[5], [6]]
    assert np.shares_memory(second.weights, flat)
    assert flatten([first, second]).tolist() == flat.tolist()
    assert network.layers(flat[3:], 1)[0].weights.tolist() == [[3], [4]]


@pytest.mark.parametrize("link", TARGETS)
def test_gradient_and_product_are_derivatives(link: type):
    """Against central differences of value and gradient along a random direction, two hidden layers, both losses."""
    step = 1e-5
    ahead, behind = loss(Y + step * V, link), loss(Y - step * V, link)
    assert loss(Y, link).gradient() @ V == pytest.approx((ahead.value - behind.value) / (2 * step), rel=1e-7)
    along = loss(Y, link).along(DEEP.layers(V))
    assert np.allclose(along.product(), (ahead.gradient() - behind.gradient()) / (2 * step), rtol=1e-6, atol=1e-8)
    assert np.allclose(along.losses, (ahead.losses - behind.losses) / (2 * step), rtol=1e-6, atol=1e-8)


def test_the_hessian_is_symmetric():
    """Row by row from products with unit vectors."""
    at = loss(Y)
    hessian = np.stack([at.along(DEEP.layers(unit)).product() for unit in np.eye(DEEP.length)])
    assert np.abs(hessian).max() > 0.1
    assert np.allclose(hessian, hessian.T, rtol=0, atol=1e-14)


def test_parts_are_parts_of_the_whole():
    """A direction in some layers alone, and the product's part of some layers alone, are blocks of the Hessian."""
    at, cut = loss(Y), sum(DEEP.lengths[:2])
    head_only, backbone_only = V.copy(), V.copy()
    head_only[:cut], backbone_only[cut:] = 0, 0
    for direction, layers in (
        (head_only, [None, None, *DEEP.layers(V[cut:], 2)]),
        (backbone_only, [*DEEP.layers(V[:cut], 0, 2), None]),
    ):
        whole, along = at.along(DEEP.layers(direction)).product(), at.along(layers)
        assert np.allclose(along.product(2), whole[cut:], rtol=1e-12, atol=1e-14)
        assert np.allclose(along.product(0, 2), whole[:cut], rtol=1e-12, atol=1e-14)
    assert np.array_equal(np.concatenate([at.gradient(0, 2), at.gradient(2)]), at.gradient())


def test_squares_give_the_diagonal_of_a_linear_layers_hessian():
    """For squared loss the head's Hessian has the diagonal sum_j a_j (input_j)^2, and sum_j a_j for the bias."""
    at, cut = loss(Y, Squared), sum(DEEP.lengths[:2])
    found = at.squares(2, np.ones((2, 1)) * WEIGHT)
    units = np.eye(DEEP.length)[cut:]
    expected = [unit @ at.along(DEEP.layers(unit)).product() for unit in units]
    assert np.allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_stack_gives_the_same_bits(dtype: str):
    """Three agents in one call and one by one: outputs, gradient, product."""
    rows, y, v = (RNG.standard_normal((3, *shape)).astype(dtype) for shape in ((6, 3), Y.shape, V.shape))
    targets = np.stack([TARGETS[Softmax]] * 3).astype(dtype)

    def found(rows, targets, y, v):
        at = WeightedLoss(DEEP.layers(y), Samples(rows, targets, 1 / 6), Softmax(), 1 / 6)
        return at.outputs, at.losses, at.gradient(), at.along(DEEP.layers(v)).product()

    together = found(rows, targets, y, v)
    for agent in range(3):
        alone = found(rows[agent], targets[agent], y[agent], v[agent])
        for one, other in zip(together, alone, strict=True):
            assert one.dtype == dtype
            assert one[agent].tobytes() == other.tobytes()


def test_one_layer_is_a_linear_model():
    """Without hidden layers the outputs are W X' + b."""
    weights, bias = np.array([[1.0, 2.0, 3.0]]), np.array([[0.5]])
    assert np.allclose(propagate([Layer(weights, bias)], ROWS)[-1], weights @ ROWS.T + 0.5)


def test_the_start_has_the_stated_spread():
    """Weights of layer l have deviation scale / sqrt(inputs), biases are zero; equal generators, equal starts."""
    network = Hidden(hidden=80, hidden_layers=2).network(100, 50)
    assert network.sizes == (100, 80, 80, 50)
    flat = network.draw(np.random.default_rng(1), 3.0)
    for layer, inputs in zip(network.layers(flat), network.sizes[:-1], strict=True):
        assert layer.weights.std() == pytest.approx(3 / np.sqrt(inputs), rel=0.05)
        assert not layer.bias.any()
    assert np.array_equal(flat, network.draw(np.random.default_rng(1), 3.0))


def test_layers_without_units_are_refused():
    """The sizes are named."""
    with pytest.raises(ProblemError, match=r"layer sizes are \(4, 0, 3\): each must be at least 1"):
        Hidden(hidden=0).network(4, 3)
