"""The tally: charges within a step, refusal outside."""

import pytest

from simulator.errors import OutsideCompute
from simulator.tally import Tally


def test_charges_are_kept_in_order_while_open():
    """Name and operations of every evaluation."""
    tally = Tally()
    tally.open = True
    tally.charge("lower_grad_y", 10.0)
    tally.charge("lower_hvp", 2.5)
    assert tally.charges == [("lower_grad_y", 10.0), ("lower_hvp", 2.5)]


def test_a_closed_tally_refuses():
    """An oracle outside compute is named, and leaves no charge."""
    tally = Tally()
    with pytest.raises(OutsideCompute, match="oracle lower_hvp was evaluated outside agent.compute"):
        tally.charge("lower_hvp", 1.0)
    assert tally.charges == []


def test_the_tally_is_closed_again_after_a_step_that_fails(run):
    """An exception in the work does not leave the door open."""
    seen = []

    def program(agent):
        try:
            yield agent.compute(lambda: 1 / 0)
        except ZeroDivisionError:
            with pytest.raises(OutsideCompute):
                agent.problem(1.0)
            seen.append("refused")
            raise

    with pytest.raises(Exception, match="ZeroDivisionError"):
        run(program)
    assert seen == ["refused"]
