"""The page about the papers: its numbers, its comparisons, its verdicts, and that every paper scenario is on it."""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scenarios import names, tables

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAPERS = sorted(path.stem for path in (REFERENCE / "claims").glob("[a-z]*.py"))
PAPER_SCENARIOS = sorted(path.stem for path in (names.CATALOGUE / "papers").glob("*.toml"))


@pytest.fixture(scope="module")
def pages() -> Iterator[Any]:
    """The program, imported as Python does when it is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REFERENCE))
        import papers

        yield papers


@pytest.fixture(scope="module")
def evidence(pages: Any) -> Any:
    """The module with the comparisons."""
    return sys.modules["evidence"]


@pytest.fixture(scope="module")
def made(pages: Any, evidence: Any) -> dict[str, tuple[Any, list[Any]]]:
    """Every paper with its claims from made-up runs."""
    papers = pages.papers()
    return {
        name: (paper, pages.evidence_of(paper, lambda _, study: made_up(evidence, study)))
        for name, paper in papers.items()
    }


def history(rows: Mapping[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """A history of one seed from label -> (seconds, loss)."""
    found = [
        {"label": label, "seed": 0, "round": k, "simulated_s": seconds, "bits_sent": k, "oracle_calls": k, "loss": loss}
        for label, points in rows.items()
        for k, (seconds, loss) in enumerate(points)
    ]
    return tables.history_frame(found, ["loss"])


def frames(evidence: Any, rows: Mapping[str, list[tuple[float, float]]], status: str = "finished") -> Any:
    """Both tables of made-up runs."""
    runs = tables.runs_frame([{"label": label, "seed": 0, "status": status, "rounds": 7} for label in rows])
    return evidence.Frames(runs, history(rows))


def made_up(evidence: Any, study: Any) -> Any:
    """Tables of a study with the right rows and columns and made-up numbers, as if it had been run."""
    text = names.scenario_path(study.scenario).read_text(encoding="utf-8")
    document = tomllib.loads(text)
    from scenarios import overrides

    assert overrides.apply(document, dict(study.changes)) == []
    metrics = list(dict.fromkeys([*document["record"]["metrics"], document["target"]["metric"], "consensus_y"]))
    labels = [entry.get("label", entry["name"]) for entry in document["algorithms"]]
    seeds = document.get("seeds", 1)
    rng = np.random.default_rng(0)
    points = [
        {"label": label, "seed": seed, "round": 10 * k, "simulated_s": float(k), "bits_sent": 1000 * k}
        | {"oracle_calls": 100 * (k + 1)}
        | {metric: float(rng.random() / (k + 1)) for metric in metrics}
        for label in labels
        for seed in (range(seeds) if isinstance(seeds, int) else seeds)
        for k in range(4)
    ]
    rows = [
        {"label": label, "seed": seed, "status": "finished", "rounds": 30, "simulated_s": 3.0, "bits_up": 2000}
        | {"bits_sent": 3000, "oracle_calls": 300, "operations": 1e6}
        for label, seed in dict.fromkeys((point["label"], point["seed"]) for point in points)
    ]
    return evidence.Frames(tables.runs_frame(rows, metrics), tables.history_frame(points, metrics))


def test_spent_is_read_at_the_first_point_that_meets_the_goal(evidence: Any) -> None:
    """Falling or rising; NaN where it never does."""
    some = frames(evidence, {"a": [(0.0, 3.0), (2.0, 1.0), (4.0, 2.0)]})
    assert evidence.spent(some, "a", "simulated_s", "loss", 1.5) == 2.0
    assert evidence.spent(some, "a", "simulated_s", "loss", 2.5, rising=True) == 0.0
    assert np.isnan(evidence.spent(some, "a", "simulated_s", "loss", 0.5))
    assert np.isnan(evidence.spent(some, "nobody", "simulated_s", "loss", 0.5))


def test_the_last_value_of_a_run_that_diverged_is_missing(evidence: Any) -> None:
    """It is no number to compare with."""
    rows = {"a": [(0.0, 3.0), (2.0, 1.0), (4.0, 2.0)]}
    assert evidence.final(frames(evidence, rows), "a", "loss") == 2.0
    assert evidence.lowest(frames(evidence, rows), "a", "loss") == 1.0
    assert np.isnan(evidence.final(frames(evidence, rows, "diverged"), "a", "loss"))


def test_what_is_missing_never_speaks_for_a_claim(evidence: Any) -> None:
    """A target never reached is no success; never reached by the other is a success of the one."""
    nothing = float("nan")
    assert evidence.at_most("a", 3.0, "b", 5.0).holds
    assert not evidence.at_most("a", 3.0, "b", 5.0, 0.5).holds
    assert not evidence.at_most("a", nothing, "b", 5.0).holds
    assert not evidence.at_most("a", nothing, "b", nothing).holds
    assert evidence.at_most("a", 3.0, "b", nothing).holds
    assert not evidence.at_least("a", 3.0, "b", nothing).holds
    assert not evidence.below("a", nothing, 1.0).holds
    assert evidence.above("a", 2.0, 1.0).words == "a (2) is at least 1"


def test_the_verdict_follows_from_the_comparisons(evidence: Any) -> None:
    """All, some, none, and none made."""
    yes, no = evidence.Check("y", True), evidence.Check("n", False)
    empty = pd.DataFrame()

    def verdict(*checks: Any) -> str:
        return str(evidence.verdict(evidence.Claim("s", "source", "ran", empty, checks, why_not="no data")))

    assert verdict(yes, yes) == "holds"
    assert verdict(yes, no, no) == "holds in part (1 of 3 comparisons)"
    assert verdict(no) == "does not hold"
    assert verdict() == "cannot be checked: no data"


def test_numbers_are_short(evidence: Any) -> None:
    """Three digits, and words for what is not a number."""
    shown = [evidence.number(value) for value in (12345.0, 0.1234, 1.234e-5, float("nan"), float("inf"))]
    assert shown == ["12.3k", "0.123", "1.2e-05", "–", "never"]


def test_a_table_is_written_as_markdown(evidence: Any) -> None:
    """Words stay words, and a bar within a cell ends no cell."""
    assert (
        evidence.markdown(evidence.table([{"who": "a", "loss": 0.5}])) == "| who | loss |\n| --- | --- |\n| a | 0.5 |"
    )


@pytest.mark.parametrize("name", PAPERS)
def test_the_section_of_a_paper_can_be_made_from_tables(name: str, pages: Any, made: Any, tmp_path: Path) -> None:
    """Of made-up runs: each claim gets its table, its comparisons, its verdict and its figure."""
    paper, found = made[name]
    written = pages.section(name, paper, found)
    assert written.count("**Verdict: ") == len(found) >= 1
    for position, claim in enumerate(found, start=1):
        assert claim.checks or claim.why_not
        assert not claim.table.empty
        if claim.figure is not None:
            pages.save(claim.figure, tmp_path / pages.picture(name, position))
            assert (tmp_path / pages.picture(name, position)).stat().st_size > 5000


def test_every_paper_scenario_is_used_by_a_claim_and_named_in_it(pages: Any, made: Any) -> None:
    """And no study runs a scenario that is not a paper's."""
    used = set()
    for name, (paper, found) in made.items():
        text = pages.section(name, paper, found)
        for study in paper.STUDIES.values():
            assert f"`{study.scenario}`" in text
            used.add(study.scenario)
    assert sorted(used) == PAPER_SCENARIOS


