"""Processes of this machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import loader, plan
from scenarios.engines.local import local


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_cell_comes_back_with_its_record(jobs: int, written: Callable[..., Path]) -> None:
    """Whatever the order; in one process in the given one."""
    cells = plan.cells(loader.load(written()))
    found = list(local(jobs)(iter(cells)))
    assert [record.key for cell, record in found] == [cell.key for cell, _ in found]
    assert sorted(record.key for _, record in found) == sorted(cell.key for cell in cells)
    if jobs == 1:
        assert [cell for cell, _ in found] == cells
