"""The journal: every event in order, in columns, with a fingerprint."""

import numpy as np
import pytest

from simulator.delays import Constant
from simulator.journal import KINDS, Journal
from simulator.world import Crash, Record

NETWORK = {"latency": Constant(1.0), "transport": "datagram"}


def program(agent):
    """Computes, tells the other, reports; agent 1 waits for it."""
    if agent.id == 0:
        yield agent.compute(agent.problem, 2.0)
        yield agent.send(1, "x", v=1.0)
        agent.report(7, x=np.zeros(1))
        yield agent.sleep(4.0)
        yield agent.send(1, "y")
        yield agent.sleep(2.0)
    else:
        yield agent.receive()


def journal(run, journal=True, seed=0):
    """The run of that program twice, agent 1 being down from 5 to 8 s."""
    failures = (Crash((1,), 5.0, 3.0),)
    record = Record(every_rounds=None, journal=journal)
    return run(program, program, daemons=[1], network=NETWORK, failures=failures, record=record, header=2, seed=seed)


def test_every_event_is_a_row_in_order(run):
    """When, what, who, with whom, and bytes, start or round."""
    columns = journal(run).journal.columns()
    rows = [
        (time, KINDS[kind], agent, peer, value)
        for time, kind, agent, peer, value in zip(*(columns[name].tolist() for name in columns), strict=True)
    ]
    assert rows == [
        (2.0, "computed", 0, -1, 0.0),
        (2.0, "sent", 0, 1, 10.0),
        (2.0, "reported", 0, -1, 7.0),
        (3.0, "delivered", 1, 0, 10.0),
        (3.0, "waited", 1, -1, 0.0),
        (5.0, "failed", 1, -1, 0.0),
        (6.0, "sent", 0, 1, 2.0),
        (7.0, "lost", 1, 0, 2.0),
        (8.0, "recovered", 1, -1, 0.0),
    ]


def test_time_never_goes_back(run):
    """Rows stand in the order of what happened."""
    times = journal(run).journal.columns()["time"]
    assert (np.diff(times) >= 0).all()


def test_there_is_none_unless_asked_for(run):
    """It is large: journal and its fingerprint are None."""
    outcome = journal(run, journal=False)
    assert outcome.journal is None
    assert outcome.journal_fingerprint is None
    assert outcome.fingerprint == journal(run).fingerprint


def test_columns_have_fixed_types():
    """Doubles for time and value, small integers for the rest, whatever the machine's word."""
    columns = Journal().columns()
    assert {name: column.dtype.str[1:] for name, column in columns.items()} == {
        "time": "f8",
        "kind": "i1",
        "agent": "i4",
        "peer": "i4",
        "value": "f8",
    }


@pytest.mark.parametrize("change", [(0, 1.5), (1, 4), (2, 1), (3, 0), (4, 8.0)])
def test_the_fingerprint_depends_on_every_column(change):
    """One different number anywhere is another fingerprint; the same rows are the same."""
    row = [1.0, 0, 0, 1, 9.0]
    other = list(row)
    other[change[0]] = change[1]
    prints = []
    for noted in (row, row, other):
        made = Journal()
        made._note(*noted)
        made._note(*row)
        prints.append(made.fingerprint())
    assert prints[0] == prints[1] != prints[2]
    assert len(prints[0]) == 64


def test_its_length_is_its_number_of_events(run):
    """As many as all columns have."""
    outcome = journal(run)
    assert len(outcome.journal) == len(outcome.journal.columns()["time"])
