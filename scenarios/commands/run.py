"""``bilevelsim run``."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.options import DEFECT, DONE, INTERRUPTED, Changes, Jobs, ScenarioFile
from scenarios.errors import Mistake, ScenarioError

if TYPE_CHECKING:
    from scenarios.runner import Result
    from scenarios.scenario import Scenario


def run(
    scenario: ScenarioFile,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Where to write; default results/<scenario>.")] = None,
    jobs: Jobs = None,
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="Repetitions, in place of the file's.")] = None,
    set_: Changes = None,
) -> int:
    """Run a scenario: tables, figures and a record of each run in a folder."""
    from scenarios import loader, overrides, runner
    from scenarios.progress import Bar

    changes = overrides.parse(set_ or [])
    if seeds is not None:
        changes["seeds"] = seeds
    if out == "":  # a variable of the shell that is not set
        raise ScenarioError([Mistake("--out", "DIR", out, "must name a folder")])
    checked = loader.load(scenario, changes)
    folder = Path("results") / checked.name if out is None else Path(out)
    planned = len(runner.plan(checked))
    try:
        with Bar(planned) as bar:
            result = runner.run(checked, jobs or os.cpu_count() or 1, folder, bar.advance)
    except runner.Interrupted as interruption:
        done = (interruption.result.runs["status"] != "not_applicable").sum()
        typer.echo(f"interrupted after {done} of {planned} runs, which are kept in {folder}", err=True)
        return INTERRUPTED
    _print(result)
    return DEFECT if (result.runs["status"] == "failed").any() else DONE


def _print(result: "Result") -> None:
    """The table, why runs ended otherwise than wished, and where everything is."""
    from scenarios import tables

    scenario: Scenario = result.scenario
    typer.echo(scenario.document.question)
    seeds = len(scenario.seeds)
    typer.echo(f"{seeds} seeds; medians, with the range over seeds\n" if seeds > 1 else "1 seed\n")
    typer.echo(tables.as_text(result.summary, shutil.get_terminal_size((0, 0)).columns))
    for note in tables.notes(result.runs):
        typer.echo(note)
    typer.echo(f"\n{result.out}: runs.csv, runs.parquet, history.parquet, figures")
