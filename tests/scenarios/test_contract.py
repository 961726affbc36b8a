"""The contract that algorithms of other packages can be held to."""

from collections.abc import Callable
from pathlib import Path

import pytest

import algorithms
import scenarios
from scenarios import contract

Install = Callable[..., Path]


@pytest.mark.parametrize("name", ["sldbo", "soba"])
def test_exact_methods_of_ours_keep_it(name: str) -> None:
    """One over a graph, one with a server."""
    assert contract.broken(name, rounds=1500, tolerance=1e-6) == []


def test_a_biased_method_does_not_reach_the_optimum() -> None:
    """Each metric that stays too large is a sentence of its own."""
    found = contract.broken("dsoba", rounds=800, tolerance=1e-6)
    assert [sentence.partition(" is ")[0] for sentence in found] == [
        "dsoba: after 800 rounds distance_to_optimum",
        "dsoba: after 800 rounds lower_residual",
    ]


def test_a_run_that_diverges_is_told_with_its_end() -> None:
    """Steps are settings like others."""
    (sentence,) = contract.broken("sldbo", rounds=2000, settings={"step_y": 9.0})
    assert sentence.startswith("sldbo: its run of 2000 rounds ended as diverged: ")


CARELESS = '''"""Careless."""
from dataclasses import dataclass
from typing import Annotated
from typing_extensions import Doc
from algorithms.dsoba import NEEDS
COUNT = iter(range(10**6))

@dataclass(frozen=True)
class Settings:
    bare: float = 1.0
    unread: Annotated[float, Doc("read by nobody, 1")] = 1.0

def program(agent, settings):
    x, y = agent.problem.start(agent.shared_rng("start"))
    agent.report(0, x=x + settings.bare, y=y)
    for k in agent.rounds():
        yield agent.compute(agent.problem.lower_grad_y, x, y)
        agent.report(k, x=x + next(COUNT) * agent.now, y=y)
'''


def test_whatever_a_careless_module_breaks_is_told(install: Install) -> None:
    """No page, a setting without a word, one that nobody reads, no optimum, and a history that is never the same."""
    install("careless", {"careless": CARELESS}, {algorithms.GROUP: {"careless": "careless"}})
    told = contract.broken("careless", rounds=2)
    assert told[:3] == [
        "careless: its docstring says nothing of Paper, Problem, Costs, Traps",
        "careless: its setting bare has no Doc that says what it is",
        "careless: its setting unread is read nowhere",
    ]
    assert any("distance_to_optimum" in sentence for sentence in told)
    assert told[-2:] == [
        "careless: two runs with the same seed have different histories",
        "careless: a slow agent changes its iterates, though everybody is waited for",
    ]


def test_what_cannot_be_used_is_told_with_the_reason(install: Install) -> None:
    """Nothing else is asked of it."""
    install("bad-package", {"bad": ""}, {algorithms.GROUP: {"bad": "bad"}})
    (sentence,) = contract.broken("bad")
    assert sentence.startswith("bad cannot be used: bad-package 1.0 announces ")


def test_a_run_in_its_world_can_be_changed() -> None:
    """By key paths, as in scenarios.load."""
    one, other = (contract.run("soba", 3, {"problem.heterogeneity": value}) for value in (0.5, 0.0))
    assert [*one.runs["rounds"], *other.runs["rounds"]] == [3, 3]
    assert one.history["lower_residual"].iloc[0] == other.history["lower_residual"].iloc[0]
    assert one.runs["fingerprint"].iloc[0] != other.runs["fingerprint"].iloc[0]


def test_the_world_is_the_one_that_the_module_describes() -> None:
    """Agents, lengths and metrics."""
    scenario = scenarios.load(contract.WORLD)
    sizes = scenario.agents, scenario.problem.dim_x, scenario.problem.dim_y
    assert sizes == (contract.AGENTS, contract.DIM_X, contract.DIM_Y)
    assert scenario.metrics == contract.METRICS
