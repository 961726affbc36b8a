"""The arithmetic of a mix: packed vectors, weights and the bits of the sum."""

import numpy as np
import pytest

from simulator.message import DROPPED, Message
from simulator.mixing import Averager, Mixing, pack, unpack

WEIGHTS = {0: 0.2, 1: 0.3, 2: 0.4, 3: 0.1}


def message(payload):
    """Something that came from a neighbour."""
    made = Message()
    made.payload = payload
    return made


def mixed(arrays, messages, scratch=None):
    """What agent 1 of the neighbours 0, 2 and 3 gets."""
    averager = Averager(1, (0, 2, 3), WEIGHTS, {} if scratch is None else scratch)
    return averager.mean(Mixing(1, "", 1, arrays, pack(arrays)), messages)


def test_packing_keeps_order_and_unpacking_gives_the_shapes_back():
    """A vector, a matrix and a number become one vector and come back."""
    arrays = (np.array([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array(7.0))
    flat = pack(arrays)
    assert flat.tolist() == [1, 2, 3, 4, 5, 6, 7]
    for back, array in zip(unpack(flat, arrays), arrays, strict=True):
        assert back.shape == array.shape
        assert (back == array).all()


def test_a_single_array_is_not_copied():
    """Its memory is sent; as a matrix it becomes read-only, since the packed view is."""
    vector, matrix = np.zeros(3), np.zeros((2, 2))
    assert pack((vector,)) is vector
    assert np.shares_memory(pack((matrix,)), matrix)
    assert not matrix.flags.writeable


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex64"])
def test_the_sum_has_the_bits_of_the_plain_formula(dtype):
    """Own term first, then the neighbours in ascending order, each product rounded on its own."""
    rng = np.random.default_rng(0)
    own, zero, two, three = (100 * rng.standard_normal((4, 17))).astype(dtype)
    (got,) = mixed((own,), {3: message({"mixed": three}), 0: message({"mixed": zero}), 2: message({"mixed": two})})
    plain = own * 0.3
    for weight, theirs in ((0.2, zero), (0.4, two), (0.1, three)):
        plain += weight * theirs
    assert got.dtype == plain.dtype
    assert got.tobytes() == plain.tobytes()


def test_the_weight_of_who_is_missing_goes_to_the_agent_itself():
    """One neighbour never came, one sent the notice of a drop."""
    (got,) = mixed((np.array([10.0]),), {0: message({"mixed": np.array([20.0])}), 2: message(DROPPED)})
    assert got[0] == pytest.approx(0.2 * 20 + 0.8 * 10)


def test_the_shared_room_is_no_part_of_a_result():
    """Two sums of one size, from the same scratch memory, do not change one another."""
    scratch = {}
    (first,) = mixed((np.ones(3),), {0: message({"mixed": np.ones(3)})}, scratch)
    before = first.copy()
    (second,) = mixed((np.full(3, 5.0),), {0: message({"mixed": np.full(3, 9.0)})}, scratch)
    assert len(scratch) == 1
    assert (first == before).all()
    assert not np.shares_memory(first, second)


def test_an_agent_may_mix_vectors_of_several_lengths_in_turn():
    """What was prepared for one length is not used for another."""
    averager = Averager(1, (0,), {0: 0.5, 1: 0.5}, {})
    for size in (3, 5, 3):
        own = np.full(size, 2.0)
        (got,) = averager.mean(Mixing(1, "", 1, (own,), own), {0: message({"mixed": np.full(size, 4.0)})})
        assert got.tolist() == [3.0] * size
