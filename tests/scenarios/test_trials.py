"""Runs of a search: which, with which seeds, and each only once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios import execution, trials
from scenarios.engines import local
from scenarios.errors import ScenarioError
from scenarios.records import Record
from scenarios.trials import Objective
from scenarios.tuning import Found

pytestmark = pytest.mark.usefixtures("undrawn")

SMALL = {"budget": 6, "seeds": 2}
Written = Callable[..., Path]


def outcomes(found: dict[int, Found]) -> list[Any]:
    """Everything that a search came to."""
    return [
        (one.number, one.stage, dict(one.values), one.outcomes) for each in found.values() for one in each.candidates
    ]


def executed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of all runs from here on."""
    seeds: list[int] = []
    real = local.execute

    def execute(scenario: Any, entry: Any, seed: int) -> Record:
        seeds.append(seed)
        return real(scenario, entry, seed)

    monkeypatch.setattr(local, "execute", execute)
    return seeds


# --- what is searched


def test_the_plan_has_the_same_budget_and_seeds_for_all(written: Written) -> None:
    """None of the seeds is the scenario's; every step of every algorithm is searched."""
    made = trials.plan(written(), options=SMALL)
    assert made.seeds == (1_000_000, 1_000_001)
    assert made.runs == 12
    assert [(entry.label, list(made.searched[entry.position])) for entry in made.entries] == [
        ("soba", ["step_x", "step_y", "step_u"]),
        ("dsoba", ["step_x", "step_y", "step_u"]),
    ]
    assert made.objective == Objective("target_s", "time to target [s]", "relative_distance_to_optimum")
    assert made.notes == []


def test_seeds_that_the_scenario_has_are_left_to_it(written: Written, text: str) -> None:
    """The next ones are taken."""
    own = text.replace("seeds = 2", "seeds = [1000000, 1000002]")
    assert trials.plan(written(own), options=SMALL).seeds == (1_000_001, 1_000_003)


def test_options_go_before_the_table_of_the_file(written: Written, text: str) -> None:
    """And changes from the command line reach both the table and the scenario."""
    asked = text + "\n[tune]\nbudget = 30\nseeds = 3\nrounds = 4\nranges = { step_x = [0.01, 1.0] }\n"
    made = trials.plan(written(asked), {"stop.simulated_seconds": 50.0, "tune.seeds": 1}, {"budget": 8})
    assert (made.tune.budget, made.tune.seeds, made.scenario.document.stop.rounds) == (8, 1, 4)
    assert made.scenario.document.stop.simulated_seconds == 50.0
    assert str(made.searched[0]["step_x"]) == "0.01 to 1"
    assert made.document["stop"] == {"rounds": 6, "simulated_seconds": 50.0}


def test_a_tuning_run_never_lasts_longer_than_the_scenarios(written: Written, text: str) -> None:
    """The tighter limit holds."""
    made = trials.plan(written(text + "\n[tune]\nrounds = 50\nsimulated_seconds = 7.0\n"))
    assert (made.scenario.document.stop.rounds, made.scenario.document.stop.simulated_seconds) == (6, 7.0)


def test_what_cannot_run_or_has_no_steps_is_left_as_it_is(written: Written, text: str) -> None:
    """And told."""
    more = text + '\n[[algorithms]]\nname = "ma_soba"\n\n[tune.ranges.dsoba]\naveraging = [0.1, 1.0]\n'
    made = trials.plan(written(more), options=SMALL)
    assert [list(found) for found in made.searched.values()] == [["step_x", "step_y", "step_u"], ["averaging"]]
    assert len(made.notes) == 1
    assert made.notes[0].startswith("ma_soba: not tuned: ma_soba needs a server")


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (("[target]", "[ignored]"), {}, "ignored"),
        (
            ('[target]\nmetric = "relative_distance_to_optimum"\nbelow = 0.9\n', ""),
            {},
            "target is required, so that settings can be ranked by the time to it; or give --minimise COLUMN.",
        ),
        (("", ""), {"budget": 5}, "--budget: N = 5: must be at least 6, for two halvings over 2 tuning seeds."),
        (("[target]", "[tune]\nseeds = 30\n[target]"), {}, "tune.budget = 40: must be at least 62"),
        (("[target]", "[tune]\nseed = 3\n[target]"), {}, 'tune.seed = 3: is not a key here; the nearest is "seeds".'),
        (("", ""), {"minimise": "losss"}, '--minimise: COLUMN = "losss": is no column of the table of runs'),
        (("", ""), {"minimise": "host_s"}, "is no column"),
        (("", ""), {"minimise": "seed"}, "is no column"),
        (("[target]", '[tune]\nminimise = "status"\n[target]'), {}, 'tune.minimise = "status": is no column'),
        (
            ("[target]", "[tune.ranges]\nstep_z = [1.0, 2.0]\n[target]"),
            {},
            "tune.ranges.step_z = [1.0, 2.0]: is a setting of no algorithm here; the nearest is",
        ),
        (
            ("[target]", "[tune.ranges.sobaa]\nstep_x = [1.0, 2.0]\n[target]"),
            {},
            'is neither label nor algorithm here; the nearest is "soba".',
        ),
        (
            ("[target]", "[tune.ranges.soba]\nstp_x = [1.0, 2.0]\n[target]"),
            {},
            'tune.ranges.soba.stp_x = [1.0, 2.0]: is no setting of soba; the nearest is "step_x".',
        ),
        (
            ("[target]", "[tune.ranges]\nstep_x = [2.0, 1.0]\n[target]"),
            {},
            "tune.ranges.step_x = [2.0, 1.0]: must be two numbers, the smaller one first (soba).",
        ),
        (("rounds = 6", "rounds = 0"), {}, "stop.rounds = 0"),
    ],
)
def test_mistakes_are_refused_before_anything_runs(
    written: Written, text: str, change: tuple[str, str], options: dict[str, Any], told: str
) -> None:
    """In one sentence each, with file, key, value and rule."""
    assert change[0] in text
    with pytest.raises(ScenarioError) as caught:
        trials.plan(written(text.replace(*change, 1)), options=options)
    assert told in str(caught.value)


