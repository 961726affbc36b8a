"""Sweeps as points."""

import pytest

from scenarios import sweep


def test_a_table_is_a_grid() -> None:
    """Every value with every other, the last key fastest."""
    assert sweep.points({"a": (1, 2), "b": ("x", "y")}) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


def test_keys_of_one_table_of_a_list_change_together() -> None:
    """And different tables are combined."""
    assert sweep.points(({"a": (1, 2), "b": (3, 4)}, {"c": (5, 6)})) == [
        {"a": 1, "b": 3, "c": 5},
        {"a": 1, "b": 3, "c": 6},
        {"a": 2, "b": 4, "c": 5},
        {"a": 2, "b": 4, "c": 6},
    ]


def test_without_a_sweep_there_is_one_point() -> None:
    """Which changes nothing."""
    assert sweep.points(None) == [{}]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (({"a": (1, 2), "b": (3,)},), "s.toml: sweep.0 must have equally many values of each key"),
        ({"seeds": (1, 2)}, "s.toml: sweep.seeds belongs to the whole comparison and cannot be varied."),
        ({"network": (1,), "network.latency_s": (2,)}, "sweep.network.latency_s is varied already, by sweep.network."),
        (({"stop.rounds": (1,)}, {"stop.rounds": (2,)}), "s.toml: sweep.stop.rounds is varied already"),
        ({"a": tuple(range(101)), "b": tuple(range(100))}, "s.toml: sweep has 10,100 points; 10,000 are the most."),
    ],
)
def test_mistakes_are_sentences(given: object, told: str) -> None:
    """One each."""
    (mistake,) = sweep.mistakes(given, "s.toml")
    assert told in str(mistake)


def test_values_are_shown_as_a_file_states_them() -> None:
    """And stand in a column as numbers or as text."""
    assert sweep.shown({"a": 10, "wait": {"policy": "all"}}) == 'a = 10, wait = {policy = "all"}'
    assert [sweep.column(value) for value in (1, 2.5, "ring", True, (1, 2))] == [1, 2.5, "ring", "true", "[1, 2]"]
