"""The page from what it tells: tables made ready to be sorted, figures put inside, and a template around them.

The same report gives the same bytes: nothing of the host, no date. The page may load nothing and run no script but its
own, which it names by its hash; so text of a scenario stays text whatever is written there.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scenarios import tables
from scenarios.report import cells, differences
from scenarios.report.cells import Cell, Column, Table
from scenarios.report.drawings import Drawing, inlined

WITH_BARS = {*tables.TO_TARGET, *tables.WHOLE_RUN, "idle share"}
"""Columns of the table for people whose numbers are lengths worth comparing."""
AT_ONCE = (
    "label",
    "seed",
    "status",
    "reason",
    "rounds",
    "simulated_s",
    "target_s",
    "bits_sent",
    "oracle_calls",
)
"""Columns of ``runs`` that everybody sees; axes and the scenario's metrics are others, the rest comes on demand."""
NEVER = ("scenario", "host_s")
"""The same in every row, and of the host."""
SHARES = ("computing_share", "waiting_share", "down_share")
KINDS = {"label": "label", "status": "status", "fingerprint": "code", "key": "code"}
"""How columns of ``runs`` look; other text is words."""
ORIGINS = {
    "published": "as the algorithm's paper states them",
    "shared": "one choice for all algorithms",
    "tuned": "found by a search, for this algorithm on its own",
    "chosen": "by hand",
    None: "the scenario does not say",
}


class Provenance(Protocol):
    """Where the settings of one algorithm come from."""

    @property
    def label(self) -> str:
        """Its name in tables and figures."""

    @property
    def algorithm(self) -> str:
        """Its name in the list of algorithms."""

    @property
    def settings(self) -> str:
        """As they stand in the scenario."""

    @property
    def settings_are(self) -> str | None:
        """A key of ``ORIGINS``."""

    @property
    def note(self) -> str | None:
        """More about that."""


@dataclass(frozen=True)
class Report:
    """What the page tells."""

    scenario: str
    """Name of the scenario."""
    question: str
    answer: str
    """One sentence, with its interval."""
    table: pd.DataFrame
    """The table for people, all text: axes of a sweep, then the columns of ``tables.summary``."""
    counted: str
    """What the numbers of the table are: ``3 seeds; medians, with the range over seeds``."""
    runs: pd.DataFrame
    """One row a run, as ``tables.runs_frame`` makes it."""
    comparisons: pd.DataFrame
    """Paired differences: the axes, label, other, quantity, pairs, mean, low, high, confidence."""
    figures: Mapping[str, Drawing]
    """By name; the main one first."""
    settings: Sequence[Provenance]
    text: str
    """The scenario as it was run."""
    versions: Mapping[str, str]
    axes: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    """Those that the scenario names; what else was measured is shown on demand."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """Of the algorithms in the figures, by label."""
    notes: Sequence[str] = ()
    """Why runs ended otherwise than wished."""
    omissions: Sequence[str] = ()
    """What is not on the page, and why."""


def html(report: Report) -> str:
    """The page as text, to be written as UTF-8."""
    style, script = _source("page.css"), _source("page.js")
    drawings = [inlined(name, one, f"figure-{place}") for place, (name, one) in enumerate(report.figures.items())]
    template = _environment().get_template("page.html.jinja")
    return template.render(
        report=report,
        answer=_sentence(report.answer),
        endings=_endings(report.runs),
        main=main_table(report),
        drawings=drawings,
        series=[*dict.fromkeys(label for one in drawings for label in one.series)],
        differences=differences.table(report.comparisons, report.axes) if len(report.comparisons) else None,
        confidence=differences.confidence(report.comparisons),
        origins=ORIGINS,
        runs=runs_table(report),
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("scenarios.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _source(name: str) -> str:
    return (files("scenarios.report") / name).read_text(encoding="utf-8")


def _sentence(text: str) -> list[tuple[str, str]]:
    """The answer as pairs of what is said and what stands in parentheses after it, with a full stop at its end."""
    whole = text if text.endswith((".", "!", "?")) else f"{text}."
    said, asides = re.split(r"\([^()]*\)", whole), re.findall(r"\([^()]*\)", whole)
    return [*zip(said, [*asides, ""], strict=True)]


def _endings(runs: pd.DataFrame) -> list[tuple[str, int]]:
    """How many runs ended how."""
    counts = runs["status"].value_counts()
    return [(status, int(counts[status])) for status in tables.STATUSES if status in counts.index]


def main_table(report: Report) -> Table:
    """The table for people, each column known as text or as numbers."""
    return cells.table([_main_column(name, report.table[name], name in report.axes) for name in report.table.columns])


def _main_column(name: str, texts: "pd.Series[str]", is_axis: bool) -> tuple[Column, list[Cell]]:
    numeric, found = cells.read(texts)
    if is_axis:
        return Column(name, numeric=numeric), found
    kind = "label" if name == "algorithm" else KINDS.get(name, "words")
    column = Column(name.replace("_", " "), numeric=numeric and kind == "words", kind=kind)
    return column, cells.with_bars(found) if name in WITH_BARS else found


def runs_table(report: Report) -> Table:
    """One row a run, without the columns that are empty; numbers are sorted by all their digits."""
    runs = report.runs
    first = [name for name in ("label", *report.axes, *AT_ONCE, *report.metrics) if name in runs.columns]
    names = [name for name in dict.fromkeys([*first, *runs.columns]) if name not in NEVER and runs[name].notna().any()]
    return cells.table([_run_column(name, runs[name], report.axes, name in first) for name in names])


def _run_column(name: str, values: "pd.Series[Any]", axes: Sequence[str], at_once: bool) -> tuple[Column, list[Cell]]:
    if name in axes:
        return cells.of_axis(name, values)
    words = differences.TITLES.get(name, name.replace("_", " "))
    if name in tables.TEXT:
        return Column(words, name, kind=KINDS.get(name, "words"), on_demand=not at_once), cells.of_texts(values)
    found = cells.of_numbers(values, percent=name in SHARES, whole=name == "seed")
    return Column(words, name, numeric=True, on_demand=not at_once), found
