"""The history: what is recorded when, what the global iterate is, and how a run ends by its iterates."""

import math

import numpy as np
import pytest

from simulator.world import Crash, Record, Stop


def reporter(*plan):
    """A program that reports x = [value] after `round` at given instants: (instant, round, value)."""

    def program(agent):
        for instant, round_, value in plan:
            yield agent.sleep(instant - agent.now)
            agent.report(round_, x=np.array([float(value)]))

    return program


def recorded(outcome, *names):
    """The points as tuples of these entries."""
    return [tuple(point[name] for name in names) for point in outcome.points]


def first(x):
    """A metric: the first number of x."""
    return {"value": float(x["x"][0])}


def by_rounds(every=1, **parts):
    """A record of every so many rounds."""
    return Record(every_rounds=every, measure=first, **parts)


def by_time(every):
    """A record of every so many seconds, and nothing by rounds."""
    return Record(every_rounds=None, every_seconds=every, measure=first)


def test_a_round_is_the_mean_of_its_reports_stamped_when_the_last_came(run):
    """Reports of round k come at different instants; the point stands at the last, with their mean."""
    fast = reporter((1.0, 1, 10), (2.0, 2, 20), (3.0, 3, 30))
    slow = reporter((4.0, 1, 0), (8.0, 2, 0), (9.0, 3, 2))
    outcome = run(fast, slow, record=by_rounds())
    assert recorded(outcome, "axis", "round", "simulated_s", "value") == [
        ("round", 1, 4.0, 5.0),
        ("round", 2, 8.0, 10.0),
        ("round", 3, 9.0, 16.0),
    ]
    assert outcome.rounds == 3


def test_only_multiples_of_every_rounds_are_recorded(run):
    """Every third round, and the end."""
    program = reporter(*((float(k), k, k) for k in range(8)))
    outcome = run(program, record=by_rounds(3))
    assert recorded(outcome, "axis", "round", "value") == [
        ("round", 0, 0.0),
        ("round", 3, 3.0),
        ("round", 6, 6.0),
        ("end", 7, 7.0),
    ]
    assert outcome.rounds == 7


def test_at_a_time_it_is_the_mean_of_the_last_reports(run):
    """A point at each multiple of the interval from the first report on; the round is the lowest of the last ones."""
    fast = reporter((1.0, 1, 10), (2.5, 2, 20), (6.5, 3, 30))
    slow = reporter((3.0, 1, 0), (6.5, 2, 2))
    outcome = run(fast, slow, record=by_time(2.0))
    assert recorded(outcome, "axis", "simulated_s", "round", "value") == [
        ("time", 2.0, 1, 10.0),
        ("time", 4.0, 1, 10.0),
        ("time", 6.0, 1, 10.0),
        ("end", 6.5, 2, 16.0),
    ]


def test_observers_look_last_at_an_instant(run):
    """A report at the very instant of a sample is part of it, the start included."""
    outcome = run(reporter((0.0, 0, 1), (2.0, 1, 3)), record=by_time(1.0), seconds=4.0)
    assert recorded(outcome, "simulated_s", "value") == [(0.0, 1.0), (1.0, 1.0), (2.0, 3.0)]


def test_the_grid_of_seconds_is_exact(run):
    """The k-th sample stands at k times the interval, not at a sum of intervals."""
    outcome = run(reporter((0.0, 0, 1), (5.0, 1, 1)), record=by_time(0.1))
    assert [point["simulated_s"] for point in outcome.points] == [k * 0.1 for k in range(51)]


def test_both_grids_stand_in_order_of_time(run):
    """Rounds and seconds together give one history whose time never goes back."""
    program = reporter(*((0.7 * k, k, k) for k in range(10)))
    times = [point["simulated_s"] for point in run(program, record=by_rounds(2, every_seconds=1.0)).points]
    assert times == sorted(times)
    assert len(times) == 5 + 7 + 1


def test_points_at_given_instants(run):
    """Beside a grid of seconds, a point at each instant that is asked for."""
    record = Record(None, (0.5, 2.5), 2.0, lambda iterate: {"value": float(iterate["x"][0])})
    outcome = run(reporter((0.25, 0, 1), (2.25, 1, 3), (3.0, 2, 4)), record=record)
    assert recorded(outcome, "simulated_s", "value") == [(0.5, 1.0), (2.0, 1.0), (2.5, 3.0), (3.0, 4.0)]


