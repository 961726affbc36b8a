"""Every algorithm on one problem under five conditions: time, bits and oracle calls to one target.

    python docs/studies/every_algorithm.py tune [--only NAME ...]
    python docs/studies/every_algorithm.py run [--jobs 2] [--out results/every_algorithm]
    python docs/studies/every_algorithm.py page [--out results/every_algorithm]

`tune` writes one `[[algorithms]]` table for each form into `every_algorithm.toml`: for every name that
`algorithms.names()` finds the form that waits for everybody, and a second one that goes on with half of its answers for
those that can and reach the target so. `run` runs what that file holds under every condition and then writes the page
and its figures, as `page` does alone. Finished runs stay in the folder and are not run again, so an interrupted run
goes on where it was.

The search is the same for all. A form has two coordinates: every upper step is multiplied by 2^(x/2), every lower
step by 2^(y/2), from starting values that are the same for all methods of a kind; gossip methods may also take the
lazy weights (I + W)/2. From the start it looks at the neighbours at a distance of (8, 4) half-octaves, moves to
whatever is better, looks again, and where nothing is better goes on with (4, 2) and (2, 1), until it has looked at
`BUDGET` forms. So no best form lies at the edge of a grid. A form is judged by the later of its two times to the
target over the tuning seeds, or, where a seed does not reach it, by the value reached; a form is given up once it is
later than the best one so far. At the finest distance it looks at the four diagonal neighbours, too.
"""

import argparse
import dataclasses
import json
import math
import re
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import every_algorithm_page as page
import pandas as pd

import algorithms
import scenarios
from scenarios import result, store
from scenarios.result import Result
from scenarios.scenario import Scenario

HERE = Path(__file__).parent
STUDY = HERE / "every_algorithm.toml"
MARK = '# Everything below is written by "python docs/studies/every_algorithm.py tune".\n'

CRASH_S = 0.1
"""When the crash comes."""
CONDITIONS: dict[str, dict[str, Any]] = {
    "no trouble": {},
    "stragglers": {"stragglers": [{"agents": [2, 5], "slowdown": 10.0}]},
    "crash": {"failures": [{"kind": "crash", "agents": [3], "at_s": CRASH_S, "recover_after_s": 5.0}]},
    "lossy links": {"network.loss": {"probability": 0.05}},
    "slow network": {"network.latency_s": 0.05, "network.bandwidth_mbit_s": 1.0, "stop.simulated_seconds": 300.0},
}
"""Name -> what changes in the scenario."""

AFTER: dict[str, Any] = {
    "stop.at_target": False,
    "stop.simulated_seconds": page.AFTER_S,
    "record.at_s": [page.AFTER_S],
}
"""What changes for a look at where each method has come some time after the target."""

TUNING_SEEDS = (100, 101)
TUNING_LIMITS = {"stop.simulated_seconds": 15.0, "stop.rounds": 1000}
LONGER_LIMITS = {
    "adbo": {"stop.simulated_seconds": 200.0, "stop.rounds": 6000},
    "ma_dsbo": {"stop.simulated_seconds": 60.0, "stop.rounds": 1000},
    "fednest": {"stop.simulated_seconds": 60.0, "stop.rounds": 1000},
}
"""Modules that need longer runs."""
BUDGET = 40
Spacings = tuple[tuple[int, int], ...]
SPACINGS: Spacings = ((8, 4), (4, 2), (2, 1))
"""Half-octaves between neighbours in x and in y, coarse to fine."""
UPPER, LOWER = 1000.0, 1.0
"""Where the search for the upper steps and for all lower steps begins."""

STAR = {"name": "star", "workers": 8}
LAZY_RING = {"name": "ring", "agents": 8, "lazy": True}
HALF = {
    "star": {"policy": "first", "k": 4, "staleness": 10},
    "graph": {"policy": "first", "k": 1, "staleness": 10},
}
"""Half of the workers of a star, half of the neighbours on a ring."""

