"""``bilevelsim trace``."""

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.options import DEFECT, DONE
from scenarios.errors import Mistake, ScenarioError

DEFAULT = "timeline.json"
"""In the run's folder."""


def trace(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a run, DIR/runs/KEY; keys: runs.csv.")],
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.json", help="Where to write, .json or .json.gz; default RUN/timeline.json."),
    ] = None,
    until: Annotated[float | None, typer.Option(metavar="S", help="Only the first simulated seconds.")] = None,
) -> int:
    """Simulate a run again and write its timeline, for ui.perfetto.dev."""
    from scenarios import perfetto, reruns
    from scenarios.build import build
    from scenarios.execution import alone
    from scenarios.trace_events import ENDINGS
    from simulator.errors import SimulationError

    found = reruns.find(Path(run))
    path = Path(run) / DEFAULT if out is None else Path(out)
    if not path.name.endswith(ENDINGS):
        raise ScenarioError([Mistake("--out", "FILE", out, f"must end in {' or '.join(ENDINGS)}")])
    if not path.parent.is_dir():
        raise ScenarioError([Mistake("--out", "FILE", str(path), "must lie in a folder that is there")])
    if until is not None and not until > 0.0:
        raise ScenarioError([Mistake("--until", "S", until, "must be above 0")])
    title = f"{found.entry.label}, seed {found.seed} (run {found.key})"
    try:
        with alone():
            export = perfetto.export(build(found.scenario, found.entry, found.seed), path, title, until)
    except SimulationError as defect:
        typer.echo(f"{run}: {defect}", err=True)
        return DEFECT
    changed = found.differs(export.outcome.fingerprint) if export.complete else None
    if changed is not None:
        typer.echo(changed, err=True)
    length = f"{export.outcome.simulated_s:g} s of simulated time"
    typer.echo(f"{path}: {export.events:,} events, {length}; open it at https://ui.perfetto.dev")
    return DONE