def test_only_agents_that_report_are_in_the_mean(run):
    """A server's report stands alone where its workers' are not counted."""
    outcome = run(reporter((1.0, 1, 5)), reporter((2.0, 1, 100)), silent=[1], record=by_rounds())
    assert recorded(outcome, "round", "simulated_s", "value") == [(1, 1.0, 5.0), (1, 2.0, 5.0)]


def test_consensus_is_the_root_mean_square_distance_from_the_mean(run):
    """For every reported array; a reported scalar is averaged and has none."""

    def program(agent):
        agent.report(1, x=np.array([0.0, 3.0 * agent.id]), loss=float(agent.id))
        yield agent.sleep(1.0)

    (point,) = run(program, program, record=Record()).points[:1]
    assert point["consensus_x"] == pytest.approx(1.5)
    assert point["loss"] == 0.5
    assert "consensus_loss" not in point


def test_drift_is_the_norm_of_the_sum_over_agents(run):
    """An array called drift_... is an agent's part of a conserved sum: (1, 3) and (2, 1) add up to (3, 4)."""

    def program(agent):
        agent.report(1, x=np.zeros(2), drift_x=np.array([1.0 + agent.id, 3.0 - 2 * agent.id]))
        yield agent.sleep(1.0)

    (point,) = run(program, program, record=Record()).points[:1]
    assert point["drift_x"] == pytest.approx(5.0)
    assert "consensus_drift_x" not in point


def test_points_carry_the_meters_totals(run):
    """Bits, messages, oracle calls and operations so far, of all agents; a step counts from its start."""

    def program(agent):
        for k in (1, 2):
            yield agent.compute(agent.problem, 3.0)
            yield agent.mix(k, np.zeros(2))
            agent.report(k, x=np.zeros(2))

    outcome = run(program, program, header=10, record=Record())
    assert recorded(outcome, "bits_sent", "messages_sent", "oracle_calls", "operations") == [
        (8 * 2 * 26, 2, 3, 9.0),
        (8 * 4 * 26, 4, 4, 12.0),
    ]


# ---- agents that die


def test_a_dead_agents_last_report_leaves_the_mean(run):
    """From its crash on, the others' reports alone make the iterate, and rounds no longer wait for it."""
    lasting = reporter((1.0, 1, 10), (4.0, 2, 20), (8.0, 3, 30))
    dying = reporter((2.0, 1, 0), (6.0, 2, 0))
    outcome = run(lasting, dying, record=by_rounds(), failures=(Crash((1,), 5.0),))
    assert recorded(outcome, "round", "simulated_s", "value") == [(1, 2.0, 5.0), (2, 5.0, 20.0), (3, 8.0, 30.0)]
    assert outcome.rounds == 3


def test_an_agent_that_comes_back_is_counted_again(run):
    """After its recovery the rounds wait for it, and what it catches up with is no round of all."""
    lasting = reporter((1.0, 1, 10), (3.0, 2, 20), (4.0, 3, 30), (12.0, 4, 40))
    coming = reporter((1.0, 1, 0), (8.0, 2, 0), (9.0, 3, 0), (10.0, 4, 0))
    outcome = run(lasting, coming, record=by_rounds(), failures=(Crash((1,), 2.0, 4.0),))
    expected = [(1, 1.0, 5.0), (2, 3.0, 20.0), (3, 4.0, 30.0), (4, 12.0, 20.0)]
    assert recorded(outcome, "round", "simulated_s", "value") == expected


def test_rounds_that_somebody_catches_up_with_are_not_completed_by_a_death(run):
    """When the one ahead dies, the other's reports of rounds long past do not become points of now."""
    lasting = reporter((1.0, 1, 10), (3.0, 2, 20), (4.0, 3, 30))
    coming = reporter((1.0, 1, 0), (8.0, 2, 0), (12.0, 3, 7))
    failures = (Crash((1,), 2.0, 4.0), Crash((0,), 9.0))
    outcome = run(lasting, coming, reporter((20.0, 9, 0)), silent=[2], record=by_rounds(), failures=failures)
    assert recorded(outcome, "axis", "round", "simulated_s") == [
        ("round", 1, 1.0),
        ("round", 2, 3.0),
        ("round", 3, 4.0),
        ("round", 3, 12.0),
        ("end", 3, 20.0),
    ]


