"""The page of `every_algorithm.py`: tables, sentences and figures, all from one table with a row for each run."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scenarios import figures
from scenarios.tables import short

MEASURES = {
    "target_s": "simulated seconds to the target",
    "target_bits": "bits sent to the target, all agents together",
    "target_oracle_calls": "oracle calls to the target, all agents together",
}
CALM = "no trouble"
AFTER_S = 20.0
"""When it is looked at where each method has come."""
HALF = ", half"
"""End of the labels of forms that go on with half of their answers."""
LOOKS = {"ring": ("#0072B2", "o"), "star": ("#D55E00", "s")}
"""Colour and marker of gossip and of server methods."""


# --- medians

Medians = Mapping[str, Mapping[str, float]]
"""Condition -> label -> value; infinite where the target was missed, no entry where the form could not run."""


def medians(runs: pd.DataFrame, measure: str) -> dict[str, dict[str, float]]:
    """The median over seeds of every form under every condition."""
    found: dict[str, dict[str, float]] = {name: {} for name in dict.fromkeys(runs["condition"])}
    ran = runs[runs["status"] != "not_applicable"]
    for (condition, label), group in ran.groupby(["condition", "label"], sort=False):
        found[str(condition)][str(label)] = middle(group[measure])
    return found


def middle(values: "pd.Series[float]") -> float:
    """The median, where a seed that missed the target counts as infinite: the lower of the two middle ones or it."""
    return sorted(values.fillna(math.inf))[(len(values) - 1) // 2]


def topologies(runs: pd.DataFrame) -> dict[str, str]:
    """Label -> ring or star."""
    return dict(zip(runs["label"], runs["topology"], strict=True))


def ranked(runs: pd.DataFrame, half: bool) -> list[str]:
    """Labels of one kind, the fastest without trouble first; those that missed the target by the value they reached."""
    seconds = medians(runs, "target_s")[CALM]
    best = dict(runs[runs["condition"] == CALM].groupby("label")["best"].median())
    labels = [label for label in dict.fromkeys(runs["label"]) if label.endswith(HALF) == half]
    return sorted(labels, key=lambda label: (seconds.get(label, math.inf), best.get(label, math.inf)))


# --- tables


def cell(runs: pd.DataFrame, measure: str) -> str:
    """What one form did under one condition, over all seeds."""
    statuses = list(runs["status"])
    if statuses == ["not_applicable"]:
        return "not applicable"
    reached = int(runs[measure].notna().sum())
    value = middle(runs[measure])
    if math.isfinite(value):
        return short(value) + ("" if reached == len(runs) else f" ({reached} of {len(runs)})")
    words = "failed" if "failed" in statuses else "stalled" if statuses.count("stalled") * 2 > len(runs) else "missed"
    return f"{words}, {runs['best'].median():.3f}" if words != "failed" else words


def table(runs: pd.DataFrame, labels: Sequence[str], measure: str) -> str:
    """A Markdown table, a row for each label and a column for each condition."""
    names = list(dict.fromkeys(runs["condition"]))
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for label in labels:
        own = runs[runs["label"] == label]
        cells = [cell(own[own["condition"] == name], measure) for name in names]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def settings_table(forms: Mapping[str, Mapping[str, Any]], labels: Iterable[str]) -> str:
    """The settings of each form as they were found."""
    lines = ["| | on | settings |", "|---|---|---|"]
    for label in labels:
        form = forms[label]
        topology = form.get("topology", {})
        where = "lazy ring" if topology.get("lazy") else topology.get("name", "ring")
        settings = ", ".join(f"{key} = {value}" for key, value in form["settings"].items())
        lines.append(f"| {label} | {where} | {settings} |")
    return "\n".join(lines)


def after_table(after: pd.DataFrame) -> str:
    """Where each method had come, the lowest value first."""
    values = reached_after(after)
    lines = ["| | median of the seeds | lowest | highest |", "|---|---|---|---|"]
    for label in sorted(values, key=lambda label: values[label]):
        own = after[after["label"] == label]["last"]
        lines.append(f"| {label} | {values[label]:.3f} | {own.min():.3f} | {own.max():.3f} |")
    return "\n".join(lines)


def reached_after(after: pd.DataFrame) -> dict[str, float]:
    """Label -> median over seeds of the last value."""
    return {str(label): float(group["last"].median()) for label, group in after.groupby("label", sort=False)}


def reasons(runs: pd.DataFrame) -> str:
    """Why forms could not run or stalled, one line for each sentence."""
    told = runs[runs["status"].isin(["not_applicable", "stalled", "diverged", "failed"])]
    lines = []
    for (condition, label, status), group in told.groupby(["condition", "label", "status"], sort=False):
        words = str(status).replace("_", " ")
        lines.append(f"* {label}, {condition}: {words} ({len(group)}): {str(group.iloc[0]['reason']).splitlines()[0]}")
    return "\n".join(lines) if lines else "None."


# --- sentences


def findings(runs: pd.DataFrame) -> str:
    """What the tables show, counted."""
    whole, half = ranked(runs, False), ranked(runs, True)
    seconds = medians(runs, "target_s")
    reached = [label for label in whole if math.isfinite(seconds[CALM].get(label, math.inf))]
    lines = [f"{len(reached)} of {len(whole)} methods reach the target without trouble."]
    for kind, words in (("ring", "By gossip on the ring"), ("star", "With a server")):
        own = [label for label in reached if topologies(runs)[label] == kind]
        lines += extremes(seconds[CALM], own, f"{words} the fastest is", " s", "the slowest")
    missed = [label for label in whole if label not in reached]
    lines += [f"Not within the limits: {', '.join(missed)}."] if missed else []
    for measure, words in (("target_bits", "bits"), ("target_oracle_calls", "oracle calls")):
        lines += extremes(medians(runs, measure)[CALM], reached, f"The fewest {words} takes", "", "the most")
    lines += [trouble(seconds, reached, name) for name in seconds if name != CALM]
    lines += [gain(seconds, half)] if half and "stragglers" in seconds else []
    return "\n".join(f"* {line}" for line in lines)


def extremes(values: Mapping[str, float], labels: Sequence[str], low: str, unit: str, high: str) -> list[str]:
    """A sentence that names the least and the most; nothing where there is nothing to compare."""
    if not labels:
        return []
    best, worst = min(labels, key=lambda label: values[label]), max(labels, key=lambda label: values[label])
    return [f"{low} {best} ({short(values[best])}{unit}), {high} {worst} ({short(values[worst])}{unit})."]


def trouble(seconds: Medians, labels: Sequence[str], condition: str) -> str:
    """What one trouble costs the methods that reach the target without it."""
    ran = [label for label in labels if label in seconds[condition]]
    ratios = {label: seconds[condition][label] / seconds[CALM][label] for label in ran}
    finite = [label for label in ran if math.isfinite(ratios[label])]
    lost = [label for label in ran if label not in finite]
    line = f"{condition.capitalize()}: "
    if finite:
        least, most = min(finite, key=lambda label: ratios[label]), max(finite, key=lambda label: ratios[label])
        line += f"{short(statistics.median(ratios[label] for label in finite))} times as long in the median"
        line += f" ({short(ratios[least])} times for {least}, {short(ratios[most])} times for {most})"
    return line + (f"; out of reach for {', '.join(lost)}." if lost else ".")


def gain(seconds: Medians, half: Sequence[str]) -> str:
    """What going on with half of the answers brings under stragglers."""
    slow = seconds["stragglers"]
    pairs = {label.removesuffix(HALF): label for label in half if label in slow and label.removesuffix(HALF) in slow}
    finite = [name for name, label in pairs.items() if math.isfinite(slow[name]) and math.isfinite(slow[label])]
    ratios = {name: slow[name] / slow[pairs[name]] for name in finite}
    faster = [name for name, label in pairs.items() if slow[label] < slow[name] / 1.1]
    line = f"Under stragglers going on with half of the answers is faster for {len(faster)} of {len(pairs)} methods"
    if ratios:
        most, least = max(finite, key=lambda name: ratios[name]), min(finite, key=lambda name: ratios[name])
        line += f" (by a factor of {short(ratios[most])} for {most}, {short(ratios[least])} for {least})"
    lost = [name for name, label in pairs.items() if math.isfinite(slow[name]) and math.isinf(slow[label])]
    return line + (f"; out of reach so for {', '.join(lost)}." if lost else ".")


# --- figures


def draw(runs: pd.DataFrame, after: pd.DataFrame) -> dict[str, Figure]:
    """Name -> figure: what the target costs without trouble, and what each trouble does to the time."""
    return {"every_algorithm": costs(runs, reached_after(after)), "every_algorithm_troubles": troubles(runs)}


def costs(runs: pd.DataFrame, after: Mapping[str, float]) -> Figure:
    """A panel for each measure and one for the value some time later; a row for each method that waits for everybody.

    The fastest is on top.
    """
    labels = ranked(runs, False)
    kinds = [topologies(runs)[label] for label in labels]
    with mpl.rc_context(figures.STYLE):
        figure = Figure(figsize=(13.0, 1.6 + 0.2 * len(labels)), layout="constrained")
        FigureCanvasAgg(figure)
        *panels, last = figure.subplots(1, len(MEASURES) + 1, sharey=True, squeeze=False)[0]
        for axes, (measure, words) in zip(panels, MEASURES.items(), strict=True):
            values = medians(runs, measure)[CALM]
            dots(axes, [values.get(label, math.inf) for label in labels], kinds)
            axes.set_xlabel(words.replace(" to the target", "").replace(", all agents together", " (all agents)"))
            axes.set_xscale("log")
        dots(last, [after.get(label, math.inf) for label in labels], kinds)
        last.set_xlabel(f"re-solved objective after {AFTER_S:.0f} s [1]")
        panels[0].set_yticks(range(len(labels)), labels, parse_math=False)
        panels[0].set_ylim(len(labels) - 0.5, -0.5)
        figure.suptitle("What the target costs without trouble (median of the seeds)", fontsize=10)
        handles = [
            Line2D([], [], linestyle="", marker=marker, color=colour, label=words)
            for (colour, marker), words in zip(LOOKS.values(), ("gossip on a ring", "server on a star"), strict=True)
        ]
        handles.append(Line2D([], [], linestyle="", marker="x", color="0.3", label="target not reached"))
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def dots(axes: Axes, values: Sequence[float], kinds: Sequence[str]) -> None:
    """One mark a row; those without a value at the right edge."""
    finite = [value for value in values if math.isfinite(value)]
    edge = 2.0 * max(finite, default=1.0)
    for row, (value, kind) in enumerate(zip(values, kinds, strict=True)):
        colour, marker = LOOKS[kind]
        known = math.isfinite(value)
        axes.plot(
            [value if known else edge],
            [row],
            marker=marker if known else "x",
            color=colour if known else "0.3",
            markersize=5,
        )


def troubles(runs: pd.DataFrame) -> Figure:
    """Seconds under each condition as numbers on a map, coloured by their ratio to those without trouble."""
    seconds = medians(runs, "target_s")
    groups = [group for group in (ranked(runs, False), ranked(runs, True)) if group]
    rows = max(map(len, groups))
    with mpl.rc_context({**figures.STYLE, "axes.grid": False}):
        figure = Figure(figsize=(1.0 + 4.6 * len(groups), 1.8 + 0.22 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        panels = list(figure.subplots(1, len(groups), squeeze=False)[0])
        images = [ratio_map(axes, seconds, labels, rows) for axes, labels in zip(panels, groups, strict=True)]
        figure.colorbar(images[0], ax=panels, shrink=0.5, label="time to the target / time without trouble [1]")
        title = "Seconds to the target (median of the seeds), coloured by how many times longer than without trouble"
        figure.suptitle(title, fontsize=10)
    return figure


def ratio_map(axes: Axes, seconds: Medians, labels: Sequence[str], rows: int) -> Any:
    """A row for each label, a column for each condition."""
    values = np.array([[found.get(label, math.nan) for found in seconds.values()] for label in labels], float)
    with np.errstate(invalid="ignore"):
        ratios = values / values[:, :1]
    ratios[~np.isfinite(ratios)] = np.nan
    palette = mpl.colormaps["YlGnBu"].with_extremes(bad="white")
    image = axes.imshow(ratios, cmap=palette, norm=LogNorm(0.5, 30.0), aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = "n/a" if math.isnan(value) else "missed" if math.isinf(value) else short(value)
        colour = "white" if ratios[row, column] > 5.0 else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(seconds)), list(seconds), rotation=20, ha="right")
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_ylim(rows - 0.5, -0.5)
    return image


def save(runs: pd.DataFrame, after: pd.DataFrame, folder: Path) -> None:
    """Write the figures as PNG."""
    for name, figure in draw(runs, after).items():
        with mpl.rc_context(figures.STYLE):
            figure.savefig(folder / f"{name}.png", dpi=120, metadata={"Software": None})


# --- the page


def text(
    runs: pd.DataFrame, after: pd.DataFrame, forms: Mapping[str, Mapping[str, Any]], told: Mapping[str, Any]
) -> str:
    """The whole page; `told` fills the names in `TEMPLATE` that the tables do not."""
    whole, half = ranked(runs, False), ranked(runs, True)
    parts = {
        "findings": findings(runs),
        "seconds": table(runs, whole, "target_s"),
        "seconds_half": table(runs, half, "target_s"),
        "bits": table(runs, whole, "target_bits"),
        "calls": table(runs, whole, "target_oracle_calls"),
        "bits_half": table(runs, half, "target_bits"),
        "after": after_table(after),
        "reasons": reasons(runs),
        "settings": settings_table(forms, [*whole, *half]),
    }
    return TEMPLATE.format(**parts, **told)


TEMPLATE = """\
# Every algorithm, one problem, five conditions

