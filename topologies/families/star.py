"""Star: every worker is linked to one server and to nobody else.

The workers 0, ..., N - 1 hold the data; the server is agent N and holds none.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt
from typing_extensions import Doc

from topologies.errors import TopologyError
from topologies.graph import Graph


@dataclass(frozen=True)
class Settings:
    """Settings of a star."""

    workers: Annotated[int | None, Gt(0), Doc("number of workers, the server not counted; default: all agents")] = None


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """A star of `agents` workers around the server, which is agent number `agents`."""
    workers = settings.workers if agents is None else agents
    if workers is None:
        raise TopologyError("star: give the number of agents, or star.workers")
    if settings.workers not in (None, workers):
        raise TopologyError(f"star.workers is {settings.workers}, but the scenario has {agents} agents")
    return Graph.of(workers + 1, ((worker, workers) for worker in range(workers)), "star", server=workers)
