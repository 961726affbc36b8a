"""The scenarios that come with the package."""

import tomllib

import pytest

import scenarios
from scenarios import names


@pytest.mark.parametrize("name", names.scenario_names())
def test_a_catalogue_scenario_asks_a_question_and_runs(name: str) -> None:
    """Cut down to two rounds and one seed, every algorithm in it runs and is measured; none is not applicable."""
    document = tomllib.loads(names.scenario_path(name).read_text(encoding="utf-8"))
    assert document["question"].endswith("?")
    scenario = scenarios.load(name, {"stop.rounds": 2, "seeds": 1, "record.every_rounds": 1})
    assert scenario.document.target is not None
    result = scenarios.run(scenario)
    assert set(result.runs["status"]) <= {"finished", "reached"}, result.runs[["label", "reason"]].to_string()
    assert result.history[scenario.document.target.metric].notna().all()


def test_the_promised_questions_are_there() -> None:
    """At least eight, by name."""
    promised = {
        "one_slow_worker",
        "random_heavy_tails",
        "a_worker_dies",
        "a_worker_comes_back",
        "lossy_links",
        "ring_cut_in_two",
        "slow_network_or_slow_compute",
        "ring_torus_complete",
    }
    assert promised <= set(names.scenario_names())
