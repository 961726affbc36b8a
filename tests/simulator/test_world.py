"""The records of a world: their defaults are an ideal network, and they cannot be changed."""

import dataclasses
import math
import pickle

import pytest

from simulator import world
from simulator.world import AgentSpec, Compute, Crash, Loss, Network, Partition, Record, Stop, World

RECORDS = [record for record in vars(world).values() if dataclasses.is_dataclass(record)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_are_frozen(record):
    """A world is what it was when the run began."""
    assert record.__dataclass_params__.frozen


def test_the_default_network_is_ideal():
    """No latency, no limit of bandwidth, no loss; a header of 40 bytes and retransmission."""
    network = Network()
    assert (network.latency.mean, network.jitter.mean) == (0.0, 0.0)
    assert (network.uplink, network.downlink, network.sharing) == (math.inf, math.inf, "none")
    assert not network.loss.possible
    assert (network.header, network.transport, network.wire) == (40, "retransmit", None)


def test_what_can_lose():
    """Any chance in the good state, or a way into the bad one."""
    assert not Loss(bad=1.0, bad_to_good=0.5).possible
    assert Loss(good=1e-9).possible
    assert Loss(good_to_bad=1e-9).possible


def test_outages_last_for_ever_unless_said_otherwise():
    """A crash without recovery, a partition without end."""
    assert Crash((0,), 1.0).recover_after is None
    assert Partition(((0,),), 1.0).duration == math.inf


def test_a_world_travels_between_processes():
    """Records of plain data can be pickled, with programs that can."""
    made = World((AgentSpec(math.sqrt, ()),), compute=Compute(speed=2.0), stop=Stop(1.0), record=Record(3))
    assert pickle.loads(pickle.dumps(made)) == made
