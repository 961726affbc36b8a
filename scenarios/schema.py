"""What may stand in a scenario file: every key with its unit, its range and one line of meaning.

The models are frozen, refuse unknown keys, and never convert: a string is not a number and 5.0 is not a count. Lists of
a file arrive as tuples. What needs more than the file itself (names of algorithms, their settings, files, a connected
graph) is checked by ``loader``. Units stand at the end of a key's name: ``_s`` seconds of simulated time, ``_mbit_s``
10^6 bits a second, ``_gflop_s`` 10^9 operations a second, ``_bytes``.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from scenarios.tuning_schema import Tune
from simulator import delays

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
AgentId = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1)]
AgentIds = Annotated[tuple[AgentId, ...], Field(min_length=1)]


def broken(rule: str) -> PydanticCustomError:
    """An error whose message is the rule itself."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule})


class Table(BaseModel):
    """A table of the file: nothing unknown in it, nothing converted, nothing changed later, every number finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Open(Table):
    """A table whose further keys belong to what it names, and are checked against that."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    @property
    def further(self) -> dict[str, Any]:
        """The keys beyond the declared ones, with their values."""
        return dict(self.model_extra or {})


class Law(Open):
    """A probability law: a distribution of ``simulator.delays`` with its parameters."""

    distribution: Name = Field(description="name of the distribution")

    @model_validator(mode="after")
    def _valid(self) -> "Law":
        try:
            delays.make(self.distribution, **self.further)
        except delays.DelayError as mistake:
            raise broken(str(mistake)) from None
        return self


def _positive(law: Law) -> Law:
    """A law of lengths that add up to something."""
    if not delays.make(law.distribution, **law.further).mean > 0:
        raise broken("must have a mean above 0")
    return law


def _one_line(text: str) -> str:
    """What fits into a table and into a legend."""
    if not text.isprintable() or text.isspace() or len(text) > LONGEST_LABEL:
        raise broken(f"must be one line of at most {LONGEST_LABEL} printable characters, not all blank")
    return text


def _printable(text: str) -> str:
    """What can be shown on a terminal; line breaks are fine."""
    if text.isspace() or not all(character.isprintable() or character == "\n" for character in text):
        raise broken("must be printable text, not all blank")
    return text


LONGEST_LABEL = 60
Label = Annotated[Name, AfterValidator(_one_line)]
Question = Annotated[Name, AfterValidator(_printable)]
PositiveLaw = Annotated[Law, AfterValidator(_positive)]


def _shape(value: object) -> str:
    """Which of number, list and law a value wants to be, so that only that reading is checked and reported."""
    if isinstance(value, (dict, Law)):
        return "<law>"
    return "<list>" if isinstance(value, (list, tuple)) else "<number>"


PositiveOrLaw = Annotated[
    Annotated[Positive, Tag("<number>")] | Annotated[Law, AfterValidator(_positive), Tag("<law>")],
    Discriminator(lambda value: "<law>" if _shape(value) == "<law>" else "<number>"),
]
DelayOrLaw = Annotated[
    Annotated[NonNegative, Tag("<number>")] | Annotated[Law, Tag("<law>")],
    Discriminator(lambda value: "<law>" if _shape(value) == "<law>" else "<number>"),
]
PerAgent = Annotated[
    Annotated[Positive, Tag("<number>")]
    | Annotated[tuple[Positive, ...], Field(min_length=1), Tag("<list>")]
    | Annotated[Law, Tag("<law>")],
    Discriminator(_shape),
]


def _by(key: str, default: str | None = None) -> Discriminator:
    """Reads a table as the model that its ``key`` names."""

    def named(value: object) -> str:
        found = value.get(key, default) if isinstance(value, Mapping) else getattr(value, key, default)
        return f"<{found}>"

    return Discriminator(named, custom_error_type="unknown_" + key, custom_error_message=key)


