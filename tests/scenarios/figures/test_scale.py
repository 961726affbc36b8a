"""Scales of axes."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenarios.figures import scale


@pytest.fixture
def axes() -> Axes:
    """An empty panel."""
    return Figure().subplots()


def test_values_are_far_apart_from_a_factor_of_fifteen_on() -> None:
    """What is not above zero does not count."""
    assert not scale.far_apart(np.array([1.0, 15.0]))
    assert scale.far_apart(np.array([1.0, 15.1]))
    assert not scale.far_apart(np.array([0.0, -5.0, 100.0]))
    assert not scale.far_apart(np.array([]))


def test_a_key_path_carries_its_unit() -> None:
    """As the key's ending says."""
    assert scale.axis_words("network.bandwidth_mbit_s") == "network.bandwidth_mbit_s [Mbit/s]"
    assert scale.axis_words("compute.speed_gflop_s") == "compute.speed_gflop_s [GFLOP/s]"
    assert scale.axis_words("failures.0.at_s") == "failures.0.at_s [s]"
    assert scale.axis_words("network.topology.agents") == "network.topology.agents"


def ticks(axes: Axes) -> list[str]:
    """What is written below a panel."""
    return [text.get_text() for text in axes.get_xticklabels()]


def test_numbers_near_one_another_stand_on_a_linear_axis(axes: Axes) -> None:
    """With a tick each and a little room at both ends."""
    scale.horizontal(axes, [2.0, 4.0, 12.0])
    assert axes.get_xscale() == "linear"
    assert axes.get_xlim() == (1.5, 12.5)
    assert ticks(axes) == ["2", "4", "12"]


def test_numbers_far_apart_stand_on_a_logarithmic_axis(axes: Axes) -> None:
    """Also there with a tick each."""
    scale.horizontal(axes, [1.0, 10.0, 100.0])
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == pytest.approx((10**-0.1, 10**2.1))
    assert ticks(axes) == ["1", "10", "100"]


@pytest.mark.parametrize("values", [[0.0, 0.1, 10.0], [-5.0, 0.1]])
def test_a_zero_or_a_sign_has_its_place_among_them(axes: Axes, values: list[float]) -> None:
    """On an axis that is linear about zero."""
    scale.horizontal(axes, values)
    left, right = axes.get_xlim()
    assert axes.get_xscale() == "symlog"
    assert left < values[0] < values[-1] < right


def test_numbers_in_a_crowd_have_no_ticks_of_their_own(axes: Axes) -> None:
    """Two that lie close together, or too many."""
    scale.horizontal(axes, [1.0, 1.01, 5.0])
    assert "1.01" not in ticks(axes)
    scale.horizontal(axes, [float(k) for k in range(1, 14)])
    assert len(ticks(axes)) != 13


def test_one_number_alone_has_an_axis(axes: Axes) -> None:
    """With room about it."""
    scale.horizontal(axes, [3.0])
    assert axes.get_xlim() == pytest.approx((2.95, 3.05))


def test_names_stand_in_their_order_broken_into_lines(axes: Axes) -> None:
    """None is read as a formula."""
    scale.horizontal(axes, ["ring", "a $long$ name of many words"])
    assert axes.get_xlim() == (-0.5, 1.5)
    assert ticks(axes) == ["ring", "a $long$ name of\nmany words"]
    assert not any(text.get_parse_math() for text in axes.get_xticklabels())