def test_the_last_to_die_stands_for_all(run):
    """With everybody down the iterate is that of the last one; who comes back stands alone again."""

    def program(agent):
        agent.report(1, x=np.array([float(agent.id)]))
        yield agent.sleep(10.0)
        agent.report(2, x=np.array([100.0]))
        yield agent.sleep(10.0)

    failures = (Crash((0,), 2.5, 4.0), Crash((1,), 3.5))
    outcome = run(program, program, record=by_time(1.0), failures=failures)
    values = {point["simulated_s"]: point["value"] for point in outcome.points}
    assert [values[float(t)] for t in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11)] == [0.5, 1, 1, 1, 1, 0, 0, 0, 100, 100]


def test_rounds_are_those_of_the_living(run):
    """Without a record by rounds, a dead agent does not hold the count of rounds back; a silent one does."""
    lasting, dying = reporter((1.0, 1, 0), (9.0, 7, 0)), reporter((2.0, 1, 0), (6.0, 2, 0))
    assert run(lasting, dying, failures=(Crash((1,), 5.0),)).rounds == 7
    assert run(lasting, dying).rounds == 2
    assert run(lasting, None).rounds == 0
    assert run(lasting, None, silent=[1]).rounds == 7


# ---- the end


def test_a_target_ends_the_run(run):
    """The first recorded point that meets it: status `reached`, at that instant."""
    program = reporter(*((float(k), k, k * k) for k in range(10)))
    stop = Stop(100.0, target=lambda point: point["value"] >= 10)
    outcome = run(program, record=by_rounds(), stop=stop)
    assert (outcome.status, outcome.simulated_s, outcome.rounds) == ("reached", 4.0, 4)
    assert outcome.reason == "the target was reached after round 4"
    assert outcome.points[-1]["value"] == 16.0


def test_a_target_can_be_reached_at_the_end(run):
    """The last look counts, though its round is not on the grid."""
    stop = Stop(100.0, target=lambda point: point["value"] >= 3)
    outcome = run(reporter(*((float(k), k, k) for k in range(4))), record=by_rounds(2), stop=stop)
    assert (outcome.status, outcome.points[-1]["axis"]) == ("reached", "end")


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_non_finite_iterate_is_a_divergence(run, broken):
    """The run ends at that round, with the name of what broke; metrics of it are not asked for."""
    program = reporter((1.0, 1, 0), (2.0, 2, broken), (3.0, 3, 0))
    outcome = run(program, reporter((1.5, 1, 0), (2.5, 2, 0), (3.5, 3, 0)), record=by_rounds())
    assert (outcome.status, outcome.simulated_s) == ("diverged", 2.5)
    assert outcome.reason == "x of the global iterate is not finite after round 2"
    assert "value" not in outcome.points[-1]


def test_a_divergence_is_seen_at_the_end_at_the_latest(run):
    """A run that ends between two recorded rounds with a broken iterate has diverged, not finished."""
    outcome = run(reporter((1.0, 1, 0), (2.0, 2, math.nan)), record=by_rounds(5))
    assert outcome.status == "diverged"


def test_the_end_is_recorded_though_its_instant_has_a_point(run):
    """Rounds that cost no time: the last one is recorded beside the last on the grid."""

    def program(agent):
        for k in range(6):
            agent.report(k, x=np.array([float(k)]))
        yield agent.sleep(0.0)

    outcome = run(program, record=by_rounds(5))
    assert recorded(outcome, "axis", "round") == [("round", 0), ("round", 5)]
    assert recorded(run(program, record=by_rounds(3)), "axis", "round") == [("round", 0), ("round", 3), ("end", 5)]


def test_nothing_is_recorded_after_a_stall(run):
    """The samples end where everybody began to wait for ever."""

    def program(agent):
        agent.report(0, x=np.zeros(1))
        yield agent.sleep(3.2)
        yield agent.receive()

    outcome = run(program, record=by_time(1.0), seconds=100.0)
    assert (outcome.status, outcome.simulated_s) == ("stalled", 3.2)
    assert [point["simulated_s"] for point in outcome.points] == [0.0, 1.0, 2.0, 3.0, 3.2]


def test_a_run_without_reports_has_no_points(run):
    """There is no iterate to look at."""

    def program(agent):
        yield agent.sleep(3.0)

    outcome = run(program, record=by_rounds(every_seconds=1.0))
    assert (outcome.points, outcome.rounds) == ((), 0)