class Stop(Table):
    """When a run ends: at the first of these; at least one of seconds and rounds."""

    simulated_seconds: Positive | None = Field(default=None, description="simulated seconds, s")
    rounds: Annotated[int, Field(ge=1)] | None = Field(default=None, description="rounds of the slowest live agent")
    at_target: bool = Field(default=False, description="also as soon as the target is reached")

    @model_validator(mode="after")
    def _finite(self) -> "Stop":
        if self.simulated_seconds is None and self.rounds is None:
            raise broken("needs simulated_seconds or rounds, so that every run ends")
        return self


class Problem(Open):
    """The bilevel problem: its name and its own settings (``bilevelsim show NAME``)."""

    name: Name = Field(description="name of the problem")


class Topology(Open):
    """Who is linked to whom: a family, the number of agents that hold data, and the family's own parameters."""

    name: Name = Field(description="name of the family")
    agents: Annotated[int, Field(ge=1)] | None = Field(default=None, description="agents, all of which hold data")
    workers: Annotated[int, Field(ge=1)] | None = Field(default=None, description="agents with data, of a star")
    weights: Name = Field(default="metropolis", description="rule of the mixing weights, or file")
    weights_file: Name | None = Field(default=None, description="matrix for weights = file: .npy, .csv or text")
    lazy: bool = Field(default=False, description="use (I + W) / 2 in place of W")

    @model_validator(mode="after")
    def _counted_once(self) -> "Topology":
        if self.name != "star" and self.workers is not None:
            raise broken("workers belongs to a star; other graphs count their agents")
        if self.agents is not None and self.workers is not None:
            raise broken("agents and workers exclude each other")
        if (self.weights == "file") != (self.weights_file is not None):
            raise broken('weights_file belongs to weights = "file", which needs it')
        return self

    @property
    def count(self) -> int | None:
        """Agents that hold data, where the table says so."""
        return self.workers if self.workers is not None else self.agents


class Loss(Table):
    """Each message is lost by itself with one probability."""

    model: Literal["bernoulli"] = "bernoulli"
    probability: Annotated[float, Field(ge=0, lt=1)] = Field(description="probability that a message is lost")


class BurstLoss(Table):
    """Losses in bursts: a link is in a good or a bad state, which changes from message to message (Gilbert-Elliott)."""

    model: Literal["gilbert_elliott"]
    good_to_bad: Probability = Field(description="probability to turn bad, a message")
    bad_to_good: Annotated[float, Field(gt=0, le=1)] = Field(description="probability to turn good again, a message")
    loss_good: Probability = Field(default=0.0, description="loss probability in the good state")
    loss_bad: Probability = Field(default=1.0, description="loss probability in the bad state")


class Network(Table):
    """The graph and its links."""

    topology: Topology
    latency_s: DelayOrLaw = Field(default=0.0, description="latency of a link, drawn once per pair, s")
    jitter_s: DelayOrLaw = Field(default=0.0, description="added to the latency, drawn for each message, s")
    asymmetric: bool = Field(default=False, description="draw the latency of the two directions apart")
    bandwidth_mbit_s: PerAgent | None = Field(default=None, description="uplink and downlink of each agent, 10^6 bit/s")
    uplink_mbit_s: PerAgent | None = Field(default=None, description="uplink where it differs, 10^6 bit/s")
    downlink_mbit_s: PerAgent | None = Field(default=None, description="downlink where it differs, 10^6 bit/s")
    sharing: Literal["none", "fifo", "fair"] = Field(default="fair", description="how messages share an agent's links")
    loss: (
        Annotated[
            Annotated[Loss, Tag("<bernoulli>")] | Annotated[BurstLoss, Tag("<gilbert_elliott>")],
            _by("model", "bernoulli"),
        ]
        | None
    ) = Field(default=None, description="loss of messages")
    transport: Literal["retransmit", "datagram", "symmetric"] = Field(
        default="retransmit", description="what becomes of a lost message"
    )
    rto_s: Positive = Field(default=0.2, description="retransmission timeout, s")
    tries: Annotated[int, Field(ge=1)] = Field(
        default=50, description="transmissions of a message before it is given up"
    )
    header_bytes: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=40, description="bytes added to every message"
    )
    wire: Literal["float64", "float32"] = Field(default="float64", description="precision of numbers on the wire")

    @field_validator("topology")
    @classmethod
    def _counted(cls, topology: Topology) -> Topology:
        if topology.name == "star" and topology.count is None:
            raise broken("a star needs workers = N: the agents with data; its server is one more agent")
        return topology


