"""The activity of a run as a table."""

import io

import numpy as np
import pandas as pd
import pytest

from scenarios import activity
from simulator.activity import Activity


def some(agents: int = 3, bins: int = 5) -> Activity:
    """Shares at random, in bins of half a second; the last one is shorter."""
    rng = np.random.default_rng(0)
    return Activity(0.5, 0.5 * bins - 0.2, rng.random((agents, bins)), rng.random((agents, bins)))


def test_a_table_has_a_row_for_each_agent_and_bin() -> None:
    """Agent by agent; the last bin ends with the run."""
    table = activity.frame(some(2, 3))
    assert table["agent"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["start_s"].tolist() == [0.0, 0.5, 1.0] * 2
    assert table["end_s"].tolist() == [0.5, 1.0, 1.3] * 2
    assert {name: str(kind) for name, kind in table.dtypes.items()} == activity.COLUMNS


@pytest.mark.parametrize(("agents", "bins"), [(3, 5), (1, 1), (4, 1), (1, 400)])
def test_there_and_back_shares_are_as_exact_as_float32(agents: int, bins: int) -> None:
    """Also through a file."""
    before = some(agents, bins)
    file = io.BytesIO()
    activity.frame(before).to_parquet(file)
    after = activity.of_frame(pd.read_parquet(file))
    assert after.end_s == before.end_s
    assert after.lengths_s == pytest.approx(before.lengths_s)
    for name in ("computing", "down"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-7)


def test_a_run_of_no_time_has_no_rows() -> None:
    """And comes back as one of nobody."""
    table = activity.frame(Activity(1.0, 0.0, np.zeros((3, 0)), np.zeros((3, 0))))
    assert table.empty
    after = activity.of_frame(table)
    assert (after.end_s, after.down.shape) == (0.0, (0, 0))
