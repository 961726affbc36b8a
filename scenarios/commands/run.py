"""``bilevelsim run``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.options import DEFECT, DONE, INTERRUPTED, Changes, Jobs, ScenarioFile, print_result
from scenarios.errors import MISSING, Mistake, ScenarioError, nearest

if TYPE_CHECKING:
    from scenarios.engines import Engine

ENGINES = ("local", "dask")


def run(
    scenario: ScenarioFile,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Where to write; default results/<scenario>.")] = None,
    jobs: Jobs = None,
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="Repetitions, in place of the file's.")] = None,
    set_: Changes = None,
    again: Annotated[bool, typer.Option("--again", help="Run also what is there already.")] = False,
    engine: Annotated[str, typer.Option(metavar="ENGINE", help="Where: local (processes here) or dask.")] = "local",
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of a Dask cluster, for dask.")] = None,
) -> int:
    """Run what is missing of a scenario: tables, figures, a report, and a record of each run, in a folder."""
    from scenarios import loader, overrides, runner
    from scenarios.progress import Bar

    changes = overrides.parse(set_ or [])
    if seeds is not None:
        changes["seeds"] = seeds
    if out == "":  # a variable of the shell that is not set
        raise ScenarioError([Mistake("--out", "DIR", out, "must name a folder")])
    checked = loader.load(scenario, changes)
    chosen = _engine(engine, scheduler, jobs or os.cpu_count() or 1)
    folder = Path("results") / checked.name if out is None else Path(out)
    try:
        with Bar() as bar:
            result = runner.run(checked, out=folder, progress=bar, engine=chosen, again=again)
    except runner.Interrupted as interruption:
        done = (interruption.result.runs["status"] != "not_applicable").sum()
        planned = len([row for row in interruption.result.plan.rows if row.key is not None])
        typer.echo(f"interrupted after {done} of {planned} runs, which are kept in {folder}", err=True)
        return INTERRUPTED
    print_result(result)
    return DEFECT if (result.runs["status"] == "failed").any() else DONE


def _engine(name: str, scheduler: str | None, jobs: int) -> "Engine":
    """The engine of a name. Raises ``ScenarioError``."""
    from scenarios.engines import cluster, local

    if name not in ENGINES:
        raise ScenarioError([Mistake("--engine", "ENGINE", name, f"is no engine; {nearest(name, ENGINES)}")])
    if (name == "dask") != (scheduler is not None):
        rule = "belongs to --engine dask, which needs the address of a scheduler, such as tcp://10.0.0.1:8786"
        raise ScenarioError([Mistake("--scheduler", "", MISSING, rule)])
    return local.local(jobs) if scheduler is None else cluster.dask(scheduler)
