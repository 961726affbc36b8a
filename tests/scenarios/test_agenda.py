"""Which run comes next."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scenarios import loader, plan
from scenarios.agenda import Agenda
from scenarios.plan import Cell


@pytest.fixture
def cells(written: Callable[..., Path]) -> list[Cell]:
    """Two algorithms, two seeds, two points."""
    made = plan.cells(loader.load(written()))
    return [dataclasses.replace(cell, point=point) for point in (0, 1) for cell in made]


def names(cells: Sequence[Cell | None]) -> list[str]:
    """Point, label and seed of each."""
    return [f"{cell.point} {cell.entry.label} {cell.seed}" for cell in cells if cell is not None]


def test_without_knowledge_seeds_come_in_turn(cells: list[Cell]) -> None:
    """Algorithms of one seed share its problem."""
    agenda = Agenda(cells)
    order = names([agenda.take() for _ in cells])
    assert order[:4] == ["0 dsoba 0", "0 soba 0", "1 dsoba 0", "1 soba 0"]
    assert agenda.take() is None


def test_the_longest_comes_first(cells: list[Cell]) -> None:
    """As far as somebody knows; what nobody knows comes before."""
    agenda = Agenda(cells)
    by_name = {name: cell for name, cell in zip(names(cells), cells, strict=True)}
    agenda.learn(by_name["0 dsoba 0"], 1.0)
    agenda.learn(by_name["1 dsoba 0"], 100.0)
    order = names([agenda.take() for _ in cells])
    assert order[:4] == ["0 soba 0", "1 soba 0", "0 soba 1", "1 soba 1"]
    assert order[4:] == ["1 dsoba 0", "1 dsoba 1", "0 dsoba 0", "0 dsoba 1"]


def test_an_unknown_point_takes_as_long_as_the_longest_known_one(cells: list[Cell]) -> None:
    """Means of groups, the largest of them; what is not a number teaches nothing."""
    agenda = Agenda(cells)
    for seconds in (1.0, 3.0, float("nan")):
        agenda.learn(cells[0], seconds)
    assert cells[0].entry.label == "soba"
    assert agenda.expected((0, "soba")) == 2.0
    assert agenda.expected((1, "soba")) == 2.0
    assert agenda.expected((0, "dsoba")) is None
