"""C-SOBA: SOBA on a parameter server with compressed directions, with and without error feedback.

Paper: Y. He, J. Hu, X. Huang, S. Lu, B. Wang, K. Yuan, "Distributed bilevel optimization with communication
compression", ICML 2024, arXiv 2405.18858. Reconstructed: the paper's boxes were not at hand, so the form of error
feedback and of multi-step compression is ours.

Problem: min_x (1/N) sum_i f_i(x, y*(x)),  y*(x) = argmin_y (1/N) sum_i g_i(x, y), x in R^p, y in R^q.
u in R^q follows the solution of [d2_yy g] u = grad_y f.

Worker i, at the server's (x, y, u), on a batch of its own, with memories m_i of zero ("c_soba", "cm_soba": for good):

    Dx_i = grad_x f_i - [d2_xy g_i] u      Dy_i = grad_y g_i      Du_i = [d2_yy g_i] u - grad_y f_i
    c_i  = C(D_i - m_i)     for each of the three; `compressor` for Dx, `compressor_lower` for Dy and Du
    m_i <- m_i + delta c_i                             (error feedback alone)

Server, k = 1, 2, ..., with M the mean of the memories and P_r the projection onto the ball |u| <= r:

    G = M + mean_i c_i      M <- M + delta mean_i c_i
    h <- (1 - theta) h + theta Gx
    x <- x - a_k h      y <- y - b_k Gy      u <- P_r(u - c_k Gu)

"cm_soba" has the moving average (theta < 1), "ef_soba" that and error feedback, "cm_soba_msc" and "ef_soba_msc"
multi-step compression in addition: R payloads of each vector in one message (`compression_steps`).

C must be unbiased, with delta = 1/(1 + omega). Biased compressors (top_k, sign) are for error feedback with delta = 1
alone, which is EF21: elsewhere the method would converge to a wrong point.

Waiting: without error feedback as in SOBA: the mean is over the last c_i of each worker heard so far. With it a worker
that is not in counts by its memory: G = M + (1/N) sum of the c_i that came. Both keep the fixed point.

Lost messages: a memory that moves while the server did not hear of it leaves a bias for good. So a worker moves its
memory when the next iterate tells that its message was used (a bit in both directions numbers messages as odd or
even), and repeats the message itself, not a new one, when `resend_after_s` is over. Without error feedback nothing
can come apart, and there is no such bit.

Costs per answer: p + 2q numbers down; up R times the bits of C for one vector of length p and two of length q (their
formulas stand in `algorithms/pieces/compressors.py`); with error feedback one more bit each way. Numbers travel in the
precision of the network. Three gradients, one Hessian-vector and one cross product. Memory p + 2q at each worker.

Traps: without error feedback the agents' differences leave a floor of about the square root of the steps; use
`decay_power`, or ef_soba. A delta beyond 2/(1 + omega) makes memories diverge. Steps must be smaller where omega / N
is large, as N / (omega L). The lower vectors make most of the noise: give them the bits. With `shared_mask` noise does
not average out over workers, but it vanishes with the mean direction, so that c_soba converges without a floor; every
worker must then answer the same iterates (wait for all). A radius r smaller than |u*| gives a wrong answer in silence.
Without a larger batch multi-step compression only costs bits: with rand_k it never beats a larger k.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from algorithms.needs import Needs
from algorithms.pieces.answering import LastAnswers, Point, ResendAfter, answering, start
from algorithms.pieces.averaging import moving_average
from algorithms.pieces.bits import Flag
from algorithms.pieces.compressors import AnyCompressor, Biased, RandK
from algorithms.pieces.multi_step import MultiStep
from algorithms.pieces.projection import onto_ball
from algorithms.pieces.schedules import DecayPower, DecayRounds, decayed
from algorithms.pieces.waiting import Attendance, gather_arguments
from problems.base import Directions
from simulator.agent import Agent, Event, Program
from simulator.message import Message

NEEDS = Needs(
    topology="star",
    oracles=("start", "draw", "directions"),
    waits=("all", "first", "latest", "deadline"),
    links=("retransmit", "symmetric", "datagram"),
    memory_loss=("worker",),
)

VARIANTS = {
    "cm_soba": {"averaging": 0.1},
    "ef_soba": {"averaging": 0.1, "error_feedback": True},
    "cm_soba_msc": {"averaging": 0.1, "compression_steps": 4},
    "ef_soba_msc": {"averaging": 0.1, "error_feedback": True, "compression_steps": 4},
}

NAMES = ("x", "y", "u")
Vectors = tuple[np.ndarray, ...]
Gathering = Generator[Event, Any, dict[int, Message]]


@dataclass(frozen=True)
class Settings:
    step_x: Annotated[float, Gt(0), Doc("a: step of the upper variable x, 1")] = 0.05
    step_y: Annotated[float, Gt(0), Doc("b: step of the lower variable y, 1")] = 0.1
    step_u: Annotated[float, Gt(0), Doc("c: step of the linear system's variable u, 1")] = 0.1
    averaging: Annotated[float, Gt(0), Le(1), Doc("theta: weight of the new direction in h; 1 = no averaging")] = 1.0
    radius: Annotated[float | None, Gt(0), Doc("r: bound on |u|, in units of u; None = no projection")] = None
    compressor: Annotated[AnyCompressor, Doc("C of Dx, a table with its name and settings")] = RandK(fraction=0.1)
    compressor_lower: Annotated[AnyCompressor | None, Doc("C of Dy and Du, likewise; None = as for Dx")] = None
    shared_mask: Annotated[bool, Doc("all workers draw alike when they compress (under `all`)")] = False
    compression_steps: Annotated[int, Ge(1), Doc("R: payloads of a vector in one message")] = 1
    error_feedback: Annotated[bool, Doc("compress the difference to a memory on both sides")] = False
    delta: Annotated[
        float | None, Gt(0), Le(1), Doc("rate of the memory, 1; None = 1/(1 + omega), 1 for a biased compressor")
    ] = None
    decay_power: DecayPower = 0.0
    decay_rounds: DecayRounds = 100.0
    resend_after_s: ResendAfter = None

    def __post_init__(self) -> None:
        if self.delta is not None and not self.error_feedback:
            raise ValueError(f"delta is {self.delta}: it is the rate of a memory, which only error feedback has")
        for compressor in (self.compressor, self.compressor_lower):
            if isinstance(compressor, Biased):
                _check_biased(self, compressor.name)


def needs(settings: Settings) -> Needs:
    """With a shared mask every worker has to answer the same iterates."""
    return replace(NEEDS, waits=("all",)) if settings.shared_mask else NEEDS


def _check_biased(settings: Settings, name: str) -> None:
    if not settings.error_feedback:
        raise ValueError(f"compressor {name} is biased: without error_feedback it leads to a wrong point")
    if settings.delta not in (None, 1.0):
        raise ValueError(f"delta is {settings.delta}: with the biased compressor {name} it must be 1")
    if settings.compression_steps > 1:
        raise ValueError(f"compression_steps is {settings.compression_steps}: with the biased {name} it must be 1")


@dataclass(frozen=True)
class Coding:
    """How the three vectors x, y, u travel, and how fast their memories move."""

    schemes: tuple[MultiStep, ...]
    rates: tuple[float, ...]
    """delta of each."""

    def encode(self, vectors: Vectors, rng: np.random.Generator) -> dict[str, Any]:
        """Name -> what travels."""
        parts = zip(NAMES, self.schemes, vectors, strict=True)
        return {name: scheme.encode(vector, rng) for name, scheme, vector in parts}

    def decode(self, payload: Any) -> Vectors:
        """The vectors, from what travelled under their names."""
        return tuple(scheme.decode(payload[name]) for name, scheme in zip(NAMES, self.schemes, strict=True))

    def moved(self, memory: Vectors, by: Vectors) -> Vectors:
        """m + delta c."""
        return tuple(m + rate * c for m, rate, c in zip(memory, self.rates, by, strict=True))

    def zeros(self) -> Vectors:
        """A memory at its start."""
        return tuple(np.zeros(scheme.size, scheme.dtype) for scheme in self.schemes)


def coding(agent: Agent, settings: Settings) -> Coding:
    """The same at the server and at all workers."""
    p, q, dtype = agent.problem.dim_x, agent.problem.dim_y, agent.problem.dtype
    lower = settings.compressor_lower or settings.compressor
    compressors = ((settings.compressor, p), (lower, q), (lower, q))
    schemes = tuple(MultiStep(c, settings.compression_steps, size, dtype, agent.wire) for c, size in compressors)
    return Coding(schemes, tuple(settings.delta or 1.0 / (1.0 + scheme.omega) for scheme in schemes))


def server(agent: Agent, settings: Settings) -> Program:
    x, y, u = start(agent).values()
    h = None
    code = coding(agent, settings)
    received = Memories(code, agent.neighbors) if settings.error_feedback else Plain(code)
    attendance = Attendance(agent.neighbors)
    agent.report(0, x=x, y=y, u=u)
    for i in agent.neighbors:
        yield agent.send(i, "iterate", x=x, y=y, u=u, **received.note(i))
    for k in agent.rounds():
        overdue = attendance.overdue(agent.wait.staleness)
        asked = gather_arguments(agent.wait, agent.neighbors, overdue)
        answers = yield from received.gather(agent, asked, {"x": x, "y": y, "u": u})
        attendance.heard(answers)
        attendance.next_round()
        if found := received.direction(answers):
            mean_x, mean_y, mean_u = found
            h = moving_average(h, mean_x, settings.averaging)
            x = x - step(settings, settings.step_x, k) * h
            y = y - step(settings, settings.step_y, k) * mean_y
            u = onto_ball(u - step(settings, settings.step_u, k) * mean_u, settings.radius)
        agent.report(k, x=x, y=y, u=u)
        for i in answers:
            yield agent.send(i, "iterate", x=x, y=y, u=u, **received.note(i))


class Plain:
    """The server's direction without error feedback: the mean of the last c_i of each worker."""

    def __init__(self, code: Coding):
        self._code, self._last = code, LastAnswers()

    def gather(self, agent: Agent, asked: dict[str, Any], iterate: Point) -> Gathering:
        answers: dict[int, Message] = yield agent.gather("directions", **asked)
        return answers

    def direction(self, answers: dict[int, Message]) -> Vectors | None:
        for i, answer in answers.items():
            self._last.keep(i, *self._code.decode(answer))
        return self._last.mean()

    def note(self, i: int) -> dict[str, Flag]:
        """What worker i is told beside the iterate."""
        return {}


