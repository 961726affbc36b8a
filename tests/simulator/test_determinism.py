"""Same seed, same run to the last bit, anywhere; and nobody's draws depend on anybody else."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.delays import Exponential, LogNormal, Uniform
from simulator.hooks import Observer
from simulator.run import simulate
from simulator.stragglers import RandomSlowdown, SlowPeriods
from simulator.tally import Tally
from simulator.world import (
    AgentSpec,
    Compute,
    LinkDown,
    Loss,
    Network,
    RandomCrash,
    RandomLinkDown,
    Record,
    Stop,
    World,
)

ROOT = Path(__file__).resolve().parents[2]

STORED = {
    "none": "83fe0c6d196538afdcb2285e98a0a0902ea9e35fc8a672453a2b47660d7bd6b7",
    "fifo": "41f509960aebfe2723154bb12e153edf5573737e03c811d9ca65e43ce79970d2",
    "fair": "cdc65b50d0ef1b49e030a2293f496231c7b61688dbe7869426fab841ef26b112",
}
"""Journal fingerprints of `gossip` below: a world without BLAS, and without NumPy's exp (not the same everywhere)."""


def spend(tally):
    """An oracle: one charge of one operation."""
    tally.charge("work", 1.0)


def chatter(draws):
    """A program that computes and mixes, noting its own draws."""

    def program(agent):
        for k in agent.rounds():
            draws.setdefault(agent.id, []).append(float(agent.rng.random()))
            yield agent.compute(spend, agent.problem)
            (x,) = yield agent.mix(k, np.full(3, draws[agent.id][-1]))
            agent.report(k, x=x)

    return program


def gossip(sharing="none", agents=6, seed=7, extra=(), journal=True, draws=None, **parts):
    """A ring where everything is random: steps, slowdowns, latencies, jitter, losses, failures."""
    draws = {} if draws is None else draws
    specs = []
    for id_ in range(agents):
        tally = Tally()
        around = tuple({(id_ - 1) % agents, (id_ + 1) % agents})
        weights = {id_: 0.5, **dict.fromkeys(around, 0.25)}
        specs.append(AgentSpec(chatter(draws), around, weights, problem=tally, tally=tally))
    network = Network(
        latency=Uniform(0.01, 0.2), jitter=Exponential(0.02), uplink=2000.0, downlink=3000.0, sharing=sharing,
        loss=Loss(0.05), rto=0.5,
    )  # fmt: skip
    world = World(
        agents=(*specs, *extra),
        seed=seed,
        network=network,
        compute=Compute(seconds_per_step=Exponential(0.1)),
        stragglers=(
            RandomSlowdown(None, Exponential(1.0)),
            SlowPeriods((1, 2), Exponential(3.0), Exponential(1.0), 5.0),
        ),
        failures=(
            RandomCrash((3,), Exponential(8.0), Exponential(1.0)),
            RandomLinkDown(((0, 1),), Exponential(5.0), Exponential(0.5)),
        ),
        stop=Stop(simulated_seconds=60.0, rounds=40),
        record=Record(every_rounds=5, every_seconds=1.0, journal=journal),
        **parts,
    )
    return world


def prints(outcome):
    """Both fingerprints."""
    return outcome.fingerprint, outcome.journal_fingerprint


