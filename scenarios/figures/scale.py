"""Scales of axes: when an axis is logarithmic, and where the values of a swept axis stand on it."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

FAR = 15.0
"""Quotient of largest to smallest from which an axis is logarithmic."""
UNITS = {"_mbit_s": "Mbit/s", "_gflop_s": "GFLOP/s", "_bytes": "byte", "_s": "s"}
"""What a key of a scenario may end with, and the unit it stands for."""
TICKS, CROWDED = 12, 0.05
"""Swept values have a tick each if there are no more, and if they are further apart than this share of the axis."""
TICK_CHARACTERS = 16
"""Where names below an axis are broken into lines."""


def far_apart(values: np.ndarray) -> bool:
    """Whether a linear axis would squeeze the smallest of these values against zero."""
    positive = values[values > 0]
    return len(positive) > 1 and positive.max() > FAR * positive.min()


def axis_words(name: str) -> str:
    """Label of a swept axis: its key path, with the unit that the key ends with.

    >>> axis_words("network.latency_s"), axis_words("stragglers.0.slowdown")
    ('network.latency_s [s]', 'stragglers.0.slowdown')
    """
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), None)
    return name if unit is None else f"{name} [{unit}]"


def is_named(values: Sequence[Any]) -> bool:
    """Whether these values of an axis are names rather than numbers."""
    return any(isinstance(value, str) for value in values)


def places(values: Sequence[Any]) -> dict[Any, float]:
    """Where each value of a swept axis stands: a number at itself, a name where it comes in the order.

    >>> places([10.0, 1.0]), places(["ring", "star"])
    ({10.0: 10.0, 1.0: 1.0}, {'ring': 0.0, 'star': 1.0})
    """
    named = is_named(values)
    return {value: float(place if named else value) for place, value in enumerate(values)}


def horizontal(axes: Axes, values: Sequence[Any]) -> None:
    """Scale, limits and ticks of a swept axis; numbers that are far apart stand on a logarithmic one."""
    where = np.array(list(places(values).values()))
    if is_named(values):
        names = ["\n".join(textwrap.wrap(str(value), TICK_CHARACTERS)) for value in values]
        axes.set_xticks(where, names, parse_math=False)
        axes.set_xlim(-0.5, len(values) - 0.5)
        return
    if far_apart(np.abs(where)):
        if where.min() > 0:
            axes.set_xscale("log")
        else:
            axes.set_xscale("symlog", linthresh=np.abs(where[where != 0]).min())
    scale = axes.xaxis.get_transform()
    along = np.sort(scale.transform(where))
    length = along[-1] - along[0]
    ends = scale.inverted().transform(np.array([along[0], along[-1]]) + np.array([-0.05, 0.05]) * (length or 1.0))
    if len(along) <= TICKS and (np.diff(along) > CROWDED * length).all():
        axes.set_xticks(where, [f"{value:g}" for value in where])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(*ends)
