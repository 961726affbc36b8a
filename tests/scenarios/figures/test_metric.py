"""The metric of the figures."""

from scenarios.figures.metric import Metric


def test_a_label_carries_the_unit_if_there_is_one() -> None:
    """A plain number has none."""
    assert Metric("upper_objective", "nat").label == "upper objective [nat]"
    assert Metric("accuracy", "1").label == Metric("accuracy", "").label == "accuracy"
