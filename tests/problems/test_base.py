"""The interfaces: every problem and view offers what they ask for."""

import inspect

import numpy as np
import pytest

import problems
from problems import base, reference
from problems.metered import Metered
from problems.partition import Partition


def methods(protocol):
    return {name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")}


def members(protocol):
    return {name for name in vars(protocol) if not name.startswith("_")}


def views():
    for name in problems.names():
        module = problems.load(name)
        problem = module.build(module.Settings(), 3, 0)
        yield problem.local(0)
        yield problem.stack([0, 1])
        yield problem.average()
        yield reference.MeanOfAgents(problem)
        yield Metered(problem.local(0), lambda name, operations: None)
    module = problems.load("regularisation")
    yield module.build(module.Settings(partition=Partition(kind="dirichlet")), 3, 0).stack([0, 1])


@pytest.mark.parametrize("view", list(views()), ids=lambda view: type(view).__name__)
def test_every_view_is_a_local(view):
    """Each class has all members of Local, with the same argument names in the same order."""
    assert members(base.Local) <= set(dir(view))
    for method in methods(base.Local):
        wanted = list(inspect.signature(getattr(base.Local, method)).parameters)[1:]
        assert list(inspect.signature(getattr(view, method)).parameters) == wanted, method


@pytest.mark.parametrize("name", problems.names())
def test_every_problem_is_a_problem(name):
    """Each problem has all members of Problem, and starts and metrics of the stated shapes."""
    module = problems.load(name)
    problem = module.build(module.Settings(), 3, 0)
    assert members(base.Problem) <= set(dir(problem))
    x, y = problem.start(np.random.default_rng(0))
    assert (x.shape, y.shape) == ((problem.dim_x,), (problem.dim_y,))
    assert (x.dtype, y.dtype) == (problem.dtype, problem.dtype)
    for metric in problem.metrics.values():
        assert metric.doc
        assert metric.better in ("lower", "higher")


def test_fused_calls_are_made_of_counted_oracles():
    """What a fused call is charged as has a name of its own; the two lists together are all oracles of Local."""
    assert {part for parts in base.FUSED.values() for part in parts} <= set(base.COUNTED)
    rest = {"start", "draw", "charges"}
    assert methods(base.Local) - rest == set(base.COUNTED) | set(base.FUSED)
