"""Every block of code in the tutorial and the guides runs, and what the pages say it prints is what it prints."""

import gzip
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import problems
import scenarios
from scenarios import build, plugins

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, kind: str) -> list[str]:
    """The fenced blocks of one kind on a page, in order, whatever their marks (see ``test_blocks``)."""
    return re.findall(rf"```{kind}\b[^\n]*\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_the_guide_to_adding_an_algorithm_builds_runs_and_tests_one() -> None:
    """Its three blocks, executed in order in one namespace, end with assertions about the run."""
    found = blocks("guides/add_an_algorithm.md", "python")
    assert len(found) == 3
    assert "assert" in found[-1]
    namespace: dict[str, object] = {"__name__": "lower_first"}
    for number, block in enumerate(found, start=1):
        exec(compile(block, f"add_an_algorithm.md, block {number}", "exec"), namespace)


def test_the_guide_to_timelines_writes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its block makes a compressed file that parses."""
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("guides/timelines.md", "python")
    exec(compile(program, "timelines.md", "exec"), {"__name__": "timelines"})
    assert len(json.loads(gzip.decompress(Path("back.json.gz").read_bytes()))["traceEvents"]) > 1000


def test_the_guide_to_your_own_package_is_true() -> None:
    """Its Python runs; the sentence that it shows is that of a module without needs; its groups are ours."""
    page = "guides/your_own_package.md"
    for block in blocks(page, "python"):
        exec(compile(block, "your_own_package.md", "exec"), {"__name__": "your_own_package"})
    (shown,) = blocks(page, "output")
    assert shown.rstrip().endswith(f"under {plugins.GROUPS['algorithms'].name}, which lacks NEEDS")
    assert all(f"`{group.name}`" in (DOCS / page).read_text() for group in plugins.GROUPS.values())


def test_the_tutorial_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scenario of the page, run as the page says, gives the table of the page."""
    monkeypatch.chdir(tmp_path)
    (scenario,) = blocks("tutorial/first_scenario.md", "toml")
    (program,) = blocks("tutorial/first_scenario.md", "python")
    (expected,) = blocks("tutorial/first_scenario.md", "output")
    Path("slow_agent.toml").write_text(scenario)
    exec(compile(program, "first_scenario.md", "exec"), {"__name__": "tutorial"})
    assert capsys.readouterr().out == expected


def test_the_tutorial_shows_the_answer_to_its_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The misspelt key of the page is answered in the page's words."""
    monkeypatch.chdir(tmp_path)
    (scenario,) = blocks("tutorial/first_scenario.md", "toml")
    (expected,) = blocks("tutorial/first_scenario.md", "mistake")
    Path("slow_agent.toml").write_text(scenario.replace("latency_s =", "latency ="))
    with pytest.raises(scenarios.ScenarioError, match=re.escape(expected.strip())):
        scenarios.load("slow_agent.toml")


@pytest.fixture
def robust_regression(install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The guide's problem, installed as a package of its own would be: a module and an entry point."""
    pytest.importorskip("jax")
    page = "guides/a_problem_from_two_functions.md"
    package, scenario = blocks(page, "toml")
    announced = tomllib.loads(package)["project"]["entry-points"]
    folder = install("robust-regression", {"robust_regression": blocks(page, "python")[0]}, announced)
    (folder / "robust.toml").write_text(scenario)
    monkeypatch.chdir(folder)
    build._problem.cache_clear()
    yield folder
    build._problem.cache_clear()


def test_the_guide_to_a_problem_from_two_functions_builds_checks_and_runs_one(robust_regression: Path) -> None:
    """Its blocks, executed in order in one namespace; the scenario finds the problem by its entry point."""
    found = blocks("guides/a_problem_from_two_functions.md", "python")
    assert len(found) == 4
    namespace: dict[str, object] = {
        "__name__": "robust_regression",
        "__file__": str(robust_regression / "robust_regression.py"),
    }
    for number, block in enumerate(found, start=1):
        exec(compile(block, f"a_problem_from_two_functions.md, block {number}", "exec"), namespace)
    assert "robust_regression" in problems.names()


def test_without_jax_a_scenario_on_the_guides_problem_says_what_to_install(
    robust_regression: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The problem is listed; only its scenario is refused, in one sentence."""
    monkeypatch.setitem(sys.modules, "jax", None)
    assert "robust_regression" in problems.names()
    with pytest.raises(scenarios.ScenarioError, match=re.escape("need JAX: pip install 'bilevelsim[jax]'")):
        scenarios.load("robust.toml")
