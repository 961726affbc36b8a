"""The page of each problem, and the list of all."""

import problems
from pages import prose
from pages.columns import of_settings, table
from problems import metrics
from problems.base import Metric

AGENTS = 4
"""Of the problem that is built to ask it for its metrics."""


def modules() -> list[str]:
    """The problems of this repository; what other packages announce is theirs."""
    return [name for name in problems.names() if problems.load(name).__name__.startswith("problems.")]


def page(name: str) -> str:
    """What the problem is, its settings, and what can be measured on it."""
    module = problems.load(name)
    rest = prose.headline(module.__doc__)[2]
    built = module.build(module.Settings(), AGENTS, 0)
    parts = [
        f"# `{name}`",
        prose.inline(prose.opening(module.__doc__)),
        prose.body(rest, level=2),
        "## Settings",
        f'Keys of `[problem]` in a scenario, beside `name = "{name}"`. With these defaults and {AGENTS} agents it has '
        f"{built.dim_x} upper and {built.dim_y} lower variables.",
        of_settings(module.Settings),
        "## Metrics",
        metric_table({key: metric for key, metric in built.metrics.items() if key not in metrics.COMMON}),
        "Beside these, those of every problem: " + ", ".join(f"`{key}`" for key in metrics.COMMON) + " "
        "([what they mean](../metrics.md)).",
        "What each oracle costs stands under [oracles](../oracles.md).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def metric_table(found: dict[str, Metric]) -> str:
    """A metric a row; nothing where there are none."""
    rows = [(f"`{key}`", prose.inline(metric.doc), metric.unit, metric.better) for key, metric in found.items()]
    return table(("metric", "meaning", "unit", "better"), rows) if rows else ""


def common_metrics() -> str:
    """The metrics of every problem, and those of problems with a known optimum."""
    return metric_table({key: metric for key, (metric, _) in {**metrics.COMMON, **metrics.OPTIMUM}.items()})


def overview() -> str:
    """A problem a row."""
    rows = []
    for name in modules():
        _, what, _ = prose.headline(problems.load(name).__doc__)
        rows.append((f"[`{name}`](problems/{name}.md)", prose.inline(what)))
    return table(("problem", "what it is"), rows)
