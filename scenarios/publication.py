"""What a comparison leaves for people: tables, figures and the report, all of them from its result."""

from collections.abc import Mapping
from pathlib import Path

from scenarios import figures, report, store
from scenarios.figures import points
from scenarios.report import Drawing
from scenarios.result import Result

WORDS = {
    "progress": (
        "On the way",
        "Median over seeds, with the range from the lowest to the highest seed, against rounds, simulated time, bits "
        "and oracle calls. A cross marks a seed that stalled, a plus one that diverged.",
    ),
    "shares": ("Where the time went", "Mean share of the agents' time over seeds; a server is not counted."),
    "time_to_target": ("Time to the target", "A mark a seed, a bar at the median."),
    "tradeoff": (
        "Seconds against bits",
        "Both to the target: medians, with the range over seeds. Nothing is better in both than what is on the line.",
    ),
    "differences": (
        "Differences in pairs",
        "Mean difference over the seeds that both have, with an interval that holds for all pairs together. Filled: "
        "the two can be told apart.",
    ),
    "timeline": ("Who did what, when", "Share of each stretch of time that an agent computed, waited, or was down."),
    "traffic": ("What each link carried", "Both directions of each link, over the whole run."),
    "sweep": ("Along the sweep", "Median and range over seeds; open marks on the upper line did not get there."),
    "speedup": ("Speed-up", "Time to the target with the fewest agents, divided by the time with so many."),
}
"""Name of a figure -> title and caption."""


def publish(result: Result, out: Path) -> None:
    """Write everything into the folder: tables, figures as PNG and SVG, ``report.html``."""
    save_tables(result, out)
    drawn = result.draw()
    for path in figures.files(out / "figures"):
        path.unlink()
    figures.save(drawn, out / "figures")
    pictures = {name: (out / "figures" / f"{name}.svg").read_text(encoding="utf-8") for name in drawn}
    store.write_text(out / "report.html", report.html(contents(result, pictures)))


def save_tables(result: Result, out: Path) -> None:
    """Write the tables alone."""
    frames = {"runs.csv": result.runs, "runs.parquet": result.runs, "history.parquet": result.history}
    store.write_tables(out, frames | {"comparisons.csv": result.comparisons})


def contents(result: Result, pictures: Mapping[str, str]) -> report.Report:
    """What the report tells, with its figures as SVG by their names."""
    plan = result.plan
    return report.Report(
        scenario=plan.scenario,
        question=plan.question,
        answer=result.answer,
        table=result.summary,
        counted=result.counted,
        runs=result.runs,
        comparisons=result.comparisons,
        figures=drawings(result, pictures),
        settings=plan.settings,
        text=result.scenario_text,
        versions=result.versions,
        axes=plan.axes,
        metrics=plan.metrics,
        colours={label: look.colour for label, look in figures.looks(result.runs).items()},
        notes=result.notes,
        omissions=_omissions(result),
    )


def drawings(result: Result, pictures: Mapping[str, str]) -> dict[str, Drawing]:
    """The figures with their words; what shows the whole sweep comes first."""
    order = sorted(pictures, key=lambda name: name.partition("-")[0] not in ("sweep", "speedup"))
    return {name: _drawing(result, name, pictures[name]) for name in order}


def _drawing(result: Result, name: str, svg: str) -> Drawing:
    kind, _, number = name.partition("-")
    title, caption = WORDS[kind]
    if kind in ("sweep", "speedup"):
        title = f"{title}: {result.plan.axes[int(number or 1) - 1]}"
    elif number:
        title = f"{title}, {points.words(points.points(result.runs)[int(number) - 1])}"
    return Drawing(svg, title, caption)


def _omissions(result: Result) -> list[str]:
    left = figures.left_out(result.runs)
    if not left:
        return []
    return [f"{left} further points of the sweep have no figures of their own; their numbers are in the tables."]
