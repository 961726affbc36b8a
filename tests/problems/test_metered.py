"""The metered view pays for every oracle and changes nothing."""

import numpy as np
import pytest

from problems import quadratic
from problems.base import COUNTED, FUSED
from problems.metered import Metered

ARGUMENTS = {"lower_hvp": "u", "lower_cross": "u", "lower_cross_t": "w", "lower_products": "u", "directions": "u"}


@pytest.mark.parametrize("name", [*COUNTED, *FUSED])
def test_every_oracle_is_paid_for_and_passes_through(name):
    """The tally is local.charges, paid before the answer; the answer has the same bits."""
    local = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=2, seed=0).local(1)
    rng = np.random.default_rng(0)
    x, y, u, w = (rng.standard_normal(size) for size in (3, 4, 4, 3))
    extra = {"u": (u,), "w": (w,)}.get(ARGUMENTS.get(name, ""), ())
    tally: list[tuple[str, float]] = []
    metered = Metered(local, lambda oracle, operations: tally.append((oracle, operations)))
    found, expected = getattr(metered, name)(x, y, *extra), getattr(local, name)(x, y, *extra)
    assert tuple(tally) == local.charges(name)
    assert [oracle for oracle, _ in tally] == list(FUSED.get(name, (name,)))
    assert np.array_equal(
        np.concatenate(np.atleast_1d(*found)) if isinstance(found, tuple) else found,
        np.concatenate(np.atleast_1d(*expected)) if isinstance(expected, tuple) else expected,
    )


def test_a_refused_charge_stops_the_oracle():
    """Where charge raises, nothing is computed."""

    class Outside(Exception):
        pass

    def refuse(oracle, operations):
        raise Outside(oracle)

    metered = Metered(quadratic.build(quadratic.Settings(), agents=1, seed=0).local(0), refuse)
    x, y = metered.start(np.random.default_rng(0))
    with pytest.raises(Outside, match="upper_grad_x"):
        metered.directions(x, y, y)


def test_shapes_start_and_draw_are_free():
    """Looking at sizes, starting and drawing cost nothing."""
    local = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=1, seed=0).local(0)
    metered = Metered(local, lambda *charge: pytest.fail("charged"))
    assert (metered.dim_x, metered.dim_y, metered.dtype) == (3, 4, np.float64)
    assert metered.start(np.random.default_rng(0))[0].shape == (3,)
    assert metered.draw(np.random.default_rng(0)) is None
    assert metered.charges("lower_hvp") == local.charges("lower_hvp")
