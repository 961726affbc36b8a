"""The command line. Results go to standard output, progress and mistakes to standard error.

Exit status: 0 done (a stalled or diverged run is a result), 1 a run failed by a defect, 2 bad input, 130 interrupted.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from scenarios import home
from scenarios.commands.check import check
from scenarios.commands.explain import explain
from scenarios.commands.listing import listing
from scenarios.commands.new import new
from scenarios.commands.options import BAD_INPUT, INTERRUPTED
from scenarios.commands.report import report
from scenarios.commands.run import run
from scenarios.commands.schema import schema
from scenarios.commands.show import show
from scenarios.commands.status import status
from scenarios.commands.trace import trace
from scenarios.commands.tune import tune
from scenarios.errors import ScenarioError

COMMANDS: dict[str, Callable[..., int]] = {
    "run": run,
    "check": check,
    "status": status,
    "report": report,
    "explain": explain,
    "trace": trace,
    "tune": tune,
    "list": listing,
    "show": show,
    "new": new,
    "schema": schema,
}
"""In the order in which ``--help`` shows them."""

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


for _name, _command in COMMANDS.items():
    app.command(_name)(_answer(_command))
