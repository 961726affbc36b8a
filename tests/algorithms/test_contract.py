"""What every algorithm must do, checked for all that are found.

Each algorithm states in `targets/<module>.toml`, one table a name: the `point` that it reaches on a small heterogeneous
quadratic (`optimum`, unless it says otherwise; `penalty`: the minimum of mu F + G - V at its settings' mu_min and
gamma), after how many `rounds` (3,000), under which `settings` (the defaults), within which relative `tolerance`, and
above which `floor` it stays where it is biased; and how many numbers a round costs as formulas in p, q, n and its
settings: `sent` to each neighbour, or `up` and `down` between a worker and the server; or `lengths`, the test file that
counts them where they differ from round to round.
"""

import ast
import dataclasses
import inspect
import tomllib
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from typing_extensions import Doc

import algorithms
import scenarios
from problems import quadratic
from simulator.agent import Wait
from simulator.delays import Constant, Exponential
from simulator.stragglers import FixedSlowdown
from simulator.world import Compute, Crash, Network

NAMES = algorithms.names()
UNDER_EVERY_POLICY = [(name, policy) for name in NAMES for policy in algorithms.load(name).needs.waits]
RESTARTING = [name for name in NAMES if {"agent", "worker"} & set(algorithms.load(name).needs.memory_loss)]

TARGETS: dict[str, dict[str, Any]] = {
    name: table
    for path in sorted((Path(__file__).parent / "targets").glob("*.toml"))
    for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items()
}
COUNTED = [name for name in NAMES if "lengths" not in TARGETS.get(name, {"lengths": ""})]
POLICIES = ("all", "first", "latest", "deadline")
REFUSED = [(name, policy) for name in NAMES for policy in POLICIES if policy not in algorithms.load(name).needs.waits]


def target_point(small: Any, table: dict[str, Any], settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) that the algorithm of this table aims at under these settings."""
    found: tuple[np.ndarray, np.ndarray]
    match table.get("point", "optimum"):
        case "optimum":
            found = small.optimum()
            return found
        case "penalty":
            found = small.penalty_solution(settings.mu_min, settings.gamma)
            return found
    raise ValueError(f"point is {table['point']!r}")


def vectors(seen: Any, round_: int) -> np.ndarray:
    """All of a round's reports in one array."""
    reports = seen.reports[round_]
    return np.concatenate([np.ravel(report[name]) for _, report in sorted(reports.items()) for name in sorted(report)])


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_frozen_documented_and_have_defaults(name: str) -> None:
    """A frozen dataclass; every field has a default and a Doc text, numbers also a unit after the last comma."""
    settings = algorithms.load(name).settings
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().anything = 1
    hints = get_type_hints(settings, include_extras=True)
    for field in dataclasses.fields(settings):
        assert field.default is not dataclasses.MISSING, field.name
        assert get_origin(hints[field.name]) is Annotated, field.name
        base, *notes = get_args(hints[field.name])
        texts = [note.documentation for note in notes if isinstance(note, Doc)]
        assert len(texts) == 1
        if base in (int, float):
            assert any(type(note).__name__ in ("Gt", "Ge") for note in notes), field.name


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_read_and_every_preset_is_one(name: str) -> None:
    """Each field occurs as `settings.<field>` in the module, and a variant presets existing fields."""
    entry = algorithms.load(name)
    tree = ast.parse(inspect.getsource(entry.module))
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
    }
    fields = {field.name for field in dataclasses.fields(entry.settings)}
    assert fields == read
    assert set(entry.preset) <= fields


@pytest.mark.parametrize("name", NAMES)
def test_module_says_what_it_is(name: str) -> None:
    """The docstring names its paper, its problem, what it costs and its traps."""
    doc = algorithms.load(name).doc
    assert all(word in doc for word in ("Paper:", "Problem", "Traps:", "gradients", "numbers"))


@pytest.mark.parametrize("name", NAMES)
def test_no_einsum_and_no_norm_over_an_axis(name: str) -> None:
    """Equal bits for one agent and for a stack need products and sums over last axes only."""
    source = inspect.getsource(algorithms.load(name).module)
    assert "einsum" not in source
    assert "linalg.norm" not in source


