"""Stragglers: hand-worked finish times, exogenous periods, one draw a step, checked input."""

import itertools
import math
import zlib

import numpy as np
import pytest

from simulator.delays import Constant, Exponential, LogNormal, Pareto, Uniform
from simulator.stragglers import (
    FixedSlowdown,
    Pace,
    RandomSlowdown,
    SlowdownTrace,
    SlowPeriods,
    StragglerError,
    load_trace,
)


def streams(agent, asked=None):
    """Named streams of one agent; the purposes asked for are noted in `asked`."""

    def stream(purpose):
        if asked is not None:
            asked.append(purpose)
        return np.random.default_rng([zlib.crc32(purpose.encode()), agent])

    return stream


def pace(agent, *stragglers):
    return Pace(agent, stragglers, streams(agent))


def test_an_agent_that_no_straggler_touches_keeps_its_nominal_time():
    """Other agents' stragglers change nothing, and no stream is asked for."""
    asked = []
    others = [FixedSlowdown((1,), 5.0), RandomSlowdown((1, 2), Exponential(1.0)), SlowdownTrace(1, (0.0,), (3.0,))]
    free = Pace(0, others, streams(0, asked))
    assert free.finish(1.25, 0.5) == 1.75
    assert free.slow_intervals(10.0) == []
    assert asked == []


def test_fixed_slowdowns_multiply():
    """Twice and five times as long is ten times as long; None means all agents."""
    both = pace(3, FixedSlowdown(None, 2.0), FixedSlowdown((3, 7), 5.0))
    assert both.finish(1.0, 0.5) == 6.0
    assert both.slow_intervals(4.0) == [(0.0, 4.0, 10.0)]
    assert pace(4, FixedSlowdown(None, 2.0), FixedSlowdown((3, 7), 5.0)).finish(1.0, 0.5) == 2.0


def test_each_step_takes_one_draw_of_each_random_slowdown():
    """The k-th step uses the k-th values of the streams named after the stragglers' places, whatever its length."""
    asked = []
    stragglers = [
        RandomSlowdown(None, LogNormal(1.0, 1.0)),
        FixedSlowdown((9,), 2.0),
        RandomSlowdown((0,), Pareto(1, 2)),
    ]
    mine = Pace(0, stragglers, streams(0, asked))
    assert asked == ["slowdown 0", "slowdown 2"]
    first = LogNormal(1.0, 1.0).sample(streams(0)("slowdown 0"), 256)
    second = Pareto(1, 2).sample(streams(0)("slowdown 2"), 256)
    for k, nominal in enumerate([0.5, 0.0, 3.0, 1.0]):
        assert mine.finish(10.0, nominal) == pytest.approx(10.0 + nominal * first[k] * second[k], rel=1e-15)


def test_a_slow_period_stretches_the_rest_of_the_step_exactly():
    """Fast 10 s, slow 4 s at a fifth of the speed, and so on: worked by hand."""
    periodic = pace(0, SlowPeriods(None, Constant(10.0), Constant(4.0), slowdown=5.0))
    assert periodic.finish(0.0, 10.0) == 10.0  # ends as the slow period begins
    assert periodic.finish(8.0, 2.5) == pytest.approx(12.5)  # 2 s fast, 0.5 s of work in 2.5 s
    assert periodic.finish(9.0, 3.0) == pytest.approx(15.2)  # 1 fast, 0.8 in the slow 4 s, 1.2 fast
    assert periodic.finish(9.0, 12.0) == pytest.approx(24.0 + 1.0)  # 1 + 0.8 + 10 and 0.2 slow
    assert periodic.finish(10.0, 0.4) == pytest.approx(12.0)  # begins slow
    assert periodic.finish(14.0, 1.0) == 15.0  # begins as the slow period ends
    assert periodic.slow_intervals(25.0) == [(10.0, 14.0, 5.0), (24.0, 25.0, 5.0)]
    slow_first = pace(0, SlowPeriods(None, Constant(10.0), Constant(4.0), slowdown=5.0, starts_slow=True))
    assert slow_first.finish(0.0, 1.0) == pytest.approx(4.2)


