"""``bilevelsim new``."""

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.options import DONE


def new(
    kind: Annotated[str, typer.Argument(metavar="algorithm|problem", help="What it is that you want to write.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in scenarios, and that of its module.")],
    out: Annotated[str | None, typer.Option(metavar="DIR", help="Where to write; default ./NAME.")] = None,
    server: Annotated[
        bool | None, typer.Option("--server/--graph", help="An algorithm with a server, or over a graph (default).")
    ] = None,
) -> int:
    """Write a small package with a working algorithm or problem, to be turned into yours."""
    from scenarios import skeleton

    folder = Path(out or name)
    form = None if server is None else "server" if server else "graph"
    written = skeleton.write(kind, name, folder, form)
    typer.echo(f"{folder}: {', '.join(path.relative_to(folder).as_posix() for path in written)}")
    typer.echo(
        f"\nNext, in {folder}:\n    pip install -e .\n    bilevelsim run {name}.toml\n    python -m pytest tests"
    )
    return DONE
