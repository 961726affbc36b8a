"""A docstring as Markdown: its words as they stand, paragraphs as paragraphs, whatever is aligned as it is.

Docstrings of the project are plain text. Lines that are indented, by four spaces as a rule, are formulas, tables or
drawings and keep their columns; so does a paragraph whose first line has a gap under which the others hang. All else
is text: it is escaped, so that ``y*(x)`` or ``w_ij`` stay what they are; only what stands between backticks is code.
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from itertools import groupby

PARTS = "Paper|Problem|Costs|Waiting|Messages|Lost messages|Dead workers|Invariant|Traps|Sources?|References?"
LABEL = re.compile(rf"({PARTS})\b(?=[^:.]{{0,90}}:):?")
"""How the parts of an algorithm's docstring begin; shown in bold."""
ITEM = re.compile(r"(?:\*|\d+\.) ")
GAP = re.compile(r"\S+(?: \S+)*?( {2,})(?=\S)")
SPECIAL = re.compile(r"([\\*_\[\]<>|~$&{}#`])")
CODE = re.compile(r"``(.+?)``|`([^`]+)`")
ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")

Piece = tuple[str, list[str]]
"""What it is (``aligned``, ``list``, ``example``, ``heading``, ``text``), and its lines."""


def markdown(docstring: str | None, level: int = 2) -> str:
    """The whole docstring; its own headings, underlined with dashes, become headings of that level."""
    return body(inspect.cleandoc(docstring or ""), level)


def body(text: str, level: int = 2) -> str:
    """The same for a part of a docstring from which the common indentation is taken already."""
    return "\n\n".join(_written(kind, lines, level) for kind, lines in _pieces(text))


def inline(text: str) -> str:
    """One piece of text on one line, with code between backticks, and papers on arXiv as links."""
    line, shown, position = " ".join(text.split()), "", 0
    for code in CODE.finditer(line):
        shown += _escaped(line[position : code.start()]) + f"`{code[1] or code[2]}`"
        position = code.end()
    shown += _escaped(line[position:])
    return ARXIV.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", shown)


def literal(text: str, language: str = "text") -> str:
    """A fenced block, its fence longer than any in the text."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", text) or [""]))
    return f"{fence}{language}\n{text}\n{fence}"


def opening(docstring: str | None) -> str:
    """The first paragraph, on one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())


def headline(docstring: str | None) -> tuple[str, str, str]:
    """What stands before the first colon of the first paragraph, the rest of that, and everything after it."""
    first, rest = opening(docstring), inspect.cleandoc(docstring or "").partition("\n\n")[2]
    name, colon, what = first.partition(": ")
    return (name, what[:1].upper() + what[1:], rest) if colon else ("", first, rest)


# --- cutting


def _pieces(text: str) -> Iterator[Piece]:
    """Neighbours that are aligned alike are one piece, with the blank line between them."""
    stanzas = [stanza.splitlines() for stanza in re.split(r"\n\s*\n", text) if stanza.strip() not in ("", "::")]
    found = [piece for stanza in stanzas for piece in _of_stanza(stanza)]
    for (kind, _), group in groupby(found, key=lambda piece: (piece[0], piece[1][0].startswith(" "))):
        if kind == "aligned":
            yield kind, "\n\n".join("\n".join(lines) for _, lines in group).splitlines()
        else:
            yield from group


def _of_stanza(lines: list[str]) -> Iterator[Piece]:
    """The pieces of what stands between two blank lines."""
    if _hangs(lines):
        yield "aligned", lines
    elif ITEM.match(lines[0]):
        yield "list", lines
    elif lines[0].startswith(">>> "):
        yield "example", lines
    elif len(lines) > 1 and set(lines[1]) == {"-"}:
        yield "heading", lines[:1]
        if lines[2:]:
            yield from _of_stanza(lines[2:])
    else:
        for aligned, run in groupby(lines, key=lambda line: line.startswith(" ")):
            yield "aligned" if aligned else "text", list(run)


def _hangs(lines: list[str]) -> bool:
    """Whether the second line begins where the first one goes on after a gap."""
    gap = GAP.match(lines[0])
    return gap is not None and len(lines) > 1 and len(lines[1]) - len(lines[1].lstrip()) == gap.end(1)


# --- writing


def _written(kind: str, lines: list[str], level: int) -> str:
    text = "\n".join(lines)
    match kind:
        case "aligned":
            return literal(textwrap.dedent(text))
        case "example":
            return literal(text, "pycon")
        case "heading":
            return f"{'#' * level} {inline(text)}"
        case "list":
            return "\n".join(_item(item) for item in re.split(rf"\n(?={ITEM.pattern})", text))
    shown = inline(re.sub("::$", ":", text))
    label = LABEL.match(shown)
    return shown if label is None else f"**{label[0]}**{shown[label.end() :]}"


def _item(text: str) -> str:
    mark, _, words = text.partition(" ")
    return f"{mark} {inline(words)}"


def _escaped(text: str) -> str:
    return re.sub(r"^([+-])(?= )", r"\\\1", SPECIAL.sub(r"\\\1", text))
