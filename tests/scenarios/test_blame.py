"""From a stretch of the critical path to the keys of the scenario: every kind of piece, every kind of trouble."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import blame, loader
from scenarios.scenario import Scenario
from simulator import causes
from simulator.causes import Piece

TROUBLES = """\
question = "What is to blame?"

[stop]
simulated_seconds = 100.0

[problem]
name = "quadratic"
dim_x = 3
dim_y = 2

[network]
topology = { name = "ring", agents = 6 }
latency_s = 0.01
jitter_s = { distribution = "exponential", mean = 0.01 }
bandwidth_mbit_s = 100.0
uplink_mbit_s = 10.0
loss = { probability = 0.1 }
tries = 1000

[compute]
speed_gflop_s = 1.0

[[stragglers]]
agents = [3]
slowdown = 10.0

[[stragglers]]
kind = "random"
slowdown = { distribution = "exponential", mean = 2.0 }

[[stragglers]]
kind = "periods"
agents = [3, 4]
slowdown = 5.0
fast_s = 1.0
slow_s = 1.0

[[stragglers]]
kind = "trace"
file = "trace.csv"

[[failures]]
kind = "crash"
agents = [1, 2]
at_s = 5.0
recover_after_s = 2.0

[[failures]]
kind = "crash"
agents = [1]
at_s = 50.0

[[failures]]
kind = "random_crash"
agents = [0, 1]
mtbf_s = 10.0
repair_s = 1.0

[[failures]]
kind = "link_down"
link = [1, 0]
at_s = 5.0
for_s = 2.0

[[failures]]
kind = "random_link_down"
links = [[0, 1], [1, 2]]
mtbf_s = 10.0
repair_s = 1.0

[[failures]]
kind = "partition"
groups = [[0, 1], [2]]
at_s = 20.0
for_s = 5.0

[[failures]]
kind = "random_link_down"
mtbf_s = 10.0
repair_s = 1.0

[[algorithms]]
name = "dsoba"
wait = { policy = "deadline", seconds = 0.5 }
"""


@pytest.fixture
def troubled(written: Callable[..., Path]) -> Scenario:
    """Every kind of straggler and failure, twice where two can meet."""
    path = written(TROUBLES)
    (path.parent / "trace.csv").write_text("agent,at_s,slowdown\n5,1.0,3.0\n")
    return loader.load(path)


def blamed(
    scenario: Scenario, what: str, start: float, end: float, agent: int, sender: int | None = None, why: str = ""
) -> str:
    """What a piece is due to."""
    return blame.because(scenario, scenario.entries[0], Piece(what, start, end, agent, sender, why))


@pytest.mark.parametrize(
    ("agent", "keys"),
    [
        (0, "stragglers.1"),
        (3, "stragglers.0, stragglers.1, stragglers.2"),
        (4, "stragglers.1, stragglers.2"),
        (5, "stragglers.1, stragglers.3"),
    ],
)
def test_a_slowdown_is_due_to_the_stragglers_that_touch_the_agent(troubled: Scenario, agent: int, keys: str) -> None:
    """Fixed, random (all agents), periods, and those of a trace's file."""
    assert blamed(troubled, causes.SLOWED, 1.0, 2.0, agent) == keys


@pytest.mark.parametrize(
    ("agent", "start", "end", "keys"),
    [
        (2, 5.0, 7.0, "failures.0"),
        (1, 6.0, 7.0, "failures.0"),
        (1, 50.0, 60.0, "failures.1"),
        (1, 7.0, 8.0, "failures.2"),
        (0, 5.0, 6.0, "failures.2"),
    ],
)
def test_an_outage_is_due_to_the_crash_of_that_time(
    troubled: Scenario, agent: int, start: float, end: float, keys: str
) -> None:
    """A planned one if there was one then, else those that come at random."""
    assert blamed(troubled, causes.DOWN, start, end, agent) == keys


def test_lost_work_is_due_to_the_crash_at_its_end(troubled: Scenario) -> None:
    """Not to one that came before it."""
    assert blamed(troubled, causes.LOST_WORK, 3.0, 5.0, 2) == "failures.0"
    assert blamed(troubled, causes.LOST_WORK, 6.0, 50.0, 1) == "failures.1"
    assert blamed(troubled, causes.LOST_WORK, 6.0, 49.0, 1) == "failures.2"


def test_a_message_is_due_to_the_network(troubled: Scenario) -> None:
    """Its latency; and of the rest whatever the scenario sets."""
    assert blamed(troubled, causes.LATENCY, 1.0, 2.0, 0, 1) == "network.latency_s"
    rates = "network.bandwidth_mbit_s, network.uplink_mbit_s, network.jitter_s"
    assert blamed(troubled, causes.TRANSFER, 1.0, 2.0, 0, 1) == rates


@pytest.mark.parametrize(
    ("why", "ends", "start", "end", "keys"),
    [
        ("loss", (0, 1), 5.0, 6.0, "network.loss"),
        ("receiver down", (1, 2), 4.0, 6.0, "failures.0"),
        ("link down", (0, 1), 5.0, 6.0, "failures.3, failures.4, failures.6"),
        ("link down", (0, 1), 8.0, 9.0, "failures.4, failures.6"),
        ("link down", (1, 2), 21.0, 22.0, "failures.4, failures.5, failures.6"),
        ("link down", (3, 4), 21.0, 22.0, "failures.6"),
        ("link down", (2, 3), 24.0, 26.0, "failures.5, failures.6"),
    ],
)
def test_a_message_sent_again_is_due_to_what_lost_it(
    troubled: Scenario, why: str, ends: tuple[int, int], start: float, end: float, keys: str
) -> None:
    """Loss, the receiver's crash, or a failure of the link that may have been under way."""
    assert blamed(troubled, causes.SENT_AGAIN, start, end, ends[1], ends[0], why) == keys


def test_a_timeout_is_the_policys_or_the_algorithms_own(troubled: Scenario) -> None:
    """Told apart by its length."""
    assert blamed(troubled, causes.DEADLINE, 10.0, 10.5, 0) == "wait.seconds"
    assert blamed(troubled, causes.DEADLINE, 10.0, 12.0, 0) == "settings of dsoba"
    assert blamed(troubled, causes.SLEEPING, 10.0, 10.5, 0) == "settings of dsoba"


def test_computing_is_due_to_what_a_step_costs(troubled: Scenario) -> None:
    """The one of three keys that the scenario uses."""
    assert blamed(troubled, causes.COMPUTING, 1.0, 2.0, 0) == "compute.speed_gflop_s"
