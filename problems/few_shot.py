"""Few-shot meta-learning: one backbone for many small tasks is the upper variable, their linear heads the lower one.

Task t has a support set S_t and a query set Q_t; agent i holds the T tasks t in T_i, n agents nT of them. With the tanh
network net (``network.py``) of the backbone x and the head y_t,

    f_i(x, y) = (1/T) sum_{t in T_i} mean over Q_t of loss(net(x, y_t)) + (upper_ridge/2) |x|^2
    g_i(x, y) =       sum_{t in T_i} mean over S_t of loss(net(x, y_t)) + (ridge/(2n)) |y|^2

y = (y_1, ..., y_nT) stacks all heads. Agent i's losses touch the blocks of its own tasks alone, yet the whole vector
travels, as the upper variable does in ``hyper_cleaning``: the problem has one lower variable that all agents agree on.
Every g_i is strongly convex in all of y, and their mean splits into the tasks: y_t*(x) minimises task t's own
loss + (ridge/2) |y_t|^2, whoever holds it and however many agents and tasks there are.

This is the bilevel form of K. Ji, J. Yang, Y. Liang, "Bilevel optimization: convergence analysis and enhanced design",
ICML 2021 (their parameters phi of the embedding, w_i of the last layer).

    data              a task                                                            loss
    digits            ways of the 10 classes, shots + queries drawings of each          cross-entropy
    omniglot_small    ways of the 242 characters, shots + queries drawings of each      cross-entropy
    sinusoids         shots + queries points of t = A sin(s - phi), A in (0.1, 5),      half the squared error
                      phi in (0, pi), s in (-5, 5): C. Finn et al., MAML, ICML 2017

New tasks, which no agent holds, are for metrics only: of digits their drawings are in no training task (the classes
are, there being only ten), of Omniglot their characters are. A mini-batch is one of tasks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt
from typing_extensions import Doc

from problems import hyper_representation, metrics, reference
from problems.base import Array, Batch, Metric
from problems.datasets import SETS, Rows, load
from problems.errors import ProblemError
from problems.hyper_representation import RepresentationLocal
from problems.network import Along, Hidden, Layer, Network, WeightedLoss, propagate
from problems.samples import Classifier, Link, Samples, Softmax, Squared, Starter
from problems.solved import TOLERANCE, Solved
from problems.streams import stream

AMPLITUDES, PHASES, INPUTS = (0.1, 5.0), (0.0, np.pi), (-5.0, 5.0)
"""Of sinusoids, uniform."""


@dataclass(frozen=True, kw_only=True)
class Settings(Hidden):
    """Which tasks, how many of them, which network."""

    data: Annotated[Literal["digits", "omniglot_small", "sinusoids"], Doc("what the tasks are made of")] = "digits"
    ways: Annotated[int, Ge(2), Doc("classes of a task (not read by sinusoids)")] = 5
    shots: Annotated[int, Ge(1), Doc("support samples of each class of a task, or of a sinusoid")] = 5
    queries: Annotated[int, Ge(1), Doc("query samples of each class of a task, or of a sinusoid")] = 10
    tasks: Annotated[int, Ge(1), Doc("T: tasks that each agent holds")] = 4
    new_tasks: Annotated[int, Ge(1), Doc("tasks that no agent holds, for metrics only")] = 50
    ridge: Annotated[float, Gt(0), Doc("coefficient of |y_t|^2/2 in each task's lower problem")] = 1e-2
    upper_ridge: Annotated[float, Ge(0), Doc("coefficient tau of (tau/2)|x|^2 in the upper objective")] = 0.0
    batch_upper: Annotated[int, Ge(0), Doc("tasks of an upper-level mini-batch, 0 = all")] = 0
    batch_lower: Annotated[int, Ge(0), Doc("tasks of a lower-level mini-batch, 0 = all")] = 0
    start_scale: Annotated[
        float, Gt(0), Doc("x at the start: weights normal with deviation start_scale / sqrt(inputs), biases 0")
    ] = 1.0
    start_lower_sd: Annotated[float, Ge(0), Doc("standard deviation of the entries of y at the start, 0 = zeros")] = 0.0
    dtype: Annotated[Literal["float64", "float32"], Doc("precision of all arrays")] = "float64"


def build(settings: Settings, agents: int, seed: int) -> "FewShot":
    """The problem of the settings; raises ProblemError, DataMissing when the data set is not there."""
    if agents < 1:
        raise ProblemError(f"agents is {agents}: a problem needs at least one agent")
    for name, batch in (("batch_upper", settings.batch_upper), ("batch_lower", settings.batch_lower)):
        if batch > settings.tasks:
            raise ProblemError(f"{name} is {batch}: each agent has {settings.tasks} tasks; 0 takes them all")
    held, new = _makers(settings, seed)
    # A stream for each task: further agents or tasks change no other's.
    known = [held(stream(seed, f"task {t} of agent {i}")) for i in range(agents) for t in range(settings.tasks)]
    fresh = [new(stream(seed, f"new task {t}")) for t in range(settings.new_tasks)]
    return FewShot(settings, agents, _stacked(known, settings), _stacked(fresh, settings))


def memory_bytes(settings: Settings, agents: int) -> int:
    """Estimate of the bytes of data set, tasks, three iterates an agent and one pass, from the settings alone."""
    features, outputs = _sizes(settings)
    network, number = settings.network(features, outputs), np.dtype(settings.dtype).itemsize
    samples = (settings.shots + settings.queries) * (1 if settings.data == "sinusoids" else settings.ways)
    raw = {"digits": 8, "omniglot_small": 2}.get(settings.data, 0) * features
    raw *= SETS[settings.data].train if settings.data in SETS else 0
    tasks = agents * settings.tasks
    heads = tasks * network.lengths[-1]
    kept = 2 * (tasks + settings.new_tasks) * samples * (features + outputs)
    a_pass = tasks * (2 * network.length + 4 * samples * sum(network.sizes[1:]))
    return raw + number * (kept + a_pass + 3 * agents * (network.length + heads))


# --- tasks


@dataclass(frozen=True)
class Task:
    """The samples of one task, or (with a leading axis) of several."""

    support: Array
    """(k, d)"""
    support_targets: Array
    """(c, k)"""
    query: Array
    query_targets: Array


Maker = Callable[[np.random.Generator], Task]


def _sizes(settings: Settings) -> tuple[int, int]:
    """Inputs and outputs of the network."""
    return (1, 1) if settings.data == "sinusoids" else (SETS[settings.data].features, settings.ways)


def _makers(settings: Settings, seed: int) -> tuple[Maker, Maker]:
    """What draws a training task, and what draws a new one."""
    if settings.data == "sinusoids":
        return (lambda rng: _sinusoid(settings, rng),) * 2
    rows = load(settings.data).train
    pools = _by_characters(rows, seed) if settings.data == "omniglot_small" else _by_drawings(rows, seed)
    classes, drawings = min(map(len, pools)), min(len(group) for pool in pools for group in pool)
    if settings.ways > classes:
        raise ProblemError(f"ways is {settings.ways}: {settings.data} has {classes} classes for the tasks")
    if settings.shots + settings.queries > drawings:
        raise ProblemError(
            f"shots + queries is {settings.shots} + {settings.queries}: "
            f"{settings.data} has {drawings} drawings of a class for the tasks"
        )
    known, new = pools
    return (lambda rng: _choice(known, settings, rng)), (lambda rng: _choice(new, settings, rng))


def _by_characters(rows: Rows, seed: int) -> tuple[list[Array], list[Array]]:
    """The drawings of three quarters of the classes, and those of the others."""
    features, classes = rows.features / rows.features.max(), int(rows.labels.max()) + 1
    order = stream(seed, "characters").permutation(classes)
    groups = [features[rows.labels == label] for label in order]
    return groups[: classes * 3 // 4], groups[classes * 3 // 4 :]


def _by_drawings(rows: Rows, seed: int) -> tuple[list[Array], list[Array]]:
    """Half of the drawings of every class, and the other half."""
    features, rng = rows.features / rows.features.max(), stream(seed, "drawings")
    groups = [rng.permutation(features[rows.labels == label]) for label in range(int(rows.labels.max()) + 1)]
    return [group[: len(group) // 2] for group in groups], [group[len(group) // 2 :] for group in groups]


def _choice(pool: Sequence[Array], settings: Settings, rng: np.random.Generator) -> Task:
    """Classes in random order, named by their place in it, and drawings of each."""
    shots, support, query = settings.shots, [], []
    for label in rng.permutation(len(pool))[: settings.ways]:
        drawings = pool[label][rng.permutation(len(pool[label]))[: shots + settings.queries]]
        support.append(drawings[:shots])
        query.append(drawings[shots:])
    names = np.eye(settings.ways)
    return Task(
        np.concatenate(support),
        np.repeat(names, shots, axis=1),
        np.concatenate(query),
        np.repeat(names, settings.queries, axis=1),
    )


def _sinusoid(settings: Settings, rng: np.random.Generator) -> Task:
    amplitude, phase = rng.uniform(*AMPLITUDES), rng.uniform(*PHASES)
    inputs = rng.uniform(*INPUTS, size=(settings.shots + settings.queries, 1))
    targets = amplitude * np.sin(inputs.T - phase)
    return Task(
        inputs[: settings.shots], targets[:, : settings.shots], inputs[settings.shots :], targets[:, settings.shots :]
    )


def _stacked(tasks: Sequence[Task], settings: Settings) -> Task:
    names = ("support", "support_targets", "query", "query_targets")
    return Task(*(np.stack([getattr(task, name) for task in tasks]).astype(settings.dtype) for name in names))


# --- oracles


@dataclass(frozen=True)
class Tasks(Samples):
    """One level of several tasks of one agent, or (with a leading axis) of several agents with equally many.

    ``rows`` (T, k, d), ``targets`` (T, c, k), ``weights`` one number.
    """

    places: Array
    """(T,) or (agents, T): where among all heads those of the tasks stand."""

    @property
    def count(self) -> int:
        return self.rows.shape[-3]

    @property
    def stacked(self) -> bool:
        return self.rows.ndim == 4

    def take(self, indices: Array) -> "Tasks":
        which: Any = (np.arange(len(self.rows))[:, None], indices) if self.stacked else indices
        weights = self.weights * self.count / indices.shape[-1]
        return Tasks(self.rows[which], self.targets[which], weights, self.places[which])


class TaskLoss(WeightedLoss):
    """The sum of the tasks' losses: derivatives in the backbone add up, those in a head go to its place."""

    def __init__(self, backbone: Sequence[Layer], heads: Layer, samples: Tasks, link: Link) -> None:
        """``backbone`` with an axis of length 1 for the tasks, ``heads`` with one for all tasks of the problem."""
        self._places, self._all = samples.places, heads.weights.shape[-3]
        super().__init__([*backbone, self._own(heads)], samples, link, samples.weights)

    def _own(self, heads: Layer) -> Layer:
        places = self._places[..., None, None]
        return Layer(*(np.take_along_axis(part, places, axis=-3) for part in heads))

    def collected(self, each: Array, last: int | None) -> Array:
        """Derivatives (..., T, k) of each task, of the backbone or (``last`` None) of the heads, as one vector."""
        if last is not None:
            return (np.ones((1, each.shape[-2]), each.dtype) @ each)[..., 0, :]
        out = np.zeros((*each.shape[:-2], self._all, each.shape[-1]), each.dtype)
        if each.ndim == 2:
            np.add.at(out, self._places, each)
        else:
            np.add.at(out, (np.arange(len(out))[:, None], self._places), each)
        return out.reshape(*each.shape[:-2], -1)

    @property
    def value(self) -> Any:
        return super().value.sum(-1)

    def gradient(self, first: int = 0, last: int | None = None) -> Array:
        return self.collected(super().gradient(first, last), last)

    def squares(self, number: int, scores: Array) -> Array:
        return self.collected(super().squares(number, scores), None)

    def along(self, directions: Sequence[Layer | None]) -> "TaskAlong":
        *backbone, heads = directions
        return TaskAlong(self, [*backbone, None if heads is None else self._own(heads)])


