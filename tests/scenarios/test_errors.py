"""How mistakes are said."""

import pickle

from scenarios.errors import MISSING, Mistake, ScenarioError, nearest, shown


def test_a_mistake_is_one_sentence_with_file_key_value_and_rule() -> None:
    """The order is always the same, and a missing value is not shown."""
    assert (
        str(Mistake("a.toml", "stop.rounds", 0, "must be at least 1")) == "a.toml: stop.rounds = 0: must be at least 1."
    )
    assert str(Mistake("a.toml", "stop", MISSING, "is required")) == "a.toml: stop is required."
    assert str(Mistake("a.toml", "", MISSING, "is not TOML")) == "a.toml: is not TOML."


def test_every_mistake_is_a_line_of_the_error() -> None:
    """And the error survives the way to another process."""
    error = ScenarioError([Mistake("f", "a", 1, "no"), Mistake("f", "b", 2, "no")])
    assert str(error) == "f: a = 1: no.\nf: b = 2: no."
    assert pickle.loads(pickle.dumps(error)).mistakes == error.mistakes


def test_the_nearest_name_or_all_names() -> None:
    """A misspelt name gets one answer, a strange one gets all."""
    assert nearest("rign", ["ring", "star"]) == 'the nearest is "ring"'
    assert nearest("x", ["ring", "star"]) == "known: ring, star"
    assert nearest("x", []) == "known: none"


def test_values_are_shown_as_in_the_file_and_cut_short() -> None:
    """Truth values, strings and tables look as in TOML; a long list is cut."""
    assert shown({"a": True, "b": "x", "c": (1, 2)}) == '{a = true, b = "x", c = [1, 2]}'
    assert shown("two\nlines") == '"two\\nlines"'
    assert len(shown(list(range(1000)))) == 80
