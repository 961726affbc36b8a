"""``bilevelsim schema``."""

import typer

from scenarios.commands.options import DONE


def schema() -> int:
    """Print the JSON Schema of scenario files, by which an editor completes and checks them."""
    from scenarios import json_schema

    typer.echo(json_schema.text(), nl=False)
    return DONE
