"""What list, show and check print."""

from collections.abc import Callable
from pathlib import Path

import pytest

import algorithms
from scenarios import loader, names, pages
from scenarios.errors import ScenarioError


@pytest.mark.parametrize("kind", names.KINDS)
def test_a_listing_has_a_name_a_line(kind: str) -> None:
    """First the name, then what it is."""
    lines = [line for line in pages.listing(kind).splitlines() if line]
    assert [line.split()[0] for line in lines] == list(names.KINDS[kind].names())
    assert all(len(line.split()) > 2 for line in lines)


def test_the_whole_listing_says_the_kind() -> None:
    """Of everything there is."""
    lines = pages.listing(None).splitlines()
    assert len(lines) == sum(len(kind.names()) for kind in names.KINDS.values())
    assert any(line.split()[:2] == ["ring", "topology:"] for line in lines)


def test_an_unknown_kind_is_refused() -> None:
    """With the nearest."""
    with pytest.raises(ScenarioError, match='nearest is "algorithms"'):
        pages.listing("algorithm")


@pytest.mark.parametrize("name", [name for kind in names.KINDS.values() for name in kind.names()])
def test_everything_has_a_page(name: str) -> None:
    """An algorithm's with its settings, their units and what it needs."""
    page = pages.page(name)
    assert len(page) > 60
    if name in algorithms.names():
        for word in ("Settings", "Needs", "default", "transports"):
            assert word in page


def test_a_variants_page_has_its_own_defaults() -> None:
    """MA-SOBA averages."""
    line = next(line for line in pages.page("ma_soba").splitlines() if line.strip().startswith("averaging"))
    assert "default 0.1" in line


def test_an_algorithms_page_says_over_which_range_a_step_is_searched() -> None:
    """In a column of its own; settings that are not searched have none."""
    page = pages.page("soba")
    lines = {line.split()[0]: line for line in page.splitlines() if line.startswith("    ")}
    assert "default 0.05   searched 0.0005 to 5  a: step" in lines["step_x"]
    assert "searched" not in lines["averaging"]
    assert "searched" not in pages.page("quadratic")


def test_a_compressors_page_has_its_settings() -> None:
    """Rand-k keeps k entries or a fraction, and sends indices or a seed."""
    page = pages.page("rand_k")
    assert page.startswith("Rand-k: ")
    for name in ("fraction", "seeded", "name"):
        assert any(line.split()[:1] == [name] for line in page.splitlines())


def test_a_setting_that_is_a_table_names_what_it_may_be() -> None:
    """C-SOBA's compressor, and its default as a file would give it."""
    line = next(line for line in pages.page("c_soba").splitlines() if line.split()[:1] == ["compressor"])
    assert "{ name = identity | rand_k |" in line
    assert 'default { name = "rand_k", fraction = 0.1 }' in line


def test_the_plan_of_a_long_scenario_says_how_long_it_takes(written: Callable[..., Path], text: str) -> None:
    """Where its file does."""
    assert "on one core" not in pages.plan(loader.load(written(text)))
    plan = pages.plan(loader.load(written("takes_minutes = 12\n" + text)))
    assert "takes      about 12 minutes on one core" in plan


def test_the_plan_says_what_would_be_run(written: Callable[..., Path], text: str) -> None:
    """Runs, agents, end, target, and what cannot run."""
    plan = pages.plan(loader.load(written(text + '\n[[algorithms]]\nname = "ma_soba"\n')))
    for words in (
        "small.toml is valid",
        "4: 2 algorithms, 2 seeds",
        "4 with data, and a server",
        "quadratic: 3 upper, 2 lower variables",
        "at the first of 100 simulated seconds, 6 rounds",
        "relative_distance_to_optimum below 0.9",
        "ma_soba on ring, waits: all; not applicable: ma_soba needs a server",
    ):
        assert words in plan