class Compute(Table):
    """How long work takes: exactly one of a speed, seconds per step and seconds per named oracle."""

    speed_gflop_s: PerAgent | None = Field(default=None, description="speed; operations are counted, 10^9 operations/s")
    seconds_per_step: PositiveOrLaw | None = Field(default=None, description="a compute step, whatever it computes, s")
    seconds_per_oracle: Annotated[dict[Name, NonNegative], Field(min_length=1)] | None = Field(
        default=None, description="a call of each named oracle, s; those not named cost nothing"
    )
    overhead_s: NonNegative = Field(default=0.0, description="added to each compute step, s")

    @model_validator(mode="after")
    def _one(self) -> "Compute":
        given = [key for key in COSTS if getattr(self, key) is not None]
        if len(given) != 1:
            raise broken(f"needs exactly one of {', '.join(COSTS)}; found {', '.join(given) or 'none'}")
        return self


COSTS = ("speed_gflop_s", "seconds_per_step", "seconds_per_oracle")


class FixedStraggler(Table):
    """Agents that are always slow."""

    kind: Literal["fixed"] = "fixed"
    agents: AgentIds = Field(description="who is slow")
    slowdown: Positive = Field(description="factor on every compute time")


class RandomStraggler(Table):
    """Agents whose every compute step is slowed by a random factor."""

    kind: Literal["random"]
    agents: AgentIds | None = Field(default=None, description="who is slow; all that hold data by default")
    slowdown: PositiveLaw = Field(description="factor on a compute time, drawn for each step")


class PeriodicStraggler(Table):
    """Agents with slow periods that come and go.

    Lengths given as numbers are means of exponentials, which makes it the two-state Markov model.
    """

    kind: Literal["periods"]
    agents: AgentIds | None = Field(default=None, description="who is slow at times; all that hold data by default")
    slowdown: Positive = Field(description="factor on compute times during a slow period")
    fast_s: PositiveOrLaw = Field(description="length of a period at full speed, s")
    slow_s: PositiveOrLaw = Field(description="length of a slow period, s")


class TraceStraggler(Table):
    """Agents whose slowdown follows a file."""

    kind: Literal["trace"]
    file: Name = Field(description="CSV file with the columns agent, at_s, slowdown, beside the scenario")


Straggler = Annotated[
    Annotated[FixedStraggler, Tag("<fixed>")]
    | Annotated[RandomStraggler, Tag("<random>")]
    | Annotated[PeriodicStraggler, Tag("<periods>")]
    | Annotated[TraceStraggler, Tag("<trace>")],
    _by("kind", "fixed"),
]

Memory = Literal["kept", "lost"]
Pair = tuple[AgentId, AgentId]


class Crash(Table):
    """Agents that crash at one time, for ever or for a while."""

    kind: Literal["crash"]
    agents: AgentIds = Field(description="who crashes")
    at_s: NonNegative = Field(description="when, s")
    recover_after_s: Positive | None = Field(
        default=None, description="how long they are down; never back without it, s"
    )
    memory: Memory = Field(
        default="kept", description="whether their memory survives; lost: back to the last checkpoint"
    )


class RandomCrash(Table):
    """Agents that crash and come back at random times."""

    kind: Literal["random_crash"]
    agents: AgentIds | None = Field(default=None, description="who may crash; all that hold data by default")
    mtbf_s: PositiveOrLaw = Field(description="time from start or recovery to the next crash, s; a number: exponential")
    repair_s: PositiveOrLaw = Field(description="time from crash to recovery, s")
    memory: Memory = Field(
        default="kept", description="whether their memory survives; lost: back to the last checkpoint"
    )


class LinkDown(Table):
    """A link that carries nothing for a while, in both directions."""

    kind: Literal["link_down"]
    link: Pair = Field(description="the two agents of the link")
    at_s: NonNegative = Field(description="when, s")
    for_s: Positive | None = Field(default=None, description="how long; never back without it, s")


