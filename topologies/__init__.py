"""Who is linked to whom, and how they mix: graphs, mixing weights, spectra. Pure mathematics: no clock, no network.

`build` makes a graph of a named family (`names` lists them, `load` gives a family's module), `weights.build` its mixing
weights, and `spectrum` says how fast they average.

>>> import numpy as np
>>> ring = build("ring", 6, np.random.default_rng(0))
>>> round(spectrum(weights.build("metropolis", ring)).lambda_min, 12)
-0.333333333333
"""

from topologies import weights
from topologies.errors import TopologyError
from topologies.families import build, load, names, summary
from topologies.graph import Graph
from topologies.spectrum import Spectrum, spectrum
from topologies.weights import Weights

__all__ = [
    "Graph",
    "Spectrum",
    "TopologyError",
    "Weights",
    "build",
    "load",
    "names",
    "spectrum",
    "summary",
    "weights",
]
