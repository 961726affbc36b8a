"""What the papers claim and what came out: runs the scenarios of the papers and writes docs/reference/papers.md.

    python docs/reference/papers.py [--only NAME] [--jobs 2] [--results results/papers] [--again]

Each module in `claims` is one paper: the studies that it needs, and how claims follow from their numbers. Runs
that are in the results folder already are read and not run again; `--again` runs them again.
The data sets must be there (`BILEVELSIM_DATA`).
`--only` makes the section of one paper (a module's name) and prints it; the page is written only when all are made.
"""

import argparse
import importlib
import pkgutil
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import claims
import pandas as pd
from evidence import Claim, Frames, Study, markdown, verdict
from matplotlib.figure import Figure

import scenarios
from scenarios import runner

HERE = Path(__file__).parent
PAGE = HERE / "papers.md"
FIGURES = HERE.parent / "figures" / "papers"
RESULTS = HERE.parents[1] / "results" / "papers"
INTRODUCTION = """\
# What the papers claim, on the clock

Written by `python docs/reference/papers.py` from its runs; only the claims and what was run are typed by hand. The
texts of the papers were mostly not at hand: each claim says where it is known from. Steps are published or recovered
ones where there are any, else tuned on a short grid that the scenario's file states. A verdict follows from the
comparisons under it and from nothing else: *holds* if all are true, *does not hold* if none is, *holds in part*
otherwise. A dash is a target that was never reached, or a run that diverged. Seconds are simulated; bits and oracle
calls are sums over all agents unless said otherwise. Each scenario lies in `scenarios/catalogue/papers` and runs by its
name: `bilevelsim run adbo_ijcnn1`.
"""


def papers(only: str | None = None) -> dict[str, ModuleType]:
    """The modules of the papers by name, in the order of the page."""
    found = {
        info.name: importlib.import_module(f"claims.{info.name}") for info in pkgutil.iter_modules(claims.__path__)
    }
    chosen = {name: paper for name, paper in found.items() if only in (None, name)}
    return dict(sorted(chosen.items(), key=lambda item: item[1].ORDER))


# --- running, or reading what was run


def frames_of(study: Study, folder: Path, jobs: int, again: bool = False) -> Frames:
    """The tables of a study; runs that stand in its folder are read and not run again."""
    begin = time.perf_counter()
    found = runner.run(scenarios.load(study.scenario, study.changes), jobs, folder, again=again)
    print(f"{folder.name}: {time.perf_counter() - begin:.0f} s", flush=True)
    return Frames(found.runs, found.history)


def evidence_of(paper: ModuleType, run: Callable[[str, Study], Frames]) -> list[Claim]:
    """The claims of one paper from all its studies."""
    return list(paper.claims({name: run(name, study) for name, study in paper.STUDIES.items()}))


# --- writing


def section(name: str, paper: ModuleType, found: list[Claim]) -> str:
    """The section of one paper."""
    parts = [f"## {paper.TITLE}", paper.PAPER]
    for position, claim in enumerate(found, start=1):
        parts += [f"### {claim.statement}", f"*Known from:* {claim.source}", f"*Run:* {claim.ran}"]
        parts.append(markdown(claim.table))
        if claim.figure is not None:
            parts.append(f"![{claim.caption}](../figures/papers/{picture(name, position)})")
            parts.append(f"*{claim.caption}*")
        parts.append(f"**Verdict: {verdict(claim)}.**")
        if claim.checks:
            parts.append("\n".join(f"* {'true' if check.holds else 'false'}: {check.words}" for check in claim.checks))
    return "\n\n".join(parts)


def picture(name: str, position: int) -> str:
    """The file of a claim's figure."""
    return f"{name}_{position}.png"


def overview(found: Mapping[str, tuple[ModuleType, list[Claim]]]) -> str:
    """The first table of the page: a claim a row, with its verdict."""
    rows = [
        {"paper": paper.TITLE, "claim": claim.statement, "verdict": verdict(claim).partition(":")[0]}
        for paper, claims_ in found.values()
        for claim in claims_
    ]
    return markdown(pd.DataFrame(rows))


def page(found: Mapping[str, tuple[ModuleType, list[Claim]]]) -> str:
    """The whole page."""
    sections = [section(name, paper, claims_) for name, (paper, claims_) in found.items()]
    return "\n\n".join([INTRODUCTION.rstrip(), overview(found), *sections]) + "\n"


def save(figure: Figure, path: Path) -> None:
    """Write a figure with the same bytes for the same numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    """Run or read every study, then write the figures and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="one paper alone: " + ", ".join(papers()))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--again", action="store_true", help="run also what is there already")
    arguments = parser.parse_args()
    if arguments.only is not None and arguments.only not in papers():
        parser.error(f"no paper is called {arguments.only}; there are {', '.join(papers())}")
    found = {}
    for name, paper in papers(arguments.only).items():

        def run(study_name: str, study: Study, name: str = name) -> Frames:
            folder = arguments.results / f"{name}_{study_name}".replace(" ", "_")
            return frames_of(study, folder, arguments.jobs, arguments.again)

        found[name] = (paper, evidence_of(paper, run))
        for position, claim in enumerate(found[name][1], start=1):
            if claim.figure is not None:
                save(claim.figure, FIGURES / picture(name, position))
    if arguments.only is not None:
        print(section(arguments.only, *found[arguments.only]))
        return
    PAGE.write_text(page(found), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
