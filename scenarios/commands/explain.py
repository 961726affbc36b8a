"""``bilevelsim explain``."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.options import DONE
from scenarios.errors import MISSING, Mistake, ScenarioError

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.explain import Explanation

LINES = 20
"""Rows of the table that are printed; the others are added up."""
ENDINGS = (".png", ".svg")


def explain(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, DIR/runs/KEY; runs.csv has the keys.")],
    round_: Annotated[
        int | None,
        typer.Option("--round", min=1, metavar="K", help="Up to round K; default to the target, or else to the end."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Picture, .png or .svg; default both, in DIR/figures/explain-KEY."),
    ] = None,
) -> int:
    """Say where the time of a run went: agents, links, stragglers and failures on its critical path."""
    if out is not None and Path(out).suffix not in ENDINGS:
        raise ScenarioError([Mistake("--out", "FILE", out, f"must end with {' or '.join(ENDINGS)}")])
    from scenarios import critical_path, reruns
    from scenarios.explain import explain as explained

    rerun = reruns.find(Path(run))
    row = rerun.record["row"]
    if row["status"] == "failed":
        raise ScenarioError([Mistake(run, "", MISSING, "was ended by a defect; there is no time to explain")])
    found = explained(rerun.scenario, rerun.entry, rerun.seed, round_, row["fingerprint"])
    figure = critical_path.draw(found, rerun.scenario.document.question)
    pictures = _pictures(Path(run)) if out is None else [Path(out)]
    for path in pictures:
        critical_path.save(figure, path)
    _print(found, pictures)
    return DONE


def _pictures(run: Path) -> list[Path]:
    """Where the picture goes by default; the folder is made if somebody took it away."""
    folder = run.resolve().parent.parent / "figures"
    folder.mkdir(exist_ok=True)
    return [folder / f"explain-{run.resolve().name}{ending}" for ending in ENDINGS]


def _print(found: "Explanation", pictures: list[Path]) -> None:
    """What the time went to, then who and because of what, then where the picture is."""
    from scenarios import tables

    width = shutil.get_terminal_size((0, 0)).columns
    typer.echo(f"{found.label}, seed {found.seed}: {found.until} at {found.makespan:.6g} s; the time went to\n")
    typer.echo(tables.as_text(_shown(found.kinds), width))
    table = found.table
    typer.echo("\n" + tables.as_text(_shown(table.head(LINES)), width))
    rest = table.iloc[LINES:]
    if len(rest):
        typer.echo(f"... and {len(rest)} more, {_percent(rest['share'].sum())} together")
    typer.echo(f"\n{', '.join(map(str, pictures))}")


def _shown(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table with rounded numbers."""
    return table.assign(seconds=table["seconds"].map("{:.4g}".format), share=table["share"].map(_percent))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
