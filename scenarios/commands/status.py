"""``bilevelsim status``."""

from pathlib import Path

import typer

from scenarios.commands.options import DONE, Folder


def status(folder: Folder) -> int:
    """Say which runs of a folder are done, missing, failed, or being done by another process."""
    from scenarios import inventory, result

    planned = result.read_plan(Path(folder))
    typer.echo(inventory.text(Path(folder), planned))
    return DONE