def test_periods_and_traces_multiply_where_they_overlap():
    """A trace of 2 from 11 s to 13 s on a slow period of 5 from 10 s to 14 s makes 10 where both hold."""
    both = pace(0, SlowPeriods(None, Constant(10.0), Constant(4.0), 5.0), SlowdownTrace(0, (11.0, 13.0), (2.0, 1.0)))
    # Work done: 0.2 by 11 s, 0.4 by 13 s, 0.6 by 14 s, then full speed.
    assert both.finish(10.0, 1.0) == pytest.approx(14.4)
    assert both.finish(10.0, 0.3) == pytest.approx(12.0)
    assert both.slow_intervals(20.0) == [(10.0, 11.0, 5.0), (11.0, 13.0, 10.0), (13.0, 14.0, 5.0)]


def test_a_trace_is_piecewise_constant_and_one_before_it_begins():
    """Twice as long from 1 s, half as long from 3 s for ever."""
    traced = pace(4, SlowdownTrace(4, (1.0, 3.0), (2.0, 0.5)))
    assert traced.finish(0.0, 1.0) == 1.0
    assert traced.finish(0.0, 2.0) == pytest.approx(3.0)
    assert traced.finish(0.0, 4.0) == pytest.approx(4.0)
    assert traced.finish(100.0, 4.0) == 102.0
    assert traced.slow_intervals(9.0) == [(1.0, 3.0, 2.0)]
    assert pace(5, SlowdownTrace(4, (1.0, 3.0), (2.0, 0.5))).finish(0.0, 4.0) == 4.0


def test_the_periods_are_the_same_whatever_steps_are_asked_for():
    """Long steps, short steps or a look far ahead: one trajectory, and each agent has its own."""
    straggler = SlowPeriods(None, Exponential(3.0), Exponential(1.0), slowdown=8.0)
    long_steps, short_steps, looker = pace(0, straggler), pace(0, straggler), pace(0, straggler)
    expected = looker.slow_intervals(4000.0)
    now = 0.0
    while now < 4000.0:
        now = long_steps.finish(now, 40.0)
    now = 0.0
    while now < 4000.0:
        now = short_steps.finish(now, 0.7)
    assert long_steps.slow_intervals(4000.0) == expected
    assert short_steps.slow_intervals(4000.0) == expected
    assert pace(1, straggler).slow_intervals(4000.0) != expected
    slow = sum(end - start for start, end, _ in expected)
    assert slow / 4000.0 == pytest.approx(0.25, abs=4 * math.sqrt(2 * 3.0**2 / 4.0**3 / 4000.0))


def test_a_step_does_exactly_its_work_along_any_trajectory():
    """The integral of the speed over the step is the nominal time, with three changing stragglers at once."""
    stragglers = (
        SlowPeriods(None, Exponential(1.0), Uniform(0.1, 0.4), slowdown=4.0),
        SlowPeriods((0,), Exponential(2.0), Exponential(2.0), slowdown=1.7, starts_slow=True),
        SlowdownTrace(0, (2.0, 5.0), (3.0, 0.8)),
    )
    mine = pace(0, *stragglers)
    rng = np.random.default_rng(8)
    now = 0.0
    for nominal in rng.exponential(2.0, 12):
        end = mine.finish(now, nominal)
        changes = sorted({edge for s in stragglers for start, stop, _ in pace_edges(s, end) for edge in (start, stop)})
        cuts = [now, *[change for change in changes if now < change < end], end]
        done = sum((b - a) / slowdown_at(stragglers, (a + b) / 2) for a, b in itertools.pairwise(cuts))
        assert done == pytest.approx(nominal, rel=1e-9)
        now = end


def pace_edges(straggler, until):
    """Intervals of one straggler alone; its stream must be the one it has in the list of three."""
    place = {4.0: 0, 1.7: 1}.get(getattr(straggler, "slowdown", None), 2)
    padding = [FixedSlowdown((99,), 2.0)] * place
    return [*Pace(0, [*padding, straggler], streams(0)).slow_intervals(until), (2.0, 5.0, 3.0)]


