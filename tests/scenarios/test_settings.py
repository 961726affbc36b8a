"""Settings: from a table to the frozen dataclass that it is for."""

import dataclasses
import pickle
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le
from pydantic import ValidationError
from typing_extensions import Doc

from scenarios import settings


@dataclasses.dataclass(frozen=True)
class Inner:
    """A nested table."""

    kind: Annotated[Literal["equal", "dirichlet"], Doc("how")] = "equal"
    alpha: Annotated[float | None, Gt(0), Doc("dirichlet only")] = None

    def __post_init__(self) -> None:
        if self.alpha is not None and self.kind != "dirichlet":
            raise ValueError("alpha is for dirichlet")


@dataclasses.dataclass(frozen=True)
class Outer:
    """Settings with a required one, bounds and a nested table."""

    data: Annotated[str, Doc("data set")]
    share: Annotated[float, Ge(0), Le(1), Doc("of the labels, 1")] = 0.5
    sizes: Annotated[tuple[int, ...], Doc("sizes")] = (1, 2)
    inner: Annotated[Inner, Doc("nested")] = Inner()


def test_what_is_left_out_has_the_default_of_the_dataclass() -> None:
    """And what is given arrives as the dataclass itself, nested ones too, ready for another process."""
    found = settings.read(Outer, {"data": "digits", "inner": {"kind": "dirichlet", "alpha": 1}})
    assert found == Outer("digits", inner=Inner("dirichlet", 1.0))
    assert type(found.inner) is Inner
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("table", "location"),
    [
        ({}, ("data",)),
        ({"data": 3}, ("data",)),
        ({"data": "x", "share": 2.0}, ("share",)),
        ({"data": "x", "share": "0.5"}, ("share",)),
        ({"data": "x", "share": float("nan")}, ("share",)),
        ({"data": "x", "sizes": (1.5,)}, ("sizes", 0)),
        ({"data": "x", "shar": 0.1}, ("shar",)),
        ({"data": "x", "inner": {"alpah": 1.0}}, ("inner", "alpah")),
    ],
)
def test_every_broken_field_is_located(table: dict[str, object], location: tuple[str | int, ...]) -> None:
    """Missing, of a wrong type, out of range, not a number, unknown, nested."""
    with pytest.raises(ValidationError) as caught:
        settings.read(Outer, table)
    assert [error["loc"] for error in caught.value.errors()] == [location]


def test_rules_of_the_dataclass_itself_hold() -> None:
    """A ValueError of its own passes through."""
    with pytest.raises(ValueError, match="alpha is for dirichlet"):
        settings.read(Outer, {"data": "x", "inner": {"alpha": 1.0}})


@dataclasses.dataclass(frozen=True)
class Disc:
    """One of two tables that may stand under one key."""

    name: Literal["disc"] = "disc"
    radius: Annotated[float, Gt(0), Doc("radius, m")] = 1.0


@dataclasses.dataclass(frozen=True)
class Box:
    """The other."""

    name: Literal["box"] = "box"
    side: Annotated[int | None, Ge(1), Doc("side, m")] = None


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Settings that choose among tables."""

    shape: Annotated[Disc | Box, Doc("shape")] = Box(side=2)
    other: Annotated[Disc | Box | None, Doc("another")] = None


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, Drawn()),
        ({"shape": {"name": "disc", "radius": 2}}, Drawn(shape=Disc(radius=2.0))),
        ({"other": {"name": "box"}}, Drawn(other=Box())),
    ],
)
def test_a_table_says_by_its_name_which_dataclass_it_is(table: dict[str, object], expected: Drawn) -> None:
    """The others' settings are unknown to it."""
    assert settings.read(Drawn, table) == expected


@pytest.mark.parametrize(
    ("table", "location"),
    [
        ({"shape": {"name": "ring"}}, ("shape",)),
        ({"shape": {"radius": 2.0}}, ("shape",)),
        ({"shape": "disc"}, ("shape",)),
        ({"shape": {"name": "box", "radius": 2.0}}, ("shape", "<box>", "radius")),
        ({"other": {"name": "disc", "radius": -1.0}}, ("other", "<disc>", "radius")),
    ],
)
def test_a_broken_choice_is_located(table: dict[str, object], location: tuple[str, ...]) -> None:
    """Unknown or missing name, no table at all, another's setting, a value out of range: one mistake each."""
    with pytest.raises(ValidationError) as caught:
        settings.read(Drawn, table)
    assert [error["loc"] for error in caught.value.errors()] == [location]


def test_a_choice_is_described_by_its_names_and_its_default_as_a_table() -> None:
    """As a file would state it."""
    shape, other = settings.describe(Drawn)
    assert shape == settings.Setting("shape", "{ name = disc | box }", '{ name = "box", side = 2 }', "shape")
    assert (other.type, other.default) == ("{ name = disc | box } | None", "None")


def test_description_gives_name_type_bounds_default_and_meaning() -> None:
    """Nested settings have dotted names."""
    described = {setting.name: setting for setting in settings.describe(Outer)}
    assert list(described) == ["data", "share", "sizes", "inner.kind", "inner.alpha"]
    assert described["data"].default == "required"
    assert described["share"] == settings.Setting("share", "float >= 0 <= 1", "0.5", "of the labels, 1")
