"""The study of every algorithm: its file is complete, its search finds what it should, its page says what was run."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import algorithms

STUDIES = Path(__file__).parents[2] / "docs" / "studies"
SHORT = {
    "seeds": [0, 1],
    "stop.rounds": 4,
    "record.at_s": [0.05],
    "algorithms": [
        {"name": "dsoba", "settings": {"step_x": 4000.0, "step_y": 1.0, "step_u": 1.0}},
        {
            "name": "soba",
            "topology": {"name": "star", "workers": 8},
            "settings": {"step_x": 4000.0, "step_y": 1.0, "step_u": 1.0},
        },
        {
            "name": "sldbo",
            "label": "sldbo, half",
            "wait": {"policy": "first", "k": 1, "staleness": 10},
            "settings": {"step_x": 2000.0, "step_y": 1.0, "step_u": 1.0},
        },
    ],
}
"""Three forms for four rounds."""


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The program, imported as Python does when it is run."""
    monkeypatch.syspath_prepend(str(STUDIES))
    import every_algorithm

    yield every_algorithm


@pytest.fixture
def page(study: Any) -> Any:
    """The module that writes the page."""
    return study.page


def test_every_name_has_its_settings(study: Any) -> None:
    """The file holds each algorithm that is found, and no form that is not one of the study's."""
    assert set(algorithms.names()) <= set(study.tuned())
    assert set(study.tuned()) <= {study.label_of(name, half) for name, half in study.forms()}


def test_every_form_runs_without_trouble(study: Any) -> None:
    """No settings are refused, each method has the graph that it needs, and none is out of place."""
    scenario = study.conditions({"seeds": [0]})["no trouble"]
    assert [entry.label for entry in scenario.entries if entry.refused] == []


def test_settings_move_with_the_form(study: Any) -> None:
    """Two half-octaves double a step; the form is found back in the table."""
    form = study.Form(4, -1, True)
    table = study.table_at("sldbo", form)
    assert table["settings"] == {"step_x": 4000.0, "step_y": 0.707, "step_u": 0.707}
    assert table["topology"]["lazy"]
    assert study.form_of(table) == form
    assert study.form_of(study.table_at("sdbo", study.Form(-4, 2))) == study.Form(-4, 2)


def test_the_search_descends_to_the_best_form(study: Any) -> None:
    """On a bowl it comes to the lowest point of its grid, and says that nothing around it is better."""

    def bowl(form: Any, best: Any) -> Any:
        return study.Score(False, (form.x - 6) ** 2 + 4 * (form.y + 3) ** 2 + (not form.lazy))

    form, score, looks, settled = study.search(bowl, study.Form(), True, 40)
    assert (form, score.value, settled) == (study.Form(6, -3, True), 0, True)
    assert looks <= 40


def test_the_search_keeps_to_its_budget(study: Any) -> None:
    """It looks at no more forms than it may, and says that it was cut short."""
    seen = []

    def slope(form: Any, best: Any) -> Any:
        seen.append(form)
        return study.Score(True, -form.x)

    *_, looks, settled = study.search(slope, study.Form(), False, 7)
    assert (looks, settled, len(seen)) == (7, False, 7)
    assert len(set(seen)) == 7


def test_a_form_that_reaches_the_target_beats_one_that_does_not(study: Any) -> None:
    """However late it is."""
    assert study.Score(False, 100.0) < study.Score(True, 0.31)


def test_a_form_is_given_up_when_it_is_later_than_the_best(study: Any) -> None:
    """Judged against 0.2 s, of which it needs more, it has missed the target; its best value is kept."""
    score = study.judge("dsoba", False, study.Form(0, 0), study.Score(False, 0.2))
    assert score.missed
    assert 0.3 < score.value < 0.8


