"""Paired comparison and the answer in words, on tables made by hand."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scenarios import comparison, loader, plan, tables
from scenarios.comparison import Goal, answer, paired
from scenarios.plan import Plan
from simulator.streams import stream

TARGET = Goal("loss")
FINAL = Goal("loss", "m", target=False)
Times = Mapping[str, Sequence[float | None]]


def runs(times: Times, column: str = "target_s", **more: Any) -> pd.DataFrame:
    """A table of runs: for each label the quantity by seed, None where the target was not reached."""
    rows = [
        {"label": label, "seed": seed, "status": "finished", column: value, **more}
        for label, values in times.items()
        for seed, value in enumerate(values)
    ]
    frame = tables.runs_frame(rows, ["loss"])
    for name in more:
        frame[name] = [row[name] for row in rows]
    return frame


def swept(points: Mapping[Any, Times], axis: str = "slowdown") -> pd.DataFrame:
    """One table for several points of an axis."""
    return pd.concat([runs(times, **{axis: value}) for value, times in points.items()], ignore_index=True)


def sweep_of(**values: Times) -> pd.DataFrame:
    """An axis of words."""
    return swept(values, "topology")


# --- the table of pairs


def test_a_pair_has_the_mean_difference_with_students_interval() -> None:
    """Differences -1, -2, -3: mean -2, t s / sqrt(3) = 4.3027 / 1.7321 = 2.4841; the faster stands first."""
    table = paired(runs({"slow": [3.0, 5.0, 7.0], "fast": [2.0, 3.0, 4.0]}), "target_s")
    assert [*table.columns] == ["label", "other", "quantity", "pairs", "mean", "low", "high", "confidence"]
    (row,) = table.itertuples()
    assert (row.label, row.other, row.quantity, row.pairs, row.mean) == ("fast", "slow", "target_s", 3, -2.0)
    assert (row.low, row.high) == pytest.approx((-4.484138, 0.484138), abs=1e-6)
    assert row.confidence == 0.95


def test_the_interval_agrees_with_scipy_also_when_there_are_several() -> None:
    """Three labels make three pairs, each with a third of the error."""
    rng = stream(0, "comparison")
    values = {label: [*rng.normal(center, 1.0, 8)] for label, center in (("a", 1.0), ("b", 3.0), ("c", 9.0))}
    table = paired(runs(values), "target_s", confidence=0.9)
    assert len(table) == 3
    for row in table.itertuples():
        differences = np.array(values[row.label]) - np.array(values[row.other])
        interval = stats.ttest_1samp(differences, 0.0).confidence_interval(1 - 0.1 / 3)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high), rel=1e-10)
        assert row.mean == pytest.approx(differences.mean())
        assert row.mean <= 0.0


def test_pairs_are_seeds_that_both_have() -> None:
    """One pair has no interval, none has no mean, and neither widens the intervals of the others."""
    table = paired(runs({"a": [1.0, 2.0, None], "b": [2.0, 4.0, None], "c": [None, 5.0, 6.0]}), "target_s")
    found = {(row.label, row.other): row for row in table.itertuples()}
    assert [(key, row.pairs) for key, row in found.items()] == [(("a", "b"), 2), (("a", "c"), 1), (("b", "c"), 1)]
    assert found["a", "c"].mean == -3.0
    assert np.isnan(found["a", "c"].low)
    assert found["a", "b"].high == pytest.approx(-1.5 + 12.706205 * np.sqrt(0.5) / np.sqrt(2), abs=1e-5)
    nothing = paired(runs({"a": [1.0, None], "b": [None, 2.0]}), "target_s")
    assert (nothing.loc[0, "pairs"], bool(nothing["mean"].isna().all())) == (0, True)


def test_seeds_are_paired_by_their_number_not_by_their_place() -> None:
    """Whatever the order of the rows."""
    table = runs({"a": [1.0, 5.0, 3.0], "b": [2.0, 7.0, 4.0]})
    shuffled = table.iloc[[2, 0, 1, 4, 3, 5]]
    pd.testing.assert_frame_equal(paired(shuffled, "target_s"), paired(table, "target_s"))


def test_runs_that_never_were_or_diverged_are_left_out() -> None:
    """What cannot run is in no pair; a diverged run has no final value, but it has its time to the target."""
    table = runs({"a": [1.0, 2.0], "b": [2.0, 3.0], "c": [None, None]})
    table["loss"] = [1.0, 2.0, 3.0, 1e300, None, None]
    table["status"] = pd.Series(["finished"] * 3 + ["diverged"] + ["not_applicable"] * 2, dtype="string")
    assert [*paired(table, "target_s")["pairs"]] == [2]
    assert [*paired(table, "loss")["pairs"]] == [1]


def test_each_point_of_a_sweep_is_compared_by_itself() -> None:
    """The axes come first, with their own types."""
    points = {1.0: {"a": [1.0, 1.0], "b": [2.0, 3.0]}, 2.0: {"a": [5.0, 6.0], "b": [2.0, 3.0]}}
    table = paired(swept(points), "target_s", ["slowdown"])
    assert [(row.slowdown, row.label, row.mean) for row in table.itertuples()] == [(1.0, "a", -1.5), (2.0, "b", -3.0)]
    words = paired(sweep_of(ring={"a": [1.0], "b": [2.0]}), "target_s", ["topology"])
    assert [*words["topology"]] == ["ring"]


def test_all_intervals_of_a_point_hold_together_as_often_as_stated() -> None:
    """2,000 tables of three labels and five seeds with shared noise: at least 95 %, less four standard errors."""
    rng = stream(1, "coverage")
    centers = np.array([1.0, 2.0, 4.0])
    held = 0
    for _ in range(2000):
        noise = rng.normal(0.0, 3.0, (1, 5)) + rng.normal(0.0, 1.0, (3, 5))
        values = dict(enumerate(centers[:, None] + noise))
        width = [
            comparison.half_width([*(values[a] - values[b])], 1 - 0.05 / 3) or 0.0 for a, b in ((0, 1), (0, 2), (1, 2))
        ]
        miss = [abs(np.mean(values[a] - values[b]) - (centers[a] - centers[b])) for a, b in ((0, 1), (0, 2), (1, 2))]
        held += all(np.array(miss) <= width)
    assert held / 2000 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 2000)


# --- the answer


def test_the_first_is_told_with_its_lead() -> None:
    """Differences 4.4, 4.5, 4.6: s = 0.1, so ± 0.248."""
    found = answer(runs({"soba": [5.4, 5.5, 5.6], "soba, first 9": [1.0, 1.0, 1.0]}), TARGET)
    assert found == (
        "soba, first 9 reaches the target first, after 1 s (median): "
        "4.5 s before soba (95 % interval 4.25 to 4.75 s, 3 pairs)"
    )


def test_two_that_cannot_be_told_apart_are_not_ranked_as_if_they_could() -> None:
    """The interval holds zero; of several all are named."""
    found = answer(runs({"a": [1.0, 2.0, 3.0], "b": [2.0, 2.0, 5.0]}), TARGET)
    assert found == (
        "a reaches the target first, after 2 s (median): "
        "cannot be told apart from b (95 % interval -1.48 to 3.48 s, 3 pairs)"
    )
    three = answer(runs({"a": [1.0, 2.0, 3.0], "b": [2.0, 2.0, 5.0], "c": [3.0, 1.0, 4.0]}), TARGET)
    assert three.endswith("), nor from c")
    equal = answer(runs({"a": [2.0, 2.0], "b": [2.0, 2.0]}), TARGET)
    assert equal.endswith("cannot be told apart from b (95 % interval 0 to 0 s, 2 pairs)")


def test_a_wide_interval_behind_a_clear_lead_is_told_too() -> None:
    """The second is behind for sure, the third perhaps not."""
    found = answer(runs({"a": [1.0, 1.0, 1.0], "b": [2.0, 2.0, 2.0], "c": [0.5, 9.0, 9.0]}), TARGET)
    assert "1 s before b (95 % interval 1 to 1 s, 3 pairs), but cannot be told apart from c (95 %" in found


def test_a_mean_that_contradicts_the_medians_is_told() -> None:
    """One slow seed of four."""
    found = answer(runs({"a": [1.0, 1.0, 1.0, 900.0], "b": [2.0, 2.0, 2.0, 2.0]}), TARGET, confidence=0.1)
    assert "a reaches the target first, after 1 s (median): though on average 224 s after b (10 % interval" in found


def test_one_seed_has_no_interval() -> None:
    """Which is said."""
    assert answer(runs({"a": [1.0], "b": [3.5]}), TARGET) == (
        "a reaches the target first, after 1 s: 2.5 s before b (one pair of seeds, so no interval)"
    )


def test_reaching_more_often_ranks_before_being_faster() -> None:
    """The faster one reaches it in two seeds of three."""
    found = answer(runs({"fast": [1.0, None, 2.0], "sure": [4.0, 5.0, 6.0]}), TARGET)
    assert found.startswith(
        "sure reaches the target most often, in 3 of 3 seeds, after 5 s (median); fast in 2 of 3 seeds, "
        "where sure is on average 3.5 s after fast (95 % interval"
    )


def test_one_that_alone_reaches_the_target_is_told_so() -> None:
    """No difference can be formed."""
    found = answer(runs({"a": [None, None], "b": [4.0, 5.0]}), TARGET)
    assert found == "b alone reaches the target, in 2 of 2 seeds, after 4.5 s (median)"


def test_equally_many_seeds_are_counted_when_some_are_missing() -> None:
    """Both reach it in two of three, once in the same seed, once in none."""
    some = answer(runs({"a": [1.0, 2.0, None], "b": [4.0, None, 9.0]}), TARGET)
    assert some == (
        "a reaches the target first, after 1.5 s (median), in 2 of 3 seeds: "
        "3 s before b (one pair of seeds, so no interval)"
    )
    none = answer(runs({"a": [1.0, None], "b": [None, 9.0]}), TARGET)
    assert none.endswith("cannot be told apart from b (they have values in no common seed)")


def test_a_single_algorithm_has_its_own_interval() -> None:
    """Of its mean; those that cannot run do not compete."""
    table = runs({"a": [1.0, 2.0, 3.0], "b": [None, None, None]})
    table.loc[table["label"] == "b", "status"] = "not_applicable"
    assert answer(table, TARGET) == (
        "a alone was run: it reaches the target in 3 of 3 seeds, after 2 s "
        "(median; mean 2 s, 95 % interval -0.484 to 4.48 s)"
    )
    assert answer(runs({"a": [2.0]}), TARGET).endswith("in 1 of 1 seeds, after 2 s (one value, so no interval)")


def test_where_nobody_reaches_the_target_the_final_value_decides() -> None:
    """Below a target less is better, above it more is."""
    table = runs({"a": [0.5, 0.6], "b": [0.3, 0.4]}, "loss")
    assert answer(table, TARGET) == (
        "nobody reaches the target, and b ends with the lowest loss, 0.35 (median): "
        "0.2 below a (95 % interval 0.2 to 0.2, 2 pairs)"
    )
    assert answer(table, Goal("loss", above=True)) == (
        "nobody reaches the target, and a ends with the highest loss, 0.55 (median): "
        "0.2 above b (95 % interval 0.2 to 0.2, 2 pairs)"
    )


def test_without_a_target_the_final_value_is_the_answer() -> None:
    """With its unit; a run that diverged has none."""
    table = runs({"a": [0.5, 0.6], "b": [0.3, 0.4]}, "loss")
    assert answer(table, FINAL).startswith("b ends with the lowest loss, 0.35 m (median): 0.2 m below a (95 %")
    table.loc[3, "status"] = "diverged"
    assert answer(table, FINAL) == (
        "a ends without diverging most often, in 2 of 2 seeds, with 0.55 m (median); b in 1 of 2 seeds, "
        "where a is on average 0.2 m above b (one pair of seeds, so no interval)"
    )
    table["status"] = pd.Series(["diverged"] * 4, dtype="string")
    assert answer(table, FINAL) == "every run diverges"
    table["status"] = pd.Series(["failed"] * 4, dtype="string")
    assert answer(table, FINAL) == "no algorithm comes to a result"


A_FIRST: Times = {"a": [1.0, 1.0], "b": [2.0, 2.0]}
B_FIRST: Times = {"a": [3.0, 3.0], "b": [2.0, 2.0]}
NOBODY: Times = {"a": [None, None], "b": [None, None]}


def test_a_sweep_is_answered_along_its_axis() -> None:
    """In the order of the numbers, with the sentences of both ends."""
    table = swept({5.0: B_FIRST, 1.0: A_FIRST, 2.0: A_FIRST, 9.0: B_FIRST})
    assert answer(table, TARGET, ["slowdown"]) == (
        "first to the target up to slowdown = 2: a; from 5 on: b; "
        "with slowdown = 1, a reaches the target first, after 1 s (median): "
        "1 s before b (95 % interval 1 to 1 s, 2 pairs); "
        "with slowdown = 9, b reaches the target first, after 2 s (median): "
        "1 s before a (95 % interval 1 to 1 s, 2 pairs)"
    )


def test_stretches_of_a_sweep() -> None:
    """At every point, in between, in words, on a grid, and where nobody is first."""
    every = answer(swept({1.0: A_FIRST, 2.0: A_FIRST}), TARGET, ["slowdown"])
    assert every.startswith("first to the target at every point: a; with slowdown = 1, a reaches")
    between = answer(swept({1.0: A_FIRST, 2.0: B_FIRST, 3.0: B_FIRST, 4.0: A_FIRST}), TARGET, ["slowdown"])
    assert between.startswith("first to the target up to slowdown = 1: a; from 2 to 3: b; from 4 on: a; with")
    single = answer(swept({1.0: A_FIRST, 2.0: B_FIRST, 4.0: A_FIRST}), TARGET, ["slowdown"])
    assert single.startswith("first to the target up to slowdown = 1: a; at 2: b; from 4 on: a; with")
    words = answer(sweep_of(ring=A_FIRST, torus=A_FIRST, star=B_FIRST), TARGET, ["topology"])
    assert words.startswith("first to the target at topology = ring, torus: a; at star: b; with topology = ring, a")
    never = answer(swept({1.0: A_FIRST, 2.0: NOBODY}), TARGET, ["slowdown"])
    assert "up to slowdown = 1: a; from 2 on: nobody; " in never
    equal = answer(swept({1.0: A_FIRST, 2.0: {"a": [2.0, 2.0], "b": [2.0, 2.0]}}), TARGET, ["slowdown"])
    assert "up to slowdown = 1: a; from 2 on: a or b, which cannot be told apart; " in equal


def test_a_grid_is_answered_by_counting_its_points() -> None:
    """Two axes have no one direction."""
    table = swept({1.0: A_FIRST, 2.0: A_FIRST, 3.0: B_FIRST}).assign(agents=4)
    found = answer(table, TARGET, ["slowdown", "agents"])
    assert found.startswith(
        "first to the target at 2 of 3 points: a; at 1 of 3 points: b; with slowdown = 1, agents = 4, a reaches"
    )


def test_without_a_target_a_sweep_is_about_the_final_value() -> None:
    """In its own words."""
    table = pd.concat([runs({"a": [1.0], "b": [2.0]}, "loss", n=n) for n in (1, 2)], ignore_index=True)
    assert answer(table, FINAL, ["n"]).startswith("lowest loss at every point: a; with n = 1, a ends with")


def test_several_quantities_have_their_pairs_one_way_round() -> None:
    """The first to the target may send more bits: then its difference in bits is above zero."""
    rows = [
        {"label": label, "seed": seed, "status": "reached", "target_s": seconds + 0.1 * seed, "target_bits": bits}
        for label, seconds, bits in (("quick", 1.0, 900), ("thrifty", 5.0, 100))
        for seed in range(3)
    ]
    found = comparison.paired_in(tables.runs_frame(rows), ["target_s", "target_bits"])
    assert [*found["quantity"]] == ["target_s", "target_bits"]
    assert [*found["label"]] == ["quick", "quick"]
    assert [*found["other"]] == ["thrifty", "thrifty"]
    assert [*found["mean"]] == pytest.approx([-4.0, 800.0])
    assert (found["low"] <= found["high"]).all()


def test_the_goal_is_the_scenarios(written: Callable[..., Path], text: str) -> None:
    """The target's metric and way, else the first metric."""
    assert comparison.goal(planned(written())) == Goal("relative_distance_to_optimum")
    higher = text.replace("below = 0.9", "above = 0.9")
    assert comparison.goal(planned(written(higher))).above
    without = planned(written(text[: text.index("[target]")]))
    assert comparison.goal(without) == Goal(without.metrics[0], without.units[without.metrics[0]], target=False)


def planned(path: Path) -> Plan:
    """The plan of a scenario."""
    scenario = loader.load(path)
    return plan.of(scenario, plan.cells(scenario))
