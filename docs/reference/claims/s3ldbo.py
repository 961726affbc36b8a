"""S3LDBO: snapshots save evaluations of derivatives."""

from collections.abc import Mapping

from drawings import curves
from evidence import Claim, Frames, Study, at_least, at_most, final, labels, spent, table

ORDER = 4
TITLE = "S3LDBO"
PAPER = "C. Yin, Y. Dong, S. Ma, B. Wang, J. Yang, arXiv 2605.31311, 2026. Only its abstract was at hand."
STUDIES = {
    "synthetic": Study("s3ldbo_synthetic"),
    "mnist": Study("s3ldbo_mnist"),
    "fashion": Study("s3ldbo_fashion"),
}
WORDS = {"synthetic": "quadratic, 20 agents", "mnist": "MNIST, 8 agents", "fashion": "Fashion-MNIST, 8 agents"}
GOALS = {
    "synthetic": ("hypergradient_norm", 1e-6),
    "mnist": ("upper_objective", 0.5),
    "fashion": ("upper_objective", 0.7),
}


def to_goal(runs: Mapping[str, Frames], study: str, label: str, column: str) -> float:
    """What had been spent when the study's goal was reached."""
    return spent(runs[study], label, column, *GOALS[study])


def claims(runs: Mapping[str, Frames]) -> list[Claim]:
    """Fewer evaluations; equal quality; on the clock it depends on the coin."""
    return [fewer(runs), comparable(runs), coins(runs)]


def fewer(runs: Mapping[str, Frames]) -> Claim:
    """Oracle calls to the goal."""
    rows, checks = [], []
    for study, words in WORDS.items():
        calls = {label: to_goal(runs, study, label, "oracle_calls") for label in labels(runs[study])}
        for label, value in calls.items():
            rows.append(
                {
                    "study": words,
                    "method": label,
                    "rounds": to_goal(runs, study, label, "round"),
                    "oracle calls": value,
                    "SLDBO's over these": calls["SLDBO"] / value,
                }
            )
        best = min(
            (label for label in calls if label != "SLDBO"),
            key=lambda label: (calls[label] != calls[label], calls[label]),
        )
        checks.append(at_most(f"{words}: calls with {best}", calls[best], "SLDBO's", calls["SLDBO"], 0.5))
    return Claim(
        "Skipping evaluations by snapshots saves derivatives on the way to the same point",
        "the abstract (agents intermittently skip gradients, Jacobians and Hessians; better computational efficiency "
        "at comparable performance); no saving factor is known.",
        "`s3ldbo_synthetic` (to |∇F| ≤ 1e-6), `s3ldbo_mnist` (to an upper objective of 0.5) and `s3ldbo_fashion` (to "
        "0.7); the share p of rounds with an evaluation is ours. Saved: at most half the calls.",
        table(rows),
        tuple(checks),
        curves(
            {words: runs[study] for study, words in WORDS.items() if study != "synthetic"},
            "upper_objective",
            "oracle_calls",
            "upper objective",
        ),
        "Upper objective against oracle calls of all agents",
    )


def comparable(runs: Mapping[str, Frames]) -> Claim:
    """Test accuracy at the end of equally many rounds."""
    rows, checks = [], []
    for study in ("mnist", "fashion"):
        accuracy = {label: final(runs[study], label, "accuracy") for label in labels(runs[study])}
        rows.append({"study": WORDS[study]} | accuracy)
        for label, value in accuracy.items():
            if label != "SLDBO":
                checks.append(
                    at_least(f"{WORDS[study]}: accuracy with {label}", value, "SLDBO's", accuracy["SLDBO"], 0.99)
                )
    return Claim(
        "Learning performance stays comparable",
        "the abstract.",
        "the last test accuracy of `s3ldbo_mnist` and `s3ldbo_fashion` after equally many rounds; comparable: at least "
        "0.99 times SLDBO's.",
        table(rows),
        tuple(checks),
    )


def coins(runs: Mapping[str, Frames]) -> Claim:
    """Seconds to the goal when derivatives are dear: a round is cheap only if everybody skips."""
    frames = runs["synthetic"]
    seconds = {label: to_goal(runs, "synthetic", label, "simulated_s") for label in labels(frames)}
    calls = {label: to_goal(runs, "synthetic", label, "oracle_calls") for label in labels(frames)}
    rows = [{"method": label, "seconds": seconds[label], "oracle calls": calls[label]} for label in seconds]
    own, common = "p = 0.1, coin of each agent", "p = 0.1, shared coin"
    return Claim(
        "Saved evaluations are saved time",
        "implied by the abstract's computational efficiency; whose coin the paper tosses is not known.",
        "`s3ldbo_synthetic`: a derivative takes 10 ms, a message 1 ms, and agents wait for their neighbours. Time is "
        "saved: at most half of SLDBO's seconds.",
        table(rows),
        (
            at_most("seconds with one coin for all", seconds[common], "SLDBO's", seconds["SLDBO"], 0.5),
            at_most(
                "seconds with every tenth round",
                seconds["p = 0.1, every tenth round"],
                "SLDBO's",
                seconds["SLDBO"],
                0.5,
            ),
            at_most("seconds with a coin of each agent", seconds[own], "SLDBO's", seconds["SLDBO"], 0.5),
        ),
        curves(
            {"quadratic P1, ring of twenty": frames}, "hypergradient_norm", "simulated_s", "|∇F| at the mean x", True
        ),
        "Norm of the exact hypergradient against simulated time when derivatives are dear",
    )
