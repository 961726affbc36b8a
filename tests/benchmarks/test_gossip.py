"""What the benchmark compares is the same computation."""

from benchmarks import gossip


def test_plain_loop_and_simulation_agree_to_the_last_bit():
    """Both forms end at the same iterate, for one output and for several."""
    for classes in (2, 3):
        problems = gossip.Size(agents=5, features=7, classes=classes, samples=11).locals()
        plain, simulated = gossip.plain(problems, 6), gossip.simulated(problems, 6)
        assert len(plain) == len(simulated) == 5
        for ours, theirs in zip(plain, simulated, strict=True):
            assert [part.tobytes() for part in ours] == [part.tobytes() for part in theirs]
            assert all(part.any() for part in ours)
