"""Panels over one axis of a sweep."""

from collections.abc import Callable

import pandas as pd

from scenarios.figures import facets, legend
from scenarios.figures.style import styles

Swept = Callable[..., pd.DataFrame]


def found(swept: Swept, others: int) -> list[facets.Facet]:
    """Facets over the axis `a`, with another axis of so many values."""
    axes: dict[str, list[object]] = {"a": [2.0, 1.0], "b": [float(k) for k in range(others)]}
    return facets.facets(swept(axes, lambda label, seed, a, b: a), "a")


def test_there_is_a_facet_for_each_value_of_the_other_axis(swept: Swept) -> None:
    """With its runs, and with the values of the axis in order."""
    first, second = found(swept, 2)
    assert (first.words, second.words) == ("b = 0", "b = 1")
    assert first.values == second.values == (1.0, 2.0)
    assert set(second.runs["b"]) == {1.0}
    assert len(second.runs) == 12


def test_one_axis_has_one_facet_without_words(swept: Swept) -> None:
    """Runs without a value of the axis are left out; names stay in the order in which they come."""
    table = swept({"a": ["ring", "grid", "all"]}, lambda label, seed, a: 1.0)
    table.loc[table["a"] == "all", "a"] = pd.NA
    (facet,) = facets.facets(table, "a")
    assert (facet.words, facet.values) == ("", ("ring", "grid"))


def test_six_facets_have_panels_and_the_title_names_the_others(swept: Swept) -> None:
    """Three in a line; empty places are taken away."""
    handles = legend.lines(styles(["soba"]))
    for others, lines, note in ((1, 1, ""), (4, 2, ""), (5, 2, ""), (8, 2, "Not drawn: b = 6; b = 7.")):
        figure, panels = facets.panels(found(swept, others), "Who?", 3.0, handles)
        assert len(panels) == len(figure.axes) == min(6, others)
        assert figure.get_size_inches()[1] == lines * 3.0 + 0.2 + (0.17 if note else 0.0)
        assert figure.get_suptitle() == "\n".join(["Who?", note] if note else ["Who?"])


def test_vertical_labels_stand_at_the_left(swept: Swept) -> None:
    """Horizontal ones below each panel."""
    _, panels = facets.panels(found(swept, 4), "", 3.0, legend.lines(styles(["soba"])))
    facets.label(panels, "x", "y")
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels] == [("x", "y"), ("x", "")] * 2


def test_a_panel_says_what_it_shows(swept: Swept) -> None:
    """Above itself."""
    given = found(swept, 2)
    _, panels = facets.panels(given, "", 3.0, legend.lines(styles(["soba"])))
    for axes, facet in zip(panels, given, strict=True):
        facets.name(axes, facet)
    assert [axes.get_title() for axes in panels] == ["b = 0", "b = 1"]
