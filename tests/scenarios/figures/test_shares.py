"""Where the time went."""

import pandas as pd
import pytest

from scenarios import figures


def test_bars_are_the_mean_shares_and_fill_the_whole(ran: pd.DataFrame) -> None:
    """Computing, waiting and down, one behind the other, for each algorithm; a run of no time has empty ones."""
    table = ran.copy()
    table.loc[table["label"] == "dsoba", ["computing_share", "waiting_share", "down_share"]] = None
    table.loc[(table["label"] == "soba") & (table["seed"] == 0), "computing_share"] = 0.3
    (axes,) = figures.shares(table).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["soba", "dsoba", "exploding"]
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == [pytest.approx(row) for row in ([40.0, 0.0, 50.0], [40.0, 0.0, 40.0], [10.0, 0.0, 10.0])]
    assert axes.get_xlabel() == "share of the agents' time [%]"