Hyper-cleaning of digits on eight agents: {corruption} of {train} training labels are wrong; a weight for each training
sample is to be learnt, so that the model trained with these weights does well on {validation} clean samples. The target
is an upper objective of at most {target} *after re-solving the lower level exactly*: accuracy could be had without
solving the bilevel problem. 70 % of the samples are dealt out sorted by label, so the agents differ. Batches are full.

    make table

runs `python docs/studies/every_algorithm.py run` and writes this page: {runs} runs of {host_minutes} minutes in all.

## What came out

{findings}

Times, bits and calls are read off at instants 7 % apart, and a search that looks at {budget} forms is coarse:
differences below a fifth mean nothing. After the five seconds of a crash an instant is up to twenty rounds late.

![What the target costs without trouble](../figures/every_algorithm.png)

![What each trouble costs](../figures/every_algorithm_troubles.png)

## Seconds to the target

Medians over seeds {seeds}. *missed, 0.31*: at most one seed of three reached the target within {limit} simulated
seconds ({slow_limit} on the slow network) and {rounds} rounds; the number is the median of the lowest values reached.
*(2 of 3)*: one seed did not. Of the methods that may miss it, MA-DSBO with its default of five steps of the linear
system from u = 0, FedNest's truncated series and the local hypergradient of LFedNest leave a bias that no step cures
(their modules say how it falls with more terms), and SLAM has one penalty of disagreement for x and y, whose steps
differ here by a factor of a thousand.

