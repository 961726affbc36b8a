"""Curves of several seeds."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scenarios.figures.curves import curve, on_common_grid, series
from scenarios.figures.style import styles


def test_seeds_are_brought_to_one_grid_by_holding_values() -> None:
    """A value holds until the next point; the grid ends where fewer than half still run."""
    first = np.array([[0.0, 8.0], [2.0, 4.0], [4.0, 2.0]])
    second = np.array([[0.0, 8.0], [3.0, 5.0]])
    third = np.array([[1.0, 7.0], [10.0, 1.0]])
    grid, values = on_common_grid([first, second, third])
    assert grid.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert values.tolist() == [[8.0, 4.0, 4.0, 2.0], [8.0, 8.0, 5.0, 5.0], [7.0, 7.0, 7.0, 7.0]]


def test_long_curves_are_thinned() -> None:
    """To a few hundred points, with both ends."""
    long = np.column_stack([np.arange(10_000.0), np.arange(10_000.0)])
    grid, values = on_common_grid([long])
    assert len(grid) == 400
    assert (grid[0], grid[-1]) == (0.0, 9999.0)
    assert (values[0] == grid).all()


def test_a_series_holds_finite_points_in_order(history: pd.DataFrame) -> None:
    """One array a seed; the last value of what exploded is no number."""
    found = series(history.iloc[::-1], "exploding", "simulated_s", "loss")
    assert [len(seed) for seed in found] == [7, 7]
    assert found[1][:3].tolist() == [[0.0, 1.1], [2.0, 1100.0], [4.0, 1.1e6]]


def test_a_curve_is_the_median_in_its_range() -> None:
    """One line; a band only where there are several seeds, and if it is asked for."""
    style = styles(["soba"])["soba"]
    seeds = [np.array([[0.0, value], [1.0, value]]) for value in (1.0, 2.0, 9.0)]
    for given, band, middle, bands in ((seeds, True, [2.0], 1), (seeds, False, [2.0], 0), (seeds[:1], True, [1.0], 0)):
        axes = Figure().subplots()
        curve(axes, given, style, band)
        assert len(axes.collections) == bands
        assert [line.get_ydata().tolist() for line in axes.lines] == [2 * middle]
    axes = Figure().subplots()
    curve(axes, [], style)
    assert not axes.lines
