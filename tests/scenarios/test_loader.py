"""From a file to a scenario."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import scenarios
from scenarios import loader
from scenarios.errors import ScenarioError


def test_a_file_becomes_a_scenario_named_after_it(written: Callable[..., Path]) -> None:
    """With its agents counted, its metrics known, and every setting an object."""
    scenario = scenarios.load(written(name="my_question.toml"))
    assert scenario.name == "my_question"
    assert scenario.agents == 4
    assert scenario.seeds == (0, 1)
    assert scenario.problem.dim_x == 3
    assert "relative_distance_to_optimum" in scenario.metrics
    assert [(entry.label, entry.placement.family, entry.placement.agents) for entry in scenario.entries] == [
        ("soba", "star", 4),
        ("dsoba", "ring", 4),
    ]


def test_the_text_is_kept_as_written_unless_changed(written: Callable[..., Path], text: str) -> None:
    """Comments survive; changes are part of the text, which reads back as the changed scenario."""
    path = written("# a remark\n" + text)
    assert loader.load(path).text == "# a remark\n" + text
    changed = loader.load(path, {"stop.rounds": 9, "algorithms.1.settings.step_x": 0.125})
    assert changed.document.stop.rounds == 9
    assert changed.entries[1].settings.step_x == 0.125
    assert tomllib.loads(changed.text)["stop"]["rounds"] == 9


def test_the_mark_and_the_line_ends_of_other_editors_do_no_harm(written: Callable[..., Path], text: str) -> None:
    """A byte order mark and carriage returns."""
    path = written()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert loader.load(path).document == loader.load(written(text, "plain.toml")).document


def test_depth_counts_tables_and_lists_in_one_another() -> None:
    """Empty ones hold nothing."""
    assert loader.depth({}) == 0
    assert loader.depth({"a": 1, "b": {"c": [1, [2]]}}) == 4


def test_variants_bring_their_settings(written: Callable[..., Path], text: str) -> None:
    """A setting that is given stands above the variant's."""
    variant = loader.load(written(text.replace('name = "soba"', 'name = "ma_soba"'))).entries[0]
    assert variant.settings.averaging == 0.1
    given = text.replace('name = "soba"', 'name = "ma_soba"\nsettings = { averaging = 0.5 }')
    assert loader.load(written(given)).entries[0].settings.averaging == 0.5


def test_waits_of_the_scenario_hold_unless_overridden(written: Callable[..., Path], text: str) -> None:
    """The scenario's policy is everybody's default."""
    text = text.replace("[stop]", 'wait = { policy = "latest" }\n\n[stop]')
    text = text.replace('name = "dsoba"', 'name = "dsoba"\nwait = { policy = "all" }')
    scenario = loader.load(written(text))
    assert [entry.wait.policy for entry in scenario.entries] == ["latest", "all"]


def test_names_of_the_catalogue_are_files(written: Callable[..., Path]) -> None:
    """A path goes before a name; a name that is neither is told with the nearest."""
    path = written()
    assert loader.locate(path) == path
    with pytest.raises(ScenarioError, match="no such file, and no scenario of the catalogue"):
        loader.locate("no_such_scenario")