class Memories:
    """The server's direction with error feedback: M + (1/N) sum of the c_i that came."""

    def __init__(self, code: Coding, workers: tuple[int, ...]):
        self._code, self._mean = code, code.zeros()
        self._used = dict.fromkeys(workers, False)
        """Whether the last message used was an odd one."""

    def gather(self, agent: Agent, asked: dict[str, Any], iterate: Point) -> Gathering:
        """The answers of a round; one that repeats a used message is none, and its worker is asked again."""
        need, forced, seconds = asked["k"], asked.get("forced", ()), asked.get("timeout")
        until = None if seconds is None else agent.now + seconds
        fresh: dict[int, Message] = {}
        while len(fresh) < need or not set(forced) <= set(fresh):
            missing = [i for i in forced if i not in fresh]
            patience = None if until is None else max(0.0, until - agent.now)
            came = yield agent.gather("directions", max(0, need - len(fresh)), missing, patience)
            for i, answer in came.items():
                if i not in fresh and answer["odd"].value != self._used[i]:
                    fresh[i] = answer
                elif i not in fresh:
                    yield agent.send(i, "iterate", **iterate, **self.note(i))
            if until is not None and agent.now >= until:
                break
        return dict(sorted(fresh.items()))

    def direction(self, answers: dict[int, Message]) -> Vectors:
        total = self._code.zeros()
        for i, answer in answers.items():
            self._used[i] = answer["odd"].value
            total = tuple(t + c for t, c in zip(total, self._code.decode(answer), strict=True))
        mean = tuple(t / len(self._used) for t in total)
        found = tuple(m + c for m, c in zip(self._mean, mean, strict=True))
        self._mean = self._code.moved(self._mean, mean)
        return found

    def note(self, i: int) -> dict[str, Flag]:
        """Which message of worker i has been used."""
        return {"used": Flag(self._used[i])}


