"""The table [tune]."""

from typing import Any

import pytest
from pydantic import ValidationError

from scenarios import mistakes
from scenarios.tuning_schema import Tune


def test_everything_has_a_default() -> None:
    """An empty table is a search like any other."""
    tune = Tune()
    assert (tune.budget, tune.seeds, tune.minimise, tune.ranges) == (40, 2, None, {})


def test_a_range_belongs_to_a_setting_or_stands_in_the_table_of_an_algorithm() -> None:
    """Whole numbers are numbers."""
    tune = Tune.model_validate({"ranges": {"step_x": (1, 1e5), "soba, first 9": {"step_y": (0.1, 10.0)}}})
    assert tune.ranges == {"step_x": (1.0, 1e5), "soba, first 9": {"step_y": (0.1, 10.0)}}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"budget": 0}, "s.toml: tune.budget = 0: must be greater than or equal to 1."),
        ({"seeds": 2.5}, "s.toml: tune.seeds = 2.5: must be a whole number."),
        ({"budgte": 3}, 's.toml: tune.budgte = 3: is not a key here; the nearest is "budget".'),
        ({"ranges": {"step_x": 3.0}}, "s.toml: tune.ranges.step_x = 3.0: must be a list."),
        ({"ranges": {"step_x": (1.0,)}}, "s.toml: tune.ranges.step_x.1 is required."),
        ({"ranges": {"step_x": (1.0, 2.0, 3.0)}}, "s.toml: tune.ranges.step_x = [1.0, 2.0, 3.0]: must have at most 2"),
        ({"ranges": {"soba": {"step_x": (1.0, "a")}}}, 's.toml: tune.ranges.soba.step_x.1 = "a": must be a number.'),
        ({"ranges": {"step_x": (0.0, float("inf"))}}, "s.toml: tune.ranges.step_x.1 = inf: must be a finite number."),
        (7, "s.toml: tune = 7: must be a table."),
    ],
)
def test_mistakes_are_told_with_their_keys(table: Any, told: str) -> None:
    """As in the rest of the file."""
    with pytest.raises(ValidationError) as caught:
        Tune.model_validate(table)
    found = mistakes.explain(caught.value, Tune, "s.toml", table, ("tune",))
    assert [str(mistake)[: len(told)] for mistake in found] == [told]
