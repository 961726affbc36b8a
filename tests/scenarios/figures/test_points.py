"""Points of a sweep."""

from collections.abc import Callable

import pandas as pd

from scenarios import tables
from scenarios.figures import points

Swept = Callable[..., pd.DataFrame]
AXES: dict[str, list[object]] = {"network.loss": [0.0, 0.1], "network.sharing": ["fair", "fifo"]}


def table(swept: Swept) -> pd.DataFrame:
    """Four points, two labels, three seeds."""
    return swept(AXES, lambda label, seed, loss, sharing: 1.0)


def test_axes_are_the_columns_between_seed_and_status(swept: Swept) -> None:
    """None where nothing is swept."""
    assert points.axes(table(swept)) == ("network.loss", "network.sharing")
    assert points.axes(tables.runs_frame([])) == ()


def test_points_come_in_the_order_of_the_table(swept: Swept) -> None:
    """Each once; one without values where nothing is swept."""
    assert points.points(table(swept)) == [
        {"network.loss": loss, "network.sharing": sharing} for loss in (0.0, 0.1) for sharing in ("fair", "fifo")
    ]
    assert points.points(tables.runs_frame([])) == [{}]


def test_the_rows_of_a_point_are_those_with_its_values(swept: Swept) -> None:
    """A value that is missing is one too, since not every point need have every axis."""
    found = table(swept)
    here = points.at(found, {"network.loss": 0.1, "network.sharing": "fifo"})
    assert here["key"].tolist() == [f"{label} {seed} 0.1 fifo" for label in ("soba", "dsoba") for seed in range(3)]
    assert points.at(found, {}).equals(found)
    found.loc[found["network.loss"] == 0.0, "network.sharing"] = pd.NA
    lacking = points.points(found)[0]
    assert pd.isna(lacking["network.sharing"])
    assert len(points.at(found, lacking)) == 12


def test_a_point_in_words_leaves_out_what_it_lacks() -> None:
    """Numbers as short as they are."""
    assert points.words({"a.0.s": 0.1, "b": pd.NA, "c": "ring", "d": 1e6}) == "a.0.s = 0.1, c = ring, d = 1e+06"
    assert points.words({}) == ""


def test_an_axis_that_another_determines_is_no_further_one(swept: Swept) -> None:
    """Two that change together are one."""
    found = table(swept)
    assert points.further(found, "network.loss") == ["network.sharing"]
    together = found[(found["network.loss"] == 0.1) == (found["network.sharing"] == "fifo")]
    assert points.further(together, "network.loss") == []
