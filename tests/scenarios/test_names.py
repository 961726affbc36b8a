"""Names of everything."""

import pytest

from scenarios import names
from scenarios.errors import ScenarioError


def test_every_kind_has_names_and_each_name_a_summary() -> None:
    """One line, without line breaks."""
    assert set(names.KINDS) == {"algorithms", "problems", "compressors", "topologies", "scenarios"}
    for kind in names.KINDS.values():
        for name in kind.names():
            summary = kind.summary(name)
            assert summary
            assert "\n" not in summary


def test_find_knows_the_kind_of_a_name() -> None:
    """Names of different kinds are looked up in one place."""
    assert names.find("ring") == "topologies"
    assert names.find("quadratic") == "problems"
    assert names.find("soba") == "algorithms"
    assert names.find("rand_k") == "compressors"
    with pytest.raises(ScenarioError, match='nearest is "soba"'):
        names.find("sobaa")


def test_no_name_stands_for_two_things() -> None:
    """So that `show NAME` needs no kind."""
    every = [name for kind in names.KINDS.values() for name in kind.names()]
    assert len(every) == len(set(every))


def test_check_gives_the_nearest_name() -> None:
    """Of the same kind only."""
    assert names.check("topologies", "ring", "f", "k") == []
    (mistake,) = names.check("topologies", "sobar", "f", "network.topology.name")
    assert mistake.key == "network.topology.name"
    assert '"soba"' not in mistake.rule


def test_first_line_joins_a_broken_sentence() -> None:
    """The first paragraph, on one line, without its full stop."""
    assert names.first_line("One\n    two.\n\n    More.") == "One two"
