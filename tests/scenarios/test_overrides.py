"""--set KEY=VALUE."""

from typing import Any

import pytest

from scenarios.errors import ScenarioError
from scenarios.overrides import apply, parse


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("stop.rounds=50", "stop.rounds", 50),
        ("a = 0.5", "a", 0.5),
        ("a=true", "a", True),
        ('a="x = y"', "a", "x = y"),
        ("a=quadratic", "a", "quadratic"),
        ("a=[1, 2]", "a", [1, 2]),
        ("a={ policy = 'first', k = 3 }", "a", {"policy": "first", "k": 3}),
        ("a=1e-3", "a", 0.001),
        (" stop . rounds = 3", "stop.rounds", 3),
    ],
)
def test_values_are_those_of_toml(text: str, key: str, value: Any) -> None:
    """A bare word is a string."""
    assert parse([text]) == {key: value}


@pytest.mark.parametrize(
    "text", ["a", "=3", "a.=3", ".a=3", "a=", "a=[1", "a=1\nb = 2", "a=two words", "a b=1", "²=1", "a=" + "[" * 3000]
)
def test_what_is_no_key_and_value_is_refused(text: str) -> None:
    """Among it a value that smuggles in a second key."""
    with pytest.raises(ScenarioError) as caught:
        parse([text])
    assert "--set" in str(caught.value)


def test_all_bad_settings_are_told_together() -> None:
    """The same key twice counts as one."""
    with pytest.raises(ScenarioError) as caught:
        parse(["a", "b=1", "b=2", "c=["])
    assert len(caught.value.mistakes) == 3


def test_changes_reach_into_lists_and_make_tables() -> None:
    """Positions count from 0; a table that is not there yet is made."""
    document: dict[str, Any] = {"stragglers": [{"slowdown": 1}], "stop": {}}
    assert apply(document, {"stragglers.0.slowdown": 9, "stop.rounds": 5, "target.below": 0.1}) == []
    assert document == {"stragglers": [{"slowdown": 9}], "stop": {"rounds": 5}, "target": {"below": 0.1}}


@pytest.mark.parametrize(
    "key", ["stragglers.1.slowdown", "stragglers.x", "stragglers.٠", "question.a", "failures.0.at"]
)
def test_a_path_that_leads_nowhere_is_a_mistake(key: str) -> None:
    """Beyond a list, with a word where a number must be, into a string, or into a list that is not there."""
    document: dict[str, Any] = {"stragglers": [{"slowdown": 1}], "question": "?"}
    (mistake,) = apply(document, {key: 1})
    assert mistake.key == key