class RandomLinkDown(Table):
    """Links that fail and come back at random times."""

    kind: Literal["random_link_down"]
    links: Annotated[tuple[Pair, ...], Field(min_length=1)] | None = Field(
        default=None, description="which; all by default"
    )
    mtbf_s: PositiveOrLaw = Field(description="time from start or repair to the next failure, s; a number: exponential")
    repair_s: PositiveOrLaw = Field(description="time from failure to repair, s")


class Partition(Table):
    """The network falls into groups that do not hear one another for a while."""

    kind: Literal["partition"]
    groups: Annotated[tuple[AgentIds, ...], Field(min_length=1)] = Field(
        description="groups of agents; those in none form one more"
    )
    at_s: NonNegative = Field(description="when, s")
    for_s: Positive | None = Field(default=None, description="how long; never whole again without it, s")


Failure = Annotated[
    Annotated[Crash, Tag("<crash>")]
    | Annotated[RandomCrash, Tag("<random_crash>")]
    | Annotated[LinkDown, Tag("<link_down>")]
    | Annotated[RandomLinkDown, Tag("<random_link_down>")]
    | Annotated[Partition, Tag("<partition>")],
    _by("kind"),
]


class Waiting(Table):
    """How long an agent waits for the others, where the algorithm leaves that open."""

    policy: Literal["all", "first", "latest", "deadline"] = Field(default="all", description="for whom to wait")
    k: Annotated[int, Field(ge=1)] | None = Field(default=None, description="first: how many to wait for")
    staleness: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="first, latest: rounds before one is forced"
    )
    seconds: Positive | None = Field(default=None, description="deadline: how long to wait, s")

    @model_validator(mode="after")
    def _fitting(self) -> "Waiting":
        if (self.policy == "first") != (self.k is not None):
            raise broken('k belongs to policy = "first", which needs it')
        if (self.policy == "deadline") != (self.seconds is not None):
            raise broken('seconds belongs to policy = "deadline", which needs it')
        if self.staleness is not None and self.policy not in ("first", "latest"):
            raise broken('staleness belongs to policy = "first" or "latest"')
        return self


Origin = Literal["published", "shared", "tuned", "chosen"]


class Algorithm(Table):
    """One row of the comparison."""

    name: Name = Field(description="name of the algorithm or variant")
    label: Label | None = Field(default=None, description="name in tables and figures; the algorithm's by default")
    wait: Waiting | None = Field(default=None, description="in place of the scenario's")
    topology: Topology | None = Field(default=None, description="in place of the network's, over the same data")
    settings: dict[str, Any] = Field(default_factory=dict, description="the algorithm's own settings")
    settings_are: Origin | None = Field(default=None, description="in place of the scenario's")
    settings_note: Question | None = Field(default=None, description="in place of the scenario's")

    @property
    def shown(self) -> str:
        """The name in tables and figures."""
        return self.label or self.name


