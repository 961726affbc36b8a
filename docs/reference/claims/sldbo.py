"""SLDBO: exact whatever the agents' data."""

from collections.abc import Mapping

from drawings import curves, sweep
from evidence import Claim, Frames, Study, above, at_least, below, final, lowest, spent, table, total

ORDER = 3
TITLE = "SLDBO"
PAPER = (
    "Y. Dong, S. Ma, J. Yang, C. Yin, *A single-loop algorithm for decentralized bilevel optimization*, Mathematics of "
    "Operations Research, 2025, arXiv 2311.08945."
)
HETEROGENEITIES = {"0": "sun_n8_h0", "0.25": "sun_n8_h0.25", "0.5": "sun_n8_h0.5", "1": "sun_n8_h1"}
STUDIES = {
    "exactness": Study("sldbo_exactness"),
    "breast_cancer": Study("sldbo_breast_cancer"),
    **{f"h{h}": Study("sldbo_heterogeneity", {"problem.instance": name}) for h, name in HETEROGENEITIES.items()},
}
TRACKED = ("SLDBO, cta, step 0.1", "SLDBO, semi, step 0.5")
UNTRACKED = {step: f"untracked, step {step:g}" for step in (0.2, 0.1, 0.05, 0.02)}


def claims(runs: Mapping[str, Frames]) -> list[Claim]:
    """Exact; at any heterogeneity; on real data; at two products an iteration."""
    return [exact(runs), heterogeneity(runs), real_data(runs), cheap(runs)]


def exact(runs: Mapping[str, Frames]) -> Claim:
    """The hypergradient goes to zero with constant steps; without tracking it stalls in proportion to the step."""
    frames = runs["exactness"]
    rows = [
        {
            "method": label,
            "rounds to 1e-8": spent(frames, label, "round", "hypergradient_norm", 1e-8),
            "last |∇F|": final(frames, label, "hypergradient_norm"),
            "last |x - x*|/|x*|": final(frames, label, "relative_distance_to_optimum"),
        }
        for label in (*TRACKED, *UNTRACKED.values())
    ]
    checks = [below(f"{label}: lowest |∇F|", lowest(frames, label, "hypergradient_norm"), 1e-8) for label in TRACKED]
    stalls = {step: final(frames, label, "hypergradient_norm") for step, label in UNTRACKED.items()}
    checks += [above(f"{UNTRACKED[step]}: last |∇F|", stall, 0.01) for step, stall in stalls.items()]
    return Claim(
        "SLDBO converges exactly with constant steps, without any assumption on heterogeneity",
        "the abstract (no gradient heterogeneity assumption; the rate O(1/K) is stated for the successor S3LDBO).",
        "`sldbo_exactness`: a strongly heterogeneous quadratic on a ring of eight; mixing and steps are ours, since "
        "the paper's are not known. Exact: |∇F| falls below 1e-8; not exact: it stays above 0.01.",
        table(rows),
        tuple(checks),
        curves({"quadratic P1, ring of eight": frames}, "hypergradient_norm", "round", "|∇F| at the mean x", True),
        "Norm of the exact hypergradient at the agents' mean against rounds",
    )


def heterogeneity(runs: Mapping[str, Frames]) -> Claim:
    """The error over h."""
    metric = "relative_distance_to_optimum"
    errors = {label: [final(runs[f"h{h}"], label, metric) for h in HETEROGENEITIES] for label in ("SLDBO", "D-SOBA")}
    rows = [
        {"heterogeneity h": h} | {label: errors[label][position] for label in errors}
        for position, h in enumerate(HETEROGENEITIES)
    ]
    checks = [
        below(f"h = {h}: SLDBO's error", errors["SLDBO"][position], 1e-6) for position, h in enumerate(HETEROGENEITIES)
    ]
    checks.append(at_least("D-SOBA's error at h = 1", errors["D-SOBA"][3], "that at h = 0.25", errors["D-SOBA"][1], 5))
    return Claim(
        "The error does not depend on heterogeneity",
        "the abstract; D-SOBA, which is SLDBO without tracking, is the comparison that we chose.",
        "`sldbo_heterogeneity` with `problem.instance` changed: four quadratics with the same mean problem; equal "
        "steps for both methods. Error: |x - x*|/|x*| after 3,000 rounds.",
        table(rows),
        tuple(checks),
        sweep(
            {label: [max(value, 1e-16) for value in values] for label, values in errors.items()},
            [float(h) for h in HETEROGENEITIES],
            "heterogeneity h of the agents",
            "|x - x*| / |x*| after 3,000 rounds",
        ),
        "Error after 3,000 rounds against heterogeneity",
    )


def real_data(runs: Mapping[str, Frames]) -> Claim:
    """The same on samples sorted by label."""
    frames = runs["breast_cancer"]
    rows = [
        {
            "method": label,
            "rounds to 1e-6": spent(frames, label, "round", "hypergradient_norm", 1e-6),
            "last |∇F|": final(frames, label, "hypergradient_norm"),
            "upper objective, re-solved": final(frames, label, "upper_objective_resolved"),
            "test accuracy": final(frames, label, "accuracy"),
        }
        for label in ("SLDBO", "untracked")
    ]
    lows = {label: lowest(frames, label, "hypergradient_norm") for label in ("SLDBO", "untracked")}
    return Claim(
        "It is exact for the regularisation of a logistic model as well",
        "the abstract names this task; data, number of agents and steps are not known.",
        "`sldbo_breast_cancer`: one coefficient a feature, samples sorted by label over eight agents.",
        table(rows),
        (
            below("SLDBO: lowest |∇F|", lows["SLDBO"], 1e-6),
            above("untracked: lowest |∇F|", lows["untracked"], 1e-5),
        ),
        curves({"breast cancer, sorted by label": frames}, "hypergradient_norm", "round", "|∇F| at the mean x", True),
        "Norm of the exact hypergradient against rounds",
    )


def cheap(runs: Mapping[str, Frames]) -> Claim:
    """What a round costs, from the meters."""
    frames, agents, links = runs["exactness"], 8, 16
    p, q, header = 5, 6, 40
    label = TRACKED[0]
    rounds = total(frames, label, "rounds")
    calls = total(frames, label, "oracle_calls") / (agents * (rounds + 1))
    numbers = (total(frames, label, "bits_sent") / (links * (rounds + 1)) / 8 - header) / 8
    rows = [
        {
            "oracle calls an agent and round": calls,
            "numbers to a neighbour and round": numbers,
            "2 (p + 2q)": 2 * (p + 2 * q),
        }
    ]
    return Claim(
        "An iteration costs two matrix-vector products and no matrix is sent",
        "the abstract (two matrix-vector multiplications per iteration).",
        "`sldbo_exactness`, from its meters: three gradients and two products make five oracle calls.",
        table(rows),
        (
            below("oracle calls an agent and round", calls, 5.01),
            below("numbers to a neighbour and round, over 2 (p + 2q)", numbers / (2 * (p + 2 * q)), 1.01),
        ),
    )
