"""Ranges of settings, by hand."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Interval, Le
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Doc

import algorithms
from algorithms.pieces.search import Searched
from scenarios import loader, ranges
from scenarios.ranges import Range
from scenarios.tuning_schema import Tune


@dataclasses.dataclass(frozen=True)
class Settings:
    """One of each kind."""

    step_x: Annotated[float, Gt(0), Doc("a step")] = 0.5
    inner_step: Annotated[float, Gt(0), Le(1000), Doc("a step that must not be long")] = 20.0
    step_u: Annotated[float | None, Gt(0), Doc("a step that may be another's")] = None
    step_count: Annotated[int, Ge(1), Doc("whole, so no step")] = 3
    steps: Annotated[int, Ge(0), Doc("a number of steps")] = 0
    penalty: Annotated[float, Gt(0), Searched(), Doc("tied to the steps")] = 4.0
    averaging: Annotated[float, Gt(0), Le(1), Doc("a weight")] = 1.0
    share: Annotated[float, Interval(ge=0, le=1), Searched(), Doc("a probability")] = 0.25
    count: Annotated[int, Ge(1), Le(200), Searched(), Doc("how many")] = 7
    free: Annotated[float, Doc("without bounds")] = 1.0
    kind: Annotated[Literal["a", "b"], Doc("which")] = "a"
    warm: Annotated[bool, Doc("whether")] = True


def test_steps_and_what_is_marked_are_searched() -> None:
    """From a hundredth to a hundred times the value, within the setting's bounds; what has no value is left out."""
    found = ranges.searched(Settings())
    assert list(found) == ["step_x", "inner_step", "penalty", "share", "count"]
    assert (found["step_x"].low, found["step_x"].high, found["step_x"].log) == (0.005, 50.0, True)
    assert (found["inner_step"].low, found["inner_step"].high) == (0.2, 1000.0)
    assert (found["share"].low, found["share"].high, found["share"].log) == (0.0, 1.0, False)
    assert (found["count"].low, found["count"].high, found["count"].whole) == (1, 200, True)


def test_ranges_lie_around_the_value_in_force() -> None:
    """A file that says otherwise than the default is taken at its word."""
    found = ranges.searched(Settings(step_x=6400.0, step_u=2.0))
    assert str(found["step_x"]) == "64 to 640000"
    assert str(found["step_u"]) == "0.02 to 200"


@pytest.mark.parametrize("name", algorithms.names())
def test_every_algorithm_has_an_upper_step_to_search(name: str) -> None:
    """Under the same name, around its default."""
    entry = algorithms.load(name)
    settings = entry.settings(**entry.preset)
    found = ranges.searched(settings)
    assert (found["step_x"].low, found["step_x"].high) == (settings.step_x / 100, settings.step_x * 100)


def test_places_and_values() -> None:
    """Equal factors on a logarithmic scale, equal differences on a linear one; three digits, or whole."""
    log = Range(0.01, 100.0)
    assert [log.at(share) for share in (0.0, 0.25, 0.5, 1.0)] == [0.01, 0.1, 1.0, 100.0]
    assert log.at(0.123456) == 0.0312
    assert log.share(10.0) == pytest.approx(0.75)
    assert log.share(1000.0) == pytest.approx(1.25)
    linear = Range(0.0, 2.0, log=False)
    assert (linear.at(0.25), linear.share(1.5)) == (0.5, 0.75)
    whole = Range(1, 100, whole=True)
    assert [whole.at(share) for share in (0.0, 0.2, 0.5, 1.0)] == [1, 3, 10, 100]
    assert all(isinstance(whole.at(share), int) for share in (0.0, 0.5, 1.0))


@given(st.floats(1e-6, 1e3), st.floats(1.5, 1e6), st.floats(0.0, 1.0), st.booleans())
def test_no_value_leaves_its_range(low: float, factor: float, share: float, log: bool) -> None:
    """Rounding to three digits included; and its place is the one that was asked for, as far as three digits go."""
    found = Range(low, low * factor, log)
    value = found.at(share)
    assert found.low <= value <= found.high
    back = found.share(value)
    exact = low * factor**share if log else low + (low * factor - low) * share
    assert value == pytest.approx(exact, rel=0.006)
    assert -1e-9 <= back <= 1.0 + 1e-9


def test_an_edge_is_the_outermost_tenth_unless_the_setting_ends_there() -> None:
    """A factor of 2.5 of four decades; outside is beyond the edge."""
    found = Range(0.01, 100.0, least=0.0)
    assert [found.edge(value) for value in (0.024, 0.026, 39.0, 41.0)] == ["lower", None, None, "upper"]
    assert (found.edge(1e-9), found.edge(1e9)) == ("lower", "upper")
    weight = Range(0.0, 1.0, log=False, least=0.0, most=1.0)
    assert (weight.edge(0.01), weight.edge(1.0)) == (None, None)
    assert Range(1.0, 50.0, least=1.0).edge(50.0) == "upper"


def test_a_scenario_may_state_a_range() -> None:
    """Also for what is not searched by itself; logarithmic unless it begins at 0 or is a share."""
    assert ranges.of(Settings(), "step_u", 1.0, 1e4) == Range(1.0, 1e4, True, False, 0.0)
    assert ranges.of(Settings(), "steps", 0, 10) == Range(0, 10, False, True, 0.0)
    assert not ranges.of(Settings(), "averaging", 0.1, 1.0).log
    assert ranges.of(Settings(), "free", -1.0, 1.0) == Range(-1.0, 1.0, False)


@pytest.mark.parametrize(
    ("name", "low", "high", "rule"),
    [
        ("kind", 1.0, 2.0, "is no number"),
        ("warm", 0.0, 1.0, "is no number"),
        ("step_x", 2.0, 1.0, "the smaller one first"),
        ("step_x", 1.0, 1.0, "the smaller one first"),
        ("step_x", -1.0, 1.0, "own bounds, 0 to inf"),
        ("averaging", 0.5, 2.0, "own bounds, 0 to 1"),
        ("count", 1.5, 3.0, "two whole numbers"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(name: str, low: float, high: float, rule: str) -> None:
    """With the rule it breaks."""
    with pytest.raises(ValueError, match=rule):
        ranges.of(Settings(), name, low, high)


def test_stated_ranges_replace_the_declared_ones(written: Callable[..., Path], text: str) -> None:
    """For every algorithm that has the setting; a table of a label, before one of a name, says all that is searched."""
    third = '\n[[algorithms]]\nname = "dsoba"\nlabel = "mixed"\n'
    soba, dsoba, mixed = loader.load(written(text + third)).entries
    tune = Tune.model_validate(
        {
            "ranges": {
                "step_x": (1.0, 100.0),
                "averaging": (0.2, 0.8),
                "dsoba": {"step_y": (0.1, 1.0)},
                "mixed": {"step_u": (0.3, 3.0)},
            }
        }
    )
    assert {name: str(found) for name, found in ranges.of_entry(tune, soba).items()} == {
        "step_x": "1 to 100",
        "step_y": "0.001 to 10",
        "step_u": "0.001 to 10",
        "averaging": "0.2 to 0.8",
    }
    assert {name: str(found) for name, found in ranges.of_entry(tune, dsoba).items()} == {"step_y": "0.1 to 1"}
    assert {name: str(found) for name, found in ranges.of_entry(tune, mixed).items()} == {"step_u": "0.3 to 3"}
    assert ranges.mistakes(tune, loader.load(written(text + third))) == []