def test_the_page_as_it_stands_has_every_claim(pages: Any, made: Any) -> None:
    """The committed page names every scenario and has every claim's statement; the figures are there."""
    page = (REFERENCE / "papers.md").read_text(encoding="utf-8")
    for name in PAPER_SCENARIOS:
        assert f"`{name}`" in page
    for name, (_, found) in made.items():
        for position, claim in enumerate(found, start=1):
            assert f"### {claim.statement}\n" in page
            if claim.figure is not None:
                assert (pages.FIGURES / pages.picture(name, position)).is_file()


def test_a_study_that_was_run_is_read_and_not_run_again(pages: Any, evidence: Any, tmp_path: Path) -> None:
    """Unless it is asked for; figures are made again."""
    study = evidence.Study("one_slow_worker", {"stop.rounds": 2, "seeds": 1, "record.every_rounds": 1})
    first = pages.frames_of(study, tmp_path / "one", jobs=1)
    records = list((tmp_path / "one").glob("runs/*/record.json"))
    written = [record.stat().st_mtime_ns for record in records]
    again = pages.frames_of(study, tmp_path / "one", jobs=1)
    pd.testing.assert_frame_equal(first.history, again.history)
    assert [record.stat().st_mtime_ns for record in records] == written
    pages.frames_of(study, tmp_path / "one", jobs=1, again=True)
    assert all(record.stat().st_mtime_ns > before for record, before in zip(records, written, strict=True))
