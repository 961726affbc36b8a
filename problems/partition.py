"""Who holds which sample: every sample goes to exactly one agent."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from problems.base import Array
from problems.errors import ProblemError


@dataclass(frozen=True)
class Partition:
    """How samples are dealt out. Sizes of ``equal`` and ``by_label`` differ by one sample at most."""

    kind: Annotated[
        Literal["equal", "by_label", "dirichlet"],
        Doc(
            "equal: shuffled and dealt out; by_label: a fraction of the samples is sorted by label before; dirichlet: "
            "each class is spread over the agents in Dirichlet(alpha) proportions"
        ),
    ] = "equal"
    sorted_fraction: Annotated[
        float | None, Ge(0), Le(1), Doc("by_label only: fraction of the samples that is sorted, 1 by default")
    ] = None
    alpha: Annotated[float | None, Gt(0), Doc("dirichlet only: concentration, small = heterogeneous, 1 by default")] = (
        None
    )
    minimum: Annotated[int, Ge(1), Doc("fewest samples an agent must get, of each level; fewer is an error")] = 1

    def __post_init__(self) -> None:
        if self.sorted_fraction is not None and self.kind != "by_label":
            raise ProblemError(f"partition.sorted_fraction is for kind by_label, not for kind {self.kind}")
        if self.alpha is not None and self.kind != "dirichlet":
            raise ProblemError(f"partition.alpha is for kind dirichlet, not for kind {self.kind}")


def split(labels: Array, agents: int, partition: Partition, rng: np.random.Generator) -> list[Array]:
    """The indices of each agent's samples, by their labels (classes from 0, or real targets).

    Two label arrays split with equal generators get the same Dirichlet proportions, so that the training and the
    validation samples of an agent are alike. Raises ProblemError when an agent would get fewer than the minimum.
    """
    if partition.kind == "dirichlet":
        if labels.dtype.kind == "f":
            raise ProblemError("partition.kind is dirichlet, which needs classes: the targets are real numbers")
        parts = _dirichlet(labels, agents, 1.0 if partition.alpha is None else partition.alpha, rng)
    elif partition.kind == "by_label":
        fraction = 1.0 if partition.sorted_fraction is None else partition.sorted_fraction
        parts = _by_label(labels, agents, fraction, rng)
    else:
        parts = np.array_split(rng.permutation(labels.size), agents)
    sizes = [part.size for part in parts]
    if min(sizes) < partition.minimum:
        raise ProblemError(
            f"partition {partition.kind} of {labels.size} samples over {agents} agents leaves agent "
            f"{int(np.argmin(sizes))} with {min(sizes)}: each needs at least {partition.minimum}"
        )
    return parts


def _by_label(labels: Array, agents: int, fraction: float, rng: np.random.Generator) -> list[Array]:
    order = rng.permutation(labels.size)
    count = round(fraction * labels.size / agents) * agents  # a multiple, so that equal shares stay equal
    if fraction == 1:
        count = labels.size
    chosen, rest = order[:count], order[count:]
    chosen = chosen[np.argsort(labels[chosen], kind="stable")]
    shares = zip(np.array_split(chosen, agents), np.array_split(rest, agents), strict=True)
    return [np.concatenate(share) for share in shares]


def _dirichlet(labels: Array, agents: int, alpha: float, rng: np.random.Generator) -> list[Array]:
    classes = int(labels.max()) + 1 if labels.size else 0
    # Drawn first: they depend on the numbers of classes and agents alone.
    proportions = rng.dirichlet(np.full(agents, alpha), size=classes)
    shares: list[list[Array]] = [[] for _ in range(agents)]
    for label in range(classes):
        members = rng.permutation(np.flatnonzero(labels == label))
        cuts = np.round(np.cumsum(proportions[label])[:-1] * members.size).astype(int)
        for share, part in zip(shares, np.split(members, cuts), strict=True):
            share.append(part)
    return [np.concatenate(share) for share in shares]
