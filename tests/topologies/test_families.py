"""Contract of all families that are found, and how they are found."""

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Doc

import topologies
from topologies import Graph, TopologyError, families

SELF_MADE = tuple(name for name in topologies.names() if name != "file")
RANDOM = ("erdos_renyi", "geometric", "random_regular", "small_world")


def draw(name: str, agents: int, seed: int = 0) -> Graph:
    """A graph of the family with its default settings."""
    return topologies.build(name, agents, np.random.default_rng(seed))


@pytest.mark.parametrize("name", ["complete", *RANDOM])
def test_expected_links_are_about_those_of_a_graph(name: str) -> None:
    """Exactly where nothing but the ends is random; within a factor where the number is, and at borders of a square."""
    family = families.load(name)
    expected = family.expected_links(family.Settings(), 200)
    assert 0.7 * expected < len(draw(name, 200).edges) < 1.2 * expected


def test_promised_families_are_there() -> None:
    """The twelve families of the documentation are found, in alphabetical order."""
    assert topologies.names() == (
        "complete",
        "erdos_renyi",
        "exponential",
        "file",
        "geometric",
        "grid",
        "path",
        "random_regular",
        "ring",
        "small_world",
        "star",
        "torus",
    )


@pytest.mark.parametrize("name", topologies.names())
def test_settings_are_frozen_and_documented(name: str) -> None:
    """Settings are a frozen dataclass, and each field says in words what it is."""
    settings = topologies.load(name).Settings
    assert settings.__dataclass_params__.frozen
    hints = get_type_hints(settings, include_extras=True)
    for field in dataclasses.fields(settings):
        assert any(isinstance(extra, Doc) for extra in get_args(hints[field.name])), field.name
    assert topologies.summary(name).endswith(".")


@pytest.mark.parametrize("name", SELF_MADE)
@pytest.mark.parametrize("agents", [5, 6, 16, 30])
def test_graph_is_connected_and_has_the_agents_asked_for(name: str, agents: int) -> None:
    """Every family gives a connected graph for the number of agents that hold data."""
    graph = draw(name, agents)
    assert graph.workers == agents
    assert nx.is_connected(graph.to_networkx())


@pytest.mark.parametrize("name", SELF_MADE)
def test_same_seed_same_graph(name: str) -> None:
    """A graph is a function of its settings and the stream."""
    assert draw(name, 20, seed=3) == draw(name, 20, seed=3)


@pytest.mark.parametrize("name", SELF_MADE)
def test_only_random_families_depend_on_the_seed(name: str) -> None:
    """Another seed gives another graph in exactly the random families."""
    differ = draw(name, 20, seed=3) != draw(name, 20, seed=4)
    assert differ == (name in RANDOM)


@pytest.mark.parametrize("name", SELF_MADE)
def test_global_generators_are_left_alone(name: str) -> None:
    """All randomness comes from the stream that is handed in."""
    python_before = random.getstate()
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global generator is what is being watched
    draw(name, 20)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert random.getstate() == python_before


@pytest.mark.parametrize("name", ["star", "ring", "path", "grid", "torus", "complete", "exponential"])
@pytest.mark.parametrize("agents", [1, 2, 3])
def test_tiny_fleets(name: str, agents: int) -> None:
    """One, two and three agents make a connected graph without special pleading."""
    assert draw(name, agents).workers == agents


@given(agents=st.integers(5, 60), seed=st.integers(0, 2**32 - 1), name=st.sampled_from(RANDOM))
def test_defaults_of_random_families_connect_any_fleet(agents: int, seed: int, name: str) -> None:
    """The default settings are dense enough that a connected graph is found within the draws allowed."""
    assert draw(name, agents, seed).is_connected()


@pytest.mark.parametrize(
    ("name", "agents", "params", "sentence"),
    [
        ("rnig", 4, {}, "topology.name is 'rnig', which is not one of complete, "),
        ("rnig", 4, {}, "did you mean 'ring'?"),
        ("zzz", 4, {}, "topology.name is 'zzz', which is not one of complete, "),
        ("ring", 4, {"radius": 1.0}, "ring.radius is not one of its settings: it has none"),
        ("geometric", 4, {"raduis": 1.0}, "geometric.raduis is not one of radius; did you mean 'radius'?"),
        ("geometric", 4, {"radius": -1.0}, "geometric.radius is -1.0: Input should be greater than 0"),
        ("geometric", 4, {"radius": float("nan")}, "geometric.radius is nan: Input should be greater than 0"),
        ("star", 4, {"workers": "4"}, "star.workers is '4': Input should be a valid integer"),
        ("file", 4, {}, "file.path is missing; it must be given"),
        ("ring", 0, {}, "ring: the number of agents is 0; it must be at least 1"),
        ("ring", None, {}, "ring: give the number of agents"),
    ],
)
def test_bad_requests_are_refused_in_one_sentence(
    name: str, agents: int | None, params: dict[str, object], sentence: str
) -> None:
    """The sentence has the name, the value and the rule, and the nearest known name."""
    with pytest.raises(TopologyError) as refusal:
        topologies.build(name, agents, np.random.default_rng(0), **params)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


WHEEL = '''"""Wheel: a ring around a hub."""
from dataclasses import dataclass
from topologies import Graph
@dataclass(frozen=True)
class Settings:
    pass
def build(settings, agents, rng):
    rim = [(i, i % (agents - 1) + 1) for i in range(1, agents)]
    return Graph.of(agents, rim + [(0, i) for i in range(1, agents)], "wheel")
'''


@pytest.fixture
def wheel_package(install: Callable[..., Path]) -> None:
    """An installed package that brings a family of its own."""
    install(
        "wheel-family", {"wheel_family": WHEEL}, {families.GROUP: {"wheel": "wheel_family", "ring": "wheel_family"}}
    )


@pytest.mark.usefixtures("wheel_package")
def test_families_of_installed_packages_are_found() -> None:
    """A family that a package announces by entry point is listed and built like our own."""
    assert "wheel" in topologies.names()
    assert topologies.summary("wheel") == "Wheel: a ring around a hub."
    assert [draw("wheel", 5).degree(i) for i in range(5)] == [4, 3, 3, 3, 3]
    assert [draw("ring", 5).degree(i) for i in range(5)] == [2, 2, 2, 2, 2]


@pytest.mark.usefixtures("wheel_package")
def test_graphs_that_are_not_connected_are_refused_whoever_made_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that returns a graph in two parts is answered with a sentence."""
    module = topologies.load("wheel")
    monkeypatch.setattr(module, "build", lambda settings, agents, rng: Graph.of(agents, [(0, 1)]))
    with pytest.raises(TopologyError, match="wheel: the graph is not connected"):
        draw("wheel", 5)
