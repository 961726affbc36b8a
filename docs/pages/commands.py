"""The command line, from the help texts of the commands themselves."""

import click
from typer.main import get_command

from pages import prose
from pages.columns import code, table
from scenarios import cli


def page() -> str:
    """A section a command: its line, what it does, its arguments and options."""
    group = get_command(cli.app)
    context = click.Context(group, info_name="bilevelsim")
    return "\n\n".join(_command(group.commands[name], name, context) for name in group.list_commands(context))


def exit_statuses() -> str:
    """Where things are printed and how commands end, as the module says after its first sentence."""
    return prose.markdown((cli.__doc__ or "").partition(". ")[2])


def _command(command: click.Command, name: str, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    line = " ".join(["bilevelsim", name, *command.collect_usage_pieces(context)])
    rows = [row for parameter in command.params if (row := _row(parameter, context))[1]]
    parts = [f"## `{name}`", prose.inline(command.help or ""), prose.literal(line)]
    return "\n\n".join([*parts, table(("", "meaning"), rows)] if rows else parts)


def _row(parameter: click.Parameter, context: click.Context) -> tuple[str, str]:
    """An argument or an option with what its help says."""
    value = [parameter.metavar] if parameter.metavar else []
    if parameter.param_type_name == "argument":
        return code(" ".join(value)), prose.inline(getattr(parameter, "help", None) or "")
    record = parameter.get_help_record(context)
    return code(" ".join([*parameter.opts, *value])), prose.inline(record[1] if record else "")
