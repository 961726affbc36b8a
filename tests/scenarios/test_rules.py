"""What an algorithm cannot do here, and limits that only a whole scenario has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import loader, rules
from scenarios.errors import ScenarioError

LOST = 'at_s = 50.0\nmemory = "lost"'


@pytest.mark.parametrize(
    ("before", "after", "label", "sentence"),
    [
        ('topology = { name = "star" }', "", "soba", "needs a server"),
        ('name = "dsoba"', 'name = "dsoba"\ntopology = { name = "star" }', "dsoba", "has no server"),
    ],
)
def test_what_cannot_run_here_is_told_and_the_others_run(
    before: str, after: str, label: str, sentence: str, written: Callable[..., Path], text: str
) -> None:
    """A wrong graph makes one entry not applicable, in one sentence; no other entry is touched."""
    scenario = loader.load(written(text.replace(before, after)))
    refused = {entry.label: entry.refused for entry in scenario.entries}
    assert sentence in (refused.pop(label) or "")
    assert set(refused.values()) == {None}


def test_needs_of_an_algorithm_are_compared_with_the_scenario(
    monkeypatch: pytest.MonkeyPatch, written: Callable[..., Path], text: str
) -> None:
    """Waiting, lossy links and lost memory are refused when the algorithm does not state that it bears them."""
    import dataclasses

    import algorithms

    module = algorithms.load("dsoba").module
    shy = dataclasses.replace(module.NEEDS, waits=("all",), links=("retransmit",), memory_loss=())
    monkeypatch.setattr(module, "NEEDS", shy)
    for before, after, sentence in (
        ('name = "dsoba"', 'name = "dsoba"\nwait = { policy = "latest" }', 'policy = "latest"'),
        ("bandwidth_mbit_s = 100.0", 'loss = { probability = 0.1 }\ntransport = "datagram"', 'transport = "datagram"'),
        ("bandwidth_mbit_s = 100.0", 'transport = "datagram"', "cannot bear loss"),  # while agent 1 is away
        ("at_s = 50.0", LOST, "keeps no checkpoint of its agent"),
    ):
        entry = loader.load(written(text.replace(before, after))).entries[1]
        assert sentence in (entry.refused or "")
    forever = text.replace("at_s = 50.0", LOST).replace("recover_after_s = 1.0\n", "")
    assert loader.load(written(forever)).entries[1].refused is None


def test_memory_is_asked_for_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, written: Callable[..., Path], text: str
) -> None:
    """A graph of a billion agents is refused at once, without a graph."""
    monkeypatch.setattr(rules.graphs, "of_seeds", lambda *_: pytest.fail("built a graph"))
    with pytest.raises(ScenarioError, match="GiB of memory"):
        loader.load(written(text.replace("agents = 4", "agents = 1_000_000_000")))


def test_random_graphs_are_checked_for_every_seed(written: Callable[..., Path], text: str) -> None:
    """That the first seed has a connected graph is not enough."""
    sparse = text.replace('name = "ring", agents = 4', 'name = "erdos_renyi", agents = 6, probability = 0.14')
    assert loader.load(written(sparse), {"seeds": [0]}).agents == 6
    with pytest.raises(ScenarioError, match="none of 100 random graphs"):
        loader.load(written(sparse), {"seeds": 200})


def test_an_override_counts_as_many_agents_as_the_network(written: Callable[..., Path], text: str) -> None:
    """Also where the network's agents follow from rows and columns."""
    torus = text.replace('name = "ring", agents = 4', 'name = "torus", rows = 2, columns = 3')
    scenario = loader.load(written(torus))
    assert scenario.agents == 6
    assert [entry.placement.agents for entry in scenario.entries] == [6, 6]