class Record(Table):
    """What is measured on the way."""

    every_rounds: Annotated[int, Field(ge=1)] | None = Field(default=None, description="measure at each n-th round")
    every_s: Positive | None = Field(default=None, description="measure each so many simulated seconds, s")
    at_s: tuple[Positive, ...] = Field(default=(), description="further instants to measure at, s")
    metrics: Annotated[tuple[Name, ...], Field(min_length=1)] | None = Field(
        default=None, description="metrics of the problem; all by default"
    )

    @field_validator("metrics")
    @classmethod
    def _distinct(cls, metrics: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if metrics is not None and len(set(metrics)) < len(metrics):
            raise broken("must name each metric once")
        return metrics


class Target(Table):
    """What counts as done: a metric that falls below, or rises above, a value."""

    metric: Name = Field(description="metric of the problem")
    below: float | None = Field(
        default=None, description="reached when the metric is at or below this, in the metric's unit"
    )
    above: float | None = Field(
        default=None, description="reached when the metric is at or above this, in the metric's unit"
    )

    @model_validator(mode="after")
    def _one(self) -> "Target":
        if (self.below is None) == (self.above is None):
            raise broken("needs exactly one of below and above")
        return self


class Replications(Table):
    """How many seeds: from those of ``seeds`` on, until a mean is known well enough or a maximum is reached."""

    quantity: Name = Field(
        default="target_s", description="column of the table of runs whose mean is wanted, such as target_s or a metric"
    )
    half_width: Positive | None = Field(
        default=None, description="half-width of the mean's confidence interval, in the quantity's unit"
    )
    relative_half_width: Positive | None = Field(default=None, description="the same as a share of the mean, 1")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(default=0.95, description="level of the interval")
    at_most: Annotated[int, Field(ge=2, le=100_000)] = Field(description="seeds at most")

    @model_validator(mode="after")
    def _one(self) -> "Replications":
        if (self.half_width is None) == (self.relative_half_width is None):
            raise broken("needs exactly one of half_width and relative_half_width")
        return self


Axis = Annotated[tuple[Any, ...], Field(min_length=1)]
Grid = Annotated[
    dict[Name, Axis],
    Field(min_length=1),
    # Keys may stand without quotes, which makes tables in tables; the loader flattens them.
    WithJsonSchema({"type": "object", "minProperties": 1, "additionalProperties": {"type": ["array", "object"]}}),
]


Sweep = Annotated[
    Annotated[Grid, Tag("<table>")] | Annotated[tuple[Grid, ...], Field(min_length=1), Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, (list, tuple)) else "<table>"),
]
SWEPT = (
    "values of keys, by their paths: a table varies each key by itself, each with every other (a grid); in a list of "
    "tables the keys of one table change together"
)


class SweepOnly(Table):
    """The sweep of a document, read by itself: what the rest must be depends on it."""

    sweep: Sweep | None = Field(default=None, description=SWEPT)


Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Document(Table):
    """A whole scenario file."""

    question: Question = Field(description="the question that the scenario answers")
    takes_minutes: Positive | None = Field(
        default=None, description="how long a full run takes on one core where that is long, minutes of the host"
    )
    seeds: Annotated[
        Annotated[int, Field(ge=1, le=100_000), Tag("<number>")]
        | Annotated[tuple[Seed, ...], Field(min_length=1), Tag("<list>")],
        Discriminator(_shape),
    ] = Field(default=1, description="how many repetitions (seeds 0, 1, ...), or the seeds themselves")
    stop: Stop
    problem: Problem
    network: Network
    compute: Compute
    wait: Waiting = Field(default=Waiting(), description="how long agents wait for one another")
    stragglers: tuple[Straggler, ...] = Field(default=(), description="who computes slowly, and when")
    failures: tuple[Failure, ...] = Field(default=(), description="what fails, and when")
    settings_are: Origin | None = Field(
        default=None,
        description="where the algorithms' settings come from: their papers, one choice for all, a search with an "
        "equal budget for each, or somebody's hand",
    )
    settings_note: Question | None = Field(default=None, description="more about that, for the report")
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = Field(description="what is compared")
    record: Record = Field(default=Record(), description="what is measured on the way")
    target: Target | None = Field(default=None, description="what counts as done")
    replications: Replications | None = Field(default=None, description="more seeds, until the means are known")
    sweep: Sweep | None = Field(default=None, description=SWEPT)
    tune: Tune | None = Field(default=None, description="how bilevelsim tune searches for settings")

    @model_validator(mode="after")
    def _counted(self) -> "Document":
        if self.replications is None:
            return self
        if not isinstance(self.seeds, int):
            raise broken("replications needs seeds to be a number: how many there are to begin with")
        if self.seeds > self.replications.at_most:
            raise broken(f"replications.at_most is {self.replications.at_most}, but seeds begins with {self.seeds}")
        return self

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: int | tuple[int, ...]) -> int | tuple[int, ...]:
        if isinstance(seeds, tuple) and len(set(seeds)) < len(seeds):
            raise broken("must hold each seed once")
        return seeds

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds of the repetitions; with replications, those to begin with."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def possible_seeds(self) -> tuple[int, ...]:
        """Every seed that may be run."""
        return self.seed_list if self.replications is None else tuple(range(self.replications.at_most))
