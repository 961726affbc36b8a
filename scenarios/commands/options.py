"""Arguments and exit statuses that several commands share."""

from typing import Annotated

import typer

DONE, DEFECT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

ScenarioFile = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="A scenario file, or the name of a catalogue scenario.")
]
Jobs = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; default one a core.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file, e.g. stragglers.0.slowdown=10."),
]
