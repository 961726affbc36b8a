"""The checks find what is wrong with an oracle."""

import numpy as np
import pytest

from problems import checks, quadratic

PROBLEM = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4), agents=3, seed=0)


class Wrong:
    """The quadratic with one oracle spoilt."""

    def __init__(self, local, oracle, spoil):
        self._local, self._oracle, self._spoil = local, oracle, spoil

    def __getattr__(self, name):
        found = getattr(self._local, name)
        if name != self._oracle:
            return found
        return lambda *arguments: self._spoil(found(*arguments))


@pytest.mark.parametrize("oracle", ["upper_grad_x", "upper_grad_y", "lower_grad_x", "lower_grad_y", "lower_cross_t"])
def test_a_wrong_derivative_is_found(oracle):
    """One per cent off shows in the error of that oracle."""
    wrong = Wrong(PROBLEM.local(0), oracle, lambda result: 1.01 * result)
    assert checks.finite_differences(wrong, np.random.default_rng(0))[oracle] > 1e-4


def test_a_wrong_fused_call_is_found():
    """Directions that disagree with their parts show, and nothing else does."""
    wrong = Wrong(PROBLEM.local(0), "directions", lambda result: result._replace(u=-result.u))
    errors = checks.finite_differences(wrong, np.random.default_rng(0))
    assert errors.pop("directions") > 0.1
    assert max(errors.values()) < 1e-8


def test_a_stack_with_other_bits_is_found():
    """A last digit that differs is reported by the oracle's name."""

    class Off:
        local = PROBLEM.local

        def stack(self, ids):
            return Wrong(PROBLEM.stack(ids), "lower_hvp", lambda result: np.nextafter(result, np.inf))

    assert checks.stack_differences(Off(), [0, 2], np.random.default_rng(0)) == ["lower_hvp"]
