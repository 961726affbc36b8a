"""Torus: rows and columns that close."""

import networkx as nx
import numpy as np

import topologies


def test_torus_is_the_product_of_rings() -> None:
    """Three rows of four are the cartesian product of two rings, numbered row by row."""
    torus = topologies.build("torus", None, np.random.default_rng(0), rows=3, columns=4)
    product = nx.cartesian_product(nx.cycle_graph(3), nx.cycle_graph(4))
    expected = {frozenset((4 * a + b, 4 * c + d)) for (a, b), (c, d) in product.edges}
    assert {frozenset(edge) for edge in torus.edges} == expected


def test_two_rows_have_no_doubled_links() -> None:
    """With two rows the way round and the way down are one link."""
    torus = topologies.build("torus", 6, np.random.default_rng(0), rows=2)
    assert {torus.degree(i) for i in range(6)} == {3}


def test_a_prime_number_of_agents_is_a_ring() -> None:
    """Seven agents fill one row, which closes into a ring."""
    torus = topologies.build("torus", 7, np.random.default_rng(0))
    assert torus.edges == topologies.build("ring", 7, np.random.default_rng(0)).edges
