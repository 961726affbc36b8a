"""SimFBO and ShroFBO: one round trip, and different numbers of local steps."""

from collections.abc import Mapping

from drawings import curves
from evidence import Claim, Frames, Study, at_least, at_most, below, final, labels, spent, table

ORDER = 9
TITLE = "SimFBO and ShroFBO"
PAPER = (
    "Y. Yang, P. Xiao, K. Ji, *SimFBO: towards simple, flexible and communication-efficient federated bilevel "
    "learning*, NeurIPS 2023, arXiv 2305.19442."
)
STUDIES = {"local_steps": Study("simfbo_local_steps")}


def claims(runs: Mapping[str, Frames]) -> list[Claim]:
    """The fixed point of both under different numbers of local steps."""
    frames, metric = runs["local_steps"], "relative_distance_to_optimum"
    error = {label: final(frames, label, metric) for label in labels(frames)}
    rows = [
        {
            "method": label,
            "last |x - x*|/|x*|": value,
            "rounds to 0.02": spent(frames, label, "round", metric, 0.02),
            "oracle calls to 0.02": spent(frames, label, "oracle_calls", metric, 0.02),
        }
        for label, value in error.items()
    ]
    plain, robust = error["SimFBO, 1 to 8 steps"], error["ShroFBO, 1 to 8 steps"]
    small = error["ShroFBO, 1 to 8 small steps"]
    return [
        Claim(
            "ShroFBO is robust to different numbers of local steps, SimFBO is not",
            "the abstract (resilient to heterogeneous local computation).",
            "`simfbo_local_steps`: each worker keeps its own number of local steps between 1 and 8. Robust: an error "
            "below 0.02 that falls with the local step; not robust: ten times ShroFBO's.",
            table(rows),
            (
                below("ShroFBO: last error", robust, 0.02),
                at_most("ShroFBO: error with a tenth of the local step", small, "that with the whole", robust, 0.5),
                at_least("SimFBO: last error", plain, "ShroFBO's", robust, 10),
            ),
            curves({"quadratic, h = 1, eight workers": frames}, metric, "simulated_s", "|x - x*| / |x*|", True),
            "Error against simulated time",
        )
    ]
