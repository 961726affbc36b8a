"""Frames made by hand: a comparison, and a sweep."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from scenarios import figures, tables

LABELS = ("soba", "dsoba", "exploding")


@pytest.fixture
def labels() -> tuple[str, ...]:
    """Those that ran."""
    return LABELS


@pytest.fixture
def runs() -> pd.DataFrame:
    """Three algorithms, two seeds: one reaches the target, one stalls once, one diverges; a fourth cannot be run."""
    statuses = {"soba": ["reached", "reached"], "dsoba": ["finished", "stalled"], "exploding": ["diverged", "diverged"]}
    rows = [
        {"label": label, "seed": seed, "status": statuses[label][seed], "key": f"{label} {seed}"}
        | {"computing_share": 0.5, "waiting_share": 0.4, "down_share": 0.1}
        | ({"target_s": 3.0 + seed} if label == "soba" else {})
        for label in LABELS
        for seed in (0, 1)
    ]
    rows.append({"label": "adbo", "status": "not_applicable", "reason": "no server"})
    return tables.runs_frame(rows, ["loss"])


@pytest.fixture
def ran(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that were run."""
    return runs[runs["status"] != "not_applicable"]


@pytest.fixture
def history() -> pd.DataFrame:
    """Losses that fall, that stop falling, and that explode until they are no numbers."""
    rows = []
    for label in LABELS:
        for seed in (0, 1):
            for k in range(8):
                loss = {"soba": 0.5**k, "dsoba": 0.8**k, "exploding": 1e3**k}[label] * (1 + 0.1 * seed)
                loss = np.nan if label == "exploding" and k == 7 else loss
                place = {"round": k, "simulated_s": k * (1.0 + seed), "bits_sent": 1000 * k, "oracle_calls": 5 * k}
                rows.append({"label": label, "seed": seed, "loss": loss, **place})
    return tables.history_frame(rows, ["loss"])


@pytest.fixture
def metric() -> figures.Metric:
    """What they show."""
    return figures.Metric("loss", "nat", 0.05)


@pytest.fixture
def swept() -> Callable[..., pd.DataFrame]:
    """Makes a table of runs: `swept({"slowdown": [1.0, 2.0]}, seconds)` with seconds(label, seed, **values) or None."""

    def make(
        axes: dict[str, list[object]],
        seconds: Callable[..., float | None],
        labels: tuple[str, ...] = ("soba", "dsoba"),
        seeds: tuple[int, ...] = (0, 1, 2),
    ) -> pd.DataFrame:
        points: list[dict[str, object]] = [{}]
        for name, values in axes.items():
            points = [{**point, name: value} for point in points for value in values]
        rows, places = [], []
        for point in points:
            for label in labels:
                for seed in seeds:
                    found = seconds(label, seed, *point.values())
                    spent = {} if found is None else {"target_s": found, "target_bits": int(1000 * found)}
                    status = "finished" if found is None else "reached"
                    shares = {"computing_share": 0.5, "waiting_share": 0.5, "down_share": 0.0}
                    key = " ".join(map(str, (label, seed, *point.values())))
                    rows.append({"label": label, "seed": seed, "status": status, "key": key, **spent, **shares})
                    places.append(point)
        frame = tables.runs_frame(rows, ["loss"])
        frame["loss"] = [row.get("target_s", np.nan) for row in rows]
        for position, name in enumerate(axes):
            values = [point[name] for point in places]
            kind = "string" if any(isinstance(value, str) for value in values) else "float64"
            frame.insert(4 + position, name, pd.Series(values, dtype=kind))
        return frame

    return make