FIXED: dict[str, dict[str, Any]] = {
    "adbo": {
        "step_y": 0.1,
        "step_z": 0.03,
        "step_lambda": 0.02,
        "c_lambda": 3e-4,
        "inner_step_y": 0.5,
        "inner_step_z": 0.05,
        "inner_step_dual": 0.5,
        "penalty": 0.5,
        "tolerance": 0.03,
        "inner_rounds": 50,
        "derivative": "full",
        "warm_start": True,
        "unit_normals": True,
    },
}
"""Settings that are not steps, where the default does not fit this problem: module -> settings."""

Axes = Mapping[str, tuple[float, float, float]]
"""Setting -> (its start, exponent of the upper factor, exponent of the lower factor)."""

CUTTING_PLANES: Axes = {
    "step_x": (1024.0, 1.0, 0.0),
    "step_v": (33.92, 1.0, 0.0),
    "c_theta": (1792.0, 1.0, 0.0),
    "step_theta": (9.375e-5, -1.0, 0.0),
    "cut_every": (160, 0.0, 2.0),
}
"""`adbo_against_sdbo.py` says why these move together."""
LAGRANGIAN: Axes = {
    "step_x": (UPPER, 1.0, 0.0),
    "step_y": (LOWER, 0.0, 1.0),
    "neumann_step": (LOWER, 0.0, 1.0),
    "penalty": (0.5 / UPPER, -1.0, 0.0),
}
"""The penalty of disagreement belongs to the upper step: their product is 1/2, as in EXTRA with lazy weights."""
COMBINE_FIRST: Axes = {"step_x": (UPPER, 1.0, 0.0), "step_y": (LOWER / 4, 0.0, 1.0), "step_u": (LOWER / 4, 0.0, 1.0)}
"""Tracking in the order "cta" stands much smaller lower steps: begun at 1, the search ends where nothing moves."""
SPECIAL: dict[str, Axes] = {"adbo": CUTTING_PLANES, "slam": LAGRANGIAN, "ma_dsbo": COMBINE_FIRST}
"""Modules whose steps are not of the common pattern."""


# --- forms


@dataclasses.dataclass(frozen=True)
class Form:
    """A place in the search."""

    x: int = 0
    y: int = 0
    lazy: bool = False

    def neighbours(self, spacing: tuple[int, int], graph: bool) -> list["Form"]:
        """Smaller steps first, so that of equals the more careful one is kept."""
        dx, dy = spacing
        moves = [(-dx, 0), (0, -dy), (dx, 0), (0, dy)]
        if spacing == SPACINGS[-1]:
            moves += [(-dx, -dy), (-dx, dy), (dx, -dy), (dx, dy)]
        found = [Form(self.x + x, self.y + y, self.lazy) for x, y in moves]
        return [*found, Form(self.x, self.y, not self.lazy)] if graph else found


def module_of(name: str) -> str:
    """The module that a name or a variant belongs to."""
    return algorithms.load(name).module.__name__.rpartition(".")[2]


def axes(name: str) -> Axes:
    """The settings that the search moves: `...step_x...` is an upper step, any other `...step...` a lower one."""
    module = module_of(name)
    if module in SPECIAL:
        return SPECIAL[module]
    entry = algorithms.load(name)
    found: dict[str, tuple[float, float, float]] = {}
    for field in dataclasses.fields(entry.settings):
        value = entry.preset.get(field.name, field.default)
        if re.fullmatch(r"(\w+_)?step(_\w+)?", field.name) and isinstance(value, float):
            upper = "step_x" in field.name
            found[field.name] = (UPPER, 1.0, 0.0) if upper else (LOWER, 0.0, 1.0)
    return found


def settings_at(name: str, form: Form) -> dict[str, Any]:
    """The settings of a form, steps to three digits."""
    settings = dict(FIXED.get(module_of(name), {}))
    for key, (start, upper, lower) in axes(name).items():
        value = start * 2.0 ** ((upper * form.x + lower * form.y) / 2)
        settings[key] = max(1, round(value)) if isinstance(start, int) else float(f"{value:.3g}")
    return settings


