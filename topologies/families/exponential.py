"""Exponential: each agent is linked to those 1, 2, 4, 8, ... places away on a circle, both ways.

The undirected form of the static exponential graph: about 2 log2(n) links an agent, and a spectral gap that falls only
like 1 / log2(n).

Reference: Ying, Yuan, Chen, Hu, Pan, Yin (2021), Exponential graph is provably efficient for decentralized deep
training, NeurIPS.
"""

from dataclasses import dataclass

import numpy as np

from topologies.graph import Graph, needed


@dataclass(frozen=True)
class Settings:
    """An exponential graph has no settings."""


def build(settings: Settings, agents: int | None, rng: np.random.Generator) -> Graph:
    """Links i - (i + 2^k) mod agents for every 2^k < agents."""
    size = needed(agents, "exponential")
    hops = [2**k for k in range((size - 1).bit_length())]
    return Graph.of(size, ((i, (i + hop) % size) for i in range(size) for hop in hops), "exponential")
