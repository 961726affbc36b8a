"""The JSON Schema of scenario files: what it allows, what it refuses, and what it says."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import algorithms
from algorithms.pieces import compressors
from scenarios import json_schema, names
from scenarios.schema import Document, Table
from simulator import delays

CATALOGUE = sorted(names.CATALOGUE.rglob("*.toml"))
SCENARIO = """
question = "Which of them?"
seeds = [1, 2]
stop = { rounds = 3 }
problem = { name = "hyper_cleaning", data = "digits", partition = { kind = "dirichlet", alpha = 1.0 } }
compute = { seconds_per_oracle = { lower_grad_y = 0.1 } }

[network]
topology = { name = "erdos_renyi", agents = 4, probability = 0.5 }
latency_s = { distribution = "lognormal", mean = 0.05, sigma = 0.8 }
bandwidth_mbit_s = [1.0, 2, 3.0, 4.0, 5.0]
loss = { model = "gilbert_elliott", good_to_bad = 0.1, bad_to_good = 0.5 }

[[stragglers]]
agents = [1]
slowdown = 3.0

[[stragglers]]
kind = "periods"
slowdown = 3.0
fast_s = 1.0
slow_s = { distribution = "exponential", mean = 1.0 }

[[failures]]
kind = "link_down"
link = [0, 1]
at_s = 1.0

[[algorithms]]
name = "ef_soba"
topology = { name = "star", workers = 4 }
settings = { step_x = 0.1, compressor = { name = "rand_k", fraction = 0.1 } }

[[algorithms]]
name = "dsoba"
wait = { policy = "first", k = 2 }
"""


@pytest.fixture(scope="module")
def validator() -> Any:
    """A validator of draft 2020-12."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema.build())
    return jsonschema.Draft202012Validator(json_schema.build())


def told(validator: Any, text: str) -> list[tuple[str, str]]:
    """Path and message of every mistake in a scenario."""
    return sorted({(error.json_path, error.message) for error in validator.iter_errors(tomllib.loads(text))})


@pytest.mark.parametrize("path", CATALOGUE, ids=lambda path: path.stem)
def test_scenarios_of_the_catalogue_are_valid(path: Path, validator: Any) -> None:
    """All of them."""
    assert told(validator, path.read_text(encoding="utf-8")) == []


def test_whatever_may_stand_in_a_file_is_valid(validator: Any) -> None:
    """Numbers, lists and laws, tables by kind, by model and by name, settings of all that has a name."""
    assert told(validator, SCENARIO) == []


MISTAKES = [
    ("rounds = 3", "rounds = 0", "$.stop.rounds", "0 is less than the minimum of 1"),
    ("rounds = 3", 'rounds = "3"', "$.stop.rounds", "'3' is not of type 'integer'"),
    ("rounds = 3", "round = 3", "$.stop", "('round' was unexpected)"),
    ("seeds = [1, 2]", "seeds = 0", "$.seeds", "0 is less than the minimum of 1"),
    ("seeds = [1, 2]", "seeds = []", "$.seeds", "[] should be non-empty"),
    ('question = "Which of them?"', "", "$", "'question' is a required property"),
    ("seeds = [1, 2]", "speed = 3", "$", "('speed' was unexpected)"),
    ('"hyper_cleaning"', '"hyper_cleaner"', "$.problem.name", "'hyper_cleaner' is not one of ['elastic_net', "),
    ('data = "digits"', "dim_x = 3", "$.problem", "('dim_x' was unexpected)"),
    ("alpha = 1.0", "alpha = 0", "$.problem.partition.alpha", "0 is less than or equal to the minimum of 0"),
    ('"erdos_renyi"', '"erdos"', "$.network.topology.name", "'erdos' is not one of ['complete', "),
    ("probability = 0.5", "probability = 2", "$.network.topology.probability", "2 is greater than the maximum of 1"),
    ("probability = 0.5", "radius = 2", "$.network.topology", "('radius' was unexpected)"),
    ("probability = 0.5", 'weights = "metropolish"', "$.network.topology.weights", "is not one of ['given', "),
    ('"lognormal"', '"log_normal"', "$.network.latency_s.distribution", "'log_normal' is not one of ['constant', "),
    (", sigma = 0.8", "", "$.network.latency_s", "'sigma' is a required property"),
    ("[1.0, 2, 3.0, 4.0, 5.0]", "-1.0", "$.network.bandwidth_mbit_s", "-1.0 is less than or equal to the minimum of 0"),
    ("[1.0, 2, 3.0, 4.0, 5.0]", '["a"]', "$.network.bandwidth_mbit_s[0]", "'a' is not of type 'number'"),
    ("[1.0, 2, 3.0, 4.0, 5.0]", '"fast"', "$.network.bandwidth_mbit_s", "is not of type 'number', 'array', 'object'"),
    ('"gilbert_elliott"', '"gilbert"', "$.network.loss.model", "is not one of ['bernoulli', 'gilbert_elliott']"),
    (
        "lower_grad_y = 0.1",
        "gradient = 0.1",
        "$.compute.seconds_per_oracle",
        "'gradient' is not one of ['upper_value', ",
    ),
    ("agents = [1]", "agents = [1]\nagent = 1", "$.stragglers[0]", "('agent' was unexpected)"),
    ('"periods"', '"period"', "$.stragglers[1].kind", "'period' is not one of ['fixed', 'random', 'periods', 'trace']"),
    ("fast_s = 1.0", "", "$.stragglers[1]", "'fast_s' is a required property"),
    ('kind = "link_down"', "", "$.failures[0]", "'kind' is a required property"),
    ("link = [0, 1]", "link = [0, 1, 2]", "$.failures[0].link", "[0, 1, 2]"),
    ('"ef_soba"', '"ef_sobba"', "$.algorithms[0].name", "'ef_sobba' is not one of ['adbo', "),
    ("step_x = 0.1", "step_x = -1", "$.algorithms[0].settings.step_x", "-1 is less than or equal to the minimum of 0"),
    ("step_x = 0.1", "step = 0.1", "$.algorithms[0].settings", "('step' was unexpected)"),
    ('"rand_k"', '"randk"', "$.algorithms[0].settings.compressor.name", "'randk' is not one of ['identity', "),
    ('"rand_k"', '"qsgd"', "$.algorithms[0].settings.compressor", "('fraction' was unexpected)"),
    ('name = "rand_k", ', "", "$.algorithms[0].settings.compressor", "'name' is a required property"),
    ('policy = "first"', 'policy = "fist"', "$.algorithms[1].wait.policy", "'fist' is not one of ['all', 'first', "),
    ('name = "dsoba"', 'name = "dsoba"\nstep_x = 1', "$.algorithms[1]", "('step_x' was unexpected)"),
]