def table_at(name: str, form: Form, half: bool = False) -> dict[str, Any]:
    """The `[[algorithms]]` table of a form."""
    needs = algorithms.load(name).needs
    table: dict[str, Any] = {"name": name}
    if half:
        table |= {"label": label_of(name, True), "wait": HALF[needs.topology]}
    if needs.topology == "star":
        table["topology"] = STAR
    elif form.lazy:
        table["topology"] = LAZY_RING
    return table | {"settings": settings_at(name, form)}


def label_of(name: str, half: bool) -> str:
    """The name of a form in the tables."""
    return f"{name}, half" if half else name


def left_out() -> list[str]:
    """Methods that could go on with half of their answers, but whose file has no such form."""
    return [name for name, half in forms() if half and label_of(name, half) not in tuned()]


def forms() -> list[tuple[str, bool]]:
    """Every (name, goes on with half) that is compared: all names wait for everybody, and half where they can."""
    names = algorithms.names()
    return [(name, False) for name in names] + [(name, True) for name in names if halves(name)]


def halves(name: str) -> bool:
    """Whether a method can go on with half of its answers."""
    entry = algorithms.load(name)
    return "first" in entry.needs.waits and not entry.preset.get("synchronous", False)


# --- the search


@dataclasses.dataclass(frozen=True, order=True)
class Score:
    """How good a form is; less is better."""

    missed: bool
    """Whether a tuning seed did not reach the target."""
    value: float
    """The later time to the target, s, or the higher of the best values reached."""


def judge(name: str, half: bool, form: Form, best: Score | None) -> Score:
    """The score of a form, seed by seed; given up as soon as it cannot be the best any more."""
    changes = {"algorithms": [table_at(name, form, half)], **LONGER_LIMITS.get(module_of(name), TUNING_LIMITS)}
    if best is not None and not best.missed:
        changes["stop.simulated_seconds"] = best.value
    times = []
    for seed in TUNING_SEEDS:
        result = scenarios.run(scenarios.load(STUDY, changes | {"seeds": [seed]}))
        row = result.runs.iloc[0]
        if row["status"] == "failed":
            raise RuntimeError(f"{name}: {row['reason']}")
        if pd.isna(row["target_s"]):
            return Score(True, float(result.history[result.metric.name].astype(float).min()))
        times.append(float(row["target_s"]))
    return Score(False, max(times))


Found = tuple[Form, Score, int, bool]
"""A best form, its score, how many were looked at, and whether the finest look around it found nothing better."""


def search(
    judged: Callable[[Form, Score | None], Score], start: Form, graph: bool, budget: int, spacings: Spacings = SPACINGS
) -> Found:
    """The pattern search."""
    best = start
    scores = {best: judged(best, None)}
    for spacing in spacings:
        moved = True
        while moved:
            moved = False
            for form in best.neighbours(spacing, graph):
                if form in scores:
                    continue
                if len(scores) == budget:
                    return best, scores[best], budget, False
                scores[form] = judged(form, scores[best])
                if scores[form] < scores[best]:
                    best, moved = form, True
                    break
    return best, scores[best], len(scores), True


def tune(only: Sequence[str], missing: bool) -> None:
    """Search every form, those of the names given, or those missing, and write what was found into the file.

    A form with half of the answers starts where the one that waits for all has ended; it is left out if no setting of
    it reaches the target.
    """
    for name, half in forms():
        label = label_of(name, half)
        if (only and name not in only and label not in only) or (missing and label in tuned()):
            continue
        begin = time.process_time()
        form, score, looks, settled = best_form(name, half)
        said = f"lowest value {score.value:.3g}, target not reached" if score.missed else f"{score.value:.4g} s"
        said = f"{said} on the tuning seeds, {looks} forms{'' if settled else ', search not finished'}"
        write(label, None if half and score.missed else table_at(name, form, half), said)
        print(f"{label}: {form}, {said}; {time.process_time() - begin:.0f} s of computing", flush=True)


