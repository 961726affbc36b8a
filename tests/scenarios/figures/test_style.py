"""How series look."""

import pandas as pd
import pytest

from scenarios.figures.style import looks, styles


def test_series_differ_in_more_than_colour() -> None:
    """Any two of the first six differ in colour, in dashes and in marker; 100 series are all different."""
    look = list(styles([str(k) for k in range(100)]).values())
    assert len({(style.colour, style.dashes, style.marker) for style in look}) == 100
    for part in ("colour", "dashes", "marker"):
        assert len({getattr(style, part) for style in look[:6]}) == 6


def test_styles_of_a_part_are_those_of_the_whole() -> None:
    """In the order of the table; without a whole they are by its own order."""
    part = pd.DataFrame({"label": ["c", "b", "c"]})
    whole = styles(["a", "b", "c"])
    assert looks(part, whole) == {"c": whole["c"], "b": whole["b"]}
    assert looks(part) == styles(["c", "b"])
    with pytest.raises(KeyError):
        looks(part, styles(["a"]))
