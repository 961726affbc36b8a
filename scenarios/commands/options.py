"""Arguments, exit statuses and output that several commands share."""

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scenarios.result import Result

DONE, DEFECT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

ScenarioFile = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="A scenario file, or the name of a catalogue scenario.")
]
Folder = Annotated[str, typer.Argument(metavar="DIR", help="The folder of a comparison.")]
Jobs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; default one a core.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file, e.g. stragglers.0.slowdown=10."),
]


def print_result(result: "Result") -> None:
    """The question, the answer, the table, why runs ended otherwise than wished, and where everything is."""
    from scenarios import tables

    typer.echo(result.question)
    typer.echo(result.answer)
    typer.echo(f"{result.counted}\n")
    typer.echo(tables.as_text(result.summary, shutil.get_terminal_size((0, 0)).columns))
    for note in result.notes:
        typer.echo(note)
    typer.echo(f"\n{result.out}: report.html, runs.csv, runs.parquet, history.parquet, comparisons.csv, figures")