def best_form(name: str, half: bool) -> Found:
    """The search for one form."""
    graph = algorithms.load(name).needs.topology == "graph"

    def judged(form: Form, best: Score | None) -> Score:
        return judge(name, half, form, best)

    if half and name in tuned():
        return search(judged, form_of(tuned()[name]), graph, BUDGET, SPACINGS[1:])
    return search(judged, Form(), graph, BUDGET)


def form_of(table: Mapping[str, Any]) -> Form:
    """The place in the search from which a table came."""
    places = [0, 0]
    for key, (start, *powers) in axes(table["name"]).items():
        for axis, power in enumerate(powers):
            if power:
                places[axis] = round(2 * math.log2(table["settings"][key] / start) / power)
    return Form(places[0], places[1], bool(table.get("topology", {}).get("lazy", False)))


# --- the study's file


def tuned() -> dict[str, dict[str, Any]]:
    """Label -> `[[algorithms]]` table, as the file has them."""
    found = tomllib.loads(STUDY.read_text()).get("algorithms", [])
    return {table.get("label", table["name"]): table for table in found}


def write(label: str, table: Mapping[str, Any] | None, said: str) -> None:
    """Put one table into the study's file in place of the one with its label, or take that away; sorted by label."""
    head, _, tail = STUDY.read_text().partition(MARK)
    blocks = {}
    for block in re.split(r"\n(?=# )", tail.strip()):
        if block:
            found = tomllib.loads(block)["algorithms"][0]
            blocks[found.get("label", found["name"])] = block.strip()
    blocks.pop(label, None)
    if table is not None:
        lines = [f"{key} = {toml(value)}" for key, value in table.items()]
        blocks[label] = "\n".join([f"# {said}", "[[algorithms]]", *lines])
    body = "\n\n".join(blocks[name] for name in sorted(blocks))
    store.write_text(STUDY, f"{head}{MARK}\n{body}\n")


