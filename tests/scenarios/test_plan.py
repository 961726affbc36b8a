"""What a comparison consists of."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import loader, plan


def test_a_plan_is_read_back(written: Callable[..., Path], text: str) -> None:
    """From its text, whatever is in it."""
    given = text.replace('name = "dsoba"', 'name = "dsoba"\nsettings_are = "chosen"\nsettings_note = "by hand"')
    scenario = loader.load(
        written(given + '[sweep]\n"algorithms.0.topology" = [{ name = "star" }, { name = "ring" }]\n')
    )
    planned = plan.of(scenario, plan.cells(scenario))
    assert plan.read(planned.as_json()) == planned
    assert [row.refused is None for row in planned.rows] == [True] * 4 + [False, True, True]
    assert len(planned.keys) == 4
    assert planned.settings[1] == plan.Provenance("dsoba", "dsoba", "", "chosen", "by hand")
    assert planned.target == plan.Target("relative_distance_to_optimum", 0.9, below=True)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 0}', '{"format": 1}', '{"format": 1, "axes": []}'])
def test_another_text_is_refused(text: str) -> None:
    """Whatever it holds."""
    with pytest.raises(ValueError):
        plan.read(text)


def test_cells_come_seed_by_seed(written: Callable[..., Path]) -> None:
    """Every key once where nothing is shared; seeds may be given for each point."""
    scenario = loader.load(written())
    cells = plan.cells(scenario, [(5, 7)])
    assert [(cell.seed, cell.entry.label) for cell in cells] == [(5, "soba"), (5, "dsoba"), (7, "soba"), (7, "dsoba")]
    assert len({cell.key for cell in cells}) == 4
    assert dataclasses.asdict(plan.of(scenario, cells))["rows"][1]["seed"] == 7
