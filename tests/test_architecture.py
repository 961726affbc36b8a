"""The house keeps its shape: who imports whom, a test for each module, names from the field."""

import ast
import doctest
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("simulator", "algorithms", "topologies", "problems", "scenarios")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "misc", "common"}
MODULES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
WITH_EXAMPLES = [module for module in MODULES if ">>>" in (ROOT / module).read_text(encoding="utf-8")]
PUBLIC_MODULES = [module for module in MODULES if not module.name.startswith("_")]


def imported_roots(module: Path) -> Iterator[str]:
    """The top-level names of all imports of a module, wherever they stand in it."""
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_package_exists_and_says_what_it_is(package: str) -> None:
    """Each of the five packages has an __init__ with a docstring and ships its types."""
    init = ROOT / package / "__init__.py"
    assert init.is_file()
    assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))
    assert (ROOT / package / "py.typed").is_file()


def test_import_contracts_hold() -> None:
    """The contracts in setup.cfg are kept."""
    linter = Path(sys.executable).parent / "lint-imports"
    outcome = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_simpy_stays_in_the_simulator(module: Path) -> None:
    """SimPy is imported nowhere outside the simulator, not even inside a function."""
    assert module.parts[0] == "simulator" or "simpy" not in imported_roots(module)


@pytest.mark.parametrize("module", PUBLIC_MODULES, ids=str)
def test_public_module_has_a_test_file(module: Path) -> None:
    """A module m of a package p has a file test_m.py below tests/p."""
    expected = f"test_{module.stem}.py"
    assert list((ROOT / "tests" / module.parts[0]).rglob(expected)), f"no {expected} below tests/{module.parts[0]}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_is_named_by_a_noun_of_the_field(module: Path) -> None:
    """No module and no folder is called utils, helpers or the like."""
    assert not VAGUE_NAMES & {part.removesuffix(".py").strip("_") for part in module.parts}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_package_knows_where_this_checkout_keeps_its_data(module: Path) -> None:
    """The data folder beside a checkout is known to the tests and the Makefile alone."""
    assert "shared/data" not in (ROOT / module).read_text(encoding="utf-8")


def test_tests_are_no_package() -> None:
    """Tests are collected by path; an __init__.py among them would change their names."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=str)
def test_examples_in_docstrings_are_true(module: Path) -> None:
    """What a docstring shows is what happens."""
    name = ".".join(module.with_suffix("").parts).removesuffix(".__init__")
    outcome = doctest.testmod(import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0
