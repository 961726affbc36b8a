"""Progress on standard error."""

import pytest

from scenarios.progress import Bar


def test_elsewhere_than_on_a_terminal_it_is_a_line_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error only, without colours, long lines whole."""
    label = "a label of many words " * 10
    with Bar() as bar:
        bar.begin(0, 2)
        for done, seed in ((1, 0), (2, 1)):
            bar.advance({"label": label, "seed": seed, "status": "finished"}, done, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [f"1/2 {label} seed 0: finished", f"2/2 {label} seed 1: finished"]


def test_a_terminal_that_cannot_draw_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as an editor's."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    with Bar() as bar:
        bar.begin(0, 1)
        bar.advance({"label": "soba", "seed": 0, "status": "finished"}, 1, 1)
    assert capsys.readouterr().err == "1/1 soba seed 0: finished\n"


def test_on_a_terminal_it_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Which shows how many runs are done."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Bar() as bar:
        bar.begin(0, 2)
        bar.advance({"label": "soba", "seed": 0, "status": "finished"}, 1, 2)
        bar._bar.refresh()
    told = capsys.readouterr().err
    assert "1/2" in told
    assert "soba seed 0: finished" in told


def test_what_is_there_already_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """So that nobody wonders why so little is run."""
    with Bar() as bar:
        bar.begin(3, 4)
    assert capsys.readouterr().err == "3 of 4 runs are there already\n"
