"""``bilevelsim show``."""

from typing import Annotated

import typer

from scenarios.commands.options import DONE


def show(name: Annotated[str, typer.Argument(metavar="NAME")]) -> int:
    """Print the page of an algorithm, a problem, a topology, a compressor or a scenario."""
    from scenarios import pages

    typer.echo(pages.page(name))
    return DONE
