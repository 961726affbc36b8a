"""`python -m benchmarks --quick` measures everything once."""

import sys

from benchmarks import __main__ as command


def test_the_quick_form_prints_every_figure(monkeypatch, capsys):
    """One table with all six parts, and where it was measured."""
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick"])
    command.main()
    printed = capsys.readouterr().out
    parts = ("simulated / plain loop", "bare floor", "counters", "journal", "fair / fifo, star of 64")
    for part in (*parts, "timeline / run alone", "sweep of 4 runs", "commit"):
        assert part in printed
    events = [line.split("│")[1:3] for line in printed.splitlines() if "queue events per message" in line]
    assert [(what.split()[-1], float(value)) for what, value in events[:2]] == [("none", 1.0), ("fifo", 2.0)]
