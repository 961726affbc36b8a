"""The command line. Results go to standard output, progress and mistakes to standard error.

Exit status: 0 done (a stalled or diverged run is a result), 1 a run failed by a defect, 2 bad input, 130 interrupted.
"""

import os
import shutil
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios import home
from scenarios.errors import Mistake, ScenarioError

if TYPE_CHECKING:
    from scenarios.runner import Result
    from scenarios.scenario import Scenario

DONE, DEFECT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="bilevelsim",
    help="Simulate distributed bilevel optimization: loss against seconds, bits and oracle calls.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """The entry point of the command."""
    hidden = home.shadows()
    if hidden:
        typer.echo("\n".join(hidden), err=True)
        sys.exit(BAD_INPUT)
    app()


def _answer(command: Callable[..., int]) -> Callable[..., None]:
    """Mistakes as sentences and the right exit status, for every command."""

    @wraps(command)
    def answered(*args: Any, **options: Any) -> None:
        try:
            status = command(*args, **options)
        except ScenarioError as mistakes:
            typer.echo(str(mistakes), err=True)
            status = BAD_INPUT
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            status = INTERRUPTED
        except BrokenPipeError:  # whoever read standard output has enough
            raise
        except OSError as problem:
            place = f"{problem.filename}: " if problem.filename else ""
            typer.echo(f"{place}{problem.strerror or problem}.", err=True)
            status = BAD_INPUT
        raise typer.Exit(status)

    return answered


File = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A scenario file, or the name of a catalogue scenario.")]


@app.command()
@_answer
def run(
    scenario: File,
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Where to write; default results/<scenario>.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; default one a core.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, metavar="N", help="Repetitions, in place of the file's.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file, e.g. stragglers.0.slowdown=10."),
    ] = None,
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
    _print_result(result)
    return DEFECT if (result.runs["status"] == "failed").any() else DONE


@app.command()
@_answer
def check(scenario: File) -> int:
    """Check a scenario and print what running it would do."""
    from scenarios import loader, pages

    typer.echo(pages.plan(loader.load(scenario)))
    return DONE


@app.command("list")
@_answer
def list_(
    kind: Annotated[str | None, typer.Argument(metavar="[algorithms|problems|topologies|scenarios]")] = None,
) -> int:
    """List what there is: a name a line, then what it is."""
    from scenarios import pages

    typer.echo(pages.listing(kind))
    return DONE


@app.command()
@_answer
def show(name: Annotated[str, typer.Argument(metavar="NAME")]) -> int:
    """Print the page of an algorithm, a problem, a topology or a scenario."""
    from scenarios import pages

    typer.echo(pages.page(name))
    return DONE


def _print_result(result: "Result") -> None:
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
