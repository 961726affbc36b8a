"""Alternatives take turns, the best of each counts."""

from benchmarks.timing import best


def test_the_best_of_each_in_turn():
    """Called a, b, a, b, ...; the least of what each returned."""
    calls = []
    left, right = iter([3.0, 1.0, 2.0]), iter([5.0, 6.0, 4.0])

    def a():
        calls.append("a")
        return next(left)

    def b():
        calls.append("b")
        return next(right)

    assert best({"a": a, "b": b}, 3) == {"a": 1.0, "b": 4.0}
    assert calls == ["a", "b"] * 3