def worker(agent: Agent, settings: Settings) -> Program:
    code = coding(agent, settings)
    rng = agent.shared_rng("compression") if settings.shared_mask else agent.rng.spawn(1)[0]
    if settings.error_feedback:
        return remembering(agent, code, rng, settings.resend_after_s)
    return answering(agent, partial(compressed, code, rng), settings.resend_after_s)


def compressed(
    code: Coding, rng: np.random.Generator, agent: Agent, server_id: int, point: Point
) -> Generator[Event, Any, None]:
    """A worker's answer without error feedback."""
    found = yield from directions(agent, point)
    yield agent.send(server_id, "directions", **code.encode(found, rng))


def directions(agent: Agent, point: Point) -> Generator[Event, Any, Directions]:
    batch = agent.problem.draw(agent.rng)
    found: Directions = yield agent.compute(agent.problem.directions, point["x"], point["y"], point["u"], batch)
    return found


def remembering(agent: Agent, code: Coding, rng: np.random.Generator, resend_after_s: float | None) -> Program:
    """A worker's life with error feedback: its memory moves when its message is known to have been used."""
    (server_id,) = agent.neighbors
    memory, pending, odd, point = code.zeros(), None, False, None
    if agent.saved is not None:
        memory, pending, odd, point = (agent.saved[name] for name in ("memory", "pending", "odd", "point"))
    while True:
        if point is not None:
            found = yield from directions(agent, point)
            pending = code.encode(tuple(d - m for d, m in zip(found, memory, strict=True)), rng)
            odd, point = not odd, None
            agent.save(memory=memory, pending=pending, odd=odd, point=None)
        if pending is not None:
            yield agent.send(server_id, "directions", **pending, odd=Flag(odd))
        message = yield agent.receive("iterate", resend_after_s)
        while message is not None and message["used"].value != odd:  # the answer to a repetition
            message = yield agent.receive("iterate", resend_after_s)
        if message is None and pending is not None:
            continue
        point = start(agent) if message is None else {name: message[name] for name in NAMES}
        if pending is not None:
            memory, pending = code.moved(memory, code.decode(pending)), None
        agent.save(memory=memory, pending=None, odd=odd, point=point)


def step(settings: Settings, first: float, k: int) -> float:
    return decayed(first, k, settings.decay_power, settings.decay_rounds)
