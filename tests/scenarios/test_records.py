"""The record of one run."""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios import loader, records, runner, store
from scenarios.records import Record
from simulator.activity import Activity
from simulator.links import LinkTraffic
from simulator.meters import Meter
from simulator.run import Outcome


def outcome() -> Outcome:
    """A run of four workers and a server, made by hand."""
    points = [
        {"axis": "round", "round": k, "simulated_s": 2.0 * k, "bits_sent": 80 * k, "messages_sent": k}
        | {"oracle_calls": 5 * k, "operations": 1.0, "relative_distance_to_optimum": 1.0 - 0.06 * k, "consensus_x": 0.0}
        for k in range(4)
    ]
    worker = Meter(messages_sent=3, bytes_sent=10, oracle_calls=Counter(lower_hvp=2), computing_s=3.0, down_s=1.0)
    server = Meter(messages_sent=8, bytes_sent=100, messages_lost=1)
    return Outcome(
        "finished",
        "every program has ended",
        6.0,
        3,
        tuple(points),
        (worker,) * 4 + (server,),
        (),
        (0, 0),
        9,
        "f",
        None,
        None,
        Activity(0.5, 6.0, np.zeros((5, 12)), np.zeros((5, 12))),
        (LinkTraffic(0, 4, 3, 10),),
    )


@pytest.fixture
def made(written: Callable[..., Path]) -> Record:
    """The record of that run, as the small scenario's first algorithm."""
    scenario = loader.load(written())
    return records.finished(scenario, scenario.entries[0], 1, outcome(), 0.5)


def test_the_row_sums_over_agents(made: Record) -> None:
    """Bits up are the workers', bits down the server's."""
    assert made.row["bits_sent"] == 8 * 140
    assert (made.row["bits_up"], made.row["bits_down"]) == (8 * 40, 8 * 100)
    assert (made.row["messages_sent"], made.row["messages_lost"]) == (20, 1)
    assert made.row["oracle_calls"] == 8


def test_shares_are_of_the_agents_with_data(made: Record) -> None:
    """Computing, waiting and down add up to the whole."""
    shares = [made.row[f"{name}_share"] for name in ("computing", "waiting", "down")]
    assert shares == pytest.approx([0.5, 1 / 3, 1 / 6])


def test_the_target_is_met_at_the_first_point_that_meets_it(made: Record) -> None:
    """0.9 is first undercut by 0.88, in round 2."""
    assert (made.row["target_rounds"], made.row["target_s"], made.row["target_bits"]) == (2, 4.0, 160)
    assert made.row["target_oracle_calls"] == 10


def test_final_values_and_points_hold_the_metrics(made: Record) -> None:
    """And whatever else was measured on the way."""
    assert made.row["relative_distance_to_optimum"] == pytest.approx(0.82)
    assert made.points[1]["consensus_x"] == 0.0
    assert made.points[1]["label"] == "soba"
    assert "axis" not in made.points[1]


def test_looks_after_a_stall_are_left_out(written: Callable[..., Path]) -> None:
    """A stall is dated back to its beginning, though lost messages were sent again and again for a while."""
    scenario = loader.load(written())
    stalled = dataclasses.replace(outcome(), status="stalled", simulated_s=2.0)
    made = records.finished(scenario, scenario.entries[0], 0, stalled, 1.0)
    assert [point["simulated_s"] for point in made.points] == [0.0, 2.0]


def test_a_record_is_json_without_numbers_that_are_none(made: Record) -> None:
    """NaN is written as null."""
    odd = Record("k", {}, {"host_s": math.nan, "rounds": 3})
    assert json.loads(json.dumps(odd.as_json(), allow_nan=False))["row"] == {"host_s": None, "rounds": 3}
    assert json.loads(json.dumps(made.as_json(), allow_nan=False))["meters"][0]["oracle_calls"] == {"lower_hvp": 2}


def test_the_key_holds_what_determines_a_run_and_nothing_else(written: Callable[..., Path], text: str) -> None:
    """Another question, name or list of seeds makes no other run; a change of a setting, a seed or a law does."""

    def key(new: str, seed: int = 0, name: str = "small.toml") -> str:
        scenario = loader.load(written(new, name))
        return store.key(records.inputs(scenario, scenario.entries[1], seed))

    first = key(text)
    assert key(text.replace("Who is first", "What is best"), name="other.toml") == first
    assert key(text.replace("seeds = 2", "seeds = 9")) == first
    assert key(text.replace('name = "soba"', 'name = "ma_soba"')) == first
    assert key(text, seed=1) != first
    assert key(text.replace('name = "dsoba"', 'name = "dsoba"\nsettings = { step_x = 0.01 }')) != first
    assert key(text.replace("mean = 0.05", "mean = 0.06")) != first
    assert key(text.replace("dim_x = 3", "dim_x = 4")) != first


def test_versions_name_every_library_with_a_part_in_the_numbers() -> None:
    """And Python itself."""
    assert {"python", "numpy", "simpy", "bilevelsim"} <= set(records.versions())


def test_a_defect_is_a_row_with_its_reason(written: Callable[..., Path]) -> None:
    """The traceback is in the record, not in the table."""
    scenario = loader.load(written())
    broken = records.broken(scenario, scenario.entries[0], 0, "ValueError: no", "Traceback ...")
    assert broken.row["status"] == "failed"
    assert "Traceback" not in str(broken.row)
    assert broken.as_json()["traceback"] == "Traceback ..."
    assert [*runner.tables.runs_frame([broken.row])["reason"]] == ["ValueError: no"]