{seconds}

Going on with half of the answers, at most ten rounds old (the first 4 of 8 workers, the first of two neighbours on the
ring), each tuned by itself. Left out, because no setting that the search looked at reached the target so: {left_out}.

{seconds_half}

## Bits to the target

Sent by all agents and the server together, headers included, a lost message at each attempt.

{bits}

With half of the answers:

{bits_half}

## Oracle calls to the target

Gradients, Hessian-vector and cross products of all agents together.

{calls}

## After {after_s} seconds

The first instant at the target is not yet a solution. Without trouble, and going on at the target, the re-solved
objective after {after_s} simulated seconds was as follows; the steps were tuned for the time to the target, so a method
that circles would come lower with smaller ones. Exact hypergradient descent comes to about 0.25 to 0.28, by the seed.

{after}

## The five conditions

The clock counts operations: an agent makes 5 x 10^7 a second, so that three gradients, a Hessian-vector and a cross
product take 12 ms, and what an algorithm skips costs nothing. A message takes 5 ms and the time of its bytes at
100 Mbit/s, and the messages of an agent or of the server share its link; x and two vectors of the length of y,
{numbers} numbers, are {message_ms} ms.

* no trouble;
* stragglers: agents 2 and 5 compute ten times slower;
* crash: agent 3 is away from {crash_s} s on, for 5 s, and keeps its memory. Nobody is told; what is sent to it
  meanwhile is sent again. Who goes on with half of the answers waits for it, too, once it is ten rounds overdue;
