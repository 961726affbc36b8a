"""SVG documents as elements of one page."""

import io
import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scenarios.report.drawings import Drawing, inlined

PLAIN = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="72pt" height="36pt"
     viewBox="0 0 72 36">
 <metadata><creator>somebody</creator></metadata>
 <defs>
  <style type="text/css">*{stroke: red} .a, .b{fill: blue}</style>
  <path id="mark" d="M 0.123456 -7.5 L 10 2.999999"/>
  <clipPath id="clip"><rect width="9" height="9"/></clipPath>
 </defs>
 <g id="axes_1"><use xlink:href="#mark" x="3.14159" y="2" clip-path="url(#clip)" style="fill: url('#clip')"/></g>
 <text>a &lt; b &amp; c</text>
</svg>
"""


def drawn(svg: str = PLAIN) -> ET.Element:
    """The element that comes of a drawing."""
    return ET.fromstring(inlined("plain", Drawing(svg, "A title"), "figure-7").markup)


def test_ids_get_the_prefix_wherever_they_are_referred_to() -> None:
    """Links, clip paths, and fills within styles; ids that nothing refers to are dropped."""
    root = drawn()
    (use,) = root.iter("use")
    assert use.attrib["href"] == "#figure-7-mark"
    assert use.attrib["clip-path"] == "url(#figure-7-clip)"
    assert use.attrib["style"] == "fill: url(#figure-7-clip)"
    assert [element.attrib["id"] for element in root.iter() if "id" in element.attrib] == [
        "figure-7",
        "figure-7-mark",
        "figure-7-clip",
    ]


def test_styles_reach_nothing_but_their_figure() -> None:
    """Every selector of every rule begins with the figure's id."""
    (style,) = drawn().iter("style")
    assert style.text == "#figure-7 * {stroke: red}\n#figure-7 .a, #figure-7 .b {fill: blue}"


def test_the_element_is_named_and_leaves_its_size_to_the_page() -> None:
    """An image with a label and a view box, without width, height and metadata, that grows by a third at most."""
    found = inlined("plain", Drawing(PLAIN, "A title", "A caption"), "figure-7")
    root = ET.fromstring(found.markup)
    assert {
        "role": "img",
        "aria-label": "A title",
        "viewBox": "0 0 72 36",
        "style": "max-width: 93.6pt",
    }.items() <= root.attrib.items()
    assert not {"width", "height"} & root.attrib.keys()
    assert "somebody" not in found.markup
    assert (found.width, found.wide, found.caption) == (72.0, False, "A caption")


@pytest.mark.parametrize(("width", "wide"), [("936pt", True), ("504pt", False), ("936px", True), ("100%", False)])
def test_a_large_figure_takes_a_row_for_itself(width: str, wide: bool) -> None:
    """Measured in points."""
    assert inlined("plain", Drawing(PLAIN.replace("72pt", width), "A title"), "figure-0").wide is wide


def test_coordinates_keep_their_hundredths() -> None:
    """In paths and places; the rest cannot be seen."""
    root = drawn()
    assert [path.attrib["d"] for path in root.iter("path")] == ["M 0.12 -7.5 L 10 2.99"]
    assert [use.attrib["x"] for use in root.iter("use")] == ["3.14"]


def test_text_stays_text() -> None:
    """What was escaped is escaped again."""
    assert "a &lt; b &amp; c" in inlined("plain", Drawing(PLAIN, '"><script>'), "figure-7").markup
    assert [text.text for text in drawn().iter("text")] == ["a < b & c"]


def test_parts_of_an_algorithm_are_marked_with_its_label() -> None:
    """matplotlib writes the ``gid`` of a line and of a band as an id; the same label may occur often."""
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for label in ('soba, "first 9"', "adbo & <co>"):
        axes.plot([0, 1], [0, 1], gid=f"series:{label}")
        axes.fill_between([0, 1], [0, 1], gid=f"series:{label}")
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    found = inlined("progress", Drawing(file.getvalue(), "Progress"), "figure-0")
    assert found.series == ('soba, "first 9"', "adbo & <co>")
    marked = [element.attrib["data-series"] for element in ET.fromstring(found.markup).iter() if
              "data-series" in element.attrib]  # fmt: skip
    assert marked.count("adbo & <co>") == 2
    assert not re.search(r'id="[^"]*series:', found.markup)
