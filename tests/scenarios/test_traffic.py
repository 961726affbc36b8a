"""The traffic of a run's links as a table."""

import io

import pandas as pd

from scenarios import traffic
from simulator.links import LinkTraffic

LINKS = (LinkTraffic(0, 1, 3, 100), LinkTraffic(1, 0, 2, 5 * 10**12))


def test_a_table_has_a_row_for_each_link() -> None:
    """With as many messages and bytes."""
    table = traffic.frame(LINKS)
    assert table.to_numpy().tolist() == [[0, 1, 3, 100], [1, 0, 2, 5 * 10**12]]
    assert {name: str(kind) for name, kind in table.dtypes.items()} == traffic.COLUMNS


def test_there_and_back_it_is_the_same() -> None:
    """Also through a file, and with no links."""
    for links in (LINKS, ()):
        file = io.BytesIO()
        traffic.frame(links).to_parquet(file)
        assert traffic.of_frame(pd.read_parquet(file)) == links
