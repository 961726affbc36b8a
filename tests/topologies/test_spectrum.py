"""Spectra against closed forms, below and above the size where the method changes."""

import numpy as np
import pytest

import topologies
from topologies import Graph, Spectrum, weights
from topologies.spectrum import DENSE_BELOW

SMALL_AND_LARGE = [6, 7, 16, 64, DENSE_BELOW, DENSE_BELOW + 101, 2000]


def metropolis(name: str, agents: int, **params: object) -> Spectrum:
    """The spectrum of Metropolis weights on a graph that needs no randomness."""
    graph = topologies.build(name, agents, np.random.default_rng(0), **params)
    return topologies.spectrum(weights.metropolis(graph))


@pytest.mark.parametrize("n", SMALL_AND_LARGE)
def test_ring(n: int) -> None:
    """The ring has the eigenvalues 1/3 + 2/3 cos(2 pi k / n); for even n the smallest is -1/3."""
    expected = 1 / 3 + 2 / 3 * np.cos(2 * np.pi * np.arange(n) / n)
    found = metropolis("ring", n)
    assert found.lambda_2 == pytest.approx(expected[1], abs=1e-12)
    assert found.lambda_min == pytest.approx(expected.min(), abs=1e-12)
    if n % 2 == 0:
        assert found.lambda_min == pytest.approx(-1 / 3, abs=1e-12)


@pytest.mark.parametrize("n", SMALL_AND_LARGE)
def test_path(n: int) -> None:
    """The path has the eigenvalues 1/3 + 2/3 cos(pi k / n), k = 0, ..., n - 1."""
    found = metropolis("path", n)
    assert found.lambda_2 == pytest.approx(1 / 3 + 2 / 3 * np.cos(np.pi / n), abs=1e-12)
    assert found.lambda_min == pytest.approx(1 / 3 - 2 / 3 * np.cos(np.pi / n), abs=1e-12)


@pytest.mark.parametrize(("rows", "columns"), [(4, 5), (6, 6), (3, 10), (25, 24)])
def test_torus(rows: int, columns: int) -> None:
    """The torus is a product of rings: (1 + 2 cos a + 2 cos b) / 5 over the angles of both."""
    a = 2 * np.pi * np.arange(rows)[:, None] / rows
    b = 2 * np.pi * np.arange(columns)[None, :] / columns
    expected = np.sort(((1 + 2 * np.cos(a) + 2 * np.cos(b)) / 5).ravel())
    found = metropolis("torus", rows * columns, rows=rows, columns=columns)
    assert found.lambda_2 == pytest.approx(expected[-2], abs=1e-10)
    assert found.lambda_min == pytest.approx(expected[0], abs=1e-10)


@pytest.mark.parametrize("n", [2, 5, 50, DENSE_BELOW + 20])
def test_complete(n: int) -> None:
    """In a complete graph one round of mixing gives the mean: all other eigenvalues are 0 and the gap is 1."""
    found = metropolis("complete", n)
    assert found.lambda_2 == pytest.approx(0, abs=1e-12)
    assert found.lambda_min == pytest.approx(0, abs=1e-12)
    assert found.gap == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("workers", [2, 5, 50, DENSE_BELOW + 20])
def test_star(workers: int) -> None:
    """With N workers every link weighs 1 / (N + 1): eigenvalues 1, N / (N + 1) and, with the server, 0."""
    found = metropolis("star", workers)
    assert found.lambda_2 == pytest.approx(workers / (workers + 1), abs=1e-12)
    assert found.lambda_min == pytest.approx(0, abs=1e-12)
    assert found.gap == pytest.approx(1 / (workers + 1), abs=1e-12)


@pytest.mark.parametrize("n", [8, 11, 16, 100, 1000])
def test_exponential(n: int) -> None:
    """A circulant: (1 + sum of cos(2 pi m h / n) over the hops h both ways) / (1 + number of hops)."""
    hops = sorted({sign * 2**k % n for k in range(12) if 2**k < n for sign in (1, -1)})
    waves = np.cos(2 * np.pi * np.outer(np.arange(n), hops) / n).sum(axis=1)
    expected = np.sort((1 + waves) / (1 + len(hops)))
    found = metropolis("exponential", n)
    assert found.lambda_2 == pytest.approx(expected[-2], abs=1e-10)
    assert found.lambda_min == pytest.approx(expected[0], abs=1e-10)


@pytest.mark.parametrize("n", [64, 512])
def test_exponential_gap_falls_only_with_the_logarithm(n: int) -> None:
    """For a power of two, 1 - lambda_2 stays within a small factor of 1 / log2(n), while the ring's vanishes."""
    gap = 1 - metropolis("exponential", n).lambda_2
    assert 1 <= gap * np.log2(n) <= 3
    assert metropolis("ring", n).gap < gap / 50


@pytest.mark.parametrize("name", ["random_regular", "erdos_renyi", "small_world", "geometric", "grid"])
def test_large_random_graphs_agree_with_all_eigenvalues(name: str) -> None:
    """Above the size of the dense method the two eigenvalues are those of the full decomposition."""
    graph = topologies.build(name, DENSE_BELOW + 100, np.random.default_rng(5))
    mixing = weights.metropolis(graph)
    every = np.linalg.eigvalsh(mixing.dense())
    found = topologies.spectrum(mixing)
    assert found.lambda_2 == pytest.approx(every[-2], abs=1e-9)
    assert found.lambda_min == pytest.approx(every[0], abs=1e-9)


def test_lazy_halves_the_way_to_one() -> None:
    """Lazy weights move each eigenvalue half way to 1."""
    ring = topologies.build("ring", 8, np.random.default_rng(0))
    plain, slow = (topologies.spectrum(weights.build(rule, ring)) for rule in ("metropolis", "lazy_metropolis"))
    assert slow.lambda_2 == pytest.approx((1 + plain.lambda_2) / 2, abs=1e-12)
    assert slow.lambda_min == pytest.approx((1 + plain.lambda_min) / 2, abs=1e-12)


def test_gap_counts_the_negative_end_too() -> None:
    """Two agents that swap values never agree: lambda_min = -1 and the gap is 0."""
    swap = Graph(2, ((0, 1),), edge_weights=(1.0,))
    assert topologies.spectrum(weights.given(swap)).gap == pytest.approx(0, abs=1e-15)
    assert Spectrum(lambda_2=0.5, lambda_min=-0.75).gap == 0.25


def test_one_agent_has_nothing_left_to_mix() -> None:
    """Alone, both eigenvalues are 0 by convention and the gap is 1."""
    assert metropolis("ring", 1) == Spectrum(0.0, 0.0)
    assert metropolis("ring", 1).gap == 1.0


def test_same_digits_every_time() -> None:
    """The iteration starts at a fixed vector, so large spectra are reproducible."""
    assert metropolis("exponential", 700) == metropolis("exponential", 700)
