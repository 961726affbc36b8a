"""Figures inside a page: SVG documents as elements of one HTML document, where they share ids and styles.

Two figures of matplotlib name their clip paths and markers alike, and each brings a style for every element ``*`` of
the document that it stands in. So what is referred to is renamed, and styles are kept to their figure.

What belongs to one algorithm may say so by an id ``series:LABEL`` (the ``gid`` of an artist of matplotlib), on as many
elements as need be; the page then lets readers pick algorithms out.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from markupsafe import Markup

from scenarios.figures.style import SERIES

SVG = "{http://www.w3.org/2000/svg}"
REFERENCE = re.compile(r"url\(\s*[\"']?#([^\"')]+)[\"']?\s*\)")
DIGITS = re.compile(r"(\.\d\d)\d+")
"""Of coordinates in points, those past the hundredths, which nobody can see and which are a third of a figure."""
WIDE = 700.0
"""Points from which a figure takes a row of the page for itself."""
LARGEST = 1.3
"""Times its own width that a figure is drawn at most, so that letters do not grow beyond those of the page."""


@dataclass(frozen=True)
class Drawing:
    """A figure with its words."""

    svg: str
    """The text of an SVG document."""
    title: str
    caption: str = ""


@dataclass(frozen=True)
class Inlined:
    """A drawing as it stands in a page."""

    name: str
    title: str
    caption: str
    markup: Markup
    """The element ``svg``; without width and height, so that the page decides."""
    width: float
    """Its own width in points."""
    series: tuple[str, ...]
    """Labels of algorithms that parts of it belong to, in the order of their first part."""

    @property
    def wide(self) -> bool:
        """Whether it needs a row for itself."""
        return self.width > WIDE


def inlined(name: str, drawing: Drawing, prefix: str) -> Inlined:
    """The drawing as an element whose ids begin with ``prefix`` and whose styles reach nothing else.

    Ids that nothing refers to are dropped, and so is the metadata. Raises ``ParseError`` where the text is no XML.
    """
    root = ET.fromstring(drawing.svg)
    used = _referred_to(root)
    for metadata in root.findall(f"{SVG}metadata"):
        root.remove(metadata)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        element.attrib = _renamed(element.attrib, used, prefix)
        if element.tag == "style":
            element.text = _kept_to(prefix, element.text or "")
    width = _points(root.attrib.pop("width", "0"))
    root.attrib.pop("height", None)
    root.attrib = {"id": prefix, "role": "img", "aria-label": drawing.title, **root.attrib}
    if width > 0.0:
        root.attrib["style"] = f"max-width: {LARGEST * width:g}pt"
    labels = dict.fromkeys(element.attrib["data-series"] for element in root.iter() if "data-series" in element.attrib)
    markup = Markup(ET.tostring(root, encoding="unicode"))
    return Inlined(name, drawing.title, drawing.caption, markup, width, tuple(labels))


def _referred_to(root: ET.Element) -> set[str]:
    """The ids that some attribute of the document names."""
    values = [(name, value) for element in root.iter() for name, value in element.attrib.items()]
    links = {value[1:] for name, value in values if _local(name) == "href" and value.startswith("#")}
    return links | {found for _, value in values for found in REFERENCE.findall(value)}


def _renamed(attributes: dict[str, str], used: set[str], prefix: str) -> dict[str, str]:
    renamed = {}
    for name, value in attributes.items():
        if name == "id" and value.startswith(SERIES):
            renamed["data-series"] = value.removeprefix(SERIES)
        elif name == "id":
            if value in used:
                renamed["id"] = f"{prefix}-{value}"
        elif name in ("d", "x", "y"):
            renamed[name] = DIGITS.sub(r"\1", value)
        elif _local(name) == "href":
            renamed["href"] = f"#{prefix}-{value[1:]}" if value.startswith("#") else value
        else:
            renamed[name] = REFERENCE.sub(rf"url(#{prefix}-\1)", value)
    return renamed


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def _kept_to(prefix: str, style: str) -> str:
    """The rules of a style sheet for what is inside the element ``#prefix`` only."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style)
    selectors = [", ".join(f"#{prefix} {one.strip()}" for one in selector.split(",")) for selector, _ in rules]
    return "\n".join(f"{selector} {{{body}}}" for selector, (_, body) in zip(selectors, rules, strict=True))


def _points(length: str) -> float:
    """A length such as ``936pt``.

    >>> _points("936pt"), _points("100px"), _points("100%")
    (936.0, 75.0, 0.0)
    """
    found = re.fullmatch(r"([\d.]+)(pt|px)?", length)
    if found is None:
        return 0.0
    return float(found[1]) * (1.0 if found[2] == "pt" else 0.75)