def slowdown_at(stragglers, time):
    """The product of the three slowdowns at one instant, from the intervals."""
    factor = 1.0
    for straggler in stragglers[:2]:
        intervals = pace_edges(straggler, time + 1.0)[:-1]
        factor *= next((slow for start, end, slow in intervals if start <= time < end), 1.0)
    return factor * (1.0 if time < 2.0 else 3.0 if time < 5.0 else 0.8)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: FixedSlowdown((1,), 0.0), "slowdown = 0.0 must be"),
        (lambda: FixedSlowdown((1,), math.inf), "slowdown = inf must be"),
        (lambda: FixedSlowdown((-1,), 2.0), "agent = -1 must be an id"),
        (lambda: FixedSlowdown((1, 1), 2.0), "must not name an agent twice"),
        (lambda: FixedSlowdown("all", 2.0), "agents = 'all' must be a list"),
        (lambda: RandomSlowdown(None, Constant(0.0)), "slowdown = Constant(value=0.0) must have a mean above 0"),
        (lambda: SlowPeriods(None, Constant(1.0), Constant(0.0), 2.0), "slow_s = Constant(value=0.0) must have"),
        (lambda: SlowPeriods(None, Constant(1.0), Constant(1.0), -2.0), "slowdown = -2.0 must be"),
        (lambda: SlowdownTrace(0, (1.0, 1.0), (2.0, 3.0)), "time 1.0 must come after 1.0"),
        (lambda: SlowdownTrace(0, (1.0,), (2.0, 3.0)), "1 times and 2 slowdowns must be as many"),
        (lambda: SlowdownTrace(0, (-1.0,), (2.0,)), "times[0] = -1.0 must be"),
        (lambda: SlowdownTrace(0, (1.0,), (math.nan,)), "slowdowns[0] = nan must be"),
    ],
)
def test_a_bad_straggler_is_refused_in_one_sentence(build, sentence):
    """The sentence names field, value and rule."""
    with pytest.raises(StragglerError) as caught:
        build()
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_trace_file_gives_one_trace_an_agent(tmp_path):
    """Rows of several agents may be mixed; blank lines are passed over."""
    path = tmp_path / "trace.csv"
    path.write_text("agent,at_s,slowdown\n7,0,2\n3, 1.5 ,4\n\n7,2.5,1\n")
    assert load_trace(path) == (SlowdownTrace(3, (1.5,), (4.0,)), SlowdownTrace(7, (0.0, 2.5), (2.0, 1.0)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "agent,time,slowdown\n1,2,3\n",
            "line 1: the columns are 'agent,time,slowdown', must be 'agent,at_s,slowdown'",
        ),
        ("", "line 1: the columns are ''"),
        ("agent,at_s,slowdown\n", "holds no row"),
        ("agent,at_s,slowdown\n1,2\n", "line 2: has 2 cells"),
        ("agent,at_s,slowdown\n1,2,3\nx,2,3\n", "line 3: agent = 'x' must be"),
        ("agent,at_s,slowdown\n1,nan,3\n", "line 2: at_s = 'nan' must be"),
        ("agent,at_s,slowdown\n1,2,0\n", "line 2: slowdown = '0' must be"),
        ("agent,at_s,slowdown\n1,2,3\n2,1,1\n1,2,4\n", "line 4: at_s = 2.0 must come after 2.0"),
    ],
)
def test_a_bad_trace_file_is_refused_with_its_line(tmp_path, text, sentence):
    """One sentence with file, line, value and rule."""
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(StragglerError) as caught:
        load_trace(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_trace_file_that_cannot_be_read_is_named(tmp_path):
    """A missing file is one sentence, not a traceback of the system's error."""
    with pytest.raises(StragglerError, match=r"none\.csv: cannot be read as a slowdown trace"):
        load_trace(tmp_path / "none.csv")
