"""From pydantic's errors to key paths and rules."""

from typing import Any

import pytest
from pydantic import ValidationError

import algorithms
from scenarios import settings
from scenarios.errors import MISSING
from scenarios.mistakes import dotted, explain
from scenarios.schema import Document, Network, Waiting


def told(model: Any, data: dict[str, Any]) -> list[tuple[str, object, str]]:
    """Key, value and rule of every mistake."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [(mistake.key, mistake.value, mistake.rule) for mistake in explain(caught.value, model, "f", data)]


def test_tags_of_unions_are_no_part_of_a_key() -> None:
    """A number, a list and a law are alternatives of the schema, not keys of the file."""
    ring = {"name": "ring", "agents": 3}
    assert told(Network, {"topology": ring, "bandwidth_mbit_s": (1.0, -1.0)}) == [
        ("bandwidth_mbit_s.1", -1.0, "must be greater than 0")
    ]
    assert told(Network, {"topology": ring, "latency_s": "fast"}) == [("latency_s", "fast", "must be a number")]


def test_a_missing_key_has_no_value() -> None:
    """Its path is told all the same."""
    assert ("topology", MISSING, "is required") in told(Network, {})


def test_unknown_keys_are_compared_with_the_table_they_stand_in() -> None:
    """The nearest key of a straggler is a straggler's, not one of the whole file."""
    found = told(Document, {"stragglers": ({"agents": (1,), "slowdwn": 2.0},)})
    assert ("stragglers.0.slowdwn", 2.0, 'is not a key here; the nearest is "slowdown"') in found


def test_a_table_that_is_chosen_by_its_name() -> None:
    """An unknown name, none, and a key of another table: a compressor of C-SOBA's settings."""
    model = settings.model(algorithms.load("c_soba").settings)
    assert told(model, {"compressor": {"name": "rand_kk"}}) == [
        ("compressor.name", "rand_kk", 'is not a known name; the nearest is "rand_k"')
    ]
    ((key, value, rule),) = told(model, {"compressor_lower": {"k": 2}})
    assert (key, value, rule.partition(",")[0]) == ("compressor_lower.name", MISSING, "is required; known: identity")
    assert told(model, {"compressor": {"name": "rand_k", "sedeed": True}}) == [
        ("compressor.sedeed", True, 'is not a key here; the nearest is "seeded"')
    ]


def test_a_choice_lists_its_values() -> None:
    """And the nearest of them."""
    ((key, value, rule),) = told(Waiting, {"policy": "al"})
    assert (key, value) == ("policy", "al")
    assert rule == 'must be one of all, first, latest, deadline; the nearest is "all"'


def test_an_entry_that_is_wrong_is_told_once() -> None:
    """Not a second time as a list that is too short; one that is missing is told by its position."""
    of_seeds = [mistake for mistake in told(Document, {"seeds": (-1,)}) if mistake[0].startswith("seeds")]
    assert of_seeds == [("seeds.0", -1, "must be greater than or equal to 0")]
    found = told(Document, {"failures": ({"kind": "link_down", "link": (0,), "at_s": 1.0},)})
    assert ("failures.0.link.1", MISSING, "is required") in found


def test_a_value_of_no_possible_shape_is_told_the_shapes() -> None:
    """A table where a number or a list of them may stand."""
    assert ("seeds", {"a": 1}, "must be a number or a list") in told(Document, {"seeds": {"a": 1}})


def test_paths_have_dots() -> None:
    """Positions count from 0."""
    assert dotted(("failures", 0, "at_s")) == "failures.0.at_s"
