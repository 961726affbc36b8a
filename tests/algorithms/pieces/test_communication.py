"""The communication schemes against dense matrices, on affine directions with a known fixed point."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from algorithms.pieces.communication import Scheme, links_of, scheme, step_together, waits_of

NAMES = ("se_atc", "se_cta", "gt_non_atc", "gt_semi_atc", "gt_atc", "exact_diffusion", "extra")
TRACKING = ("gt_non_atc", "gt_semi_atc", "gt_atc")
CORRECTED = (*TRACKING, "exact_diffusion", "extra")
STEP = 0.05


class Mixer:
    """Stands for an agent: hands out what is to be mixed, and nothing else."""

    def mix(self, round_: int, *arrays: np.ndarray, slot: str = "") -> Any:
        return (round_, slot, arrays)


def lazy_ring(n: int) -> np.ndarray:
    """(I + W)/2 with W the ring of weights 1/3; for n = 1 the number one."""
    if n == 1:
        return np.ones((1, 1))
    w = np.zeros((n, n))
    for i in range(n):
        for j in (i - 1, i, i + 1):
            w[i, j % n] += 1 / 3
    return (np.eye(n) + w) / 2


class Affine:
    """Directions D_i(s) = H_i s - b_i of n agents, whose sum vanishes at `solution`."""

    def __init__(self, n: int, dim: int = 3, spread: float = 1.0):
        rng = np.random.default_rng(7)
        self.h = np.eye(dim) * 2.0 + spread * rng.uniform(-0.5, 0.5, (n, dim, dim))
        self.h = (self.h + self.h.swapaxes(1, 2)) / 2
        self.b = 1.0 + spread * rng.standard_normal((n, dim))
        self.solution = np.linalg.solve(self.h.sum(0), self.b.sum(0))

    def __call__(self, s: np.ndarray) -> np.ndarray:
        return (self.h @ s[:, :, None])[:, :, 0] - self.b


Log = list[tuple[int, str, int]]


def iterate(
    name: str, w: np.ndarray, directions: Callable[[np.ndarray], np.ndarray], start: np.ndarray, rounds: int
) -> Iterator[tuple[np.ndarray, list[Scheme], Log]]:
    """Run a scheme on all agents in step; yields the iterates (n, dim), the schemes and the exchanges so far."""
    n, s, log = len(w), start, []
    schemes = [scheme(name) for _ in range(n)]
    for k in range(1, rounds + 1):
        d = directions(s)
        steps = [schemes[i].step(Mixer(), k, (s[i],), (d[i],), (STEP,)) for i in range(n)]
        asked = [next(step) for step in steps]
        while True:
            round_, slot, arrays = asked[0]
            log.append((round_, slot, sum(array.size for array in arrays)))
            mixed = [w @ np.stack([request[2][part] for request in asked]) for part in range(len(arrays))]
            asked, done = [], []
            for i, step in enumerate(steps):
                try:
                    asked.append(step.send(tuple(part[i] for part in mixed)))
                except StopIteration as end:
                    done.append(end.value[0])
            if done:
                break
        s = np.stack(done)
        yield s, schemes, log


def written_out(
    name: str, w: np.ndarray, directions: Callable[[np.ndarray], np.ndarray], s: np.ndarray, rounds: int
) -> np.ndarray:
    """The update of the table with all agents in one matrix."""
    d = directions(s)
    t, old, moves = d, None, None
    for k in range(rounds):
        d, d_old = directions(s), d
        if k > 0 and name in TRACKING:
            t = w @ (t + d - d_old) if name == "gt_atc" else w @ t + d - d_old
        if name == "se_atc":
            new = w @ (s - STEP * d)
        elif name == "se_cta":
            new = w @ s - STEP * d
        elif name == "gt_non_atc":
            new = w @ s - STEP * t
        elif name in TRACKING:
            new = w @ (s - STEP * t)
        elif old is None:
            new = w @ (s - STEP * d) if name == "exact_diffusion" else w @ s - STEP * d
        elif name == "exact_diffusion":
            new = w @ (2 * s - old - STEP * d + moves)
        else:
            new = w @ (2 * s - old) - STEP * d + moves
        old, moves, s = s, STEP * d, new
    return s


@pytest.mark.parametrize("name", NAMES)
def test_scheme_is_its_row_of_the_table(name: str) -> None:
    """Message by message is the same as the formula with the whole matrix, from different starting points."""
    w, directions = lazy_ring(5), Affine(5)
    start = np.random.default_rng(1).standard_normal((5, 3))
    *_, (s, _, _) = iterate(name, w, directions, start, 12)
    np.testing.assert_allclose(s, written_out(name, w, directions, start, 12), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "power_a", "root_b", "power_c"),
    [("exact_diffusion", 1, True, 0), ("extra", 0, True, 1), ("gt_semi_atc", 1, False, 1), ("gt_non_atc", 0, False, 2)],
)
def test_scheme_has_its_unified_form(name: str, power_a: int, root_b: bool, power_c: int) -> None:
    """From a common start the iterates are those of s+ = A (C s - a D) - B e, e+ = e + B s+."""
    n, w, directions = 6, lazy_ring(6), Affine(6)
    values, vectors = np.linalg.eigh(np.eye(n) - w)
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    a, c = (np.linalg.matrix_power(w, power) for power in (power_a, power_c))
    b = root if root_b else np.eye(n) - w
    s, e = np.ones((n, 3)), np.zeros((n, 3))
    for mine, _, _ in iterate(name, w, directions, np.ones((n, 3)), 15):
        s = a @ (c @ s - STEP * directions(s)) - b @ e
        e = e + b @ s
        np.testing.assert_allclose(mine, s, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", CORRECTED)
def test_corrected_schemes_reach_the_solution_of_the_sum(name: str) -> None:
    """Whatever the agents' differences, the fixed point is consensus at the zero of the summed directions."""
    directions = Affine(5)
    *_, (s, _, _) = iterate(name, lazy_ring(5), directions, np.zeros((5, 3)), 1500)
    np.testing.assert_allclose(s, np.broadcast_to(directions.solution, (5, 3)), atol=1e-11)


