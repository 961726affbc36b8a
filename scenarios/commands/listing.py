"""``bilevelsim list``."""

from typing import Annotated

import typer

from scenarios.commands.options import DONE


def listing(
    kind: Annotated[
        str | None, typer.Argument(metavar="[algorithms|problems|topologies|compressors|scenarios]")
    ] = None,
) -> int:
    """List what there is: a name a line, then what it is."""
    from scenarios import pages

    typer.echo(pages.listing(kind))
    return DONE
