"""The scenarios that come with the package."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

import scenarios
from problems.datasets import SETS
from scenarios import names

NEEDS_DATA = {name for name, facts in SETS.items() if facts.source}
"""Data sets that do not come with a library."""
FEW = {"problem.train": 600, "problem.validation": 300, "problem.test": 100}


def document(name: str) -> dict[str, Any]:
    """The scenario as it is written."""
    return tomllib.loads(names.scenario_path(name).read_text(encoding="utf-8"))


def real(name: str) -> bool:
    """Whether the scenario needs a data set or an instance from the data folder."""
    problem = document(name)["problem"]
    return problem.get("data") in NEEDS_DATA or bool(problem.get("instance"))


def cut(name: str) -> dict[str, Any]:
    """Changes that leave two rounds, one seed, and of a large data set a few samples."""
    changes: dict[str, Any] = {"stop.rounds": 2, "seeds": 1, "record.every_rounds": 1}
    return changes | (FEW if document(name)["problem"].get("data") in NEEDS_DATA else {})


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.realdata if real(name) else ()) for name in names.scenario_names()],
)
def test_a_catalogue_scenario_asks_a_question_and_runs(name: str) -> None:
    """Cut down to two rounds and one seed, every algorithm in it runs and is measured; none is not applicable."""
    assert document(name)["question"].endswith("?")
    scenario = scenarios.load(name, cut(name))
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


def test_a_scenario_in_a_folder_of_the_catalogue_is_known_by_its_name_alone() -> None:
    """No two files of the catalogue have the same name, whatever their folders."""
    files = list(names.CATALOGUE.rglob("*.toml"))
    assert sorted(path.stem for path in files) == list(names.scenario_names())
    assert len({path.stem for path in files}) == len(files)
    assert names.scenario_path("adbo_ijcnn1") == names.CATALOGUE / "papers" / "adbo_ijcnn1.toml"


@pytest.mark.parametrize("path", sorted((names.CATALOGUE / "papers").glob("*.toml")), ids=lambda path: path.stem)
def test_a_paper_scenario_names_its_paper_and_its_settings(path: Path) -> None:
    """In the comment at its top; what takes long says so in its summary."""
    head = path.read_text(encoding="utf-8").partition("question")[0]
    assert "# Paper: " in head
    assert "# Settings: " in head
    minutes = document(path.stem).get("takes_minutes")
    summary = names.KINDS["scenarios"].summary(path.stem)
    assert summary.endswith(f"(takes about {minutes:g} minutes)" if minutes else "?")
