"""The activity of a run as a table, and back."""

import numpy as np
import pandas as pd

from simulator.activity import Activity

COLUMNS = {"agent": "int32", "start_s": "float64", "end_s": "float64", "computing": "float32", "down": "float32"}
"""Of the table: a row for each agent and bin, agent by agent; shares are of the bin's time, from 0 to 1."""


def frame(activity: Activity) -> pd.DataFrame:
    """The table; a run of no time has no rows."""
    agents, bins = activity.down.shape
    starts = activity.starts_s
    columns = {
        "agent": np.repeat(np.arange(agents), bins),
        "start_s": np.tile(starts, agents),
        "end_s": np.tile(starts + activity.lengths_s, agents),
        "computing": activity.computing.ravel(),
        "down": activity.down.ravel(),
    }
    return pd.DataFrame(columns).astype(COLUMNS)


def of_frame(table: pd.DataFrame) -> Activity:
    """The activity that a table holds, with shares as exact as float32 is."""
    if table.empty:
        return Activity(1.0, 0.0, np.zeros((0, 0)), np.zeros((0, 0)))
    agents = int(table["agent"].iloc[-1]) + 1
    first = table.iloc[0]
    computing, down = (table[name].to_numpy(float).reshape(agents, -1) for name in ("computing", "down"))
    return Activity(float(first["end_s"] - first["start_s"]), float(table["end_s"].iloc[-1]), computing, down)