class TaskAlong(Along):
    """Derivatives of a TaskLoss along one direction."""

    def __init__(self, point: TaskLoss, directions: Sequence[Layer | None]) -> None:
        super().__init__(point, directions)
        self._collected = point.collected

    def product(self, first: int = 0, last: int | None = None) -> Array:
        return self._collected(super().product(first, last), last)


class FewShotLocal(RepresentationLocal):
    """One agent's objectives, or a stack's, or (with all tasks as one agent's) those of the averaged problem."""

    def __init__(
        self,
        upper: Tasks,
        lower: Tasks,
        link: Link,
        network: Network,
        settings: Settings,
        starter: Starter,
        heads: int,
        agents: int,
    ) -> None:
        """``heads`` is the number of tasks of the whole problem, ``agents`` n."""
        oracles = hyper_representation.Settings(
            ridge=settings.ridge / agents,
            upper_ridge=settings.upper_ridge,
            batch_upper=settings.batch_upper,
            batch_lower=settings.batch_lower,
        )
        super().__init__(upper, lower, link, network, oracles, starter)
        self._tasks, self._heads, self._agents = settings, heads, agents
        self.dim_y = heads * network.lengths[-1]

    def _backbone(self, x: Array) -> list[Layer]:
        return self._network.layers(x[..., None, :], 0, self._head)

    def _all_heads(self, y: Array) -> Layer:
        (layer,) = self._network.layers(y.reshape(*y.shape[:-1], self._heads, -1), self._head)
        return layer

    def _loss(self, samples: Samples, x: Array, y: Array) -> TaskLoss:
        assert isinstance(samples, Tasks)
        return TaskLoss(self._backbone(x), self._all_heads(y), samples, self._link)

    def _head_only(self, v: Array) -> list[Layer | None]:
        return [*[None] * self._head, self._all_heads(v)]

    def lower_cross_t(self, x: Array, y: Array, w: Array, batch: Batch | None = None) -> Array:
        return self._loss(self._lower(batch), x, y).along([*self._backbone(w), None]).product(self._head)

    def frozen(self, x: Array) -> "FewShotLocal":
        """The lower level at this x: networks that are nothing but heads, on what the backbone makes of the rows."""
        lower = self._lower_samples
        assert isinstance(lower, Tasks)
        features = np.tanh(propagate(self._backbone(x), lower.rows)[-1]).swapaxes(-1, -2)
        fixed = Tasks(np.ascontiguousarray(features), lower.targets, lower.weights, lower.places)
        network = Network(self._network.sizes[-2:])
        return FewShotLocal(fixed, fixed, self._link, network, self._tasks, self._starter, self._heads, self._agents)

    def solved(self, x: Array, start: Array | None = None) -> Array:
        """All heads y*(x), the backbone's outputs computed once; NaN where they cannot be found."""
        frozen = self.frozen(np.asarray(x, self.dtype))
        found = reference.minimise_lower(frozen, np.zeros(0, self.dtype), start, TOLERANCE)
        return found.y if found.converged else np.full_like(found.y, np.nan)

    def predicted(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Outputs and targets of the tasks' queries, (T, c, k)."""
        return self._loss(self._upper_samples, x, y).outputs, self._upper_samples.targets

    def _operations(self, m: int, n: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Those of ``hyper_representation`` for the samples of m and n tasks, and 2p a task where backbones add up."""
        rows, p = (samples.rows.shape[-2] for samples in (self._upper_samples, self._lower_samples)), self.dim_x
        queries, shots = rows
        alone, fused = super()._operations(m * queries, n * shots)
        for costs in (alone, *fused.values()):
            for oracle, tasks in (("upper_grad_x", m), ("lower_grad_x", n), ("lower_cross", n)):
                if oracle in costs:
                    costs[oracle] += 2 * tasks * p
        return alone, fused


class FewShot(Solved):
    """The problem over all agents."""

    def __init__(self, settings: Settings, agents: int, known: Task, new: Task) -> None:
        """``known`` holds the tasks of all agents, agent by agent."""
        self._settings, self.agents, self._known, self._new = settings, agents, known, new
        self._link: Link = Squared() if settings.data == "sinusoids" else Softmax()
        self.network = settings.network(known.query.shape[-1], known.query_targets.shape[-2])
        self.dim_y = len(known.query) * self.network.lengths[-1]
        self.dtype = known.query.dtype

    @property
    def dim_x(self) -> int:
        return sum(self.network.lengths[:-1])

    def _objectives(self, tasks: Task, places: Array, share: float) -> FewShotLocal:
        """Oracles on tasks that stand at these places; ``share`` times the sum of the lower losses."""
        count = places.shape[-1]
        upper = Tasks(tasks.query, tasks.query_targets, 1 / (count * tasks.query.shape[-2]), places)
        lower = Tasks(tasks.support, tasks.support_targets, share / tasks.support.shape[-2], places)
        heads = len(self._known.query)
        return FewShotLocal(upper, lower, self._link, self.network, self._settings, self.start, heads, self.agents)

    def _taken(self, places: Array) -> Task:
        known = self._known
        return Task(
            known.support[places], known.support_targets[places], known.query[places], known.query_targets[places]
        )

    def places(self, agent: int) -> Array:
        """Which of all tasks are the agent's."""
        return np.arange(self._settings.tasks) + agent * self._settings.tasks

    def local(self, agent: int) -> FewShotLocal:
        places = self.places(agent)
        return self._objectives(self._taken(places), places, 1.0)

    def stack(self, ids: Sequence[int]) -> FewShotLocal:
        places = np.stack([self.places(agent) for agent in ids])
        return self._objectives(self._taken(places), places, 1.0)

    def average(self) -> FewShotLocal:
        return self._average

    @cached_property
    def _average(self) -> FewShotLocal:
        return self._objectives(self._known, np.arange(len(self._known.query)), 1.0 / self.agents)

    @cached_property
    def _new_tasks(self) -> FewShotLocal:
        return FewShot(self._settings, 1, self._new, self._new).average()

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """x by ``start_scale``, then y normal with ``start_lower_sd``."""
        x = self.network.draw(rng, self._settings.start_scale, 0, self.network.depth - 1)
        y = self._settings.start_lower_sd * rng.standard_normal(self.dim_y)
        return x.astype(self.dtype), y.astype(self.dtype)

    def lower_solution(self, x: Array, start: Array | None = None) -> Array:
        """y*(x) of the averaged problem; NaN where it cannot be found."""
        return self.average().solved(x, start)

    @cached_property
    def _entries(self) -> Mapping[str, metrics.Entry]:
        if isinstance(self._link, Classifier):
            own: metrics.Entry = (
                Metric("share of the new tasks' queries classified rightly, each task's head solved", better="higher"),
                self._new_accuracy,
            )
            return {**metrics.COMMON, "new_task_accuracy": own}
        own = Metric("mean squared error on the new tasks' queries, each task's head solved"), self._new_error
        return {**metrics.COMMON, "new_task_error": own}

    def _new_accuracy(self, at: metrics.Point) -> float:
        assert isinstance(self._link, Classifier)
        outputs, targets = self._new_tasks.predicted(at.x, self._new_tasks.solved(at.x))
        return float((self._link.classify(outputs) == targets.argmax(axis=-2)).mean())

    def _new_error(self, at: metrics.Point) -> float:
        outputs, targets = self._new_tasks.predicted(at.x, self._new_tasks.solved(at.x))
        return float(np.square(outputs - targets).mean())