def elsewhere(sharing, hash_seed):
    """The fingerprints that another process gets."""
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('determinism', {str(Path(__file__))!r})\n"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        f"print(*module.prints(module.simulate(module.gossip({sharing!r}))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return tuple(done.stdout.split())


@pytest.mark.parametrize("sharing", STORED)
def test_same_seed_gives_the_same_run_in_this_process(sharing):
    """A second run of the same world has the same history, meters and journal."""
    first, second = simulate(gossip(sharing)), simulate(gossip(sharing))
    assert first.status == "finished"
    assert first.rounds == 40
    assert prints(first) == prints(second)
    for name, column in first.journal.columns().items():
        assert np.array_equal(column, second.journal.columns()[name])


@pytest.mark.parametrize(("sharing", "hash_seed"), [("none", "0"), ("fifo", "1"), ("fair", "424242")])
def test_same_seed_gives_the_same_run_in_another_process(sharing, hash_seed):
    """Another process, whatever its PYTHONHASHSEED, gets the same fingerprints."""
    assert elsewhere(sharing, hash_seed) == prints(simulate(gossip(sharing)))


@pytest.mark.parametrize("sharing", STORED)
def test_fingerprints_are_those_of_the_past(sharing):
    """The journal of a stored world is the one it always was: a change here is a change of every user's results."""
    assert simulate(gossip(sharing)).journal_fingerprint == STORED[sharing]


def test_another_seed_gives_another_run():
    """The seed matters, to the journal and to the history."""
    one, other = prints(simulate(gossip(seed=7))), prints(simulate(gossip(seed=8)))
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_an_observer_changes_nothing(log):
    """A run that is watched, or whose journal is kept, is the same run."""
    bare = simulate(gossip(journal=False))
    watched = simulate(gossip(journal=True), [log])
    assert log.entries
    assert bare.journal_fingerprint is None
    assert bare.fingerprint == watched.fingerprint
    assert bare.events == watched.events


def loner(draws):
    """A program that computes and draws with nobody around."""

    def program(agent):
        while True:
            draws.append(float(agent.rng.random()))
            yield agent.compute(spend, agent.problem)

    return program


def test_a_disconnected_agent_changes_nobody_elses_run():
    """With one more agent that talks to nobody, everybody else's journal is what it was."""
    tally = Tally()
    more = AgentSpec(loner([]), (), problem=tally, tally=tally, daemon=True, reports=False)
    alone, joined = simulate(gossip()).journal.columns(), simulate(gossip(extra=(more,))).journal.columns()
    others = joined["agent"] < 6
    assert (~others).sum() > 100
    for name, column in alone.items():
        assert np.array_equal(column, joined[name][others])


def pair_trace(size):
    """What agents 0 and 1 of a line of agents meet: own draws, latencies with jitter, losses, seconds of steps."""
    draws, delays, lost, steps = {}, [], [], {}

    class Trace(Observer):
        def delivered(self, now, message):
            if (message.sender, message.to) == (0, 1):
                delays.append(now - message.sent_at)

        def lost(self, now, message, why):
            if (message.sender, message.to) == (0, 1):
                lost.append(message.tag)

        def computed(self, agent, start, end):
            steps.setdefault(agent, []).append(end - start)

    def program(agent):
        for k in agent.rounds():
            draws.setdefault(agent.id, []).append(float(agent.rng.random()))
            yield agent.sleep(float(k) * 10.0 - agent.now)
            yield agent.compute(spend, agent.problem)
            yield agent.broadcast(k)

    specs = []
    for id_ in range(size):
        tally = Tally()
        around = tuple(j for j in (id_ - 1, id_ + 1) if 0 <= j < size)
        specs.append(AgentSpec(program, around, problem=tally, tally=tally))
    world = World(
        agents=tuple(specs),
        network=Network(Uniform(0.1, 1.0), jitter=Exponential(0.1), loss=Loss(0.3), transport="datagram"),
        compute=Compute(seconds_per_step=Exponential(0.1)),
        stragglers=(RandomSlowdown(None, LogNormal(1.0, 1.0)),),
        failures=(LinkDown(((0, 1),), 95.0, 10.0),),
        stop=Stop(rounds=50),
        record=Record(None),
    )
    simulate(world, [Trace()])
    return draws[0], draws[1], np.array(delays), lost, np.array(steps[0]), np.array(steps[1])


def test_an_agent_further_along_changes_no_draws_of_those_before():
    """In a longer line, agents 0 and 1 meet the same draws, latencies, jitter, losses, steps and slowdowns."""
    short, long = pair_trace(2), pair_trace(9)
    assert len(short[3]) > 5
    assert short[0] == long[0]
    assert short[1] == long[1]
    assert short[3] == long[3]
    assert np.allclose(short[2], long[2], rtol=1e-9)
    assert np.array_equal(short[4], long[4])
    assert np.array_equal(short[5], long[5])


def test_the_shared_stream_is_common_and_named():
    """`shared_rng` gives all agents the same numbers, a different sequence for each purpose, and none of `rng`'s."""
    drawn = {}

    def program(agent):
        drawn[agent.id] = (
            float(agent.shared_rng("start").random()),
            float(agent.shared_rng("start").random()),
            float(agent.shared_rng("coin").random()),
            float(agent.rng.random()),
        )
        yield agent.sleep(1.0)

    specs = tuple(AgentSpec(program, ()) for _ in range(3))
    simulate(World(specs, stop=Stop(10.0)))
    assert len({values[:3] for values in drawn.values()}) == 1
    assert len({values[3] for values in drawn.values()}) == 3
    assert len(set(drawn[0])) == 4
