"""The step sizes of the demo: a grid for each method without cuts, tuned on other seeds than the demo runs.

    python docs/studies/demo_steps.py [--jobs 2]

The grid is step_x times step_y = step_u; a form is ranked by its median time to the demo's target over those seeds.
ADBO's and SDBO's settings come from `adbo_against_sdbo.py` in the same way.
"""

import argparse
from typing import Any

import scenarios

TUNING_SEEDS = [100, 101]
STEPS_X = (25.0, 100.0, 400.0, 1600.0, 6400.0, 25600.0)
STEPS_Y = (0.5, 1.0, 2.0, 4.0, 8.0)
FIRST = {"policy": "first", "k": 9, "staleness": 15}
METHODS: dict[str, dict[str, Any]] = {
    "soba": {"name": "soba"},
    "soba, first 9": {"name": "soba", "wait": FIRST},
    "sldbo": {"name": "sldbo", "topology": {"name": "torus", "agents": 18}},
}


def grid(method: str) -> list[dict[str, Any]]:
    """The `[[algorithms]]` tables of one method's grid."""
    return [
        METHODS[method] | {"label": f"{x:g}, {y:g}", "settings": {"step_x": x, "step_y": y, "step_u": y}}
        for x in STEPS_X
        for y in STEPS_Y
    ]


def main() -> None:
    """Print each method's grid of median times, best first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    for method in METHODS:
        changes = {
            "algorithms": grid(method),
            "seeds": TUNING_SEEDS,
            "stop.simulated_seconds": 40.0,
            "record": {"every_s": 0.5, "metrics": ["upper_objective_resolved"]},
        }
        result = scenarios.run(scenarios.load("demo", changes), jobs=arguments.jobs)
        times = result.runs.assign(target_s=result.runs["target_s"].fillna(float("inf")))
        medians = times.groupby("label", sort=False)["target_s"].median().sort_values(kind="stable")
        print(f"\n{method}: median seconds to the target (step_x, step_y = step_u)\n{medians.head(12).to_string()}")


if __name__ == "__main__":
    main()
