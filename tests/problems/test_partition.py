"""Every sample goes to exactly one agent, in the stated way."""

import numpy as np
import pytest

from problems.errors import ProblemError
from problems.partition import Partition, split
from problems.streams import stream

LABELS = np.repeat(np.arange(5), 24)
KINDS = [
    Partition(),
    Partition(kind="by_label"),
    Partition(kind="by_label", sorted_fraction=0.4),
    Partition(kind="by_label", sorted_fraction=0.0),
    Partition(kind="dirichlet"),
    Partition(kind="dirichlet", alpha=5.0),
]


def name(partition):
    return f"{partition.kind} {partition.alpha or partition.sorted_fraction}"


@pytest.mark.parametrize("partition", KINDS, ids=name)
@pytest.mark.parametrize("agents", [1, 4, 7])
def test_every_sample_goes_to_exactly_one_agent(partition, agents):
    """The parts are disjoint and cover everything."""
    parts = split(LABELS, agents, partition, np.random.default_rng(0))
    assert len(parts) == agents
    assert sorted(np.concatenate(parts).tolist()) == list(range(LABELS.size))


@pytest.mark.parametrize("partition", KINDS[:4], ids=name)
def test_equal_shares_are_equal(partition):
    """120 samples over 8 agents are 15 each; over 7 they differ by one or, half sorted, by two at most."""
    assert {part.size for part in split(LABELS, 8, partition, np.random.default_rng(0))} == {15}
    sizes = [part.size for part in split(LABELS, 7, partition, np.random.default_rng(0))]
    assert max(sizes) - min(sizes) <= 1


def test_by_label_sorts():
    """Fully sorted over as many agents as classes, each agent holds one class; half sorted, half its own."""
    parts = split(LABELS, 5, Partition(kind="by_label"), np.random.default_rng(0))
    assert [set(LABELS[part].tolist()) for part in parts] == [{0}, {1}, {2}, {3}, {4}]
    half = split(LABELS, 5, Partition(kind="by_label", sorted_fraction=0.5), np.random.default_rng(0))
    shares = [(LABELS[part] == agent).mean() for agent, part in enumerate(half)]
    assert 0.45 < np.mean(shares) < 0.75


def test_dirichlet_grows_heterogeneous_as_alpha_falls():
    """The share of an agent's commonest class grows from about a fifth."""

    def purity(alpha):
        parts = split(LABELS, 4, Partition(kind="dirichlet", alpha=alpha), np.random.default_rng(3))
        return np.mean([np.bincount(LABELS[part], minlength=5).max() / part.size for part in parts])

    assert purity(1000.0) < 0.25
    assert purity(0.5) > 0.4


def test_two_levels_of_one_agent_are_alike():
    """Equal generators give training and validation samples the same Dirichlet proportions."""
    partition = Partition(kind="dirichlet", alpha=0.5)
    train = split(np.repeat(np.arange(5), 400), 4, partition, stream(0, "partition"))
    validation = split(np.repeat(np.arange(5), 200), 4, partition, stream(0, "partition"))
    assert [round(part.size / 2000, 2) for part in train] == [round(part.size / 1000, 2) for part in validation]


def test_too_small_a_share_is_one_clear_error():
    """The sentence names the agent, what it would get and what it needs."""
    with pytest.raises(ProblemError, match="of 3 samples over 5 agents leaves agent 3 with 0: each needs at least 1"):
        split(np.array([0, 1, 0]), 5, Partition(), np.random.default_rng(0))
    with pytest.raises(ProblemError, match="each needs at least 25"):
        split(LABELS, 5, Partition(minimum=25), np.random.default_rng(0))


def test_a_parameter_of_another_kind_is_refused():
    """No setting is silently ignored."""
    with pytest.raises(ProblemError, match=r"partition\.alpha is for kind dirichlet, not for kind equal"):
        Partition(alpha=1.0)
    with pytest.raises(ProblemError, match=r"partition\.sorted_fraction is for kind by_label, not for kind dirichlet"):
        Partition(kind="dirichlet", sorted_fraction=0.5)


def test_real_targets_can_be_sorted_but_have_no_classes():
    """by_label deals out the small ones first; dirichlet is refused."""
    targets = np.random.default_rng(0).random(30)
    small, large = split(targets, 2, Partition(kind="by_label"), np.random.default_rng(0))
    assert targets[small].max() < targets[large].min()
    with pytest.raises(ProblemError, match=r"^partition.kind is dirichlet, which needs classes: the targets are real"):
        split(targets, 2, Partition(kind="dirichlet"), np.random.default_rng(0))