@pytest.mark.parametrize("name", ["se_atc", "se_cta"])
def test_uncorrected_schemes_stay_beside_it(name: str) -> None:
    """Without a correction a constant step leaves a bias on different agents."""
    directions = Affine(5)
    *_, (s, _, _) = iterate(name, lazy_ring(5), directions, np.zeros((5, 3)), 1500)
    assert np.abs(s - directions.solution).max() > 1e-2


@pytest.mark.parametrize("name", CORRECTED)
def test_drift_sums_to_zero_at_every_round(name: str) -> None:
    """Sum of trackers = sum of directions, and the sum kept by exact diffusion and EXTRA, to round-off."""
    largest = 0.0
    for _, schemes, _ in iterate(name, lazy_ring(5), Affine(5), np.arange(15.0).reshape(5, 3) / 10, 200):
        drifts = [one.drift[0] for one in schemes if one.drift is not None]
        assert len(drifts) == 5
        largest = max(largest, max(np.abs(drift).max() for drift in drifts))
        assert np.abs(sum(drifts)).max() <= 1e-13
    assert largest > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_one_agent_does_gradient_descent(name: str) -> None:
    """With n = 1 every scheme is s+ = s - a D(s)."""
    directions = Affine(1)
    s = np.ones((1, 3))
    for mine, _, _ in iterate(name, np.ones((1, 1)), directions, np.ones((1, 3)), 30):
        s = s - STEP * directions(s)
        np.testing.assert_allclose(mine, s, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_equal_agents_do_gradient_descent(name: str) -> None:
    """Agents without differences and with equal starts stay equal, and every scheme gives the same iterates."""
    directions = Affine(6, spread=0.0)
    s = np.ones((6, 3))
    for mine, _, _ in iterate(name, lazy_ring(6), directions, np.ones((6, 3)), 30):
        s = s - STEP * directions(s)
        np.testing.assert_allclose(mine, s, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_vectors_and_messages_of_an_iteration(name: str) -> None:
    """One message an iteration of one vector (two with trackers); only gt_atc sends a second, after the first one."""
    *_, (_, _, log) = iterate(name, lazy_ring(4), Affine(4), np.zeros((4, 3)), 3)
    third = [(slot, size) for round_, slot, size in log if round_ == 3]
    if name == "gt_atc":
        assert third == [("trackers", 3), ("", 3)]
        assert [(slot, size) for round_, slot, size in log if round_ == 1] == [("", 3)]
    else:
        assert third == [("", 6 if name in TRACKING else 3)]


@pytest.mark.parametrize("name", NAMES)
def test_restored_scheme_goes_on_as_if_nothing_had_happened(name: str) -> None:
    """`state` holds all that the next iteration needs: a fresh scheme that restores it sends and returns the same."""
    rng = np.random.default_rng(3)
    first, second = scheme(name), scheme(name)
    for k in range(1, 4):
        variable, direction = rng.standard_normal(3), rng.standard_normal(3)
        if k == 3:
            second.restore(first.state())
            assert_same_step(first, second, variable, direction)
        else:
            drive(first, k, variable, direction)


def drive(one: Scheme, k: int, variable: np.ndarray, direction: np.ndarray) -> tuple[list[Any], Any]:
    """Run one step with a made-up answer; what it asked for, and what it returned."""
    requests, new = answer(one.step(Mixer(), k, (variable,), (direction,), (STEP,)))
    return [array for _, _, arrays in requests for array in arrays], new


def answer(step: Any) -> tuple[list[Any], Any]:
    """Answer all requests of a step with made-up means; the requests, and what it returned."""
    requests, request = [], next(step)
    try:
        while True:
            requests.append((*request[:2], [array.copy() for array in request[2]]))
            request = step.send(tuple(0.5 * array + 1.0 for array in request[2]))
    except StopIteration as end:
        return requests, end.value


def assert_same_step(first: Scheme, second: Scheme, variable: np.ndarray, direction: np.ndarray) -> None:
    """Both ask for the same and return the same."""
    (asked, result), (asked_too, result_too) = (drive(one, 3, variable, direction) for one in (first, second))
    np.testing.assert_array_equal(asked, asked_too)
    np.testing.assert_array_equal(result, result_too)


def test_unknown_scheme_lists_the_known_ones() -> None:
    """A misspelt name is answered with the names there are."""
    with pytest.raises(ValueError, match=r"'gt_semi': it must be one of se_atc, .*extra"):
        scheme("gt_semi")


@pytest.mark.parametrize(
    ("upper", "lower", "sent"),
    [
        ("gt_semi_atc", "exact_diffusion", [("", [2, 2, 3])]),
        ("extra", "gt_non_atc", [("", [2, 3, 3])]),
        ("exact_diffusion", "gt_atc", [("trackers", [3]), ("", [2, 3])]),
        ("gt_atc", "gt_atc", [("trackers", [2, 3]), ("", [2, 3])]),
    ],
)
def test_two_schemes_together_are_each_alone_in_one_message(upper: str, lower: str, sent: list[Any]) -> None:
    """Variables of length 2 and 3 under two schemes: the numbers of two separate steps, in the messages of one."""
    rng = np.random.default_rng(5)
    together, alone = ([scheme(upper), scheme(lower)] for _ in range(2))
    for k in range(1, 5):
        variables, directions = ([rng.standard_normal(size) for size in (2, 3)] for _ in range(2))
        parts = [(one, (z,), (d,), (STEP,)) for one, z, d in zip(together, variables, directions, strict=True)]
        requests, new = answer(step_together(Mixer(), k, *parts))
        for one, z, d, found in zip(alone, variables, directions, new, strict=True):
            _, (expected,) = drive(one, k, z, d)
            np.testing.assert_array_equal(found, expected)
    assert [(slot, [len(array) for array in arrays]) for _, slot, arrays in requests] == sent


def test_slots_tell_apart_the_exchanges_of_a_round() -> None:
    """A step given a slot uses it for all its messages, the one sent ahead too."""
    one = scheme("gt_atc")
    z = np.ones(2)
    answer(one.step(Mixer(), 1, (z,), (z,), (STEP,), slot="inner 1"))
    requests, _ = answer(one.step(Mixer(), 1, (z,), (z,), (STEP,), slot="inner 2"))
    assert [slot for _, slot, _ in requests] == ["trackers inner 2", "inner 2"]


def test_drift_is_reported_by_the_names_of_the_variables() -> None:
    """One entry a variable where something is conserved, nothing elsewhere."""
    one, z = scheme("gt_semi_atc"), np.ones(2)
    answer(one.step(Mixer(), 1, (z, z), (z, 2 * z), (STEP, STEP)))
    assert one.drift is not None
    assert list(one.drifts("yu")) == ["drift_y", "drift_u"]
    np.testing.assert_array_equal(one.drifts("yu")["drift_u"], one.drift[1])
    assert scheme("se_atc").drifts("yu") == {}


def test_what_a_scheme_bears() -> None:
    """Lost messages where nothing is conserved at any level; older ones where the scheme leaves its start with them."""
    assert "datagram" in links_of("se_atc", "se_cta")
    assert "datagram" not in links_of("se_atc", "gt_semi_atc")
    assert "latest" in waits_of("gt_semi_atc", "se_atc")
    assert waits_of("gt_semi_atc", "extra") == ("all", "deadline")
