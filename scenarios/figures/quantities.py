"""Columns of the tables in words, with their units."""

from scenarios.figures.metric import Metric

AXES = {
    "round": "rounds",
    "simulated_s": "simulated time [s]",
    "bits_sent": "bits sent [bit]",
    "oracle_calls": "oracle calls (all agents)",
}
"""Columns of the history that a metric is drawn against, with their labels."""
TO_TARGET = {
    "target_s": "simulated time to the target [s]",
    "target_rounds": "rounds to the target",
    "target_bits": "bits sent to the target [bit]",
    "target_oracle_calls": "oracle calls to the target (all agents)",
}
"""Columns of the runs that say what a target took."""
LARGE = ("bits_sent", "oracle_calls", "target_bits", "target_oracle_calls")
"""Columns of large numbers, which take decimal prefixes."""


def words(column: str, metric: Metric) -> str:
    """Label of an axis that shows a column of the runs."""
    if column == metric.name:
        return f"final {metric.label}"
    return (AXES | TO_TARGET).get(column, column.replace("_", " "))