def test_every_algorithm_names_its_target() -> None:
    """A table for each name, and none for a name that is not there."""
    assert set(TARGETS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_reaches_its_target_on_a_small_quadratic(run: Any, small: Any, name: str) -> None:
    """x and y of the global iterate come as near to the stated point as the method can, and no nearer."""
    table = TARGETS[name]
    entry, rounds = algorithms.load(name), table.get("rounds", 3000)
    seen = run(name, small, rounds, **table.get("settings", {}))
    assert seen.outcome.status == "finished"
    settings = entry.settings(**{**entry.preset, **table.get("settings", {})})
    for which, point in zip("xy", target_point(small, table, settings), strict=True):
        error = np.linalg.norm(seen.mean(rounds, which) - point) / np.linalg.norm(point)
        assert table.get("floor", 0.0) <= error < table["tolerance"], which


@pytest.mark.parametrize("name", COUNTED)
def test_message_lengths_are_those_of_the_formula(run: Any, small: Any, name: str) -> None:
    """Bytes of ten further rounds, without headers: 8 for each number of the formula."""
    table = TARGETS[name]
    entry = algorithms.load(name)
    settings = entry.settings(**{**entry.preset, **table.get("settings", {})})
    known = {"p": small.dim_x, "q": small.dim_y, "n": small.agents, **vars(settings)}
    sent = [
        [meter.bytes_sent for meter in run(name, small, rounds, **table.get("settings", {})).outcome.meters]
        for rounds in (12, 22)
    ]
    more = [later - earlier for earlier, later in zip(*sent, strict=True)]
    ways = {"up": more[1], "down": more[-1] / small.agents} if entry.on_server else {"sent": more[1] / 2}
    for way, count in ways.items():
        assert count == 10 * 8 * eval(table[way], {"__builtins__": {}}, known), way


@pytest.mark.parametrize("name", NAMES)
def test_conserved_sums_are_kept_where_every_message_comes(run: Any, small: Any, name: str) -> None:
    """What an algorithm reports as `drift_*` adds up to nothing over the agents under a barrier, to round-off."""
    reports = run(name, small, 40, **TARGETS[name].get("settings", {})).reports[40].values()
    scale = max(1.0, max(float(np.abs(report["x"]).max()) for report in reports))
    for key in {key for report in reports for key in report if key.startswith("drift_")}:
        assert np.abs(np.sum([report[key] for report in reports], axis=0)).max() < 1e-10 * scale, key


@pytest.mark.parametrize(("name", "policy"), REFUSED)
def test_says_in_one_sentence_which_waiting_it_cannot_do(tmp_path: Path, name: str, policy: str) -> None:
    """A scenario that asks for it gets the sentence instead of a run."""
    further = {"first": ", k = 2", "deadline": ", seconds = 1.0"}.get(policy, "")
    where = '{ name = "star", workers = 4 }' if algorithms.load(name).on_server else '{ name = "ring", agents = 4 }'
    path = tmp_path / "asked.toml"
    path.write_text(f"""
        question = "Can it?"
        stop = {{ rounds = 3 }}
        problem = {{ name = "quadratic" }}
        compute = {{ speed_gflop_s = 1.0 }}
        network = {{ topology = {where} }}
        [[algorithms]]
        name = "{name}"
        wait = {{ policy = "{policy}"{further} }}
        [[algorithms]]
        name = "soba"
        topology = {{ name = "star", workers = 4 }}
    """)
    refused = scenarios.load(path).entries[0].refused
    assert refused is not None
    assert refused.startswith(f'{name} cannot wait with policy = "{policy}"; it can with "')


@pytest.mark.parametrize(("name", "policy"), UNDER_EVERY_POLICY)
def test_same_seed_same_history_under_every_policy(run: Any, small: Any, name: str, policy: str) -> None:
    """Two runs agree in every report, byte and second; another seed gives other delays."""
    wait = Wait(policy, k=2 if policy == "first" else None, seconds=0.5 if policy == "deadline" else None)
    options = {"compute": Compute(seconds_per_step=Exponential(1.0)), "wait": wait}
    first, again = (run(name, small, 40, seed=3, **options) for _ in range(2))
    assert first.outcome.fingerprint == again.outcome.fingerprint
    for k in first.reports:
        np.testing.assert_array_equal(vectors(first, k), vectors(again, k))
    other = run(name, small, 40, seed=4, **options)
    assert other.outcome.simulated_s != first.outcome.simulated_s


@pytest.mark.parametrize("name", NAMES)
def test_straggler_costs_time_and_not_bytes(run: Any, small: Any, name: str) -> None:
    """Under `all` a slow agent changes no iterate and no message, only the clock."""
    even = run(name, small, 60)
    slow = run(name, small, 60, stragglers=(FixedSlowdown(agents=(2,), slowdown=20.0),))
    assert slow.outcome.simulated_s > 10 * even.outcome.simulated_s
    for k in range(61):
        np.testing.assert_array_equal(vectors(even, k), vectors(slow, k))
    sent = [sum(meter.bytes_sent for meter in seen.outcome.meters) for seen in (even, slow)]
    under_way = max(5 * seen.outcome.meters[0].bytes_sent / 60 for seen in (even, slow))
    assert abs(sent[0] - sent[1]) <= under_way


@pytest.mark.parametrize("name", NAMES)
def test_survives_a_crash_that_keeps_memory(run: Any, small: Any, name: str) -> None:
    """Over links that repeat what was lost, an agent that comes back with its memory lets everybody go on."""
    crash = Crash(agents=(1,), at=0.505, recover_after=0.7)
    seen = run(name, small, 60, failures=(crash,), network=Network(latency=Constant(1e-3), header=0))
    assert (seen.outcome.status, seen.outcome.rounds) == ("finished", 60)


@pytest.mark.parametrize("name", RESTARTING)
def test_survives_a_crash_that_loses_memory_where_it_says_so(run: Any, small: Any, name: str) -> None:
    """The role that the needs name comes back from its checkpoint, over links that repeat what was lost."""
    crash = Crash(agents=(1,), at=0.505, recover_after=0.7, memory="lost")
    seen = run(name, small, 120, failures=(crash,), network=Network(latency=Constant(1e-3), header=0))
    assert seen.outcome.status == "finished"
    assert seen.outcome.rounds == 120


@pytest.mark.parametrize("name", NAMES)
def test_numbers_keep_the_problems_precision(run: Any, name: str) -> None:
    """A float32 problem is iterated, and sent, in float32."""
    problem = quadratic.build(quadratic.Settings(dim_x=3, dim_y=4, dtype="float32"), agents=4, seed=0)
    seen = run(name, problem, 25, keep_messages=True)
    last = seen.reports[25]
    assert all(report[which].dtype == np.float32 for report in last.values() for which in "xy")
    arrays = [value for *_, payload, _ in seen.messages for value in payload.values() if isinstance(value, np.ndarray)]
    assert arrays
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
