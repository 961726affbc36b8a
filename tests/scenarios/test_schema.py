"""The models of the file: what they take, what they are afterwards."""

import tomllib

import pytest
from pydantic import ValidationError

from scenarios import schema
from scenarios.loader import freeze
from scenarios.schema import Document


def document(text: str) -> Document:
    """The validated document of a TOML text."""
    return Document.model_validate(freeze(tomllib.loads(text)))


def test_defaults_are_filled_in(text: str) -> None:
    """What the small scenario does not say has the documented value."""
    checked = document(text)
    assert checked.network.sharing == "fair"
    assert checked.network.transport == "retransmit"
    assert checked.wait.policy == "all"
    assert checked.algorithms[1].shown == "dsoba"
    assert checked.stragglers[0].kind == "fixed"


def test_a_document_cannot_be_changed(text: str) -> None:
    """Models are frozen and their lists are tuples."""
    checked = document(text)
    with pytest.raises(ValidationError):
        checked.seeds = 3  # type: ignore[misc]
    assert isinstance(checked.algorithms, tuple)


def test_seeds_are_a_count_or_a_list(text: str) -> None:
    """A count gives 0, 1, ...; a list is taken as it is."""
    assert document(text).seed_list == (0, 1)
    assert document(text.replace("seeds = 2", "seeds = [7, 3]")).seed_list == (7, 3)


def test_every_key_is_documented() -> None:
    """Every field of every table has one line of meaning, or is a table with a docstring of its own."""
    tables = [table for table in vars(schema).values() if isinstance(table, type) and issubclass(table, schema.Table)]
    assert len(tables) > 20
    for table in tables:
        assert table.__doc__
        for name, field in table.model_fields.items():
            named = name in ("kind", "model") or name in ("stop", "problem", "network", "compute", "topology")
            assert field.description or named, f"{table.__name__}.{name}"


@pytest.mark.parametrize(
    "cost",
    [
        "speed_gflop_s = 2",
        "speed_gflop_s = [1, 2, 3.5, 4]",
        'speed_gflop_s = { distribution = "uniform", low = 1, high = 2 }',
        "seconds_per_step = 0.2",
        'seconds_per_step = { distribution = "pareto", scale = 0.1, shape = 1.5 }',
        "seconds_per_oracle = { lower_hvp = 0.2, upper_value = 0 }",
    ],
)
def test_every_way_to_state_the_cost_of_work(text: str, cost: str) -> None:
    """A number, a list, a law, or seconds by oracle."""
    checked = document(text.replace("seconds_per_step = 0.1", cost))
    given = [key for key in schema.COSTS if getattr(checked.compute, key) is not None]
    assert given == [cost.split(" =")[0]]


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (
            'kind = "random_crash"\nmtbf_s = 10.0\nrepair_s = { distribution = "lognormal", median = 1, sigma = 1 }',
            "RandomCrash",
        ),
        ('kind = "link_down"\nlink = [0, 1]\nat_s = 1\nfor_s = 2', "LinkDown"),
        ('kind = "random_link_down"\nmtbf_s = 10.0\nrepair_s = 1.0', "RandomLinkDown"),
        ('kind = "partition"\ngroups = [[0, 1], [2, 3]]\nat_s = 1\nfor_s = 2', "Partition"),
        ('kind = "crash"\nagents = [0]\nat_s = 0', "Crash"),
    ],
)
def test_every_kind_of_failure(text: str, table: str, kind: str) -> None:
    """The kind decides which keys there are."""
    checked = document(text + f"\n[[failures]]\n{table}\n")
    assert type(checked.failures[1]).__name__ == kind


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("{ probability = 0.1 }", "Loss"),
        ('{ model = "gilbert_elliott", good_to_bad = 0.1, bad_to_good = 0.5 }', "BurstLoss"),
    ],
)
def test_every_kind_of_loss(text: str, loss: str, kind: str) -> None:
    """Independent losses need no name; bursts have their model's."""
    checked = document(text.replace("bandwidth_mbit_s = 100.0", f"loss = {loss}"))
    assert type(checked.network.loss).__name__ == kind
