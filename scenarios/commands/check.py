"""``bilevelsim check``."""

import typer

from scenarios.commands.options import DONE, ScenarioFile


def check(scenario: ScenarioFile) -> int:
    """Check a scenario and print what running it would do."""
    from scenarios import loader, pages

    typer.echo(pages.plan(loader.load(scenario)))
    return DONE
