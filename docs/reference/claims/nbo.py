"""NBO: fewer gradients than AmIGO, and fastest in time."""

from collections.abc import Mapping

from drawings import curves
from evidence import Claim, Frames, Study, at_most, labels, spent, table

ORDER = 6
TITLE = "NBO"
PAPER = (
    "Y. Dong, J. Yang, W. Yao, J. Zhang, *Efficient curvature-aware hypergradient approximation for bilevel "
    "optimization*, ICML 2025, arXiv 2505.02101."
)
STUDIES = {"ijcnn1": Study("nbo_ijcnn1"), "covtype": Study("nbo_covtype"), "mnist": Study("nbo_mnist")}
WORDS = {"ijcnn1": "IJCNN1", "covtype": "Covertype", "mnist": "MNIST cleaning"}
GOALS = {
    "ijcnn1": ("hypergradient_norm", 4e-3),
    "covtype": ("hypergradient_norm", 0.02),
    "mnist": ("upper_objective", 0.81),
}
RAN = (
    "`nbo_ijcnn1` (to |∇F| ≤ 4e-3), `nbo_covtype` (to |∇F| ≤ 0.02) and `nbo_mnist` (to an upper objective of 0.81): "
    "benchopt's problems on fewer rows, full gradients, one step size for all methods of a data set."
)


def to_goal(runs: Mapping[str, Frames], study: str, label: str, column: str) -> float:
    """What had been spent when the study's goal was reached."""
    return spent(runs[study], label, column, *GOALS[study])


def derivatives(runs: Mapping[str, Frames], study: str, label: str) -> tuple[float, float]:
    """Gradients and Hessian products to the goal: counts of each method's iteration, by its equations."""
    rounds = to_goal(runs, study, label, "round")
    calls = to_goal(runs, study, label, "oracle_calls")
    gradients = {"AmIGO, Q = 10": 12}.get(label, 3) * rounds
    return gradients, calls - gradients - rounds


def claims(runs: Mapping[str, Frames]) -> list[Claim]:
    """Against AmIGO in iterations and gradients; in time; stochastic form."""
    return [gradients(runs), run_time(runs), stochastic()]


def gradients(runs: Mapping[str, Frames]) -> Claim:
    """The table of counts."""
    rows, checks = [], []
    for study, words in WORDS.items():
        rounds = {label: to_goal(runs, study, label, "round") for label in labels(runs[study])}
        for label, value in rounds.items():
            grads, products = derivatives(runs, study, label)
            row: dict[str, float | str] = {"problem": words, "method": label, "iterations": value}
            rows.append(row | {"gradients": grads, "Hessian products": products})
        one, few, many = (rounds[label] for label in ("NBO-GD, T = 1", "AmIGO, Q = 1", "AmIGO, Q = 10"))
        checks.append(at_most(f"{words}: iterations of NBO-GD, T = 1", one, "AmIGO's, Q = 10", many, 1.3))
        checks.append(at_most(f"{words}: iterations of NBO-GD, T = 1", one, "AmIGO's, Q = 1", few, 0.8))
        checks.append(at_most(f"{words}: gradients of NBO-GD, T = 1", 3 * one, "AmIGO's, Q = 10", 12 * many, 0.5))
    return Claim(
        "NBO-GD with one further step is about as good an iteration as AmIGO with ten, far better than AmIGO with one",
        "two notes on the paper (its synthetic problem: objective against iterations); the complexity table has "
        "k^3/ε gradients for NBO against k^4 log k/ε for AmIGO.",
        f"{RAN} About as good: at most 1.3 times the iterations; far better: at most 0.8 times; fewer gradients: at "
        "most half.",
        table(rows),
        tuple(checks),
        curves(
            {words: runs[study] for study, words in WORDS.items() if study != "mnist"},
            "hypergradient_norm",
            "oracle_calls",
            "norm of the hypergradient",
            True,
            True,
        ),
        "Norm of the exact hypergradient against oracle calls (all gradients and products)",
    )


def run_time(runs: Mapping[str, Frames]) -> Claim:
    """Simulated seconds: operations at one speed."""
    rows, checks = [], []
    for study, words in WORDS.items():
        seconds = {label: to_goal(runs, study, label, "simulated_s") for label in labels(runs[study])}
        rows.append({"problem": words} | {f"{label} [s]": value for label, value in seconds.items()})
        best = min(seconds["NBO-GD, T = 1"], seconds["NBO-CG"])
        for other in ("AmIGO, Q = 1", "AmIGO, Q = 10", "SOBA"):
            checks.append(at_most(f"{words}: seconds of the better NBO", best, f"{other}'s", seconds[other]))
    return Claim(
        "NBO is best in run time",
        "two notes on the paper.",
        RAN + " Time is operations at 10^9 a second, of T = 1 or of CG, whichever is faster.",
        table(rows),
        tuple(checks),
        curves({WORDS["mnist"]: runs["mnist"]}, "upper_objective", "simulated_s", "upper objective", log_x=True),
        "MNIST cleaning: upper objective against simulated time",
    )


def stochastic() -> Claim:
    """What is left out."""
    return Claim(
        "NSBO-SGD is the fastest stochastic method and has the lowest test error on Covertype",
        "two notes on the paper.",
        "nothing.",
        table([{"needed": "tuned stochastic runs on the full data sets", "at hand": "full gradients on fewer rows"}]),
        (),
        why_not="it needs benchopt's tuned stochastic runs on the full data, with methods that are not here (SABA, "
        "StocBiO, SHINE, F2SA)",
    )
