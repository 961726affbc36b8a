"""From a scenario to the simulator's world."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import build, loader, schema
from simulator import delays, stragglers, world

Build = Callable[..., world.World]


@pytest.fixture
def built(written: Callable[..., Path], text: str) -> Build:
    """The world of one algorithm and seed, after replacements in the small scenario."""

    def make(position: int = 0, seed: int = 0, **changes: str) -> world.World:
        new = text
        for before, after in REPLACED.items():
            if before in changes:
                new = new.replace(after, changes[before])
        scenario = loader.load(written(new + changes.get("more", "")))
        return build.build(scenario, scenario.entries[position], seed)

    return make


REPLACED = {
    "bandwidth": "bandwidth_mbit_s = 100.0",
    "compute": "seconds_per_step = 0.1",
    "crash": 'kind = "crash"\nagents = [1]\nat_s = 50.0\nrecover_after_s = 1.0',
    "slow": "agents = [3]\nslowdown = 10.0",
    "stop": "rounds = 6\nsimulated_seconds = 100.0",
}


def test_a_server_method_runs_on_a_star_of_workers(built: Build) -> None:
    """Workers serve for ever and hold the data; the server alone reports."""
    made = built(0)
    *workers, server = made.agents
    assert [agent.neighbors for agent in workers] == [(4,)] * 4
    assert server.neighbors == (0, 1, 2, 3)
    assert all(agent.daemon and not agent.reports and agent.tally is not None for agent in workers)
    assert server.reports
    assert not server.daemon
    assert not hasattr(server.problem, "lower_hvp")


def test_a_gossip_method_runs_on_the_graph_with_its_weights(built: Build) -> None:
    """Rows of the mixing matrix sum to one."""
    made = built(1)
    assert len(made.agents) == 4
    assert made.agents[0].neighbors == (1, 3)
    assert sum(made.agents[0].weights.values()) == pytest.approx(1.0)
    assert all(agent.reports and not agent.daemon for agent in made.agents)


def test_units_become_bytes_and_operations(built: Build) -> None:
    """100 Mbit/s are 12.5 million bytes a second; 2 Gflop/s are 2e9 operations a second."""
    made = built(1, bandwidth="uplink_mbit_s = 8.0\nheader_bytes = 7", compute="speed_gflop_s = 2")
    assert made.network.uplink == 1e6
    assert made.network.downlink == math.inf
    assert made.network.header == 7
    assert made.compute.speed == 2e9


def test_lists_hold_the_server_last_and_graphs_leave_it_out(built: Build) -> None:
    """So that the agents with data have the same speeds under every algorithm."""
    lists = {"compute": "speed_gflop_s = [1, 2, 3, 4, 50]"}
    assert built(0, **lists).compute.speed == (1e9, 2e9, 3e9, 4e9, 5e10)
    assert built(1, **lists).compute.speed == (1e9, 2e9, 3e9, 4e9)


def test_laws_are_drawn_once_an_agent_and_alike_for_all_algorithms(built: Build) -> None:
    """Another seed draws others."""
    law = {"compute": 'speed_gflop_s = { distribution = "uniform", low = 1, high = 2 }'}
    star, ring = built(0, **law).compute.speed, built(1, **law).compute.speed
    assert isinstance(star, tuple)
    assert isinstance(ring, tuple)
    assert star[:4] == ring
    assert len(set(ring)) == 4
    assert built(1, seed=1, **law).compute.speed != ring


def test_losses_and_transport(built: Build) -> None:
    """Independent losses have one state, bursts have two."""
    made = built(1, bandwidth='loss = { probability = 0.25 }\ntransport = "symmetric"')
    assert made.network.loss == world.Loss(good=0.25)
    assert made.network.transport == "symmetric"
    burst = 'loss = { model = "gilbert_elliott", good_to_bad = 0.1, bad_to_good = 0.5, loss_bad = 0.75 }'
    assert built(1, bandwidth=burst).network.loss == world.Loss(0.0, 0.75, 0.1, 0.5)


@pytest.mark.parametrize(
    ("slow", "expected"),
    [
        ("agents = [3]\nslowdown = 10.0", stragglers.FixedSlowdown((3,), 10.0)),
        (
            'kind = "random"\nslowdown = { distribution = "pareto", scale = 1, shape = 2 }',
            stragglers.RandomSlowdown((0, 1, 2, 3), delays.Pareto(1, 2)),
        ),
        (
            'kind = "periods"\nagents = [0]\nslowdown = 5.0\nfast_s = 4.0\nslow_s = 2.0',
            stragglers.SlowPeriods((0,), delays.Exponential(4.0), delays.Exponential(2.0), 5.0),
        ),
    ],
)
def test_every_kind_of_straggler(slow: str, expected: stragglers.Straggler, built: Build) -> None:
    """Without a list all agents with data are meant, never the server."""
    assert built(0, slow=slow).stragglers == (expected,)


@pytest.mark.parametrize(
    ("crash", "expected"),
    [
        ('kind = "crash"\nagents = [1]\nat_s = 5.0\nmemory = "lost"', world.Crash((1,), 5.0, None, "lost")),
        (
            'kind = "random_crash"\nmtbf_s = 9.0\nrepair_s = 2.0',
            world.RandomCrash((0, 1, 2, 3), delays.Exponential(9.0), delays.Constant(2.0), "kept"),
        ),
        ('kind = "link_down"\nlink = [1, 0]\nat_s = 5.0', world.LinkDown(((0, 1),), 5.0, math.inf)),
        (
            'kind = "random_link_down"\nmtbf_s = { distribution = "constant", value = 9.0 }\nrepair_s = 2.0',
            world.RandomLinkDown(((0, 1), (0, 3), (1, 2), (2, 3)), delays.Constant(9.0), delays.Constant(2.0)),
        ),
        (
            'kind = "partition"\ngroups = [[0, 1], [2, 3]]\nat_s = 5.0\nfor_s = 3.0',
            world.Partition(((0, 1), (2, 3)), 5.0, 3.0),
        ),
    ],
)
def test_every_kind_of_failure(crash: str, expected: world.Failure, built: Build) -> None:
    """On the ring, with lists filled in and links sorted."""
    assert built(1, crash=crash).failures == (expected,)


def test_failures_of_what_a_graph_does_not_have_are_left_out(built: Build) -> None:
    """A link of the ring is none of the star, and the star's server is none of the ring's agents."""
    link = 'kind = "link_down"\nlink = [0, 1]\nat_s = 5.0'
    assert built(0, crash=link).failures == ()
    server = 'kind = "crash"\nagents = [4]\nat_s = 5.0'
    assert built(0, crash=server).failures == (world.Crash((4,), 5.0),)
    assert built(1, crash=server).failures == ()


def test_how_often_points_are_recorded(built: Build) -> None:
    """About 200 times by each limit of the run, or as the scenario says: a limit never met must not blind it."""
    assert (built(stop="rounds = 1000").record.every_rounds, built(stop="rounds = 10").record.every_rounds) == (5, 1)
    by_time = built(stop="simulated_seconds = 100.0").record
    assert (by_time.every_rounds, by_time.every_seconds) == (None, 0.5)
    both = built(stop="rounds = 1000000000\nsimulated_seconds = 100.0").record
    assert (both.every_rounds, both.every_seconds) == (5_000_000, 0.5)
    given = built(more="\n[record]\nevery_s = 3.0\nat_s = [0.5, 1.0]\n").record
    assert (given.every_rounds, given.every_seconds, given.at_seconds) == (None, 3.0, (0.5, 1.0))


@pytest.mark.parametrize(("way", "met"), [("below", (0.5, 0.25)), ("above", (0.5, 0.75))])
def test_a_target_is_met_at_its_value_and_beyond(way: str, met: tuple[float, ...]) -> None:
    """Never by a metric that is not a number or not there."""
    reached = build.Reached(schema.Target.model_validate({"metric": "loss", way: 0.5}))
    assert [value for value in (0.25, 0.5, 0.75, math.nan) if reached({"loss": value})] == sorted(met)
    assert not reached({})


def test_the_run_ends_at_the_target_only_if_asked_to(built: Build) -> None:
    """Otherwise the target is only looked up afterwards."""
    assert built().stop.target is None
    assert built(stop="rounds = 6\nat_target = true").stop.target is not None


def test_algorithms_of_a_seed_share_the_problem(written: Callable[..., Path]) -> None:
    """It is built once in a process, and anew for another seed."""
    scenario = loader.load(written())
    first = build.the_problem(scenario, 0)
    assert build.the_problem(scenario, 0) is first
    assert build.the_problem(scenario, 1) is not first
