"""What came of a comparison, from its folder alone."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import scenarios
from scenarios import result
from scenarios.result import Result

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def made(written: Callable[..., Path], text: str, tmp_path: Path) -> Result:
    """A small sweep, with a folder."""
    swept = text + '[sweep]\n"stragglers.0.slowdown" = [1.0, 10.0]\n'
    return scenarios.run(scenarios.load(written(swept)), out=tmp_path / "out")


def test_a_folder_says_the_same_as_the_run(made: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a scenario being checked, a problem built or anything simulated."""
    assert made.out is not None
    monkeypatch.setattr("scenarios.build.the_problem", None)
    read = result.read(made.out)
    pd.testing.assert_frame_equal(read.runs, made.runs)
    pd.testing.assert_frame_equal(read.history, made.history)
    assert (read.plan, read.question, read.metric, read.counted) == (
        made.plan,
        made.question,
        made.metric,
        made.counted,
    )
    pd.testing.assert_frame_equal(read.summary, made.summary)


def test_what_is_not_there_yet_is_left_out(made: Result) -> None:
    """An unfinished comparison has the rows that it has."""
    assert made.out is not None
    shutil.rmtree(made.out / "runs" / str(made.runs.loc[0, "key"]))
    assert len(result.read(made.out).runs) == len(made.runs) - 1


def test_a_notebook_shows_the_answer_and_the_table(made: Result) -> None:
    """As HTML, in which nothing of the user's is markup."""
    shown = dataclasses.replace(made, plan=dataclasses.replace(made.plan, question="Is 1 < 2 & <b>?"))._repr_html_()
    assert "Is 1 &lt; 2 &amp; &lt;b&gt;?" in shown
    assert shown.count("<tr") == 1 + len(made.summary)
    assert "stragglers.0.slowdown" in shown


def test_its_dataframe_is_ones_own(made: Result) -> None:
    """Changing it changes nothing here."""
    frame = made.to_dataframe()
    pd.testing.assert_frame_equal(frame, made.runs)
    frame["rounds"] = 0
    assert (made.runs["rounds"] > 0).all()


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "holds no comparison"), ("{", "is damaged"), ("{}", "is damaged"), ("nowhere", "is no")],
)
def test_another_folder_is_refused_in_a_sentence(content: str | None, told: str, tmp_path: Path) -> None:
    """With what to do."""
    folder = tmp_path / "nowhere" if content == "nowhere" else tmp_path
    if content not in (None, "nowhere"):
        (tmp_path / "plan.json").write_text(str(content))
    with pytest.raises(scenarios.ScenarioError, match=told):
        result.read(folder)
