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
"""Columns of ``runs``; axes of a sweep stand after ``seed``, and the final value of every metric at the end."""

HISTORY_COLUMNS = ("scenario", "algorithm", "label", "seed", "round", "simulated_s", "bits_sent", "oracle_calls")
"""Columns of ``history``; the value of every metric at that point follows, under the metric's name."""
OF_A_RUN = HISTORY_COLUMNS[1:]
"""The same in the record of a run, which does not know the scenarios that it belongs to."""

TEXT = ("scenario", "algorithm", "label", "status", "reason", "fingerprint", "key")
NUMBERS = tuple(name for name in RUN_COLUMNS if name not in (*TEXT, "seed", "host_s"))
"""Columns of ``runs`` that are results and numbers, before the metrics."""
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


def runs_frame(
    rows: Iterable[Mapping[str, Any]], metrics: Sequence[str] = (), axes: Sequence[str] = ()
) -> pd.DataFrame:
    """One row a run, with ``RUN_COLUMNS``, the axes and the metrics; what a run does not have stays empty."""
    return _typed(pd.DataFrame(list(rows), columns=[*_with_axes(RUN_COLUMNS, axes), *metrics]), axes)


def history_frame(
    rows: Iterable[Mapping[str, Any]], metrics: Sequence[str] = (), axes: Sequence[str] = ()
) -> pd.DataFrame:
    """One row a recorded point, with ``HISTORY_COLUMNS``, the axes and the metrics."""
    return _typed(pd.DataFrame(list(rows), columns=[*_with_axes(HISTORY_COLUMNS, axes), *metrics]), axes)


def points_frame(points: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a recorded point of one run: ``OF_A_RUN``, then whatever was measured, by name."""
    measured = sorted({name for point in points for name in point} - set(HISTORY_COLUMNS))
    return _typed(pd.DataFrame(list(points), columns=[*OF_A_RUN, *measured]), ())


def joined(frames: Sequence[pd.DataFrame], metrics: Sequence[str] = (), axes: Sequence[str] = ()) -> pd.DataFrame:
    """The points of many runs, with ``HISTORY_COLUMNS``, the axes and the metrics."""
    columns = [*_with_axes(HISTORY_COLUMNS, axes), *metrics]
    if not frames:
        return _typed(pd.DataFrame(columns=columns), axes)
    return _typed(pd.concat([frame.reindex(columns=columns) for frame in frames], ignore_index=True), axes)


def _with_axes(columns: Sequence[str], axes: Sequence[str]) -> list[str]:
    """The axes of the sweep stand after the seed."""
    place = list(columns).index("seed") + 1
    return [*columns[:place], *axes, *columns[place:]]


def _typed(frame: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """The same types whatever the rows hold, also when a column is empty: text, counts that may be absent, numbers."""
    kinds = {name: "string" if name in TEXT else "Int64" if name in COUNTS else "float64" for name in frame.columns}
    kinds |= {axis: _kind(frame[axis]) for axis in axes}
    return frame.astype(kinds)


def _kind(values: "pd.Series[Any]") -> str:
    """Of an axis: numbers, or text if one of its values is no number."""
    return "string" if any(isinstance(value, str) for value in values) else "float64"


def summary(runs: pd.DataFrame, target: bool, metric: str | None = None, axes: Sequence[str] = ()) -> pd.DataFrame:
    """The table for people: one row an algorithm (at each point of a sweep), medians over seeds with their range.

    With a target, time, rounds, bits and oracle calls are those *to the target*, over the seeds that reached it, which
    are counted; without one they are the whole run's. The last column is the final value of ``metric``.
    """
    groups = runs.groupby([*axes, "label"], sort=False, dropna=False)
    return pd.DataFrame([_summary_row(group, target, metric, axes) for _, group in groups])


def _summary_row(group: pd.DataFrame, target: bool, metric: str | None, axes: Sequence[str]) -> dict[str, str]:
    columns = TO_TARGET if target else WHOLE_RUN
    row = {axis: axis_value(group[axis].iloc[0]) for axis in axes}
    row |= {"algorithm": str(group["label"].iloc[0]), "status": status(group)}
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


def axis_value(value: Any) -> str:
    """A value of a sweep in a table or a legend."""
    return value if isinstance(value, str) else f"{value:g}"


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
