"""Tables of a comparison: one row a run, one row a recorded point, and the short one that people read.

Everything here works on pandas frames and knows nothing of how they were made, so that a table never needs a rerun.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

STATUSES = ("finished", "reached", "stalled", "diverged", "not_applicable", "failed")
"""How a run can end. A stalled or diverged run is a result; a failed one is a defect."""

RUN_COLUMNS = (
    "scenario",
    "algorithm",
    "label",
    "seed",
    "status",
    "reason",
    "rounds",
    "simulated_s",
    "target_s",
    "target_rounds",
    "target_bits",
    "target_oracle_calls",
    "bits_sent",
    "bits_up",
    "bits_down",
    "messages_sent",
    "messages_lost",
    "oracle_calls",
    "operations",
    "computing_share",
    "waiting_share",
    "down_share",
    "host_s",
    "fingerprint",
    "key",
)
"""Columns of ``runs``; the final value of every metric follows, under the metric's name."""

HISTORY_COLUMNS = ("scenario", "algorithm", "label", "seed", "round", "simulated_s", "bits_sent", "oracle_calls")
"""Columns of ``history``; the value of every metric at that point follows, under the metric's name."""

TEXT = ("scenario", "algorithm", "label", "status", "reason", "fingerprint", "key")
COUNTS = (
    "seed",
    "round",
    "rounds",
    "target_rounds",
    "target_bits",
    "target_oracle_calls",
    "bits_sent",
    "bits_up",
    "bits_down",
    "messages_sent",
    "messages_lost",
    "oracle_calls",
)


def runs_frame(rows: Iterable[Mapping[str, Any]], metrics: Sequence[str] = ()) -> pd.DataFrame:
    """One row a run, with ``RUN_COLUMNS`` and the metrics; what a run does not have stays empty."""
    return _typed(pd.DataFrame(list(rows), columns=[*RUN_COLUMNS, *metrics]))


def history_frame(rows: Iterable[Mapping[str, Any]], metrics: Sequence[str] = ()) -> pd.DataFrame:
    """One row a recorded point, with ``HISTORY_COLUMNS`` and the metrics."""
    return _typed(pd.DataFrame(list(rows), columns=[*HISTORY_COLUMNS, *metrics]))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The same types whatever the rows hold, also when a column is empty: text, counts that may be absent, numbers."""
    kinds = {name: "string" if name in TEXT else "Int64" if name in COUNTS else "float64" for name in frame.columns}
    return frame.astype(kinds)


def summary(runs: pd.DataFrame, target: bool, metric: str | None = None) -> pd.DataFrame:
    """The table for people: one row an algorithm, medians over seeds with their range.

    With a target, time, rounds, bits and oracle calls are those *to the target*, over the seeds that reached it, which
    are counted; without one they are the whole run's. The last column is the final value of ``metric``.
    """
    return pd.DataFrame([_summary_row(group, target, metric) for _, group in runs.groupby("label", sort=False)])


def _summary_row(group: pd.DataFrame, target: bool, metric: str | None) -> dict[str, str]:
    columns = TO_TARGET if target else WHOLE_RUN
    row = {"algorithm": str(group["label"].iloc[0]), "status": status(group)}
    if target:
        ran = (group["status"] != "not_applicable").sum()
        row["target reached"] = f"{group['target_s'].notna().sum()} of {ran}" if ran else "-"
    row |= {title: middle(group[column]) for title, column in columns.items()}
    row["idle share"] = middle(group["waiting_share"] + group["down_share"], percent=True)
    return row | ({f"final {metric}": middle(group[metric])} if metric else {})


def as_text(summary: pd.DataFrame, width: int = 0) -> str:
    """The table for people as text: a row a line or, where that is wider than ``width`` (0: any), a value a line."""
    titles = [str(title) for title in summary.columns]
    rows = [[str(cell) for cell in row] for row in summary.to_numpy().tolist()]
    widths = [max(len(cell) for cell in column) for column in zip(titles, *rows, strict=True)]
    if width == 0 or sum(widths) + 2 * (len(widths) - 1) <= width:
        lines = ["  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)) for row in [titles, *rows]]
        return "\n".join(line.rstrip() for line in lines)
    longest = max(len(title) for title in titles)
    blocks = [
        [row[0], *(f"  {title.ljust(longest)}  {cell}" for title, cell in zip(titles[1:], row[1:], strict=True))]
        for row in rows
    ]
    return "\n".join(line for block in blocks for line in block)


TO_TARGET = {
    "time to target [s]": "target_s",
    "rounds to target": "target_rounds",
    "bits to target": "target_bits",
    "oracle calls to target": "target_oracle_calls",
}
WHOLE_RUN = {
    "simulated time [s]": "simulated_s",
    "rounds": "rounds",
    "bits sent": "bits_sent",
    "oracle calls": "oracle_calls",
}


def notes(runs: pd.DataFrame) -> list[str]:
    """Why runs ended otherwise than wished: a line for each algorithm and status, with the reason of its first seed."""
    told = runs[runs["reason"].notna() & runs["status"].isin(["stalled", "diverged", "not_applicable", "failed"])]
    return [_note(group) for _, group in told.groupby(["label", "status"], sort=False)]


def _note(group: pd.DataFrame) -> str:
    first = group.iloc[0]
    line = f"{first['label']}: {str(first['status']).replace('_', ' ')}"
    if pd.notna(first["seed"]):
        others = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
        line += f", seed {first['seed']}{others}"
    return f"{line}: {first['reason']}"


def status(group: pd.DataFrame) -> str:
    """How the seeds of one algorithm ended: ``reached`` if all did, else counts such as ``reached 4, stalled 1``."""
    counts = group["status"].value_counts()
    present = [name for name in STATUSES if name in counts.index]
    if len(present) == 1:
        return present[0]
    return ", ".join(f"{name} {counts[name]}" for name in present)


def middle(values: "pd.Series[Any]", percent: bool = False) -> str:
    """Median and range of what is there, ``12.3 (11.8 to 14)``; a dash if nothing is."""
    present = values.dropna().astype(float)
    if present.empty:
        return "-"
    form = (lambda value: f"{100 * value:.0f} %") if percent else short
    lowest, median, highest = form(present.min()), form(present.median()), form(present.max())
    return median if lowest == highest else f"{median} ({lowest} to {highest})"


def short(value: float) -> str:
    """A number with three digits and a decimal prefix: ``950``, ``12.3k``, ``4.56M``.

    >>> short(12345), short(0.1234), short(4.0)
    ('12.3k', '0.123', '4')
    """
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    for limit, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            scale = 1e3 if sign == "k" else limit
            return f"{value / scale:.3g}{sign}"
    return f"{value:.4g}" if abs(value) >= 1000 else f"{value:.3g}"