def toml(value: Any) -> str:
    """A value as TOML, tables in one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


# --- the runs


def conditions(changes: Mapping[str, Any]) -> dict[str, Scenario]:
    """The scenario of each condition, with further changes."""
    return {name: scenarios.load(STUDY, {**trouble, **changes}) for name, trouble in CONDITIONS.items()}


def afterwards(changes: Mapping[str, Any]) -> Scenario:
    """The scenario without trouble that goes on after the target, with the forms that wait for everybody."""
    given = changes.get("algorithms", list(tuned().values()))
    whole = [table for table in given if not table.get("label", "").endswith(page.HALF)]
    return scenarios.load(STUDY, {**changes, **AFTER, "algorithms": whole})


Results = Mapping[str, Result]
"""Condition -> what came of it."""


def run(found: Mapping[str, Scenario], jobs: int, out: Path) -> dict[str, Result]:
    """Run what the folder does not hold yet, condition by condition."""
    results = {}
    for condition, scenario in found.items():
        results[condition] = scenarios.run(scenario, jobs, folder_of(out, condition))
        print(f"{condition}: {len(results[condition].runs)} rows", flush=True)
    return results


def read(found: Mapping[str, Scenario], out: Path) -> dict[str, Result]:
    """The same, from the folder alone."""
    return {condition: result.read(folder_of(out, condition)) for condition in found}


def folder_of(out: Path, condition: str) -> Path:
    """Where the runs of a condition are kept."""
    return out / condition.replace(" ", "_")


COLUMNS = ("status", "reason", "target_s", "target_bits", "target_oracle_calls", "host_s", "best", "last")


def collect(results: Results) -> pd.DataFrame:
    """One row a run, and one for each form that a condition cannot run."""
    frames = []
    for condition, found in results.items():
        values = found.history.groupby(["label", "seed"])[found.metric.name].agg(best="min", last="last")
        runs = found.runs.join(values, on=["label", "seed"]).rename(columns={"algorithm": "name"})
        on_graph = [algorithms.load(name).needs.topology == "graph" for name in runs["name"]]
        topology = pd.Series(on_graph, index=runs.index).map({True: "ring", False: "star"})
        frames.append(runs.assign(condition=condition, topology=topology))
    frame = pd.concat(frames, ignore_index=True)[["condition", "label", "name", "topology", "seed", *COLUMNS]]
    return frame.astype(dict.fromkeys([*page.MEASURES, "best", "last"], "float64"))


def facts(runs: pd.DataFrame, after: pd.DataFrame, scenario: Scenario) -> dict[str, Any]:
    """What the page says of the scenario and of the search."""
    document = scenario.document
    problem, target, stop = document.problem.further, document.target, document.stop
    numbers = problem["train"] + 2 * 650
    bandwidth = document.network.bandwidth_mbit_s
    assert target is not None and isinstance(bandwidth, float)
    return {
        "corruption": f"{100 * problem['corruption']:.0f} %",
        "train": problem["train"],
        "validation": problem["validation"],
        "target": f"{target.below:.2f}",
        "runs": int(runs["host_s"].notna().sum() + after["host_s"].notna().sum()),
        "host_minutes": f"{(runs['host_s'].astype(float).sum() + after['host_s'].astype(float).sum()) / 60:.0f}",
        "after_s": f"{page.AFTER_S:.0f}",
        "left_out": ", ".join(left_out()) or "none",
        "budget": BUDGET,
        "seeds": ", ".join(map(str, scenario.seeds)),
        "limit": f"{stop.simulated_seconds:.0f}",
        "slow_limit": f"{CONDITIONS['slow network']['stop.simulated_seconds']:.0f}",
        "rounds": f"{stop.rounds:,}",
        "numbers": f"{numbers:,}",
        "message_ms": f"{64 * numbers / bandwidth / 1000:.1f}",
        "crash_s": CRASH_S,
        "tuning_seeds": " and ".join(map(str, TUNING_SEEDS)),
        "tuning_limit": f"{TUNING_LIMITS['stop.simulated_seconds']:.0f}",
        "longer": f"{LONGER_LIMITS['adbo']['stop.simulated_seconds']:.0f}",
        "long": f"{LONGER_LIMITS['ma_dsbo']['stop.simulated_seconds']:.0f}",
    }


def write_page(runs: pd.DataFrame, after: pd.DataFrame, scenario: Scenario) -> None:
    """The page and its figures."""
    store.write_text(HERE / "every_algorithm.md", page.text(runs, after, tuned(), facts(runs, after, scenario)))
    page.save(runs, after, HERE.parent / "figures")


def main() -> None:
    """Tune, run, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    tuning = commands.add_parser("tune", help="search the steps and write them into the study's file")
    tuning.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these names or labels alone")
    tuning.add_argument("--missing", action="store_true", help="only what the file does not hold yet")
    for name, words in (("run", "run what is missing, then write the page"), ("page", "write the page alone")):
        command = commands.add_parser(name, help=words)
        command.add_argument("--jobs", type=int, default=2, help="processes")
        command.add_argument("--out", type=Path, default=Path("results/every_algorithm"), help="folder of the runs")
    arguments = parser.parse_args()
    if arguments.command == "tune":
        tune(arguments.only, arguments.missing)
        return
    found, after = conditions({}), {"after": afterwards({})}
    ran = arguments.command == "run"
    results = run(found | after, arguments.jobs, arguments.out) if ran else read(found | after, arguments.out)
    later = results.pop("after")
    runs = collect(results)
    write_page(runs, collect({"after": later}), found[page.CALM])
    for measure in page.MEASURES:
        print(f"\n{page.MEASURES[measure]}\n{pd.DataFrame(page.medians(runs, measure)).to_string()}")


if __name__ == "__main__":
    main()