def test_what_is_found_is_written_into_the_file(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new table takes the place of the one with its label and leaves all others."""
    copy = tmp_path / "every_algorithm.toml"
    copy.write_text(study.STUDY.read_text())
    monkeypatch.setattr(study, "STUDY", copy)
    before = study.tuned()
    table = study.table_at("dsoba", study.Form(2, 1))
    study.write("dsoba", table, "for the test")
    study.write("dsoba", table, "for the test")
    assert study.tuned() == before | {"dsoba": table}
    assert copy.read_text().count("# for the test") == 1
    study.write("dsoba, half", None, "never reached")
    assert "dsoba, half" not in study.tuned()
    assert "dsoba" in study.left_out()


def test_a_shortened_run_gives_a_page(study: Any, page: Any, tmp_path: Path) -> None:
    """Three forms, two conditions, two seeds: run once, kept, collected, told and drawn."""
    known = ("no trouble", "stragglers")
    found = {name: scenario for name, scenario in study.conditions(SHORT).items() if name in known}
    study.run(found, 1, tmp_path)
    first = sorted(path.stat().st_mtime_ns for path in tmp_path.glob("*/runs/*/record.json"))
    assert len(first) == 3 * 2 * 2
    results = study.read(found, tmp_path)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.glob("*/runs/*/record.json")) == first
    later = study.run({"after": study.afterwards(SHORT)}, 1, tmp_path)
    runs, after = study.collect(results), study.collect(later)
    assert list(page.reached_after(after)) == ["dsoba", "soba"]
    assert list(dict.fromkeys(runs["label"])) == ["dsoba", "soba", "sldbo, half"]
    assert runs["best"].between(0.3, 0.8).all()
    table = page.table(runs, page.ranked(runs, False), "target_s")
    assert "| soba | missed, 0." in table
    forms = {form.get("label", form["name"]): form for form in SHORT["algorithms"]}  # type: ignore[attr-defined]
    told = study.facts(runs, after, found["no trouble"])
    assert "| sldbo, half | ring | step_x = 2000.0" in page.text(runs, after, forms, told)
    assert len(page.draw(runs, after)) == 2


def made_up() -> pd.DataFrame:
    """Two methods, one of them also with half of its answers, under two conditions and three seeds."""
    rows = []
    seconds = {
        ("no trouble", "slow"): (4.0, 5.0, 6.0),
        ("no trouble", "fast"): (1.0, 2.0, 1.5),
        ("no trouble", "slow, half"): (8.0, None, None),
        ("stragglers", "slow"): (40.0, None, 50.0),
        ("stragglers", "fast"): None,
        ("stragglers", "slow, half"): (10.0, 20.0, 10.0),
    }
    for (condition, label), values in seconds.items():
        known = {
            "condition": condition,
            "label": label,
            "topology": "star" if "slow" in label else "ring",
            "best": 0.31,
        }
        if values is None:
            rows.append(known | {"status": "not_applicable", "reason": "it cannot"})
        else:
            rows += [known | {"status": "reached" if v else "stalled", "target_s": v, "reason": "why"} for v in values]
    frame = pd.DataFrame(rows)
    return frame.assign(target_bits=frame["target_s"] * 10, target_oracle_calls=frame["target_s"] * 100)


def test_cells_say_how_many_seeds_reached_the_target(page: Any) -> None:
    """A median counts a missed seed as infinite; what is missed says how far it came."""
    assert page.table(made_up(), page.ranked(made_up(), False), "target_s").splitlines()[2:] == [
        "| fast | 1.5 | not applicable |",
        "| slow | 5 | 50 (2 of 3) |",
    ]
    assert page.table(made_up(), ["slow, half"], "target_bits").splitlines()[2] == (
        "| slow, half | stalled, 0.310 | 100 |"
    )


def test_findings_are_counted(page: Any) -> None:
    """The sentences name the fastest, the slowest, what trouble costs and what half of the answers gain."""
    assert page.findings(made_up()).splitlines() == [
        "* 2 of 2 methods reach the target without trouble.",
        "* By gossip on the ring the fastest is fast (1.5 s), the slowest fast (1.5 s).",
        "* With a server the fastest is slow (5 s), the slowest slow (5 s).",
        "* The fewest bits takes fast (15), the most slow (50).",
        "* The fewest oracle calls takes fast (150), the most slow (500).",
        "* Stragglers: 10 times as long in the median (10 times for slow, 10 times for slow).",
        "* Under stragglers going on with half of the answers is faster for 1 of 1 methods (by a factor of 5 for slow, "
        "5 for slow).",
    ]


def test_reasons_are_told_once_for_all_seeds(page: Any) -> None:
    """One line for each form, condition and end."""
    assert page.reasons(made_up()).splitlines() == [
        "* slow, half, no trouble: stalled (2): why",
        "* slow, stragglers: stalled (1): why",
        "* fast, stragglers: not applicable (1): it cannot",
    ]


def test_a_missed_target_is_infinite_and_what_cannot_run_is_absent(page: Any) -> None:
    """Both are kept apart in the medians."""
    found = page.medians(made_up(), "target_s")
    assert math.isinf(found["no trouble"]["slow, half"])
    assert "fast" not in found["stragglers"]