def test_a_scenario_in_which_nothing_can_be_tuned_is_refused(written: Written, text: str) -> None:
    """With the reasons."""
    only = text.replace('name = "dsoba"', 'name = "ma_soba"').replace('topology = { name = "star" }\n', "")
    with pytest.raises(ScenarioError, match="nothing is left to run"):
        trials.plan(written(only), options=SMALL)


# --- what a run is worth


def test_a_run_is_worth_its_time_to_the_target() -> None:
    """Else what its metric came to; a diverged run has neither, a stalled one only the second."""
    below, above = Objective("target_s", "", "loss"), Objective("target_s", "", "accuracy", above=True)
    row = {"status": "finished", "target_s": 3.0, "loss": 0.2, "accuracy": 0.9}
    assert (below.outcome(row).value, below.outcome(row).fallback, above.outcome(row).fallback) == (3.0, 0.2, -0.9)
    assert below.outcome(row | {"target_s": None}).value is None
    diverged = below.outcome(row | {"status": "diverged"})
    assert (diverged.value, diverged.fallback) == (None, float("inf"))
    stalled = below.outcome({"status": "stalled", "loss": 0.2})
    assert (stalled.value, stalled.fallback) == (None, 0.2)
    assert below.outcome({"status": "finished", "loss": float("nan")}).fallback == float("inf")


def test_a_column_to_minimise_counts_where_a_run_came_to_its_end() -> None:
    """Stalled and diverged runs have no value."""
    objective = Objective("bits_sent", "bits sent")
    assert objective.outcome({"status": "finished", "bits_sent": 80}).value == 80.0
    assert objective.outcome({"status": "stalled", "bits_sent": 80}).value is None
    assert objective.fallback_words == "bits sent"


# --- the runs


def test_every_algorithm_gets_exactly_the_budget_on_the_same_seeds(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six runs each; all first meet the first seed."""
    seeds = executed(monkeypatch)
    found = trials.run(trials.plan(written(), options=SMALL))
    assert [one.runs for one in found.values()] == [6, 6]
    assert len(seeds) == 12
    assert seeds[:6] == seeds[6:] == [1_000_000, 1_000_000, 1_000_001, 1_000_000, 1_000_000, 1_000_001]
    assert all(one.best.reached == 2 for one in found.values())


def test_two_processes_find_the_same_as_one(written: Written) -> None:
    """To the last bit, rows included."""
    made = trials.plan(written(), options={"budget": 8, "seeds": 1})
    one, two = trials.run(made), trials.run(made, jobs=2)
    assert outcomes(one) == outcomes(two)
    for here, there in zip(one.values(), two.values(), strict=True):
        for mine, other in zip(here.candidates, there.candidates, strict=True):
            prints = [[outcome.row["fingerprint"] for outcome in found.outcomes] for found in (mine, other)]
            assert prints[0] == prints[1]


def test_an_interrupted_search_goes_on_where_it_was(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had finished is not run again, and the end is the same as without interruption."""
    made = trials.plan(written(), options=SMALL)

    class Impatient:
        """Interrupts after the fifth run."""

        def begin(self, kept: int, total: int) -> None:
            assert (kept, total) == (0, 12)

        def advance(self, row: object, done: int, total: int) -> None:
            if done == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trials.run(made, folder=tmp_path / "kept", progress=Impatient())
    seeds = executed(monkeypatch)
    resumed = trials.run(made, folder=tmp_path / "kept")
    assert len(seeds) == 12 - 5
    assert outcomes(resumed) == outcomes(trials.run(made))
    seeds.clear()
    trials.run(made, folder=tmp_path / "kept")
    assert seeds == []


def test_a_failed_run_is_tried_again(written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect may have been mended."""
    made = trials.plan(written(), options=SMALL)

    def broken(_: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr(execution, "simulate", broken)
        found = trials.run(made, folder=tmp_path / "kept")
    assert found[0].best.bad == 2
    assert trials.run(made, folder=tmp_path / "kept")[0].best.bad == 0


def test_settings_that_do_not_fit_together_are_a_run_that_is_worth_nothing(written: Written, text: str) -> None:
    """The budget is the same for all; the reason is kept."""
    simfbo = text.replace('name = "soba"', 'name = "simfbo"\nsettings = { local_steps_most = 6 }', 1)
    made = trials.plan(written(simfbo + "\n[tune.ranges.simfbo]\nlocal_steps = [6, 600]\n"), options=SMALL)
    found = trials.run(made)[0]
    refused = [one for one in found.candidates if one.values["local_steps"] > 6]
    assert refused
    for one in refused:
        assert {outcome.status for outcome in one.outcomes} == {"not_applicable"}
        assert "local_steps_most" in one.outcomes[0].row["reason"]
    assert found.runs == 6
