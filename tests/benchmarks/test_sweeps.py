"""The sweep that is measured runs both ways."""

from benchmarks import sweeps


def test_both_ways_run() -> None:
    """Really, with whatever result."""
    measured = sweeps.seconds(sweeps.Size(seeds=1, rounds=2))
    assert measured.keys() == {"bare", "runner"}
    assert all(value > 0.0 for value in measured.values())
