"""The traffic of a run's links as a table, and back."""

import dataclasses
from collections.abc import Sequence

import pandas as pd

from simulator.links import LinkTraffic

COLUMNS = {"sender": "int32", "receiver": "int32", "messages_sent": "int64", "bytes_sent": "int64"}
"""Of the table: a row for each direction of a link that was used."""


def frame(links: Sequence[LinkTraffic]) -> pd.DataFrame:
    """The table."""
    rows = [dataclasses.astuple(link) for link in links]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def of_frame(table: pd.DataFrame) -> tuple[LinkTraffic, ...]:
    """The links that a table holds."""
    columns = (table[name].tolist() for name in COLUMNS)
    return tuple(LinkTraffic(*row) for row in zip(*columns, strict=True))
