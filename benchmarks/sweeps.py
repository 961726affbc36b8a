"""How well a sweep of many short runs uses two cores: the runner against two bare processes that run half of it each.

The bare processes call one run after the other and keep nothing; the runner hands out, records and reads back every
run. Both begin as a command does, with an empty interpreter, and stop before figures are drawn.
"""

import subprocess
import sys
import time
from typing import NamedTuple

SCENARIO = "one_slow_worker"
CODE = {
    "bare": """
import sys
from scenarios import loader, plan
from scenarios.execution import execute
changes = {"seeds": SEEDS, "stop.rounds": ROUNDS, "stop.simulated_seconds": 1e6, "stop.at_target": False}
cells = plan.cells(loader.load(SCENARIO, changes))
for cell in cells[int(sys.argv[1])::JOBS]:
    assert execute(cell.scenario, cell.entry, cell.seed).row["status"] == "finished"
""",
    "runner": """
from scenarios import loader, runner
changes = {"seeds": SEEDS, "stop.rounds": ROUNDS, "stop.simulated_seconds": 1e6, "stop.at_target": False}
result = runner.run(loader.load(SCENARIO, changes), jobs=JOBS)
assert (result.runs["status"] == "finished").all()
""",
}


class Size(NamedTuple):
    """How much is run: four algorithms, each with every seed."""

    seeds: int
    rounds: int
    jobs: int = 2


def seconds(size: Size) -> dict[str, float]:
    """Wall-clock seconds of both ways, of the host."""
    return {
        "bare": _wall("bare", size, [[str(k)] for k in range(size.jobs)]),
        "runner": _wall("runner", size, [[]]),
    }


def _wall(way: str, size: Size, processes: list[list[str]]) -> float:
    names = {"SCENARIO": repr(SCENARIO), "SEEDS": size.seeds, "ROUNDS": size.rounds, "JOBS": size.jobs}
    code = CODE[way]
    for name, value in names.items():
        code = code.replace(name, str(value))
    begin = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-c", code, *arguments]) for arguments in processes]
    statuses = [process.wait() for process in running]
    assert not any(statuses), statuses
    return time.perf_counter() - begin