* lossy links: each message is lost with probability 5 % and sent again after 0.2 s;
* slow network: 1 Mbit/s and 50 ms.

Gossip methods run on a ring with Metropolis weights or, where the search found that better, with the lazy ones; server
methods on a star whose server computes nothing. The data, their split and the start are the same for all. The tables
of the forms without *half* are under the policy `all`: everybody is waited for. ADBO under that policy is SDBO; its own
asynchronous mode is *adbo, half* (its cut rounds wait for all).

## How the steps were tuned

    python docs/studies/every_algorithm.py tune

For each form by the same search on seeds {tuning_seeds}, without trouble: two coordinates, a common factor of the
upper steps and one of the lower steps, and for gossip the choice of lazy weights; {budget} forms at most, no edge,
{tuning_limit} simulated seconds a run at most (MA-DSBO and FedNest {long}, ADBO and SDBO {longer}). A form is judged by
its later time of the two seeds. Whatever is not a step has the default that its module documents. ADBO and SDBO move
the scale of `adbo_against_sdbo.py` and the interval between cuts instead, and have the other settings of that study;
the penalty of SLAM moves against its upper step, so that their product is 1/2. A form with half of the answers starts
its search where the one that waits for all has ended. The comment above each table of `every_algorithm.toml` says how
far its search came.

{settings}

## What could not run, and why

{reasons}
"""
