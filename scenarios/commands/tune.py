"""``bilevelsim tune``."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.options import DEFECT, DONE, INTERRUPTED, Changes, Jobs, ScenarioFile
from scenarios.errors import Mistake, ScenarioError

if TYPE_CHECKING:
    from scenarios.scenario import Scenario


def tune(
    scenario: ScenarioFile,
    budget: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs of each algorithm, in place of the file's; default 40.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="Tuning seeds, in place of the file's; default 2.")
    ] = None,
    jobs: Jobs = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml", help="Where to write; default <scenario>_tuned.toml beside the scenario."),
    ] = None,
    minimise: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of the table of runs to make small; default time to the target."),
    ] = None,
    set_: Changes = None,
) -> int:
    """Search for each algorithm's settings with an equal budget, and write the scenario with the best."""
    from scenarios import overrides, tables, trials, tuned
    from scenarios.progress import Bar

    given = {"budget": budget, "seeds": seeds, "minimise": minimise}
    options = {name: value for name, value in given.items() if value is not None}
    plan = trials.plan(scenario, overrides.parse(set_ or []), options)
    file = _file(plan.scenario, out)
    folder = file.with_suffix("")
    for note in plan.notes:
        typer.echo(note, err=True)
    try:
        with Bar() as bar:
            found = trials.run(plan, jobs or os.cpu_count() or 1, folder, bar)
    except KeyboardInterrupt:
        done = len(list(folder.glob("runs/[!.]*")))
        typer.echo(f"interrupted after {done} of {plan.runs} runs, which are kept in {folder}", err=True)
        return INTERRUPTED
    tuned.write(plan, found, file)
    typer.echo(f"{plan.tune.budget} runs of each algorithm on {len(plan.seeds)} tuning seeds; medians over these\n")
    typer.echo(tables.as_text(tuned.summary(plan, found), shutil.get_terminal_size((0, 0)).columns))
    typer.echo(f"\n{file}: the scenario with these settings; {folder}: trials.csv, figures, a record of each run")
    for warning in tuned.warnings(plan, found):
        typer.echo(warning, err=True)
    return DEFECT if tuned.failed(found) else DONE


def _file(scenario: "Scenario", out: str | None) -> Path:
    """The file to write. Raises ``ScenarioError`` where it cannot be what is asked for."""
    from scenarios import names

    source = Path(scenario.file)
    if out is None:
        folder = Path() if names.CATALOGUE in source.resolve().parents else source.parent
        return folder / f"{scenario.name}_tuned.toml"
    file = Path(out)
    beside = [name for name in scenario.files() if scenario.path(name).is_file()]
    rule = ""
    if file.suffix != ".toml" or not file.stem:
        rule = "must be the name of a file that ends in .toml"
    elif file.resolve() == source.resolve():
        rule = "is the scenario itself; give the tuned one another name"
    elif beside and file.resolve().parent != scenario.folder:
        rule = f"must lie in {scenario.folder}, beside the files that the scenario names: {', '.join(beside)}"
    if rule:
        raise ScenarioError([Mistake("--out", "FILE", out, rule)])
    return file