@pytest.mark.parametrize(("old", "new", "path", "message"), MISTAKES, ids=[f"{old} {new}" for old, new, *_ in MISTAKES])
def test_a_typical_mistake_is_told_where_it_stands(old: str, new: str, path: str, message: str, validator: Any) -> None:
    """One mistake, one place, and what is asked for there; not that no alternative fits."""
    assert old in SCENARIO
    ((where, what),) = told(validator, SCENARIO.replace(old, new, 1))
    assert where == path
    assert message in what


def test_every_key_of_the_tables_is_in_the_schema() -> None:
    """With its meaning: whoever adds a key to a table adds it here too."""
    schema = json_schema.build()
    assert list(schema["properties"]) == list(Document.model_fields)
    forms = [item for item in schema["$defs"].values() if "title" in item]
    for table in _tables(Table):
        expected = {key: field.description for key, field in table.model_fields.items()}
        same_title = [form["properties"] for form in forms if form["title"] == table.__name__]
        told = [{key: item.get("description") for key, item in properties.items()} for properties in same_title]
        assert not told or any(expected.items() <= descriptions.items() for descriptions in told), table
    titles = {form["title"] for form in forms}
    assert {"Stop", "Crash", "Waiting", "Law", "Partition"} <= titles


def _tables(base: type) -> list[type[Table]]:
    return [found for table in base.__subclasses__() for found in (table, *_tables(table))]


def test_every_name_has_a_form_with_its_settings() -> None:
    """Their descriptions have the units, their defaults are the variants' own."""
    schema = json_schema.build()
    forms = schema["$defs"]
    for kind in ("problem", "topology", "algorithm"):
        known = names.usable({"problem": "problems", "topology": "topologies", "algorithm": "algorithms"}[kind])
        assert [name.partition(".")[2] for name in forms if name.startswith(f"{kind}.")] == list(known)
        assert forms[kind.capitalize()]["properties"]["name"]["enum"] == list(known)
    assert forms["Law"]["properties"]["distribution"]["enum"] == list(delays.LAWS)
    assert (
        forms["settings.ma_soba"]["properties"]["averaging"]["default"]
        == algorithms.load("ma_soba").preset["averaging"]
    )
    assert forms["settings.soba"]["properties"]["averaging"]["default"] == 1.0
    settings = forms["settings.ef_soba"]["properties"]
    assert settings["step_x"] == {
        "default": 0.05,
        "description": "a: step of the upper variable x, 1",
        "exclusiveMinimum": 0,
        "type": "number",
    }
    assert settings["compressor"]["default"] == {"name": "rand_k", "fraction": 0.1, "seeded": False}
    known = {
        forms[form["$ref"].removeprefix("#/$defs/")]["properties"]["name"]["const"]
        for form in settings["compressor"]["anyOf"][1:]
    }
    assert known == set(compressors.names())


def test_the_text_is_the_same_every_time_and_knows_no_null() -> None:
    """Every reference leads somewhere, and nothing is defined that nobody refers to."""
    text = json_schema.text()
    assert text == json_schema.text()
    schema = json.loads(text)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "null" not in text.replace("nullable", "")
    referred = {part.partition('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert referred == set(schema["$defs"])


MINE = '''"""Mine: SOBA again."""
from algorithms.soba import NEEDS, Settings, server, worker
'''


def test_what_other_packages_bring_is_in_it(install: Callable[..., Path]) -> None:
    """If it can be used."""
    install("mine", {"mine": MINE, "bad": ""}, {algorithms.GROUP: {"mine": "mine", "bad": "bad"}})
    schema = json_schema.build()
    known = schema["$defs"]["Algorithm"]["properties"]["name"]["enum"]
    assert "mine" in known
    assert "bad" not in known
    assert schema["$defs"]["algorithm.mine"]["description"] == "Mine: SOBA again"
