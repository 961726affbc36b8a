"""The families of graphs with their settings, how well each mixes, and the rules of mixing weights."""

import numpy as np

from pages import prose
from pages.columns import of_settings, table
from topologies import families, weights
from topologies.errors import TopologyError
from topologies.graph import Graph
from topologies.spectrum import spectrum

AGENTS = 16
"""Of the graphs that are compared."""


def page() -> str:
    """A section a family."""
    parts = []
    for name in families.names():
        module = families.load(name)
        parts += [f"## `{name}`", prose.markdown(module.__doc__, level=3), of_settings(module.Settings)]
    return "\n\n".join(parts)


def mixing() -> str:
    """Links and spectrum of every family that can be built from a number of agents alone."""
    rows = []
    for name in families.names():
        graph = _built(name)
        if graph is None or graph.workers != graph.size:
            continue
        plain, lazy = (spectrum(weights.build(rule, graph)) for rule in ("metropolis", "lazy_metropolis"))
        cells = [f"{round(value, 3) + 0.0:.3f}" for value in (plain.gap, plain.lambda_min, lazy.gap)]
        rows.append((f"`{name}`", str(len(graph.edges)), *cells))
    titles = ("family", f"links of {AGENTS} agents", "spectral gap", "smallest eigenvalue", "gap with lazy weights")
    return table(titles, rows)


def rules() -> str:
    """The rules of mixing weights."""
    rows = [(f"`{name}`", prose.inline(prose.opening(rule.__doc__))) for name, rule in weights.RULES.items()]
    return table(("rule", "what it is"), rows)


def _built(name: str) -> Graph | None:
    try:
        return families.build(name, AGENTS, np.random.default_rng(0))
    except TopologyError:  # its settings have no defaults that suit every number of agents
        return None
