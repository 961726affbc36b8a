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


SWEEP = '[sweep]\n"stragglers.0.slowdown" = [1.0, 10.0]\n"network.topology.agents" = [4, 8]\n'


def test_a_sweep_is_a_scenario_for_each_point(written: Callable[..., Path], text: str) -> None:
    """The last key changes fastest; the scenario itself is that of the first point."""
    scenario = scenarios.load(written(text + SWEEP))
    assert scenario.axes == ("stragglers.0.slowdown", "network.topology.agents")
    found = [(point.scenario.document.stragglers[0].slowdown, point.scenario.agents) for point in scenario.points]
    assert found == [(1.0, 4), (1.0, 8), (10.0, 4), (10.0, 8)]
    assert scenario.document == scenario.points[0].scenario.document
    assert [*scenario.points[3].values.values()] == [10.0, 8]


def test_a_swept_key_need_not_stand_in_the_file(written: Callable[..., Path], text: str) -> None:
    """Nor in quotes; every point is checked as a file of its own would be."""
    without = text.replace("slowdown = 10.0\n", "", 1)
    scenario = scenarios.load(written(without + "[sweep]\nstragglers.0.slowdown = [2.0, 3.0]\n"))
    assert [point.scenario.document.stragglers[0].slowdown for point in scenario.points] == [2.0, 3.0]


def test_a_sweep_comes_from_the_command_line_too(written: Callable[..., Path], text: str) -> None:
    """And is kept in the text of the scenario."""
    scenario = scenarios.load(written(), {"sweep.stragglers.0.slowdown": [1.0, 10.0]})
    assert len(scenario.points) == 2
    assert '"stragglers.0.slowdown" = [1.0, 10.0]' in scenario.text
    with pytest.raises(scenarios.ScenarioError, match="is varied by the sweep of this scenario"):
        scenarios.load(written(text + SWEEP), {"stragglers.0.slowdown": 5.0})


@pytest.mark.parametrize(
    ("further", "told"),
    [
        (
            "[sweep]\nstragglers.0.slowdown = [1.0, -1.0]\n",
            "small.toml: stragglers.0.slowdown = -1.0: must be greater than 0 "
            "(where the sweep has stragglers.0.slowdown = -1.0).",
        ),
        ("[sweep]\nstop.round = [5]\n", 'small.toml: stop.round = 5: is not a key here; the nearest is "rounds"'),
        ('[sweep]\n"stragglers.4.slowdown" = [5.0]\n', "stragglers has 1 entries, counted from 0; 4 is none of them"),
        ("[sweep]\n", "small.toml: sweep = {}: must not be empty."),
        ("[sweep]\nstop.rounds = 5\n", "small.toml: sweep.stop.rounds = 5: must be a list."),
        ("[sweep]\nstop.rounds = []\n", "small.toml: sweep.stop.rounds = []: must not be empty."),
        ("[[sweep]]\nstop.rounds = [5, 6]\nseeds = [1]\n", "small.toml: sweep.0 must have equally many values"),
        ("[replications]\nat_most = 5\n", "needs exactly one of half_width and relative_half_width"),
        (
            "[replications]\nat_most = 1\nhalf_width = 1.0\n",
            "replications.at_most = 1: must be greater than or equal to 2",
        ),
        (
            '[replications]\nat_most = 5\nhalf_width = 1.0\nquantity = "targets_s"\n',
            'replications.quantity = "targets_s": is no number in the table of runs; the nearest is "target_s".',
        ),
    ],
)
def test_mistakes_in_a_sweep_and_in_replications_are_sentences(
    further: str, told: str, written: Callable[..., Path], text: str
) -> None:
    """With the point at which they are."""
    with pytest.raises(scenarios.ScenarioError) as caught:
        scenarios.load(written(text + further))
    assert told in str(caught.value)
