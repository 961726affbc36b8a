"""The price of a step: operations over speed, seconds a step, seconds an oracle; overhead on top."""

import numpy as np
import pytest

from simulator.delays import Constant, Exponential
from simulator.errors import BadWorld
from simulator.price import Price
from simulator.world import Compute

CHARGES = [("a", 100.0), ("b", 20.0), ("a", 80.0)]


def no_stream(purpose):
    """A price that draws nothing asks for no stream."""
    raise AssertionError(purpose)


def price(agent=0, stream=no_stream, **compute):
    """The price list of one agent."""
    return Price(Compute(**compute), agent, stream)


def test_operations_over_speed():
    """All operations of the step, at the agent's own speed, plus the overhead."""
    assert price(speed=50.0).seconds(CHARGES) == 4.0
    assert price(speed=50.0, overhead=0.5).seconds(CHARGES) == 4.5
    assert price(agent=1, speed=[1.0, 100.0]).seconds(CHARGES) == 2.0


def test_seconds_of_each_named_oracle():
    """Per evaluation; an oracle that is not named costs nothing but the overhead."""
    assert price(seconds_per_oracle={"a": 2.0}, overhead=0.25).seconds(CHARGES) == 4.25
    assert price(seconds_per_oracle={"a": 2.0}, overhead=0.25).seconds([("c", 9.0)]) == 0.25


def test_seconds_of_each_step():
    """Whatever is evaluated; a constant needs no stream, a random law takes one draw of the stream "step" a step."""
    assert price(seconds_per_step=Constant(3.0), overhead=1.0).seconds(CHARGES) == 4.0
    asked = []

    def stream(purpose):
        asked.append(purpose)
        return np.random.default_rng(1)

    random = price(stream=stream, seconds_per_step=Exponential(2.0))
    drawn = [random.seconds(CHARGES), random.seconds([]), random.seconds([("a", 0.0)])]
    expected = Exponential(2.0).sample(np.random.default_rng(1), 2)
    assert drawn == [expected[0], 0.0, expected[1]]
    assert asked == ["step"]


def test_a_step_without_oracles_is_free():
    """Not even the overhead."""
    for compute in ({"speed": 1.0}, {"seconds_per_step": Constant(1.0)}, {"seconds_per_oracle": {"a": 1.0}}, {}):
        assert price(overhead=5.0, **compute).seconds([]) == 0.0


def test_without_a_price_only_the_overhead_passes():
    """No speed is infinite speed."""
    assert price(overhead=0.125).seconds(CHARGES) == 0.125


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(speed):
    """With the agent and the rule."""
    with pytest.raises(BadWorld, match=r"compute.speed of agent 1 is .*; it must be above 0"):
        price(agent=1, speed=[1.0, speed])
