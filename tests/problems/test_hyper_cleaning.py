"""Hyper-cleaning: corruption, metrics, starts, and that descent along the hypergradient cleans."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from problems import hyper_cleaning
from problems.hyper_cleaning import Settings, area_under_curve, build, memory_bytes

TINY = Settings(train=60, validation=40, test=30, ridge=0.02)


def test_shift_corrupts_exactly_the_floor_in_each_agent():
    """Of 20 samples an agent, floor(0.37 * 20) = 7 labels are wrong, at each of the three agents."""
    problem = build(replace(TINY, corruption=0.37), agents=3, seed=0)
    assert [int(problem.corrupted[problem.block(agent)].sum()) for agent in range(3)] == [7, 7, 7]


def test_uniform_corruption_keeps_a_tenth_of_the_replaced():
    """Replaced with probability 1, about nine tenths of the labels are wrong; none at probability 0."""
    everything = build(Settings(corruption=1.0, corruption_kind="uniform"), agents=4, seed=0)
    assert 0.86 < everything.corrupted.mean() < 0.94
    nothing = build(replace(TINY, corruption=0.0, corruption_kind="uniform"), agents=4, seed=0)
    assert not nothing.corrupted.any()
    assert "auc" not in nothing.metrics
    assert "weight_corrupted" not in nothing.metrics


def test_the_validation_labels_stay_clean():
    """Corruption changes the training targets alone."""
    clean, dirty = (build(replace(TINY, corruption=c), agents=2, seed=0) for c in (0.0, 0.5))
    assert np.array_equal(clean._held_upper.targets[1], dirty._held_upper.targets[1])
    different = (clean._held_lower.targets[0] != dirty._held_lower.targets[0]).any(axis=0)
    assert np.array_equal(different, dirty.corrupted[dirty.block(0)])


def test_adding_an_agent_leaves_the_corruption_stream_alone():
    """Agent 0 draws from its own stream: the pattern of its wrong labels depends on its own samples alone."""
    two, three = (build(replace(TINY, train=20 * n), agents=n, seed=0) for n in (2, 3))
    assert np.array_equal(two.corrupted[two.block(0)], three.corrupted[three.block(0)])


def test_learnt_weights_are_measured():
    """With x = +2 on clean and -2 on corrupted samples: AUC 1, the weights' means sigmoid(+-2)."""
    problem = build(TINY, agents=3, seed=0)
    x = np.where(problem.corrupted, -2.0, 2.0)
    found = problem.measure(["auc", "weight_clean", "weight_corrupted"], x, np.zeros(problem.dim_y))
    assert found["auc"] == 1.0
    assert found["weight_clean"] == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert found["weight_corrupted"] == pytest.approx(1 / (1 + np.exp(2.0)))


def test_the_area_under_the_curve_counts_pairs():
    """Against counting all pairs, ties one half."""
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(5, size=40).astype(float), rng.random(40) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    assert area_under_curve(scores, positive) == pytest.approx(np.mean(pairs))


def test_accuracy_is_of_the_test_samples():
    """y that says 4 for every picture is right for the share of fours; the resolved model does far better."""
    problem = build(replace(TINY, intercept=True, corruption=0.0), agents=3, seed=0)
    y = np.zeros((10, 65))
    y[4, 64] = 1.0  # the intercept of class 4
    found = problem.measure(["accuracy", "accuracy_resolved", "upper_objective"], np.zeros(60), y.ravel())
    share = (problem._split.test.labels == 4).mean()
    fours = (problem._held_upper.averaged().targets[4]).mean()
    assert found["accuracy"] == share
    assert found["upper_objective"] == pytest.approx(np.log(9 + np.e) - fours, rel=1e-2)
    assert found["accuracy_resolved"] > 0.5


def test_descent_along_the_hypergradient_cleans():
    """30 steps on digits: F falls from above 0.6 to below 0.5, AUC of the weights above 0.85, accuracy rises."""
    problem = build(Settings(train=300, validation=150, test=300, ridge=2e-3, scaling="range"), agents=3, seed=0)
    x, y = problem.start(np.random.default_rng(0))
    names = ["upper_objective_resolved", "accuracy_resolved", "auc"]
    before = problem.measure(names, x, y)
    for _ in range(30):
        y = problem.lower_solution(x, y)
        x = x - 300 * problem.hypergradient(x, y)
    after = problem.measure(names, x, y)
    assert after["upper_objective_resolved"] < 0.75 * before["upper_objective_resolved"]
    assert after["accuracy_resolved"] > before["accuracy_resolved"]
    assert after["auc"] > 0.85


def test_the_start_is_as_set():
    """x is start_value everywhere, y zero unless start_lower_sd says otherwise."""
    problem = build(replace(TINY, start_value=-2.0), agents=3, seed=0)
    x, y = problem.start(np.random.default_rng(0))
    assert (x == -2.0).all()
    assert not y.any()
    noisy = build(replace(TINY, start_lower_sd=0.5), agents=3, seed=0)
    assert 0.4 < noisy.start(np.random.default_rng(0))[1].std() < 0.6


def test_another_process_and_hash_seed_give_the_same_problem():
    """Data, partition, corruption and a gradient have the same bits whatever PYTHONHASHSEED is."""
    code = (
        "import hashlib, numpy as np\n"
        "from problems import hyper_cleaning as h, partition\n"
        "s = h.Settings(train=60, validation=40, partition=partition.Partition(kind='dirichlet', alpha=3.0))\n"
        "p = h.build(s, 3, 7)\n"
        "x, y = p.start(np.random.default_rng(0))\n"
        "d = p.local(1).directions(x, y + 0.1, y + 0.2)\n"
        "print(hashlib.sha256(b''.join(a.tobytes() for a in (p.corrupted, *d))).hexdigest())\n"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**hyper_cleaning_environment(), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1


def hyper_cleaning_environment():
    import os
    from pathlib import Path

    root = str(Path(hyper_cleaning.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"}


def test_the_memory_estimate_holds_what_is_allocated():
    """Rows, targets and the test set fit into the estimate, which is at most six times as large."""
    settings = Settings()
    problem = build(settings, agents=18, seed=0)
    held = [problem._held_upper, problem._held_lower]
    real = sum(part.rows.nbytes + sum(target.nbytes for target in part.targets) for part in held)
    real += problem._split.test.features.nbytes
    assert real <= memory_bytes(settings, 18) <= 6 * real


@pytest.mark.realdata
@pytest.mark.parametrize("data", ["mnist", "fashion_mnist"])
def test_real_pictures_can_be_cleaned(data):
    """Weight one half everywhere and a few hundred samples already classify far better than chance."""
    settings = Settings(data=data, train=600, validation=200, test=500, scaling="range", ridge=1e-2, dtype="float32")
    problem = build(settings, agents=4, seed=0)
    found = problem.measure(["accuracy_resolved", "hypergradient_norm"], *problem.start(np.random.default_rng(0)))
    assert found["accuracy_resolved"] > 0.55
    assert 0 < found["hypergradient_norm"] < 1
