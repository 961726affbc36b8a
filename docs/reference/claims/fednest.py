"""FedNest: variance reduction, and what its rounds cost."""

from collections.abc import Mapping

from drawings import curves
from evidence import Claim, Frames, Study, at_most, final, labels, spent, table

ORDER = 10
TITLE = "FedNest"
PAPER = (
    "D. A. Tarzanagh, M. Li, C. Thrampoulidis, S. Oymak, *FedNest: federated bilevel, minimax, and compositional "
    "optimization*, ICML 2022, arXiv 2205.02215."
)
STUDIES = {"terms": Study("fednest_terms")}


def claims(runs: Mapping[str, Frames]) -> list[Claim]:
    """Variance reduction removes drift; the series' length decides the rest."""
    frames, metric = runs["terms"], "relative_distance_to_optimum"
    error = {label: final(frames, label, metric) for label in labels(frames)}
    seconds = {label: spent(frames, label, "simulated_s", metric, 0.02) for label in error}
    rows = [
        {
            "method": label,
            "last |x - x*|/|x*|": value,
            "iterations to 0.02": spent(frames, label, "round", metric, 0.02),
            "seconds to 0.02": seconds[label],
            "bits to 0.02": spent(frames, label, "bits_sent", metric, 0.02),
        }
        for label, value in error.items()
    ]
    picture = curves({"quadratic, h = 1, eight workers": frames}, metric, "simulated_s", "|x - x*| / |x*|", True, True)
    drift = Claim(
        "Variance-reduced local steps remove the drift that different data cause",
        "recalled: the paper's motivation for its SVRG inner steps; checked against its public code's structure.",
        "`fednest_terms`: five local steps on y with and without the correction. Removed: at most a third of the "
        "error.",
        table(rows),
        (
            at_most(
                "error with the correction, N = 20",
                error["FedNest, N = 20"],
                "that without",
                error["FedNest, N = 20, plain local steps"],
                1 / 3,
            ),
        ),
        picture,
        "Error against simulated time",
    )
    price = Claim(
        "The truncated series of its defaults (N = 5) is enough",
        "implied by the defaults of the public code.",
        "`fednest_terms` with N = 5, 20 and 40 terms, each a round trip. Enough: at most twice the error of N = 40, "
        "and no slower to 0.02 than SOBA, which makes one round trip.",
        table(rows),
        (
            at_most("error with N = 5", error["FedNest, N = 5"], "that with N = 40", error["FedNest, N = 40"], 2),
            at_most("seconds of FedNest, N = 5", seconds["FedNest, N = 5"], "SOBA's", seconds["SOBA"]),
        ),
    )
    return [drift, price]
