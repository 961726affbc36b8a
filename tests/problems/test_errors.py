"""Errors give the nearest known names."""

from problems.errors import DataMissing, ProblemError, unknown


def test_a_near_name_is_proposed_and_a_far_one_lists_all():
    """The sentence has the kind, the name, and either the near ones or everything."""
    near = unknown("metric", "acuracy", ["accuracy", "lower_residual"])
    assert str(near) == "there is no metric named 'acuracy': did you mean accuracy?"
    far = unknown("metric", "xyz", ["b", "a"])
    assert str(far) == "there is no metric named 'xyz': known are a, b"


def test_the_tree_is_one_of_value_errors():
    """Whoever catches ValueError catches them all."""
    assert issubclass(DataMissing, ProblemError)
    assert issubclass(ProblemError, ValueError)
