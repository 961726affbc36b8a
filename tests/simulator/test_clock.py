"""The clock against closed forms: exact to 1e-9 where nothing is random, else within four standard errors.

Every test is named after its formula. N agents, n bytes, alpha = latency, B = bytes per second,
H_N = 1 + 1/2 + ... + 1/N.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import lognorm

from simulator.delays import (
    Constant,
    Exponential,
    LogNormal,
    Pareto,
    ShiftedExponential,
    TwoPoint,
    Uniform,
    Weibull,
)
from simulator.hooks import Observer
from simulator.journal import DELIVERED, SENT
from simulator.stragglers import FixedSlowdown, SlowPeriods
from simulator.streams import stream
from simulator.world import Compute, Loss, Network, RandomCrash, Record

ALPHA, B = 0.05, 1000.0
SHARINGS = ("none", "fifo", "fair")
exact = pytest.approx


class Bytes:
    """A payload of a given length: what a compressed array looks like to the network."""

    def __init__(self, size):
        self.nbits = 8 * int(size)


def link(sharing="fifo", alpha=ALPHA, rate=B):
    """The same rate on all uplinks and downlinks."""
    return {"sharing": sharing, "latency": Constant(alpha), "uplink": rate, "downlink": rate}


def harmonic(n, power=1):
    """1 + 2^-power + ... + n^-power; 0 for n = 0."""
    return sum(i**-power for i in range(1, n + 1))


def agrees(sample, expected, batches=None):
    """The mean of a sample is the expected one within four standard errors (of batch means, if it is correlated)."""
    sample = np.asarray(sample, dtype=float)
    if batches is not None:
        sample = sample[: len(sample) // batches * batches].reshape(batches, -1).mean(axis=1)
    z = (sample.mean() - expected) / (sample.std(ddof=1) / math.sqrt(len(sample)))
    print(f"expected {expected:.6g} got {sample.mean():.6g} z {z:+.2f}")
    assert abs(z) <= 4


def agrees_variance(sample, expected):
    """The same for the variance, whose standard error is sqrt((m4 - s^4) / n)."""
    squares = (np.asarray(sample) - np.mean(sample)) ** 2
    agrees(squares * len(squares) / (len(squares) - 1), expected)


def star(workers):
    """Edges of a star whose server is the last agent."""
    return [(workers, i) for i in range(workers)]


def ring(n):
    """Edges of a ring."""
    return [(i, (i + 1) % n) for i in range(n)]


def barriers(run, workers, rounds, law, k=None):
    """Seconds from the start of each round to the k-th worker's (default: the last one's) end of its step."""
    times = []

    def server(agent):
        for _ in range(rounds):
            start = agent.now
            yield agent.broadcast("go")
            yield agent.gather("done", k)
            times.append(agent.now - start)
            if k is not None:
                yield agent.gather("done", workers - k)

    def worker(agent):
        while True:
            yield agent.receive("go")
            yield agent.compute(agent.problem)
            yield agent.send(workers, "done")

    compute = Compute(seconds_per_step=law)
    run(*[worker] * workers, server, edges=star(workers), daemons=range(workers), compute=compute)
    return np.array(times)


# ---- links, nothing random


@pytest.mark.parametrize("sharing", SHARINGS)
def test_one_message_takes_alpha_plus_n_over_B(run, sharing):
    """One message of n = payload + header bytes arrives after alpha + n/B, uplink and downlink being cut through."""
    arrived = []

    def sender(agent):
        yield agent.send(1, "x", x=np.zeros(100))

    def receiver(agent):
        yield agent.receive()
        arrived.append(agent.now)

    run(sender, receiver, network=link(sharing), header=40)
    assert arrived == [exact(ALPHA + 840 / B, rel=1e-9)]


@pytest.mark.parametrize("sharing", SHARINGS)
def test_ping_pong_takes_2R_times_alpha_plus_n_over_B(run, sharing):
    """R rounds of ping-pong take 2R(alpha + n/B)."""

    def ping(agent):
        for _ in range(30):
            yield agent.send(1, "ping", x=Bytes(70))
            yield agent.receive("pong")

    def pong(agent):
        for _ in range(30):
            yield agent.receive("ping")
            yield agent.send(0, "pong", x=Bytes(70))

    assert run(ping, pong, network=link(sharing)).simulated_s == exact(60 * (ALPHA + 70 / B), rel=1e-9)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_store_and_forward_takes_h_times_alpha_plus_n_over_B(run, sharing):
    """Over h hops, each agent handing on what it has wholly received, a message takes h(alpha + n/B)."""

    def first(agent):
        yield agent.send(1, "x", x=Bytes(300))

    def hop(agent):
        message = yield agent.receive()
        if agent.id < 5:
            yield agent.send(agent.id + 1, "x", **message.payload)

    outcome = run(first, *[hop] * 5, edges=[(i, i + 1) for i in range(5)], network=link(sharing))
    assert outcome.simulated_s == exact(5 * (ALPHA + 300 / B), rel=1e-9)


def arrivals(run, sharing, incast, others=7, size=200):
    """When messages of equal size arrive that all start at 0: from one agent to all others, or from all to one."""
    arrived = []

    def one(agent):
        if incast:
            for _ in range(others):
                yield agent.receive()
                arrived.append(agent.now)
        else:
            yield agent.broadcast("x", x=Bytes(size))

    def other(agent):
        if incast:
            yield agent.send(0, "x", x=Bytes(size))
        else:
            yield agent.receive()
            arrived.append(agent.now)

    run(one, *[other] * others, network=link(sharing))
    return arrived


def test_fifo_uplink_delivers_the_jth_at_alpha_plus_jn_over_B(run):
    """A broadcast leaves a FIFO uplink message by message: the j-th arrives at alpha + jn/B."""
    assert arrivals(run, "fifo", incast=False) == exact([ALPHA + j * 200 / B for j in range(1, 8)], rel=1e-9)


def test_fair_uplink_delivers_all_at_alpha_plus_Nn_over_B(run):
    """A broadcast shares a fair uplink: all N arrive at alpha + Nn/B."""
    assert arrivals(run, "fair", incast=False) == exact([ALPHA + 7 * 200 / B] * 7, rel=1e-9)


def test_fair_incast_ends_all_at_alpha_plus_Nn_over_B(run):
    """N messages into one fair downlink all end at alpha + Nn/B."""
    assert arrivals(run, "fair", incast=True) == exact([ALPHA + 7 * 200 / B] * 7, rel=1e-9)


def test_fifo_incast_ends_the_jth_at_alpha_plus_jn_over_B(run):
    """N messages into one FIFO downlink end at alpha + jn/B, on average at alpha + (N + 1)n/(2B)."""
    ends = arrivals(run, "fifo", incast=True)
    assert ends == exact([ALPHA + j * 200 / B for j in range(1, 8)], rel=1e-9)
    assert np.mean(ends) == exact(ALPHA + 8 * 200 / (2 * B), rel=1e-9)


def test_no_sharing_delivers_all_at_alpha_plus_n_over_B(run):
    """Without sharing, messages do not notice one another."""
    assert arrivals(run, "none", incast=True) == exact([ALPHA + 200 / B] * 7, rel=1e-9)


def parking_lot(run, cross_size, **rates):
    """When flows end that start at 0: a and b from agent 0, b and c into agent 2. b crosses both bottlenecks."""
    arrived = {}

    def both(agent):
        yield agent.send(1, "a", x=Bytes(500))
        yield agent.send(2, "b", x=Bytes(500))

    def receiver(agent):
        for _ in range(agent.id):
            message = yield agent.receive()
            arrived[message.tag] = agent.now

    def cross(agent):
        yield agent.send(2, "c", x=Bytes(cross_size))

    run(both, receiver, receiver, cross, network={"sharing": "fair", **rates})
    return arrived


def test_parking_lot_gives_every_flow_one_half(run):
    """The flow over both bottlenecks gets 1/2 of each, and so does each flow over one: all end at 2n/B."""
    assert parking_lot(run, 500, uplink=B, downlink=B) == {tag: exact(2 * 500 / B, rel=1e-9) for tag in "abc"}


def test_max_min_gives_the_unhindered_flow_the_rest(run):
    """With a downlink of 2B the long flow keeps B/2 and the cross flow gets 3B/2: three times as much in equal time."""
    rates = {"uplink": [B, B, B, 10 * B], "downlink": [B, B, 2 * B, B]}
    assert parking_lot(run, 1500, **rates) == {tag: exact(1.0, rel=1e-9) for tag in "abc"}


@pytest.mark.parametrize("sharing", SHARINGS)
def test_ring_all_reduce_takes_twice_N_minus_1_steps_of_alpha_plus_n_over_NB(run, sharing):
    """Ring all-reduce of n bytes over N agents takes 2(N - 1)(alpha + n/(NB))."""
    n_agents, n = 5, 5000

    def program(agent):
        for step in range(2 * (n_agents - 1)):
            yield agent.send((agent.id + 1) % n_agents, step, x=Bytes(n / n_agents))
            yield agent.receive(step)

    outcome = run(*[program] * n_agents, edges=ring(n_agents), network=link(sharing))
    assert outcome.simulated_s == exact(2 * (n_agents - 1) * (ALPHA + n / (n_agents * B)), rel=1e-9)


@pytest.mark.parametrize("sharing", SHARINGS)
def test_binomial_broadcast_takes_ceil_log2_N_steps(run, sharing):
    """A binomial broadcast, each agent sending one message at a time, takes ceil(log2 N)(alpha + n/B)."""
    n_agents, n = 11, 400
    heard = []

    def program(agent):
        first = 0
        if agent.id:
            yield agent.receive()
            heard.append(agent.now)
            first = agent.id.bit_length()
        for step in range(first, n_agents.bit_length()):
            if agent.id + 2**step < n_agents:
                yield agent.send(agent.id + 2**step, "x", x=Bytes(n))
                yield agent.sleep(ALPHA + n / B)

    run(*[program] * n_agents, network=link(sharing))
    assert len(heard) == n_agents - 1
    assert max(heard) == exact(math.ceil(math.log2(n_agents)) * (ALPHA + n / B), rel=1e-9)


# ---- gossip rounds


def gossip(run, n_agents, rounds, seconds_of, **parts):
    """End of every round of every agent of a ring: `seconds_of(agent, round)` of computing, then a mix."""
    ends = np.zeros((rounds + 1, n_agents))

    def program(agent):
        for k in agent.rounds():
            yield agent.compute(agent.problem, seconds_of(agent.id, k))
            yield agent.mix(k, np.zeros(3))
            ends[k, agent.id] = agent.now

    run(*[program] * n_agents, edges=ring(n_agents), rounds=rounds, **parts)
    return ends


@pytest.mark.parametrize(("delay", "cycle"), [(0.1, 5.0), (3.0, 6.0)])
def test_ring_cycle_time_is_the_max_plus_eigenvalue(run, delay, cycle):
    """A ring of constant times cycles in max(max c_i, max over edges (c_i + c_j)/2 + d), in both regimes."""
    costs = [1.0, 5.0, 1.0, 0.5, 1.0, 0.25]
    assert cycle == max(*costs, *((costs[i] + costs[j]) / 2 + delay for i, j in ring(6)))
    ends = gossip(run, 6, 60, lambda agent, k: costs[agent], network={"latency": Constant(delay)})
    assert (ends[60] - ends[40]) / 20 == exact(np.full(6, cycle), rel=1e-9)


def test_gossip_with_random_times_is_the_max_plus_recursion(run):
    """A gossip ring with random steps, latencies and jitter has the instants of a NumPy recursion, to the bit."""
    n_agents, rounds, seed = 7, 200, 5
    step, latency, jitter = LogNormal(1.0, 1.0), Uniform(0.1, 2.0), Exponential(0.5)
    network = {"latency": latency, "jitter": jitter, "uplink": B, "downlink": B}
    compute = Compute(seconds_per_step=step)
    ends = gossip(run, n_agents, rounds, lambda *_: 1.0, network=network, compute=compute, header=40, seed=seed)

    steps = np.stack([step.sample(stream(seed, "step", i), rounds) for i in range(n_agents)], axis=1)
    pairs = [(j, i) for i in range(n_agents) for j in ((i - 1) % n_agents, (i + 1) % n_agents)]
    base = {pair: latency.sample(stream(seed, "latency", *pair), 1)[0] for pair in pairs}
    extra = {pair: jitter.sample(stream(seed, "jitter", *pair), rounds) for pair in pairs}
    due = dict.fromkeys(pairs, 0.0)
    expected = np.zeros((rounds + 1, n_agents))
    for k in range(1, rounds + 1):
        sent = expected[k - 1] + steps[k - 1]
        expected[k] = sent
        for j, i in pairs:
            arrives = sent[j] + (base[j, i] + extra[j, i][k - 1]) + 64 * (1.0 / B)
            due[j, i] = max(due[j, i], arrives)
            expected[k, i] = max(expected[k, i], due[j, i])
    assert np.array_equal(ends, expected)


def test_idle_wave_moves_one_hop_a_round(run):
    """A one-off delay at agent 0 in round 5 reaches exactly the agents within k - 4 hops by the end of round k."""
    ends = gossip(run, 11, 12, lambda agent, k: 4.0 if (agent, k) == (0, 5) else 1.0)
    hops = np.minimum(np.arange(11), 11 - np.arange(11))
    for k in range(1, 13):
        late = (hops <= k - 4) & (k >= 5)
        assert ends[k] == exact(k + 3.0 * late, rel=1e-9)


# ---- rounds of random length


def test_maximum_of_N_exponentials_is_H_N_over_lambda(run):
    """A barrier over N exponential steps takes H_N/lambda, with variance (1 + 1/4 + ... + 1/N^2)/lambda^2."""
    rate, workers = 2.0, 12
    times = barriers(run, workers, 6000, Exponential(1 / rate))
    agrees(times, harmonic(workers) / rate)
    agrees_variance(times, harmonic(workers, 2) / rate**2)


def test_sth_of_N_exponentials_is_H_N_minus_H_N_minus_S(run):
    """Waiting for S of N exponential steps takes (H_N - H_{N-S})/lambda."""
    agrees(barriers(run, 10, 6000, Exponential(3.0), k=6), 3.0 * (harmonic(10) - harmonic(4)))


def test_shifted_exponential_rounds_take_Delta_plus_H_N_over_mu(run):
    """A barrier over N shifted exponential steps takes Delta + H_N/mu; for S of N, Delta + (H_N - H_{N-S})/mu."""
    law = ShiftedExponential(1.0, 0.5)
    agrees(barriers(run, 8, 6000, law), 1.0 + 0.5 * harmonic(8))
    agrees(barriers(run, 8, 6000, law, k=3), 1.0 + 0.5 * (harmonic(8) - harmonic(5)))


@pytest.mark.parametrize("k", [3, 8])
def test_kth_of_N_pareto_is_a_ratio_of_gammas(run, k):
    """The k-th of N Pareto steps takes x_m G(N + 1) G(N - k + 1 - 1/a) / (G(N - k + 1) G(N + 1 - 1/a))."""
    n, a, g = 8, 3.5, math.gamma
    expected = 1.5 * g(n + 1) * g(n - k + 1 - 1 / a) / (g(n - k + 1) * g(n + 1 - 1 / a))
    agrees(barriers(run, n, 6000, Pareto(1.5, a), k=k), expected)


def test_two_point_stragglers_take_the_slow_time_with_1_minus_1_minus_p_to_the_N(run):
    """With N = 100 and p = 1 %, 63 % of the rounds are slow: t_f + (t_s - t_f)(1 - (1 - p)^N)."""
    times = barriers(run, 100, 800, TwoPoint(0.1, 1.0, 0.01))
    agrees(times > 0.5, 1 - 0.99**100)
    agrees(times, 0.1 + 0.9 * (1 - 0.99**100))


def test_maximum_of_N_lognormal_is_the_integral_of_1_minus_F_to_the_N(run):
    """A barrier over N log-normal steps takes the integral of 1 - F(t)^N."""
    expected = quad(lambda t: 1 - lognorm.cdf(t, 0.6, scale=2.0) ** 9, 0, np.inf, limit=200)[0]
    agrees(barriers(run, 9, 6000, LogNormal(2.0, 0.6)), expected)


def test_maximum_of_N_uniform_is_a_plus_b_minus_a_N_over_N_plus_1(run):
    """A barrier over N uniform steps takes a + (b - a)N/(N + 1)."""
    agrees(barriers(run, 9, 6000, Uniform(1.0, 3.0)), 1.0 + 2.0 * 9 / 10)


def test_K_bulk_synchronous_rounds_have_mean_Km_and_variance_K_Var(run):
    """K rounds take K times the mean of one, with K times its variance: rounds are independent."""
    sums = barriers(run, 6, 5000, Exponential(1.0)).reshape(-1, 10).sum(axis=1)
    agrees(sums, 10 * harmonic(6))
    agrees_variance(sums, 10 * harmonic(6, 2))


# ---- asynchronous workers, queues


def served(run, workers, updates, law, stragglers=()):
    """A server that answers every worker at once: instants of its updates, staleness of each."""
    instants, staleness = [], []

    def server(agent):
        for version in range(updates):
            message = yield agent.receive("done")
            if stragglers:
                yield agent.compute(agent.problem)
            instants.append(agent.now)
            staleness.append(version - message["version"])
            yield agent.send(message.sender, "go", version=version + 1)

    def worker(agent):
        version = 0
        while True:
            yield agent.compute(agent.problem)
            yield agent.send(workers, "done", version=version)
            version = (yield agent.receive("go"))["version"]

    compute = Compute(seconds_per_step=law)
    daemons = range(workers)
    run(*[worker] * workers, server, edges=star(workers), daemons=daemons, compute=compute, stragglers=stragglers)
    return np.array(instants), np.array(staleness)


def test_asynchronous_updates_come_every_1_over_N_mu(run):
    """N exponential workers give an update every 1/(N mu) seconds, K of them in K/(N mu)."""
    instants, _ = served(run, 12, 12000, Exponential(2.0))
    gaps = np.diff(instants, prepend=0.0)
    agrees(gaps, 2.0 / 12)
    agrees(gaps.reshape(-1, 4).sum(axis=1), 4 * 2.0 / 12)


@pytest.mark.parametrize("law", [Exponential(1.0), LogNormal(1.0, 1.0), Constant(1.0)], ids=lambda law: law.name)
def test_mean_staleness_is_N_minus_1_whatever_the_law(run, law):
    """On average N - 1 updates of others lie between reading and writing (by counting: no law enters)."""
    _, staleness = served(run, 12, 12000, law)
    print(f"expected 11 got {staleness.mean():.5g}")
    assert abs(staleness.mean() - 11) < 12 * 120 / 12000 / 2


def test_closed_server_MM1N_has_throughput_mu_times_1_minus_P0(run):
    """N workers that think 1/lambda at a server of rate mu: X = mu(1 - P0), 1/P0 = sum N!/(N-k)! (lambda/mu)^k."""
    n, mu = 6, 4.0
    instants, _ = served(run, n, 12000, Exponential(1.0), stragglers=(FixedSlowdown((n,), 1 / mu),))
    empty = 1 / sum(math.factorial(n) / math.factorial(n - k) * mu**-k for k in range(n + 1))
    agrees(np.diff(instants), 1 / (mu * (1 - empty)), batches=40)


@pytest.mark.parametrize("service", [0.125, 0.75])
def test_closed_server_DD_has_throughput_min_N_over_Z_plus_S_and_1_over_S(run, service):
    """Constant times: min(N/(Z + S), 1/S) updates a second, exactly, idle or saturated."""
    instants, _ = served(run, 5, 100, Constant(1.0), stragglers=(FixedSlowdown((5,), service),))
    rate = 50 / (instants[90] - instants[40])
    assert rate == exact(min(5 / (1.0 + service), 1 / service), rel=1e-9)


def queue(run, sizes, gap, record=None):
    """Waiting times on a FIFO uplink of 1 MB/s: sizes drawn by `sizes(rng)`, handed over at Poisson instants.

    Also the time each was under way and the outcome of the run.
    """
    waits, times, count, rate = [], [], 24000, 1e6

    def sender(agent):
        for _ in range(count):
            yield agent.sleep(gap * agent.rng.standard_exponential())
            yield agent.send(1, "x", x=Bytes(round(rate * sizes(agent.rng))), at=agent.now)

    def receiver(agent):
        for _ in range(count):
            message = yield agent.receive()
            times.append(agent.now - message["at"])
            waits.append(times[-1] - message.size / rate)

    outcome = run(sender, receiver, network={"sharing": "fifo", "uplink": rate}, record=record)
    return np.array(waits), np.array(times), outcome


def test_MM1_waits_rho_over_mu_minus_lambda(run):
    """Poisson messages of exponential size on a FIFO uplink wait rho/(mu - lambda)."""
    waits, _, _ = queue(run, lambda rng: rng.standard_exponential(), gap=2.0)
    agrees(waits, 0.5 / (1.0 - 0.5), batches=40)


def test_MD1_waits_rho_over_2_mu_times_1_minus_rho(run):
    """Poisson messages of constant size on a FIFO uplink wait rho/(2 mu (1 - rho))."""
    waits, _, _ = queue(run, lambda rng: 1.0, gap=1 / 0.6)
    agrees(waits, 0.6 / (2 * 0.4), batches=40)


def test_MG1_waits_as_pollaczek_and_khinchine_say(run):
    """Poisson messages of two sizes on a FIFO uplink wait lambda E[S^2]/(2(1 - rho))."""
    waits, _, _ = queue(run, lambda rng: 4.0 if rng.random() < 0.1 else 0.5, gap=2.0)
    agrees(waits, 0.5 * (0.1 * 16 + 0.9 * 0.25) / (2 * (1 - 0.5 * 0.85)), batches=40)


def test_little_L_is_lambda_W_on_a_sample_path(run):
    """The number of messages under way, integrated over the journal, is the sum of the times the receiver saw."""
    _, times, outcome = queue(run, lambda rng: rng.standard_exponential(), 1.5, Record(None, journal=True))
    columns = outcome.journal.columns()
    change = np.select([columns["kind"] == SENT, columns["kind"] == DELIVERED], [1, -1], 0)
    number = np.cumsum(change)
    assert number[-1] == 0
    assert np.sum(number[:-1] * np.diff(columns["time"])) == exact(times.sum(), rel=1e-9)


@pytest.mark.parametrize("sizes", [(1.0, 1.0), (0.5, 5.0)])
def test_fair_link_takes_x_over_1_minus_rho_whatever_the_law_of_sizes(run, sizes):
    """Poisson messages on a fair downlink (M/G/1-PS) take E[S]/(1 - rho), those of size x take x/(1 - rho)."""
    count, senders, rho, rate = 5000, 40, 0.6, 1e6
    rng = stream(3, "poisson")
    small, large = sizes
    share = 1.0 if small == large else (1.0 - small) / (large - small)  # mean 1
    size = np.where(rng.random(count) < share, large, small)
    at = np.cumsum(rng.standard_exponential(count)) / rho
    times = np.zeros(count)

    def sender(agent):
        for k in range(agent.id, count, senders):
            yield agent.sleep(at[k] - agent.now)
            yield agent.send(senders, k, x=Bytes(rate * size[k]))

    def receiver(agent):
        for _ in range(count):
            message = yield agent.receive()
            times[message.tag] = agent.now - at[message.tag]

    network = {"sharing": "fair", "downlink": rate}
    run(*[sender] * senders, receiver, edges=star(senders), network=network)
    agrees(times, 1 / (1 - rho), batches=25)
    agrees(times[size == large], large / (1 - rho), batches=20)


# ---- losses and failures


def test_retransmission_takes_d_plus_RTO_p_over_1_minus_p(run):
    """With losses of probability p a message takes d + RTO p/(1 - p), and 1/(1 - p) copies."""
    p, rto, count, times = 0.3, 1.0, 6000, []

    def sender(agent):
        for _ in range(count):
            yield agent.sleep(60.0)
            yield agent.send(1, "x", at=agent.now)

    def receiver(agent):
        for _ in range(count):
            message = yield agent.receive()
            times.append(agent.now - message["at"])

    network = {"latency": Constant(0.25), "loss": Loss(p), "rto": rto, "tries": 1000}
    outcome = run(sender, receiver, network=network)
    agrees(times, 0.25 + rto * p / (1 - p))
    copies = outcome.meters[0].messages_sent
    assert abs(copies / count - 1 / (1 - p)) <= 4 * math.sqrt(p / (1 - p) ** 2 / count)
    assert copies == count + round(sum(np.array(times) - 0.25) / rto)


def test_gilbert_losses_are_p_over_p_plus_r_in_bursts_of_1_over_r(run, log):
    """A Gilbert channel loses p/(p + r) of the messages, in bursts of mean length 1/r."""
    p, r, count = 0.1, 0.4, 20000

    def sender(agent):
        for k in range(count):
            yield agent.send(1, k)
            yield agent.sleep(1.0)

    network = {"loss": Loss(good_to_bad=p, bad_to_good=r), "transport": "datagram"}
    run(sender, None, network=network, observers=[log])
    lost = np.zeros(count)
    lost[[entry[3] for entry in log.of("lost")]] = 1
    agrees(lost, p / (p + r), batches=50)
    agrees([len(list(group)) for bad, group in itertools.groupby(lost) if bad], 1 / r)


def repeated_steps(run, step, count, uptime, repair):
    """Seconds that each of `count` steps takes on an agent that fails and, with its memory kept, repeats the step."""
    ends = [0.0]

    def program(agent):
        for _ in range(count):
            yield agent.compute(agent.problem, step)
            ends.append(agent.now)

    run(program, failures=(RandomCrash((0,), uptime, repair),))
    return np.diff(ends)


def test_restart_from_scratch_takes_1_over_lambda_plus_R_times_exp_lambda_w_minus_1(run):
    """A step of w seconds, begun anew after each failure, takes (1/lambda + R)(e^{lambda w} - 1)."""
    times = repeated_steps(run, 4.0, 4000, Exponential(5.0), Constant(1.5))
    agrees(times, (5.0 + 1.5) * math.expm1(4.0 / 5.0))


def test_resume_takes_w_times_1_plus_lambda_R(run):
    """Work in steps short against 1/lambda goes on where it stopped: w(1 + lambda R), up to half a step a failure."""
    step, mtbf, repair = 0.02, 5.0, 2.0
    times = repeated_steps(run, step, 100000, Exponential(mtbf), Constant(repair))
    expected = (mtbf + repair) * math.expm1(step / mtbf)
    assert expected == exact(step * (1 + repair / mtbf), rel=3e-3)
    agrees(times, expected)


def test_availability_is_MTBF_over_MTBF_plus_MTTR_whatever_the_laws(run):
    """Weibull times between failures and log-normal repairs: up for MTBF/(MTBF + MTTR) of the time."""
    uptime, repair, agents, end = Weibull(8.0, 0.7), LogNormal(1.5, 1.0), 60, 20000.0

    def program(agent):
        yield agent.sleep(2 * end)

    failures = (RandomCrash(tuple(range(agents)), uptime, repair),)
    outcome = run(*[program] * agents, edges=[], failures=failures, seconds=end)
    up = [1 - meter.down_s / end for meter in outcome.meters]
    agrees(up, uptime.mean / (uptime.mean + repair.mean))


def test_first_failure_of_N_weibull_is_scale_over_N_to_the_1_over_k(run, log):
    """The first of N Weibull failures comes at scale N^(-1/k) Gamma(1 + 1/k)."""
    group, groups, shape = 10, 300, 0.7
    first = np.full(groups, np.inf)

    class FirstFailure(Observer):
        def failed(self, now, agent):
            first[agent // group] = min(first[agent // group], now)

    def program(agent):
        yield agent.sleep(1e6)

    agents = tuple(range(group * groups))
    failures = (RandomCrash(agents, Weibull(20.0, shape), Constant(1e8)),)
    run(*[program] * len(agents), edges=[], failures=failures, seconds=500.0, observers=[FirstFailure()])
    agrees(first, 20.0 * group ** (-1 / shape) * math.gamma(1 + 1 / shape))


# ---- slow periods


def test_two_state_slowdown_stretches_exactly_the_rest_of_a_step(run):
    """5 s of work over periods of 3 s fast and 2 s four times slower: 3 + 0.5 done by 5 s, the last 1.5 by 6.5 s."""

    def program(agent):
        yield agent.compute(agent.problem, 5.0)

    periods = SlowPeriods((0,), Constant(3.0), Constant(2.0), 4.0)
    assert run(program, stragglers=(periods,)).simulated_s == exact(6.5, rel=1e-9)


def test_two_state_markov_slowdown_has_mean_speed_of_its_states(run):
    """In the long run the speed is (E fast + E slow / slowdown)/(E fast + E slow)."""
    work, agents, ends = 10000.0, 60, []

    def program(agent):
        yield agent.compute(agent.problem, work)
        ends.append(agent.now)

    periods = SlowPeriods(None, Exponential(30.0), Exponential(10.0), 4.0)
    run(*[program] * agents, edges=[], stragglers=(periods,))
    agrees(work / np.array(ends), (30.0 + 10.0 / 4.0) / 40.0)


def test_default_network_takes_no_time(run):
    """Without latency and with infinite rates a message takes no time: the closed forms above have nothing hidden."""
    assert Network().header == 40

    def program(agent):
        for k in range(10):
            yield agent.mix(k, np.zeros(1000))

    assert run(program, program, header=40).simulated_s == 0.0
