"""What backs an algorithm: its lines in the contract suite, the verdicts on its paper's claims, the runs it is part of.

Nothing here is typed by hand. Targets are the tables in ``tests/algorithms/targets``; a paper of
``docs/reference/claims`` belongs to the module whose docstring names the same arXiv number; verdicts and seconds are
read from the committed pages.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import papers

from pages.home import DOCS, ROOT
from pages.published import entries, names_of
from scenarios import names

TARGETS = ROOT / "tests" / "algorithms" / "targets"
NUMBER = re.compile(r"arXiv\s+(\d{4}\.\d{4,5})")


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, as ``docs/reference/papers.md`` judges it."""

    paper: str
    statement: str
    verdict: str

    @property
    def anchor(self) -> str:
        """The place on that page, as GitHub and the site name it."""
        kept = re.sub(r"[^\w\- ]", "", self.statement.lower())
        return kept.replace(" ", "-")


@cache
def targets() -> dict[str, dict[str, Any]]:
    """Name of an algorithm -> its table in the contract suite, with the remark above it under ``remark``."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(TARGETS.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        remarks = _remarks(text)
        for name, target in tomllib.loads(text).items():
            found[name] = {"point": "optimum", "rounds": 3000} | target | {"remark": remarks.get(name, "")}
    return found


def _remarks(text: str) -> dict[str, str]:
    """The comment right above each table."""
    above = re.findall(r"((?:^# .*\n)+)\[(\w+)\]", text, re.MULTILINE)
    return {name: " ".join(line[2:] for line in comment.splitlines()) for comment, name in above}


def tests(module: str) -> list[str]:
    """The test files of an algorithm module, as paths from the repository."""
    files = [f"tests/algorithms/{name}" for name in (f"test_{module}.py", f"targets/{module}.toml")]
    return [file for file in files if (ROOT / file).is_file()]


def claims(module: str) -> list[Claim]:
    """The claims of the papers that the module's docstring names."""
    numbers = set(NUMBER.findall(entries()[module].doc))
    titles = [paper.TITLE for paper in _papers().values() if numbers & set(NUMBER.findall(paper.PAPER))]
    return [claim for claim in _claims() if claim.paper in titles]


@cache
def _papers() -> Mapping[str, ModuleType]:
    """The modules of ``docs/reference/claims``, by the program that makes the page of them."""
    return papers.papers()


@cache
def _claims() -> tuple[Claim, ...]:
    """The first table of the page about the papers."""
    text = (DOCS / "reference" / "papers.md").read_text(encoding="utf-8").partition("\n## ")[0]
    return tuple(Claim(*row) for row in rows_of(text)[1:])


@cache
def study() -> tuple[list[str], dict[str, list[str]]]:
    """Conditions of the study of every algorithm, and for each name its cells: seconds to the target."""
    text = (DOCS / "studies" / "every_algorithm.md").read_text(encoding="utf-8")
    section = text.partition("## Seconds to the target")[2].partition("\n## ")[0]
    (_, *conditions), *rows = rows_of(section)
    return conditions, {name: cells for name, *cells in rows}


def rows_of(text: str) -> list[list[str]]:
    """The cells of every row of every table in a text, without the rules under the titles."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def scenarios_with(module: str) -> Iterator[str]:
    """The scenarios of the catalogue in which the module or one of its variants runs."""
    own = set(names_of(module))
    for name in names.scenario_names():
        document = tomllib.loads(names.scenario_path(name).read_text(encoding="utf-8"))
        if own & {entry["name"] for entry in document["algorithms"]}:
            yield name
